//! One entry of a citizen's record, from plain values to the FHIR resource the national profiles ask for.
//!
//! Everything here conforms to the profiles of its version: the R4 ones as published, the STU3 ones in their strict
//! form of 2017 and in their later, relaxed one. Where no profile of a version is known, there is no resource.
//!
//! ```
//! use kanta_phr_sandbox::citizens::{Language, entry::{Content, Entry, Moment}};
//! use kanta_phr_sandbox::fhir::Version;
//! let now = "2026-11-22T07:31:00+02:00".parse()?;
//! let entry = Entry {
//!     patient: uuid::Uuid::from_u128(1),
//!     identifier: uuid::Uuid::from_u128(2),
//!     language: Language::Finnish,
//!     effective: Moment::Instant("2026-11-22T07:30:00+02:00".parse()?),
//!     issued: now,
//!     content: Content::BodyWeight { kilograms: "72.50".parse()? },
//!     note: None,
//!     application: None,
//! };
//! let resource = entry.to_json(Version::R4).expect("body weight has an R4 profile");
//! assert!(resource.contains(r#""value":72.50"#));
//! assert!(resource.contains("Tulos: 72,50 kg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod resource;
mod words;

use super::Language;
use crate::fhir::Version;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

/// An entry as plain values.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Whose record it belongs to; subject and performer.
    pub patient: Uuid,
    /// The entry's own identifier, written as `urn:uuid:…`.
    pub identifier: Uuid,
    /// The language of displays and narrative.
    pub language: Language,
    /// When it was measured or taken.
    pub effective: Moment,
    /// When it was made available (no element of a MedicationAdministration).
    pub issued: Timestamp,
    /// What was measured or taken.
    pub content: Content,
    /// A free comment.
    pub note: Option<&'a str>,
    /// The application named in the creating-application extension; none for the citizen's own entries.
    pub application: Option<Application<'a>>,
}

/// The registered application behind an entry.
#[derive(Clone, Copy, Debug)]
pub struct Application<'a> {
    /// Its registered name.
    pub name: &'a str,
    /// Its registered id.
    pub id: &'a str,
}

/// When something held, written in Helsinki time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A point in time, to the second.
    Instant(Timestamp),
    /// A day, without a time.
    Day(Date),
    /// From a point in time to another, both included. Only steps and insulin have it; other profiles want a point.
    Period(Timestamp, Timestamp),
}

/// What was measured or taken. Numbers keep their digits: `72.50` stays `72.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Body weight in kg.
    BodyWeight {
        /// kg.
        kilograms: Decimal,
    },
    /// Blood or tissue glucose in mmol/l.
    BloodGlucose {
        /// mmol/l.
        millimoles_per_litre: Decimal,
        /// How it was measured.
        method: GlucoseMethod,
    },
    /// Blood pressure in `mm[Hg]`.
    BloodPressure {
        /// The upper value.
        systolic: Decimal,
        /// The lower value.
        diastolic: Decimal,
    },
    /// Heart rate per minute. No R4 profile.
    HeartRate {
        /// 1/min.
        per_minute: Decimal,
    },
    /// Steps taken. No known STU3 profile.
    Steps {
        /// How many.
        count: u32,
        /// In what time.
        span: StepSpan,
    },
    /// Carbohydrate, fat or protein eaten, in g.
    MacronutrientIntake {
        /// Which.
        nutrient: Nutrient,
        /// g.
        grams: Decimal,
        /// Whether weighed rather than guessed.
        measured: bool,
    },
    /// A dose of insulin, in international units.
    InsulinDose {
        /// Which.
        insulin: Insulin,
        /// IU.
        units: Decimal,
    },
}

/// How glucose was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlucoseMethod {
    /// From a drop of blood, with a meter.
    #[default]
    Meter,
    /// From tissue fluid, with a sensor.
    Sensor,
}

/// The time in which steps were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepSpan {
    /// As long as the entry says.
    Free,
    /// 24 hours.
    #[default]
    Day,
    /// A week.
    Week,
}

/// What food is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nutrient {
    /// Carbohydrate.
    #[default]
    Carbohydrate,
    /// Fat.
    Fat,
    /// Protein.
    Protein,
}

/// The two groups of insulin that Kanta's code system knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insulin {
    /// `ins-short-fast`.
    ShortFast,
    /// `ins-intermediate-long`.
    IntermediateLong,
}

impl Moment {
    /// The moment as people write it, in Helsinki time: `22.11.2026 klo 7.31`.
    pub fn in_words(self, language: Language) -> String {
        words::moment(self, language)
    }
}

impl Content {
    /// The resource type that carries it: `Observation` or `MedicationAdministration`.
    pub fn resource_type(&self) -> &'static str {
        match self {
            Content::InsulinDose { .. } => "MedicationAdministration",
            _ => "Observation",
        }
    }

    /// The canonical URL of its national profile; none where no profile of that version is known.
    pub fn profile(&self, version: Version) -> Option<&'static str> {
        match version {
            Version::R4 => match self {
                Content::BodyWeight { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"),
                Content::BloodGlucose { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose"),
                Content::BloodPressure { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodpressure"),
                Content::HeartRate { .. } => None,
                Content::Steps { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-stepstaken"),
                Content::MacronutrientIntake { .. } => {
                    Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-macronutrientintake")
                }
                Content::InsulinDose { .. } => {
                    Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-insulindosing-r4")
                }
            },
            Version::Stu3 => match self {
                Content::BodyWeight { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3"),
                Content::BloodGlucose { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-bloodglucose-stu3"),
                Content::BloodPressure { .. } => {
                    Some("http://phr.kanta.fi/StructureDefinition/fiphr-bloodpressure-stu3")
                }
                Content::HeartRate { .. } => Some("http://phr.kanta.fi/StructureDefinition/fiphr-heartrate-stu3"),
                Content::Steps { .. } => None,
                Content::MacronutrientIntake { .. } => {
                    Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-macronutrientintake-stu3")
                }
                Content::InsulinDose { .. } => {
                    Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-insulindosing-stu3")
                }
            },
        }
    }

    /// Whether its profiles let a period stand for the time; the others want a point or a day.
    pub fn takes_period(&self) -> bool {
        matches!(self, Content::Steps { .. } | Content::InsulinDose { .. })
    }
}

impl Entry<'_> {
    /// The resource without id, version and time of storage, which the server adds. None when the content has no
    /// known profile in `version`, or when its profile does not take a period.
    pub fn to_json(&self, version: Version) -> Option<String> {
        let takes_its_time = self.content.takes_period() || !matches!(self.effective, Moment::Period(..));
        let profile = self.content.profile(version).filter(|_| takes_its_time)?;
        Some(resource::write(self, version, profile))
    }
}

/// The Patient a citizen has under a pseudonym: an identifier and nothing about the person.
pub fn patient(pseudonym: Uuid, language: Language, version: Version) -> String {
    let profile = match version {
        Version::R4 => "http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient",
        Version::Stu3 => "http://phr.kanta.fi/StructureDefinition/fiphr-patient-stu3",
    };
    format!(
        r#"{{"resourceType":"Patient","id":"{pseudonym}","meta":{{"profile":["{profile}"]}},"language":"{language}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{pseudonym}"}}],"active":true}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn entry(content: Content) -> Entry<'static> {
        Entry {
            patient: Uuid::from_u128(1),
            identifier: Uuid::from_u128(2),
            language: Language::English,
            effective: Moment::Instant("2026-07-01T04:30:00Z".parse().unwrap()),
            issued: "2026-07-01T04:31:00.25Z".parse().unwrap(),
            content,
            note: None,
            application: None,
        }
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn one_of_each() -> Vec<Content> {
        let value = decimal("7.0");
        let mut contents = vec![
            Content::BodyWeight { kilograms: value },
            Content::BloodGlucose { millimoles_per_litre: value, method: GlucoseMethod::Meter },
            Content::BloodGlucose { millimoles_per_litre: value, method: GlucoseMethod::Sensor },
            Content::BloodPressure { systolic: value, diastolic: value },
            Content::HeartRate { per_minute: value },
            Content::InsulinDose { insulin: Insulin::ShortFast, units: value },
            Content::InsulinDose { insulin: Insulin::IntermediateLong, units: value },
        ];
        contents.extend([StepSpan::Free, StepSpan::Day, StepSpan::Week].map(|span| Content::Steps { count: 7, span }));
        for nutrient in [Nutrient::Carbohydrate, Nutrient::Fat, Nutrient::Protein] {
            contents.extend([false, true].map(|measured| Content::MacronutrientIntake {
                nutrient,
                grams: value,
                measured,
            }));
        }
        contents
    }

    #[test]
    fn an_r4_observation_word_for_word() {
        let mut entry = entry(Content::BloodPressure { systolic: decimal("128"), diastolic: decimal("82.5") });
        entry.language = Language::Swedish;
        entry.note = Some("Vila \"innan\"\t& efter");
        entry.application = Some(Application { name: "Dagbok", id: "app-1" });
        assert_eq!(
            entry.to_json(Version::R4).unwrap(),
            concat!(
                r#"{"resourceType":"Observation","meta":{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodpressure"]},"#,
                r#""language":"sv","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"sv\" xml:lang=\"sv\">"#,
                r#"Kod: Blodtryck (85354-9)<br/>Tid: 1.7.2026 kl. 7.30<br/>"#,
                r#"Resultat: Systoliskt blodtryck (8480-6): 128 mm[Hg], Diastoliskt blodtryck (8462-4): 82,5 mm[Hg]<br/>"#,
                r#"Kommentar: Vila \"innan\" &amp; efter</div>"},"#,
                r#""extension":[{"url":"http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication","extension":["#,
                r#"{"url":"name","valueString":"Dagbok"},{"url":"applicationId","valueString":"app-1"}]}],"#,
                r#""identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-0000-0000-000000000002"}],"#,
                r#""status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"#,
                r#""code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blodtryck"}]},"#,
                r#""subject":{"reference":"Patient/00000000-0000-0000-0000-000000000001"},"#,
                r#""effectiveDateTime":"2026-07-01T07:30:00+03:00","issued":"2026-07-01T07:31:00.250+03:00","#,
                r#""performer":[{"reference":"Patient/00000000-0000-0000-0000-000000000001"}],"#,
                r#""note":[{"text":"Vila \"innan\"\u0009& efter"}],"component":["#,
                r#"{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systoliskt blodtryck"}]},"#,
                r#""valueQuantity":{"value":128,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},"#,
                r#"{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4","display":"Diastoliskt blodtryck"}]},"#,
                r#""valueQuantity":{"value":82.5,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#,
            )
        );
    }

    #[test]
    fn an_stu3_dose_word_for_word() {
        let mut entry = entry(Content::InsulinDose { insulin: Insulin::IntermediateLong, units: decimal("14.50") });
        entry.effective = Moment::Day(date(2026, 7, 1));
        assert_eq!(
            entry.to_json(Version::Stu3).unwrap(),
            concat!(
                r#"{"resourceType":"MedicationAdministration","meta":{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-insulindosing-stu3"]},"#,
                r#""language":"en","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">"#,
                r#"Type of insulin: Intermediate-acting insulin (ins-intermediate-long)<br/>Time: 1 July 2026<br/>Dose: 14.50 units</div>"},"#,
                r#""identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-0000-0000-000000000002"}],"#,
                r#""status":"completed","medicationCodeableConcept":{"coding":[{"system":"http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode","code":"ins-intermediate-long","display":"Intermediate-acting insulin"}],"#,
                r#""text":"Intermediate-acting insulin"},"subject":{"reference":"Patient/00000000-0000-0000-0000-000000000001"},"#,
                r#""effectiveDateTime":"2026-07-01","dosage":{"text":"Intermediate-acting insulin 14.50 units","#,
                r#""dose":{"value":14.50,"unit":"IU","system":"http://unitsofmeasure.org","code":"[iU]"}}}"#,
            )
        );
    }

    #[test]
    fn every_kind_is_well_formed_in_every_language_and_moment() {
        let noon: Timestamp = "2026-07-01T09:00:00Z".parse().unwrap();
        let moments = [Moment::Instant(noon), Moment::Day(date(2026, 7, 1)), Moment::Period(noon, noon)];
        for content in one_of_each() {
            for (version, language) in
                Version::ALL.into_iter().flat_map(|version| Language::ALL.map(|one| (version, one)))
            {
                for effective in moments {
                    let entry = Entry { language, effective, note: Some("\u{1}<é>"), ..entry(content) };
                    let takes = content.takes_period() || !matches!(effective, Moment::Period(..));
                    let json = entry.to_json(version);
                    assert_eq!(json.is_some(), takes && content.profile(version).is_some(), "{content:?} {version}");
                    let Some(json) = json else { continue };
                    let resource: serde_json::Value = serde_json::from_str(&json).unwrap();
                    assert_eq!(resource["resourceType"], content.resource_type());
                    let div = resource["text"]["div"].as_str().unwrap();
                    assert!(div.ends_with(" &lt;é&gt;</div>") && !div.contains(['\u{1}', '\n']), "{div}");
                }
            }
        }
    }

    #[test]
    fn the_patient_says_nothing_about_the_person() {
        let json = patient(Uuid::from_u128(9), Language::Finnish, Version::R4);
        let patient: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(patient["identifier"][0]["value"], "urn:uuid:00000000-0000-0000-0000-000000000009");
        assert_eq!(patient["id"], "00000000-0000-0000-0000-000000000009");
        assert_eq!(patient.as_object().unwrap().len(), 6);
    }
}
