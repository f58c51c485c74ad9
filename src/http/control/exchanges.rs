//! `GET /_sandbox/exchanges`, `GET /_sandbox/exchanges/{id}`

use super::Problem;
use crate::exchanges::{Exchange, Filter, Headers, Message, mask_exchange_body, mask_headers, mask_text, mask_url};
use crate::http::context::App;
use crate::http::fhir::inflated;
use crate::http::segments::Segments;
use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which exchanges, and whether with secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    client_id: Option<String>,
    citizen: Option<String>,
    status: Option<u16>,
    method: Option<String>,
    path: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
    /// `unmasked=true` shows tokens, codes, secrets and personal identity codes.
    #[serde(default)]
    unmasked: bool,
}

/// An exchange in the list.
#[derive(Serialize)]
pub struct Listed {
    id: u64,
    at: Timestamp,
    method: String,
    url: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citizen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

/// An exchange alone, with both messages.
#[derive(Serialize)]
pub struct Whole {
    #[serde(flatten)]
    listed: Listed,
    request: ShownMessage,
    response: ShownMessage,
    /// Present and true when the bodies had to make room for later ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bodies_dropped: bool,
}

/// One message.
#[derive(Serialize)]
pub struct ShownMessage {
    headers: Vec<(String, String)>,
    body: String,
}

type BadQuery = axum::extract::rejection::QueryRejection;

/// The recorded traffic, oldest first.
pub async fn list(
    State(app): State<App>,
    parameters: Result<Query<Parameters>, BadQuery>,
) -> Result<Json<Vec<Listed>>, Problem> {
    let Query(parameters) = parameters.map_err(|error| Problem::invalid(error.body_text()))?;
    let unmasked = parameters.unmasked;
    let filter = Filter {
        client_id: parameters.client_id,
        citizen: parameters.citizen,
        status: parameters.status,
        method: parameters.method.map(|method| method.to_ascii_uppercase()),
        path: parameters.path,
        after: parameters.after,
        limit: parameters.limit,
    };
    let exchanges = app.tenant.exchanges.list(&filter);
    Ok(Json(exchanges.iter().map(|exchange| listed(exchange, unmasked)).collect()))
}

/// One exchange.
pub async fn show(
    State(app): State<App>,
    Segments(id): Segments<String>,
    parameters: Result<Query<Parameters>, BadQuery>,
) -> Result<Json<Whole>, Problem> {
    let Query(Parameters { unmasked, .. }) = parameters.map_err(|error| Problem::invalid(error.body_text()))?;
    let found = id.parse().ok().and_then(|number| app.tenant.exchanges.get(number));
    let exchange = found.ok_or_else(|| Problem::not_found("exchange", &id))?;
    Ok(Json(Whole {
        listed: listed(&exchange, unmasked),
        request: message(&exchange.url, &exchange.request, unmasked),
        response: message(&exchange.url, &exchange.response, unmasked),
        bodies_dropped: exchange.bodies_dropped,
    }))
}

fn listed(exchange: &Exchange, unmasked: bool) -> Listed {
    Listed {
        id: exchange.id,
        at: exchange.at,
        method: exchange.method.to_string(),
        url: if unmasked { exchange.url.clone() } else { mask_url(&exchange.url).into_owned() },
        status: exchange.status,
        client_id: exchange
            .party
            .client_id
            .as_ref()
            .map(|id| if unmasked { id.clone() } else { mask_text(id).into_owned() }),
        citizen: exchange.party.citizen.clone(),
        certificate: exchange.party.certificate.clone(),
        rule: exchange.rule.clone(),
    }
}

fn message(url: &str, message: &Message, unmasked: bool) -> ShownMessage {
    let body = message.body.bytes();
    let encoding = message.headers.iter().find(|(name, _)| *name == "content-encoding");
    let encoding = encoding.and_then(|(_, value)| std::str::from_utf8(value).ok());
    // A packed body is shown unpacked, as it was read.
    let body = encoding.and_then(|encoding| inflated(encoding, body.clone())).unwrap_or(body);
    let body = String::from_utf8_lossy(&body);
    if unmasked {
        return ShownMessage { headers: plain(&message.headers), body: body.into_owned() };
    }
    ShownMessage { headers: mask_headers(&message.headers), body: mask_exchange_body(url, &body).into_owned() }
}

fn plain(headers: &Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned())).collect()
}
