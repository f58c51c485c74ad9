//! `POST token`: tokens for a code, a refresh token, or (professional applications) a personal identity code.

use super::client_authentication::authenticate;
use super::parameters::Parameters;
use super::response::json;
use super::token_error::TokenError;
use crate::authorization::{Client, ClientKind, Issuance, TokenResponse};
use crate::citizens::PersonalIdentityCode;
use crate::exchanges::Party;
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::reason::with_reason;
use crate::tenant::{Tenant, TokenError as Headless};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

/// The handler.
pub async fn post(State(app): State<App>, origin: Origin, headers: HeaderMap, body: Bytes) -> Response {
    blocking(app, move |app| {
        let mut party = Party::default();
        let is_form = is_form(&headers);
        // As upstream, a body of another type has no parameters.
        let form = if is_form { &body[..] } else { b"" };
        let mut response = match decide(&app.tenant, &origin.issuer(), &headers, form, &mut party) {
            Ok(response) => success(&app.tenant, &response, &mut party),
            Err(error) => error.into_response(&app.tenant.settings()),
        };
        if !is_form {
            let text = "send the parameters as application/x-www-form-urlencoded; a body of another type is not read";
            response = with_reason(response, "TOKEN-FORM", text);
        }
        response.extensions_mut().insert(party);
        response
    })
    .await
}

/// Any other method.
pub async fn other_method(State(app): State<App>, method: Method) -> Response {
    let mut response = TokenError::Method(method.to_string()).into_response(&app.tenant.settings());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn decide(
    tenant: &Tenant,
    issuer: &str,
    headers: &HeaderMap,
    form: &[u8],
    party: &mut Party,
) -> Result<TokenResponse, TokenError> {
    let settings = tenant.settings();
    let form = Parameters::parse(form, settings.parameters_empty).map_err(TokenError::Parameter)?;
    party.client_id = form.get("client_id").map(str::to_owned);
    let client =
        authenticate(&tenant.authorization, headers, &form, settings.client_auth_accept).map_err(TokenError::Client)?;
    party.client_id = Some(client.client_id.clone());
    let rules = settings.authorization_rules();
    let issuance = Issuance { now: tenant.clock.now(), random: &tenant.random, issuer, rules: &rules };
    match form.get("grant_type").ok_or(TokenError::GrantTypeMissing)? {
        "authorization_code" => {
            if client.kind == ClientKind::Professional {
                return Err(TokenError::GrantTypeNotAllowed(String::from("authorization_code")));
            }
            let code = form.get("code").ok_or(TokenError::CodeMissing)?;
            let (redirect_uri, verifier) = (form.get("redirect_uri"), form.get("code_verifier"));
            tenant
                .authorization
                .redeem_code(&client, code, redirect_uri, verifier, &issuance)
                .map_err(|problem| TokenError::Code { code: code.to_owned(), problem })
        }
        "refresh_token" => {
            let token = form.get("refresh_token").ok_or(TokenError::RefreshTokenMissing)?;
            tenant
                .authorization
                .refresh(&client, token, form.get("scope"), &issuance)
                .map_err(|problem| TokenError::Refresh { token: token.to_owned(), problem })
        }
        other if settings.professional_grant_types.iter().any(|word| word == other) => {
            if client.kind != ClientKind::Professional {
                return Err(TokenError::GrantTypeNotAllowed(other.to_owned()));
            }
            professional(tenant, &client, &form, &issuance)
        }
        other => Err(TokenError::GrantTypeUnknown(other.to_owned())),
    }
}

/// The token of a professional application: `user` says whose data, `scope` may narrow what is read.
fn professional(
    tenant: &Tenant,
    client: &Client,
    form: &Parameters,
    issuance: &Issuance<'_>,
) -> Result<TokenResponse, TokenError> {
    let user = form.get("user").ok_or(TokenError::UserMissing)?;
    let code = PersonalIdentityCode::parse(user).map_err(TokenError::User)?;
    let citizen = tenant.citizens.by_code(code);
    tenant.professional_token(client, citizen, form.get("scope"), issuance).map_err(|error| match error {
        Headless::Scope(problem) => TokenError::Scope(problem),
        Headless::ReadOnly(scopes) => TokenError::ReadOnly(scopes.to_string()),
        Headless::Professional(problem) => TokenError::Professional(problem),
        other => TokenError::Internal(other.to_string()),
    })
}

fn success(tenant: &Tenant, response: &TokenResponse, party: &mut Party) -> Response {
    party.citizen = tenant.citizens.by_pseudonym(response.sub).map(|citizen| citizen.id);
    match serde_json::to_string(response) {
        Ok(text) => json(StatusCode::OK, text),
        Err(error) => TokenError::Internal(error.to_string()).into_response(&tenant.settings()),
    }
}
