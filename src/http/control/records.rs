//! `POST /_sandbox/records[?author=client id or citizen][&fhir=stu3 or r4]`

use super::Problem;
use crate::fhir::Version;
use crate::fhir::validation;
use crate::http::context::App;
use crate::json::{Document, Kind, Value};
use crate::records::{Access, LoadRefusal, Loading, ResourceType, Rights, Types};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// As whom, and on which base.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// A client id, or `citizen` (the default).
    author: Option<String>,
    /// The base; without it, what the resource's profile says, else R4.
    fhir: Option<Version>,
}

/// How many records were loaded.
#[derive(Serialize)]
pub struct Loaded {
    loaded: usize,
}

type BadQuery = axum::extract::rejection::QueryRejection;

/// Loads NDJSON, a Bundle or one resource, all or nothing, by the rules of storing; 201.
pub async fn load(
    State(app): State<App>,
    parameters: Result<Query<Parameters>, BadQuery>,
    body: Bytes,
) -> Result<(StatusCode, Json<Loaded>), Problem> {
    let Query(Parameters { author, fhir }) = parameters.map_err(|error| Problem::invalid(error.body_text()))?;
    let author = match author.as_deref() {
        None | Some("citizen") => None,
        Some(client_id) => Some(app.tenant.authorization.client(client_id).ok_or_else(|| {
            Problem::not_found("client", format_args!("{client_id:?}; author is a client id or the word citizen"))
        })?),
    };
    let now = app.tenant.clock.now();
    let mut items = Vec::new();
    for (place, document) in resources(&body)? {
        let refuse = |what: String| Problem::invalid(format_args!("{place}: {what}"));
        let resource = document.root();
        let name = resource.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let resource_type = match ResourceType::from_name(name) {
            Some(resource_type) if resource_type.is_in_compartment() => resource_type,
            _ => {
                let mut loaded = ResourceType::ALL.to_vec();
                loaded.retain(|resource_type| resource_type.is_in_compartment());
                let names: Vec<&str> = loaded.into_iter().map(ResourceType::as_str).collect();
                return Err(refuse(format!(
                    "resourceType {name:?} cannot be loaded; what can is {}",
                    names.join(", ")
                )));
            }
        };
        let owner = resource_type.owners().first().copied().unwrap_or_default();
        let patient = patient_of(resource, owner)
            .ok_or_else(|| refuse(format!("{owner}.reference must be Patient/ and the pseudonym of a citizen")))?;
        app.tenant.touch(patient).map_err(|refusal| Problem::store(refusal.reason().1))?;
        let access = match &author {
            None => Access::Citizen { patient },
            Some(client) => Access::Application {
                client_id: client.client_id.clone(),
                name: client.name.clone(),
                application_id: client.oid.clone().unwrap_or_else(|| client.client_id.clone()),
                patient,
                rights: Rights::new(Types::NONE, Types::ALL),
            },
        };
        let version = fhir.unwrap_or_else(|| validation::version_of(&document));
        if !resource_type.is_served(version) {
            return Err(refuse(format!("the base of FHIR {} has no {name}", version.number())));
        }
        let at = last_updated(resource).unwrap_or(now);
        items.push((place, Loading { access, version, resource_type, document, at }));
    }
    let (places, items): (Vec<String>, Vec<Loading>) = items.into_iter().unzip();
    let loaded = app.tenant.records().load(&items).map_err(|LoadRefusal { index, refusal }| {
        let (rule, fix) = refusal.reason();
        let texts: Vec<String> = refusal.issues().into_iter().map(|issue| issue.diagnostics).collect();
        let place = places.get(index).map_or("", String::as_str);
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "record-refused",
            "A record would not be stored; none was",
            format_args!("{place}: {} ({rule}: {fix})", texts.join("; ")),
        )
    })?;
    Ok((StatusCode::CREATED, Json(Loaded { loaded })))
}

/// The resources of a body with the place of each: lines of NDJSON, entries of a Bundle, or the one resource.
fn resources(body: &[u8]) -> Result<Vec<(String, Document)>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::invalid("The body is not UTF-8."))?;
    if let Ok(document) = Document::parse(text) {
        let is_bundle = document.root().get("resourceType").and_then(Value::as_str) == Some("Bundle");
        if !is_bundle {
            return Ok(vec![("the resource".to_owned(), document)]);
        }
        let entries = document.root().get("entry").filter(|entries| entries.kind() == Kind::Array);
        let entries = entries.ok_or_else(|| Problem::invalid("The Bundle has no list of entries."))?;
        return entries
            .items()
            .enumerate()
            .map(|(index, entry)| {
                let place = format!("entry[{index}]");
                let resource =
                    entry.get("resource").ok_or_else(|| Problem::invalid(format_args!("{place} has no resource")))?;
                let document = Document::parse(resource.source()).map_err(Problem::invalid)?;
                Ok((place, document))
            })
            .collect();
    }
    if text.trim().is_empty() {
        return Err(Problem::invalid("The body is empty: send NDJSON, a Bundle or a resource."));
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let place = format!("line {}", index + 1);
            let document = Document::parse(line).map_err(|error| {
                Problem::invalid(format_args!("{place}: {} at column {}", error.message, error.column))
            })?;
            Ok((place, document))
        })
        .collect()
}

fn patient_of(resource: Value<'_>, owner: &str) -> Option<Uuid> {
    let reference = resource.at(&[owner, "reference"])?.as_str()?;
    reference.strip_prefix("Patient/")?.parse().ok()
}

/// A record that was exported keeps the instant at which it was stored.
fn last_updated(resource: Value<'_>) -> Option<Timestamp> {
    resource.at(&["meta", "lastUpdated"])?.as_str()?.parse().ok()
}
