//! Who may use the control API: programs of this machine, and pages of the sandbox itself.

use super::Problem;
use crate::http::context::{Front, Origin};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use subtle::ConstantTimeEq;

/// Calls that a health check or a trust store needs without a secret.
const PUBLIC: [&str; 2] = ["/_sandbox/health", "/_sandbox/ca.pem"];

/// Refuses pages of other origins (a web page a developer happens to open must not steer their sandbox), and callers
/// without the control token when there is one.
pub fn guard(parts: &Parts, front: &Front, origin: &Origin) -> Result<(), Box<Problem>> {
    let header = |name| parts.headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let from = header(header::ORIGIN);
    let site = header(header::HeaderName::from_static("sec-fetch-site"));
    if from.is_some_and(|from| !origin.is_own(from)) || matches!(site, Some("cross-site" | "same-site")) {
        return Err(Box::new(Problem::new(
            StatusCode::FORBIDDEN,
            "cross-origin",
            "The control API does not answer to other origins",
            "A page of another origin sent this request. Call the control API from a program or from your test code.",
        )));
    }
    let Some(token) = &front.control_token else { return Ok(()) };
    if PUBLIC.contains(&parts.uri.path()) {
        return Ok(());
    }
    let given = header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
        return Ok(());
    }
    Err(Box::new(Problem::new(
        StatusCode::UNAUTHORIZED,
        "control-token",
        "The control API asks for a token",
        "Send the value of --control-token as Authorization: Bearer TOKEN.",
    )))
}
