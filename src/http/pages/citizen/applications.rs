//! The applications that have access, and those that had it.

use super::Surroundings;
use crate::http::pages::rights::{RightGroup, in_plain_words};
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{Application, FormAction, Frame, Page};
use askama::Template;

/// Who may do what with the citizen's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applications {
    /// The surroundings.
    pub around: Surroundings,
    /// The rights in force.
    pub given: Vec<GivenRight>,
    /// Those that were taken back.
    pub past: Vec<PastRight>,
}

/// A right in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRight {
    /// The application.
    pub application: Application,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub since: String,
    /// The address at which it can be taken back.
    pub withdraw: String,
}

/// A right that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRight {
    /// The application's name.
    pub application: String,
    /// When it was taken back.
    pub withdrawn: String,
}

impl Applications {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.around.frame.language;
        Page::render(
            language,
            &Markup {
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
#[template(path = "citizen/applications.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Applications,
}

impl Markup<'_> {
    fn rights<'r>(&self, right: &'r GivenRight) -> Vec<RightGroup<'r>> {
        in_plain_words(&right.scopes, &self.texts.rights)
    }
}
