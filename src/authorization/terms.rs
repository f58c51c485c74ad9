//! Acceptance of the terms of use, per citizen and version.

use super::{Authorization, keys};
use crate::store::{AttemptError, Batch, CommitError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That a citizen has accepted a version of the terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsAcceptance {
    /// The version.
    pub version: String,
    /// When.
    pub accepted_at: Timestamp,
    /// When the citizen took it back, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

impl Authorization {
    /// Whether the citizen has accepted this version and not taken it back.
    pub fn has_accepted_terms(&self, citizen: &str, version: &str) -> bool {
        let acceptance: Option<TermsAcceptance> =
            self.store.get(&keys::terms(citizen, version)).and_then(|value| super::decode(&value));
        acceptance.is_some_and(|acceptance| acceptance.withdrawn_at.is_none())
    }

    /// Records an acceptance; a repeated one keeps its first date, one after a withdrawal is new.
    pub fn accept_terms(&self, citizen: &str, version: &str, now: Timestamp) -> Result<(), CommitError> {
        let acceptance = TermsAcceptance { version: version.to_owned(), accepted_at: now, withdrawn_at: None };
        self.change_terms(citizen, version, |before| match before {
            Some(before) if before.withdrawn_at.is_none() => None,
            _ => Some(acceptance.clone()),
        })
    }

    /// Takes back the acceptance of every version: the terms are asked anew. Gives how many were in force.
    pub fn withdraw_terms(&self, citizen: &str, now: Timestamp) -> Result<usize, CommitError> {
        let in_force: Vec<TermsAcceptance> =
            self.terms_acceptances(citizen).into_iter().filter(|each| each.withdrawn_at.is_none()).collect();
        for TermsAcceptance { version, .. } in &in_force {
            self.change_terms(citizen, version, |before| {
                let before = before.filter(|before| before.withdrawn_at.is_none())?;
                Some(TermsAcceptance { withdrawn_at: Some(now), ..before })
            })?;
        }
        Ok(in_force.len())
    }

    /// Puts what `change` makes of the acceptance of a version, if it makes anything of it.
    fn change_terms(
        &self,
        citizen: &str,
        version: &str,
        change: impl Fn(Option<TermsAcceptance>) -> Option<TermsAcceptance>,
    ) -> Result<(), CommitError> {
        let key = keys::terms(citizen, version);
        let changed = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let before = view.get(&key);
            if let Some(acceptance) = change(before.and_then(|value| super::decode(value))) {
                super::rights::unchanged(&mut batch, key, before);
                batch.put(key, super::encode(&acceptance));
            }
            Ok::<_, std::convert::Infallible>((batch, ()))
        });
        changed.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }

    /// All acceptances of a citizen, withdrawn ones included, oldest first.
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
        let accepted = TermsAcceptance { version: "1".into(), accepted_at: at(1), withdrawn_at: None };
        assert_eq!(room.terms_acceptances("aino"), [accepted]);
    }

    #[test]
    fn a_withdrawal_takes_all_versions_back_until_one_is_accepted_again() {
        let room = Authorization::new(Store::in_memory());
        let at = |second| Timestamp::from_second(second).unwrap();
        room.accept_terms("aino", "1", at(1)).unwrap();
        room.accept_terms("aino", "2", at(2)).unwrap();
        room.accept_terms("eino", "1", at(2)).unwrap();
        assert_eq!(room.withdraw_terms("aino", at(3)).unwrap(), 2);
        assert_eq!(room.withdraw_terms("aino", at(4)).unwrap(), 0);
        assert!(!room.has_accepted_terms("aino", "1") && !room.has_accepted_terms("aino", "2"));
        assert!(room.has_accepted_terms("eino", "1"));
        assert!(room.terms_acceptances("aino").iter().all(|each| each.withdrawn_at == Some(at(3))));
        room.accept_terms("aino", "2", at(5)).unwrap();
        assert!(room.has_accepted_terms("aino", "2") && !room.has_accepted_terms("aino", "1"));
    }
}
