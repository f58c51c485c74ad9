//! The pages of the tester UI: views as plain values, as in the rooms beside this one.

mod editor;
mod exchange;
mod history;
mod home;
mod resource;
mod search;
mod source;
mod types;

pub use editor::{Choice, Editor, EditorKind, EntryOutcome, FindingView, Forbidden, Verdict};
pub use exchange::{Answer, ExchangeView, HeaderLine, Issue, Reason, tone};
pub use history::{Changed, Changes, History, VersionRow};
pub use home::{Home, TokenForm};
pub use resource::{Confirm, Resource};
pub use search::{Control, Field, Group, Results, Row, Search, Value};
pub use source::Source;
pub use types::{PersonLink, TypeRow, Types};

use super::texts::TesterTexts;
use super::{Frame, Page};
use askama::Template;

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The frame of every page.
    pub frame: Frame,
    /// The address of the home page.
    pub root: String,
    /// The resource servers within reach.
    pub places: Vec<PlaceLink>,
    /// The pages above this one, behind the home page.
    pub crumbs: Vec<Crumb>,
    /// Whether requests from here carry a token.
    pub needs_token: bool,
    /// Whose token they carry.
    pub holder: Holder,
}

/// A resource server.
#[derive(Clone, Debug)]
pub struct PlaceLink {
    /// Whether it asks for no token.
    pub is_open: bool,
    /// `R4` or `STU3`.
    pub version: String,
    /// Whether the page belongs to it.
    pub is_current: bool,
    /// Its base URL.
    pub base: String,
    /// Its page.
    pub href: String,
}

/// A page above this one.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Its name.
    pub name: String,
    /// Its address.
    pub href: String,
}

/// Whose access token goes with requests.
#[derive(Clone, Debug)]
pub enum Holder {
    /// None was given.
    Nobody,
    /// One that is not accepted, and why.
    Refused(String),
    /// A token that holds.
    Somebody {
        /// The citizen's name.
        citizen: String,
        /// The application's name.
        client: String,
        /// Its scopes.
        scopes: String,
    },
}

impl Surroundings {
    /// Whether the page belongs to a resource server.
    fn has_place(&self) -> bool {
        self.places.iter().any(|place| place.is_current)
    }
}

impl PlaceLink {
    fn name(&self, own: &TesterTexts) -> String {
        format!("{} · {}", self.version, if self.is_open { own.open } else { own.authorized })
    }
}

/// A page of the tester UI: forms lead to itself, and our own script may run.
fn render(around: &Surroundings, template: &impl Template) -> Page {
    Page::render(around.frame.language, template, super::FormAction::Own).with_scripts()
}

/// The words of the pages for a template.
macro_rules! markup {
    ($view:ident, $markup:ident, $path:literal) => {
        impl $view {
            /// The page.
            pub fn page(&self) -> crate::http::pages::Page {
                let frame = &self.around.frame;
                let texts = crate::http::pages::texts::Texts::of(frame.language);
                let own = crate::http::pages::texts::TesterTexts::of(frame.language);
                super::render(&self.around, &$markup { frame, texts, own, view: self })
            }
        }

        #[derive(askama::Template)]
        #[template(path = $path)]
        struct $markup<'a> {
            frame: &'a crate::http::pages::Frame,
            texts: &'static crate::http::pages::texts::Texts,
            own: &'static crate::http::pages::texts::TesterTexts,
            view: &'a $view,
        }
    };
}
use markup;
