//! Browser pages of other origins: everything is allowed, as on the recorded server.

use super::answer::{Answer, Body};
use super::call::Call;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
/// As recorded, without ETag (resource-server.md §5); the last is our own.
const EXPOSED: HeaderValue = HeaderValue::from_static("Content-Location, Location, Sandbox-Reason");
/// What a page may send, when it does not say what it wants to.
const ALLOWED: &str = "Accept, Authorization, Content-Type, If-Match, If-None-Exist, If-None-Match, Origin, Prefer, X-Request-ID, X-Requested-With";

/// Lets the page read the answer.
pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Whether a request is a browser's question before the real one.
pub(super) fn is_preflight(call: &Call) -> bool {
    call.method == Method::OPTIONS
        && call.headers.contains_key(header::ORIGIN)
        && call.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to it; it needs no token, since browsers send none.
pub(super) fn preflight(call: &Call) -> Answer {
    let mut answer = Answer::new(StatusCode::OK, Body::Empty);
    // `*` would not cover Authorization: the wanted names are given back.
    let wanted = call.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let fixed: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(HeaderValue::from_static(ALLOWED))),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("1800")),
    ];
    answer.headers.extend(fixed);
    answer
}
