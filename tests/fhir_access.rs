//! Tokens, compartments, routing errors, metadata and CORS over HTTP.

mod harness;

use harness::{AINO, Answer, EINO, Server, urn, weight};
use kanta_phr_sandbox::http::fhir::{Knobs, TokenRefusal};
use kanta_phr_sandbox::records::Settings;

#[test]
fn without_a_token_and_with_a_bad_one() {
    let server = Server::start();
    let url = format!("{}/phr-resourceserver/baseR4/Observation?patient={AINO}", server.authorized);
    let none = Answer::of(server.any().get(&url).send().unwrap());
    insta::assert_snapshot!(none.wire(), @r#"
    401
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-type: application/fhir+json;charset=UTF-8
    expires: 0
    pragma: no-cache
    sandbox-reason: RS-NO-TOKEN; send Authorization: Bearer and an access token, or use the open endpoint, which environment sandbox alone has (knob rs.no_token)
    www-authenticate: Bearer
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"http://phr.kanta.fi/fiphr-cs-errorcodes","code":"502120"}],"text":"Access denied by rule: Token is invalid for the requested operation."},"diagnostics":"Access denied by rule: Token is invalid for the requested operation."}]}
    "#);
    let bad = server.get("nonsense", &format!("Observation?patient={AINO}"));
    insta::assert_snapshot!(bad.wire(), @r#"
    403
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-type: application/fhir+json;charset=UTF-8
    expires: 0
    pragma: no-cache
    sandbox-reason: RS-BAD-TOKEN; this tenant has not given the access token (knob rs.bad_token)
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"http://phr.kanta.fi/fiphr-cs-errorcodes","code":"502120"}],"text":"Access denied by rule: Token is invalid for the requested operation."},"diagnostics":"Access denied by rule: Token is invalid for the requested operation."}]}
    "#);

    let knobs = Knobs { bad_token: TokenRefusal::Outcome401, challenge: true, ..Knobs::default() };
    let server = Server::with(Settings::default(), knobs);
    let url = format!("{}/phr-resourceserver/baseR4/Observation?patient={AINO}", server.authorized);
    let challenge = |answer: &Answer| (answer.status, answer.header("www-authenticate").to_owned());
    let none = Answer::of(server.any().get(&url).send().unwrap());
    assert_eq!(challenge(&none), (401, "Bearer".into()));
    let bad = server.get("nonsense", "Observation");
    let text = "Bearer error=\"invalid_token\", error_description=\"this tenant has not given the access token\"";
    assert_eq!(challenge(&bad), (401, text.into()));
    let lacking = server.get("diary-aino", "CarePlan");
    let text = "Bearer error=\"insufficient_scope\", scope=\"patient/CarePlan.read\"";
    assert_eq!(challenge(&lacking), (403, text.into()));
    let foreign = server.get("diary-aino", &format!("Observation?patient={EINO}"));
    assert_eq!(challenge(&foreign), (403, "Bearer error=\"insufficient_scope\"".into()));
    assert_eq!(challenge(&server.get("diary-aino", "Observation/1")), (404, String::new()));

    let knobs = Knobs { no_token: TokenRefusal::Plain401, bad_token: TokenRefusal::Outcome401, ..Knobs::default() };
    let server = Server::with(Settings::default(), knobs);
    let url = format!("{}/phr-resourceserver/baseR4/Observation?patient={AINO}", server.authorized);
    let none = Answer::of(server.any().get(&url).send().unwrap());
    assert_eq!((none.status, none.header("content-type")), (401, "text/plain;charset=UTF-8"));
    assert_eq!(server.get("nonsense", "Observation").status, 401);
}

#[test]
fn scopes_and_compartments_hold() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    for (method, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}/_history")),
        ("DELETE", path.clone()),
        ("GET", format!("Patient/{AINO}")),
    ] {
        let answer = Answer::of(server.request("diary-eino", method, &path).send().unwrap());
        assert_eq!((answer.status, answer.code().as_str()), (403, "502020"), "{method} {path}");
        assert_eq!(answer.diagnostics(), "Token is not sufficient for this operation");
    }
    assert_eq!(server.put("diary-eino", &path, &created.body).status, 403);
    assert_eq!(server.get("other-aino", &path).status, 200, "an application sees what others stored");
    assert_eq!(server.get("diary-eino", &format!("Patient/{EINO}")).status, 200);
    let reader = server.post("diary-aino-read", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    assert_eq!((reader.status, reader.rule()), (403, "RS-SCOPE"));
    let unknown = server.get("diary-aino", "Observation/22222222-2222-4222-8222-222222222222");
    assert_eq!(
        (unknown.status, unknown.diagnostics().as_str()),
        (404, "Resource Observation/22222222-2222-4222-8222-222222222222 is not known")
    );
    assert_eq!(server.get("diary-aino", "Observation/1").status, 404);
}

#[test]
fn requests_that_nothing_answers() {
    let server = Server::start();
    let check = |base: &str, method: &str, path: &str, status: u16| {
        let answer = Answer::of(server.open_request(base, method, path).send().unwrap());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        answer.diagnostics()
    };
    assert_eq!(
        check("baseStu3", "GET", "AllergyIntolerance", 404),
        "Unknown resource type 'AllergyIntolerance' - Server knows how to handle: [CarePlan, StructureDefinition, Questionnaire, Consent, Observation, MedicationAdministration, Patient, MedicationStatement, CodeSystem, QuestionnaireResponse, ValueSet, OperationDefinition]"
    );
    assert_eq!(
        check("baseR4", "GET", "Foo/1", 404),
        "Unknown resource type 'Foo' - Server knows how to handle: [CarePlan, Observation, Patient, MedicationAdministration, Questionnaire, QuestionnaireResponse, ValueSet, StructureDefinition, CodeSystem]"
    );
    let prefix = "Invalid request: The FHIR endpoint on this server does not know how to handle ";
    let handled = |method: &str, path: &str| check("baseR4", method, path, 400).replace(prefix, "");
    assert_eq!(handled("DELETE", "Patient/1"), "DELETE operation[Patient/1] with parameters [[]]");
    assert_eq!(
        handled("POST", "Observation/$validate?_pretty=true&_format=json"),
        "POST operation[Observation/$validate] with parameters [[_format, _pretty]]"
    );
    assert_eq!(handled("PATCH", "Observation/1"), "PATCH operation[Observation/1] with parameters [[]]");
    assert_eq!(handled("GET", "Observation/_history"), "GET operation[Observation/_history] with parameters [[]]");
    assert_eq!(handled("PUT", "Observation"), "PUT operation[Observation] with parameters [[]]");
    let base = "This is the base URL of FHIR server. Unable to handle this request, as it does not contain a resource type or operation name.";
    assert_eq!(check("baseStu3", "POST", "", 400), base);
    assert_eq!(check("baseR4", "GET", "", 400), base);
    assert!(check("baseStu3", "POST", "Bundle", 404).starts_with("Unknown resource type 'Bundle'"));
    check("baseR4", "GET", "?_getpages=1", 410);
}

#[test]
fn metadata_needs_a_token_where_the_real_server_does() {
    let server = Server::start();
    let url = format!("{}/phr-resourceserver/baseR4/metadata", server.authorized);
    assert_eq!(server.any().get(&url).send().unwrap().status(), 401);
    assert_eq!(server.get("diary-aino", "metadata").status, 200);
    let open = Answer::of(server.open_request("baseStu3", "GET", "metadata").send().unwrap());
    assert_eq!((open.status, open.json()["fhirVersion"].as_str()), (200, Some("3.0.1")));
    assert_eq!(open.json()["kind"], "instance");
    let server = Server::with(Settings::default(), Knobs { metadata_token: false, ..Knobs::default() });
    let url = format!("{}/phr-resourceserver/baseR4/metadata", server.authorized);
    assert_eq!(server.any().get(&url).send().unwrap().status(), 200);
}

#[test]
fn browsers_of_other_origins_may_ask() {
    let server = Server::start();
    let url = format!("{}/phr-resourceserver/baseR4/Observation", server.authorized);
    let preflight = server.any().request(reqwest::Method::OPTIONS, &url).header("Origin", "https://app.test");
    let preflight = preflight.header("Access-Control-Request-Method", "POST");
    let preflight =
        Answer::of(preflight.header("Access-Control-Request-Headers", "authorization,if-none-exist").send().unwrap());
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,if-none-exist");
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, POST, PUT, DELETE, OPTIONS");
    let refused = server.request("diary-aino", "GET", "Observation").header("Origin", "https://app.test");
    let refused = Answer::of(refused.header("X-Request-ID", "my-own-1").send().unwrap());
    assert_eq!(refused.header("access-control-expose-headers"), "Content-Location, Location, Sandbox-Reason");
    assert_eq!(refused.header("x-request-id"), "my-own-1");
}

#[test]
fn unknown_types_are_refused_before_operations() {
    let server = Server::start();
    let send =
        |method: &str, base: &str, path: &str| Answer::of(server.open_request(base, method, path).send().unwrap());
    let validate = send("POST", "baseStu3", "QuestionnaireResponse/$validate?_format=json&_pretty=true");
    assert_eq!((validate.status, validate.rule()), (400, "RS-OPERATION"));
    assert_eq!(
        validate.diagnostics(),
        "Invalid request: The FHIR endpoint on this server does not know how to handle POST operation[QuestionnaireResponse/$validate] with parameters [[_format, _pretty]]"
    );
    for base in ["baseStu3", "baseR4"] {
        let allergy = send("GET", base, "AllergyIntolerance");
        assert_eq!((allergy.status, allergy.rule()), (404, "RS-TYPE-UNKNOWN"), "{}", allergy.body);
    }
    for resource_type in ["Consent", "MedicationStatement", "OperationDefinition"] {
        let unknown = send("GET", "baseR4", &format!("{resource_type}/1"));
        assert_eq!((unknown.status, unknown.rule()), (404, "RS-TYPE-UNKNOWN"), "{}", unknown.body);
    }
    let list = send("GET", "baseStu3", "AllergyIntolerance/$validate").diagnostics();
    assert!(list.starts_with("Unknown resource type 'AllergyIntolerance' - Server knows how to handle: [CarePlan, "));
}

#[test]
fn only_the_sandbox_has_an_open_endpoint() {
    let settings = Settings { is_sandbox: false, ..Settings::default() };
    let server = Server::with(settings, Knobs { bundles_r4: false, ..Knobs::default() });
    let path = format!("Observation?patient={AINO}");
    for base in ["baseR4", "baseStu3"] {
        let open = Answer::of(server.open_request(base, "GET", &path).send().unwrap());
        assert_eq!((open.status, open.rule()), (401, "RS-NO-TOKEN"), "{}", open.body);
        let open = Answer::of(server.open_request(base, "GET", "metadata").send().unwrap());
        assert_eq!(open.status, 401);
        let with_token = server.open_request(base, "GET", &path).bearer_auth("diary-aino");
        assert_eq!(with_token.send().unwrap().status(), 200);
    }
}

#[test]
fn what_may_be_written_alone_is_not_read_by_a_condition() {
    let server = Server::start();
    let body = weight(AINO, "70", "2026-05-01", &urn("once"));
    let plan = harness::body_of("CarePlan", "baseR4", AINO, "once");
    let post = |path: &str, body: &str| {
        let request = server.request("diary-aino", "POST", path).header("Content-Type", "application/fhir+json");
        Answer::of(
            request
                .header("If-None-Exist", format!("identifier={}", urn("once")))
                .body(body.to_owned())
                .send()
                .unwrap(),
        )
    };
    // This token reads Observations and writes everything.
    let (first, again) = (post("Observation", &body), post("Observation", &body));
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(again.json()["resourceType"], "Observation");
    let (first, again) = (post("CarePlan", &plan), post("CarePlan", &plan));
    assert_eq!((first.status, again.status), (201, 200), "{}", again.body);
    assert_eq!((first.id(), again.header("etag")), (again.id(), "W/\"1\""));
    assert_eq!(again.json()["resourceType"], "OperationOutcome", "{}", again.body);
    let entry = serde_json::json!({"resource": serde_json::from_str::<serde_json::Value>(&plan).unwrap(),
        "request": {"method": "POST", "url": "CarePlan", "ifNoneExist": format!("identifier={}", urn("once"))}});
    for kind in ["batch", "transaction"] {
        let bundle = serde_json::json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
        let request = server.request("diary-aino", "POST", "").header("Prefer", "return=representation");
        let answer = Answer::of(request.json(&bundle).send().unwrap());
        assert!(
            answer.body.contains("200 OK") && !answer.body.contains("\"CarePlan\",\"id\""),
            "{kind}: {}",
            answer.body
        );
        assert!(answer.json()["entry"][0]["resource"].is_null(), "{kind}: {}", answer.body);
    }
}
