//! The bounded journal.

use super::exchange::{Body, Exchange, ExchangeId, Headers, Message, Party};
use super::tape::Tape;
use axum::http::Method;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    fn lets_through(&self, id: ExchangeId, exchange: &Packed<'_>) -> bool {
        let same =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
        same(&self.client_id, exchange.client_id)
            && same(&self.citizen, exchange.citizen)
            && same(&self.method, Some(exchange.method))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.path.as_deref().is_none_or(|path| exchange.url.contains(path))
            && self.after.is_none_or(|after| id > after)
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
    /// Each a [`Packed`] exchange.
    tape: Tape,
    /// The bodies that are not on the tape, the oldest first.
    apart: VecDeque<Apart>,
    apart_bytes: usize,
}

/// The bodies of an exchange, request and response.
#[derive(Debug)]
struct Apart {
    id: ExchangeId,
    bodies: [Body; 2],
    size: usize,
}

/// An exchange as it lies on the tape.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    nanoseconds: i128,
    method: &'a str,
    url: &'a str,
    status: u16,
    client_id: Option<&'a str>,
    citizen: Option<&'a str>,
    certificate: Option<&'a str>,
    rule: Option<&'a str>,
    /// Whether the bodies are not among the parts.
    is_apart: bool,
    lengths: [u32; 4],
    /// The headers of request and response, then the bodies: they stand behind all that is above, as they are.
    #[serde(skip)]
    parts: [&'a [u8]; 4],
}

/// Bodies of more bytes than this, those of both messages together, are kept apart.
const LONG: usize = 4 << 10;

impl Default for Journal {
    /// The last 1 000 exchanges, and no more than 16 MiB of them, of which 4 MiB in long bodies.
    fn default() -> Journal {
        Journal::bounded(1_000, 16 << 20)
    }
}

impl Journal {
    /// A journal of at most `most` exchanges and `most_bytes` bytes, a quarter of them in bodies that are kept apart.
    pub fn bounded(most: usize, most_bytes: usize) -> Journal {
        Journal { most, most_bytes, kept: Mutex::default() }
    }

    /// Records an exchange and numbers it. Bodies that are larger than the whole bound are not kept.
    pub fn record(&self, exchange: Exchange) -> ExchangeId {
        let Exchange { request, response, party, .. } = &exchange;
        let size = request.body.kept() + response.body.kept();
        let short = match (&request.body, &response.body) {
            (Body::Bytes(request), Body::Bytes(response)) if size <= LONG => Some([&request[..], &response[..]]),
            _ => None,
        };
        let [request_body, response_body] = short.unwrap_or_default();
        let parts = [&request.headers.0[..], &response.headers.0[..], request_body, response_body];
        let packed = Packed {
            nanoseconds: exchange.at.as_nanosecond(),
            method: exchange.method.as_str(),
            url: &exchange.url,
            status: exchange.status,
            client_id: party.client_id.as_deref(),
            citizen: party.citizen.as_deref(),
            certificate: party.certificate.as_deref(),
            rule: exchange.rule.as_deref(),
            is_apart: short.is_none(),
            lengths: parts.map(|part| part.len() as u32),
            parts,
        };
        let bytes = packed.write();
        let is_apart = short.is_none() && size <= self.most_bytes;
        // What gives way is freed behind the lock: every request passes here.
        let mut given_way = SmallVec::<[_; 2]>::new();
        let mut kept = self.lock();
        let id = kept.tape.push(&bytes);
        if is_apart {
            let bodies = [exchange.request.body, exchange.response.body];
            kept.apart.push_back(Apart { id, bodies, size });
            kept.apart_bytes += size;
        }
        // The newest body stays, however long.
        while kept.apart_bytes > self.most_bytes / 4 && kept.apart.len() > 1 {
            given_way.extend(kept.drop_oldest_bodies());
        }
        while kept.tape.len() > self.most || kept.tape.bytes() > self.most_bytes / 4 * 3 {
            let Some(oldest) = kept.tape.pop() else { break };
            if kept.apart.front().is_some_and(|apart| apart.id == oldest) {
                given_way.extend(kept.drop_oldest_bodies());
            }
        }
        id
    }

    /// The exchanges that `filter` lets through, oldest first.
    pub fn list(&self, filter: &Filter) -> Vec<Exchange> {
        let kept = self.lock();
        let newest_first = kept.tape.newest_first().filter_map(|(id, bytes)| Some((id, Packed::read(bytes)?)));
        let fitting = newest_first.filter(|(id, packed)| filter.lets_through(*id, packed));
        let fitting = fitting.take(filter.limit.unwrap_or(usize::MAX));
        let mut list: Vec<_> = fitting.map(|(id, packed)| kept.whole(id, &packed)).collect();
        list.reverse();
        list
    }

    /// One exchange, unless it has given way.
    pub fn get(&self, id: ExchangeId) -> Option<Exchange> {
        let kept = self.lock();
        let packed = Packed::read(kept.tape.get(id)?)?;
        Some(kept.whole(id, &packed))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn drop_oldest_bodies(&mut self) -> Option<Apart> {
        let apart = self.apart.pop_front()?;
        self.apart_bytes -= apart.size;
        Some(apart)
    }

    fn whole(&self, id: ExchangeId, packed: &Packed<'_>) -> Exchange {
        let [request_headers, response_headers, request_body, response_body] = packed.parts;
        let bodies = match packed.is_apart {
            false => Some([request_body, response_body].map(|body| Body::Bytes(Bytes::copy_from_slice(body)))),
            true => self.apart.binary_search_by_key(&id, |apart| apart.id).ok().map(|at| self.apart[at].bodies.clone()),
        };
        let bodies_dropped = bodies.is_none();
        let [request, response] = bodies.unwrap_or_default();
        let [request_headers, response_headers] =
            [request_headers, response_headers].map(|lines| Headers(lines.into()));
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Exchange {
            id,
            at: Timestamp::from_nanosecond(packed.nanoseconds).unwrap_or_default(),
            method: Method::from_bytes(packed.method.as_bytes()).unwrap_or_default(),
            url: packed.url.to_owned(),
            status: packed.status,
            party: Party {
                client_id: owned(packed.client_id),
                citizen: owned(packed.citizen),
                certificate: owned(packed.certificate),
            },
            rule: owned(packed.rule),
            request: Message { headers: request_headers, body: request },
            response: Message { headers: response_headers, body: response },
            bodies_dropped,
        }
    }
}

impl<'a> Packed<'a> {
    fn write(&self) -> Vec<u8> {
        let length = self.parts.iter().map(|part| part.len()).sum::<usize>() + self.url.len() + 256;
        // Strings and numbers into a growing buffer: postcard has no way to fail here.
        let mut bytes = postcard::to_extend(self, Vec::with_capacity(length)).unwrap_or_default();
        self.parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes
    }

    fn read(bytes: &'a [u8]) -> Option<Packed<'a>> {
        let (mut packed, mut rest): (Packed<'a>, _) = postcard::take_from_bytes(bytes).ok()?;
        for (part, length) in packed.parts.iter_mut().zip(packed.lengths) {
            (*part, rest) = rest.split_at_checked(length as usize)?;
        }
        Some(packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;

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
        let journal = Journal::bounded(100, 8_000);
        static LARGE: [u8; 9_000] = [b'x'; 9_000];
        journal.record(exchange("/large", 200, &LARGE));
        let large = journal.get(1).unwrap();
        assert_eq!((large.response.body.bytes().len(), large.bodies_dropped), (0, true));
        for _ in 0..10 {
            journal.record(exchange("/small", 200, &LARGE[..1_000]));
        }
        let left = journal.list(&Filter::default());
        assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [7, 8, 9, 10, 11]);
        assert!(left.iter().all(|one| one.response.body.bytes().len() == 1_000 && !one.bodies_dropped));
    }

    #[test]
    fn an_exchange_comes_back_as_it_was_recorded() {
        let mut headers = HeaderMap::new();
        headers.insert("accept", "*/*".parse().unwrap());
        headers.insert("x-latin", axum::http::HeaderValue::from_bytes(b"\xe4\xff").unwrap());
        let party =
            Party { client_id: Some("ä".into()), citizen: Some(String::new()), certificate: Some("1.2.3".into()) };
        let message =
            |body: &'static [u8]| Message { headers: (&headers).into(), body: Bytes::from_static(body).into() };
        let whole = Exchange {
            at: "2026-06-01T12:00:00.123456789Z".parse().unwrap(),
            method: Method::from_bytes(b"PROPFIND").unwrap(),
            party,
            rule: Some("RULE".into()),
            request: message(b"\xff\0"),
            response: message(b"{}"),
            ..exchange("/?a=%C3%A4", 599, b"")
        };
        let journal = Journal::default();
        let id = journal.record(whole.clone());
        assert_eq!(format!("{:?}", journal.get(id).unwrap()), format!("{:?}", Exchange { id, ..whole }));
    }

    #[test]
    fn long_bodies_give_way_before_the_exchanges_do() {
        static LONG_ONE: [u8; 60_000] = [b'x'; 60_000];
        let journal = Journal::bounded(6, 100_000);
        journal.record(exchange("/small", 404, b"not there"));
        for _ in 0..4 {
            journal.record(exchange("/long", 200, &LONG_ONE[..10_000]));
        }
        let kept = |id: ExchangeId| journal.get(id).map(|one| (one.response.body.bytes().len(), one.bodies_dropped));
        let expected = [(9, false), (0, true), (0, true), (10_000, false), (10_000, false)];
        assert_eq!([1, 2, 3, 4, 5].map(|id| kept(id).unwrap()), expected);
        journal.record(exchange("/longer", 200, &LONG_ONE));
        assert_eq!([kept(5), kept(6)], [Some((0, true)), Some((60_000, false))]);
        for _ in 0..7 {
            journal.record(exchange("/small", 200, b""));
        }
        let kept = journal.lock();
        assert_eq!((kept.apart.len(), kept.apart_bytes, kept.tape.len()), (0, 0, 6));
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
