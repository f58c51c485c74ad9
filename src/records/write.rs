//! Create, update, delete: each one commit.

use super::conditional::Condition;
use super::judge::Objection;
use super::keys::Group;
use super::read::head_in;
use super::references::{self, Reference, parse_id};
use super::stored::Stored;
use super::write_plan::{Change, ChangeAct};
use super::{Access, Interaction, Records, Refusal, definitions, privacy};
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use crate::json::{Document, Value};
use crate::store::{AttemptError, View};
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
        self.create_at(access, version, resource_type, document, if_none_exist, self.parts.clock.now())
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
        let id = self.parts.random.uuid();
        let (change, remarks) =
            self.prepare_create(access, version, resource_type, document, if_none_exist, id, now)?;
        self.commit(&change, remarks)
    }

    /// Judges a create; `id` is what the resource will have.
    #[expect(clippy::too_many_arguments, reason = "the parts of one write, named where they are used")]
    pub(super) fn prepare_create<'a>(
        &self,
        access: &'a Access,
        version: Version,
        resource_type: ResourceType,
        document: &'a Document,
        if_none_exist: Option<&str>,
        id: Uuid,
        now: Timestamp,
    ) -> Result<(Change<'a>, Vec<Objection>), Refusal> {
        self.check_right(access, Interaction::Create, resource_type)?;
        let resource = document.root();
        check_type(resource_type, resource)?;
        let condition = if_none_exist.map(Condition::parse).transpose()?;
        let (patient, remarks) = self.accept(access, version, resource_type, document)?;
        let act = ChangeAct::Create { resource, id, patient, condition };
        Ok((Change { access, version, resource_type, now, act }, remarks))
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
        let (change, remarks) = self.prepare_update(access, version, resource_type, id, document, if_match)?;
        self.commit(&change, remarks)
    }

    /// Judges an update.
    pub(super) fn prepare_update<'a>(
        &self,
        access: &'a Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        document: &'a Document,
        if_match: Option<&str>,
    ) -> Result<(Change<'a>, Vec<Objection>), Refusal> {
        self.check_right(access, Interaction::Update, resource_type)?;
        let resource = document.root();
        check_type(resource_type, resource)?;
        match resource.get("id").and_then(Value::as_str) {
            None => return Err(Refusal::NoId),
            Some(body) if body != id => return Err(Refusal::OtherId(body.to_owned(), id.to_owned())),
            Some(_) => {}
        }
        if definitions::named(version, resource_type, id).is_some() {
            return Err(Refusal::National(resource_type, id.to_owned()));
        }
        let is_patient = resource_type == ResourceType::Patient;
        let uuid = parse_id(id).filter(|uuid| !uuid.is_nil()).ok_or_else(|| match is_patient {
            true => Refusal::IdFormat(id.to_owned()),
            false if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => {
                Refusal::NumericId(id.to_owned())
            }
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
        let act = ChangeAct::Update { resource, id: uuid, patient, if_match: if_match.map(str::to_owned) };
        Ok((Change { access, version, resource_type, now: self.parts.clock.now(), act }, remarks))
    }

    /// Deletes a resource; deleting it again is fine and changes nothing. Older versions stay readable.
    ///
    /// # Errors
    /// [`Refusal::Scope`], [`Refusal::Compartment`], [`Refusal::NotTheCreator`], [`Refusal::Unknown`], [`Refusal::Stale`],
    /// [`Refusal::StillReferredTo`].
    pub fn delete(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<Written, Refusal> {
        let change = self.prepare_delete(access, version, resource_type, id, if_match)?;
        self.commit(&change, Vec::new())
    }

    /// Judges a deletion.
    pub(super) fn prepare_delete<'a>(
        &self,
        access: &'a Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<Change<'a>, Refusal> {
        self.check_right(access, Interaction::Delete, resource_type)?;
        let id = parse_id(id).ok_or_else(|| Refusal::Unknown(resource_type, id.to_owned()))?;
        let act = ChangeAct::Delete { id, if_match: if_match.map(str::to_owned) };
        Ok(Change { access, version, resource_type, now: self.parts.clock.now(), act })
    }

    /// What [`Records::create`] or, with an id, [`Records::update`] would say of a body, conditions apart; nothing is stored.
    ///
    /// # Errors
    /// As theirs.
    pub fn rehearse(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: Option<&str>,
        document: &Document,
    ) -> Result<Vec<Objection>, Refusal> {
        let (change, remarks) = match id {
            Some(id) => self.prepare_update(access, version, resource_type, id, document, None)?,
            None => {
                let (id, now) = (self.parts.random.uuid(), self.parts.clock.now());
                self.prepare_create(access, version, resource_type, document, None, id, now)?
            }
        };
        let view = self.store.view();
        let mut plan = change.plan(self, &view)?;
        change.settle(self, &view, &mut plan)?;
        Ok(remarks)
    }

    /// Makes one change: plan, integrity, commit, until nothing came between.
    fn commit(&self, change: &Change<'_>, remarks: Vec<Objection>) -> Result<Written, Refusal> {
        let written = self.store.attempt(|view| {
            let mut plan = change.plan(self, view)?;
            change.check_unreferred(view, &plan)?;
            change.settle(self, view, &mut plan)?;
            Ok((plan.batch, (plan.outcome, plan.stored)))
        });
        match written {
            Ok((outcome, stored)) => Ok(Written { outcome, stored: stored.on(change.version), remarks }),
            Err(AttemptError::Refused(refusal)) => Err(refusal),
            Err(AttemptError::Commit(error)) => Err(Refusal::Store(error.to_string())),
        }
    }

    /// Whether the caller may do something with the type at all. Questionnaires are stored by suppliers in the sandbox
    /// alone.
    pub(super) fn check_right(
        &self,
        access: &Access,
        interaction: Interaction,
        resource_type: ResourceType,
    ) -> Result<(), Refusal> {
        let writes = !matches!(interaction, Interaction::Read | Interaction::Search);
        if writes && resource_type == ResourceType::Questionnaire && !self.settings.is_sandbox {
            return Err(Refusal::Scope("write", resource_type));
        }
        match access.may(interaction, resource_type) {
            true => Ok(()),
            false => Err(Refusal::Scope(access.missing(interaction, resource_type), resource_type)),
        }
    }

    /// Judges a body: whose it is, whether it names the right profile and conforms to it. Returns the patient and the remarks.
    pub(super) fn accept(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
    ) -> Result<(Option<Uuid>, Vec<Objection>), Refusal> {
        let patient = references::compartment(access, version, resource_type, document.root())?;
        check_privacy(document)?;
        // On the open endpoint Patients without a profile were stored by the real sandbox (resource-server.md §4).
        // That is all that is overlooked: what FHIR itself calls no Patient could not be read back by a parser.
        let is_lenient = resource_type == ResourceType::Patient && !self.settings.patient_open_strict;
        let objections = self.judged(access, version, resource_type, document, is_lenient);
        if objections.iter().any(|objection| matches!(objection.issue.severity, "error" | "fatal")) {
            return Err(Refusal::Invalid(objections));
        }
        Ok((patient, objections))
    }

    /// All findings about a body, without storing it.
    ///
    /// # Errors
    /// [`Refusal::NoResourceType`], [`Refusal::WrongType`], [`Refusal::RealIdentityCode`].
    pub fn validate(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
    ) -> Result<Vec<Objection>, Refusal> {
        check_type(resource_type, document.root())?;
        check_privacy(document)?;
        Ok(self.judged(access, version, resource_type, document, false))
    }

    /// Referential integrity: what the resource refers to is here, on this base, and within the caller's reach.
    #[expect(clippy::too_many_arguments, reason = "the parts of one write, named where they are used")]
    pub(super) fn check_references(
        &self,
        view: &View,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        resource: Value<'_>,
        patient: Option<Uuid>,
        is_update: bool,
    ) -> Result<(), Refusal> {
        // Definitions may show references as examples.
        if resource_type == ResourceType::Patient || resource_type.is_conformance() {
            return Ok(());
        }
        let exists = |reference: Reference<'_>| {
            let Some(target) = ResourceType::from_name(reference.type_name) else { return false };
            let head = parse_id(reference.id).and_then(|id| head_in(view, id));
            head.is_some_and(|head| {
                head.group == Group::of(target, version) && !head.deleted && access.reaches(head.patient)
            })
        };
        // "SupportingInfo isn't validated with update" (the statement of 2021, resource-server.md §2).
        let unchecked = (is_update && resource_type == ResourceType::CarePlan).then_some("supportingInfo");
        references::check_all(version, resource_type, resource, unchecked, &exists)?;
        let Some(owner) = resource_type.owners().first() else { return Ok(()) };
        let Some(patient) = patient else {
            return Err(Refusal::Dangling("Patient".to_owned(), format!("{resource_type}.{owner}")));
        };
        // Recorded in 2019 for Observations alone; behind authorization every Patient is made by the server.
        if resource_type == ResourceType::Observation && *access == Access::Open {
            self.check_patient_identifier(view, patient)?;
        }
        Ok(())
    }

    pub(super) fn check_if_match(&self, if_match: Option<&str>, current: &Stored) -> Result<(), Refusal> {
        let Some(if_match) = if_match.map(str::trim).filter(|value| *value != "*") else { return Ok(()) };
        let version = if_match.trim_start_matches("W/").trim_matches('"');
        if version == current.version_id.to_string() {
            return Ok(());
        }
        let path = format!("{}/{}", current.resource_type, current.id);
        Err(Refusal::Stale(path, version.to_owned(), self.settings.if_match_status))
    }
}

/// No body with the personal identity code of a real person is looked at any further.
fn check_privacy(document: &Document) -> Result<(), Refusal> {
    let Some(value) = privacy::real_identity_code(document) else { return Ok(()) };
    let position = value.position();
    Err(Refusal::RealIdentityCode(format!("Line {}, Col {}", position.line, position.column)))
}

pub(super) fn check_type(expected: ResourceType, resource: Value<'_>) -> Result<(), Refusal> {
    match resource.get("resourceType").and_then(Value::as_str) {
        None => Err(Refusal::NoResourceType),
        Some(found) if found != expected.as_str() => Err(Refusal::WrongType(expected, found.to_owned())),
        Some(_) => Ok(()),
    }
}
