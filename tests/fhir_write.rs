//! Create, read, update, delete and history over HTTP.

mod harness;

use harness::{AINO, Answer, EINO, Server, dose, steps, urn, weight, weight_stu3};
use kanta_phr_sandbox::http::fhir::Knobs;
use kanta_phr_sandbox::records::Settings;
use proptest::prelude::*;

#[test]
fn a_create_answers_as_recorded() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "72.50", "2026-05-01", &urn("1")));
    insta::assert_snapshot!(created.wire(), @r#"
    201
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-location: http://HOST/phr-resourceserver/baseR4/Observation/ID/_history/1
    content-type: application/fhir+json;charset=UTF-8
    etag: W/"1"
    expires: 0
    location: http://HOST/phr-resourceserver/baseR4/Observation/ID/_history/1
    pragma: no-cache
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"Observation","id":"ID","meta":{"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000+03:00","profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]},"language":"fi","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">Paino</div>"},"extension":[{"url":"http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication","extension":[{"url":"name","valueString":"The \"diary\" app"},{"url":"applicationId","valueString":"1.2.246.10.diary"}]}],"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:ID"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Paino"}]},"subject":{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"},"effectiveDateTime":"2026-05-01","issued":"2026-05-01T12:00:00+03:00","performer":[{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"}],"valueQuantity":{"value":72.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}
    "#);
    let read = server.get("diary-aino", &format!("Observation/{}", created.id()));
    insta::assert_snapshot!(read.wire(), @r#"
    200
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-location: http://HOST/phr-resourceserver/baseR4/Observation/ID/_history/1
    content-type: application/fhir+json;charset=UTF-8
    etag: W/"1"
    expires: 0
    last-modified: Mon, 01 Jun 2026 09:00:00 GMT
    pragma: no-cache
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"Observation","id":"ID","meta":{"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000+03:00","profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]},"language":"fi","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">Paino</div>"},"extension":[{"url":"http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication","extension":[{"url":"name","valueString":"The \"diary\" app"},{"url":"applicationId","valueString":"1.2.246.10.diary"}]}],"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:ID"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Paino"}]},"subject":{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"},"effectiveDateTime":"2026-05-01","issued":"2026-05-01T12:00:00+03:00","performer":[{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"}],"valueQuantity":{"value":72.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}
    "#);
}

#[test]
fn stu3_answers_writes_with_the_small_outcome() {
    let server = Server::start();
    let body = weight_stu3(AINO, "72.50", "2026-05-01", &urn("1"));
    let request = server.open_request("baseStu3", "POST", "Observation").header("Prefer", "return=representation");
    let created = Answer::of(request.header("Content-Type", "application/json").body(body).send().unwrap());
    insta::assert_snapshot!(created.wire(), @r#"
    201
    cache-control: no-cache, no-store, max-age=0, must-revalidate
    content-language: en-US
    content-location: http://HOST/phr-resourceserver/baseStu3/Observation/ID/_history/1
    content-type: application/fhir+json;charset=UTF-8
    etag: W/"1"
    expires: 0
    location: http://HOST/phr-resourceserver/baseStu3/Observation/ID/_history/1
    pragma: no-cache
    x-content-type-options: nosniff
    x-frame-options: DENY
    x-request-id: REQUEST
    x-xss-protection: 1; mode=block

    {"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","diagnostics":"Successfully created resource \"Observation/ID/_history/1\" in 1ms"}]}
    "#);
    // Clinical resources are seen on the base that wrote them.
    let path = format!("Observation/{}", created.id());
    assert_eq!(server.open_request("baseStu3", "GET", &path).send().unwrap().status(), 200);
    assert_eq!(server.open_request("baseR4", "GET", &path).send().unwrap().status(), 404);
}

#[test]
fn prefer_is_honoured_on_r4() {
    let server = Server::start();
    let post = |prefer: &str| {
        let request = server.request("diary-aino", "POST", "Observation").header("Prefer", prefer);
        let request = request.header("Content-Type", "application/fhir+json; charset=UTF-8");
        Answer::of(request.body(weight(AINO, "1", "2026-05-01", &urn("p"))).send().unwrap())
    };
    assert_eq!(post("return=minimal").body, "");
    assert!(post("return=OperationOutcome").body.contains("Successfully created resource"));
    assert!(post("return=representation").body.contains("valueQuantity"));
}

#[test]
fn updates_make_versions_and_unchanged_ones_do_not() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "72.50", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    let same = server.put("diary-aino", &path, &created.body);
    assert_eq!((same.status, same.header("etag")), (200, "W/\"1\""));
    let bare =
        weight(AINO, "72.50", "2026-05-01", &urn("1")).replacen('{', &format!(r#"{{"id":"{}","#, created.id()), 1);
    assert_eq!(
        server.put("diary-aino", &path, &bare).header("etag"),
        "W/\"1\"",
        "the extension added by the server is kept"
    );
    let changed = server.put("diary-aino", &path, &created.body.replace("72.50", "72.5"));
    assert_eq!((changed.status, changed.header("etag")), (200, "W/\"2\""));
    assert!(changed.header("content-location").ends_with("/_history/2"));
    assert!(changed.body.contains(r#""value":72.5,"#));

    assert!(server.get("diary-aino", &format!("{path}/_history/1")).body.contains("72.50"));
    let unknown = server.get("diary-aino", &format!("{path}/_history/9"));
    assert_eq!(
        (unknown.status, unknown.diagnostics()),
        (404, format!("Version \"9\" is not valid for resource {path}"))
    );

    let stale = server
        .request("diary-aino", "PUT", &path)
        .header("If-Match", "W/\"1\"")
        .header("Content-Type", "application/json");
    let stale = Answer::of(stale.body(created.body.replace("72.50", "73")).send().unwrap());
    assert_eq!(stale.status, 409);
    assert_eq!(stale.diagnostics(), format!("Trying to update {path}/_history/1 but this is not the current version"));

    let cached = server.request("diary-aino", "GET", &path).header("If-None-Match", "W/\"2\"").send().unwrap();
    assert_eq!(cached.status(), 304);

    let other = server.put("diary-aino", "Observation/00000000-0000-4000-8000-000000000000", &created.body);
    assert_eq!((other.status, other.rule()), (400, "RS-UPDATE-ID"));
    let nobody = created.body.replace(&created.id(), "00000000-0000-4000-8000-000000000000");
    assert_eq!(server.put("diary-aino", "Observation/00000000-0000-4000-8000-000000000000", &nobody).status, 404);
}

#[test]
fn a_history_is_bounded_and_refuses_what_it_does_not_know() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "70", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    for value in ["71", "72"] {
        server.clock.advance(jiff::SignedDuration::from_hours(1));
        let body = created.body.replace("\"value\":70", &format!("\"value\":{value}"));
        assert_eq!(server.put("diary-aino", &path, &body).status, 200);
    }
    let history = |query: &str| {
        let answer = server.get("diary-aino", &format!("{path}/_history{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        (json["total"].as_u64().unwrap(), json["entry"].as_array().map_or(0, Vec::len), json)
    };
    let (total, entries, json) = history("?_count=1");
    assert_eq!((total, entries), (3, 1));
    assert_eq!(json["entry"][0]["resource"]["meta"]["versionId"], "3");
    assert!(json["link"][0]["url"].as_str().unwrap().ends_with("/_history?_count=1"));
    // Page by page, as they were when the first was asked for; nobody else's to follow.
    let next = |json: &serde_json::Value| {
        let links = json["link"].as_array().unwrap();
        let next = links.iter().find(|link| link["relation"] == "next");
        next.map(|link| link["url"].as_str().unwrap().to_owned())
    };
    let first = next(&json).unwrap();
    assert!(first.ends_with("&_getpagesoffset=1&_count=1&_bundletype=history"), "{first}");
    let follow = |url: &str, token: &str| Answer::of(server.any().get(url).bearer_auth(token).send().unwrap());
    let body = created.body.replace("\"value\":70", "\"value\":73");
    assert_eq!(server.put("diary-aino", &path, &body).status, 200);
    let second = follow(&first, "diary-aino").json();
    assert_eq!((&second["total"], &second["entry"][0]["resource"]["meta"]["versionId"]), (&3.into(), &"2".into()));
    let last = follow(&next(&second).unwrap(), "diary-aino").json();
    assert_eq!(last["entry"][0]["resource"]["meta"]["versionId"], "1");
    assert_eq!((last["type"].as_str(), next(&last)), (Some("history"), None));
    for (url, token) in [(&first, "diary-eino"), (&first, "other-aino")] {
        let answer = follow(url, token);
        assert_eq!((answer.status, answer.rule()), (410, "RS-PAGE"), "{token}");
    }
    let (total, entries, json) = history("?_count=0");
    assert_eq!((total, entries, next(&json)), (4, 0, None));
    let (total, entries, json) = history("?_summary=count");
    assert_eq!((total, entries, next(&json)), (4, 0, None), "{json}");
    assert_eq!(history("?_count=18446744073709551615").1, 4);
    let (total, entries, _) = history("?_since=2026-06-01T10:00:00Z");
    assert_eq!((total, entries), (3, 3));
    assert_eq!(history("?_since=2027").0, 0);
    let refused = |path: &str| {
        let answer = server.get("diary-aino", path);
        (answer.status, answer.rule().to_owned())
    };
    assert_eq!(refused(&format!("{path}/_history?wrong=1")), (400, "RS-NOT-HANDLED".to_owned()));
    for query in ["_count=x", "_count=-1", "_since=yesterday", "_summary=foo"] {
        assert_eq!(refused(&format!("{path}/_history?{query}")), (400, "RS-PARAMETER".to_owned()), "{query}");
    }
    assert_eq!(refused(&format!("{path}?_summary=foo")), (400, "RS-PARAMETER".to_owned()));
}

#[test]
fn only_the_creator_deletes_and_the_past_stays() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    let refused = server.delete("other-aino", &path);
    assert_eq!((refused.status, refused.code().as_str(), refused.rule()), (403, "502020", "RS-DELETE-CREATOR"));
    let deleted = server.delete("diary-aino", &path);
    assert_eq!(deleted.status, 200);
    assert!(deleted.diagnostics().starts_with("Successfully deleted 1 resource(s) in "));
    assert_eq!(server.delete("diary-aino", &path).status, 200);
    let gone = server.get("diary-aino", &path);
    assert_eq!(
        (gone.status, gone.diagnostics().as_str()),
        (410, "Resource was deleted at 2026-06-01T12:00:00.000+03:00")
    );
    assert!(gone.header("location").ends_with("/_history/2"));
    assert_eq!(server.get("diary-aino", &format!("{path}/_history/1")).status, 200);
    let gone = server.put("diary-aino", &path, &created.body);
    assert_eq!(gone.status, 410);
    assert!(gone.header("sandbox-reason").contains("POST it as a new one"));
    let history = server.get("diary-aino", &format!("{path}/_history")).json();
    assert_eq!((history["type"].as_str(), history["total"].as_u64()), (Some("history"), Some(2)));
    assert_eq!(history["entry"][0]["request"]["method"], "DELETE");
    assert_eq!(history["entry"][1]["resource"]["id"].as_str(), Some(created.id().as_str()));
    assert_eq!(server.get("diary-aino", &format!("Observation?patient={AINO}")).json()["total"], 0);
}

#[test]
fn one_of_many_conditional_creates_wins() {
    let server = Server::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let request = server.request("diary-aino", "POST", "Observation");
                    let request = request.header("If-None-Exist", &format!("identifier={}", urn("once")));
                    let request = request.header("Content-Type", "application/fhir+json");
                    request.body(weight(AINO, "1", "2026-05-01", &urn("once"))).send().unwrap().status().as_u16()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 15, "{statuses:?}");
    assert_eq!(server.get("diary-aino", &format!("Observation?patient={AINO}")).json()["total"], 1);

    let again = |condition: &str, patient| {
        let token = if patient == AINO { "diary-aino" } else { "diary-eino" };
        let request = server.request(token, "POST", "Observation").header("If-None-Exist", condition);
        let request = request.header("Content-Type", "application/fhir+json");
        Answer::of(request.body(weight(patient, "1", "2026-05-01", &urn("once"))).send().unwrap())
    };
    let found = again(&format!("identifier=urn:ietf:rfc:3986|{}", urn("once")), AINO);
    assert_eq!((found.status, found.header("etag")), (200, "W/\"1\""));
    assert!(found.header("location").ends_with("/_history/1"));
    assert_eq!(again(&format!("identifier=urn:other|{}", urn("once")), AINO).status, 201);
    assert_eq!(again(&format!("identifier={}", urn("once")), AINO).status, 412);
    assert_eq!(again(&format!("identifier={}", urn("once")), EINO).status, 201, "the compartment is the caller's own");
    for condition in ["?identifier=1", "identifier=1&patient=2", "Observation?identifier=1"] {
        let refused = again(condition, AINO);
        assert_eq!((refused.status, refused.code().as_str()), (400, "502420"), "{condition}");
    }
}

#[test]
fn bodies_that_are_refused() {
    let server = Server::start();
    let good = weight(AINO, "1", "2026-05-01", &urn("1"));
    let check = |body: String, status: u16, rule: &str, text: &str| {
        let answer = server.post("diary-aino", "Observation", &body);
        assert_eq!((answer.status, answer.rule()), (status, rule), "{}", answer.body);
        assert!(answer.diagnostics().contains(text), "{}", answer.body);
        answer
    };
    let bad = check(good.replace("\"final\"", "\"amended\""), 422, "Observation.status#fixed", "must be 'final'");
    insta::assert_snapshot!(bad.body, @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"Value is 'amended' but must be 'final'","location":["Observation.status","Line 1, Col 363"]}]}"#);
    check(
        good.replace("fiphr-sd-bodyweight", "fiphr-bodyweight-stu3"),
        422,
        "Observation.meta.profile#profile",
        "Reference to a wrong FHIR-version, url: http://phr.kanta.fi",
    );
    let profile = "Observation.meta.profile#profile";
    check(good.replace("fiphr-sd-bodyweight", "fiphr-sd-vitalsigns"), 422, profile, "base profile");
    let unknown = good.replace("fiphr-sd-bodyweight", "nothing");
    let unknown = check(unknown, 422, profile, "Unexpected failure while validating resource");
    insta::assert_snapshot!(unknown.body, @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"http://phr.kanta.fi/fiphr-cs-errorcodes","code":"500620"}],"text":"No profile found"},"diagnostics":"Unexpected failure while validating resource"}]}"#);
    assert!(unknown.header("sandbox-reason").contains("StructureDefinition/nothing"));
    let missing =
        good.replacen(r#""meta":{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]},"#, "", 1);
    let missing = check(missing, 422, profile, "Missing profile").json();
    assert_eq!(missing["issue"][0]["location"], serde_json::json!(["Observation.meta.profile"]));
    // All that is wrong is said at once, about profiles and about the content.
    let foreign =
        good.replace("\"profile\":[", "\"profile\":[\"http://x.test/p\",").replace("\"final\"", "\"amended\"");
    let both = check(foreign, 422, profile, "http://x.test/p").json();
    let errors = both["issue"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error");
    assert_eq!(errors.count(), 2, "{both}");
    check(
        good.replacen(&format!("Patient/{AINO}"), &format!("urn:uuid:{AINO}"), 1),
        500,
        "RS-REFERENCE-URN",
        "Failed to call access method",
    );
    check(
        good.replace(&format!("Patient/{AINO}"), &AINO.to_string()),
        400,
        "RS-REFERENCE-TYPE",
        "Resourcetype is invalid!",
    );
    let member = r#""hasMember":[{"reference":"Observation/1"}],"issued""#;
    check(
        steps(AINO, "2026-05-01", "2026-05-02").replace("\"issued\"", member),
        400,
        "RS-REFERENCE",
        "Resource Observation/1 not found, specified in path: Observation.hasMember",
    );
    check(
        good.replace(&AINO.to_string(), &EINO.to_string()),
        403,
        "RS-COMPARTMENT",
        "Token is not sufficient for this operation",
    );
    let subject = format!(r#""subject":{{"reference":"Patient/{AINO}""#);
    let other_type = good.replace(&subject, r#""subject":{"reference":"Practitioner/1""#);
    check(other_type, 422, "Observation.subject#reference", "must be one of [Patient]");
    let version = good.replace(&subject, &subject.replace(&AINO.to_string(), &format!("{AINO}/_history/1")));
    check(version, 400, "RS-REFERENCE-VERSION", "/_history/1 not found, specified in path: Observation.subject");
    let performer = format!(r#""performer":[{{"reference":"Patient/{AINO}"#);
    let space = good.replace(&performer, &format!("{performer} "));
    check(space, 422, "Observation.performer#reference", "contains white space");
    check(good.replace("Paino<", &format!("{}<", real_code())), 422, "RS-REAL-PERSON", "900-999");
    check(dose(AINO, "ins-short-fast", "2026-05-01"), 400, "RS-BODY-TYPE", "Incorrect resource type found");
    check("{".into(), 400, "RS-JSON", "Failed to parse request body as JSON resource. Error was: ");
    check("{}".into(), 400, "RS-BODY-TYPE", "Missing required element 'resourceType'");
    let empty = check(String::new(), 403, "RS-EMPTY-BODY", "Token is invalid");
    assert_eq!(empty.code(), "502120");
    let xml = server.request("diary-aino", "POST", "Observation").header("Content-Type", "application/fhir+xml");
    let xml = Answer::of(xml.body("<Observation/>").send().unwrap());
    assert_eq!(
        xml.diagnostics(),
        "Incorrect Content-Type header value of \"application/fhir+xml\" was provided in the request. A FHIR Content-Type is required for \"CREATE\" operation"
    );
    let brotli = server.request("diary-aino", "POST", "Observation").header("Content-Encoding", "br");
    let brotli = Answer::of(brotli.header("Content-Type", "application/json").body("x").send().unwrap());
    assert_eq!((brotli.status, brotli.rule()), (415, "RS-CONTENT-ENCODING"));
    assert_eq!(brotli.diagnostics(), "Content-Encoding \"br\" is not supported for request bodies");
    let large = server.post("diary-aino", "Observation", &" ".repeat((10 << 20) + 1));
    assert_eq!((large.status, large.rule()), (413, "RS-BODY-LIMIT"));
}

/// A code with a right check character that could be someone's.
fn real_code() -> String {
    format!("010594Y899{}", char::from(b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(10_594_899 % 31) as usize]))
}

#[test]
fn patients_are_lenient_on_the_open_endpoint_alone() {
    let server = Server::start();
    let put = |id: &str, body: &str| {
        let request = server.open_request("baseStu3", "PUT", &format!("Patient/{id}"));
        Answer::of(request.header("Content-Type", "application/json").body(body.to_owned()).send().unwrap())
    };
    let id = "11111111-1111-4111-8111-111111111111";
    assert_eq!(
        put(id, &format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Test"}}]}}"#)).status,
        201
    );
    let observe = || {
        let request = server.open_request("baseR4", "POST", "Observation").header("Content-Type", "application/json");
        let body = weight(AINO, "1", "2026-05-01", &urn("1")).replace(&AINO.to_string(), id);
        Answer::of(request.body(body).send().unwrap())
    };
    let refused = observe();
    assert_eq!((refused.status, refused.code().as_str()), (422, "501440"));
    let whole = format!(
        r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{id}"}}]}}"#
    );
    assert_eq!(put(id, &whole).status, 200);
    assert_eq!(observe().status, 201);
    assert_eq!(put("x", r#"{"resourceType":"Patient","id":"x"}"#).status, 400);
    let own = server.put("diary-aino", &format!("Patient/{AINO}"), &whole);
    assert_eq!(own.status, 403);
    assert!(own.header("sandbox-reason").contains("applications cannot write Patient"));
    let unknown = server.open_request("baseR4", "POST", "Observation").header("Content-Type", "application/json");
    let unknown = Answer::of(
        unknown.body(weight(AINO, "1", "2026-05-01", &urn("x")).replace("0000a100", "0000a101")).send().unwrap(),
    );
    assert_eq!(unknown.status, 400);
    assert!(unknown.diagnostics().ends_with("not found, specified in path: Observation.subject"));
    // A Patient is the same on both bases, each with its own profile.
    let profile =
        |base: &str| server.open_request(base, "GET", &format!("Patient/{AINO}")).send().unwrap().text().unwrap();
    assert!(profile("baseStu3").contains("fiphr-patient-stu3") && profile("baseR4").contains("fiphr-sd-patient"));
}

#[test]
fn knobs_change_what_they_say() {
    let settings = Settings {
        if_match_status: 412,
        add_creating_application: false,
        foreign_profiles: true,
        hide_foreign_ids: true,
        ..Settings::default()
    };
    let server = Server::with(settings, Knobs { prefer_r4: false, ..Knobs::default() });
    let body = weight(AINO, "1", "2026-05-01", &urn("1")).replace("\"profile\":[", "\"profile\":[\"http://x.test/p\",");
    let created = server.post("diary-aino", "Observation", &body);
    assert!(created.body.contains("Successfully created resource"), "{}", created.body);
    let path = format!("Observation/{}", created.id());
    assert!(!server.get("diary-aino", &path).body.contains("creatingapplication"));
    let stale = server.request("diary-aino", "DELETE", &path).header("If-Match", "W/\"7\"").send().unwrap();
    assert_eq!(stale.status(), 412);
    // Another citizen's resource cannot be told from none.
    let nothing = path.replace(|character: char| character.is_ascii_digit(), "0");
    for method in ["GET", "DELETE"] {
        let foreign = Answer::of(server.request("diary-eino", method, &path).send().unwrap());
        let unknown = Answer::of(server.request("diary-eino", method, &nothing).send().unwrap());
        assert_eq!((foreign.status, foreign.rule()), (404, unknown.rule()));
        assert_eq!(foreign.body.replace(&path, ""), unknown.body.replace(&nothing, ""));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_body_breaks_the_server(body in prop_oneof![".{0,200}", mangled()]) {
        use std::sync::OnceLock;
        static SERVER: OnceLock<Server> = OnceLock::new();
        let server = SERVER.get_or_init(Server::start);
        let answer = server.post("diary-aino", "Observation", &body);
        prop_assert!(matches!(answer.status, 201 | 400 | 403 | 422 | 500), "{} {}", answer.status, answer.body);
        let fine = answer.status != 500 || answer.body.contains("Failed to call access method");
        prop_assert!(fine, "{}", answer.body);
    }
}

/// A valid body with a stretch replaced by anything.
fn mangled() -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0_usize..40, "[\\PC]{0,12}").prop_map(|(at, length, middle)| {
        let body = weight(AINO, "72.50", "2026-05-01", &urn("1"));
        let start = at.index(body.len());
        let end = (start + length).min(body.len());
        format!("{}{middle}{}", &body[..start], &body[end..])
    })
}

#[test]
fn a_resource_handed_to_another_patient_leaves_its_past_behind() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    let moved = weight(EINO, "1", "2026-05-01", &urn("1"));
    let moved = moved.replacen('{', &format!("{{\"id\":\"{}\",", created.id()), 1);
    let put = server.open_request("baseR4", "PUT", &path).header("Content-Type", "application/fhir+json");
    assert_eq!(put.body(moved).send().unwrap().status(), 200);
    assert_eq!(server.get("diary-eino", &format!("{path}/_history/2")).status, 200);
    let past = server.get("diary-eino", &format!("{path}/_history/1"));
    assert_eq!((past.status, past.code().as_str()), (403, "502020"));
    assert!(!server.get("diary-eino", &format!("{path}/_history")).body.contains(&AINO.to_string()));
}

#[test]
fn of_many_updates_of_one_version_one_wins_and_none_is_lost() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &weight(AINO, "70", "2026-05-01", &urn("1")));
    let path = format!("Observation/{}", created.id());
    let race = |if_match: Option<&str>, offset: u32| {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let put = |value: u32| {
                let body = created.body.replace("\"value\":70", &format!("\"value\":{value}"));
                let request =
                    server.request("diary-aino", "PUT", &path).header("Content-Type", "application/fhir+json");
                let request = if_match.into_iter().fold(request, |request, tag| request.header("If-Match", tag));
                request.body(body).send().unwrap().status().as_u16()
            };
            let threads: Vec<_> = (offset..offset + 30).map(|value| scope.spawn(move || put(value))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        statuses
    };
    let statuses = race(Some("W/\"1\""), 100);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    assert!(race(None, 200).iter().all(|status| *status == 200));
    let history = server.get("diary-aino", &format!("{path}/_history?_count=100")).json();
    let versions: Vec<&str> = history["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["meta"]["versionId"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (1..=32).rev().map(|version| version.to_string()).collect();
    assert_eq!(versions, expected, "every update is a version of its own");
}

/// The engine judges neither blank values nor booleans in a list, so such a resource is stored; everything that reads it later
/// has to live with it.
#[test]
fn what_the_engine_does_not_judge_is_stored_and_harms_nobody() {
    let server = Server::start();
    let good = weight(AINO, "1", "2026-05-01", &urn("1"));
    let odd = good.replace("\"2026-05-01\"", "\" \"").replace("\"performer\":[", "\"performer\":[true,");
    let odd = odd.replace("\"category\":[", "\"category\":[false,").replace("\"final\"", "\" \"");
    let stored = server.post("diary-aino", "Observation", &odd);
    assert_eq!(stored.status, 201, "{}", stored.body);
    let found = |query: &str| {
        let answer = server.get("diary-aino", &format!("Observation?patient={AINO}&{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.body.contains(&stored.id())
    };
    assert!(found("code=http://loinc.org|29463-7"));
    assert!(found("code=http://loinc.org|29463-7&_sort=-date"));
    assert!(!found("code=http://loinc.org|29463-7&date=ge1900-01-01"));
    let again = odd.replacen('{', &format!("{{\"id\":\"{}\",", stored.id()), 1).replace("\"value\":1", "\"value\":2");
    assert_eq!(server.put("diary-aino", &format!("Observation/{}", stored.id()), &again).status, 200);
    assert_eq!(server.get("diary-aino", &format!("Observation/{}/_history", stored.id())).status, 200);
}

#[test]
fn an_open_patient_may_name_no_profile_but_must_be_one() {
    let server = Server::start();
    let id = "0000a100-0000-4000-8000-0000000000aa";
    let put = |base: &str, more: &str| {
        let body = format!(r#"{{"resourceType":"Patient","id":"{id}"{more}}}"#);
        let request = server.open_request(base, "PUT", &format!("Patient/{id}"));
        Answer::of(request.header("Content-Type", "application/fhir+json").body(body).send().unwrap())
    };
    let named = r#","meta":{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient"]}"#;
    for base in ["baseR4", "baseStu3"] {
        for (wrong, place) in [
            (r#","name":7"#, "name"),
            (r#","name":"Aino""#, "name"),
            (r#","birthDate":"nope""#, "birthDate"),
            (r#","identifier":"zzz""#, "identifier"),
            (r#","active":"true""#, "active"),
            (r#","foo":{"a":[1]}"#, "foo"),
            (r#","gender":"x""#, "gender"),
            (r#","name":[{"family":""}]"#, "family"),
        ] {
            for meta in ["", named] {
                let answer = put(base, &format!("{meta}{wrong}"));
                assert_eq!(answer.status, 422, "{base} {wrong}: {}", answer.body);
                assert!(answer.body.contains(place), "{base} {wrong}: {}", answer.body);
            }
        }
        let read = Answer::of(server.open_request(base, "GET", &format!("Patient/{id}")).send().unwrap());
        assert_eq!(read.status, 404, "nothing of all that was stored");
    }
    // Recorded: neither profile nor identifier, language nor text (resource-server.md §4).
    for (fine, status) in [
        (r#","name":[{"family":"Aino"}]"#, 201),
        (named, 200),
        (r#","identifier":[{"value":"1"}],"gender":"female","birthDate":"1990-05""#, 200),
        (r#","meta":{"profile":["http://example.test/StructureDefinition/own"]}"#, 200),
    ] {
        let answer = put("baseR4", fine);
        assert_eq!(answer.status, status, "{fine}: {}", answer.body);
    }
    let answer = put("baseStu3", r#","name":[{"family":"Eino"}]"#);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("Missing profile") && answer.body.contains("warning"), "{}", answer.body);
    let strict = Settings { patient_open_strict: true, ..Settings::default() };
    let server = Server::with(strict, Knobs::default());
    let body = format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Aino"}}]}}"#);
    let request = server.open_request("baseR4", "PUT", &format!("Patient/{id}"));
    let answer = Answer::of(request.header("Content-Type", "application/fhir+json").body(body).send().unwrap());
    assert_eq!(answer.status, 422, "{}", answer.body);
}
