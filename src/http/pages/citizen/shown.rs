//! Measurements in the words of a language.

use crate::http::pages::Language;
use crate::http::pages::texts::CitizenTexts;

/// What was measured or taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Body weight.
    Weight,
    /// Blood pressure.
    BloodPressure,
    /// Heart rate.
    HeartRate,
    /// Glucose, in blood or tissue.
    BloodGlucose,
    /// Steps of a day.
    DailySteps,
    /// Steps of a week.
    WeeklySteps,
    /// Steps of any other time.
    Steps,
    /// What carbohydrates somebody is thought to have eaten.
    Carbohydrates,
    /// Doses of insulin.
    Insulin,
    /// Anything else, in the resource's own words.
    Other(String),
}

impl Kind {
    const SLUGS: [(&'static str, Kind); 9] = [
        ("weight", Kind::Weight),
        ("blood-pressure", Kind::BloodPressure),
        ("heart-rate", Kind::HeartRate),
        ("blood-glucose", Kind::BloodGlucose),
        ("daily-steps", Kind::DailySteps),
        ("weekly-steps", Kind::WeeklySteps),
        ("steps", Kind::Steps),
        ("carbohydrates", Kind::Carbohydrates),
        ("insulin", Kind::Insulin),
    ];

    /// Its word in an address; `other` for those without a name of ours.
    pub fn slug(&self) -> &'static str {
        Kind::SLUGS.iter().find(|(_, kind)| kind == self).map_or("other", |(slug, _)| slug)
    }

    /// The kind of a word in an address, those without a name of ours apart.
    pub fn from_slug(slug: &str) -> Option<Kind> {
        Kind::SLUGS.iter().find(|(each, _)| *each == slug).map(|(_, kind)| kind.clone())
    }

    /// What it is called.
    pub(super) fn title<'a>(&'a self, own: &CitizenTexts) -> &'a str {
        match self {
            Kind::Weight => own.kind_weight,
            Kind::BloodPressure => own.kind_blood_pressure,
            Kind::HeartRate => own.kind_heart_rate,
            Kind::BloodGlucose => own.kind_blood_glucose,
            Kind::DailySteps => own.kind_daily_steps,
            Kind::WeeklySteps => own.kind_weekly_steps,
            Kind::Steps => own.kind_steps,
            Kind::Carbohydrates => own.kind_carbohydrates,
            Kind::Insulin => own.kind_insulin,
            Kind::Other(words) if words.trim().is_empty() => own.kind_unnamed,
            Kind::Other(words) => words,
        }
    }
}

/// A number with its unit; one of several that belong together has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// Which of several it is: a code that has words of ours, or words.
    pub part: Option<String>,
    /// The number, for plotting.
    pub number: f64,
    /// The number as it was stored.
    pub digits: String,
    /// The unit, or nothing.
    pub unit: String,
}

impl Amount {
    /// What it is called among several.
    pub(super) fn name<'a>(&'a self, own: &CitizenTexts) -> Option<&'a str> {
        self.part.as_deref().map(|part| part_name(part, own))
    }

    /// Number and unit.
    pub(super) fn text(&self, language: Language) -> String {
        let number = decimal(&self.digits, language);
        let unit = plain_unit(&self.unit);
        if unit.is_empty() { number } else { format!("{number}\u{a0}{unit}") }
    }
}

/// The words for a part.
pub(super) fn part_name<'a>(part: &'a str, own: &CitizenTexts) -> &'a str {
    match part {
        "8480-6" => own.part_systolic,
        "8462-4" => own.part_diastolic,
        "14745-4" => own.part_tissue,
        "ins-short-fast" => own.part_fast_insulin,
        "ins-intermediate-long" => own.part_long_insulin,
        other => other,
    }
}

/// A unit as people write it.
pub(super) fn plain_unit(unit: &str) -> &str {
    match unit {
        "mm[Hg]" => "mmHg",
        "mmol/L" => "mmol/l",
        "[iU]" => "IU",
        other => other,
    }
}

/// A number with the decimal sign of the language.
pub(super) fn decimal(digits: &str, language: Language) -> String {
    if language == Language::En { digits.to_owned() } else { digits.replace('.', ",") }
}

/// Who stored something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An application, by name.
    Application(String),
    /// The citizen, by their own hand.
    Yourself,
    /// Nobody who said so.
    Unknown,
}

impl Source {
    pub(super) fn text<'a>(&'a self, own: &CitizenTexts) -> &'a str {
        match self {
            Source::Application(name) => name,
            Source::Yourself => own.source_yourself,
            Source::Unknown => own.source_unknown,
        }
    }
}
