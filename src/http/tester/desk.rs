//! Who asks for a page of the tester UI: the request read whole, the cookies, the surroundings of a page.

use super::PREFIX;
use super::place::{Endpoint, Place};
use super::send::Inside;
use crate::http::context::{App, Origin};
use crate::http::entrance::BodyTooLong;
use crate::http::fhir::Backend;
use crate::http::listen::Connection;
use crate::http::oauth::base_path;
use crate::http::oauth::visit::{cookie, cookie_name, is_foreign};
use crate::http::pages::tester::{Crumb, Holder, PlaceLink, Surroundings};
use crate::http::pages::{
    Environment, Form, Frame, LANGUAGE_PARAMETER, Language, LanguageLinks, Refusal as RefusalPage, RefusalKind, field,
};
use crate::http::reason::with_reason;
use crate::records::{Access, ResourceType};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::SET_COOKIE;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The cookie that forms are bound to.
const VISITOR: &str = "phr_sandbox_tester";
/// The cookie with the access token that goes with requests.
const TOKEN: &str = "phr_sandbox_tester_token";
/// A longer token would not fit into a cookie.
const LONGEST_TOKEN: usize = 3500;

/// A request to these pages, read whole.
pub struct Call {
    origin: Origin,
    connection: Arc<Connection>,
    inside: Router,
    headers: HeaderMap,
    query: String,
    body: Bytes,
    is_too_long: bool,
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Call, Response> {
        let (mut parts, body) = request.into_parts();
        let origin = Origin::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        // The entrance puts both there.
        let (Some(Inside(inside)), Some(connection)) =
            (parts.extensions.remove::<Inside>(), parts.extensions.get::<Arc<Connection>>().cloned())
        else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let is_too_long = parts.extensions.get::<BodyTooLong>().is_some();
        let (headers, query) = (parts.headers.clone(), parts.uri.query().unwrap_or_default().to_owned());
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let body = body.map_err(IntoResponse::into_response)?;
        Ok(Call { origin, connection, inside, headers, query, body, is_too_long })
    }
}

/// Why a page says no.
#[derive(Debug)]
pub enum Refusal {
    /// No such page: what there is instead.
    NotFound(&'static str),
    /// A form came from elsewhere.
    Forged(&'static str),
    /// The browser keeps no cookies.
    CookiesMissing,
    /// The form is longer than is read.
    TooLong,
    /// A field holds nothing that can be sent.
    Unsendable(&'static str),
}

/// What a handler leads to.
pub type Outcome = Result<Response, Refusal>;

/// What a handler knows before it decides anything.
pub struct Desk {
    pub app: App,
    pub language: Language,
    call: Call,
    visitor: String,
    is_new: bool,
}

impl Desk {
    /// Reads the cookies of a request.
    pub fn new(app: App, call: Call) -> Desk {
        let language = Language::of_request(Some(&call.query), &call.headers);
        let known = cookie(&call.headers, &cookie_name(VISITOR, &call.origin))
            .filter(|value| value.len() == 32 && is_token(value));
        let (visitor, is_new) = match known {
            Some(known) => (known.to_owned(), false),
            None => (app.tenant.random.alphanumeric(32), true),
        };
        Desk { app, language, call, visitor, is_new }
    }

    /// The response of an outcome, with the cookies that are new.
    pub fn finish(&self, outcome: Outcome) -> Response {
        let mut response = outcome.unwrap_or_else(|refusal| self.refused(&refusal));
        if self.is_new {
            self.set(&mut response, &format!("{}={}{}", self.cookie_name(VISITOR), self.visitor, self.attributes("")));
        }
        if self.query().any(|(name, _)| name == LANGUAGE_PARAMETER) {
            self.set(&mut response, &self.language.cookie());
        }
        response
    }

    fn refused(&self, refusal: &Refusal) -> Response {
        let (status, kind, rule, reason) = match refusal {
            Refusal::NotFound(instead) => (StatusCode::NOT_FOUND, RefusalKind::NotFound, "TESTER-NOT-FOUND", *instead),
            Refusal::Forged(why) => (StatusCode::FORBIDDEN, RefusalKind::FormExpired, "TESTER-CSRF", *why),
            Refusal::CookiesMissing => (
                StatusCode::BAD_REQUEST,
                RefusalKind::CookiesMissing,
                "TESTER-COOKIES",
                "allow cookies for this address",
            ),
            Refusal::TooLong => (
                StatusCode::PAYLOAD_TOO_LARGE,
                RefusalKind::BadParameter,
                "TESTER-TOO-LONG",
                "a form of more than 10 MB is not read; send such a body by a program",
            ),
            Refusal::Unsendable(why) => (StatusCode::BAD_REQUEST, RefusalKind::BadParameter, "TESTER-FORM", *why),
        };
        let view = RefusalPage {
            frame: self.frame(),
            status: status.as_u16(),
            kind,
            rule: Some(rule.to_owned()),
            reason: Some(reason.to_owned()),
            details: Vec::new(),
            retry: Some(self.root()),
        };
        with_reason(view.page().into_response(), rule, reason)
    }

    /// The address of the home page.
    pub fn root(&self) -> String {
        format!("{}{PREFIX}/", base_path(&self.call.origin))
    }

    /// Whether the pages are asked for at the open endpoint.
    pub fn is_open(&self) -> bool {
        self.call.origin.is_open()
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.call.connection
    }

    pub(super) fn inside(&self) -> &Router {
        &self.call.inside
    }

    pub fn origin(&self) -> &Origin {
        &self.call.origin
    }

    /// The parameters of the address in their order, repeated ones included.
    pub fn query(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.call.query.as_bytes()).into_owned()
    }

    /// The first value of a parameter of the address; an empty one counts as none.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query().find(|(known, _)| known == name).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Whether the environment in force has open resource servers.
    pub fn has_open(&self) -> bool {
        self.app.tenant.settings().is_sandbox()
    }

    /// Scheme and authority of an endpoint, if these pages reach it. Where a control token is asked for, the open endpoint
    /// is reached at its own address only: who may come here need not be let in there.
    fn server(&self, endpoint: Endpoint) -> Option<String> {
        match (endpoint, self.is_open()) {
            (Endpoint::Authorized, true) => None,
            (Endpoint::Open, _) if !self.has_open() => None,
            (Endpoint::Authorized, false) | (Endpoint::Open, true) => Some(self.call.origin.url("")),
            (Endpoint::Open, false) => {
                self.app.front.open_http.clone().filter(|_| self.app.front.control_token.is_none())
            }
        }
    }

    /// All resource servers within reach.
    pub fn places(&self) -> Vec<Place> {
        Place::all(&self.root(), |endpoint| self.server(endpoint))
    }

    /// The place of an address.
    pub fn place(&self, endpoint: &str, base: &str) -> Result<Place, Refusal> {
        let found = Place::named(endpoint, base, &self.root(), |endpoint| self.server(endpoint));
        found.ok_or(Refusal::NotFound(match endpoint {
            "" => "an address is percent-encoded UTF-8: this one names nothing",
            "open" if !self.has_open() => {
                "the environment in force has no open resource servers: every request needs an access token"
            }
            _ => "the resource servers are chosen on the home page of the tester UI",
        }))
    }

    /// The place and the type of an address.
    pub fn type_at(&self, endpoint: &str, base: &str, name: &str) -> Result<(Place, ResourceType), Refusal> {
        let place = self.place(endpoint, base)?;
        let instead = "this base has no such resource type; its own page lists those it has";
        let resource_type = place.resource_type(name).ok_or(Refusal::NotFound(instead))?;
        Ok((place, resource_type))
    }

    /// The access token that the visitor has given.
    pub fn token(&self) -> Option<&str> {
        cookie(&self.call.headers, &self.cookie_name(TOKEN)).filter(|token| is_token(token))
    }

    /// As whom requests to a place are made; none without a token that holds.
    pub fn access(&self, place: &Place) -> Option<Access> {
        match place.endpoint {
            Endpoint::Open => Some(Access::Open),
            Endpoint::Authorized => {
                let caller = Backend::caller(&self.app, self.token()?, &Extensions::new());
                caller.ok().map(|caller| caller.access)
            }
        }
    }

    /// Whose token it is, or why it is none.
    pub fn holder(&self) -> Holder {
        let Some(token) = self.token() else { return Holder::Nobody };
        match self.app.tenant.access_by_token(token) {
            Err(error) => Holder::Refused(error.to_string()),
            Ok(info) => {
                let name = self.app.tenant.citizens.get(&info.citizen).map(|citizen| citizen.full_name());
                Holder::Somebody {
                    citizen: name.unwrap_or_else(|| info.citizen.clone()),
                    client: info.client_name.clone(),
                    scopes: info.scopes.to_string(),
                }
            }
        }
    }

    /// Sets or removes the token; false when it cannot be a token.
    pub fn set_token(&self, response: &mut Response, token: Option<&str>) -> bool {
        match token {
            Some(token) if !is_token(token) => return false,
            Some(token) => self.set(response, &format!("{}={token}{}", self.cookie_name(TOKEN), self.attributes(""))),
            None => self.set(response, &format!("{}={}", self.cookie_name(TOKEN), self.attributes("; Max-Age=0"))),
        }
        true
    }

    fn cookie_name(&self, name: &str) -> String {
        cookie_name(name, &self.call.origin)
    }

    /// Behind the value of each cookie.
    fn attributes(&self, more: &str) -> String {
        let secure = if self.call.origin.is_secure() { "; Secure" } else { "" };
        format!("; Path={}; HttpOnly; SameSite=Lax{secure}{more}", self.root().trim_end_matches('/'))
    }

    fn set(&self, response: &mut Response, cookie: &str) {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }

    /// What forms of this visitor send back: nobody else can know it.
    fn csrf(&self) -> String {
        let text = format!("tester form {}", self.visitor);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A form of this visitor.
    pub fn form(&self, action: String) -> Form {
        Form { action, csrf: self.csrf(), hidden: Vec::new() }
    }

    /// Reads a form of this visitor.
    pub fn read_form(&self) -> Result<Fields, Refusal> {
        if is_foreign(&self.call.headers, &self.call.origin) {
            return Err(Refusal::Forged("the form was sent from another site: open the page and send its own form"));
        }
        if self.call.is_too_long {
            return Err(Refusal::TooLong);
        }
        if std::str::from_utf8(&self.call.body).is_err() {
            return Err(Refusal::Unsendable("the form is no UTF-8"));
        }
        let fields = Fields(form_urlencoded::parse(&self.call.body).into_owned().collect());
        if self.is_new {
            return Err(Refusal::CookiesMissing);
        }
        let own = self.csrf();
        let is_own = subtle::ConstantTimeEq::ct_eq(fields.get(field::CSRF).as_bytes(), own.as_bytes());
        if !bool::from(is_own) {
            return Err(Refusal::Forged("the form does not carry this browser's token: open the page anew"));
        }
        Ok(fields)
    }

    fn frame(&self) -> Frame {
        let tenant = (self.app.tenant.id != "main").then(|| self.app.tenant.id.clone());
        let kept = self.call.query.as_str();
        let links = LanguageLinks::keeping(Some(kept).filter(|kept| !kept.is_empty()));
        let environment = Environment::shown(&self.app.tenant.settings());
        Frame { base_path: base_path(&self.call.origin), environment, tenant, ..Frame::new(self.language, links) }
    }

    /// The surroundings of a page; `crumbs` are names and addresses of those above it.
    pub fn around(&self, place: Option<&Place>, crumbs: Vec<Crumb>) -> Surroundings {
        let is_here = |each: &Place| place.is_some_and(|place| place.root == each.root);
        let places = self.places().into_iter().map(|each| PlaceLink {
            is_open: each.endpoint == Endpoint::Open,
            version: each.name(),
            is_current: is_here(&each),
            base: each.base.clone(),
            href: each.root,
        });
        Surroundings {
            frame: self.frame(),
            root: self.root(),
            places: places.collect(),
            crumbs,
            needs_token: place.is_some_and(|place| place.endpoint == Endpoint::Authorized),
            holder: self.holder(),
        }
    }
}

/// The fields of a form in their order.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The text of a field of several lines, with the line ends that were typed: forms send others.
    pub fn text(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }
}

/// Whether a text is what RFC 6750 calls a token, and fits into a cookie.
fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}
