//! `DELETE [base]/[type]/[id]`: delete; the answer is an OperationOutcome on both bases.

use super::answer::{Answer, Body};
use super::call::Call;
use super::refusal::Refusal;
use crate::fhir::outcome::{Issue, operation_outcome};
use crate::records::{Access, ResourceType};
use axum::http::StatusCode;

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType, id: &str) -> Result<Answer, Refusal> {
    call.records.delete(access, call.version, resource_type, id, call.header("if-match"))?;
    let issue = Issue::success(format!("Successfully deleted 1 resource(s) in {}ms", call.elapsed()));
    Ok(Answer::new(StatusCode::OK, Body::Fhir(call.rendering().other(operation_outcome([&issue])))))
}
