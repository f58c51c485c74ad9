//! How to put right what was found: the mix-ups people really make, said in a sentence.

use std::borrow::Cow;

use super::place::Place;
use super::spelling::{closest_element, closest_profile, closest_system, derived_from, instead_of_hl7, is_extra};
use super::walk::Walk;
use crate::fhir::Version;
use crate::fhir::definitions::Structure;
use crate::json::{Kind, Value};

/// Code systems that changed their URI between STU3 and R4.
const RENAMED_SYSTEMS: [(&str, &str); 4] = [
    ("http://hl7.org/fhir/observation-category", "http://terminology.hl7.org/CodeSystem/observation-category"),
    ("http://hl7.org/fhir/v2/0078", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"),
    ("http://hl7.org/fhir/data-absent-reason", "http://terminology.hl7.org/CodeSystem/data-absent-reason"),
    ("http://hl7.org/fhir/v3/Confidentiality", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"),
];

/// Elements that have another name in the other version: (type, STU3, R4).
const RENAMED_ELEMENTS: [(&str, &str, &str); 12] = [
    ("Questionnaire.item", "option", "answerOption"),
    ("Questionnaire.item", "options", "answerValueSet"),
    ("Questionnaire.item.enableWhen", "hasAnswer", "operator exists with answerBoolean"),
    ("CarePlan", "context", "encounter"),
    ("CarePlan", "definition", "instantiatesCanonical"),
    ("QuestionnaireResponse", "context", "encounter"),
    ("QuestionnaireResponse", "parent", "partOf"),
    ("Observation", "comment", "note"),
    ("Observation", "context", "encounter"),
    ("Observation", "related", "hasMember or derivedFrom"),
    ("MedicationAdministration", "reasonNotGiven", "statusReason"),
    ("MedicationAdministration", "prescription", "request"),
];

/// A hint for a finding with this key at this place, when there is something to teach.
pub(super) fn advise(
    walk: &Walk<'_>,
    key: &str,
    place: &Place<'_>,
    path: &str,
    anchor: Value<'_>,
    text: &str,
) -> Option<Cow<'static, str>> {
    let version = walk.definitions.version();
    let name = path.rsplit('.').next().unwrap_or_default();
    let fixed = |text: &'static str| Some(Cow::Borrowed(text));
    let closest = (key == "500620").then(|| closest_profile(walk, anchor.as_str()?)).flatten();
    match key {
        "min" | "slice-min" | "fixed" if path.ends_with(".meta.profile") && place.owner().is_some_and(|owner| walk.definitions.is_own(owner)) => {
            place.owner().map(|draft| own_url(version, draft))
        }
        "min" | "slice-min" => missing(version, key, name, anchor).or_else(|| match name {
            "language" => fixed("add \"language\", the language of the narrative: \"fi\", \"sv\" or \"en\""),
            "text" if path.matches('.').count() == 1 => fixed("add \"text\": a narrative that says everything the resource says, in its language"),
            "display" => fixed("add \"display\" to the coding: the national profiles want one beside each of their codes"),
            "identifier" => fixed("add an identifier with system urn:ietf:rfc:3986 and value urn:uuid:<uuid of your own>"),
            "issued" => fixed("add \"issued\": when the entry was made, with seconds and offset, such as 2026-03-03T07:05:41.220+02:00"),
            "status" if place.parent().is_some_and(|around| around.is_resource) => fixed("add \"status\": the service stores finished entries, \"final\" or \"completed\" as the profile has it"),
            "performer" | "subject" => fixed("name the citizen: {\"reference\": \"Patient/<pseudonym>\"}"),
            "reference" => fixed("give the literal reference, Patient/<pseudonym>; an identifier or a display does not replace it"),
            _ => None,
        }),
        "primitive" if text.contains("must have a timezone") => fixed("add the offset or Z: 2026-03-03T07:05:00+02:00"),
        "primitive" if text.starts_with("Not a valid date") => fixed("write a date that is in the calendar: 2026-03-03, or 2026-03-03T07:05:00+02:00"),
        "max" | "slice-max" if text.contains("max allowed = 0") => fixed("leave the element out: the profile does not use it"),
        "max" if text.starts_with("Unrecognised property") => fixed("keep one of the two"),
        "fixed" if text.starts_with("No extensions allowed") => fixed("leave the extension out: the profile fixes the value as it is"),
        "fixed" | "pattern" if name == "system" && anchor.as_str().and_then(|system| closest_system(walk, system)).is_some() => {
            closest_system(walk, anchor.as_str()?)
        }
        "fixed" | "pattern" => wrong_value(version, path, name, anchor),
        "type" if name == "effective[x]" => fixed("this profile takes one moment, effectiveDateTime; a Period is for activities"),
        "type" if text.contains("definition allows for the type") => Some(asked_type(name, text)),
        "type" if with_point(anchor).is_some() => with_point(anchor).map(|number| Cow::Owned(format!("write the number without quotation marks and with a decimal point: {number}"))),
        "type" if matches!(anchor.kind(), Kind::String) && is_number(anchor) => fixed("write the number without quotation marks"),
        "type" if text.starts_with("This property must be an Array") => {
            fixed("the element repeats in this FHIR version: write it as a list, [ ... ], even for one")
        }
        "type" if text.ends_with("must be an object") => fixed("write an object, { ... }, with the element's own properties"),
        "type" if matches!(anchor.kind(), Kind::Number | Kind::Boolean) => fixed("write the value in quotation marks"),
        "type" if anchor.kind() == Kind::Array => fixed("write the value itself, without the brackets of a list"),
        "unknown" => {
            renamed_element(version, place, name).or_else(|| closest_element(walk, path.rsplit_once('.')?.0, name))
        }
        "code" if unit_of(anchor).is_some() => unit_of(anchor).map(Cow::Owned),
        "code" if anchor.get("system").and_then(Value::as_str) == Some("http://unitsofmeasure.org") => {
            fixed("write a UCUM code, case-sensitive: [iU] or U for insulin units, mm[Hg], mmol/L, Cel, /min")
        }
        "system" if text.starts_with("Code System URI") => renamed_system(version, anchor)
            .or_else(|| closest_system(walk, anchor.get("system")?.as_str()?))
            .or(fixed("check the spelling of the system; a system of your own is fine, but its codes are not judged")),
        "system" if anchor.get("system").and_then(Value::as_str).and_then(|system| closest_system(walk, system)).is_some() => {
            closest_system(walk, anchor.get("system")?.as_str()?)
        }
        "system" => fixed("write the system's full URI, such as http://loinc.org or urn:oid:1.2.246.537.6.55"),
        "binding" if path.matches('.').count() == 1 && name == "language" => fixed("write the language alone: \"fi\", \"sv\" or \"en\""),
        "code" if text.starts_with("Unknown code") && renamed_system(version, anchor).is_none() => fixed("use a code that its system has: mind spelling and case"),
        "code-beside" => fixed("leave this coding out: beside a code of the value set the engine wants every coding whose system it holds to be in the value set, too"),
        "ele-1" => fixed("give the value, or an extension that says why there is none, such as data-absent-reason; or leave the element out"),
        "binding" | "code" => renamed_system(version, anchor),
        "identifier" => fixed("write the value as urn:uuid:<uuid>, or use a system of your own"),
        "narrative" if text.contains("unknown entity") => fixed("XHTML has no named entities of HTML such as &nbsp; write the character itself or its number, &#160;"),
        "narrative" => fixed("keep to plain XHTML: <div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"fi\" xml:lang=\"fi\">...</div>, every element closed, no scripts or event handlers"),
        "reference" if text.starts_with("Unable to resolve resource '#") => fixed("there is no contained resource with this id: contain it, or refer to one on the server"),
        "reference" if text.contains("aggregation mode") => fixed("the profile wants the resource on the server, not contained: refer to it as Patient/<pseudonym>"),
        "reference" => fixed("write a literal reference such as Patient/<pseudonym>, to a resource on the same server, of a type that the profile allows here"),
        "item-unknown" | "item-link" => fixed("use the linkId of the question as the Questionnaire has it"),
        "item-misplaced" | "item-nesting" => fixed("nest as the Questionnaire does: items of a group in item, items below a question in answer.item"),
        "item-order" => fixed("list the items in the order of the questions"),
        "item-text" => fixed("leave the text out, or repeat the question word for word"),
        "item-required" => fixed("answer the question; while the answers are incomplete the status is in-progress"),
        "item-repeats" => fixed("the question takes one answer: keep one"),
        "item-type" => fixed("use the type the question asks for: its name ends the name of the property, as in valueInteger"),
        "item-option" if text.contains("is not") => fixed("choose one of the answers the question offers, with the same system and code"),
        "item-disabled" => fixed("leave the answer out: its condition (enableWhen) does not hold for the other answers"),
        "item-display" => fixed("leave the answer out: the service stores it, but nobody was asked"),
        "item-length" => fixed("shorten the answer: the service stores it, but other software may cut or refuse it"),
        "condition" => fixed("ask about the linkId of a question that comes before"),
        "duplicate" => fixed("say each security label once"),
        "slice-unknowable" => fixed("name the profile for the content alone: the engine cannot judge by one of the bases, even beside a profile derived from it"),
        "white-space" => fixed("give the value, or leave the element out: the engine stores this without judging it"),
        "passed-over" => fixed("leave it out: nothing of it is read"),
        "id" => fixed("give the contained resource an id, and refer to it by #id"),
        "empty" if text.contains("array item") => fixed("leave the null out of the list"),
        "empty" => fixed("leave the property out when it has no value"),
        "language" if text.contains("differ") => fixed("say the same language in language and on the div, in both ways: lang=\"fi\" xml:lang=\"fi\""),
        "language" => fixed("say the language on the div in both ways: lang=\"fi\" xml:lang=\"fi\""),
        "504320" => Some(Cow::Owned(format!(
            "this profile is of the other FHIR version: send the resource to {}, or name this version's profile",
            other(version).base_segment()
        ))),
        "500620" if anchor.as_str().is_some_and(|url| url.contains('|')) => {
            fixed("write the canonical URL without |version: the service looks for it as it is written")
        }
        "500620" if anchor.as_str().is_some_and(|url| is_extra(version, url)) => fixed("this profile is not in the published package: the setting profiles.extras = true adds it, as does validate --extras"),
        "500620" if anchor.as_str().is_some_and(|url| url.starts_with("http://hl7.org/fhir/")) => {
            instead_of_hl7(walk.definitions, anchor.as_str()?)
        }
        "500620" if closest.is_some() => closest,
        "500620" => fixed("name a profile the service has; check the spelling of the canonical URL"),
        "profile" if text.contains("is a base profile") => derived_from(walk.definitions, anchor.as_str()?),
        "profile" if anchor.as_str().is_some() => fixed("name the national profile alone in meta.profile"),
        "profile" => fixed("add meta.profile with the canonical URL of the national profile"),
        "PHR-2" | "PHR-3" => fixed("a glucometer reading carries both codes, 15074-8 and 14743-9; a sensor reading carries 14745-4"),
        _ => None,
    }
}

/// The national profiles fix `meta.profile` to their own URL, and whatever derives from them inherits that.
fn own_url(version: Version, draft: &Structure) -> Cow<'static, str> {
    let fixed = if version == Version::R4 { "fixedCanonical" } else { "fixedUri" };
    Cow::Owned(format!(
        "the base of this draft wants its own URL here: give the draft's differential the element \
         {}.meta.profile:fiphrProfile with {fixed} {}",
        draft.type_name, draft.url
    ))
}

fn other(version: Version) -> Version {
    match version {
        Version::Stu3 => Version::R4,
        Version::R4 => Version::Stu3,
    }
}

/// A slice that is missing because its system is the other version's.
fn missing(version: Version, key: &str, name: &str, object: Value<'_>) -> Option<Cow<'static, str>> {
    if key != "slice-min" {
        return None;
    }
    let member = object.get(name).unwrap_or(object);
    let found = member.each().chain(object.each()).find_map(|value| {
        let codings = value.get("coding").map_or(value, |codings| codings);
        codings.each().find_map(|coding| renamed(version, coding.get("system")?.as_str()?))
    });
    found.or(match name {
        "category" => Some(Cow::Borrowed("add the category the profile asks for, with its system and code")),
        "coding" => Some(Cow::Borrowed("add the coding the profile asks for, with system, code and display")),
        _ => None,
    })
}

fn renamed_system(version: Version, value: Value<'_>) -> Option<Cow<'static, str>> {
    let codings = value.get("coding").unwrap_or(value);
    codings.each().find_map(|coding| renamed(version, coding.get("system")?.as_str()?))
}

fn renamed(version: Version, system: &str) -> Option<Cow<'static, str>> {
    let (wrong, right) = match version {
        Version::R4 => RENAMED_SYSTEMS.iter().find(|(stu3, _)| *stu3 == system).map(|(stu3, r4)| (stu3, r4))?,
        Version::Stu3 => RENAMED_SYSTEMS.iter().find(|(_, r4)| *r4 == system).map(|(stu3, r4)| (r4, stu3))?,
    };
    let (theirs, ours) = match version {
        Version::R4 => ("STU3", "baseR4"),
        Version::Stu3 => ("R4", "baseStu3"),
    };
    Some(Cow::Owned(format!("the system {wrong} is the {theirs} one; {ours} wants {right}")))
}

fn renamed_element(version: Version, place: &Place<'_>, name: &str) -> Option<Cow<'static, str>> {
    let around = place.parent()?;
    let path = around.element_path();
    let of_type = |entry: &&(&str, &str, &str)| entry.0 == path;
    let text = match version {
        Version::R4 => {
            let (_, stu3, r4) = RENAMED_ELEMENTS.iter().filter(of_type).find(|(_, stu3, _)| *stu3 == name)?;
            format!("{stu3} is an element of STU3; in R4 it is {r4}")
        }
        Version::Stu3 => {
            let (_, stu3, r4) = RENAMED_ELEMENTS.iter().filter(of_type).find(|(_, _, r4)| *r4 == name)?;
            format!("{r4} is an element of R4; in STU3 it is {stu3}")
        }
    };
    Some(Cow::Owned(text))
}

fn wrong_value(version: Version, path: &str, name: &str, value: Value<'_>) -> Option<Cow<'static, str>> {
    let text = match name {
        "unit" | "code" if path.contains("value[x]") && spelled_unit(value.as_str()?).is_some() => {
            let right = spelled_unit(value.as_str()?)?;
            return Some(Cow::Owned(format!(
                "the UCUM code is written {right}; unit and code are fixed by the profile, letter by letter"
            )));
        }
        "unit" => "the profile fixes the unit as it is shown, letter by letter: send the value in this unit",
        "code" if path.contains("value[x]") => {
            "UCUM codes are case-sensitive and fixed by the profile: mmol/L, kg, mm[Hg]; convert the value if it is in another unit"
        }
        "status" => "the service stores finished entries only; correct one with PUT, withdraw it with DELETE",
        "system" => return value.as_str().and_then(|system| renamed(version, system)),
        _ => return None,
    };
    Some(Cow::Borrowed(text))
}

/// Units as people write them, and their UCUM codes.
const SPELLED_UNITS: [(&str, &str); 16] = [
    ("mmhg", "mm[Hg]"),
    ("mm hg", "mm[Hg]"),
    ("beats/min", "/min"),
    ("bpm", "/min"),
    ("1/min", "/min"),
    ("kilo", "kg"),
    ("kilogram", "kg"),
    ("kgs", "kg"),
    ("iu", "[iU]"),
    ("unit", "[iU] or U"),
    ("celsius", "Cel"),
    ("\u{b0}c", "Cel"),
    ("c", "Cel"),
    ("mmol/l", "mmol/L"),
    ("steps", "{steps}"),
    ("kcals", "kcal"),
];

/// The code a unit was meant to be, when it is one of the usual misspellings.
fn spelled_unit(unit: &str) -> Option<&'static str> {
    let lowered = unit.trim().to_lowercase();
    let (_, right) = SPELLED_UNITS.iter().find(|(wrong, _)| *wrong == lowered)?;
    (*right != unit).then_some(*right)
}

/// A hint about the code of a quantity that is no unit.
fn unit_of(quantity: Value<'_>) -> Option<String> {
    let is_ucum = quantity.get("system").and_then(Value::as_str) == Some("http://unitsofmeasure.org");
    let code = quantity.get("code").filter(|_| is_ucum)?.as_str()?;
    spelled_unit(code).map(|right| {
        format!("write the UCUM code {right}: codes are case-sensitive, customary units stand in brackets")
    })
}

/// The property to use for the type that a profile asks for: `valueUnsignedInt` for `value[x]`.
fn asked_type(name: &str, text: &str) -> Cow<'static, str> {
    let asked = text.split("definition allows for the type ").nth(1).and_then(|rest| rest.split(" but found").next());
    let stem = name.strip_suffix("[x]");
    match (stem, asked.filter(|asked| !asked.contains(',') && asked.is_ascii() && !asked.is_empty())) {
        (Some(stem), Some(asked)) => {
            let (first, rest) = asked.split_at(1);
            Cow::Owned(format!("use the type the profile asks for: {stem}{}{rest}", first.to_ascii_uppercase()))
        }
        _ => Cow::Borrowed(
            "use the type the profile asks for: its name ends the name of the property, as in valueQuantity",
        ),
    }
}

/// A number as Finns write it, with a decimal comma: the same with a point.
fn with_point(value: Value<'_>) -> Option<String> {
    let text = value.as_str().filter(|text| text.len() < 40)?;
    let number = text.trim().replace(',', ".");
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    (text.contains(',') && is_plain && number.parse::<f64>().is_ok()).then(|| number.trim_start_matches('+').to_owned())
}

fn is_number(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.parse::<f64>().is_ok())
}
