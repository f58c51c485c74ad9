//! The formats of primitive types, as HAPI's validator judges them.
//!
//! HAPI applies one set of rules to STU3 and R4, with hand-written checks rather than the regular expressions of the
//! specification; where the two differ, HAPI is followed. Texts are the validator's own, since clients match on them.

use super::Version;
use super::path::syntax::{Moment, Precision};
use crate::json::{Kind, Value};
use std::str::FromStr;
use uuid::Uuid;

/// The longest string, in bytes.
const LONGEST_STRING: usize = 1_048_576;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, no more.
    Information,
    /// The resource is accepted all the same.
    Warning,
    /// The resource is refused.
    Error,
}

/// What is wrong with a primitive value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The text for the caller.
    pub text: String,
}

impl Problem {
    fn error(text: impl Into<String>) -> Problem {
        Problem { severity: Severity::Error, text: text.into() }
    }

    fn information(text: impl Into<String>) -> Problem {
        Problem { severity: Severity::Information, text: text.into() }
    }

    fn warning(text: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, text: text.into() }
    }
}

/// Judges a JSON value as a primitive of the type `type_name`; a name that is no primitive type accepts everything.
///
/// `Resource.id` is to be given as `id`, though R4 types it `string`. The content of `xhtml` is not looked at here: that is
/// the [`narrative`](super::narrative) room's work.
///
/// # Errors
/// The worst thing found: an error before a warning before an information. An empty string is a warning only, because a
/// published example of the national profiles has one; HAPI makes it an error.
pub fn check(type_name: &str, value: Value<'_>, version: Version) -> Result<(), Problem> {
    let shape = match type_name {
        "boolean" => Kind::Boolean,
        "integer" | "unsignedInt" | "positiveInt" | "decimal" => Kind::Number,
        "string" | "uri" | "url" | "canonical" | "code" | "id" | "oid" | "uuid" | "date" | "dateTime" | "instant"
        | "time" | "base64Binary" | "markdown" | "xhtml" => Kind::String,
        _ => return Ok(()),
    };
    if value.kind() != shape {
        let shape = shape.as_str();
        return Err(Problem::error(format!("Error parsing JSON: the primitive value must be a {shape}")));
    }
    match shape {
        Kind::Number => number(type_name, value.source()),
        Kind::String => text(type_name, value.as_str().unwrap_or_default(), version),
        _ => Ok(()),
    }
}

fn number(type_name: &str, spelling: &str) -> Result<(), Problem> {
    if type_name == "decimal" {
        return decimal(spelling);
    }
    let Ok(value) = spelling.parse::<i32>() else {
        return Err(Problem::error(format!("The value '{spelling}' is not a valid integer")));
    };
    let least = match type_name {
        "unsignedInt" => 0,
        "positiveInt" => 1,
        _ => i32::MIN,
    };
    if value < least {
        return Err(Problem::error(format!("value is less than permitted minimum value of {least}")));
    }
    Ok(())
}

/// JSON has checked the syntax; HAPI warns about more than 18 digits or an exponent of more than four.
fn decimal(spelling: &str) -> Result<(), Problem> {
    // HAPI's reader takes it for infinity, and refuses it.
    if spelling.parse::<f64>().is_ok_and(f64::is_infinite) {
        return Err(Problem::error(format!("The value '{spelling}' is not a valid decimal")));
    }
    let (digits, exponent) = spelling.split_once(['e', 'E']).unwrap_or((spelling, ""));
    let count = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if count(digits) > 18 || count(exponent) > 4 {
        let text = format!("The value '{spelling}' is outside the range of commonly/reasonably supported decimals");
        return Err(Problem::warning(text));
    }
    Ok(())
}

fn text(type_name: &str, text: &str, version: Version) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::warning("@value cannot be empty"));
    }
    if text.chars().all(java_whitespace) {
        return Err(Problem::warning("Primitive types should not only be whitespace"));
    }
    // The specification lets a leap second through, and HAPI's reader of R4, but not that of STU3.
    let is_leap_second = version == Version::Stu3 && text.get(16..19) == Some(":60");
    match type_name {
        "dateTime" | "instant" if is_leap_second => return Err(not_a_date_time(text)),
        "string" | "markdown" => string(type_name, text)?,
        "uri" | "url" | "canonical" | "oid" | "uuid" => uri(type_name, text)?,
        "code" => code(text)?,
        "id" if !is_id(text) => return Err(Problem::error(format!("id value '{text}' is not valid"))),
        "date" => date(text)?,
        "dateTime" => date_time(text)?,
        "instant" => instant(text)?,
        "time" => time(text)?,
        "base64Binary" => base64(text)?,
        _ => {}
    }
    if type_name != "xhtml" && has_html_tags(text) {
        return Err(Problem::information(
            "The string value contains embedded HTML tags. Note that all inputs should be escaped when rendered to HTML as a \
             matter of course",
        ));
    }
    Ok(())
}

/// What HAPI takes for HTML: a tag's name and perhaps more between `<` and `>`, with another `<` somewhere behind.
fn has_html_tags(text: &str) -> bool {
    let Some((before_last, _)) = text.rsplit_once('<') else {
        return false;
    };
    before_last.split('<').skip(1).any(|segment| {
        let Some((tag, _)) = segment.split_once('>') else {
            return false;
        };
        let name = tag.split_once(|letter: char| letter.is_ascii_whitespace()).map_or(tag, |(name, _)| name);
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn string(type_name: &str, text: &str) -> Result<(), Problem> {
    if text.len() > LONGEST_STRING {
        return Err(Problem::error("value is longer than permitted maximum length of 1 MB (1048576 bytes)"));
    }
    if type_name == "string" && text != text.trim_matches(java_trimmed) {
        return Err(Problem::warning("value should not start or finish with whitespace"));
    }
    Ok(())
}

fn uri(type_name: &str, uri: &str) -> Result<(), Problem> {
    if uri.starts_with("oid:") {
        return Err(Problem::error("URI values cannot start with oid:"));
    }
    if uri.starts_with("uuid:") {
        return Err(Problem::error("URI values cannot start with uuid:"));
    }
    // The engine looks for spaces, and for white space at the ends: a tab or line break within goes through.
    if uri.contains(' ') || uri.trim_matches(|letter| letter <= ' ') != uri {
        return Err(Problem::error(format!("URI values cannot have whitespace('{uri}')")));
    }
    let (oid, uuid) = (uri.strip_prefix("urn:oid:"), uri.strip_prefix("urn:uuid:"));
    if type_name == "oid" && oid.is_none() {
        return Err(Problem::error("OIDs must start with urn:oid:"));
    }
    if type_name == "uuid" && uuid.is_none() {
        return Err(Problem::error("UUIDs must start with urn:uuid:"));
    }
    // HAPI looks closer only where the type says so.
    if type_name == "oid" && oid.is_some_and(|oid| !is_oid(oid)) {
        return Err(Problem::error("OIDs must be valid"));
    }
    if let Some(uuid) = uuid.filter(|uuid| type_name == "uuid" && !is_uuid(uuid)) {
        return Err(Problem::error(format!("UUIDs must be valid (Invalid UUID string: {uuid})")));
    }
    Ok(())
}

/// Digits in groups, the first of which is 0, 1 or 2; no group has a leading zero.
fn is_oid(oid: &str) -> bool {
    let group = |group: &str| {
        !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_digit())
            && (group == "0" || !group.starts_with('0'))
    };
    matches!(oid.split('.').next(), Some("0" | "1" | "2")) && oid.contains('.') && oid.split('.').all(group)
}

/// The hyphenated form alone; other notations of a UUID are none in a URN.
fn is_uuid(uuid: &str) -> bool {
    uuid.len() == 36 && Uuid::from_str(uuid).is_ok()
}

/// No white space at the ends, and within only single spaces.
fn code(code: &str) -> Result<(), Problem> {
    let is_valid = code == code.trim_matches(java_trimmed)
        && !code.contains("  ")
        && !code.contains(|letter| letter != ' ' && java_whitespace(letter));
    if is_valid { Ok(()) } else { Err(Problem::error(format!("The code '{code}' is not valid (whitespace rules)"))) }
}

/// Whether a text is an id: 1 to 64 letters, digits, hyphens and points.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn date(text: &str) -> Result<(), Problem> {
    match Moment::date(text) {
        Some(moment) if moment.year() > 0 => reasonable(&moment, text),
        _ => Err(Problem::error(format!("Not a valid date ({})", invalid_format(text)))),
    }
}

fn date_time(text: &str) -> Result<(), Problem> {
    let is_whole = |moment: &Moment| moment.year() > 0 && !text.ends_with('T');
    let Some(moment) = Moment::date_time(text).filter(is_whole) else {
        return Err(not_a_date_time(text));
    };
    match moment.precision() {
        Precision::Year | Precision::Month | Precision::Day => reasonable(&moment, text),
        Precision::Hour | Precision::Minute => Err(not_a_date_time(text)),
        Precision::Second if !moment.has_offset() => {
            Err(Problem::error("if a date has a time, it must have a timezone"))
        }
        Precision::Second => reasonable(&moment, text),
    }
}

fn not_a_date_time(text: &str) -> Problem {
    Problem::error(format!("Not a valid date/time ({})", invalid_format(text)))
}

fn instant(text: &str) -> Result<(), Problem> {
    let complete =
        |moment: &Moment| moment.year() > 0 && moment.precision() == Precision::Second && moment.has_offset();
    match Moment::date_time(text).filter(complete) {
        Some(moment) => reasonable(&moment, text),
        None => Err(Problem::error(format!("The instant '{text}' is not valid (by regex)"))),
    }
}

fn time(text: &str) -> Result<(), Problem> {
    match Moment::time(text) {
        Some(moment) if moment.precision() == Precision::Second => Ok(()),
        _ => Err(Problem::error("Not a valid time")),
    }
}

fn invalid_format(text: &str) -> String {
    format!("Invalid date/time format: \"{text}\"")
}

/// HAPI warns about years that are likely a slip of the hand.
fn reasonable(moment: &Moment, text: &str) -> Result<(), Problem> {
    if (1800..=2100).contains(&moment.year()) {
        return Ok(());
    }
    let text = format!("The value '{text}' is outside the range of reasonable years - check for data entry error");
    Err(Problem::warning(text))
}

/// Groups of four with padding at the end; white space may stand anywhere.
fn base64(text: &str) -> Result<(), Problem> {
    let (mut letters, mut padding) = (0_usize, 0_usize);
    let mut valid = true;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => letters += 1,
            _ => valid = false,
        }
    }
    if valid && padding <= 2 && (letters + padding).is_multiple_of(4) {
        return Ok(());
    }
    let shown = if text.chars().count() < 100 { text } else { "(snip)" };
    Err(Problem::error(format!("The value '{shown}' is not a valid Base64 value")))
}

/// `Character.isWhitespace` of Java: Unicode white space without the no-break spaces, and the separators of ASCII.
fn java_whitespace(letter: char) -> bool {
    let is_no_break = matches!(letter, '\u{a0}' | '\u{85}' | '\u{2007}' | '\u{202f}');
    (letter.is_whitespace() && !is_no_break) || ('\u{1c}'..='\u{1f}').contains(&letter)
}

/// What Java's `String.trim` takes away.
fn java_trimmed(letter: char) -> bool {
    letter <= ' '
}

#[cfg(test)]
mod tests;
