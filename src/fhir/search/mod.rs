//! Search: the parameters Kanta PHR documents, read from a query and from a resource (resource-server.md §3).

mod date;
mod extract;
mod parameters;
mod query;
mod token;

pub use date::{DateFilter, Interval, Prefix};
pub use extract::{IndexValues, effective};
pub use parameters::{Parameter, ParameterType, parameters};
pub use query::{Query, QueryError, Sort, SortKey, Summary};
pub use token::{System, Token, codings, split_values};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The resource types that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResourceType {
    /// A measurement.
    Observation,
    /// A dose of insulin taken.
    MedicationAdministration,
    /// The pseudonym of a citizen; the same on both bases.
    Patient,
}

impl ResourceType {
    /// All of them, in the order of the server's own list (resource-server.md §11).
    pub const ALL: [ResourceType; 3] =
        [ResourceType::Observation, ResourceType::MedicationAdministration, ResourceType::Patient];

    /// The name in paths and in `resourceType`.
    pub fn as_str(self) -> &'static str {
        match self {
            ResourceType::Observation => "Observation",
            ResourceType::MedicationAdministration => "MedicationAdministration",
            ResourceType::Patient => "Patient",
        }
    }

    /// The type with this name, when it is a stored one.
    pub fn from_name(name: &str) -> Option<ResourceType> {
        ResourceType::ALL.into_iter().find(|resource_type| resource_type.as_str() == name)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
