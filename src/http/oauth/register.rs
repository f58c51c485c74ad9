//! `POST register` and `GET`, `PUT`, `DELETE register/{client_id}`: dynamic client registration (RFC 7591) and its
//! management with the registration access token (RFC 7592), as upstream answers them.

use super::PREFIX;
use super::bearer_error::{BearerError, bearer};
use super::response::{empty, json};
use super::token_error::{Challenge, TokenError, Wire};
use crate::authorization::{AuthMethod, ClientError, Issuance, Registered, RegistrationError, RegistrationMetadata};
use crate::exchanges::Party;
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::reason::with_reason;
use crate::http::segments::Segments;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer, its members in upstream's order; those that were recorded as null or empty are so (authorization-server.md
/// §2.3), and none of ours is.
#[derive(Serialize)]
struct Shown<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    client_secret_expires_at: u8,
    client_id_issued_at: i64,
    registration_access_token: &'a str,
    registration_client_uri: String,
    redirect_uris: &'a [String],
    client_name: &'a str,
    client_uri: Option<&'a str>,
    logo_uri: Option<&'a str>,
    #[serde(rename = "logoId")]
    logo_id: (),
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    contacts: &'a [String],
    tos_uri: Option<&'a str>,
    token_endpoint_auth_method: AuthMethod,
    scope: String,
    grant_types: Vec<&'static str>,
    response_types: &'static [&'static str],
    policy_uri: Option<&'a str>,
    jwks_uri: (),
    jwks: (),
    #[serde(rename = "jwksType")]
    jwks_type: &'static str,
    default_max_age: u32,
    require_auth_time: bool,
    default_acr_values: [(); 0],
    initiate_login_uri: (),
    post_logout_redirect_uris: Option<&'a [String]>,
    request_uris: [(); 0],
    software_id: Option<&'a str>,
    software_version: Option<&'a str>,
    software_statement: (),
    #[serde(rename = "softwareId")]
    kelas_software_id: (),
    #[serde(rename = "softwareVersion")]
    kelas_software_version: (),
    code_challenge_method: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_oid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_description: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sandbox_descriptions: &'a BTreeMap<String, String>,
}

/// Registers a client; 201.
pub async fn post(State(app): State<App>, origin: Origin, headers: HeaderMap, body: Bytes) -> Response {
    blocking(app, move |app| {
        let metadata = match read(&headers, &body) {
            Ok(metadata) => metadata,
            Err(response) => return *response,
        };
        let tenant = &app.tenant;
        let (issuer, rules) = (origin.issuer(), tenant.settings().authorization_rules());
        let issuance = Issuance { now: tenant.clock.now(), random: &tenant.random, issuer: &issuer, rules: &rules };
        let registered = tenant.authorization.register(&metadata, None, &issuance);
        answer(app, &origin, StatusCode::CREATED, registered)
    })
    .await
}

/// Shows a registration.
pub async fn get(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    Segments(client_id): Segments<String>,
) -> Response {
    blocking(app, move |app| match authorized(app, &headers, &client_id) {
        Ok(registered) => answer(app, &origin, StatusCode::OK, Ok(registered)),
        Err(response) => *response,
    })
    .await
}

/// Replaces a registration.
pub async fn put(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    Segments(client_id): Segments<String>,
    body: Bytes,
) -> Response {
    blocking(app, move |app| {
        let metadata = authorized(app, &headers, &client_id).and_then(|_| read(&headers, &body));
        match metadata {
            Ok(metadata) => {
                let tenant = &app.tenant;
                let smart = tenant.settings().smart_enabled;
                let updated = tenant.authorization.update_registration(&client_id, &metadata, smart, &tenant.random);
                answer(app, &origin, StatusCode::OK, updated)
            }
            Err(response) => *response,
        }
    })
    .await
}

/// Removes a client; 204. Its codes, tokens and access rights end with it.
pub async fn delete(State(app): State<App>, headers: HeaderMap, Segments(client_id): Segments<String>) -> Response {
    blocking(app, move |app| match authorized(app, &headers, &client_id) {
        Ok(_) => match app.tenant.authorization.remove_client(&client_id) {
            Ok(_) => empty(StatusCode::NO_CONTENT),
            Err(error) => TokenError::Internal(error.to_string()).into_response(&app.tenant.settings()),
        },
        Err(response) => *response,
    })
    .await
}

/// Any other method than POST without a client.
pub async fn not_post(method: Method) -> Response {
    let text = "POST registers a client; register/{client_id} takes GET, PUT and DELETE";
    not_allowed(&method, "POST", text)
}

/// Any other method.
pub async fn other_method(method: Method) -> Response {
    not_allowed(&method, "GET, PUT, DELETE", "GET shows the registration, PUT replaces it, DELETE removes it")
}

fn not_allowed(method: &Method, allowed: &'static str, reason: &str) -> Response {
    let wire = Wire(405, "method_not_allowed", format!("Request method '{method}' not supported"));
    let mut response = with_reason(wire.into_response(Challenge::WithoutRealm), "AUTH-METHOD", reason);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<RegistrationMetadata, Box<Response>> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let text = "send the registration as application/json";
        let refused = empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        return Err(Box::new(with_reason(refused, "AUTH-REGISTRATION-JSON", text)));
    }
    // Otherwise an array would pass as the values of the members in their order.
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    let metadata = if is_object {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    } else {
        Err(String::from("a JSON object is wanted"))
    };
    metadata
        .map_err(|problem| Box::new(with_reason(empty(StatusCode::BAD_REQUEST), "AUTH-REGISTRATION-JSON", &problem)))
}

/// The registration, when the bearer's token is its own.
fn authorized(app: &App, headers: &HeaderMap, client_id: &str) -> Result<Registered, Box<Response>> {
    let refuse = |error: BearerError| Box::new(error.into_response(&app.tenant.settings()));
    let token = bearer(headers, None).map_err(refuse)?;
    let registered = app.tenant.authorization.registration_of_token(token);
    let registered = registered.ok_or_else(|| refuse(BearerError::NoRegistration { token: token.to_owned() }))?;
    if registered.client.client_id != client_id {
        let text = "the registration access token is another client's";
        return Err(Box::new(with_reason(empty(StatusCode::FORBIDDEN), "AUTH-REGISTRATION-CLIENT", text)));
    }
    Ok(registered)
}

fn answer(app: &App, origin: &Origin, status: StatusCode, outcome: Result<Registered, RegistrationError>) -> Response {
    match outcome {
        Ok(registered) => shown(origin, status, &registered),
        Err(RegistrationError::Store(error)) => {
            TokenError::Internal(error.to_string()).into_response(&app.tenant.settings())
        }
        Err(error @ (RegistrationError::OtherClient | RegistrationError::Unknown)) => {
            let text = format!("{error}: client_id must be there and the same");
            with_reason(empty(StatusCode::FORBIDDEN), "AUTH-REGISTRATION-CLIENT", &text)
        }
        Err(error) => {
            let reason = hint(&error);
            let wire = Wire(400, code(&error), error.to_string());
            with_reason(wire.into_response(Challenge::WithoutRealm), "AUTH-REGISTRATION", &reason)
        }
    }
}

fn shown(origin: &Origin, status: StatusCode, registered: &Registered) -> Response {
    let Registered { client, registration, left_out } = registered;
    let shown = Shown {
        client_id: &client.client_id,
        client_secret: &client.client_secret,
        client_secret_expires_at: 0,
        client_id_issued_at: registration.issued_at.as_second(),
        registration_access_token: &registration.token,
        registration_client_uri: origin.url(&format!("{PREFIX}/register/{}", client.client_id)),
        redirect_uris: &client.redirect_uris,
        client_name: &client.name,
        client_uri: client.client_uri.as_deref(),
        logo_uri: client.logo_uri.as_deref(),
        logo_id: (),
        contacts: &client.contacts,
        tos_uri: registration.tos_uri.as_deref(),
        token_endpoint_auth_method: registration.auth_method,
        scope: client.scope.to_string(),
        grant_types: client.grant_types(),
        response_types: &["code"],
        policy_uri: registration.policy_uri.as_deref(),
        jwks_uri: (),
        jwks: (),
        jwks_type: "URI",
        default_max_age: 60_000,
        require_auth_time: true,
        default_acr_values: [],
        initiate_login_uri: (),
        post_logout_redirect_uris: Some(&*client.post_logout_redirect_uris).filter(|uris| !uris.is_empty()),
        request_uris: [],
        software_id: registration.software_id.as_deref(),
        software_version: registration.software_version.as_deref(),
        software_statement: (),
        kelas_software_id: (),
        kelas_software_version: (),
        code_challenge_method: (),
        sandbox_oid: client.oid.as_deref(),
        sandbox_description: client.description.as_deref(),
        sandbox_descriptions: &client.descriptions,
    };
    // String keys and whole numbers only, for which writing JSON does not fail.
    let mut response = json(status, serde_json::to_string(&shown).unwrap_or_default());
    if !left_out.is_empty() {
        let text = format!("registered without {}: no such scope is granted", left_out.join(" "));
        response = with_reason(response, "AUTH-REGISTRATION-SCOPE", &text);
    }
    response.extensions_mut().insert(Party { client_id: Some(client.client_id.clone()), ..Party::default() });
    response
}

fn code(error: &RegistrationError) -> &'static str {
    match error {
        RegistrationError::RedirectUriMissing
        | RegistrationError::RedirectUriFragment(_)
        | RegistrationError::RedirectUri(..) => "invalid_redirect_uri",
        _ => "invalid_client_metadata",
    }
}

/// How to mend what is refused.
pub fn hint(error: &RegistrationError) -> String {
    match error {
        RegistrationError::RedirectUriMissing => {
            String::from("redirect_uris: at least one, such as http://localhost:3000/callback")
        }
        RegistrationError::RedirectUriFragment(uri) => {
            format!("{uri:?} has a fragment (#...), where a code could not be added")
        }
        RegistrationError::RedirectUri(uri, problem) => format!("{uri:?} {problem}"),
        RegistrationError::GrantTypes(_) | RegistrationError::PasswordGrant => String::from(
            "grant_types: authorization_code and refresh_token, or alone urn:kanta-phr-sandbox:grant-type:professional",
        ),
        RegistrationError::ResponseTypes { .. } => String::from("response_types: code"),
        RegistrationError::Client(ClientError::RedirectUri { uri, problem, .. }) => {
            format!("post_logout_redirect_uris: {uri:?} {problem}")
        }
        RegistrationError::AuthMethod(word) => {
            format!("token_endpoint_auth_method: client_secret_basic or client_secret_post, not {word:?}")
        }
        RegistrationError::ScopeEmpty => String::from(
            "scope: openid, profile, offline_access, patient/<Type>.read or .write; professional applications only read",
        ),
        other => other.to_string(),
    }
}
