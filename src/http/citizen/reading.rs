//! A stored resource as the citizen sees it: what was measured, when, how much, and who stored it.

use crate::citizens::entry::Moment;
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, Interval};
use crate::http::pages::citizen::{Amount, Kind};
use crate::json::{Document, Value};
use crate::records::{Access, Hit, Records, ResourceType, Stored};
use jiff::civil::Date;
use std::collections::HashSet;
use uuid::Uuid;

const CREATING_APPLICATION: &str = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication";

/// The types of resource that hold one value each, or a few that belong together.
pub const TYPES: [ResourceType; 2] = [ResourceType::Observation, ResourceType::MedicationAdministration];

/// A code, with its system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// The system.
    pub system: Option<String>,
    /// The code.
    pub code: String,
}

/// A resource, read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where it is: base, type, id.
    pub version: Version,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: Uuid,
    /// What was measured or taken.
    pub kind: Kind,
    /// The first code, which names a kind that has no name of ours.
    pub code: Option<Code>,
    /// When it held, for sorting and plotting: UTC milliseconds; none when it does not say.
    pub at: Option<i64>,
    /// When it held, in words.
    pub when: String,
    /// The numbers, in the order of the resource.
    pub amounts: Vec<Amount>,
    /// What was found, when that is no number.
    pub words: Option<String>,
    /// Comments.
    pub notes: Vec<String>,
    /// The application that it names as its creator.
    pub application: Option<String>,
    /// The values of its identifiers.
    pub identifiers: Vec<String>,
    /// The profiles it claims.
    pub profiles: Vec<String>,
    /// The div of its narrative.
    pub narrative: Option<String>,
}

/// The kinds that have a name of ours, the more exact codes first: kind, type, codes. Glucose in tissue is not glucose in
/// blood, but people look at both together.
const KINDS: [(Kind, ResourceType, &[&str]); 9] = [
    (Kind::Weight, ResourceType::Observation, &["29463-7"]),
    (Kind::BloodPressure, ResourceType::Observation, &["85354-9"]),
    (Kind::HeartRate, ResourceType::Observation, &["8867-4"]),
    (Kind::BloodGlucose, ResourceType::Observation, &["15074-8", "14743-9", "14745-4"]),
    (Kind::DailySteps, ResourceType::Observation, &["41950-7"]),
    (Kind::WeeklySteps, ResourceType::Observation, &["41952-3"]),
    (Kind::Steps, ResourceType::Observation, &["66334-4"]),
    (Kind::Carbohydrates, ResourceType::Observation, &["9059-7"]),
    (Kind::Insulin, ResourceType::MedicationAdministration, &["ins-short-fast", "ins-intermediate-long"]),
];

/// The code of glucose in tissue fluid.
const TISSUE_GLUCOSE: &str = "14745-4";

/// What to search for to find a kind: its type and the values of `code`. None for a kind without a name of ours.
pub fn search_of(kind: &Kind) -> Option<(ResourceType, String)> {
    let (_, resource_type, codes) = KINDS.iter().find(|(known, ..)| known == kind)?;
    Some((*resource_type, codes.join(",")))
}

impl Code {
    /// The code as the value of a search parameter.
    pub fn as_token(&self) -> String {
        format!("{}|{}", escaped(self.system.as_deref().unwrap_or_default()), escaped(&self.code))
    }
}

/// A text within the value of a search parameter.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut all, letter| {
        if matches!(letter, '\\' | ',' | '|' | '$') {
            all.push('\\');
        }
        all.push(letter);
        all
    })
}

impl Reading {
    /// Reads a stored resource; nothing when its text is no JSON, which does not happen.
    pub fn of(stored: &Stored, version: Version, language: crate::citizens::Language) -> Option<Reading> {
        Reading::of_text(stored.resource_type, stored.id, stored.text(), version, language)
    }

    /// Reads what a search found.
    pub fn of_hit(hit: &Hit, version: Version, language: crate::citizens::Language) -> Option<Reading> {
        let mut text = Vec::with_capacity(hit.length());
        let id = Uuid::try_parse_ascii(&hit.append_to(&mut text)?).ok()?;
        Reading::of_text(hit.resource_type, id, std::str::from_utf8(&text).ok()?, version, language)
    }

    fn of_text(
        resource_type: ResourceType,
        id: Uuid,
        json: &str,
        version: Version,
        language: crate::citizens::Language,
    ) -> Option<Reading> {
        let document = Document::parse(json).ok()?;
        let resource = document.root();
        let concept = match resource_type {
            ResourceType::MedicationAdministration => resource.get("medicationCodeableConcept"),
            _ => resource.get("code"),
        };
        let codings: Vec<Value<'_>> =
            concept.and_then(|concept| concept.get("coding")).into_iter().flat_map(Value::items).collect();
        let codes: Vec<&str> = codings.iter().filter_map(|coding| text(*coding, "code")).collect();
        let kind = KINDS
            .iter()
            .find(|(_, of_type, known)| *of_type == resource_type && codes.iter().any(|code| known.contains(code)))
            .map_or_else(|| Kind::Other(concept.map(words_of).unwrap_or_default()), |(kind, ..)| kind.clone());
        let interval = IndexValues::of(resource_type, resource).date;
        let at = match interval {
            Interval::NONE => None,
            Interval { low: i64::MIN, high } => Some(high),
            Interval { low, .. } => Some(low),
        };
        let mut amounts = amounts_of(resource);
        for amount in &mut amounts {
            match kind {
                Kind::BloodGlucose if codes.contains(&TISSUE_GLUCOSE) => {
                    amount.part = Some(String::from(TISSUE_GLUCOSE))
                }
                Kind::Insulin => amount.part = codes.first().map(|code| (*code).to_owned()),
                _ => {}
            }
        }
        let all = |name: &str, member: &str| -> Vec<String> {
            let items = resource.get(name).into_iter().flat_map(Value::each);
            items.filter_map(|item| Some(text(item, member)?.to_owned())).collect()
        };
        let mut notes = all("note", "text");
        notes.extend(text(resource, "comment").map(str::to_owned));
        let profiles = resource.at(&["meta", "profile"]).into_iter().flat_map(Value::each);
        Some(Reading {
            version,
            resource_type,
            id,
            code: codings.first().and_then(|coding| {
                let code = text(*coding, "code")?.to_owned();
                Some(Code { system: text(*coding, "system").map(str::to_owned), code })
            }),
            kind,
            at,
            when: when(resource, language),
            amounts,
            words: words_found(resource),
            notes,
            application: creating_application(resource),
            identifiers: all("identifier", "value"),
            profiles: profiles.filter_map(|profile| profile.as_str().map(str::to_owned)).collect(),
            narrative: resource.at(&["text", "div"]).and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// The copies of a reading on the other bases, by identifier.
pub fn copies(
    records: &Records,
    access: &Access,
    reading: &Reading,
    language: crate::citizens::Language,
) -> Vec<Reading> {
    let Some(patient) = access.patient() else { return Vec::new() };
    let mut found: Vec<Reading> = Vec::new();
    for version in Version::ALL.into_iter().filter(|version| *version != reading.version) {
        for identifier in &reading.identifiers {
            let pairs =
                [(String::from("patient"), patient.to_string()), (String::from("identifier"), escaped(identifier))];
            let Ok(page) = records.search(access, version, reading.resource_type, &pairs) else { continue };
            for hit in page.hits.iter().filter_map(|hit| Reading::of_hit(hit, version, language)) {
                if !found.iter().any(|known| known.id == hit.id) {
                    found.push(hit);
                }
            }
        }
    }
    found
}

/// Puts readings of several bases together: the newest first, the copies of one thing once. What has no date comes last.
pub fn merged(mut readings: Vec<Reading>) -> Vec<Reading> {
    readings.sort_by_key(|reading| {
        (std::cmp::Reverse(reading.at.unwrap_or(i64::MIN)), std::cmp::Reverse(reading.version == Version::R4))
    });
    let mut seen: HashSet<(String, &'static str)> = HashSet::new();
    readings.retain(|reading| {
        let other = if reading.version == Version::R4 { "stu3" } else { "r4" };
        let own = if reading.version == Version::R4 { "r4" } else { "stu3" };
        let is_copy = reading.identifiers.iter().any(|each| seen.contains(&(each.clone(), other)));
        seen.extend(reading.identifiers.iter().map(|each| (each.clone(), own)));
        !is_copy
    });
    readings
}

fn text<'d>(value: Value<'d>, member: &str) -> Option<&'d str> {
    value.get(member)?.as_str()
}

/// A concept in its own words: text, display or code.
fn words_of(concept: Value<'_>) -> String {
    let codings = || concept.get("coding").into_iter().flat_map(Value::items);
    let words = codings()
        .find_map(|coding| text(coding, "display"))
        .or_else(|| text(concept, "text"))
        .or_else(|| codings().find_map(|coding| text(coding, "code")));
    words.unwrap_or_default().to_owned()
}

/// The value, the components, or the dose.
fn amounts_of(resource: Value<'_>) -> Vec<Amount> {
    let mut amounts: Vec<Amount> = Vec::new();
    let dosage = resource.get("dosage");
    let dose = dosage.and_then(|dosage| dosage.get("dose").or_else(|| dosage.get("quantity")));
    for quantity in [resource.get("valueQuantity"), dose].into_iter().flatten() {
        amounts.extend(amount(quantity, None));
    }
    for component in resource.get("component").into_iter().flat_map(Value::items) {
        let Some(quantity) = component.get("valueQuantity") else { continue };
        let code = component.get("code");
        let first = code.and_then(|code| code.get("coding")).and_then(|coding| coding.items().next());
        let part = first.and_then(|coding| text(coding, "code")).unwrap_or_default();
        // The two that people know by name go by their codes; others by their own words.
        let name = match part {
            "8480-6" | "8462-4" => part.to_owned(),
            _ => code.map(words_of).unwrap_or_default(),
        };
        amounts.extend(amount(quantity, Some(name)));
    }
    amounts
}

fn amount(quantity: Value<'_>, part: Option<String>) -> Option<Amount> {
    let digits = quantity.get("value")?.number()?;
    let number: f64 = digits.parse().ok().filter(|number: &f64| number.is_finite())?;
    let unit = text(quantity, "unit").or_else(|| text(quantity, "code")).filter(|unit| *unit != "1");
    Some(Amount { part, number, digits: digits.to_owned(), unit: unit.unwrap_or_default().to_owned() })
}

/// A result that is no quantity.
fn words_found(resource: Value<'_>) -> Option<String> {
    if let Some(concept) = resource.get("valueCodeableConcept") {
        return Some(words_of(concept)).filter(|words| !words.is_empty());
    }
    let plain = ["valueString", "valueDateTime", "valueTime"];
    if let Some(words) = plain.iter().find_map(|name| text(resource, name)) {
        return Some(words.to_owned());
    }
    resource.get("valueInteger").and_then(Value::number).map(str::to_owned)
}

fn creating_application(resource: Value<'_>) -> Option<String> {
    let mut extensions = resource.get("extension")?.items();
    let extension = extensions.find(|extension| text(*extension, "url") == Some(CREATING_APPLICATION))?;
    let mut parts = extension.get("extension")?.items();
    let name = parts.find(|part| text(*part, "url") == Some("name"))?;
    Some(text(name, "valueString")?.to_owned())
}

/// The time in words; what cannot be read is shown as it is.
fn when(resource: Value<'_>, language: crate::citizens::Language) -> String {
    let point = |written: &str| -> Option<Moment> {
        match written.parse::<jiff::Timestamp>() {
            Ok(instant) => Some(Moment::Instant(instant)),
            Err(_) => written.parse::<Date>().ok().filter(|_| !written.contains('T')).map(Moment::Day),
        }
    };
    let in_words =
        |written: &str| point(written).map_or_else(|| written.to_owned(), |moment| moment.in_words(language));
    if let Some(written) = text(resource, "effectiveDateTime").or_else(|| text(resource, "effectiveInstant")) {
        return in_words(written);
    }
    let Some(period) = resource.get("effectivePeriod") else { return String::new() };
    match (text(period, "start"), text(period, "end")) {
        (Some(start), Some(end)) => match (point(start), point(end)) {
            (Some(Moment::Instant(start)), Some(Moment::Instant(end))) => Moment::Period(start, end).in_words(language),
            _ => format!("{} – {}", in_words(start), in_words(end)),
        },
        (Some(start), None) => format!("{} –", in_words(start)),
        (None, Some(end)) => format!("– {}", in_words(end)),
        (None, None) => String::new(),
    }
}

/// The stored resource, indented.
pub fn indented(stored: &Stored) -> String {
    let mut output = String::new();
    match Document::parse(stored.text()) {
        Ok(document) => document.root().write_pretty(&mut output),
        Err(_) => output.push_str(stored.text()),
    }
    output
}
