//! The judge of bodies: where the validator is joined to this room.

use super::Settings;
use crate::fhir::Version;
use crate::fhir::outcome::Issue;
use crate::fhir::validation::Questionnaires;
use crate::json::Document;
use jiff::Timestamp;

/// What a judge has to say about a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The issue of the OperationOutcome; `error` and `fatal` keep the body out.
    pub issue: Issue,
    /// The rule that was broken.
    pub rule: String,
    /// What to do about it.
    pub fix: String,
}

/// What a judge may have to know besides the body.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The present moment of the tenant, for rules that ask for it.
    pub now: Timestamp,
    /// Where the Questionnaires that responses answer are found.
    pub questionnaires: Questionnaires,
}

/// Says whether a body conforms to the profiles it names. Asked once for every write, outside any lock.
pub trait Judge: Send + Sync {
    /// All findings about a body that is to be stored on the base of `version`, warnings included, and those about the
    /// profiles it names as well.
    fn judge(
        &self,
        version: Version,
        document: &Document,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Vec<Objection>;
}
