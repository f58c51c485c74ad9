//! One request, read once.

use super::answer::Frame;
use super::content;
use super::refusal::Refusal;
use super::rendering::Rendering;
use super::{Backend, base_path};
use crate::fhir::Version;
use crate::fhir::search::Summary;
use crate::http::context::Origin;
use crate::http::entrance::{BodyCut, BodyTooLong, Cut, collect};
use crate::json::Document;
use crate::records::{IgnoreSpecial, Records, Settings};
use crate::time::monotonic;
use axum::body::{Body, HttpBody};
use axum::http::header::AsHeaderName;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use bytes::Bytes;
use std::time::Instant;
use uuid::Uuid;

/// A request to a resource server.
#[derive(Clone)]
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
    /// Whether the request came to the open endpoint, in an environment that has one.
    pub open: bool,
    pub records: Records,
    /// Whether a write answers with the resource and honours `Prefer`; false for what is no write.
    pub prefer: bool,
    /// Whether a match of If-None-Exist is answered with 201; false for what is no write.
    pub match_is_created: bool,
    /// Whether batch and transaction are answered; false for what is neither a write nor `metadata`.
    pub bundles: bool,
    /// Whether `$validate` is answered; false for what is neither a write nor `metadata`.
    pub validates: bool,
    /// Where the authorization server is, when `metadata` is to say so.
    pub oauth: Option<OAuthUris>,
    pub frame: Frame,
    /// When the request was read, for the "in Nms" of success texts.
    pub started: Instant,
}

/// The endpoints of the authorization server that a CapabilityStatement can name (SMART App Launch 2.2, "oauth-uris").
#[derive(Clone, Debug)]
pub(super) struct OAuthUris(pub [(&'static str, String); 5]);

impl OAuthUris {
    fn of(origin: &Origin) -> OAuthUris {
        let called = |name: &str| origin.url(&format!("/phr-authserver-sandbox/{name}"));
        OAuthUris([
            ("authorize", origin.browser_url("/phr-authserver-sandbox/authorize")),
            ("token", called("token")),
            ("register", called("register")),
            ("manage", origin.browser_url("/citizen/")),
            ("revoke", called("revoke")),
        ])
    }
}

/// The value of a preference (RFC 7240): its name in any case, its value with or without quotation marks.
pub(super) fn preference<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split([';', ','])).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
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
        // The entrance reads bodies under the same limit and says when it cut one.
        if parts.extensions.get::<BodyTooLong>().is_some() {
            return Err((Refusal::TooLarge, frame));
        }
        if parts.extensions.get::<BodyCut>().is_some() {
            return Err((Refusal::BrokenBody, frame));
        }
        let body = match body.is_end_stream() {
            true => Bytes::new(),
            false => match collect(body).await {
                Ok(body) => body,
                Err(Cut::TooLong) => return Err((Refusal::TooLarge, frame)),
                Err(Cut::Broken) => return Err((Refusal::BrokenBody, frame)),
            },
        };
        let body = match parts.headers.get(header::CONTENT_ENCODING) {
            None => body,
            Some(encoding) => match content::decoded(encoding.to_str().unwrap_or("?"), body) {
                Ok(body) => body,
                Err(refusal) => return Err((refusal, frame)),
            },
        };
        let base = base_path(version);
        // A tenant's prefix may stand before the base.
        let below = parts.uri.path().split_once(base).map_or("", |(_, below)| below);
        let path = below.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let Parts { method, headers, extensions, .. } = parts;
        let mut records = backend.records();
        // Knobs are looked up where they are needed: a read with a good token needs none.
        let is_write = matches!(method, Method::POST | Method::PUT);
        let is_metadata = below.trim_matches('/').starts_with("metadata");
        let is_lenient = preference(&headers, "handling").is_some_and(|value| value.eq_ignore_ascii_case("lenient"));
        let knobs = (is_write || is_metadata || is_lenient || method == Method::OPTIONS).then(|| backend.knobs());
        // The engine then passes over the parameters it does not know (resource-server.md §5).
        if is_lenient && knobs.is_some_and(|knobs| knobs.prefer(version)) {
            let settings = Settings {
                ignore_unknown_parameters: true,
                ignore_unknown_special: IgnoreSpecial::Always,
                ..*records.settings()
            };
            records = records.with_settings(settings);
        }
        let smart = is_metadata && !origin.is_open() && knobs.is_some_and(|knobs| knobs.smart);
        let oauth = smart.then(|| OAuthUris::of(origin));
        Ok(Call {
            version,
            // The engine answers HEAD as GET; the body is cut off on the way out.
            method: if method == Method::HEAD { Method::GET } else { method },
            path,
            query,
            headers,
            extensions,
            body,
            open: origin.is_open() && records.settings().is_sandbox,
            prefer: is_write && knobs.is_some_and(|knobs| knobs.prefer(version)),
            match_is_created: is_write && knobs.is_some_and(|knobs| knobs.match_is_created),
            bundles: knobs.is_some_and(|knobs| knobs.bundles(version)),
            validates: knobs.is_some_and(|knobs| knobs.validate),
            records,
            oauth,
            frame,
            started: monotonic(),
        })
    }

    /// A request within this one, as a Bundle has them; `path` may have the base's slash in front.
    pub fn inner(&self, method: Method, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Call {
        Call {
            version: self.version,
            method,
            path: path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            extensions: Extensions::new(),
            body,
            open: self.open,
            records: self.records.clone(),
            prefer: true,
            match_is_created: self.match_is_created,
            bundles: self.bundles,
            validates: self.validates,
            oauth: None,
            frame: self.frame.clone(),
            started: self.started,
        }
    }

    /// A header as text; one that is no text counts as absent.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The patients that the URL or the body names: whom a request to the open endpoint is about.
    pub fn patients(&self) -> Vec<Uuid> {
        let in_path = self.path.iter().map(String::as_str);
        let in_query = self.query.iter().map(|(_, value)| value.rsplit('/').next().unwrap_or(value));
        let body = std::str::from_utf8(&self.body).unwrap_or_default();
        // A reference in JSON, or a parameter of a search by POST.
        let in_body =
            body.match_indices("Patient").filter_map(|(at, name)| body.get(at + name.len() + 1..at + name.len() + 37));
        let in_form = form_urlencoded::parse(if body.starts_with('{') { b"" } else { &self.body });
        let in_form: Vec<_> = in_form.map(|(_, value)| value.into_owned()).collect();
        let texts = in_path.chain(in_query).chain(in_body).chain(in_form.iter().map(String::as_str));
        texts.filter_map(|text| text.parse().ok()).collect()
    }

    /// Milliseconds since the request was read.
    pub fn elapsed(&self) -> u128 {
        monotonic().duration_since(self.started).as_millis()
    }

    /// How resources are to be written.
    pub fn rendering(&self) -> Rendering {
        Rendering::of(&self.query)
    }

    /// Refuses a `_summary` that means nothing, as a search does. HAPI passes over it and answers with the whole resource,
    /// which hides the mistake.
    pub fn check_summary(&self) -> Result<(), Refusal> {
        match self.parameter("_summary").filter(|value| !value.is_empty()) {
            Some(value) if Summary::parse(value).is_none() => Err(Refusal::Parameter("_summary", value.to_owned())),
            _ => Ok(()),
        }
    }

    /// The body as a document; `operation` is `CREATE` or `UPDATE`.
    pub fn document(&self, operation: &str) -> Result<Document, Refusal> {
        content::document(self.header(header::CONTENT_TYPE), &self.body, operation)
    }

    /// The error for a request that no interaction answers.
    pub fn not_handled(&self) -> Refusal {
        self.not_handled_with(&self.query)
    }

    /// The same with these parameters, when a form has more of them.
    pub fn not_handled_with(&self, pairs: &[(String, String)]) -> Refusal {
        Refusal::NotHandled {
            method: self.method.to_string(),
            operation: self.path.join("/"),
            parameters: pairs.iter().map(|(name, _)| name.clone()).collect(),
            newer: self.version == Version::R4,
        }
    }
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
