//! One request with its response.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;

/// Counts up from 1 within a journal.
pub type ExchangeId = u64;

/// One side of an exchange, whole.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The headers.
    pub headers: Headers,
    /// The body as it was sent or received.
    pub body: Body,
}

/// A body, or what makes it again.
///
/// A page of hits is five times as long as what it is made of. Were its text kept, the next would have to be written where
/// no cache has the memory, which costs more than all the rest of a search.
#[derive(Clone)]
pub enum Body {
    /// The bytes.
    Bytes(Bytes),
    /// What makes them.
    Made(Arc<dyn Remake>),
}

/// Makes a body once more.
pub trait Remake: Send + Sync {
    /// The same bytes as before.
    fn make(&self) -> Bytes;
    /// How many these are.
    fn length(&self) -> usize;
    /// How many bytes of memory are kept for it.
    fn kept(&self) -> usize;
}

impl Body {
    /// The bytes.
    pub fn bytes(&self) -> Bytes {
        match self {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Made(body) => body.make(),
        }
    }

    pub(super) fn kept(&self) -> usize {
        match self {
            Body::Bytes(bytes) => bytes.len(),
            Body::Made(body) => body.kept(),
        }
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::Bytes(bytes)
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bytes().fmt(formatter)
    }
}

/// The headers of a message in one piece: a map of its own for each of a thousand messages, freed long after it was
/// made, would cost more than all else about the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub(super) Box<[u8]>);

impl Headers {
    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // Neither a name nor a value can hold a line feed, and no name a colon.
        self.0.split_inclusive(|byte| *byte == b'\n').filter_map(|line| {
            let line = line.strip_suffix(b"\n")?;
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
        })
    }
}

impl From<&HeaderMap> for Headers {
    fn from(headers: &HeaderMap) -> Headers {
        let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut lines = Vec::with_capacity(length);
        for (name, value) in headers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(b':');
            lines.extend_from_slice(value.as_bytes());
            lines.push(b'\n');
        }
        Headers(lines.into_boxed_slice())
    }
}

/// Who took part, as far as the handlers found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The OAuth client.
    pub client_id: Option<String>,
    /// The citizen's id.
    pub citizen: Option<String>,
    /// The application OID (or the common name) of the client certificate.
    pub certificate: Option<String>,
}

/// One recorded request with its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number in the journal; 0 until recorded.
    pub id: ExchangeId,
    /// When the request came, by the tenant's clock.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: Method,
    /// The absolute URL with its query.
    pub url: String,
    /// The response's status code; 0 when the connection was cut instead.
    pub status: u16,
    /// Who took part.
    pub party: Party,
    /// The id of the rule by which the request was refused.
    pub rule: Option<String>,
    /// The request.
    pub request: Message,
    /// The response.
    pub response: Message,
    /// Whether the bodies had to make room.
    pub bodies_dropped: bool,
}
