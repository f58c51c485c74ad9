//! Every way in which an authorization request ends without a code, and its form on the wire: a redirect to the
//! application as soon as that is safe, else a page (authorization-server.md §7).

use super::parameters::ParameterError;
use super::response::{redirect, with_parameters};
use crate::authorization::{AuthorizationRequest, RequestError, RequestProblem, Scopes};
use crate::citizens::PersonalIdentityCodeError;
use crate::http::pages::{self, Detail, Frame, RefusalKind};
use crate::http::reason::with_reason;
use crate::tenant::UnderAge;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Where the application is told, and with which `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    redirect_uri: String,
    state: Option<String>,
}

impl From<&AuthorizationRequest> for Target {
    fn from(request: &AuthorizationRequest) -> Target {
        Target { redirect_uri: request.redirect_uri.clone(), state: request.state.clone() }
    }
}

impl Target {
    /// A redirect with an answer.
    pub fn answer(&self, parameters: &[(&str, Option<&str>)]) -> Response {
        let mut all = parameters.to_vec();
        all.push(("state", self.state.as_deref()));
        redirect(&with_parameters(&self.redirect_uri, &all))
    }
}

/// Why there is no code.
#[derive(Debug)]
pub enum Refusal {
    /// A parameter is empty or repeated.
    Parameter(ParameterError),
    /// Client or redirect URI are wrong, or something else is.
    Request(RequestError),
    /// `user_id` or `user` is no acceptable personal identity code.
    User(&'static str, PersonalIdentityCodeError),
    /// The citizen who identified is not the `user` of the request.
    OtherUser(Target),
    /// `sandbox_decision` is none of its three words.
    UnknownDecision,
    /// A form says nothing that the page offers.
    UnknownButton,
    /// A form came without our token, or from another site.
    ForgedForm(&'static str),
    /// The browser does not keep our cookie.
    CookiesMissing,
    /// The citizen is too young.
    UnderAge(Target, UnderAge),
    /// The citizen said no.
    Denied(Target),
    /// The citizen left without identifying.
    Cancelled(Target),
    /// `prompt=none`, and nobody is signed in.
    LoginRequired(Target),
    /// `prompt=none`, and there is something to ask.
    InteractionRequired(Target),
    /// The sandbox failed.
    Internal(String),
}

impl Refusal {
    /// An inner failure, for the log and the header.
    pub fn internal(error: impl std::fmt::Display) -> Refusal {
        Refusal::Internal(error.to_string())
    }

    /// The answer. `retry` is the address at which a page offers to start again.
    pub fn into_response(self, frame: Frame, retry: Option<String>) -> Response {
        let (rule, reason) = self.reason();
        let told = |target: &Target, error: &str, description: &str| {
            target.answer(&[("error", Some(error)), ("error_description", Some(description))])
        };
        let page = |status: StatusCode, kind: RefusalKind, error: &str, description: String, retry: Option<String>| {
            let detail = |name: &str, value: String| Detail { name: name.to_owned(), value };
            let details = vec![detail("error", error.to_owned()), detail("error_description", description)];
            let (rule, reason) = (Some(rule.to_owned()), Some(reason.clone()));
            let status_number = status.as_u16();
            let view =
                pages::Refusal { frame: frame.clone(), status: status_number, kind, rule, reason, details, retry };
            view.page().with_status(status).into_response()
        };
        let bad = StatusCode::BAD_REQUEST;
        let response = match &self {
            Refusal::Parameter(error) => {
                page(bad, RefusalKind::BadParameter, "invalid_request", error.to_string(), None)
            }
            Refusal::Request(RequestError::Redirectable { redirect_uri, state, problem }) => {
                let registered = registered_scopes(problem).map(Scopes::to_string);
                let description = problem.to_string();
                let target = Target { redirect_uri: redirect_uri.clone(), state: None };
                target.answer(&[
                    ("error", Some(error_code(problem))),
                    ("error_description", Some(&description)),
                    ("state", state.as_deref()),
                    ("scope", registered.as_deref()),
                ])
            }
            Refusal::Request(error @ RequestError::ClientMissing) => {
                page(StatusCode::UNAUTHORIZED, RefusalKind::ClientMissing, "invalid_client", error.to_string(), None)
            }
            Refusal::Request(error @ RequestError::ClientUnknown { .. }) => {
                page(StatusCode::UNAUTHORIZED, RefusalKind::ClientUnknown, "invalid_client", error.to_string(), None)
            }
            Refusal::Request(error @ RequestError::GrantNotAllowed { .. }) => {
                page(bad, RefusalKind::ClientNotAllowed, "unauthorized_client", error.to_string(), None)
            }
            Refusal::Request(error @ RequestError::RedirectMismatch { requested, .. }) => {
                let kind = match requested {
                    Some(_) => RefusalKind::RedirectMismatch,
                    None => RefusalKind::RedirectMissing,
                };
                page(bad, kind, "invalid_grant", error.to_string(), None)
            }
            Refusal::User(name, error) => {
                page(bad, RefusalKind::BadParameter, "invalid_request", format!("{name}: {error}"), None)
            }
            Refusal::UnknownDecision => {
                let description = String::from("sandbox_decision is approve, deny or cancel");
                page(bad, RefusalKind::BadParameter, "invalid_request", description, None)
            }
            Refusal::UnknownButton => {
                let description = String::from("the form names no decision");
                page(bad, RefusalKind::BadParameter, "invalid_request", description, retry)
            }
            Refusal::ForgedForm(why) => {
                page(StatusCode::FORBIDDEN, RefusalKind::FormExpired, "access_denied", (*why).to_owned(), retry)
            }
            Refusal::CookiesMissing => {
                let description = String::from("the browser did not send the session cookie back");
                page(bad, RefusalKind::CookiesMissing, "invalid_request", description, retry)
            }
            Refusal::UnderAge(target, _) => told(target, "access_denied", "5030"),
            Refusal::Denied(target) | Refusal::Cancelled(target) => told(target, "access_denied", "User denied access"),
            Refusal::OtherUser(target) => told(target, "access_denied", "The user of the request is someone else"),
            Refusal::LoginRequired(target) => told(target, "login_required", "The citizen is not signed in"),
            Refusal::InteractionRequired(target) => {
                told(target, "interaction_required", "The citizen must be asked first")
            }
            Refusal::Internal(error) => {
                tracing::error!(%error, "an authorization request failed");
                let description = String::from("Server failed to process the request");
                page(StatusCode::INTERNAL_SERVER_ERROR, RefusalKind::Internal, "Internal error", description, retry)
            }
        };
        with_reason(response, rule, &in_ascii(&reason))
    }

    /// The id of the rule and the fix.
    fn reason(&self) -> (&'static str, String) {
        match self {
            Refusal::Parameter(error) => error.reason(),
            Refusal::Request(error) => request_reason(error),
            Refusal::User("user", error) => ("AUTH-USER", format!("user: {error}")),
            Refusal::User(name, error) => ("AUTH-USER-ID", format!("{name}: {error}")),
            Refusal::OtherUser(_) => (
                "AUTH-USER",
                String::from(
                    "the parameter user names another citizen than the one who identified: leave it out, or let that citizen identify",
                ),
            ),
            Refusal::UnknownDecision => ("AUTH-DECISION", String::from("sandbox_decision is approve, deny or cancel")),
            Refusal::UnknownButton => {
                ("AUTH-FORM", String::from("send the form as the page makes it: decision is missing or unknown"))
            }
            Refusal::ForgedForm(why) => ("AUTH-CSRF", format!("{why}: open the page anew and send its own form")),
            Refusal::CookiesMissing => (
                "AUTH-COOKIES",
                String::from(
                    "allow cookies for this address; a test without a browser sends user_id together with sandbox_decision",
                ),
            ),
            Refusal::UnderAge(_, under_age) => (
                "AUTH-AGE",
                format!(
                    "{under_age}; with age.sticky the browser session stays with this citizen, so delete its cookie to go on as another"
                ),
            ),
            Refusal::Denied(_) => {
                ("AUTH-DENIED", String::from("the citizen refused; show it and let them try again later"))
            }
            Refusal::Cancelled(_) => {
                ("AUTH-CANCELLED", String::from("the citizen left the identification; show it and let them try again"))
            }
            Refusal::LoginRequired(_) => {
                ("AUTH-LOGIN-REQUIRED", String::from("prompt=none, and no citizen is signed in in this browser"))
            }
            Refusal::InteractionRequired(_) => (
                "AUTH-INTERACTION-REQUIRED",
                String::from("prompt=none, but terms or consent must be shown (setting consent.remember)"),
            ),
            Refusal::Internal(error) => ("AUTH-INTERNAL", error.clone()),
        }
    }
}

/// Our own words without the typography that a header cannot carry.
pub fn in_ascii(text: &str) -> String {
    text.replace(['\u{2013}', '\u{2014}'], "-").replace('\u{2026}', "...").replace(['\u{2018}', '\u{2019}'], "'")
}

fn error_code(problem: &RequestProblem) -> &'static str {
    match problem {
        RequestProblem::ResponseType(_) => "unsupported_response_type",
        RequestProblem::ProfessionalClient => "unauthorized_client",
        RequestProblem::ScopeNotRegistered { .. } | RequestProblem::ScopeEmpty { .. } => "invalid_scope",
        RequestProblem::StateMissing
        | RequestProblem::PromptNoneWithOthers
        | RequestProblem::MaxAge(_)
        | RequestProblem::ChallengeMissing
        | RequestProblem::ChallengeMalformed
        | RequestProblem::ChallengeMethod(_)
        | RequestProblem::AudienceMissing
        | RequestProblem::AudienceUnknown(_) => "invalid_request",
    }
}

/// Upstream adds the client's scopes to a refusal of the requested ones.
fn registered_scopes(problem: &RequestProblem) -> Option<&Scopes> {
    match problem {
        RequestProblem::ScopeNotRegistered { registered, .. } | RequestProblem::ScopeEmpty { registered } => {
            Some(registered)
        }
        _ => None,
    }
}

fn request_reason(error: &RequestError) -> (&'static str, String) {
    match error {
        RequestError::ClientMissing => ("AUTH-CLIENT-MISSING", String::from("add client_id")),
        RequestError::ClientUnknown { client_id } => (
            "AUTH-CLIENT-UNKNOWN",
            format!("no client {client_id:?} is registered in this tenant; GET /_sandbox/clients lists them"),
        ),
        RequestError::GrantNotAllowed { client_id } => (
            "AUTH-CLIENT-KIND",
            format!(
                "{client_id:?} is a professional client, which has no browser flow: it asks the token endpoint with its own grant type; register a wellbeing client for citizens"
            ),
        ),
        RequestError::RedirectMismatch { requested: Some(requested), registered } => (
            "AUTH-REDIRECT-URI",
            format!("{requested:?} must equal a registered URI character by character: {}", registered.join(" ")),
        ),
        RequestError::RedirectMismatch { requested: None, registered } => (
            "AUTH-REDIRECT-URI",
            format!("redirect_uri may be left out only when one is registered; there are: {}", registered.join(" ")),
        ),
        RequestError::Redirectable { problem, .. } => problem_reason(problem),
    }
}

fn problem_reason(problem: &RequestProblem) -> (&'static str, String) {
    match problem {
        RequestProblem::ResponseType(_) => {
            ("AUTH-RESPONSE-TYPE", String::from("send response_type=code: there is no other flow"))
        }
        RequestProblem::ProfessionalClient => {
            ("AUTH-CLIENT-KIND", String::from("a professional client has no browser flow; register a wellbeing client"))
        }
        RequestProblem::StateMissing => {
            ("AUTH-STATE", String::from("send an unguessable state (settings state.required, smart.enabled)"))
        }
        RequestProblem::PromptNoneWithOthers => {
            ("AUTH-PROMPT", String::from("none forbids every page, so that no other value can stand beside it"))
        }
        RequestProblem::AudienceMissing | RequestProblem::AudienceUnknown(_) => {
            ("AUTH-AUD", String::from("aud is the base URL of the FHIR server you will call (setting smart.enabled)"))
        }
        RequestProblem::ScopeNotRegistered { .. } | RequestProblem::ScopeEmpty { .. } => {
            ("AUTH-SCOPE", problem.hint().unwrap_or_default())
        }
        RequestProblem::MaxAge(_) => {
            ("AUTH-MAX-AGE", String::from("max_age is a whole number of seconds, 0 or more, in digits"))
        }
        RequestProblem::ChallengeMalformed => (
            "AUTH-PKCE",
            String::from(
                "code_challenge has 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636, 4.2); with S256 it is the verifier's SHA-256 in base64url, 43 of them",
            ),
        ),
        RequestProblem::ChallengeMissing => (
            "AUTH-PKCE",
            String::from("send code_challenge and code_challenge_method=S256 (settings pkce, smart.enabled)"),
        ),
        RequestProblem::ChallengeMethod(_) => {
            ("AUTH-PKCE", String::from("code_challenge_method is S256 or plain; with smart.enabled only S256"))
        }
    }
}
