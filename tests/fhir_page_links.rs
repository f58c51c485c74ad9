//! Page links when the ground moves: after a purge, a reset, and with another knob.

use kanta_phr_sandbox::Sandbox;
use reqwest::{Client, Method};
use serde_json::{Value, json};

struct Phr {
    sandbox: Sandbox,
    http: Client,
    token: String,
    patient: String,
}

const WEIGHT: &str = include_str!("../examples/r4/valid/bodyweight-minimal.json");
const GLUCOSE: &str = include_str!("../examples/r4/valid/bloodglucose-minimal.json");

impl Phr {
    async fn start() -> Phr {
        let sandbox = Sandbox::start().await.unwrap();
        let mut phr = Phr { http: Client::new(), token: String::new(), patient: String::new(), sandbox };
        phr.sign_in().await;
        phr
    }

    async fn sign_in(&mut self) {
        let token =
            self.control("POST", "/tokens", json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"})).await;
        let token: Value = serde_json::from_str(&token).unwrap();
        (self.token, self.patient) = (text(&token["access_token"]), text(&token["sub"]));
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> String {
        let url = format!("{}/_sandbox{path}", self.sandbox.http_url());
        let answer = self.http.request(method.parse().unwrap(), url).body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}");
        answer.text().await.unwrap()
    }

    async fn call(&self, method: Method, url: &str, body: &str) -> (u16, Value) {
        let request = self.http.request(method, url).bearer_auth(&self.token).body(body.to_owned());
        let answer = request.header("content-type", "application/fhir+json").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Stores an example ten times, under identifiers of its own.
    async fn store(&self, base: &str, example: &str) {
        for number in 0..10 {
            let mut body: Value = serde_json::from_str(example).unwrap();
            body["identifier"][0]["value"] = json!(format!("urn:uuid:00000000-0000-4000-8000-{number:012}"));
            let body = body.to_string();
            let own = body.split("Patient/").nth(1).and_then(|rest| rest.get(..36)).unwrap();
            let body = body.replace(own, &self.patient);
            assert_eq!(self.call(Method::POST, &format!("{base}/Observation"), &body).await.0, 201);
        }
    }

    /// The link to the second page of a search for weights.
    async fn next(&self, base: &str) -> String {
        let search = format!("{base}/Observation?patient={}&code=29463-7&_count=1", self.patient);
        let (_, page) = self.call(Method::GET, &search, "").await;
        let links = page["link"].as_array().unwrap();
        text(&links.iter().find(|link| link["relation"] == "next").unwrap()["url"]).replace("_count=1", "_count=50")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_stored_after_a_purge_is_no_hit_of_an_old_search() {
    let phr = Phr::start().await;
    let base = phr.sandbox.base_r4();
    phr.store(&base, WEIGHT).await;
    let next = phr.next(&base).await;
    phr.control("POST", "/purge", json!({"older_than": "PT0S"})).await;
    phr.store(&base, GLUCOSE).await;
    let (status, page) = phr.call(Method::GET, &next, "").await;
    assert_eq!((status, &page["entry"]), (200, &Value::Null));
}

#[tokio::test]
async fn a_reset_ends_all_page_links() {
    let mut phr = Phr::start().await;
    let base = phr.sandbox.base_r4();
    phr.store(&base, WEIGHT).await;
    let next = phr.next(&base).await;
    assert_eq!(phr.call(Method::GET, &next, "").await.0, 200);
    phr.control("POST", "/reset", json!({})).await;
    phr.sign_in().await;
    assert_eq!(phr.call(Method::GET, &next, "").await.0, 410);
}

#[tokio::test]
async fn a_link_shows_the_other_base_no_longer_than_the_knob_does() {
    let phr = Phr::start().await;
    let (stu3, r4) = (phr.sandbox.base_stu3(), phr.sandbox.base_r4());
    phr.control("POST", "/purge", json!({"older_than": "PT0S"})).await;
    phr.store(&stu3, include_str!("../examples/stu3/valid/bodyweight-minimal.json")).await;
    phr.control("PUT", "/settings", json!({"cross_version.read": "convert"})).await;
    let next = phr.next(&r4).await;
    let hits = async || {
        let (status, page) = phr.call(Method::GET, &next, "").await;
        assert_eq!(status, 200);
        page["entry"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(hits().await, 9);
    phr.control("PUT", "/settings", json!({"cross_version.read": "off"})).await;
    assert_eq!(hits().await, 0);
}
