//! The page shown when something is wrong and a redirect to the application would be unsafe or impossible.

use super::texts::{Incident, RefusalTexts, Texts};
use super::{FormAction, Frame, Page};
use askama::Template;
use axum::http::StatusCode;

/// Says what happened, what to check, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The surroundings.
    pub frame: Frame,
    /// The HTTP status of the answer, 400–599.
    pub status: u16,
    /// What happened; gives the title and the explanation in the page's language.
    pub kind: RefusalKind,
    /// The id of the rule that refused, as in the header `Sandbox-Reason`.
    pub rule: Option<String>,
    /// The explanation of that rule for a developer, in English like the header.
    pub reason: Option<String>,
    /// The wire's own words and the values involved, for a developer: `error`, `error_description`, `redirect_uri` …
    /// Secrets and identity codes must not be among them.
    pub details: Vec<Detail>,
    /// An address at which to start again, as a button.
    pub retry: Option<String>,
}

/// One technical detail: a name as on the wire, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What went wrong, as far as the person at the browser is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request names no client.
    ClientMissing,
    /// No such client is registered.
    ClientUnknown,
    /// The client may not do this (wrong kind, closed, not admitted to this environment).
    ClientNotAllowed,
    /// No redirect address was given and none can be inferred.
    RedirectMissing,
    /// The redirect address is not one of those registered.
    RedirectMismatch,
    /// A parameter is empty, repeated or malformed.
    BadParameter,
    /// The form is too old, was sent twice, or came from another page: the session has no such request waiting.
    FormExpired,
    /// The browser does not keep the cookie that holds the visit together.
    CookiesMissing,
    /// The person is signed in as a citizen whom the service does not let in (age limit).
    UnderAge,
    /// There is no such page.
    NotFound,
    /// The page does not answer to this method.
    MethodNotAllowed,
    /// The sandbox itself failed.
    Internal,
    /// Anything else, in the caller's words, already in the page's language.
    Other {
        /// The title.
        title: String,
        /// What happened, one or two sentences.
        happened: String,
        /// What to check, one sentence each.
        check: Vec<String>,
    },
}

impl Refusal {
    /// The page, with the view's status (500 when that is no status at all).
    pub fn page(&self) -> Page {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let texts = Texts::of(self.frame.language);
        let (title, happened, check) = match &self.kind {
            RefusalKind::Other { title, happened, check } => {
                (title.as_str(), happened.as_str(), check.iter().map(String::as_str).collect())
            }
            kind => {
                let incident = incident(kind, &texts.refusal);
                (incident.title, incident.happened, incident.check.to_vec())
            }
        };
        let markup = Markup { frame: &self.frame, texts, view: self, title, happened, check, status };
        Page::render(self.frame.language, &markup, FormAction::Nowhere).with_status(status)
    }
}

fn incident(kind: &RefusalKind, texts: &'static RefusalTexts) -> &'static Incident {
    match kind {
        RefusalKind::ClientMissing => &texts.client_missing,
        RefusalKind::ClientUnknown => &texts.client_unknown,
        RefusalKind::ClientNotAllowed => &texts.client_not_allowed,
        RefusalKind::RedirectMissing => &texts.redirect_missing,
        RefusalKind::RedirectMismatch => &texts.redirect_mismatch,
        RefusalKind::BadParameter => &texts.bad_parameter,
        RefusalKind::FormExpired => &texts.form_expired,
        RefusalKind::CookiesMissing => &texts.cookies_missing,
        RefusalKind::UnderAge => &texts.under_age,
        RefusalKind::NotFound => &texts.not_found,
        RefusalKind::MethodNotAllowed => &texts.method_not_allowed,
        // The caller's own words are taken before this is asked.
        RefusalKind::Internal | RefusalKind::Other { .. } => &texts.internal,
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Markup<'a> {
    frame: &'a Frame,
    texts: &'static Texts,
    view: &'a Refusal,
    title: &'a str,
    happened: &'a str,
    check: Vec<&'a str>,
    status: StatusCode,
}
