//! Proof keys for code exchange (RFC 7636).

use super::keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What an authorization request commits the redeemer of its code to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// `code_challenge`.
    pub value: String,
    /// `code_challenge_method`.
    pub method: ChallengeMethod,
}

/// How challenge and verifier belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeMethod {
    /// They are equal; upstream's default when no method is named.
    #[serde(rename = "plain")]
    Plain,
    /// The challenge is the verifier's SHA-256 in base64url.
    S256,
}

/// Whether a text has the form of a verifier or a challenge: 43 to 128 unreserved characters (RFC 7636, sections 4.1 and
/// 4.2).
pub(super) fn is_proof_key(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

impl ChallengeMethod {
    /// Reads `code_challenge_method`.
    pub fn parse(word: &str) -> Option<ChallengeMethod> {
        match word {
            "plain" => Some(ChallengeMethod::Plain),
            "S256" => Some(ChallengeMethod::S256),
            _ => None,
        }
    }
}

impl Challenge {
    /// Whether `verifier` is the one committed to.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let transformed = match self.method {
            ChallengeMethod::Plain => verifier.to_owned(),
            ChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(keys::sha256(verifier.as_bytes())),
        };
        bool::from(transformed.as_bytes().ct_eq(self.value.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_holds() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let value = String::from("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let challenge = Challenge { value: value.clone(), method: ChallengeMethod::S256 };
        assert!(challenge.is_met_by(verifier));
        assert!(!challenge.is_met_by(&value));
        assert!(Challenge { method: ChallengeMethod::Plain, ..challenge }.is_met_by(&value));
    }
}
