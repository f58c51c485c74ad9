//! Professional applications (authorization-server.md §4): a token for a citizen's personal identity code, without the
//! citizen at a browser. It reads only, is never refreshed, and holds while two things hold: the citizen permits
//! professionals to see the data, and there is a care relationship.

use super::tokens::{Grant, Issuance, TokenResponse};
use super::{Authorization, Client, Scopes, Spelling, keys};
use crate::store::{AttemptError, Batch, CommitError, Key, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The sandbox's own name of the grant type: the real one is not public.
pub const PROFESSIONAL_GRANT_TYPE: &str = "urn:kanta-phr-sandbox:grant-type:professional";

/// Something that holds or does not, and how often it has ended: tokens carry the count of their time and end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it holds.
    pub holds: bool,
    /// Since when that is so.
    pub since: Timestamp,
    /// How often it has ended.
    pub ended: u64,
}

/// A care relationship between a citizen and the organisation behind a professional client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareRelationship {
    /// The client.
    pub client_id: String,
    /// Whether it holds, and since when.
    #[serde(flatten)]
    pub standing: Standing,
}

/// What a professional application's token ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grounds {
    /// How often the permission had ended when the token was given.
    pub permission: u64,
    /// The same of the care relationship.
    pub care_relationship: u64,
}

/// Why a professional application gets no token. On the wire all but the last are one and the same, so that it cannot
/// be found out who uses the service.
#[derive(Debug, thiserror::Error)]
pub enum ProfessionalError {
    /// Nobody with this personal identity code uses the service.
    #[error("nobody with this personal identity code uses the service (has approved an application)")]
    NotAUser,
    /// The citizen does not permit professionals to see the data.
    #[error(
        "the citizen does not permit professionals to see the data: PUT /_sandbox/citizens/{{id}}/professional-permission (setting professional.require_permission)"
    )]
    NotPermitted,
    /// There is no care relationship.
    #[error(
        "there is no care relationship: PUT /_sandbox/citizens/{{id}}/care-relationships/{{client_id}} (setting professional.require_care_relationship)"
    )]
    NoCareRelationship,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Authorization {
    /// Whether a citizen permits professionals to see the data; `None` when they never said.
    pub fn professional_permission(&self, citizen: &str) -> Option<Standing> {
        self.store.get(&keys::permission(citizen)).and_then(|value| super::decode(&value))
    }

    /// Records that a citizen permits professionals to see the data, or forbids it. Saying the same again changes nothing.
    pub fn permit_professionals(
        &self,
        citizen: &str,
        permitted: bool,
        now: Timestamp,
    ) -> Result<Standing, CommitError> {
        let key = keys::permission(citizen);
        self.turn(key, permitted, now, super::decode, |standing| super::encode(&standing))
    }

    /// The care relationships of a citizen, past ones included, the oldest first.
    pub fn care_relationships(&self, citizen: &str) -> Vec<CareRelationship> {
        let (view, prefix) = (self.store.view(), keys::care_relationships_of(citizen));
        let mut all: Vec<CareRelationship> =
            view.prefix(prefix.as_bytes()).filter_map(|(_, value)| super::decode(value)).collect();
        all.sort_by_key(|relationship| relationship.standing.since);
        all
    }

    /// Begins or ends the care relationship of a citizen with the organisation behind a client.
    pub fn set_care_relationship(
        &self,
        citizen: &str,
        client_id: &str,
        holds: bool,
        now: Timestamp,
    ) -> Result<CareRelationship, CommitError> {
        let key = keys::care_relationship(citizen, client_id);
        let with = |standing| CareRelationship { client_id: client_id.to_owned(), standing };
        let standing = self.turn(key, holds, now, super::decode, |standing| super::encode(&with(standing)))?;
        Ok(with(standing))
    }

    /// Gives a professional application its token.
    pub fn professional_token(
        &self,
        client: &Client,
        citizen: &str,
        pseudonym: Uuid,
        scopes: Scopes,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, ProfessionalError> {
        let permission = self.professional_permission(citizen);
        if issuance.rules.require_professional_permission && permission.is_none_or(|standing| !standing.holds) {
            return Err(ProfessionalError::NotPermitted);
        }
        let key = keys::care_relationship(citizen, &client.client_id);
        let relationship: Option<Standing> = self.store.get(&key).and_then(|value| super::decode(&value));
        if issuance.rules.require_care_relationship && relationship.is_none_or(|standing| !standing.holds) {
            return Err(ProfessionalError::NoCareRelationship);
        }
        let grounds = Grounds {
            permission: permission.map_or(0, |standing| standing.ended),
            care_relationship: relationship.map_or(0, |standing| standing.ended),
        };
        let grant = Grant {
            citizen: citizen.to_owned(),
            pseudonym,
            scopes,
            spelling: Spelling::V1,
            aud: None,
            nonce: None,
            signed_in_at: issuance.now,
        };
        Ok(self.issue_professional(client, &grant, grounds, issuance)?)
    }

    fn turn(
        &self,
        key: Key,
        holds: bool,
        now: Timestamp,
        read: impl Fn(&[u8]) -> Option<Standing>,
        write: impl Fn(Standing) -> Vec<u8>,
    ) -> Result<Standing, CommitError> {
        let turned = self.store.attempt(|view| {
            let before: Option<&Value> = view.get(&key);
            let known = before.and_then(|value| read(value));
            let mut batch = Batch::new();
            if let Some(standing) = known.filter(|standing| standing.holds == holds) {
                return Ok((batch, standing));
            }
            let ended = known.map_or(0, |standing| standing.ended) + u64::from(known.is_some() && !holds);
            let standing = Standing { holds, since: now, ended };
            super::rights::unchanged(&mut batch, key, before);
            batch.put(key, write(standing));
            Ok::<_, std::convert::Infallible>((batch, standing))
        });
        turned.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::{AccessError, ClientKind, NewClient, Rules};
    use crate::store::Store;
    use crate::time::Random;

    #[test]
    fn a_token_holds_while_permission_and_care_relationship_do() {
        let (room, random) = (Authorization::new(Store::in_memory()), Random::seeded(1));
        let new = NewClient {
            name: "Clinic".into(),
            client_id: Some("clinic".into()),
            kind: ClientKind::Professional,
            scope: "patient/Observation.read".into(),
            ..NewClient::default()
        };
        let client = room.add_client(new, &random).unwrap();
        let rules = Rules::default();
        let now = Timestamp::from_second(1_000).unwrap();
        let issuance = Issuance { now, random: &random, issuer: "http://as/", rules: &rules };
        let give = || room.professional_token(&client, "aino", Uuid::from_u128(1), client.scope.clone(), &issuance);
        assert!(matches!(give(), Err(ProfessionalError::NotPermitted)));
        room.permit_professionals("aino", true, now).unwrap();
        assert!(matches!(give(), Err(ProfessionalError::NoCareRelationship)));
        room.set_care_relationship("aino", "clinic", true, now).unwrap();
        let token = give().unwrap();
        assert_eq!((token.refresh_token, token.id_token), (None, None));
        let access = || room.access(&token.access_token, now, &rules);
        assert!(access().unwrap().create.is_empty());
        room.permit_professionals("aino", false, now).unwrap();
        assert_eq!(access(), Err(AccessError::NoLongerPermitted));
        room.permit_professionals("aino", true, now).unwrap();
        assert_eq!(access(), Err(AccessError::NoLongerPermitted), "a new permission does not revive it");
        let again = give().unwrap();
        room.set_care_relationship("aino", "clinic", false, now).unwrap();
        assert_eq!(room.access(&again.access_token, now, &rules), Err(AccessError::NoLongerPermitted));
        let lenient = Rules { require_care_relationship: false, ..rules.clone() };
        assert!(room.access(&again.access_token, now, &lenient).is_ok());
    }
}
