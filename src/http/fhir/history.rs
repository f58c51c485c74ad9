//! `GET [base]/[type]/[id]/_history`: the versions of one resource, the newest first, in pages as a search has them.
//!
//! `_since` leaves out what is older; `_count` says how many versions a page holds.

use super::answer::{Answer, Body};
use super::bundle::{Bundle, Entry};
use super::call::Call;
use super::refusal::Refusal;
use super::search::{page_link, sorted_query};
use crate::fhir::search::Interval;
use crate::records::{Access, Act, History, ResourceType};
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
        None => None,
        Some(value) => Some(value.parse().map_err(|_| wrong("_count", value))?),
    };
    let since = match given("_since") {
        None => None,
        Some(value) => Some(Interval::parse(value).ok_or_else(|| wrong("_since", value))?.low),
    };
    // The total alone: a page that holds nothing.
    let count = if given("_summary") == Some("count") { Some(0) } else { count };
    let page = call.records.history(access, call.version, resource_type, id, since, count)?;
    let own = format!("{}/{resource_type}/{id}/_history{}", call.frame.base, sorted_query(&call.query));
    Ok(bundle(call, &page, &own))
}

/// The Bundle of a page; `own` is its address.
pub(super) fn bundle(call: &Call, page: &History, own: &str) -> Answer {
    let rendering = call.rendering();
    let resource_type = page.resource_type;
    let mut bundle = Bundle::new("history", page.id, Some(page.newest), page.total, 0);
    bundle.link("self", own);
    let link = |offset: usize| page_link(call, page.id, offset, page.count, &call.query, "history");
    if let Some(next) = page.next() {
        bundle.link("next", &link(next));
    }
    if let Some(previous) = page.previous() {
        bundle.link("previous", &link(previous));
    }
    for stored in &page.versions {
        let (method, status) = match stored.act {
            Act::Create => ("POST", "201 Created"),
            Act::Update => ("PUT", "200 OK"),
            Act::Delete => ("DELETE", "204 No Content"),
        };
        let resource =
            (stored.act != Act::Delete).then(|| rendering.embedded(resource_type, call.version, &stored.body));
        bundle.version(&Entry {
            full_url: format!("{}/{}", call.frame.base, stored.path()),
            resource,
            request: (method, stored.versioned_path()),
            response: (status, stored.version_id),
        });
    }
    Answer::new(StatusCode::OK, Body::Fhir(rendering.other(bundle.finish())))
}
