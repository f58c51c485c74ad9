//! The consent page: may this application have these rights?

use super::{Form, Frame, SignedIn};

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
