//! The index entries of a resource, put and removed within the commit that writes it.

use super::keys::{self, Dated, Group, Number};
use crate::fhir::search::{IndexValues, ResourceType};
use crate::store::{Batch, Key, Value, View};
use jiff::Timestamp;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The changes a commit makes to the index.
///
/// The lists of identifiers are read, changed and written back; each one touched is also a condition of the commit, which
/// is what makes If-None-Exist atomic.
pub(super) struct IndexChanges<'v> {
    view: &'v View,
    identifiers: BTreeMap<Key, Vec<Number>>,
}

/// Where a resource stands in the index.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub patient: Number,
    pub group: Group,
    pub number: Number,
}

impl<'v> IndexChanges<'v> {
    pub fn new(view: &'v View) -> IndexChanges<'v> {
        IndexChanges { view, identifiers: BTreeMap::new() }
    }

    /// Takes a version that was written at `updated` out of the index.
    pub fn remove(&mut self, batch: &mut Batch, place: Place, values: &IndexValues<'_>, updated: Timestamp) {
        for key in dated_keys(place, values).chain(updated_key(place, updated)) {
            batch.remove(key);
        }
        for identifier in identifiers(place, values) {
            self.list(place, &identifier).retain(|number| *number != place.number);
        }
    }

    /// Puts a version that is written at `updated` into the index.
    pub fn put(&mut self, batch: &mut Batch, place: Place, values: &IndexValues<'_>, updated: Timestamp) {
        for key in dated_keys(place, values).chain(updated_key(place, updated)) {
            batch.put(key, Value::default());
        }
        for identifier in identifiers(place, values) {
            let list = self.list(place, &identifier);
            if !list.contains(&place.number) {
                list.push(place.number);
            }
        }
    }

    /// Makes the commit depend on the list of an identifier although nothing may change in it.
    pub fn watch(&mut self, place: Place, identifier: &str) {
        self.list(place, identifier);
    }

    /// Another resource that defines the same URL. The commit depends on there being none.
    pub fn other_with_url(&mut self, place: Place, url: &str) -> Option<Number> {
        self.list(place, &url_mark(url)).iter().copied().find(|number| *number != place.number)
    }

    /// Writes the lists of identifiers and their conditions.
    pub fn finish(self, batch: &mut Batch) {
        for (key, numbers) in self.identifiers {
            match self.view.get(&key) {
                Some(value) => batch.require_equal(key, value.clone()),
                None => batch.require_absent(key),
            };
            if numbers.is_empty() {
                batch.remove(key);
            } else {
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
                batch.put(key, bytes);
            }
        }
    }

    fn list(&mut self, place: Place, identifier: &str) -> &mut Vec<Number> {
        let key = keys::identified(place.patient, place.group, identifier);
        self.identifiers.entry(key).or_insert_with(|| keys::numbers(self.view.get(&key)))
    }
}

fn dated_keys<'i>(place: Place, values: &'i IndexValues<'_>) -> impl Iterator<Item = Key> + 'i {
    values.codes.iter().map(move |(system, code)| {
        let dated =
            Dated { code: keys::digest(*code), system: keys::digest(*system), date: values.date, number: place.number };
        dated.key(place.patient, place.group)
    })
}

/// Patients are found by their id alone.
fn updated_key(place: Place, updated: Timestamp) -> Option<Key> {
    let is_patient = place.group.resource_type() == ResourceType::Patient;
    (!is_patient).then(|| keys::updated(place.patient, place.group, updated.as_millisecond(), place.number))
}

/// The identifiers, and the URL of what defines one: it is listed like them, so that two commits can't both take it.
fn identifiers(place: Place, values: &IndexValues<'_>) -> impl Iterator<Item = String> {
    let url = match values.codes.as_slice() {
        [(None, Some(url))] if place.group.resource_type().is_conformance() => Some(url_mark(url)),
        _ => None,
    };
    values.identifiers.iter().map(|(_, value)| (*value).to_owned()).chain(url).collect::<Vec<_>>().into_iter()
}

/// No identifier begins with a line break: FHIR strings in JSON may hold one, clients' identifiers do not.
fn url_mark(url: &str) -> String {
    format!("\n{url}")
}

/// Makes the commit depend on the heads of what it refers to: a deletion (or a purge) that runs side by side changes them,
/// and what refers to the deleted then starts again, and finds nothing there.
pub(super) fn stay(view: &View, batch: &mut Batch, ids: impl Iterator<Item = Uuid>) {
    let mut seen: SmallVec<[Uuid; 2]> = SmallVec::new();
    for id in ids.filter(|id| !id.is_nil()) {
        if !seen.contains(&id) {
            seen.push(id);
            let head = keys::head(id);
            match view.get(&head) {
                Some(value) => batch.require_equal(head, value.clone()),
                None => batch.require_absent(head),
            };
        }
    }
}

/// Notes that the resource with the number `source` refers to these others. The counter beside the entries changes with
/// each, so that a deletion that runs side by side sees that it came too late; the other way round, see [`stay`].
pub(super) fn refer(view: &View, batch: &mut Batch, source: Number, targets: &[Number]) {
    for target in targets {
        let counter = keys::referred(*target, 0);
        let count = watch_referrers(view, batch, *target);
        batch.put(counter, (count + 1).to_be_bytes().to_vec());
        batch.put(keys::referred(*target, source), Value::default());
    }
}

/// Takes such notes back.
pub(super) fn no_longer_refer(batch: &mut Batch, source: Number, targets: &[Number]) {
    for target in targets {
        batch.remove(keys::referred(*target, source));
    }
}

/// Makes the commit depend on nobody referring anew to a resource. Returns how often that was done.
pub(super) fn watch_referrers(view: &View, batch: &mut Batch, target: Number) -> u32 {
    let counter = keys::referred(target, 0);
    match view.get(&counter) {
        Some(value) => {
            batch.require_equal(counter, value.clone());
            keys::numbers(Some(value)).first().copied().unwrap_or(0)
        }
        None => {
            batch.require_absent(counter);
            0
        }
    }
}

/// A resource other than itself that refers to the one with this number.
pub(super) fn referrer(view: &View, target: Number) -> Option<Number> {
    let entries = view.prefix(&keys::referring(target));
    entries.filter_map(|(key, _)| keys::source(key)).find(|source| *source != 0 && *source != target)
}
