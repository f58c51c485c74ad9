//! The sandbox as a fixture inside other people's tests.

use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;

const SCOPE: &str = "patient/Observation.read patient/Observation.write";

/// Blocks the only thread of the test's runtime: it would never end if the sandbox lived on that runtime.
#[tokio::test(flavor = "current_thread")]
async fn a_blocking_client_works_in_a_single_threaded_async_test() {
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Weight diary").scope(SCOPE).await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let url = format!("{}/Patient/{}", phr.base_r4(), token.patient());
    // A plain socket: blocking clients of async libraries refuse to run on an async thread by themselves.
    use std::io::{Read, Write};
    let address = phr.http_url().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let path = url.trim_start_matches(phr.http_url());
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.access_token()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn two_sandboxes_do_not_meet() {
    let (one, other) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    assert_ne!(one.http_url(), other.http_url());
    let app = one.register_client("Weight diary").scope(SCOPE).await.unwrap();
    let token = one.citizens().first().approve(&app).await.unwrap();
    let status = async |base: String| {
        let url = format!("{base}/Patient/{}", token.patient());
        reqwest::Client::new().get(url).bearer_auth(token.access_token()).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(one.base_r4()).await, 200);
    assert_eq!(status(other.base_r4()).await, 403);
    one.tenant().clock.advance(jiff::SignedDuration::from_hours(2));
    assert_eq!(status(one.base_r4()).await, 403, "the token has expired here");
}

#[tokio::test]
async fn a_withdrawal_ends_the_tokens() {
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Weight diary").scope("offline_access patient/Observation.read").await.unwrap();
    let citizen = phr.citizens().first();
    let token = citizen.approve(&app).await.unwrap();
    citizen.withdraw(&app).await.unwrap();
    let url = format!("{}/Observation?patient={}", phr.base_r4(), token.patient());
    let answer = reqwest::Client::new().get(url).bearer_auth(token.access_token()).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn a_stopped_sandbox_gives_its_ports_back() {
    let phr = Sandbox::start().await.unwrap();
    let address: std::net::SocketAddr = phr.http_url().trim_start_matches("http://").parse().unwrap();
    // A connection that is kept alive does not hold the sandbox up.
    let client = reqwest::Client::new();
    client.get(format!("{}/_sandbox/health", phr.http_url())).send().await.unwrap();
    phr.stop();
    assert!(std::net::TcpStream::connect(address).is_err());
    let options = Options { http: Some(address), ..Options::default() };
    let again = Sandbox::start_with(options).await.unwrap();
    assert_eq!(again.http_url(), format!("http://{address}"));
}

#[test]
fn a_sandbox_starts_from_code_that_is_not_async() {
    let phr = Sandbox::start_blocking(Options::default()).unwrap();
    let health = reqwest::blocking::get(format!("{}/_sandbox/health", phr.http_url())).unwrap();
    assert_eq!(health.text().unwrap(), r#"{"status":"ready"}"#);
}

#[tokio::test]
async fn a_random_seed_repeats_pseudonyms_and_ids() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let phr = Sandbox::start_with(Options { random_seed: Some(7), ..Options::default() }).await.unwrap();
        let app = phr.register_client("Weight diary").scope(SCOPE).await.unwrap();
        let citizen = phr.add_citizen("010180-9004").unwrap();
        seen.push((app.client_id().to_owned(), citizen.approve(&app).await.unwrap().patient()));
    }
    assert_eq!(seen[0], seen[1]);
}
