//! The page of a type: a form for every search parameter, and what a search found.

use super::{ExchangeView, Holder, Surroundings, markup};

/// A search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The surroundings.
    pub around: Surroundings,
    /// The type; none on a further page of a search.
    pub type_name: Option<&'static str>,
    /// The page of the type.
    pub href: String,
    /// The fields.
    pub groups: Vec<Group>,
    /// Further parameters as they were typed.
    pub more: String,
    /// Whether the search goes as a form by POST.
    pub by_post: bool,
    /// What was found.
    pub results: Option<Results>,
    /// The request and its answer.
    pub exchange: Option<ExchangeView>,
}

/// Fields that belong together.
#[derive(Clone, Debug)]
pub struct Group {
    /// Whether they shape the answer rather than say what is looked for.
    pub shapes_answer: bool,
    /// The fields.
    pub fields: Vec<Field>,
}

/// A search parameter.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// `token`, `date` …; empty for what shapes the answer.
    pub kind: &'static str,
    /// What it does, in English.
    pub documentation: String,
    /// Whether a search without it is refused.
    pub mandatory: bool,
    /// Whether it is the `_id` of a search for Patients, which fails without.
    pub is_patient_id: bool,
    /// How it is filled in.
    pub control: Control,
    /// What is in it, one or more.
    pub values: Vec<Value>,
    /// An example.
    pub placeholder: String,
}

/// How a parameter is filled in.
#[derive(Clone, Debug)]
pub enum Control {
    /// Text.
    Text,
    /// A prefix and a date.
    Dates,
    /// One of these, or nothing.
    Words(Vec<String>),
}

/// A value of a parameter.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// `ge`, `lt` …, of dates only.
    pub prefix: String,
    /// The text.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// `Bundle.total`.
    pub total: Option<String>,
    /// The resources.
    pub rows: Vec<Row>,
    /// The page before, by the Bundle's own link.
    pub previous: Option<String>,
    /// The next page, by the Bundle's own link.
    pub next: Option<String>,
}

/// A resource in a line.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The type.
    pub type_name: String,
    /// The id.
    pub id: String,
    /// Its page.
    pub href: Option<String>,
    /// `meta.versionId`.
    pub version: String,
    /// `meta.lastUpdated`.
    pub updated: String,
    /// What it is about: a code, a title.
    pub what: String,
    /// The result.
    pub value: String,
    /// When that was.
    pub when: String,
    /// The last words of the profiles' URLs.
    pub profiles: Vec<String>,
}

/// The prefixes of dates that FHIR search has.
const PREFIXES: [&str; 9] = ["", "eq", "ge", "gt", "le", "lt", "ne", "sa", "eb"];

impl Search {
    /// Whether the form is to be filled in rather than looked up again: nothing was asked yet, or in vain.
    fn is_open(&self) -> bool {
        self.exchange.as_ref().is_none_or(ExchangeView::is_refused)
    }
}

impl Field {
    fn prefixes(&self) -> [&'static str; 9] {
        PREFIXES
    }

    fn first(&self) -> &str {
        self.values.first().map_or("", |value| &value.text)
    }

    fn is(&self, word: &str) -> bool {
        self.first() == word
    }

    /// Whether something was asked for that is none of the words.
    fn is_none_of(&self, words: &[String]) -> bool {
        !self.first().is_empty() && words.iter().all(|word| !self.is(word))
    }

    fn id(&self, index: usize) -> String {
        format!("field-{}-{index}", self.name.trim_start_matches('_'))
    }
}

impl Row {
    /// Enough of the id to tell one from another.
    fn short_id(&self) -> &str {
        match self.id.char_indices().nth(13) {
            Some((at, _)) => &self.id[..at],
            None => &self.id,
        }
    }
}

markup!(Search, SearchMarkup, "tester/search.html");
