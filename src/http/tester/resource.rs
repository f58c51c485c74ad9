//! `GET …/{type}/{id}`: a resource as it is read. `…/delete`: the question, and the deed. `…/{type}/read?id=`: the way there
//! from a form.

use super::desk::{Call, Desk, Refusal};
use super::place::Place;
use super::send::{Exchange, Outgoing};
use super::shown;
use crate::http::context::App;
use crate::http::oauth::response::redirect;
use crate::http::pages::tester::{Confirm, Crumb, Resource};
use crate::http::segments::Segments;
use crate::json::Document;
use crate::records::ResourceType;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The segments of an address: endpoint, base, type and id.
pub type Segments4 = Segments<(String, String, String, String)>;

/// From an id, or from a reference or an address pasted, to its page.
pub async fn go(
    State(app): State<App>,
    Segments((endpoint, base, name)): Segments<(String, String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = desk.type_at(&endpoint, &base, &name).and_then(|(place, resource_type)| {
        let asked = desk.parameter("id").unwrap_or_default();
        let asked = asked.trim();
        Ok(redirect(&match asked {
            "" => place.type_page(resource_type),
            // Browsers take these for the page above, however they are encoded.
            "." | ".." => return Err(Refusal::Unsendable("an id is a UUID; dots alone are none")),
            _ => place.page_for(asked).unwrap_or_else(|| place.resource_page(resource_type, asked)),
        }))
    });
    desk.finish(outcome)
}

/// The handler of the page.
pub async fn show(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, ""))).await?;
        Ok(page(&desk, &place, resource_type, &id, None, &exchange))
    }
    .await;
    desk.finish(outcome)
}

/// The address of a resource below the base; `more` follows as it is.
pub fn target(resource_type: ResourceType, id: &str, more: &str) -> String {
    format!("/{resource_type}/{}{more}", utf8_percent_encode(id, NON_ALPHANUMERIC).to_string().replace("%2D", "-"))
}

/// The page of a resource, or of a past version of it.
pub fn page(
    desk: &Desk,
    place: &Place,
    resource_type: ResourceType,
    id: &str,
    version: Option<&str>,
    exchange: &Exchange,
) -> Response {
    let document = exchange.text().filter(|_| exchange.is_success()).and_then(|text| Document::parse(text).ok());
    let href = place.resource_page(resource_type, id);
    let past = version.map(|version| format!("&version={}", utf8_percent_encode(version, NON_ALPHANUMERIC)));
    let view = Resource {
        around: desk.around(Some(place), crumbs(place, resource_type, version.map(|_| id))),
        type_name: resource_type.as_str(),
        id: id.to_owned(),
        version: version.map(str::to_owned),
        like: format!(
            "{}/new?like={}{}",
            place.type_page(resource_type),
            utf8_percent_encode(id, NON_ALPHANUMERIC),
            past.unwrap_or_default()
        ),
        href,
        may_delete: resource_type.is_deletable() && version.is_none(),
        row: document.as_ref().map(|document| shown::row(place, document.root(), desk.language)),
        references: document.as_ref().map(|document| shown::references(place, document.root())).unwrap_or_default(),
        exchange: shown::exchange(place, exchange),
    };
    view.page().into_response()
}

/// The pages above one of a type, and of a resource when its id is given.
pub fn crumbs(place: &Place, resource_type: ResourceType, id: Option<&str>) -> Vec<Crumb> {
    let base = Crumb { name: place.name(), href: place.root.clone() };
    let of_type = Crumb { name: resource_type.to_string(), href: place.type_page(resource_type) };
    let resource = id.map(|id| Crumb { name: short(id), href: place.resource_page(resource_type, id) });
    [Some(base), Some(of_type), resource].into_iter().flatten().collect()
}

/// The beginning of an id, enough to tell one from another.
fn short(id: &str) -> String {
    match id.char_indices().nth(8) {
        Some((at, _)) => format!("{}…", &id[..at]),
        None => id.to_owned(),
    }
}

/// The question.
pub async fn ask(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, ""))).await?;
        // What is not there cannot be deleted: its answer says so. What may not be read may perhaps be deleted.
        let status = exchange.answered.status;
        let is_missing = matches!(status, Some(StatusCode::NOT_FOUND | StatusCode::GONE));
        Ok(confirm(&desk, &place, resource_type, &id, is_missing.then_some(&exchange), is_missing))
    }
    .await;
    desk.finish(outcome)
}

/// The deed.
pub async fn delete(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let form = desk.read_form()?;
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let if_match = Some(form.get("if_match").trim()).filter(|value| !value.is_empty());
        let outgoing = Outgoing {
            method: Method::DELETE,
            target: &target(resource_type, &id, ""),
            headers: if_match.map(|value| (header::IF_MATCH, value.to_owned())).into_iter().collect(),
            body: Bytes::new(),
        };
        let exchange = desk.send(&place, outgoing).await?;
        Ok(confirm(&desk, &place, resource_type, &id, Some(&exchange), false))
    }
    .await;
    desk.finish(outcome)
}

fn confirm(
    desk: &Desk,
    place: &Place,
    resource_type: ResourceType,
    id: &str,
    exchange: Option<&Exchange>,
    is_missing: bool,
) -> Response {
    let href = place.resource_page(resource_type, id);
    let view = Confirm {
        around: desk.around(Some(place), crumbs(place, resource_type, Some(id))),
        type_name: resource_type.as_str(),
        id: id.to_owned(),
        form: desk.form(format!("{href}/delete")),
        href,
        is_missing,
        exchange: exchange.map(|exchange| shown::exchange(place, exchange)),
    };
    view.page().into_response()
}
