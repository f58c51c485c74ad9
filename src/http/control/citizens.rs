//! `GET`, `POST /_sandbox/citizens`; `GET`, `DELETE /_sandbox/citizens/{id}`

use super::{Problem, read};
use crate::citizens::{AddCitizenError, Citizen, Language, PersonalIdentityCode, is_slug};
use crate::http::context::App;
use crate::http::segments::Segments;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

/// All citizens.
pub async fn list(State(app): State<App>) -> Json<Vec<Citizen>> {
    Json(app.tenant.citizens.list())
}

/// One citizen, by id or personal identity code.
pub async fn show(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Citizen>, Problem> {
    app.tenant.citizens.get(&id).map(Json).ok_or_else(|| unknown(&id))
}

/// What a new citizen may say; all but the personal identity code has a default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCitizen {
    personal_identity_code: PersonalIdentityCode,
    id: Option<String>,
    given_names: Option<String>,
    family_name: Option<String>,
    language: Option<Language>,
    birth_date: Option<Date>,
    pseudonym: Option<Uuid>,
    description: Option<String>,
}

/// Adds a citizen; 201.
pub async fn add(State(app): State<App>, body: Bytes) -> Result<(StatusCode, Json<Citizen>), Problem> {
    let new: NewCitizen = read(&body)?;
    // Without an id the code, which is unique, makes one.
    let id = new.id.unwrap_or_else(|| format!("citizen-{}", slug_of(new.personal_identity_code.as_str())));
    let defaults = Citizen::new(id, new.personal_identity_code);
    let citizen = Citizen {
        given_names: new.given_names.unwrap_or(defaults.given_names),
        family_name: new.family_name.unwrap_or(defaults.family_name),
        language: new.language.unwrap_or(defaults.language),
        birth_date: new.birth_date.unwrap_or(defaults.birth_date),
        pseudonym: new.pseudonym,
        description: new.description.unwrap_or_default(),
        ..defaults
    };
    let citizen = app.tenant.citizens.add(citizen).map_err(|error| match error {
        AddCitizenError::IdTaken(_) | AddCitizenError::CodeTaken(..) | AddCitizenError::PseudonymTaken(..) => {
            Problem::conflict(error)
        }
        AddCitizenError::Store(error) => Problem::store(error),
        _ => Problem::invalid(error),
    })?;
    Ok((StatusCode::CREATED, Json(citizen)))
}

/// Removes a citizen with everything that belongs to them; 204.
pub async fn remove(State(app): State<App>, Segments(id): Segments<String>) -> Result<StatusCode, Problem> {
    match app.tenant.remove_citizen(&id) {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(unknown(&id)),
        Err(error) => Err(Problem::store(error)),
    }
}

/// 404. What may be a real person's code is never repeated.
pub fn unknown(id: &str) -> Problem {
    if is_slug(id) {
        return Problem::not_found("citizen", format_args!("{id:?}; GET /_sandbox/citizens lists them"));
    }
    match PersonalIdentityCode::parse(id) {
        Ok(code) => Problem::not_found("citizen", format_args!("with the personal identity code {}", code.masked())),
        Err(error) => {
            Problem::not_found("citizen", format_args!("of that name, and as a personal identity code: {error}"))
        }
    }
}

fn slug_of(code: &str) -> String {
    code.to_ascii_lowercase().replace('-', "h").replace('+', "p")
}
