//! From STU3 to R4: what must change in a resource for the R4 resource server to take it.
//!
//! A resource becomes an R4 candidate as far as that follows from the two versions of FHIR
//! (<https://hl7.org/fhir/R4/diff.html>) and of the national profiles. What has no place in R4 is left where it stands, so that
//! nothing is lost unseen; the R4 validator then says what remains for a person to decide.

mod care_plan;
mod codes;
mod decisions;
mod device;
mod medication;
mod observation;
mod questionnaires;
pub mod report;
mod tree;

use super::Version;
use super::definitions::{Definitions, Profiles, Selection, Structure};
use super::validation::{self, Finding, Options};
use crate::json::{Document, Value};
use tree::Node;

/// The canonical URLs of the national profiles start so.
const NATIONAL: &str = "http://phr.kanta.fi/StructureDefinition/";

/// Contents for which R4 profiles are about that the published set lacks (national-profiles.md §2).
const UNOFFICIAL: [&str; 3] = ["fiphr-distance", "fiphr-waistcircumference", "fiphr-bodyheight"];

/// One change from STU3 to R4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it was in the STU3 resource: `Observation.category[0].coding[0].system`.
    pub path: String,
    /// The value, or the element, in STU3.
    pub from: String,
    /// The same in R4.
    pub to: String,
    /// Why it has to change.
    pub why: String,
}

/// Something that no rule can turn into R4, so that a person has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where it stands in the STU3 resource.
    pub path: String,
    /// What it is, and what can be done.
    pub text: String,
}

/// What became of a resource.
#[derive(Clone, Debug)]
pub enum Migration {
    /// An R4 candidate.
    Candidate(Box<Candidate>),
    /// It names an R4 profile already: what the R4 validator says of it as it is.
    AlreadyR4(Vec<Finding>),
    /// There is nothing in R4 to turn it into, and why.
    NoCounterpart(String),
}

/// A resource of STU3 as R4.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The canonical URL of the R4 profile.
    pub profile: String,
    /// What was changed, in the order of the elements of a kind.
    pub changes: Vec<Change>,
    /// What is left for a person, in the order of the elements; it stands in `text` as it was.
    pub decisions: Vec<Decision>,
    /// The resource, indented.
    pub text: String,
    /// What the R4 validator says of it: errors are what remains to be done. Lines are those of `text`.
    pub findings: Vec<Finding>,
}

impl Migration {
    /// Whether R4 would take the resource, in its new form if there is one.
    pub fn is_accepted(&self) -> bool {
        match self {
            Migration::Candidate(candidate) => !candidate.findings.iter().any(Finding::is_error),
            Migration::AlreadyR4(findings) => !findings.iter().any(Finding::is_error),
            Migration::NoCounterpart(_) => false,
        }
    }
}

/// Turns a resource of STU3 into R4 and judges what comes out.
pub fn migrate(profiles: &Profiles, selection: Selection, document: &Document) -> Migration {
    let (stu3, r4) = (profiles.of(Version::Stu3, selection), profiles.of(Version::R4, selection));
    let root = document.root();
    let named = root.at(&["meta", "profile"]).into_iter().flat_map(Value::each).filter_map(Value::as_str);
    let named: Vec<&str> = named.collect();
    let Some((index, spelled, source)) = source_of(stu3, &named) else {
        return match named.iter().find(|url| r4.profile(url).is_some()) {
            Some(_) => Migration::AlreadyR4(validation::validate(r4, document, &Options::default())),
            None if named.is_empty() => {
                Migration::NoCounterpart("it names no profile, so it is not known what it should become".to_owned())
            }
            None => Migration::NoCounterpart(format!("{} is no profile of STU3 that is known here", named.join(", "))),
        };
    };
    let Some(profile) = counterpart(r4, &source.url) else {
        let known = UNOFFICIAL.iter().find(|name| source.url.contains(**name));
        let known = known.map(|_| " (--extras adds one that is not among the published ones)").unwrap_or_default();
        return Migration::NoCounterpart(format!(
            "R4 has no profile for the content of {}{known}: baseR4 cannot take it until one is published",
            source.url
        ));
    };
    let draft = Draft::worked_out(stu3, r4, root, (index, spelled, source), &profile);
    let mut compact = String::new();
    draft.root.write(&mut compact);
    let (text, findings) = match Document::parse(compact) {
        Ok(candidate) => {
            let mut text = String::new();
            candidate.root().write_pretty(&mut text);
            text.push('\n');
            // Judged as it is shown, so that lines fit.
            let findings = Document::parse(text.as_str()).map_or_else(
                |error| vec![validation::unreadable(&error)],
                |candidate| validation::validate(r4, &candidate, &Options::default()),
            );
            (text, findings)
        }
        // A list around what nested as deep as is allowed already.
        Err(error) => (String::new(), vec![validation::unreadable(&error)]),
    };
    let Draft { changes, decisions, .. } = draft;
    Migration::Candidate(Box::new(Candidate { profile, changes, decisions, text, findings }))
}

/// The R4 form of a resource of STU3 on one line, without judging it; nothing when R4 has no profile for its content.
pub fn convert(profiles: &Profiles, selection: Selection, document: &Document) -> Option<String> {
    let (stu3, r4) = (profiles.of(Version::Stu3, selection), profiles.of(Version::R4, selection));
    let root = document.root();
    let named = root.at(&["meta", "profile"]).into_iter().flat_map(Value::each).filter_map(Value::as_str);
    let source = source_of(stu3, &named.collect::<Vec<_>>())?;
    let profile = counterpart(r4, &source.2.url)?;
    let mut compact = String::new();
    Draft::worked_out(stu3, r4, root, source, &profile).root.write(&mut compact);
    Some(compact)
}

/// The first of the named profiles that is one of STU3: its place, how it is spelled, and itself.
fn source_of<'n, 'd>(stu3: &'d Definitions, named: &[&'n str]) -> Option<(usize, &'n str, &'d Structure)> {
    named.iter().enumerate().find_map(|(index, url)| Some((index, *url, stu3.profile(url)?)))
}

/// The R4 profile for the content of an STU3 one: `fiphr-x-stu3` and `fiphr-sd-x-stu3` became `fiphr-sd-x` or `fiphr-sd-x-r4`.
fn counterpart(r4: &Definitions, stu3: &str) -> Option<String> {
    let name = stu3.strip_prefix(NATIONAL)?.strip_prefix("fiphr-")?.strip_suffix("-stu3")?;
    let name = name.strip_prefix("sd-").unwrap_or(name);
    let candidates = [format!("{NATIONAL}fiphr-sd-{name}"), format!("{NATIONAL}fiphr-sd-{name}-r4")];
    candidates.into_iter().find_map(|url| Some(r4.profile(&url)?.url.to_string()))
}

/// A resource on its way.
struct Draft<'d> {
    of_type: String,
    root: Node,
    changes: Vec<Change>,
    decisions: Vec<Decision>,
    stu3: &'d Definitions,
    r4: &'d Definitions,
}

impl<'d> Draft<'d> {
    /// All that follows from the two versions.
    fn worked_out(
        stu3: &'d Definitions,
        r4: &'d Definitions,
        root: Value<'_>,
        (index, spelled, source): (usize, &str, &Structure),
        profile: &str,
    ) -> Draft<'d> {
        let mut draft = Draft {
            of_type: source.type_name.to_string(),
            root: Node::of(root),
            changes: Vec::new(),
            decisions: decisions::of(&source.type_name, root),
            stu3,
            r4,
        };
        draft.profile(index, spelled, profile);
        draft.codes();
        draft.extension_urls();
        draft.contained_devices();
        match &*source.type_name {
            "Observation" => draft.observation(),
            "MedicationAdministration" => draft.medication_administration(),
            "CarePlan" => draft.care_plan(),
            "Questionnaire" => draft.questionnaire(),
            "QuestionnaireResponse" => draft.questionnaire_response(),
            // A Patient has the same elements in both.
            _ => {}
        }
        draft
    }
}

impl Draft<'_> {
    fn changed(&mut self, path: String, from: impl Into<String>, to: impl Into<String>, why: impl Into<String>) {
        self.changes.push(Change { path, from: from.into(), to: to.into(), why: why.into() });
    }

    fn profile(&mut self, index: usize, spelled: &str, profile: &str) {
        let named = self.root.get_mut("meta").and_then(|meta| meta.get_mut("profile"));
        if let Some(named) = named.and_then(|named| named.each_mut().filter(|each| each.as_str().is_some()).nth(index))
        {
            *named = Node::text(profile);
        }
        let path = format!("{}.meta.profile[{index}]", self.of_type);
        self.changed(path, spelled, profile, "the R4 profile for the same content");
    }

    /// Renames a member of the resource itself.
    fn rename(&mut self, from: &str, to: &str, why: &str) {
        if self.root.rename(from, to) {
            self.changed(format!("{}.{from}", self.of_type), from, to, why);
        }
    }

    /// `context` in STU3 leads to an encounter or an episode of care; R4 has a place for the former.
    fn context(&mut self) {
        let reference = self.root.get("context").and_then(|context| context.text_of("reference"));
        if reference.is_some_and(|reference| reference.contains("Encounter/")) {
            self.rename("context", "encounter", "R4 keeps the encounter, under this name");
        }
    }
}

#[cfg(test)]
mod tests;
