//! The first page: each kind of measurement with its newest result.

use super::shown::{Amount, Kind, Source};
use super::{OwnKind, Plot, Surroundings};
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{FormAction, Frame, Page};
use askama::Template;

/// What the citizen has.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The surroundings.
    pub around: Surroundings,
    /// One for each kind, the one measured last first.
    pub cards: Vec<KindCard>,
}

/// A kind of measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct KindCard {
    /// Which.
    pub kind: Kind,
    /// The address of its page.
    pub href: String,
    /// The newest result.
    pub newest: Vec<Amount>,
    /// The same when it is no number.
    pub words: Option<String>,
    /// When that was.
    pub when: String,
    /// Who stored it.
    pub source: Source,
    /// The latest results, for a small picture.
    pub plot: Option<Plot>,
}

impl Overview {
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
#[template(path = "citizen/overview.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Overview,
}

impl Markup<'_> {
    fn entries(&self) -> [(String, &'static str); 4] {
        OwnKind::ALL.map(|kind| (format!("{}add/{}", self.view.around.root, kind.slug()), kind.title(self.own)))
    }
}
