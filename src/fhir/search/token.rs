//! Token parameters: `code`, `system|code`, `|code`, `system|`.

use super::canonical;
use crate::json::{Kind, Value};

/// Which systems a token asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// Any, or none.
    Any,
    /// No system at all (`|code`).
    Absent,
    /// This one.
    Is(String),
}

/// One value of a token parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The system asked for.
    pub system: System,
    /// The code or identifier value asked for; nothing for any (`system|`).
    pub code: Option<String>,
}

impl Token {
    /// Reads one value; `\,`, `\|`, `\$` and `\\` are escapes.
    pub fn parse(text: &str) -> Token {
        let (system, code) = match find_unescaped(text, '|') {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        let system = match system.map(unescape) {
            None => System::Any,
            Some(system) if system.is_empty() => System::Absent,
            Some(system) => System::Is(system),
        };
        Token { system, code: Some(unescape(code)).filter(|code| !code.is_empty()) }
    }

    /// Whether a coding or an identifier with this system and code is asked for.
    pub fn matches(&self, system: Option<&str>, code: Option<&str>) -> bool {
        let system_fits = match &self.system {
            System::Any => true,
            System::Absent => system.is_none(),
            System::Is(wanted) => system == Some(wanted),
        };
        system_fits && self.code.as_deref().is_none_or(|wanted| code == Some(wanted))
    }

    /// Whether an element says what is asked for: a code, a Coding, a CodeableConcept, a URL, a reference, or a list of them.
    pub fn matches_element(&self, element: Value<'_>) -> bool {
        element.each().any(|value| match value.kind() {
            Kind::String => {
                let text = value.as_str();
                self.matches(None, text) || self.matches(None, text.map(canonical))
            }
            _ => match value.get("reference").and_then(Value::as_str) {
                Some(reference) => self.matches_reference(canonical(reference)),
                None if value.get("coding").is_some() => {
                    codings(value).any(|(system, code)| self.matches(system, code))
                }
                None => {
                    let member = |name| value.get(name).and_then(Value::as_str);
                    self.matches(member("system"), member("code"))
                }
            },
        })
    }

    /// `Type/id`, or the id alone.
    fn matches_reference(&self, reference: &str) -> bool {
        self.matches(None, Some(reference)) || self.matches(None, reference.rsplit_once('/').map(|(_, id)| id))
    }

    /// Whether the elements at a path say what is asked for; an `item` has items of its own.
    pub fn matches_path(&self, resource: Value<'_>, path: &str) -> bool {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let Some(element) = resource.get(name) else { return false };
        match rest {
            None => self.matches_element(element),
            Some(rest) => element
                .each()
                .any(|value| self.matches_path(value, rest) || (name == "item" && self.matches_path(value, path))),
        }
    }
}

/// The codings of a CodeableConcept as system and code.
pub fn codings(concept: Value<'_>) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
    concept
        .get("coding")
        .into_iter()
        .flat_map(Value::items)
        .map(|coding| (coding.get("system").and_then(Value::as_str), coding.get("code").and_then(Value::as_str)))
}

/// Splits at commas that are not escaped.
pub fn split_values(text: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some(at) = find_unescaped(rest, ',') {
        values.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    values.push(rest);
    values
}

fn find_unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let found = !escaped && character == wanted;
        escaped = !escaped && character == '\\';
        found.then_some(at)
    })
}

fn unescape(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut output = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && matches!(next, ',' | '|' | '$' | '\\') => {
                output.push(next);
                characters.next();
            }
            _ => output.push(character),
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_four_forms() {
        let token = |system: System, code: Option<&str>| Token { system, code: code.map(str::to_owned) };
        assert_eq!(Token::parse("1-2"), token(System::Any, Some("1-2")));
        assert_eq!(Token::parse("http://loinc.org|1-2"), token(System::Is("http://loinc.org".into()), Some("1-2")));
        assert_eq!(Token::parse("|1-2"), token(System::Absent, Some("1-2")));
        assert_eq!(Token::parse("urn:x|"), token(System::Is("urn:x".into()), None));
        assert_eq!(Token::parse(r"a\|b\,c\\"), token(System::Any, Some(r"a|b,c\")));
        assert_eq!(split_values(r"a,b\,c,"), ["a", r"b\,c", ""]);
    }

    #[test]
    fn elements_of_every_shape_are_compared() {
        let document = crate::json::Document::parse(
            r#"{"status":"completed","category":[{"coding":[{"system":"s","code":"1"}]}],"meta":{"security":[{"code":"U"}]},
                "supportingInfo":[{"reference":"Observation/5"}],"item":[{"item":[{"code":[{"system":"q","code":"7"}]}]}],
                "questionnaire":"http://x.test/q|2"}"#,
        )
        .unwrap();
        let matches = |token: &str, path: &str| Token::parse(token).matches_path(document.root(), path);
        assert!(matches("completed", "status") && !matches("draft", "status"));
        assert!(matches("s|1", "category") && !matches("t|1", "category"));
        assert!(matches("U", "meta.security") && matches("|U", "meta.security"));
        assert!(matches("Observation/5", "supportingInfo") && matches("5", "supportingInfo"));
        assert!(matches("q|7", "item.code") && !matches("8", "item.code"));
        assert!(matches("http://x.test/q", "questionnaire") && !matches("http://x.test", "questionnaire"));
    }

    #[test]
    fn a_token_matches_by_system_and_code() {
        assert!(Token::parse("1").matches(None, Some("1")));
        assert!(Token::parse("1").matches(Some("s"), Some("1")));
        assert!(!Token::parse("|1").matches(Some("s"), Some("1")));
        assert!(Token::parse("s|").matches(Some("s"), Some("1")));
        assert!(!Token::parse("t|1").matches(Some("s"), Some("1")));
    }
}
