//! A request to a running sandbox's control API: one exchange over a plain connection, read to its end.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long a sandbox may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// The status and the body of the answer.
pub fn request(
    base: &str,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Option<&str>,
) -> Result<(u16, String)> {
    let Some(authority) = base.trim_end_matches('/').strip_prefix("http://") else {
        bail!("{base}: give the address of --http, as in http://127.0.0.1:8080");
    };
    let host = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let address = host.to_socket_addrs().with_context(|| format!("{base} is no address"))?.next();
    let address = address.with_context(|| format!("{base} is no address"))?;
    let mut stream =
        TcpStream::connect_timeout(&address, LIMIT).with_context(|| format!("no sandbox answers at {base}"))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let body = body.unwrap_or_default();
    let authorization = bearer.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    // HTTP/1.0 keeps the answer free of chunks.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {authority}\r\n{authorization}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("{base} broke off its answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{base} does not speak HTTP"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.with_context(|| format!("{base} does not speak HTTP"))?, body.to_owned()))
}
