//! The parameters of a query or a form: none repeated, none empty (authorization-server.md §2.1, last row).

use crate::settings::EmptyParameters;

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
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` bytes. Empty parameters are refused or left out.
    pub fn parse(bytes: &[u8], empty: EmptyParameters) -> Result<Parameters, ParameterError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        let mut known: Vec<String> = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&') {
            // One pair gives one parameter; nothing between two & gives none.
            let Some((name, value)) = form_urlencoded::parse(pair).next() else { continue };
            if percent_encoding::percent_decode(pair).decode_utf8().is_err() {
                return Err(ParameterError::NotUtf8(name.into_owned()));
            }
            // Empty ones count too: which of two was meant is anybody's guess.
            if known.iter().any(|known| *known == name) {
                return Err(ParameterError::Repeated(name.into_owned()));
            }
            known.push(name.clone().into_owned());
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
