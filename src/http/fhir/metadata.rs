//! `GET [base]/metadata`: what this server can do, built from the tables it works by.

use super::answer::{Answer, Body};
use super::call::Call;
use super::refusal::Refusal;
use crate::fhir::Version;
use crate::fhir::search::parameters;
use crate::json::escape;
use crate::records::ResourceType;
use crate::time::to_helsinki;
use axum::http::StatusCode;

pub(super) fn answer(call: &Call) -> Result<Answer, Refusal> {
    let text = statement(call.version, &call.frame.base, &to_helsinki(call.records.now()), call.open);
    Ok(Answer::new(StatusCode::OK, Body::Fhir(call.rendering().other(text))))
}

fn statement(version: Version, base: &str, date: &str, open: bool) -> String {
    let name = env!("CARGO_PKG_NAME");
    let release = env!("CARGO_PKG_VERSION");
    let accept_unknown = match version {
        Version::Stu3 => ",\"acceptUnknown\":\"no\"",
        Version::R4 => "",
    };
    let resources: Vec<String> =
        ResourceType::ALL.into_iter().map(|resource_type| resource(resource_type, version, open)).collect();
    format!(
        "{{\"resourceType\":\"CapabilityStatement\",\"url\":{url},\"version\":\"{release}\",\"name\":\"KantaPhrSandbox\",\"status\":\"active\",\"date\":\"{date}\",\"description\":\"A local sandbox, not the Kanta services.\",\"kind\":\"instance\",\"software\":{{\"name\":\"{name}\",\"version\":\"{release}\"}},\"implementation\":{{\"description\":\"LOCAL SANDBOX - not the Kanta services\",\"url\":{base}}},\"fhirVersion\":\"{fhir}\"{accept_unknown},\"format\":[\"json\"],\"rest\":[{{\"mode\":\"server\",\"security\":{{\"cors\":true,\"service\":[{{\"text\":\"OAuth\"}}]}},\"resource\":[{resources}]}}]}}",
        url = escape(&format!("{base}/metadata")),
        base = escape(base),
        fhir = version.number(),
        resources = resources.join(","),
    )
}

fn resource(resource_type: ResourceType, version: Version, open: bool) -> String {
    let is_patient = resource_type == ResourceType::Patient;
    // Behind authorization a Patient is made by the authorization server alone.
    let interactions: &[&str] = match (is_patient, open) {
        (false, _) => &["read", "vread", "update", "delete", "history-instance", "create", "search-type"],
        (true, true) => &["read", "vread", "update", "history-instance", "create", "search-type"],
        (true, false) => &["read", "vread", "history-instance", "search-type"],
    };
    let interactions: Vec<String> = interactions.iter().map(|code| format!("{{\"code\":\"{code}\"}}")).collect();
    let parameters: Vec<String> = parameters(resource_type, version)
        .map(|parameter| {
            format!(
                "{{\"name\":\"{}\",\"type\":\"{}\",\"documentation\":{}}}",
                parameter.name,
                parameter.kind.as_str(version),
                escape(parameter.documentation)
            )
        })
        .collect();
    format!(
        "{{\"type\":\"{resource_type}\",\"interaction\":[{}],\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":{},\"conditionalCreate\":true,\"conditionalUpdate\":false,\"conditionalDelete\":\"not-supported\",\"referencePolicy\":[\"literal\",\"enforced\",\"local\"],\"searchParam\":[{}]}}",
        interactions.join(","),
        is_patient && open,
        parameters.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn statements_are_json_and_differ_by_version_and_endpoint() {
        for version in Version::ALL {
            let text = statement(version, "http://x.test/base", "2026-06-01T12:00:00.000+03:00", true);
            let document = Document::parse(text).unwrap();
            let resources = document.root().get("rest").unwrap().items().next().unwrap().get("resource").unwrap();
            assert_eq!(resources.items().count(), 3);
            assert_eq!(document.root().get("fhirVersion").unwrap().as_str(), Some(version.number()));
        }
        assert!(resource(ResourceType::Patient, Version::R4, true).contains("\"updateCreate\":true"));
        assert!(!resource(ResourceType::Patient, Version::R4, false).contains("\"create\""));
        assert!(resource(ResourceType::Observation, Version::Stu3, false).contains("_security"));
    }
}
