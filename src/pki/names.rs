//! What may stand in a certificate: OIDs, common names, host names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not an object identifier.
    #[error("{0:?} is not an OID: numbers joined by dots, such as 1.2.246.10.1234567.10.1, at most {max} characters", max = Oid::MAX)]
    Oid(String),
    /// Nothing, or only spaces.
    #[error("the common name is empty")]
    Empty,
    /// Longer than X.520 allows.
    #[error("the common name has {0} characters, and at most {MAX_COMMON_NAME} are allowed")]
    TooLong(usize),
    /// A line break, a NUL, a direction mark or the like.
    #[error("the common name holds the control character U+{:04X}", u32::from(*.0))]
    ControlCharacter(char),
    /// An address where a name is wanted.
    #[error("the common name {0} is an IP address: application certificates are issued for host names")]
    Address(String),
    /// Neither a host name nor an address.
    #[error("{0:?} is neither a host name nor an IP address")]
    Host(String),
}

/// The upper bound of X.520 for a common name, in characters.
const MAX_COMMON_NAME: usize = 64;

/// An object identifier in dotted form, such as `1.2.246.10.1234567.10.1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(String);

impl Oid {
    /// The longest OID, in characters: the upper bound of X.520 for a Subject serialNumber.
    pub const MAX: usize = 64;

    /// Reads an OID: at least two arcs, no leading zeros, the first at most 2, and the second at most 39 under 0 and 1.
    pub fn parse(text: &str) -> Result<Oid, NameError> {
        if is_oid(text) { Ok(Oid(text.to_owned())) } else { Err(NameError::Oid(text.chars().take(80).collect())) }
    }

    /// The dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The OID in a Subject serialNumber: alone, or behind a prefix such as `urn:oid:`, or as its one part that is an
    /// OID of at least four arcs (fewer are taken for a version or a number).
    pub(super) fn find(serial_number: &str) -> Option<Oid> {
        let text = serial_number.trim();
        if let Ok(oid) = Oid::parse(text) {
            return Some(oid);
        }
        const PREFIXES: [&str; 4] = ["urn:oid:", "oid:", "oid.", "oid="];
        let behind = PREFIXES.iter().find_map(|prefix| {
            let head = text.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| text[prefix.len()..].trim())
        });
        if let Some(oid) = behind.and_then(|text| Oid::parse(text).ok()) {
            return Some(oid);
        }
        let mut parts = text.split(|character: char| !character.is_ascii_digit() && character != '.');
        let candidates: Vec<&str> =
            parts.by_ref().filter(|part| is_oid(part) && part.split('.').count() >= 4).collect();
        match candidates[..] {
            [one] => Oid::parse(one).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Oid {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Oid, NameError> {
        Oid::parse(text)
    }
}

fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    let is_number = |arc: &&str| {
        !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc.len() == 1 || !arc.starts_with('0'))
    };
    let [first, second, ..] = arcs[..] else { return false };
    text.len() <= Oid::MAX
        && arcs.iter().all(is_number)
        && match first {
            "0" | "1" => second.parse::<u8>().is_ok_and(|second| second <= 39),
            "2" => true,
            _ => false,
        }
}

/// A common name that may stand in a certificate.
pub(super) fn common_name(text: &str) -> Result<&str, NameError> {
    if text.trim().is_empty() {
        return Err(NameError::Empty);
    }
    // Direction marks would let a name show as another one on the pages.
    let is_hidden = |character: &char| {
        character.is_control()
            || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    if let Some(character) = text.chars().find(is_hidden) {
        return Err(NameError::ControlCharacter(character));
    }
    match text.chars().count() {
        length if length > MAX_COMMON_NAME => Err(NameError::TooLong(length)),
        _ => Ok(text),
    }
}

/// A name or an address of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A DNS name in lower case; may begin with `*.`.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Host {
    /// Reads a DNS name of letters, digits and hyphens (also with `*.` in front), or an IP address.
    pub(super) fn parse(text: &str) -> Result<Host, NameError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Host::Address(address));
        }
        let name = text.to_ascii_lowercase();
        let labels = name.strip_prefix("*.").unwrap_or(&name);
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                // Underscores are no part of host names, but of the names compose gives to its services.
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A last label of digits would be a mistyped address.
        let is_name = name.len() <= 253
            && labels.split('.').all(is_label)
            && !labels.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if is_name { Ok(Host::Name(name)) } else { Err(NameError::Host(text.chars().take(80).collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_have_a_grammar() {
        for good in ["1.2.246.10.1234567.10.1", "0.39", "2.999", "2.25.329800735698586629295641978511506172918"] {
            assert_eq!(Oid::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "1", "1.", ".1", "1..2", "3.1", "1.40", "1.02", "1.2.a", "urn:oid:1.2", "1.2\n", "1.-2"] {
            assert!(Oid::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Oid::parse(&format!("1.2.{}", "9".repeat(61))).is_err());
        assert!(Oid::parse(&format!("1.2.{}", "9".repeat(60))).is_ok());
    }

    #[test]
    fn an_oid_is_found_behind_a_prefix() {
        let found = |text| Oid::find(text).map(|oid| oid.0);
        let oid = Some("1.2.246.10.1234567.10.1".to_owned());
        for text in [
            "1.2.246.10.1234567.10.1",
            " 1.2.246.10.1234567.10.1 ",
            "urn:oid:1.2.246.10.1234567.10.1",
            "URN:OID:1.2.246.10.1234567.10.1",
            "OID.1.2.246.10.1234567.10.1",
            "OID: 1.2.246.10.1234567.10.1",
            "FI:1.2.246.10.1234567.10.1",
            "app-7/1.2.246.10.1234567.10.1",
        ] {
            assert_eq!(found(text), oid, "{text}");
        }
        for text in ["", "1234567-8", "version 1.2.3", "1.2.3.4 and 1.2.3.5", "urn:oid:x", "ä"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn common_names_are_bounded() {
        assert_eq!(common_name("Painopäiväkirja Oy"), Ok("Painopäiväkirja Oy"));
        assert_eq!(common_name(" "), Err(NameError::Empty));
        assert_eq!(common_name("a\nb"), Err(NameError::ControlCharacter('\n')));
        assert_eq!(common_name("a\u{202E}b"), Err(NameError::ControlCharacter('\u{202E}')));
        assert!(common_name(&"ä".repeat(64)).is_ok());
        assert_eq!(common_name(&"ä".repeat(65)), Err(NameError::TooLong(65)));
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        assert_eq!(Host::parse("App.Example.FI"), Ok(Host::Name("app.example.fi".into())));
        assert_eq!(Host::parse("*.localhost"), Ok(Host::Name("*.localhost".into())));
        assert_eq!(Host::parse("[::1]"), Ok(Host::Address("::1".parse().unwrap())));
        for bad in ["", "a b", "-a", "a.", "*.", "a.*.b", "1.2.3", "1.2.3.4.5", "ä.fi", "a/b", &"a".repeat(64)] {
            assert!(Host::parse(bad).is_err(), "{bad:?}");
        }
    }
}
