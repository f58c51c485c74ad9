//! `GET [base]/metadata`: what this server can do, built from the tables it works by.

use super::answer::{Answer, Body};
use super::call::{Call, OAuthUris};
use super::refusal::Refusal;
use crate::fhir::Version;
use crate::fhir::search::parameters;
use crate::json::escape;
use crate::records::ResourceType;
use crate::time::to_helsinki;
use axum::http::StatusCode;

/// The statement.
pub(super) fn answer(call: &Call) -> Result<Answer, Refusal> {
    let system = System {
        bundles: call.bundles,
        validates: call.validates,
        takes_questionnaires: call.records.settings().is_sandbox,
    };
    let security = security(call.version, call.oauth.as_ref());
    let now = to_helsinki(call.records.now());
    let text = statement(call.version, &call.frame.base, &now, call.open, &system, &security);
    Ok(Answer::new(StatusCode::OK, Body::Fhir(call.rendering().other(text))))
}

/// The types in the order of the published statements (resource-server.md §2); R4's is that of the file of 2021.
fn types(version: Version) -> impl Iterator<Item = ResourceType> {
    let order: &'static [ResourceType] = match version {
        Version::Stu3 => &ResourceType::ALL,
        Version::R4 => &[
            ResourceType::CarePlan,
            ResourceType::Observation,
            ResourceType::Patient,
            ResourceType::MedicationAdministration,
            ResourceType::Questionnaire,
            ResourceType::QuestionnaireResponse,
            ResourceType::ValueSet,
            ResourceType::StructureDefinition,
            ResourceType::CodeSystem,
        ],
    };
    order.iter().copied().filter(move |resource_type| resource_type.is_served(version) && resource_type.is_stored())
}

/// What the server as a whole answers.
struct System {
    /// Batch and transaction.
    bundles: bool,
    /// `$validate`.
    validates: bool,
    /// Writes of Questionnaires: outside of the sandbox Kela alone makes them.
    takes_questionnaires: bool,
}

/// `rest.security`: as published, without addresses (authorization-server.md §1); under SMART's rules with them.
fn security(version: Version, oauth: Option<&OAuthUris>) -> String {
    let Some(OAuthUris(uris)) = oauth else {
        return String::from("{\"cors\":true,\"service\":[{\"text\":\"OAuth\"}]}");
    };
    let system = match version {
        Version::Stu3 => "http://hl7.org/fhir/restful-security-service",
        Version::R4 => "http://terminology.hl7.org/CodeSystem/restful-security-service",
    };
    let each = uris.iter().map(|(name, uri)| format!("{{\"url\":\"{name}\",\"valueUri\":{}}}", escape(uri)));
    format!(
        "{{\"extension\":[{{\"extension\":[{}],\"url\":\"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris\"}}],\"cors\":true,\"service\":[{{\"coding\":[{{\"system\":\"{system}\",\"code\":\"SMART-on-FHIR\",\"display\":\"SMART-on-FHIR\"}}],\"text\":\"OAuth\"}}]}}",
        each.collect::<Vec<_>>().join(",")
    )
}

fn statement(version: Version, base: &str, date: &str, open: bool, asked: &System, security: &str) -> String {
    let name = env!("CARGO_PKG_NAME");
    let release = env!("CARGO_PKG_VERSION");
    let accept_unknown = match version {
        Version::Stu3 => ",\"acceptUnknown\":\"no\"",
        Version::R4 => "",
    };
    let system = match asked.bundles {
        true => ",\"interaction\":[{\"code\":\"transaction\"},{\"code\":\"batch\"}]",
        false => "",
    };
    let validate = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
    let operation = match (asked.validates, version) {
        (false, _) => String::new(),
        (true, Version::Stu3) => {
            format!(",\"operation\":[{{\"name\":\"validate\",\"definition\":{{\"reference\":\"{validate}\"}}}}]")
        }
        (true, Version::R4) => format!(",\"operation\":[{{\"name\":\"validate\",\"definition\":\"{validate}\"}}]"),
    };
    let resources: Vec<String> = types(version).map(|each| resource(each, version, open, asked)).collect();
    format!(
        "{{\"resourceType\":\"CapabilityStatement\",\"url\":{url},\"version\":\"{release}\",\"name\":\"KantaPhrSandbox\",\"status\":\"active\",\"date\":\"{date}\",\"description\":\"A local sandbox, not the Kanta services.\",\"kind\":\"instance\",\"software\":{{\"name\":\"{name}\",\"version\":\"{release}\"}},\"implementation\":{{\"description\":\"LOCAL SANDBOX - not the Kanta services\",\"url\":{base}}},\"fhirVersion\":\"{fhir}\"{accept_unknown},\"format\":[\"json\"],\"rest\":[{{\"mode\":\"server\",\"security\":{security},\"resource\":[{resources}]{system}{operation}}}]}}",
        url = escape(&format!("{base}/metadata")),
        base = escape(base),
        fhir = version.number(),
        resources = resources.join(","),
    )
}

/// The interactions of a type on an endpoint, with what is to be said about them.
fn interactions(resource_type: ResourceType, open: bool, asked: &System) -> Vec<(&'static str, &'static str)> {
    // Behind authorization a Patient is made by the authorization server alone, and no scope is granted for definitions.
    let is_kelas = resource_type == ResourceType::Questionnaire && !asked.takes_questionnaires;
    let writes = (open || resource_type.has_scope()) && !is_kelas;
    let update = match resource_type {
        ResourceType::CarePlan => "supportingInfo is not validated with an update.",
        _ => "",
    };
    let create = match resource_type {
        ResourceType::Questionnaire => {
            "A conditional create takes an identifier as its condition, nothing else. Outside the sandbox environment Kela stores Questionnaires."
        }
        _ => "A conditional create takes an identifier as its condition, nothing else.",
    };
    let delete = "Only the application that stored a resource, or the citizen, deletes it.";
    let mut interactions = vec![("read", ""), ("vread", "")];
    if writes {
        interactions.push(("update", update));
        if resource_type.is_deletable() {
            interactions.push(("delete", if resource_type.is_in_compartment() { delete } else { "" }));
        }
    }
    interactions.push(("history-instance", ""));
    if writes {
        interactions.push(("create", create));
    }
    interactions.push(("search-type", ""));
    interactions
}

fn resource(resource_type: ResourceType, version: Version, open: bool, asked: &System) -> String {
    let interactions: Vec<String> = interactions(resource_type, open, asked)
        .into_iter()
        .map(|(code, documentation)| match documentation {
            "" => format!("{{\"code\":\"{code}\"}}"),
            text => format!("{{\"code\":\"{code}\",\"documentation\":{}}}", escape(text)),
        })
        .collect();
    let documentation = match open || resource_type.has_scope() || resource_type == ResourceType::Patient {
        true => "",
        false => {
            ",\"documentation\":\"No scope is granted for this type: the open endpoint of the sandbox has it, here every request is refused with 403.\""
        }
    };
    let parameters: Vec<String> = parameters(resource_type, version)
        .map(|parameter| {
            let mandatory = if parameter.mandatory { " Mandatory search parameter." } else { "" };
            format!(
                "{{\"name\":\"{}\",\"type\":\"{}\",\"documentation\":{}}}",
                parameter.name,
                parameter.kind.as_str(version),
                escape(&format!("{}{mandatory}", parameter.documentation))
            )
        })
        .collect();
    format!(
        "{{\"type\":\"{resource_type}\"{documentation},\"interaction\":[{}],\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":{},\"conditionalCreate\":true,\"conditionalUpdate\":false,\"conditionalDelete\":\"not-supported\",\"referencePolicy\":[\"literal\",\"enforced\",\"local\"],\"searchParam\":[{}]}}",
        interactions.join(","),
        resource_type == ResourceType::Patient && open,
        parameters.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn statements_are_json_and_differ_by_version_and_endpoint() {
        let system = System { bundles: true, validates: true, takes_questionnaires: true };
        for version in Version::ALL {
            let text = statement(
                version,
                "http://x.test/base",
                "2026-06-01T12:00:00.000+03:00",
                true,
                &system,
                &security(version, None),
            );
            let document = Document::parse(text).unwrap();
            let resources = document.root().get("rest").unwrap().items().next().unwrap().get("resource").unwrap();
            assert_eq!(resources.items().count(), if version == Version::R4 { 9 } else { 11 });
            assert_eq!(document.root().get("fhirVersion").unwrap().as_str(), Some(version.number()));
        }
        let kelas = System { takes_questionnaires: false, ..system };
        let text = resource(ResourceType::Questionnaire, Version::R4, false, &kelas);
        assert!(text.contains("\"read\"") && !text.contains("\"create\"") && !text.contains("\"delete\""));
        let system = System { takes_questionnaires: true, ..kelas };
        assert!(resource(ResourceType::Patient, Version::R4, true, &system).contains("\"updateCreate\":true"));
        assert!(!resource(ResourceType::Patient, Version::R4, false, &system).contains("\"create\""));
        assert!(resource(ResourceType::Observation, Version::Stu3, false, &system).contains("_security"));
        assert!(!resource(ResourceType::ValueSet, Version::R4, true, &system).contains("\"delete\""));
        for resource_type in ResourceType::ALL {
            let name = resource_type.as_str();
            let granted = crate::authorization::ResourceTypes::from_iter([name]).contains(name);
            assert_eq!(granted, resource_type.has_scope(), "{name}");
        }
        for without_scope in [ResourceType::ValueSet, ResourceType::Consent, ResourceType::MedicationStatement] {
            let text = resource(without_scope, Version::Stu3, false, &system);
            assert!(!text.contains("\"create\"") && text.contains("No scope is granted"), "{text}");
            assert!(!resource(without_scope, Version::Stu3, true, &system).contains("No scope is granted"));
        }
    }
}
