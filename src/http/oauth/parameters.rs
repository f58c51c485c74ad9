//! The parameters of a query or a form: none repeated, none empty (authorization-server.md §2.1, last row).

use crate::settings::EmptyParameters;
use std::collections::HashSet;

/// How many parameters a query or form may have: the largest page's form has a few dozen.
const MOST_PARAMETERS: usize = 1_000;

/// How long a query or form may be.
const LONGEST: usize = 256 << 10;

/// Parameters, each name at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Why a query or form is refused whatever its parameters mean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A parameter without a value.
    #[error("Parameter {0} has no value")]
    Empty(String),
    /// A parameter twice.
    #[error("Parameter {0} is repeated")]
    Repeated(String),
    /// A parameter that is not text.
    #[error("Parameter {0} is not UTF-8")]
    NotUtf8(String),
    /// More of them than anything here takes.
    #[error("There are more than {MOST_PARAMETERS} parameters")]
    TooMany,
    /// More bytes than anything here takes.
    #[error("The parameters are longer than {} KB", LONGEST >> 10)]
    TooLong,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` bytes. Empty parameters are refused or left out.
    ///
    /// Nobody has proven who they are when this is called, so that it must cost little whatever comes: few parameters and
    /// few bytes, each looked at once.
    pub fn parse(bytes: &[u8], empty: EmptyParameters) -> Result<Parameters, ParameterError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        let mut known = HashSet::new();
        if bytes.len() > LONGEST {
            return Err(ParameterError::TooLong);
        }
        for pair in bytes.split(|byte| *byte == b'&') {
            // One pair gives one parameter; nothing between two & gives none.
            let Some((name, value)) = form_urlencoded::parse(pair).next() else { continue };
            if percent_encoding::percent_decode(pair).decode_utf8().is_err() {
                return Err(ParameterError::NotUtf8(name.into_owned()));
            }
            // Empty ones count too: which of two was meant is anybody's guess.
            if !known.insert(name.clone()) {
                return Err(ParameterError::Repeated(name.into_owned()));
            }
            if known.len() > MOST_PARAMETERS {
                return Err(ParameterError::TooMany);
            }
            match (value.is_empty(), empty) {
                (true, EmptyParameters::Refuse) => return Err(ParameterError::Empty(name.into_owned())),
                (true, EmptyParameters::Ignore) => {}
                (false, _) => parameters.push((name.into_owned(), value.into_owned())),
            }
        }
        Ok(Parameters(parameters))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl ParameterError {
    /// The id of the rule and the fix.
    pub fn reason(&self) -> (&'static str, String) {
        match self {
            ParameterError::Empty(name) => (
                "AUTH-PARAMETER-EMPTY",
                format!(
                    "leave {name} out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)"
                ),
            ),
            ParameterError::Repeated(name) => {
                ("AUTH-PARAMETER-REPEATED", format!("send {name} once (RFC 6749, 3.1 and 3.2)"))
            }
            ParameterError::NotUtf8(name) => (
                "AUTH-PARAMETER-UTF8",
                format!("percent-encode the UTF-8 bytes of {name}; other bytes cannot be echoed"),
            ),
            ParameterError::TooMany => {
                ("AUTH-PARAMETERS-TOO-MANY", format!("send at most {MOST_PARAMETERS} parameters"))
            }
            ParameterError::TooLong => {
                ("AUTH-PARAMETERS-TOO-LONG", format!("send at most {} KB of parameters", LONGEST >> 10))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_bounds() {
        let many = |count: usize| (0..count).map(|index| format!("p{index}=1")).collect::<Vec<_>>().join("&");
        let parse = |text: &str| Parameters::parse(text.as_bytes(), EmptyParameters::Refuse).map(|_| ());
        assert_eq!(parse(&many(MOST_PARAMETERS)), Ok(()));
        assert_eq!(parse(&many(MOST_PARAMETERS + 1)), Err(ParameterError::TooMany));
        assert_eq!(parse(&many(400_000)), Err(ParameterError::TooLong));
        assert_eq!(parse(&format!("a={}", "x".repeat(LONGEST))), Err(ParameterError::TooLong));
    }

    #[test]
    fn empty_and_repeated_parameters_are_told_apart() {
        use EmptyParameters::{Ignore, Refuse};
        let parameters = Parameters::parse(b"a=1&b=x+y%26", Refuse).unwrap();
        assert_eq!((parameters.get("a"), parameters.get("b"), parameters.get("c")), (Some("1"), Some("x y&"), None));
        assert_eq!(Parameters::parse(b"a=1&b=", Refuse), Err(ParameterError::Empty("b".into())));
        assert_eq!(Parameters::parse(b"a=1&b", Refuse), Err(ParameterError::Empty("b".into())));
        assert_eq!(Parameters::parse(b"a=1&b=", Ignore).unwrap().get("b"), None);
        assert_eq!(Parameters::parse(b"a=1&a=1", Ignore), Err(ParameterError::Repeated("a".into())));
        assert_eq!(Parameters::parse(b"a=&a=1", Ignore), Err(ParameterError::Repeated("a".into())));
        assert_eq!(Parameters::parse(b"&a=1&&%61=1", Ignore), Err(ParameterError::Repeated("a".into())));
        assert_eq!(Parameters::parse(b"a=%FF", Ignore), Err(ParameterError::NotUtf8("a".into())));
        assert_eq!(Parameters::parse(b"a=%C3%A4", Ignore).unwrap().get("a"), Some("\u{e4}"));
    }
}
