//! The form of one application.

use crate::http::pages::texts::{PortalTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Page};
use askama::Template;

/// The names of the form's fields.
pub mod form {
    /// `kind`: [`WELLBEING`] or [`PROFESSIONAL`].
    pub const KIND: &str = "kind";
    /// Approved by citizens in the browser.
    pub const WELLBEING: &str = "wellbeing";
    /// For professionals.
    pub const PROFESSIONAL: &str = "professional";
    /// Present when refresh tokens are wanted.
    pub const REFRESH: &str = "refresh";
    /// What stands before a scope in the name of its box.
    pub const SCOPE: &str = "scope.";
}

/// Registers an application, or changes it. Posts the fields of [`RegistrationValues`] by their names, a box
/// `scope.<scope>` for each scope, `refresh`, `kind` and `token_endpoint_auth_method`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationForm {
    /// The surroundings.
    pub frame: Frame,
    /// The developer's user name.
    pub developer: String,
    /// The address for signing out.
    pub sign_out: String,
    /// The address of the list.
    pub list: String,
    /// Where the form is posted.
    pub form: Form,
    /// What it has got; none while it is new.
    pub credentials: Option<Credentials>,
    /// Whether it has just been saved.
    pub saved: bool,
    /// What the fields say.
    pub values: RegistrationValues,
    /// Why it was not saved.
    pub problem: Option<RegistrationProblem>,
    /// Where the form is posted that removes it.
    pub remove: Option<Form>,
}

/// Why a registration was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationProblem {
    /// What is wrong; told in the page's language.
    pub kind: RegistrationProblemKind,
    /// The value that is.
    pub value: Option<String>,
    /// What the registration endpoint would say, in English.
    pub words: String,
}

/// What is wrong with a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationProblemKind {
    /// The name is missing.
    NameMissing,
    /// The name is too long or has characters that no page can show.
    Name,
    /// There is no redirect URI.
    RedirectUriMissing,
    /// A redirect URI has a fragment.
    Fragment,
    /// A redirect URI is none.
    RedirectUri,
    /// No scope is ticked that can be granted.
    Scope,
    /// A description or a contact is too long or has characters that no page can show.
    Words,
    /// The OID is none.
    Oid,
    /// Anything else, which the form does not let happen.
    Other,
}

/// What a registered application has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its registration access token.
    pub registration_token: String,
    /// Where that token is good for.
    pub registration_uri: String,
}

/// What the fields say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationValues {
    /// `client_name`
    pub client_name: String,
    /// `redirect_uris`, one a line.
    pub redirect_uris: String,
    /// `post_logout_redirect_uris`, one a line.
    pub post_logout_redirect_uris: String,
    /// Whether it is for professionals.
    pub professional: bool,
    /// Whether it gets refresh tokens.
    pub refresh: bool,
    /// The scopes there are.
    pub scopes: Vec<ScopeChoice>,
    /// Whether it authenticates in the form.
    pub post: bool,
    /// `sandbox_description`
    pub description: String,
    /// `contacts`, one a line.
    pub contacts: String,
    /// `logo_uri`
    pub logo_uri: String,
    /// `client_uri`
    pub client_uri: String,
    /// `policy_uri`
    pub policy_uri: String,
    /// `tos_uri`
    pub tos_uri: String,
    /// `sandbox_oid`
    pub oid: String,
}

/// A box for a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeChoice {
    /// The scope.
    pub scope: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

impl RegistrationForm {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.frame.language;
        let markup =
            Markup { frame: &self.frame, texts: Texts::of(language), own: PortalTexts::of(language), view: self };
        Page::render(language, &markup, FormAction::Own)
    }
}

#[derive(Template)]
#[template(path = "registration.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static PortalTexts,
    view: &'a RegistrationForm,
}

impl Markup<'_> {
    fn title(&self) -> &str {
        match self.view.credentials {
            Some(_) => &self.view.values.client_name,
            None => self.own.new_title,
        }
    }

    /// What is wrong, in the page's language.
    fn problem(&self, problem: &RegistrationProblem) -> &'static str {
        match problem.kind {
            RegistrationProblemKind::NameMissing => self.own.problem_name_missing,
            RegistrationProblemKind::Name => self.own.problem_name,
            RegistrationProblemKind::RedirectUriMissing => self.own.problem_redirect_uri_missing,
            RegistrationProblemKind::Fragment => self.own.problem_fragment,
            RegistrationProblemKind::RedirectUri => self.own.problem_redirect_uri,
            RegistrationProblemKind::Scope => self.own.problem_scope,
            RegistrationProblemKind::Words => self.own.problem_words,
            RegistrationProblemKind::Oid => self.own.problem_oid,
            RegistrationProblemKind::Other => self.own.problem_other,
        }
    }
}
