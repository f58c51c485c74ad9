//! The index entries of a resource, put and removed within the commit that writes it.

use super::keys::{self, Dated, Group, Number};
use crate::fhir::search::IndexValues;
use crate::store::{Batch, Key, Value, View};
use std::collections::BTreeMap;

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

    /// Takes a version out of the index.
    pub fn remove(&mut self, batch: &mut Batch, place: Place, values: &IndexValues<'_>) {
        for key in dated_keys(place, values) {
            batch.remove(key);
        }
        for (_, value) in &values.identifiers {
            self.list(place, value).retain(|number| *number != place.number);
        }
    }

    /// Puts a version into the index.
    pub fn put(&mut self, batch: &mut Batch, place: Place, values: &IndexValues<'_>) {
        for key in dated_keys(place, values) {
            batch.put(key, Value::default());
        }
        for (_, value) in &values.identifiers {
            let list = self.list(place, value);
            if !list.contains(&place.number) {
                list.push(place.number);
            }
        }
    }

    /// Makes the commit depend on the list of an identifier although nothing may change in it.
    pub fn watch(&mut self, place: Place, identifier: &str) {
        self.list(place, identifier);
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
