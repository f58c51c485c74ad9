//! Scopes in plain words.

use super::texts::{RightTexts, RightsTexts};

/// What an application may do with one kind of data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RightGroup<'a> {
    /// The kind of data.
    pub title: String,
    /// Examples of it, or empty.
    pub hint: &'static str,
    /// What may be done, in words.
    pub acts: Vec<&'a str>,
    /// Whether the acts are words of ours; else they are scopes as they were sent.
    pub in_words: bool,
}

/// Scopes that say nothing about the citizen's records.
const UNSHOWN: [&str; 3] = ["openid", "profile", "offline_access"];

/// Groups scopes by kind of data, in the order in which the kinds first appear; reading stands before writing.
/// Scopes of other shapes come last, as they are.
pub(super) fn in_plain_words<'a>(scopes: &'a [String], texts: &'static RightsTexts) -> Vec<RightGroup<'a>> {
    let mut kinds: Vec<Kind<'a>> = Vec::new();
    let mut others: Vec<&'a str> = Vec::new();
    for scope in scopes {
        if UNSHOWN.contains(&scope.as_str()) {
            continue;
        }
        let Some((resource_type, access)) = patient_scope(scope) else {
            if !others.contains(&scope.as_str()) {
                others.push(scope);
            }
            continue;
        };
        let place = kinds.iter().position(|kind| kind.resource_type == resource_type).unwrap_or_else(|| {
            kinds.push(Kind { resource_type, read: false, write: false });
            kinds.len() - 1
        });
        match access {
            Access::Read => kinds[place].read = true,
            Access::Write => kinds[place].write = true,
        }
    }
    let mut groups: Vec<RightGroup<'a>> = kinds.iter().map(|kind| kind.group(texts)).collect();
    if !others.is_empty() {
        groups.push(RightGroup { title: texts.other.to_owned(), hint: "", acts: others, in_words: false });
    }
    groups
}

struct Kind<'a> {
    resource_type: &'a str,
    read: bool,
    write: bool,
}

enum Access {
    Read,
    Write,
}

/// The resource type and the access of `patient/{type}.read` or `.write`.
fn patient_scope(scope: &str) -> Option<(&str, Access)> {
    let (resource_type, access) = scope.strip_prefix("patient/")?.rsplit_once('.')?;
    match access {
        "read" => Some((resource_type, Access::Read)),
        "write" => Some((resource_type, Access::Write)),
        _ => None,
    }
}

impl Kind<'_> {
    fn group<'a>(&self, texts: &'static RightsTexts) -> RightGroup<'a> {
        let (title, hint, read, write) = match own_words(self.resource_type, texts) {
            Some(words) => (words.title.to_owned(), words.hint, words.read, words.write),
            None => ((texts.other_type)(self.resource_type), "", texts.other_type_read, texts.other_type_write),
        };
        let acts = [(self.read, read), (self.write, write)];
        let acts = acts.into_iter().filter_map(|(allowed, words)| allowed.then_some(words)).collect();
        RightGroup { title, hint, acts, in_words: true }
    }
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
        let seen: Vec<(&str, &[&str], bool)> =
            groups.iter().map(|group| (group.title.as_str(), group.acts.as_slice(), group.in_words)).collect();
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
}
