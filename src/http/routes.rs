//! The flat route table.

use super::context::App;
use super::{control, fhir, landing, oauth};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};

/// Every path of every surface.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(oauth::routes())
        .merge(oauth::page_assets())
        .merge(fhir::routes())
        .route("/", get(landing::landing))
        .route("/_sandbox", get(control::overview::overview))
        .route("/_sandbox/health", get(control::overview::health))
        .route("/_sandbox/ca.pem", get(control::overview::root_certificate))
        .route("/_sandbox/clients", get(control::clients::list).post(control::clients::add))
        .route("/_sandbox/citizens", get(control::citizens::list).post(control::citizens::add))
        .route("/_sandbox/citizens/{id}", get(control::citizens::show).delete(control::citizens::remove))
        .route("/_sandbox/citizens/{id}/access-rights", get(control::access_rights::list))
        .route("/_sandbox/citizens/{id}/access-rights/{client_id}", delete(control::access_rights::withdraw))
        .route("/_sandbox/tokens", post(control::tokens::give))
        .route("/_sandbox/validate/{version}", post(control::validate::judge))
        .route("/_sandbox/records", post(control::records::load))
        .route("/_sandbox/clock", get(control::clock::show).put(control::clock::change))
        .route("/_sandbox/settings", get(control::settings::show).put(control::settings::change))
        .route("/_sandbox/certificates", post(control::certificates::issue))
        .route("/_sandbox/reset", post(control::reset::reset))
        .route("/_sandbox/exchanges", get(control::exchanges::list))
        .route("/_sandbox/exchanges/{id}", get(control::exchanges::show))
        .route("/_sandbox/{*rest}", axum::routing::any(control::nothing_there))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here. GET /_sandbox says where everything is.\n"))
        .method_not_allowed_fallback(control::other_method)
        .with_state(app)
}
