//! Which client sends a token request: by Basic or in the form, whichever comes (authorization-server.md §2.2).

use super::parameters::Parameters;
use crate::authorization::{AuthMethod, AuthenticationError, Authorization, Client};
use crate::settings::ClientAuth;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Why no client could be authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// Nothing names a client.
    #[error(
        "name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form"
    )]
    NoClient,
    /// The `Authorization` header is something else than well-formed Basic.
    #[error("the Authorization header is not Basic base64(client_id:client_secret)")]
    MalformedBasic,
    /// The form names a client and has no secret.
    #[error("client_secret is missing: send it in the form or by Basic")]
    NoSecret,
    /// Basic and the form name two clients.
    #[error("Authorization names client {basic:?}, the form {form:?}")]
    TwoClients {
        /// The one of the header.
        basic: String,
        /// The one of the form.
        form: String,
    },
    /// `client_assertion` was sent.
    #[error("client_assertion is not served: send client_secret")]
    Assertion,
    /// The client proves itself in a way that the settings or its registration do not accept.
    #[error("client {client_id:?} must prove itself by {accepted} (setting client_auth.accept)")]
    Way {
        /// The client.
        client_id: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// The named client is not this, or its secret another.
    #[error("client {client_id:?}: {problem}")]
    Wrong {
        /// The id that was sent.
        client_id: String,
        /// What is wrong.
        problem: AuthenticationError,
    },
}

/// The client that proves itself by header or form.
pub fn authenticate(
    authorization: &Authorization,
    headers: &HeaderMap,
    form: &Parameters,
    accept: ClientAuth,
) -> Result<Client, Unauthenticated> {
    let client = prove(authorization, headers, form)?;
    let wanted = match accept {
        ClientAuth::Any => None,
        ClientAuth::Basic => Some(AuthMethod::Basic),
        ClientAuth::Post => Some(AuthMethod::Post),
        ClientAuth::Registered => authorization.auth_method(&client.client_id),
    };
    let used = if headers.contains_key(AUTHORIZATION) { AuthMethod::Basic } else { AuthMethod::Post };
    match wanted {
        Some(wanted) if wanted != used => Err(Unauthenticated::Way {
            client_id: client.client_id,
            accepted: match wanted {
                AuthMethod::Basic => "Authorization: Basic",
                AuthMethod::Post => "client_id and client_secret in the form",
            },
        }),
        _ => Ok(client),
    }
}

fn prove(authorization: &Authorization, headers: &HeaderMap, form: &Parameters) -> Result<Client, Unauthenticated> {
    if form.get("client_assertion").is_some() || form.get("client_assertion_type").is_some() {
        return Err(Unauthenticated::Assertion);
    }
    let named = form.get("client_id");
    match headers.get(AUTHORIZATION) {
        Some(header) => {
            let (id, secret) = header.to_str().ok().and_then(basic).ok_or(Unauthenticated::MalformedBasic)?;
            // RFC 6749 wants both parts form-encoded; many clients send them as they are.
            let decoded = (form_decoded(&id), form_decoded(&secret));
            let client = authorization.authenticate_client(&decoded.0, &decoded.1).or_else(|problem| {
                let as_sent = (id != decoded.0 || secret != decoded.1)
                    .then(|| authorization.authenticate_client(&id, &secret).ok())
                    .flatten();
                as_sent.ok_or(Unauthenticated::Wrong { client_id: decoded.0.clone(), problem })
            })?;
            match named {
                Some(form) if form != client.client_id => {
                    Err(Unauthenticated::TwoClients { basic: client.client_id, form: form.to_owned() })
                }
                _ => Ok(client),
            }
        }
        None => {
            let client_id = named.ok_or(Unauthenticated::NoClient)?;
            let secret = form.get("client_secret").ok_or(Unauthenticated::NoSecret)?;
            authorization
                .authenticate_client(client_id, secret)
                .map_err(|problem| Unauthenticated::Wrong { client_id: client_id.to_owned(), problem })
        }
    }
}

/// Id and secret of a Basic header, as they were sent.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::NewClient;
    use crate::settings::EmptyParameters;
    use crate::store::Store;
    use crate::time::Random;

    fn check(header: Option<&str>, form: &str) -> Result<String, Unauthenticated> {
        let room = Authorization::new(Store::in_memory());
        let new = NewClient {
            name: "Diary".into(),
            client_id: Some("app:1".into()),
            client_secret: Some("a+b%2F".into()),
            redirect_uris: vec!["https://app.example/cb".into()],
            scope: "openid".into(),
            ..NewClient::default()
        };
        room.add_client(new.clone(), &Random::seeded(1)).unwrap();
        room.add_client(NewClient { client_id: Some("plain".into()), ..new }, &Random::seeded(1)).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        let form = Parameters::parse(form.as_bytes(), EmptyParameters::Refuse).unwrap();
        authenticate(&room, &headers, &form, ClientAuth::Any).map(|client| client.client_id)
    }

    fn basic_header(credentials: &str) -> String {
        format!("Basic {}", STANDARD.encode(credentials))
    }

    #[test]
    fn basic_and_form_are_both_accepted() {
        assert_eq!(check(None, "client_id=plain&client_secret=a%2Bb%252F").as_deref(), Ok("plain"));
        assert_eq!(check(Some(&basic_header("app%3A1:a%2Bb%252F")), "").as_deref(), Ok("app:1"));
        assert_eq!(check(Some(&basic_header("plain:a+b%2F")), "client_id=plain").as_deref(), Ok("plain"), "unencoded");
        assert_eq!(
            check(Some(&basic_header("plain:a%2Bb%252F").replace("Basic", "bASIC")), "").as_deref(),
            Ok("plain")
        );
    }

    #[test]
    fn every_way_to_fail_has_a_name() {
        use Unauthenticated::*;
        assert_eq!(check(None, "a=b"), Err(NoClient));
        assert_eq!(check(None, "client_id=plain"), Err(NoSecret));
        assert_eq!(check(None, "client_assertion=x&client_id=plain"), Err(Assertion));
        for header in ["Bearer x", "Basic", "Basic !!", "Basic YWJj"] {
            assert_eq!(check(Some(header), "client_id=plain"), Err(MalformedBasic), "{header}");
        }
        let wrong = check(Some(&basic_header("plain:x")), "");
        assert_eq!(wrong, Err(Wrong { client_id: "plain".into(), problem: AuthenticationError::WrongSecret }));
        let two = check(Some(&basic_header("plain:a%2Bb%252F")), "client_id=app%3A1");
        assert_eq!(two, Err(TwoClients { basic: "plain".into(), form: "app:1".into() }));
    }
}
