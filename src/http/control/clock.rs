//! `GET`, `PUT /_sandbox/clock`

use super::{Problem, read};
use crate::http::context::App;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Serialize};

/// 2200-01-01, in seconds since 1970.
const LATEST: i64 = 7_258_118_400;

/// The tenant's clock.
#[derive(Serialize)]
pub struct Shown {
    now: Timestamp,
    frozen: bool,
}

/// What time it is for the tenant.
pub async fn show(State(app): State<App>) -> Json<Shown> {
    Json(shown(&app))
}

/// At least one of the three: an instant to show, a duration to move by (`PT1H`, `-P3D`, `P1M`), whether to stand still.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    now: Option<Timestamp>,
    advance: Option<String>,
    frozen: Option<bool>,
}

/// Sets, moves, stops or starts the clock.
pub async fn change(State(app): State<App>, body: Bytes) -> Result<Json<Shown>, Problem> {
    let change: Change = read(&body)?;
    if change.now.is_some() && change.advance.is_some() {
        return Err(Problem::invalid("Give either now or advance, not both."));
    }
    if change.now.is_none() && change.advance.is_none() && change.frozen.is_none() {
        return Err(Problem::invalid("Give now (2026-12-24T12:00:00Z), advance (PT1H, P1M) or frozen (true, false)."));
    }
    let earliest = Timestamp::from_second(0).unwrap_or_default();
    let in_range = |instant: Timestamp| {
        // FHIR instants and certificates have four-digit years, and time zones are known since 1970.
        if instant >= earliest && instant.as_second() < LATEST {
            Ok(())
        } else {
            Err(Problem::invalid("The clock can show 1970 to 2199."))
        }
    };
    change.now.map_or(Ok(()), in_range)?;
    let by = change.advance.map(|text| duration(&text, app.tenant.clock.now())).transpose()?;
    if let Some(by) = by {
        let now = app.tenant.clock.now();
        in_range(now.checked_add(by).map_err(Problem::invalid)?)?;
    }
    app.tenant
        .change_clock(|clock| {
            if let Some(frozen) = change.frozen {
                clock.freeze(frozen);
            }
            if let Some(now) = change.now {
                clock.set(now);
            }
            if let Some(by) = by {
                clock.advance(by);
            }
        })
        .map_err(Problem::store)?;
    Ok(Json(shown(&app)))
}

/// Months and years are counted by the Helsinki calendar from the present instant.
fn duration(text: &str, now: Timestamp) -> Result<SignedDuration, Problem> {
    let wrong = |error: jiff::Error| {
        Problem::invalid(format_args!("advance: {text:?} is no duration such as PT1H, P1M or -P3D ({error})"))
    };
    let span: Span = text.parse().map_err(wrong)?;
    let here = now.to_zoned(crate::time::helsinki().clone());
    span.to_duration(SpanRelativeTo::from(&here)).map_err(wrong)
}

/// The clock as it is now.
pub fn shown(app: &App) -> Shown {
    let clock = &app.tenant.clock;
    Shown { now: clock.now(), frozen: clock.state().frozen_at_ms.is_some() }
}
