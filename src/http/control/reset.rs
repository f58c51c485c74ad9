//! `POST /_sandbox/reset`

use super::Problem;
use crate::http::context::App;
use axum::extract::State;
use axum::http::StatusCode;

/// Back to the seeded state, clock and settings included; 204. Takes the same time however much there is.
pub async fn reset(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.tenant.reset().map_err(Problem::store)?;
    Ok(StatusCode::NO_CONTENT)
}
