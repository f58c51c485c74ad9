//! Every way in which the token endpoint refuses, and its form on the wire in three dialects
//! (authorization-server.md §7.1, then §7.2).

use super::client_authentication::Unauthenticated;
use super::parameters::ParameterError;
use super::response::json;
use crate::authorization::{CodeError, ProfessionalError, RefreshError, RequestProblem};
use crate::citizens::PersonalIdentityCodeError;
use crate::http::reason::with_reason;
use crate::settings::{Dialect, RefreshStyle, Settings};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Why there is no token.
#[derive(Debug)]
pub enum TokenError {
    /// A parameter is empty or repeated.
    Parameter(ParameterError),
    /// No client has proven itself.
    Client(Unauthenticated),
    /// `grant_type` is missing.
    GrantTypeMissing,
    /// There is no such grant type.
    GrantTypeUnknown(String),
    /// The client may not use this grant type.
    GrantTypeNotAllowed(String),
    /// `code` is missing.
    CodeMissing,
    /// `refresh_token` is missing.
    RefreshTokenMissing,
    /// The code is worth nothing.
    Code {
        /// The code that was sent.
        code: String,
        /// What is wrong with it.
        problem: CodeError,
    },
    /// The refresh token is worth nothing.
    Refresh {
        /// The token that was sent.
        token: String,
        /// What is wrong with it.
        problem: RefreshError,
    },
    /// A professional application does not say whose data it wants.
    UserMissing,
    /// `user` is no acceptable personal identity code; it is never repeated.
    User(PersonalIdentityCodeError),
    /// The scopes cannot be given.
    Scope(RequestProblem),
    /// A professional application asks to write.
    ReadOnly(String),
    /// A professional application gets nothing.
    Professional(ProfessionalError),
    /// `token` is missing.
    TokenMissing,
    /// Another method than POST.
    Method(String),
    /// The sandbox failed.
    Internal(String),
}

/// Status, `error`, `error_description`.
pub(super) struct Wire(pub u16, pub &'static str, pub String);

/// The `WWW-Authenticate` of a 401.
pub(super) enum Challenge {
    /// As RFC 6749 wants it of the token endpoint.
    Basic,
    /// `Bearer` with the realm recorded.
    WithRealm,
    /// `Bearer` without it.
    WithoutRealm,
    /// As RFC 6750 wants it when there was no token.
    BearerAlone,
}

impl Wire {
    /// The answer.
    pub fn into_response(self, challenge: Challenge) -> Response {
        let Wire(status, error, description) = self;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = format!("{{\"error\":{},\"error_description\":{}}}", quoted(error), quoted(&description));
        let mut response = json(status, body);
        if status == StatusCode::UNAUTHORIZED {
            let description = header_text(&description);
            let challenge = match challenge {
                Challenge::Basic => String::from("Basic realm=\"openidconnect\""),
                Challenge::BearerAlone => String::from("Bearer realm=\"openidconnect\""),
                Challenge::WithRealm => {
                    format!("Bearer realm=\"openidconnect\", error=\"{error}\", error_description=\"{description}\"")
                }
                Challenge::WithoutRealm => format!("Bearer error=\"{error}\", error_description=\"{description}\""),
            };
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

/// The words recorded for a lack of rights.
pub(super) fn no_access_rights() -> Wire {
    Wire(403, "No access rights", String::from("Insufficient access rights for the resource"))
}

impl TokenError {
    /// The answer in the dialect of the settings.
    pub fn into_response(self, settings: &Settings) -> Response {
        let Wire(status, error, description) = match settings.errors_dialect {
            Dialect::Kela => self.in_kelas_words(settings.errors_refresh_style),
            Dialect::Spring => self.in_upstreams_words(settings.errors_refresh_style),
            Dialect::Rfc => self.in_the_rfcs_words(),
        };
        let challenge = match (settings.errors_dialect, &self) {
            (Dialect::Rfc, _) => Challenge::Basic,
            (_, TokenError::Client(_)) => Challenge::WithRealm,
            // Upstream's answer to other failures has no realm.
            _ => Challenge::WithoutRealm,
        };
        let response = Wire(status, error, description).into_response(challenge);
        if let TokenError::Internal(error) = &self {
            tracing::error!(%error, "a token request failed");
        }
        let (rule, reason) = self.reason();
        with_reason(response, rule, &reason)
    }

    /// The texts recorded of the real service, upstream's where none is.
    fn in_kelas_words(&self, refresh_style: RefreshStyle) -> Wire {
        match self {
            TokenError::Client(_) => Wire(401, "unauthorized", String::from("Full authentication is required")),
            TokenError::Internal(_)
            | TokenError::Code { problem: CodeError::Store(_), .. }
            | TokenError::Professional(ProfessionalError::Store(_))
            | TokenError::Refresh { problem: RefreshError::Store(_), .. } => {
                Wire(500, "Database error", String::from("Error communicating with the database"))
            }
            TokenError::Professional(_) => no_access_rights(),
            other => other.in_upstreams_words(refresh_style),
        }
    }

    fn in_upstreams_words(&self, refresh_style: RefreshStyle) -> Wire {
        let invalid_request = |text: &str| Wire(400, "invalid_request", text.to_owned());
        match self {
            TokenError::Parameter(error) => Wire(400, "invalid_request", error.to_string()),
            TokenError::Client(Unauthenticated::NoClient) => {
                Wire(401, "unauthorized", String::from("Full authentication is required to access this resource"))
            }
            TokenError::Client(_) => Wire(401, "invalid_client", String::from("Bad client credentials")),
            TokenError::GrantTypeMissing => invalid_request("Missing grant type"),
            TokenError::GrantTypeUnknown(word) => {
                Wire(400, "unsupported_grant_type", format!("Unsupported grant type: {word}"))
            }
            TokenError::GrantTypeNotAllowed(word) => {
                Wire(401, "invalid_client", format!("Unauthorized grant type: {word}"))
            }
            TokenError::CodeMissing => invalid_request("An authorization code must be supplied."),
            TokenError::RefreshTokenMissing => invalid_request("A refresh token must be supplied."),
            TokenError::Code { code, problem } => match problem {
                CodeError::OtherClient => Wire(401, "invalid_client", String::from("Client ID mismatch")),
                CodeError::RedirectMismatch => Wire(400, "invalid_grant", String::from("Redirect URI mismatch.")),
                CodeError::VerifierMismatch => invalid_request("Code challenge and verifier do not match"),
                CodeError::Store(error) => Wire(500, "server_error", error.to_string()),
                CodeError::Unknown
                | CodeError::Used(_)
                | CodeError::Expired(_)
                | CodeError::Superseded
                | CodeError::Withdrawn => Wire(
                    400,
                    "invalid_grant",
                    format!("JpaAuthorizationCodeRepository: no authorization code found for value {code}"),
                ),
            },
            TokenError::Refresh { token, problem } => {
                let bad = |text: String| match refresh_style {
                    RefreshStyle::Mitreid => Wire(401, "invalid_token", text),
                    RefreshStyle::Rfc6749 => Wire(400, "invalid_grant", text),
                };
                match problem {
                    RefreshError::Unknown
                    | RefreshError::Withdrawn
                    | RefreshError::CitizenGone
                    | RefreshError::NothingLeft { .. } => bad(format!("Invalid refresh token: {token}")),
                    RefreshError::Expired(_) => bad(format!("Expired refresh token: {token}")),
                    RefreshError::OtherClient => {
                        let text = "Client does not own the presented refresh token";
                        Wire(401, "invalid_client", text.to_owned())
                    }
                    RefreshError::NotAllowed => {
                        Wire(401, "invalid_client", String::from("Client does not allow refreshing access token!"))
                    }
                    RefreshError::UpScoping { .. } => {
                        Wire(400, "invalid_scope", String::from("Up-scoping is not allowed."))
                    }
                    RefreshError::Store(error) => Wire(500, "server_error", error.to_string()),
                }
            }
            TokenError::UserMissing => invalid_request("A user must be supplied."),
            TokenError::User(_) => invalid_request("The user is not a personal identity code"),
            TokenError::Scope(problem) => Wire(400, "invalid_scope", problem.to_string()),
            TokenError::ReadOnly(scopes) => Wire(400, "invalid_scope", format!("Invalid scope: {scopes}")),
            TokenError::Professional(ProfessionalError::Store(error)) => Wire(500, "server_error", error.to_string()),
            TokenError::Professional(_) => {
                Wire(403, "access_denied", String::from("The citizen's data is not available"))
            }
            TokenError::TokenMissing => invalid_request("A token must be supplied."),
            TokenError::Method(method) => {
                Wire(405, "method_not_allowed", format!("Request method '{method}' not supported"))
            }
            TokenError::Internal(error) => Wire(500, "server_error", error.clone()),
        }
    }

    /// The codes and statuses of RFC 6749, 5.2.
    fn in_the_rfcs_words(&self) -> Wire {
        match self {
            TokenError::Client(_) => Wire(401, "invalid_client", String::from("Client authentication failed")),
            TokenError::GrantTypeNotAllowed(_) | TokenError::Refresh { problem: RefreshError::NotAllowed, .. } => {
                Wire(400, "unauthorized_client", String::from("The client may not use this grant type"))
            }
            TokenError::Code { problem: CodeError::Store(_), .. }
            | TokenError::Refresh { problem: RefreshError::Store(_), .. } => {
                Wire(500, "server_error", String::from("The server failed"))
            }
            TokenError::Professional(ProfessionalError::Store(_)) => {
                Wire(500, "server_error", String::from("The server failed"))
            }
            TokenError::Professional(_) => {
                Wire(400, "invalid_grant", String::from("The citizen's data is not available"))
            }
            TokenError::Code { .. } => {
                Wire(400, "invalid_grant", String::from("The code is not valid for this request"))
            }
            TokenError::Refresh { problem: RefreshError::UpScoping { .. }, .. } => {
                Wire(400, "invalid_scope", String::from("The scope exceeds what was granted"))
            }
            TokenError::Refresh { .. } => {
                Wire(400, "invalid_grant", String::from("The refresh token is not valid for this request"))
            }
            other => other.in_upstreams_words(RefreshStyle::Rfc6749),
        }
    }

    /// The id of the rule and the fix.
    fn reason(&self) -> (&'static str, String) {
        match self {
            TokenError::Parameter(error) => error.reason(),
            TokenError::Client(cause) => ("TOKEN-CLIENT", cause.to_string()),
            TokenError::GrantTypeMissing => {
                ("TOKEN-GRANT-TYPE", String::from("send grant_type=authorization_code or refresh_token"))
            }
            TokenError::GrantTypeUnknown(_) => (
                "TOKEN-GRANT-TYPE",
                String::from(
                    "grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types",
                ),
            ),
            TokenError::GrantTypeNotAllowed(word) if word == "authorization_code" => {
                ("TOKEN-GRANT-TYPE", String::from("a professional client has no browser flow and so no codes"))
            }
            TokenError::GrantTypeNotAllowed(_) => (
                "TOKEN-GRANT-TYPE",
                String::from(
                    "this grant type is for clients of the kind professional; a citizen approves others in the browser",
                ),
            ),
            TokenError::UserMissing => (
                "TOKEN-PROFESSIONAL-USER",
                String::from("send user, the personal identity code of the citizen (individual number 900-999)"),
            ),
            TokenError::User(error) => ("TOKEN-PROFESSIONAL-USER", format!("user: {error}")),
            TokenError::Scope(problem) => ("TOKEN-SCOPE", problem.hint().unwrap_or_default()),
            TokenError::ReadOnly(_) => (
                "TOKEN-PROFESSIONAL-SCOPE",
                String::from(
                    "a professional application only reads: ask for scopes that end with .read, or leave scope out",
                ),
            ),
            TokenError::Professional(problem) => ("TOKEN-PROFESSIONAL", problem.to_string()),
            TokenError::TokenMissing => ("TOKEN-TOKEN", String::from("send the token as the form parameter token")),
            TokenError::CodeMissing => ("TOKEN-CODE", String::from("send the code that the redirect brought")),
            TokenError::RefreshTokenMissing => {
                ("TOKEN-REFRESH", String::from("send the refresh_token of an earlier token response"))
            }
            TokenError::Code { problem, .. } => (code_rule(problem), problem.to_string()),
            TokenError::Refresh { problem, .. } => ("TOKEN-REFRESH", problem.to_string()),
            TokenError::Method(_) => ("TOKEN-METHOD", String::from("use POST; parameters in a URL end up in logs")),
            TokenError::Internal(error) => ("TOKEN-INTERNAL", error.clone()),
        }
    }
}

fn code_rule(problem: &CodeError) -> &'static str {
    match problem {
        CodeError::Unknown => "TOKEN-CODE-UNKNOWN",
        CodeError::Used(_) => "TOKEN-CODE-USED",
        CodeError::Expired(_) => "TOKEN-CODE-EXPIRED",
        CodeError::Superseded => "TOKEN-CODE-SUPERSEDED",
        CodeError::Withdrawn => "TOKEN-CODE-WITHDRAWN",
        CodeError::OtherClient => "TOKEN-CODE-OTHER-CLIENT",
        CodeError::RedirectMismatch => "TOKEN-REDIRECT-URI",
        CodeError::VerifierMismatch => "TOKEN-PKCE",
        CodeError::Store(_) => "TOKEN-INTERNAL",
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text within the quotes of a header's parameter.
fn header_text(text: &str) -> String {
    text.chars().map(|each| if matches!(each, ' '..='~') && each != '"' && each != '\\' { each } else { '?' }).collect()
}
