//! Masking: secrets, tokens, codes and personal identity codes leave the journal and the logs only when asked for.
//!
//! The text is first read into units: bytes with percent-escapes, backslash escapes and character references decoded,
//! each knowing where it stands. All rules look at units, so that no spelling of a name or a code escapes them. Every
//! rule takes time linear in the text.

mod identity;
mod unit;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::ops::Range;
use unit::{Escape, Unit, word_before};

/// What stands in place of a masked value.
const MASK: &str = "***";

/// Names of form fields, query parameters and JSON members whose values are masked.
const SECRET_NAMES: [&str; 23] = [
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
    "phr_sandbox_session",
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
pub fn mask_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mask = |(name, value): (&HeaderName, &HeaderValue)| {
        let (name, value) = (name.as_str(), String::from_utf8_lossy(value.as_bytes()));
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
mod tests {
    use super::*;

    #[test]
    fn forms_bodies_and_urls_lose_their_secrets() {
        assert_eq!(
            mask_text("grant_type=authorization_code&code=0PinZc&client_secret=s3cret&redirect_uri=x"),
            "grant_type=authorization_code&code=***&client_secret=***&redirect_uri=x"
        );
        assert_eq!(
            mask_text(r#"{"access_token":"ey\"J","token_type":"Bearer","refresh_token": "abc"}"#),
            r#"{"access_token":"***","token_type":"Bearer","refresh_token": "***"}"#
        );
        assert_eq!(mask_url("https://app.test/cb?code=nej8YX&state=1"), "https://app.test/cb?code=***&state=1");
        assert_eq!(
            mask_url("/phr-authserver-sandbox/authorize?client_id=a&user_id=010190-900P"),
            "/phr-authserver-sandbox/authorize?client_id=a&user_id=***"
        );
    }

    #[test]
    fn identity_codes_are_masked_wherever_they_stand() {
        assert_eq!(mask_text("signed in as 010190-900P."), "signed in as 010190-***.");
        assert_eq!(mask_text(r#"{"citizen":"010115B9017"}"#), r#"{"citizen":"010115B***"}"#);
        assert_eq!(mask_text("signed_in=010101%2B9000"), "signed_in=010101%2B***");
    }

    #[test]
    fn what_is_no_secret_stays() {
        let unit = r#"{"system":"http://unitsofmeasure.org","code":"mmol/L"}"#;
        assert_eq!(mask_text(unit), unit);
        let search = "http://localhost/phr-resourceserver/baseR4/Observation?code=14743-9&patient=1";
        assert_eq!(mask_url(search), search);
    }

    #[test]
    fn credentials_and_cookies_are_masked_whole() {
        let sent = [
            ("authorization", "Bearer abc"),
            ("cookie", "session=1"),
            ("location", "http://a/cb?code=abcdef&state=2"),
            ("accept", "application/json"),
        ];
        let headers = sent
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let masked = mask_headers(&headers);
        let masked: Vec<_> = masked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            masked,
            [
                ("authorization", "Bearer ***"),
                ("cookie", "***"),
                ("location", "http://a/cb?code=***&state=2"),
                ("accept", "application/json")
            ]
        );
    }

    #[test]
    fn identity_codes_in_other_spellings() {
        for (text, masked) in [
            ("identifier=x%7C131052-308T", "identifier=x%7C131052-***"),
            ("identifier=x%20131052308T&a=1", "identifier=x%20131052***&a=1"),
            ("<input value=\"131052308T\">", "<input value=\"131052***\">"),
            ("<input value=\"13.10.1952-308T\">", "<input value=\"13.10.1952-***\">"),
            ("x_131052-308T_y", "x_131052-***_y"),
            ("abc131052-308Txyz", "abc131052-***xyz"),
            ("131052%2D308T", "131052%2D***"),
            ("131052\\u002d308T", "131052\\u002d***"),
            ("%31%331052-308T", "%31%331052-***"),
            ("131052\u{2013}308T", "131052\u{2013}***"),
            ("131052-308X", "131052-***"),
            ("131052&#45;308T", "131052&#45;***"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
        for text in
            ["1f131052-308f-4abc-8def-0123456789ab", "2026-06-01T12:00:00.250Z", "1780315200", "131052", "14743-9"]
        {
            assert_eq!(mask_text(text), text);
        }
    }

    #[test]
    fn hidden_fields_of_recorded_pages() {
        for (html, masked) in [
            (r#"<input type="hidden" name="csrf" value="a1-b">"#, r#"<input type="hidden" name="csrf" value="***">"#),
            (r#"<input value='a1-b' type=hidden name='csrf'>"#, r#"<input value='***' type=hidden name='csrf'>"#),
            (r#"<input name=csrf value=a1-b><p>b"#, r#"<input name=csrf value=***><p>b"#),
            (r#"<input name="version" value="1">"#, r#"<input name="version" value="1">"#),
            (
                r#"<a href="/authorize?a=1&#38;user_id=7&#38;b=2">x"#,
                r#"<a href="/authorize?a=1&#38;user_id=***&#38;b=2">x"#,
            ),
        ] {
            assert_eq!(mask_text(html), masked);
        }
    }

    #[test]
    fn what_error_texts_quote() {
        for (text, masked) in [
            (
                r#"{"error":"invalid_grant","error_description":"X: no authorization code found for value lmJ\"rz2"}"#,
                r#"{"error":"invalid_grant","error_description":"X: no authorization code found for value ***"}"#,
            ),
            (
                r#"Bearer error="a", error_description="Invalid refresh token: ab c""#,
                r#"Bearer error="a", error_description="Invalid refresh token: ***""#,
            ),
            ("TOKEN-REFRESH; Expired refresh token: abc", "TOKEN-REFRESH; Expired refresh token: ***"),
            (
                "http://a/cb?d=Invalid%20refresh%20token%3A%20ab&state=1",
                "http://a/cb?d=Invalid%20refresh%20token%3A%20***&state=1",
            ),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    #[test]
    fn the_token_endpoint_knows_what_a_code_is() {
        let url = "http://localhost/t/a/phr-authserver-sandbox/token?x=1";
        for (body, masked) in [
            (r#"{"code": "0PinZc","client_id":"a"}"#, r#"{"code": "***","client_id":"a"}"#),
            (r#"{"code":["a]","b"],"x":1}"#, r#"{"code":[***],"x":1}"#),
            (r#"{"code":123456}"#, r#"{"code":***}"#),
            ("client_secret=a b\"c#d&x=1", "client_secret=***&x=1"),
        ] {
            assert_eq!(mask_exchange_body(url, body), masked);
        }
        let unit = r#"{"code":"mmol/L","link":"http://a?code=1"}"#;
        assert_eq!(mask_exchange_body("http://a/phr-resourceserver/baseR4/Observation", unit), unit);
    }

    #[test]
    fn multipart_forms() {
        let part = |value: &str| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n{value}\r\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--"
            )
        };
        assert_eq!(mask_text(&part("s3\r\ncret")), part(MASK));
    }

    #[test]
    fn encoded_names() {
        for (text, masked) in [
            ("c%6Fde=abc&x=1", "c%6Fde=***&x=1"),
            ("client%5Fsecret=abc&x=1", "client%5Fsecret=***&x=1"),
            ("client%255Fsecret%253Dabc%2526x", "client%255Fsecret%253D***%2526x"),
            (r#"{"client\u005fsecret":"abc"}"#, r#"{"client\u005fsecret":"***"}"#),
            (r#"{"sent":"{\"client_secret\":\"abc\",\"x\":1}"}"#, r#"{"sent":"{\"client_secret\":\"***\",\"x\":1}"}"#),
            ("next=https%3A%2F%2Fa%3Fcode%3Dabc%26state%3D1", "next=https%3A%2F%2Fa%3Fcode%3D***%26state%3D1"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    #[test]
    fn tokens_in_fhir_queries_and_in_any_header() {
        let url = "/phr-resourceserver/baseR4/Observation?code=1&access_token=abc";
        assert_eq!(mask_url(url), "/phr-resourceserver/baseR4/Observation?code=1&access_token=***");
        assert_eq!(
            mask_url("/authorize?aud=a/phr-resourceserver/&code=b"),
            "/authorize?aud=a/phr-resourceserver/&code=***"
        );
        let headers = [("x-token", "v eyJhbGciOi.eyJzdWIiOi.c2ln-_x!"), ("x-forwarded", "Bearer abc0123456789")];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let masked = mask_headers(&headers.into_iter().collect());
        assert_eq!(masked[0].1, "v ***!");
        assert_eq!(masked[1].1, "Bearer ***");
        let challenge = "Bearer realm=\"openidconnect\", error=\"invalid_token\"";
        assert_eq!(mask_text(challenge), challenge);
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for piece in [
            "\"code\":\"",
            "code=",
            "<input name=",
            "%25",
            "\\",
            "form-data; name=",
            "eyJ",
            "131052",
            "&#",
            "\" :",
            "aaaa",
            "bearer ",
        ] {
            let text = piece.repeat(400_000 / piece.len());
            mask_exchange_body("/token", &text);
        }
    }
}
