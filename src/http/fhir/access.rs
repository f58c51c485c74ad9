//! Who calls: the open endpoint asks nobody, the authorized one asks for a bearer token.

use super::Backend;
use super::refusal::Refusal;
use crate::exchanges::Party;
use crate::records::Access;
use axum::http::{Extensions, HeaderMap, header};

/// The holder of a token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// How far they reach.
    pub access: Access,
    /// What the journal of exchanges notes.
    pub party: Party,
}

/// Why a token is not accepted, in ASCII words for the developer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenProblem(pub String);

/// The one check of every request.
///
/// # Errors
/// [`Refusal::NoToken`] and [`Refusal::BadToken`], each as its knob wants it.
pub fn access<B: Backend>(
    backend: &B,
    headers: &HeaderMap,
    extensions: &Extensions,
    open: bool,
) -> Result<Caller, Refusal> {
    if open {
        return Ok(Caller { access: Access::Open, party: Party::default() });
    }
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(Refusal::NoToken(backend.knobs().no_token));
    };
    let bad = |problem: &str| Refusal::BadToken(backend.knobs().bad_token, problem.to_owned());
    let value = value.to_str().map_err(|_| bad("the Authorization header is not text"))?;
    let token = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| bad("write Authorization: Bearer and the access token"))?;
    backend.caller(token, extensions).map_err(|TokenProblem(problem)| bad(&problem))
}
