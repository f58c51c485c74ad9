//! The bounded journal.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use jiff::Timestamp;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts up from 1 within a journal.
pub type ExchangeId = u64;

/// One side of an exchange, whole.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The headers.
    pub headers: Headers,
    /// The body as it was sent or received.
    pub body: Bytes,
}

/// The headers of a message in one piece: a map of its own for each of a thousand messages, freed long after it was
/// made, would cost more than all else about the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Box<[u8]>);

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
}

impl Exchange {
    /// Bytes that count against the journal's bound.
    fn size(&self) -> usize {
        let message = |message: &Message| message.headers.0.len() + message.body.len();
        self.url.len() + message(&self.request) + message(&self.response) + 256
    }
}

/// Which exchanges to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this client's.
    pub client_id: Option<String>,
    /// Only this citizen's.
    pub citizen: Option<String>,
    /// Only this status code.
    pub status: Option<u16>,
    /// Only this method.
    pub method: Option<String>,
    /// Only URLs that contain this text.
    pub path: Option<String>,
    /// Only exchanges recorded after this one.
    pub after: Option<ExchangeId>,
    /// At most so many, the newest ones.
    pub limit: Option<usize>,
}

impl Filter {
    fn lets_through(&self, exchange: &Exchange) -> bool {
        let same =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
        same(&self.client_id, exchange.party.client_id.as_deref())
            && same(&self.citizen, exchange.party.citizen.as_deref())
            && same(&self.method, Some(exchange.method.as_str()))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.path.as_deref().is_none_or(|path| exchange.url.contains(path))
            && self.after.is_none_or(|after| exchange.id > after)
    }
}

/// The most recent exchanges, bounded in number and in bytes; the oldest give way.
#[derive(Debug)]
pub struct Journal {
    most: usize,
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each with its size.
    exchanges: VecDeque<(Arc<Exchange>, usize)>,
    bytes: usize,
    last_id: ExchangeId,
}

impl Default for Journal {
    /// The last 1 000 exchanges, and no more than 16 MiB of them.
    fn default() -> Journal {
        Journal::bounded(1_000, 16 << 20)
    }
}

impl Journal {
    /// A journal of at most `most` exchanges and `most_bytes` bytes.
    pub fn bounded(most: usize, most_bytes: usize) -> Journal {
        Journal { most, most_bytes, kept: Mutex::default() }
    }

    /// Records an exchange and numbers it. One that is larger than the whole bound loses its bodies.
    pub fn record(&self, mut exchange: Exchange) -> ExchangeId {
        let mut size = exchange.size();
        if size > self.most_bytes {
            exchange.request.body = Bytes::new();
            exchange.response.body = Bytes::new();
            size = exchange.size();
        }
        let mut exchange = Arc::new(exchange);
        // What gives way is freed behind the lock: every request passes here.
        let mut given_way = SmallVec::<[_; 2]>::new();
        let mut kept = self.lock();
        kept.last_id += 1;
        if let Some(exchange) = Arc::get_mut(&mut exchange) {
            exchange.id = kept.last_id;
        }
        kept.bytes += size;
        kept.exchanges.push_back((exchange, size));
        while kept.exchanges.len() > self.most || kept.bytes > self.most_bytes {
            let Some((oldest, size)) = kept.exchanges.pop_front() else { break };
            kept.bytes -= size;
            given_way.push(oldest);
        }
        kept.last_id
    }

    /// The exchanges that `filter` lets through, oldest first.
    pub fn list(&self, filter: &Filter) -> Vec<Arc<Exchange>> {
        let kept = self.lock();
        let newest_first = kept.exchanges.iter().rev().map(|(exchange, _)| exchange);
        let fitting = newest_first.filter(|exchange| filter.lets_through(exchange));
        let mut list: Vec<_> = fitting.take(filter.limit.unwrap_or(usize::MAX)).cloned().collect();
        list.reverse();
        list
    }

    /// One exchange, unless it has given way.
    pub fn get(&self, id: ExchangeId) -> Option<Arc<Exchange>> {
        let kept = self.lock();
        let first = kept.exchanges.front()?.0.id;
        let index = usize::try_from(id.checked_sub(first)?).ok()?;
        kept.exchanges.get(index).map(|(exchange, _)| exchange.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(url: &str, status: u16, body: &'static [u8]) -> Exchange {
        Exchange {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            method: Method::GET,
            url: url.to_owned(),
            status,
            party: Party::default(),
            rule: None,
            request: Message::default(),
            response: Message { headers: Headers::default(), body: Bytes::from_static(body) },
        }
    }

    #[test]
    fn the_oldest_give_way() {
        let journal = Journal::bounded(2, 1 << 20);
        for number in 1..=3 {
            assert_eq!(journal.record(exchange(&format!("/{number}"), 200, b"")), number);
        }
        let urls: Vec<_> = journal.list(&Filter::default()).iter().map(|exchange| exchange.url.clone()).collect();
        assert_eq!(urls, ["/2", "/3"]);
        assert!(journal.get(1).is_none());
        assert_eq!(journal.get(3).map(|exchange| exchange.url.clone()), Some("/3".to_owned()));
        assert!(journal.get(4).is_none());
    }

    #[test]
    fn bytes_are_bounded_too() {
        let journal = Journal::bounded(100, 1_000);
        static LARGE: [u8; 2_000] = [b'x'; 2_000];
        journal.record(exchange("/large", 200, &LARGE));
        assert_eq!(journal.get(1).map(|exchange| exchange.response.body.len()), Some(0));
        for _ in 0..10 {
            journal.record(exchange("/small", 200, b"0123456789"));
        }
        assert_eq!(journal.list(&Filter::default()).len(), 3);
    }

    #[test]
    fn a_filter_takes_the_newest_that_match() {
        let journal = Journal::default();
        for status in [200, 404, 404, 200, 404] {
            journal.record(exchange("/phr-resourceserver/baseR4/Observation", status, b""));
        }
        let ids = |filter: Filter| journal.list(&filter).iter().map(|exchange| exchange.id).collect::<Vec<_>>();
        assert_eq!(ids(Filter { status: Some(404), limit: Some(2), ..Filter::default() }), [3, 5]);
        assert_eq!(ids(Filter { after: Some(3), ..Filter::default() }), [4, 5]);
        assert_eq!(ids(Filter { path: Some("baseStu3".to_owned()), ..Filter::default() }), [0; 0]);
    }
}
