//! `Sandbox-Reason: RULE-ID; text`: what every refusal adds, to name the rule and teach the fix.

use axum::http::HeaderValue;
use axum::response::Response;

/// The header's name.
pub const SANDBOX_REASON: &str = "sandbox-reason";

/// The value of the header: printable ASCII, whatever the text quotes.
pub fn reason(rule: &str, text: &str) -> HeaderValue {
    let visible = |character: char| match character {
        ' '..='~' => character,
        '\u{2010}'..='\u{2015}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201C}' | '\u{201D}' => '"',
        _ => '?',
    };
    let value: String = format!("{rule}; {text}").chars().map(visible).take(1000).collect();
    // Printable ASCII is always a header value.
    HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("SANDBOX"))
}

/// The response with the header.
pub fn with_reason(mut response: Response, rule: &str, text: &str) -> Response {
    response.headers_mut().insert(SANDBOX_REASON, reason(rule, text));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_quoted_can_break_the_header() {
        assert_eq!(reason("AUTH-X", "a\r\nb ä \u{1F980}"), "AUTH-X; a??b ? ?");
    }
}
