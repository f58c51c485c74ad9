//! The national profiles as this room's judge.

use super::Settings;
use super::judge::{Judge, Objection, Surroundings};
use crate::fhir::Version;
use crate::fhir::definitions::{CompileError, Definitions, Profiles, Selection, Source};
use crate::fhir::migration;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options};
use crate::json::{Document, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// The validator's text for a resource that names no profile.
const MISSING_PROFILE: &str = "Missing profile";

/// How many sets of drafts stay compiled.
const MOST_COMPILED: usize = 16;

/// The judge that knows the embedded national profiles of both FHIR versions.
pub fn national_profiles() -> Arc<dyn Judge> {
    judge_by(Profiles::default())
}

/// The judge that knows the national profiles and those a supplier has added.
pub fn judge_by(profiles: Profiles) -> Arc<dyn Judge> {
    Arc::new(NationalProfiles { profiles, compiled: Mutex::default() })
}

struct NationalProfiles {
    profiles: Profiles,
    /// What suppliers' stored drafts were compiled to, the latest last; nothing when they can't be.
    compiled: Mutex<Vec<Compiled>>,
}

/// Drafts on top of the definitions of a version, and what they came to.
type Compiled = (Version, Selection, Vec<String>, Option<Arc<Definitions>>);

impl NationalProfiles {
    /// The definitions with these StructureDefinitions on top.
    fn with_drafts(&self, version: Version, selection: Selection, drafts: &[String]) -> Option<Arc<Definitions>> {
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&Compiled| (known.0, known.1) == (version, selection) && known.2 == drafts;
        if let Some((.., known)) = lock().iter().find(is_it) {
            return known.clone();
        }
        let source = |(number, text): (usize, &String)| Source { file: format!("draft {number}"), text: text.clone() };
        let sources: Vec<Source> = drafts.iter().enumerate().map(source).collect();
        let compiled = self.profiles.of(version, selection).extended(&sources).ok().map(Arc::new);
        let mut known = lock();
        if known.len() >= MOST_COMPILED {
            known.remove(0);
        }
        known.push((version, selection, drafts.to_vec(), compiled.clone()));
        compiled
    }

    /// Why a profile cannot be judged by, should somebody name it; nothing about a StructureDefinition that is no profile.
    fn unusable(
        &self,
        version: Version,
        selection: Selection,
        document: &Document,
        drafts: &[String],
    ) -> Vec<Objection> {
        let text = |key: &str| document.root().get(key).and_then(Value::as_str).unwrap_or_default();
        // One that is national is refused for that, by the room itself.
        if text("derivation") != "constraint" || self.defines(version, text("url")) {
            return Vec::new();
        }
        let texts = std::iter::once(document.text()).chain(drafts.iter().map(String::as_str));
        let sources: Vec<Source> = texts
            .enumerate()
            .map(|(number, text)| Source { file: number.to_string(), text: text.to_owned() })
            .collect();
        let Err(errors) = self.profiles.of(version, selection).extended(&sources) else { return Vec::new() };
        // What it stands on is as bad for it as what it says itself.
        errors.into_iter().map(unusable).collect()
    }
}

/// An error of a draft, as an objection to it.
fn unusable(error: CompileError) -> Objection {
    let CompileError { element, reason, .. } = error;
    let place = if element.is_empty() { String::new() } else { format!("{element}: ") };
    Objection {
        issue: Issue {
            severity: "error",
            code: "processing",
            error: None,
            diagnostics: format!("Nothing can be judged by this profile: {place}{reason}"),
            location: vec!["StructureDefinition.differential".to_owned()],
        },
        rule: "StructureDefinition.differential#draft".to_owned(),
        fix: "put the differential right; profiles that it is based on or uses are stored before it".to_owned(),
    }
}

impl Judge for NationalProfiles {
    fn judge(
        &self,
        version: Version,
        document: &Document,
        settings: &Settings,
        surroundings: &Surroundings<'_>,
    ) -> Vec<Objection> {
        let foreign_profiles = match settings.foreign_profiles {
            true => ForeignProfiles::Allow,
            false => ForeignProfiles::Refuse,
        };
        let mut options = Options {
            foreign_profiles,
            refuse_wrong_display: settings.refuse_wrong_display,
            refuse_drafts: surroundings.refuse_drafts,
            texts_of_2018: settings.texts_of_2018,
            questionnaires: surroundings.questionnaires.clone(),
            now: Some(surroundings.now),
            type_alone: surroundings.type_alone,
            allow_missing_profile: surroundings.by_type || surroundings.type_alone,
            allow_unknown_profile: surroundings.by_type,
            ..Options::default()
        };
        let selection = settings.definitions;
        let is_draft = document.root().get("resourceType").and_then(Value::as_str) == Some("StructureDefinition");
        let mut named = document.root().at(&["meta", "profile"]).into_iter().flat_map(Value::each);
        let drafts = surroundings.drafts;
        let extended = (!drafts.is_empty() && !is_draft).then(|| self.with_drafts(version, selection, drafts));
        let findings = match extended {
            None => validation::validate(self.profiles.of(version, selection), document, &options),
            Some(Some(definitions)) => {
                // A draft alone is what the body is judged by, whoever's name it has.
                if let (Some(only), None) = (named.next(), named.next()) {
                    options.profile = only.as_str().map(str::to_owned);
                }
                validation::validate(&definitions, document, &options)
            }
            // A draft that can't be compiled: the body is judged by its type, and says so.
            Some(None) => {
                options.allow_unknown_profile = true;
                validation::validate(self.profiles.of(version, selection), document, &options)
            }
        };
        let is_expected = |finding: &Finding| surroundings.by_type && finding.text == MISSING_PROFILE;
        let findings = findings.into_iter().filter(|finding| !is_expected(finding));
        let mut objections: Vec<Objection> = findings.map(Objection::from).collect();
        if is_draft && !objections.iter().any(|objection| matches!(objection.issue.severity, "error" | "fatal")) {
            objections.extend(self.unusable(version, selection, document, drafts));
        }
        if settings.texts_of_2018 {
            // Recorded with the element alone.
            objections.iter_mut().for_each(|objection| objection.issue.location.truncate(1));
        }
        objections
    }

    fn convert(&self, document: &Document, settings: &Settings) -> Option<String> {
        migration::convert(&self.profiles, settings.definitions, document)
    }

    fn defines(&self, version: Version, url: &str) -> bool {
        let definitions = self.profiles.of(version, Selection::default());
        definitions.profile(url).is_some()
            || definitions.value_set(url).is_some()
            || definitions.code_system(url).is_some()
    }
}

impl From<Finding> for Objection {
    fn from(finding: Finding) -> Objection {
        let error = finding.code.and_then(ErrorCode::from_digits);
        let place = format!("Line {}, Col {}", finding.line, finding.column);
        let location = match error {
            // The service raises its own errors before the validator runs: recorded without a place.
            Some(_) => Vec::new(),
            None if finding.location.is_empty() => vec![place],
            // Recorded with the element alone: what is missing stands on no line.
            None if finding.text == MISSING_PROFILE => vec![finding.location],
            None => vec![finding.location, place],
        };
        let (diagnostics, fix) = match (error, finding.fix) {
            // The recorded diagnostics keep to themselves which profile it was: the hint names it.
            (Some(ErrorCode::NoProfileFound), fix) => {
                let fix = fix.map_or(finding.text.clone(), |fix| format!("{}; {fix}", finding.text));
                ("Unexpected failure while validating resource".to_owned(), fix)
            }
            (_, Some(fix)) => (finding.text, fix.into_owned()),
            // Without a hint the text itself has to say what to do.
            (_, None) => (finding.text.clone(), finding.text),
        };
        Objection {
            issue: Issue { severity: finding.severity.as_str(), code: "processing", error, diagnostics, location },
            rule: finding.rule,
            fix,
        }
    }
}
