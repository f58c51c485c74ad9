//! Scopes: `patient/<ResourceType>.read|write`, `openid`, `profile`, `offline_access` (authorization-server.md §6).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The resource types for which scopes are granted.
const RESOURCE_TYPES: [&str; 5] =
    ["Observation", "MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse"];

/// A set of resource types, for reading or for writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceTypes(u8);

impl ResourceTypes {
    /// Whether the type of this name is in the set.
    pub fn contains(self, resource_type: &str) -> bool {
        ResourceType::parse(resource_type).is_some_and(|found| self.0 & found.bit() != 0)
    }

    /// Whether no type is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the types.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        (0..RESOURCE_TYPES.len() as u8)
            .map(ResourceType)
            .filter(move |each| self.0 & each.bit() != 0)
            .map(|each| each.name())
    }
}

impl<'a> FromIterator<&'a str> for ResourceTypes {
    /// Types for which no scope exists are left out.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        ResourceTypes(names.into_iter().filter_map(ResourceType::parse).fold(0, |set, each| set | each.bit()))
    }
}

/// A resource type for which scopes are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType(u8);

impl ResourceType {
    fn parse(name: &str) -> Option<ResourceType> {
        RESOURCE_TYPES.iter().position(|each| *each == name).map(|index| ResourceType(index as u8))
    }

    /// The FHIR name, such as `Observation`.
    pub fn name(self) -> &'static str {
        RESOURCE_TYPES[usize::from(self.0)]
    }

    fn bit(self) -> u8 {
        1 << self.0
    }
}

/// What a scope lets a client do with a resource type: write is create, update and delete; read is read and search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// Read and search.
    Read,
    /// Create, update and delete.
    Write,
}

/// One scope that can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// `openid`: the answer carries an `id_token`.
    OpenId,
    /// `profile`: granted, without effect.
    Profile,
    /// `offline_access`: the answer carries a refresh token.
    OfflineAccess,
    /// `patient/<ResourceType>.read` or `.write`.
    Patient(ResourceType, Act),
}

/// Why a word is not a grantable scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeProblem {
    /// The real server knows it and never grants it: left out without a word.
    #[error("{0} is known but never granted")]
    NeverGranted(String),
    /// No such scope.
    #[error("{0:?} is not a scope; there are openid, profile, offline_access and patient/<Type>.read or .write with the types {types}", types = RESOURCE_TYPES.join(", "))]
    Unknown(String),
}

impl Scope {
    /// Reads one word.
    pub fn parse(word: &str) -> Result<Scope, ScopeProblem> {
        match word {
            "openid" => return Ok(Scope::OpenId),
            "profile" => return Ok(Scope::Profile),
            "offline_access" => return Ok(Scope::OfflineAccess),
            "patient/Patient.read" | "patient/StructureDefinition.read" | "patient/StructureDefinition.write" => {
                return Err(ScopeProblem::NeverGranted(word.to_owned()));
            }
            _ => {}
        }
        let parts = word.strip_prefix("patient/").and_then(|rest| rest.split_once('.'));
        let scope = parts.and_then(|(resource_type, act)| {
            let act = match act {
                "read" => Act::Read,
                "write" => Act::Write,
                _ => return None,
            };
            Some(Scope::Patient(ResourceType::parse(resource_type)?, act))
        });
        scope.ok_or_else(|| ScopeProblem::Unknown(word.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::OpenId => formatter.write_str("openid"),
            Scope::Profile => formatter.write_str("profile"),
            Scope::OfflineAccess => formatter.write_str("offline_access"),
            Scope::Patient(resource_type, Act::Read) => write!(formatter, "patient/{}.read", resource_type.name()),
            Scope::Patient(resource_type, Act::Write) => write!(formatter, "patient/{}.write", resource_type.name()),
        }
    }
}

/// The rights that one word asks for. With `smart`, SMART App Launch v2 is understood too: `.rs` reads and searches,
/// `.cud` creates, updates and deletes, `.cruds` does both; finer divisions are not what the service can grant.
/// `launch/patient` and `fhirUser` are left out without a word: they bring no right.
pub fn scopes_of_word(word: &str, smart: bool) -> Result<Vec<Scope>, ScopeProblem> {
    let act = word.strip_prefix("patient/").and_then(|rest| rest.split_once('.'));
    let acts: &[Act] = match act {
        _ if !smart => return Scope::parse(word).map(|scope| vec![scope]),
        None if matches!(word, "launch/patient" | "fhirUser") => {
            return Err(ScopeProblem::NeverGranted(word.to_owned()));
        }
        Some((_, "rs")) => &[Act::Read],
        Some((_, "cud")) => &[Act::Write],
        Some((_, "cruds")) => &[Act::Read, Act::Write],
        _ => return Scope::parse(word).map(|scope| vec![scope]),
    };
    let name = act.map_or("", |(name, _)| name);
    if name == "Patient" {
        return Err(ScopeProblem::NeverGranted(word.to_owned()));
    }
    let resource_type = ResourceType::parse(name).ok_or_else(|| ScopeProblem::Unknown(word.to_owned()))?;
    Ok(acts.iter().map(|act| Scope::Patient(resource_type, *act)).collect())
}

/// How scopes are spelled in an answer: as the request spelled them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spelling {
    /// `.read` and `.write`.
    #[default]
    V1,
    /// `.rs`, `.cud` and `.cruds`.
    V2,
}

impl Spelling {
    /// The spelling of a request: v2 as soon as one of its words is.
    pub fn of(scope: &str) -> Spelling {
        let is_v2 = |word: &str| {
            word.starts_with("patient/") && [".rs", ".cud", ".cruds"].iter().any(|end| word.ends_with(end))
        };
        if scope.split_whitespace().any(is_v2) { Spelling::V2 } else { Spelling::V1 }
    }
}

/// All scopes that can be granted.
pub fn grantable_scopes() -> impl Iterator<Item = Scope> {
    let patient = (0..RESOURCE_TYPES.len() as u8)
        .flat_map(|index| [Act::Read, Act::Write].map(|act| Scope::Patient(ResourceType(index), act)));
    [Scope::OpenId, Scope::Profile, Scope::OfflineAccess].into_iter().chain(patient)
}

/// Scopes without repetition, in the order in which they were given; on the wire words separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads words separated by white space. Never-granted ones are left out, an unknown one is an error.
    pub fn parse(text: &str) -> Result<Scopes, ScopeProblem> {
        let mut scopes = Scopes::default();
        for word in text.split_whitespace() {
            match Scope::parse(word) {
                Ok(scope) => scopes.insert(scope),
                Err(ScopeProblem::NeverGranted(_)) => {}
                Err(unknown) => return Err(unknown),
            }
        }
        Ok(scopes)
    }

    /// Adds a scope behind the others.
    pub fn insert(&mut self, scope: Scope) {
        if !self.0.contains(&scope) {
            self.0.push(scope);
        }
    }

    /// Whether `scope` is among them.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of them are in `other`.
    pub fn is_subset_of(&self, other: &Scopes) -> bool {
        self.0.iter().all(|scope| other.contains(*scope))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// The words of an answer.
    pub fn spelled(&self, spelling: Spelling) -> String {
        if spelling == Spelling::V1 {
            return self.to_string();
        }
        let mut words: Vec<String> = Vec::new();
        for scope in self.iter() {
            let word = match scope {
                Scope::Patient(resource_type, act) => {
                    let both = self.contains(Scope::Patient(resource_type, Act::Read))
                        && self.contains(Scope::Patient(resource_type, Act::Write));
                    let letters = match act {
                        _ if both => "cruds",
                        Act::Read => "rs",
                        Act::Write => "cud",
                    };
                    format!("patient/{}.{letters}", resource_type.name())
                }
                other => other.to_string(),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" ")
    }

    /// Those that read: what a professional application may be given.
    pub fn reading(&self) -> Scopes {
        self.iter().filter(|scope| matches!(scope, Scope::Patient(_, Act::Read))).collect()
    }

    /// Whether any of them writes.
    pub fn write_anything(&self) -> bool {
        self.iter().any(|scope| matches!(scope, Scope::Patient(_, Act::Write)))
    }

    /// The resource types they let a client read, or write.
    pub fn resource_types(&self, wanted: Act) -> ResourceTypes {
        ResourceTypes(self.0.iter().fold(0, |set, scope| match scope {
            Scope::Patient(resource_type, act) if *act == wanted => set | resource_type.bit(),
            _ => set,
        }))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(each: I) -> Self {
        let mut scopes = Scopes::default();
        each.into_iter().for_each(|scope| scopes.insert(scope));
        scopes
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            scope.fmt(formatter)?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Scopes::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_become_resource_types_to_read_and_to_write() {
        let scopes =
            Scopes::parse("openid patient/Observation.read patient/CarePlan.write patient/Observation.read").unwrap();
        assert_eq!(scopes.to_string(), "openid patient/Observation.read patient/CarePlan.write");
        assert!(scopes.resource_types(Act::Read).contains("Observation"));
        assert!(!scopes.resource_types(Act::Write).contains("Observation"));
        assert_eq!(scopes.resource_types(Act::Write).iter().collect::<Vec<_>>(), ["CarePlan"]);
        assert!(!scopes.resource_types(Act::Read).contains("Patient"));
    }

    #[test]
    fn known_but_never_granted_scopes_vanish_without_a_word() {
        let scopes = Scopes::parse("patient/Patient.read patient/StructureDefinition.write offline_access").unwrap();
        assert_eq!(scopes.to_string(), "offline_access");
    }

    #[test]
    fn smart_spells_the_same_rights_in_its_own_way() {
        let read = |words: &str| -> Result<Scopes, ScopeProblem> {
            let each = words.split_whitespace().map(|word| scopes_of_word(word, true));
            Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        let scopes = read("openid patient/Observation.cruds patient/CarePlan.rs patient/Questionnaire.cud").unwrap();
        let v1 = "openid patient/Observation.read patient/Observation.write patient/CarePlan.read \
                  patient/Questionnaire.write";
        assert_eq!(scopes.to_string(), v1);
        let v2 = "openid patient/Observation.cruds patient/CarePlan.rs patient/Questionnaire.cud";
        assert_eq!(scopes.spelled(Spelling::of(v2)), v2);
        assert_eq!(scopes.spelled(Spelling::of(v1)), v1);
        for never in ["launch/patient", "fhirUser", "patient/Patient.rs"] {
            assert_eq!(read(never), Err(ScopeProblem::NeverGranted(never.into())));
        }
        for unknown in ["patient/*.rs", "patient/Observation.r", "patient/Observation.sr", "user/Observation.rs"] {
            assert_eq!(read(unknown), Err(ScopeProblem::Unknown(unknown.into())));
        }
        assert!(scopes_of_word("patient/Observation.rs", false).is_err());
    }

    #[test]
    fn other_words_are_no_scopes() {
        for word in [
            "patient/Observation.*",
            "patient/Observation.rs",
            "user/Observation.read",
            "patient/observation.read",
            "Openid",
            "patient/.",
        ] {
            assert_eq!(Scope::parse(word), Err(ScopeProblem::Unknown(word.to_owned())), "{word}");
        }
    }
}
