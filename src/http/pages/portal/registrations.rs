//! The list of a developer's applications.

use crate::http::pages::texts::{PortalTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Page};
use askama::Template;

/// A developer's applications, and the ways to further ones. Posts `client_id` and `registration_access_token`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrations {
    /// The surroundings.
    pub frame: Frame,
    /// The developer's user name.
    pub developer: String,
    /// The address for signing out.
    pub sign_out: String,
    /// The address for registering a new one.
    pub new_client: String,
    /// What is registered.
    pub clients: Vec<RegisteredClient>,
    /// Where the form is posted that opens another one.
    pub form: Form,
    /// Whether the last attempt to open one failed.
    pub open_failed: bool,
}

/// An application of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    /// The address of its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// Its scopes, separated by spaces.
    pub scope: String,
}

impl Registrations {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.frame.language;
        let markup =
            Markup { frame: &self.frame, texts: Texts::of(language), own: PortalTexts::of(language), view: self };
        Page::render(language, &markup, FormAction::Own)
    }
}

#[derive(Template)]
#[template(path = "registrations.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static PortalTexts,
    view: &'a Registrations,
}
