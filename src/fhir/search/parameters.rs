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
    /// A reference to a resource.
    Reference,
    /// A URL, compared whole.
    Uri,
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
            (ParameterType::Uri, _) => "uri",
            (ParameterType::Special, Version::R4) => "special",
            (ParameterType::Special, Version::Stu3) => "string",
        }
    }
}

/// How a parameter is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The logical id.
    Id,
    /// When the current version was written.
    LastUpdated,
    /// The patient whose compartment is searched.
    Patient,
    /// The date of the index.
    Date,
    /// What the type is indexed by: codes, or a URL.
    Indexed,
    /// A business identifier.
    Identifier,
    /// An element that is looked at in each candidate.
    Content,
    /// It changes nothing that is looked for.
    Total,
}

/// One search parameter of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the query.
    pub name: &'static str,
    /// How its values are read.
    pub kind: ParameterType,
    /// How it is answered.
    pub role: Role,
    /// The element it looks at, as a path.
    pub path: &'static str,
    /// Whether a search without it is refused.
    pub mandatory: bool,
    /// Whether several values may be separated by commas.
    pub or: bool,
    /// What it does, for the CapabilityStatement.
    pub documentation: &'static str,
    /// The only version that has it, when it is not both.
    pub only: Option<Version>,
}

const fn parameter(
    name: &'static str,
    kind: ParameterType,
    role: Role,
    path: &'static str,
    documentation: &'static str,
) -> Parameter {
    Parameter { name, kind, role, path, mandatory: false, or: false, documentation, only: None }
}

impl Parameter {
    const fn mandatory(self) -> Parameter {
        Parameter { mandatory: true, ..self }
    }

    const fn or(self) -> Parameter {
        Parameter { or: true, ..self }
    }

    const fn only(self, version: Version) -> Parameter {
        Parameter { only: Some(version), ..self }
    }
}

const ID: Parameter = parameter("_id", ParameterType::Token, Role::Id, "id", "The logical id of the resource.");
const LAST_UPDATED: Parameter = parameter(
    "_lastUpdated",
    ParameterType::Date,
    Role::LastUpdated,
    "meta.lastUpdated",
    "When the stored version was written. May be repeated: all values must hold.",
);
const SECURITY: Parameter = parameter(
    "_security",
    ParameterType::Token,
    Role::Content,
    "meta.security",
    "A security label, as code or system|code.",
)
.only(Version::Stu3);
const PATIENT: Parameter = parameter(
    "patient",
    ParameterType::Reference,
    Role::Patient,
    "subject",
    "The patient whose resources are looked for: a bare id, Patient/id or an absolute URL.",
);
const IDENTIFIER: Parameter = parameter(
    "identifier",
    ParameterType::Token,
    Role::Identifier,
    "identifier",
    "A business identifier, as value or system|value.",
);
const TOTAL: Parameter =
    parameter("_total", ParameterType::Special, Role::Total, "", "Accepted; the total is always given.");
const URL: Parameter = parameter("url", ParameterType::Uri, Role::Indexed, "url", "The canonical URL, compared whole.");

const fn date(name: &'static str, path: &'static str, documentation: &'static str) -> Parameter {
    parameter(name, ParameterType::Date, Role::Date, path, documentation)
}

const fn token(name: &'static str, role: Role, path: &'static str, documentation: &'static str) -> Parameter {
    parameter(name, ParameterType::Token, role, path, documentation)
}

const CATEGORY: &str = "The category, as code or system|code.";

static CARE_PLAN: [Parameter; 10] = [
    ID,
    LAST_UPDATED,
    SECURITY,
    date("date", "period", "The time the plan is for: any moment within it. May be repeated: all values must hold."),
    PATIENT,
    token("status", Role::Content, "status", "The status of the plan.").only(Version::R4),
    IDENTIFIER.only(Version::R4),
    token("category", Role::Indexed, "category", CATEGORY).only(Version::R4),
    parameter(
        "supporting-info",
        ParameterType::Reference,
        Role::Content,
        "supportingInfo",
        "What the plan is based on: Type/id, a bare id or an absolute URL.",
    )
    .only(Version::R4),
    TOTAL.only(Version::R4),
];

static OBSERVATION: [Parameter; 9] = [
    ID,
    LAST_UPDATED,
    SECURITY,
    date(
        "date",
        "effective",
        "When it was measured; of a period, any moment within it. May be repeated: all values must hold.",
    ),
    PATIENT.mandatory(),
    token(
        "code",
        Role::Indexed,
        "code",
        "What was measured; several values separated by commas. Of several, those without a system are LOINC codes.",
    )
    .or(),
    IDENTIFIER,
    token("category", Role::Content, "category", CATEGORY),
    TOTAL,
];

static MEDICATION_ADMINISTRATION: [Parameter; 8] = [
    ID,
    LAST_UPDATED,
    SECURITY,
    date(
        "effective-time",
        "effective",
        "When the dose was taken; of a period, any moment within it. May be repeated: all values must hold.",
    ),
    PATIENT.mandatory(),
    IDENTIFIER,
    token(
        "code",
        Role::Indexed,
        "medication",
        "The medication; several values separated by commas. Of several, those without a system are Kanta insulin codes.",
    )
    .or(),
    TOTAL,
];

// What the real server has for the next two was not recovered (resource-server.md §3, graded as a guess).
static MEDICATION_STATEMENT: [Parameter; 7] = [
    ID,
    LAST_UPDATED,
    SECURITY,
    date(
        "effective",
        "effective",
        "When the medication is taken: any moment within it. May be repeated: all values must hold.",
    ),
    PATIENT.mandatory(),
    IDENTIFIER,
    token("category", Role::Indexed, "category", CATEGORY),
];

static CONSENT: [Parameter; 6] = [
    ID,
    LAST_UPDATED,
    SECURITY,
    Parameter { path: "patient", ..PATIENT.mandatory() },
    IDENTIFIER,
    token("category", Role::Indexed, "category", CATEGORY),
];

static QUESTIONNAIRE: [Parameter; 6] = [
    ID,
    LAST_UPDATED,
    token("code", Role::Content, "item.code", "A code of one of its questions."),
    IDENTIFIER,
    URL,
    TOTAL,
];

static QUESTIONNAIRE_RESPONSE: [Parameter; 7] = [
    ID,
    LAST_UPDATED,
    parameter(
        "questionnaire",
        ParameterType::Reference,
        Role::Indexed,
        "questionnaire",
        "The form that was filled in: its canonical URL, in STU3 Questionnaire/id.",
    ),
    PATIENT.mandatory(),
    date("authored", "authored", "When the form was filled in. May be repeated: all values must hold."),
    IDENTIFIER,
    TOTAL,
];

static PATIENT_ALONE: [Parameter; 1] = [ID];
static CONFORMANCE: [Parameter; 2] = [ID, URL];

/// The search parameters of a resource type on the base of a version.
pub fn parameters(resource_type: ResourceType, version: Version) -> impl Iterator<Item = &'static Parameter> {
    let all: &'static [Parameter] = match resource_type {
        ResourceType::CarePlan => &CARE_PLAN,
        ResourceType::Observation => &OBSERVATION,
        ResourceType::MedicationAdministration => &MEDICATION_ADMINISTRATION,
        ResourceType::MedicationStatement => &MEDICATION_STATEMENT,
        ResourceType::Consent => &CONSENT,
        ResourceType::Questionnaire => &QUESTIONNAIRE,
        ResourceType::QuestionnaireResponse => &QUESTIONNAIRE_RESPONSE,
        ResourceType::Patient => &PATIENT_ALONE,
        ResourceType::CodeSystem | ResourceType::StructureDefinition | ResourceType::ValueSet => &CONFORMANCE,
        ResourceType::OperationDefinition => &[],
    };
    all.iter().filter(move |parameter| parameter.only.is_none_or(|only| only == version))
}

/// The parameters that shape the answer; they are accepted with every search.
pub const RESULT_PARAMETERS: [&str; 7] = ["_count", "_sort", "_total", "_pretty", "_format", "_summary", "_elements"];

/// The system that codes without one have in a search for several codes.
pub fn default_code_system(resource_type: ResourceType) -> &'static str {
    match resource_type {
        ResourceType::MedicationAdministration => "http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode",
        _ => "http://loinc.org",
    }
}
