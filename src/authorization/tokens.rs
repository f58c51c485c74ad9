//! Access, refresh and id tokens (authorization-server.md §5).

use super::professionals::{self, Standing};
use super::rights::{AccessRight, right_in, unchanged};
use super::rules::{Revocation, Rules};
use super::scopes::{Act, ResourceTypes, Scope, Scopes, Spelling, scopes_of_word};
use super::signing::{self, SIGNING_KEY_ID};
use super::{Authorization, Client, expiry, keys};
use crate::store::{AttemptError, Batch, CommitError, Key, View};
use crate::time::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// How long an `id_token` is good for.
const ID_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(600);

/// Under which circumstances tokens are made.
#[derive(Clone, Copy, Debug)]
pub struct Issuance<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Where ids come from.
    pub random: &'a Random,
    /// The issuer, with its final slash.
    pub issuer: &'a str,
    /// The choices in force.
    pub rules: &'a Rules,
}

/// What a token is given for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The citizen, by id.
    pub citizen: String,
    /// The citizen's pseudonym: the token's `sub` and the id of the Patient.
    pub pseudonym: Uuid,
    /// What it allows.
    pub scopes: Scopes,
    /// How it is spelled in answers.
    #[serde(default)]
    pub spelling: Spelling,
    /// The audience that was asked for.
    pub aud: Option<String>,
    /// The nonce of the authorization request.
    pub nonce: Option<String>,
    /// When the citizen signed in.
    pub signed_in_at: Timestamp,
}

/// The answer of the token endpoint, its members in the order of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// A JWT.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// With `offline_access` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Whole seconds left.
    pub expires_in: i64,
    /// Scopes separated by spaces, spelled as they were requested.
    pub scope: String,
    /// With `openid` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The citizen's pseudonym, which is the id of the Patient.
    pub sub: Uuid,
    /// The same for clients of SMART App Launch, under its rules only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Uuid>,
}

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
    /// The resource types it may read and search.
    pub read: ResourceTypes,
    /// The resource types it may create, update and delete.
    pub write: ResourceTypes,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How the scopes are spelled in answers.
    pub spelling: Spelling,
}

/// Why an access token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It was not given by this tenant, or long ago.
    #[error("this tenant has not given the access token")]
    Unknown,
    /// It is too old.
    #[error("the access token expired at {0}: refresh it")]
    Expired(Timestamp),
    /// A refresh gave a newer one.
    #[error("the access token ended when it was refreshed: use the newer one")]
    Refreshed,
    /// The citizen has withdrawn the access right.
    #[error("the citizen has withdrawn the access right: ask for approval again")]
    Withdrawn,
    /// A professional application's grounds have ended.
    #[error("the citizen's permission for professionals or the care relationship has ended")]
    NoLongerPermitted,
    /// The client is no longer registered.
    #[error("the client is no longer registered")]
    ClientGone,
}

/// Why a refresh token gives no access token.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not given by this tenant, or ended by rotation.
    #[error("this tenant has not given the refresh token, or it was ended")]
    Unknown,
    /// It is too old.
    #[error("the refresh token expired at {0}")]
    Expired(Timestamp),
    /// The citizen has withdrawn the access right.
    #[error("the citizen has withdrawn the access right")]
    Withdrawn,
    /// Another client presents it; it is ended for that.
    #[error("the refresh token is another client's, and was ended for it")]
    OtherClient,
    /// The client may not refresh.
    #[error("the client is not registered for offline_access")]
    NotAllowed,
    /// More is asked for than was granted.
    #[error("scope may only narrow what was granted: {granted}")]
    UpScoping {
        /// What was granted.
        granted: Scopes,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

/// What is remembered of an access token.
#[derive(Debug, Serialize, Deserialize)]
struct AccessRecord {
    client_id: String,
    citizen: String,
    pseudonym: Uuid,
    scopes: Scopes,
    expires_at: Timestamp,
    withdrawals: u64,
    refresh: Option<RefreshLink>,
    #[serde(default)]
    spelling: Spelling,
    /// For a professional application's token, instead of an access right.
    #[serde(default)]
    professional: Option<professionals::Grounds>,
}

/// The refresh token behind an access token, and how often it had been used by then.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct RefreshLink {
    id: Uuid,
    uses: u64,
}

/// What is remembered of a refresh token. It lies under the token; its id leads there from access tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RefreshRecord {
    id: Uuid,
    client_id: String,
    grant: Grant,
    expires_at: Option<Timestamp>,
    withdrawals: u64,
    uses: u64,
}

/// Why tokens were not given.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The citizen has not given the access right, or has withdrawn it.
    #[error("the citizen has not given this client an access right, or has withdrawn it")]
    NoRight,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Authorization {
    /// Gives tokens for a grant whose access right is in force, and, with `withdrawals`, still the one of that count.
    pub fn issue_tokens(
        &self,
        client: &Client,
        grant: &Grant,
        withdrawals: Option<u64>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, IssueError> {
        let issued = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let right = right_in_force(view, &mut batch, &grant.citizen, &client.client_id, withdrawals)?;
            let refresh = (client.may_refresh() && grant.scopes.contains(Scope::OfflineAccess)).then(|| {
                let id = issuance.random.uuid();
                let token = write_refresh_token(&mut batch, view, client, grant, &right, id, issuance);
                (token, RefreshLink { id, uses: 0 })
            });
            let ties = Ties { withdrawals: right.withdrawals, refresh, professional: None };
            let response = write_access_token(&mut batch, view, client, grant, ties, issuance);
            Ok((batch, response))
        });
        issued.map_err(|error| match error {
            AttemptError::Refused(refused) => refused,
            AttemptError::Commit(error) => error.into(),
        })
    }

    /// Gives a new access token, of the same or fewer scopes, for a refresh token. The access tokens given for it
    /// before end.
    pub fn refresh(
        &self,
        client: &Client,
        token: &str,
        scope: Option<&str>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, RefreshError> {
        if !client.may_refresh() {
            return Err(RefreshError::NotAllowed);
        }
        let key = keys::refresh_token(token);
        let refreshed = self.store.attempt(|view| {
            let before = view.get(&key);
            let mut record: RefreshRecord =
                before.and_then(|value| super::decode(value)).ok_or(RefreshError::Unknown)?;
            let mut batch = Batch::new();
            unchanged(&mut batch, key, before);
            if record.client_id != client.client_id {
                batch.remove(key).remove(keys::refresh_uses(record.id));
                return Ok((batch, Err(RefreshError::OtherClient)));
            }
            if let Some(expires_at) = record.expires_at.filter(|expires_at| issuance.now >= *expires_at) {
                return Err(RefreshError::Expired(expires_at));
            }
            let withdrawals = Some(record.withdrawals);
            let right = right_in_force(view, &mut batch, &record.grant.citizen, &client.client_id, withdrawals)
                .map_err(|_| RefreshError::Withdrawn)?;
            let mut grant = record.grant.clone();
            if let Some(scope) = scope {
                grant.scopes = narrowed(scope, issuance.rules.smart)
                    .filter(|asked| !asked.is_empty() && asked.is_subset_of(&grant.scopes))
                    .ok_or_else(|| RefreshError::UpScoping { granted: grant.scopes.clone() })?;
                grant.spelling = if issuance.rules.smart { Spelling::of(scope) } else { Spelling::V1 };
            }
            let refresh = if issuance.rules.rotate_refresh_tokens {
                batch.remove(key).remove(keys::refresh_uses(record.id));
                let id = issuance.random.uuid();
                let token = write_refresh_token(&mut batch, view, client, &record.grant, &right, id, issuance);
                (token, RefreshLink { id, uses: 0 })
            } else {
                record.uses += 1;
                batch.put(key, super::encode(&record));
                batch.put(keys::refresh_uses(record.id), record.uses.to_be_bytes().to_vec());
                (token.to_owned(), RefreshLink { id: record.id, uses: record.uses })
            };
            let ties = Ties { withdrawals: right.withdrawals, refresh: Some(refresh), professional: None };
            let response = write_access_token(&mut batch, view, client, &grant, ties, issuance);
            Ok((batch, Ok(response)))
        });
        match refreshed {
            Ok(outcome) => outcome,
            Err(AttemptError::Refused(refused)) => Err(refused),
            Err(AttemptError::Commit(error)) => Err(error.into()),
        }
    }

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
                return Err(AccessError::Withdrawn);
            }
        }
        if let Some(link) = record.refresh {
            let uses = look_up(keys::refresh_uses(link.id));
            if uses.is_none_or(|uses| *uses != link.uses.to_be_bytes()) {
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
            read: record.scopes.resource_types(Act::Read),
            write: record.scopes.resource_types(Act::Write),
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
        let in_force = right.withdrawn_at.is_none() && right.withdrawals == record.withdrawals;
        let lasts = record.expires_at.is_none_or(|expires_at| now < expires_at);
        (in_force && lasts).then_some(RefreshInfo {
            client_id: record.client_id,
            patient: record.grant.pseudonym,
            scope: record.grant.scopes.spelled(record.grant.spelling),
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

    /// Gives a professional application its token: the read scopes, no refresh token. `grounds` are what it ends with.
    pub(super) fn issue_professional(
        &self,
        client: &Client,
        grant: &Grant,
        grounds: professionals::Grounds,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, CommitError> {
        let issued = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let ties = Ties { withdrawals: 0, refresh: None, professional: Some(grounds) };
            let response = write_access_token(&mut batch, view, client, grant, ties, issuance);
            Ok::<_, std::convert::Infallible>((batch, response))
        });
        issued.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }
}

/// The scopes that a refresh asks for, if all of them can be granted.
fn narrowed(scope: &str, smart: bool) -> Option<Scopes> {
    let mut scopes = Scopes::default();
    for word in scope.split_whitespace() {
        match scopes_of_word(word, smart) {
            Ok(each) => each.into_iter().for_each(|scope| scopes.insert(scope)),
            Err(super::ScopeProblem::NeverGranted(_)) => {}
            Err(super::ScopeProblem::Unknown(_)) => return None,
        }
    }
    Some(scopes)
}

/// The choices by which an access token is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    revocation: Revocation,
    require_permission: bool,
    require_care_relationship: bool,
}

impl Judgement {
    fn of(rules: &Rules) -> Judgement {
        Judgement {
            revocation: rules.revocation,
            require_permission: rules.require_professional_permission,
            require_care_relationship: rules.require_care_relationship,
        }
    }
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

/// What an access token ends with.
struct Ties {
    /// Withdrawals of the access right until now.
    withdrawals: u64,
    refresh: Option<(String, RefreshLink)>,
    professional: Option<professionals::Grounds>,
}

/// The right, if it is in force; the commit is refused should it change in the meantime.
fn right_in_force(
    view: &View,
    batch: &mut Batch,
    citizen: &str,
    client_id: &str,
    withdrawals: Option<u64>,
) -> Result<AccessRight, IssueError> {
    let right =
        right_in(view, citizen, client_id).filter(|right| right.withdrawn_at.is_none()).ok_or(IssueError::NoRight)?;
    if withdrawals.is_some_and(|count| count != right.withdrawals) {
        return Err(IssueError::NoRight);
    }
    let key = keys::right(citizen, client_id);
    unchanged(batch, key, view.get(&key));
    Ok(right)
}

fn write_refresh_token(
    batch: &mut Batch,
    view: &View,
    client: &Client,
    grant: &Grant,
    right: &AccessRight,
    id: Uuid,
    issuance: &Issuance<'_>,
) -> String {
    #[derive(Serialize)]
    struct Claims {
        #[serde(skip_serializing_if = "Option::is_none")]
        exp: Option<i64>,
        jti: Uuid,
    }
    let expires_at = issuance.rules.refresh_token_lifetime.map(|lifetime| later(issuance.now, lifetime));
    let token = signing::unsigned(&Claims { exp: expires_at.map(Timestamp::as_second), jti: id });
    let record = RefreshRecord {
        id,
        client_id: client.client_id.clone(),
        grant: grant.clone(),
        expires_at,
        withdrawals: right.withdrawals,
        uses: 0,
    };
    let key = keys::refresh_token(&token);
    batch.put(key, super::encode(&record));
    batch.put(keys::refresh_uses(id), 0_u64.to_be_bytes().to_vec());
    if let Some(expires_at) = expires_at {
        expiry::note(batch, view, key, expires_at, issuance.now);
        expiry::note(batch, view, keys::refresh_uses(id), expires_at, issuance.now);
    }
    token
}

fn write_access_token(
    batch: &mut Batch,
    view: &View,
    client: &Client,
    grant: &Grant,
    ties: Ties,
    issuance: &Issuance<'_>,
) -> TokenResponse {
    #[derive(Serialize)]
    struct Claims<'a> {
        sub: Uuid,
        azp: &'a str,
        iss: &'a str,
        exp: i64,
        iat: i64,
        jti: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        aud: Option<&'a str>,
    }
    let expires_at = later(issuance.now, issuance.rules.access_token_lifetime);
    let access_token = signing::signed(&Claims {
        sub: grant.pseudonym,
        azp: &client.client_id,
        iss: issuance.issuer,
        exp: expires_at.as_second(),
        iat: issuance.now.as_second(),
        jti: issuance.random.uuid(),
        aud: grant.aud.as_deref(),
    });
    let id_token = grant.scopes.contains(Scope::OpenId).then(|| id_token(client, grant, &access_token, issuance));
    let (refresh_token, link) = ties.refresh.unzip();
    let record = AccessRecord {
        client_id: client.client_id.clone(),
        citizen: grant.citizen.clone(),
        pseudonym: grant.pseudonym,
        scopes: grant.scopes.clone(),
        expires_at,
        withdrawals: ties.withdrawals,
        refresh: link,
        spelling: grant.spelling,
        professional: ties.professional,
    };
    let key = keys::access_token(&access_token);
    batch.put(key, super::encode(&record));
    expiry::note(batch, view, key, expires_at, issuance.now);
    TokenResponse {
        access_token,
        token_type: String::from("Bearer"),
        refresh_token,
        expires_in: expires_at.duration_since(issuance.now).as_secs(),
        scope: grant.scopes.spelled(grant.spelling),
        id_token,
        sub: grant.pseudonym,
        patient: issuance.rules.smart.then_some(grant.pseudonym),
    }
}

fn id_token(client: &Client, grant: &Grant, access_token: &str, issuance: &Issuance<'_>) -> String {
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        sub: Uuid,
        aud: &'a str,
        auth_time: i64,
        exp: i64,
        iat: i64,
        jti: Uuid,
        at_hash: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<&'a str>,
        kid: &'a str,
    }
    signing::signed(&Claims {
        iss: issuance.issuer,
        sub: grant.pseudonym,
        aud: &client.client_id,
        auth_time: grant.signed_in_at.as_second(),
        exp: later(issuance.now, ID_TOKEN_LIFETIME).as_second(),
        iat: issuance.now.as_second(),
        jti: issuance.random.uuid(),
        at_hash: URL_SAFE_NO_PAD.encode(&keys::sha256(access_token.as_bytes())[..16]),
        nonce: grant.nonce.as_deref(),
        kid: SIGNING_KEY_ID,
    })
}

/// In whole seconds, as the claims say it; therefore a little less than `lifetime` (upstream's 3599).
fn later(now: Timestamp, lifetime: SignedDuration) -> Timestamp {
    let at = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
