//! Scopes in plain words.

use super::texts::{RightTexts, RightsTexts};
use std::borrow::Cow;

/// What an application may do with one kind of data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RightGroup<'a> {
    /// The kind of data.
    pub title: String,
    /// Examples of it, or empty.
    pub hint: &'static str,
    /// What may be done, in words.
    pub acts: Vec<Cow<'a, str>>,
    /// Whether the acts are words of ours; else they are scopes as they were sent.
    pub in_words: bool,
}

/// Scopes that say nothing about the citizen's records.
const UNSHOWN: [&str; 3] = ["openid", "profile", "offline_access"];

/// Groups scopes by kind of data, in the order in which the kinds first appear; reading stands before writing.
/// Scopes of other shapes come last, as they are.
pub(super) fn in_plain_words<'a>(scopes: &'a [String], texts: &'static RightsTexts) -> Vec<RightGroup<'a>> {
    let mut kinds: Vec<Kind<'a>> = Vec::new();
    let mut others: Vec<Cow<'a, str>> = Vec::new();
    for scope in scopes {
        if UNSHOWN.contains(&scope.as_str()) {
            continue;
        }
        let Some((resource_type, letters)) = patient_scope(scope) else {
            if !others.iter().any(|other| other == scope) {
                others.push(Cow::Borrowed(scope));
            }
            continue;
        };
        let place = kinds.iter().position(|kind| kind.resource_type == resource_type).unwrap_or_else(|| {
            kinds.push(Kind { resource_type, letters: String::new() });
            kinds.len() - 1
        });
        kinds[place].letters.push_str(letters);
    }
    let mut groups: Vec<RightGroup<'a>> = kinds.iter().map(|kind| kind.group(texts)).collect();
    if !others.is_empty() {
        groups.push(RightGroup { title: texts.other.to_owned(), hint: "", acts: others, in_words: false });
    }
    groups
}

struct Kind<'a> {
    resource_type: &'a str,
    /// What may be done, as letters of `cruds`.
    letters: String,
}

/// The resource type of `patient/{type}.read` and its like, and the letters of what may be done.
fn patient_scope(scope: &str) -> Option<(&str, &str)> {
    let (resource_type, acts) = scope.strip_prefix("patient/")?.rsplit_once('.')?;
    match acts {
        "read" => Some((resource_type, "rs")),
        "write" => Some((resource_type, "cud")),
        letters if !letters.is_empty() && letters.chars().all(|letter| "cruds".contains(letter)) => {
            Some((resource_type, letters))
        }
        _ => None,
    }
}

impl Kind<'_> {
    fn group<'a>(&self, texts: &'static RightsTexts) -> RightGroup<'a> {
        let (title, hint, read, write) = match own_words(self.resource_type, texts) {
            Some(words) => (words.title.to_owned(), words.hint, words.read, words.write),
            None => ((texts.other_type)(self.resource_type), "", texts.other_type_read, texts.other_type_write),
        };
        let has = |letter: &char| self.letters.contains(*letter);
        let halves: [(&[char], _); 2] = [(&['s', 'r'], read), (&['c', 'u', 'd'], write)];
        let acts = halves.into_iter().filter_map(|(half, whole)| {
            let allowed: Vec<char> = half.iter().copied().filter(has).collect();
            match allowed.len() {
                0 => None,
                count if count == half.len() => Some(Cow::Borrowed(whole)),
                _ => Some(Cow::Owned(part(&allowed, texts))),
            }
        });
        let acts = acts.collect();
        RightGroup { title, hint, acts, in_words: true }
    }
}

/// Words for some of the acts that usually go together.
fn part(letters: &[char], texts: &'static RightsTexts) -> String {
    let word = |letter: &char| match letter {
        'c' => texts.part_create,
        'r' => texts.part_read,
        'u' => texts.part_update,
        'd' => texts.part_delete,
        _ => texts.part_search,
    };
    let words: Vec<&str> = letters.iter().map(word).collect();
    format!("{} {}", texts.part_only, words.join(texts.part_and))
}

fn own_words(resource_type: &str, texts: &'static RightsTexts) -> Option<&'static RightTexts> {
    match resource_type {
        "Observation" => Some(&texts.observation),
        "MedicationAdministration" => Some(&texts.medication_administration),
        "MedicationStatement" => Some(&texts.medication_statement),
        "CarePlan" => Some(&texts.care_plan),
        "Questionnaire" => Some(&texts.questionnaire),
        "QuestionnaireResponse" => Some(&texts.questionnaire_response),
        "Patient" => Some(&texts.patient),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::texts::Texts;
    use super::*;

    #[test]
    fn scopes_become_words_by_kind_of_data() {
        let scopes = "openid patient/Observation.write offline_access patient/MedicationAdministration.read \
                      patient/Observation.read patient/Observation.read profile patient/Basic.read launch/patient";
        let scopes: Vec<String> = scopes.split_whitespace().map(String::from).collect();
        let groups = in_plain_words(&scopes, &Texts::of(Language::En).rights);
        let acts: Vec<Vec<&str>> =
            groups.iter().map(|group| group.acts.iter().map(|act| act.as_ref()).collect()).collect();
        let seen: Vec<(&str, &[&str], bool)> = groups
            .iter()
            .zip(&acts)
            .map(|(group, acts)| (group.title.as_str(), acts.as_slice(), group.in_words))
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "Measurement results",
                    &["search and read measurement results", "store, edit and delete measurement results"][..],
                    true
                ),
                ("Medicines taken", &["search and read medicines taken"][..], true),
                ("Other data: Basic", &["search and read this data"][..], true),
                ("Other rights", &["launch/patient"][..], false),
            ]
        );
    }

    #[test]
    fn a_part_of_a_right_is_not_told_as_the_whole() {
        let scopes = ["patient/Observation.r", "patient/Observation.cu", "patient/CarePlan.s", "patient/CarePlan.r"];
        let scopes = scopes.map(String::from);
        for (language, words) in [
            (Language::Fi, [&["vain lukea", "vain tallentaa ja muokata"][..], &["hakea ja lukea suunnitelmia"]]),
            (Language::En, [&["only read", "only store and edit"][..], &["search and read plans"]]),
            (Language::Sv, [&["bara läsa", "bara spara och ändra"][..], &["söka och läsa planer"]]),
        ] {
            let groups = in_plain_words(&scopes, &Texts::of(language).rights);
            let seen: Vec<&[Cow<'_, str>]> = groups.iter().map(|group| group.acts.as_slice()).collect();
            assert_eq!(seen, words);
        }
    }
}
