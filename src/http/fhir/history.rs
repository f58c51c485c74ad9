//! `GET [base]/[type]/[id]/_history`: the versions of one resource, the newest first.
//!
//! `_since` leaves out what is older and `_count` bounds the answer; there is one page, `total` says how many there are.

use super::answer::{Answer, Body};
use super::bundle::{Bundle, Entry};
use super::call::Call;
use super::refusal::Refusal;
use super::search::sorted_query;
use crate::fhir::search::Interval;
use crate::records::{Access, Act, ResourceType};
use axum::http::StatusCode;

/// What may stand in the query of a history.
const PARAMETERS: [&str; 6] = ["_count", "_since", "_format", "_pretty", "_summary", "_elements"];

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType, id: &str) -> Result<Answer, Refusal> {
    let known = |name: &str| PARAMETERS.contains(&name);
    if !call.records.settings().ignore_unknown_parameters && call.query.iter().any(|(name, _)| !known(name)) {
        return Err(call.not_handled());
    }
    call.check_summary()?;
    let given = |name: &str| call.parameter(name).filter(|value| !value.is_empty());
    let wrong = |name: &'static str, value: &str| Refusal::Parameter(name, value.to_owned());
    let count = match given("_count") {
        None => usize::MAX,
        Some(value) => value.parse().map_err(|_| wrong("_count", value))?,
    };
    let since = match given("_since") {
        None => None,
        Some(value) => Some(Interval::parse(value).ok_or_else(|| wrong("_since", value))?.low),
    };
    let mut versions = call.records.history(access, call.version, resource_type, id)?;
    versions.retain(|stored| since.is_none_or(|since| stored.last_updated.as_millisecond() >= since));
    let rendering = call.rendering();
    let newest = versions.first().map(|stored| stored.last_updated);
    let mut bundle = Bundle::new("history", call.records.new_id(), newest, versions.len(), 0);
    let query = sorted_query(&call.query);
    bundle.link("self", &format!("{}/{resource_type}/{id}/_history{query}", call.frame.base));
    for stored in versions.iter().take(count) {
        let (method, status) = match stored.act {
            Act::Create => ("POST", "201 Created"),
            Act::Update => ("PUT", "200 OK"),
            Act::Delete => ("DELETE", "204 No Content"),
        };
        let resource =
            (stored.act != Act::Delete).then(|| rendering.embedded(resource_type, call.version, &stored.body));
        bundle.version(&Entry {
            full_url: format!("{}/{resource_type}/{id}", call.frame.base),
            resource,
            request: (method, stored.versioned_path()),
            response: (status, stored.version_id),
        });
    }
    Ok(Answer::new(StatusCode::OK, Body::Fhir(rendering.other(bundle.finish()))))
}
