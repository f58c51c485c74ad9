//! The table: method and path below the base → interaction.

use super::access::{Caller, access};
use super::answer::Answer;
use super::call::Call;
use super::refusal::Refusal;
use super::{Backend, batch, cors, create, delete, history, metadata, page, read, search, update, validate};
use crate::exchanges::Party;
use crate::fhir::Version;
use crate::records::{Access, ResourceType};
use axum::http::Method;
use smallvec::SmallVec;

/// What the server of a version says it handles; the STU3 list was recorded (resource-server.md §11).
const STU3_TYPES: &str = "CarePlan, StructureDefinition, Questionnaire, Consent, Observation, MedicationAdministration, Patient, MedicationStatement, CodeSystem, QuestionnaireResponse, ValueSet, OperationDefinition";
/// Of the published R4 statement.
const R4_TYPES: &str = "CarePlan, Observation, Patient, MedicationAdministration, Questionnaire, QuestionnaireResponse, ValueSet, StructureDefinition, CodeSystem";

/// What a request wants.
pub(super) enum Interaction<'c> {
    Metadata,
    Preflight,
    /// Batch or transaction.
    Bundle,
    Page(&'c str),
    Create(ResourceType),
    Search(ResourceType),
    SearchByPost(ResourceType),
    /// All of a type in the compartment of a patient, by `GET` or by a posted form.
    SearchIn(&'c str, ResourceType),
    Read(ResourceType, &'c str),
    ReadVersion(ResourceType, &'c str, &'c str),
    Update(ResourceType, &'c str),
    Delete(ResourceType, &'c str),
    History(ResourceType, &'c str),
    /// `$validate` of a body.
    Validate(ResourceType),
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
        perform(call, &access, &interaction)
    });
    let refused = |refusal: Refusal| match backend.knobs().challenge {
        true => refusal.into_challenging_answer(),
        false => refusal.into_answer(),
    };
    (answer.unwrap_or_else(refused), party)
}

/// Answers what a caller may ask.
pub(super) fn perform(call: &Call, access: &Access, interaction: &Interaction<'_>) -> Result<Answer, Refusal> {
    match *interaction {
        Interaction::Metadata => metadata::answer(call),
        Interaction::Preflight => Ok(cors::preflight(call)),
        Interaction::Bundle => batch::answer(call, access),
        Interaction::Page(id) => page::answer(call, access, id),
        Interaction::Create(resource_type) => create::answer(call, access, resource_type),
        Interaction::Search(resource_type) => search::answer(call, access, resource_type, &call.query),
        Interaction::SearchByPost(resource_type) => search::by_post(call, access, resource_type),
        Interaction::SearchIn(patient, resource_type) => search::in_compartment(call, access, resource_type, patient),
        Interaction::Read(resource_type, id) => read::answer(call, access, resource_type, id, None),
        Interaction::ReadVersion(resource_type, id, version) => {
            read::answer(call, access, resource_type, id, Some(version))
        }
        Interaction::Update(resource_type, id) => update::answer(call, access, resource_type, id),
        Interaction::Delete(resource_type, id) => delete::answer(call, access, resource_type, id),
        Interaction::History(resource_type, id) => history::answer(call, access, resource_type, id),
        Interaction::Validate(resource_type) => validate::answer(call, access, resource_type),
    }
}

/// What a call wants, by the table.
pub(super) fn interaction(call: &Call) -> Result<Interaction<'_>, Refusal> {
    if cors::is_preflight(call) {
        return Ok(Interaction::Preflight);
    }
    let path: SmallVec<[&str; 4]> = call.path.iter().map(String::as_str).collect();
    let method = &call.method;
    let Some(first) = path.first() else {
        return match call.parameter("_getpages") {
            Some(id) if method == Method::GET => Ok(Interaction::Page(id)),
            _ if method == Method::OPTIONS => Ok(Interaction::Metadata),
            _ if method == Method::POST && call.bundles => Ok(Interaction::Bundle),
            _ => Err(Refusal::Base(method == Method::POST)),
        };
    };
    if *first == "metadata" && path.len() == 1 && (method == Method::GET || method == Method::OPTIONS) {
        return Ok(Interaction::Metadata);
    }
    if first.starts_with(['$', '_']) || *first == "metadata" {
        return Err(call.not_handled());
    }
    let resource_type = served(call, first)?;
    // As the engine reads paths: behind type and id an operation, a version of the history, and one word more.
    let longest = if path.get(2) == Some(&"_history") { 5 } else { 4 };
    if let Some(token) = path.get(longest) {
        return Err(Refusal::PathToken((*token).to_owned(), call.path.join("/")));
    }
    let is_patient = resource_type == ResourceType::Patient;
    if !resource_type.is_stored() {
        // OperationDefinitions are read, and there are none.
        return match (method.as_str(), &path[1..]) {
            ("GET", [id]) if !id.starts_with(['$', '_']) => Ok(Interaction::Read(resource_type, id)),
            _ => Err(call.not_handled()),
        };
    }
    Ok(match (method.as_str(), &path[1..]) {
        ("GET", []) => Interaction::Search(resource_type),
        ("POST", []) => Interaction::Create(resource_type),
        ("POST", ["_search"]) => Interaction::SearchByPost(resource_type),
        // The engine also answers a search at this path when it comes as GET.
        ("GET", ["_search"]) => Interaction::Search(resource_type),
        ("POST", ["$validate"] | [_, "$validate"]) if call.validates => Interaction::Validate(resource_type),
        (_, [id, ..]) if id.starts_with(['$', '_']) => return Err(call.not_handled()),
        ("GET", [id]) => Interaction::Read(resource_type, id),
        ("PUT", [id]) => Interaction::Update(resource_type, id),
        // Patients can't be deleted (recorded), nor what the published statements have no delete for.
        ("DELETE", [id]) if resource_type.is_deletable() => Interaction::Delete(resource_type, id),
        ("GET", [id, "_history"]) => Interaction::History(resource_type, id),
        ("GET", [id, "_history", version]) => Interaction::ReadVersion(resource_type, id, version),
        ("GET", [id, other]) | ("GET" | "POST", [id, other, "_search"])
            if is_patient && other.starts_with(|first: char| first.is_ascii_uppercase()) =>
        {
            match served(call, other)? {
                resource_type if resource_type.is_in_compartment() => Interaction::SearchIn(id, resource_type),
                _ => return Err(call.not_handled()),
            }
        }
        _ => return Err(call.not_handled()),
    })
}

/// The type with this name, if the base has it.
fn served(call: &Call, name: &str) -> Result<ResourceType, Refusal> {
    let known = ResourceType::from_name(name).filter(|resource_type| resource_type.is_served(call.version));
    known.ok_or_else(|| {
        let list = match call.version {
            Version::Stu3 => STU3_TYPES,
            Version::R4 => R4_TYPES,
        };
        Refusal::UnknownType(name.to_owned(), list)
    })
}
