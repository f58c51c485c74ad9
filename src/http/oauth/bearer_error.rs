//! The bearer of an access token or a registration access token, and every way in which they are refused
//! (authorization-server.md §7.1).

use super::token_error::{Challenge, Wire, no_access_rights};
use crate::authorization::AccessError;
use crate::http::reason::with_reason;
use crate::settings::{Dialect, Settings};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

/// Why a bearer is refused.
#[derive(Debug)]
pub enum BearerError {
    /// There is no token.
    Missing,
    /// The access token is not accepted.
    Bad {
        /// The token.
        token: String,
        /// What is wrong with it.
        problem: AccessError,
    },
    /// The token is no registration access token of this tenant.
    NoRegistration {
        /// The token.
        token: String,
    },
    /// The access token was not given for `openid`.
    NoOpenId,
    /// The citizen's Patient is gone.
    PatientGone,
}

/// The token of `Authorization: Bearer`, or of the form.
pub fn bearer<'r>(headers: &'r HeaderMap, form: Option<&'r str>) -> Result<&'r str, BearerError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    header.or(form).filter(|token| !token.is_empty()).ok_or(BearerError::Missing)
}

impl BearerError {
    /// The answer in the dialect of the settings.
    pub fn into_response(self, settings: &Settings) -> Response {
        let wire = match settings.errors_dialect {
            Dialect::Kela => self.in_kelas_words(),
            Dialect::Spring => self.in_upstreams_words(),
            Dialect::Rfc => self.in_the_rfcs_words(),
        };
        let challenge = match (settings.errors_dialect, &self) {
            (Dialect::Rfc, BearerError::Missing) => Challenge::BearerAlone,
            _ => Challenge::WithRealm,
        };
        let (rule, reason) = self.reason();
        let is_scope = wire.1 == "insufficient_scope";
        let mut response = wire.into_response(challenge);
        if is_scope {
            let lacking = "Bearer realm=\"openidconnect\", error=\"insufficient_scope\", error_description=\"Insufficient scope for this resource\", scope=\"openid\"";
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(lacking));
        }
        with_reason(response, rule, &reason)
    }

    fn in_kelas_words(&self) -> Wire {
        match self {
            BearerError::Missing => Wire(401, "unauthorized", String::from("Full authentication is required")),
            BearerError::NoRegistration { .. } | BearerError::NoOpenId | BearerError::PatientGone => no_access_rights(),
            BearerError::Bad { .. } => self.in_upstreams_words(),
        }
    }

    fn in_upstreams_words(&self) -> Wire {
        match self {
            BearerError::Missing => {
                Wire(401, "unauthorized", String::from("Full authentication is required to access this resource"))
            }
            BearerError::Bad { token, problem: AccessError::Expired(_) } => {
                Wire(401, "invalid_token", format!("Expired access token: {token}"))
            }
            BearerError::Bad { token, .. } | BearerError::NoRegistration { token } => {
                Wire(401, "invalid_token", format!("Invalid access token: {token}"))
            }
            BearerError::NoOpenId => {
                Wire(403, "insufficient_scope", String::from("Insufficient scope for this resource"))
            }
            BearerError::PatientGone => Wire(403, "access_denied", String::from("Access is denied")),
        }
    }

    /// The codes and statuses of RFC 6750, 3.1.
    fn in_the_rfcs_words(&self) -> Wire {
        match self {
            BearerError::Missing => Wire(401, "invalid_token", String::from("An access token is required")),
            BearerError::Bad { .. } | BearerError::NoRegistration { .. } => {
                Wire(401, "invalid_token", String::from("The access token is not valid"))
            }
            other => other.in_upstreams_words(),
        }
    }

    /// The id of the rule and the fix.
    fn reason(&self) -> (&'static str, String) {
        match self {
            BearerError::Missing => ("AUTH-BEARER", String::from("send Authorization: Bearer and the token")),
            BearerError::Bad { problem, .. } => ("AUTH-BEARER", problem.to_string()),
            BearerError::NoRegistration { .. } => (
                "AUTH-REGISTRATION-TOKEN",
                String::from("send the registration_access_token that the registration was answered with"),
            ),
            BearerError::NoOpenId => {
                ("AUTH-USERINFO-SCOPE", String::from("userinfo needs a token that was approved for openid"))
            }
            BearerError::PatientGone => (
                "AUTH-USERINFO-PATIENT",
                String::from(
                    "the citizen's Patient was deleted on the open endpoint; POST /_sandbox/reset brings it back",
                ),
            ),
        }
    }
}
