//! The tester UI, `/phr-resourceserver-ui/`: the resource servers by hand. Types and counts, searches, resources and their
//! history, writes, and each request with its answer as it went over the wire.
//!
//! The pages are forms and links and need no JavaScript. What they send goes by the same way as a request from outside
//! (`send.rs`), so that tokens, faults and the journal are the same. The look is our own; the real service has the web tester
//! of its upstream engine there.

mod desk;
mod editor;
mod entries;
mod examples;
mod history;
mod home;
mod place;
mod resource;
mod search;
mod send;
mod shown;
mod token;
mod types;
mod write;

pub use home::nothing_there;
pub use send::Inside;

use super::context::{App, Origin};
use super::oauth::{base_path, response::redirect};
use axum::Router;
use axum::response::Response;
use axum::routing::get;

/// Where the pages lie behind a tenant's base path.
const PREFIX: &str = "/phr-resourceserver-ui";

/// Whether a path is one of these pages.
pub fn is_page(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes.
pub fn routes() -> Router<App> {
    let at = |path: &str| format!("{PREFIX}/{path}");
    Router::new()
        .route(PREFIX, get(to_home))
        .route(&at(""), get(home::show))
        .route(&at("token"), get(home::show).post(token::change))
        .route(&at("{endpoint}/{base}"), get(types::show))
        .route(&at("{endpoint}/{base}/"), get(types::show))
        .route(&at("{endpoint}/{base}/metadata"), get(types::metadata))
        .route(&at("{endpoint}/{base}/page"), get(search::page))
        .route(&at("{endpoint}/{base}/bundle"), get(write::show_bundle).post(write::send_bundle))
        .route(&at("{endpoint}/{base}/{type}"), get(search::show))
        .route(&at("{endpoint}/{base}/{type}/read"), get(resource::go))
        .route(&at("{endpoint}/{base}/{type}/new"), get(write::show_new).post(write::create))
        .route(&at("{endpoint}/{base}/{type}/{id}"), get(resource::show))
        .route(&at("{endpoint}/{base}/{type}/{id}/edit"), get(write::show_edit).post(write::update))
        .route(&at("{endpoint}/{base}/{type}/{id}/delete"), get(resource::ask).post(resource::delete))
        .route(&at("{endpoint}/{base}/{type}/{id}/history"), get(history::show))
        .route(&at("{endpoint}/{base}/{type}/{id}/history/{version}"), get(history::version))
        .route(&at("{endpoint}/{base}/{type}/{id}/changes"), get(history::changes))
}

async fn to_home(origin: Origin) -> Response {
    redirect(&format!("{}{PREFIX}/", base_path(&origin)))
}
