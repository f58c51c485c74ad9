//! Who is at the browser: the session behind the cookie, the surroundings of a page, the reading of forms.

use super::refusal::Refusal;
use crate::authorization::Session;
use crate::citizens::Citizen;
use crate::exchanges::Party;
use crate::fhir::Version;
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::oauth::base_path;
use crate::http::oauth::parameters::Parameters;
use crate::http::oauth::response::redirect;
use crate::http::oauth::visit::{cookie, cookie_name, is_foreign, with_cookie};
use crate::http::pages::citizen::{Done, Here, Surroundings};
use crate::http::pages::{Environment, Form, Frame, LANGUAGE_PARAMETER, Language, LanguageLinks, field};
use crate::http::reason::with_reason;
use crate::records::{Access, Records};
use crate::settings::EmptyParameters;
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// The cookie that names the session.
const COOKIE: &str = "phr_sandbox_citizen";

/// The parameter that says what was just done.
const DONE: &str = "done";

/// The parameters that the language switch keeps: those that say which page it is. What was just done is told once, and what
/// nobody here knows is not repeated.
const KEPT: [&str; 7] = ["type", "system", "code", "period", "page", "client_id", "next"];

/// A request to these pages, read whole.
pub struct Call {
    origin: Origin,
    headers: HeaderMap,
    query: String,
    body: Bytes,
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Call, Response> {
        let (mut parts, body) = request.into_parts();
        let origin = Origin::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        Ok(Call { origin, headers, query, body: body.map_err(IntoResponse::into_response)? })
    }
}

/// What a handler leads to.
pub type Outcome = Result<Response, Refusal>;

/// What a handler knows before it decides anything.
pub struct Guest<'a> {
    /// Whose data it is about.
    pub tenant: &'a Tenant,
    /// The parameters of the address.
    pub query: Parameters,
    /// The language of the page.
    pub language: Language,
    call: &'a Call,
    /// The session's cookie and content.
    session: Option<(String, Session)>,
}

/// A citizen who is signed in and let in.
pub struct Member<'a, 'g> {
    /// The request.
    pub guest: &'a Guest<'g>,
    /// The citizen.
    pub citizen: Citizen,
    session: &'a Session,
}

/// Answers a request of anybody.
pub async fn answer(app: App, call: Call, decide: impl FnOnce(&Guest<'_>) -> Outcome + Send + 'static) -> Response {
    blocking(app, move |app| {
        let tenant = &app.tenant;
        let session = cookie(&call.headers, &cookie_name(COOKIE, &call.origin))
            .and_then(|cookie| Some((cookie.to_owned(), tenant.authorization.session(cookie, tenant.clock.now())?)));
        let language = Language::of_request(Some(&call.query), &call.headers);
        let (query, refused) = match Parameters::parse(call.query.as_bytes(), EmptyParameters::Ignore) {
            Ok(query) => (query, None),
            Err(error) => (Parameters::default(), Some(Refusal::Parameter(error))),
        };
        let guest = Guest { tenant, query, language, call: &call, session };
        let outcome = match refused {
            Some(refusal) => Err(refusal),
            None => decide(&guest),
        };
        let mut response = outcome.unwrap_or_else(|refusal| guest.refuse(refusal));
        if guest.query.get(LANGUAGE_PARAMETER).is_some()
            && let Ok(cookie) = HeaderValue::from_str(&language.cookie())
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        let citizen = guest.session.as_ref().and_then(|(_, session)| session.citizen.clone());
        response.extensions_mut().insert(Party { client_id: None, citizen, certificate: None });
        response
    })
    .await
}

/// Answers a request of somebody who is signed in; others are shown the identification.
pub async fn answer_member(
    app: App,
    call: Call,
    decide: impl FnOnce(&Member<'_, '_>) -> Outcome + Send + 'static,
) -> Response {
    answer(app, call, |guest| match guest.member()? {
        Some(member) => decide(&member),
        None => Ok(guest.go("sign-in")),
    })
    .await
}

/// Answers a form of somebody who is signed in. A form of an earlier session changes nothing.
pub async fn answer_form(
    app: App,
    call: Call,
    decide: impl FnOnce(&Member<'_, '_>, &Parameters) -> Outcome + Send + 'static,
) -> Response {
    answer(app, call, |guest| {
        let form = guest.read_form()?;
        match (guest.member()?, form) {
            (Some(member), Some(form)) => decide(&member, &form),
            _ => Ok(guest.start_again()),
        }
    })
    .await
}

impl Guest<'_> {
    /// The page of a refusal. Somebody too young keeps the session with `age.sticky`, and else is forgotten.
    fn refuse(&self, refusal: Refusal) -> Response {
        if !matches!(refusal, Refusal::UnderAge(_)) {
            return refusal.into_response(self.frame(), self.path(""));
        }
        if self.tenant.settings().age_sticky {
            return refusal.into_response(self.frame(), self.path("sign-out"));
        }
        match self.end_session() {
            Ok(cookie) => with_cookie(refusal.into_response(self.frame(), self.path("sign-in")), Some(cookie)),
            Err(failure) => failure.into_response(self.frame(), self.path("")),
        }
    }

    /// The path of a page as browsers know it.
    pub fn path(&self, page: &str) -> String {
        format!("{}/citizen/{page}", base_path(&self.call.origin))
    }

    /// A redirect to one of these pages.
    pub fn go(&self, page: &str) -> Response {
        redirect(&self.path(page))
    }

    /// A redirect for a form that belongs to another session.
    pub fn start_again(&self) -> Response {
        let text = "the form belongs to an earlier session; nothing was done, the page that fits now is shown";
        with_reason(self.go(""), "CITIZEN-FORM-STALE", text)
    }

    /// The surroundings of a page for anybody.
    pub fn frame(&self) -> Frame {
        let tenant = (self.tenant.id != "main").then(|| self.tenant.id.clone());
        let kept = form_urlencoded::parse(self.call.query.as_bytes()).filter(|(name, _)| KEPT.contains(&&**name));
        let kept = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        let links = LanguageLinks::keeping(Some(&kept).filter(|kept| !kept.is_empty()).map(String::as_str));
        let environment = Environment::shown(&self.tenant.settings());
        Frame { base_path: base_path(&self.call.origin), environment, tenant, ..Frame::new(self.language, links) }
    }

    /// Reads a form of this session; `None` for one of an earlier session.
    pub fn read_form(&self) -> Result<Option<Parameters>, Refusal> {
        if is_foreign(&self.call.headers, &self.call.origin) {
            return Err(Refusal::ForgedForm("the form was sent from another site"));
        }
        let form = Parameters::parse(&self.call.body, EmptyParameters::Ignore).map_err(Refusal::Parameter)?;
        let Some(csrf) = form.get(field::CSRF) else {
            return Err(Refusal::ForgedForm("the form carries no token of ours"));
        };
        if cookie(&self.call.headers, &cookie_name(COOKIE, &self.call.origin)).is_none() {
            return Err(Refusal::CookiesMissing);
        }
        Ok(self.session.as_ref().is_some_and(|(_, session)| session.made(csrf)).then_some(form))
    }

    /// Who is signed in, whether or not they are let in.
    pub fn signed_in(&self) -> Option<(Citizen, &Session)> {
        let (_, session) = self.session.as_ref()?;
        Some((self.tenant.citizens.get(session.citizen.as_deref()?)?, session))
    }

    /// Who has identified and not gone on yet.
    pub fn identified(&self) -> Option<(Citizen, &Session)> {
        let (_, session) = self.session.as_ref()?;
        Some((self.tenant.citizens.get(session.identified.as_deref()?)?, session))
    }

    /// Who is signed in and let in; their seeded records are there from now on.
    pub fn member(&self) -> Result<Option<Member<'_, '_>>, Refusal> {
        let Some((citizen, session)) = self.signed_in() else { return Ok(None) };
        self.tenant.check_age(&citizen).map_err(Refusal::UnderAge)?;
        if let Some(pseudonym) = citizen.pseudonym {
            self.tenant.touch(pseudonym).map_err(|refusal| Refusal::internal(refusal.reason().1))?;
        }
        Ok(Some(Member { guest: self, citizen, session }))
    }

    /// The session for a form that asks who is there, with the cookie to set when it is new.
    pub fn anonymous_session(&self) -> Result<(Option<HeaderValue>, Session), Refusal> {
        match &self.session {
            Some((_, session)) if session.citizen.is_none() => Ok((None, session.clone())),
            other => {
                let replaced = other.as_ref().map(|(cookie, _)| cookie.as_str());
                let tenant = self.tenant;
                let begun = tenant.authorization.begin_session(replaced, None, tenant.clock.now(), &tenant.random);
                let (cookie, session) = begun.map_err(Refusal::internal)?;
                Ok((Some(self.set_cookie(&cookie, "")?), session))
            }
        }
    }

    /// Notes who has identified. Gives the cookie to set.
    pub fn note_identified(&self, citizen: &Citizen) -> Result<HeaderValue, Refusal> {
        let tenant = self.tenant;
        let begun = tenant.authorization.begin_identified_session(&citizen.id, tenant.clock.now(), &tenant.random);
        self.set_cookie(&begun.map_err(Refusal::internal)?.0, "")
    }

    /// Signs a citizen in. Gives the cookie to set.
    pub fn sign_in(&self, citizen: &Citizen) -> Result<HeaderValue, Refusal> {
        let tenant = self.tenant;
        let replaced = self.session.as_ref().map(|(cookie, _)| cookie.as_str());
        let begun = tenant.authorization.begin_session(replaced, Some(&citizen.id), tenant.clock.now(), &tenant.random);
        self.set_cookie(&begun.map_err(Refusal::internal)?.0, "")
    }

    /// Ends the session, whoever's it is. Gives the cookie to set.
    pub fn end_session(&self) -> Result<HeaderValue, Refusal> {
        if let Some((cookie, _)) = &self.session {
            self.tenant.authorization.end_session(cookie).map_err(Refusal::internal)?;
        }
        self.set_cookie("", "; Max-Age=0")
    }

    /// A form of this session.
    pub fn form(&self, page: &str, session: &Session) -> Form {
        Form { action: self.path(page), csrf: session.csrf.clone(), hidden: Vec::new() }
    }

    fn set_cookie(&self, value: &str, more: &str) -> Result<HeaderValue, Refusal> {
        let secure = if self.call.origin.is_secure() { "; Secure" } else { "" };
        let path = self.path("");
        let name = cookie_name(COOKIE, &self.call.origin);
        let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{more}");
        HeaderValue::from_str(&text).map_err(Refusal::internal)
    }
}

impl Member<'_, '_> {
    /// The surroundings of a page of theirs.
    pub fn surroundings(&self, here: Here) -> Surroundings {
        Surroundings {
            frame: self.guest.frame(),
            name: self.citizen.full_name(),
            here,
            done: self.guest.query.get(DONE).and_then(Done::from_word),
            root: self.guest.path(""),
            sign_out: self.form("sign-out"),
        }
    }

    /// A form on a page of theirs.
    pub fn form(&self, page: &str) -> Form {
        self.guest.form(page, self.session)
    }

    /// A redirect after something was done, to a page that says so.
    pub fn done(&self, page: &str, done: Done) -> Response {
        self.guest.go(&format!("{page}?{DONE}={}", done.word()))
    }

    /// The citizen's records and their access to them; none before the first approval or entry.
    pub fn records(&self) -> Option<(Records, Access)> {
        let access = Access::Citizen { patient: self.citizen.pseudonym? };
        let records = self.guest.tenant.records();
        // How many hits an application is given at most is nothing that concerns these pages.
        let settings = crate::records::Settings { page_max: usize::MAX, ..*records.settings() };
        Some((records.with_settings(settings), access))
    }

    /// The words of the citizens' room for the language of the page.
    pub fn language(&self) -> crate::citizens::Language {
        match self.guest.language {
            Language::Fi => crate::citizens::Language::Finnish,
            Language::Sv => crate::citizens::Language::Swedish,
            Language::En => crate::citizens::Language::English,
        }
    }
}

/// A base in an address.
pub fn base_word(version: Version) -> &'static str {
    match version {
        Version::Stu3 => "stu3",
        Version::R4 => "r4",
    }
}
