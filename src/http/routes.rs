//! The flat route table.

use super::context::{App, Origin};
use super::entrance::refusal;
use super::pages::{Frame, Language, LanguageLinks, Refusal as RefusalPage, RefusalKind};
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

async fn nothing_there(State(app): State<App>, request: Request) -> Response {
    if tester::is_page(request.uri().path()) {
        return tester::nothing_there(app, request).await;
    }
    let text = match request.uri().path().starts_with("/phr-resourceserver") {
        true => "the resource servers are /phr-resourceserver/baseStu3 and /phr-resourceserver/baseR4, spelled so",
        false => "there is nothing here; GET /_sandbox says where everything is",
    };
    refusal(StatusCode::NOT_FOUND, "HTTP-NOTHING-THERE", text)
}

/// 405 for a path that has other methods: a page for a browser, else the form of the surface.
async fn other_method(origin: Origin, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let accepts_pages =
        headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|it| it.contains("text/html"));
    let has_pages = !path.starts_with("/_sandbox") && !path.starts_with("/phr-resourceserver");
    if !accepts_pages || !has_pages {
        return control::other_method(method, uri).await;
    }
    let text = format!("{path} does not take {method}");
    let language = Language::of_request(uri.query(), &headers);
    let base_path = oauth::base_path(&origin);
    let frame = Frame { base_path, ..Frame::new(language, LanguageLinks::keeping(None)) };
    let view = RefusalPage {
        frame,
        status: StatusCode::METHOD_NOT_ALLOWED.as_u16(),
        kind: RefusalKind::MethodNotAllowed,
        rule: Some(String::from("HTTP-METHOD")),
        reason: Some(text.clone()),
        details: Vec::new(),
        retry: None,
    };
    with_reason(view.page().into_response(), "HTTP-METHOD", &text)
}
