//! The table: method and path below the base → interaction.

use super::access::{Caller, access};
use super::answer::Answer;
use super::call::Call;
use super::refusal::Refusal;
use super::{Backend, cors, create, delete, history, metadata, page, read, search, update};
use crate::exchanges::Party;
use crate::fhir::Version;
use crate::records::ResourceType;
use axum::http::Method;
use smallvec::SmallVec;

/// What the server of a version says it handles; the STU3 list was recorded (resource-server.md §11).
const STU3_TYPES: &str = "CarePlan, StructureDefinition, Questionnaire, Consent, Observation, MedicationAdministration, Patient, MedicationStatement, CodeSystem, QuestionnaireResponse, ValueSet, OperationDefinition";
const SERVED_TYPES: &str = "Observation, MedicationAdministration, Patient";
/// Of the published R4 statement.
const R4_TYPES: &str = "CarePlan, Observation, Patient, MedicationAdministration, Questionnaire, QuestionnaireResponse, ValueSet, StructureDefinition, CodeSystem";

/// What a request wants.
enum Interaction<'c> {
    Metadata,
    Preflight,
    Page(&'c str),
    Create(ResourceType),
    Search(ResourceType),
    SearchByPost(ResourceType),
    /// All of a type in the compartment of a patient.
    SearchIn(&'c str, ResourceType),
    Read(ResourceType, &'c str),
    ReadVersion(ResourceType, &'c str, &'c str),
    Update(ResourceType, &'c str),
    Delete(ResourceType, &'c str),
    History(ResourceType, &'c str),
}

/// Answers a call. Routing errors come before authorization, as in the upstream engine.
pub(super) fn answer<B: Backend>(backend: &B, call: &Call) -> (Answer, Party) {
    let mut party = Party::default();
    let answer = interaction(call).and_then(|interaction| {
        if matches!(interaction, Interaction::Preflight) {
            return Ok(cors::preflight(call));
        }
        let needs_token = match interaction {
            Interaction::Metadata if call.open => backend.knobs().open_metadata_token,
            Interaction::Metadata => backend.knobs().metadata_token,
            _ => !call.open,
        };
        let caller = access(backend, &call.headers, &call.extensions, !needs_token)?;
        let Caller { access, party: found } = caller;
        party = found;
        match access.patient() {
            Some(patient) => backend.touch(patient),
            None => call.patients().into_iter().for_each(|patient| backend.touch(patient)),
        }
        match interaction {
            Interaction::Metadata => metadata::answer(call),
            Interaction::Preflight => Ok(cors::preflight(call)),
            Interaction::Page(id) => page::answer(call, &access, id),
            Interaction::Create(resource_type) => create::answer(call, &access, resource_type),
            Interaction::Search(resource_type) => search::answer(call, &access, resource_type, &call.query),
            Interaction::SearchByPost(resource_type) => search::by_post(call, &access, resource_type),
            Interaction::SearchIn(patient, resource_type) => {
                search::in_compartment(call, &access, resource_type, patient)
            }
            Interaction::Read(resource_type, id) => read::answer(call, &access, resource_type, id, None),
            Interaction::ReadVersion(resource_type, id, version) => {
                read::answer(call, &access, resource_type, id, Some(version))
            }
            Interaction::Update(resource_type, id) => update::answer(call, &access, resource_type, id),
            Interaction::Delete(resource_type, id) => delete::answer(call, &access, resource_type, id),
            Interaction::History(resource_type, id) => history::answer(call, &access, resource_type, id),
        }
    });
    (answer.unwrap_or_else(Refusal::into_answer), party)
}

fn interaction(call: &Call) -> Result<Interaction<'_>, Refusal> {
    if cors::is_preflight(call) {
        return Ok(Interaction::Preflight);
    }
    let path: SmallVec<[&str; 4]> = call.path.iter().map(String::as_str).collect();
    let method = &call.method;
    let Some(first) = path.first() else {
        return match call.parameter("_getpages") {
            Some(id) if method == Method::GET => Ok(Interaction::Page(id)),
            _ => Err(Refusal::Base(method == Method::POST)),
        };
    };
    if *first == "metadata" && path.len() == 1 && (method == Method::GET || method == Method::OPTIONS) {
        return Ok(Interaction::Metadata);
    }
    if first.starts_with(['$', '_']) || *first == "metadata" {
        return Err(call.not_handled());
    }
    if path.get(1).is_some_and(|name| name.starts_with('$')) && is_known(call.version, first) {
        return Err(call.not_handled());
    }
    let resource_type = served(call, first)?;
    let is_patient = resource_type == ResourceType::Patient;
    Ok(match (method.as_str(), &path[1..]) {
        ("GET", []) => Interaction::Search(resource_type),
        ("POST", []) => Interaction::Create(resource_type),
        ("POST", ["_search"]) => Interaction::SearchByPost(resource_type),
        // The engine also answers a search at this path when it comes as GET.
        ("GET", ["_search"]) => Interaction::Search(resource_type),
        (_, [id, ..]) if id.starts_with(['$', '_']) => return Err(call.not_handled()),
        ("GET", [id]) => Interaction::Read(resource_type, id),
        ("PUT", [id]) => Interaction::Update(resource_type, id),
        // Patients can't be deleted (recorded).
        ("DELETE", [id]) if !is_patient => Interaction::Delete(resource_type, id),
        ("GET", [id, "_history"]) => Interaction::History(resource_type, id),
        ("GET", [id, "_history", version]) => Interaction::ReadVersion(resource_type, id, version),
        ("GET", [id, other]) if is_patient && other.starts_with(|first: char| first.is_ascii_uppercase()) => {
            match served(call, other)? {
                ResourceType::Patient => return Err(call.not_handled()),
                resource_type => Interaction::SearchIn(id, resource_type),
            }
        }
        _ => return Err(call.not_handled()),
    })
}

/// The types of the real server of a version, served here or not.
fn real_types(version: Version) -> &'static str {
    match version {
        Version::Stu3 => STU3_TYPES,
        Version::R4 => R4_TYPES,
    }
}

fn is_known(version: Version, name: &str) -> bool {
    ResourceType::from_name(name).is_some() || real_types(version).split(", ").any(|known| known == name)
}

/// The type with this name, if it is served. One that the real server has is not called unknown: the recorded list has it.
fn served(call: &Call, name: &str) -> Result<ResourceType, Refusal> {
    ResourceType::from_name(name).ok_or_else(|| match (is_known(call.version, name), call.version) {
        (true, _) => Refusal::NotServed(name.to_owned(), Box::new(call.not_handled())),
        (false, Version::Stu3) => Refusal::UnknownType(name.to_owned(), STU3_TYPES),
        (false, Version::R4) => Refusal::UnknownType(name.to_owned(), SERVED_TYPES),
    })
}
