//! `GET /_sandbox/citizens/{id}/access-rights`, `DELETE …/access-rights/{client_id}`

use super::Problem;
use super::citizens::unknown;
use crate::authorization::{AccessRight, RightError, Scopes};
use crate::http::context::App;
use crate::http::segments::Segments;
use crate::tenant::WithdrawError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

/// An access right as the control API shows it.
#[derive(Serialize)]
pub struct Shown {
    client_id: String,
    scope: Scopes,
    since: Timestamp,
    withdrawn_at: Option<Timestamp>,
}

impl From<AccessRight> for Shown {
    fn from(right: AccessRight) -> Shown {
        let AccessRight { client_id, scopes, since, withdrawn_at, .. } = right;
        Shown { client_id, scope: scopes, since, withdrawn_at }
    }
}

/// What the citizen has approved, withdrawn rights included.
pub async fn list(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Vec<Shown>>, Problem> {
    let citizen = app.tenant.citizens.get(&id).ok_or_else(|| unknown(&id))?;
    Ok(Json(app.tenant.authorization.access_rights(&citizen.id).into_iter().map(Shown::from).collect()))
}

/// Withdraws one as the citizen would; 204.
pub async fn withdraw(
    State(app): State<App>,
    Segments((id, client_id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    let citizen = app.tenant.citizens.get(&id).ok_or_else(|| unknown(&id))?;
    match app.tenant.withdraw(&citizen.id, &client_id) {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(WithdrawError::UnknownCitizen) => Err(unknown(&id)),
        Err(WithdrawError::Right(RightError::NotGiven)) => {
            Err(Problem::not_found("access right", format_args!("of {} for client {client_id:?}", citizen.id)))
        }
        Err(WithdrawError::Right(RightError::Store(error))) => Err(Problem::store(error)),
    }
}
