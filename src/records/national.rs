//! The national profiles as this room's judge.

use super::Settings;
use super::judge::{Judge, Objection};
use crate::fhir::Version;
use crate::fhir::definitions::Definitions;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options};
use crate::json::Document;
use std::sync::Arc;

/// The judge that goes by the definitions in the binary.
pub fn national_profiles() -> Arc<dyn Judge> {
    Arc::new(NationalProfiles)
}

struct NationalProfiles;

impl Judge for NationalProfiles {
    fn judge(&self, version: Version, document: &Document, settings: &Settings) -> Vec<Objection> {
        let findings = validation::validate(Definitions::embedded(version), document, &settings.validation_options());
        findings.into_iter().map(Objection::from).collect()
    }
}

impl Settings {
    /// How the validator is to judge under these knobs.
    pub fn validation_options(&self) -> Options {
        Options {
            foreign_profiles: match self.foreign_profiles {
                true => ForeignProfiles::Allow,
                false => ForeignProfiles::Refuse,
            },
            allow_unknown_profile: self.draft_profiles,
            ..Options::default()
        }
    }
}

impl From<Finding> for Objection {
    fn from(finding: Finding) -> Objection {
        let Finding { severity, rule, location, line, column, text, fix, code } = finding;
        let error = code.and_then(ErrorCode::from_digits);
        let issue = match error {
            // Kela's own errors have no location; this one was recorded with words of its own.
            Some(ErrorCode::NoProfileFound) => Issue {
                diagnostics: "Unexpected failure while validating resource".to_owned(),
                ..Issue::coded(ErrorCode::NoProfileFound, "")
            },
            Some(error) => Issue { diagnostics: text.clone(), ..Issue::coded(error, "") },
            None => {
                Issue { location: vec![location, format!("Line {line}, Col {column}")], ..Issue::error(text.clone()) }
            }
        };
        // Without a hint the text itself says what to do.
        let fix = fix.map_or(text, |fix| fix.into_owned());
        Objection { issue: Issue { severity: severity.as_str(), ..issue }, rule, fix }
    }
}
