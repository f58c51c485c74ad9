//! The last page: nothing more to do here.

use super::texts::Texts;
use super::{FormAction, Frame, Page};
use askama::Template;

/// Tells that all is done and the page may be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The surroundings.
    pub frame: Frame,
    /// What has come to its end.
    pub kind: FarewellKind,
    /// Where one may go on, as a link.
    pub onward: Option<String>,
    /// What a developer should know, in English like the header `Sandbox-Reason`.
    pub note: Option<String>,
}

/// What has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarewellKind {
    /// The browser's session: whoever comes next identifies anew.
    SignedOut,
    /// The matter at hand; the page may be closed.
    Done,
}

impl Farewell {
    /// The page.
    pub fn page(&self) -> Page {
        let texts = Texts::of(self.frame.language);
        let (title, lead) = match self.kind {
            FarewellKind::SignedOut => (texts.farewell.signed_out, texts.farewell.signed_out_lead),
            FarewellKind::Done => (texts.farewell.done, texts.farewell.done_lead),
        };
        let markup = Markup { frame: &self.frame, texts, view: self, title, lead };
        Page::render(self.frame.language, &markup, FormAction::Nowhere)
    }
}

#[derive(Template)]
#[template(path = "farewell.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Farewell,
    title: &'static str,
    lead: &'static str,
}
