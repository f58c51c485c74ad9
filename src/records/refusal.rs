//! Every way in which this room says no, and how each looks on the wire.

use super::judge::Objection;
use super::pages::Gone;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::search::{QueryError, ResourceType};
use crate::time::to_helsinki;
use jiff::Timestamp;

/// Why something was not done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The token does not hold the scope.
    Scope(&'static str, ResourceType),
    /// The thing belongs (or would belong) to another citizen.
    Compartment,
    /// Only the application that stored a resource may delete it.
    NotTheCreator,
    /// There is no such resource on this base: type and id as asked.
    Unknown(ResourceType, String),
    /// There is no such version: version, type and id.
    UnknownVersion(String, ResourceType, String),
    /// The resource was deleted: `Type/id`, the path of the deleted version, the instant.
    Deleted(String, Timestamp),
    /// The body is JSON but no resource.
    NoResourceType,
    /// The body is a resource of another type: expected, found.
    WrongType(ResourceType, String),
    /// A `PUT` whose body has no id.
    NoId,
    /// A `PUT` whose body has another id than the URL: body, URL.
    OtherId(String, String),
    /// A Patient id that is no UUID.
    IdFormat(String),
    /// A `PUT` to an id of digits alone, where nothing is.
    NumericId(String),
    /// `If-Match` names a version that is not the current one: `Type/id`, the version named, the status to answer.
    Stale(String, String, u16),
    /// `If-None-Exist` with anything but one `identifier`.
    OnlyIdentifier,
    /// `If-None-Exist` found several: the condition, how many.
    Ambiguous(String, usize),
    /// A reference to what is not there: `Type/id`, the path.
    Dangling(String, String),
    /// A reference without a resource type: the reference, the path.
    ReferenceWithoutType(String, String),
    /// A subject that is a `urn:`.
    UrnSubject(String),
    /// A reference to another server.
    ExternalReference(String),
    /// The Patient's id and identifier are not the same UUID.
    PatientIdentifier(String),
    /// A personal identity code that could be a real person's: where.
    RealIdentityCode(String),
    /// A deletion of what another resource refers to: `Type/id`, the `Type/id` that refers to it, the path.
    StillReferredTo(String, String, String),
    /// A profile, value set or code system whose URL is taken: the type, the URL, the `Type/id` that has it (empty for a
    /// national one).
    UrlTaken(ResourceType, String, String),
    /// A write over a national definition: type and id.
    National(ResourceType, String),
    /// A Bundle that can't be worked off as it is: why.
    Bundle(String),
    /// The validator's findings.
    Invalid(Vec<Objection>),
    /// A search that can't be answered: the type and the names of the parameters sent.
    Search(ResourceType, Vec<String>, QueryError),
    /// A search for Patients without a condition.
    PatientSearch,
    /// A page of a search that is not kept (any more), or is not the caller's.
    UnknownPage(String, Gone),
    /// The store failed.
    Store(String),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Scope(..) | Refusal::Compartment | Refusal::NotTheCreator | Refusal::National(..) => 403,
            Refusal::Unknown(..) | Refusal::UnknownVersion(..) => 404,
            Refusal::Deleted(..) | Refusal::UnknownPage(..) => 410,
            Refusal::Stale(_, _, status) => *status,
            Refusal::StillReferredTo(..) => 409,
            Refusal::Ambiguous(..) => 412,
            Refusal::PatientIdentifier(_)
            | Refusal::RealIdentityCode(_)
            | Refusal::UrlTaken(..)
            | Refusal::Invalid(_) => 422,
            Refusal::UrnSubject(_) | Refusal::PatientSearch | Refusal::Store(_) => 500,
            Refusal::Bundle(_)
            | Refusal::NoResourceType
            | Refusal::WrongType(..)
            | Refusal::NoId
            | Refusal::OtherId(..)
            | Refusal::IdFormat(_)
            | Refusal::NumericId(_)
            | Refusal::OnlyIdentifier
            | Refusal::Dangling(..)
            | Refusal::ReferenceWithoutType(..)
            | Refusal::ExternalReference(_)
            | Refusal::Search(..) => 400,
        }
    }

    /// The issues of the OperationOutcome.
    pub fn issues(&self) -> Vec<Issue> {
        let at = |location: String, text: String| Issue { location: vec![location], ..Issue::error(text) };
        let issue = match self {
            Refusal::Scope(..) | Refusal::Compartment | Refusal::NotTheCreator => {
                Issue::coded(ErrorCode::TokenNotSufficient, "")
            }
            Refusal::Unknown(resource_type, id) => Issue::error(format!("Resource {resource_type}/{id} is not known")),
            Refusal::UnknownVersion(version, resource_type, id) => {
                Issue::error(format!("Version \"{version}\" is not valid for resource {resource_type}/{id}"))
            }
            Refusal::Deleted(_, instant) => Issue::error(format!("Resource was deleted at {}", to_helsinki(*instant))),
            Refusal::NoResourceType => Issue::error(
                "Failed to parse request body as JSON resource. Error was: Missing required element 'resourceType' from JSON resource object, unable to parse",
            ),
            Refusal::WrongType(expected, found) => {
                Issue::error(format!("Incorrect resource type found, expected \"{expected}\" but found \"{found}\""))
            }
            Refusal::NoId => Issue::error(
                "Can not update resource, resource body must contain an ID element for update (PUT) operation",
            ),
            Refusal::OtherId(body, url) => Issue::error(format!(
                "Can not update resource, resource body must contain an ID element which matches the request URL for update (PUT) operation - Resource body ID of \"{body}\" does not match URL ID of \"{url}\""
            )),
            Refusal::IdFormat(id) => {
                Issue::error(format!("Can not create resource with ID[{id}], the ID must be a UUID"))
            }
            Refusal::NumericId(id) => Issue::error(format!(
                "Can not create resource with ID[{id}], no resource with this ID exists and clients may only assign IDs which contain at least one non-numeric character"
            )),
            Refusal::Stale(path, version, _) => {
                Issue::error(format!("Trying to update {path}/_history/{version} but this is not the current version"))
            }
            Refusal::OnlyIdentifier => Issue::coded(ErrorCode::OnlyIdentifier, ""),
            Refusal::Ambiguous(condition, found) => Issue::error(format!(
                "Failed to CREATE resource with match URL \"{condition}\" because this search matched {found} resources"
            )),
            Refusal::Dangling(reference, path) => {
                Issue::error(format!("Resource {reference} not found, specified in path: {path}"))
            }
            Refusal::ReferenceWithoutType(..) => Issue::error("Resourcetype is invalid!"),
            Refusal::UrnSubject(_) => Issue::error("Failed to call access method"),
            Refusal::ExternalReference(url) => Issue::error(format!(
                "Resource contains external reference to URL \"{url}\" but this server is not configured to allow external references"
            )),
            Refusal::PatientIdentifier(_) => Issue::coded(ErrorCode::DataIsInvalid, ""),
            Refusal::RealIdentityCode(location) => at(
                location.clone(),
                "A personal identity code outside the test range 900-999 is not accepted".to_owned(),
            ),
            Refusal::National(resource_type, id) => {
                Issue::error(format!("{resource_type}/{id} is a national definition and is not written over"))
            }
            Refusal::Bundle(text) => Issue::error(text.clone()),
            Refusal::StillReferredTo(target, by, place) => Issue::error(format!(
                "Unable to delete {target} because at least one resource has a reference to this resource. First reference found was resource {by} in path {place}"
            )),
            Refusal::UrlTaken(resource_type, url, by) => Issue::error(match by.is_empty() {
                true => format!("Can not create multiple {resource_type} resources with {resource_type}.url \"{url}\""),
                false => format!(
                    "Can not create multiple {resource_type} resources with {resource_type}.url \"{url}\", already have one with resource ID: {by}"
                ),
            }),
            Refusal::Invalid(objections) => {
                return objections.iter().map(|objection| objection.issue.clone()).collect();
            }
            Refusal::Search(resource_type, names, error) => Issue::error(search_text(*resource_type, names, error)),
            Refusal::PatientSearch => Issue::error("Database connection error"),
            Refusal::UnknownPage(id, _) => {
                Issue::error(format!("Search ID \"{id}\" does not exist and may have expired"))
            }
            Refusal::Store(_) => Issue::coded(ErrorCode::InvalidRequest, ""),
        };
        vec![issue]
    }

    /// Whether the engine's routing says it: no method takes these parameters.
    pub fn is_routing(&self) -> bool {
        matches!(self, Refusal::Search(_, _, QueryError::Unknown(_) | QueryError::Missing(_)))
    }

    /// The rule's id, and what to do about it: the text of `Sandbox-Reason`.
    pub fn reason(&self) -> (&str, String) {
        match self {
            Refusal::Scope(_, resource_type)
                if !resource_type.has_scope() && *resource_type != ResourceType::Patient =>
            (
                "RS-SCOPE",
                format!("no scope is granted for {resource_type}: use the open endpoint"),
            ),
            Refusal::Scope("write", ResourceType::Questionnaire) => (
                "RS-SCOPE",
                "the token needs patient/Questionnaire.write; outside the sandbox environment Kela alone stores Questionnaires".into(),
            ),
            Refusal::Scope("write", ResourceType::Patient) => (
                "RS-SCOPE",
                "applications cannot write Patient whatever their scopes: the authorization server makes it at the first consent; PUT Patient/uuid works on the open endpoint alone".into(),
            ),
            Refusal::Scope("write", resource_type) => (
                "RS-SCOPE",
                format!(
                    "the token lacks patient/{resource_type}.write; ask for that scope at authorize (a professional application only reads)"
                ),
            ),
            Refusal::Scope(verb, resource_type) => {
                ("RS-SCOPE", format!("the token lacks patient/{resource_type}.{verb}; ask for that scope at authorize"))
            }
            Refusal::Compartment => (
                "RS-COMPARTMENT",
                "only the own citizen's data is within reach, also as subject, performer or author; use the Patient id that came as sub with the token".into(),
            ),
            Refusal::NotTheCreator => {
                ("RS-DELETE-CREATOR", "only the application that stored a resource, or the citizen, may delete it".into())
            }
            Refusal::Unknown(..) => (
                "RS-UNKNOWN",
                "nothing with that id on this base; baseStu3 and baseR4 each change what was written through them, and read nothing else unless knob cross_version.read says so".into(),
            ),
            Refusal::UnknownVersion(..) => ("RS-UNKNOWN-VERSION", "see _history for the versions there are".into()),
            Refusal::Deleted(..) => (
                "RS-DELETED",
                "older versions are still there under _history; a deleted resource takes no PUT: to have it back, POST it as a new one".into(),
            ),
            Refusal::NoResourceType => ("RS-BODY-TYPE", "the body must be one FHIR resource with resourceType".into()),
            Refusal::WrongType(expected, _) => {
                ("RS-BODY-TYPE", format!("resourceType of the body and the type in the URL ({expected}) must agree"))
            }
            Refusal::NoId | Refusal::OtherId(..) => ("RS-UPDATE-ID", "PUT needs the id of the URL in the body as well".into()),
            Refusal::IdFormat(_) => ("RS-PATIENT-ID", "generate a version 4 UUID for a Patient you create by PUT".into()),
            Refusal::NumericId(_) => (
                "RS-ID-NUMERIC",
                "ids are UUIDs that the server gives: POST the resource to its type, and PUT to the id it got".into(),
            ),
            Refusal::Stale(..) => ("RS-IF-MATCH", "read the resource again and send the version of its ETag".into()),
            Refusal::OnlyIdentifier => (
                "RS-IF-NONE-EXIST",
                "send exactly If-None-Exist: identifier=value or identifier=system|value, without ? and other parameters".into(),
            ),
            Refusal::Ambiguous(..) => ("RS-IF-NONE-EXIST-MANY", "several stored resources have that identifier".into()),
            Refusal::Dangling(reference, _) if reference.contains("/_history/") => {
                ("RS-REFERENCE-VERSION", format!("{reference} names one version; refer to the Patient as Patient/id"))
            }
            Refusal::Dangling(reference, _) => {
                ("RS-REFERENCE", format!("{reference} does not exist here; references are literal, local and enforced"))
            }
            Refusal::ReferenceWithoutType(reference, path) if reference.starts_with("urn:") => (
                "RS-REFERENCE-TYPE",
                format!("{path} is {reference}; write Type/id, or within a Bundle the fullUrl of one of its entries"),
            ),
            Refusal::ReferenceWithoutType(reference, path) => {
                ("RS-REFERENCE-TYPE", format!("{path} is {reference}; write Patient/ before the id"))
            }
            Refusal::UrnSubject(path) => ("RS-REFERENCE-URN", format!("{path} must be Patient/ and the id, not a urn:")),
            Refusal::ExternalReference(_) => {
                ("RS-REFERENCE-EXTERNAL", "refer to resources of this server as Type/id".into())
            }
            Refusal::PatientIdentifier(id) => (
                "RS-PATIENT-IDENTIFIER",
                format!("Patient/{id} needs an identifier urn:uuid: with its own id; create it by PUT Patient/uuid"),
            ),
            Refusal::RealIdentityCode(_) => {
                ("RS-REAL-PERSON", "use test persons only: individual numbers 900-999".into())
            }
            Refusal::National(..) => (
                "RS-URL-NATIONAL",
                "the national definitions are not overwritten: POST your own beside it, with another url, such as this one with a suffix".into(),
            ),
            Refusal::Bundle(text) => ("RS-BUNDLE-ENTRY", text.clone()),
            Refusal::StillReferredTo(_, by, _) => {
                ("RS-DELETE-REFERRED", format!("delete {by} first, or take its reference out"))
            }
            Refusal::UrlTaken(_, _, by) if by.is_empty() => (
                "RS-URL-NATIONAL",
                "the national definitions are not overwritten: give your own another url, such as this one with a suffix".into(),
            ),
            Refusal::UrlTaken(_, _, by) => {
                ("RS-URL-TAKEN", format!("update {by} by PUT, or give the new one another url"))
            }
            Refusal::Invalid(objections) => {
                let error = objections.iter().find(|objection| objection.issue.severity == "error");
                match error.or(objections.first()) {
                    Some(objection) => (&objection.rule, objection.fix.clone()),
                    None => ("RS-INVALID", "the resource does not conform to its profile".into()),
                }
            }
            Refusal::Search(_, _, error) => search_reason(error),
            Refusal::PatientSearch => ("RS-SEARCH-PATIENT", "Patient can be searched by _id only".into()),
            Refusal::UnknownPage(_, why) => ("RS-PAGE", page_reason(*why).to_owned()),
            Refusal::Store(error) => ("RS-STORE", error.clone()),
        }
    }
}

fn page_reason(why: Gone) -> &'static str {
    match why {
        Gone::Expired => "pages are kept for an hour; start the search again",
        Gone::MadeRoom => {
            "less than an hour old, but dropped for later searches of the same caller, whose pages took the most memory of all; start the search again, and follow its links before many others"
        }
        Gone::Unknown => {
            "no such search of this caller on this base is kept; pages are kept for an hour and not across a restart: start the search again"
        }
    }
}

fn search_text(resource_type: ResourceType, names: &[String], error: &QueryError) -> String {
    match error {
        QueryError::Unknown(_) | QueryError::Missing(_) => not_handled("GET", resource_type.as_str(), names),
        QueryError::Repeated(name) => format!(
            "Multiple values detected for non-repeatable parameter '{name}'. This server is not configured to allow multiple (AND/OR) values for this param."
        ),
        QueryError::TooMany(name, most) => {
            format!("Too many values for parameter '{name}', at most {most} are allowed")
        }
        QueryError::Date(value) => format!("Invalid date/time format: \"{value}\""),
        QueryError::Value(name, value) => format!("Invalid {name} value: \"{value}\""),
        QueryError::Sort(name, valid) => format!(
            "Unknown _sort parameter value \"{name}\" for resource type \"{resource_type}\" (Note: sort parameters values must use a valid Search Parameter). Valid values for this search are: [{valid}]"
        ),
    }
}

fn search_reason(error: &QueryError) -> (&'static str, String) {
    match error {
        QueryError::Unknown(name) => (
            "RS-SEARCH-UNKNOWN",
            format!(
                "{name} is no search parameter of this type on this base, see metadata (knobs search.unknown, search.unknown_special)"
            ),
        ),
        QueryError::Missing(name) => ("RS-SEARCH-MANDATORY", format!("every search of this type needs {name}")),
        QueryError::Repeated(name) => {
            ("RS-SEARCH-REPEATED", format!("{name} takes one value; code takes several separated by commas"))
        }
        QueryError::TooMany(name, most) => {
            ("RS-SEARCH-TOO-MANY", format!("split the search: {name} takes at most {most} values at once"))
        }
        QueryError::Date(value) if value.contains(' ') => {
            ("RS-SEARCH-DATE", "a + in a query means a space; percent-encode the + of the zone as %2B".into())
        }
        QueryError::Date(_) => ("RS-SEARCH-DATE", "dates look like ge2019-05-27 or ge2019-05-27T12:00:00Z".into()),
        QueryError::Value(name, _) => ("RS-SEARCH-VALUE", format!("{name} has no such value")),
        QueryError::Sort(_, valid) => ("RS-SEARCH-SORT", format!("sort by {valid}, with - in front for descending")),
    }
}

/// The routing error for a request no method answers; parameter names in order, as recorded.
pub fn not_handled(method: &str, operation: &str, names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    format!(
        "Invalid request: The FHIR endpoint on this server does not know how to handle {method} operation[{operation}] with parameters [[{}]]",
        names.join(", ")
    )
}
