//! `POST [base]/[type]/$validate`, with `operations.validate = answer`: what storing the body would be told, without storing it.
//!
//! On R4, as FHIR has it, the answer is 200 whatever was found (<https://hl7.org/fhir/R4/resource-operation-validate.html>);
//! the engine of STU3's days answered a body with errors with 412 (resource-server.md §5). The body is the resource, or a Parameters with it.

use super::answer::{Answer, Body};
use super::call::Call;
use super::refusal::Refusal;
use crate::fhir::Version;
use crate::fhir::outcome::{Issue, operation_outcome};
use crate::json::{Document, Value};
use crate::records::{Access, ResourceType};
use axum::http::StatusCode;

/// What may stand in the query; the findings are the same in every mode.
const PARAMETERS: [&str; 3] = ["mode", "_format", "_pretty"];

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType) -> Result<Answer, Refusal> {
    if call.query.iter().any(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        return Err(call.not_handled());
    }
    let document = call.document("VALIDATE")?;
    let document = resource(&document)?.unwrap_or(document);
    let findings = call.records.validate(access, call.version, resource_type, &document)?;
    let fails = findings.iter().any(|finding| matches!(finding.issue.severity, "error" | "fatal"));
    let status = match call.version {
        Version::Stu3 if fails => StatusCode::PRECONDITION_FAILED,
        Version::Stu3 | Version::R4 => StatusCode::OK,
    };
    let mut issues: Vec<Issue> = findings.into_iter().map(|finding| finding.issue).collect();
    if issues.is_empty() {
        issues.push(Issue::success("No issues detected during validation"));
    }
    Ok(Answer::new(status, Body::Fhir(call.rendering().other(operation_outcome(&issues)))))
}

/// The resource within a Parameters; nothing when the body is no Parameters.
fn resource(document: &Document) -> Result<Option<Document>, Refusal> {
    let root = document.root();
    if root.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Ok(None);
    }
    let mut parameters = root.get("parameter").into_iter().flat_map(Value::items);
    let named = parameters.find(|each| each.get("name").and_then(Value::as_str) == Some("resource"));
    let resource = named.and_then(|named| named.get("resource"));
    let resource = resource.ok_or(Refusal::Records(crate::records::Refusal::NoResourceType))?;
    let read = Document::parse(resource.source());
    read.map(Some).map_err(|error| Refusal::Json(error.to_string()))
}
