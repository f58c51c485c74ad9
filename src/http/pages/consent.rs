//! The consent page: may this application have these rights?

use super::rights::{RightGroup, in_plain_words};
use super::texts::Texts;
use super::{Form, FormAction, Frame, Page, SignedIn};
use askama::Template;

/// Asks the citizen to give an application all the rights it requests, or none.
///
/// Posts `decision=accept`, `decision=refuse` or `decision=switch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The surroundings.
    pub frame: Frame,
    /// Where the decision is posted.
    pub form: Form,
    /// Who is asked.
    pub citizen: SignedIn,
    /// Who asks.
    pub application: Application,
    /// The scopes that would be granted. `patient/{type}.read` and `.write` are put into plain words; `openid`,
    /// `profile` and `offline_access` are not shown; others are shown as they are.
    pub scopes: Vec<String>,
    /// Where the citizen is sent afterwards, as shown (a host name); `None` says only "the application".
    pub returns_to: Option<String>,
}

/// An application, as a citizen sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// The address of its logo: `https:`, `http:` or `data:image/…`; others are not shown. A logo that does not load
    /// leaves the initial of the name.
    pub logo_uri: Option<String>,
    /// Its contacts, mostly e-mail addresses.
    pub contacts: Vec<String>,
    /// What it does, in its own words.
    pub description: Option<String>,
    /// Its home page, linked when it is `https:` or `http:`.
    pub home_page: Option<String>,
}

impl Consent {
    /// The page.
    pub fn page(&self) -> Page {
        let texts = Texts::of(self.frame.language);
        let logo = self.application.logo();
        let rights = in_plain_words(&self.scopes, &texts.rights);
        let markup = Markup { frame: &self.frame, texts, view: self, logo, rights };
        Page::render(self.frame.language, &markup, FormAction::Anywhere).with_images_from(logo.and_then(image_source))
    }
}

impl Application {
    /// The logo's address, if a browser may be asked to fetch it.
    fn logo(&self) -> Option<&str> {
        let address = self.logo_uri.as_deref()?;
        image_source(address).map(|_| address)
    }

    /// The home page's address, if it may be a link.
    fn linked_home_page(&self) -> Option<&str> {
        self.home_page.as_deref().filter(|address| is_web(address))
    }

    /// What stands where the logo is missing: the first letter or digit of the name.
    pub(super) fn initial(&self) -> String {
        let initial = self.name.chars().find(|character| character.is_alphanumeric());
        initial.map_or_else(|| String::from("?"), |character| character.to_uppercase().collect())
    }
}

/// What a Content-Security-Policy must name to let an image load: `data:`, or the origin of its address. None for an
/// address that has no such origin, which then is not loaded at all.
fn image_source(address: &str) -> Option<String> {
    if starts_with(address, "data:image/") {
        return Some(String::from("data:"));
    }
    let (scheme, rest) = address.split_once("://").filter(|_| is_web(address))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?.to_ascii_lowercase();
    let (host, port) = authority.split_once(':').map_or((authority.as_str(), None), |(host, port)| (host, Some(port)));
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let port_fits =
        port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (host.split('.').all(label) && port_fits).then(|| format!("{}://{authority}", scheme.to_ascii_lowercase()))
}

fn is_web(address: &str) -> bool {
    starts_with(address, "https://") || starts_with(address, "http://")
}

fn starts_with(address: &str, prefix: &str) -> bool {
    address.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Consent,
    logo: Option<&'a str>,
    rights: Vec<RightGroup<'a>>,
}

impl Markup<'_> {
    fn title(&self) -> String {
        (self.texts.consent.title)(&self.view.application.name)
    }

    fn accepting(&self) -> String {
        (self.texts.consent.accepting)(&self.view.application.name)
    }

    fn goes_back(&self) -> String {
        match &self.view.returns_to {
            Some(host) => (self.texts.consent.goes_back_to)(host),
            None => self.texts.consent.goes_back.to_owned(),
        }
    }
}
