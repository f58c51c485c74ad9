//! `GET [base]/[type]/[id]/_history`: all versions of one resource, the newest first.

use super::answer::{Answer, Body};
use super::bundle::{Bundle, Entry};
use super::call::Call;
use super::refusal::Refusal;
use crate::records::{Access, Act, ResourceType};
use axum::http::StatusCode;

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType, id: &str) -> Result<Answer, Refusal> {
    let versions = call.records.history(access, call.version, resource_type, id)?;
    let rendering = call.rendering();
    let newest = versions.first().map(|stored| stored.last_updated);
    let mut bundle = Bundle::new("history", call.records.new_id(), newest, versions.len());
    bundle.link("self", &format!("{}/{resource_type}/{id}/_history", call.frame.base));
    for stored in &versions {
        let (method, status) = match stored.act {
            Act::Create => ("POST", "201 Created"),
            Act::Update => ("PUT", "200 OK"),
            Act::Delete => ("DELETE", "204 No Content"),
        };
        let resource =
            (stored.act != Act::Delete).then(|| rendering.embedded(resource_type, call.version, &stored.body));
        bundle.entry(&Entry {
            full_url: format!("{}/{resource_type}/{id}", call.frame.base),
            resource,
            request: Some((method, stored.versioned_path())),
            response: Some((status, stored.version_id)),
            is_match: false,
        });
    }
    Ok(Answer::new(StatusCode::OK, Body::Fhir(rendering.other(bundle.finish()))))
}
