//! `GET [base]/[type]/[id]` and `…/_history/[version]`: read and vread.

use super::answer::{Answer, Body};
use super::call::Call;
use super::refusal::Refusal;
use crate::records::{Access, ResourceType, Stored};
use axum::http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

pub(super) fn answer(
    call: &Call,
    access: &Access,
    resource_type: ResourceType,
    id: &str,
    version_id: Option<&str>,
) -> Result<Answer, Refusal> {
    call.check_summary()?;
    let stored = match version_id {
        None => call.records.read(access, call.version, resource_type, id)?,
        Some(version_id) => call.records.read_version(access, call.version, resource_type, id, version_id)?,
    };
    if is_known(call, &stored) {
        return Ok(Answer::about(StatusCode::NOT_MODIFIED, Body::Empty, &stored));
    }
    let body = Body::Fhir(call.rendering().resource(resource_type, call.version, &stored.body));
    let mut answer = Answer::about(StatusCode::OK, body, &stored);
    if let Some(date) = http_date(stored.last_updated) {
        answer.headers.push((header::LAST_MODIFIED, date));
    }
    Ok(answer)
}

/// Whether the client says that it has this version already.
fn is_known(call: &Call, stored: &Stored) -> bool {
    if let Some(tags) = call.header(header::IF_NONE_MATCH) {
        let version = stored.version_id.to_string();
        return tags.split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == version
        });
    }
    let since = call.header(header::IF_MODIFIED_SINCE).and_then(|date| rfc2822::parse(date).ok());
    // The header has whole seconds.
    since.is_some_and(|since| stored.last_updated.as_second() <= since.timestamp().as_second())
}

fn http_date(instant: Timestamp) -> Option<HeaderValue> {
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).ok()?;
    HeaderValue::try_from(text).ok()
}
