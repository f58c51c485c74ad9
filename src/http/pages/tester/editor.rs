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
    /// The line, and its address on the page.
    pub line: (usize, Option<String>),
}

impl Verdict {
    /// Whether it would be refused.
    fn is_refused(&self) -> bool {
        self.problem.is_some() || self.findings.iter().any(|finding| matches!(finding.severity, "error" | "fatal"))
    }
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
    fn title(&self) -> String {
        match &self.view.kind {
            EditorKind::Create(type_name) => (self.own.new_title)(type_name),
            EditorKind::Update(type_name, _) => (self.own.edit_title)(type_name),
            EditorKind::Bundle => self.own.bundle.to_owned(),
        }
    }
}
