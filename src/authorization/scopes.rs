//! Scopes: `patient/<ResourceType>.read|write`, `openid`, `profile`, `offline_access` (authorization-server.md §6), and the
//! finer ones of SMART App Launch 2.2 (section 6, "Scopes for requesting FHIR resources").

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

/// What a scope lets a client do with a resource type: some of create, read, update, delete and search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Acts(u8);

impl Acts {
    /// `c`
    pub const CREATE: Acts = Acts(1);
    /// `r`: read, also of versions and the history of one resource.
    pub const READ: Acts = Acts(2);
    /// `u`
    pub const UPDATE: Acts = Acts(4);
    /// `d`
    pub const DELETE: Acts = Acts(8);
    /// `s`: search.
    pub const SEARCH: Acts = Acts(16);
    /// What `.read` means: read and search.
    pub const READING: Acts = Acts(2 | 16);
    /// What `.write` means: create, update and delete.
    pub const WRITING: Acts = Acts(1 | 4 | 8);

    /// The letters of SMART App Launch 2, which stand in this order.
    const LETTERS: [char; 5] = ['c', 'r', 'u', 'd', 's'];

    /// Reads letters: each at most once, in their order.
    fn of_letters(letters: &str) -> Option<Acts> {
        let mut acts = Acts(0);
        for letter in letters.chars() {
            let bit = 1 << Acts::LETTERS.iter().position(|each| *each == letter)?;
            if bit <= acts.0 {
                return None;
            }
            acts.0 |= bit;
        }
        (acts.0 != 0).then_some(acts)
    }

    /// The letters, such as `rs`.
    pub fn letters(self) -> String {
        let each = Acts::LETTERS.iter().enumerate();
        each.filter(|(place, _)| self.0 & 1 << place != 0).map(|(_, letter)| *letter).collect()
    }

    /// Whether all of `other` are among them.
    fn contain(self, other: Acts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some of `other` are among them.
    fn meet(self, other: Acts) -> bool {
        self.0 & other.0 != 0
    }

    /// Those for reading and those for writing, where there are some: so `cruds` is what `.read` and `.write` are.
    fn halves(self) -> impl Iterator<Item = Acts> {
        [Acts::READING, Acts::WRITING].into_iter().map(move |half| Acts(self.0 & half.0)).filter(|half| half.0 != 0)
    }
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
    /// `patient/<ResourceType>.read` or `.write`, or a part of one of them.
    Patient(ResourceType, Acts),
}

/// Why a word is not a grantable scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeProblem {
    /// The real server knows it and never grants it: left out without a word.
    #[error("{0} is known but never granted")]
    NeverGranted(String),
    /// The letters of SMART App Launch 2 are not well put.
    #[error(
        "{0:?} is not a scope: behind the dot stand some of the letters c, r, u, d, s, each once and in this order"
    )]
    Letters(String),
    /// Narrowed by search parameters, which SMART App Launch 2 leaves to the server.
    #[error(
        "{0:?} cannot be granted: this server narrows no scope by search parameters; ask for the part before the ?"
    )]
    Narrowed(String),
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
        let scope = parts.and_then(|(resource_type, acts)| {
            let acts = match acts {
                "read" => Acts::READING,
                "write" => Acts::WRITING,
                _ => return None,
            };
            Some(Scope::Patient(ResourceType::parse(resource_type)?, acts))
        });
        scope.ok_or_else(|| ScopeProblem::Unknown(word.to_owned()))
    }
}

impl Scope {
    fn resource_type(&self) -> Option<ResourceType> {
        match self {
            Scope::Patient(resource_type, _) => Some(*resource_type),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::OpenId => formatter.write_str("openid"),
            Scope::Profile => formatter.write_str("profile"),
            Scope::OfflineAccess => formatter.write_str("offline_access"),
            Scope::Patient(resource_type, Acts::READING) => write!(formatter, "patient/{}.read", resource_type.name()),
            Scope::Patient(resource_type, Acts::WRITING) => write!(formatter, "patient/{}.write", resource_type.name()),
            Scope::Patient(resource_type, acts) => {
                write!(formatter, "patient/{}.{}", resource_type.name(), acts.letters())
            }
        }
    }
}

/// The rights that one word asks for. With `smart`, SMART App Launch v2 is understood too: some of the letters `cruds`,
/// `*` for every type and for every act. `launch/patient` and `fhirUser` are left out without a word: they bring no right.
pub fn scopes_of_word(word: &str, smart: bool) -> Result<Vec<Scope>, ScopeProblem> {
    if smart && matches!(word, "launch/patient" | "fhirUser") {
        return Err(ScopeProblem::NeverGranted(word.to_owned()));
    }
    let Some((name, acts)) = word.strip_prefix("patient/").and_then(|rest| rest.split_once('.')).filter(|_| smart)
    else {
        return Scope::parse(word).map(|scope| vec![scope]);
    };
    let (acts, narrowed) = acts.split_once('?').map_or((acts, false), |(acts, _)| (acts, true));
    let types: Vec<ResourceType> = match name {
        "*" => resource_types().collect(),
        "Patient" | "StructureDefinition" => return Err(ScopeProblem::NeverGranted(word.to_owned())),
        name => vec![ResourceType::parse(name).ok_or_else(|| ScopeProblem::Unknown(word.to_owned()))?],
    };
    let acts = match acts {
        "read" => Acts::READING,
        "write" => Acts::WRITING,
        "*" => Acts(Acts::READING.0 | Acts::WRITING.0),
        letters => Acts::of_letters(letters).ok_or_else(|| ScopeProblem::Letters(word.to_owned()))?,
    };
    if narrowed {
        return Err(ScopeProblem::Narrowed(word.to_owned()));
    }
    Ok(types.into_iter().flat_map(|each| acts.halves().map(move |half| Scope::Patient(each, half))).collect())
}

/// What one word asks for within what is to be had (registered, or granted before). A word for every type asks for those
/// types of which everything it names is to be had; any other word is granted whole or not at all.
pub fn scopes_within(word: &str, smart: bool, within: &Scopes) -> Result<Vec<Scope>, ScopeProblem> {
    let each = scopes_of_word(word, smart)?;
    let given: Vec<Scope> = if smart && word.starts_with("patient/*.") {
        let whole = |one: &Scope| {
            let same_type = each.iter().filter(|other| one.resource_type() == other.resource_type());
            same_type.into_iter().all(|other| within.contains(*other))
        };
        each.iter().copied().filter(whole).collect()
    } else {
        let all = each.iter().all(|scope| within.contains(*scope));
        if all { each } else { Vec::new() }
    };
    if given.is_empty() { Err(ScopeProblem::Unknown(word.to_owned())) } else { Ok(given) }
}

/// How scopes are spelled in an answer: as the request spelled them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spelling {
    /// `.read` and `.write`.
    #[default]
    V1,
    /// `.rs`, `.cud`, `.cruds` and their parts.
    V2,
}

impl Spelling {
    /// The spelling of a request: v2 as soon as one of its words is.
    pub fn of(scope: &str) -> Spelling {
        let is_v2 = |word: &str| {
            let acts = word.strip_prefix("patient/").and_then(|rest| rest.split_once('.'));
            acts.is_some_and(|(_, acts)| Acts::of_letters(acts).is_some())
        };
        if scope.split_whitespace().any(is_v2) { Spelling::V2 } else { Spelling::V1 }
    }
}

fn resource_types() -> impl Iterator<Item = ResourceType> {
    (0..RESOURCE_TYPES.len() as u8).map(ResourceType)
}

/// All scopes that can be granted; parts of those for resource types can be, too.
pub fn grantable_scopes() -> impl Iterator<Item = Scope> {
    let patient =
        resource_types().flat_map(|each| [Acts::READING, Acts::WRITING].map(|acts| Scope::Patient(each, acts)));
    [Scope::OpenId, Scope::Profile, Scope::OfflineAccess].into_iter().chain(patient)
}

/// Scopes without repetition, in the order in which they were given; on the wire words separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads words separated by white space, SMART's among them. Never-granted ones are left out, an unknown one is an
    /// error.
    pub fn parse(text: &str) -> Result<Scopes, ScopeProblem> {
        let mut scopes = Scopes::default();
        for word in text.split_whitespace() {
            match scopes_of_word(word, true) {
                Ok(each) => each.into_iter().for_each(|scope| scopes.insert(scope)),
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

    /// Whether `scope` is among them, or in what several of them come to.
    pub fn contains(&self, scope: Scope) -> bool {
        match scope {
            Scope::Patient(resource_type, acts) => self.acts(resource_type).contain(acts),
            other => self.0.contains(&other),
        }
    }

    /// All acts with a type.
    fn acts(&self, resource_type: ResourceType) -> Acts {
        Acts(self.0.iter().fold(0, |set, scope| match scope {
            Scope::Patient(other, acts) if *other == resource_type => set | acts.0,
            _ => set,
        }))
    }

    /// Whether all of them are in `other`.
    pub fn is_subset_of(&self, other: &Scopes) -> bool {
        self.0.iter().all(|scope| other.contains(*scope))
    }

    /// Those that are still approved: of the data what `approved` has, of the rest (`openid`, `offline_access`), which
    /// no citizen is asked about, all.
    pub fn still_within(&self, approved: &Scopes) -> Scopes {
        let still = |scope| match scope {
            Scope::Patient(resource_type, acts) => {
                let both = Acts(acts.0 & approved.acts(resource_type).0);
                (both.0 != 0).then_some(Scope::Patient(resource_type, both))
            }
            other => Some(other),
        };
        self.iter().filter_map(still).collect()
    }

    /// Whether none of them is about data.
    pub fn read_or_write_nothing(&self) -> bool {
        !self.iter().any(|scope| matches!(scope, Scope::Patient(..)))
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
                Scope::Patient(resource_type, _) => {
                    format!("patient/{}.{}", resource_type.name(), self.acts(resource_type).letters())
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
        self.iter().filter(|scope| matches!(scope, Scope::Patient(_, acts) if Acts::READING.contain(*acts))).collect()
    }

    /// Whether any of them writes.
    pub fn write_anything(&self) -> bool {
        self.iter().any(|scope| matches!(scope, Scope::Patient(_, acts) if acts.meet(Acts::WRITING)))
    }

    /// The resource types with which they let a client do one of `wanted`.
    pub fn resource_types(&self, wanted: Acts) -> ResourceTypes {
        ResourceTypes(self.0.iter().fold(0, |set, scope| match scope {
            Scope::Patient(resource_type, acts) if acts.meet(wanted) => set | resource_type.bit(),
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
        assert!(scopes.resource_types(Acts::READ).contains("Observation"));
        assert!(!scopes.resource_types(Acts::CREATE).contains("Observation"));
        assert_eq!(scopes.resource_types(Acts::CREATE).iter().collect::<Vec<_>>(), ["CarePlan"]);
        assert!(!scopes.resource_types(Acts::READ).contains("Patient"));
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
        for unknown in ["user/Observation.rs", "patient/Basic.rs", "patient/observation.rs", "system/*.rs"] {
            assert_eq!(read(unknown), Err(ScopeProblem::Unknown(unknown.into())));
        }
        for letters in ["patient/Observation.sr", "patient/Observation.rr", "patient/Observation.x", "patient/*."] {
            assert_eq!(read(letters), Err(ScopeProblem::Letters(letters.into())));
        }
        let narrowed = "patient/Observation.rs?category=vital-signs";
        assert_eq!(read(narrowed), Err(ScopeProblem::Narrowed(narrowed.into())));
        assert!(scopes_of_word("patient/Observation.rs", false).is_err());
    }

    #[test]
    fn parts_of_a_right_lie_within_it() {
        let registered = Scopes::parse("patient/Observation.read patient/CarePlan.crud openid").unwrap();
        assert_eq!(registered.to_string(), "patient/Observation.read patient/CarePlan.r patient/CarePlan.write openid");
        let within = |word: &str| {
            scopes_within(word, true, &registered).map(|each| each.into_iter().collect::<Scopes>().to_string())
        };
        for (word, granted) in [
            ("patient/Observation.r", "patient/Observation.r"),
            ("patient/Observation.s", "patient/Observation.s"),
            ("patient/Observation.rs", "patient/Observation.read"),
            ("patient/CarePlan.cd", "patient/CarePlan.cd"),
            ("patient/CarePlan.cru", "patient/CarePlan.r patient/CarePlan.cu"),
            ("patient/*.rs", "patient/Observation.read"),
            ("patient/*.r", "patient/Observation.r patient/CarePlan.r"),
            ("patient/*.read", "patient/Observation.read"),
            ("patient/*.cr", "patient/CarePlan.r patient/CarePlan.c"),
        ] {
            assert_eq!(within(word).as_deref(), Ok(granted), "{word}");
        }
        for word in ["patient/Observation.cruds", "patient/CarePlan.rs", "patient/*.cruds", "patient/*.*", "profile"] {
            assert_eq!(within(word), Err(ScopeProblem::Unknown(word.into())), "{word}");
        }
        let parts = Scopes::parse("patient/Observation.s patient/Observation.r patient/Observation.d").unwrap();
        assert_eq!(parts.spelled(Spelling::V2), "patient/Observation.rds");
        assert_eq!(Scopes::parse(&parts.to_string()), Ok(parts.clone()));
        assert!(parts.contains(Scope::parse("patient/Observation.read").unwrap()) && parts.write_anything());
        assert_eq!(parts.reading().to_string(), "patient/Observation.s patient/Observation.r");
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
