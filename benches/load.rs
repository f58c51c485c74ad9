//! A mixed load for ten minutes (`cargo bench --bench load`, or `-- --minutes 1`): 64 connections that read, search, write,
//! update and delete. It ends with an error at the first answer that is not as it must be.
//!
//! Each connection goes in rounds over weights of its own citizen: create, read, read again unchanged (304), search,
//! follow the next page, update, read an old version, delete, read what is gone (410). As on the real sandbox, what is
//! old is purged; here what is older than a minute, every half minute. So memory has to level off, whatever was written.

#[allow(dead_code, reason = "the other bench uses the rest")]
mod process;

use process::{Server, json, path_of, weight};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 64;
const CITIZENS: [&str; 4] = ["aino", "eero", "kalle", "matias"];
const OBSERVATIONS: &str = "/phr-resourceserver/baseR4/Observation";
const HALF_MINUTE: Duration = Duration::from_secs(30);

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let minutes = arguments.iter().position(|argument| argument == "--minutes");
    let minutes: u32 = minutes.map_or(10, |at| arguments[at + 1].parse().expect("a number of minutes"));
    let server = Server::sandbox();
    let people: Vec<_> = CITIZENS.iter().map(|citizen| server.token_of(citizen)).collect();
    let (done, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    println!("idle: {:.1} MiB", server.resident_mebibytes());
    std::thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let (server, token, done, over) = (&server, &people[number % people.len()], &done, &over);
            scope.spawn(move || {
                let mut caller = Caller::new(server, &token.access_token, &token.patient, number);
                while !over.load(Ordering::Relaxed) {
                    done.fetch_add(caller.round(), Ordering::Relaxed);
                }
            });
        }
        let (mut before, mut cpu) = (0, server.cpu());
        for half in 1..=minutes * 2 {
            std::thread::sleep(HALF_MINUTE);
            let purged = json(&server.exchange("POST", "/_sandbox/purge", JSON, r#"{"older_than":"PT1M"}"#));
            let (now, used) = (done.load(Ordering::Relaxed), server.cpu());
            println!(
                "{:>4.1} min: {:>8} requests, {:>6} a second, {:>5.1} µs CPU each, {:>7.1} MiB, purged {}",
                f64::from(half) / 2.0,
                now,
                (now - before) / HALF_MINUTE.as_secs() as usize,
                (used - cpu).as_secs_f64() * 1e6 / (now - before) as f64,
                server.resident_mebibytes(),
                purged["removed"],
            );
            (before, cpu) = (now, used);
        }
        over.store(true, Ordering::Relaxed);
    });
    println!("{} requests, each answered as it must be", done.load(Ordering::Relaxed));
}

const JSON: &str = "Content-Type: application/json\r\n";

/// One connection, kept alive.
struct Caller<'a> {
    stream: TcpStream,
    bearer: String,
    patient: &'a str,
    number: usize,
}

impl<'a> Caller<'a> {
    fn new(server: &'a Server, token: &str, patient: &'a str, connection: usize) -> Caller<'a> {
        let stream = TcpStream::connect(&server.address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let bearer = format!("Authorization: Bearer {token}\r\nContent-Type: application/fhir+json\r\n");
        Caller { stream, bearer, patient, number: connection * 1_000_000 }
    }

    /// A round of requests; how many.
    fn round(&mut self) -> usize {
        self.number += 1;
        let body = weight(self.patient, self.number);
        let created = self.send("POST", OBSERVATIONS, "", &body, 201);
        let location = created.lines().find_map(|line| line.strip_prefix("location: ")).expect("of the new resource");
        let path = path_of(location).expect("an absolute URL");
        let path = path.split("/_history").next().expect("a path").to_owned();
        let read = self.send("GET", &path, "", "", 200);
        self.send("GET", &path, "If-None-Match: W/\"1\"\r\n", "", 304);
        let search = format!("{OBSERVATIONS}?patient={}&code=29463-7&_count=20&_sort=-date", self.patient);
        let page = json(&self.send("GET", &search, "", "", 200));
        assert_eq!(page["type"], "searchset");
        let next = page["link"].as_array().into_iter().flatten().find(|link| link["relation"] == "next");
        if let Some(next) = next.and_then(|link| path_of(link["url"].as_str()?)) {
            let page = json(&self.send("GET", next, "", "", 200));
            assert_eq!(page["type"], "searchset");
        }
        let mut changed = json(&read);
        changed["valueQuantity"]["value"] = serde_json::json!(82.5);
        self.send("PUT", &path, "If-Match: W/\"1\"\r\n", &changed.to_string(), 200);
        self.send("GET", &format!("{path}/_history/1"), "", "", 200);
        self.send("DELETE", &path, "", "", 200);
        self.send("GET", &path, "", "", 410);
        9
    }

    /// An answer with the status that it must have.
    fn send(&mut self, method: &str, path: &str, headers: &str, body: &str, status: u16) -> String {
        let text = process::request(method, path, &format!("{}{headers}", self.bearer), body);
        self.stream.write_all(text.as_bytes()).expect("sent");
        let answer = self.answer();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        answer
    }

    fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        let mut piece = [0; 64 * 1024];
        loop {
            let read = self.stream.read(&mut piece).expect("an answer");
            assert!(read > 0, "the server hung up");
            answer.extend_from_slice(&piece[..read]);
            let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            // 204 and 304 have no length, and no body.
            if answer.len() >= end + 4 + length.unwrap_or(0) {
                return String::from_utf8(answer).expect("text");
            }
        }
    }
}
