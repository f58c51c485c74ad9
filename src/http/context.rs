//! What handlers are given beside their request: the application state, and the origin the request came to.

use super::listen::{Connection, Listener};
use crate::pki::Authority;
use crate::tenant::Tenant;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority as UriAuthority;
use axum::http::{StatusCode, header};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

/// What every handler can reach. Each request clones it several times, so it is one counter that is counted up and down.
#[derive(Clone)]
pub struct App(Arc<AppParts>);

/// The parts of an [`App`].
pub struct AppParts {
    /// The tenant that answers.
    pub tenant: Arc<Tenant>,
    /// The front doors.
    pub front: Arc<Front>,
    /// The certificate authority, one for all tenants.
    pub authority: Arc<Authority>,
}

impl App {
    /// The application of one tenant.
    pub fn new(tenant: Tenant, front: Front, authority: Authority) -> App {
        let (tenant, front, authority) = (Arc::new(tenant), Arc::new(front), Arc::new(authority));
        App(Arc::new(AppParts { tenant, front, authority }))
    }
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

/// How the sandbox is reached from outside: the same for all tenants.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// `http://127.0.0.1:8080` and so on, for those that listen.
    pub http: Option<String>,
    /// The open endpoint's base URL.
    pub open_http: Option<String>,
    /// The TLS listener's base URL.
    pub https: Option<String>,
    /// The base URL under which browsers reach `--http`, when it differs from the back end's.
    pub public_url: Option<PublicUrl>,
    /// The same for `--https`.
    pub https_public_url: Option<PublicUrl>,
    /// Further host names to answer to.
    pub allow_hosts: Vec<String>,
    /// What the control API asks for as a bearer token.
    pub control_token: Option<String>,
}

/// A base URL, `http://` or `https://` with an authority and nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host name without the port.
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or(self.0.as_str(), |(_, authority)| authority);
        host_of(authority)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<PublicUrl, String> {
        let wrong = || format!("{text:?} is no base URL: write it as http://name:port or https://name, without a path");
        let base = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = base.split_once("://").ok_or_else(wrong)?;
        let parsed: UriAuthority = authority.parse().map_err(|_| wrong())?;
        if !matches!(scheme, "http" | "https")
            || parsed.as_str() != authority
            || authority.contains('@')
            || parsed.host().is_empty()
        {
            return Err(wrong());
        }
        Ok(PublicUrl(base.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for PublicUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<PublicUrl, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which of the real service's names a request was sent to, by its Host (design: real names in a compose network).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealName {
    /// `fhirsandbox.kanta.fi`: the open endpoint.
    Open,
    /// `fhirsandbox2.kanta.fi`: the authorized resource servers.
    Authorized,
    /// `fhirsandbox2-auth.kanta.fi`: the authorization server.
    Authorization,
}

impl RealName {
    /// The role of a host name, when it is one of the real ones.
    pub fn of(host: &str) -> Option<RealName> {
        match host {
            "fhirsandbox.kanta.fi" => Some(RealName::Open),
            "fhirsandbox2.kanta.fi" => Some(RealName::Authorized),
            "fhirsandbox2-auth.kanta.fi" => Some(RealName::Authorization),
            _ => None,
        }
    }
}

/// Where a request came to: decides every absolute URL of the answer. A request extension and an extractor.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Scheme and authority the request came by, as in `http://kanta-phr-sandbox:8080`.
    request: Arc<str>,
    /// The same as browsers reach it: `--public-url` of the listener, else as the request came.
    public: Arc<str>,
    /// Whether the resource servers ask for a token here.
    open: bool,
    /// Whether the request came by TLS.
    secure: bool,
    /// The real service's name the request was sent to, if it was one.
    real_name: Option<RealName>,
}

impl Origin {
    /// The origin of a request with this Host (or `:authority`) on this connection.
    pub fn new(connection: &Connection, front: &Front, authority: &str) -> Origin {
        let secure = connection.listener == Listener::Https;
        let real_name = RealName::of(host_of(authority));
        let request: Arc<str> = format!("{}://{authority}", if secure { "https" } else { "http" }).into();
        let public_url = if secure { &front.https_public_url } else { &front.public_url };
        let public = match public_url {
            // Under a real name everything keeps that name: the application's configuration says so.
            Some(public) if real_name.is_none() => public.as_str().into(),
            _ => request.clone(),
        };
        let open = match real_name {
            Some(name) => name == RealName::Open,
            None => connection.listener == Listener::Open,
        };
        Origin { request, public, open, secure, real_name }
    }

    /// The issuer identifier, which ends with `/`: `http://localhost:8080/phr-authserver-sandbox/`.
    pub fn issuer(&self) -> String {
        self.browser_url("/phr-authserver-sandbox/")
    }

    /// An absolute URL for a browser (the authorization endpoint, pages). `path` starts with `/`.
    pub fn browser_url(&self, path: &str) -> String {
        [&self.public, path].concat()
    }

    /// An absolute URL for the caller (token and key endpoints, FHIR). `path` starts with `/`.
    pub fn url(&self, path: &str) -> String {
        [&self.request, path].concat()
    }

    /// Whether this is the open endpoint, whose resource servers ask for no token.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the request came by TLS: cookies are then `Secure`.
    pub fn is_secure(&self) -> bool {
        self.secure || self.public.starts_with("https://")
    }

    /// The real service's name the request was sent to: HSTS is sent for these only.
    pub fn real_name(&self) -> Option<RealName> {
        self.real_name
    }

    /// Whether the value of an `Origin` header names this server as browsers know it.
    pub fn is_own(&self, origin: &str) -> bool {
        origin == &*self.public || origin == &*self.request
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Origin, StatusCode> {
        // The accept loop puts it there for every request.
        parts.extensions.get::<Origin>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The authority a request names: `:authority` or `Host`.
pub fn authority_of(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(header::HOST)?.to_str().ok(),
    }
}

/// The host of an authority, without port and, for IPv6, with its brackets.
pub fn host_of(authority: &str) -> &str {
    match authority.rfind(']') {
        Some(bracket) => &authority[..=bracket],
        None => authority.split(':').next().unwrap_or(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(listener: Listener) -> Connection {
        Connection::new(listener, ([127, 0, 0, 1], 1).into(), None)
    }

    #[test]
    fn browsers_and_back_ends_may_know_different_names() {
        let front = Front { public_url: Some("http://localhost:8080".parse().unwrap()), ..Front::default() };
        let origin = Origin::new(&connection(Listener::Http), &front, "kanta-phr-sandbox:8080");
        assert_eq!(origin.issuer(), "http://localhost:8080/phr-authserver-sandbox/");
        assert_eq!(
            origin.url("/phr-authserver-sandbox/token"),
            "http://kanta-phr-sandbox:8080/phr-authserver-sandbox/token"
        );
        assert!(!origin.is_secure() && !origin.is_open());
    }

    #[test]
    fn real_names_decide_the_endpoint() {
        let front = Front { https_public_url: Some("https://localhost:8443".parse().unwrap()), ..Front::default() };
        let open = Origin::new(&connection(Listener::Https), &front, "fhirsandbox.kanta.fi");
        assert!(open.is_open());
        let authorization = Origin::new(&connection(Listener::Https), &front, "fhirsandbox2-auth.kanta.fi");
        assert_eq!(authorization.issuer(), "https://fhirsandbox2-auth.kanta.fi/phr-authserver-sandbox/");
        assert_eq!(authorization.real_name(), Some(RealName::Authorization));
    }

    #[test]
    fn a_public_url_is_scheme_and_authority_only() {
        assert_eq!("https://phr.test/".parse::<PublicUrl>().unwrap().as_str(), "https://phr.test");
        assert_eq!("http://[::1]:8080".parse::<PublicUrl>().unwrap().host(), "[::1]");
        for wrong in ["localhost:8080", "ftp://a", "http://", "http://a/path", "http://user@a", "http://a b"] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }
}
