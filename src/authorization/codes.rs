//! Authorization codes: short-lived, used once, one alive per client and citizen (authorization-server.md §2.2).

use super::pkce::Challenge;
use super::requests::AuthorizationRequest;
use super::rights::{right_in, unchanged};
use super::rules::{Pkce, Rules};
use super::tokens::{Grant, Issuance, IssueError, TokenResponse};
use super::{Authorization, expiry, keys};
use super::{Client, Scopes, Spelling};
use crate::store::{AttemptError, Batch, CommitError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A code that was just given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// The code.
    pub code: String,
    /// Until when it may be redeemed.
    pub expires_at: Timestamp,
}

/// What is remembered of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CodeRecord {
    client_id: String,
    citizen: String,
    pseudonym: Uuid,
    redirect_uri: String,
    redirect_uri_was_sent: bool,
    scopes: Scopes,
    #[serde(default)]
    spelling: Spelling,
    nonce: Option<String>,
    aud: Option<String>,
    challenge: Option<Challenge>,
    signed_in_at: Timestamp,
    expires_at: Timestamp,
    withdrawals: u64,
    used_at: Option<Timestamp>,
}

/// Why a code gives no token. On the wire the first five are one and the same.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// There never was such a code, or long ago.
    #[error("the code was never given")]
    Unknown,
    /// It was redeemed before, perhaps in vain.
    #[error("the code was used at {0}; a code works once, also when the attempt failed")]
    Used(Timestamp),
    /// It is too old.
    #[error("the code expired at {0}")]
    Expired(Timestamp),
    /// A later code for the same client and citizen ended it.
    #[error("a newer code for the same client and citizen ended this one")]
    Superseded,
    /// The access right was withdrawn in the meantime.
    #[error("the citizen has withdrawn the access right, or was deleted")]
    Withdrawn,
    /// It was given to another client.
    #[error("the code was given to another client")]
    OtherClient,
    /// The redirect URI is not the one of the authorization request.
    #[error("redirect_uri must repeat that of the authorization request")]
    RedirectMismatch,
    /// The verifier is missing or does not meet the challenge.
    #[error("code_verifier does not meet the code_challenge of the authorization request")]
    VerifierMismatch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Authorization {
    /// Gives a code for an approved request; the code given before to the same client for the same citizen ends.
    /// `pseudonym` is the citizen's.
    pub fn issue_code(
        &self,
        request: &AuthorizationRequest,
        citizen: &str,
        pseudonym: Uuid,
        signed_in_at: Timestamp,
        issuance: &Issuance<'_>,
    ) -> Result<IssuedCode, CodeError> {
        let expires_at = issuance.now.saturating_add(issuance.rules.code_lifetime).unwrap_or(Timestamp::MAX);
        let issued = self.store.attempt(|view| {
            let right = right_in(view, citizen, &request.client.client_id)
                .filter(|right| right.withdrawn_at.is_none())
                .ok_or(CodeError::Withdrawn)?;
            let code = issuance.random.alphanumeric(issuance.rules.code_length);
            let key = keys::code(&code);
            let record = CodeRecord {
                client_id: request.client.client_id.clone(),
                citizen: citizen.to_owned(),
                pseudonym,
                redirect_uri: request.redirect_uri.clone(),
                redirect_uri_was_sent: request.redirect_uri_was_sent,
                scopes: request.scopes.clone(),
                spelling: request.spelling,
                nonce: request.nonce.clone(),
                aud: request.aud.clone(),
                challenge: request.challenge.clone(),
                signed_in_at,
                expires_at,
                withdrawals: right.withdrawals,
                used_at: None,
            };
            let mut batch = Batch::new();
            // Should the code exist, the commit is refused and the next attempt draws another.
            batch.require_absent(key).put(key, super::encode(&record));
            batch.put(keys::live_code(&request.client.client_id, citizen), key.as_bytes());
            expiry::note(&mut batch, view, key, expires_at, issuance.now);
            Ok((batch, IssuedCode { code, expires_at }))
        });
        issued.map_err(flatten)
    }

    /// Redeems a code. The first attempt uses it up, whatever comes of it.
    pub fn redeem_code(
        &self,
        client: &Client,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, CodeError> {
        let record = self.use_code(code, issuance.now)?;
        if record.client_id != client.client_id {
            return Err(CodeError::OtherClient);
        }
        let redirect_uri_fits = match redirect_uri {
            Some(sent) => sent == record.redirect_uri,
            None => !record.redirect_uri_was_sent,
        };
        if !redirect_uri_fits {
            return Err(CodeError::RedirectMismatch);
        }
        if !verifier_fits(record.challenge.as_ref(), verifier, issuance.rules) {
            return Err(CodeError::VerifierMismatch);
        }
        let grant = Grant {
            citizen: record.citizen,
            pseudonym: record.pseudonym,
            scopes: record.scopes,
            spelling: record.spelling,
            aud: record.aud,
            nonce: record.nonce,
            signed_in_at: record.signed_in_at,
        };
        self.issue_tokens(client, &grant, Some(record.withdrawals), issuance).map_err(|error| match error {
            IssueError::NoRight => CodeError::Withdrawn,
            IssueError::Store(error) => error.into(),
        })
    }

    /// Marks a code as used and gives what is known of it.
    fn use_code(&self, code: &str, now: Timestamp) -> Result<CodeRecord, CodeError> {
        let key = keys::code(code);
        let used = self.store.attempt(|view| {
            let before = view.get(&key);
            let record: CodeRecord = before.and_then(|value| super::decode(value)).ok_or(CodeError::Unknown)?;
            if let Some(used_at) = record.used_at {
                return Err(CodeError::Used(used_at));
            }
            let live = view.get(&keys::live_code(&record.client_id, &record.citizen));
            if live.is_none_or(|live| **live != *key.as_bytes()) {
                return Err(CodeError::Superseded);
            }
            if now >= record.expires_at {
                return Err(CodeError::Expired(record.expires_at));
            }
            let right = right_in(view, &record.citizen, &record.client_id);
            if right.is_none_or(|right| right.withdrawals != record.withdrawals) {
                return Err(CodeError::Withdrawn);
            }
            let mut batch = Batch::new();
            unchanged(&mut batch, key, before);
            batch.put(key, super::encode(&CodeRecord { used_at: Some(now), ..record.clone() }));
            Ok((batch, record))
        });
        used.map_err(flatten)
    }
}

/// Upstream takes no notice of a verifier that nobody asked for.
fn verifier_fits(challenge: Option<&Challenge>, verifier: Option<&str>, rules: &Rules) -> bool {
    match challenge {
        Some(challenge) if rules.pkce != Pkce::Off => verifier.is_some_and(|verifier| challenge.is_met_by(verifier)),
        _ => true,
    }
}

fn flatten(error: AttemptError<CodeError>) -> CodeError {
    match error {
        AttemptError::Refused(refused) => refused,
        AttemptError::Commit(error) => error.into(),
    }
}
