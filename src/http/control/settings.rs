//! `GET`, `PUT /_sandbox/settings`, `GET /_sandbox/settings/descriptions`, `GET /_sandbox/settings/presets`

use super::{Problem, read};
use crate::http::context::App;
use crate::settings::{PRESETS, Preset, Settings};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
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

/// A preset, explained.
#[derive(Serialize)]
pub struct ShownPreset {
    name: &'static str,
    why: &'static str,
    settings: Map<String, Value>,
}

/// Every preset (`--kanta NAME`) with what it sets and why; its `settings` can be put as they are.
pub async fn presets() -> Json<Vec<ShownPreset>> {
    let shown = |preset: &Preset| ShownPreset { name: preset.name, why: preset.why, settings: preset.settings() };
    Json(PRESETS.iter().map(shown).collect())
}

/// A knob, explained.
#[derive(Serialize)]
pub struct Knob {
    name: &'static str,
    value: Option<Value>,
    default: Option<Value>,
    allowed: String,
    description: String,
}

/// Every knob with what it is for, its value, its default and the values it takes.
pub async fn describe(State(app): State<App>) -> Json<Vec<Knob>> {
    let (settings, defaults) = (app.tenant.settings(), Settings::default());
    let knob = |name: &&'static str| {
        let (description, allowed) = Settings::explain(name)?;
        Some(Knob { name, value: settings.get(name), default: defaults.get(name), allowed, description })
    };
    Json(Settings::NAMES.iter().filter_map(knob).collect())
}
