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

    fn kept(&self) -> usize {
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
    /// Whether the bodies had to make room.
    pub bodies_dropped: bool,
}

impl Exchange {
    fn body_size(&self) -> usize {
        self.request.body.kept() + self.response.body.kept()
    }

    /// Takes the bodies out.
    fn drop_bodies(&mut self) -> [Body; 2] {
        self.bodies_dropped = true;
        [&mut self.request, &mut self.response].map(|message| std::mem::take(&mut message.body))
    }

    /// Bytes that count against the journal's bound.
    fn size(&self) -> usize {
        let message = |message: &Message| message.headers.0.len() + message.body.kept();
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
///
/// Long bodies are kept for less long than the rest, so that they do not push out what somebody wants to look up.
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
    /// Those of them that have long bodies, with the size of these.
    long: VecDeque<(ExchangeId, usize)>,
    long_bytes: usize,
    last_id: ExchangeId,
}

/// Bodies of more bytes than this, those of both messages together, are long.
const LONG: usize = 4 << 10;

impl Default for Journal {
    /// The last 1 000 exchanges, and no more than 16 MiB of them, of which 4 MiB in long bodies.
    fn default() -> Journal {
        Journal::bounded(1_000, 16 << 20)
    }
}

impl Journal {
    /// A journal of at most `most` exchanges and `most_bytes` bytes, a quarter of them in long bodies.
    pub fn bounded(most: usize, most_bytes: usize) -> Journal {
        Journal { most, most_bytes, kept: Mutex::default() }
    }

    /// Records an exchange and numbers it. One that is larger than the whole bound loses its bodies.
    pub fn record(&self, mut exchange: Exchange) -> ExchangeId {
        if exchange.size() > self.most_bytes {
            exchange.drop_bodies();
        }
        let (size, body_size) = (exchange.size(), exchange.body_size());
        let mut exchange = Arc::new(exchange);
        // What gives way is freed behind the lock: every request passes here.
        let mut given_way = SmallVec::<[_; 2]>::new();
        let mut bodies = SmallVec::<[_; 2]>::new();
        let mut kept = self.lock();
        kept.last_id += 1;
        let id = kept.last_id;
        if let Some(exchange) = Arc::get_mut(&mut exchange) {
            exchange.id = id;
        }
        kept.bytes += size;
        kept.exchanges.push_back((exchange, size));
        if body_size > LONG {
            kept.long_bytes += body_size;
            kept.long.push_back((id, body_size));
        }
        // The newest long body stays, however long.
        while kept.long_bytes > self.most_bytes / 4 && kept.long.len() > 1 {
            bodies.extend(kept.drop_oldest_long());
        }
        while kept.exchanges.len() > self.most || kept.bytes > self.most_bytes {
            let Some((oldest, size)) = kept.exchanges.pop_front() else { break };
            kept.bytes -= size;
            if kept.long.front().is_some_and(|(id, _)| *id == oldest.id) {
                kept.long_bytes -= kept.long.pop_front().map_or(0, |(_, size)| size);
            }
            given_way.push(oldest);
        }
        id
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
        kept.exchanges.get(kept.index(id)?).map(|(exchange, _)| exchange.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Where an exchange stands, if it has been recorded and has not given way.
    fn index(&self, id: ExchangeId) -> Option<usize> {
        let first = self.exchanges.front()?.0.id;
        usize::try_from(id.checked_sub(first)?).ok()
    }

    /// Takes the bodies out of the oldest exchange that has long ones.
    fn drop_oldest_long(&mut self) -> Option<[Body; 2]> {
        let (id, body_size) = self.long.pop_front()?;
        self.long_bytes -= body_size;
        let index = self.index(id)?;
        let (exchange, size) = self.exchanges.get_mut(index)?;
        *size -= body_size;
        self.bytes -= body_size;
        // Somebody who is reading it keeps what they have.
        Some(Arc::make_mut(exchange).drop_bodies())
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
            response: Message { headers: Headers::default(), body: Bytes::from_static(body).into() },
            bodies_dropped: false,
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
        assert_eq!(journal.get(1).map(|exchange| exchange.response.body.bytes().len()), Some(0));
        for _ in 0..10 {
            journal.record(exchange("/small", 200, b"0123456789"));
        }
        assert_eq!(journal.list(&Filter::default()).len(), 3);
    }

    #[test]
    fn long_bodies_give_way_before_the_exchanges_do() {
        static LONG_ONE: [u8; 10_000] = [b'x'; 10_000];
        let journal = Journal::bounded(6, 100_000);
        journal.record(exchange("/small", 404, b"not there"));
        let reading = journal.get(1);
        for _ in 0..4 {
            journal.record(exchange("/long", 200, &LONG_ONE));
        }
        let kept = |id: ExchangeId| journal.get(id).map(|one| (one.response.body.bytes().len(), one.bodies_dropped));
        assert_eq!(
            [1, 2, 3, 4, 5].map(|id| kept(id).unwrap()),
            [(9, false), (0, true), (0, true), (10_000, false), (10_000, false)]
        );
        assert_eq!(reading.map(|one| one.response.body.bytes().len()), Some(9));
        static LONGER: [u8; 60_000] = [b'x'; 60_000];
        journal.record(exchange("/longer", 200, &LONGER));
        assert_eq!([kept(5), kept(6)], [Some((0, true)), Some((60_000, false))]);
        for _ in 0..7 {
            journal.record(exchange("/small", 200, b""));
        }
        let kept = journal.lock();
        assert_eq!((kept.long.len(), kept.long_bytes), (0, 0));
        assert_eq!(kept.bytes, kept.exchanges.iter().map(|(exchange, _)| exchange.size()).sum::<usize>());
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
