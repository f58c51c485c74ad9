//! The authorization server's endpoints: one a file, each with the errors it maps to the wire.
//!
//! The pages of the browser flow keep no state between them but the session: every form posts to an address that
//! repeats the application's whole request, which is checked anew each time. So Back, reloads and double submits work.

mod attributes;
mod authorize;
mod bearer_error;
mod client_authentication;
mod client_request;
mod consent;
mod discovery;
mod identification;
mod introspect;
mod jwk;
pub(super) mod parameters;
mod portal;
pub(super) mod refusal;
mod register;
pub(super) mod response;
mod revoke;
mod smart;
mod terms;
mod token;
mod token_error;
mod userinfo;
pub(super) mod visit;

use super::context::{App, Origin};
use super::pages;
use crate::http::segments::Segments;
use axum::Router;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
pub use identification::choice as citizen_choice;

/// Where the authorization server lies behind a tenant's base path; the issuer is this with a slash.
const PREFIX: &str = "/phr-authserver-sandbox";

/// The routes of the authorization server.
pub fn routes() -> Router<App> {
    let at = |path: &str| format!("{PREFIX}/{path}");
    Router::new()
        .route(&at("authorize"), get(authorize::get).head(authorize::head))
        .route(&at("authorize/identification"), post(identification::post).get(visit::back_to_authorize))
        .route(&at("authorize/attributes"), post(attributes::post).get(visit::back_to_authorize))
        .route(&at("authorize/terms"), post(terms::post).get(visit::back_to_authorize))
        .route(&at("authorize/consent"), post(consent::post).get(visit::back_to_authorize))
        .route(&at("token"), post(token::post).fallback(token::other_method))
        .route(&at("jwk"), get(jwk::get))
        .route(&at(".well-known/openid-configuration"), get(discovery::get))
        .route(&at(".well-known/smart-configuration"), get(smart::get))
        .route("/phr-resourceserver/baseStu3/.well-known/smart-configuration", get(smart::get))
        .route("/phr-resourceserver/baseR4/.well-known/smart-configuration", get(smart::get))
        .route(&at("introspect"), post(introspect::post).fallback(token::other_method))
        .route(&at("revoke"), post(revoke::post).fallback(token::other_method))
        .route(&at("userinfo"), get(userinfo::answer).post(userinfo::answer))
        .route(&at("register"), post(register::post).fallback(register::not_post))
        .route(
            &at("register/{client_id}"),
            get(register::get).put(register::put).delete(register::delete).fallback(register::other_method),
        )
        .route(PREFIX, get(to_portal))
        .route(&at(""), get(to_portal))
        .merge(portal::routes(PREFIX))
}

/// The front page is that of the registrations, as upstream's leads there.
async fn to_portal(origin: Origin) -> Response {
    response::redirect(&browser_path(&origin, "manage/"))
}

/// The stylesheet and the icon of the pages.
pub fn page_assets() -> Router<App> {
    Router::new().route(pages::ASSET_ROUTE, get(asset))
}

async fn asset(Segments(file): Segments<String>) -> Response {
    let nothing =
        || super::entrance::refusal(StatusCode::NOT_FOUND, "HTTP-NOTHING-THERE", "there is no such part of a page");
    pages::asset(&file).map_or_else(nothing, IntoResponse::into_response)
}

/// What `aud` may say: the base URLs of the resource servers, as browsers and back ends know them.
fn audiences(origin: &Origin) -> Vec<String> {
    let bases = ["/phr-resourceserver/baseStu3", "/phr-resourceserver/baseR4"];
    bases.iter().flat_map(|base| [origin.url(base), origin.browser_url(base)]).collect()
}

/// The path of a tenant as browsers know it: empty, or `/t/{tenant}`.
pub(super) fn base_path(origin: &Origin) -> String {
    let url = origin.browser_url("");
    let behind_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    behind_scheme.find('/').map_or_else(String::new, |slash| behind_scheme[slash..].to_owned())
}

/// The path of an endpoint as browsers know it.
fn browser_path(origin: &Origin, endpoint: &str) -> String {
    format!("{}{PREFIX}/{endpoint}", base_path(origin))
}
