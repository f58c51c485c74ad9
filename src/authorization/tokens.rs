//! Making access, refresh and id tokens (authorization-server.md §5).

use super::professionals;
use super::rights::{AccessRight, right_in, unchanged};
use super::rules::Rules;
use super::scopes::{Scope, Scopes, Spelling, scopes_within};
use super::signing::{self, SIGNING_KEY_ID};
use super::{Authorization, Client, expiry, keys};
use crate::store::{AttemptError, Batch, CommitError, View};
use crate::time::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
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

/// Why a refresh token gives no access token.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not given by this tenant, or ended by rotation.
    #[error(
        "this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client"
    )]
    Unknown,
    /// It is too old.
    #[error("the refresh token expired at {0}")]
    Expired(Timestamp),
    /// The citizen has withdrawn the access right.
    #[error("the citizen has withdrawn the access right")]
    Withdrawn,
    /// The citizen was deleted.
    #[error("the citizen was deleted, and the access right with them")]
    CitizenGone,
    /// The citizen has approved other things since, and none of what the token was given for.
    #[error("the access right in force has none of the token's scopes: {now}; ask for approval again")]
    NothingLeft {
        /// What is approved.
        now: Scopes,
    },
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
pub(super) struct AccessRecord {
    pub client_id: String,
    pub citizen: String,
    pub pseudonym: Uuid,
    pub scopes: Scopes,
    pub expires_at: Timestamp,
    pub withdrawals: u64,
    pub refresh: Option<RefreshLink>,
    #[serde(default)]
    pub spelling: Spelling,
    /// For a professional application's token, instead of an access right.
    #[serde(default)]
    pub professional: Option<professionals::Grounds>,
}

/// The refresh token behind an access token, and how often it had been used by then.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RefreshLink {
    pub id: Uuid,
    pub uses: u64,
}

/// What is remembered of a refresh token. It lies under the token; its id leads there from access tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RefreshRecord {
    pub id: Uuid,
    pub client_id: String,
    pub grant: Grant,
    pub expires_at: Option<Timestamp>,
    pub withdrawals: u64,
    pub uses: u64,
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
        let signed = Signed::new(client, grant, issuance);
        let issued = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let right = right_in_force(view, &mut batch, &grant.citizen, &client.client_id, withdrawals)?;
            let refresh = (client.may_refresh() && grant.scopes.contains(Scope::OfflineAccess)).then(|| {
                let id = issuance.random.uuid();
                let token = write_refresh_token(&mut batch, view, client, grant, &right, id, issuance);
                (token, RefreshLink { id, uses: 0 })
            });
            let ties = Ties { withdrawals: right.withdrawals, refresh, professional: None };
            let response = write_access_token(&mut batch, view, client, grant, ties, &signed, issuance);
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
        let mut signed = None;
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
            let citizen = &record.grant.citizen;
            let right =
                right_in_force(view, &mut batch, citizen, &client.client_id, withdrawals).map_err(
                    |_| match right_in(view, citizen, &client.client_id) {
                        Some(right) if right.ended_with_citizen => RefreshError::CitizenGone,
                        _ => RefreshError::Withdrawn,
                    },
                )?;
            let mut grant = record.grant.clone();
            // Access tokens given before a narrower approval live on (`consent.remember`); a new one gets no more than is
            // approved now.
            grant.scopes = grant.scopes.still_within(&right.scopes);
            if grant.scopes.read_or_write_nothing() && !record.grant.scopes.read_or_write_nothing() {
                return Err(RefreshError::NothingLeft { now: right.scopes });
            }
            if let Some(scope) = scope {
                grant.scopes = narrowed(scope, issuance.rules.smart, &grant.scopes)
                    .filter(|asked| !asked.is_empty())
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
            // Once for all attempts: scopes of data, which alone may have changed between them, are not signed.
            let signed = signed.get_or_insert_with(|| Signed::new(client, &grant, issuance));
            let response = write_access_token(&mut batch, view, client, &grant, ties, signed, issuance);
            Ok((batch, Ok(response)))
        });
        match refreshed {
            Ok(outcome) => outcome,
            Err(AttemptError::Refused(refused)) => Err(refused),
            Err(AttemptError::Commit(error)) => Err(error.into()),
        }
    }

    /// Gives a professional application its token: the read scopes, no refresh token. `grounds` are what it ends with.
    pub(super) fn issue_professional(
        &self,
        client: &Client,
        grant: &Grant,
        grounds: professionals::Grounds,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, CommitError> {
        let signed = Signed::new(client, grant, issuance);
        let issued = self.store.attempt(|view| {
            let mut batch = Batch::new();
            // Should the client be removed meanwhile, no token of it may stay.
            let key = keys::client(&client.client_id);
            unchanged(&mut batch, key, view.get(&key));
            let ties = Ties { withdrawals: 0, refresh: None, professional: Some(grounds) };
            let response = write_access_token(&mut batch, view, client, grant, ties, &signed, issuance);
            Ok::<_, std::convert::Infallible>((batch, response))
        });
        issued.map_err(|error| match error {
            AttemptError::Commit(error) => error,
            AttemptError::Refused(never) => match never {},
        })
    }
}

impl Authorization {
    /// The client that an `id_token` of this server was given to, however long ago.
    pub fn id_token_audience(&self, token: &str) -> Option<String> {
        signing::claims_of(token)?.get("aud")?.as_str().map(str::to_owned)
    }
}

/// The scopes that a refresh asks for, if all of them were granted.
fn narrowed(scope: &str, smart: bool, granted: &Scopes) -> Option<Scopes> {
    let mut scopes = Scopes::default();
    for word in scope.split_whitespace() {
        match scopes_within(word, smart, granted) {
            Ok(each) => each.into_iter().for_each(|scope| scopes.insert(scope)),
            Err(super::ScopeProblem::NeverGranted(_)) => {}
            Err(_) => return None,
        }
    }
    Some(scopes)
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

/// The signed tokens of one response. A signature takes longer than all else, so attempts at the commit share it.
struct Signed {
    access_token: String,
    expires_at: Timestamp,
    id_token: Option<String>,
}

impl Signed {
    fn new(client: &Client, grant: &Grant, issuance: &Issuance<'_>) -> Signed {
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
        Signed { access_token, expires_at, id_token }
    }
}

fn write_access_token(
    batch: &mut Batch,
    view: &View,
    client: &Client,
    grant: &Grant,
    ties: Ties,
    signed: &Signed,
    issuance: &Issuance<'_>,
) -> TokenResponse {
    let (refresh_token, link) = ties.refresh.unzip();
    let record = AccessRecord {
        client_id: client.client_id.clone(),
        citizen: grant.citizen.clone(),
        pseudonym: grant.pseudonym,
        scopes: grant.scopes.clone(),
        expires_at: signed.expires_at,
        withdrawals: ties.withdrawals,
        refresh: link,
        spelling: grant.spelling,
        professional: ties.professional,
    };
    let key = keys::access_token(&signed.access_token);
    batch.put(key, super::encode(&record));
    expiry::note(batch, view, key, signed.expires_at, issuance.now);
    TokenResponse {
        access_token: signed.access_token.clone(),
        token_type: String::from("Bearer"),
        refresh_token,
        expires_in: signed.expires_at.duration_since(issuance.now).as_secs(),
        scope: grant.scopes.spelled(grant.spelling),
        id_token: signed.id_token.clone(),
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
