//! Patients as the server makes them, and what happens to a patient's data as a whole.

use super::index::{IndexChanges, Place};
use super::keys::{self, Dated, Group, Head};
use super::read::head_in;
use super::references::{self, parse_id};
use super::write_plan::{next_number, patient_number};
use super::{Access, Act, Records, Refusal};
use super::{index, stored};
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, ResourceType};
use crate::json::{Document, Value};
use crate::store::{AttemptError, Batch, View};
use crate::time::to_helsinki;
use jiff::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

impl Records {
    /// Makes the Patient of a citizen, as the first approval does: pseudonymous, id = identifier. One that is there stays as it is.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the store fails.
    pub fn create_patient(&self, pseudonym: Uuid) -> Result<(), Refusal> {
        let now = self.parts.clock.now();
        let text = format!(
            "{{\"resourceType\":\"Patient\",\"id\":\"{pseudonym}\",\"meta\":{{\"versionId\":\"1\",\"lastUpdated\":\"{}\",\"profile\":[\"{}\"]}},\"language\":\"fi\",\"identifier\":[{{\"system\":\"urn:ietf:rfc:3986\",\"value\":\"urn:uuid:{pseudonym}\"}}],\"active\":true}}",
            to_helsinki(now),
            stored::patient_profile(Version::R4),
        );
        let record = stored::record(now, Act::Create, &text);
        let identifier = format!("urn:uuid:{pseudonym}");
        let made = self.store.attempt(|view| {
            let mut batch = Batch::new();
            if head_in(view, pseudonym).is_some() {
                return Ok((batch, ()));
            }
            let group = Group::of(ResourceType::Patient, Version::R4);
            let number = next_number(view);
            let place = Place { patient: 0, group, number };
            let values = IndexValues {
                codes: Vec::new(),
                date: crate::fhir::search::Interval::NONE,
                identifiers: vec![(Some("urn:ietf:rfc:3986"), &identifier)],
            };
            let mut changes = IndexChanges::new(view);
            changes.put(&mut batch, place, &values, now);
            changes.finish(&mut batch);
            let creator = Access::Open.creator();
            let head = Head { group, number, version: 1, deleted: false, patient: pseudonym, creator };
            batch.require_absent(keys::version(number, 1)).put(keys::version(number, 1), record.clone());
            batch.require_absent(keys::head(pseudonym)).put(keys::head(pseudonym), head.encode());
            Ok((batch, ()))
        });
        settle(made)
    }

    /// Whether there is a Patient with this id.
    pub fn has_patient(&self, id: Uuid) -> bool {
        let head = self.store.get(&keys::head(id)).and_then(|value| Head::decode(&value));
        head.is_some_and(|head| head.group.resource_type() == ResourceType::Patient && !head.deleted)
    }

    /// How many current resources of a type a patient has on the base of a version.
    pub fn count(&self, patient: Uuid, version: Version, resource_type: ResourceType) -> usize {
        let view = self.store.view();
        let Some(head) = head_in(&view, patient) else { return 0 };
        let group = Group::of(resource_type, version);
        // A resource with several codes has several entries.
        let entries = view.prefix(&keys::dated(head.number, group, None, None));
        entries.filter_map(|(key, _)| Dated::decode(key)).map(|dated| dated.number).collect::<HashSet<_>>().len()
    }

    /// Removes a patient and everything of theirs for good, as if it had never been. Returns how many resources went.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the store fails.
    pub fn forget_patient(&self, patient: Uuid) -> Result<usize, Refusal> {
        self.remove(|_, head| head.patient == patient)
    }

    /// Removes for good what patients have that was last written before `instant`: the real sandbox's quarterly purge.
    /// Returns how many resources went.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the store fails.
    pub fn purge(&self, instant: Timestamp) -> Result<usize, Refusal> {
        self.remove(|view, head| {
            let record = view.get(&keys::version(head.number, head.version));
            let written = record.and_then(|record| stored::header(record));
            head.group.resource_type().is_in_compartment() && written.is_some_and(|(written, _)| written < instant)
        })
    }

    /// Removes the resources that `doomed` names, in one commit.
    fn remove(&self, doomed: impl Fn(&View, &Head) -> bool) -> Result<usize, Refusal> {
        let removed = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let mut changes = IndexChanges::new(view);
            let mut count = 0;
            for (key, value) in view.prefix(&keys::all_heads()) {
                let Some(head) = Head::decode(value).filter(|head| doomed(view, head)) else { continue };
                batch.require_equal(*key, value.clone());
                unindex(view, &mut batch, &mut changes, &head);
                let versions = view.prefix(&keys::versions(head.number));
                let referring = view.prefix(&keys::referring(head.number));
                for (key, _) in versions.chain(referring) {
                    batch.remove(*key);
                }
                batch.remove(*key);
                count += 1;
            }
            changes.finish(&mut batch);
            if count > 0 {
                // No number is given twice, not even the greatest: a kept page of a search would show what was not found.
                batch.put(keys::version(next_number(view), 0), Vec::new());
            }
            Ok((batch, count))
        });
        settle(removed)
    }

    /// On the open endpoint an Observation is stored only when its Patient has an id and an identifier, both the same UUID
    /// (recorded in February 2019: error 501440 otherwise).
    pub(super) fn check_patient_identifier(&self, view: &View, patient: Uuid) -> Result<(), Refusal> {
        let wrong = || Refusal::PatientIdentifier(patient.to_string());
        let head = head_in(view, patient).ok_or_else(wrong)?;
        let stored = stored::current(view, head.number, ResourceType::Patient).ok_or_else(wrong)?;
        let document = Document::parse(stored.text()).map_err(|_| wrong())?;
        let identifiers = document.root().get("identifier");
        let own = identifiers.into_iter().flat_map(Value::each).any(|identifier| {
            let value = identifier.get("value").and_then(Value::as_str).unwrap_or_default();
            let value = value.strip_prefix("urn:uuid:").unwrap_or(value);
            value.eq_ignore_ascii_case(&patient.to_string())
        });
        if own { Ok(()) } else { Err(wrong()) }
    }
}

/// Takes the current version of a resource out of the index, and what it refers to.
fn unindex(view: &View, batch: &mut Batch, changes: &mut IndexChanges<'_>, head: &Head) {
    let resource_type = head.group.resource_type();
    let Some(stored) = stored::current(view, head.number, resource_type) else { return };
    let Ok(document) = Document::parse(stored.text()) else { return };
    if let Ok(patient) = patient_number(view, resource_type, head.patient) {
        let place = Place { patient, group: head.group, number: head.number };
        changes.remove(batch, place, &IndexValues::of(resource_type, document.root()), stored.last_updated);
    }
    let version = head.group.version();
    let targets = references::targets(version, document.root()).into_iter();
    let targets = targets.filter_map(|target| head_in(view, parse_id(target.id)?)).map(|target| target.number);
    index::no_longer_refer(batch, head.number, &targets.collect::<Vec<_>>());
}

fn settle<T>(result: Result<T, AttemptError<Refusal>>) -> Result<T, Refusal> {
    match result {
        Ok(value) => Ok(value),
        Err(AttemptError::Refused(refusal)) => Err(refusal),
        Err(AttemptError::Commit(error)) => Err(Refusal::Store(error.to_string())),
    }
}
