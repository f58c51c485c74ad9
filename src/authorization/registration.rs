//! Self-service registration of clients: dynamic registration (RFC 7591) and its management with a registration access
//! token (RFC 7592), as upstream does it (authorization-server.md §2.3).

use super::clients::{Client, ClientError, ClientKind, NewClient, RedirectUriProblem, check_redirect_uri, client_of};
use super::professionals::PROFESSIONAL_GRANT_TYPE;
use super::rights::unchanged;
use super::scopes::{Scope, Scopes, scopes_of_word};
use super::{Authorization, Issuance, keys, signing};
use crate::store::{AttemptError, Batch, CommitError, View};
use crate::time::Random;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What a developer says about a client. Members that are not listed are passed over, as upstream does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RegistrationMetadata {
    /// Must be the client's on an update; nobody chooses it at first.
    pub client_id: Option<String>,
    /// The name that citizens see; the id stands in for it.
    pub client_name: Option<String>,
    /// Where codes may be sent.
    #[serde(deserialize_with = "one_or_more")]
    pub redirect_uris: Vec<String>,
    /// Scopes separated by spaces. Those that cannot be granted are left out without a word.
    pub scope: Option<String>,
    /// `authorization_code`, also when nothing is said; `refresh_token`; or that of professional applications.
    #[serde(deserialize_with = "one_or_more")]
    pub grant_types: Vec<String>,
    /// `code`.
    #[serde(deserialize_with = "one_or_more")]
    pub response_types: Vec<String>,
    /// `client_secret_basic`, also when nothing is said, or `client_secret_post`.
    pub token_endpoint_auth_method: Option<String>,
    /// Contacts shown to citizens.
    #[serde(deserialize_with = "one_or_more")]
    pub contacts: Vec<String>,
    /// A logo shown to citizens.
    pub logo_uri: Option<String>,
    /// The application's home page, shown to citizens.
    pub client_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// The OID of the application, for certificates (a member of the sandbox's own).
    pub sandbox_oid: Option<String>,
    /// What the application does, shown to citizens (a member of the sandbox's own).
    pub sandbox_description: Option<String>,
    /// The same by language, `fi`, `sv`, `en` (a member of the sandbox's own).
    pub sandbox_descriptions: Option<BTreeMap<String, String>>,
    /// Where a browser may be sent after a sign-out (OpenID Connect RP-Initiated Logout 1.0, section 3.1).
    #[serde(deserialize_with = "one_or_more")]
    pub post_logout_redirect_uris: Vec<String>,
    /// The software behind the client (RFC 7591), kept and shown.
    pub software_id: Option<String>,
    /// Its version.
    pub software_version: Option<String>,
}

impl RegistrationMetadata {
    /// RFC 7592 lets an update remove what it leaves out. A client library knows nothing of the sandbox's own members,
    /// so that leaving them out means nothing: an empty one removes.
    fn with_own_members_of(&self, before: &Client) -> RegistrationMetadata {
        let kept = |said: &Option<String>, known: &Option<String>| match said {
            Some(_) => said.clone(),
            None => known.clone(),
        };
        RegistrationMetadata {
            sandbox_oid: kept(&self.sandbox_oid, &before.oid),
            sandbox_description: kept(&self.sandbox_description, &before.description),
            sandbox_descriptions: Some(self.sandbox_descriptions.as_ref().unwrap_or(&before.descriptions).clone()),
            ..self.clone()
        }
    }
}

/// How a client is registered to prove itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// `Authorization: Basic`.
    #[default]
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// In the form.
    #[serde(rename = "client_secret_post")]
    Post,
}

/// What a self-service registration keeps beside the client itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The bearer token of the management endpoint: a signed JWT without an end.
    pub token: String,
    /// When the client was registered.
    pub issued_at: Timestamp,
    /// How the client says it proves itself.
    pub auth_method: AuthMethod,
    /// The privacy policy.
    #[serde(default)]
    pub policy_uri: Option<String>,
    /// The terms of service.
    #[serde(default)]
    pub tos_uri: Option<String>,
    /// The software.
    #[serde(default)]
    pub software_id: Option<String>,
    /// Its version.
    #[serde(default)]
    pub software_version: Option<String>,
}

/// A client with its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Its registration.
    pub registration: Registration,
    /// What was asked for as a scope and left out.
    pub left_out: Vec<String>,
}

/// Why a registration is not acceptable; the texts are upstream's where it has some.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// No redirect URI.
    #[error("Clients using a redirect-based grant type must register at least one redirect URI.")]
    RedirectUriMissing,
    /// A redirect URI has a fragment.
    #[error("Redirect URI can not have a fragment")]
    RedirectUriFragment(String),
    /// A redirect URI is not acceptable for another reason.
    #[error("Redirect URI is not allowed: {0}")]
    RedirectUri(String, RedirectUriProblem),
    /// Grant types that are unknown, or do not go together.
    #[error("Incompatible grant types requested: [{}]", .0.join(", "))]
    GrantTypes(Vec<String>),
    /// Response types that are not served.
    #[error("Incompatible response types requested: [{}] / [{}]", .grant_types.join(", "), .response_types.join(", "))]
    ResponseTypes {
        /// The grant types.
        grant_types: Vec<String>,
        /// The response types.
        response_types: Vec<String>,
    },
    /// The password grant.
    #[error("The password grant type is not allowed in dynamic registration on this server.")]
    PasswordGrant,
    /// Another way of authentication than by secret.
    #[error("Unknown authentication method")]
    AuthMethod(String),
    /// No scope is left that can be granted.
    #[error("No scope of the request can be granted")]
    ScopeEmpty,
    /// The body of an update names another client.
    #[error("the body names another client than the address")]
    OtherClient,
    /// There is no such registration.
    #[error("there is no such registration")]
    Unknown,
    /// Something else about the client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Client {
    /// The grant types it may use: they follow from its kind and from `offline_access`.
    pub fn grant_types(&self) -> Vec<&'static str> {
        match self.kind {
            ClientKind::Professional => vec![PROFESSIONAL_GRANT_TYPE],
            ClientKind::Wellbeing if self.may_refresh() => vec!["authorization_code", "refresh_token"],
            ClientKind::Wellbeing => vec!["authorization_code"],
        }
    }
}

impl Authorization {
    /// Registers a client, on a developer's list if one is signed in.
    pub fn register(
        &self,
        metadata: &RegistrationMetadata,
        developer: Option<&str>,
        issuance: &Issuance<'_>,
    ) -> Result<Registered, RegistrationError> {
        let Issuance { now, random, issuer, rules } = *issuance;
        let Judged { mut new, auth_method, left_out } = judge(metadata, rules.smart)?;
        let client_id = random.uuid().to_string();
        if new.name.trim().is_empty() {
            new.name.clone_from(&client_id);
        }
        new.client_id = Some(client_id.clone());
        let client = client_of(new, random)?;
        let registration = Registration {
            token: registration_token(&client_id, issuer, now, random.uuid()),
            issued_at: now,
            auth_method,
            policy_uri: metadata.policy_uri.clone(),
            tos_uri: metadata.tos_uri.clone(),
            software_id: metadata.software_id.clone(),
            software_version: metadata.software_version.clone(),
        };
        let mut batch = Batch::new();
        let key = keys::client(&client_id);
        batch.require_absent(key).put(key, super::encode(&client));
        batch.put(keys::registration(&client_id), super::encode(&registration));
        batch.put(keys::registration_token(&registration.token), client_id.as_bytes());
        if let Some(developer) = developer {
            batch.put(keys::owned(developer, &client_id), client_id.as_bytes());
        }
        self.store.commit(batch)?;
        Ok(Registered { client, registration, left_out })
    }

    /// Replaces what a registration says; id, secret and registration token stay, and so do members of the sandbox's own
    /// that are not named.
    pub fn update_registration(
        &self,
        client_id: &str,
        metadata: &RegistrationMetadata,
        smart: bool,
        random: &Random,
    ) -> Result<Registered, RegistrationError> {
        let key = keys::client(client_id);
        let updated = self.store.attempt(|view| {
            let Registered { client: before, registration, .. } =
                registered_in(view, client_id).ok_or(RegistrationError::Unknown)?;
            if metadata.client_id.as_deref() != Some(client_id) {
                return Err(RegistrationError::OtherClient);
            }
            let Judged { mut new, auth_method, left_out } = judge(&metadata.with_own_members_of(&before), smart)?;
            if new.name.trim().is_empty() {
                new.name.clone_from(&before.client_id);
            }
            new.client_id = Some(before.client_id);
            new.client_secret = Some(before.client_secret);
            let client = client_of(new, random)?;
            let registration = Registration {
                auth_method,
                policy_uri: metadata.policy_uri.clone(),
                tos_uri: metadata.tos_uri.clone(),
                software_id: metadata.software_id.clone(),
                software_version: metadata.software_version.clone(),
                ..registration
            };
            let mut batch = Batch::new();
            // Should the client be removed meanwhile, it must not come back.
            unchanged(&mut batch, key, view.get(&key));
            batch.put(key, super::encode(&client));
            batch.put(keys::registration(client_id), super::encode(&registration));
            Ok((batch, Registered { client, registration, left_out }))
        });
        updated.map_err(|error| match error {
            AttemptError::Refused(refused) => refused,
            AttemptError::Commit(error) => error.into(),
        })
    }

    /// A client that was registered by self-service.
    pub fn registered(&self, client_id: &str) -> Option<Registered> {
        registered_in(&self.store.view(), client_id)
    }

    /// The client that a registration access token is for.
    pub fn registration_of_token(&self, token: &str) -> Option<Registered> {
        let id = self.store.get(&keys::registration_token(token))?;
        let registered = self.registered(std::str::from_utf8(&id).ok()?)?;
        bool::from(registered.registration.token.as_bytes().ct_eq(token.as_bytes())).then_some(registered)
    }

    /// How a client is registered to prove itself; `None` for one that was not registered by self-service.
    pub fn auth_method(&self, client_id: &str) -> Option<AuthMethod> {
        let value = self.store.get(&keys::registration(client_id))?;
        super::decode::<Registration>(&value).map(|registration| registration.auth_method)
    }

    /// The clients on a developer's list, by name.
    pub fn clients_of(&self, developer: &str) -> Vec<Client> {
        let (view, prefix) = (self.store.view(), keys::owned_by(developer));
        let ids = view.prefix(prefix.as_bytes()).filter_map(|(_, value)| std::str::from_utf8(value).ok());
        let mut clients: Vec<Client> = ids.filter_map(|id| self.client(id)).collect();
        clients.sort_by(|one, other| (&one.name, &one.client_id).cmp(&(&other.name, &other.client_id)));
        clients
    }

    /// Whether a client is on a developer's list.
    pub fn is_owned(&self, developer: &str, client_id: &str) -> bool {
        self.store.get(&keys::owned(developer, client_id)).is_some()
    }

    /// Puts a client on a developer's list: they have shown its registration token.
    pub fn own(&self, developer: &str, client_id: &str) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put(keys::owned(developer, client_id), client_id.as_bytes());
        self.store.commit(batch)
    }
}

/// The client and its registration as a view has them.
fn registered_in(view: &View, client_id: &str) -> Option<Registered> {
    let client = super::decode(view.get(&keys::client(client_id))?)?;
    let registration = super::decode(view.get(&keys::registration(client_id))?)?;
    Some(Registered { client, registration, left_out: Vec::new() })
}

/// What a registration comes to.
struct Judged {
    new: NewClient,
    auth_method: AuthMethod,
    left_out: Vec<String>,
}

fn judge(metadata: &RegistrationMetadata, smart: bool) -> Result<Judged, RegistrationError> {
    let grant_types = &metadata.grant_types;
    let has = |wanted: &str| grant_types.iter().any(|each| each == wanted);
    if has("password") {
        return Err(RegistrationError::PasswordGrant);
    }
    let known =
        |each: &String| matches!(each.as_str(), "authorization_code" | "refresh_token" | PROFESSIONAL_GRANT_TYPE);
    let professional = has(PROFESSIONAL_GRANT_TYPE);
    if !grant_types.iter().all(known) || (professional && grant_types.len() > 1) {
        return Err(RegistrationError::GrantTypes(grant_types.clone()));
    }
    let served = |each: &String| matches!(each.as_str(), "code" | "code id_token");
    if !metadata.response_types.iter().all(served) {
        let response_types = metadata.response_types.clone();
        return Err(RegistrationError::ResponseTypes { grant_types: grant_types.clone(), response_types });
    }
    if metadata.redirect_uris.is_empty() && !professional {
        return Err(RegistrationError::RedirectUriMissing);
    }
    for uri in &metadata.redirect_uris {
        check_redirect_uri(uri).map_err(|problem| match problem {
            RedirectUriProblem::Fragment => RegistrationError::RedirectUriFragment(uri.clone()),
            problem => RegistrationError::RedirectUri(uri.clone(), problem),
        })?;
    }
    let auth_method = match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("client_secret_basic") => AuthMethod::Basic,
        Some("client_secret_post") => AuthMethod::Post,
        Some(other) => return Err(RegistrationError::AuthMethod(other.to_owned())),
    };
    let (mut scope, left_out) = grantable(metadata.scope.as_deref(), smart);
    if professional {
        scope = scope.reading();
    } else if has("refresh_token") {
        scope.insert(Scope::OfflineAccess);
    }
    if scope.is_empty() {
        return Err(RegistrationError::ScopeEmpty);
    }
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let new = NewClient {
        name: metadata.client_name.clone().unwrap_or_default(),
        redirect_uris: metadata.redirect_uris.clone(),
        scope: scope.to_string(),
        kind: if professional { ClientKind::Professional } else { ClientKind::Wellbeing },
        oid: said(&metadata.sandbox_oid),
        client_id: None,
        client_secret: None,
        description: said(&metadata.sandbox_description),
        descriptions: metadata.sandbox_descriptions.clone().unwrap_or_default(),
        contacts: metadata.contacts.clone(),
        logo_uri: metadata.logo_uri.clone(),
        client_uri: metadata.client_uri.clone(),
        post_logout_redirect_uris: metadata.post_logout_redirect_uris.clone(),
    };
    Ok(Judged { new, auth_method, left_out })
}

/// What of a requested scope can be granted, and what is left out. Upstream's own default scopes when nothing is asked.
fn grantable(scope: Option<&str>, smart: bool) -> (Scopes, Vec<String>) {
    let Some(scope) = scope.filter(|scope| !scope.trim().is_empty()) else {
        return ([Scope::OpenId, Scope::Profile].into_iter().collect(), Vec::new());
    };
    let (mut scopes, mut left_out) = (Scopes::default(), Vec::new());
    for word in scope.split_whitespace() {
        match scopes_of_word(word, smart) {
            Ok(each) => each.into_iter().for_each(|scope| scopes.insert(scope)),
            Err(_) => left_out.push(word.to_owned()),
        }
    }
    (scopes, left_out)
}

fn registration_token(client_id: &str, issuer: &str, now: Timestamp, id: Uuid) -> String {
    #[derive(Serialize)]
    struct Claims<'a> {
        aud: &'a str,
        iss: &'a str,
        iat: i64,
        jti: Uuid,
    }
    signing::signed(&Claims { aud: client_id, iss: issuer, iat: now.as_second(), jti: id })
}

/// Upstream takes one text for a list of one; `null` is an empty list.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        One(String),
        More(Vec<String>),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Either::One(text)) => vec![text],
        Some(Either::More(texts)) => texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::Rules;
    use crate::store::Store;

    #[test]
    fn refresh_tokens_and_offline_access_go_together() {
        let (room, random, rules) = (Authorization::new(Store::in_memory()), Random::seeded(1), Rules::default());
        let now = Timestamp::from_second(1_000).unwrap();
        let issuance = Issuance { now, random: &random, issuer: "http://as/", rules: &rules };
        let register = |text: &str| {
            let metadata: RegistrationMetadata = serde_json::from_str(text).unwrap();
            room.register(&metadata, Some("dev"), &issuance)
        };
        let made = register(
            r#"{"redirect_uris":"https://a.example/cb","grant_types":["refresh_token"],"scope":"patient/Observation.read resource-token"}"#,
        )
        .unwrap();
        assert_eq!(made.client.grant_types(), ["authorization_code", "refresh_token"]);
        assert_eq!(made.client.scope.to_string(), "patient/Observation.read offline_access");
        assert_eq!(made.left_out, ["resource-token"]);
        assert_eq!(made.client.name, made.client.client_id);
        assert_eq!(room.registration_of_token(&made.registration.token).unwrap().client, made.client);
        assert_eq!(room.clients_of("dev"), std::slice::from_ref(&made.client));
        let id = made.client.client_id;
        let update = RegistrationMetadata {
            client_id: Some(id.clone()),
            redirect_uris: vec!["https://a.example/2".into()],
            ..RegistrationMetadata::default()
        };
        let updated = room.update_registration(&id, &update, false, &random).unwrap();
        assert_eq!(updated.client.client_secret, made.client.client_secret);
        assert_eq!(updated.client.grant_types(), ["authorization_code"]);
        assert!(room.remove_client(&id).unwrap() && !room.remove_client(&id).unwrap());
        assert!(room.registration_of_token(&made.registration.token).is_none());
        assert!(room.clients_of("dev").is_empty());
    }

    #[test]
    fn what_cannot_be_served_is_not_registered() {
        let (room, random, rules) = (Authorization::new(Store::in_memory()), Random::seeded(1), Rules::default());
        let now = Timestamp::UNIX_EPOCH;
        let issuance = Issuance { now, random: &random, issuer: "http://as/", rules: &rules };
        let problem = |text: &str| {
            let metadata: RegistrationMetadata = serde_json::from_str(text).unwrap();
            let made = room.register(&metadata, None, &issuance);
            made.unwrap_err().to_string()
        };
        let uri = r#""redirect_uris":["https://a.example/cb"]"#;
        assert!(problem("{}").starts_with("Clients using a redirect-based grant type"));
        assert_eq!(problem(r#"{"redirect_uris":["https://a.example/#x"]}"#), "Redirect URI can not have a fragment");
        assert_eq!(
            problem(r#"{"redirect_uris":["javascript:alert(1)"]}"#),
            "Redirect URI is not allowed: javascript:alert(1)"
        );
        assert_eq!(
            problem(&format!("{{{uri},\"grant_types\":[\"authorization_code\",\"implicit\"]}}")),
            "Incompatible grant types requested: [authorization_code, implicit]"
        );
        assert_eq!(
            problem(&format!("{{{uri},\"token_endpoint_auth_method\":\"none\"}}")),
            "Unknown authentication method"
        );
        assert_eq!(problem(&format!("{{{uri},\"scope\":\"nonsense\"}}")), "No scope of the request can be granted");
    }
}
