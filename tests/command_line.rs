//! The binary, as people and containers run it.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kanta-phr-sandbox"));
    command.env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A `serve` process on free ports.
struct Server {
    process: Child,
    addresses: Value,
    folder: TempDir,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready.json");
        let process = program()
            // The other listeners take free ports as well then.
            .args(["serve", "--http", "0", "--ready-file"])
            .arg(&ready)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Server { process, addresses: Value::Null, folder };
        for _ in 0..1_000 {
            if let Ok(addresses) = std::fs::read(&ready) {
                server.addresses = serde_json::from_slice(&addresses).unwrap();
                return server;
            }
            if let Some(status) = server.process.try_wait().unwrap() {
                let mut errors = String::new();
                server.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
                panic!("the server ended with {status}: {errors}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not get ready");
    }

    fn url(&self) -> &str {
        self.addresses["http"].as_str().unwrap()
    }

    #[cfg(unix)]
    fn terminate(mut self) -> (i32, String) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.process.wait().unwrap();
        let mut output = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        (status.code().unwrap_or(-1), output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_ready_file_left_over_is_removed_and_that_of_a_running_sandbox_is_not() {
    let server = Server::start(&[]);
    let taken = server.url().strip_prefix("http://").unwrap();
    let ready = server.folder.path().join("ready.json");
    let start = |ready: &std::path::Path| run(&["serve", "--http", taken, "--ready-file", ready.to_str().unwrap()]);
    assert_eq!(start(&ready).status.code(), Some(2));
    assert!(ready.exists(), "what it says still holds");
    let left_over = server.folder.path().join("left-over.json");
    std::fs::write(&left_over, "{\"http\":\"http://127.0.0.1:1\",\"https\":null}").unwrap();
    assert_eq!(start(&left_over).status.code(), Some(2));
    assert!(!left_over.exists());
    let other = server.folder.path().join("other.json");
    std::fs::write(&other, "{}\nof somebody else").unwrap();
    start(&other);
    assert!(other.exists(), "no ready file is not ours to remove");
}

#[cfg(unix)]
#[test]
fn serve_prints_a_curl_line_that_works_and_ends_at_sigterm() {
    let server = Server::start(&[]);
    let client = reqwest::blocking::Client::new();
    let overview: Value = client.get(format!("{}/_sandbox", server.url())).send().unwrap().json().unwrap();
    let base = server.url().to_owned();
    let curl = Command::new("curl").arg("--version").output().is_ok();
    // Read what was printed without ending the server: the lines stand in the pipe.
    let mut server = server;
    let mut printed = vec![0; 8192];
    let length = server.process.stdout.as_mut().unwrap().read(&mut printed).unwrap();
    let printed = text(&printed[..length]);
    assert!(printed.contains("LOCAL SANDBOX – not the Kanta services"), "{printed}");
    assert!(printed.contains(overview["client"]["client_secret"].as_str().unwrap()), "{printed}");
    let lines: Vec<_> = printed.lines().filter(|line| line.trim_start().starts_with("curl ")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains(&base)), "{printed}");
    if curl {
        for line in lines {
            let output = Command::new("sh").args(["-c", line.trim()]).output().unwrap();
            let answer: Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {output:?}"));
            assert!(answer["access_token"].is_string() || answer["resourceType"] == "Bundle", "{line}: {answer}");
        }
    }
    let (code, _) = server.terminate();
    assert_eq!(code, 0);
}

#[test]
fn healthcheck_tells_a_ready_sandbox_from_none() {
    let server = Server::start(&[]);
    assert_eq!(run(&["healthcheck", "--url", server.url()]).status.code(), Some(0));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&["healthcheck", "--url", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no sandbox answers"), "{output:?}");
}

#[test]
fn token_gives_the_token_response_of_the_flow() {
    let server = Server::start(&[]);
    let overview: Value = reqwest::blocking::get(format!("{}/_sandbox", server.url())).unwrap().json().unwrap();
    let client_id = overview["client"]["client_id"].as_str().unwrap();
    let citizen = overview["citizens"][0]["id"].as_str().unwrap();
    let output = run(&[
        "token",
        "--url",
        server.url(),
        "--citizen",
        citizen,
        "--client",
        client_id,
        "--scope",
        "patient/Observation.read",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let token: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(token["scope"], "patient/Observation.read");
    let only = |member: &str| {
        run(&["token", "--url", server.url(), "--citizen", citizen, "--client", client_id, "--only", member])
    };
    assert_eq!(text(&only("sub").stdout).trim(), token["sub"].as_str().unwrap());
    assert!(text(&only("subject").stderr).contains("no member subject"));
    let output = run(&["token", "--url", server.url(), "--citizen", "nobody", "--client", client_id]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nobody"), "{output:?}");
}

/// Each unusable start: exit code 2, one line that says what to do, and nothing left behind.
fn refuses_to_start(arguments: &[&str], says: &[&str]) {
    let output = run(arguments);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    for words in says {
        assert!(errors.contains(words), "{arguments:?} should say {words:?}: {errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn a_port_in_use_is_said_and_leaves_no_data_directory() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let address = taken.local_addr().unwrap().to_string();
    refuses_to_start(
        &["serve", "--http", &address, "--open-http", "off", "--https", "off", "--data-dir", data.to_str().unwrap()],
        &["--http", &address, "choose another address"],
    );
    assert!(!data.exists());
}

fn with_file(name: &str, content: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_configuration_that_cannot_be_used_names_file_and_place() {
    let off = ["serve", "--http", "0", "--open-http", "off", "--https", "off", "--config"];
    let start = |file: &str, says: &[&str]| refuses_to_start(&[&off[..], &[file]].concat(), says);
    start("/no/such/file.toml", &["/no/such/file.toml"]);
    let (_folder, file) = with_file("phr.toml", "http = \"127.0.0.1:0\"\nhtpps = 1\n");
    start(&file, &[&file, "line 2", "htpps"]);
    let (_folder, file) = with_file("phr.toml", "[fidelity]\n\"code.ttl\" = 5\n");
    start(&file, &["code.ttl", "code.ttl_seconds"]);
    let (_folder, file) =
        with_file("phr.toml", "[[citizens]]\nid = \"erkki\"\npersonal_identity_code = \"010180-123U\"\n");
    start(&file, &["900"]);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_left_alone() {
    let serve = ["serve", "--http", "0", "--open-http", "off", "--https", "off", "--data-dir"];
    let (_folder, file) = with_file("data", "not a folder");
    refuses_to_start(&[&serve[..], &[&file]].concat(), &[&file]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a folder");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    std::fs::create_dir(&store).unwrap();
    std::fs::write(store.join("diary.txt"), "mine").unwrap();
    refuses_to_start(&[&serve[..], &[folder.path().to_str().unwrap()]].concat(), &[store.to_str().unwrap()]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(store).unwrap().count(), 1);
}

#[test]
fn seed_data_that_cannot_be_used_names_file_and_field() {
    let serve = ["serve", "--http", "0", "--open-http", "off", "--https", "off", "--seed-data"];
    refuses_to_start(&[&serve[..], &["/no/such/folder"]].concat(), &["/no/such/folder"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in
        [&["--no-such-flag"][..], &["serve", "--http", "nonsense"], &["validate"], &["serve", "--set", "nonsense"]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

const WEIGHT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

#[test]
fn validate_judges_files_and_folders() {
    let examples = Path::new(WEIGHT);
    let output = run(&["validate", examples.join("r4/valid").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let invalid = examples.join("r4/invalid");
    let output = run(&["validate", invalid.to_str().unwrap(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["validate", invalid.join("bloodglucose-second-code-missing.json").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("PHR-2"), "{}", text(&output.stdout));
    let output = run(&["validate", "/no/such/file.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/no/such/file.json"));
}

#[test]
fn validate_reads_standard_input() {
    let mut process = program()
        .args(["validate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(b"{\"resourceType\": \"Observation\",").unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("line 1"), "{output:?}");
}

#[test]
fn validate_judges_real_resources_of_other_people() {
    let Some(shared) = std::env::var_os("KANTA_SHARED") else { return };
    let samples = Path::new(&shared).join("samples");
    let output = run(&["validate", samples.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let verdicts = text(&output.stdout);
    for file in ["bloodglucose-min.json", "example-patient.json", "Observation-fiphr-bloodglucose-stu3.json"] {
        assert!(verdicts.contains(file), "{file}: {verdicts}");
    }
}

/// Writes over HTTP while the process is killed; what was acknowledged is there after the next start.
#[test]
fn acknowledged_writes_survive_a_kill() {
    let kills: usize = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || Server::start(&["--data-dir", data.to_str().unwrap()]);
    let mut acknowledged: Vec<(String, String)> = Vec::new();
    for round in 0..kills {
        let mut server = start();
        let http = reqwest::blocking::Client::new();
        for (patient, path) in &acknowledged {
            let url = format!("{}/phr-resourceserver/baseR4/{path}", server.addresses["open_http"].as_str().unwrap());
            let status = http.get(url).send().unwrap().status();
            assert_eq!(status, 200, "round {round}: {path} of {patient} was acknowledged and is lost");
        }
        let overview: Value = http.get(format!("{}/_sandbox", server.url())).send().unwrap().json().unwrap();
        let body = serde_json::json!({"citizen": overview["citizens"][0]["id"], "client_id": overview["client"]["client_id"], "scope": "patient/Observation.write"});
        let token: Value = http
            .post(format!("{}/_sandbox/tokens", server.url()))
            .body(body.to_string())
            .send()
            .unwrap()
            .json()
            .unwrap();
        let (patient, bearer) =
            (token["sub"].as_str().unwrap().to_owned(), token["access_token"].as_str().unwrap().to_owned());
        let writer = {
            let (url, patient) = (format!("{}/phr-resourceserver/baseR4/Observation", server.url()), patient.clone());
            std::thread::spawn(move || {
                let mut written = Vec::new();
                for number in 0.. {
                    let weight = include_str!("../examples/r4/valid/bodyweight-minimal.json")
                        .replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", &patient)
                        .replace(
                            "5e0b0001-6c1d-4f2a-9b01-0a8d3c7e9e37",
                            &format!("{round:08x}-{number:04x}-4d2a-9b01-0a8d3c7e9e37"),
                        );
                    let sent = http
                        .post(&url)
                        .bearer_auth(&bearer)
                        .header("content-type", "application/fhir+json")
                        .body(weight)
                        .send();
                    let Ok(answer) = sent else { return written };
                    assert_eq!(answer.status(), 201, "{}", answer.text().unwrap_or_default());
                    let location = answer.headers()["location"].to_str().unwrap();
                    let path = location.split("/baseR4/").nth(1).unwrap().split("/_history").next().unwrap();
                    written.push((patient.clone(), path.to_owned()));
                }
                written
            })
        };
        std::thread::sleep(Duration::from_millis([30, 5, 120, 60][round % 4]));
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        acknowledged.extend(writer.join().unwrap());
    }
    assert!(!acknowledged.is_empty(), "nothing was written");
    // The last kill counts, too.
    let server = start();
    let (_, path) = acknowledged.last().unwrap();
    let url = format!("{}/phr-resourceserver/baseR4/{path}", server.addresses["open_http"].as_str().unwrap());
    assert_eq!(reqwest::blocking::get(url).unwrap().status(), 200);
}

#[test]
fn a_slow_client_does_not_hold_up_others() {
    let server = Server::start(&[]);
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut slow: Vec<_> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /_sandbox/health HTTP/1.1\r\nHo").unwrap();
    }
    assert_eq!(run(&["healthcheck", "--url", server.url()]).status.code(), Some(0));
}

#[test]
fn a_preset_sets_several_knobs_and_single_ones_come_on_top() {
    let server = Server::start(&["--kanta", "strict-rfc", "--set", "pkce=off"]);
    let get =
        |path: &str| -> Value { reqwest::blocking::get(format!("{}{path}", server.url())).unwrap().json().unwrap() };
    let settings = get("/_sandbox/settings");
    let value = |name: &str| settings[name].as_str().unwrap_or_default();
    assert_eq!([value("errors.dialect"), value("if_match.status"), value("pkce")], ["rfc", "412", "off"]);
    let presets = get("/_sandbox/settings/presets");
    assert!(
        presets.as_array().unwrap().len() > 9 && presets[0]["settings"].is_object() && presets[0]["why"].is_string()
    );
    let wrong = run(&["--kanta", "sandbox-1999"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).contains("there is no preset \"sandbox-1999\"; there are sandbox-2019"),
        "{}",
        text(&wrong.stderr)
    );
}
