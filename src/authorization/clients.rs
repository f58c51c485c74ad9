//! OAuth client registrations: what may be registered, and who proves to be which client.

use super::keys;
use super::scopes::{Scope, ScopeProblem, Scopes};
use crate::store::{Batch, CommitError};
use crate::time::Random;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use subtle::ConstantTimeEq;

/// A registered client. The secret is kept as it is: it opens nothing but this sandbox, and developers need to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id, a UUID unless another was given.
    pub client_id: String,
    /// Its secret, 86 characters of base64url unless another was given.
    pub client_secret: String,
    /// The name that citizens see.
    pub name: String,
    /// Where codes may be sent; matched as exact strings.
    pub redirect_uris: Vec<String>,
    /// What it may ask for.
    pub scope: Scopes,
    /// For citizens or for professionals.
    #[serde(default)]
    pub kind: ClientKind,
    /// The OID of the application it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// What the application does, shown to citizens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The same in other languages, by tag: `fi`, `sv`, `en`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptions: BTreeMap<String, String>,
    /// Contacts shown to citizens, mostly e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// A logo shown to citizens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The application's home page, shown to citizens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Where a browser may be sent after a sign-out that this client asked for; matched as exact strings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
}

impl Client {
    /// Whether it may be given refresh tokens.
    pub fn may_refresh(&self) -> bool {
        self.kind == ClientKind::Wellbeing && self.scope.contains(Scope::OfflineAccess)
    }

    /// What the application does, in the language of a tag, else in whichever it said it.
    pub fn description_in(&self, language: &str) -> Option<&str> {
        let other = || self.description.as_ref().or_else(|| self.descriptions.values().next());
        self.descriptions.get(language).or_else(other).map(String::as_str)
    }
}

/// Whom a client serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// Citizens, in the browser flow.
    #[default]
    Wellbeing,
    /// Health-care professionals; it has no browser flow.
    Professional,
}

/// What a registration says; id and secret are made when they are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// The name that citizens see.
    pub name: String,
    /// Where codes may be sent; at least one for a wellbeing client.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Scopes separated by spaces.
    pub scope: String,
    /// For citizens or for professionals.
    #[serde(default)]
    pub kind: ClientKind,
    /// The OID of the application.
    #[serde(default)]
    pub oid: Option<String>,
    /// A fixed id.
    #[serde(default)]
    pub client_id: Option<String>,
    /// A fixed secret.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// What the application does.
    #[serde(default)]
    pub description: Option<String>,
    /// The same in other languages, by tag: `fi`, `sv`, `en`.
    #[serde(default)]
    pub descriptions: BTreeMap<String, String>,
    /// Contacts.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// A logo.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// A home page.
    #[serde(default)]
    pub client_uri: Option<String>,
    /// Where a browser may be sent after a sign-out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
}

/// The longest name of a client, in characters.
const LONGEST_NAME: usize = 200;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 2_000;

/// Whether a character has no place in a name: it breaks lines, or changes the direction of the text around it (UAX #9).
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character may be written from right to left: the blocks of UAX #9's classes R and AL.
fn is_right_to_left(character: char) -> bool {
    matches!(
        character,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'
    )
}

/// Somebody's words, fit to stand in a sentence of a page: without characters that would change what stands around
/// them, and isolated (U+2068, U+2069) where they are written from right to left.
pub fn isolated(words: &str) -> String {
    let seen: String = words.chars().filter(|character| !is_unseen(*character)).collect();
    match seen.chars().any(is_right_to_left) {
        true => format!("\u{2068}{seen}\u{2069}"),
        false => seen,
    }
}

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The name is empty.
    #[error("name is empty: citizens see it on the consent page")]
    NameEmpty,
    /// The name is not one that a page can show in a sentence.
    #[error("name must be at most {LONGEST_NAME} characters, without control and bidirectional formatting characters")]
    Name,
    /// The description or a contact is not one that a page can show.
    #[error("{field} must be at most {longest} characters, without control and bidirectional formatting characters")]
    Words {
        /// The member.
        field: &'static str,
        /// How many characters it may have.
        longest: usize,
    },
    /// A wellbeing client has nowhere to send a code.
    #[error("redirect_uris is empty: a wellbeing client needs at least one")]
    RedirectUrisMissing,
    /// A redirect URI is not acceptable.
    #[error("{member}: {uri:?} {problem}")]
    RedirectUri {
        /// `redirect_uris` or `post_logout_redirect_uris`.
        member: &'static str,
        /// The URI.
        uri: String,
        /// What is wrong with it.
        problem: RedirectUriProblem,
    },
    /// The scope names something unknown.
    #[error("scope: {0}")]
    Scope(#[from] ScopeProblem),
    /// The scope names nothing that can be granted.
    #[error("scope names nothing that can be granted")]
    ScopeEmpty,
    /// The id or the secret has characters that no request can carry.
    #[error("{0} must be 1 to 255 printable ASCII characters without spaces")]
    Characters(&'static str),
    /// The OID is none.
    #[error("oid: {0:?} is not an OID: numbers joined by dots, such as 1.2.246.10.1234567.10.1, at most 64 characters")]
    Oid(String),
    /// The id is taken.
    #[error("client_id {0:?} is taken")]
    Taken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

/// Why a redirect URI is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriProblem {
    /// No scheme, or nothing behind it.
    #[error("is not absolute: write it whole, as in https://app.example/callback")]
    NotAbsolute,
    /// It has a fragment.
    #[error("has a fragment (#...), where a code could not be added")]
    Fragment,
    /// A browser would run it or show it as a document.
    #[error("has a scheme that browsers run or read as a document")]
    DangerousScheme,
    /// No host that there can be, or no port.
    #[error("has no valid host and port: an IPv6 address stands in [ ], a port is at most 65535")]
    Host,
    /// A private-use scheme that nobody owns (RFC 8252, section 7.1).
    #[error(
        "has a scheme without a dot: an app's own is a domain name it owns, reversed, as in com.example.app:/callback (RFC 8252, 7.1)"
    )]
    SchemeWithoutDot,
    /// Spaces, control characters or non-ASCII.
    #[error("has characters that a Location header cannot carry; percent-encode them")]
    Characters,
}

/// Why a client could not be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// No such client.
    #[error("no client has this client_id")]
    UnknownClient,
    /// The secret is another one.
    #[error("the client_secret is not this client's")]
    WrongSecret,
}

/// Checks a redirect URI for registration: absolute, without fragment, not of a scheme that browsers execute. Plain
/// `http` and schemes of an app's own (with a dot, RFC 8252, section 7.1) are fine in a sandbox.
pub fn check_redirect_uri(uri: &str) -> Result<(), RedirectUriProblem> {
    if uri.is_empty() || !uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Err(RedirectUriProblem::Characters);
    }
    if uri.contains('#') {
        return Err(RedirectUriProblem::Fragment);
    }
    let (scheme, rest) = uri.split_once(':').ok_or(RedirectUriProblem::NotAbsolute)?;
    let well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !well_formed || rest.is_empty() {
        return Err(RedirectUriProblem::NotAbsolute);
    }
    let scheme = scheme.to_ascii_lowercase();
    const DANGEROUS: [&str; 8] =
        ["javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"];
    if DANGEROUS.contains(&scheme.as_str()) {
        return Err(RedirectUriProblem::DangerousScheme);
    }
    if matches!(scheme.as_str(), "http" | "https") {
        let authority = rest.strip_prefix("//").and_then(|authority| authority.split(['/', '?']).next());
        return match authority.filter(|authority| !authority.is_empty()) {
            None => Err(RedirectUriProblem::NotAbsolute),
            Some(authority) if is_authority(authority) => Ok(()),
            Some(_) => Err(RedirectUriProblem::Host),
        };
    }
    // `intent:` and `jar:` are none of an app's own either.
    if scheme.contains('.') { Ok(()) } else { Err(RedirectUriProblem::SchemeWithoutDot) }
}

/// Whether a browser finds a host and a port in what stands between `//` and the path.
fn is_authority(authority: &str) -> bool {
    let host_and_port = authority.rsplit('@').next().unwrap_or(authority);
    let (is_host, port) = match host_and_port.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, port))) => (address.parse::<Ipv6Addr>().is_ok(), port),
        Some(None) => return false,
        None => {
            let at = host_and_port.find(':').unwrap_or(host_and_port.len());
            let (host, port) = host_and_port.split_at(at);
            (!host.is_empty() && !host.contains(['[', ']']), port)
        }
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Digits up to 65535, or none.
fn is_port(port: &str) -> bool {
    port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

impl super::Authorization {
    /// Registers a client.
    pub fn add_client(&self, new: NewClient, random: &Random) -> Result<Client, ClientError> {
        let client = client_of(new, random)?;
        let key = keys::client(&client.client_id);
        let mut batch = Batch::new();
        batch.require_absent(key).put(key, super::encode(&client));
        match self.store.commit(batch) {
            Ok(()) => Ok(client),
            Err(CommitError::Condition(_)) => Err(ClientError::Taken(client.client_id)),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a client of a tenant's beginning into `batch`.
    pub fn seed(batch: &mut Batch, new: NewClient, random: &Random) -> Result<(), ClientError> {
        let client = client_of(new, random)?;
        batch.put(keys::client(&client.client_id), super::encode(&client));
        Ok(())
    }

    /// The client of this id.
    pub fn client(&self, client_id: &str) -> Option<Client> {
        self.store.get(&keys::client(client_id)).and_then(|value| super::decode(&value))
    }

    /// All clients, by name.
    pub fn clients(&self) -> Vec<Client> {
        let view = self.store.view();
        let mut clients: Vec<Client> =
            view.prefix(&[keys::CLIENT]).filter_map(|(_, value)| super::decode(value)).collect();
        clients.sort_by(|one, other| (&one.name, &one.client_id).cmp(&(&other.name, &other.client_id)));
        clients
    }

    /// The client that this id and secret belong to. Takes the same time wherever the secrets differ.
    pub fn authenticate_client(&self, client_id: &str, secret: &str) -> Result<Client, AuthenticationError> {
        let client = self.client(client_id).ok_or(AuthenticationError::UnknownClient)?;
        // Digests have one length, so that not even the length of the secret shows.
        let (given, kept) = (keys::sha256(secret.as_bytes()), keys::sha256(client.client_secret.as_bytes()));
        if bool::from(given.ct_eq(&kept)) { Ok(client) } else { Err(AuthenticationError::WrongSecret) }
    }
}

/// The client that a registration makes, when it is acceptable.
pub(super) fn client_of(new: NewClient, random: &Random) -> Result<Client, ClientError> {
    if new.name.trim().is_empty() {
        return Err(ClientError::NameEmpty);
    }
    if new.name.chars().count() > LONGEST_NAME || new.name.chars().any(is_unseen) {
        return Err(ClientError::Name);
    }
    if new.redirect_uris.is_empty() && new.kind == ClientKind::Wellbeing {
        return Err(ClientError::RedirectUrisMissing);
    }
    check_words(&new)?;
    let places = [("redirect_uris", &new.redirect_uris), ("post_logout_redirect_uris", &new.post_logout_redirect_uris)];
    for (member, uris) in places {
        for uri in uris {
            check_redirect_uri(uri).map_err(|problem| ClientError::RedirectUri {
                member,
                uri: uri.clone(),
                problem,
            })?;
        }
    }
    let scope = Scopes::parse(&new.scope)?;
    if scope.is_empty() {
        return Err(ClientError::ScopeEmpty);
    }
    for (name, value) in [("client_id", &new.client_id), ("client_secret", &new.client_secret)] {
        let carried =
            |text: &String| (1..256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !value.as_ref().is_none_or(carried) {
            return Err(ClientError::Characters(name));
        }
    }
    if let Some(oid) = new.oid.as_deref().filter(|oid| !is_oid(oid)) {
        return Err(ClientError::Oid(oid.chars().take(80).collect()));
    }
    Ok(Client {
        client_id: new.client_id.unwrap_or_else(|| random.uuid().to_string()),
        client_secret: new.client_secret.unwrap_or_else(|| random.token(64)),
        name: new.name,
        redirect_uris: new.redirect_uris,
        scope,
        kind: new.kind,
        oid: new.oid,
        description: new.description,
        descriptions: new.descriptions,
        contacts: new.contacts,
        logo_uri: new.logo_uri,
        client_uri: new.client_uri,
        post_logout_redirect_uris: new.post_logout_redirect_uris,
    })
}

/// Whether the words that citizens read can stand on a page. A description may have several lines.
fn check_words(new: &NewClient) -> Result<(), ClientError> {
    let descriptions = new.description.iter().chain(new.descriptions.values());
    let each = descriptions
        .map(|words| ("description", LONGEST_DESCRIPTION, words))
        .chain(new.contacts.iter().map(|words| ("contacts", LONGEST_NAME, words)));
    for (field, longest, words) in each {
        let may_stand = |character: char| {
            !is_unseen(character) || (field == "description" && matches!(character, '\r' | '\n' | '\t'))
        };
        if words.chars().count() > longest || !words.chars().all(may_stand) {
            return Err(ClientError::Words { field, longest });
        }
    }
    Ok(())
}

/// The dotted form of ITU-T X.660: at least two arcs, no leading zeros, the first at most 2, the second at most 39 under
/// 0 and 1. 64 characters are what a certificate's Subject serialNumber can hold.
fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    let is_number = |arc: &&str| {
        !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc.len() == 1 || !arc.starts_with('0'))
    };
    let small = |arc: &str| arc.parse::<u8>().is_ok_and(|number| number < 40);
    text.len() <= 64
        && arcs.len() >= 2
        && arcs.iter().all(is_number)
        && match arcs[0] {
            "0" | "1" => small(arcs[1]),
            first => first == "2",
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_change_what_stands_around_them() {
        assert_eq!(isolated("Weight <diary> Ähtäri 日記"), "Weight <diary> Ähtäri 日記");
        assert_eq!(isolated("a\u{202e}b\u{2069}\nc"), "abc");
        assert_eq!(isolated("\u{2069}יומן 1"), "\u{2068}יומן 1\u{2069}");
    }

    #[test]
    fn an_oid_has_arcs() {
        for oid in ["1.2.246.10.1234567.10.1", "2.999", "0.0"] {
            assert!(is_oid(oid), "{oid}");
        }
        for text in ["zz", "", "1", "3.1", "1.40", "1.02", "1..2", "1.2.", "urn:oid:1.2", &"1.".repeat(40)] {
            assert!(!is_oid(text), "{text}");
        }
        let new = NewClient {
            name: "a".into(),
            redirect_uris: vec!["https://a.example/".into()],
            scope: "openid".into(),
            oid: Some("zz".into()),
            ..NewClient::default()
        };
        let refused = Authorization::new(Store::in_memory()).add_client(new, &Random::seeded(1));
        assert!(matches!(refused, Err(ClientError::Oid(oid)) if oid == "zz"));
    }
    use crate::authorization::Authorization;
    use crate::store::Store;

    #[test]
    fn redirect_uris_are_absolute_and_harmless() {
        use RedirectUriProblem::*;
        let cases = [
            ("https://app.example/callback?tenant=1", Ok(())),
            ("http://localhost:3000/cb", Ok(())),
            ("com.example.app:/callback", Ok(())),
            ("http://[::1]:3000/cb", Ok(())),
            ("http://localhost:65535/", Ok(())),
            ("https://[::1", Err(RedirectUriProblem::Host)),
            ("https://[zz]/cb", Err(RedirectUriProblem::Host)),
            ("https://a]/cb", Err(RedirectUriProblem::Host)),
            ("http://localhost:99999/", Err(RedirectUriProblem::Host)),
            ("http://localhost:8o80/", Err(RedirectUriProblem::Host)),
            ("http://:80/", Err(RedirectUriProblem::Host)),
            ("intent://a.example/cb", Err(RedirectUriProblem::SchemeWithoutDot)),
            ("jar:https://a.example/cb", Err(RedirectUriProblem::SchemeWithoutDot)),
            ("myapp:/cb", Err(RedirectUriProblem::SchemeWithoutDot)),
            ("https://app.example/#done", Err(Fragment)),
            ("/callback", Err(NotAbsolute)),
            ("https:callback", Err(NotAbsolute)),
            ("https://", Err(NotAbsolute)),
            ("localhost", Err(NotAbsolute)),
            ("JavaScript:alert(1)", Err(DangerousScheme)),
            ("data:text/html,x", Err(DangerousScheme)),
            ("https://app.example/a b", Err(Characters)),
            ("https://app.example/\r\nSet-Cookie:a", Err(Characters)),
            ("https://äpp.example/", Err(Characters)),
        ];
        for (uri, expected) in cases {
            assert_eq!(check_redirect_uri(uri), expected, "{uri}");
        }
    }

    #[test]
    fn a_client_gets_id_and_secret_or_keeps_those_given() {
        let room = Authorization::new(Store::in_memory());
        let random = Random::seeded(1);
        let new = NewClient {
            name: "Diary".into(),
            redirect_uris: vec!["https://app.example/cb".into()],
            scope: "patient/Observation.read patient/Patient.read".into(),
            ..NewClient::default()
        };
        let made = room.add_client(new.clone(), &random).unwrap();
        assert_eq!((made.client_id.len(), made.client_secret.len()), (36, 86));
        assert_eq!(made.scope.to_string(), "patient/Observation.read");
        let fixed = NewClient { client_id: Some("diary".into()), client_secret: Some("s3cret".into()), ..new };
        let client = room.add_client(fixed.clone(), &random).unwrap();
        assert!(matches!(room.add_client(fixed, &random), Err(ClientError::Taken(id)) if id == "diary"));
        assert_eq!(room.clients().len(), 2);
        assert_eq!(room.authenticate_client("diary", "s3cret"), Ok(client));
        assert_eq!(room.authenticate_client("diary", "s3cre"), Err(AuthenticationError::WrongSecret));
        assert_eq!(room.authenticate_client("Diary", "s3cret"), Err(AuthenticationError::UnknownClient));
    }
}
