//! Are you sure?

use super::Surroundings;
use super::shown::{Amount, Kind, Source};
use crate::http::pages::rights::{RightGroup, in_plain_words};
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Page};
use askama::Template;

/// Asks before something that cannot be undone by pressing Back.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// The surroundings.
    pub around: Surroundings,
    /// What is to be done.
    pub question: Question,
    /// Where the yes is posted.
    pub form: Form,
    /// The address to go to instead.
    pub back: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Delete a result.
    Delete {
        /// What was measured.
        kind: Kind,
        /// When.
        when: String,
        /// How much.
        amounts: Vec<Amount>,
        /// The same when it is no number.
        words: Option<String>,
        /// Who stored it.
        source: Source,
    },
    /// Take an application's rights back.
    WithdrawRight {
        /// The application.
        application: String,
        /// What it may do.
        scopes: Vec<String>,
    },
    /// Take the acceptance of the terms back.
    WithdrawTerms {
        /// The applications that lose their rights with it.
        applications: Vec<String>,
    },
}

impl Confirm {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.around.frame.language;
        let rights = match &self.question {
            Question::WithdrawRight { scopes, .. } => in_plain_words(scopes, &Texts::of(language).rights),
            _ => Vec::new(),
        };
        Page::render(
            language,
            &Markup {
                frame: &self.around.frame,
                texts: Texts::of(language),
                own: CitizenTexts::of(language),
                view: self,
                rights,
            },
            FormAction::Own,
        )
    }
}

#[derive(Template)]
#[template(path = "citizen/confirm.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Confirm,
    rights: Vec<RightGroup<'a>>,
}

impl Markup<'_> {
    fn title(&self) -> String {
        let own = self.own;
        match &self.view.question {
            Question::Delete { .. } => own.delete_title.to_owned(),
            Question::WithdrawRight { application, .. } => (own.withdraw_title)(application),
            Question::WithdrawTerms { .. } => own.withdraw_terms_title.to_owned(),
        }
    }

    fn lead(&self) -> String {
        let own = self.own;
        match &self.view.question {
            Question::Delete { .. } => own.delete_lead.to_owned(),
            Question::WithdrawRight { application, .. } => (own.withdraw_lead)(application),
            Question::WithdrawTerms { .. } => own.withdraw_terms_lead.to_owned(),
        }
    }

    fn yes(&self) -> &'static str {
        let own = self.own;
        match &self.view.question {
            Question::Delete { .. } => own.delete_yes,
            Question::WithdrawRight { .. } => own.withdraw_yes,
            Question::WithdrawTerms { .. } => own.withdraw_terms_yes,
        }
    }
}
