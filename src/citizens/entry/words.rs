//! Codes, displays and the words of the narrative, in Finnish, Swedish and English. Displays are the designations of
//! Kanta's own value sets; what they lack in a language is taken from the LOINC name.

use super::{Content, GlucoseMethod, Insulin, Language, Moment, Nutrient, StepSpan};
use crate::fhir::Version;
use crate::time::helsinki;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;

/// A text in the three languages, in the order of [`Language::ALL`].
pub(super) struct Words(&'static str, &'static str, &'static str);

impl Words {
    pub fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::Finnish => self.0,
            Language::Swedish => self.1,
            Language::English => self.2,
        }
    }
}

/// A coding.
pub(super) struct Concept {
    pub system: &'static str,
    pub code: &'static str,
    pub display: Words,
}

const LOINC: &str = "http://loinc.org";
const INSULIN: &str = "http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode";

const fn loinc(code: &'static str, fi: &'static str, sv: &'static str, en: &'static str) -> Concept {
    Concept { system: LOINC, code, display: Words(fi, sv, en) }
}

static BODY_WEIGHT: [Concept; 1] = [loinc("29463-7", "Paino", "Vikt", "Body weight")];
static METER_GLUCOSE: [Concept; 2] = [
    loinc("15074-8", "Verensokeri", "Blodsocker", "Glucose [Moles/volume] in Blood"),
    loinc(
        "14743-9",
        "Verensokeri verensokerimittarilla",
        "Blodsocker med blodsockermätare",
        "Glucose [Moles/volume] in Capillary blood by Glucometer",
    ),
];
static SENSOR_GLUCOSE: [Concept; 1] =
    [loinc("14745-4", "Kudossokeri", "Vävnadssocker", "Glucose [Moles/volume] in Body fluid")];
static BLOOD_PRESSURE: [Concept; 1] =
    [loinc("85354-9", "Verenpaine", "Blodtryck", "Blood pressure panel with all children optional")];
pub(super) static SYSTOLIC: Concept =
    loinc("8480-6", "Systolinen verenpaine", "Systoliskt blodtryck", "Systolic blood pressure");
pub(super) static DIASTOLIC: Concept =
    loinc("8462-4", "Diastolinen verenpaine", "Diastoliskt blodtryck", "Diastolic blood pressure");
static HEART_RATE: [Concept; 1] = [loinc("8867-4", "Syke", "Puls", "Heart rate")];
static STEPS: [Concept; 1] = [loinc("66334-4", "Askelmäärä", "Steg", "Steps")];
static DAILY_STEPS: [Concept; 2] = [
    loinc("66334-4", "Askelmäärä", "Steg", "Steps"),
    loinc("41950-7", "Päivittäinen askelmäärä", "Steg per dag", "Daily steps"),
];
static WEEKLY_STEPS: [Concept; 2] = [
    loinc("66334-4", "Askelmäärä", "Steg", "Steps"),
    loinc("41952-3", "Viikoittainen askelmäärä", "Steg per vecka", "Weekly steps"),
];
static NUTRIENTS: [[Concept; 1]; 6] = [
    [loinc("9059-7", "Arvioitu hiilihydraattimäärä", "Uppskattat kolhydratintag", "Carbohydrate intake Estimated")],
    [loinc("9060-5", "Mitattu hiilihydraattimäärä", "Uppmätt kolhydratintag", "Carbohydrate intake Measured")],
    [loinc("9066-2", "Arvioitu rasvan määrä", "Uppskattat fettintag", "Fat intake Estimated")],
    [loinc("9067-0", "Mitattu rasvan määrä", "Uppmätt fettintag", "Fat intake Measured")],
    [loinc("9079-5", "Arvioitu proteiinin määrä", "Uppskattat proteinintag", "Protein intake Estimated")],
    [loinc("9080-3", "Mitattu proteiinin määrä", "Uppmätt proteinintag", "Protein intake Measured")],
];
static FAST_INSULIN: [Concept; 1] = [Concept {
    system: INSULIN,
    code: "ins-short-fast",
    display: Words("Lyhytvaikutteinen insuliini", "Direktverkande insulin", "Fast-acting insulin"),
}];
static LONG_INSULIN: [Concept; 1] = [Concept {
    system: INSULIN,
    code: "ins-intermediate-long",
    display: Words("Pitkävaikutteinen insuliini", "Långverkande insulin", "Intermediate-acting insulin"),
}];

static VITAL_SIGNS_R4: Concept = Concept {
    system: "http://terminology.hl7.org/CodeSystem/observation-category",
    code: "vital-signs",
    display: Words("Vital Signs", "Vital Signs", "Vital Signs"),
};
static VITAL_SIGNS_STU3: Concept = Concept {
    system: "http://hl7.org/fhir/observation-category",
    code: "vital-signs",
    display: Words("Vital Signs", "Vital Signs", "Vital Signs"),
};
static FITNESS: Concept = Concept {
    system: "http://phr.kanta.fi/fiphr-cs-fitnesscategory",
    code: "fitness",
    display: Words("Fitness", "Fitness", "Fitness"),
};
static NUTRITION: Concept = Concept {
    system: "http://phr.kanta.fi/CodeSystem/fiphr-cs-observationcategory",
    code: "nutrition",
    display: Words("Ravitsemus", "Näringstillstånd", "Nutrition"),
};

pub(super) static LABEL_CODE: Words = Words("Koodi", "Kod", "Code");
pub(super) static LABEL_TIME: Words = Words("Aika", "Tid", "Time");
pub(super) static LABEL_RESULT: Words = Words("Tulos", "Resultat", "Result");
pub(super) static LABEL_COMMENT: Words = Words("Kommentti", "Kommentar", "Comment");
pub(super) static LABEL_INSULIN: Words = Words("Insuliinin tyyppi", "Typ av insulin", "Type of insulin");
pub(super) static LABEL_DOSE: Words = Words("Annos", "Dos", "Dose");
pub(super) static UNITS_OF_INSULIN: Words = Words("yksikköä", "enheter", "units");

/// The codings of the thing measured or taken.
pub(super) fn codes(content: &Content) -> &'static [Concept] {
    match content {
        Content::BodyWeight { .. } => &BODY_WEIGHT,
        Content::BloodGlucose { method: GlucoseMethod::Meter, .. } => &METER_GLUCOSE,
        Content::BloodGlucose { method: GlucoseMethod::Sensor, .. } => &SENSOR_GLUCOSE,
        Content::BloodPressure { .. } => &BLOOD_PRESSURE,
        Content::HeartRate { .. } => &HEART_RATE,
        Content::Steps { span: StepSpan::Free, .. } => &STEPS,
        Content::Steps { span: StepSpan::Day, .. } => &DAILY_STEPS,
        Content::Steps { span: StepSpan::Week, .. } => &WEEKLY_STEPS,
        Content::MacronutrientIntake { nutrient, measured, .. } => {
            let row = match nutrient {
                Nutrient::Carbohydrate => 0,
                Nutrient::Fat => 2,
                Nutrient::Protein => 4,
            };
            &NUTRIENTS[row + usize::from(*measured)]
        }
        Content::InsulinDose { insulin: Insulin::ShortFast, .. } => &FAST_INSULIN,
        Content::InsulinDose { insulin: Insulin::IntermediateLong, .. } => &LONG_INSULIN,
    }
}

/// The category of an Observation.
pub(super) fn category(content: &Content, version: Version) -> &'static Concept {
    match (content, version) {
        (Content::Steps { .. }, _) => &FITNESS,
        (Content::MacronutrientIntake { .. }, _) => &NUTRITION,
        (_, Version::R4) => &VITAL_SIGNS_R4,
        (_, Version::Stu3) => &VITAL_SIGNS_STU3,
    }
}

/// A number as people write it: with a comma in Finnish and Swedish.
pub(super) fn number(value: Decimal, language: Language) -> String {
    let text = value.to_string();
    if language == Language::English { text } else { text.replace('.', ",") }
}

/// A moment as people write it.
pub(super) fn moment(moment: Moment, language: Language) -> String {
    let (day, time) = match language {
        Language::Finnish => ("%-d.%-m.%Y", "%-d.%-m.%Y klo %-H.%M"),
        Language::Swedish => ("%-d.%-m.%Y", "%-d.%-m.%Y kl. %-H.%M"),
        Language::English => ("%-d %B %Y", "%-d %B %Y %H:%M"),
    };
    let local = |instant: Timestamp| instant.to_zoned(helsinki().clone()).strftime(time).to_string();
    match moment {
        Moment::Instant(instant) => local(instant),
        Moment::Day(date) => date.strftime(day).to_string(),
        Moment::Period(start, end) => match whole_days(start, end) {
            Some((first, last)) if first == last => first.strftime(day).to_string(),
            Some((first, last)) => format!("{} – {}", first.strftime(day), last.strftime(day)),
            None => format!("{} – {}", local(start), local(end)),
        },
    }
}

/// The first and the last day of a period that runs from a midnight to a midnight, or to the last minute before one.
fn whole_days(start: Timestamp, end: Timestamp) -> Option<(Date, Date)> {
    let (start, end) = (start.to_zoned(helsinki().clone()), end.to_zoned(helsinki().clone()));
    let begins = start.time() == Time::midnight();
    let last = match (end.hour(), end.minute()) {
        (23, 59) => end.date(),
        _ if end.time() == Time::midnight() && end > start => end.date().yesterday().ok()?,
        _ => return None,
    };
    begins.then_some((start.date(), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_whole_days_is_told_by_its_days() {
        let said = |start: &str, end: &str, language| {
            moment(Moment::Period(start.parse().unwrap(), end.parse().unwrap()), language)
        };
        let day = "2026-11-22T00:00:00+02:00";
        assert_eq!(said(day, "2026-11-22T23:59:00+02:00", Language::Finnish), "22.11.2026");
        assert_eq!(said(day, "2026-11-22T23:59:59+02:00", Language::English), "22 November 2026");
        assert_eq!(said(day, "2026-11-23T00:00:00+02:00", Language::Swedish), "22.11.2026");
        assert_eq!(said(day, "2026-11-24T23:59:00+02:00", Language::Finnish), "22.11.2026 – 24.11.2026");
        assert_eq!(
            said(day, "2026-11-22T12:00:00+02:00", Language::Finnish),
            "22.11.2026 klo 0.00 – 22.11.2026 klo 12.00"
        );
        assert_eq!(said(day, day, Language::English), "22 November 2026 00:00 – 22 November 2026 00:00");
    }
}
