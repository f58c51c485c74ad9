//! The citizen's own pages: views as plain values, as in the rooms beside this one.

mod applications;
mod confirm;
mod entry;
mod item;
mod measurements;
mod overview;
mod permissions;
mod plot;
mod shown;

pub use applications::{Applications, GivenRight, PastRight};
pub use confirm::{Confirm, Question};
pub use entry::{EntryForm, EntryProblem, EntryValues, OwnKind, entry_field};
pub use item::{Copy, Item};
pub use measurements::{Measurements, Period, PeriodLink, Row};
pub use overview::{KindCard, Overview};
pub use permissions::{OwnTerms, Professionals, TermsEvent};
pub use plot::{Plot, Point, Series, Summary};
pub use shown::{Amount, Kind, Source};

use super::texts::CitizenTexts;
use super::{Form, Frame};

/// What surrounds every page of a citizen who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The frame of every page.
    pub frame: Frame,
    /// The citizen's name.
    pub name: String,
    /// Which part of the pages this is.
    pub here: Here,
    /// What was just done, to be told.
    pub done: Option<Done>,
    /// The address of the overview, which ends with a slash; the others lie behind it.
    pub root: String,
    /// Where the button for signing out is posted.
    pub sign_out: Form,
}

/// The parts of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// What was measured.
    Measurements,
    /// Applications with access.
    Applications,
    /// Who else may see the data.
    Professionals,
    /// The terms of use.
    Terms,
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// An entry was stored.
    Stored,
    /// An item was deleted.
    Deleted,
    /// An access right was taken back.
    RightWithdrawn,
    /// The terms were accepted.
    TermsAccepted,
    /// The acceptance of the terms was taken back.
    TermsWithdrawn,
    /// Professionals may see the data.
    ProfessionalsAllowed,
    /// They may not.
    ProfessionalsForbidden,
}

impl Done {
    const WORDS: [(&'static str, Done); 7] = [
        ("stored", Done::Stored),
        ("deleted", Done::Deleted),
        ("right-withdrawn", Done::RightWithdrawn),
        ("terms-accepted", Done::TermsAccepted),
        ("terms-withdrawn", Done::TermsWithdrawn),
        ("professionals-allowed", Done::ProfessionalsAllowed),
        ("professionals-forbidden", Done::ProfessionalsForbidden),
    ];

    /// Its word in an address.
    pub fn word(self) -> &'static str {
        Done::WORDS.iter().find(|(_, done)| *done == self).map_or("", |(word, _)| word)
    }

    /// The other way round.
    pub fn from_word(word: &str) -> Option<Done> {
        Done::WORDS.iter().find(|(each, _)| *each == word).map(|(_, done)| *done)
    }

    fn text(self, own: &CitizenTexts) -> &'static str {
        match self {
            Done::Stored => own.done_stored,
            Done::Deleted => own.done_deleted,
            Done::RightWithdrawn => own.done_right_withdrawn,
            Done::TermsAccepted => own.done_terms_accepted,
            Done::TermsWithdrawn => own.done_terms_withdrawn,
            Done::ProfessionalsAllowed => own.done_professionals_allowed,
            Done::ProfessionalsForbidden => own.done_professionals_forbidden,
        }
    }
}

/// An entry of the navigation.
struct Place {
    href: String,
    name: &'static str,
    current: bool,
}

impl Surroundings {
    fn places(&self, own: &'static CitizenTexts) -> [Place; 4] {
        let place =
            |path: &str, name, here| Place { href: format!("{}{path}", self.root), name, current: self.here == here };
        [
            place("", own.nav_measurements, Here::Measurements),
            place("applications", own.nav_applications, Here::Applications),
            place("professionals", own.nav_professionals, Here::Professionals),
            place("terms", own.nav_terms, Here::Terms),
        ]
    }
}

#[cfg(test)]
mod tests;
