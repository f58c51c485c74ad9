//! `GET`, `PUT`, `DELETE /_sandbox/faults`: scripted faults.

use super::Problem;
use crate::exchanges::FaultRule;
use crate::http::context::App;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;

/// Beyond this a script is a mistake.
const MOST: usize = 100;

/// The rules in force.
pub async fn show(State(app): State<App>) -> Json<Vec<FaultRule>> {
    Json(app.tenant.faults().map(|faults| faults.rules().to_vec()).unwrap_or_default())
}

/// Puts an array of rules in place of those in force: all of them, or none. Their counts begin anew.
pub async fn change(State(app): State<App>, body: Bytes) -> Result<Json<Vec<FaultRule>>, Problem> {
    let rules: Vec<serde_json::Value> = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format_args!("The body must be a JSON array of fault rules: {error}")))?;
    if rules.len() > MOST {
        return Err(Problem::invalid(format_args!("There can be {MOST} rules at most.")));
    }
    let read = |(index, rule): (usize, serde_json::Value)| {
        let wrong = |problem: String| Problem::invalid(format_args!("Rule {}: {problem}.", index + 1));
        if !rule.is_object() {
            return Err(wrong("it must be an object with match and fault".to_owned()));
        }
        let rule: FaultRule = serde_json::from_value(rule).map_err(|error| wrong(error.to_string()))?;
        rule.check().map_err(wrong)?;
        Ok(rule)
    };
    let rules: Vec<FaultRule> = rules.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    app.tenant.set_faults(&rules).map_err(Problem::store)?;
    Ok(Json(rules))
}

/// Takes all rules away; 204.
pub async fn clear(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.tenant.set_faults(&[]).map_err(Problem::store)?;
    Ok(StatusCode::NO_CONTENT)
}
