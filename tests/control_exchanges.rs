//! `GET /_sandbox/exchanges/{id}`: the very bytes that were answered.

use kanta_phr_sandbox::Sandbox;
use reqwest::Client;
use serde_json::{Value, json};

struct Phr {
    sandbox: Sandbox,
    http: Client,
    token: String,
    patient: String,
}

impl Phr {
    async fn start() -> Phr {
        let sandbox = Sandbox::start().await.unwrap();
        let http = Client::new();
        let ask = json!({"citizen": "eero", "client_id": "kanta-phr-sandbox-demo"});
        let url = format!("{}/_sandbox/tokens", sandbox.http_url());
        let token: Value = http.post(url).body(ask.to_string()).send().await.unwrap().json().await.unwrap();
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        Phr { http, token: text("access_token"), patient: text("sub"), sandbox }
    }

    async fn get(&self, url: &str) -> String {
        self.http.get(url).bearer_auth(&self.token).send().await.unwrap().text().await.unwrap()
    }

    /// The body of the last exchange, and whether bodies had to make room.
    async fn last(&self) -> (String, bool) {
        let base = format!("{}/_sandbox/exchanges", self.sandbox.http_url());
        let list: Value = serde_json::from_str(&self.get(&format!("{base}?limit=1")).await).unwrap();
        let url = format!("{base}/{}?unmasked=true", list[0]["id"]);
        let exchange: Value = serde_json::from_str(&self.get(&url).await).unwrap();
        (exchange["response"]["body"].as_str().unwrap().to_owned(), exchange["bodies_dropped"] == true)
    }
}

#[tokio::test]
async fn a_page_of_a_search_is_shown_as_it_was_answered() {
    let phr = Phr::start().await;
    let base = phr.sandbox.base_r4();
    let patient = &phr.patient;
    let search = format!("{base}/Observation?patient={patient}&code=29463-7&_sort=-date");
    let first = phr.get(&search).await;
    assert_eq!(phr.last().await, (first.clone(), false));
    let page: Value = serde_json::from_str(&first).unwrap();
    let link = |relation: &str| {
        let links = page["link"].as_array().unwrap();
        links.iter().find(|link| link["relation"] == relation).unwrap()["url"].as_str().unwrap().to_owned()
    };
    for url in [
        link("next"),
        format!("{search}&_pretty=true"),
        format!("{search}&_elements=code,valueQuantity&_pretty=true"),
        format!("{search}&_summary=count"),
        format!("{base}/Patient/{patient}/Observation?_count=3"),
        format!("{base}/Patient?_id={patient}"),
        format!("{base}/Observation?patient={patient}&date=lt1900"),
        format!("{base}/StructureDefinition?_count=2"),
        format!("{base}/Observation"),
    ] {
        let answer = phr.get(&url).await;
        assert_eq!(phr.last().await, (answer, false), "{url}");
    }

    // It stays as it was when what was found is no more.
    let hit = page["entry"][0]["fullUrl"].as_str().unwrap();
    let again = phr.get(&search).await;
    let (body, _) = phr.last().await;
    let gone = phr.http.delete(format!("{}/_sandbox/citizens/eero", phr.sandbox.http_url())).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(body, again);
    let list: Value =
        serde_json::from_str(&phr.get(&format!("{}/_sandbox/exchanges?path=_sort", phr.sandbox.http_url())).await)
            .unwrap();
    let id = &list.as_array().unwrap().last().unwrap()["id"];
    let shown = phr.get(&format!("{}/_sandbox/exchanges/{id}?unmasked=true", phr.sandbox.http_url())).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["response"]["body"].as_str(), Some(again.as_str()));
    assert!(again.contains(hit));
}

#[tokio::test]
async fn a_page_that_a_fault_has_cut_is_shown_cut() {
    let phr = Phr::start().await;
    let rules = json!([{"match": {"path": "/phr-resourceserver"}, "fault": {"malformed": true}}]).to_string();
    let faults = format!("{}/_sandbox/faults", phr.sandbox.http_url());
    assert_eq!(phr.http.put(faults).body(rules).send().await.unwrap().status(), 200);
    let url = format!("{}/Observation?patient={}&code=29463-7", phr.sandbox.base_r4(), phr.patient);
    let half = phr.get(&url).await;
    assert!(!half.is_empty() && serde_json::from_str::<Value>(&half).is_err());
    assert_eq!(phr.last().await, (half, false));
}

#[tokio::test]
async fn an_answer_without_a_body_is_shown_without_one_and_a_packed_request_unpacked() {
    let phr = Phr::start().await;
    let faults = format!("{}/_sandbox/faults", phr.sandbox.http_url());
    let url = format!("{}/Observation?patient={}&code=29463-7", phr.sandbox.base_r4(), phr.patient);
    for status in [204, 304] {
        let rules = json!([{"match": {"path": "/phr-resourceserver"}, "fault": {"status": status}}]).to_string();
        assert_eq!(phr.http.put(&faults).body(rules).send().await.unwrap().status(), 200);
        assert_eq!(phr.get(&url).await, "");
        assert_eq!(phr.last().await, (String::new(), false), "{status}");
    }
    phr.http.delete(&faults).send().await.unwrap();
    let head = phr.http.head(&url).bearer_auth(&phr.token).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(phr.last().await, (String::new(), false));

    let form = "patient=nobody&code=29463-7";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, form.as_bytes()).unwrap();
    let search = format!("{}/Observation/_search", phr.sandbox.base_r4());
    let request = phr.http.post(search).bearer_auth(&phr.token).header("content-encoding", "gzip");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body(packed.finish().unwrap()).send().await.unwrap().status(), 403);
    let base = format!("{}/_sandbox/exchanges", phr.sandbox.http_url());
    let list: Value = serde_json::from_str(&phr.get(&format!("{base}?limit=1")).await).unwrap();
    let shown: Value = serde_json::from_str(&phr.get(&format!("{base}/{}", list[0]["id"])).await).unwrap();
    assert_eq!(shown["request"]["body"], form);
}

#[tokio::test]
async fn long_searches_do_not_outgrow_the_journal() {
    let phr = Phr::start().await;
    // Each answer repeats its question: a megabyte of spaces, thrice as long in the link.
    let form = format!("patient={}&code={}", phr.patient, "+".repeat(1 << 20));
    let search = format!("{}/Observation/_search", phr.sandbox.base_r4());
    for _ in 0..5 {
        let request = phr.http.post(&search).bearer_auth(&phr.token);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.body(form.clone()).send().await.unwrap().status(), 200);
    }
    let base = format!("{}/_sandbox/exchanges", phr.sandbox.http_url());
    let list: Value = serde_json::from_str(&phr.get(&format!("{base}?path=_search")).await).unwrap();
    let mut dropped = Vec::new();
    for exchange in list.as_array().unwrap() {
        let shown: Value = serde_json::from_str(&phr.get(&format!("{base}/{}", exchange["id"])).await).unwrap();
        dropped.push(shown["bodies_dropped"] == true);
    }
    assert_eq!(dropped, [true, true, true, true, false]);
}
