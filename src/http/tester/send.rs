//! Sending a request to the resource servers by the way that every request takes, without a socket.

use super::desk::Desk;
use super::desk::Refusal;
use super::place::{Endpoint, Place};
use crate::http::entrance;
use crate::http::faults::CutConnection;
use crate::http::listen::{Connection, Listener};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use std::sync::Arc;

/// A request extension for these pages: the routes that answer what they send.
#[derive(Clone)]
pub struct Inside(pub Router);

/// A request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answered {
    /// None when the connection was cut.
    pub status: Option<StatusCode>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How long it took.
    pub milliseconds: f64,
}

/// A request with its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub sent: Sent,
    pub answered: Answered,
}

impl Exchange {
    /// Whether the answer is a success.
    pub fn is_success(&self) -> bool {
        self.answered.status.is_some_and(|status| status.is_success())
    }

    /// The body as text, when it is text.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.answered.body).ok()
    }
}

/// A request to be sent to a place.
pub struct Outgoing<'a> {
    pub method: Method,
    /// Behind the base: empty, or with a slash or a question mark first.
    pub target: &'a str,
    /// Further headers.
    pub headers: Vec<(header::HeaderName, String)>,
    pub body: Bytes,
}

impl Outgoing<'_> {
    /// A GET.
    pub fn get(target: &str) -> Outgoing<'_> {
        Outgoing { method: Method::GET, target, headers: Vec::new(), body: Bytes::new() }
    }
}

impl Desk {
    /// Sends a request to the resource servers. On the authorized endpoint the visitor's token goes with it.
    ///
    /// # Errors
    /// When it cannot be written as a request at all.
    pub async fn send(&self, place: &Place, outgoing: Outgoing<'_>) -> Result<Exchange, Refusal> {
        let Outgoing { method, target, headers: more, body } = outgoing;
        let url = format!("{}{target}", place.base);
        let uri: Uri = url.parse().map_err(|_| Refusal::Unsendable("the address is no URL"))?;
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut pairs = vec![
            (header::HOST, authority),
            (header::USER_AGENT, String::from("kanta-phr-sandbox tester UI")),
            (header::ACCEPT, String::from("application/fhir+json")),
        ];
        if place.endpoint == Endpoint::Authorized
            && let Some(token) = self.token()
        {
            pairs.push((header::AUTHORIZATION, format!("Bearer {token}")));
        }
        pairs.extend(more);
        if !body.is_empty() {
            pairs.push((header::CONTENT_LENGTH, body.len().to_string()));
        }
        let mut request = Request::new(Body::from(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().map_err(|_| Refusal::Unsendable("the address is no URL"))?;
        for (name, value) in &pairs {
            let value = HeaderValue::from_bytes(value.as_bytes());
            let value = value.map_err(|_| Refusal::Unsendable("a header holds what no header can hold"))?;
            request.headers_mut().append(name, value);
        }
        let connection = match (place.endpoint, self.is_open()) {
            (Endpoint::Open, false) => Arc::new(Connection::new(Listener::Open, self.connection().peer, None)),
            _ => self.connection().clone(),
        };
        let began = crate::time::monotonic();
        let response = entrance::answer(self.app.clone(), self.inside().clone(), connection, request).await;
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let (parts, body_out) = response.into_parts();
        let is_cut = parts.extensions.get::<CutConnection>().is_some();
        // Every answer is made whole before it is sent.
        let answer = body_out.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
        let headers = pairs.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
        Ok(Exchange {
            sent: Sent { method, url, headers, body },
            answered: Answered {
                status: (!is_cut).then_some(parts.status),
                headers: if is_cut { HeaderMap::new() } else { parts.headers },
                body: if is_cut { Bytes::new() } else { answer },
                milliseconds,
            },
        })
    }
}
