//! `GET jwk`: the public keys of signed tokens.

use super::response::json;
use crate::authorization::key_set;
use axum::http::StatusCode;
use axum::response::Response;

/// The handler.
pub async fn get() -> Response {
    json(StatusCode::OK, key_set())
}
