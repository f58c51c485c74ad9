//! What a write changes in the store: planned from a view, committed alone or with others.

use super::conditional::Condition;
use super::index::{self, IndexChanges, Place};
use super::keys::{self, Group, Head, Number};
use super::read::head_in;
use super::references::{self, Reference, parse_id};
use super::splice::{self, Imprint};
use super::stored::{self, Stored};
use super::write::Outcome;
use super::{Access, Act, Records, Refusal};
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, ResourceType};
use crate::json::{Document, Value};
use crate::store::{Batch, View};
use jiff::Timestamp;
use uuid::Uuid;

/// A write whose body was judged.
pub(super) struct Change<'a> {
    pub access: &'a Access,
    pub version: Version,
    pub resource_type: ResourceType,
    pub now: Timestamp,
    pub act: ChangeAct<'a>,
}

/// What a write does.
pub(super) enum ChangeAct<'a> {
    /// Store a new resource under this id, unless the condition finds one.
    Create { resource: Value<'a>, id: Uuid, patient: Option<Uuid>, condition: Option<Condition> },
    /// Store a new version.
    Update { resource: Value<'a>, id: Uuid, patient: Option<Uuid>, if_match: Option<String> },
    /// Delete the resource with this id.
    Delete { id: Uuid, if_match: Option<String> },
}

/// What comes of a change in one view.
pub(super) struct Plan {
    pub batch: Batch,
    pub outcome: Outcome,
    /// The version that is the current one then.
    pub stored: Stored,
    number: Number,
    /// The version that was the current one before.
    old: Option<Stored>,
}

impl Plan {
    fn nothing(outcome: Outcome, stored: Stored, number: Number) -> Plan {
        Plan { batch: Batch::new(), outcome, stored, number, old: None }
    }
}

impl Change<'_> {
    /// The changes, from a view. Whether what the resource refers to is there, [`Change::settle`] says.
    pub fn plan(&self, records: &Records, view: &View) -> Result<Plan, Refusal> {
        match &self.act {
            ChangeAct::Create { resource, id, patient, condition } => {
                self.create(records, view, *resource, *id, *patient, condition.as_ref())
            }
            ChangeAct::Update { resource, id, patient, if_match } => {
                self.update(records, view, *resource, *id, *patient, if_match.as_deref())
            }
            ChangeAct::Delete { id, if_match } => self.delete(records, view, *id, if_match.as_deref()),
        }
    }

    /// Referential integrity, the one way: nothing in the view refers to what is deleted.
    pub fn check_unreferred(&self, view: &View, plan: &Plan) -> Result<(), Refusal> {
        if !matches!(self.act, ChangeAct::Delete { .. }) || plan.old.is_none() {
            return Ok(());
        }
        match index::referrer(view, plan.number) {
            Some(referrer) => Err(self.still_referred_to(view, &plan.stored, referrer)),
            None => Ok(()),
        }
    }

    /// Referential integrity, the other way: what the resource refers to is in the view. Adds to the plan what the index
    /// holds of references.
    pub fn settle(&self, records: &Records, view: &View, plan: &mut Plan) -> Result<(), Refusal> {
        match &self.act {
            ChangeAct::Create { resource, patient, .. } | ChangeAct::Update { resource, patient, .. } => {
                let is_update = matches!(self.act, ChangeAct::Update { .. });
                records.check_references(
                    view,
                    self.access,
                    self.version,
                    self.resource_type,
                    *resource,
                    *patient,
                    is_update,
                )?;
                if !matches!(plan.outcome, Outcome::Created | Outcome::Updated) {
                    return Ok(());
                }
                let found = references::targets(self.version, *resource);
                index::stay(view, &mut plan.batch, found.iter().filter_map(|reference| parse_id(reference.id)));
                let targets = numbers(view, &found);
                let old = self.old_targets(view, plan);
                index::no_longer_refer(&mut plan.batch, plan.number, &old);
                index::refer(view, &mut plan.batch, plan.number, &targets);
            }
            ChangeAct::Delete { .. } if plan.old.is_some() => {
                index::watch_referrers(view, &mut plan.batch, plan.number);
                let old = self.old_targets(view, plan);
                index::no_longer_refer(&mut plan.batch, plan.number, &old);
            }
            ChangeAct::Delete { .. } => {}
        }
        Ok(())
    }

    fn create(
        &self,
        records: &Records,
        view: &View,
        resource: Value<'_>,
        id: Uuid,
        patient: Option<Uuid>,
        condition: Option<&Condition>,
    ) -> Result<Plan, Refusal> {
        let draft = Draft::new(records, self, resource, id, patient);
        let place = draft.place(view, next_number(view))?;
        let mut changes = IndexChanges::new(view);
        if let Some(condition) = condition {
            changes.watch(place, &condition.value);
            if let Some(found) = matching(view, self.resource_type, place, condition)? {
                return Ok(Plan::nothing(Outcome::Matched, found, place.number));
            }
        }
        let mut batch = Batch::new();
        let values = IndexValues::of(self.resource_type, resource);
        self.check_url(records, view, &mut changes, place, &values)?;
        changes.put(&mut batch, place, &values, self.now);
        changes.finish(&mut batch);
        let record = stored::record(self.now, Act::Create, &draft.text(1));
        let head = draft.head(place.number, 1, self.access.creator());
        // Two creates that run side by side take the same number: one of them starts again.
        batch.require_absent(keys::version(place.number, 1));
        batch.put(keys::version(place.number, 1), record.clone());
        batch.require_absent(keys::head(id)).put(keys::head(id), head.encode());
        Ok(Plan {
            batch,
            outcome: Outcome::Created,
            stored: draft.stored(1, &record)?,
            number: place.number,
            old: None,
        })
    }

    fn update(
        &self,
        records: &Records,
        view: &View,
        resource: Value<'_>,
        id: Uuid,
        patient: Option<Uuid>,
        if_match: Option<&str>,
    ) -> Result<Plan, Refusal> {
        let resource_type = self.resource_type;
        let Some(head) = head_in(view, id) else {
            if resource_type != ResourceType::Patient {
                return Err(Refusal::Unknown(resource_type, id.to_string()));
            }
            return self.create(records, view, resource, id, patient, None);
        };
        records.check_head(self.access, self.version, resource_type, &id.to_string(), &head)?;
        let mut draft = Draft::new(records, self, resource, id, patient);
        let old = current(view, id, &head)?;
        records.check_if_match(if_match, &old)?;
        if old.act == Act::Delete {
            return Err(Refusal::Deleted(old.versioned_path(), old.last_updated));
        }
        let old_document = document_of(&old)?;
        draft.keep_creating_application(old_document.root());
        let next = head.version + 1;
        let text = draft.text(next);
        let new_document = Document::parse(text.as_str()).map_err(|error| Refusal::Store(error.to_string()))?;
        if splice::same_content(new_document.root(), old_document.root()) {
            return Ok(Plan::nothing(Outcome::Unchanged, old, head.number));
        }
        let mut batch = Batch::new();
        let mut changes = IndexChanges::new(view);
        let place = draft.place(view, head.number)?;
        let values = IndexValues::of(resource_type, resource);
        let old_place = Place { patient: patient_number(view, resource_type, head.patient)?, ..place };
        changes.remove(&mut batch, old_place, &IndexValues::of(resource_type, old_document.root()), old.last_updated);
        self.check_url(records, view, &mut changes, place, &values)?;
        changes.put(&mut batch, place, &values, self.now);
        changes.finish(&mut batch);
        let record = stored::record(self.now, Act::Update, &text);
        batch.require_absent(keys::version(head.number, next)).put(keys::version(head.number, next), record.clone());
        // The creator stays who it was: an update by another application does not take the resource over.
        batch.put(keys::head(id), draft.head(head.number, next, head.creator).encode());
        let stored = draft.stored(next, &record)?;
        Ok(Plan { batch, outcome: Outcome::Updated, stored, number: head.number, old: Some(old) })
    }

    fn delete(&self, records: &Records, view: &View, id: Uuid, if_match: Option<&str>) -> Result<Plan, Refusal> {
        let resource_type = self.resource_type;
        let unknown = || Refusal::Unknown(resource_type, id.to_string());
        let head = head_in(view, id).ok_or_else(unknown)?;
        records.check_head(self.access, self.version, resource_type, &id.to_string(), &head)?;
        if !self.access.deletes(head.creator) {
            return Err(Refusal::NotTheCreator);
        }
        let old = current(view, id, &head)?;
        records.check_if_match(if_match, &old)?;
        if old.act == Act::Delete {
            return Ok(Plan::nothing(Outcome::Deleted, old, head.number));
        }
        let mut batch = Batch::new();
        let mut changes = IndexChanges::new(view);
        let document = document_of(&old)?;
        let patient = patient_number(view, resource_type, head.patient)?;
        let place = Place { patient, group: head.group, number: head.number };
        changes.remove(&mut batch, place, &IndexValues::of(resource_type, document.root()), old.last_updated);
        changes.finish(&mut batch);
        let next = head.version + 1;
        let record = stored::record(self.now, Act::Delete, "");
        batch.require_absent(keys::version(head.number, next)).put(keys::version(head.number, next), record.clone());
        let number = head.number;
        batch.put(keys::head(id), Head { version: next, deleted: true, ..head }.encode());
        let stored = Stored::decode(resource_type, id, next, &record).ok_or_else(unknown)?;
        Ok(Plan { batch, outcome: Outcome::Deleted, stored, number, old: Some(old) })
    }

    /// A profile, value set or code system with a URL that is taken is refused since 2018 (resource-server.md §11); those
    /// of the national service are here from the start.
    fn check_url(
        &self,
        records: &Records,
        view: &View,
        changes: &mut IndexChanges<'_>,
        place: Place,
        values: &IndexValues<'_>,
    ) -> Result<(), Refusal> {
        let [(None, Some(url))] = values.codes.as_slice() else { return Ok(()) };
        if !self.resource_type.is_conformance() {
            return Ok(());
        }
        let taken = |by: String| Err(Refusal::UrlTaken(self.resource_type, (*url).to_owned(), by));
        if records.parts.judge.defines(self.version, url) {
            return taken(String::new());
        }
        match changes.other_with_url(place, url).and_then(|other| stored::current(view, other, self.resource_type)) {
            Some(other) => taken(format!("{}/{}", self.resource_type, other.id)),
            None => Ok(()),
        }
    }

    /// The numbers of the resources that this one refers to, Patients apart.
    pub fn targets(&self, view: &View, resource: Value<'_>) -> Vec<Number> {
        numbers(view, &references::targets(self.version, resource))
    }

    fn old_targets(&self, view: &View, plan: &Plan) -> Vec<Number> {
        let old = plan.old.as_ref().filter(|old| references::may_refer(old.text()));
        let document = old.and_then(|old| document_of(old).ok());
        document.map(|document| self.targets(view, document.root())).unwrap_or_default()
    }

    fn still_referred_to(&self, view: &View, target: &Stored, referrer: Number) -> Refusal {
        let path = format!("{}/{}", target.resource_type, target.id);
        // Only the current versions of resources stand in the index: one of the types that refer to others.
        let found =
            ResourceType::ALL.into_iter().find_map(|resource_type| stored::current(view, referrer, resource_type));
        let (by, place) = match &found {
            Some(found) => {
                let document = Document::parse(found.text()).ok();
                let place = document.and_then(|document| references::path_to(document.root(), &path));
                (format!("{}/{}", found.resource_type, found.id), place)
            }
            None => (String::new(), None),
        };
        let place = match (&found, place) {
            (Some(found), Some(place)) => format!("{}.{place}", found.resource_type),
            _ => String::new(),
        };
        Refusal::StillReferredTo(path, by, place)
    }
}

/// The numbers of what is referred to, Patients apart, each once.
fn numbers(view: &View, references: &[Reference<'_>]) -> Vec<Number> {
    let others = references.iter().filter(|reference| !reference.is_to_patient());
    let of = |reference: &Reference<'_>| head_in(view, parse_id(reference.id)?).map(|head| head.number);
    let mut numbers: Vec<Number> = others.filter_map(of).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The number after the greatest one in use.
pub(super) fn next_number(view: &View) -> Number {
    let last = view.prefix(&keys::all_versions()).next_back();
    last.and_then(|(key, _)| keys::number_and_version(key)).map_or(1, |(number, _)| number + 1)
}

/// The one stored resource that fulfils a condition.
pub(super) fn matching(
    view: &View,
    resource_type: ResourceType,
    place: Place,
    condition: &Condition,
) -> Result<Option<Stored>, Refusal> {
    let list = view.get(&keys::identified(place.patient, place.group, &condition.value));
    let fits = |stored: &Stored| {
        Document::parse(stored.text()).is_ok_and(|document| {
            let values = IndexValues::of(resource_type, document.root());
            values.identifiers.iter().any(|(system, value)| condition.identifier.matches(*system, Some(value)))
        })
    };
    let mut found: Vec<Stored> = keys::numbers(list)
        .into_iter()
        .filter_map(|number| stored::current(view, number, resource_type))
        .filter(fits)
        .collect();
    match found.len() {
        0 | 1 => Ok(found.pop()),
        many => Err(Refusal::Ambiguous(condition.text.clone(), many)),
    }
}

/// A version on its way into the store.
pub(super) struct Draft<'a> {
    resource_type: ResourceType,
    group: Group,
    resource: Value<'a>,
    id: Uuid,
    /// Nil for what is nobody's.
    patient: Uuid,
    now: Timestamp,
    extension: Option<String>,
}

impl<'a> Draft<'a> {
    /// A version of what a change stores. Without a patient it is a Patient, or nobody's.
    pub(super) fn new(
        records: &Records,
        change: &Change<'_>,
        resource: Value<'a>,
        id: Uuid,
        patient: Option<Uuid>,
    ) -> Draft<'a> {
        let resource_type = change.resource_type;
        let is_missing = || splice::find_creating_application(resource).is_none();
        let extension = match change.access.author() {
            Some(author) if records.settings.add_creating_application && is_missing() => {
                Some(splice::creating_application(&author))
            }
            _ => None,
        };
        let patient = match resource_type {
            ResourceType::Patient => id,
            _ => patient.unwrap_or_default(),
        };
        let group = Group::of(resource_type, change.version);
        Draft { resource_type, group, resource, id, patient, now: change.now, extension }
    }

    /// An update that names no creating application keeps the one that is stored.
    fn keep_creating_application(&mut self, old: Value<'_>) {
        if splice::find_creating_application(self.resource).is_none()
            && let Some(stored) = splice::find_creating_application(old)
        {
            self.extension = Some(stored.source().to_owned());
        }
    }

    pub(super) fn text(&self, version_id: u32) -> String {
        let imprint = Imprint {
            resource_type: self.resource_type.as_str(),
            id: self.id,
            version_id,
            last_updated: self.now,
            extension: self.extension.as_deref(),
        };
        splice::splice(self.resource, &imprint)
    }

    pub(super) fn place(&self, view: &View, number: Number) -> Result<Place, Refusal> {
        let patient = patient_number(view, self.resource_type, self.patient)?;
        Ok(Place { patient, group: self.group, number })
    }

    pub(super) fn head(&self, number: Number, version: u32, creator: [u8; 8]) -> Head {
        Head { group: self.group, number, version, deleted: false, patient: self.patient, creator }
    }

    fn stored(&self, version_id: u32, record: &crate::store::Value) -> Result<Stored, Refusal> {
        Stored::decode(self.resource_type, self.id, version_id, record)
            .ok_or_else(|| Refusal::Unknown(self.resource_type, self.id.to_string()))
    }
}

/// The current version of a resource that is about to change.
fn current(view: &View, id: Uuid, head: &Head) -> Result<Stored, Refusal> {
    let resource_type = head.group.resource_type();
    let record = view.get(&keys::version(head.number, head.version));
    let stored = record.and_then(|record| Stored::decode(resource_type, id, head.version, record));
    stored.ok_or_else(|| Refusal::Unknown(resource_type, id.to_string()))
}

fn document_of(stored: &Stored) -> Result<Document, Refusal> {
    Document::parse(stored.text()).map_err(|error| Refusal::Store(error.to_string()))
}

/// The number of the patient an index entry stands under; Patients themselves, and what is nobody's, are in common lists.
pub(super) fn patient_number(view: &View, resource_type: ResourceType, patient: Uuid) -> Result<Number, Refusal> {
    if !resource_type.is_in_compartment() {
        return Ok(0);
    }
    let missing = || {
        let owner = resource_type.owners().first().copied().unwrap_or_default();
        Refusal::Dangling(format!("Patient/{patient}"), format!("{resource_type}.{owner}"))
    };
    let head = head_in(view, patient).filter(|head| head.group.resource_type() == ResourceType::Patient);
    head.map(|head| head.number).ok_or_else(missing)
}
