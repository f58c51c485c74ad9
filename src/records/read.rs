//! Read, read a version, history.

use super::keys::{self, Head};
use super::references::{compartment, parse_id};
use super::stored::Stored;
use super::{Access, Act, Interaction, Records, Refusal};
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use crate::json::Document;
use crate::store::View;
use uuid::Uuid;

impl Records {
    /// The current version of a resource.
    ///
    /// # Errors
    /// [`Refusal::Scope`], [`Refusal::Compartment`], [`Refusal::Unknown`], [`Refusal::Deleted`].
    pub fn read(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
    ) -> Result<Stored, Refusal> {
        if let Some(definition) = self.definition(access, version, resource_type, id) {
            return Ok(definition);
        }
        let (uuid, head) = self.head(access, version, resource_type, id)?;
        let own = self.base_of(&head, resource_type, version);
        let stored = self.version(uuid, &head, head.version)?;
        let shown = self.shown(stored, own, version).ok_or_else(|| Refusal::Unknown(resource_type, id.to_owned()))?;
        match shown.act {
            Act::Delete => Err(Refusal::Deleted(shown.versioned_path(), shown.last_updated)),
            Act::Create | Act::Update => Ok(shown),
        }
    }

    /// One version of a resource; old ones stay readable after a deletion.
    ///
    /// # Errors
    /// As [`Records::read`], and [`Refusal::UnknownVersion`].
    pub fn read_version(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        version_id: &str,
    ) -> Result<Stored, Refusal> {
        let unknown = || Refusal::UnknownVersion(version_id.to_owned(), resource_type, id.to_owned());
        if let Some(definition) = self.definition(access, version, resource_type, id) {
            return if version_id == "1" { Ok(definition) } else { Err(unknown()) };
        }
        let (uuid, head) = self.head(access, version, resource_type, id)?;
        let own = self.base_of(&head, resource_type, version);
        let number: u32 = version_id.parse().map_err(|_| unknown())?;
        // `01` and `+1` are not how a version is written.
        if !(1..=head.version).contains(&number) || number.to_string() != version_id {
            return Err(unknown());
        }
        let stored = self.version(uuid, &head, number)?;
        match stored.act {
            Act::Delete => Err(Refusal::Deleted(stored.versioned_path(), stored.last_updated)),
            Act::Create | Act::Update if !is_within(access, own, &stored) => Err(Refusal::Compartment),
            Act::Create | Act::Update => self.shown(stored, own, version).ok_or_else(unknown),
        }
    }

    /// The head of a resource the caller may read.
    pub(super) fn head(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
    ) -> Result<(Uuid, Head), Refusal> {
        self.check_right(access, Interaction::Read, resource_type)?;
        let uuid = parse_id(id);
        // Whether another citizen's Patient exists is nobody's business: said before anything is looked up.
        if resource_type == ResourceType::Patient && access.patient().is_some_and(|own| uuid != Some(own)) {
            return Err(Refusal::Compartment);
        }
        let unknown = || Refusal::Unknown(resource_type, id.to_owned());
        let uuid = uuid.ok_or_else(unknown)?;
        let head = self.store.get(&keys::head(uuid)).and_then(|value| Head::decode(&value)).ok_or_else(unknown)?;
        let own = self.base_of(&head, resource_type, version);
        self.check_head(access, own, resource_type, id, &head)?;
        Ok((uuid, head))
    }

    /// Whether a resource is the one asked for and within the caller's reach.
    pub(super) fn check_head(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        head: &Head,
    ) -> Result<(), Refusal> {
        let is_other = head.group != keys::Group::of(resource_type, version);
        match access.reaches(head.patient) {
            true if !is_other => Ok(()),
            false if !is_other && !self.settings.hide_foreign_ids => Err(Refusal::Compartment),
            _ => Err(Refusal::Unknown(resource_type, id.to_owned())),
        }
    }

    pub(super) fn version(&self, id: Uuid, head: &Head, version_id: u32) -> Result<Stored, Refusal> {
        let record = self.store.get(&keys::version(head.number, version_id));
        record
            .and_then(|record| Stored::decode(head.group.resource_type(), id, version_id, &record))
            .ok_or_else(|| Refusal::Unknown(head.group.resource_type(), id.to_string()))
    }
}

/// Whether one version is the caller's to see: a resource that was handed to another patient leaves its past behind.
pub(super) fn is_within(access: &Access, version: Version, stored: &Stored) -> bool {
    if access.patient().is_none() || !stored.resource_type.is_in_compartment() || stored.act == Act::Delete {
        return true;
    }
    let document = Document::parse(stored.text());
    document.is_ok_and(|document| compartment(access, version, stored.resource_type, document.root()).is_ok())
}

/// The head of a resource in a view.
pub(super) fn head_in(view: &View, id: Uuid) -> Option<Head> {
    view.get(&keys::head(id)).and_then(|value| Head::decode(value))
}
