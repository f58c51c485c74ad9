//! The national profiles as this room's judge.

use super::judge::{Judge, Objection, ProfileFacts};
use crate::fhir::Version;
use crate::fhir::definitions::Definitions;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options};
use crate::json::Document;
use std::sync::Arc;

/// The judge that knows the embedded national profiles of both FHIR versions.
pub fn national_profiles() -> Arc<dyn Judge> {
    Arc::new(NationalProfiles)
}

struct NationalProfiles;

impl Judge for NationalProfiles {
    fn judge(&self, version: Version, document: &Document) -> Vec<Objection> {
        // Which profiles may be named has been decided by `policy` before.
        let options = Options { foreign_profiles: ForeignProfiles::Allow, ..Options::default() };
        let findings = validation::validate(Definitions::embedded(version), document, &options);
        findings.into_iter().map(Objection::from).collect()
    }

    fn profile(&self, version: Version, canonical: &str) -> Option<ProfileFacts> {
        let structure = Definitions::embedded(version).profile(canonical)?;
        let national = structure.url.starts_with("http://phr.kanta.fi/");
        // HL7's own profiles judge beside the national ones, but nothing is stored by them alone.
        national.then_some(ProfileFacts { national, is_abstract: structure.is_abstract })
    }
}

impl From<Finding> for Objection {
    fn from(finding: Finding) -> Objection {
        let location = match finding.location.is_empty() {
            true => Vec::new(),
            false => vec![finding.location],
        };
        let place = format!("Line {}, Col {}", finding.line, finding.column);
        // Without a hint the text itself has to say what to do.
        let fix = finding.fix.map_or_else(|| finding.text.clone(), |fix| fix.into_owned());
        Objection {
            issue: Issue {
                severity: finding.severity.as_str(),
                code: "processing",
                error: finding.code.and_then(ErrorCode::from_digits),
                diagnostics: finding.text,
                location: location.into_iter().chain([place]).collect(),
            },
            rule: finding.rule,
            fix,
        }
    }
}
