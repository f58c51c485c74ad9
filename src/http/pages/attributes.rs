//! The page of what an identification passes on to the service that asked for it.

use super::texts::Texts;
use super::{Form, FormAction, Frame, Language, Page};
use crate::citizens::Citizen;
use askama::Template;

/// Shows what becomes known of the citizen, and asks whether to go on.
///
/// Posts `decision=continue`, `decision=cancel` or `decision=switch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The surroundings.
    pub frame: Frame,
    /// Where the decision is posted.
    pub form: Form,
    /// The application that waits; none when the citizen came on their own.
    pub application: Option<String>,
    /// The personal identity code.
    pub personal_identity_code: String,
    /// The family name.
    pub family_name: String,
    /// All given names.
    pub given_names: String,
    /// The date of birth in words.
    pub birth_date: String,
}

impl Attributes {
    /// What is passed on about a citizen.
    pub fn of(citizen: &Citizen, frame: Frame, form: Form) -> Attributes {
        let language = match frame.language {
            Language::Fi => crate::citizens::Language::Finnish,
            Language::Sv => crate::citizens::Language::Swedish,
            Language::En => crate::citizens::Language::English,
        };
        let birth_date = crate::citizens::entry::Moment::Day(citizen.birth_date).in_words(language);
        Attributes {
            frame,
            form,
            application: None,
            personal_identity_code: citizen.personal_identity_code.to_string(),
            family_name: citizen.family_name.clone(),
            given_names: citizen.given_names.clone(),
            birth_date,
        }
    }

    /// The page.
    pub fn page(&self) -> Page {
        let markup = Markup { frame: &self.frame, texts: Texts::of(self.frame.language), view: self };
        Page::render(self.frame.language, &markup, FormAction::Anywhere)
    }
}

#[derive(Template)]
#[template(path = "attributes.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Attributes,
}
