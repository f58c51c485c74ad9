//! What was written on the STU3 base, as the R4 base shows it with `cross_version.read = convert`. What R4 has no profile
//! for stays out of sight, and writes stay on the base of their own.

use super::Records;
use super::keys::{Group, Head};
use super::stored::Stored;
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use crate::json::Document;

impl Records {
    /// Whether a base shows this type of the STU3 base as well.
    pub(super) fn shows_stu3(&self, resource_type: ResourceType, version: Version) -> bool {
        self.settings.convert_from_stu3
            && version == Version::R4
            && resource_type.has_national_profile()
            && resource_type != ResourceType::Patient
    }

    /// The base whose rules a resource is read by when `version` asks: its own, where that is shown.
    pub(super) fn base_of(&self, head: &Head, resource_type: ResourceType, version: Version) -> Version {
        let is_stu3 = head.group == Group::of(resource_type, Version::Stu3);
        if is_stu3 && self.shows_stu3(resource_type, version) { Version::Stu3 } else { version }
    }

    /// A version of a resource of the base `own` as the base `asked` shows it; nothing when it can't.
    pub(super) fn shown(&self, mut stored: Stored, own: Version, asked: Version) -> Option<Stored> {
        if own == asked {
            return Some(stored.on(asked));
        }
        if !stored.body.is_empty() {
            stored.body = self.converted(stored.text())?.into();
        }
        Some(stored)
    }

    /// The R4 form of an STU3 resource.
    pub(super) fn converted(&self, text: &str) -> Option<String> {
        self.parts.judge.convert(&Document::parse(text).ok()?, &self.settings)
    }
}
