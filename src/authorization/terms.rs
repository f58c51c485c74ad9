//! Acceptance of the terms of use, per citizen and version.

use super::{Authorization, keys};
use crate::store::{Batch, CommitError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That a citizen has accepted a version of the terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsAcceptance {
    /// The version.
    pub version: String,
    /// When.
    pub accepted_at: Timestamp,
}

impl Authorization {
    /// Whether the citizen has accepted this version.
    pub fn has_accepted_terms(&self, citizen: &str, version: &str) -> bool {
        self.store.get(&keys::terms(citizen, version)).is_some()
    }

    /// Records an acceptance; a repeated one keeps its first date.
    pub fn accept_terms(&self, citizen: &str, version: &str, now: Timestamp) -> Result<(), CommitError> {
        let key = keys::terms(citizen, version);
        let acceptance = TermsAcceptance { version: version.to_owned(), accepted_at: now };
        let mut batch = Batch::new();
        batch.require_absent(key).put(key, super::encode(&acceptance));
        match self.store.commit(batch) {
            Ok(()) | Err(CommitError::Condition(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All acceptances of a citizen, oldest first.
    pub fn terms_acceptances(&self, citizen: &str) -> Vec<TermsAcceptance> {
        let view = self.store.view();
        let prefix = keys::terms_of(citizen);
        let mut all: Vec<TermsAcceptance> =
            view.prefix(prefix.as_bytes()).filter_map(|(_, value)| super::decode(value)).collect();
        all.sort_by_key(|acceptance| acceptance.accepted_at);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn each_version_is_accepted_once() {
        let room = Authorization::new(Store::in_memory());
        let at = |second| Timestamp::from_second(second).unwrap();
        room.accept_terms("aino", "1", at(1)).unwrap();
        room.accept_terms("aino", "1", at(2)).unwrap();
        assert!(room.has_accepted_terms("aino", "1"));
        assert!(!room.has_accepted_terms("aino", "2"));
        assert!(!room.has_accepted_terms("eino", "1"));
        assert_eq!(room.terms_acceptances("aino"), [TermsAcceptance { version: "1".into(), accepted_at: at(1) }]);
    }
}
