//! The identification page: who is at the browser?

use super::texts::Texts;
use super::{Form, FormAction, Frame, Page};
use askama::Template;

/// Lets the person at the browser pick a seeded citizen or type a personal identity code.
///
/// Posts one of: `citizen={id}`; `personal_identity_code={typed}` with `decision=identify`; `decision=cancel`.
/// Each leaves with [`FormAction::Anywhere`](super::FormAction::Anywhere), because the answer may be a redirect to the
/// application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// The surroundings.
    pub frame: Frame,
    /// Where the choice is posted.
    pub form: Form,
    /// The name of the application that sent the citizen here, if one did.
    pub application: Option<String>,
    /// The citizens on offer, in the order of display.
    pub citizens: Vec<CitizenChoice>,
    /// The lowest age, in whole years, that the service lets in: younger citizens are shown in a group of their own
    /// that says so. 0 shows one group.
    pub minimum_age: u16,
    /// What was typed before, shown again beside the problem; empty at first.
    pub typed: String,
    /// Why the typed personal identity code was not taken.
    pub problem: Option<IdentificationProblem>,
}

/// One citizen to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitizenChoice {
    /// The citizen's id, sent as `citizen`.
    pub id: String,
    /// Given names and family name.
    pub name: String,
    /// The personal identity code.
    pub personal_identity_code: String,
    /// Age in whole years by the tenant's clock.
    pub age: u16,
    /// The citizen's language as a tag such as `sv`; known ones are shown by name.
    pub language: String,
    /// What the citizen is good for in a test, one sentence or empty.
    pub description: String,
    /// Whether that is in English, whatever the language of the page.
    pub description_in_english: bool,
}

/// Why a typed personal identity code was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentificationProblem {
    /// Nothing was typed.
    Empty,
    /// It does not look like a personal identity code.
    Malformed,
    /// There is no such day.
    NoSuchDate,
    /// The individual number is not one of 900–999, so that it might be a real person's.
    NotSynthetic,
    /// The check character is wrong.
    WrongCheckCharacter,
    /// It is well formed, but no citizen of the sandbox has it.
    UnknownCitizen,
    /// No citizen was chosen, or the chosen one no longer exists.
    NothingChosen,
    /// Anything else, in words of the caller, already in the page's language.
    Other(String),
}

impl Identification {
    /// The page.
    pub fn page(&self) -> Page {
        let texts = Texts::of(self.frame.language);
        let (too_young, welcome) = self.citizens.iter().partition(|citizen| citizen.age < self.minimum_age);
        let markup = Markup { frame: &self.frame, texts, view: self, welcome, too_young };
        Page::render(self.frame.language, &markup, FormAction::Anywhere)
    }
}

#[derive(Template)]
#[template(path = "identification.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Identification,
    /// The citizens whom the service lets in.
    welcome: Vec<&'a CitizenChoice>,
    /// Those it does not.
    too_young: Vec<&'a CitizenChoice>,
}

impl Markup<'_> {
    fn problem(&self) -> Option<&str> {
        let texts = &self.texts.identification;
        Some(match self.view.problem.as_ref()? {
            IdentificationProblem::Empty => texts.empty,
            IdentificationProblem::Malformed => texts.malformed,
            IdentificationProblem::NoSuchDate => texts.no_such_date,
            IdentificationProblem::NotSynthetic => texts.not_synthetic,
            IdentificationProblem::WrongCheckCharacter => texts.wrong_check_character,
            IdentificationProblem::UnknownCitizen => texts.unknown_citizen,
            IdentificationProblem::NothingChosen => texts.nothing_chosen,
            IdentificationProblem::Other(words) => words,
        })
    }
}

impl CitizenChoice {
    /// Age in words.
    pub(super) fn years(&self, texts: &Texts) -> String {
        (texts.identification.years)(self.age)
    }

    /// The name of the citizen's language, or its tag when we have no name for it.
    pub(super) fn language_name(&self, texts: &Texts) -> &str {
        let names = &texts.identification.language_names;
        names.iter().find(|(tag, _)| *tag == self.language).map_or(self.language.as_str(), |(_, name)| name)
    }
}
