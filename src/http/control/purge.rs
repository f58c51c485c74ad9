//! `POST /_sandbox/purge`: the real sandbox's quarterly purge, on demand.

use super::{Problem, read};
use crate::http::context::App;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::Span;
use serde::{Deserialize, Serialize};

/// How old is too old, as an ISO 8601 duration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    older_than: Option<String>,
}

/// What was done.
#[derive(Serialize)]
pub struct Done {
    removed: usize,
}

/// Removes what patients have that was last written longer ago than `older_than` (three months when not said).
pub async fn purge(State(app): State<App>, body: Bytes) -> Result<Json<Done>, Problem> {
    let order: Order = if body.is_empty() { Order { older_than: None } } else { read(&body)? };
    let text = order.older_than.as_deref().unwrap_or("P3M");
    let age: Option<Span> = text.parse().ok().filter(|age: &Span| !age.is_negative());
    let age =
        age.ok_or_else(|| Problem::invalid(format_args!("older_than: {text:?} is no duration such as P3M or P90D")))?;
    let removed = app.tenant.purge(age).map_err(|refusal| Problem::store(refusal.reason().1))?;
    Ok(Json(Done { removed }))
}
