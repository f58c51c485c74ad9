//! One request, read once.

use super::answer::Frame;
use super::content;
use super::refusal::Refusal;
use super::rendering::Rendering;
use super::{Backend, Knobs, base_path};
use crate::fhir::Version;
use crate::http::context::Origin;
use crate::http::entrance::{BODY_LIMIT, BodyTooLong};
use crate::json::Document;
use crate::records::Records;
use crate::time::monotonic;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Instant;
use uuid::Uuid;

/// A request to a resource server.
pub(super) struct Call {
    pub version: Version,
    pub method: Method,
    /// The path below the base, without empty segments: `["Observation", "<id>"]`.
    pub path: Vec<String>,
    /// The decoded query in its order.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub extensions: Extensions,
    pub body: Bytes,
    /// Whether the request came to the open endpoint.
    pub open: bool,
    pub records: Records,
    pub knobs: Knobs,
    pub frame: Frame,
    /// When the request was read, for the "in Nms" of success texts.
    pub started: Instant,
}

impl Call {
    /// Reads the request with its body. An error comes with the frame of the answer.
    pub async fn read<B: Backend>(
        backend: &B,
        version: Version,
        origin: &Origin,
        parts: Parts,
        body: Body,
    ) -> Result<Call, (Refusal, Frame)> {
        let frame = Frame::new(backend, version, origin, &parts);
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let cut = parts.extensions.get::<BodyTooLong>().is_some();
        if cut || announced.is_some_and(|length: usize| length > BODY_LIMIT) {
            return Err((Refusal::TooLarge, frame));
        }
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err((Refusal::TooLarge, frame)),
            Err(_) => return Err((Refusal::BrokenBody, frame)),
        };
        let base = base_path(version);
        // A tenant's prefix may stand before the base.
        let below = parts.uri.path().split_once(base).map_or("", |(_, below)| below);
        let path = below.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let Parts { method, headers, extensions, .. } = parts;
        Ok(Call {
            version,
            // The engine answers HEAD as GET; the body is cut off on the way out.
            method: if method == Method::HEAD { Method::GET } else { method },
            path,
            query,
            headers,
            extensions,
            body,
            open: origin.is_open(),
            records: backend.records(),
            knobs: backend.knobs(),
            frame,
            started: monotonic(),
        })
    }

    /// Whether it may change something.
    pub fn is_write(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT | Method::DELETE)
    }

    /// A header as text; one that is no text counts as absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Milliseconds since the request was read.
    pub fn elapsed(&self) -> u128 {
        monotonic().duration_since(self.started).as_millis()
    }

    /// The patients that path, query and body name.
    pub fn patients(&self) -> Vec<Uuid> {
        let id = |text: &[u8]| std::str::from_utf8(text.get(..36)?).ok().and_then(|text| Uuid::try_parse(text).ok());
        let given = self.path.iter().chain(self.query.iter().map(|(_, value)| value));
        let mut patients: Vec<Uuid> =
            given.filter_map(|text| id(text.rsplit('/').next().unwrap_or_default().as_bytes())).collect();
        // In resources it is `Patient/…`, in forms `patient=…` or `patient=Patient%2F…`.
        for (at, window) in self.body.windows(8).enumerate() {
            let found = match window {
                b"Patient/" | b"patient=" => id(&self.body[at + 8..]),
                b"Patient%" => self.body.get(at + 10..).and_then(id),
                _ => None,
            };
            patients.extend(found.filter(|found| !patients.contains(found)));
        }
        patients
    }

    /// How resources are to be written.
    pub fn rendering(&self) -> Rendering {
        Rendering::of(&self.query)
    }

    /// The body as a document; `operation` is `CREATE` or `UPDATE`.
    pub fn document(&self, operation: &str) -> Result<Document, Refusal> {
        content::document(self.header("content-type"), &self.body, operation)
    }

    /// The error for a request that no interaction answers.
    pub fn not_handled(&self) -> Refusal {
        Refusal::NotHandled {
            method: self.method.to_string(),
            operation: self.path.join("/"),
            parameters: self.query.iter().map(|(name, _)| name.clone()).collect(),
        }
    }
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
