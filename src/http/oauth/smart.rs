//! `GET .well-known/smart-configuration` on the authorization server and on both bases: there is none at the real
//! service (authorization-server.md §1); with the setting `smart.enabled` there is (SMART App Launch 2.2, section 3).

use super::PREFIX;
use super::discovery::auth_methods;
use super::response::{empty, json};
use crate::authorization::{Scope, grantable_scopes};
use crate::http::context::{App, Origin};
use crate::http::reason::with_reason;
use crate::settings::Introspection;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// The handler.
pub async fn get(State(app): State<App>, origin: Origin) -> Response {
    let settings = app.tenant.settings();
    // The open endpoint has no authorization server.
    if !settings.smart_enabled || origin.is_open() {
        let text = "Kanta PHR has no SMART configuration; its authorization server has .well-known/openid-configuration (setting smart.enabled)";
        return with_reason(empty(StatusCode::NOT_FOUND), "AUTH-NO-SMART-CONFIGURATION", text);
    }
    let scopes = grantable_scopes().map(|scope| match scope {
        Scope::Patient(resource_type, acts) => format!("patient/{}.{}", resource_type.name(), acts.letters()),
        other => other.to_string(),
    });
    let mut document = serde_json::json!({
        "issuer": origin.issuer(),
        "jwks_uri": origin.url(&format!("{PREFIX}/jwk")),
        "authorization_endpoint": origin.browser_url(&format!("{PREFIX}/authorize")),
        "token_endpoint": origin.url(&format!("{PREFIX}/token")),
        "token_endpoint_auth_methods_supported": auth_methods(settings.client_auth_accept),
        "grant_types_supported": ["authorization_code"],
        "registration_endpoint": origin.url(&format!("{PREFIX}/register")),
        "revocation_endpoint": origin.url(&format!("{PREFIX}/revoke")),
        "management_endpoint": origin.browser_url("/citizen/"),
        "scopes_supported": scopes.chain([String::from("launch/patient")]).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [
            "launch-standalone",
            "client-confidential-symmetric",
            "context-standalone-patient",
            "permission-offline",
            "permission-patient",
            "permission-v1",
            "permission-v2",
            "sso-openid-connect",
        ],
    });
    if settings.introspection_allow != Introspection::Never {
        document["introspection_endpoint"] = origin.url(&format!("{PREFIX}/introspect")).into();
    }
    json(StatusCode::OK, document.to_string())
}
