//! The citizen's own pages, `/citizen/`: one's data, entries of one's own, and who may see and do what.
//!
//! They need no JavaScript. Every change is a form with the session's token that is answered by a redirect, so that Back,
//! reloads and double submits are harmless. The session has a cookie of its own: the one of the authorization server is
//! another, as the real services are two.

mod applications;
mod entry;
mod guest;
mod identification;
mod items;
mod measurements;
mod overview;
mod professionals;
mod reading;
mod refusal;
mod terms;
mod wanted;

use super::context::{App, Origin};
use super::oauth::{base_path, response::redirect};
use axum::Router;
use axum::response::Response;
use axum::routing::get;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/citizen", get(to_overview))
        .route("/citizen/", get(overview::show))
        .route("/citizen/sign-in", get(identification::show).post(identification::identify))
        .route("/citizen/attributes", get(identification::show).post(identification::go_on))
        .route("/citizen/sign-out", get(identification::show_sign_out).post(identification::sign_out))
        .route("/citizen/measurements/{kind}", get(measurements::show))
        .route("/citizen/item/{base}/{resource_type}/{id}", get(items::show))
        .route("/citizen/item/{base}/{resource_type}/{id}/delete", get(items::ask).post(items::delete))
        .route("/citizen/add/{kind}", get(entry::show).post(entry::save))
        .route("/citizen/applications", get(applications::show))
        .route("/citizen/applications/withdraw", get(applications::ask).post(applications::withdraw))
        .route("/citizen/professionals", get(professionals::show).post(professionals::decide))
        .route("/citizen/terms", get(terms::show).post(terms::accept))
        .route("/citizen/terms/withdraw", get(terms::ask).post(terms::withdraw))
}

async fn to_overview(origin: Origin) -> Response {
    redirect(&format!("{}/citizen/", base_path(&origin)))
}
