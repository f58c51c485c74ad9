//! Batch and transaction over HTTP (resource-server.md §5).

mod harness;

use harness::{AINO, Answer, EINO, Server, body_of, urn, weight};
use kanta_phr_sandbox::http::fhir::Knobs;
use kanta_phr_sandbox::records::Settings;
use serde_json::{Value, json};

fn post(server: &Server, token: &str, bundle: &Value, prefer: &str) -> Answer {
    let request = server.request(token, "POST", "").header("Content-Type", "application/fhir+json");
    let request = if prefer.is_empty() { request } else { request.header("Prefer", prefer) };
    Answer::of(request.body(bundle.to_string()).send().unwrap())
}

fn open(server: &Server, bundle: &Value) -> Answer {
    let request = server.open_request("baseR4", "POST", "").header("Content-Type", "application/json");
    Answer::of(request.body(bundle.to_string()).send().unwrap())
}

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}

fn create(body: &str, condition: Option<&str>) -> Value {
    let resource: Value = serde_json::from_str(body).unwrap();
    let url = format!("{}/", resource["resourceType"].as_str().unwrap());
    let mut request = json!({"method": "POST", "url": url});
    if let Some(condition) = condition {
        request["ifNoneExist"] = condition.into();
    }
    json!({"resource": resource, "request": request})
}

fn total(server: &Server) -> u64 {
    server.get("diary-aino", &format!("Observation?patient={AINO}")).json()["total"].as_u64().unwrap()
}

fn statuses(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["entry"].as_array().unwrap_or_else(|| panic!("{}", answer.body));
    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_entry_of_a_batch_has_its_own_outcome() {
    let server = Server::start();
    let condition = format!("identifier={}", urn("1"));
    let good = weight(AINO, "72.50", "2026-05-01", &urn("1"));
    let entries = [
        create(&good, Some(&condition)),
        create(&good, Some(&condition)),
        create(&good.replace("\"final\"", "\"amended\""), None),
        create(&weight(EINO, "1", "2026-05-01", &urn("2")), None),
        json!({"request": {"method": "GET", "url": format!("Patient/{AINO}")}}),
        json!({"request": {"method": "GET", "url": format!("Observation?patient={AINO}&_count=1")}}),
        json!({"request": {"method": "PATCH", "url": "Observation/1"}}),
        json!({"request": {"method": "GET", "url": "AllergyIntolerance"}}),
        json!({"request": {"method": "POST", "url": "Observation"}}),
        json!({}),
    ];
    let answer = post(&server, "diary-aino", &bundle("batch", &entries), "");
    insta::assert_snapshot!(answer.wire(), @r##"
    200
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-type: application/fhir+json;charset=UTF-8
    expires: 0
    pragma: no-cache
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"Bundle","id":"ID","type":"batch-response","link":[{"relation":"self","url":"http://HOST/phr-resourceserver/baseR4"}],"entry":[{"response":{"status":"201 Created","location":"Observation/ID/_history/1","etag":"1","lastModified":"2026-06-01T12:00:00.000+03:00"}},{"response":{"status":"200 OK","location":"Observation/ID/_history/1","etag":"1","lastModified":"2026-06-01T12:00:00.000+03:00"}},{"response":{"status":"422 Unprocessable Entity","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Value is 'amended' but must be 'final'","location":["Observation.status","Line 1, Col 590"]}]}}},{"response":{"status":"403 Forbidden","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"http://phr.kanta.fi/fiphr-cs-errorcodes","code":"502020"}],"text":"Token is not sufficient for this operation"},"diagnostics":"Token is not sufficient for this operation"}]}}},{"resource":{"resourceType":"Patient","id":"0000a100-0000-4000-8000-00000000000a","meta":{"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000+03:00","profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient"]},"language":"fi","identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:0000a100-0000-4000-8000-00000000000a"}],"active":true},"response":{"status":"200 OK","location":"Patient/0000a100-0000-4000-8000-00000000000a/_history/1","etag":"1","lastModified":"2026-06-01T12:00:00.000+03:00"}},{"resource":{"resourceType":"Bundle","id":"ID","meta":{"lastUpdated":"2026-06-01T12:00:00.000+03:00"},"type":"searchset","total":1,"link":[{"relation":"self","url":"http://HOST/phr-resourceserver/baseR4/Observation?_count=1&patient=0000a100-0000-4000-8000-00000000000a"}],"entry":[{"fullUrl":"http://HOST/phr-resourceserver/baseR4/Observation/ID","resource":{"resourceType":"Observation","id":"ID","meta":{"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000+03:00","profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]},"extension":[{"url":"http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication","extension":[{"url":"name","valueString":"The \"diary\" app"},{"url":"applicationId","valueString":"1.2.246.10.diary"}]}],"category":[{"coding":[{"code":"vital-signs","system":"http://terminology.hl7.org/CodeSystem/observation-category"}]}],"code":{"coding":[{"code":"29463-7","display":"Paino","system":"http://loinc.org"}]},"effectiveDateTime":"2026-05-01","identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:ID"}],"issued":"2026-05-01T12:00:00+03:00","language":"fi","performer":[{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"}],"status":"final","subject":{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"},"text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">Paino</div>","status":"generated"},"valueQuantity":{"code":"kg","system":"http://unitsofmeasure.org","unit":"kg","value":72.5}},"search":{"mode":"match"}}]},"response":{"status":"200 OK"}},{"response":{"status":"400 Bad Request","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Transaction bundle has missing or invalid HTTP Verb specified in Bundle.entry(6).request.method. Found value: \"PATCH\""}]}}},{"response":{"status":"404 Not Found","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Unknown resource type 'AllergyIntolerance' - Server knows how to handle: [CarePlan, Observation, Patient, MedicationAdministration, Questionnaire, QuestionnaireResponse, ValueSet, StructureDefinition, CodeSystem]"}]}}},{"response":{"status":"400 Bad Request","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Bundle.entry(8).resource is missing"}]}}},{"response":{"status":"400 Bad Request","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Transaction bundle has missing or invalid HTTP Verb specified in Bundle.entry(9).request.method. Found value: \"null\""}]}}}]}
    "##);
    assert_eq!(total(&server), 1);
    let with_resources = post(&server, "diary-aino", &bundle("batch", &entries[..1]), "return=representation");
    assert!(with_resources.body.contains("valueQuantity"), "{}", with_resources.body);
    assert_eq!(statuses(&with_resources), ["200 OK"]);
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let server = Server::start();
    let good = weight(AINO, "1", "2026-05-01", &urn("1"));
    let bad = [create(&good, None), create(&good.replace("\"final\"", "\"amended\""), None)];
    let refused = post(&server, "diary-aino", &bundle("transaction", &bad), "");
    assert_eq!((refused.status, refused.rule()), (422, "Observation.status#fixed"), "{}", refused.body);
    assert!(refused.header("sandbox-reason").contains("Bundle.entry[1]"));
    assert!(refused.header("sandbox-reason").contains("nothing of the transaction was stored"));
    let unknown = json!({"request": {"method": "DELETE", "url": "Observation/22222222-2222-4222-8222-222222222222"}});
    let refused = post(&server, "diary-aino", &bundle("transaction", &[create(&good, None), unknown]), "");
    assert_eq!((refused.status, refused.rule()), (404, "RS-UNKNOWN"), "{}", refused.body);
    assert_eq!(total(&server), 0, "nothing of either was stored");

    let first = server.post("diary-aino", "Observation", &weight(AINO, "2", "2026-05-02", &urn("2")));
    let second = server.post("diary-aino", "Observation", &weight(AINO, "3", "2026-05-03", &urn("3")));
    let update = |version: &str| {
        let mut resource = first.json();
        resource["valueQuantity"]["value"] = 9.into();
        json!({"resource": resource, "request": {
            "method": "PUT", "url": format!("Observation/{}", first.id()), "ifMatch": format!("W/\"{version}\"")
        }})
    };
    let delete = json!({"request": {"method": "DELETE", "url": format!("Observation/{}", second.id())}});
    let stale = bundle("transaction", &[create(&good, None), update("7"), delete.clone()]);
    let refused = post(&server, "diary-aino", &stale, "");
    assert_eq!((refused.status, refused.rule()), (409, "RS-IF-MATCH"), "{}", refused.body);
    assert_eq!(total(&server), 2);
    let read = json!({"request": {"method": "GET", "url": format!("Observation?patient={AINO}&_summary=count")}});
    let whole = bundle("transaction", &[read, create(&good, None), update("1"), delete]);
    let done = post(&server, "diary-aino", &whole, "");
    insta::assert_snapshot!(done.wire(), @r##"
    200
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-type: application/fhir+json;charset=UTF-8
    expires: 0
    pragma: no-cache
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"Bundle","id":"ID","type":"transaction-response","link":[{"relation":"self","url":"http://HOST/phr-resourceserver/baseR4"}],"entry":[{"resource":{"resourceType":"Bundle","id":"ID","meta":{"lastUpdated":"2026-06-01T12:00:00.000+03:00"},"type":"searchset","total":2,"link":[{"relation":"self","url":"http://HOST/phr-resourceserver/baseR4/Observation?_summary=count&patient=0000a100-0000-4000-8000-00000000000a"}]},"response":{"status":"200 OK"}},{"response":{"status":"201 Created","location":"Observation/ID/_history/1","etag":"1","lastModified":"2026-06-01T12:00:00.000+03:00"}},{"response":{"status":"200 OK","location":"Observation/ID/_history/2","etag":"2","lastModified":"2026-06-01T12:00:00.000+03:00"}},{"response":{"status":"204 No Content"}}]}
    "##);
    assert_eq!(total(&server), 2);
    assert_eq!(server.get("diary-aino", &format!("Observation/{}", second.id())).status, 410);
}

#[test]
fn entries_refer_to_one_another_in_any_direction() {
    let server = Server::start();
    let plan = |identifier: &str, target: &str| {
        let mut plan: Value = serde_json::from_str(&body_of("CarePlan", "baseR4", AINO, identifier)).unwrap();
        plan["supportingInfo"] = json!([{"reference": target}]);
        json!({"fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "resource": plan, "request": {"method": "POST", "url": "CarePlan"}})
    };
    let response = |condition: Option<&str>| {
        let mut entry = create(&body_of("QuestionnaireResponse", "baseR4", AINO, "answers"), condition);
        entry["fullUrl"] = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059".into();
        entry
    };
    let target = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059";
    // The plan comes first and refers to what comes behind it.
    let done = open(&server, &bundle("transaction", &[plan("p1", target), response(None)]));
    assert_eq!(statuses(&done), ["201 Created", "201 Created"], "{}", done.body);
    let places: Vec<String> = done.json()["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["response"]["location"].as_str().unwrap().trim_end_matches("/_history/1").to_owned())
        .collect();
    let stored = server.open_request("baseR4", "GET", &places[0]).send().unwrap().text().unwrap();
    assert!(stored.contains(&format!(r#""supportingInfo":[{{"reference":"{}"}}]"#, places[1])), "{stored}");
    let held = Answer::of(server.open_request("baseR4", "DELETE", &places[1]).send().unwrap());
    assert_eq!(held.status, 409, "the reference is known to the index: {}", held.body);

    // A condition that finds one: what refers to the entry refers to that.
    let condition = format!("identifier={}", urn("answers"));
    let again = open(&server, &bundle("transaction", &[plan("p2", target), response(Some(&condition))]));
    assert_eq!(statuses(&again), ["201 Created", "200 OK"], "{}", again.body);
    let place = again.json()["entry"][0]["response"]["location"].as_str().unwrap().to_owned();
    let stored = server.open_request("baseR4", "GET", place.trim_end_matches("/_history/1")).send().unwrap();
    assert!(stored.text().unwrap().contains(&places[1]));

    let dangling =
        open(&server, &bundle("transaction", &[plan("p3", "urn:uuid:99f151c0-a954-468a-88bd-5ae15c08e059")]));
    assert_eq!((dangling.status, dangling.rule()), (400, "RS-REFERENCE-TYPE"), "{}", dangling.body);

    // Both at once may go, in whatever order they stand.
    let delete = |place: &str| json!({"request": {"method": "DELETE", "url": place}});
    let plans = [&places[0], place.trim_end_matches("/_history/1")];
    let gone = open(&server, &bundle("transaction", &[delete(&places[1]), delete(plans[0]), delete(plans[1])]));
    assert_eq!(statuses(&gone), ["204 No Content", "204 No Content", "204 No Content"], "{}", gone.body);
}

#[test]
fn a_patient_and_its_data_come_in_one_transaction() {
    let server = Server::start();
    let id = "11111111-1111-4111-8111-111111111111";
    let patient = json!({"resourceType": "Patient", "id": id, "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{id}")}]});
    let patient = json!({"fullUrl": format!("urn:uuid:{id}"), "resource": patient, "request": {"method": "PUT", "url": format!("Patient/{id}")}});
    let weight =
        weight(AINO, "1", "2026-05-01", &urn("1")).replace(&format!("Patient/{AINO}"), &format!("urn:uuid:{id}"));
    // Patients come first, whatever is done with them: the weight's compartment has to be there.
    let together = open(&server, &bundle("transaction", &[patient.clone(), create(&weight, None)]));
    assert_eq!(statuses(&together), ["201 Created", "201 Created"], "{}", together.body);
    let found = Answer::of(server.open_request("baseR4", "GET", &format!("Observation?patient={id}")).send().unwrap());
    assert_eq!(found.json()["total"], 1, "{}", found.body);
}

#[test]
fn transactions_race_for_one_identifier() {
    let server = Server::start();
    let condition = format!("identifier={}", urn("once"));
    let entries = [
        create(&weight(AINO, "1", "2026-05-01", &urn("once")), Some(&condition)),
        create(&weight(AINO, "2", "2026-05-02", &urn("other")), None),
    ];
    let whole = bundle("transaction", &entries);
    let firsts: Vec<String> = std::thread::scope(|scope| {
        let send = || statuses(&post(&server, "diary-aino", &whole, ""))[0].clone();
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(firsts.iter().filter(|status| *status == "201 Created").count(), 1, "{firsts:?}");
    assert_eq!(total(&server), 13);
}

#[test]
fn bundles_that_are_refused() {
    let server = Server::start();
    let check = |bundle: Value, status: u16, text: &str| {
        let refused = post(&server, "diary-aino", &bundle, "");
        assert_eq!(refused.status, status, "{}", refused.body);
        assert!(refused.diagnostics().contains(text), "{}", refused.body);
    };
    check(json!({"resourceType": "Patient"}), 400, "expected \"Bundle\" but found \"Patient\"");
    check(json!({"resourceType": "Bundle", "type": "searchset"}), 400, "Bundle.type = searchset");
    check(json!({"resourceType": "Bundle"}), 400, "Bundle.type = ");
    check(json!({}), 400, "resourceType");
    let good = weight(AINO, "1", "2026-05-01", &urn("1"));
    let twice = create(&good, Some(&format!("identifier={}", urn("1"))));
    check(bundle("transaction", &[twice.clone(), twice]), 400, "same If-None-Exist condition");
    check(bundle("transaction", &[create(&good, Some("_id=1"))]), 400, "Only identifier is supported");
    let put = json!({"resource": {"resourceType": "Observation", "id": "1"}, "request": {"method": "PUT", "url": "Observation/1"}});
    check(bundle("transaction", &[put.clone(), put]), 400, "multiple resources with ID: Observation/1");
    check(bundle("transaction", &[json!({"request": {"method": "HEAD", "url": "x"}})]), 400, "Found value: \"HEAD\"");
    let conditional = json!({"resource": {"resourceType": "Observation"}, "request": {"method": "PUT", "url": "Observation?identifier=1"}});
    check(bundle("transaction", &[conditional]), 400, "PUT operation[Observation] with parameters [[identifier]]");
    let nested = json!({"resource": {"resourceType": "Bundle"}, "request": {"method": "POST", "url": "/"}});
    let answer = post(&server, "diary-aino", &bundle("batch", &[nested]), "");
    assert_eq!(statuses(&answer), ["400 Bad Request"]);
    check(bundle("batch", &vec![json!({}); 1001]), 400, "at most 1000");
    let empty = post(&server, "diary-aino", &bundle("transaction", &[]), "");
    assert_eq!((empty.status, empty.json()["entry"].as_array()), (200, None));
    assert_eq!(total(&server), 0);

    let stu3 = server.open_request("baseStu3", "POST", "").header("Content-Type", "application/json");
    let stu3 = Answer::of(stu3.body(bundle("batch", &[]).to_string()).send().unwrap());
    assert_eq!((stu3.status, stu3.rule()), (400, "RS-BUNDLE"));
    assert!(stu3.diagnostics().starts_with("This is the base URL of FHIR server."));
    let knobs = Knobs { bundles_stu3: true, bundles_r4: false, ..Knobs::default() };
    let server = Server::with(Settings::default(), knobs);
    let stu3 = server.open_request("baseStu3", "POST", "").header("Content-Type", "application/json");
    assert_eq!(stu3.body(bundle("batch", &[]).to_string()).send().unwrap().status(), 200);
    assert_eq!(open(&server, &bundle("batch", &[])).status, 400);
    let none = server.any().post(format!("{}/phr-resourceserver/baseR4", server.authorized)).body("{}").send().unwrap();
    assert_eq!(none.status(), 400, "routing comes before authorization");
}

#[test]
fn an_entry_that_is_no_list_is_refused_whole() {
    let server = Server::start();
    for kind in ["batch", "transaction"] {
        let body = format!(
            r#"{{"resourceType":"Bundle","type":"{kind}","entry":{{"request":{{"method":"POST","url":"Observation"}}}}}}"#
        );
        let request = server.request("diary-aino", "POST", "").header("Content-Type", "application/fhir+json");
        let answer = Answer::of(request.body(body).send().unwrap());
        assert_eq!((answer.status, answer.diagnostics().as_str()), (400, "Bundle.entry must be an array of entries"));
    }
}

#[test]
fn a_read_that_fails_undoes_the_transaction() {
    let server = Server::start();
    let good = weight(AINO, "1", "2026-05-01", &urn("1"));
    let read = |url: &str| json!({"request": {"method": "GET", "url": url}});
    for (url, status, rule) in [
        ("Observation/22222222-2222-4222-8222-222222222222".to_owned(), 404, "RS-UNKNOWN"),
        ("Observation?code=1".to_owned(), 400, "RS-SEARCH-MANDATORY"),
        (format!("Observation?patient={EINO}"), 403, "RS-COMPARTMENT"),
        ("CarePlan".to_owned(), 403, "RS-SCOPE"),
        ("AllergyIntolerance".to_owned(), 404, "RS-TYPE-UNKNOWN"),
    ] {
        for entries in [[read(&url), create(&good, None)], [create(&good, None), read(&url)]] {
            let place = entries.iter().position(|entry| entry["request"]["method"] == "GET").unwrap();
            let refused = post(&server, "diary-aino", &bundle("transaction", &entries), "");
            assert_eq!((refused.status, refused.rule()), (status, rule), "{url}: {}", refused.body);
            assert!(refused.header("sandbox-reason").contains(&format!("Bundle.entry[{place}]")));
            assert_eq!(total(&server), 0, "{url}: nothing was stored");
        }
    }
    // A read sees what the writes of its own transaction leave, and its pages lead on afterwards.
    let search = read(&format!("Observation?patient={AINO}&_count=1"));
    let entries = [search, create(&good, None), create(&weight(AINO, "2", "2026-05-02", &urn("2")), None)];
    let done = post(&server, "diary-aino", &bundle("transaction", &entries), "");
    let found = &done.json()["entry"][0]["resource"];
    assert_eq!((done.status, &found["total"]), (200, &2.into()), "{}", done.body);
    let next = found["link"][1]["url"].as_str().unwrap();
    let page = Answer::of(server.any().get(next).bearer_auth("diary-aino").send().unwrap()).json();
    assert_eq!(page["entry"].as_array().unwrap().len(), 1, "{page}");
    let gone = found["entry"][0]["resource"]["id"].as_str().unwrap();
    let delete = json!({"request": {"method": "DELETE", "url": format!("Observation/{gone}")}});
    let refused =
        post(&server, "diary-aino", &bundle("transaction", &[delete, read(&format!("Observation/{gone}"))]), "");
    assert_eq!((refused.status, refused.rule()), (410, "RS-DELETED"), "{}", refused.body);
    assert_eq!(server.get("diary-aino", &format!("Observation/{gone}")).status, 200, "and it is still there");
}
