//! The page on which a body is written: a new resource, a new version, a Bundle.

use super::{ExchangeView, Holder, Source, Surroundings, markup};
use crate::http::pages::Form;

/// A body to be sent.
#[derive(Clone, Debug)]
pub struct Editor {
    /// The surroundings.
    pub around: Surroundings,
    /// What is written.
    pub kind: EditorKind,
    /// Where it is posted.
    pub form: Form,
    /// The body.
    pub text: String,
    /// Examples to begin with.
    pub examples: Vec<Choice>,
    /// Profiles to be judged by; empty where nothing is judged.
    pub profiles: Vec<Choice>,
    /// `If-None-Exist`.
    pub if_none_exist: String,
    /// `If-Match`.
    pub if_match: String,
    /// `Prefer`: the words it may say.
    pub prefer: Vec<Choice>,
    /// The type of which nothing may be written here with the token that is sent.
    pub forbidden: Option<Forbidden>,
    /// What came of each entry of a Bundle.
    pub entries: Vec<EntryOutcome>,
    /// The page of what was stored.
    pub stored: Option<Choice>,
    /// The verdict, when that was asked for.
    pub verdict: Option<Verdict>,
    /// The request and its answer, once it was sent.
    pub exchange: Option<ExchangeView>,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorKind {
    /// A new resource of a type.
    Create(&'static str),
    /// A new version of a resource: type and id.
    Update(&'static str, String),
    /// A batch or a transaction.
    Bundle,
}

/// Why a write would be refused whatever the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The token has no scope to write the type.
    Scope,
    /// The type is never written with a token.
    Type,
}

/// What came of an entry of a Bundle.
#[derive(Clone, Debug, Default)]
pub struct EntryOutcome {
    /// Its request, such as `POST Observation`.
    pub request: String,
    /// `201 Created`.
    pub status: String,
    /// How the status is shown.
    pub tone: &'static str,
    /// What was stored or found, and its page.
    pub resource: Option<(String, String)>,
    /// What is wrong, or how much was found.
    pub told: String,
}

/// Something to choose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is sent, or an address.
    pub value: String,
    /// What is read.
    pub name: String,
    /// Whether it is the one.
    pub is_current: bool,
}

/// What the validator says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The findings.
    pub findings: Vec<FindingView>,
    /// What was judged, with the lines marked.
    pub source: Source,
    /// Why nothing was judged.
    pub problem: Option<String>,
    /// Whether it would be refused.
    pub is_refused: bool,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct FindingView {
    /// `error`, `warning`, `information` or `fatal`.
    pub severity: &'static str,
    /// The rule's id.
    pub rule: String,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub fix: Option<String>,
    /// The element.
    pub location: String,
    /// The line, and its address on the page; none for what stands on no line.
    pub line: Option<(usize, Option<String>)>,
}

impl Editor {
    fn is_bundle(&self) -> bool {
        self.kind == EditorKind::Bundle
    }

    fn is_update(&self) -> bool {
        matches!(self.kind, EditorKind::Update(..))
    }
}

markup!(Editor, EditorMarkup, "tester/editor.html");

impl EditorMarkup<'_> {
    /// Why a write would be refused whatever the body.
    fn forbidden(&self) -> Option<String> {
        let (EditorKind::Create(type_name) | EditorKind::Update(type_name, _)) = &self.view.kind else { return None };
        Some(match self.view.forbidden? {
            Forbidden::Scope => (self.own.no_scope)(type_name),
            Forbidden::Type => (self.own.no_type)(type_name),
        })
    }

    fn title(&self) -> String {
        match &self.view.kind {
            EditorKind::Create(type_name) => (self.own.new_title)(type_name),
            EditorKind::Update(type_name, _) => (self.own.edit_title)(type_name),
            EditorKind::Bundle => self.own.bundle.to_owned(),
        }
    }
}
