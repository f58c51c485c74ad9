//! Judges a resource as the national service does: against the definition of its type and the profiles it names.
//!
//! The verdicts are meant to agree with HAPI's FhirInstanceValidator (5.2), with the national service's own rules on top
//! (`policy.rs`). Texts follow HAPI's; rule ids, places in the text and hints are ours.
//!
//! ```
//! use kanta_phr_sandbox::fhir::{Version, definitions::Definitions, validation::{Options, validate}};
//! use kanta_phr_sandbox::json::Document;
//!
//! let document = Document::parse(r#"{"resourceType": "Observation", "status": "final"}"#)?;
//! let findings = validate(Definitions::embedded(Version::R4), &document, &Options::default());
//! assert!(findings.iter().any(|finding| finding.rule == "Observation.meta.profile#profile"));
//! # Ok::<(), kanta_phr_sandbox::json::ParseError>(())
//! ```

mod advice;
mod answers;
mod bundle;
mod codes;
mod content;
mod extensions;
mod findings;
mod grammar;
mod invariants;
mod literals;
mod place;
mod policy;
mod primitives;
mod questionnaire;
mod references;
pub mod report;
mod slices;
mod spelling;
mod ucum;
mod walk;

use std::borrow::Cow;

use super::Version;
use super::definitions::Definitions;
use crate::json::{Document, ParseError, Value};
pub use bundle::{bundle, is_bundle};
pub use codes::{is_standard_system, is_standard_value_set};
pub use questionnaire::Questionnaires;

/// Deeper nesting than this is refused; FHIR resources stay far below.
pub(crate) const MAX_DEPTH: usize = 64;

/// How grave a finding is; the words of OperationOutcome.issue.severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Stored all the same.
    Warning,
    /// Refused.
    Error,
    /// Could not be read at all.
    Fatal,
}

impl Severity {
    /// `information`, `warning`, `error` or `fatal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Information => "information",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Fatal => "fatal",
        }
    }
}

/// One thing to say about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The element and the key of the rule: `Observation.language#min`, `Observation#PHR-2`. Stable across instances: no
    /// indices, choices as `value[x]`. An element's keys are `min`, `max`, `slice-min`, `slice-max`, `slice-closed`,
    /// `slice-order`, `slice`, `slice-unknowable`, `white-space`, `passed-over`, `fixed`, `pattern`, `binding`, `display`, `type`, `primitive`, `json`, `empty`, `unknown`,
    /// `narrative`, `language`, `reference`, `extension`, `context`, `identifier`, `system`, `code`, `id`, `duplicate`, `profile`,
    /// `questionnaire`, `item-unknown`, `item-misplaced`, `item-order`, `item-link`, `item-text`, `item-required`,
    /// `item-repeats`, `item-type`, `item-option`, `item-disabled`, `item-condition`, `item-nesting`, `condition`, and the keys of
    /// invariants.
    pub rule: String,
    /// Where, as HAPI says it: `Observation.component[1].value.ofType(Quantity).unit`.
    pub location: String,
    /// Line in the text, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub text: String,
    /// How to put it right, when that can be told.
    pub fix: Option<Cow<'static, str>>,
    /// The national service's error code, when it has one for this.
    pub code: Option<&'static str>,
}

impl Finding {
    /// Whether the resource is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity >= Severity::Error
    }
}

/// How to judge. The default is the national service's way.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A profile to judge by, whatever the resource names; the rules about `meta.profile` are then left out.
    pub profile: Option<String>,
    /// What to do about profiles named beside ours (`profiles.foreign`).
    pub foreign_profiles: ForeignProfiles,
    /// Whether a resource may name only profiles nobody knows, such as a supplier's draft: it is judged by its type, with a
    /// warning.
    pub allow_unknown_profile: bool,
    /// Whether a draft profile that a supplier added ([`Definitions::with_own`]) counts as none.
    pub refuse_drafts: bool,
    /// Whether a resource is judged by the definition of its type alone, whatever profiles it names.
    pub type_alone: bool,
    /// Whether a resource may name no profile, as a Patient on the open endpoint.
    pub allow_missing_profile: bool,
    /// Whether a display that is none of the code's is an error rather than a warning (`display.mismatch`).
    pub refuse_wrong_display: bool,
    /// Whether findings speak as the engine before July 2020 did (`validator.texts = 2018`).
    pub texts_of_2018: bool,
    /// Whether HL7's vital-signs profiles apply to an R4 Observation by its LOINC code, as in engines newer than the national
    /// service's.
    pub vital_signs_by_code: bool,
    /// Where the Questionnaires that responses answer are looked up; one that is not found is a warning.
    pub questionnaires: Questionnaires,
    /// Whether the resources in the entries of a Bundle are judged elsewhere ([`bundle`]).
    pub entries_apart: bool,
    /// The present moment for invariants that ask for it (`today()`); without it they are only warned about.
    pub now: Option<jiff::Timestamp>,
}

/// See [`Options::foreign_profiles`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignProfiles {
    /// An error.
    #[default]
    Refuse,
    /// Not looked at.
    Allow,
}

/// Everything there is to say about the resource in `document`, in the order of its elements; errors refuse it.
pub fn validate(definitions: &Definitions, document: &Document, options: &Options) -> Vec<Finding> {
    walk::validate(definitions, document, options)
}

/// The finding for a text that is no JSON.
pub fn unreadable(error: &ParseError) -> Finding {
    let is_more = error.message.to_string().contains("more after the end");
    let fix = is_more.then_some(Cow::Borrowed(
        "one resource in a file; several one per line, in a file called .ndjson, or in a Bundle",
    ));
    Finding {
        severity: Severity::Fatal,
        rule: "#json".to_owned(),
        location: String::new(),
        line: error.line,
        column: error.column,
        text: format!("Error parsing JSON: {}", error.message),
        fix,
        code: None,
    }
}

/// The FHIR version a document speaks by the profile it names; R4 when it names none that is known.
pub fn version_of(document: &Document) -> Version {
    let profiles = document.root().at(&["meta", "profile"]);
    for profile in profiles.into_iter().flat_map(Value::each).filter_map(Value::as_str) {
        for version in [Version::R4, Version::Stu3] {
            if policy::is_national(profile) && Definitions::embedded(version).profile(profile).is_some() {
                return version;
            }
        }
        if policy::is_national(profile) && profile.ends_with("-stu3") {
            return Version::Stu3;
        }
    }
    Version::R4
}

#[cfg(test)]
mod tests;
