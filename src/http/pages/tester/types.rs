//! The page of a resource server: its types with counts.

use super::{ExchangeView, Holder, Surroundings, markup};

/// The types of a base.
#[derive(Clone, Debug)]
pub struct Types {
    /// The surroundings.
    pub around: Surroundings,
    /// `R4` or `STU3`.
    pub version: String,
    /// Whether no token is asked for.
    pub is_open: bool,
    /// The base URL.
    pub base: String,
    /// The page of this base.
    pub root: String,
    /// Whether batch and transaction are answered.
    pub has_bundles: bool,
    /// The types.
    pub rows: Vec<TypeRow>,
    /// Whose resources are counted, when it is somebody.
    pub person: Option<String>,
    /// The people to choose from.
    pub people: Vec<PersonLink>,
    /// The CapabilityStatement with its request, when that was asked for instead.
    pub exchange: Option<ExchangeView>,
}

/// A type.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// Its name.
    pub name: &'static str,
    /// Its page.
    pub href: String,
    /// The page for a new one.
    pub new: String,
    /// How many the person has; none for what is nobody's or not told.
    pub own: Option<usize>,
    /// Whether it is somebody's, so that a count that is not there is not told.
    pub is_somebodys: bool,
    /// How many there are in all, where that may be known.
    pub all: Option<usize>,
}

/// A person whose resources can be counted.
#[derive(Clone, Debug)]
pub struct PersonLink {
    /// The pseudonym.
    pub pseudonym: String,
    /// The name.
    pub name: String,
    /// Whether they are the one.
    pub is_current: bool,
}

impl Types {
    /// Whether how many there are in all is worth a column: with a token, most of it is not told.
    fn tells_all(&self) -> bool {
        self.person.is_none() || self.rows.iter().any(|row| row.all.is_some())
    }
}

markup!(Types, TypesMarkup, "tester/types.html");
