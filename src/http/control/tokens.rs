//! `POST /_sandbox/tokens`

use super::{Problem, read};
use crate::authorization::{ProfessionalError, TokenResponse};
use crate::http::context::{App, Origin};
use crate::tenant::{ApproveError, TokenError};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

/// Who gives what to whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Id or personal identity code.
    citizen: String,
    client_id: String,
    /// Scopes separated by spaces; all that the client has registered when absent.
    scope: Option<String>,
}

/// What the browser flow would give: terms are accepted and the access right is recorded; 201 with the token response.
/// A professional client gets what its own grant gives: 403 without permission or care relationship.
pub async fn give(
    State(app): State<App>,
    origin: Origin,
    body: Bytes,
) -> Result<(StatusCode, Json<TokenResponse>), Problem> {
    let wanted: Wanted = read(&body)?;
    let token = app
        .tenant
        .token_for(&wanted.citizen, &wanted.client_id, wanted.scope.as_deref(), &origin.issuer())
        .map_err(|error| match error {
            TokenError::UnknownCitizen => super::citizens::unknown(&wanted.citizen),
            TokenError::UnknownClient(id) => {
                Problem::not_found("client", format_args!("{id:?}; GET /_sandbox/clients lists them"))
            }
            TokenError::Approve(ApproveError::Store(error))
            | TokenError::Professional(ProfessionalError::Store(error)) => Problem::store(error),
            TokenError::Professional(problem) => Problem::forbidden(problem),
            TokenError::Scope(problem) => {
                let hint = problem.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                Problem::invalid(format_args!("{problem}{hint}"))
            }
            _ => Problem::invalid(error),
        })?;
    Ok((StatusCode::CREATED, Json(token)))
}
