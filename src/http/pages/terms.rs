//! The terms of use of the PHR, asked once per citizen and version.

use super::texts::Texts;
use super::{Form, FormAction, Frame, Page, SignedIn};
use askama::Template;

/// Shows the sandbox's own terms of use and asks for a yes or a no.
///
/// Posts `decision=accept`, `decision=refuse` or `decision=switch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The surroundings.
    pub frame: Frame,
    /// Where the decision is posted. (The version that was shown belongs into its hidden fields.)
    pub form: Form,
    /// Who is asked.
    pub citizen: SignedIn,
    /// The version of the terms, as shown.
    pub version: String,
    /// The version that was accepted last and is in force no more, when there is one.
    pub accepted_before: Option<String>,
    /// The name of the application that waits for the decision; none on the citizen's own pages.
    pub application: Option<String>,
}

impl Terms {
    /// The page.
    pub fn page(&self) -> Page {
        let markup = Markup { frame: &self.frame, texts: Texts::of(self.frame.language), view: self };
        Page::render(self.frame.language, &markup, FormAction::Anywhere)
    }
}

#[derive(Template)]
#[template(path = "terms.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Terms,
}
