//! `GET .well-known/openid-configuration`: what the authorization server really does (authorization-server.md §1).

use super::PREFIX;
use super::response::json;
use crate::authorization::{Pkce, grantable_scopes};
use crate::http::context::{App, Origin};
use crate::settings::{ClientAuth, Introspection};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// The handler.
pub async fn get(State(app): State<App>, origin: Origin) -> Response {
    let settings = app.tenant.settings();
    let challenge_methods: &[&str] = match settings.pkce {
        _ if settings.smart_enabled => &["S256"],
        Pkce::Off => &[],
        Pkce::Optional | Pkce::Required => &["plain", "S256"],
    };
    let mut grant_types = vec!["authorization_code", "refresh_token"];
    grant_types.extend(settings.professional_grant_types.iter().map(String::as_str));
    let mut document = serde_json::json!({
        "issuer": origin.issuer(),
        "authorization_endpoint": origin.browser_url(&format!("{PREFIX}/authorize")),
        "token_endpoint": origin.url(&format!("{PREFIX}/token")),
        "userinfo_endpoint": origin.url(&format!("{PREFIX}/userinfo")),
        "registration_endpoint": origin.url(&format!("{PREFIX}/register")),
        "revocation_endpoint": origin.url(&format!("{PREFIX}/revoke")),
        "end_session_endpoint": origin.browser_url(&format!("{PREFIX}/endsession")),
        "jwks_uri": origin.url(&format!("{PREFIX}/jwk")),
        "scopes_supported": grantable_scopes().map(|scope| scope.to_string()).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": auth_methods(settings.client_auth_accept),
        "claim_types_supported": ["normal"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", "auth_time", "at_hash", "nonce"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["fi", "sv", "en"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "code_challenge_methods_supported": challenge_methods,
    });
    if settings.introspection_allow != Introspection::Never {
        document["introspection_endpoint"] = origin.url(&format!("{PREFIX}/introspect")).into();
    }
    json(StatusCode::OK, document.to_string())
}

/// By what a client may prove itself at the token endpoint.
pub(super) fn auth_methods(accepted: ClientAuth) -> &'static [&'static str] {
    match accepted {
        ClientAuth::Any | ClientAuth::Registered => &["client_secret_post", "client_secret_basic"],
        ClientAuth::Basic => &["client_secret_basic"],
        ClientAuth::Post => &["client_secret_post"],
    }
}
