//! The page at `/`: what a developer needs in the first minute.

use super::texts::{LandingTexts, Texts};
use super::{CitizenChoice, FormAction, Frame, Page};
use askama::Template;

/// Addresses, one ready client, the citizens, and a line to paste into a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The surroundings.
    pub frame: Frame,
    /// The version of the sandbox.
    pub version: String,
    /// The tenant's time as shown, if it is worth showing (frozen, moved).
    pub clock: Option<String>,
    /// The addresses, in the order of display.
    pub addresses: Vec<Address>,
    /// A client that works at once.
    pub client: Option<ReadyClient>,
    /// The seeded citizens.
    pub citizens: Vec<CitizenChoice>,
    /// A command line that works as it stands; may have several lines.
    pub curl: Option<String>,
}

/// One address of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What answers there.
    pub kind: AddressKind,
    /// The whole address.
    pub url: String,
}

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// The authorization server (its issuer).
    Issuer,
    /// `.well-known/openid-configuration`.
    Discovery,
    /// The authorized STU3 base.
    Stu3,
    /// The authorized R4 base.
    R4,
    /// The open STU3 base.
    OpenStu3,
    /// The open R4 base.
    OpenR4,
    /// The control API.
    Control,
    /// The OpenAPI description of the control API.
    OpenApi,
    /// The root certificate to trust.
    Certificate,
    /// The tester UI.
    TesterUi,
    /// The citizen's own pages.
    CitizenPages,
    /// The registration pages of developers.
    Registration,
}

/// A client that an application can be configured with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadyClient {
    /// Its name.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// Its secret, if it has one. (It opens nothing but this sandbox.)
    pub client_secret: Option<String>,
    /// Its redirect addresses.
    pub redirect_uris: Vec<String>,
    /// Its scopes, separated by spaces.
    pub scope: String,
    /// An `authorize` address that starts the flow in the browser, as a button.
    pub try_it: Option<String>,
}

impl Landing {
    /// The page.
    pub fn page(&self) -> Page {
        let markup = Markup { frame: &self.frame, texts: Texts::of(self.frame.language), view: self };
        Page::render(self.frame.language, &markup, FormAction::Nowhere)
    }
}

impl AddressKind {
    fn name(self, texts: &LandingTexts) -> &'static str {
        match self {
            AddressKind::Issuer => texts.issuer,
            AddressKind::Discovery => texts.discovery,
            AddressKind::Stu3 => texts.stu3,
            AddressKind::R4 => texts.r4,
            AddressKind::OpenStu3 => texts.open_stu3,
            AddressKind::OpenR4 => texts.open_r4,
            AddressKind::Control => texts.control,
            AddressKind::OpenApi => texts.open_api,
            AddressKind::Certificate => texts.certificate,
            AddressKind::TesterUi => texts.tester_ui,
            AddressKind::CitizenPages => texts.citizen_pages,
            AddressKind::Registration => texts.registration,
        }
    }

    /// Whether the address is worth opening in a browser: the bare bases of servers are for applications.
    fn opens_in_a_browser(self) -> bool {
        match self {
            AddressKind::Issuer | AddressKind::Stu3 | AddressKind::R4 => false,
            AddressKind::OpenStu3 | AddressKind::OpenR4 => false,
            AddressKind::Discovery | AddressKind::Control | AddressKind::OpenApi | AddressKind::Certificate => true,
            AddressKind::TesterUi | AddressKind::CitizenPages | AddressKind::Registration => true,
        }
    }
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Landing,
}
