//! Create, update, delete: each one commit.

use super::conditional::Condition;
use super::index::{IndexChanges, Place};
use super::judge::{Objection, Surroundings};
use super::keys::{self, Group, Head, Number};
use super::read::head_in;
use super::references::{self, Reference, parse_id};
use super::splice::{self, Imprint};
use super::stored::{self, Stored};
use super::{Access, Act, Records, Refusal, privacy};
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, ResourceType};
use crate::fhir::validation::Questionnaires;
use crate::json::{Document, Value};
use crate::store::{AttemptError, Batch, View};
use jiff::Timestamp;
use uuid::Uuid;

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new resource, version 1.
    Created,
    /// A new version of one that was there.
    Updated,
    /// The same content as before: nothing was stored.
    Unchanged,
    /// If-None-Exist found this one: nothing was stored.
    Matched,
    /// The resource is deleted; the version has no content.
    Deleted,
}

/// A write that went well.
#[derive(Clone, Debug)]
pub struct Written {
    /// What happened.
    pub outcome: Outcome,
    /// The version that now is the current one.
    pub stored: Stored,
    /// What the judge had to remark without refusing.
    pub remarks: Vec<Objection>,
}

impl Records {
    /// Stores a new resource under an id of the server's choice, unless `if_none_exist` finds one.
    ///
    /// # Errors
    /// Any of [`Refusal`] about bodies, references, scopes and conditions.
    pub fn create(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
        if_none_exist: Option<&str>,
    ) -> Result<Written, Refusal> {
        self.create_at(access, version, resource_type, document, if_none_exist, self.clock.now())
    }

    /// As [`Records::create`], with `meta.lastUpdated` given: seeds have a past.
    ///
    /// # Errors
    /// As [`Records::create`].
    pub fn create_at(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
        if_none_exist: Option<&str>,
        now: Timestamp,
    ) -> Result<Written, Refusal> {
        if !access.writes(resource_type) {
            return Err(Refusal::Scope("write", resource_type));
        }
        let resource = document.root();
        check_type(resource_type, resource)?;
        let condition = if_none_exist.map(Condition::parse).transpose()?;
        let (patient, remarks) = self.accept(access, version, resource_type, document)?;
        let id = self.random.uuid();
        let draft = Draft::new(self, access, version, resource_type, resource, id, patient.unwrap_or(id), now);
        let record = stored::record(now, Act::Create, &draft.text(1));
        let values = IndexValues::of(resource_type, resource);
        let written = self.store.attempt(|view| {
            self.check_references(view, access, version, resource_type, resource, patient)?;
            let place = draft.place(view, next_number(view))?;
            let mut changes = IndexChanges::new(view);
            if let Some(condition) = &condition {
                changes.watch(place, &condition.value);
                if let Some(found) = matching(view, resource_type, place, condition)? {
                    return Ok((Batch::new(), (Outcome::Matched, found)));
                }
            }
            let mut batch = Batch::new();
            changes.put(&mut batch, place, &values);
            changes.finish(&mut batch);
            let head = draft.head(place.number, 1, access.creator());
            // Two creates that run side by side take the same number: one of them starts again.
            batch.require_absent(keys::version(place.number, 1));
            batch.put(keys::version(place.number, 1), record.clone());
            batch.require_absent(keys::head(id)).put(keys::head(id), head.encode());
            Ok((batch, (Outcome::Created, draft.stored(1, &record)?)))
        });
        self.written(written, version, remarks)
    }

    /// Stores a new version of a resource. Only a Patient on the open endpoint is created by it when it is not there.
    ///
    /// # Errors
    /// Any of [`Refusal`] about bodies, references, scopes and versions.
    pub fn update(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        document: &Document,
        if_match: Option<&str>,
    ) -> Result<Written, Refusal> {
        if !access.writes(resource_type) {
            return Err(Refusal::Scope("write", resource_type));
        }
        let resource = document.root();
        check_type(resource_type, resource)?;
        match resource.get("id").and_then(Value::as_str) {
            None => return Err(Refusal::NoId),
            Some(body) if body != id => return Err(Refusal::OtherId(body.to_owned(), id.to_owned())),
            Some(_) => {}
        }
        let is_patient = resource_type == ResourceType::Patient;
        let uuid = parse_id(id).ok_or_else(|| match is_patient {
            true => Refusal::IdFormat(id.to_owned()),
            false => Refusal::Unknown(resource_type, id.to_owned()),
        })?;
        // Looked at before the body is judged, so that a wrong id is not hidden behind findings; and again within the commit.
        let view = self.store.view();
        match head_in(&view, uuid) {
            Some(head) => self.check_head(access, version, resource_type, id, &head)?,
            None if is_patient => {}
            None => return Err(Refusal::Unknown(resource_type, id.to_owned())),
        }
        let (patient, remarks) = self.accept(access, version, resource_type, document)?;
        let now = self.clock.now();
        let values = IndexValues::of(resource_type, resource);
        let written = self.store.attempt(|view| {
            self.check_references(view, access, version, resource_type, resource, patient)?;
            let mut draft =
                Draft::new(self, access, version, resource_type, resource, uuid, patient.unwrap_or(uuid), now);
            let mut batch = Batch::new();
            let mut changes = IndexChanges::new(view);
            let Some(head) = head_in(view, uuid) else {
                if !is_patient {
                    return Err(Refusal::Unknown(resource_type, id.to_owned()));
                }
                let place = draft.place(view, next_number(view))?;
                let record = stored::record(now, Act::Create, &draft.text(1));
                changes.put(&mut batch, place, &values);
                changes.finish(&mut batch);
                batch
                    .require_absent(keys::version(place.number, 1))
                    .put(keys::version(place.number, 1), record.clone());
                let head = draft.head(place.number, 1, access.creator());
                batch.require_absent(keys::head(uuid)).put(keys::head(uuid), head.encode());
                return Ok((batch, (Outcome::Created, draft.stored(1, &record)?)));
            };
            self.check_head(access, version, resource_type, id, &head)?;
            let old = Current::read(view, uuid, &head)?;
            self.check_if_match(if_match, &old.stored)?;
            if old.stored.act == Act::Delete {
                return Err(Refusal::Deleted(old.stored.versioned_path(), old.stored.last_updated));
            }
            let old_document = old.document()?;
            draft.keep_creating_application(old_document.root());
            let next = head.version + 1;
            let text = draft.text(next);
            let new_document = Document::parse(text.as_str()).map_err(|error| Refusal::Store(error.to_string()))?;
            if splice::same_content(new_document.root(), old_document.root()) {
                return Ok((Batch::new(), (Outcome::Unchanged, old.stored)));
            }
            let old_values = IndexValues::of(resource_type, old_document.root());
            changes.remove(&mut batch, old.place(view, &head)?, &old_values);
            changes.put(&mut batch, draft.place(view, head.number)?, &values);
            changes.finish(&mut batch);
            let record = stored::record(now, Act::Update, &text);
            batch
                .require_absent(keys::version(head.number, next))
                .put(keys::version(head.number, next), record.clone());
            // The creator stays who it was: an update by another application does not take the resource over.
            batch.put(keys::head(uuid), draft.head(head.number, next, head.creator).encode());
            Ok((batch, (Outcome::Updated, draft.stored(next, &record)?)))
        });
        self.written(written, version, remarks)
    }

    /// Deletes a resource; deleting it again is fine and changes nothing. Older versions stay readable.
    ///
    /// # Errors
    /// [`Refusal::Scope`], [`Refusal::Compartment`], [`Refusal::NotTheCreator`], [`Refusal::Unknown`], [`Refusal::Stale`].
    pub fn delete(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<Written, Refusal> {
        if !access.writes(resource_type) {
            return Err(Refusal::Scope("write", resource_type));
        }
        let unknown = || Refusal::Unknown(resource_type, id.to_owned());
        let uuid = parse_id(id).ok_or_else(unknown)?;
        let now = self.clock.now();
        let written = self.store.attempt(|view| {
            let head = head_in(view, uuid).ok_or_else(unknown)?;
            self.check_head(access, version, resource_type, id, &head)?;
            if !access.deletes(head.creator) {
                return Err(Refusal::NotTheCreator);
            }
            let old = Current::read(view, uuid, &head)?;
            self.check_if_match(if_match, &old.stored)?;
            if old.stored.act == Act::Delete {
                return Ok((Batch::new(), (Outcome::Deleted, old.stored)));
            }
            let mut batch = Batch::new();
            let mut changes = IndexChanges::new(view);
            let document = old.document()?;
            changes.remove(&mut batch, old.place(view, &head)?, &IndexValues::of(resource_type, document.root()));
            changes.finish(&mut batch);
            let next = head.version + 1;
            let record = stored::record(now, Act::Delete, "");
            batch
                .require_absent(keys::version(head.number, next))
                .put(keys::version(head.number, next), record.clone());
            let head = Head { version: next, deleted: true, ..head };
            batch.put(keys::head(uuid), head.encode());
            let stored = Stored::decode(resource_type, uuid, next, &record).ok_or_else(unknown)?;
            Ok((batch, (Outcome::Deleted, stored)))
        });
        self.written(written, version, Vec::new())
    }

    /// Judges a body: whose it is, whether it names the right profile and conforms to it. Returns the patient and the remarks.
    pub(super) fn accept(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
    ) -> Result<(Option<Uuid>, Vec<Objection>), Refusal> {
        let resource = document.root();
        let patient = match resource_type {
            ResourceType::Patient => None,
            _ => references::compartment(access, version, resource_type, resource)?,
        };
        if let Some(value) = privacy::real_identity_code(document) {
            let position = value.position();
            return Err(Refusal::RealIdentityCode(format!("Line {}, Col {}", position.line, position.column)));
        }
        // On the open endpoint Patients without a profile were stored by the real sandbox (resource-server.md §4).
        if resource_type == ResourceType::Patient && !self.settings.patient_open_strict {
            return Ok((None, Vec::new()));
        }
        let refuse_drafts = self.settings.refuse_drafts && *access != Access::Open;
        let settings = super::Settings { refuse_drafts, ..self.settings };
        // Questionnaires are not stored here: a response is judged by those it contains.
        let surroundings = Surroundings { now: self.clock.now(), questionnaires: Questionnaires::default() };
        let objections = self.judge.judge(version, document, &settings, &surroundings);
        if objections.iter().any(|objection| matches!(objection.issue.severity, "error" | "fatal")) {
            return Err(Refusal::Invalid(objections));
        }
        Ok((patient, objections))
    }

    /// Referential integrity: what the resource refers to is here, on this base, and within the caller's reach.
    pub(super) fn check_references(
        &self,
        view: &View,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        resource: Value<'_>,
        patient: Option<Uuid>,
    ) -> Result<(), Refusal> {
        if resource_type == ResourceType::Patient {
            return Ok(());
        }
        let exists = |reference: Reference<'_>| {
            let Some(target) = ResourceType::from_name(reference.type_name) else { return false };
            let head = parse_id(reference.id).and_then(|id| head_in(view, id));
            head.is_some_and(|head| {
                head.group == Group::of(target, version) && !head.deleted && access.reaches(head.patient)
            })
        };
        references::check_all(version, resource_type, resource, &exists)?;
        let Some(patient) = patient else {
            return Err(Refusal::Dangling("Patient".to_owned(), format!("{resource_type}.subject")));
        };
        // Recorded in 2019 for Observations alone; behind authorization every Patient is made by the server.
        if resource_type == ResourceType::Observation && *access == Access::Open {
            self.check_patient_identifier(view, patient)?;
        }
        Ok(())
    }

    fn check_if_match(&self, if_match: Option<&str>, current: &Stored) -> Result<(), Refusal> {
        let Some(if_match) = if_match.map(str::trim).filter(|value| *value != "*") else { return Ok(()) };
        let version = if_match.trim_start_matches("W/").trim_matches('"');
        if version == current.version_id.to_string() {
            return Ok(());
        }
        let path = format!("{}/{}", current.resource_type, current.id);
        Err(Refusal::Stale(path, version.to_owned(), self.settings.if_match_status))
    }

    fn written(
        &self,
        result: Result<(Outcome, Stored), AttemptError<Refusal>>,
        version: Version,
        remarks: Vec<Objection>,
    ) -> Result<Written, Refusal> {
        match result {
            Ok((outcome, stored)) => Ok(Written { outcome, stored: stored.on(version), remarks }),
            Err(AttemptError::Refused(refusal)) => Err(refusal),
            Err(AttemptError::Commit(error)) => Err(Refusal::Store(error.to_string())),
        }
    }
}

fn check_type(expected: ResourceType, resource: Value<'_>) -> Result<(), Refusal> {
    match resource.get("resourceType").and_then(Value::as_str) {
        None => Err(Refusal::NoResourceType),
        Some(found) if found != expected.as_str() => Err(Refusal::WrongType(expected, found.to_owned())),
        Some(_) => Ok(()),
    }
}

/// The number after the greatest one in use.
pub(super) fn next_number(view: &View) -> Number {
    let last = view.prefix(&keys::all_versions()).next_back();
    last.and_then(|(key, _)| keys::number_and_version(key)).map_or(1, |(number, _)| number + 1)
}

/// The one stored resource that fulfils a condition.
fn matching(
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
    patient: Uuid,
    now: Timestamp,
    extension: Option<String>,
}

impl<'a> Draft<'a> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one version, named where they are used")]
    pub(super) fn new(
        records: &Records,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        resource: Value<'a>,
        id: Uuid,
        patient: Uuid,
        now: Timestamp,
    ) -> Draft<'a> {
        let extension = match access.author() {
            Some(author)
                if records.settings.add_creating_application
                    && splice::find_creating_application(resource).is_none() =>
            {
                Some(splice::creating_application(&author))
            }
            _ => None,
        };
        Draft { resource_type, group: Group::of(resource_type, version), resource, id, patient, now, extension }
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

    pub(super) fn stored(&self, version_id: u32, record: &crate::store::Value) -> Result<Stored, Refusal> {
        Stored::decode(self.resource_type, self.id, version_id, record)
            .ok_or_else(|| Refusal::Unknown(self.resource_type, self.id.to_string()))
    }
}

/// The current version of a resource that is about to change.
struct Current {
    stored: Stored,
}

impl Current {
    fn read(view: &View, id: Uuid, head: &Head) -> Result<Current, Refusal> {
        let resource_type = head.group.resource_type();
        let record = view.get(&keys::version(head.number, head.version));
        let stored = record.and_then(|record| Stored::decode(resource_type, id, head.version, record));
        Ok(Current { stored: stored.ok_or_else(|| Refusal::Unknown(resource_type, id.to_string()))? })
    }

    fn document(&self) -> Result<Document, Refusal> {
        Document::parse(self.stored.text()).map_err(|error| Refusal::Store(error.to_string()))
    }

    fn place(&self, view: &View, head: &Head) -> Result<Place, Refusal> {
        let patient = patient_number(view, self.stored.resource_type, head.patient)?;
        Ok(Place { patient, group: head.group, number: head.number })
    }
}

/// The number of the patient an index entry stands under; Patients themselves are in a common list.
pub(super) fn patient_number(view: &View, resource_type: ResourceType, patient: Uuid) -> Result<Number, Refusal> {
    if resource_type == ResourceType::Patient {
        return Ok(0);
    }
    match head_in(view, patient) {
        Some(head) => Ok(head.number),
        None => Err(Refusal::Dangling(format!("Patient/{patient}"), format!("{resource_type}.subject"))),
    }
}
