//! One result, with everything that is known of it.

use super::Surroundings;
use super::shown::{Amount, Kind, Source};
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{FormAction, Frame, Page};
use askama::Template;

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The surroundings.
    pub around: Surroundings,
    /// What was measured.
    pub kind: Kind,
    /// The address of the page of its kind.
    pub all: String,
    /// When.
    pub when: String,
    /// How much.
    pub amounts: Vec<Amount>,
    /// The same when it is no number.
    pub words: Option<String>,
    /// Comments.
    pub notes: Vec<String>,
    /// Who stored it.
    pub source: Source,
    /// The narrative as safe HTML (`fhir::narrative::to_html`).
    pub narrative: Option<String>,
    /// The stored resource, or one for each base that has it.
    pub copies: Vec<Copy>,
    /// The address at which it can be deleted.
    pub delete: String,
}

/// The result as one base has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The base: STU3 or R4.
    pub base: &'static str,
    /// `Observation/<id>`
    pub path: String,
    /// The profiles it claims.
    pub profiles: Vec<String>,
    /// Which version of the resource.
    pub version_id: u32,
    /// When that was stored.
    pub stored: String,
    /// The resource as JSON.
    pub json: String,
}

impl Item {
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
#[template(path = "citizen/item.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Item,
}
