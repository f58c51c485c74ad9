//! `GET`, `POST /_sandbox/clients` and `GET`, `DELETE /_sandbox/clients/{client_id}`

use super::{Problem, read};
use crate::authorization::{Client, ClientError, NewClient};
use crate::http::context::App;
use crate::http::segments::Segments;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;

/// All registered clients, with their secrets: this is the developer's own machine.
pub async fn list(State(app): State<App>) -> Json<Vec<Client>> {
    Json(app.tenant.authorization.clients())
}

/// Registers a client; 201 with its id and secret.
pub async fn add(State(app): State<App>, body: Bytes) -> Result<(StatusCode, Json<Client>), Problem> {
    let new: NewClient = read(&body)?;
    let client = app.tenant.authorization.add_client(new, &app.tenant.random).map_err(|error| match error {
        ClientError::Taken(_) => Problem::conflict(error),
        ClientError::Store(error) => Problem::store(error),
        _ => Problem::invalid(error),
    })?;
    Ok((StatusCode::CREATED, Json(client)))
}

/// One client.
pub async fn show(State(app): State<App>, Segments(client_id): Segments<String>) -> Result<Json<Client>, Problem> {
    app.tenant.authorization.client(&client_id).map(Json).ok_or_else(|| unknown(&client_id))
}

/// Removes a client; 204. Its codes, tokens and access rights end with it. What it stored stays.
pub async fn remove(State(app): State<App>, Segments(client_id): Segments<String>) -> Result<StatusCode, Problem> {
    match app.tenant.authorization.remove_client(&client_id).map_err(Problem::store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&client_id)),
    }
}

fn unknown(client_id: &str) -> Problem {
    Problem::not_found("client", format_args!("{client_id:?}"))
}
