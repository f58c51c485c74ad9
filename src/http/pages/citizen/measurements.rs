//! All results of one kind: a plot over time, and the same as a table.

use super::shown::{Amount, Kind, Source};
use super::{Plot, Surroundings};
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{FormAction, Frame, Page};
use askama::Template;

/// The results of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    /// The surroundings.
    pub around: Surroundings,
    /// Which kind.
    pub kind: Kind,
    /// The choice of periods.
    pub periods: Vec<PeriodLink>,
    /// The plot; none when there is nothing to plot.
    pub plot: Option<Plot>,
    /// How many results the period has.
    pub total: usize,
    /// Of them only the newest were looked at, when there are too many: how many.
    pub newest_only: Option<usize>,
    /// The results of this page of the table, the newest first.
    pub rows: Vec<Row>,
    /// The address of the page with newer results.
    pub newer: Option<String>,
    /// The address of the page with older results.
    pub older: Option<String>,
    /// The address at which a result of this kind can be entered.
    pub add: Option<String>,
}

/// How far back one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
    /// 365 days.
    Year,
    /// As far as there is anything.
    All,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Period; 4] = [Period::Month, Period::Quarter, Period::Year, Period::All];

    /// How many days; none for all.
    pub fn days(self) -> Option<i64> {
        match self {
            Period::Month => Some(30),
            Period::Quarter => Some(90),
            Period::Year => Some(365),
            Period::All => None,
        }
    }

    /// Its word in an address.
    pub fn word(self) -> &'static str {
        match self {
            Period::Month => "30",
            Period::Quarter => "90",
            Period::Year => "365",
            Period::All => "all",
        }
    }

    fn name(self, own: &CitizenTexts) -> &'static str {
        match self {
            Period::Month => own.period_month,
            Period::Quarter => own.period_quarter,
            Period::Year => own.period_year,
            Period::All => own.period_all,
        }
    }
}

/// A period to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodLink {
    /// Which.
    pub period: Period,
    /// The address.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// A result in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When it was measured.
    pub when: String,
    /// What.
    pub amounts: Vec<Amount>,
    /// The same when it is no number.
    pub words: Option<String>,
    /// Who stored it.
    pub source: Source,
    /// The address of its own page.
    pub href: String,
}

impl Measurements {
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
#[template(path = "citizen/measurements.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a Measurements,
}

impl Markup<'_> {
    fn title(&self) -> &str {
        self.view.kind.title(self.own)
    }
}
