//! What a patient has, by code: the newest resource of each, straight from the index.

use super::definitions;
use super::keys::{self, Dated, Group, Head};
use super::read::head_in;
use super::stored::{self, Stored};
use super::{Access, Interaction, Records, Refusal};
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use std::collections::HashMap;
use uuid::Uuid;

impl Records {
    /// The newest current resource of every code that the caller's patient has on a base. One with several codings may
    /// come several times. Reads one resource for each code, however many there are.
    ///
    /// # Errors
    /// [`Refusal::Scope`]; [`Refusal::Compartment`] when the caller reaches more than one patient.
    pub fn newest_by_code(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
    ) -> Result<Vec<Stored>, Refusal> {
        self.check_right(access, Interaction::Search, resource_type)?;
        let patient = access.patient().ok_or(Refusal::Compartment)?;
        let view = self.store.view();
        let Some(head) = head_in(&view, patient) else { return Ok(Vec::new()) };
        let group = Group::of(resource_type, version);
        let mut newest: Vec<Dated> = Vec::new();
        // Code and system lead the keys; within them the dates stand in groups by their length.
        for (key, _) in view.prefix(&keys::dated(head.number, group, None, None)) {
            let Some(dated) = Dated::decode(key) else { continue };
            match newest.last_mut() {
                Some(last) if (last.code, last.system) == (dated.code, dated.system) => {
                    if dated.date.low >= last.date.low {
                        *last = dated;
                    }
                }
                _ => newest.push(dated),
            }
        }
        let stored = |dated: &Dated| stored::current(&view, dated.number, resource_type).map(|found| found.on(version));
        Ok(newest.iter().filter_map(stored).collect())
    }

    /// How many current resources of each type a base has, whoever's they are, national definitions included. Looks at the
    /// head of each.
    pub fn counts(&self, version: Version) -> HashMap<ResourceType, usize> {
        let mut counts = definitions::counts(version);
        for (_, head) in self.store.view().prefix(&keys::all_heads()) {
            let Some(head) = Head::decode(head).filter(|head| !head.deleted) else { continue };
            let resource_type = head.group.resource_type();
            // Patients are those of both bases.
            if resource_type == ResourceType::Patient || head.group.version() == version {
                *counts.entry(resource_type).or_default() += 1;
            }
        }
        counts
    }

    /// Whether the caller made a resource: of the citizen's own pages, whether the citizen entered it there.
    pub fn is_made_by(&self, access: &Access, id: Uuid) -> bool {
        head_in(&self.store.view(), id).is_some_and(|head| head.creator == access.creator())
    }
}
