//! What a professional application needs of a citizen: `GET`, `PUT /_sandbox/citizens/{id}/professional-permission`,
//! `GET /_sandbox/citizens/{id}/care-relationships`, `PUT`, `DELETE …/care-relationships/{client_id}`

use super::citizens::unknown;
use super::{Problem, read};
use crate::authorization::{CareRelationship, ClientKind};
use crate::citizens::Citizen;
use crate::http::context::App;
use crate::http::segments::Segments;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a citizen permits professionals to see the data.
#[derive(Serialize)]
pub struct ShownPermission {
    permitted: bool,
    /// `null` when the citizen never said anything.
    since: Option<Timestamp>,
}

/// What the citizen is to have said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    permitted: bool,
}

/// A care relationship as the control API shows it.
#[derive(Serialize)]
pub struct ShownRelationship {
    client_id: String,
    in_force: bool,
    since: Timestamp,
}

impl From<CareRelationship> for ShownRelationship {
    fn from(relationship: CareRelationship) -> ShownRelationship {
        let CareRelationship { client_id, standing } = relationship;
        ShownRelationship { client_id, in_force: standing.holds, since: standing.since }
    }
}

/// The permission.
pub async fn permission(
    State(app): State<App>,
    Segments(id): Segments<String>,
) -> Result<Json<ShownPermission>, Problem> {
    let citizen = citizen(&app, &id)?;
    let standing = app.tenant.authorization.professional_permission(&citizen.id);
    Ok(Json(ShownPermission {
        permitted: standing.is_some_and(|standing| standing.holds),
        since: standing.map(|standing| standing.since),
    }))
}

/// Permits or forbids, as the citizen would.
pub async fn permit(
    State(app): State<App>,
    Segments(id): Segments<String>,
    body: Bytes,
) -> Result<Json<ShownPermission>, Problem> {
    let said: Said = read(&body)?;
    let citizen = citizen(&app, &id)?;
    let now = app.tenant.clock.now();
    let standing = app.tenant.authorization.permit_professionals(&citizen.id, said.permitted, now);
    let standing = standing.map_err(Problem::store)?;
    Ok(Json(ShownPermission { permitted: standing.holds, since: Some(standing.since) }))
}

/// All care relationships, past ones included.
pub async fn relationships(
    State(app): State<App>,
    Segments(id): Segments<String>,
) -> Result<Json<Vec<ShownRelationship>>, Problem> {
    let citizen = citizen(&app, &id)?;
    let all = app.tenant.authorization.care_relationships(&citizen.id);
    Ok(Json(all.into_iter().map(ShownRelationship::from).collect()))
}

/// Begins one with the organisation behind a professional client.
pub async fn begin(
    State(app): State<App>,
    Segments((id, client_id)): Segments<(String, String)>,
) -> Result<Json<ShownRelationship>, Problem> {
    let citizen = citizen(&app, &id)?;
    let client = app.tenant.authorization.client(&client_id);
    let client = client
        .ok_or_else(|| Problem::not_found("client", format_args!("{client_id:?}; GET /_sandbox/clients lists them")))?;
    if client.kind != ClientKind::Professional {
        return Err(Problem::conflict(format_args!(
            "Client {client_id:?} is no professional one: a citizen approves it in the browser."
        )));
    }
    let now = app.tenant.clock.now();
    let begun = app.tenant.authorization.set_care_relationship(&citizen.id, &client_id, true, now);
    Ok(Json(begun.map_err(Problem::store)?.into()))
}

/// Ends one; 204.
pub async fn end(
    State(app): State<App>,
    Segments((id, client_id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    let citizen = citizen(&app, &id)?;
    let all = app.tenant.authorization.care_relationships(&citizen.id);
    if !all.iter().any(|each| each.client_id == client_id && each.standing.holds) {
        let what = format_args!("of {} with client {client_id:?}", citizen.id);
        return Err(Problem::not_found("care relationship", what));
    }
    let now = app.tenant.clock.now();
    let ended = app.tenant.authorization.set_care_relationship(&citizen.id, &client_id, false, now);
    ended.map_err(Problem::store).map(|_| StatusCode::NO_CONTENT)
}

fn citizen(app: &App, id: &str) -> Result<Citizen, Problem> {
    app.tenant.citizens.get(id).ok_or_else(|| unknown(id))
}
