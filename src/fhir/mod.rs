//! FHIR without I/O and without a clock: JSON in, findings out, for STU3 (3.0.1) and R4 (4.0.1).

pub mod definitions;
pub mod migration;
pub mod narrative;
pub mod outcome;
pub mod path;
pub mod primitive;
pub mod search;
pub mod validation;

use std::fmt;
use std::str::FromStr;

/// The two FHIR versions Kanta PHR speaks (resource-server.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// FHIR 3.0.1, served at `baseStu3`.
    Stu3,
    /// FHIR 4.0.1, served at `baseR4`.
    R4,
}

impl Version {
    /// Both versions, oldest first.
    pub const ALL: [Version; 2] = [Version::Stu3, Version::R4];

    /// The word of paths and flags: `stu3` or `r4`.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Stu3 => "stu3",
            Version::R4 => "r4",
        }
    }

    /// The last path segment of the resource server: `baseStu3` or `baseR4`.
    pub fn base_segment(self) -> &'static str {
        match self {
            Version::Stu3 => "baseStu3",
            Version::R4 => "baseR4",
        }
    }

    /// The FHIR release number: `3.0.1` or `4.0.1`.
    pub fn number(self) -> &'static str {
        match self {
            Version::Stu3 => "3.0.1",
            Version::R4 => "4.0.1",
        }
    }

    /// The version that a FHIR release number such as `4.0.1`, `3.0` or `4.0` belongs to.
    pub fn of_release(number: &str) -> Option<Version> {
        let mut parts = number.split('.');
        match (parts.next()?, parts.next()?) {
            ("3", "0") => Some(Version::Stu3),
            ("4", "0") => Some(Version::R4),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Version::ALL
            .into_iter()
            .find(|version| version.as_str() == word)
            .ok_or_else(|| format!("unknown FHIR version {word:?}: expected stu3 or r4"))
    }
}
