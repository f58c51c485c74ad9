//! The registration pages of developers: `registeruser`, `login`, `logout`, `manage/`. They do what the registration
//! endpoint does, by the same rules, for people.
//!
//! The developer's session has a cookie of its own: signing in here signs no citizen in, and the other way round.

mod account;
mod clients;
mod sign_out;

use super::parameters::Parameters;
use super::refusal::Refusal;
use super::response::redirect;
use super::visit::{cookie, cookie_name, is_foreign, with_cookie};
use super::{base_path, browser_path};
use crate::authorization::Session;
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::pages::{Environment, Form, Frame, LANGUAGE_PARAMETER, Language, LanguageLinks, field};
use crate::http::reason::with_reason;
use crate::settings::EmptyParameters;
use crate::tenant::Tenant;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The cookie that names the developer's session.
const COOKIE: &str = "phr_sandbox_developer";

/// The routes.
pub fn routes(prefix: &str) -> Router<App> {
    let at = |path: &str| format!("{prefix}/{path}");
    Router::new()
        .route(&at("registeruser"), get(account::show_make).post(account::make))
        .route(&at("login"), get(account::show_sign_in).post(account::sign_in))
        .route(&at("logout"), get(sign_out::show).post(sign_out::end))
        .route(&at("endsession"), get(sign_out::show).post(sign_out::end))
        .route(&at("manage"), get(clients::list))
        .route(&at("manage/"), get(clients::list))
        .route(&at("manage/open"), get(clients::list).post(clients::open))
        .route(&at("manage/new"), get(clients::show_new).post(clients::save_new))
        .route(&at("manage/client/{client_id}"), get(clients::show).post(clients::save))
        .route(&at("manage/client/{client_id}/remove"), get(clients::show).post(clients::remove))
}

/// A request to these pages, read whole.
pub struct Call {
    origin: Origin,
    headers: HeaderMap,
    query: Option<String>,
    body: Bytes,
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Call, Response> {
        let (mut parts, body) = request.into_parts();
        let origin = Origin::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        let (query, headers) = (parts.uri.query().map(str::to_owned), parts.headers.clone());
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        Ok(Call { origin, headers, query, body: body.map_err(IntoResponse::into_response)? })
    }
}

/// What a handler knows before it decides anything.
pub struct Desk<'a> {
    tenant: &'a Tenant,
    origin: &'a Origin,
    headers: &'a HeaderMap,
    query: &'a str,
    language: Language,
    /// The session's cookie and content.
    session: Option<(String, Session)>,
}

/// What a handler leads to.
type Outcome = Result<Response, Refusal>;

/// Answers a request for a page, or a link.
async fn answer(app: App, call: Call, decide: impl FnOnce(&Desk<'_>) -> Outcome + Send + 'static) -> Response {
    answer_form(app, call, move |desk, _| decide(desk)).await
}

/// Answers a form; `decide` is handed its bytes, to be read with [`Desk::read_form`].
async fn answer_form(
    app: App,
    call: Call,
    decide: impl FnOnce(&Desk<'_>, &[u8]) -> Outcome + Send + 'static,
) -> Response {
    blocking(app, move |app| {
        let Call { origin, headers, query, body } = call;
        let query = query.unwrap_or_default();
        let session = cookie(&headers, &cookie_name(COOKIE, &origin)).and_then(|cookie| {
            Some((cookie.to_owned(), app.tenant.authorization.session(cookie, app.tenant.clock.now())?))
        });
        let language = Language::of_request(Some(&query), &headers);
        let desk = Desk { tenant: &app.tenant, origin: &origin, headers: &headers, query: &query, language, session };
        let mut response = decide(&desk, &body)
            .unwrap_or_else(|refusal| refusal.into_response(desk.frame(), Some(desk.path("manage/"))));
        let switched = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == LANGUAGE_PARAMETER);
        if switched && let Ok(cookie) = HeaderValue::from_str(&language.cookie()) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    })
    .await
}

impl Desk<'_> {
    /// The path of a page.
    fn path(&self, page: &str) -> String {
        browser_path(self.origin, page)
    }

    fn frame(&self) -> Frame {
        let tenant = (self.tenant.id != "main").then(|| self.tenant.id.clone());
        // Nothing of a query matters to these pages.
        let links = LanguageLinks::keeping(None);
        let environment = Environment::shown(&self.tenant.settings());
        Frame { base_path: base_path(self.origin), environment, tenant, ..Frame::new(self.language, links) }
    }

    /// The developer who is signed in, with the session.
    fn developer(&self) -> Option<(&str, &Session)> {
        let (_, session) = self.session.as_ref()?;
        Some((session.developer.as_deref()?, session))
    }

    /// The way to the page on which one signs in.
    fn to_sign_in(&self) -> Response {
        redirect(&self.path("login"))
    }

    /// The session for a form, with the cookie to set when it is new.
    fn any_session(&self) -> Result<(Option<HeaderValue>, Session), Refusal> {
        match &self.session {
            Some((_, session)) => Ok((None, session.clone())),
            None => {
                let (cookie, session) = self.begin(None)?;
                Ok((Some(cookie), session))
            }
        }
    }

    /// Begins a session in place of the present one; gives the cookie to set.
    fn begin(&self, developer: Option<&str>) -> Result<(HeaderValue, Session), Refusal> {
        let tenant = self.tenant;
        let replaced = self.session.as_ref().map(|(cookie, _)| cookie.as_str());
        let begun =
            tenant.authorization.begin_developer_session(replaced, developer, tenant.clock.now(), &tenant.random);
        let (cookie, session) = begun.map_err(Refusal::internal)?;
        Ok((self.cookie(COOKIE, &cookie, "")?, session))
    }

    /// A `Set-Cookie` for these pages.
    fn cookie(&self, name: &str, value: &str, more: &str) -> Result<HeaderValue, Refusal> {
        let secure = if self.origin.is_secure() { "; Secure" } else { "" };
        let path = self.path("");
        let name = cookie_name(name, self.origin);
        let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{more}");
        HeaderValue::from_str(&text).map_err(Refusal::internal)
    }

    fn form(&self, page: &str, session: &Session) -> Form {
        Form { action: self.path(page), csrf: session.csrf.clone(), hidden: Vec::new() }
    }

    /// Reads a form of this session. `None` for one of an earlier session: nothing is done, the page is shown anew.
    fn read_form(&self, body: &[u8]) -> Result<Option<Parameters>, Refusal> {
        if is_foreign(self.headers, self.origin) {
            return Err(Refusal::ForgedForm("the form was sent from another site"));
        }
        let form = Parameters::parse(body, EmptyParameters::Ignore).map_err(Refusal::Parameter)?;
        let Some(csrf) = form.get(field::CSRF) else {
            return Err(Refusal::ForgedForm("the form carries no token of ours"));
        };
        if cookie(self.headers, &cookie_name(COOKIE, self.origin)).is_none() {
            return Err(Refusal::CookiesMissing);
        }
        Ok(self.session.as_ref().is_some_and(|(_, session)| session.made(csrf)).then_some(form))
    }

    /// A page anew, for a form of an earlier session.
    fn again(&self, page: &str) -> Response {
        let text = "the form belongs to an earlier session; nothing was done, the page is shown anew";
        with_reason(redirect(&self.path(page)), "AUTH-FORM-STALE", text)
    }
}

/// A page with the cookie of a new session.
fn page_with(response: impl IntoResponse, cookie: Option<HeaderValue>) -> Response {
    with_cookie(response.into_response(), cookie)
}
