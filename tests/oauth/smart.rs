//! SMART App Launch 2: scopes for parts of a right, from the request to the resource server.

use crate::server::{CALLBACK, Server, location, parameter, reason};
use kanta_phr_sandbox::authorization::NewClient;
use serde_json::{Value, json};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-so-it-is";
/// The S256 challenge of it.
const CHALLENGE: &str = "pQlPpO1CN0NFwxPmI6QOKgdB9bQWqDA6Lan4F12ivvM";

struct Smart(Server);

impl Smart {
    /// The client `smart`, registered for all of Observation and reading of CarePlan.
    fn start() -> Smart {
        let server = Server::start();
        server.set("smart.enabled", true);
        let new: NewClient = serde_json::from_value(json!({
            "name": "Smart", "client_id": "smart", "client_secret": "s3cret", "redirect_uris": [CALLBACK],
            "scope": "openid offline_access patient/Observation.cruds patient/CarePlan.rs",
        }))
        .unwrap();
        server.tenant.authorization.add_client(new, &server.tenant.random).unwrap();
        Smart(server)
    }

    /// The redirect that answers a request for these scopes.
    fn ask(&self, scope: &str) -> (String, Option<String>) {
        let server = &self.0;
        let (aino, aud) = (server.code_of("aino"), format!("{}/phr-resourceserver/baseR4", server.root()));
        let response = server.get(&server.authorize(&[
            ("client_id", "smart"),
            ("scope", scope),
            ("user_id", &aino),
            ("sandbox_decision", "approve"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("aud", &aud),
        ]));
        (location(&response), reason(&response))
    }

    fn tokens(&self, scope: &str) -> Value {
        let code = parameter(&self.ask(scope).0, "code").expect("a code");
        let more = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        let response = self.0.token("smart", &[&more[..], &[("code_verifier", VERIFIER)]].concat());
        assert_eq!(response.status(), 200);
        response.json().unwrap()
    }

    /// Status and `Sandbox-Reason` of a request to the R4 server.
    fn fhir(&self, tokens: &Value, method: &str, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}/phr-resourceserver/baseR4/{path}", self.0.root());
        let request = self.0.http.request(method.parse().unwrap(), url);
        let request = request.bearer_auth(tokens["access_token"].as_str().unwrap());
        let request = request.header("content-type", "application/fhir+json").body(body.to_owned());
        let response = request.send().unwrap();
        (response.status().as_u16(), reason(&response).unwrap_or_default())
    }
}

#[test]
fn parts_of_registered_rights_are_granted_as_they_are_spelled() {
    let smart = Smart::start();
    for (asked, granted) in [
        ("patient/Observation.rs", "patient/Observation.rs"),
        ("patient/Observation.r", "patient/Observation.r"),
        ("patient/Observation.s patient/Observation.c", "patient/Observation.cs"),
        ("patient/Observation.cruds", "patient/Observation.cruds"),
        ("patient/Observation.crud openid", "patient/Observation.crud openid"),
        ("patient/*.rs", "patient/Observation.rs patient/CarePlan.rs"),
        ("patient/*.cruds", "patient/Observation.cruds"),
        ("patient/*.read launch/patient", "patient/Observation.read patient/CarePlan.read"),
        ("patient/*.*", "patient/Observation.read patient/Observation.write"),
    ] {
        assert_eq!(smart.tokens(asked)["scope"], granted, "{asked}");
    }
}

#[test]
fn what_is_not_within_a_registered_right_is_refused_with_the_reason() {
    let smart = Smart::start();
    for (asked, why) in [
        ("patient/CarePlan.c", "not registered for this client: patient/CarePlan.c"),
        ("patient/CarePlan.cruds", "not registered for this client: patient/CarePlan.cruds"),
        ("patient/MedicationAdministration.r", "not registered for this client"),
        ("patient/Observation.sr", "each once and in this order"),
        ("patient/Observation.", "each once and in this order"),
        ("patient/Observation.rs?category=vital-signs", "narrows no scope by search parameters"),
        ("patient/*.rs?_tag=x", "narrows no scope by search parameters"),
        ("user/Observation.rs", "not registered for this client"),
    ] {
        let (location, reason) = smart.ask(asked);
        assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_scope"), "{asked}: {location}");
        let reason = reason.unwrap();
        assert!(reason.starts_with("AUTH-SCOPE; ") && reason.contains(why), "{asked}: {reason}");
    }
}

#[test]
fn the_resource_server_keeps_to_the_letters() {
    let smart = Smart::start();
    let all = smart.tokens("patient/Observation.cruds");
    let patient = all["sub"].as_str().unwrap();
    let example = include_str!("../../examples/r4/valid/bodyweight-minimal.json");
    let mut weight: Value = serde_json::from_str(example).unwrap();
    weight["subject"]["reference"] = json!(format!("Patient/{patient}"));
    if weight.get("performer").is_some() {
        weight["performer"] = json!([{"reference": format!("Patient/{patient}")}]);
    }
    let url = format!("{}/phr-resourceserver/baseR4/Observation", smart.0.root());
    let made = smart.0.http.post(url).bearer_auth(all["access_token"].as_str().unwrap());
    let made = made.header("content-type", "application/fhir+json").body(weight.to_string()).send().unwrap();
    assert_eq!(made.status(), 201);
    weight["id"] = made.json::<Value>().unwrap()["id"].clone();
    let one = format!("Observation/{}", weight["id"].as_str().unwrap());
    let (search, body) = (format!("Observation?patient={patient}"), weight.to_string());
    let history = format!("{one}/_history");
    let requests = [
        ('r', "GET", one.as_str()),
        ('r', "GET", history.as_str()),
        ('s', "GET", search.as_str()),
        ('u', "PUT", one.as_str()),
        ('c', "POST", "Observation"),
        ('d', "DELETE", one.as_str()),
    ];
    for granted in ["r", "s", "u", "c", "rs", "cu"] {
        let tokens = smart.tokens(&format!("patient/Observation.{granted}"));
        for (letter, method, path) in requests {
            let (status, reason) = smart.fhir(&tokens, method, path, if method == "GET" { "" } else { &body });
            if granted.contains(letter) {
                assert!(status < 300, "{granted}: {method} {path}: {status} {reason}");
            } else {
                assert_eq!(status, 403, "{granted}: {method} {path}");
                let half = if "rs".contains(letter) { "rs" } else { "cud" };
                let missing = match granted.chars().any(|each| half.contains(each)) {
                    true => format!("patient/Observation.{letter};"),
                    false => format!("patient/Observation.{};", if half == "rs" { "read" } else { "write" }),
                };
                assert!(reason.contains(&missing), "{granted}: {method} {path}: {reason}");
            }
        }
    }
    let delete = smart.tokens("patient/Observation.d");
    assert!(smart.fhir(&delete, "DELETE", &one, "").0 < 300);
}

#[test]
fn a_refresh_narrows_to_parts() {
    let smart = Smart::start();
    let tokens = smart.tokens("offline_access patient/Observation.rs patient/CarePlan.r");
    let refresh = |scope: &str| {
        let token = tokens["refresh_token"].as_str().unwrap();
        let response = smart.0.refresh("smart", token, &[("scope", scope)]);
        let status = response.status().as_u16();
        (status, response.json::<Value>().unwrap())
    };
    assert_eq!(refresh("patient/Observation.s").1["scope"], "patient/Observation.s");
    assert_eq!(refresh("patient/*.r").1["scope"], "patient/Observation.r patient/CarePlan.r");
    for wider in ["patient/Observation.rus", "patient/CarePlan.s", "patient/*.c"] {
        let (status, body) = refresh(wider);
        assert_eq!((status, &body["error"]), (400, &json!("invalid_scope")), "{wider}");
    }
}

#[test]
fn without_smart_the_letters_mean_nothing() {
    let smart = Smart::start();
    smart.0.set("smart.enabled", false);
    let (location, _) = smart.ask("patient/Observation.rs");
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_scope"));
}

#[test]
fn the_capability_statement_names_the_authorization_server() {
    let smart = Smart::start();
    let statement = |base: &str, tokens: &Value| -> Value {
        let url = format!("{}/phr-resourceserver/{base}/metadata", smart.0.root());
        let token = tokens["access_token"].as_str().unwrap();
        smart.0.http.get(url).bearer_auth(token).send().unwrap().json().unwrap()
    };
    let tokens = smart.tokens("patient/*.rs");
    for (base, system) in [
        ("baseStu3", "http://hl7.org/fhir/restful-security-service"),
        ("baseR4", "http://terminology.hl7.org/CodeSystem/restful-security-service"),
    ] {
        let security = statement(base, &tokens)["rest"][0]["security"].clone();
        assert_eq!(security["service"][0]["coding"][0]["system"], system);
        assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
        let extension = &security["extension"][0];
        assert_eq!(extension["url"], "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris");
        let uris = extension["extension"].as_array().unwrap();
        let uri = |name: &str| uris.iter().find(|each| each["url"] == name).unwrap()["valueUri"].clone();
        let configured: Value =
            smart.0.get(&format!("{}.well-known/smart-configuration", smart.0.base)).json().unwrap();
        for (name, member) in [
            ("authorize", "authorization_endpoint"),
            ("token", "token_endpoint"),
            ("register", "registration_endpoint"),
            ("manage", "management_endpoint"),
            ("revoke", "revocation_endpoint"),
        ] {
            assert_eq!(uri(name), configured[member], "{name}");
        }
    }
    smart.0.set("smart.enabled", false);
    let security = statement("baseR4", &tokens)["rest"][0]["security"].clone();
    assert_eq!(security, json!({"cors": true, "service": [{"text": "OAuth"}]}), "as it was published");
}
