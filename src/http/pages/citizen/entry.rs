//! The form for an entry of one's own.

use super::Surroundings;
use crate::http::pages::texts::{CitizenTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Language, Page};
use askama::Template;
use axum::http::StatusCode;

/// What a citizen can enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKind {
    /// Body weight.
    Weight,
    /// Blood pressure.
    BloodPressure,
    /// Heart rate.
    HeartRate,
    /// Blood glucose.
    BloodGlucose,
}

impl OwnKind {
    /// All of them.
    pub const ALL: [OwnKind; 4] = [OwnKind::Weight, OwnKind::BloodPressure, OwnKind::HeartRate, OwnKind::BloodGlucose];

    /// Its word in an address; the same as that of its kind of measurement.
    pub fn slug(self) -> &'static str {
        match self {
            OwnKind::Weight => "weight",
            OwnKind::BloodPressure => "blood-pressure",
            OwnKind::HeartRate => "heart-rate",
            OwnKind::BloodGlucose => "blood-glucose",
        }
    }

    /// The other way round.
    pub fn from_slug(slug: &str) -> Option<OwnKind> {
        OwnKind::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    fn has_method(self) -> bool {
        self == OwnKind::BloodGlucose
    }

    pub(super) fn title(self, own: &CitizenTexts) -> &'static str {
        match self {
            OwnKind::Weight => own.kind_weight,
            OwnKind::BloodPressure => own.kind_blood_pressure,
            OwnKind::HeartRate => own.kind_heart_rate,
            OwnKind::BloodGlucose => own.kind_blood_glucose,
        }
    }
}

/// The names of the form's fields.
pub mod entry_field {
    /// The value; of blood pressure the upper one.
    pub const VALUE: &str = "value";
    /// Of blood pressure the lower value.
    pub const LOWER: &str = "lower";
    /// The day, `2026-11-22`.
    pub const DATE: &str = "date";
    /// The time of day, `07:30`.
    pub const TIME: &str = "time";
    /// Of glucose: `meter` or `sensor`.
    pub const METHOD: &str = "method";
    /// A comment.
    pub const NOTE: &str = "note";
    /// What names the entry: a UUID.
    pub const ENTRY: &str = "entry";
}

/// The form. Posts the fields of [`entry_field`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryForm {
    /// The surroundings.
    pub around: Surroundings,
    /// What is entered.
    pub kind: OwnKind,
    /// Where it is posted; the hidden fields carry [`entry_field::ENTRY`].
    pub form: Form,
    /// What the fields hold.
    pub values: EntryValues,
    /// What was wrong with them, field by field.
    pub problems: Vec<EntryProblem>,
    /// The address to go back to.
    pub back: String,
}

/// What the fields hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryValues {
    /// [`entry_field::VALUE`]
    pub value: String,
    /// [`entry_field::LOWER`]
    pub lower: String,
    /// [`entry_field::DATE`]
    pub date: String,
    /// [`entry_field::TIME`]
    pub time: String,
    /// [`entry_field::METHOD`] is `sensor`.
    pub sensor: bool,
    /// [`entry_field::NOTE`]
    pub note: String,
    /// The last day that can be chosen.
    pub latest: String,
}

/// What was wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryProblem {
    /// The field of the value, or of the lower one, holds no number.
    NoNumber {
        /// Which field.
        field: &'static str,
    },
    /// The number is none that anybody has.
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// The lowest that is taken.
        least: &'static str,
        /// The highest.
        most: &'static str,
    },
    /// The lower value is not lower.
    NotLower,
    /// The day or the time is none.
    NoMoment,
    /// The moment is yet to come.
    Future,
    /// The moment is before the citizen was born.
    BeforeBirth,
    /// The comment is too long.
    NoteTooLong,
    /// The comment holds control characters other than line ends and tabs.
    NoteControl,
    /// The comment holds a personal identity code that may be a real person's.
    NoteWithCode,
    /// The rules of storing refuse the entry, in their words.
    Refused(String),
}

impl EntryProblem {
    /// The field and what was wrong with it, in English, for the header.
    pub fn reason(&self) -> String {
        format!("{}: {}", self.field(), self.text(CitizenTexts::of(Language::En)))
    }

    /// The field it is about.
    fn field(&self) -> &'static str {
        match self {
            EntryProblem::NoNumber { field } | EntryProblem::OutOfRange { field, .. } => field,
            EntryProblem::NotLower => entry_field::LOWER,
            EntryProblem::NoMoment | EntryProblem::Future | EntryProblem::BeforeBirth => entry_field::DATE,
            EntryProblem::NoteTooLong | EntryProblem::NoteControl | EntryProblem::NoteWithCode => entry_field::NOTE,
            EntryProblem::Refused(_) => entry_field::VALUE,
        }
    }

    fn text(&self, own: &CitizenTexts) -> String {
        match self {
            EntryProblem::NoNumber { .. } => own.no_number.to_owned(),
            EntryProblem::OutOfRange { least, most, .. } => (own.out_of_range)(least, most),
            EntryProblem::NotLower => own.not_lower.to_owned(),
            EntryProblem::NoMoment => own.no_moment.to_owned(),
            EntryProblem::Future => own.future.to_owned(),
            EntryProblem::BeforeBirth => own.before_birth.to_owned(),
            EntryProblem::NoteTooLong => own.note_too_long.to_owned(),
            EntryProblem::NoteControl => own.note_control.to_owned(),
            EntryProblem::NoteWithCode => own.note_with_code.to_owned(),
            EntryProblem::Refused(words) => (own.entry_refused)(words),
        }
    }
}

impl EntryForm {
    /// The page; 400 when something was wrong.
    pub fn page(&self) -> Page {
        let language = self.around.frame.language;
        let page = Page::render(
            language,
            &Markup {
                frame: &self.around.frame,
                texts: Texts::of(language),
                own: CitizenTexts::of(language),
                view: self,
            },
            FormAction::Own,
        );
        if self.problems.is_empty() { page } else { page.with_status(StatusCode::BAD_REQUEST) }
    }
}

#[derive(Template)]
#[template(path = "citizen/entry.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static CitizenTexts,
    view: &'a EntryForm,
}

/// One text field with what is said about it.
struct Field<'a> {
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    value: &'a str,
    problem: Option<String>,
}

impl Markup<'_> {
    fn title(&self) -> &'static str {
        self.view.kind.title(self.own)
    }

    fn numbers(&self) -> Vec<Field<'_>> {
        let (own, values) = (self.own, &self.view.values);
        let field = |name, label, unit, value| Field { name, label, unit, value, problem: self.problem(name) };
        match self.view.kind {
            OwnKind::Weight => vec![field(entry_field::VALUE, own.kind_weight, "kg", &values.value)],
            OwnKind::HeartRate => vec![field(entry_field::VALUE, own.kind_heart_rate, "/min", &values.value)],
            OwnKind::BloodGlucose => vec![field(entry_field::VALUE, own.kind_blood_glucose, "mmol/l", &values.value)],
            OwnKind::BloodPressure => vec![
                field(entry_field::VALUE, own.part_systolic, "mmHg", &values.value),
                field(entry_field::LOWER, own.part_diastolic, "mmHg", &values.lower),
            ],
        }
    }

    /// What was wrong with a field.
    fn problem(&self, name: &str) -> Option<String> {
        let mut problems = self.view.problems.iter().filter(|problem| problem.field() == name);
        problems.next().map(|problem| problem.text(self.own))
    }

    /// All problems, each with the field to go to and its name, when there are several numbers.
    fn summary(&self) -> Vec<(&'static str, String)> {
        let numbers = self.numbers();
        let named = |problem: &EntryProblem| {
            let label = numbers.iter().find(|field| numbers.len() > 1 && field.name == problem.field());
            let words = problem.text(self.own);
            label.map_or(words.clone(), |field| format!("{}: {words}", field.label))
        };
        self.view.problems.iter().map(|problem| (problem.field(), named(problem))).collect()
    }
}
