//! The table of search parameters: one row serves the query, the index and the CapabilityStatement.

use super::ResourceType;
use crate::fhir::Version;

/// The kinds of search parameter in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// `code`, `system|code`.
    Token,
    /// A date with a prefix.
    Date,
    /// A reference to a patient.
    Reference,
    /// `_total`.
    Special,
}

impl ParameterType {
    /// The code of a CapabilityStatement's `searchParam.type`; STU3 has no `special`.
    pub fn as_str(self, version: Version) -> &'static str {
        match (self, version) {
            (ParameterType::Token, _) => "token",
            (ParameterType::Date, _) => "date",
            (ParameterType::Reference, _) => "reference",
            (ParameterType::Special, Version::R4) => "special",
            (ParameterType::Special, Version::Stu3) => "string",
        }
    }
}

/// One search parameter of a resource type.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the query.
    pub name: &'static str,
    /// How its values are read.
    pub kind: ParameterType,
    /// The element it looks at, as a path.
    pub path: &'static str,
    /// Whether a search without it is refused.
    pub mandatory: bool,
    /// What it does, for the CapabilityStatement.
    pub documentation: &'static str,
    /// The only version that has it, when it is not both.
    pub only: Option<Version>,
}

const fn parameter(
    name: &'static str,
    kind: ParameterType,
    path: &'static str,
    documentation: &'static str,
) -> Parameter {
    Parameter { name, kind, path, mandatory: false, documentation, only: None }
}

const ID: &str = "The logical id of the resource.";
const LAST_UPDATED: &str = "When the stored version was written. May be repeated: all values must hold.";
const PATIENT: &str =
    "The patient whose resources are looked for: a bare id, Patient/id or an absolute URL. Mandatory.";
const IDENTIFIER: &str = "A business identifier, as value or system|value.";
const TOTAL: &str = "Accepted; the total is always given.";

static OBSERVATION: [Parameter; 9] = [
    parameter("_id", ParameterType::Token, "Observation.id", ID),
    parameter("_lastUpdated", ParameterType::Date, "Observation.meta.lastUpdated", LAST_UPDATED),
    Parameter {
        only: Some(Version::Stu3),
        ..parameter(
            "_security",
            ParameterType::Token,
            "Observation.meta.security",
            "A security label, as code or system|code.",
        )
    },
    parameter(
        "date",
        ParameterType::Date,
        "Observation.effective",
        "When it was measured; of a period, any moment within it. May be repeated: all values must hold.",
    ),
    Parameter { mandatory: true, ..parameter("patient", ParameterType::Reference, "Observation.subject", PATIENT) },
    parameter(
        "code",
        ParameterType::Token,
        "Observation.code",
        "What was measured; several values separated by commas. Of several, those without a system are LOINC codes.",
    ),
    parameter("identifier", ParameterType::Token, "Observation.identifier", IDENTIFIER),
    parameter("category", ParameterType::Token, "Observation.category", "The category, as code or system|code."),
    parameter("_total", ParameterType::Special, "", TOTAL),
];

static MEDICATION_ADMINISTRATION: [Parameter; 8] = [
    parameter("_id", ParameterType::Token, "MedicationAdministration.id", ID),
    parameter("_lastUpdated", ParameterType::Date, "MedicationAdministration.meta.lastUpdated", LAST_UPDATED),
    Parameter {
        only: Some(Version::Stu3),
        ..parameter(
            "_security",
            ParameterType::Token,
            "MedicationAdministration.meta.security",
            "A security label, as code or system|code.",
        )
    },
    parameter(
        "effective-time",
        ParameterType::Date,
        "MedicationAdministration.effective",
        "When the dose was taken; of a period, any moment within it. May be repeated: all values must hold.",
    ),
    Parameter {
        mandatory: true,
        ..parameter("patient", ParameterType::Reference, "MedicationAdministration.subject", PATIENT)
    },
    parameter("identifier", ParameterType::Token, "MedicationAdministration.identifier", IDENTIFIER),
    parameter(
        "code",
        ParameterType::Token,
        "MedicationAdministration.medication",
        "The medication; several values separated by commas. Of several, those without a system are Kanta insulin codes.",
    ),
    parameter("_total", ParameterType::Special, "", TOTAL),
];

static PATIENT_ALONE: [Parameter; 1] = [parameter("_id", ParameterType::Token, "Patient.id", ID)];

/// The search parameters of a resource type on the base of a version.
pub fn parameters(resource_type: ResourceType, version: Version) -> impl Iterator<Item = &'static Parameter> {
    let all: &'static [Parameter] = match resource_type {
        ResourceType::Observation => &OBSERVATION,
        ResourceType::MedicationAdministration => &MEDICATION_ADMINISTRATION,
        ResourceType::Patient => &PATIENT_ALONE,
    };
    all.iter().filter(move |parameter| parameter.only.is_none_or(|only| only == version))
}

/// The parameters that shape the answer; they are accepted with every search.
pub(super) const RESULT_PARAMETERS: [&str; 7] =
    ["_count", "_sort", "_total", "_pretty", "_format", "_summary", "_elements"];

/// The system that codes without one have in a search for several codes.
pub(super) fn default_code_system(resource_type: ResourceType) -> &'static str {
    match resource_type {
        ResourceType::MedicationAdministration => "http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode",
        ResourceType::Observation | ResourceType::Patient => "http://loinc.org",
    }
}
