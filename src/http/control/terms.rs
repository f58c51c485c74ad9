//! `GET`, `DELETE /_sandbox/citizens/{id}/terms`

use super::Problem;
use super::citizens::unknown;
use crate::authorization::TermsAcceptance;
use crate::http::context::App;
use crate::http::segments::Segments;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// The versions of the terms of use that the citizen has accepted, withdrawn ones included, the oldest first.
pub async fn list(
    State(app): State<App>,
    Segments(id): Segments<String>,
) -> Result<Json<Vec<TermsAcceptance>>, Problem> {
    let citizen = app.tenant.citizens.get(&id).ok_or_else(|| unknown(&id))?;
    Ok(Json(app.tenant.authorization.terms_acceptances(&citizen.id)))
}

/// Takes the acceptance back as the citizen would, and every access right with it; 204.
pub async fn withdraw(State(app): State<App>, Segments(id): Segments<String>) -> Result<StatusCode, Problem> {
    let citizen = app.tenant.citizens.get(&id).ok_or_else(|| unknown(&id))?;
    app.tenant.withdraw_terms(&citizen).map_err(Problem::store)?;
    Ok(StatusCode::NO_CONTENT)
}
