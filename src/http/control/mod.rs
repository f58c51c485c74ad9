//! The control API of the developer's own machine, `/_sandbox/…`. README.md lists the calls.
//!
//! Bodies and answers are JSON; a refusal is a [`Problem`]. It is no part of the emulated service.

pub mod access_rights;
pub mod certificates;
pub mod citizens;
pub mod clients;
pub mod clock;
pub mod exchanges;
mod guard;
pub mod overview;
mod problem;
pub mod records;
pub mod reset;
pub mod settings;
pub mod tokens;
pub mod validate;

pub use guard::guard;
pub use problem::{Problem, read};

/// 404 in this surface's own form.
pub async fn nothing_there(uri: axum::http::Uri) -> Problem {
    Problem::not_found("call", uri.path())
}
