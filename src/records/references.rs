//! Whose a resource is, and whether what it refers to is there.

use super::{Access, Refusal};
use crate::fhir::Version;
use crate::fhir::search::{ResourceType, canonical};
use crate::json::Value;
use uuid::Uuid;

/// A literal, local reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'d> {
    pub type_name: &'d str,
    pub id: &'d str,
}

impl<'d> Reference<'d> {
    /// Reads `Type/id`, with or without a version, or the absolute URL of it on this server.
    fn parse(reference: &'d str, version: Version) -> Option<Reference<'d>> {
        let local = match reference.contains("://") {
            true => {
                let (_, local) = reference.split_once("/phr-resourceserver/")?;
                local.strip_prefix(version.base_segment())?.strip_prefix('/')?
            }
            false => reference,
        };
        let mut parts = local.split('/');
        let (type_name, id) = (parts.next()?, parts.next()?);
        let rest_fits =
            matches!((parts.next(), parts.next(), parts.next()), (None, ..) | (Some("_history"), Some(_), None));
        let is_type = type_name.starts_with(|first: char| first.is_ascii_uppercase())
            && type_name.bytes().all(|byte| byte.is_ascii_alphabetic());
        (rest_fits && is_type && !id.is_empty()).then_some(Reference { type_name, id })
    }

    /// Whether it refers to a Patient, which can't be deleted: no note is kept of such references.
    pub fn is_to_patient(&self) -> bool {
        self.type_name == "Patient"
    }

    /// The Patient's id, when it refers to a Patient by a UUID.
    fn patient(&self) -> Option<Uuid> {
        (self.type_name == "Patient").then(|| parse_id(self.id))?
    }
}

/// A logical id as the server writes it: a UUID in lower case with hyphens.
pub(super) fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(id)
}

/// The patient in whose compartment a resource is: its subject, of a Consent the patient.
///
/// For a caller with a patient of its own, every patient that subject, performer or author name must be that one. A resource without
/// a subject passes here, and so do a subject of another type and a reference with white space: the validator says better
/// what is wrong with them, and nothing of the kind outlives [`check_all`].
///
/// A subject may be given as the absolute URL of the Patient on this server; which of its several names the URL has does not
/// matter, the Patient must be there. Whether the real server would write it as `Patient/id` is not known: the bytes stay as
/// they were sent. A subject that names one version of the Patient is refused.
pub(super) fn compartment(
    access: &Access,
    version: Version,
    resource_type: ResourceType,
    resource: Value<'_>,
) -> Result<Option<Uuid>, Refusal> {
    let mut subject = None;
    for (index, name) in resource_type.owners().iter().enumerate() {
        let is_subject = index == 0;
        for owner in resource.get(name).into_iter().flat_map(Value::each) {
            // MedicationAdministration.performer is a backbone element around the reference.
            let owner = owner.get("actor").unwrap_or(owner);
            let Some(text) = owner.get("reference").and_then(Value::as_str) else { continue };
            if text.contains(char::is_whitespace) {
                continue;
            }
            let path = || format!("{resource_type}.{name}");
            let Some(reference) = Reference::parse(text, version) else {
                return Err(malformed(text, path(), is_subject));
            };
            if reference.type_name != "Patient" {
                continue;
            }
            // What is no id is nobody's: there is no compartment to tell apart.
            let Some(patient) = reference.patient() else {
                return Err(Refusal::Dangling(format!("Patient/{}", reference.id), path()));
            };
            if !access.reaches(patient) {
                return Err(Refusal::Compartment);
            }
            if is_subject {
                if text.contains("/_history/") {
                    return Err(Refusal::Dangling(text.to_owned(), path()));
                }
                subject = Some(patient);
            }
        }
    }
    Ok(subject)
}

/// Which of the three recorded ways a reference is wrong in.
fn malformed(text: &str, path: String, subject: bool) -> Refusal {
    if text.starts_with("urn:") && subject {
        Refusal::UrnSubject(path)
    } else if text.contains("://") {
        Refusal::ExternalReference(text.to_owned())
    } else {
        Refusal::ReferenceWithoutType(text.to_owned(), path)
    }
}

/// Checks every `reference` of a resource with `exists`, contained resources included, but for those in the element
/// `unchecked`; those within it (`#…`) are the validator's.
pub(super) fn check_all(
    version: Version,
    resource_type: ResourceType,
    resource: Value<'_>,
    unchecked: Option<&str>,
    exists: &dyn Fn(Reference<'_>) -> bool,
) -> Result<(), Refusal> {
    let mut path = vec![resource_type.as_str()];
    for (key, member) in resource.members().filter(|(key, _)| unchecked != Some(key)) {
        path.push(key);
        walk(version, member, &mut path, exists)?;
        path.pop();
    }
    Ok(())
}

fn walk<'d>(
    version: Version,
    value: Value<'d>,
    path: &mut Vec<&'d str>,
    exists: &dyn Fn(Reference<'_>) -> bool,
) -> Result<(), Refusal> {
    for item in value.items() {
        walk(version, item, path, exists)?;
    }
    for (key, member) in value.members() {
        if key == "reference"
            && let Some(text) = member.as_str()
            && !text.starts_with('#')
        {
            let place = path.join(".");
            match Reference::parse(text, version) {
                // A form is named by its canonical URL, in STU3 as well (resource-server.md §4, row 14).
                None if place == "QuestionnaireResponse.questionnaire" && text.contains("://") => {}
                None => return Err(malformed(text, place, false)),
                Some(reference) if !exists(reference) => {
                    return Err(Refusal::Dangling(format!("{}/{}", reference.type_name, reference.id), place));
                }
                Some(_) => {}
            }
        }
        path.push(key);
        walk(version, member, path, exists)?;
        path.pop();
    }
    Ok(())
}

/// The literal references of a resource, those to Patients among them.
pub(super) fn targets<'d>(version: Version, resource: Value<'d>) -> Vec<Reference<'d>> {
    let mut found = Vec::new();
    collect(version, resource, &mut found);
    found
}

/// Whether a compact text may refer to anything but Patients: nearly every record shows here that it does not.
pub(super) fn may_refer(text: &str) -> bool {
    text.match_indices("\"reference\":").any(|(at, key)| !text[at + key.len()..].starts_with("\"Patient/"))
}

/// Where a resource refers to `target`, a `Type/id`: the path of the element.
pub(super) fn path_to(resource: Value<'_>, target: &str) -> Option<String> {
    fn find(value: Value<'_>, target: &str, path: &mut Vec<String>) -> bool {
        if value.get("reference").and_then(Value::as_str).is_some_and(|text| canonical(text) == target) {
            return true;
        }
        value.items().any(|item| find(item, target, path))
            || value.members().any(|(key, member)| {
                path.push(key.to_owned());
                let found = find(member, target, path);
                if !found {
                    path.pop();
                }
                found
            })
    }
    let mut path = Vec::new();
    find(resource, target, &mut path).then(|| path.join("."))
}

fn collect<'d>(version: Version, value: Value<'d>, found: &mut Vec<Reference<'d>>) {
    value.items().for_each(|item| collect(version, item, found));
    for (key, member) in value.members() {
        if key == "reference"
            && let Some(reference) = member.as_str().and_then(|text| Reference::parse(text, version))
        {
            found.push(reference);
        }
        collect(version, member, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    const OWN: Uuid = Uuid::from_u128(0xa);
    const ID: &str = "00000000-0000-0000-0000-00000000000a";

    fn verdict(body: &str) -> Result<Option<Uuid>, Refusal> {
        let document = Document::parse(body.replace("ID", ID)).unwrap();
        compartment(&Access::Citizen { patient: OWN }, Version::R4, ResourceType::Observation, document.root())
    }

    #[test]
    fn subject_and_performer_must_be_the_callers_own_patient() {
        assert_eq!(
            verdict(r#"{"subject":{"reference":"Patient/ID"},"performer":[{"reference":"Patient/ID"}]}"#),
            Ok(Some(OWN))
        );
        assert_eq!(
            verdict(r#"{"subject":{"reference":"https://x.test/phr-resourceserver/baseR4/Patient/ID"}}"#),
            Ok(Some(OWN))
        );
        assert_eq!(verdict("{}"), Ok(None));
        let other = verdict(&r#"{"subject":{"reference":"Patient/ID"}}"#.replace("ID", &ID.replace("0a", "0b")));
        assert_eq!(other, Err(Refusal::Compartment));
        let other = r#"{"performer":[{"actor":{"reference":"Patient/ID"}}]}"#.replace("ID", &ID.replace("0a", "0b"));
        assert_eq!(verdict(&other), Err(Refusal::Compartment));
    }

    #[test]
    fn what_names_nobody_is_not_somebody_elses() {
        let dangling = |reference: &str, path: &str| Err(Refusal::Dangling(reference.into(), path.into()));
        assert_eq!(
            verdict(r#"{"performer":[{"reference":"Patient/other"}]}"#),
            dangling("Patient/other", "Observation.performer")
        );
        assert_eq!(
            verdict(r#"{"subject":{"reference":"Patient/ID/_history/1"}}"#),
            dangling(&format!("Patient/{ID}/_history/1"), "Observation.subject")
        );
        // The validator's to refuse.
        assert_eq!(verdict(r#"{"subject":{"reference":"Practitioner/1"}}"#), Ok(None));
        assert_eq!(verdict(r#"{"performer":[{"reference":"Patient/ID "}]}"#), Ok(None));
    }

    #[test]
    fn references_without_a_type_are_refused_each_in_its_way() {
        assert_eq!(
            verdict(r#"{"subject":{"reference":"urn:uuid:ID"}}"#),
            Err(Refusal::UrnSubject("Observation.subject".into()))
        );
        assert_eq!(
            verdict(r#"{"performer":[{"reference":"ID"}]}"#),
            Err(Refusal::ReferenceWithoutType(ID.into(), "Observation.performer".into()))
        );
        assert_eq!(
            verdict(r#"{"subject":{"reference":"http://x.test/Patient/ID"}}"#),
            Err(Refusal::ExternalReference(format!("http://x.test/Patient/{ID}")))
        );
    }

    #[test]
    fn every_reference_is_looked_up() {
        let check = |body: &str| {
            let document = Document::parse(body).unwrap();
            check_all(Version::R4, ResourceType::Observation, document.root(), None, &|reference| reference.id == "1")
        };
        assert_eq!(check(r##"{"subject":{"reference":"Patient/1"},"a":[{"reference":"#x"}],"reference":7}"##), Ok(()));
        assert_eq!(
            check(r#"{"hasMember":[{"reference":"Observation/2"}]}"#),
            Err(Refusal::Dangling("Observation/2".into(), "Observation.hasMember".into()))
        );
    }
}
