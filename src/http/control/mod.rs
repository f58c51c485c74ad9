//! The control API of the developer's own machine, `/_sandbox/…`. docs/control-api.md lists the calls.
//!
//! Bodies and answers are JSON; a refusal is a [`Problem`]. It is no part of the emulated service.

pub mod access_rights;
pub mod certificates;
pub mod citizens;
pub mod clients;
pub mod clock;
pub mod exchanges;
pub mod faults;
mod guard;
pub mod overview;
mod problem;
pub mod professionals;
pub mod purge;
pub mod records;
pub mod reset;
pub mod settings;
pub mod terms;
pub mod tokens;
pub mod validate;

pub use guard::guard;
pub use problem::{Problem, read};

/// 404 in this surface's own form.
pub async fn nothing_there(uri: axum::http::Uri) -> Problem {
    Problem::not_found("call", uri.path())
}

/// 405 for a path that has other methods.
pub async fn other_method(method: axum::http::Method, uri: axum::http::Uri) -> axum::response::Response {
    use axum::response::IntoResponse;
    let text = format!("{} does not take {method}.", uri.path());
    if uri.path().starts_with("/_sandbox") {
        let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
        return Problem::new(status, "method-not-allowed", "The call does not take this method", text).into_response();
    }
    super::entrance::refusal(axum::http::StatusCode::METHOD_NOT_ALLOWED, "HTTP-METHOD", &text)
}
