//! `GET`, `PUT /_sandbox/settings`

use super::{Problem, read};
use crate::http::context::App;
use crate::settings::Settings;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Map, Value};

/// Every knob with its value.
pub async fn show(State(app): State<App>) -> Json<Settings> {
    Json(Settings::clone(&app.tenant.settings()))
}

/// Changes the knobs that the body names: all of them, or none.
pub async fn change(State(app): State<App>, body: Bytes) -> Result<Json<Settings>, Problem> {
    let changes: Map<String, Value> = read(&body)?;
    app.tenant.update_settings(&changes).map_err(Problem::invalid)?;
    Ok(Json(Settings::clone(&app.tenant.settings())))
}
