//! Who calls, as a plain value: this room knows no OAuth.

use super::keys;
use crate::fhir::search::ResourceType;
use uuid::Uuid;

/// Who calls, and how far they reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, on the open endpoint.
    Open,
    /// An application with a citizen's token.
    Application {
        /// The OAuth client.
        client_id: String,
        /// The application's registered name.
        name: String,
        /// The id the application was registered with; the client's id when it has none.
        application_id: String,
        /// The citizen's pseudonym.
        patient: Uuid,
        /// What the token reads (read and search).
        reads: Types,
        /// What the token writes (create, update and delete).
        writes: Types,
    },
    /// The citizen's own page.
    Citizen {
        /// The citizen's pseudonym.
        patient: Uuid,
    },
}

/// The registered name and id that a stored resource carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Author {
    pub name: String,
    pub application_id: String,
}

impl Access {
    /// The one patient the caller reaches; nothing for everyone.
    pub fn patient(&self) -> Option<Uuid> {
        match self {
            Access::Open => None,
            Access::Application { patient, .. } | Access::Citizen { patient } => Some(*patient),
        }
    }

    /// Whether this patient's data is within reach; what is nobody's (the nil UUID) is within everybody's.
    pub fn reaches(&self, patient: Uuid) -> bool {
        patient.is_nil() || self.patient().is_none_or(|own| own == patient)
    }

    /// Whether the type may be read. One's own Patient may be read with any token (decisions: clients do it).
    pub fn reads(&self, resource_type: ResourceType) -> bool {
        match self {
            Access::Application { reads, .. } => {
                resource_type == ResourceType::Patient || reads.contains(resource_type)
            }
            Access::Open | Access::Citizen { .. } => true,
        }
    }

    /// Whether the type may be written. Behind authorization a Patient is made by the authorization server alone; for
    /// profiles, value sets and code systems no scope is granted, so that they are written on the open endpoint only.
    pub fn writes(&self, resource_type: ResourceType) -> bool {
        match (self, resource_type) {
            (Access::Open, _) => true,
            (_, ResourceType::Patient) => false,
            (Access::Application { writes, .. }, _) => writes.contains(resource_type),
            (Access::Citizen { .. }, _) => resource_type.is_in_compartment(),
        }
    }

    pub(super) fn author(&self) -> Option<Author> {
        match self {
            Access::Application { name, application_id, .. } => {
                Some(Author { name: name.clone(), application_id: application_id.clone() })
            }
            Access::Open | Access::Citizen { .. } => None,
        }
    }

    /// The mark of the creator of what the caller stores.
    pub(super) fn creator(&self) -> [u8; 8] {
        match self {
            Access::Open => keys::creator(None),
            Access::Application { application_id, .. } => keys::creator(Some(application_id)),
            // Not the id of any application: those have no spaces.
            Access::Citizen { .. } => keys::creator(Some("the citizen")),
        }
    }

    /// Whether the caller may delete what this creator stored: the application itself, the citizen, anyone when open.
    pub(super) fn deletes(&self, creator: [u8; 8]) -> bool {
        match self {
            Access::Open | Access::Citizen { .. } => true,
            Access::Application { .. } => self.creator() == creator,
        }
    }
}

/// A set of resource types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(u16);

impl Types {
    /// No type.
    pub const NONE: Types = Types(0);
    /// Every type.
    pub const ALL: Types = Types(u16::MAX);

    /// The set of the types with these names (`Observation`, …); names of other types are passed over, `*` is all.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Types {
        names.into_iter().fold(Types::NONE, |set, name| match ResourceType::from_name(name) {
            Some(resource_type) => set.with(resource_type),
            None if name == "*" => Types::ALL,
            None => set,
        })
    }

    /// The set with one more.
    pub const fn with(self, resource_type: ResourceType) -> Types {
        Types(self.0 | 1 << resource_type as u8)
    }

    /// Whether a type is in it.
    pub const fn contains(self, resource_type: ResourceType) -> bool {
        self.0 & 1 << resource_type as u8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reaches_one_patient_and_the_types_of_its_scopes() {
        let patient = Uuid::from_u128(1);
        let access = Access::Application {
            client_id: "c".into(),
            name: "App".into(),
            application_id: "1.2".into(),
            patient,
            reads: Types::named(["Observation", "CarePlan"]),
            writes: Types::NONE,
        };
        assert!(access.reaches(patient) && !access.reaches(Uuid::from_u128(2)));
        assert!(access.reads(ResourceType::Observation) && access.reads(ResourceType::Patient));
        assert!(!access.reads(ResourceType::MedicationAdministration));
        assert!(!access.writes(ResourceType::Observation) && !access.writes(ResourceType::Patient));
        assert!(access.deletes(access.creator()) && !access.deletes(Access::Open.creator()));
        assert!(access.reads(ResourceType::CarePlan) && !access.reads(ResourceType::ValueSet));
        assert!(access.reaches(Uuid::nil()));
        assert_eq!(Types::named(["*"]), Types::ALL);
    }
}
