//! A server in a process of its own, what is sent to it, and what the kernel says of it (Linux only: `/proc`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Set in the environment of the process that is the bare server.
pub const BARE: &str = "PHR_BENCH_BARE_SERVER";
/// How many connections measure at once.
const CONNECTIONS: usize = 8;

/// A token with the scopes to read and write Observations.
pub struct Token {
    pub access_token: String,
    pub patient: String,
}

/// A server process; killed when dropped.
pub struct Server {
    process: Child,
    /// Host and port.
    pub address: String,
}

impl Server {
    pub fn sandbox() -> Server {
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

    pub fn bare() -> Server {
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
    pub fn time_to_ready(times: usize) -> Duration {
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

    pub fn token(&self) -> Token {
        self.token_of("aino")
    }

    pub fn token_of(&self, citizen: &str) -> Token {
        let overview = json(&self.exchange("GET", "/_sandbox", "", ""));
        let client_id = overview["client"]["client_id"].as_str().expect("a ready client");
        let body = serde_json::json!({"citizen": citizen, "client_id": client_id, "scope": "patient/Observation.read patient/Observation.write"});
        let token =
            json(&self.exchange("POST", "/_sandbox/tokens", "Content-Type: application/json\r\n", &body.to_string()));
        let text = |name: &str| token[name].as_str().expect("a token response").to_owned();
        Token { access_token: text("access_token"), patient: text("sub") }
    }

    /// A token request with a refresh token, which can be sent again and again.
    pub fn refresh_request(&self) -> String {
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

    pub fn exchange(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream
            .write_all(request(method, path, &format!("{headers}Connection: close\r\n"), body).as_bytes())
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Has a bare server answer with the body of `answer` at a path from now on.
    pub fn keep(&self, path: &str, answer: &str) {
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        self.exchange("PUT", path, "", body);
    }

    /// CPU time of the server process for each of `count` requests over kept-alive connections.
    pub fn cpu_per_request(&self, count: usize, make: impl Fn(usize) -> String + Sync) -> Duration {
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

    /// CPU time of all threads so far, by the scheduler's own count (`/proc/<pid>/task/*/schedstat`, in nanoseconds).
    pub fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("Linux");
        let nanoseconds = |thread: std::io::Result<std::fs::DirEntry>| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(threads.filter_map(nanoseconds).sum())
    }

    pub fn resident_mebibytes(&self) -> f64 {
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

pub fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The path of a URL on the resource server.
pub fn path_of(url: &str) -> Option<&str> {
    url.find("/phr-resourceserver").map(|at| &url[at..])
}

/// Reads one answer with a Content-Length and gives its status line.
pub fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> String {
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

pub fn json(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

pub fn weight(patient: &str, number: usize) -> String {
    let minute = number % 60;
    let hour = number / 60 % 24;
    let day = number / 1440 % 28 + 1;
    let kilograms = 70.0 + (number % 100) as f64 / 10.0;
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]}},"language":"fi","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"fi\" xml:lang=\"fi\">Paino: {kilograms:.1} kg</div>"}},"identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-4000-8000-{number:012}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7","display":"Paino"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"2026-03-{day:02}T{hour:02}:{minute:02}:00+02:00","issued":"2026-03-{day:02}T{hour:02}:{minute:02}:30+02:00","performer":[{{"reference":"Patient/{patient}"}}],"valueQuantity":{{"value":{kilograms:.1},"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}}}"#
    )
}
