//! Start-up, memory and CPU per request, beside a bare axum server in the same run (`cargo bench --bench serving`).
//!
//! Absolute times mean little from machine to machine; the ratios to the bare server are what counts. Both servers run as
//! processes of their own; what is measured is the CPU time the kernel charged to them (Linux only: `/proc`).

mod process;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::routing::{get, post};
use process::{BARE, Server, path_of, request, weight};
use std::process::Command;
use std::sync::{Arc, OnceLock};

const FHIR: &str = "Content-Type: application/fhir+json\r\n";
/// How often two servers take turns, and how many requests each has of a turn.
const ROUNDS: usize = 5;
const EACH: usize = 4_000;
const OBSERVATIONS: &str = "/phr-resourceserver/baseR4/Observation";

fn main() {
    if std::env::var_os(BARE).is_some() {
        return bare_server();
    }
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds and starts.
    }
    let start = Server::time_to_ready(20);
    println!("process start → ready      {:>8.1} ms (median of 20; goal ≤ 20)", start.as_secs_f64() * 1e3);
    let sandbox = Server::sandbox();
    let idle = sandbox.resident_mebibytes();
    println!("resident memory, idle      {idle:>8.1} MiB (goal ≤ 15)");
    tokens(&sandbox);
    requests(&sandbox, idle);
    memory_and_reset();
}

/// A refresh gives a new access token: one RS256 signature, and all that stands around it. Measured by turns with
/// openssl, as the speed of a machine changes from one second to the next.
fn tokens(sandbox: &Server) {
    let refresh = sandbox.refresh_request();
    let mut rounds: Vec<_> = (0..5)
        .map(|_| {
            let rate = 1.0 / sandbox.cpu_per_request(2_000, |_| refresh.clone()).as_secs_f64();
            (rate, openssl_sign_rate().unwrap_or(f64::NAN))
        })
        .collect();
    rounds.sort_by(|(ours, openssl), (other, beside)| (ours / openssl).total_cmp(&(other / beside)));
    let (rate, openssl) = rounds[rounds.len() / 2];
    println!(
        "token, RS256               {rate:>8.0} a second of CPU, openssl rsa2048 {openssl:.0}: {:.0} % (goal ≥ 85)",
        100.0 * rate / openssl
    );
}

/// Reads, searches and writes among ever more stored resources.
fn requests(sandbox: &Server, idle: f64) {
    let bare = Server::bare();
    let token = sandbox.token();
    let bearer = format!("Authorization: Bearer {}\r\n", token.access_token);
    let headers = format!("{bearer}{FHIR}");
    let created = sandbox.exchange("POST", OBSERVATIONS, &headers, &weight(&token.patient, 0));
    let location = created.lines().find_map(|line| line.strip_prefix("location: ")).expect("a new resource has one");
    let path = path_of(location).expect("an absolute URL");
    let path = path.split("/_history").next().unwrap_or(path).to_owned();
    bare.keep("/resource", &sandbox.exchange("GET", &path, &bearer, ""));

    // A year of weights, of which the page shows twenty.
    let year = sandbox.token_of("eero");
    let reader = format!("Authorization: Bearer {}\r\n", year.access_token);
    let search = format!("{OBSERVATIONS}?patient={}&code=29463-7&_count=20&_sort=-date", year.patient);
    bare.keep("/bundle", &sandbox.exchange("GET", &search, &reader, ""));

    let mut stored = 1;
    for size in [1_000, 30_000, 300_000] {
        // Warming up adds a few.
        let more = size - stored;
        sandbox
            .cpu_per_request(more, |number| request("POST", OBSERVATIONS, &headers, &weight(&token.patient, number)));
        stored = size;
        println!("{size} Observations and more stored:");
        let mebibytes = sandbox.resident_mebibytes();
        println!(
            "  resident memory          {mebibytes:>8.1} MiB, {:.2} kB each",
            (mebibytes - idle) * 1048.576 / size as f64
        );
        let read = |_| request("GET", "/resource", "", "");
        compare("GET by id, token checked", 2.0, (&bare, &read), (sandbox, &|_| request("GET", &path, &bearer, "")));
        let page = |_| request("GET", "/bundle", "", "");
        compare("search, a page of 20 hits", 2.5, (&bare, &page), (sandbox, &|_| request("GET", &search, &reader, "")));
        let bare_write = |number| {
            request("POST", "/resource", "Content-Type: application/json\r\n", &weight(&token.patient, number))
        };
        let write = |number| request("POST", OBSERVATIONS, &headers, &weight(&token.patient, number));
        compare("POST Observation, validated", 4.0, (&bare, &bare_write), (sandbox, &write));
        stored += ROUNDS * EACH;
    }
}

fn memory_and_reset() {
    let sandbox = Server::sandbox();
    let token = sandbox.token();
    let headers = format!("Authorization: Bearer {}\r\n{FHIR}", token.access_token);
    sandbox.cpu_per_request(100_000, |number| request("POST", OBSERVATIONS, &headers, &weight(&token.patient, number)));
    println!("resident memory, 100 000 Observations {:>6.1} MiB (goal ≤ 160)", sandbox.resident_mebibytes());
    let started = kanta_phr_sandbox::time::monotonic();
    sandbox.exchange("POST", "/_sandbox/reset", "", "");
    println!("reset with 100 000 Observations {:>12.2} ms over HTTP (goal ≤ 1)", started.elapsed().as_secs_f64() * 1e3);
}

/// RSA-2048 signatures a second on one core, by the program `openssl`, if it is here.
fn openssl_sign_rate() -> Option<f64> {
    let output = Command::new("openssl").args(["speed", "-seconds", "1", "-mr", "rsa2048"]).output().ok()?;
    // `+F2:<index>:<bits>:<seconds a signature>:…`, or its rate, by version.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("+F2:"))?;
    let number: f64 = line.split(':').nth(3)?.parse().ok()?;
    Some(if number < 1.0 { 1.0 / number } else { number })
}

/// A server and what is sent to it, by number.
type Driven<'a> = (&'a Server, &'a (dyn Fn(usize) -> String + Sync));

/// Both servers by turns, since the speed of a machine changes from one second to the next; the middle ratio is shown.
fn compare(what: &str, goal: f64, bare: Driven<'_>, sandbox: Driven<'_>) {
    let cpu = |(server, make): Driven<'_>| server.cpu_per_request(EACH, make).as_secs_f64() * 1e6;
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| (cpu(sandbox), cpu(bare))).collect();
    rounds.sort_by(|(ours, bare), (other, beside)| (ours / bare).total_cmp(&(other / beside)));
    let (ours, bare) = rounds[ROUNDS / 2];
    println!("  {what:<30} {ours:>6.1} µs CPU, bare {bare:>5.1} µs: {:.2} × (goal ≤ {goal})", ours / bare);
}

/// What axum costs with nothing behind it: the same bytes in and out, which it is given by `PUT` beforehand.
fn bare_server() {
    const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    type Kept = State<Arc<OnceLock<Bytes>>>;
    let answer = get(|State(kept): Kept| async move { (JSON, kept.get().cloned().unwrap_or_default()) })
        .put(|State(kept): Kept, body: Bytes| async move { kept.set(body).is_ok().to_string() });
    let create = post(|State(kept): Kept, body: Bytes| async move {
        // A JSON POST parses its body.
        let value: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        std::hint::black_box(value);
        (JSON, kept.get().cloned().unwrap_or_default())
    });
    let resource = Router::new().route("/resource", answer.clone().merge(create)).with_state(Arc::default());
    let bundle = Router::new().route("/bundle", answer).with_state(Arc::default());
    let router = resource.merge(bundle);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", socket.local_addr().expect("an address"));
        axum::serve(socket, router).await.expect("served");
    });
}
