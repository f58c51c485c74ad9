//! A transaction: several writes as one commit, all of them or none.
//!
//! What entries refer to by `urn:uuid:` of another entry becomes its id here. Deletions are made first, then Patients, creates and
//! updates (FHIR's order), whatever their order in the Bundle; each sees what those before it did, and references are looked
//! up when all of it is done, so that entries may refer to one another in any direction.

use super::index::Place;
use super::keys::Group;
use super::references::{self, parse_id};
use super::write_plan::{Change, ChangeAct, Plan, matching, patient_number};
use super::{Access, Objection, Outcome, Records, Refusal, ResourceType, Written};
use crate::fhir::Version;
use crate::json::{Document, Value};
use crate::store::{AttemptError, Batch, Store, View};
use std::collections::HashMap;
use uuid::Uuid;

/// How often a transaction starts again when others write what its conditions look at.
const MOST_ATTEMPTS: usize = 20;

/// One write of a transaction.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `fullUrl`: what other entries refer to it by.
    pub full_url: Option<String>,
    /// The type in the URL.
    pub resource_type: ResourceType,
    /// What is to be done.
    pub act: EntryDone,
}

/// What an entry does.
#[derive(Clone, Debug)]
pub enum EntryDone {
    /// `POST`, with `ifNoneExist`.
    Create(Document, Option<String>),
    /// `PUT` of this id, with `ifMatch`.
    Update(String, Document, Option<String>),
    /// `DELETE` of this id, with `ifMatch`.
    Delete(String, Option<String>),
}

/// Which entry stopped a transaction, and why. Nothing was stored then.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRefusal {
    /// Its index among the entries.
    pub index: usize,
    /// The refusal.
    pub refusal: Refusal,
}

/// Why a transaction was not made. Nothing was stored then.
#[derive(Clone, Debug, PartialEq)]
pub enum TransactionRefusal<E> {
    /// A write was refused.
    Write(EntryRefusal),
    /// A read failed.
    Read(E),
}

/// The bodies of the entries, where they have one, and the ids that their conditions find.
type Resolved = (Vec<Option<Document>>, Vec<Option<Uuid>>);

/// A whole transaction: what is to be committed, what comes of each change, what is left in the end.
type Planned = (Batch, Vec<(Outcome, super::Stored)>, View);

/// Why an attempt did not come to an end.
enum Stopped {
    Refused(EntryRefusal),
    /// A condition finds something else than it did when the references were written.
    Again,
    /// One of the reads failed, in words that this room does not know.
    Read,
}

impl Records {
    /// Makes all the writes of a transaction in one commit, or none. The results are in the order of the entries.
    ///
    /// `read` makes the reads of the transaction on what the writes will have left, before they are committed: when one of
    /// them fails, nothing is. It may be called several times, when other writes come between.
    ///
    /// # Errors
    /// The first refusal of a write, or the error of `read`.
    pub fn transaction<T, E>(
        &self,
        access: &Access,
        version: Version,
        entries: &[Entry],
        mut read: impl FnMut(&Records) -> Result<T, E>,
    ) -> Result<(Vec<Written>, T), TransactionRefusal<E>> {
        check_unique(entries).map_err(TransactionRefusal::Write)?;
        for _ in 0..MOST_ATTEMPTS {
            let mut failed = None;
            let made = self.attempt_transaction(access, version, entries, |records| {
                read(records).map_err(|error| failed = Some(error)).ok()
            });
            match (made, failed) {
                (Ok(made), _) => return Ok(made),
                (Err(_), Some(error)) => return Err(TransactionRefusal::Read(error)),
                (Err(Stopped::Refused(refusal)), None) => return Err(TransactionRefusal::Write(refusal)),
                (Err(Stopped::Again | Stopped::Read), None) => {}
            }
        }
        let refusal = Refusal::Store("other writes with the same identifiers kept coming between".to_owned());
        Err(TransactionRefusal::Write(EntryRefusal { index: 0, refusal }))
    }

    fn attempt_transaction<T>(
        &self,
        access: &Access,
        version: Version,
        entries: &[Entry],
        mut read: impl FnMut(&Records) -> Option<T>,
    ) -> Result<(Vec<Written>, T), Stopped> {
        let refused = |index: usize| move |refusal| Stopped::Refused(EntryRefusal { index, refusal });
        let ids: Vec<Uuid> = entries.iter().map(|_| self.parts.random.uuid()).collect();
        let (documents, expected) = self.resolve(access, version, entries, &ids)?;
        let now = self.parts.clock.now();
        let mut changes: Vec<(usize, Change<'_>, Vec<Objection>)> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let of_type = entry.resource_type;
            let (change, remarks) = match (&entry.act, &documents[index]) {
                (EntryDone::Create(_, condition), Some(document)) => {
                    self.prepare_create(access, version, of_type, document, condition.as_deref(), ids[index], now)
                }
                (EntryDone::Update(id, _, if_match), Some(document)) => {
                    self.prepare_update(access, version, of_type, id, document, if_match.as_deref())
                }
                (EntryDone::Delete(id, if_match), _) => self
                    .prepare_delete(access, version, of_type, id, if_match.as_deref())
                    .map(|change| (change, Vec::new())),
                (_, None) => Err(Refusal::NoResourceType),
            }
            .map_err(refused(index))?;
            changes.push((index, change, remarks));
        }
        changes.sort_by_key(|(index, change, _)| match entries[*index].act {
            EntryDone::Delete(..) => 0,
            // A Patient has to be there before what is its own.
            _ if change.resource_type == ResourceType::Patient => 1,
            EntryDone::Create(..) => 2,
            EntryDone::Update(..) => 3,
        });
        let done = self.store.attempt(|view| {
            let (batch, plans, left) = self.plan_all(view, &changes, &expected, &ids)?;
            let left = Records { store: Store::of(left), ..self.clone() };
            let read = read(&left).ok_or(Stopped::Read)?;
            Ok((batch, (plans, read)))
        });
        let (plans, read) = done.map_err(|error| match error {
            AttemptError::Refused(stopped) => stopped,
            AttemptError::Commit(error) => refused(0)(Refusal::Store(error.to_string())),
        })?;
        let mut written: Vec<(usize, Written)> = changes
            .into_iter()
            .zip(plans)
            .map(|((index, _, remarks), (outcome, stored))| {
                (index, Written { outcome, stored: stored.on(version), remarks })
            })
            .collect();
        written.sort_by_key(|(index, _)| *index);
        Ok((written.into_iter().map(|(_, written)| written).collect(), read))
    }

    /// The bodies with their references written out, and what each condition finds at present.
    fn resolve(&self, access: &Access, version: Version, entries: &[Entry], ids: &[Uuid]) -> Result<Resolved, Stopped> {
        let mut places: HashMap<&str, String> = HashMap::new();
        for (entry, id) in entries.iter().zip(ids) {
            let Some(full_url) = entry.full_url.as_deref().filter(|url| url.starts_with("urn:")) else { continue };
            let place = match &entry.act {
                EntryDone::Create(..) => format!("{}/{id}", entry.resource_type),
                EntryDone::Update(id, ..) | EntryDone::Delete(id, _) => format!("{}/{id}", entry.resource_type),
            };
            places.insert(full_url, place);
        }
        let mut documents = self.with_references(entries, &places)?;
        let view = self.store.view();
        let mut expected = vec![None; entries.len()];
        for (index, entry) in entries.iter().enumerate() {
            let EntryDone::Create(_, Some(condition)) = &entry.act else { continue };
            let refused = |refusal| Stopped::Refused(EntryRefusal { index, refusal });
            let condition = super::conditional::Condition::parse(condition).map_err(refused)?;
            let Some(document) = &documents[index] else { continue };
            let owner = references::compartment(access, version, entry.resource_type, document.root());
            let owner = owner.map_err(refused)?.unwrap_or_default();
            // A patient that is made by this very transaction has nothing yet.
            let Ok(patient) = patient_number(&view, entry.resource_type, owner) else { continue };
            let place = Place { patient, group: Group::of(entry.resource_type, version), number: 0 };
            let found = matching(&view, entry.resource_type, place, &condition).map_err(refused)?;
            if let Some(found) = found {
                expected[index] = Some(found.id);
                if let Some(full_url) = entry.full_url.as_deref() {
                    places.insert(full_url, format!("{}/{}", entry.resource_type, found.id));
                }
            }
        }
        if expected.iter().any(Option::is_some) {
            documents = self.with_references(entries, &places)?;
        }
        Ok((documents, expected))
    }

    fn with_references(
        &self,
        entries: &[Entry],
        places: &HashMap<&str, String>,
    ) -> Result<Vec<Option<Document>>, Stopped> {
        let rewrite = |(index, entry): (usize, &Entry)| {
            let (EntryDone::Create(document, _) | EntryDone::Update(_, document, _)) = &entry.act else {
                return Ok(None);
            };
            let rewritten = rewritten(document, places);
            let refused = |error: crate::json::ParseError| {
                Stopped::Refused(EntryRefusal { index, refusal: Refusal::Store(error.to_string()) })
            };
            Document::parse(rewritten).map(Some).map_err(refused)
        };
        entries.iter().enumerate().map(rewrite).collect()
    }

    /// All the plans as one batch, each made on what those before it leave, and what is left in the end.
    fn plan_all(
        &self,
        view: &View,
        changes: &[(usize, Change<'_>, Vec<Objection>)],
        expected: &[Option<Uuid>],
        ids: &[Uuid],
    ) -> Result<Planned, Stopped> {
        let refused = |index: usize| move |refusal| Stopped::Refused(EntryRefusal { index, refusal });
        let mut scratch = view.clone();
        let mut whole = Batch::new();
        let mut plans: Vec<Plan> = Vec::with_capacity(changes.len());
        for (index, change, _) in changes {
            let plan = change.plan(self, &scratch).map_err(refused(*index))?;
            if matches!(change.act, ChangeAct::Create { .. }) {
                let found = (plan.outcome == Outcome::Matched).then_some(plan.stored.id);
                if found.is_some_and(|found| ids.contains(&found)) {
                    let text = "Several entries have the same If-None-Exist condition".to_owned();
                    return Err(refused(*index)(Refusal::Bundle(text)));
                }
                if found != expected[*index] {
                    return Err(Stopped::Again);
                }
            }
            scratch = scratch.with(&plan.batch);
            whole.then(plan.batch.clone());
            plans.push(plan);
        }
        for ((index, change, _), plan) in changes.iter().zip(&mut plans) {
            // Settling adds to the plan's own batch, which is in the whole already: here it begins anew.
            plan.batch = Batch::new();
            change.settle(self, &scratch, plan).map_err(refused(*index))?;
            scratch = scratch.with(&plan.batch);
            whole.then(std::mem::take(&mut plan.batch));
        }
        for ((index, change, _), plan) in changes.iter().zip(&plans) {
            change.check_unreferred(&scratch, plan).map_err(refused(*index))?;
        }
        Ok((whole, plans.into_iter().map(|plan| (plan.outcome, plan.stored)).collect(), scratch))
    }
}

/// A resource is written once, and a `fullUrl` names one entry.
fn check_unique(entries: &[Entry]) -> Result<(), EntryRefusal> {
    let mut written = HashMap::new();
    let mut named = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let refuse = |text: String| Err(EntryRefusal { index, refusal: Refusal::Bundle(text) });
        if let EntryDone::Update(id, ..) | EntryDone::Delete(id, _) = &entry.act
            && written.insert((entry.resource_type, parse_id(id), id), ()).is_some()
        {
            return refuse(format!(
                "Transaction bundle contains multiple resources with ID: {}/{id}",
                entry.resource_type
            ));
        }
        if let Some(url) = &entry.full_url
            && named.insert(url, ()).is_some()
        {
            return refuse(format!("Transaction bundle contains multiple entries with fullUrl: {url}"));
        }
    }
    Ok(())
}

/// The text of a resource with each reference that stands in `places` replaced.
fn rewritten(document: &Document, places: &HashMap<&str, String>) -> String {
    let mut found = Vec::new();
    if !places.is_empty() {
        collect(document.root(), places, &mut found);
    }
    let text = document.text();
    let mut output = String::with_capacity(text.len());
    let mut from = 0;
    for (span, place) in found {
        output.push_str(&text[from..span.start]);
        output.push_str(&crate::json::escape(place));
        from = span.end;
    }
    output.push_str(&text[from..]);
    output
}

fn collect<'p>(
    value: Value<'_>,
    places: &'p HashMap<&str, String>,
    found: &mut Vec<(std::ops::Range<usize>, &'p String)>,
) {
    value.items().for_each(|item| collect(item, places, found));
    for (key, member) in value.members() {
        if key == "reference"
            && let Some(place) = member.as_str().and_then(|text| places.get(text))
        {
            found.push((member.span(), place));
        }
        collect(member, places, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_are_rewritten() {
        let places = HashMap::from([("urn:uuid:1", "Observation/9".to_owned())]);
        let document = Document::parse(
            r#"{"identifier":[{"value":"urn:uuid:1"}],"a":[{"reference":"urn:uuid:1"},{"reference":"urn:uuid:2"}]}"#,
        )
        .unwrap();
        assert_eq!(
            rewritten(&document, &places),
            r#"{"identifier":[{"value":"urn:uuid:1"}],"a":[{"reference":"Observation/9"},{"reference":"urn:uuid:2"}]}"#
        );
    }
}
