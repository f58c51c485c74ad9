//! The resource servers behind the whole sandbox: its doors, its knobs, compressed bodies.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kanta_phr_sandbox::Sandbox;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::io::{Read, Write};

const SCOPE: &str = "patient/CarePlan.read patient/CarePlan.write";

fn plan(patient: &str) -> Value {
    let text = include_str!("../examples/r4/valid/selfcareplan-minimal.json");
    serde_json::from_str(&text.replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", patient)).unwrap()
}

#[tokio::test]
async fn bodies_are_compressed_both_ways() {
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Plans").scope(SCOPE).await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plan(&token.patient().to_string()).to_string().as_bytes()).unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let created = client
        .post(format!("{}/CarePlan", phr.base_r4()))
        .bearer_auth(token.access_token())
        .header("Content-Type", "application/fhir+json")
        .header("Content-Encoding", "gzip")
        .body(encoder.finish().unwrap());
    let created = created.send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED, "{}", created.text().await.unwrap());
    let found = client
        .get(format!("{}/CarePlan", phr.base_r4()))
        .bearer_auth(token.access_token())
        .header("Accept-Encoding", "gzip");
    let found = found.send().await.unwrap();
    assert_eq!(found.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    GzDecoder::new(&*found.bytes().await.unwrap()).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["total"], 1, "{text}");
}

#[tokio::test]
async fn knobs_let_bundles_in_and_keep_them_out() {
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Plans").scope(SCOPE).await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": plan(&token.patient().to_string()), "request": {"method": "POST", "url": "CarePlan"}}
    ]});
    let send = async |base: String| {
        let request = client.post(base).bearer_auth(token.access_token()).json(&bundle);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((send(phr.base_r4()).await, send(phr.base_stu3()).await), (200, 400));
    let settings = json!({"bundles.r4": "never", "bundles.stu3": "always"});
    let set = client.put(format!("{}/_sandbox/settings", phr.http_url())).json(&settings).send().await.unwrap();
    assert_eq!(set.status(), StatusCode::OK);
    // The plan is R4's: on STU3 the Bundle is worked off, and refused for its profile.
    assert_eq!((send(phr.base_r4()).await, send(phr.base_stu3()).await), (400, 422));
}

#[tokio::test]
async fn the_environment_decides_what_is_answered() {
    let phr = Sandbox::start().await.unwrap();
    let scope = "patient/CarePlan.read patient/Questionnaire.write patient/Questionnaire.read";
    let app = phr.register_client("Forms").scope(scope).await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let form: Value = serde_json::from_str(include_str!("../examples/r4/valid/questionnaire-minimal.json")).unwrap();
    let statuses = async || {
        let authorized = |path: &str| client.post(format!("{}{path}", phr.base_r4())).bearer_auth(token.access_token());
        let form = authorized("/Questionnaire").json(&form).send().await.unwrap().status().as_u16();
        let bundle = json!({"resourceType": "Bundle", "type": "batch"});
        let bundle = authorized("").json(&bundle).send().await.unwrap().status().as_u16();
        let open = phr.open_url();
        let open = client.get(format!("{open}/phr-resourceserver/baseR4/metadata")).send().await.unwrap();
        let overview: Value =
            client.get(format!("{}/_sandbox", phr.http_url())).send().await.unwrap().json().await.unwrap();
        let page = client.get(format!("{}/", phr.http_url())).header("Accept-Language", "en").send().await.unwrap();
        let page = page.text().await.unwrap();
        let word = overview["environment"].as_str().unwrap().to_owned();
        (form, bundle, open.status().as_u16(), word, page.contains("rules (simulated)"))
    };
    assert_eq!(statuses().await, (201, 200, 200, "sandbox".to_owned(), false));
    for environment in ["client-test", "production"] {
        let presets = format!("{}/_sandbox/settings/presets", phr.http_url());
        let presets: Value = client.get(presets).send().await.unwrap().json().await.unwrap();
        let preset = presets.as_array().unwrap().iter().find(|preset| preset["name"] == environment).unwrap();
        let set = client.put(format!("{}/_sandbox/settings", phr.http_url())).json(&preset["settings"]).send().await;
        assert_eq!(set.unwrap().status(), StatusCode::OK);
        assert_eq!(statuses().await, (403, 400, 401, environment.to_owned(), true));
    }
    let wrong = json!({"environment": "moon"});
    let refused = client.put(format!("{}/_sandbox/settings", phr.http_url())).json(&wrong).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_application_works_under_every_preset() {
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Plans").scope("patient/Observation.read patient/Observation.write").await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let patient = token.patient().to_string();
    let client = Client::builder().no_proxy().build().unwrap();
    let settings = format!("{}/_sandbox/settings", phr.http_url());
    let get = async |url: String| client.get(url).send().await.unwrap().json::<Value>().await.unwrap();
    let defaults = get(settings.clone()).await;
    let presets = get(format!("{settings}/presets")).await;
    for (number, preset) in presets.as_array().unwrap().iter().enumerate() {
        let name = preset["name"].as_str().unwrap();
        for values in [&defaults, &preset["settings"]] {
            let set = client.put(&settings).json(values).send().await.unwrap();
            assert_eq!(set.status(), StatusCode::OK, "{name}");
        }
        let text = include_str!("../examples/r4/valid/bodyweight-minimal.json");
        let mut weight: Value =
            serde_json::from_str(&text.replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", &patient)).unwrap();
        let identifier = format!("urn:uuid:00000000-0000-4000-8000-{number:012}");
        weight["identifier"][0]["value"] = identifier.as_str().into();
        let store = async || {
            let request = client.post(format!("{}/Observation", phr.base_r4())).bearer_auth(token.access_token());
            let request = request.header("If-None-Exist", format!("identifier={identifier}")).json(&weight);
            request.send().await.unwrap()
        };
        let search = async |query: &str, bearer: &str| {
            let url = format!("{}/Observation?patient={patient}&{query}", phr.base_r4());
            client.get(url).bearer_auth(bearer).send().await.unwrap()
        };
        let created = store().await;
        assert_eq!(created.status(), StatusCode::CREATED, "{name}: {}", created.text().await.unwrap());
        let place = created.headers()["location"].clone();
        let again = store().await;
        assert_eq!(again.status().as_u16(), if name == "sandbox-2019" { 201 } else { 200 }, "{name}");
        assert_eq!(again.headers()["location"], place, "{name}");
        let found = search(&format!("identifier={identifier}"), token.access_token()).await;
        assert_eq!(found.json::<Value>().await.unwrap()["total"], 1, "{name}");
        let several = search("code=29463-7,8302-2", token.access_token()).await.status().as_u16();
        assert_eq!(several, if name == "sandbox-2019" { 400 } else { 200 }, "{name}");
        let unknown = search("wrong=1", token.access_token()).await.status().as_u16();
        assert_eq!(unknown, if name == "lenient-search" { 200 } else { 400 }, "{name}");
        let bad = search("", "not-a-token").await;
        let challenge = bad.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        let (status, starts) = match name {
            "strict-rfc" => (401, Some("Bearer error=\"invalid_token\", error_description=\"")),
            "bad-token-401" | "bad-token-401-plain" => (401, Some("Bearer")),
            _ => (403, None),
        };
        assert_eq!(bad.status().as_u16(), status, "{name}");
        assert_eq!(challenge.is_some(), starts.is_some(), "{name}: {challenge:?}");
        assert!(challenge.unwrap_or_default().starts_with(starts.unwrap_or_default()), "{name}");
    }
}

#[tokio::test]
async fn bodies_at_the_limit_and_cut_ones_are_answered_in_the_surfaces_own_words() {
    use kanta_phr_sandbox::http::entrance::BODY_LIMIT;
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Plans").scope(SCOPE).await.unwrap();
    let token = phr.citizens().first().approve(&app).await.unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let text = plan(&token.patient().to_string()).to_string();
    for (length, expected) in [(BODY_LIMIT - 1, 201), (BODY_LIMIT, 201), (BODY_LIMIT + 1, 413)] {
        // White space within the object counts as the rest does.
        let body = format!("{{{}{}", " ".repeat(length - text.len()), &text[1..]);
        assert_eq!(body.len(), length);
        let request = client.post(format!("{}/CarePlan", phr.base_r4())).bearer_auth(token.access_token());
        let request = request.header("Content-Type", "application/fhir+json").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{length} bytes");
        if expected == 413 {
            assert_eq!(answer.json::<Value>().await.unwrap()["resourceType"], "OperationOutcome");
        }
    }
    let address = phr.http_url().strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /phr-resourceserver/baseR4/CarePlan HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/fhir+json\r\n",
        token.access_token()
    );
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nno number\r\n");
    let cut = format!("{head}Content-Length: {}\r\n\r\n{}", text.len(), &text[..text.len() / 2]);
    let answers = tokio::task::spawn_blocking(move || {
        [broken, cut].map(|request| {
            let mut socket = std::net::TcpStream::connect(&address).unwrap();
            socket.write_all(request.as_bytes()).unwrap();
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            // A cut connection need not be answered.
            let _ = socket.read_to_string(&mut answer);
            answer
        })
    });
    let [broken, _] = answers.await.unwrap();
    assert!(broken.starts_with("HTTP/1.1 400 ") && broken.contains("RS-BODY;"), "{broken}");
    assert!(broken.contains("\"resourceType\":\"OperationOutcome\""), "{broken}");
    let found = client.get(format!("{}/CarePlan?_summary=count", phr.base_r4())).bearer_auth(token.access_token());
    let found = found.send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(found["total"], 2, "the two that were whole: {found}");
}
