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
        /// What the token lets it do.
        rights: Rights,
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

    /// Whether something may be done with a type. One's own Patient may be read with any token (decisions: clients do
    /// it), but behind authorization it is made by the authorization server alone; for profiles, value sets and code
    /// systems no scope is granted, so that they are written on the open endpoint only.
    pub fn may(&self, interaction: Interaction, resource_type: ResourceType) -> bool {
        match (self, resource_type) {
            (Access::Open, _) => true,
            (_, ResourceType::Patient) => interaction.reads(),
            (Access::Application { rights, .. }, _) => rights.of(interaction).contains(resource_type),
            (Access::Citizen { .. }, _) => interaction.reads() || resource_type.is_in_compartment(),
        }
    }

    /// What is missing where something may not be done: `read` or `write`; where other parts of that are there, the
    /// letter of SMART App Launch 2.
    pub(super) fn missing(&self, interaction: Interaction, resource_type: ResourceType) -> &'static str {
        let same_half = Interaction::ALL.into_iter().filter(|other| other.reads() == interaction.reads());
        let has_part = same_half.into_iter().any(|other| self.may(other, resource_type));
        match interaction {
            _ if !has_part && interaction.reads() => "read",
            _ if !has_part => "write",
            Interaction::Create => "c",
            Interaction::Read => "r",
            Interaction::Update => "u",
            Interaction::Delete => "d",
            Interaction::Search => "s",
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

/// What can be done with resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// Create.
    Create,
    /// Read, also versions and the history of one resource.
    Read,
    /// Update.
    Update,
    /// Delete.
    Delete,
    /// Search.
    Search,
}

impl Interaction {
    const ALL: [Interaction; 5] =
        [Interaction::Create, Interaction::Read, Interaction::Update, Interaction::Delete, Interaction::Search];

    fn reads(self) -> bool {
        matches!(self, Interaction::Read | Interaction::Search)
    }
}

/// The types with which each thing may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Those that may be created.
    pub create: Types,
    /// Those that may be read.
    pub read: Types,
    /// Those that may be updated.
    pub update: Types,
    /// Those that may be deleted.
    pub delete: Types,
    /// Those that may be searched.
    pub search: Types,
}

impl Rights {
    /// To read and search some types; to create, update and delete others.
    pub const fn new(reads: Types, writes: Types) -> Rights {
        Rights { create: writes, read: reads, update: writes, delete: writes, search: reads }
    }

    fn of(&self, interaction: Interaction) -> Types {
        match interaction {
            Interaction::Create => self.create,
            Interaction::Read => self.read,
            Interaction::Update => self.update,
            Interaction::Delete => self.delete,
            Interaction::Search => self.search,
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
            rights: Rights {
                search: Types::NONE,
                ..Rights::new(Types::named(["Observation", "CarePlan"]), Types::NONE)
            },
        };
        assert!(access.reaches(patient) && !access.reaches(Uuid::from_u128(2)));
        let reads = |resource_type| access.may(Interaction::Read, resource_type);
        assert!(reads(ResourceType::Observation) && reads(ResourceType::Patient));
        assert!(!reads(ResourceType::MedicationAdministration));
        for interaction in [Interaction::Create, Interaction::Update, Interaction::Delete] {
            assert!(!access.may(interaction, ResourceType::Observation));
            assert!(!access.may(interaction, ResourceType::Patient));
            assert_eq!(access.missing(interaction, ResourceType::Observation), "write");
        }
        assert!(!access.may(Interaction::Search, ResourceType::Observation));
        assert_eq!(access.missing(Interaction::Search, ResourceType::Observation), "s");
        assert_eq!(access.missing(Interaction::Search, ResourceType::MedicationAdministration), "read");
        assert!(access.deletes(access.creator()) && !access.deletes(Access::Open.creator()));
        assert!(reads(ResourceType::CarePlan) && !reads(ResourceType::ValueSet));
        assert!(access.reaches(Uuid::nil()));
        assert_eq!(Types::named(["*"]), Types::ALL);
    }
}
