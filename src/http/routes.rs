//! The flat route table.

use super::context::{App, Origin};
use super::entrance::refusal;
use super::pages::{Environment, Frame, Language, LanguageLinks, Refusal as RefusalPage, RefusalKind};
use super::reason::with_reason;
use super::{citizen, control, fhir, landing, oauth, tester};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

/// Every path of every surface.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(oauth::routes())
        .merge(oauth::page_assets())
        .merge(fhir::routes())
        .merge(citizen::routes())
        .merge(tester::routes())
        .route("/", get(landing::landing))
        .route("/_sandbox", get(control::overview::overview))
        .route("/_sandbox/health", get(control::overview::health))
        .route("/_sandbox/ca.pem", get(control::overview::root_certificate))
        .route("/_sandbox/clients", get(control::clients::list).post(control::clients::add))
        .route("/_sandbox/clients/{client_id}", get(control::clients::show).delete(control::clients::remove))
        .route("/_sandbox/citizens", get(control::citizens::list).post(control::citizens::add))
        .route("/_sandbox/citizens/{id}", get(control::citizens::show).delete(control::citizens::remove))
        .route("/_sandbox/citizens/{id}/access-rights", get(control::access_rights::list))
        .route("/_sandbox/citizens/{id}/access-rights/{client_id}", delete(control::access_rights::withdraw))
        .route(
            "/_sandbox/citizens/{id}/professional-permission",
            get(control::professionals::permission).put(control::professionals::permit),
        )
        .route("/_sandbox/citizens/{id}/care-relationships", get(control::professionals::relationships))
        .route(
            "/_sandbox/citizens/{id}/care-relationships/{client_id}",
            put(control::professionals::begin).delete(control::professionals::end),
        )
        .route("/_sandbox/citizens/{id}/terms", get(control::terms::list).delete(control::terms::withdraw))
        .route("/_sandbox/tokens", post(control::tokens::give))
        .route("/_sandbox/validate/{version}", post(control::validate::judge))
        .route("/_sandbox/records", post(control::records::load))
        .route("/_sandbox/clock", get(control::clock::show).put(control::clock::change))
        .route("/_sandbox/settings", get(control::settings::show).put(control::settings::change))
        .route("/_sandbox/settings/presets", get(control::settings::presets))
        .route("/_sandbox/settings/descriptions", get(control::settings::describe))
        .route("/_sandbox/certificates", post(control::certificates::issue))
        .route("/_sandbox/purge", post(control::purge::purge))
        .route("/_sandbox/reset", post(control::reset::reset))
        .route(
            "/_sandbox/faults",
            get(control::faults::show).put(control::faults::change).delete(control::faults::clear),
        )
        .route("/_sandbox/exchanges", get(control::exchanges::list))
        .route("/_sandbox/exchanges/{id}", get(control::exchanges::show))
        .route("/_sandbox/{*rest}", axum::routing::any(control::nothing_there))
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_method)
        // The entrance has bounded the body, and every surface refuses in its own form.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

async fn nothing_there(State(app): State<App>, origin: Origin, request: Request) -> Response {
    if tester::is_page(request.uri().path()) {
        return tester::nothing_there(app, request).await;
    }
    if wants_page(request.uri().path(), request.headers()) {
        let text = "there is no such page";
        let kind = (StatusCode::NOT_FOUND, RefusalKind::NotFound, "HTTP-NOTHING-THERE");
        return page(&app, &origin, request.uri(), request.headers(), kind, text);
    }
    let text = match request.uri().path().starts_with("/phr-resourceserver") {
        true => "the resource servers are /phr-resourceserver/baseStu3 and /phr-resourceserver/baseR4, spelled so",
        false => "there is nothing here; GET /_sandbox says where everything is",
    };
    refusal(StatusCode::NOT_FOUND, "HTTP-NOTHING-THERE", text)
}

/// 405 for a path that has other methods: a page for a browser, else the form of the surface.
async fn other_method(
    State(app): State<App>,
    origin: Origin,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !wants_page(uri.path(), &headers) {
        return control::other_method(method, uri).await;
    }
    let text = format!("{} does not take {method}", uri.path());
    let kind = (StatusCode::METHOD_NOT_ALLOWED, RefusalKind::MethodNotAllowed, "HTTP-METHOD");
    page(&app, &origin, &uri, &headers, kind, &text)
}

/// Whether a browser asks, where there are pages.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accepts_pages =
        headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|it| it.contains("text/html"));
    accepts_pages && !path.starts_with("/_sandbox") && !path.starts_with("/phr-resourceserver")
}

/// A refusal as a page in the visitor's language.
fn page(
    app: &App,
    origin: &Origin,
    uri: &Uri,
    headers: &HeaderMap,
    (status, kind, rule): (StatusCode, RefusalKind, &str),
    text: &str,
) -> Response {
    let language = Language::of_request(uri.query(), headers);
    let (base_path, environment) = (oauth::base_path(origin), Environment::shown(&app.tenant.settings()));
    let view = RefusalPage {
        frame: Frame { base_path, environment, ..Frame::new(language, LanguageLinks::keeping(None)) },
        status: status.as_u16(),
        kind,
        rule: Some(rule.to_owned()),
        reason: Some(text.to_owned()),
        details: Vec::new(),
        retry: None,
    };
    with_reason(view.page().into_response(), rule, text)
}
