//! The way of every request: which host it names, where it came to, its body under a limit, the answer, and the journal.

use super::context::{App, Front, Origin, authority_of, host_of};
use super::control::{self, Problem};
use super::faults;
use super::listen::Connection;
use super::reason::with_reason;
use super::tester;
use crate::exchanges::{self, Exchange, Message, Party, Remake, mask_url};
use crate::pki::PeerCertificate;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tower::{Service, ServiceExt};
use tower_http::compression::Compression;

/// Longest request body that is read (no limit of the real service is documented; resource-server.md §9).
pub const BODY_LIMIT: usize = 10 << 20;

/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(60);

/// A request extension for the resource servers, which refuse it in their own way: the body was longer than
/// [`BODY_LIMIT`] and has not been read.
#[derive(Clone, Copy, Debug)]
pub struct BodyTooLong;

/// The same for a body that ended early, or made no sense as chunks.
#[derive(Clone, Copy, Debug)]
pub struct BodyCut;

/// Answers one request.
pub async fn handle(app: App, router: Router, connection: Arc<Connection>, request: Request) -> Response {
    let wants_gzip = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    if !wants_gzip {
        return answer(app, router, connection, request).await;
    }
    let service = tower::service_fn(move |request| {
        let answer = answer(app.clone(), router.clone(), connection.clone(), request);
        async move { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    match Compression::new(service).gzip(true).oneshot(request).await {
        Ok(response) => response.map(Body::new),
    }
}

/// The same for one request, without compression; the tester UI sends its requests this way.
pub(super) async fn answer(app: App, mut router: Router, connection: Arc<Connection>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let origin = match origin(&app.front, &connection, &parts) {
        Ok(origin) => origin,
        Err(refusal) => return *refusal,
    };
    let path = parts.uri.path();
    let is_tester = tester::is_page(path);
    let is_for_open = is_tester || path.starts_with("/assets/") || path == "/_sandbox/health";
    if origin.is_open() && !path.starts_with("/phr-resourceserver") && !is_for_open {
        let text = "the open endpoint has the resource servers only: /phr-resourceserver/baseStu3 and baseR4; the rest is at --http";
        return refusal(StatusCode::NOT_FOUND, "HTTP-OPEN-ENDPOINT", text);
    }
    if path.starts_with("/_sandbox")
        && let Err(problem) = control::guard(&parts, &app.front, &origin)
    {
        return problem.into_response();
    }
    let body = match collect(body).await {
        Ok(body) => body,
        Err(Cut::TooLong) if is_tester || path.starts_with("/phr-resourceserver/") => {
            parts.extensions.insert(BodyTooLong);
            Bytes::new()
        }
        Err(Cut::TooLong) => {
            let text = format!("the body is longer than {} MB", BODY_LIMIT >> 20);
            if path.starts_with("/_sandbox") {
                return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-long", "The body is too long", text)
                    .into_response();
            }
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "HTTP-BODY-TOO-LONG", &text);
        }
        Err(Cut::Broken) if path.starts_with("/phr-resourceserver/") => {
            parts.extensions.insert(BodyCut);
            Bytes::new()
        }
        Err(Cut::Broken) => {
            let text = "the connection ended before the body was complete, or the body took more than a minute";
            return refusal(StatusCode::BAD_REQUEST, "HTTP-BODY-CUT", text);
        }
    };
    // The pages of the tester UI are ours; what they send is recorded when it comes this way.
    let is_recorded = path.starts_with("/phr-") && !is_tester;
    let record = is_recorded.then(|| Recording::begin(&app, &origin, &connection, &parts, &body));
    let real_name = origin.real_name().is_some();
    let fault = is_recorded.then(|| faults::hit(&app, &parts, &body)).flatten();
    if let Some(fault) = &fault {
        fault.wait().await;
    }
    let mut response = match fault.as_ref().and_then(faults::Hit::instead) {
        Some(instead) => instead,
        None => {
            if is_tester {
                parts.extensions.insert(tester::Inside(router.clone()));
            }
            parts.extensions.insert(origin);
            parts.extensions.insert(connection);
            let Ok(response) = router.call(Request::from_parts(parts, Body::from(body))).await;
            match &fault {
                Some(fault) => fault.spoil(response).await,
                None => response,
            }
        }
    };
    if real_name {
        let hsts = HeaderValue::from_static("max-age=31536000 ; includeSubDomains");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    match record {
        Some(record) => record.end(&app, response).await,
        None => response,
    }
}

/// Where a request came to, by its Host; a connection's requests nearly always name the same.
fn origin(front: &Front, connection: &Connection, parts: &Parts) -> Result<Origin, Box<Response>> {
    let only_one = parts.headers.get_all(header::HOST).iter().count() < 2;
    let authority = authority_of(parts).filter(|_| only_one).unwrap_or_default();
    if let Some((_, origin)) = connection.origin.get().filter(|(known, _)| known == authority) {
        return Ok(origin.clone());
    }
    if !is_authority(authority) {
        let text = "send one Host header: a host name or address and a port";
        return Err(Box::new(refusal(StatusCode::BAD_REQUEST, "HTTP-HOST", text)));
    }
    if !is_known_host(front, authority) {
        let text = format!(
            "this sandbox does not answer to the host name {}; start it with --allow-host NAME to let it",
            host_of(authority)
        );
        return Err(Box::new(refusal(StatusCode::MISDIRECTED_REQUEST, "HTTP-HOST-UNKNOWN", &text)));
    }
    let origin = Origin::new(connection, front, authority);
    // The first one is remembered; should another request have been quicker, nothing is lost.
    let _ = connection.origin.set((authority.to_owned(), origin.clone()));
    Ok(origin)
}

/// A refusal below every surface: plain text, and the reason.
pub(super) fn refusal(status: StatusCode, rule: &str, text: &str) -> Response {
    with_reason((status, format!("{text}\n")).into_response(), rule, text)
}

/// Whether a Host is a name or an address with or without a port, and nothing else: it becomes part of absolute URLs.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rfind(']') {
        Some(end) => (&authority[..=end], &authority[end + 1..]),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
            // `0x7f000001` and `2130706433` are addresses to some clients and names to others.
            let is_number =
                host.split('.').next_back().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit()));
            !host.is_empty() && is_name && (!is_number || host.parse::<std::net::Ipv4Addr>().is_ok())
        }
    };
    is_port && is_host
}

/// Loopback names and literals, single-label names, `*.localhost`, what the configuration allows, and the real names.
fn is_known_host(front: &Front, authority: &str) -> bool {
    let host = host_of(authority).to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        let own = |url: &Option<String>| url.as_deref().is_some_and(|url| url.contains(&format!("//{host}:")));
        return address.is_loopback()
            || own(&front.http)
            || own(&front.open_http)
            || own(&front.https)
            || is_allowed(front, &host);
    }
    let is_single_label = !host.is_empty() && !host.contains('.');
    is_single_label
        || host.ends_with(".localhost")
        || host == "host.docker.internal"
        || super::context::RealName::of(&host).is_some()
        || is_allowed(front, &host)
}

fn is_allowed(front: &Front, host: &str) -> bool {
    let publics = [&front.public_url, &front.https_public_url];
    front.allow_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
        || publics.into_iter().flatten().any(|url| url.host().eq_ignore_ascii_case(host))
}

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum Cut {
    /// Longer than [`BODY_LIMIT`].
    TooLong,
    /// The connection ended, or it took too long.
    Broken,
}

/// The whole body. One that is too long is read on for a while and thrown away: a client that is still sending would
/// otherwise see a broken connection instead of the answer.
pub(super) async fn collect(body: Body) -> Result<Bytes, Cut> {
    match tokio::time::timeout(BODY_TIME, read(body)).await {
        Ok(read) => read,
        Err(_) => Err(Cut::Broken),
    }
}

async fn read(mut body: Body) -> Result<Bytes, Cut> {
    let (mut first, mut more, mut length) = (Bytes::new(), Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Cut::Broken)?.into_data() else { continue };
        length += data.len();
        if length > 4 * BODY_LIMIT {
            break;
        }
        match (length <= BODY_LIMIT, first.is_empty()) {
            (false, _) => more.clear(),
            // Most bodies come in one piece, which is handed on as it is.
            (true, true) => first = data,
            (true, false) => {
                if more.is_empty() {
                    more.extend_from_slice(&first);
                }
                more.extend_from_slice(&data);
            }
        }
    }
    match (length > BODY_LIMIT, more.is_empty()) {
        (true, _) => Err(Cut::TooLong),
        (false, true) => Ok(first),
        (false, false) => Ok(more.into()),
    }
}

/// What a client certificate is called in the journal: the application's OID, else the subject.
fn name_of(certificate: &PeerCertificate) -> String {
    certificate.oid.as_ref().map_or_else(|| certificate.subject.clone(), |oid| oid.to_string())
}

/// An exchange of which only the request is known yet.
struct Recording(Exchange);

impl Recording {
    fn begin(app: &App, origin: &Origin, connection: &Connection, parts: &Parts, body: &Bytes) -> Recording {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        Recording(Exchange {
            id: 0,
            at: app.tenant.clock.now(),
            method: parts.method.clone(),
            url: origin.url(target),
            status: 0,
            party: Party { certificate: connection.certificate.as_deref().map(name_of), ..Party::default() },
            rule: None,
            // A copy: the body is a part of a larger buffer, which the journal would keep.
            request: Message { headers: (&parts.headers).into(), body: Bytes::copy_from_slice(body).into() },
            response: Message::default(),
            bodies_dropped: false,
        })
    }

    async fn end(self, app: &App, response: Response) -> Response {
        let Recording(mut exchange) = self;
        let (mut parts, body) = response.into_parts();
        // Every answer is made whole before it is sent, so this neither waits nor fails.
        let body = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
        // 0: there was no answer.
        let is_cut = parts.extensions.get::<faults::CutConnection>().is_some();
        exchange.status = if is_cut { 0 } else { parts.status.as_u16() };
        if let Some(party) = parts.extensions.remove::<Party>() {
            exchange.party.client_id = party.client_id;
            exchange.party.citizen = party.citizen;
        }
        exchange.rule = parts
            .headers
            .get("sandbox-reason")
            .and_then(|reason| reason.to_str().ok())
            .map(|reason| reason.split(';').next().unwrap_or(reason).trim().to_owned());
        tracing::info!(
            method = %exchange.method,
            url = %mask_url(&exchange.url),
            status = exchange.status,
            rule = exchange.rule.as_deref().unwrap_or_default(),
            "answered"
        );
        let again = parts.extensions.remove::<Arc<dyn Remake>>();
        let kept = match again {
            // Such an answer goes out without its body (RFC 9110, sections 9.3.2, 15.3.5 and 15.4.5).
            _ if exchange.method == Method::HEAD || matches!(exchange.status, 204 | 304) => exchanges::Body::default(),
            // What makes the body again is kept in its place, unless a fault has changed the body since.
            Some(again) if again.length() == body.len() => exchanges::Body::Made(again),
            _ => body.clone().into(),
        };
        exchange.response = Message { headers: (&parts.headers).into(), body: kept };
        app.tenant.exchanges.record(exchange);
        Response::from_parts(parts, Body::from(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_are_known_and_others_are_not() {
        let front = Front {
            http: Some("http://192.168.1.5:8080".to_owned()),
            public_url: Some("https://phr.example.test".parse().unwrap()),
            allow_hosts: vec!["other.example.test".to_owned()],
            ..Front::default()
        };
        for known in [
            "localhost:8080",
            "127.0.0.1",
            "[::1]:8443",
            "kanta-phr-sandbox:8080",
            "app.localhost",
            "host.docker.internal",
            "fhirsandbox2.kanta.fi",
            "phr.example.test",
            "OTHER.example.test:1",
            "192.168.1.5:8080",
        ] {
            assert!(is_known_host(&front, known), "{known}");
        }
        for unknown in ["evil.example", "192.168.1.6", "www.kanta.fi", "localhost.evil.example", ""] {
            assert!(!is_known_host(&front, unknown), "{unknown}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_a_port() {
        for fine in
            ["localhost", "localhost:8080", "[::1]:8443", "127.0.0.1:1", "kanta-phr-sandbox:8080", "a_b.localhost"]
        {
            assert!(is_authority(fine), "{fine}");
        }
        for wrong in [
            "localhost:19080@evil.com",
            "a/b",
            "[",
            "evil%2ecom",
            "localhost:abc",
            "localhost:1, evil.com",
            "0x7f000001",
            "2130706433",
            "127.1",
            "",
            ":80",
            "[::1]x",
            "localhost:",
            "localhost:99999",
        ] {
            assert!(!is_authority(wrong), "{wrong}");
        }
    }
}
