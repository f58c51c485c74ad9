//! `POST [base]`: batch and transaction.
//!
//! Each entry of a batch is a request of its own, answered as if it had come alone. The writes of a transaction are one commit,
//! and the first that is refused is the answer to all; what is only read is read behind them, and when that fails nothing is
//! written either.

use super::answer::{Answer, Body, status_line};
use super::call::Call;
use super::create::after_write;
use super::refusal::Refusal;
use super::route::{self, Interaction};
use crate::json::{Kind, Value, escape};
use crate::records::{self, Access, Entry, EntryDone, EntryRefusal, Records, TransactionRefusal};
use crate::time::to_helsinki;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;

/// How many entries a Bundle may have.
const MOST_ENTRIES: usize = 1000;

/// How many bytes the entries of an answer may have that were read. (No limit of the real service is documented; a Bundle of
/// searches would otherwise make an answer thousands of times its own size.)
const MOST_READ: usize = 50 << 20;

/// How much has been read for a Bundle.
#[derive(Default)]
struct Room {
    used: usize,
}

impl Room {
    /// Makes a read while there is room, and hands its answer on if it fits. The first that does not fit ends it for all
    /// behind it as well: nothing more is put together to be thrown away.
    fn read(&mut self, make: impl FnOnce() -> Result<Answer, Refusal>) -> Result<Answer, Refusal> {
        if self.used > MOST_READ {
            return Err(Refusal::TooCostly(MOST_READ >> 20));
        }
        let answer = make()?;
        self.used += answer.body.len();
        if self.used > MOST_READ { Err(Refusal::TooCostly(MOST_READ >> 20)) } else { Ok(answer) }
    }
}

pub(super) fn answer(call: &Call, access: &Access) -> Result<Answer, Refusal> {
    let document = call.document("TRANSACTION")?;
    let bundle = document.root();
    let text = |name: &str| bundle.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("resourceType") {
        "Bundle" => {}
        "" => return Err(records::Refusal::NoResourceType.into()),
        other => return Err(Refusal::NoBundle(other.to_owned())),
    }
    if bundle.get("entry").is_some_and(|entries| entries.kind() != Kind::Array) {
        let text = "Bundle.entry must be an array of entries".to_owned();
        return Err(records::Refusal::Bundle(text).into());
    }
    let entries: Vec<Value<'_>> = bundle.get("entry").into_iter().flat_map(Value::items).collect();
    if entries.len() > MOST_ENTRIES {
        let text = format!("The Bundle has {} entries, at most {MOST_ENTRIES} are allowed", entries.len());
        return Err(records::Refusal::Bundle(text).into());
    }
    let calls = entries.iter().enumerate().map(|(index, entry)| inner(call, index, *entry));
    match text("type") {
        "batch" => {
            let mut room = Room::default();
            let answers = calls.map(|inner| inner.and_then(|inner| alone(&inner, access, &mut room)));
            let answers: Vec<Answer> = answers.map(|answer| answer.unwrap_or_else(Refusal::into_answer)).collect();
            Ok(response(call, "batch-response", answers))
        }
        "transaction" => {
            let calls: Vec<Call> = calls
                .enumerate()
                .map(|(index, inner)| inner.map_err(|refusal| Refusal::Entry(index, Box::new(refusal))))
                .collect::<Result<_, _>>()?;
            let answers = together(call, access, &entries, &calls)?;
            Ok(response(call, "transaction-response", answers))
        }
        other => {
            let text = format!("Unable to process transaction where incoming Bundle.type = {other}");
            Err(records::Refusal::Bundle(text).into())
        }
    }
}

/// One entry of a batch, or a read of a transaction.
fn alone(call: &Call, access: &Access, room: &mut Room) -> Result<Answer, Refusal> {
    let interaction = route::interaction(call)?;
    match interaction {
        Interaction::Preflight | Interaction::Bundle => Err(call.not_handled()),
        Interaction::Delete(resource_type, id) => {
            call.records.delete(access, call.version, resource_type, id, call.header(header::IF_MATCH))?;
            Ok(Answer::new(StatusCode::NO_CONTENT, Body::Empty))
        }
        // What is written is answered in any case: it has happened, and is no longer than what was sent.
        Interaction::Create(_) | Interaction::Update(..) => route::perform(call, access, &interaction),
        interaction => room.read(|| route::perform(call, access, &interaction)),
    }
}

/// The entries of a transaction, in their order.
fn together(call: &Call, access: &Access, entries: &[Value<'_>], calls: &[Call]) -> Result<Vec<Answer>, Refusal> {
    let at = |index: usize| move |refusal: Refusal| Refusal::Entry(index, Box::new(refusal));
    let mut writes: Vec<(usize, Entry)> = Vec::new();
    for (index, (inner, entry)) in calls.iter().zip(entries).enumerate() {
        if let Some(act) = write(inner).map_err(at(index))? {
            let full_url = entry.get("fullUrl").and_then(Value::as_str).map(str::to_owned);
            writes.push((index, Entry { full_url, ..act }));
        }
    }
    let (places, writes): (Vec<usize>, Vec<Entry>) = writes.into_iter().unzip();
    // What the writes leave is read before they are committed.
    let read = |records: &Records| {
        let mut room = Room::default();
        let reads = calls.iter().enumerate().filter(|(index, _)| !places.contains(index));
        let read = |(index, inner): (usize, &Call)| {
            let inner = Call { records: records.clone(), ..inner.clone() };
            alone(&inner, access, &mut room).map(|answer| (index, answer)).map_err(at(index))
        };
        reads.map(read).collect::<Result<Vec<(usize, Answer)>, Refusal>>()
    };
    let (written, read) =
        call.records.transaction(access, call.version, &writes, read).map_err(|refusal| match refusal {
            TransactionRefusal::Write(EntryRefusal { index, refusal }) => {
                Refusal::Entry(places.get(index).copied().unwrap_or(index), Box::new(refusal.into()))
            }
            TransactionRefusal::Read(refusal) => refusal,
        })?;
    let mut answers: Vec<Option<Answer>> = calls.iter().map(|_| None).collect();
    for (index, answer) in read {
        answers[index] = Some(answer);
    }
    for (place, written) in places.into_iter().zip(&written) {
        let answer = match written.outcome {
            records::Outcome::Deleted => Answer::new(StatusCode::NO_CONTENT, Body::Empty),
            _ => after_write(&calls[place], access, written),
        };
        answers[place] = Some(answer);
    }
    // Every entry was either written or read.
    Ok(answers.into_iter().flatten().collect())
}

/// What an entry writes; nothing when it only reads.
fn write(call: &Call) -> Result<Option<Entry>, Refusal> {
    let header = |name: HeaderName| call.header(name).map(str::to_owned);
    let (resource_type, act) = match route::interaction(call)? {
        Interaction::Create(resource_type) => {
            let condition = header(HeaderName::from_static("if-none-exist"));
            (resource_type, EntryDone::Create(call.document("CREATE")?, condition))
        }
        Interaction::Update(resource_type, id) => {
            let document = call.document("UPDATE")?;
            (resource_type, EntryDone::Update(id.to_owned(), document, header(header::IF_MATCH)))
        }
        Interaction::Delete(resource_type, id) => {
            (resource_type, EntryDone::Delete(id.to_owned(), header(header::IF_MATCH)))
        }
        _ => return Ok(None),
    };
    Ok(Some(Entry { full_url: None, resource_type, act }))
}

/// An entry as a request of its own.
fn inner(outer: &Call, index: usize, entry: Value<'_>) -> Result<Call, Refusal> {
    let malformed = |text: String| Refusal::from(records::Refusal::Bundle(text));
    let member = |name: &str| entry.at(&["request", name]).and_then(Value::as_str);
    let verb = member("method");
    let method = match verb {
        Some("GET") => Method::GET,
        Some("POST") => Method::POST,
        Some("PUT") => Method::PUT,
        Some("DELETE") => Method::DELETE,
        other => {
            return Err(malformed(format!(
                "Transaction bundle has missing or invalid HTTP Verb specified in Bundle.entry({index}).request.method. Found value: \"{}\"",
                other.unwrap_or("null")
            )));
        }
    };
    let url = member("url").filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| malformed(format!("Bundle.entry({index}).request.url is missing")))?;
    let body = match entry.get("resource") {
        Some(resource) => Bytes::copy_from_slice(resource.source().as_bytes()),
        None if matches!(method, Method::POST | Method::PUT) => {
            return Err(malformed(format!("Bundle.entry({index}).resource is missing")));
        }
        None => Bytes::new(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
    let prefer = match outer.header("prefer") {
        Some(prefer) if prefer.contains("return") => HeaderValue::from_str(prefer).ok(),
        // Without the wish an entry says where the resource is, and no more.
        _ => None,
    };
    headers.insert("prefer", prefer.unwrap_or(HeaderValue::from_static("return=minimal")));
    let conditions = [
        ("ifNoneExist", HeaderName::from_static("if-none-exist")),
        ("ifMatch", header::IF_MATCH),
        ("ifNoneMatch", header::IF_NONE_MATCH),
    ];
    for (name, header) in conditions {
        let Some(value) = member(name) else { continue };
        let value = HeaderValue::from_str(value)
            .map_err(|_| malformed(format!("Bundle.entry({index}).request.{name} has no meaning")))?;
        headers.insert(header, value);
    }
    let url = url.strip_prefix(outer.frame.base.as_str()).unwrap_or(url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    Ok(outer.inner(method, path, query, headers, body))
}

/// The Bundle of answers.
fn response(call: &Call, kind: &str, answers: Vec<Answer>) -> Answer {
    let is_empty = answers.is_empty();
    // Room for all at once: growing would hold it twice.
    let bodies: usize = answers.iter().map(|answer| answer.body.len() + 300).sum();
    let mut text = String::with_capacity(bodies + 300);
    text.push_str(&format!(
        "{{\"resourceType\":\"Bundle\",\"id\":\"{}\",\"type\":\"{kind}\",\"link\":[{{\"relation\":\"self\",\"url\":{}}}]",
        call.records.new_id(),
        escape(&call.frame.base)
    ));
    for (index, answer) in answers.into_iter().enumerate() {
        text.push_str(if index == 0 { ",\"entry\":[{" } else { ",{" });
        entry(&mut text, &answer);
        text.push('}');
    }
    text.push_str(if is_empty { "}" } else { "]}" });
    Answer::new(StatusCode::OK, Body::Fhir(call.rendering().other(text)))
}

fn entry(text: &mut String, answer: &Answer) {
    let body = match &answer.body {
        Body::Fhir(body) => std::str::from_utf8(body).unwrap_or_default(),
        Body::Empty | Body::Text(_) => "",
    };
    let is_outcome = body.starts_with("{\"resourceType\":\"OperationOutcome\"");
    if !body.is_empty() && !is_outcome {
        text.push_str("\"resource\":");
        text.push_str(body);
        text.push(',');
    }
    text.push_str(&format!("\"response\":{{\"status\":\"{}\"", status_line(answer.status)));
    if let Some(place) = answer.location.as_ref().or(answer.content_location.as_ref()) {
        text.push_str(&format!(",\"location\":{}", escape(place)));
    }
    if let Some((version_id, last_updated)) = answer.version {
        text.push_str(&format!(",\"etag\":\"{version_id}\",\"lastModified\":\"{}\"", to_helsinki(last_updated)));
    }
    if is_outcome {
        text.push_str(",\"outcome\":");
        text.push_str(body);
    }
    text.push('}');
}
