//! Which of the resource servers is spoken to, and the pages that stand for its addresses.

use crate::fhir::Version;
use crate::http::fhir::base_path;
use crate::records::ResourceType;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 are encoded in a segment of a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the resource servers are entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Without authorization.
    Open,
    /// With an access token.
    Authorized,
}

impl Endpoint {
    const ALL: [Endpoint; 2] = [Endpoint::Open, Endpoint::Authorized];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Endpoint::Open => "open",
            Endpoint::Authorized => "authorized",
        }
    }
}

/// One of the resource servers, as its pages and its own base URL.
#[derive(Clone, Debug)]
pub struct Place {
    pub endpoint: Endpoint,
    pub version: Version,
    /// `/phr-resourceserver-ui/open/r4/`, with the tenant's base path before it.
    pub root: String,
    /// `http://127.0.0.1:8081/phr-resourceserver/baseR4`.
    pub base: String,
}

impl Place {
    /// The place of two segments of an address; `ui` is the address of the home page, `server` the scheme and authority
    /// of an endpoint.
    pub fn named(endpoint: &str, base: &str, ui: &str, server: impl Fn(Endpoint) -> Option<String>) -> Option<Place> {
        let endpoint = Endpoint::ALL.into_iter().find(|each| each.word() == endpoint)?;
        let version = Version::ALL.into_iter().find(|version| word(*version) == base)?;
        Place::new(endpoint, version, ui, server)
    }

    fn new(
        endpoint: Endpoint,
        version: Version,
        ui: &str,
        server: impl Fn(Endpoint) -> Option<String>,
    ) -> Option<Place> {
        let root = format!("{ui}{}/{}/", endpoint.word(), word(version));
        Some(Place { endpoint, version, root, base: format!("{}{}", server(endpoint)?, base_path(version)) })
    }

    /// All that can be reached.
    pub fn all(ui: &str, server: impl Fn(Endpoint) -> Option<String> + Copy) -> Vec<Place> {
        let versions = |endpoint| [Version::R4, Version::Stu3].map(|version| Place::new(endpoint, version, ui, server));
        Endpoint::ALL.into_iter().flat_map(versions).flatten().collect()
    }

    /// `R4` or `STU3`.
    pub fn name(&self) -> String {
        self.version.as_str().to_uppercase()
    }

    /// The page of a type.
    pub fn type_page(&self, resource_type: ResourceType) -> String {
        format!("{}{resource_type}", self.root)
    }

    /// The page of a resource; further pages of it lie behind a slash.
    pub fn resource_page(&self, resource_type: ResourceType, id: &str) -> String {
        format!("{}{resource_type}/{}", self.root, utf8_percent_encode(id, IN_PATH))
    }

    /// The types of this base.
    pub fn types(&self) -> impl Iterator<Item = ResourceType> {
        let version = self.version;
        ResourceType::ALL.into_iter().filter(move |each| each.is_served(version) && each.is_stored())
    }

    /// The type with this name, if this base has it.
    pub fn resource_type(&self, name: &str) -> Option<ResourceType> {
        self.types().find(|each| each.as_str() == name)
    }

    /// The page that stands for an address on this base: a reference (`Type/id`, with a version or an absolute URL), a
    /// search, or a page of one. `None` for what lies elsewhere or is no address.
    pub fn page_for(&self, address: &str) -> Option<String> {
        let below = match address.strip_prefix(&self.base) {
            Some(below) => below.trim_start_matches('/'),
            None => address,
        };
        let is_absolute = below.len() != address.len();
        let (path, query) = below.split_once('?').map_or((below, None), |(path, query)| (path, Some(query)));
        if path.is_empty() {
            return query.filter(|_| is_absolute).map(|query| format!("{}page?{query}", self.root));
        }
        let mut segments = path.split('/');
        let resource_type = self.resource_type(segments.next()?)?;
        let Some(id) = segments.next() else {
            let query = query.filter(|_| is_absolute)?;
            return Some(format!("{}?{query}&send=", self.type_page(resource_type)));
        };
        let is_word = |text: &str| {
            (1..=64).contains(&text.len())
                && !matches!(text, "." | "..")
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        };
        if query.is_some() || !is_word(id) {
            return None;
        }
        let page = self.resource_page(resource_type, id);
        match (segments.next(), segments.next(), segments.next()) {
            (None, ..) => Some(page),
            (Some("_history"), None, _) => Some(format!("{page}/history")),
            (Some("_history"), Some(version), None) if is_word(version) => Some(format!("{page}/history/{version}")),
            _ => None,
        }
    }
}

/// A version in addresses.
fn word(version: Version) -> &'static str {
    match version {
        Version::Stu3 => "stu3",
        Version::R4 => "r4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_base_have_pages_and_others_have_none() {
        let server = |endpoint| (endpoint == Endpoint::Open).then(|| String::from("http://h:1"));
        let place = Place::named("open", "r4", "/ui/", server).unwrap();
        let page = |address: &str| place.page_for(address).unwrap_or_default();
        assert_eq!(page("Patient/a-1"), "/ui/open/r4/Patient/a-1");
        assert_eq!(page("http://h:1/phr-resourceserver/baseR4/Observation/1"), "/ui/open/r4/Observation/1");
        assert_eq!(page("Observation/1/_history/2"), "/ui/open/r4/Observation/1/history/2");
        let next = "http://h:1/phr-resourceserver/baseR4?_getpages=x&_count=2";
        assert_eq!(page(next), "/ui/open/r4/page?_getpages=x&_count=2");
        let search = "http://h:1/phr-resourceserver/baseR4/Observation?patient=1";
        assert_eq!(page(search), "/ui/open/r4/Observation?patient=1&send=");
        for none in [
            "",
            "?a=b",
            "#contained",
            "urn:uuid:1",
            "Observation",
            "Observation/",
            "Observation/..",
            "Observation/a/b",
            "Observation/<b>",
            "Consent/1",
            "http://h:1/phr-resourceserver/baseStu3/Observation/1",
            "https://elsewhere.test/Patient/1",
            "javascript:alert(1)",
        ] {
            let page = page(none);
            assert!(page.is_empty(), "{none} has {page}");
        }
        assert!(Place::named("authorized", "r4", "/ui/", server).is_none());
        assert!(Place::named("open", "R4", "/ui/", server).is_none());
    }
}
