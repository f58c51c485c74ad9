//! The end of a client, and of everything that was given to it.

use super::rights::AccessRight;
use super::tokens::{AccessRecord, RefreshRecord};
use super::{Authorization, Client, Registration, keys};
use crate::store::{AttemptError, Batch, CommitError};
use serde::Deserialize;

/// What codes and care relationships have in common here.
#[derive(Deserialize)]
struct OfClient {
    client_id: String,
}

impl Authorization {
    /// Removes a client with its registration, codes, tokens, access rights, care relationships and places on developers'
    /// lists, in one commit. So nothing of it is left to come back to life should another client get the same id.
    /// Whether there was such a client.
    pub fn remove_client(&self, client_id: &str) -> Result<bool, CommitError> {
        let key = keys::client(client_id);
        let removed = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let before = view.get(&key).and_then(|value| super::decode::<Client>(value));
            if before.is_none() {
                return Ok::<_, std::convert::Infallible>((batch, false));
            }
            batch.remove(key);
            let registration = keys::registration(client_id);
            if let Some(known) = view.get(&registration).and_then(|value| super::decode::<Registration>(value)) {
                batch.remove(registration).remove(keys::registration_token(&known.token));
            }
            for (key, _) in view.prefix(&[keys::OWNED]).filter(|(_, value)| ***value == *client_id.as_bytes()) {
                batch.remove(*key);
            }
            for (key, _) in view.prefix(keys::live_codes_of(client_id).as_bytes()) {
                batch.remove(*key);
            }
            for (key, value) in view.prefix(&[keys::ACCESS_TOKEN]) {
                if super::decode::<AccessRecord>(value).is_some_and(|token| token.client_id == client_id) {
                    batch.remove(*key);
                }
            }
            for (key, value) in view.prefix(&[keys::REFRESH_TOKEN]) {
                if let Some(token) = super::decode::<RefreshRecord>(value).filter(|token| token.client_id == client_id)
                {
                    batch.remove(*key).remove(keys::refresh_uses(token.id));
                }
            }
            for (key, value) in view.prefix(&[keys::RIGHT]) {
                if super::decode::<AccessRight>(value).is_some_and(|right| right.client_id == client_id) {
                    batch.remove(*key);
                }
            }
            for kind in [keys::CODE, keys::CARE_RELATIONSHIP] {
                for (key, value) in view.prefix(&[kind]) {
                    if super::decode::<OfClient>(value).is_some_and(|each| each.client_id == client_id) {
                        batch.remove(*key);
                    }
                }
            }
            Ok((batch, true))
        });
        removed.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }
}
