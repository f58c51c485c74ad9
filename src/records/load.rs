//! Loading many records with a past in one commit: seeds, and what the control API is given.

use super::index::IndexChanges;
use super::write_plan::{Change, ChangeAct, Draft, next_number};
use super::{Access, Act, Records, Refusal, ResourceType};
use super::{index, keys, stored};
use crate::fhir::Version;
use crate::fhir::search::IndexValues;
use crate::json::Document;
use crate::store::{AttemptError, Batch};
use jiff::Timestamp;
use uuid::Uuid;

/// A record to load.
#[derive(Clone, Debug)]
pub struct Loading {
    /// As whom it is stored.
    pub access: Access,
    /// On which base.
    pub version: Version,
    /// Its type.
    pub resource_type: ResourceType,
    /// The resource.
    pub document: Document,
    /// Its `meta.lastUpdated`.
    pub at: Timestamp,
}

/// Which record stopped a load, and why. Nothing was loaded then.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRefusal {
    /// Its index among those to load.
    pub index: usize,
    /// The refusal.
    pub refusal: Refusal,
}

impl Records {
    /// Stores all of `items`, or none, by the rules of [`Records::create`].
    ///
    /// # Errors
    /// The first refusal.
    pub fn load(&self, items: &[Loading]) -> Result<usize, LoadRefusal> {
        let mut patients = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let accepted = self.accept(&item.access, item.version, item.resource_type, &item.document);
            let (patient, _) = accepted.map_err(|refusal| LoadRefusal { index, refusal })?;
            if patient.is_none() && item.resource_type.is_in_compartment() {
                return Err(LoadRefusal { index, refusal: Refusal::Compartment });
            }
            patients.push(patient);
        }
        self.put_all(items, &patients, true, &Batch::new())
    }

    /// As [`Records::load`] for one patient's seeds, without asking the judge: a test has validated their files. What
    /// `along` changes is committed with them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn load_seed(&self, items: &[Loading], patient: Uuid, along: Batch) -> Result<usize, LoadRefusal> {
        self.put_all(items, &vec![Some(patient); items.len()], false, &along)
    }

    fn put_all(
        &self,
        items: &[Loading],
        patients: &[Option<Uuid>],
        check: bool,
        along: &Batch,
    ) -> Result<usize, LoadRefusal> {
        let ids: Vec<Uuid> = items.iter().map(|_| self.parts.random.uuid()).collect();
        let loaded = self.store.attempt(|view| {
            let mut batch = along.clone();
            let mut changes = IndexChanges::new(view);
            let first = next_number(view);
            for (position, ((item, patient), id)) in items.iter().zip(patients).zip(&ids).enumerate() {
                let refuse = |refusal| LoadRefusal { index: position, refusal };
                let Loading { access, version, resource_type, document, at } = item;
                let resource = document.root();
                if check {
                    self.check_references(view, access, *version, *resource_type, resource, *patient, false)
                        .map_err(refuse)?;
                }
                let act = ChangeAct::Create { resource, id: *id, patient: *patient, condition: None };
                let change = Change { access, version: *version, resource_type: *resource_type, now: *at, act };
                let draft = Draft::new(self, &change, resource, *id, *patient);
                let place = draft.place(view, first + position as keys::Number).map_err(refuse)?;
                changes.put(&mut batch, place, &IndexValues::of(*resource_type, resource), *at);
                index::refer(view, &mut batch, place.number, &change.targets(view, resource));
                let key = keys::version(place.number, 1);
                batch.require_absent(key).put(key, stored::record(*at, Act::Create, &draft.text(1)));
                batch.put(keys::head(*id), draft.head(place.number, 1, access.creator()).encode());
            }
            changes.finish(&mut batch);
            Ok((batch, items.len()))
        });
        loaded.map_err(|error| match error {
            AttemptError::Refused(refusal) => refusal,
            AttemptError::Commit(error) => LoadRefusal { index: 0, refusal: Refusal::Store(error.to_string()) },
        })
    }
}
