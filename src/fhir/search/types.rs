//! The resource types of Kanta PHR: one row of a table serves routing, records, search and the CapabilityStatement.

use crate::fhir::Version;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The resource types that Kanta PHR has (resource-server.md §2), in the order of the server's own list (§11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResourceType {
    /// A plan of the citizen's own.
    CarePlan,
    /// A profile or an extension.
    StructureDefinition,
    /// A form.
    Questionnaire,
    /// A consent of a citizen (STU3).
    Consent,
    /// A measurement.
    Observation,
    /// A dose of insulin taken.
    MedicationAdministration,
    /// The pseudonym of a citizen; the same on both bases.
    Patient,
    /// A medication that a citizen takes (STU3).
    MedicationStatement,
    /// Codes with their meaning.
    CodeSystem,
    /// A form that a citizen filled in.
    QuestionnaireResponse,
    /// A choice of codes.
    ValueSet,
    /// The definition of an operation (STU3): named by the real server, which defines none.
    OperationDefinition,
}

/// What is known of a type.
struct Row {
    name: &'static str,
    /// The only version that has it, when it is not both.
    only: Option<Version>,
    /// The elements that name the person it is about (first) or by; none when it is in no patient's compartment.
    owners: &'static [&'static str],
    /// Whether there is a `DELETE` for it.
    is_deletable: bool,
    /// Whether only a national profile may be stored.
    has_national_profile: bool,
    /// What tells when: a choice (`effective`), a Period or a dateTime.
    date: Option<&'static str>,
    /// The element, or the elements below it, whose codes or URLs the index by code holds.
    indexed: Option<&'static str>,
}

const ROW: Row = Row {
    name: "",
    only: None,
    owners: &[],
    is_deletable: true,
    has_national_profile: true,
    date: None,
    indexed: None,
};
/// Value sets and their like: nobody's, never deleted, written on the open endpoint alone.
const CONFORMANCE: Row = Row { is_deletable: false, has_national_profile: false, indexed: Some("url"), ..ROW };

static ROWS: [Row; 12] = [
    Row { name: "CarePlan", owners: &["subject", "author"], date: Some("period"), indexed: Some("category"), ..ROW },
    Row { name: "StructureDefinition", ..CONFORMANCE },
    Row { name: "Questionnaire", indexed: Some("url"), ..ROW },
    Row {
        name: "Consent",
        only: Some(Version::Stu3),
        owners: &["patient", "consentingParty"],
        is_deletable: false,
        has_national_profile: false,
        indexed: Some("category"),
        ..ROW
    },
    Row {
        name: "Observation",
        owners: &["subject", "performer"],
        date: Some("effective"),
        indexed: Some("code"),
        ..ROW
    },
    Row {
        name: "MedicationAdministration",
        owners: &["subject", "performer"],
        date: Some("effective"),
        indexed: Some("medicationCodeableConcept"),
        ..ROW
    },
    Row { name: "Patient", is_deletable: false, ..ROW },
    Row {
        name: "MedicationStatement",
        only: Some(Version::Stu3),
        owners: &["subject", "informationSource"],
        has_national_profile: false,
        date: Some("effective"),
        indexed: Some("category"),
        ..ROW
    },
    Row { name: "CodeSystem", ..CONFORMANCE },
    Row {
        name: "QuestionnaireResponse",
        owners: &["subject", "author", "source"],
        date: Some("authored"),
        indexed: Some("questionnaire"),
        ..ROW
    },
    Row { name: "ValueSet", ..CONFORMANCE },
    Row { name: "OperationDefinition", only: Some(Version::Stu3), ..CONFORMANCE },
];

impl ResourceType {
    /// All of them, in the order of the server's own list (resource-server.md §11).
    pub const ALL: [ResourceType; 12] = [
        ResourceType::CarePlan,
        ResourceType::StructureDefinition,
        ResourceType::Questionnaire,
        ResourceType::Consent,
        ResourceType::Observation,
        ResourceType::MedicationAdministration,
        ResourceType::Patient,
        ResourceType::MedicationStatement,
        ResourceType::CodeSystem,
        ResourceType::QuestionnaireResponse,
        ResourceType::ValueSet,
        ResourceType::OperationDefinition,
    ];

    fn row(self) -> &'static Row {
        // One row for each variant, in the same order: a test says so.
        &ROWS[self as usize]
    }

    /// The name in paths and in `resourceType`.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The type with this name.
    pub fn from_name(name: &str) -> Option<ResourceType> {
        ResourceType::ALL.into_iter().find(|resource_type| resource_type.as_str() == name)
    }

    /// Whether the base of a version has the type.
    pub fn is_served(self, version: Version) -> bool {
        self.row().only.is_none_or(|only| only == version)
    }

    /// The elements that name the person a resource is about (first) or by; none for a type that is nobody's.
    pub fn owners(self) -> &'static [&'static str] {
        self.row().owners
    }

    /// Whether a resource of the type belongs to a patient. The Patient itself is of another kind.
    pub fn is_in_compartment(self) -> bool {
        !self.row().owners.is_empty()
    }

    /// Whether a token can be given for the type (authorization-server.md §6).
    pub fn has_scope(self) -> bool {
        matches!(
            self,
            ResourceType::Observation
                | ResourceType::MedicationAdministration
                | ResourceType::CarePlan
                | ResourceType::Questionnaire
                | ResourceType::QuestionnaireResponse
        )
    }

    /// Whether there is a `DELETE` for the type.
    pub fn is_deletable(self) -> bool {
        self.row().is_deletable
    }

    /// Whether the type is stored at all: operations are defined by nobody.
    pub fn is_stored(self) -> bool {
        self != ResourceType::OperationDefinition
    }

    /// Whether a resource must name a national profile; the others are judged by FHIR's own definition of the type.
    pub fn has_national_profile(self) -> bool {
        self.row().has_national_profile
    }

    /// Whether the type defines something by its `url`, which one resource of a base may have.
    pub fn is_conformance(self) -> bool {
        matches!(self, ResourceType::StructureDefinition | ResourceType::CodeSystem | ResourceType::ValueSet)
    }

    /// The element that tells when.
    pub(super) fn date(self) -> Option<&'static str> {
        self.row().date
    }

    /// The element that the index by code holds.
    pub(super) fn indexed(self) -> Option<&'static str> {
        self.row().indexed
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_row() {
        for (index, resource_type) in ResourceType::ALL.into_iter().enumerate() {
            assert_eq!(resource_type as usize, index);
            assert_eq!(format!("{resource_type:?}"), resource_type.as_str());
            assert_eq!(ResourceType::from_name(resource_type.as_str()), Some(resource_type));
        }
        assert!(!ResourceType::Consent.is_served(Version::R4) && ResourceType::Consent.is_served(Version::Stu3));
    }
}
