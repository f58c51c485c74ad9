//! Access rights: what a citizen has approved for a client.

use super::scopes::Scopes;
use super::{Authorization, keys};
use crate::store::{AttemptError, Batch, CommitError, Value, View};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a citizen has approved for a client. It has no end but withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRight {
    /// The client.
    pub client_id: String,
    /// The approved scopes; a new approval replaces them.
    pub scopes: Scopes,
    /// When the present scopes were approved.
    pub since: Timestamp,
    /// When it was withdrawn, if it is.
    pub withdrawn_at: Option<Timestamp>,
    /// How often it was withdrawn: codes and tokens carry the count of their time and end with it.
    pub withdrawals: u64,
    /// Whether the last withdrawal was the end of the citizen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended_with_citizen: bool,
}

/// Why an access right was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RightError {
    /// There is none, or it is withdrawn already.
    #[error("this citizen has given this client no access right")]
    NotGiven,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Authorization {
    /// The access rights a citizen has given, withdrawn ones included, in the order of their approval.
    pub fn access_rights(&self, citizen: &str) -> Vec<AccessRight> {
        let view = self.store.view();
        let prefix = keys::rights_of(citizen);
        let mut rights: Vec<AccessRight> =
            view.prefix(prefix.as_bytes()).filter_map(|(_, value)| super::decode(value)).collect();
        rights.sort_by_key(|right| right.since);
        rights
    }

    /// What this citizen has given this client, withdrawn or not.
    pub fn access_right(&self, citizen: &str, client_id: &str) -> Option<AccessRight> {
        self.store.get(&keys::right(citizen, client_id)).and_then(|value| super::decode(&value))
    }

    /// Records an approval: it replaces the scopes recorded before and undoes a withdrawal. Tokens given before keep
    /// their scopes.
    pub fn approve(
        &self,
        citizen: &str,
        client_id: &str,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<AccessRight, CommitError> {
        let key = keys::right(citizen, client_id);
        let approved = self.store.attempt(|view| {
            let before = view.get(&key);
            let withdrawals =
                before.and_then(|value| super::decode::<AccessRight>(value)).map_or(0, |right| right.withdrawals);
            let right = AccessRight {
                client_id: client_id.to_owned(),
                scopes: scopes.clone(),
                since: now,
                withdrawn_at: None,
                withdrawals,
                ended_with_citizen: false,
            };
            let mut batch = Batch::new();
            unchanged(&mut batch, key, before);
            batch.put(key, super::encode(&right));
            Ok::<_, std::convert::Infallible>((batch, right))
        });
        approved.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }

    /// Takes an access right back. Codes and refresh tokens end with it, access tokens too unless the rules let them
    /// run until they expire.
    pub fn withdraw(&self, citizen: &str, client_id: &str, now: Timestamp) -> Result<AccessRight, RightError> {
        self.take_back(citizen, client_id, now, false)
    }

    /// The same because there is no such citizen any more.
    pub fn end_with_citizen(&self, citizen: &str, client_id: &str, now: Timestamp) -> Result<AccessRight, RightError> {
        self.take_back(citizen, client_id, now, true)
    }

    fn take_back(
        &self,
        citizen: &str,
        client_id: &str,
        now: Timestamp,
        ended_with_citizen: bool,
    ) -> Result<AccessRight, RightError> {
        let key = keys::right(citizen, client_id);
        let withdrawn = self.store.attempt(|view| {
            let before = view.get(&key);
            let mut right = before
                .and_then(|value| super::decode::<AccessRight>(value))
                .filter(|right| right.withdrawn_at.is_none())
                .ok_or(RightError::NotGiven)?;
            right.withdrawn_at = Some(now);
            right.withdrawals += 1;
            right.ended_with_citizen = ended_with_citizen;
            let mut batch = Batch::new();
            unchanged(&mut batch, key, before);
            batch.put(key, super::encode(&right));
            Ok((batch, right))
        });
        withdrawn.map_err(|error| match error {
            AttemptError::Refused(refused) => refused,
            AttemptError::Commit(error) => error.into(),
        })
    }
}

/// The right as a view has it.
pub(super) fn right_in(view: &View, citizen: &str, client_id: &str) -> Option<AccessRight> {
    view.get(&keys::right(citizen, client_id)).and_then(|value| super::decode(value))
}

/// The commit is refused when `key` has changed since `before` was read.
pub(super) fn unchanged(batch: &mut Batch, key: crate::store::Key, before: Option<&Value>) {
    match before {
        Some(value) => batch.require_equal(key, value.clone()),
        None => batch.require_absent(key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn approval_replaces_and_withdrawal_counts() {
        let room = Authorization::new(Store::in_memory());
        let at = |second| Timestamp::from_second(second).unwrap();
        let scopes = |text| Scopes::parse(text).unwrap();
        room.approve("aino", "diary", scopes("patient/Observation.read offline_access"), at(1)).unwrap();
        room.approve("aino", "diary", scopes("patient/Observation.read"), at(2)).unwrap();
        room.approve("eino", "diary", scopes("openid"), at(3)).unwrap();
        let rights = room.access_rights("aino");
        assert_eq!(rights.len(), 1);
        assert_eq!((rights[0].scopes.to_string().as_str(), rights[0].since), ("patient/Observation.read", at(2)));
        let withdrawn = room.withdraw("aino", "diary", at(4)).unwrap();
        assert_eq!((withdrawn.withdrawn_at, withdrawn.withdrawals), (Some(at(4)), 1));
        assert!(matches!(room.withdraw("aino", "diary", at(5)), Err(RightError::NotGiven)));
        let again = room.approve("aino", "diary", scopes("openid"), at(6)).unwrap();
        assert_eq!((again.withdrawn_at, again.withdrawals), (None, 1));
    }
}
