//! `If-None-Exist`: only one `identifier` is a condition (recorded 2019; resource-server.md §5, §11).

use super::Refusal;
use crate::fhir::search::{System, Token};

/// The condition of a conditional create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// As it was sent.
    pub text: String,
    pub identifier: Token,
    /// The value alone: what the index is read by.
    pub value: String,
}

impl Condition {
    /// Reads `identifier=value` or `identifier=system|value`.
    pub fn parse(text: &str) -> Result<Condition, Refusal> {
        let text = text.trim();
        let value = text.strip_prefix("identifier=").filter(|value| !value.contains('&'));
        let value = value.ok_or(Refusal::OnlyIdentifier)?;
        // Clients send the value as it is or percent-encoded; a + stays a + (identifiers are no forms).
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8().map_err(|_| Refusal::OnlyIdentifier)?;
        let identifier = Token::parse(&decoded);
        match (&identifier.code, &identifier.system) {
            (Some(value), System::Any | System::Is(_)) if !decoded.contains(',') => {
                Ok(Condition { text: text.to_owned(), value: value.clone(), identifier })
            }
            _ => Err(Refusal::OnlyIdentifier),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_identifier_is_a_condition() {
        for text in [
            "identifier=urn:uuid:1",
            " identifier=urn:ietf:rfc:3986|urn:uuid:1 ",
            "identifier=urn:ietf:rfc:3986%7Curn:uuid:1",
        ] {
            assert_eq!(Condition::parse(text).unwrap().value, "urn:uuid:1", "{text}");
        }
        for text in [
            "",
            "?identifier=1",
            "Observation?identifier=1",
            "identifier=1&patient=2",
            "identifier=",
            "identifier=s|",
            "identifier=|1",
            "identifier=1,2",
            "_id=1",
            "identifier=%ff",
        ] {
            assert_eq!(Condition::parse(text), Err(Refusal::OnlyIdentifier), "{text}");
        }
    }
}
