//! A professional application from the control API to the resource servers: it reads, and nothing else.

use kanta_phr_sandbox::Sandbox;
use reqwest::Method;
use serde_json::{Value, json};

struct Clinic {
    phr: Sandbox,
    http: reqwest::Client,
    client_id: String,
    secret: String,
}

impl Clinic {
    async fn start() -> Clinic {
        let phr = Sandbox::start().await.unwrap();
        let http = reqwest::Client::new();
        let new = json!({
            "name": "Clinic", "kind": "professional", "redirect_uris": [],
            "scope": "openid offline_access patient/Observation.read patient/Observation.write",
        });
        let made = http.post(format!("{}/_sandbox/clients", phr.http_url())).body(new.to_string());
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (client_id, secret) = (text("client_id"), text("client_secret"));
        Clinic { phr, http, client_id, secret }
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_sandbox{path}", self.phr.http_url());
        let request = self.http.request(method, url);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn token(&self, code: &str) -> (u16, Value) {
        let form = [("grant_type", "urn:kanta-phr-sandbox:grant-type:professional"), ("user", code)];
        let url = format!("{}token", self.phr.issuer());
        let answer =
            self.http.post(url).basic_auth(&self.client_id, Some(&self.secret)).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn it_reads_with_permission_and_care_relationship_and_writes_nothing() {
    let clinic = Clinic::start().await;
    let citizen = clinic.phr.citizens().first().citizen().clone();
    let code = citizen.personal_identity_code.to_string();
    let path = |rest: &str| format!("/citizens/{}/{rest}", citizen.id);
    assert_eq!(
        clinic.control(Method::GET, &path("professional-permission"), Value::Null).await,
        (200, json!({"permitted": false, "since": null}))
    );
    assert_eq!(clinic.token(&code).await.0, 403);
    // The control API gives its tokens by the same rules.
    let wanted = json!({"citizen": citizen.id, "client_id": clinic.client_id});
    let (status, problem) = clinic.control(Method::POST, "/tokens", wanted.clone()).await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().starts_with("the citizen does not permit professionals"), "{problem}");
    let (status, permission) =
        clinic.control(Method::PUT, &path("professional-permission"), json!({"permitted": true})).await;
    assert_eq!((status, &permission["permitted"]), (200, &json!(true)));
    let relationship = path(&format!("care-relationships/{}", clinic.client_id));
    let (status, problem) = clinic.control(Method::POST, "/tokens", wanted.clone()).await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().starts_with("there is no care relationship"), "{problem}");
    let (status, begun) = clinic.control(Method::PUT, &relationship, Value::Null).await;
    assert_eq!((status, &begun["in_force"]), (200, &json!(true)));
    // By personal identity code as well as by id.
    let listed = clinic.control(Method::GET, &format!("/citizens/{code}/care-relationships"), Value::Null).await.1;
    assert_eq!(listed, json!([begun]));

    let (status, tokens) = clinic.token(&code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["sub"], citizen.pseudonym.unwrap().to_string());
    assert_eq!(tokens.get("refresh_token"), None);
    let bearer = tokens["access_token"].as_str().unwrap();
    let ask = async |method: Method, path: &str, body: &str| {
        let request = clinic.http.request(method, format!("{}/{path}", clinic.phr.base_r4())).bearer_auth(bearer);
        let request = request.header("content-type", "application/fhir+json").body(body.to_owned());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    };
    let search = format!("Observation?patient={}&_count=1", citizen.pseudonym.unwrap());
    let (status, bundle) = ask(Method::GET, &search, "").await;
    assert_eq!((status, &bundle["resourceType"]), (200, &json!("Bundle")));
    let id = bundle["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();
    let observation = bundle["entry"][0]["resource"].to_string();
    let one = format!("Observation/{id}");
    assert_eq!(ask(Method::GET, &one, "").await.0, 200);
    for (method, path) in [(Method::POST, "Observation"), (Method::PUT, one.as_str()), (Method::DELETE, one.as_str())] {
        let (status, outcome) = ask(method.clone(), path, &observation).await;
        let code = &outcome["issue"][0]["details"]["coding"][0]["code"];
        assert_eq!((status, code), (403, &json!("502020")), "{method} {path}");
    }
    let (status, headless) = clinic.control(Method::POST, "/tokens", wanted).await;
    assert_eq!((status, &headless["scope"]), (201, &json!("patient/Observation.read")));
    assert_eq!((headless.get("refresh_token"), headless.get("id_token")), (None, None));
    let rights = clinic.control(Method::GET, &path("access-rights"), Value::Null).await.1;
    assert!(!rights.to_string().contains(&clinic.client_id), "{rights}");
    let headless = headless["access_token"].as_str().unwrap();
    let ask_headless = async || {
        let request = clinic.http.get(format!("{}/{one}", clinic.phr.base_r4())).bearer_auth(headless);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask_headless().await, 200);
    let other = clinic.phr.citizens().into_iter().nth(1).unwrap().citizen().pseudonym.unwrap();
    assert_eq!(ask(Method::GET, &format!("Observation?patient={other}"), "").await.0, 403);

    assert_eq!(clinic.control(Method::DELETE, &relationship, Value::Null).await.0, 204);
    assert_eq!(ask_headless().await, 403, "it ends with the care relationship");
    let (status, outcome) = ask(Method::GET, &one, "").await;
    assert_eq!((status, &outcome["issue"][0]["details"]["coding"][0]["code"]), (403, &json!("502120")));
    assert_eq!(clinic.control(Method::DELETE, &relationship, Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_control_api_refuses_what_makes_no_sense() {
    let clinic = Clinic::start().await;
    let citizen = clinic.phr.citizens().first().citizen().id.clone();
    let demo = format!("/citizens/{citizen}/care-relationships/kanta-phr-sandbox-demo");
    assert_eq!(clinic.control(Method::PUT, &demo, Value::Null).await.0, 409, "a wellbeing client");
    let nothing = format!("/citizens/{citizen}/care-relationships/nothing");
    assert_eq!(clinic.control(Method::PUT, &nothing, Value::Null).await.0, 404);
    assert_eq!(clinic.control(Method::GET, "/citizens/nobody/care-relationships", Value::Null).await.0, 404);
    let permission = format!("/citizens/{citizen}/professional-permission");
    assert_eq!(clinic.control(Method::PUT, &permission, json!({"permitted": "yes"})).await.0, 400);
    assert_eq!(clinic.control(Method::PUT, &permission, json!({"allowed": true})).await.0, 400);
}

#[tokio::test]
async fn every_knob_is_explained() {
    let clinic = Clinic::start().await;
    let settings = clinic.control(Method::GET, "/settings", Value::Null).await.1;
    let explained = clinic.control(Method::GET, "/settings/descriptions", Value::Null).await.1;
    let explained = explained.as_array().unwrap();
    assert_eq!(explained.len(), settings.as_object().unwrap().len());
    for knob in explained {
        let name = knob["name"].as_str().unwrap();
        assert_eq!(knob["value"], settings[name], "{name}");
        assert!(!knob["default"].is_null(), "{name}");
        assert!(knob["description"].as_str().unwrap().len() > 15 && knob["allowed"].is_string(), "{name}");
    }
}
