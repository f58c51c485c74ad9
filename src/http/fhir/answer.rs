//! Answers: the recorded headers around a status and a body (resource-server.md §11, "recorded success response").

use super::{Backend, base_path, cors};
use crate::exchanges::{Party, Remake};
use crate::fhir::Version;
use crate::http::context::Origin;
use crate::records::Stored;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers that every answer has.
static STANDING: [(HeaderName, HeaderValue); 7] = [
    (header::EXPIRES, HeaderValue::from_static("0")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, max-age=0, must-revalidate")),
    (header::CONTENT_LANGUAGE, HeaderValue::from_static("en-US")),
];

/// What an answer takes over from its request.
#[derive(Clone)]
pub(super) struct Frame {
    /// `https://host/phr-resourceserver/baseR4`.
    pub base: String,
    request_id: HeaderValue,
    /// Whether a browser page of another origin asks.
    cross_origin: bool,
}

impl Frame {
    pub fn new<B: Backend>(backend: &B, version: Version, origin: &Origin, parts: &Parts) -> Frame {
        let sent = parts.headers.get(X_REQUEST_ID).filter(|value| is_request_id(value.as_bytes())).cloned();
        let made = || HeaderValue::try_from(backend.request_id()).unwrap_or(HeaderValue::from_static("0"));
        Frame {
            base: origin.url(base_path(version)),
            request_id: sent.unwrap_or_else(made),
            cross_origin: parts.headers.contains_key(header::ORIGIN),
        }
    }
}

/// A client's own id is echoed when it looks like one.
fn is_request_id(value: &[u8]) -> bool {
    (1..=128).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The body of an answer.
pub(super) enum Body {
    /// None.
    Empty,
    /// FHIR JSON.
    Fhir(Bytes),
    /// Plain text.
    Text(String),
}

impl Body {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        match self {
            Body::Empty => 0,
            Body::Fhir(body) => body.len(),
            Body::Text(text) => text.len(),
        }
    }
}

/// An answer without the frame.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Body,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// `Location`, below the base.
    pub location: Option<String>,
    /// `Content-Location`, below the base.
    pub content_location: Option<String>,
    /// The version it is about, and when that was written.
    pub version: Option<(u32, Timestamp)>,
    /// What the journal keeps instead of the body.
    pub again: Option<Arc<dyn Remake>>,
}

impl Answer {
    pub fn new(status: StatusCode, body: Body) -> Answer {
        Answer { status, body, headers: Vec::new(), location: None, content_location: None, version: None, again: None }
    }

    /// An answer about a version of a resource: with its ETag and Content-Location.
    pub fn about(status: StatusCode, body: Body, stored: &Stored) -> Answer {
        let mut answer = Answer::new(status, body);
        answer.content_location = Some(stored.versioned_path());
        answer.headers.push((header::ETAG, etag(stored.version_id)));
        answer.version = Some((stored.version_id, stored.last_updated));
        answer
    }

    /// The response to the request that the frame was made of; `party` is for the journal.
    pub fn finish(mut self, frame: &Frame, party: Party) -> Response {
        let place = |path: &str| HeaderValue::try_from(format!("{}/{path}", frame.base)).ok();
        let location = self.location.as_deref().and_then(place);
        let content_location = self.content_location.as_deref().and_then(place);
        let again = self.again.take();
        let mut response = self.into_bare_response();
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, frame.request_id.clone());
        if let Some(location) = location {
            headers.insert(header::LOCATION, location);
        }
        if let Some(content_location) = content_location {
            headers.insert(header::CONTENT_LOCATION, content_location);
        }
        if frame.cross_origin {
            cors::allow(headers);
        }
        response.extensions_mut().insert(party);
        if let Some(again) = again {
            response.extensions_mut().insert(again);
        }
        response
    }

    /// The response with the standing headers alone.
    pub fn into_bare_response(self) -> Response {
        let (content_type, body) = match self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Fhir(body) => (Some("application/fhir+json;charset=UTF-8"), body),
            Body::Text(text) => (Some("text/plain;charset=UTF-8"), Bytes::from(text)),
        };
        let mut response = Response::new(axum::body::Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        // Room for all that follows at once, instead of growing three times.
        headers.reserve(16);
        for (name, value) in &STANDING {
            headers.insert(name, value.clone());
        }
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// `W/"3"`.
pub(super) fn etag(version_id: u32) -> HeaderValue {
    // Digits and quotes are always a header value.
    HeaderValue::try_from(format!("W/\"{version_id}\"")).unwrap_or(HeaderValue::from_static("W/\"1\""))
}

/// `201 Created`.
pub(super) fn status_line(status: StatusCode) -> String {
    status
        .canonical_reason()
        .map_or_else(|| status.as_u16().to_string(), |reason| format!("{} {reason}", status.as_u16()))
}
