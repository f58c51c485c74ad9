//! `/_sandbox/faults`: what an application meets when a rule hits it.

use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::time::monotonic;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::time::Duration;

struct Phr {
    sandbox: Sandbox,
    http: Client,
    token: String,
    patient: String,
}

const CREATE: &str = include_str!("../examples/r4/valid/bodyweight-minimal.json");

impl Phr {
    async fn start() -> Phr {
        let sandbox = Sandbox::start().await.unwrap();
        let http = Client::new();
        let ask = json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"});
        let url = format!("{}/_sandbox/tokens", sandbox.http_url());
        let token: Value = http.post(url).body(ask.to_string()).send().await.unwrap().json().await.unwrap();
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        Phr { http, token: text("access_token"), patient: text("sub"), sandbox }
    }

    async fn faults(&self, rules: Value) {
        let url = format!("{}/_sandbox/faults", self.sandbox.http_url());
        let answer = self.http.put(url).body(rules.to_string()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.json::<Value>().await.unwrap()), (200, rules));
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.sandbox.base_r4())).bearer_auth(&self.token)
    }

    async fn search(&self) -> reqwest::Result<Response> {
        self.get(&format!("/Observation?patient={}", self.patient)).send().await
    }

    async fn create(&self) -> reqwest::Result<Response> {
        let body = CREATE.replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", &self.patient);
        let url = format!("{}/Observation", self.sandbox.base_r4());
        let request = self.http.post(url).bearer_auth(&self.token).header("Content-Type", "application/fhir+json");
        request
            .header("If-None-Exist", "identifier=urn:uuid:5e0b0001-6c1d-4f2a-9b01-0a8d3c7e9e37")
            .body(body)
            .send()
            .await
    }

    async fn exchanges(&self) -> Vec<Value> {
        let url = format!("{}/_sandbox/exchanges", self.sandbox.http_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn a_status_comes_with_the_usual_body_of_its_surface() {
    let phr = Phr::start().await;
    phr.faults(json!([
        {"match": {"path": "/phr-resourceserver/baseR4/Observation", "method": "GET"}, "fault": {"status": 500}, "times": 1},
        {"match": {"path": "/phr-resourceserver", "client_id": "kanta-phr-sandbox-demo"}, "fault": {"status": 503, "body": "<p>soon</p>"}, "times": 1},
        {"match": {"path": "/phr-authserver-sandbox/token"}, "fault": {"scenario": "database-down"}},
        {"match": {"path": "/phr-resourceserver", "citizen": "aino"}, "fault": {"scenario": "firewall-rejects"}, "times": 1},
    ]))
    .await;
    let answer = phr.search().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["sandbox-reason"], "FAULT; rule 1 of /_sandbox/faults made this");
    insta::assert_snapshot!(answer.text().await.unwrap(), @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Database connection error"}]}"#);
    let answer = phr.search().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (503, &"text/html;charset=UTF-8".parse().unwrap())
    );
    let answer = phr.search().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("Request Rejected"));
    assert_eq!(phr.search().await.unwrap().status(), 200, "all rules have hit as often as they may");
    for exchange in phr.exchanges().await {
        let party = (&exchange["client_id"], &exchange["citizen"]);
        assert_eq!(party, (&json!("kanta-phr-sandbox-demo"), &json!("aino")), "{exchange}");
    }
    let token = format!("{}/phr-authserver-sandbox/token", phr.sandbox.http_url());
    let answer = phr.http.post(token).body("").send().await.unwrap();
    assert_eq!(answer.status(), 500);
    insta::assert_snapshot!(answer.text().await.unwrap(), @r#"{"error":"Database error","error_description":"Error communicating with the database"}"#);
}

#[tokio::test]
async fn a_cut_connection_leaves_the_request_undone_or_done() {
    let phr = Phr::start().await;
    phr.faults(json!([
        {"match": {"method": "POST", "nth": 1}, "fault": {"cut": "before"}},
        {"match": {"method": "POST"}, "fault": {"cut": "after"}, "times": 1},
    ]))
    .await;
    let before = phr.search().await.unwrap().json::<Value>().await.unwrap()["total"].clone();
    assert!(phr.create().await.unwrap_err().is_request());
    assert_eq!(phr.search().await.unwrap().json::<Value>().await.unwrap()["total"], before);
    assert!(phr.create().await.unwrap_err().is_request(), "carried out, but nobody was told");
    let again = phr.create().await.unwrap();
    assert_eq!(again.status(), 200, "If-None-Exist finds what the lost answer had stored");
    let exchanges = phr.exchanges().await;
    let statuses: Vec<Value> = exchanges.iter().map(|exchange| exchange["status"].clone()).collect();
    assert_eq!(statuses, [json!(200), json!(0), json!(200), json!(0), json!(200)]);
    for exchange in exchanges {
        let party = (&exchange["client_id"], &exchange["citizen"]);
        assert_eq!(party, (&json!("kanta-phr-sandbox-demo"), &json!("aino")), "{exchange}");
    }
}

#[tokio::test]
async fn answers_come_late_or_by_half() {
    let phr = Phr::start().await;
    phr.faults(json!([{"match": {"nth": 2}, "fault": {"malformed": true}}, {"match": {}, "fault": {"delay": "PT0.3S"}, "times": 1}])).await;
    let started = monotonic();
    assert_eq!(phr.search().await.unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let half = phr.search().await.unwrap();
    assert_eq!(half.status(), 200);
    let text = half.text().await.unwrap();
    assert!(text.starts_with("{\"resourceType\":\"Bundle\"") && serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn rules_are_set_whole_shown_and_gone_after_a_reset() {
    let phr = Phr::start().await;
    let url = format!("{}/_sandbox/faults", phr.sandbox.http_url());
    let show = async || phr.http.get(&url).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(show().await, json!([]));
    let rules = json!([{"match": {"path": "/phr-resourceserver"}, "fault": {"status": 503}}]);
    phr.faults(rules.clone()).await;
    for (wrong, words) in [
        (json!({}), "JSON array"),
        (json!([{"fault": {"status": 503}}, {"fault": {}}]), "Rule 2: the fault says nothing"),
        (json!([{"fault": {"status": 99}}]), "Rule 1: status is from 200 to 599"),
        (json!([["x"]]), "Rule 1: it must be an object"),
        (json!([{"match": {"nth": -1}, "fault": {"status": 503}}]), "Rule 1: invalid value"),
    ] {
        let answer = phr.http.put(&url).body(wrong.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    assert_eq!(show().await, rules, "a wrong script changes nothing");
    assert_eq!(phr.search().await.unwrap().status(), 503);
    let reset = format!("{}/_sandbox/reset", phr.sandbox.http_url());
    phr.http.post(reset).send().await.unwrap();
    assert_eq!(show().await, json!([]));
    phr.faults(rules).await;
    assert_eq!(phr.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(show().await, json!([]));
}
