//! `GET` and `POST /_sandbox/clients`

use super::{Problem, read};
use crate::authorization::{Client, ClientError, NewClient};
use crate::http::context::App;
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
