//! What `introspect` and `revoke` have in common: a form from a client that proves who it is.

use super::client_authentication::authenticate;
use super::parameters::Parameters;
use super::token::is_form;
use super::token_error::TokenError;
use crate::authorization::Client;
use crate::exchanges::Party;
use crate::http::blocking::blocking;
use crate::http::context::App;
use crate::settings::EmptyParameters;
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;

/// What a handler decides on: the tenant, the client, its form; what the journal is to note goes into the last.
pub type Decide = fn(&Tenant, &Client, &Parameters, &mut Party) -> Result<Response, TokenError>;

/// Answers a client's form. A body of another type is not read, so that the client is not found in it.
pub async fn answer(app: App, headers: HeaderMap, body: Bytes, decide: Decide) -> Response {
    blocking(app, move |app| {
        let (tenant, mut party) = (&*app.tenant, Party::default());
        let form = if is_form(&headers) { &body[..] } else { b"" };
        let mut response = read(tenant, &headers, form, &mut party)
            .and_then(|(client, form)| decide(tenant, &client, &form, &mut party))
            .unwrap_or_else(|error| error.into_response(&tenant.settings()));
        response.extensions_mut().insert(party);
        response
    })
    .await
}

fn read(
    tenant: &Tenant,
    headers: &HeaderMap,
    form: &[u8],
    party: &mut Party,
) -> Result<(Client, Parameters), TokenError> {
    // The rule on empty parameters is known of the token and the authorization endpoint only.
    let form = Parameters::parse(form, EmptyParameters::Ignore).map_err(TokenError::Parameter)?;
    party.client_id = form.get("client_id").map(str::to_owned);
    let accept = tenant.settings().client_auth_accept;
    let client = authenticate(&tenant.authorization, headers, &form, accept).map_err(TokenError::Client)?;
    party.client_id = Some(client.client_id.clone());
    Ok((client, form))
}
