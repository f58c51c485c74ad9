//! The versions of a resource, and what changed between two.

use super::{ExchangeView, Holder, Surroundings, markup};

/// The history of a resource.
#[derive(Clone, Debug)]
pub struct History {
    /// The surroundings.
    pub around: Surroundings,
    /// The type.
    pub type_name: &'static str,
    /// The id.
    pub id: String,
    /// The page of the resource.
    pub href: String,
    /// The versions, the newest first.
    pub rows: Vec<VersionRow>,
    /// The request and its answer.
    pub exchange: ExchangeView,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Its number.
    pub version: String,
    /// The method that made it: `POST`, `PUT`, `DELETE`.
    pub method: String,
    /// When.
    pub when: String,
    /// Whether there is anything to be read: not of a deletion.
    pub is_readable: bool,
    /// The version before it that can be read, to compare with.
    pub before: Option<String>,
}

/// What changed between two versions.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The surroundings.
    pub around: Surroundings,
    /// The type.
    pub type_name: &'static str,
    /// The id.
    pub id: String,
    /// The page of the resource.
    pub href: String,
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// The lines; none when a version could not be read.
    pub lines: Option<Vec<Changed>>,
    /// The requests that read them.
    pub exchanges: Vec<ExchangeView>,
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// In both.
    Same(String),
    /// In both, and far from any change.
    Folded(Vec<String>),
    /// In the older one alone.
    Gone(String),
    /// In the newer one alone.
    New(String),
}

impl Changed {
    /// Whether it is a change, and not one of what the server writes anew at every version.
    pub fn is_change(&self) -> bool {
        match self {
            Changed::Same(_) | Changed::Folded(_) => false,
            Changed::Gone(text) | Changed::New(text) => !is_servers(text),
        }
    }
}

impl Changes {
    /// Whether the two say the same, but for what the server writes.
    fn is_same(&self) -> bool {
        self.lines.as_ref().is_some_and(|lines| !lines.iter().any(Changed::is_change))
    }
}

/// The mark of a line that the server writes anew at every version (`meta.versionId`, `meta.lastUpdated`).
pub(super) fn muted(line: &str) -> &'static str {
    if is_servers(line) { " class=\"muted\"" } else { "" }
}

fn is_servers(line: &str) -> bool {
    line.starts_with("    \"versionId\":") || line.starts_with("    \"lastUpdated\":")
}

markup!(History, HistoryMarkup, "tester/history.html");
markup!(Changes, ChangesMarkup, "tester/changes.html");
