//! The judge of bodies: where the validator is joined to this room.

use crate::fhir::Version;
use crate::fhir::outcome::Issue;
use crate::json::Document;

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

/// What is known of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileFacts {
    /// Whether it is one of the national profiles, and not a supplier's own draft.
    pub national: bool,
    /// Whether it is a base of others and describes no resource by itself.
    pub is_abstract: bool,
}

/// Says whether a body conforms to the profiles it names. Asked once for every write, outside any lock.
pub trait Judge: Send + Sync {
    /// All findings about a body that is to be stored on the base of `version`, warnings included.
    fn judge(&self, version: Version, document: &Document) -> Vec<Objection>;

    /// What is known of the profile with this canonical among those of a version; nothing when it is not among them.
    fn profile(&self, version: Version, canonical: &str) -> Option<ProfileFacts>;
}
