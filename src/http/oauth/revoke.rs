//! `POST revoke` (RFC 7009): a client ends its own token. A token that nobody knows is ended already.

use super::client_authentication::authenticate;
use super::parameters::Parameters;
use super::response::empty;
use super::token::is_form;
use super::token_error::TokenError;
use crate::authorization::RevokeError;
use crate::exchanges::Party;
use crate::http::blocking::blocking;
use crate::http::context::App;
use crate::http::reason::with_reason;
use crate::settings::EmptyParameters;
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// The handler.
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    blocking(app, move |app| {
        let mut party = Party::default();
        let form = if is_form(&headers) { &body[..] } else { b"" };
        let mut response = decide(&app.tenant, &headers, form, &mut party)
            .unwrap_or_else(|error| error.into_response(&app.tenant.settings()));
        response.extensions_mut().insert(party);
        response
    })
    .await
}

fn decide(tenant: &Tenant, headers: &HeaderMap, form: &[u8], party: &mut Party) -> Result<Response, TokenError> {
    let settings = tenant.settings();
    // The rule on empty parameters is known of the token and the authorization endpoint only.
    let form = Parameters::parse(form, EmptyParameters::Ignore).map_err(TokenError::Parameter)?;
    party.client_id = form.get("client_id").map(str::to_owned);
    let client =
        authenticate(&tenant.authorization, headers, &form, settings.client_auth_accept).map_err(TokenError::Client)?;
    party.client_id = Some(client.client_id.clone());
    let token = form.get("token").ok_or(TokenError::TokenMissing)?;
    match tenant.authorization.revoke(&client, token) {
        Ok(()) => Ok(empty(StatusCode::OK)),
        Err(RevokeError::OtherClient) => {
            let text = "the token was given to another client, which alone may end it";
            Ok(with_reason(empty(StatusCode::FORBIDDEN), "AUTH-REVOKE-OTHER-CLIENT", text))
        }
        Err(RevokeError::Store(error)) => Err(TokenError::Internal(error.to_string())),
    }
}
