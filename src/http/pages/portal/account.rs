//! Signing in, making an account, signing out.

use crate::http::pages::texts::{PortalTexts, Texts};
use crate::http::pages::{Form, FormAction, Frame, Page};
use askama::Template;

/// The page on which a developer signs in or makes an account. Posts `username` and `password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The surroundings.
    pub frame: Frame,
    /// Which of the two.
    pub kind: AccountKind,
    /// Where the form is posted.
    pub form: Form,
    /// The address of the other one.
    pub other: String,
    /// The user name as typed before.
    pub typed: String,
    /// What was wrong with the last attempt.
    pub problem: Option<AccountProblem>,
}

/// What an account page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Signing in.
    SignIn,
    /// Making an account.
    Make,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountProblem {
    /// The name has other characters than it may.
    Name,
    /// The password is too short or too long.
    Password,
    /// The name is taken.
    Taken,
    /// Name and password do not belong together: the recorded words.
    Failed(&'static str),
}

impl Account {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.frame.language;
        let markup = AccountMarkup {
            frame: &self.frame,
            texts: Texts::of(language),
            own: PortalTexts::of(language),
            view: self,
        };
        Page::render(language, &markup, FormAction::Own)
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountMarkup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static PortalTexts,
    view: &'a Account,
}

impl AccountMarkup<'_> {
    fn makes(&self) -> bool {
        self.view.kind == AccountKind::Make
    }

    fn title(&self) -> &'static str {
        if self.makes() { self.own.account_title } else { self.own.sign_in_title }
    }

    fn problem(&self) -> Option<&'static str> {
        Some(match self.view.problem.as_ref()? {
            AccountProblem::Name => self.own.bad_name,
            AccountProblem::Password => self.own.bad_password,
            AccountProblem::Taken => self.own.taken,
            AccountProblem::Failed(words) => words,
        })
    }
}

/// Asks whether to sign out. Posts nothing but the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOut {
    /// The surroundings.
    pub frame: Frame,
    /// Where the form is posted.
    pub form: Form,
    /// Whether the browser goes back to an application afterwards: such a form may be answered by a redirect to it.
    pub goes_back: bool,
}

impl SignOut {
    /// The page.
    pub fn page(&self) -> Page {
        let language = self.frame.language;
        let markup = SignOutMarkup {
            frame: &self.frame,
            texts: Texts::of(language),
            own: PortalTexts::of(language),
            view: self,
        };
        let form_action = if self.goes_back { FormAction::Anywhere } else { FormAction::Own };
        Page::render(language, &markup, form_action)
    }
}

#[derive(Template)]
#[template(path = "sign-out.html")]
struct SignOutMarkup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    own: &'static PortalTexts,
    view: &'a SignOut,
}
