//! A browser's visit to the authorization endpoint or one of its forms: the application's request, the session, and
//! the surroundings of the page to show.

use super::parameters::{ParameterError, Parameters};
use super::refusal::{Refusal, Target};
use super::response::redirect;
use super::{audiences, base_path, browser_path};
use crate::authorization::{AuthorizationRequest, Prompt, RequestedParameters, Session};
use crate::citizens::{Citizen, PersonalIdentityCode, PersonalIdentityCodeError};
use crate::exchanges::Party;
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::pages::{Environment, Form, Frame, LANGUAGE_PARAMETER, Language, LanguageLinks, field};
use crate::http::reason::{SANDBOX_REASON, with_reason};
use crate::settings::{EmptyParameters, Settings};
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawQuery, Request};
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The cookie that names the browser session.
pub const SESSION_COOKIE: &str = "phr_sandbox_session";

/// What a cookie is called at an origin. A browser lets a page without TLS neither see nor replace a `Secure` cookie of
/// the same name (RFC 6265bis, section 5.7), and cookies know no ports: so each scheme has its own.
pub fn cookie_name(name: &str, origin: &Origin) -> String {
    let suffix = if origin.is_secure() { "_secure" } else { "" };
    format!("{name}{suffix}")
}

/// The parameter that says: a cookie was set on the way here.
const COOKIE_MARKER: &str = "sandbox_cookie";

/// The parameters of OpenID Connect that mean nothing here (the discovery document says so); a request with `request` or
/// `claims` goes on without them.
const UNSUPPORTED: [&str; 5] = ["request", "request_uri", "claims", "response_mode", "registration"];

/// The parameters that spare a test the pages.
const SHORTCUTS: [&str; 2] = ["user_id", "sandbox_decision"];

/// The parameters that are personal identity codes.
const USERS: [&str; 2] = ["user_id", "user"];

/// What a handler of the browser flow knows before it decides anything.
pub struct Visit<'a> {
    /// Whose data it is about.
    pub tenant: &'a Tenant,
    /// Where the request came to.
    pub origin: &'a Origin,
    /// The tenant's knobs.
    pub settings: Arc<Settings>,
    /// The request's own query, as it came but for what may be a real person's code.
    pub query: &'a str,
    /// Its parameters.
    pub parameters: Parameters,
    /// The language of the page.
    pub language: Language,
    /// The session's cookie and content.
    pub session: Option<(String, Session)>,
    headers: &'a HeaderMap,
}

/// What a visit leads to.
pub type Outcome = Result<Response, Refusal>;

/// Answers a visit: `decide` decides, this does what is common to all ways out.
pub fn answer(
    app: &App,
    origin: &Origin,
    headers: &HeaderMap,
    query: Option<&str>,
    decide: impl FnOnce(&Visit<'_>, AuthorizationRequest) -> Outcome,
) -> Response {
    let query = query.unwrap_or_default();
    let settings = app.tenant.settings();
    let whole = query;
    let (parameters, refused) = match Parameters::parse(whole.as_bytes(), settings.parameters_empty) {
        Ok(parameters) => (parameters, None),
        Err(error) => (Parameters::default(), Some(error)),
    };
    let kept = match refused {
        // So much of it is not worth carrying along.
        Some(ParameterError::TooMany | ParameterError::TooLong) => Some(String::new()),
        _ => without_real_codes(whole),
    };
    let query = kept.as_deref().unwrap_or(whole);
    let session = session_cookie(headers, origin).and_then(|cookie| {
        Some((cookie.to_owned(), app.tenant.authorization.session(cookie, app.tenant.clock.now())?))
    });
    let language = Language::of_request(Some(query), headers);
    let visit = Visit { tenant: &app.tenant, origin, settings, query, parameters, language, session, headers };
    let outcome = match refused {
        Some(error) => Err(Refusal::Parameter(error)),
        None => visit
            .request()
            .map_err(Refusal::Request)
            .and_then(|request| visit.check_users().map(|()| request))
            .and_then(|request| decide(&visit, request)),
    };
    let mut response = outcome.unwrap_or_else(|refusal| {
        let forgotten = [&[COOKIE_MARKER], &visit.no_codes()[..]].concat();
        let retry = browser_path(origin, "authorize") + "?" + &without(query, &forgotten);
        refusal.into_response(visit.frame(), Some(retry))
    });
    if let Some(ignored) = visit.ignored().filter(|_| !response.headers().contains_key(SANDBOX_REASON)) {
        response = with_reason(response, "AUTH-PARAMETER-IGNORED", &ignored);
    }
    // The application's wish holds for the pages that come after, unless the person has chosen before.
    let is_wish = visit.parameters.get("ui_locales").is_some() && cookie(headers, LANGUAGE_PARAMETER).is_none();
    if (visit.parameters.get(LANGUAGE_PARAMETER).is_some() || is_wish)
        && let Ok(cookie) = HeaderValue::from_str(&language.cookie())
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Party {
        client_id: visit.parameters.get("client_id").map(str::to_owned),
        citizen: visit.session.as_ref().and_then(|(_, session)| session.citizen.clone()),
        certificate: None,
    });
    response
}

/// A form of one of the pages, as it was posted.
pub struct Posted {
    origin: Origin,
    headers: HeaderMap,
    query: Option<String>,
    body: Bytes,
}

impl FromRequest<App> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Posted, Response> {
        let (mut parts, body) = request.into_parts();
        let origin = Origin::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        let query = parts.uri.query().map(str::to_owned);
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        Ok(Posted { origin, headers, query, body: body.map_err(IntoResponse::into_response)? })
    }
}

/// Answers a page's form: the request it carries in its address is checked anew, the form must be of this session.
pub async fn answer_form(
    app: App,
    posted: Posted,
    decide: fn(&Visit<'_>, AuthorizationRequest, &Parameters) -> Outcome,
) -> Response {
    blocking(app, move |app| {
        let Posted { origin, headers, query, body } = posted;
        answer(app, &origin, &headers, query.as_deref(), |visit, request| match visit.read_form(&body)? {
            Some(form) => decide(visit, request, &form),
            None => Ok(visit.start_again()),
        })
    })
    .await
}

/// Someone opens the address of a form: a reload, Back, or the language switch.
pub async fn back_to_authorize(origin: Origin, RawQuery(query): RawQuery) -> Response {
    redirect(&(browser_path(&origin, "authorize") + "?" + &query.unwrap_or_default()))
}

impl Visit<'_> {
    fn request(&self) -> Result<AuthorizationRequest, crate::authorization::RequestError> {
        let get = |name| self.parameters.get(name);
        let audiences = audiences(self.origin);
        let requested = RequestedParameters {
            response_type: get("response_type"),
            client_id: get("client_id"),
            redirect_uri: get("redirect_uri"),
            scope: get("scope"),
            state: get("state"),
            nonce: get("nonce"),
            aud: get("aud"),
            prompt: get("prompt"),
            max_age: get("max_age"),
            code_challenge: get("code_challenge"),
            code_challenge_method: get("code_challenge_method"),
            audiences: &audiences,
        };
        self.tenant.authorization.check_request(&requested, &self.settings.authorization_rules())
    }

    /// A parameter that spares a test the pages: in environment sandbox only (authorization-server.md §2.1 says so of
    /// `user_id`).
    pub fn shortcut(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).filter(|_| self.settings.is_sandbox())
    }

    /// Which parameters mean nothing here, though they do elsewhere.
    fn ignored(&self) -> Option<String> {
        // Answers come in the query, so that asking for it asks for nothing else.
        let sent =
            |name: &&str| self.parameters.get(name).is_some_and(|value| (*name, value) != ("response_mode", "query"));
        let unsupported: Vec<&str> = UNSUPPORTED.into_iter().filter(sent).collect();
        let shortcuts: Vec<&str> =
            SHORTCUTS.into_iter().filter(|name| sent(name) && !self.settings.is_sandbox()).collect();
        let says = |names: &[&str], why: &str| (!names.is_empty()).then(|| format!("{}: {why}", names.join(", ")));
        let all = [
            says(&unsupported, "not supported, ignored (answers are redirects with a query)"),
            says(&shortcuts, "ignored outside of environment sandbox (setting environment)"),
        ];
        let all: Vec<String> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The parameters that should be personal identity codes of the sandbox and are not.
    fn no_codes(&self) -> Vec<&'static str> {
        let is_none = |name: &&str| matches!(self.parameters.get(name).map(PersonalIdentityCode::parse), Some(Err(_)));
        USERS.into_iter().filter(is_none).collect()
    }

    /// Refuses what is no code of the sandbox: it may be a real person's.
    fn check_users(&self) -> Result<(), Refusal> {
        for name in USERS {
            if let Some(Err(error)) = self.parameters.get(name).map(PersonalIdentityCode::parse) {
                return Err(Refusal::User(name, error));
            }
        }
        Ok(())
    }

    /// Whether the application says that its user is somebody else (`user`, authorization-server.md §2.1).
    pub fn is_other_user(&self, citizen: &Citizen) -> bool {
        let user = self.parameters.get("user").and_then(|code| PersonalIdentityCode::parse(code).ok());
        user.is_some_and(|user| user != citizen.personal_identity_code)
    }

    /// Whether the citizen of a session identified too long ago for a request (`max_age`).
    pub fn is_stale(&self, session: &Session, request: &AuthorizationRequest) -> bool {
        let now = self.tenant.clock.now();
        session.signed_in_at.is_none_or(|signed_in_at| request.is_stale(signed_in_at, now))
    }

    /// The citizen who is signed in.
    pub fn signed_in(&self) -> Option<(Citizen, &Session)> {
        let (_, session) = self.session.as_ref()?;
        Some((self.tenant.citizens.get(session.citizen.as_deref()?)?, session))
    }

    /// The citizen who has identified in this session and is shown what that passes on.
    pub fn identified(&self) -> Option<(Citizen, &Session)> {
        let (_, session) = self.session.as_ref()?;
        Some((self.tenant.citizens.get(session.identified.as_deref()?)?, session))
    }

    /// Notes who has identified, in a session of its own. Gives the cookie to set.
    pub fn note_identified(&self, citizen: &Citizen) -> Result<HeaderValue, Refusal> {
        let tenant = self.tenant;
        let begun = tenant.authorization.begin_identified_session(&citizen.id, tenant.clock.now(), &tenant.random);
        self.set_cookie(&begun.map_err(Refusal::internal)?.0)
    }

    /// Forgets this citizen, should the session be theirs.
    pub fn forget(&self, citizen: &Citizen) -> Result<(), Refusal> {
        let is_theirs = |(_, session): &&(String, Session)| {
            [&session.citizen, &session.identified].into_iter().flatten().any(|id| *id == citizen.id)
        };
        match self.session.as_ref().filter(is_theirs) {
            Some((cookie, _)) => self.tenant.authorization.end_session(cookie).map_err(Refusal::internal),
            None => Ok(()),
        }
    }

    /// Forgets who has identified.
    pub fn forget_identified(&self) -> Result<(), Refusal> {
        match &self.session {
            Some((cookie, _)) => self.tenant.authorization.end_session(cookie).map_err(Refusal::internal),
            None => Ok(()),
        }
    }

    /// Signs a citizen in. Gives the cookie to set.
    pub fn sign_in(&self, citizen: &Citizen) -> Result<HeaderValue, Refusal> {
        let somebody = |session: &Session| session.citizen.is_some() || session.identified.is_some();
        // An anonymous session is left to expire: a double click on its form still finds it.
        let replaced = self.session.as_ref().filter(|(_, session)| somebody(session));
        self.begin_session(replaced.map(|(cookie, _)| cookie.as_str()), Some(&citizen.id)).map(|(cookie, _)| cookie)
    }

    /// The session for a form that asks who is there: the present one unless somebody is signed in, with the cookie to
    /// set when it is new.
    pub fn anonymous_session(&self) -> Result<(Option<HeaderValue>, Session), Refusal> {
        match &self.session {
            Some((_, session)) if session.citizen.is_none() => Ok((None, session.clone())),
            other => {
                let (cookie, session) = self.begin_session(other.as_ref().map(|(cookie, _)| cookie.as_str()), None)?;
                Ok((Some(cookie), session))
            }
        }
    }

    fn begin_session(&self, replaced: Option<&str>, citizen: Option<&str>) -> Result<(HeaderValue, Session), Refusal> {
        let tenant = self.tenant;
        let begun = tenant.authorization.begin_session(replaced, citizen, tenant.clock.now(), &tenant.random);
        let (cookie, session) = begun.map_err(Refusal::internal)?;
        Ok((self.set_cookie(&cookie)?, session))
    }

    fn set_cookie(&self, cookie: &str) -> Result<HeaderValue, Refusal> {
        let secure = if self.origin.is_secure() { "; Secure" } else { "" };
        let path = browser_path(self.origin, "");
        let name = cookie_name(SESSION_COOKIE, self.origin);
        let value = format!("{name}={cookie}; Path={path}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&value).map_err(Refusal::internal)
    }

    /// The surroundings of a page. Its language links lead to the authorization endpoint, which finds the same page.
    pub fn frame(&self) -> Frame {
        let authorize = browser_path(self.origin, "authorize");
        // What is no code of the sandbox may be a real person's: no page repeats it.
        let keeping = LanguageLinks::keeping(Some(&without(self.query, &self.no_codes())));
        let links = LanguageLinks::from_fn(|language| format!("{authorize}{}", keeping.get(language)));
        let tenant = (self.tenant.id != "main").then(|| self.tenant.id.clone());
        let environment = Environment::shown(&self.tenant.settings());
        Frame { base_path: base_path(self.origin), environment, tenant, ..Frame::new(self.language, links) }
    }

    /// A form that posts to `authorize/{page}` with the application's whole request.
    pub fn form(&self, page: &str, session: &Session) -> Form {
        let action = browser_path(self.origin, &format!("authorize/{page}?{}", self.query));
        Form { action, csrf: session.csrf.clone(), hidden: Vec::new() }
    }

    /// Reads a form of this session. A form of an earlier session is no reason to worry: `None` then, and the citizen
    /// is shown the page that fits now.
    fn read_form(&self, body: &[u8]) -> Result<Option<Parameters>, Refusal> {
        if is_foreign(self.headers, self.origin) {
            return Err(Refusal::ForgedForm("the form was sent from another site"));
        }
        let form = Parameters::parse(body, EmptyParameters::Ignore).map_err(Refusal::Parameter)?;
        let Some(csrf) = form.get(field::CSRF) else {
            return Err(Refusal::ForgedForm("the form carries no token of ours"));
        };
        // A page with a form never goes out without a session.
        if session_cookie(self.headers, self.origin).is_none() {
            return Err(Refusal::CookiesMissing);
        }
        Ok(self.session.as_ref().is_some_and(|(_, session)| session.made(csrf)).then_some(form))
    }

    /// A redirect to the authorization endpoint with the same request, which shows what is to be asked next.
    pub fn go_on(&self) -> Response {
        redirect(&browser_path(self.origin, &format!("authorize?{}", self.query)))
    }

    /// The same without some of the request's parameters.
    pub fn go_on_without(&self, names: &[&str]) -> Response {
        let query = without(self.query, names);
        redirect(&browser_path(self.origin, &format!("authorize?{query}")))
    }

    /// The same along with a new cookie, whose return is checked: without it the citizen would be sent round for ever.
    pub fn go_on_with_cookie(&self, names: &[&str]) -> Response {
        let query = without(self.query, &[names, &[COOKIE_MARKER]].concat());
        redirect(&browser_path(self.origin, &format!("authorize?{query}&{COOKIE_MARKER}=1")))
    }

    /// Refuses a browser that has just been given a cookie and does not send it. (One that has ended is sent, still.)
    pub fn check_cookie(&self) -> Result<(), Refusal> {
        let lost = self.parameters.get(COOKIE_MARKER).is_some() && session_cookie(self.headers, self.origin).is_none();
        if lost { Err(Refusal::CookiesMissing) } else { Ok(()) }
    }

    /// The same for a form that belongs to another session.
    pub fn start_again(&self) -> Response {
        let text = "the form belongs to an earlier session; nothing was done, the page that fits now is shown";
        with_reason(self.go_on(), "AUTH-FORM-STALE", text)
    }

    /// Forgets who is signed in and asks again. A `user_id` would answer at once, so it is left out.
    pub fn switch_citizen(&self) -> Outcome {
        let (cookie, _) = self.anonymous_session()?;
        Ok(with_cookie(self.go_on_without(&["user_id"]), cookie))
    }

    /// Gives the application its code.
    pub fn approve(&self, citizen: &Citizen, session: Option<&Session>, request: &AuthorizationRequest) -> Outcome {
        let signed_in_at = session.and_then(|session| session.signed_in_at).unwrap_or_else(|| self.tenant.clock.now());
        let issued = self.tenant.approve(citizen, request, signed_in_at, &self.origin.issuer());
        self.with_code(issued, request)
    }

    /// Gives the application a code under a right given before.
    pub fn approve_again(&self, citizen: &Citizen, session: &Session, request: &AuthorizationRequest) -> Outcome {
        let signed_in_at = session.signed_in_at.unwrap_or_else(|| self.tenant.clock.now());
        let issued = self.tenant.approve_again(citizen, request, signed_in_at, &self.origin.issuer());
        self.with_code(issued, request)
    }

    fn with_code(
        &self,
        issued: Result<crate::authorization::IssuedCode, crate::tenant::ApproveError>,
        request: &AuthorizationRequest,
    ) -> Outcome {
        let code = issued.map_err(Refusal::internal)?.code;
        Ok(Target::from(request).answer(&[("code", Some(&code))]))
    }

    /// Whether the application wants no page shown.
    pub fn is_silent(request: &AuthorizationRequest) -> bool {
        request.prompt == Some(Prompt::None)
    }
}

/// A query without the parameters (a `login_hint`, say) that may be a real person's code: no page and no address of
/// ours repeats them. `None` when there are none. A `state` is the application's own affair and echoed whatever it is.
fn without_real_codes(query: &str) -> Option<String> {
    let is_real =
        |code: &str| matches!(PersonalIdentityCode::parse(code.trim()), Err(PersonalIdentityCodeError::NotSynthetic));
    let real: BTreeSet<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name != "state" && is_real(value))
        .map(|(name, _)| name.into_owned())
        .collect();
    let names: Vec<&str> = real.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| without(query, &names))
}

/// Whether a browser says that a form came from another site.
pub fn is_foreign(headers: &HeaderMap, own: &Origin) -> bool {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    header(ORIGIN.as_str()).is_some_and(|origin| !own.is_own(origin)) || header("sec-fetch-site") == Some("cross-site")
}

/// A query without some of its parameters.
fn without(query: &str, names: &[&str]) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !names.contains(&&**name));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
}

/// The response with a cookie to set, if there is one.
pub fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn session_cookie<'h>(headers: &'h HeaderMap, origin: &Origin) -> Option<&'h str> {
    cookie(headers, &cookie_name(SESSION_COOKIE, origin))
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .find_map(|header| header.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::context::Front;
    use crate::http::listen::{Connection, Listener};

    #[test]
    fn each_scheme_has_cookies_of_its_own() {
        let name = |listener| {
            let connection = Connection::new(listener, ([127, 0, 0, 1], 1).into(), None);
            cookie_name(SESSION_COOKIE, &Origin::new(&connection, &Front::default(), "localhost:1"))
        };
        assert_eq!((&*name(Listener::Http), &*name(Listener::Https)), (SESSION_COOKIE, "phr_sandbox_session_secure"));
    }
}
