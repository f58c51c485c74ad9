//! The JSON of an entry, its members in the order Kanta's own examples have.

use super::words::{self, Concept};
use super::{Content, Entry, Moment};
use crate::fhir::Version;
use crate::time::{helsinki, to_helsinki};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::fmt::Write;

const CREATING_APPLICATION: &str = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication";

pub(super) fn write(entry: &Entry<'_>, version: Version, profile: &str) -> String {
    let Entry { language, content, .. } = entry;
    let resource_type = content.resource_type();
    let mut json = String::with_capacity(1536);
    add(&mut json, format_args!(r#"{{"resourceType":"{resource_type}","meta":{{"profile":["{profile}"]}},"#));
    add(&mut json, format_args!(r#""language":"{language}","text":{{"status":"generated","div":"#));
    string(&mut json, &narrative(entry));
    json.push_str("},");
    if let Some(application) = entry.application {
        add(&mut json, format_args!(r#""extension":[{{"url":"{CREATING_APPLICATION}","extension":["#));
        json.push_str(r#"{"url":"name","valueString":"#);
        string(&mut json, application.name);
        json.push_str(r#"},{"url":"applicationId","valueString":"#);
        string(&mut json, application.id);
        json.push_str("}]}],");
    }
    let identifier = entry.identifier;
    add(&mut json, format_args!(r#""identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{identifier}"}}],"#));
    match content {
        Content::InsulinDose { units, .. } => administration(&mut json, entry, *units),
        _ => observation(&mut json, entry, version),
    }
    json.push('}');
    json
}

fn observation(json: &mut String, entry: &Entry<'_>, version: Version) {
    json.push_str(r#""status":"final","category":[{"coding":["#);
    coding(json, words::category(&entry.content, version), entry);
    json.push_str(r#"]}],"code":"#);
    concept(json, words::codes(&entry.content), entry);
    add(json, format_args!(r#","subject":{{"reference":"Patient/{}"}},"#, entry.patient));
    effective(json, entry.effective);
    add(json, format_args!(r#","issued":"{}","#, to_helsinki(entry.issued)));
    add(json, format_args!(r#""performer":[{{"reference":"Patient/{}"}}]"#, entry.patient));
    // STU3 has the comment between value and components, R4 a note in the same place.
    let comment = |json: &mut String| {
        if let Some(note) = entry.note {
            match version {
                Version::Stu3 => {
                    json.push_str(r#","comment":"#);
                    string(json, note);
                }
                Version::R4 => annotation(json, note),
            }
        }
    };
    match entry.content {
        Content::BloodPressure { systolic, diastolic } => {
            comment(json);
            json.push_str(r#","component":["#);
            component(json, &words::SYSTOLIC, systolic, entry);
            json.push(',');
            component(json, &words::DIASTOLIC, diastolic, entry);
            json.push(']');
        }
        content => {
            let (value, unit, code) = quantity_of(&content);
            json.push_str(r#","valueQuantity":"#);
            quantity(json, value, unit, code);
            comment(json);
        }
    }
}

fn administration(json: &mut String, entry: &Entry<'_>, units: Decimal) {
    json.push_str(r#""status":"completed","medicationCodeableConcept":{"coding":["#);
    let codes = words::codes(&entry.content);
    codings(json, codes, entry);
    let name = codes[0].display.in_language(entry.language);
    json.push_str(r#"],"text":"#);
    string(json, name);
    add(json, format_args!(r#"}},"subject":{{"reference":"Patient/{}"}},"#, entry.patient));
    effective(json, entry.effective);
    if let Some(note) = entry.note {
        annotation(json, note);
    }
    json.push_str(r#","dosage":{"text":"#);
    string(json, &format!("{name} {}", dose(entry, units)));
    json.push_str(r#","dose":"#);
    quantity(json, units, "IU", "[iU]");
    json.push('}');
}

/// The value, unit and UCUM code of what has one value.
fn quantity_of(content: &Content) -> (Decimal, &'static str, &'static str) {
    match *content {
        Content::BodyWeight { kilograms } => (kilograms, "kg", "kg"),
        Content::BloodGlucose { millimoles_per_litre, .. } => (millimoles_per_litre, "mmol/l", "mmol/L"),
        Content::HeartRate { per_minute } => (per_minute, "/min", "/min"),
        Content::Steps { count, .. } => (Decimal::from(count), "1", "1"),
        Content::MacronutrientIntake { grams, .. } => (grams, "g", "g"),
        Content::InsulinDose { units, .. } => (units, "IU", "[iU]"),
        Content::BloodPressure { systolic, .. } => (systolic, "mm[Hg]", "mm[Hg]"),
    }
}

/// The XHTML of the entry, telling all of it.
fn narrative(entry: &Entry<'_>) -> String {
    let Entry { language, content, .. } = entry;
    let label = |words: &words::Words| words.in_language(*language);
    let mut div = format!(r#"<div xmlns="http://www.w3.org/1999/xhtml" lang="{language}" xml:lang="{language}">"#);
    let kind = if content.resource_type() == "Observation" { &words::LABEL_CODE } else { &words::LABEL_INSULIN };
    add(&mut div, format_args!("{}: ", label(kind)));
    for (index, concept) in words::codes(content).iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        add(&mut div, format_args!("{separator}{} ({})", label(&concept.display), concept.code));
    }
    let time = words::moment(entry.effective, *language);
    add(&mut div, format_args!("<br/>{}: {time}<br/>", label(&words::LABEL_TIME)));
    match content {
        Content::InsulinDose { units, .. } => {
            add(&mut div, format_args!("{}: {}", label(&words::LABEL_DOSE), dose(entry, *units)));
        }
        Content::BloodPressure { systolic, diastolic } => {
            let part = |concept: &Concept, value: &Decimal| {
                format!("{} ({}): {} mm[Hg]", label(&concept.display), concept.code, words::number(*value, *language))
            };
            let (upper, lower) = (part(&words::SYSTOLIC, systolic), part(&words::DIASTOLIC, diastolic));
            add(&mut div, format_args!("{}: {upper}, {lower}", label(&words::LABEL_RESULT)));
        }
        content => {
            let (value, unit, _) = quantity_of(content);
            add(&mut div, format_args!("{}: {}", label(&words::LABEL_RESULT), words::number(value, *language)));
            // A count has the unit "1", which nobody says.
            if unit != "1" {
                add(&mut div, format_args!(" {unit}"));
            }
        }
    }
    if let Some(note) = entry.note {
        add(&mut div, format_args!("<br/>{}: ", label(&words::LABEL_COMMENT)));
        escape_xhtml(&mut div, note);
    }
    div.push_str("</div>");
    div
}

fn dose(entry: &Entry<'_>, units: Decimal) -> String {
    format!("{} {}", words::number(units, entry.language), words::UNITS_OF_INSULIN.in_language(entry.language))
}

fn effective(json: &mut String, moment: Moment) {
    let local = |instant: Timestamp| instant.to_zoned(helsinki().clone()).strftime("%Y-%m-%dT%H:%M:%S%:z");
    match moment {
        Moment::Instant(instant) => add(json, format_args!(r#""effectiveDateTime":"{}""#, local(instant))),
        Moment::Day(date) => add(json, format_args!(r#""effectiveDateTime":"{date}""#)),
        Moment::Period(start, end) => {
            add(json, format_args!(r#""effectivePeriod":{{"start":"{}","end":"{}"}}"#, local(start), local(end)));
        }
    }
}

fn component(json: &mut String, code: &Concept, value: Decimal, entry: &Entry<'_>) {
    json.push_str(r#"{"code":"#);
    concept(json, std::slice::from_ref(code), entry);
    json.push_str(r#","valueQuantity":"#);
    quantity(json, value, "mm[Hg]", "mm[Hg]");
    json.push('}');
}

fn concept(json: &mut String, concepts: &[Concept], entry: &Entry<'_>) {
    json.push_str(r#"{"coding":["#);
    codings(json, concepts, entry);
    json.push_str("]}");
}

fn codings(json: &mut String, concepts: &[Concept], entry: &Entry<'_>) {
    for (index, concept) in concepts.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        coding(json, concept, entry);
    }
}

fn coding(json: &mut String, Concept { system, code, display }: &Concept, entry: &Entry<'_>) {
    let display = display.in_language(entry.language);
    add(json, format_args!(r#"{{"system":"{system}","code":"{code}","display":"{display}"}}"#));
}

fn quantity(json: &mut String, value: Decimal, unit: &str, code: &str) {
    add(
        json,
        format_args!(r#"{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{code}"}}"#),
    );
}

fn annotation(json: &mut String, note: &str) {
    json.push_str(r#","note":[{"text":"#);
    string(json, note);
    json.push_str("}]");
}

fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

/// A JSON string.
fn string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            control if control < ' ' => add(json, format_args!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
}

fn escape_xhtml(div: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => div.push_str("&lt;"),
            '>' => div.push_str("&gt;"),
            '&' => div.push_str("&amp;"),
            // XHTML has no way to write the other control characters.
            control if control.is_control() => div.push(' '),
            other => div.push(other),
        }
    }
}
