//! Signed tokens: RS256 with an embedded, public test key (`keys/README.md`), and the unsigned form of refresh tokens.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use std::sync::LazyLock;

/// The id of the key that signs (authorization-server.md §1).
pub(super) const SIGNING_KEY_ID: &str = "rsa1";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| {
    KeyPair::from_pkcs8(include_bytes!("../../keys/rsa1.pk8")).expect("the embedded key is whole: a test signs with it")
});

/// The set of public keys, as the JSON of `jwk`.
pub fn key_set() -> String {
    let rsa1 = include_str!("../../keys/rsa1.jwk.json");
    format!("{{\"keys\":[{}]}}", rsa1.trim_end())
}

/// A JWT signed with RS256.
pub(super) fn signed(claims: &impl Serialize) -> String {
    /// In upstream's order.
    #[derive(Serialize)]
    struct Header {
        kid: &'static str,
        alg: &'static str,
    }
    let mut token = unfinished(&Header { kid: SIGNING_KEY_ID, alg: "RS256" }, claims);
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .expect("a whole RSA key signs a message of any length");
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The claims of a JWT that [`signed`] made, whatever they say of its time; none for any other text.
pub(super) fn claims_of(token: &str) -> Option<serde_json::Value> {
    let (message, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key());
    key.verify(message.as_bytes(), &signature).ok()?;
    let (_, claims) = message.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// A JWT with `alg` none and an empty signature.
pub(super) fn unsigned(claims: &impl Serialize) -> String {
    let mut token = unfinished(&serde_json::json!({ "alg": "none" }), claims);
    token.push('.');
    token
}

/// Header and claims, each in base64url.
fn unfinished(header: &impl Serialize, claims: &impl Serialize) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(super::encode(header));
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(super::encode(claims), &mut token);
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::RsaPublicKeyComponents;

    #[test]
    fn the_published_key_verifies_what_the_embedded_one_signs() {
        let token = signed(&serde_json::json!({ "sub": "x" }));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let set: serde_json::Value = serde_json::from_str(&key_set()).unwrap();
        let part = |name: &str| URL_SAFE_NO_PAD.decode(set["keys"][0][name].as_str().unwrap()).unwrap();
        let key = RsaPublicKeyComponents { n: part("n"), e: part("e") };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        key.verify(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).unwrap();
        assert_eq!(set["keys"][0]["kid"], SIGNING_KEY_ID);
        assert_eq!(claims_of(&token).unwrap()["sub"], "x");
        let signature = token.rsplit_once('.').unwrap().1;
        let (head, claims) = message.split_once('.').unwrap();
        for other in [format!("{head}.{claims}A.{signature}"), format!("{message}."), unsigned(&"x"), "x".into()] {
            assert_eq!(claims_of(&other), None, "{other}");
        }
    }

    #[test]
    fn the_unsigned_form_ends_with_a_dot() {
        assert_eq!(unsigned(&serde_json::json!({ "jti": "1" })), "eyJhbGciOiJub25lIn0.eyJqdGkiOiIxIn0.");
    }
}
