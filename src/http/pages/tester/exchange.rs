//! A request with its answer, as part of a page.

use super::Source;

/// A request with its answer.
#[derive(Clone, Debug, Default)]
pub struct ExchangeView {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers that were sent.
    pub headers: Vec<HeaderLine>,
    /// The body that was sent; none for a request without.
    pub body: Option<Source>,
    /// A command line that does the same.
    pub curl: String,
    /// What came back; none when the connection was cut.
    pub answer: Option<Answer>,
    /// How long it took, in milliseconds with two decimals.
    pub milliseconds: String,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// `OK`, `Not Found` …
    pub phrase: String,
    /// The headers.
    pub headers: Vec<HeaderLine>,
    /// Why it was refused, by the headers `Sandbox-Reason`.
    pub reasons: Vec<Reason>,
    /// The issues of an OperationOutcome.
    pub issues: Vec<Issue>,
    /// The body; none when it is empty.
    pub body: Option<Source>,
    /// The bytes of the body.
    pub length: usize,
}

/// A header.
#[derive(Clone, Debug, Default)]
pub struct HeaderLine {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The page that stands for an address in it.
    pub href: Option<String>,
}

/// A rule of the sandbox and what it teaches.
#[derive(Clone, Debug, Default)]
pub struct Reason {
    /// The rule's id.
    pub rule: String,
    /// The explanation.
    pub text: String,
}

/// An issue of an OperationOutcome.
#[derive(Clone, Debug, Default)]
pub struct Issue {
    /// `error`, `warning`, `information` or `fatal`.
    pub severity: &'static str,
    /// The service's error code, when it has one.
    pub code: Option<String>,
    /// What is wrong.
    pub text: String,
    /// The element.
    pub location: Option<String>,
    /// The line of the body that was sent, and its address on the page.
    pub line: Option<(usize, String)>,
}

/// How a status is shown.
pub fn tone(status: u16) -> &'static str {
    match status {
        200..=299 => "good",
        300..=399 => "neutral",
        _ => "bad",
    }
}

impl Answer {
    /// How the status is shown.
    pub(super) fn tone(&self) -> &'static str {
        tone(self.status)
    }
}

impl ExchangeView {
    /// Whether the answer, rather than what the page makes of it, is what matters: then it is open from the start.
    pub(super) fn is_refused(&self) -> bool {
        self.answer.as_ref().is_none_or(|answer| answer.status >= 400)
    }
}
