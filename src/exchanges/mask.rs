//! Masking: secrets, tokens, codes and personal identity codes leave the journal and the logs only when asked for.
//!
//! The text is first read into units: bytes with percent-escapes, backslash escapes and character references decoded,
//! each knowing where it stands. All rules look at units, so that no spelling of a name or a code escapes them. Every
//! rule takes time linear in the text.

mod identity;
mod unit;

use super::Headers;
use std::borrow::Cow;
use std::ops::Range;
use unit::{Escape, Unit, word_before};

/// What stands in place of a masked value.
const MASK: &str = "***";

/// Names of form fields, query parameters and JSON members whose values are masked.
const SECRET_NAMES: [&str; 28] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "registration_access_token",
    "code",
    "code_verifier",
    "device_code",
    "subject_token",
    "client_assertion",
    "assertion",
    "password",
    "csrf",
    "user",
    "user_id",
    "personal_identity_code",
    "citizen_code",
    "pkcs12",
    "pkcs12_password",
    "key",
    "token",
    "secret",
    "phr_sandbox_citizen",
    "phr_sandbox_citizen_secure",
    "phr_sandbox_developer",
    "phr_sandbox_developer_secure",
    "phr_sandbox_session",
    "phr_sandbox_session_secure",
];

/// Words of error texts behind which a code or a token is quoted.
const QUOTING: [&str; 6] = [
    "found for value ",
    "invalid refresh token: ",
    "expired refresh token: ",
    "invalid access token: ",
    "expired access token: ",
    "invalid authorization code: ",
];

/// Headers whose values are masked whole.
const SECRET_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// What is known about a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: a JSON member `code` may be a unit of measure.
    Anywhere,
    /// The token endpoint: whatever is called `code` is one, and a form's values end at `&` only.
    TokenEndpoint,
    /// The resource server: `code` is a search parameter or an element.
    Fhir,
}

/// `text` (a body, a form, a log line) with secrets and personal identity codes masked.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    mask_exchange_body("", text)
}

/// The body of a request to `url`, or of its answer. Knows more than [`mask_text`]: what `code` means there.
pub fn mask_exchange_body<'a>(url: &str, text: &'a str) -> Cow<'a, str> {
    mask(text, place_of(url))
}

/// A URL with the secrets of its query masked. FHIR's own `code` search parameter is no secret and stays.
pub fn mask_url(url: &str) -> Cow<'_, str> {
    match place_of(url) {
        Place::Fhir => mask(url, Place::Fhir),
        _ => mask(url, Place::Anywhere),
    }
}

/// Header names and values with credentials and cookies masked whole, and secrets in other values (such as a redirect's
/// code) masked in place.
pub fn mask_headers(headers: &Headers) -> Vec<(String, String)> {
    let mask = |(name, value): (&str, &[u8])| {
        let value = String::from_utf8_lossy(value);
        let value = if SECRET_HEADERS.contains(&name) {
            // The scheme of credentials helps to see what was sent.
            match value.split_once(' ') {
                Some((scheme, _)) if name.ends_with("authorization") => format!("{scheme} {MASK}"),
                _ => MASK.to_owned(),
            }
        } else {
            mask_url(&value).into_owned()
        };
        (name.to_owned(), value)
    };
    headers.iter().map(mask).collect()
}

fn place_of(url: &str) -> Place {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    if path.contains("/phr-resourceserver/") {
        Place::Fhir
    } else if path.trim_end_matches('/').ends_with("/token") {
        Place::TokenEndpoint
    } else {
        Place::Anywhere
    }
}

fn mask(text: &str, place: Place) -> Cow<'_, str> {
    let units = unit::units(text);
    let reader = Reader { units: &units, place, structured: text.trim_start().starts_with(['{', '[', '<', '"']) };
    let mut spans: Vec<Range<usize>> = Vec::new();
    reader.parameters(&mut spans);
    reader.members(&mut spans);
    reader.inputs(&mut spans);
    reader.definitions(&mut spans);
    reader.parts(&mut spans);
    reader.quotations(&mut spans);
    reader.tokens(&mut spans);
    identity::codes(&units, &mut spans);
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let (mut masked, mut done) = (String::with_capacity(text.len()), 0);
    let position = |index: usize| units.get(index).map_or(text.len(), |unit| unit.start);
    for span in spans {
        let (start, end) = (position(span.start), position(span.end));
        if start >= done {
            masked.push_str(text.get(done..start).unwrap_or_default());
            masked.push_str(MASK);
        }
        done = done.max(end);
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

/// The rules. Each adds the spans, counted in units, of what it masks.
struct Reader<'a> {
    units: &'a [Unit],
    place: Place,
    /// JSON or HTML: there a quotation mark or a tag ends a URL.
    structured: bool,
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.units.get(at).map_or(0, |unit| unit.byte)
    }

    fn until(&self, from: usize, ends: impl Fn(&Unit) -> bool) -> usize {
        self.units[from.min(self.units.len())..].iter().position(ends).map_or(self.units.len(), |length| from + length)
    }

    /// `name=value`
    fn parameters(&self, spans: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < self.units.len() {
            let sign = self.units[at];
            at += 1;
            let name = if sign.byte == b'=' { word_before(self.units, at - 1) } else { String::new() };
            if !is_secret(&name) || (self.place == Place::Fhir && name == "code") {
                continue;
            }
            let end = if self.byte(at) == b'"' && self.structured {
                at += 1;
                self.until(at, |unit| unit.byte == b'"')
            } else {
                self.until(at, |unit| self.ends_value(sign, *unit))
            };
            add(spans, at..end);
            at = end;
        }
    }

    fn ends_value(&self, sign: Unit, unit: Unit) -> bool {
        let literal = unit.escape == Escape::None;
        match unit.byte {
            // Within an encoded URL the encoded sign ends the value too; in a form it belongs to it.
            b'&' => literal || unit.escape != Escape::Percent || sign.escape == Escape::Percent,
            byte if byte.is_ascii_whitespace() => literal && (self.place != Place::TokenEndpoint || self.structured),
            b'"' | b'<' => self.structured || sign.escape == Escape::Percent,
            _ => false,
        }
    }

    /// `"name": "value"`
    fn members(&self, spans: &mut Vec<Range<usize>>) {
        let white = |at: usize| self.byte(at).is_ascii_whitespace();
        let mut at = 0;
        while at < self.units.len() {
            at += 1;
            if self.byte(at - 1) != b':' {
                continue;
            }
            // Few have more than some spaces before the colon; the bound keeps the time linear.
            let Some(quote) = (at.saturating_sub(34)..at - 1).rev().find(|before| !white(*before)) else { continue };
            let name = if self.byte(quote) == b'"' { word_before(self.units, quote) } else { String::new() };
            if !is_secret(&name) || (name == "code" && self.place != Place::TokenEndpoint) {
                continue;
            }
            let start = self.until(at, |unit| !unit.byte.is_ascii_whitespace());
            at = start;
            match self.byte(start) {
                b'"' => {
                    at = self.closing_quote(start);
                    add(spans, start + 1..at);
                }
                b'[' => {
                    at = start + 1;
                    while at < self.units.len() && self.byte(at) != b']' {
                        at = if self.byte(at) == b'"' { self.closing_quote(at) + 1 } else { at + 1 };
                    }
                    add(spans, start + 1..at.min(self.units.len()));
                }
                b'-' | b'0'..=b'9' => {
                    at = self.until(start, |unit| {
                        matches!(unit.byte, b',' | b'}' | b']') || unit.byte.is_ascii_whitespace()
                    });
                    add(spans, start..at);
                }
                _ => {}
            }
        }
    }

    /// The quotation mark that ends what `opening` begins: one no deeper escaped than it.
    fn closing_quote(&self, opening: usize) -> usize {
        let depth = self.units.get(opening).map_or(0, |unit| unit.depth);
        self.until(opening + 1, |unit| unit.byte == b'"' && unit.depth <= depth)
    }

    /// `<input name="csrf" value="…">`, in any order of the attributes.
    fn inputs(&self, spans: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < self.units.len() {
            at += 1;
            if self.byte(at - 1) != b'<' || !self.says(at, "input") {
                continue;
            }
            let (mut secret, mut value) = (false, None);
            while at < self.units.len() && !matches!(self.byte(at), b'>' | b'<') {
                at += 1;
                if self.byte(at - 1) != b'=' {
                    continue;
                }
                let attribute = word_before(self.units, at - 1);
                let quote = self.byte(at);
                let (start, end) = if matches!(quote, b'"' | b'\'') {
                    (at + 1, self.until(at + 1, |unit| unit.byte == quote && unit.escape == Escape::None))
                } else {
                    (at, self.until(at, |unit| unit.byte.is_ascii_whitespace() || unit.byte == b'>'))
                };
                match attribute.as_str() {
                    "name" => secret = is_secret(&word_before(self.units, end)),
                    "value" => value = Some(start..end),
                    _ => {}
                }
                at = if end > start || start > at { end + 1 } else { end };
            }
            if let Some(value) = value.filter(|_| secret) {
                add(spans, value);
            }
        }
    }

    /// `<dt>client_secret</dt><dd>…</dd>`, as the registration pages show it.
    fn definitions(&self, spans: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < self.units.len() {
            at += 1;
            if self.byte(at - 1) != b'<' || !self.says(at, "/dt>") {
                continue;
            }
            let secret = is_secret(&word_before(self.units, at - 1));
            at += "/dt>".len();
            if !secret || self.byte(at) != b'<' || !self.says(at + 1, "dd") {
                continue;
            }
            let start = self.until(at, |unit| unit.byte == b'>') + 1;
            at = self.until(start, |unit| unit.byte == b'<');
            add(spans, start..at);
        }
    }

    /// A part of `multipart/form-data`: its name, an empty line, the value up to the boundary.
    fn parts(&self, spans: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < self.units.len() {
            at += 1;
            if !matches!(self.byte(at - 1), b'f' | b'F') || !self.says(at - 1, "form-data") {
                continue;
            }
            let head_end = (at..self.units.len().min(at + 1000)).find(|at| {
                self.byte(*at) == b'\n'
                    && (self.byte(at + 1) == b'\n' || (self.byte(at + 1) == b'\r' && self.byte(at + 2) == b'\n'))
            });
            let Some(head_end) = head_end else { continue };
            let named = (at..head_end).find(|at| self.byte(*at) == b'=' && word_before(self.units, *at) == "name");
            let secret = named.is_some_and(|named| {
                let start = if matches!(self.byte(named + 1), b'"' | b'\'') { named + 2 } else { named + 1 };
                let end = self.until(start, |unit| matches!(unit.byte, b'"' | b'\'' | b';' | b'\r' | b'\n'));
                is_secret(&word_before(self.units, end))
            });
            at = head_end + if self.byte(head_end + 1) == b'\r' { 3 } else { 2 };
            if secret {
                let start = at;
                while at < self.units.len() && !(self.byte(at) == b'\n' && self.says(at + 1, "--")) {
                    at += 1;
                }
                let end = if at > start && self.byte(at - 1) == b'\r' { at - 1 } else { at };
                add(spans, start..end);
            }
        }
    }

    /// What an error text quotes, up to the end of the text around it.
    fn quotations(&self, spans: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < self.units.len() {
            let Some(words) = QUOTING.iter().find(|words| self.says(at, words)) else {
                at += 1;
                continue;
            };
            let start = at + words.len();
            let in_url = self.units[start - 1].escape == Escape::Percent || self.byte(start - 1) == b'+';
            at = self.until(start, |unit| match unit.byte {
                b'"' => unit.depth == 0,
                b'\n' => unit.escape == Escape::None,
                b'&' => in_url && unit.escape == Escape::None,
                _ => false,
            });
            add(spans, start..at);
        }
    }

    /// JSON Web Tokens, and what stands behind `Bearer`.
    fn tokens(&self, spans: &mut Vec<Range<usize>>) {
        let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+/".contains(&byte);
        let mut at = 0;
        while at < self.units.len() {
            if self.byte(at) == b'e' && self.byte(at + 1) == b'y' && self.byte(at + 2) == b'J' {
                let end = self.until(at, |unit| !(unit.byte.is_ascii_alphanumeric() || b"-_.".contains(&unit.byte)));
                let dots = self.units[at..end].iter().filter(|unit| unit.byte == b'.').count();
                if dots >= 1 && end - at >= 12 {
                    add(spans, at..end);
                }
                at = end;
            } else if self.says(at, "bearer ") {
                let start = at + "bearer ".len();
                let end = self.until(start, |unit| !in_token(unit.byte));
                let digits = self.units[start..end].iter().any(|unit| unit.byte.is_ascii_digit());
                if digits && end - start >= 12 {
                    add(spans, start..end);
                }
                at = end;
            } else {
                at += 1;
            }
        }
    }

    /// Whether these words, in lower case, stand here in any case; `+` may stand for a space.
    fn says(&self, at: usize, words: &str) -> bool {
        let same =
            |(unit, word): (&Unit, u8)| unit.byte.to_ascii_lowercase() == word || (word == b' ' && unit.byte == b'+');
        let Some(here) = self.units.get(at..at + words.len()) else { return false };
        here.iter().zip(words.bytes()).all(same)
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.contains(&name)
}

fn add(spans: &mut Vec<Range<usize>>, span: Range<usize>) {
    if span.start < span.end {
        spans.push(span);
    }
}

#[cfg(test)]
mod tests;
