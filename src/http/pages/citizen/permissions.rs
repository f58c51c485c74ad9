//! What the citizen has said to the service itself: professionals, and the terms of use.

use super::Surroundings;
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Page};
use askama::Template;

/// May professionals see the data? Posts `decision=accept` or `decision=refuse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Professionals {
    /// The surroundings.
    pub around: Surroundings,
    /// What the citizen said last, and when; none when they never said.
    pub said: Option<(bool, String)>,
    /// Where the decision is posted.
    pub form: Form,
}

/// The terms of use, and what the citizen said to them. Posts `decision=accept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTerms {
    /// The surroundings.
    pub around: Surroundings,
    /// The version in force; none when no terms are asked.
    pub version: Option<String>,
    /// Whether that version is accepted.
    pub accepted: bool,
    /// The version that was accepted last and is in force no more, when there is one.
    pub accepted_before: Option<String>,
    /// What the citizen said, the latest first.
    pub events: Vec<TermsEvent>,
    /// Where an acceptance is posted.
    pub form: Form,
    /// The address at which an acceptance can be taken back.
    pub withdraw: String,
}

/// An acceptance of the terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsEvent {
    /// Of which version.
    pub version: String,
    /// When.
    pub accepted: String,
    /// When it was taken back, if it was.
    pub withdrawn: Option<String>,
}

impl Professionals {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.around.frame.language;
        Page::render(
            language,
            &ProfessionalsMarkup {
                frame: &self.around.frame,
                texts: Texts::of(language),
                own: CitizenTexts::of(language),
                view: self,
            },
            FormAction::Own,
        )
    }
}

impl OwnTerms {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.around.frame.language;
        Page::render(
            language,
            &TermsMarkup {
                frame: &self.around.frame,
                texts: Texts::of(language),
                own: CitizenTexts::of(language),
                view: self,
            },
            FormAction::Own,
        )
    }
}

#[derive(Template)]
#[template(path = "citizen/professionals.html")]
struct ProfessionalsMarkup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Professionals,
}

#[derive(Template)]
#[template(path = "citizen/terms.html")]
struct TermsMarkup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a OwnTerms,
}

impl ProfessionalsMarkup<'_> {
    fn allowed(&self) -> bool {
        self.view.said.as_ref().is_some_and(|(permitted, _)| *permitted)
    }
}
