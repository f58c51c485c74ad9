//! Masking: secrets, tokens, codes and personal identity codes leave the journal and the logs only when asked for.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What stands in place of a masked value.
const MASK: &str = "***";

/// Names of form fields, query parameters and JSON members whose values are masked.
const SECRET_NAMES: &str = "access_token|refresh_token|id_token|client_secret|registration_access_token|code|code_verifier|\
    client_assertion|assertion|password|csrf|user|user_id|personal_identity_code|citizen_code|pkcs12|pkcs12_password|key|token";

/// Headers whose values are masked whole.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

static PARAMETER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"(?P<name>(?:^|[?&\s]|%26|%3[fF])(?:{SECRET_NAMES})(?:=|%3[dD]))(?P<value>[^&\s#]*)")).ok()
});
static MEMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r#"(?P<name>"(?:{SECRET_NAMES})"\s*:\s*")(?P<value>(?:[^"\\]|\\.)*)"#)).ok());
/// Personal identity codes wherever they stand: birth date, century sign (also percent-encoded), individual number, check character.
static IDENTITY_CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?P<name>\b\d{6}(?:[-+YXWVUABCDEFyxwvuabcdef]|%2[bB]))(?P<value>\d{3}[0-9A-Ya-y])\b").ok()
});

/// `text` (a body, a form, a log line) with secrets and personal identity codes masked.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    for pattern in [&PARAMETER, &MEMBER, &IDENTITY_CODE] {
        let Some(pattern) = &**pattern else { continue };
        let replaced = pattern.replace_all(&masked, |found: &Captures<'_>| {
            // An OAuth error has no secret in its code, and `"code":"mmol/L"` of a unit is no authorization code.
            let harmless = found["name"].contains("\"code\"") || found["value"].is_empty();
            if harmless { found[0].to_owned() } else { format!("{}{MASK}", &found["name"]) }
        });
        if let Cow::Owned(replaced) = replaced {
            masked = Cow::Owned(replaced);
        }
    }
    masked
}

/// A URL with the secrets of its query masked. FHIR's own `code` search parameter is no secret and stays.
pub fn mask_url(url: &str) -> Cow<'_, str> {
    if url.contains("/phr-resourceserver/") {
        return match &*IDENTITY_CODE {
            Some(pattern) => pattern.replace_all(url, format!("${{name}}{MASK}")),
            None => Cow::Borrowed(url),
        };
    }
    mask_text(url)
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
}
