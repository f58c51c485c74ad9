//! FHIR's own definitions and the national profiles, compiled when the crate is built from `profiles/`.
//!
//! ```
//! use kanta_phr_sandbox::fhir::{Version, definitions::Definitions};
//!
//! let definitions = Definitions::embedded(Version::R4);
//! let weight = definitions.profile("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight").expect("a profile of ours");
//! assert_eq!(&*weight.type_name, "Observation");
//! ```
//!
//! The tables lie packed in the binary; a structure or value set is unpacked when it is first asked for.

pub mod compile;
mod model;
mod overlay;
mod own;
mod paths;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::OnceLock;

use super::Version;
use super::path::Expression;
pub use compile::{CompileError, Source};
pub use model::*;
pub use overlay::Selection;
pub use own::{Ignored, OwnContent, Profiles};

/// All definitions of one FHIR version. A clone shares what is packed.
#[derive(Clone)]
pub struct Definitions {
    version: Version,
    structures: Vec<Packed<Structure>>,
    /// The number from which on structures are a supplier's own.
    own_from: u32,
    /// URL → number, aliases included.
    numbers: HashMap<Box<str>, u32>,
    /// Type name → number, for the types of FHIR itself.
    types: HashMap<Box<str>, u32>,
    value_sets: HashMap<Box<str>, Packed<CodeList>>,
    code_systems: HashMap<Box<str>, Packed<CodeList>>,
    expressions: Vec<Invariant>,
    aliases: HashMap<Box<str>, Box<str>>,
    search_parameters: Packed<Vec<SearchParameter>>,
    /// The code systems that value sets and code systems speak of.
    systems: HashSet<Box<str>>,
    /// Made on first use.
    shown: OnceLock<Shown>,
}

/// System → code → displays.
type Shown = HashMap<Box<str>, HashMap<Box<str>, Vec<Box<str>>>>;

/// An expression as written, and parsed once it is needed.
#[derive(Clone)]
struct Invariant {
    text: Box<str>,
    parsed: OnceLock<Result<Expression, String>>,
}

impl Invariant {
    fn new(text: impl Into<Box<str>>) -> Self {
        Invariant { text: text.into(), parsed: OnceLock::new() }
    }
}

/// A value that is unpacked on its first use.
struct Packed<T> {
    bytes: &'static [u8],
    value: OnceLock<T>,
}

impl<T: serde::de::DeserializeOwned> Packed<T> {
    fn new(bytes: &'static [u8]) -> Self {
        Packed { bytes, value: OnceLock::new() }
    }

    fn ready(value: T) -> Self {
        Packed { bytes: &[], value: OnceLock::from(value) }
    }

    fn get(&self) -> &T {
        // build.rs packed the bytes from a value of this type, with the same source file for the type.
        self.value.get_or_init(|| postcard::from_bytes(self.bytes).expect("what build.rs packed can be unpacked"))
    }
}

impl<T: Clone + serde::de::DeserializeOwned> Clone for Packed<T> {
    fn clone(&self) -> Self {
        match self.bytes.is_empty() {
            true => Packed { bytes: self.bytes, value: self.value.clone() },
            false => Packed::new(self.bytes),
        }
    }
}

/// What build.rs deflated. It is kept for good: structures are unpacked from it one by one as they are needed.
fn inflate(deflated: &[u8]) -> &'static [u8] {
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(deflated).read_to_end(&mut bytes).expect("what build.rs deflated can be inflated");
    bytes.leak()
}

/// The national definitions of a version as files of FHIR JSON: name and text, in the order of their names.
pub fn published(version: Version) -> &'static [(String, String)] {
    static FILES: [OnceLock<Vec<(String, String)>>; 2] = [OnceLock::new(), OnceLock::new()];
    let (slot, deflated): (_, &[u8]) = match version {
        Version::Stu3 => (&FILES[0], include_bytes!(concat!(env!("OUT_DIR"), "/profiles-stu3.bin"))),
        Version::R4 => (&FILES[1], include_bytes!(concat!(env!("OUT_DIR"), "/profiles-r4.bin"))),
    };
    slot.get_or_init(|| postcard::from_bytes(inflate(deflated)).expect("what build.rs packed can be unpacked"))
}

static STU3: OnceLock<Definitions> = OnceLock::new();
static R4: OnceLock<Definitions> = OnceLock::new();

impl Definitions {
    /// The definitions in the binary.
    pub fn embedded(version: Version) -> &'static Definitions {
        match version {
            Version::Stu3 => STU3.get_or_init(|| {
                unpack(version, inflate(include_bytes!(concat!(env!("OUT_DIR"), "/definitions-stu3.bin"))))
            }),
            Version::R4 => R4.get_or_init(|| {
                unpack(version, inflate(include_bytes!(concat!(env!("OUT_DIR"), "/definitions-r4.bin"))))
            }),
        }
    }

    /// These definitions and more profiles, value sets, code systems and aliases on top (standard FHIR JSON).
    ///
    /// # Errors
    /// Everything in the sources that cannot be compiled, by file and element.
    pub fn extended(&self, sources: &[Source]) -> Result<Definitions, Vec<CompileError>> {
        let check = |expression: &str| Expression::of_definition(expression).map(drop);
        let compiled = compile::compile(self.version.as_str(), None, sources, Some(self), &check)?;
        let mut extended = self.clone();
        extended.shown = OnceLock::new();
        extended.systems.extend(compiled.systems().map(Into::into));
        for structure in compiled.structures {
            extended.numbers.insert(structure.url.clone(), extended.structures.len() as u32);
            extended.structures.push(Packed::ready(structure));
        }
        extended.expressions.extend(compiled.expressions.into_iter().map(Invariant::new));
        let named = |list: CodeList| (list.url.clone(), Packed::ready(list));
        extended.value_sets.extend(compiled.value_sets.into_iter().map(named));
        extended.code_systems.extend(compiled.code_systems.into_iter().map(named));
        for (alias, url) in compiled.aliases {
            extended.add_alias(&alias, &url);
        }
        Ok(extended)
    }

    /// The FHIR version defined.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The structure with this canonical URL or alias, with or without `|version`.
    pub fn profile(&self, canonical: &str) -> Option<&Structure> {
        let url = canonical.split_once('|').map_or(canonical, |(url, _)| url);
        self.numbers.get(url).and_then(|&number| self.structure(number))
    }

    /// The definition of a type of FHIR itself: `Observation`, `Quantity`, `dateTime`.
    pub fn type_(&self, name: &str) -> Option<&Structure> {
        self.types.get(name).and_then(|&number| self.structure(number))
    }

    /// The structure with this number (see [`TypeReference::structure`]).
    pub fn structure(&self, number: u32) -> Option<&Structure> {
        self.structures.get(number as usize).map(Packed::get)
    }

    /// The canonical URLs of all structures that are not FHIR's own, sorted.
    pub fn profile_urls(&self) -> Vec<&str> {
        let own = |url: &&str| !url.starts_with("http://hl7.org/fhir/") && !self.aliases.contains_key(*url);
        let mut urls: Vec<&str> = self.numbers.keys().map(|url| &**url).filter(own).collect();
        urls.sort_unstable();
        urls
    }

    /// The canonical URL an alias stands for.
    pub fn alias(&self, canonical: &str) -> Option<&str> {
        self.aliases.get(canonical).map(|url| &**url)
    }

    /// The value set with this URL, with or without `|version`; `None` when nobody publishes its codes.
    pub fn value_set(&self, url: &str) -> Option<&CodeList> {
        let url = url.split_once('|').map_or(url, |(url, _)| url);
        self.value_sets.get(url).map(Packed::get)
    }

    /// The code system with this URL, when it is one of ours.
    pub fn code_system(&self, url: &str) -> Option<&CodeList> {
        self.code_systems.get(url).map(Packed::get)
    }

    /// The displays of a code, the main one first, as far as a value set or code system here has any.
    pub fn displays(&self, system: &str, code: &str) -> &[Box<str>] {
        let lists = self.code_systems.values().chain(self.value_sets.values()).map(Packed::get);
        let of_system = lists.flat_map(|list| &list.systems).filter(|systems| &*systems.system == system);
        let mut concepts = of_system.filter_map(|systems| systems.concept(code));
        concepts.find(|concept| !concept.displays.is_empty()).map_or(&[], |concept| &concept.displays)
    }

    /// The displays of a code in any value set that is not FHIR's own, in every language; none where nobody gives any.
    pub fn national_displays(&self, system: &str, code: &str) -> &[Box<str>] {
        let shown = self.shown.get_or_init(|| {
            let mut shown = Shown::new();
            let lists = self.value_sets.iter().filter(|(url, _)| !url.starts_with("http://hl7.org/fhir/"));
            for systems in lists.flat_map(|(_, list)| &list.get().systems) {
                let codes = shown.entry(systems.system.clone()).or_default();
                for concept in systems.concepts.iter().filter(|concept| !concept.displays.is_empty()) {
                    codes.entry(concept.code.clone()).or_default().extend(concept.displays.iter().cloned());
                }
            }
            for displays in shown.values_mut().flat_map(HashMap::values_mut) {
                displays.sort_unstable();
                displays.dedup();
            }
            shown
        });
        shown.get(system).and_then(|codes| codes.get(code)).map_or(&[], Vec::as_slice)
    }

    /// Whether a system below `http://hl7.org/fhir/` is one of this FHIR version. STU3's `v2/` and `v3/` systems and those
    /// that moved to `terminology.hl7.org` are not R4's.
    pub fn is_hl7_system(&self, system: &str) -> bool {
        static STU3: OnceLock<HashSet<&'static str>> = OnceLock::new();
        static R4: OnceLock<HashSet<&'static str>> = OnceLock::new();
        let published = match self.version {
            Version::Stu3 => STU3.get_or_init(|| include_str!("code-systems-stu3.txt").lines().collect()),
            Version::R4 => R4.get_or_init(|| include_str!("code-systems-r4.txt").lines().collect()),
        };
        let name = system.strip_prefix("http://hl7.org/fhir/");
        name.is_some_and(|name| published.contains(name))
    }

    /// Whether HAPI's engine (5.2) holds the codes of a system, of ours and HL7's, or tells them by a rule: units, media types,
    /// countries, currencies. It then looks closer at its codings.
    pub fn holds_system(&self, system: &str) -> bool {
        static R4: OnceLock<HashSet<&'static str>> = OnceLock::new();
        const BY_RULE: [&str; 4] =
            ["http://unitsofmeasure.org", "urn:ietf:bcp:13", "urn:iso:std:iso:3166", "urn:iso:std:iso:4217"];
        const OF_OTHERS: [&str; 5] = [
            "https://www.usps.com/",
            "http://dicom.nema.org/resources/ontology/DCM",
            "http://healthit.gov/nhin/purposeofuse",
            "urn:iso-astm:E1762-95:2013",
            "urn:oid:1.2.36.1.2001.1001.101.104.16592",
        ];
        // Two systems of HL7's that are lists of content published elsewhere.
        let is_empty = system == "http://hl7.org/fhir/CodeSystem/summary" || system == "http://snomed.info/sct";
        let of_terminology = || {
            let held = R4.get_or_init(|| include_str!("terminology-systems-r4.txt").lines().collect());
            let name = system.strip_prefix("http://terminology.hl7.org/CodeSystem/");
            self.version == Version::R4 && name.is_some_and(|name| held.contains(name))
        };
        !is_empty
            && (BY_RULE.contains(&system)
                || OF_OTHERS.contains(&system)
                || self.code_system(system).is_some_and(|list| !list.is_partial)
                || self.is_hl7_system(system)
                || of_terminology())
    }

    /// Whether any value set or code system speaks of a code system.
    pub fn names_system(&self, system: &str) -> bool {
        self.systems.contains(system)
    }

    /// The code systems that any value set or code system speaks of.
    pub fn system_urls(&self) -> impl Iterator<Item = &str> {
        self.systems.iter().map(AsRef::as_ref)
    }

    /// FHIR's search parameters.
    pub fn search_parameters(&self) -> &[SearchParameter] {
        self.search_parameters.get()
    }

    /// A constraint's expression, parsed.
    ///
    /// # Errors
    /// Why it cannot be parsed; what is in the binary was parsed when it was built.
    pub fn expression(&self, constraint: &Constraint) -> Result<&Expression, &str> {
        self.numbered_expression(constraint.number)
    }

    /// The expression with this number, as [`Definitions::expression`].
    pub(crate) fn numbered_expression(&self, number: u32) -> Result<&Expression, &str> {
        let Some(Invariant { text, parsed }) = self.expressions.get(number as usize) else {
            return Err("the expression is not there");
        };
        let parsed = parsed.get_or_init(|| Expression::parse(text).map_err(|error| error.to_string()));
        parsed.as_ref().map_err(String::as_str)
    }

    fn add_alias(&mut self, alias: &str, url: &str) {
        if let Some(&number) = self.numbers.get(url) {
            self.numbers.entry(alias.into()).or_insert(number);
            self.aliases.insert(alias.into(), url.into());
        }
    }
}

impl compile::Library for Definitions {
    fn structure_count(&self) -> u32 {
        self.structures.len() as u32
    }

    fn structure(&self, url: &str) -> Option<(u32, Structure)> {
        let number = *self.numbers.get(url)?;
        Some((number, Definitions::structure(self, number)?.clone()))
    }

    fn expression_count(&self) -> u32 {
        self.expressions.len() as u32
    }

    fn code_system(&self, url: &str) -> Option<CodeList> {
        Definitions::code_system(self, url).cloned()
    }

    fn value_set(&self, url: &str) -> Option<CodeList> {
        Definitions::value_set(self, url).cloned()
    }
}

impl std::fmt::Debug for Definitions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Definitions({}, {} structures)", self.version, self.structures.len())
    }
}

fn unpack(version: Version, bytes: &'static [u8]) -> Definitions {
    let table: Table<'static> = postcard::from_bytes(bytes).expect("what build.rs packed can be unpacked");
    let number = |index: usize| index as u32;
    let mut definitions = Definitions {
        version,
        numbers: table.structures.iter().enumerate().map(|(index, (url, _))| ((*url).into(), number(index))).collect(),
        types: HashMap::new(),
        own_from: u32::MAX,
        structures: table.structures.iter().map(|(_, bytes)| Packed::new(bytes)).collect(),
        value_sets: table.value_sets.iter().map(|(url, bytes)| ((*url).into(), Packed::new(bytes))).collect(),
        code_systems: table.code_systems.iter().map(|(url, bytes)| ((*url).into(), Packed::new(bytes))).collect(),
        expressions: table.expressions.iter().map(|text| Invariant::new(*text)).collect(),
        aliases: HashMap::new(),
        search_parameters: Packed::new(table.search_parameters),
        shown: OnceLock::new(),
        systems: table.systems.iter().map(|system| (*system).into()).collect(),
    };
    for (index, (url, _)) in table.structures.iter().enumerate() {
        if let Some(name) = url.strip_prefix(compile::CORE) {
            definitions.types.insert(name.into(), number(index));
        }
    }
    for (alias, url) in &table.aliases {
        definitions.add_alias(alias, url);
    }
    definitions
}

#[cfg(test)]
mod tests;
