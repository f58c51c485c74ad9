//! What a token allows, and its end at the wish of its client.

use super::accepted::Judgement;
use super::professionals::Standing;
use super::rights::{AccessRight, right_in};
use super::rules::{Revocation, Rules};
use super::scopes::{Acts, ResourceTypes, Scopes, Spelling};
use super::tokens::{AccessRecord, RefreshRecord};
use super::{Authorization, Client, keys};
use crate::store::{AttemptError, Batch, CommitError, Key};
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

/// What an access token allows, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The client.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// The OID of its application.
    pub oid: Option<String>,
    /// The citizen, by id.
    pub citizen: String,
    /// The citizen's pseudonym, which is the id of the Patient.
    pub patient: Uuid,
    /// All scopes.
    pub scopes: Scopes,
    /// The resource types it may create.
    pub create: ResourceTypes,
    /// The resource types it may read.
    pub read: ResourceTypes,
    /// The resource types it may update.
    pub update: ResourceTypes,
    /// The resource types it may delete.
    pub delete: ResourceTypes,
    /// The resource types it may search.
    pub search: ResourceTypes,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How the scopes are spelled in answers.
    pub spelling: Spelling,
}

/// Why an access token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It was not given by this tenant, or long ago, or nothing is left of it.
    #[error(
        "this tenant has not given the access token, or it was revoked, or its client was deleted, or it expired long ago"
    )]
    Unknown,
    /// It is too old.
    #[error("the access token expired at {0}: refresh it")]
    Expired(Timestamp),
    /// A refresh gave a newer one.
    #[error("the access token ended when it was refreshed: use the newer one")]
    Refreshed,
    /// The refresh token that it came with has ended.
    #[error(
        "the refresh token behind the access token has ended: it was revoked, presented by another client, or replaced by a refresh (setting refresh.rotate)"
    )]
    RefreshTokenGone,
    /// The citizen has withdrawn the access right.
    #[error("the citizen has withdrawn the access right: ask for approval again")]
    Withdrawn,
    /// The citizen was deleted.
    #[error("the citizen was deleted, and the access right with them")]
    CitizenGone,
    /// A professional application's grounds have ended.
    #[error("the citizen's permission for professionals or the care relationship has ended")]
    NoLongerPermitted,
    /// The client is no longer registered.
    #[error("the client is no longer registered")]
    ClientGone,
}

/// What is known about a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshInfo {
    /// The client.
    pub client_id: String,
    /// The citizen's pseudonym.
    pub patient: Uuid,
    /// Scopes separated by spaces.
    pub scope: String,
    /// When it expires, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// It is another client's.
    #[error("the token was given to another client")]
    OtherClient,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Authorization {
    /// What a bearer's access token allows at `now`.
    pub fn access(&self, bearer: &str, now: Timestamp, rules: &Rules) -> Result<Arc<TokenInfo>, AccessError> {
        let token = keys::access_token(bearer);
        let judgement = Judgement::of(rules);
        if let Some(info) = self.accepted.recall(&token, &self.store, now, judgement) {
            return Ok(info);
        }
        let mut grounds = Vec::with_capacity(5);
        let mut look_up = |key: Key| {
            let value = self.store.get(&key)?;
            grounds.push((key, value.clone()));
            Some(value)
        };
        let value = look_up(token).ok_or(AccessError::Unknown)?;
        let record: AccessRecord = super::decode(&value).ok_or(AccessError::Unknown)?;
        if now >= record.expires_at {
            return Err(AccessError::Expired(record.expires_at));
        }
        if let (Some(ties), Revocation::Immediate) = (record.professional, rules.revocation) {
            let standings = [
                (rules.require_professional_permission, keys::permission(&record.citizen), ties.permission),
                (
                    rules.require_care_relationship,
                    keys::care_relationship(&record.citizen, &record.client_id),
                    ties.care_relationship,
                ),
            ];
            for (required, key, ended) in standings {
                if !required {
                    continue;
                }
                let standing: Option<Standing> = look_up(key).and_then(|value| super::decode(&value));
                if standing.is_none_or(|standing| !standing.holds || standing.ended != ended) {
                    return Err(AccessError::NoLongerPermitted);
                }
            }
        }
        if record.professional.is_none() && rules.revocation == Revocation::Immediate {
            let right = look_up(keys::right(&record.citizen, &record.client_id)).ok_or(AccessError::Withdrawn)?;
            let right: AccessRight = super::decode(&right).ok_or(AccessError::Withdrawn)?;
            if right.withdrawals != record.withdrawals {
                let citizen_gone = right.ended_with_citizen;
                return Err(if citizen_gone { AccessError::CitizenGone } else { AccessError::Withdrawn });
            }
        }
        if let Some(link) = record.refresh {
            let uses = look_up(keys::refresh_uses(link.id)).ok_or(AccessError::RefreshTokenGone)?;
            if *uses != link.uses.to_be_bytes() {
                return Err(AccessError::Refreshed);
            }
        }
        let client = look_up(keys::client(&record.client_id)).ok_or(AccessError::ClientGone)?;
        let client: Client = super::decode(&client).ok_or(AccessError::ClientGone)?;
        let info = Arc::new(TokenInfo {
            client_id: record.client_id,
            client_name: client.name,
            oid: client.oid,
            citizen: record.citizen,
            patient: record.pseudonym,
            create: record.scopes.resource_types(Acts::CREATE),
            read: record.scopes.resource_types(Acts::READ),
            update: record.scopes.resource_types(Acts::UPDATE),
            delete: record.scopes.resource_types(Acts::DELETE),
            search: record.scopes.resource_types(Acts::SEARCH),
            scopes: record.scopes,
            expires_at: record.expires_at,
            spelling: record.spelling,
        });
        self.accepted.remember(token, grounds, judgement, info.clone());
        Ok(info)
    }

    /// What a client learns of a refresh token by introspection, while it could be used.
    pub fn refresh_token_info(&self, token: &str, now: Timestamp) -> Option<RefreshInfo> {
        let view = self.store.view();
        let record: RefreshRecord = view.get(&keys::refresh_token(token)).and_then(|value| super::decode(value))?;
        let right = right_in(&view, &record.grant.citizen, &record.client_id)?;
        let scopes = record.grant.scopes.still_within(&right.scopes);
        let in_force = right.withdrawn_at.is_none() && right.withdrawals == record.withdrawals;
        let lasts = record.expires_at.is_none_or(|expires_at| now < expires_at);
        (in_force && lasts).then_some(RefreshInfo {
            client_id: record.client_id,
            patient: record.grant.pseudonym,
            scope: scopes.spelled(record.grant.spelling),
            expires_at: record.expires_at,
        })
    }

    /// Ends a token at its client's wish (RFC 7009): an access token, or a refresh token with the access tokens it gave.
    /// A token nobody knows is ended already.
    pub fn revoke(&self, client: &Client, token: &str) -> Result<(), RevokeError> {
        let (access, refresh) = (keys::access_token(token), keys::refresh_token(token));
        let revoked = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let own = |owner: &str| if owner == client.client_id { Ok(()) } else { Err(RevokeError::OtherClient) };
            if let Some(record) = view.get(&access).and_then(|value| super::decode::<AccessRecord>(value)) {
                own(&record.client_id)?;
                batch.remove(access);
            }
            if let Some(record) = view.get(&refresh).and_then(|value| super::decode::<RefreshRecord>(value)) {
                own(&record.client_id)?;
                batch.remove(refresh).remove(keys::refresh_uses(record.id));
            }
            Ok((batch, ()))
        });
        revoked.map_err(|error| match error {
            AttemptError::Refused(refused) => refused,
            AttemptError::Commit(error) => error.into(),
        })
    }
}
