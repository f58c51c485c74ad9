//! `POST [base]/[type]`: create, with or without If-None-Exist.

use super::answer::{Answer, Body};
use super::call::{Call, preference};
use super::refusal::Refusal;
use crate::fhir::outcome::{Issue, operation_outcome};
use crate::records::{Access, Interaction, Outcome, ResourceType, Written};
use axum::http::{HeaderMap, StatusCode};

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType) -> Result<Answer, Refusal> {
    let document = call.document("CREATE")?;
    let condition = call.header("if-none-exist");
    let written = call.records.create(access, call.version, resource_type, &document, condition)?;
    Ok(after_write(call, access, &written))
}

/// The answer to a create or an update: the resource, nothing, or a small OperationOutcome, as version and `Prefer` have it.
///
/// What If-None-Exist found may be another application's: without the right to read it is not shown. (The real server's way
/// is not known; its authorization looks at what comes in with a create, not at what goes out.)
pub(super) fn after_write(call: &Call, access: &Access, written: &Written) -> Answer {
    let stored = &written.stored;
    let created = written.outcome == Outcome::Created;
    let matched = written.outcome == Outcome::Matched;
    let status = if created || (matched && call.match_is_created) { StatusCode::CREATED } else { StatusCode::OK };
    let hides = matched && !access.may(Interaction::Read, stored.resource_type);
    let body = match wanted(call) {
        Wanted::Resource if hides => Wanted::Outcome,
        wanted => wanted,
    };
    let body = match body {
        Wanted::Nothing => Body::Empty,
        Wanted::Resource => Body::Fhir(call.rendering().resource(stored.resource_type, call.version, &stored.body)),
        Wanted::Outcome => {
            let path = stored.versioned_path();
            let elapsed = call.elapsed();
            let text = match written.outcome {
                Outcome::Created => format!("Successfully created resource \"{path}\" in {elapsed}ms"),
                Outcome::Matched => format!("Resource \"{path}\" matches If-None-Exist, nothing was created"),
                Outcome::Updated | Outcome::Unchanged | Outcome::Deleted => {
                    format!("Successfully updated resource \"{path}\" in {elapsed}ms")
                }
            };
            let remarks = written.remarks.iter().map(|remark| remark.issue.clone());
            let issues: Vec<Issue> = std::iter::once(Issue::success(text)).chain(remarks).collect();
            Body::Fhir(call.rendering().other(operation_outcome(&issues)))
        }
    };
    let mut answer = Answer::about(status, body, stored);
    if created || matched {
        answer.location = Some(stored.versioned_path());
    }
    answer
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Nothing,
    Resource,
    Outcome,
}

fn wanted(call: &Call) -> Wanted {
    // Recorded in 2019: the STU3 server answers with the outcome whatever Prefer says.
    if !call.prefer {
        return Wanted::Outcome;
    }
    preferred(&call.headers)
}

/// Reads `Prefer`, our values in any case. A preference that means nothing here is passed over, as RFC 7240 wants it.
fn preferred(headers: &HeaderMap) -> Wanted {
    match preference(headers, "return") {
        Some(value) if value.eq_ignore_ascii_case("minimal") => Wanted::Nothing,
        Some(value) if value.eq_ignore_ascii_case("OperationOutcome") => Wanted::Outcome,
        _ => Wanted::Resource,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn read(header: &'static str) -> Wanted {
        preferred(
            &[(axum::http::HeaderName::from_static("prefer"), HeaderValue::from_static(header))].into_iter().collect(),
        )
    }

    #[test]
    fn preferences_are_read_in_every_spelling() {
        for header in ["return=minimal", "RETURN=Minimal", "return=\"minimal\"", "respond-async, return = minimal; x=1"]
        {
            assert_eq!(read(header), Wanted::Nothing, "{header}");
        }
        assert_eq!(read("return=operationoutcome"), Wanted::Outcome);
        for header in ["", "return", "return=anything", "minimal"] {
            assert_eq!(read(header), Wanted::Resource, "{header}");
        }
    }
}
