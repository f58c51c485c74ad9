//! `GET /`: where everything is, for people.

use super::context::{App, Origin};
use super::control::overview::curl_line;
use super::oauth::citizen_choice;
use super::pages::{
    Address, AddressKind, Environment, Frame, LANGUAGE_PARAMETER, Landing, Language, LanguageLinks, ReadyClient,
};
use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// The landing page.
pub async fn landing(
    State(app): State<App>,
    origin: Origin,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::of_request(query.as_deref(), &headers);
    let environment = Environment::shown(&app.tenant.settings());
    let frame = Frame { environment, ..Frame::new(language, LanguageLinks::keeping(query.as_deref())) };
    let server = |base: &str, segment: &str| format!("{base}/phr-resourceserver/{segment}");
    let mut addresses = vec![
        (AddressKind::Issuer, origin.issuer()),
        (AddressKind::Discovery, format!("{}.well-known/openid-configuration", origin.issuer())),
        (AddressKind::R4, server(&origin.browser_url(""), "baseR4")),
        (AddressKind::Stu3, server(&origin.browser_url(""), "baseStu3")),
    ];
    if let Some(open) = app.front.open_http.as_ref().filter(|_| environment.is_none()) {
        addresses.push((AddressKind::OpenR4, server(open, "baseR4")));
        addresses.push((AddressKind::OpenStu3, server(open, "baseStu3")));
    }
    addresses.push((AddressKind::Registration, format!("{}manage/", origin.issuer())));
    addresses.push((AddressKind::TesterUi, origin.browser_url("/phr-resourceserver-ui/")));
    addresses.push((AddressKind::CitizenPages, origin.browser_url("/citizen/")));
    addresses.push((AddressKind::Control, origin.browser_url("/_sandbox")));
    addresses.push((AddressKind::Certificate, origin.browser_url("/_sandbox/ca.pem")));
    let clock = app.tenant.clock.state();
    let is_moved = clock.frozen_at_ms.is_some() || clock.offset_ms.abs() > 1_000;
    let citizens = app.tenant.citizens.list();
    let landing = Landing {
        frame,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: is_moved.then(|| crate::time::to_helsinki(app.tenant.clock.now())),
        addresses: addresses.into_iter().map(|(kind, url)| Address { kind, url }).collect(),
        // With a control token, secrets are for those who have it.
        client: app.tenant.ready_client().filter(|_| app.front.control_token.is_none()).map(|client| ReadyClient {
            name: client.name,
            client_id: client.client_id,
            client_secret: Some(client.client_secret),
            redirect_uris: client.redirect_uris,
            scope: client.scope.to_string(),
            try_it: None,
        }),
        citizens: citizens.iter().map(|citizen| citizen_choice(&app.tenant, citizen, language)).collect(),
        curl: curl_line(&app, &origin.browser_url("")),
    };
    let mut response = landing.page().into_response();
    let asked = query.as_deref().unwrap_or_default().as_bytes();
    if form_urlencoded::parse(asked).any(|(name, _)| name == LANGUAGE_PARAMETER)
        && let Ok(cookie) = HeaderValue::from_str(&language.cookie())
    {
        // The pages that one goes on to speak it, too.
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
