//! `/_sandbox/…`, call by call.

use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

struct Control {
    phr: Sandbox,
    http: reqwest::Client,
}

impl Control {
    async fn start() -> Control {
        Control { phr: Sandbox::start().await.unwrap(), http: reqwest::Client::new() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}/_sandbox{path}", self.phr.http_url()));
        match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn call(&self, method: Method, path: &str, body: Value, status: u16) -> Value {
        let answer = self.send(method, path, Some(body)).await;
        assert_eq!(answer.status(), status, "{path}");
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A refusal, as problem+json with its status and a detail that holds these words.
    async fn refuses(&self, method: Method, path: &str, body: Option<Value>, status: u16, words: &str) {
        let answer = self.send(method, path, body).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["type"].is_string());
        assert!(problem["detail"].as_str().unwrap().contains(words), "{path}: {problem}");
    }
}

#[tokio::test]
async fn health_overview_and_root_certificate() {
    let control = Control::start().await;
    assert_eq!(control.get("/health").await, json!({"status": "ready"}));
    let overview = control.get("").await;
    let base = control.phr.http_url();
    assert_eq!(overview["addresses"]["issuer"], format!("{base}/phr-authserver-sandbox/"));
    assert_eq!(overview["addresses"]["resource_servers"]["r4"], format!("{base}/phr-resourceserver/baseR4"));
    assert_eq!(overview["environment"], "sandbox");
    assert_eq!(overview["client"]["client_id"], "kanta-phr-sandbox-demo");
    assert!(overview["citizens"].as_array().unwrap().len() >= 12);
    assert!(overview["clock"]["now"].is_string());
    let pem = control.send(Method::GET, "/ca.pem", None).await.text().await.unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn clients_have_fixed_or_made_ids_and_secrets() {
    let control = Control::start().await;
    let fixed = json!({"name": "Mine", "client_id": "mine", "client_secret": "s3cret", "redirect_uris": ["https://app.test/cb"], "scope": "patient/Observation.read"});
    let client = control.call(Method::POST, "/clients", fixed.clone(), 201).await;
    assert_eq!((client["client_id"].as_str(), client["client_secret"].as_str()), (Some("mine"), Some("s3cret")));
    let made = json!({"name": "Made", "redirect_uris": ["https://app.test/cb"], "scope": "patient/Observation.read"});
    let client = control.call(Method::POST, "/clients", made, 201).await;
    assert_eq!(client["client_secret"].as_str().unwrap().len(), 86);
    let ids: Vec<Value> =
        control.get("/clients").await.as_array().unwrap().iter().map(|client| client["client_id"].clone()).collect();
    assert!(ids.contains(&json!("mine")) && ids.contains(&client["client_id"]));
    control.refuses(Method::POST, "/clients", Some(fixed), 409, "mine").await;
    let dangerous = json!({"name": "X", "redirect_uris": ["javascript:alert(1)"], "scope": "patient/Observation.read"});
    control.refuses(Method::POST, "/clients", Some(dangerous), 400, "redirect_uris").await;
    control
        .refuses(
            Method::POST,
            "/clients",
            Some(json!({"name": "X", "scope": "patient/Everything.read", "redirect_uris": ["https://a/b"]})),
            400,
            "scope",
        )
        .await;
    control.refuses(Method::POST, "/clients", Some(json!({"nome": "X"})), 400, "nome").await;
    let answer =
        control.http.post(format!("{}/_sandbox/clients", control.phr.http_url())).body("{").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("line 1"));
}

#[tokio::test]
async fn citizens_are_synthetic_only() {
    let control = Control::start().await;
    let new = json!({"personal_identity_code": "010180-9004", "id": "erkki", "pseudonym": "3b8785e1-0000-4000-8000-000000000001", "language": "sv"});
    let citizen = control.call(Method::POST, "/citizens", new.clone(), 201).await;
    assert_eq!(citizen["birth_date"], "1980-01-01");
    assert_eq!(control.get("/citizens/erkki").await, citizen);
    assert_eq!(control.get("/citizens/010180-9004").await, citizen);
    control.refuses(Method::POST, "/citizens", Some(new), 409, "erkki").await;
    for (code, words) in
        [("010180-1235", "900"), ("010180-9005", "check"), ("310280-900A", "date"), ("hello", "identity code")]
    {
        control.refuses(Method::POST, "/citizens", Some(json!({"personal_identity_code": code})), 400, words).await;
    }
    assert_eq!(control.send(Method::DELETE, "/citizens/erkki", None).await.status(), 204);
    control.refuses(Method::GET, "/citizens/erkki", None, 404, "erkki").await;
    control.refuses(Method::DELETE, "/citizens/erkki", None, 404, "erkki").await;
}

#[tokio::test]
async fn tokens_access_rights_and_withdrawal() {
    let control = Control::start().await;
    let wanted = json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo", "scope": "offline_access patient/Observation.read"});
    let token = control.call(Method::POST, "/tokens", wanted, 201).await;
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["scope"], "offline_access patient/Observation.read");
    let rights = control.get("/citizens/aino/access-rights").await;
    assert_eq!(rights[0]["client_id"], "kanta-phr-sandbox-demo");
    assert_eq!(rights[0]["withdrawn_at"], Value::Null);
    let search = format!("{}/Observation?patient={}", control.phr.base_r4(), token["sub"].as_str().unwrap());
    let search = async || {
        control.http.get(&search).bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap().status()
    };
    assert_eq!(search().await, 200);
    let right = "/citizens/aino/access-rights/kanta-phr-sandbox-demo";
    assert_eq!(control.send(Method::DELETE, right, None).await.status(), 204);
    assert_eq!(search().await, 403);
    control.refuses(Method::DELETE, right, None, 404, "kanta-phr-sandbox-demo").await;
    assert!(control.get("/citizens/aino/access-rights").await[0]["withdrawn_at"].is_string());
    for (citizen, client, scope, status) in [
        ("nobody", "kanta-phr-sandbox-demo", "patient/Observation.read", 404),
        ("aino", "nothing", "patient/Observation.read", 404),
        ("aino", "kanta-phr-sandbox-demo", "patient/CarePlan.read", 400),
    ] {
        let wanted = json!({"citizen": citizen, "client_id": client, "scope": scope});
        control.refuses(Method::POST, "/tokens", Some(wanted), status, "").await;
    }
}

#[tokio::test]
async fn withdrawn_terms_take_the_access_rights_along() {
    let control = Control::start().await;
    assert_eq!(control.get("/citizens/aino/terms").await, json!([]));
    let wanted = json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"});
    control.call(Method::POST, "/tokens", wanted, 201).await;
    let accepted = control.get("/citizens/aino/terms").await;
    assert_eq!((accepted[0]["version"].as_str(), accepted[0].get("withdrawn_at")), (Some("1"), None));
    for _ in 0..2 {
        assert_eq!(control.send(Method::DELETE, "/citizens/aino/terms", None).await.status(), 204);
    }
    assert!(control.get("/citizens/aino/terms").await[0]["withdrawn_at"].is_string());
    assert!(control.get("/citizens/aino/access-rights").await[0]["withdrawn_at"].is_string());
    control.refuses(Method::DELETE, "/citizens/nobody/terms", None, 404, "nobody").await;
}

#[tokio::test]
async fn validate_judges_without_storing() {
    let control = Control::start().await;
    let weight: Value = serde_json::from_str(include_str!("../examples/r4/valid/bodyweight-minimal.json")).unwrap();
    let outcome = control.call(Method::POST, "/validate/r4", weight.clone(), 200).await;
    assert!(outcome["issue"].as_array().unwrap().iter().all(|issue| issue["severity"] != "error"), "{outcome}");
    let mut wrong = weight.clone();
    wrong["status"] = json!("preliminary");
    let outcome = control.call(Method::POST, "/validate/r4", wrong, 200).await;
    let issue = &outcome["issue"][0];
    assert_eq!(issue["severity"], "error");
    assert_eq!(issue["location"][0], "Observation.status");
    let glucose = "/validate/r4?profile=http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose";
    let outcome = control.call(Method::POST, glucose, weight, 200).await;
    assert!(outcome.to_string().contains("PHR-1"), "{outcome}");
    let mut foreign: Value =
        serde_json::from_str(include_str!("../examples/r4/valid/bodyweight-minimal.json")).unwrap();
    foreign["meta"]["profile"] = json!(["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweigth"]);
    let answer = control.send(Method::POST, "/validate/r4", Some(foreign.clone())).await;
    insta::assert_snapshot!(answer.headers()["sandbox-reason"].to_str().unwrap(), @"Observation.meta.profile#profile; No profile found, url: http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweigth; no such profile: did you mean http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight?");
    let outcome: Value = answer.json().await.unwrap();
    insta::assert_snapshot!(outcome["issue"][0], @r#"{"code":"processing","details":{"coding":[{"code":"500620","system":"http://phr.kanta.fi/fiphr-cs-errorcodes"}],"text":"Observation.meta.profile#profile"},"diagnostics":"No profile found, url: http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweigth (fix: no such profile: did you mean http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight?)","location":["Observation.meta.profile[0]","Line 1, Col 432"],"severity":"error"}"#);
    foreign["meta"]["profile"] = json!(["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]);
    foreign["code"]["coding"][0]["display"] = json!("Pituus");
    let outcome = control.call(Method::POST, "/validate/r4", foreign.clone(), 200).await;
    assert_eq!(outcome["issue"][0]["severity"], "warning", "{outcome}");
    control.call(Method::PUT, "/settings", json!({"display.mismatch": "refuse"}), 200).await;
    let outcome = control.call(Method::POST, "/validate/r4", foreign, 200).await;
    assert_eq!(outcome["issue"][0]["severity"], "error", "{outcome}");
    control.refuses(Method::POST, "/validate/r5", Some(json!({})), 404, "r5").await;
    control.refuses(Method::POST, "/validate/r4?profile=http://nowhere", Some(json!({})), 404, "nowhere").await;
}

#[tokio::test]
async fn records_are_loaded_all_or_none() {
    let control = Control::start().await;
    let token = control
        .call(Method::POST, "/tokens", json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"}), 201)
        .await;
    let patient = token["sub"].as_str().unwrap();
    let good = include_str!("../examples/r4/valid/bodyweight-minimal.json")
        .replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", patient);
    let good: Value = serde_json::from_str(&good).unwrap();
    let mut bad = good.clone();
    bad["status"] = json!("preliminary");
    let count = async || {
        let url = format!("{}/Observation?patient={patient}&_summary=count", control.phr.base_r4());
        let found: Value = control
            .http
            .get(url)
            .bearer_auth(token["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        found["total"].as_u64().unwrap()
    };
    let before = count().await;
    let url = format!("{}/_sandbox/records?author=kanta-phr-sandbox-read-only", control.phr.http_url());
    let answer = control.http.post(&url).body(format!("{good}\n{bad}\n")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert!(
        problem["detail"].as_str().unwrap().starts_with("line 2: ")
            && problem["detail"].as_str().unwrap().contains("Observation.status#fixed"),
        "{problem}"
    );
    assert_eq!(count().await, before);
    let answer = control.http.post(&url).body(format!("{good}\n\n{good}\n")).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"loaded": 2}));
    assert_eq!(count().await, before + 2);
    control.refuses(Method::POST, "/records?author=nobody", Some(good.clone()), 404, "nobody").await;
    control.refuses(Method::POST, "/records", Some(json!({"resourceType": "Patient"})), 400, "Patient").await;
}

#[tokio::test]
async fn the_clock_moves_and_stands() {
    let control = Control::start().await;
    let clock = control.call(Method::PUT, "/clock", json!({"now": "2030-01-31T12:00:00Z", "frozen": true}), 200).await;
    assert_eq!(clock, json!({"now": "2030-01-31T12:00:00Z", "frozen": true}));
    let clock = control.call(Method::PUT, "/clock", json!({"advance": "P1M"}), 200).await;
    assert_eq!(clock["now"], "2030-02-28T12:00:00Z");
    assert_eq!(control.get("/clock").await, clock);
    control.refuses(Method::PUT, "/clock", Some(json!({})), 400, "advance").await;
    control.refuses(Method::PUT, "/clock", Some(json!({"advance": "soon"})), 400, "soon").await;
    let clock = control.call(Method::PUT, "/clock", json!({"frozen": false}), 200).await;
    assert_eq!(clock["frozen"], false);
}

#[tokio::test]
async fn settings_are_set_whole_or_not_at_all() {
    let control = Control::start().await;
    assert_eq!(control.get("/settings").await["code.ttl_seconds"], 30);
    let settings =
        control.call(Method::PUT, "/settings", json!({"code.ttl_seconds": 5, "rs.no_token": "403"}), 200).await;
    assert_eq!((&settings["code.ttl_seconds"], &settings["rs.no_token"]), (&json!(5), &json!("403")));
    let url = format!("{}/Observation", control.phr.base_r4());
    assert_eq!(control.http.get(url).send().await.unwrap().status(), 403);
    control
        .refuses(Method::PUT, "/settings", Some(json!({"code.ttl_seconds": 9, "rs.no_token": "500"})), 400, "401_plain")
        .await;
    control.refuses(Method::PUT, "/settings", Some(json!({"code.ttl": 9})), 400, "code.ttl_seconds").await;
    assert_eq!(control.get("/settings").await["code.ttl_seconds"], 5);
}

#[tokio::test]
async fn the_validator_speaks_as_in_2018_when_told_to() {
    let control = Control::start().await;
    let missing = json!({"resourceType": "Observation", "status": "final", "code": {"text": "a"},
        "meta": {"profile": ["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]}});
    let text = |outcome: &serde_json::Value| {
        let issues = outcome["issue"].as_array().unwrap();
        let texts = issues.iter().map(|issue| issue["diagnostics"].as_str().unwrap().to_owned());
        texts.into_iter().find(|text| text.contains("Observation.text")).unwrap()
    };
    let now = text(&control.call(Method::POST, "/validate/r4", missing.clone(), 200).await);
    assert!(now.starts_with("Observation.text: minimum required = 1, but only found 0 (from http"), "{now}");
    control.call(Method::PUT, "/settings", json!({"validator.texts": "2018"}), 200).await;
    let then = text(&control.call(Method::POST, "/validate/r4", missing, 200).await);
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    let wanted = format!("Profile {url}, Element 'Observation.text': minimum required = 1, but only found 0");
    assert!(then.starts_with(&wanted), "{then}");
    control.refuses(Method::PUT, "/settings", Some(json!({"validator.texts": "2017"})), 400, "current").await;
}

#[tokio::test]
async fn a_reset_goes_back_to_the_seeded_state() {
    let control = Control::start().await;
    let before = control.get("/citizens").await;
    let token = control
        .call(Method::POST, "/tokens", json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"}), 201)
        .await;
    control.call(Method::POST, "/citizens", json!({"personal_identity_code": "010180-9004"}), 201).await;
    control.call(Method::PUT, "/clock", json!({"advance": "P1D"}), 200).await;
    control.call(Method::PUT, "/settings", json!({"code.ttl_seconds": 5}), 200).await;
    assert_eq!(control.send(Method::POST, "/reset", None).await.status(), 204);
    assert_eq!(control.get("/citizens").await, before);
    assert_eq!(control.get("/settings").await["code.ttl_seconds"], 30);
    assert_eq!(control.get("/citizens/aino/access-rights").await, json!([]));
    let url = format!("{}/Patient/{}", control.phr.base_r4(), token["sub"].as_str().unwrap());
    let answer = control.http.get(url).bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 403, "its token has ended");
    // The seeded records are made again.
    let token = control
        .call(Method::POST, "/tokens", json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"}), 201)
        .await;
    let url = format!("{}/Observation?patient={}", control.phr.base_r4(), token["sub"].as_str().unwrap());
    let found: Value = control
        .http
        .get(url)
        .bearer_auth(token["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(found["total"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn exchanges_are_recorded_and_masked() {
    let control = Control::start().await;
    let token = control
        .call(Method::POST, "/tokens", json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"}), 201)
        .await;
    let (bearer, patient) = (token["access_token"].as_str().unwrap(), token["sub"].as_str().unwrap());
    let url = format!("{}/Observation?patient={patient}&code=29463-7", control.phr.base_r4());
    control.http.get(&url).bearer_auth(bearer).send().await.unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
        ("client_id", "kanta-phr-sandbox-demo"),
        ("client_secret", "wrong-one"),
    ];
    control
        .http
        .post(format!("{}/phr-authserver-sandbox/token", control.phr.http_url()))
        .form(&form)
        .send()
        .await
        .unwrap();

    let all = control.get("/exchanges").await;
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    assert_eq!(all[0]["url"], url);
    assert_eq!(
        (&all[0]["client_id"], &all[0]["citizen"], &all[0]["status"]),
        (&json!("kanta-phr-sandbox-demo"), &json!("aino"), &json!(200))
    );
    assert!(all[1]["rule"].is_string(), "{all}");
    let whole = control.get(&format!("/exchanges/{}", all[0]["id"])).await;
    assert!(whole["response"]["body"].as_str().unwrap().contains("searchset"));
    assert!(!whole.to_string().contains(bearer) && whole.to_string().contains("Bearer ***"));
    let whole = control.get(&format!("/exchanges/{}", all[1]["id"])).await;
    assert!(!whole.to_string().contains("wrong-one"), "{whole}");
    let whole = control.get(&format!("/exchanges/{}?unmasked=true", all[1]["id"])).await;
    assert!(whole.to_string().contains("wrong-one"));
    assert_eq!(control.get("/exchanges?status=200").await.as_array().unwrap().len(), 1);
    assert_eq!(control.get("/exchanges?path=/token&limit=5").await[0]["id"], all[1]["id"]);
    control.refuses(Method::GET, "/exchanges/99", None, 404, "99").await;
    control.refuses(Method::GET, "/exchanges?colour=red", None, 400, "colour").await;
}

#[tokio::test]
async fn certificates_are_issued_with_key_and_chain() {
    let control = Control::start().await;
    let wanted = json!({"kind": "wellbeing", "oid": "1.2.246.10.1234567.10.1", "common_name": "app.example.test"});
    let issued = control.call(Method::POST, "/certificates", wanted, 201).await;
    for (member, text) in [("certificate", "BEGIN CERTIFICATE"), ("key", "PRIVATE KEY"), ("chain", "BEGIN CERTIFICATE")]
    {
        assert!(issued[member].as_str().unwrap().contains(text), "{member}");
    }
    assert!(issued["serial"].is_string() && issued["pkcs12"].is_string() && issued["pkcs12_password"].is_string());
    control
        .refuses(Method::POST, "/certificates", Some(json!({"kind": "wellbeing", "common_name": "a"})), 400, "OID")
        .await;
    control
        .refuses(
            Method::POST,
            "/certificates",
            Some(json!({"kind": "wellbeing", "oid": "x", "common_name": "a"})),
            400,
            "OID",
        )
        .await;
    control
        .refuses(Method::POST, "/certificates", Some(json!({"kind": "passport", "common_name": "a"})), 400, "passport")
        .await;
}

/// A client certificate reaches the handlers: the journal shows the application's OID.
#[tokio::test]
async fn a_client_certificate_is_read() {
    let control = Control::start().await;
    let wanted = json!({"kind": "wellbeing", "oid": "1.2.246.10.1234567.10.1", "common_name": "app.example.test"});
    let issued = control.call(Method::POST, "/certificates", wanted, 201).await;
    let pem = format!(
        "{}{}{}",
        issued["key"].as_str().unwrap(),
        issued["certificate"].as_str().unwrap(),
        issued["chain"].as_str().unwrap()
    );
    let root = reqwest::Certificate::from_pem(control.phr.ca_pem().as_bytes()).unwrap();
    let client = |identity: Option<&str>| {
        let builder = reqwest::Client::builder().tls_certs_only([root.clone()]);
        match identity {
            Some(pem) => builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap()),
            None => builder,
        }
        .build()
        .unwrap()
    };
    let url = format!("{}/phr-authserver-sandbox/jwk", control.phr.https_url().replace("127.0.0.1", "localhost"));
    assert_eq!(client(Some(&pem)).get(&url).send().await.unwrap().status(), 200);
    assert_eq!(client(None).get(&url).send().await.unwrap().status(), 200);
    let exchanges = control.get("/exchanges").await;
    assert_eq!(exchanges[0]["certificate"], "1.2.246.10.1234567.10.1");
    assert_eq!(exchanges[1]["certificate"], Value::Null);
}

#[tokio::test]
async fn pages_of_other_origins_and_unknown_hosts_are_kept_out() {
    let control = Control::start().await;
    let url = format!("{}/_sandbox/reset", control.phr.http_url());
    let post = |name: &'static str, value: &str| control.http.post(&url).header(name, value).send();
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let answer = post(name, value).await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(post("origin", control.phr.http_url()).await.unwrap().status(), 204);
    assert_eq!(post("host", "evil.example").await.unwrap().status(), 421);
    control.refuses(Method::GET, "/nothing", None, 404, "/_sandbox/nothing").await;
}

#[tokio::test]
async fn a_control_token_is_asked_for() {
    let options = Options { control_token: Some("open sesame".to_owned()), ..Options::default() };
    let phr = Sandbox::start_with(options).await.unwrap();
    let http = reqwest::Client::new();
    let get = |path: &str| http.get(format!("{}/_sandbox{path}", phr.http_url()));
    assert_eq!(get("/health").send().await.unwrap().status(), 200);
    assert_eq!(get("/clients").send().await.unwrap().status(), 401);
    assert_eq!(get("/clients").bearer_auth("open").send().await.unwrap().status(), 401);
    assert_eq!(get("/clients").bearer_auth("open sesame").send().await.unwrap().status(), 200);
}

/// The citizens' records are made first, in long commits; short ones beside them must not hold them up for ever.
#[tokio::test(flavor = "multi_thread")]
async fn purge_ends_while_others_write() {
    let control = Control::start().await;
    let ask = json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"});
    let token = control.call(Method::POST, "/tokens", ask, 201).await;
    let example = include_str!("../examples/r4/valid/bodyweight-minimal.json");
    let own = token["sub"].as_str().unwrap();
    let body = example.replace(example.split("Patient/").nth(1).unwrap().get(..36).unwrap(), own);
    let url = format!("{}/Observation", control.phr.base_r4());
    let bearer = token["access_token"].as_str().unwrap().to_owned();
    let http = control.http.clone();
    let writer = tokio::spawn(async move {
        loop {
            let request = http.post(&url).bearer_auth(&bearer).header("Content-Type", "application/fhir+json");
            assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 201);
        }
    });
    let purge = control.call(Method::POST, "/purge", json!({"older_than": "P100Y"}), 200);
    let purged = tokio::time::timeout(std::time::Duration::from_secs(120), purge).await.expect("it ends");
    assert_eq!(purged["removed"], 0);
    assert!(!writer.is_finished(), "{:?}", writer.await);
    writer.abort();
}

#[tokio::test]
async fn purge_removes_what_is_old_on_demand_and_on_its_days() {
    let control = Control::start().await;
    let ask = json!({"citizen": "eero", "client_id": "kanta-phr-sandbox-demo", "scope": "patient/Observation.read"});
    let total = async || {
        let token = control.call(Method::POST, "/tokens", ask.clone(), 201).await;
        let url = format!("{}/Observation?patient={}&_count=0", control.phr.base_r4(), token["sub"].as_str().unwrap());
        let found = control.http.get(url).bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
        found.json::<Value>().await.unwrap()["total"].as_u64().unwrap()
    };
    control.call(Method::PUT, "/clock", json!({"now": "2026-11-20T12:00:00Z", "frozen": true}), 200).await;
    control.call(Method::POST, "/reset", json!({}), 204).await;
    control.call(Method::PUT, "/clock", json!({"frozen": true}), 200).await;
    let whole = total().await;
    let purged = control.call(Method::POST, "/purge", json!({"older_than": "P6M"}), 200).await;
    let half = total().await;
    assert!(
        half < whole && whole - half < purged["removed"].as_u64().unwrap(),
        "that of others, too: {whole} {half} {purged}"
    );
    control.call(Method::PUT, "/settings", json!({"purge.enabled": true}), 200).await;
    assert_eq!(total().await, half, "its next day is still to come");
    control.call(Method::PUT, "/clock", json!({"advance": "P4M"}), 200).await;
    assert!(total().await < half);
    control.refuses(Method::POST, "/purge", Some(json!({"older_than": "soon"})), 400, "P3M or P90D").await;

    // What nobody has looked at goes like the rest.
    control.call(Method::POST, "/reset", json!({}), 204).await;
    let purged = control.call(Method::POST, "/purge", json!({"older_than": "PT0S"}), 200).await;
    assert!(purged["removed"].as_u64().unwrap() > whole, "{purged}");
    assert_eq!(total().await, 0);
}
