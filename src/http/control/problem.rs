//! Errors of the control API: `application/problem+json` (RFC 9457).

use crate::http::reason::{SANDBOX_REASON, reason};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// A refusal of the control API.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Which kind of problem, as a URI relative to the control API's documentation.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    status: u16,
    /// What is wrong this time, and what to do.
    detail: String,
}

impl Problem {
    /// A problem with a short name such as `unknown-citizen`.
    pub fn new(status: StatusCode, name: &str, title: &'static str, detail: impl Display) -> Problem {
        Problem {
            kind: format!("/_sandbox/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: detail.to_string(),
        }
    }

    /// What is wrong this time, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// 400: the body or a parameter is not what the call takes.
    pub fn invalid(detail: impl Display) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid-request", "The request is not what this call takes", detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(what: &str, id: impl Display) -> Problem {
        let detail = format!("There is no {what} {id}.");
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 403: the rules that are emulated forbid it.
    pub fn forbidden(detail: impl Display) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "The emulated rules forbid it", detail)
    }

    /// 409: something else has it already.
    pub fn conflict(detail: impl Display) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", "The request conflicts with what is there", detail)
    }

    /// 500: the store could not take it.
    pub fn store(detail: impl Display) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "store-failed", "The store could not take the change", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let name = self.kind.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
        let reason = reason(&format!("CONTROL-{name}"), &self.detail);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(SANDBOX_REASON, reason);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// Reads a JSON body; what is wrong with it is told with line and column.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Otherwise an array would pass as the values of the members in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid("The body must be a JSON object."));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::invalid(format_args!("The body is not what this call takes: {error}")))
}
