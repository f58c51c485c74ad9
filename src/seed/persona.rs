//! The form of a citizen's file: the person, single records, and series that are worked out.

use super::DEFAULT_VERSION;
use super::series::{Curve, Measure, Series, What};
use super::when::{Days, Every, TimeOfDay, When};
use crate::citizens::entry::{Content, GlucoseMethod, Insulin, Nutrient, StepSpan};
use crate::citizens::{Citizen, Language, PersonalIdentityCode};
use crate::fhir::Version;
use jiff::civil::Weekday;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonaFile {
    id: String,
    personal_identity_code: PersonalIdentityCode,
    #[serde(default)]
    given_names: Option<String>,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default)]
    language: Language,
    #[serde(default)]
    pseudonym: Option<Uuid>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    descriptions: BTreeMap<String, String>,
    #[serde(default)]
    records: Vec<SingleFile>,
    #[serde(default)]
    series: Vec<SeriesFile>,
}

/// What a file says about records.
#[derive(Clone, Debug)]
pub(super) struct Persona {
    /// Where it was read.
    pub file: Arc<str>,
    pub records: Arc<[Single]>,
    pub series: Arc<[Series]>,
}

/// One record.
#[derive(Clone, Debug)]
pub(super) struct Single {
    pub at: When,
    pub content: Content,
    pub common: Common,
    pub note: Option<Arc<str>>,
}

/// What records and series have in common.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub version: Version,
    /// `citizen` or a client id; none for the seed's own application.
    pub author: Option<Arc<str>>,
}

/// The kinds of records and series, by the names in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    BodyWeight,
    BloodGlucose,
    BloodPressure,
    HeartRate,
    Steps,
    MacronutrientIntake,
    InsulinDose,
    /// Series only.
    Meal,
    /// Series only.
    TissueGlucose,
}

impl PersonaFile {
    /// The person and the rest, or what is wrong.
    pub fn split(self, file: &str) -> Result<(Citizen, Persona), Fault> {
        let mut citizen = Citizen::new(self.id, self.personal_identity_code);
        if let Some(given_names) = self.given_names {
            citizen.given_names = given_names;
        }
        if let Some(family_name) = self.family_name {
            citizen.family_name = family_name;
        }
        citizen.language = self.language;
        citizen.pseudonym = self.pseudonym;
        citizen.description = self.description;
        citizen.descriptions = self.descriptions;
        citizen.check().map_err(|error| Fault { entry: None, problem: error.to_string() })?;
        let persona = Persona {
            file: file.into(),
            records: convert("records", self.records)?,
            series: convert("series", self.series)?,
        };
        Ok((citizen, persona))
    }
}

/// What is wrong with a file that is well-formed.
#[derive(Debug)]
pub(super) struct Fault {
    /// The list and the place in it, from 0, when it is about an entry.
    pub entry: Option<(&'static str, usize)>,
    /// The field and what is wrong with it.
    pub problem: String,
}

/// Entries as they are used, or the first that cannot be.
fn convert<F, T: TryFrom<F, Error = String>>(list: &'static str, files: Vec<F>) -> Result<Arc<[T]>, Fault> {
    let one =
        |(index, file): (usize, F)| file.try_into().map_err(|problem| Fault { entry: Some((list, index)), problem });
    files.into_iter().enumerate().map(one).collect()
}

impl Persona {
    /// Whether there are neither records nor series.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.series.is_empty()
    }

    /// The authors named.
    pub fn authors(&self) -> impl Iterator<Item = &str> {
        let singles = self.records.iter().map(|single| &single.common);
        singles.chain(self.series.iter().map(|series| &series.common)).filter_map(|common| common.author.as_deref())
    }
}

/// A record as written: which members it needs and may have depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SingleFile {
    kind: Kind,
    at: When,
    #[serde(default)]
    fhir: Option<Version>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    value: Option<Number>,
    #[serde(default)]
    systolic: Option<Number>,
    #[serde(default)]
    diastolic: Option<Number>,
    #[serde(default)]
    method: Option<GlucoseMethod>,
    #[serde(default)]
    span: Option<StepSpan>,
    #[serde(default)]
    nutrient: Option<Nutrient>,
    #[serde(default)]
    measured: Option<bool>,
    #[serde(default)]
    insulin: Option<Insulin>,
}

impl TryFrom<SingleFile> for Single {
    type Error = String;

    fn try_from(mut file: SingleFile) -> Result<Single, String> {
        let kind = file.kind;
        let content = match kind {
            Kind::BloodPressure => Content::BloodPressure {
                systolic: need(file.systolic.take(), "systolic", kind)?.0,
                diastolic: need(file.diastolic.take(), "diastolic", kind)?.0,
            },
            _ => {
                let value = need(file.value.take(), "value", kind)?.0;
                let measure = measure(
                    kind,
                    file.method.take(),
                    file.span.take(),
                    file.nutrient.take(),
                    file.measured.take(),
                    file.insulin.take(),
                )?;
                measure.content(value).ok_or("value: steps are a whole number that is not negative")?
            }
        };
        refuse_rest(
            kind,
            &[
                ("value", file.value.is_some()),
                ("systolic", file.systolic.is_some()),
                ("diastolic", file.diastolic.is_some()),
                ("method", file.method.is_some()),
                ("span", file.span.is_some()),
                ("nutrient", file.nutrient.is_some()),
                ("measured", file.measured.is_some()),
                ("insulin", file.insulin.is_some()),
            ],
        )?;
        if file.note.as_deref().is_some_and(|note| note.trim().is_empty()) {
            return Err("note: it must not be empty; leave it out".to_owned());
        }
        let common = common(file.fhir, file.author, &content)?;
        Ok(Single { at: file.at, content, common, note: file.note.map(Arc::from) })
    }
}

/// A series as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    kind: Kind,
    from: Days,
    #[serde(default)]
    to: Option<Days>,
    #[serde(default)]
    every: Option<Every>,
    #[serde(default)]
    weekdays: Option<Vec<Day>>,
    #[serde(default)]
    at: Option<TimeOfDay>,
    #[serde(default)]
    spread_minutes: Option<u16>,
    #[serde(default)]
    kept: Option<f64>,
    #[serde(default)]
    seed: Option<u32>,
    #[serde(default)]
    fhir: Option<Version>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    value: Option<Curve>,
    #[serde(default)]
    systolic: Option<Curve>,
    #[serde(default)]
    diastolic: Option<Curve>,
    #[serde(default)]
    method: Option<GlucoseMethod>,
    #[serde(default)]
    nutrient: Option<Nutrient>,
    #[serde(default)]
    measured: Option<bool>,
    #[serde(default)]
    insulin: Option<Insulin>,
    #[serde(default)]
    carbohydrate: Option<Curve>,
    #[serde(default)]
    before: Option<Curve>,
    #[serde(default)]
    after: Option<Curve>,
    #[serde(default)]
    grams_per_unit: Option<f64>,
    #[serde(default)]
    meals: Option<Vec<TimeOfDay>>,
    #[serde(default)]
    rise: Option<f64>,
}

/// A day of the week, `mon`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl TryFrom<SeriesFile> for Series {
    type Error = String;

    fn try_from(mut file: SeriesFile) -> Result<Series, String> {
        let kind = file.kind;
        let what = match kind {
            Kind::BloodPressure => What::Pressure {
                systolic: need(file.systolic.take(), "systolic", kind)?,
                diastolic: need(file.diastolic.take(), "diastolic", kind)?,
            },
            Kind::Meal => What::Meal {
                carbohydrate: need(file.carbohydrate.take(), "carbohydrate", kind)?,
                before: need(file.before.take(), "before", kind)?,
                after: need(file.after.take(), "after", kind)?,
                grams_per_unit: within(
                    need(file.grams_per_unit.take(), "grams_per_unit", kind)?,
                    "grams_per_unit",
                    1.0,
                    100.0,
                )?,
            },
            Kind::TissueGlucose => {
                let Some(Every::Minutes(minutes)) = file.every.take() else {
                    return Err(r#"every: "tissue-glucose" needs an interval such as "PT15M""#.to_owned());
                };
                What::Tissue {
                    level: need(file.value.take(), "value", kind)?,
                    minutes,
                    meals: need(file.meals.take(), "meals", kind)?.into_iter().map(|TimeOfDay(time)| time).collect(),
                    rise: within(need(file.rise.take(), "rise", kind)?, "rise", 0.0, 20.0)?,
                }
            }
            _ => What::One {
                measure: measure(
                    kind,
                    file.method.take(),
                    None,
                    file.nutrient.take(),
                    file.measured.take(),
                    file.insulin.take(),
                )?,
                curve: need(file.value.take(), "value", kind)?,
            },
        };
        refuse_rest(
            kind,
            &[
                ("value", file.value.is_some()),
                ("systolic", file.systolic.is_some()),
                ("diastolic", file.diastolic.is_some()),
                ("method", file.method.is_some()),
                ("nutrient", file.nutrient.is_some()),
                ("measured", file.measured.is_some()),
                ("insulin", file.insulin.is_some()),
                ("carbohydrate", file.carbohydrate.is_some()),
                ("before", file.before.is_some()),
                ("after", file.after.is_some()),
                ("grams_per_unit", file.grams_per_unit.is_some()),
                ("meals", file.meals.is_some()),
                ("rise", file.rise.is_some()),
            ],
        )?;
        let every_days = match file.every {
            None => 1,
            Some(Every::Days(days)) => days,
            Some(Every::Minutes(_)) => {
                return Err("every: only \"tissue-glucose\" can come several times a day".to_owned());
            }
        };
        let at = match file.at {
            Some(TimeOfDay(time)) if what.has_time_of_day() => Some(time),
            None if !what.has_time_of_day() => None,
            Some(_) => return Err(format!("at: {} lasts all day; leave it out", name(kind))),
            None => return Err(format!("at: {} needs a time of day such as \"07:30\"", name(kind))),
        };
        let common = common(file.fhir, file.author, &what.example())?;
        let to = file.to.unwrap_or(Days::one());
        if !file.from.is_not_after(&to) {
            return Err("from: it must not be later than to".to_owned());
        }
        if file.weekdays.as_ref().is_some_and(Vec::is_empty) {
            return Err("weekdays: there must be at least one; leave it out for all".to_owned());
        }
        Ok(Series {
            what,
            common,
            from: file.from,
            to,
            every_days,
            weekdays: file.weekdays.map(|days| days.into_iter().map(Day::weekday).collect()),
            at,
            spread_minutes: file.spread_minutes.unwrap_or(0).min(720),
            kept: within(file.kept.unwrap_or(1.0), "kept", 0.0, 1.0)?,
            seed: file.seed.unwrap_or(0),
        })
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Day::Mon => Weekday::Monday,
            Day::Tue => Weekday::Tuesday,
            Day::Wed => Weekday::Wednesday,
            Day::Thu => Weekday::Thursday,
            Day::Fri => Weekday::Friday,
            Day::Sat => Weekday::Saturday,
            Day::Sun => Weekday::Sunday,
        }
    }
}

/// A decimal number written as text, so that `72.50` keeps its digits.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Number(Decimal);

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Number, String> {
        let as_written = |number: &Decimal| number.to_string() == text && !number.is_sign_negative();
        let number = Decimal::from_str_exact(&text).ok().filter(as_written);
        number.map(Number).ok_or_else(|| format!("{text:?} is no decimal number: write digits such as \"72.50\""))
    }
}

/// The measure of a kind that has one value.
fn measure(
    kind: Kind,
    method: Option<GlucoseMethod>,
    span: Option<StepSpan>,
    nutrient: Option<Nutrient>,
    measured: Option<bool>,
    insulin: Option<Insulin>,
) -> Result<Measure, String> {
    let (measure, allowed): (Measure, &[&str]) = match kind {
        Kind::BodyWeight => (Measure::BodyWeight, &[]),
        Kind::HeartRate => (Measure::HeartRate, &[]),
        Kind::BloodGlucose => (Measure::Glucose(method.unwrap_or_default()), &["method"]),
        Kind::Steps => (Measure::Steps(span.unwrap_or_default()), &["span"]),
        Kind::MacronutrientIntake => (
            Measure::Macronutrient { nutrient: nutrient.unwrap_or_default(), measured: measured.unwrap_or_default() },
            &["nutrient", "measured"],
        ),
        Kind::InsulinDose => (Measure::Insulin(need(insulin, "insulin", kind)?), &["insulin"]),
        Kind::BloodPressure | Kind::Meal | Kind::TissueGlucose => {
            return Err(format!("kind: {} is for series only", name(kind)));
        }
    };
    let given = [
        ("method", method.is_some()),
        ("span", span.is_some()),
        ("nutrient", nutrient.is_some()),
        ("measured", measured.is_some()),
        ("insulin", insulin.is_some()),
    ];
    refuse_rest(kind, &given.map(|(field, is_given)| (field, is_given && !allowed.contains(&field))))?;
    Ok(measure)
}

fn common(version: Option<Version>, author: Option<String>, content: &Content) -> Result<Common, String> {
    let version = version.unwrap_or(DEFAULT_VERSION);
    if content.profile(version).is_none() {
        let other = if version == Version::R4 { Version::Stu3 } else { Version::R4 };
        return Err(format!("fhir: no {version} profile of this kind is known; write \"{other}\""));
    }
    Ok(Common { version, author: author.map(Arc::from) })
}

fn need<T>(value: Option<T>, field: &str, kind: Kind) -> Result<T, String> {
    value.ok_or_else(|| format!("{field}: {} needs it", name(kind)))
}

fn within(value: f64, field: &str, least: f64, most: f64) -> Result<f64, String> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(format!("{field}: it must be {least}–{most}")) }
}

fn refuse_rest(kind: Kind, rest: &[(&str, bool)]) -> Result<(), String> {
    match rest.iter().find(|(_, is_given)| *is_given) {
        Some((field, _)) => Err(format!("{field}: it does not belong to {}", name(kind))),
        None => Ok(()),
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::BodyWeight => "body-weight",
        Kind::BloodGlucose => "blood-glucose",
        Kind::BloodPressure => "blood-pressure",
        Kind::HeartRate => "heart-rate",
        Kind::Steps => "steps",
        Kind::MacronutrientIntake => "macronutrient-intake",
        Kind::InsulinDose => "insulin-dose",
        Kind::Meal => "meal",
        Kind::TissueGlucose => "tissue-glucose",
    }
}
