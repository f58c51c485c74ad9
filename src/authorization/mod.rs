//! The rules of the authorization server, without HTTP: clients, scopes, terms of use, access rights, codes, tokens and
//! browser sessions.
//!
//! [`Authorization`] is a thin hand on the tenant's store, in which all its state lies; instants, randomness and the
//! [`Rules`] are handed in. An error enum of each act names every way it fails; the wire forms are `http::oauth`'s.
//!
//! How tokens end without being looked for: an access right counts its withdrawals and a refresh token its uses, and
//! each code and token carries the count at which it was given. A count that has moved on makes it invalid. So a
//! withdrawal is one small write however many tokens there are, and none can slip through beside it.
mod accepted;
mod access;
mod clients;
mod codes;
mod developers;
mod expiry;
mod keys;
mod pkce;
mod professionals;
mod registration;
mod removal;
mod requests;
mod rights;
mod rules;
mod scopes;
mod sessions;
mod signing;
mod terms;
#[cfg(test)]
mod tests;
mod tokens;

pub use access::{AccessError, RefreshInfo, RevokeError, TokenInfo};
pub use clients::{
    AuthenticationError, Client, ClientError, ClientKind, NewClient, RedirectUriProblem, check_redirect_uri, isolated,
};
pub use codes::{CodeError, IssuedCode};
pub use developers::{DeveloperError, check_password};
pub use pkce::{Challenge, ChallengeMethod};
pub use professionals::{CareRelationship, PROFESSIONAL_GRANT_TYPE, ProfessionalError, Standing};
pub use registration::{AuthMethod, Registered, Registration, RegistrationError, RegistrationMetadata};
pub use requests::{AuthorizationRequest, Prompt, RequestError, RequestProblem, RequestedParameters, requested_scopes};
pub use rights::{AccessRight, RightError};
pub use rules::{Pkce, Revocation, Rules, UnregisteredScope};
pub use scopes::{
    Acts, ResourceType, ResourceTypes, Scope, ScopeProblem, Scopes, Spelling, grantable_scopes, scopes_of_word,
    scopes_within,
};
pub use sessions::Session;
pub use signing::key_set;
pub use terms::TermsAcceptance;
pub use tokens::{Grant, Issuance, IssueError, RefreshError, TokenResponse};

use crate::store::Store;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The authorization room over a tenant's store.
#[derive(Clone, Debug)]
pub struct Authorization {
    store: Store,
    accepted: Arc<accepted::Accepted>,
}

impl Authorization {
    /// The room over `store`.
    pub fn new(store: Store) -> Authorization {
        Authorization { store, accepted: Arc::default() }
    }
}

/// Records are stored as JSON: they are small, and a member added later reads as its default.
fn encode(record: &impl Serialize) -> Vec<u8> {
    // Our records have string keys and finite numbers only, for which writing JSON to memory does not fail.
    serde_json::to_vec(record).unwrap_or_default()
}

/// `None` for bytes that are not such a record, which then counts as absent.
fn decode<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}
