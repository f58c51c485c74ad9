//! The compiled form of FHIR definitions: snapshots as trees, value sets as sorted lists.
//!
//! build.rs includes this file too, so it uses nothing of the crate.

use serde::{Deserialize, Serialize};

/// "No upper bound" of a cardinality, `*` in FHIR.
pub const UNBOUNDED: u32 = u32::MAX;

/// A StructureDefinition with its snapshot as a tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Structure {
    /// The canonical URL, without version.
    pub url: Box<str>,
    /// The type that is defined or constrained: `Observation`, `Quantity`.
    pub type_name: Box<str>,
    /// What sort of thing it defines.
    pub kind: StructureKind,
    /// Marked abstract: a base that no instance may name as its only profile.
    pub is_abstract: bool,
    /// A profile (or extension) rather than a type of FHIR itself.
    pub is_constraint: bool,
    /// The canonical URL of what it derives from.
    pub base: Option<Box<str>>,
    /// Where an extension may stand; empty for everything else.
    pub context: Vec<ExtensionContext>,
    /// What must hold of the element an extension stands in.
    pub context_invariants: Vec<Constraint>,
    /// The outermost element.
    pub root: Element,
}

/// The sorts of structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StructureKind {
    /// A primitive type.
    Primitive,
    /// A complex data type, extensions included.
    Complex,
    /// A resource.
    Resource,
}

/// A place where an extension may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExtensionContext {
    /// A type name or element path.
    Element(Box<str>),
    /// Within the extension with this URL.
    Extension(Box<str>),
    /// On the elements that a FHIRPath expression finds in the resource; its number is that in [`Table::expressions`].
    Expression(Box<str>, u32),
}

/// An element of a snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Element {
    /// The last segment of the path; for a choice without `[x]`.
    pub name: Box<str>,
    /// `name[x]`: the JSON name ends with the type.
    pub is_choice: bool,
    /// An array in JSON, whatever a profile makes of the cardinality.
    pub is_list: bool,
    /// A profile says something about this element or one below it that its type of resource does not.
    pub is_constrained: bool,
    /// Its presence changes the meaning of the element around it.
    pub is_modifier: bool,
    /// The lowest number of repetitions.
    pub min: u32,
    /// The highest number of repetitions, [`UNBOUNDED`] for `*`; 0 removes the element.
    pub max: u32,
    /// The types allowed; empty for the root, for an element that refers to another one's content, and for `Resource.id`-like slips.
    pub types: Vec<TypeReference>,
    /// Children said by the structure itself; when empty, those of the type.
    pub children: Vec<Element>,
    /// The path of the element whose children these are, within the same structure.
    pub content_reference: Option<Box<str>>,
    /// The one value allowed.
    pub fixed: Option<Literal>,
    /// What the value must contain.
    pub pattern: Option<Literal>,
    /// The value set codes are taken from.
    pub binding: Option<Binding>,
    /// Invariants.
    pub constraints: Vec<Constraint>,
    /// The longest string, in characters.
    pub max_length: Option<u32>,
    /// How repetitions are told apart, when they are.
    pub slicing: Option<Slicing>,
}

/// One type an element may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeReference {
    /// The type's name: `Quantity`.
    pub code: Box<str>,
    /// Whether it is a primitive type.
    pub is_primitive: bool,
    /// The number of the structure that says most: the profile when there is exactly one, else the type.
    pub structure: Option<u32>,
    /// Profiles of the type, one of which must hold.
    pub profiles: Vec<Box<str>>,
    /// For references: canonical URLs of what may be referred to.
    pub targets: Vec<Box<str>>,
    /// For references: only to contained resources, or only to others; both false when either will do.
    pub only_contained: bool,
    /// See `only_contained`.
    pub only_referenced: bool,
}

/// A value set that an element is bound to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// How binding it is.
    pub strength: Strength,
    /// Canonical URL, with `|version` where the definition has it.
    pub value_set: Box<str>,
    /// For a weaker binding: the value set that must hold all the same.
    pub max_value_set: Option<Box<str>>,
}

/// The strengths of a binding, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Strength {
    /// Only an example.
    Example,
    /// Encouraged.
    Preferred,
    /// Unless no code fits.
    Extensible,
    /// Always.
    Required,
}

/// An invariant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    /// Its key, unique only within the element.
    pub key: Box<str>,
    /// A failure refuses the resource; else it warns.
    pub is_error: bool,
    /// What it says, in words.
    pub human: Box<str>,
    /// What it says, in FHIRPath.
    pub expression: Box<str>,
    /// The expression's number in [`Table::expressions`].
    pub number: u32,
}

/// How repetitions of an element are told apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slicing {
    /// What distinguishes the slices.
    pub discriminators: Vec<Discriminator>,
    /// Whether other repetitions may be there.
    pub rules: SlicingRules,
    /// Whether the slices come in the order of their definition.
    pub is_ordered: bool,
    /// The slices.
    pub slices: Vec<Slice>,
}

/// Whether repetitions that match no slice are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlicingRules {
    /// Anywhere.
    Open,
    /// Behind the slices.
    OpenAtEnd,
    /// Nowhere.
    Closed,
}

/// One thing that distinguishes slices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discriminator {
    /// `value`, `pattern`, `exists`, `type` or `profile`.
    pub kind: DiscriminatorKind,
    /// The path to it, as written.
    pub path: Box<str>,
}

/// See [`Discriminator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum DiscriminatorKind {
    Value,
    Exists,
    Type,
    Profile,
}

/// A named group of repetitions with its own constraints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// Its name; `@default` takes what no other slice takes.
    pub name: Box<str>,
    /// What makes a repetition belong to it; a slice without criteria takes none.
    pub criteria: Vec<Criterion>,
    /// What then holds, complete.
    pub element: Element,
}

/// A condition of belonging to a slice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Criterion {
    /// Where to look, from the sliced element on; empty for the element itself.
    pub path: Vec<PathStep>,
    /// What must be there.
    pub test: Test,
}

/// One step of a discriminator's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathStep {
    /// A member; for a choice the name without its type.
    Member(Box<str>),
    /// `extension('url')`
    Extension(Box<str>),
    /// `resolve()`: what a reference leads to.
    Resolve,
    /// `ofType(type)`
    OfType(Box<str>),
}

/// What a [`Criterion`] asks of what its path leads to; one of several values suffices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Test {
    /// Equal to this.
    Fixed(Literal),
    /// Contains this.
    Pattern(Literal),
    /// There, or not there.
    Exists(bool),
    /// Of one of these types.
    Type(Vec<Box<str>>),
    /// Conforms to one of these profiles.
    Profile(Vec<Box<str>>),
    /// A code of this value set.
    InValueSet(Box<str>),
}

/// A JSON value of a definition; numbers as spelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Literal {
    Boolean(bool),
    Number(Box<str>),
    String(Box<str>),
    Array(Vec<Literal>),
    Object(Vec<(Box<str>, Literal)>),
}

/// The codes of a value set or code system, by system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CodeList {
    /// Canonical URL without version.
    pub url: Box<str>,
    /// Its systems.
    pub systems: Vec<SystemCodes>,
    /// Some of its codes are not known, so that a code that is not here may still belong to it.
    pub is_partial: bool,
}

/// Codes of one system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SystemCodes {
    /// The system's URI.
    pub system: Box<str>,
    /// Every code of the system belongs: its codes are published elsewhere.
    pub is_whole: bool,
    /// The concepts, sorted by code.
    pub concepts: Vec<Concept>,
    /// The codes that do not belong although every other one does, sorted.
    pub excluded: Vec<Box<str>>,
}

/// A code with the texts it may be displayed by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Concept {
    /// The code.
    pub code: Box<str>,
    /// Its displays, the main one first; empty when unknown.
    pub displays: Vec<Box<str>>,
    /// In a code system: the codes right above it.
    pub parents: Vec<Box<str>>,
    /// In a code system: its properties, by name.
    pub properties: Vec<(Box<str>, Box<str>)>,
}

/// A search parameter of FHIR itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchParameter {
    /// The resource type it belongs to.
    pub base: Box<str>,
    /// Its code: `code-value-quantity`.
    pub code: Box<str>,
    /// `token`, `date`, `reference`, …
    pub kind: Box<str>,
    /// FHIRPath, when it has one.
    pub expression: Option<Box<str>>,
    /// Types a reference parameter may lead to.
    pub targets: Vec<Box<str>>,
}

/// Everything of one FHIR version. Structures and code lists stay packed (postcard) until they are asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table<'t> {
    /// URL and packed [`Structure`]; their order is their number.
    #[serde(borrow)]
    pub structures: Vec<(&'t str, &'t [u8])>,
    /// URL and packed [`CodeList`].
    #[serde(borrow)]
    pub value_sets: Vec<(&'t str, &'t [u8])>,
    /// Code system URL and packed [`CodeList`], for displays.
    #[serde(borrow)]
    pub code_systems: Vec<(&'t str, &'t [u8])>,
    /// Every code system that a value set or code system speaks of, sorted.
    #[serde(borrow)]
    pub systems: Vec<&'t str>,
    /// Every FHIRPath expression, once.
    #[serde(borrow)]
    pub expressions: Vec<&'t str>,
    /// Other spellings of a profile's canonical URL, and the URL.
    #[serde(borrow)]
    pub aliases: Vec<(&'t str, &'t str)>,
    /// Packed list of [`SearchParameter`].
    #[serde(borrow)]
    pub search_parameters: &'t [u8],
}
