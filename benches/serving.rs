//! Start-up, memory and CPU per request, beside a bare axum server in the same run (`cargo bench --bench serving`).
//!
//! Absolute times mean little from machine to machine; the ratios to the bare server are what counts. Both servers run as
//! processes of their own with one worker less than a whole machine's load would give them; what is measured is the CPU
//! time the kernel charged to them (Linux only: `/proc`).

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::routing::{get, post};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const BARE: &str = "PHR_BENCH_BARE_SERVER";
const CONNECTIONS: usize = 8;

fn main() {
    if std::env::var_os(BARE).is_some() {
        return bare_server();
    }
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds and starts.
    }
    let sandbox = Server::sandbox();
    let start = Server::time_to_ready(20);
    println!("process start → ready      {:>8.1} ms (median of 20)", start.as_secs_f64() * 1e3);
    println!("resident memory, idle      {:>8.1} MiB", sandbox.resident_mebibytes());

    let token = sandbox.token();
    let bearer = format!("Authorization: Bearer {}\r\n", token.access_token);
    let fhir = "Content-Type: application/fhir+json\r\n";
    let body = weight(&token.patient, 0);
    let created = sandbox.exchange("POST", "/phr-resourceserver/baseR4/Observation", &format!("{bearer}{fhir}"), &body);
    let location =
        created.lines().find_map(|line| line.strip_prefix("location: ")).expect("a created resource has a location");
    let path = location
        .split_once("/phr-resourceserver")
        .map(|(_, rest)| rest.split("/_history").next().unwrap_or(rest))
        .unwrap();
    let path = format!("/phr-resourceserver{path}");

    let bare = Server::bare();
    let stored = sandbox.exchange("GET", &path, &bearer, "");
    bare.exchange("PUT", "/resource", "", stored.split_once("\r\n\r\n").map(|(_, body)| body).expect("a resource"));
    let bare_get = bare.cpu_per_request(20_000, |_| request("GET", "/resource", "", ""));
    let get = sandbox.cpu_per_request(20_000, |_| request("GET", &path, &bearer, ""));
    report("GET by id, token checked", get, bare_get, 2.0);

    let bare_post = bare.cpu_per_request(20_000, |number| {
        request("POST", "/resource", "Content-Type: application/json\r\n", &weight(&token.patient, number))
    });
    let headers = format!("{bearer}{fhir}");
    let post = sandbox.cpu_per_request(20_000, |number| {
        request("POST", "/phr-resourceserver/baseR4/Observation", &headers, &weight(&token.patient, number))
    });
    report("POST Observation, validated", post, bare_post, 4.0);

    // A year of weights, of which the page shows twenty.
    let year = sandbox.token_of("eero");
    let bearer = format!("Authorization: Bearer {}\r\n", year.access_token);
    let search =
        format!("/phr-resourceserver/baseR4/Observation?patient={}&code=29463-7&_count=20&_sort=-date", year.patient);
    let page = sandbox.exchange("GET", &search, &bearer, "");
    bare.exchange("PUT", "/bundle", "", page.split_once("\r\n\r\n").map(|(_, body)| body).expect("a Bundle"));
    let bare_search = bare.cpu_per_request(4_000, |_| request("GET", "/bundle", "", ""));
    let found = sandbox.cpu_per_request(4_000, |_| request("GET", &search, &bearer, ""));
    report("search patient+code, 20 hits", found, bare_search, 2.5);

    // A refresh gives a new access token: one RS256 signature, and all that stands around it. Measured by turns with
    // openssl, as the speed of a machine changes from one second to the next.
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
        "token, RS256                   {rate:>7.0} a second of CPU, openssl rsa2048 {openssl:>6.0}: {:.0} % (goal ≥ 85 %)",
        100.0 * rate / openssl
    );

    let loaded = Server::sandbox();
    let token = loaded.token();
    let headers = format!("Authorization: Bearer {}\r\n{fhir}", token.access_token);
    loaded.cpu_per_request(100_000, |number| {
        request("POST", "/phr-resourceserver/baseR4/Observation", &headers, &weight(&token.patient, number))
    });
    println!("resident memory, 100 000 Observations {:>6.1} MiB (goal ≤ 160)", loaded.resident_mebibytes());
    let started = kanta_phr_sandbox::time::monotonic();
    loaded.exchange("POST", "/_sandbox/reset", "", "");
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

fn report(what: &str, ours: Duration, bare: Duration, goal: f64) {
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    let (ours, bare) = (ours.as_secs_f64() * 1e6, bare.as_secs_f64() * 1e6);
    println!("{what:<30} {ours:>7.1} µs CPU, bare {bare:>6.1} µs: {ratio:.2} × (goal ≤ {goal})");
}

struct Token {
    access_token: String,
    patient: String,
}

/// A server process; killed when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn sandbox() -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kanta-phr-sandbox"))
            .args(["--http", "0", "--open-http", "off", "--https", "off", "--ready-file", "/dev/stderr"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut addresses = String::new();
        BufReader::new(process.stderr.as_mut().expect("piped"))
            .read_line(&mut addresses)
            .expect("the sandbox gets ready");
        let addresses: serde_json::Value = serde_json::from_str(&addresses).expect("the ready file is JSON");
        let address =
            addresses["http"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address").to_owned();
        Server { process, address }
    }

    fn bare() -> Server {
        let mut process = Command::new(std::env::current_exe().expect("a program"))
            .env(BARE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bare server starts");
        let mut address = String::new();
        BufReader::new(process.stdout.as_mut().expect("piped"))
            .read_line(&mut address)
            .expect("the bare server gets ready");
        Server { process, address: address.trim().to_owned() }
    }

    /// From the start of the process until its health answer says ready; the median of `times`.
    fn time_to_ready(times: usize) -> Duration {
        let mut all: Vec<_> = (0..times)
            .map(|_| {
                let begin = kanta_phr_sandbox::time::monotonic();
                let server = Server::sandbox();
                let health = server.exchange("GET", "/_sandbox/health", "", "");
                assert!(health.starts_with("HTTP/1.1 200"), "{health}");
                begin.elapsed()
            })
            .collect();
        all.sort();
        all[times / 2]
    }

    fn token(&self) -> Token {
        self.token_of("aino")
    }

    fn token_of(&self, citizen: &str) -> Token {
        let overview = json(&self.exchange("GET", "/_sandbox", "", ""));
        let client_id = overview["client"]["client_id"].as_str().expect("a ready client");
        let body = serde_json::json!({"citizen": citizen, "client_id": client_id, "scope": "patient/Observation.read patient/Observation.write"});
        let token =
            json(&self.exchange("POST", "/_sandbox/tokens", "Content-Type: application/json\r\n", &body.to_string()));
        let text = |name: &str| token[name].as_str().expect("a token response").to_owned();
        Token { access_token: text("access_token"), patient: text("sub") }
    }

    /// A token request with a refresh token, which can be sent again and again.
    fn refresh_request(&self) -> String {
        let overview = json(&self.exchange("GET", "/_sandbox", "", ""));
        let text = |name: &str| overview["client"][name].as_str().expect("a ready client").to_owned();
        let (client_id, secret) = (text("client_id"), text("client_secret"));
        let ask = serde_json::json!({"citizen": "aino", "client_id": client_id, "scope": "offline_access patient/Observation.read"});
        let token =
            json(&self.exchange("POST", "/_sandbox/tokens", "Content-Type: application/json\r\n", &ask.to_string()));
        let refresh = token["refresh_token"].as_str().expect("offline_access gives a refresh token");
        let form =
            format!("grant_type=refresh_token&refresh_token={refresh}&client_id={client_id}&client_secret={secret}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        request("POST", "/phr-authserver-sandbox/token", headers, &form)
    }

    fn exchange(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream
            .write_all(request(method, path, &format!("{headers}Connection: close\r\n"), body).as_bytes())
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// CPU time of the server process for each of `count` requests over kept-alive connections.
    fn cpu_per_request(&self, count: usize, make: impl Fn(usize) -> String + Sync) -> Duration {
        let drive = |from: usize, to: usize| {
            let mut stream = TcpStream::connect(&self.address).expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let mut buffer = vec![0; 1 << 20];
            for number in from..to {
                stream.write_all(make(number).as_bytes()).expect("sent");
                let status = read_answer(&mut stream, &mut buffer);
                assert!(status.starts_with("HTTP/1.1 2"), "{status}");
            }
        };
        drive(0, count / 20); // warm up
        let before = self.cpu();
        let each = count / CONNECTIONS;
        std::thread::scope(|scope| {
            for connection in 0..CONNECTIONS {
                scope.spawn(move || drive(count + connection * each, count + (connection + 1) * each));
            }
        });
        (self.cpu() - before) / (each * CONNECTIONS) as u32
    }

    /// User and system time so far, from `/proc/<pid>/stat` (ticks of 10 ms).
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("Linux");
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }

    fn resident_mebibytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux");
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().expect("a number") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Reads one answer with a Content-Length and gives its status line.
fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> String {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).expect("an answer");
        assert!(read > 0, "the server hung up");
        filled += read;
        let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]);
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: usize = length.expect("a length").trim().parse().expect("a number");
        if filled >= end + 4 + length {
            return head.lines().next().unwrap_or_default().to_owned();
        }
    }
}

fn json(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn weight(patient: &str, number: usize) -> String {
    let minute = number % 60;
    let hour = number / 60 % 24;
    let day = number / 1440 % 28 + 1;
    let kilograms = 70.0 + (number % 100) as f64 / 10.0;
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]}},"language":"fi","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"fi\" xml:lang=\"fi\">Paino: {kilograms:.1} kg</div>"}},"identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-4000-8000-{number:012}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7","display":"Paino"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"2026-03-{day:02}T{hour:02}:{minute:02}:00+02:00","issued":"2026-03-{day:02}T{hour:02}:{minute:02}:30+02:00","performer":[{{"reference":"Patient/{patient}"}}],"valueQuantity":{{"value":{kilograms:.1},"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}}}"#
    )
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
