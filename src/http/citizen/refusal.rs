//! Every way in which one of these pages says no.

use crate::http::oauth::parameters::ParameterError;
use crate::http::pages::{self, Detail, Frame, RefusalKind};
use crate::http::reason::with_reason;
use crate::tenant::UnderAge;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why a request to the citizen's pages was refused.
#[derive(Debug)]
pub enum Refusal {
    /// A parameter is repeated or not text.
    Parameter(ParameterError),
    /// A form says nothing that the page offers.
    UnknownButton,
    /// A form came without our token, or from another site.
    ForgedForm(&'static str),
    /// The browser does not keep our cookie.
    CookiesMissing,
    /// The citizen is too young.
    UnderAge(UnderAge),
    /// No such page, or nothing of the citizen's there.
    NotFound(&'static str),
    /// The sandbox failed.
    Internal(String),
}

impl Refusal {
    /// An inner failure, for the log and the header.
    pub fn internal(error: impl std::fmt::Display) -> Refusal {
        Refusal::Internal(error.to_string())
    }

    /// The page. `onward` is the address at which one may go on.
    pub fn into_response(self, frame: Frame, onward: String) -> Response {
        let (status, kind, rule, reason) = match self {
            Refusal::Parameter(error) => {
                let (rule, reason) = error.reason();
                (StatusCode::BAD_REQUEST, RefusalKind::BadParameter, rule, reason)
            }
            Refusal::UnknownButton => {
                let reason = String::from("send the form as the page makes it: a field is missing or unknown");
                (StatusCode::BAD_REQUEST, RefusalKind::BadParameter, "CITIZEN-FORM", reason)
            }
            Refusal::ForgedForm(why) => {
                let reason = format!("{why}: open the page anew and send its own form");
                (StatusCode::FORBIDDEN, RefusalKind::FormExpired, "CITIZEN-CSRF", reason)
            }
            Refusal::CookiesMissing => {
                let reason = String::from("allow cookies for this address");
                (StatusCode::BAD_REQUEST, RefusalKind::CookiesMissing, "CITIZEN-COOKIES", reason)
            }
            Refusal::UnderAge(under_age) => {
                let reason = format!("{under_age}; sign out to go on as another");
                (StatusCode::FORBIDDEN, RefusalKind::UnderAge, "CITIZEN-AGE", reason)
            }
            Refusal::NotFound(what) => {
                (StatusCode::NOT_FOUND, RefusalKind::NotFound, "CITIZEN-NOT-FOUND", what.to_owned())
            }
            Refusal::Internal(error) => {
                tracing::error!(%error, "one of the citizen's pages failed");
                (StatusCode::INTERNAL_SERVER_ERROR, RefusalKind::Internal, "CITIZEN-INTERNAL", error)
            }
        };
        let details = match kind {
            RefusalKind::UnderAge => vec![Detail { name: String::from("error"), value: String::from("5030") }],
            _ => Vec::new(),
        };
        let view = pages::Refusal {
            frame,
            status: status.as_u16(),
            kind,
            rule: Some(rule.to_owned()),
            reason: Some(reason.clone()),
            details,
            retry: Some(onward),
        };
        with_reason(view.page().into_response(), rule, &reason)
    }
}
