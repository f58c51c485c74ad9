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
pub struct Surroundings<'a> {
    /// The present moment of the tenant, for rules that ask for it.
    pub now: Timestamp,
    /// Where the Questionnaires that responses answer are found.
    pub questionnaires: Questionnaires,
    /// Whatever profiles the body names, it is judged by FHIR's own definition of its type; that none is named is remarked.
    pub type_alone: bool,
    /// No national profile exists for the type: it is judged by FHIR's own definition, and may name what it likes.
    pub by_type: bool,
    /// A supplier's draft profile alone is not enough: behind authorization, in environments other than sandbox.
    pub refuse_drafts: bool,
    /// The StructureDefinitions (as JSON) that suppliers stored on this base and that the body names, with those they are
    /// based on: a body may conform to one of them alone.
    pub drafts: &'a [String],
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
        surroundings: &Surroundings<'_>,
    ) -> Vec<Objection>;

    /// The R4 form of an STU3 resource, as far as R4 has a profile for its content.
    fn convert(&self, document: &Document, settings: &Settings) -> Option<String>;

    /// Whether the national service defines this URL, so that nothing else may.
    fn defines(&self, version: Version, url: &str) -> bool;
}
