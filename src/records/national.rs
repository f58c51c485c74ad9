//! The national profiles as this room's judge.

use super::Settings;
use super::judge::{Judge, Objection, Surroundings};
use crate::fhir::Version;
use crate::fhir::definitions::Profiles;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options};
use crate::json::Document;
use std::sync::Arc;

/// The validator's text for a resource that names no profile.
const MISSING_PROFILE: &str = "Missing profile";

/// The judge that knows the embedded national profiles of both FHIR versions.
pub fn national_profiles() -> Arc<dyn Judge> {
    judge_by(Profiles::default())
}

/// The judge that knows the national profiles and those a supplier has added.
pub fn judge_by(profiles: Profiles) -> Arc<dyn Judge> {
    Arc::new(NationalProfiles(profiles))
}

struct NationalProfiles(Profiles);

impl Judge for NationalProfiles {
    fn judge(
        &self,
        version: Version,
        document: &Document,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Vec<Objection> {
        let foreign_profiles = match settings.foreign_profiles {
            true => ForeignProfiles::Allow,
            false => ForeignProfiles::Refuse,
        };
        let options = Options {
            foreign_profiles,
            refuse_wrong_display: settings.refuse_wrong_display,
            refuse_drafts: settings.refuse_drafts,
            texts_of_2018: settings.texts_of_2018,
            questionnaires: surroundings.questionnaires.clone(),
            now: Some(surroundings.now),
            ..Options::default()
        };
        let findings = validation::validate(self.0.of(version, settings.definitions), document, &options);
        let mut objections: Vec<Objection> = findings.into_iter().map(Objection::from).collect();
        if settings.texts_of_2018 {
            // Recorded with the element alone.
            objections.iter_mut().for_each(|objection| objection.issue.location.truncate(1));
        }
        objections
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
