//! Scripted faults on the wire: what a matched request gets instead of, or on top of, its answer.

use super::context::App;
use super::reason::{SANDBOX_REASON, with_reason};
use crate::exchanges::{Cut, Fault, Party, Scenario, Subject};
use crate::fhir::outcome::{ErrorCode, Issue, operation_outcome};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use serde_json::Value as Json;
use std::borrow::Cow;

/// A response extension: the connection is to be cut instead of answering.
#[derive(Clone, Copy, Debug)]
pub struct CutConnection;

/// A rule that hits a request.
pub struct Hit {
    /// The place of the rule among `/_sandbox/faults`, from 1.
    place: usize,
    fault: Fault,
    /// Whose request it is, for the journal: a request that is not carried out has nobody else to tell.
    party: Party,
    /// Which surface's error format is the usual one.
    surface: Surface,
}

#[derive(Clone, Copy)]
enum Surface {
    Fhir,
    /// Endpoints that are called by programs.
    OauthJson,
    Page,
}

/// The fault for a request, if there is one.
pub fn hit(app: &App, parts: &Parts, body: &Bytes) -> Option<Hit> {
    let faults = app.tenant.faults()?;
    let path = parts.uri.path();
    let (client_id, citizen) = caller(app, parts, body);
    let party = Party { client_id: client_id.clone(), citizen: citizen.first().cloned(), certificate: None };
    let subject = Subject { method: parts.method.as_str(), path, client_id, citizen };
    let (place, fault) = faults.hit(&subject)?;
    let surface = match path {
        _ if path.starts_with("/phr-resourceserver/") => Surface::Fhir,
        _ if ["/token", "/introspect", "/revoke", "/userinfo", "/jwk", "/register", "/openid-configuration"]
            .iter()
            .any(|end| path.trim_end_matches('/').ends_with(end)) =>
        {
            Surface::OauthJson
        }
        _ => Surface::Page,
    };
    Some(Hit { place, fault, party, surface })
}

/// Whose request it is, as far as it says so itself: by access token, Basic credentials or parameters.
fn caller(app: &App, parts: &Parts, body: &Bytes) -> (Option<String>, Vec<String>) {
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some((scheme, credentials)) = authorization.and_then(|value| value.split_once(' ')) {
        if scheme.eq_ignore_ascii_case("bearer")
            && let Ok(token) = app.tenant.access_by_token(credentials.trim())
        {
            let citizen = app.tenant.citizens.get(&token.citizen);
            let code = citizen.map(|citizen| citizen.personal_identity_code.to_string());
            return (Some(token.client_id.clone()), [token.citizen.clone()].into_iter().chain(code).collect());
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD.decode(credentials.trim()).unwrap_or_default();
            let text = String::from_utf8_lossy(&decoded);
            let id = text.split(':').next().unwrap_or_default();
            return (Some(percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned()), Vec::new());
        }
    }
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let form: &[u8] = if is_form { body } else { b"" };
    let query = parts.uri.query().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form));
    (parameters.find(|(name, _)| name == "client_id").map(|(_, value)| value.into_owned()), Vec::new())
}

impl Hit {
    /// Waits as long as the fault says.
    pub async fn wait(&self) {
        if let Some(delay) = self.fault.delay {
            tokio::time::sleep(delay.0).await;
        }
    }

    /// The answer that comes instead of doing anything; nothing when the request is carried out.
    pub fn instead(&self) -> Option<Response> {
        if self.fault.cut == Some(Cut::Before) {
            return Some(self.instead_of_an_answer(cut(Response::default())));
        }
        let (status, body) = match (self.fault.scenario, self.fault.status) {
            (Some(scenario), _) => self.scenario(scenario),
            (None, Some(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let given = self.fault.body.as_ref().map(|body| self.given(body));
                (status, given.unwrap_or_else(|| self.usual(status)))
            }
            (None, None) => return None,
        };
        let Content { content_type, text } = body;
        // With 204 and 304 the server itself sends none; 205 has none either (RFC 9110, section 15.3.6).
        let text = if status == StatusCode::RESET_CONTENT { String::new() } else { text.into_owned() };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Some(self.instead_of_an_answer(response))
    }

    fn instead_of_an_answer(&self, mut response: Response) -> Response {
        response.extensions_mut().insert(self.party.clone());
        self.marked(response)
    }

    /// The answer of a request that was carried out, spoilt as the fault says.
    pub async fn spoil(&self, response: Response) -> Response {
        if self.fault.cut == Some(Cut::After) {
            return self.marked(cut(response));
        }
        if !self.fault.malformed {
            return self.marked(response);
        }
        let (mut parts, body) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
        self.marked(Response::from_parts(parts, Body::from(body.slice(..body.len() / 2))))
    }

    /// The developer sees that it was a fault and which one; a refusal keeps its own reason.
    fn marked(&self, response: Response) -> Response {
        if response.headers().contains_key(SANDBOX_REASON) && response.extensions().get::<CutConnection>().is_none() {
            return response;
        }
        with_reason(response, "FAULT", &format!("rule {} of /_sandbox/faults made this", self.place))
    }

    fn given(&self, body: &Json) -> Content {
        let text: Cow<'static, str> = match body {
            Json::String(text) => text.clone().into(),
            json => json.to_string().into(),
        };
        let content_type = match (text.trim_start().chars().next(), self.surface) {
            (Some('{' | '['), Surface::Fhir) => FHIR,
            (Some('{' | '['), _) => JSON,
            (Some('<'), _) => HTML,
            _ => PLAIN,
        };
        Content { content_type, text }
    }

    /// The body that a status has, when the rule gives none.
    fn usual(&self, status: StatusCode) -> Content {
        let words = status.canonical_reason().unwrap_or("Error");
        match self.surface {
            Surface::Fhir => outcome(match status.as_u16() {
                401 => Issue::coded(ErrorCode::TokenInvalid, ""),
                403 => Issue::coded(ErrorCode::TokenNotSufficient, ""),
                // Recorded in 2019 (resource-server.md §11).
                500 => Issue::error("Database connection error"),
                _ => Issue::error(format!("HTTP {} {words}", status.as_u16())),
            }),
            // Recorded (authorization-server.md §7.1), the second one of the authorization server in general.
            Surface::OauthJson if status.is_server_error() => {
                error("Internal error", "Server failed to process the request")
            }
            Surface::OauthJson if status == StatusCode::UNAUTHORIZED => {
                error("unauthorized", "Full authentication is required")
            }
            Surface::OauthJson => error("invalid_request", words),
            Surface::Page => page(&format!("HTTP {} {words}", status.as_u16()), words),
        }
    }

    fn scenario(&self, scenario: Scenario) -> (StatusCode, Content) {
        let rejected =
            || page("Request Rejected", "The requested URL was rejected. Your support ID is: 1234567890123456789");
        match scenario {
            Scenario::DatabaseDown => (
                StatusCode::INTERNAL_SERVER_ERROR,
                match self.surface {
                    Surface::Fhir => outcome(Issue::error("Database connection error")),
                    _ => error("Database error", "Error communicating with the database"),
                },
            ),
            Scenario::FirewallRejects => (StatusCode::BAD_REQUEST, rejected()),
            Scenario::FirewallRejectsWith200 => (StatusCode::OK, rejected()),
            Scenario::ApplicationDown => (
                StatusCode::INTERNAL_SERVER_ERROR,
                page(
                    "Error 500",
                    "java.lang.IllegalStateException: No WebApplicationContext found: no ContextLoaderListener registered?",
                ),
            ),
            Scenario::Maintenance => {
                (StatusCode::SERVICE_UNAVAILABLE, page("Service Unavailable", "The service is being maintained."))
            }
        }
    }
}

fn cut(mut response: Response) -> Response {
    response.extensions_mut().insert(CutConnection);
    response
}

const FHIR: &str = "application/fhir+json;charset=UTF-8";
const JSON: &str = "application/json;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";
const PLAIN: &str = "text/plain;charset=UTF-8";

struct Content {
    content_type: &'static str,
    text: Cow<'static, str>,
}

fn outcome(issue: Issue) -> Content {
    Content { content_type: FHIR, text: operation_outcome(&[issue]).into() }
}

fn error(error: &str, description: &str) -> Content {
    let json = serde_json::json!({"error": error, "error_description": description});
    Content { content_type: JSON, text: json.to_string().into() }
}

fn page(title: &str, text: &str) -> Content {
    let html = format!("<html><head><title>{title}</title></head><body>{text}</body></html>");
    Content { content_type: HTML, text: html.into() }
}
