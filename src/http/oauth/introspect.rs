//! `POST introspect` (RFC 7662). Upstream refuses clients that registered themselves; the setting `introspection.allow`
//! lets them in.

use super::client_request;
use super::parameters::Parameters;
use super::response::{empty, json};
use super::token_error::TokenError;
use crate::authorization::Client;
use crate::exchanges::Party;
use crate::http::context::App;
use crate::http::reason::with_reason;
use crate::settings::Introspection;
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// What is told about a token that is good, in the order of the wire.
#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    sub: Uuid,
    user_id: Uuid,
    client_id: &'a str,
    token_type: &'a str,
}

/// The handler.
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    client_request::answer(app, headers, body, decide).await
}

fn decide(tenant: &Tenant, client: &Client, form: &Parameters, party: &mut Party) -> Result<Response, TokenError> {
    let settings = tenant.settings();
    if settings.introspection_allow == Introspection::Never {
        let text = "the real service lets no ordinary client introspect tokens; the setting introspection.allow does";
        return Ok(with_reason(empty(StatusCode::FORBIDDEN), "AUTH-INTROSPECTION", text));
    }
    let visible = |owner: &str| settings.introspection_allow == Introspection::All || owner == client.client_id;
    let inactive = || json(StatusCode::OK, String::from("{\"active\":false}"));
    let Some(token) = form.get("token") else {
        return Ok(with_reason(inactive(), "AUTH-INTROSPECTION-TOKEN", "send the token as the form parameter token"));
    };
    let text = if let Ok(info) = tenant.access_by_token(token).as_deref() {
        party.citizen = Some(info.citizen.clone());
        visible(&info.client_id).then(|| {
            written(&Active {
                active: true,
                scope: info.scopes.spelled(info.spelling),
                expires_at: Some(java_date(info.expires_at)),
                exp: Some(info.expires_at.as_second()),
                sub: info.patient,
                user_id: info.patient,
                client_id: &info.client_id,
                token_type: "Bearer",
            })
        })
    } else {
        let info = tenant.authorization.refresh_token_info(token, tenant.clock.now());
        info.filter(|info| visible(&info.client_id)).map(|info| {
            written(&Active {
                active: true,
                scope: info.scope,
                expires_at: info.expires_at.map(java_date),
                exp: info.expires_at.map(Timestamp::as_second),
                sub: info.patient,
                user_id: info.patient,
                client_id: &info.client_id,
                token_type: "Bearer",
            })
        })
    };
    Ok(text.map_or_else(inactive, |text| json(StatusCode::OK, text)))
}

/// The struct has string keys and no floating-point numbers, for which writing JSON does not fail.
fn written(active: &Active<'_>) -> String {
    serde_json::to_string(active).unwrap_or_default()
}

/// As upstream writes an instant: `2019-01-01T00:00:00+0000`.
fn java_date(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}
