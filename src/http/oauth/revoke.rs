//! `POST revoke` (RFC 7009): a client ends its own token. A token that nobody knows is ended already.

use super::client_request;
use super::parameters::Parameters;
use super::response::empty;
use super::token_error::TokenError;
use crate::authorization::{Client, RevokeError};
use crate::exchanges::Party;
use crate::http::context::App;
use crate::http::reason::with_reason;
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// The handler.
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    client_request::answer(app, headers, body, decide).await
}

fn decide(tenant: &Tenant, client: &Client, form: &Parameters, _: &mut Party) -> Result<Response, TokenError> {
    let token = form.get("token").ok_or(TokenError::TokenMissing)?;
    match tenant.authorization.revoke(client, token) {
        Ok(()) => Ok(empty(StatusCode::OK)),
        Err(RevokeError::OtherClient) => {
            let text = "the token was given to another client, which alone may end it";
            Ok(with_reason(empty(StatusCode::FORBIDDEN), "AUTH-REVOKE-OTHER-CLIENT", text))
        }
        Err(RevokeError::Store(error)) => Err(TokenError::Internal(error.to_string())),
    }
}
