//! Every type and interaction of both bases, on both endpoints (resource-server.md §2), over HTTP.

mod harness;

use harness::{AINO, Answer, EINO, GRANTED, Server, body_of, urn};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::outcome::ErrorCode;
use kanta_phr_sandbox::http::fhir::Knobs;
use kanta_phr_sandbox::json::Document;
use kanta_phr_sandbox::records::{Access, ResourceType, Settings};

/// Type, whether STU3 and R4 have it, whether it can be deleted.
const TYPES: [(&str, bool, bool, bool); 11] = [
    ("CarePlan", true, true, true),
    ("Observation", true, true, true),
    ("Patient", true, true, false),
    ("MedicationStatement", true, false, true),
    ("MedicationAdministration", true, true, true),
    ("Questionnaire", true, true, true),
    ("QuestionnaireResponse", true, true, true),
    ("ValueSet", true, true, false),
    ("StructureDefinition", true, true, false),
    ("CodeSystem", true, true, false),
    ("Consent", true, false, false),
];

/// The rows of the table for each base.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    TYPES.into_iter().flat_map(|(name, stu3, r4, deletes)| {
        [("baseStu3", stu3), ("baseR4", r4)]
            .into_iter()
            .filter(|(_, has)| *has)
            .map(move |(base, _)| (name, base, deletes))
    })
}

struct Base<'s> {
    server: &'s Server,
    base: &'static str,
    /// Nothing on the open endpoint.
    token: Option<&'static str>,
}

impl Base<'_> {
    fn send(&self, method: &str, path: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let request = match self.token {
            None => self.server.open_request(self.base, method, path),
            Some(token) => {
                let url = format!("{}/phr-resourceserver/{}/{path}", self.server.authorized, self.base);
                self.server.any().request(method.parse().unwrap(), url).bearer_auth(token)
            }
        };
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(body) => request.header("Content-Type", "application/fhir+json").body(body.to_owned()),
            None => request,
        };
        Answer::of(request.send().unwrap())
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[])
    }
}

/// A search that finds what was stored.
fn search_of(name: &str) -> String {
    match name {
        "Patient" => "_id=ID".to_owned(),
        "Questionnaire" | "ValueSet" | "StructureDefinition" | "CodeSystem" => "_id=ID".to_owned(),
        _ => format!("patient={AINO}&_id=ID"),
    }
}

#[test]
fn every_type_on_the_open_endpoint() {
    for (name, base, deletes) in rows() {
        let server = Server::start();
        let base = Base { server: &server, base, token: None };
        let place = format!("{name} on {}", base.base);
        let body = body_of(name, base.base, AINO, "one");
        let created = base.send("POST", name, Some(&body), &[]);
        assert_eq!(created.status, 201, "{place}: {}", created.body);
        let (id, path) = (created.id(), format!("{name}/{}", created.id()));

        let read = base.get(&path);
        assert_eq!((read.status, read.header("etag")), (200, "W/\"1\""), "{place}");
        assert_eq!(read.json()["meta"]["versionId"], "1");
        assert_eq!(base.get(&format!("{path}/_history/1")).status, 200, "{place}");
        assert_eq!(base.get(&format!("{path}/_history/2")).status, 404, "{place}");

        let changed = read.body.replace("\"language\":\"fi\"", "\"language\":\"sv\"");
        let changed = match changed == read.body {
            true => read.body.replacen("\"identifier\"", "\"language\":\"sv\",\"identifier\"", 1),
            false => changed.replace("lang=\\\"fi\\\"", "lang=\\\"sv\\\""),
        };
        let updated = base.send("PUT", &path, Some(&changed), &[("If-Match", "W/\"1\"")]);
        assert_eq!((updated.status, updated.header("etag")), (200, "W/\"2\""), "{place}: {}", updated.body);
        let stale = base.send("PUT", &path, Some(&changed), &[("If-Match", "W/\"1\"")]);
        assert_eq!(stale.status, 409, "{place}");
        let elsewhere = format!("{name}/22222222-2222-4222-8222-222222222222");
        let nobody = base.send(
            "PUT",
            &elsewhere,
            Some(&changed.replace(&id, &elsewhere[name.len() + 1..]).replace(&urn("one"), &urn("two"))),
            &[],
        );
        assert_eq!(nobody.status, if name == "Patient" { 201 } else { 404 }, "{place}: {}", nobody.body);

        let history = base.get(&format!("{path}/_history")).json();
        assert_eq!(history["total"], 2, "{place}");

        let found = base.get(&format!("{name}?{}", search_of(name).replace("ID", &id)));
        assert_eq!((found.status, found.json()["total"].as_u64()), (200, Some(1)), "{place}: {}", found.body);
        assert_eq!(found.json()["entry"][0]["resource"]["language"], "sv");

        let condition = [("If-None-Exist", &*format!("identifier={}", urn("one")))];
        let matched = base.send("POST", name, Some(&body), &condition);
        assert_eq!((matched.status, matched.id()), (200, id.clone()), "{place}: {}", matched.body);
        let other = [("If-None-Exist", "url=http://x.test")];
        let refused = base.send("POST", name, Some(&body), &other);
        assert_eq!((refused.status, refused.code().as_str()), (400, "502420"), "{place}");

        let deleted = base.send("DELETE", &path, None, &[]);
        if deletes {
            assert_eq!(deleted.status, 200, "{place}: {}", deleted.body);
            assert_eq!(base.get(&path).status, 410, "{place}");
            assert_eq!(base.get(&format!("{path}/_history/1")).status, 200, "{place}");
            let found = base.get(&format!("{name}?{}", search_of(name).replace("ID", &id)));
            assert_eq!(found.json()["total"], 0, "{place}");
        } else {
            assert_eq!(deleted.status, 400, "{place}");
            assert!(deleted.diagnostics().contains(&format!("DELETE operation[{path}] with parameters [[]]")));
        }
        for (method, path) in [
            ("PATCH", path.clone()),
            ("GET", format!("{name}/_history")),
            ("PUT", name.to_owned()),
            ("DELETE", name.to_owned()),
            ("PUT", format!("{name}?identifier=1")),
            ("DELETE", format!("{name}?identifier=1")),
            ("POST", format!("{name}/$validate")),
            ("GET", format!("{path}/$everything")),
        ] {
            let refused = base.send(method, &path, (method == "PUT").then_some("{}"), &[]);
            assert_eq!(refused.status, 400, "{method} {path}: {}", refused.body);
            assert!(refused.diagnostics().contains("does not know how to handle"), "{}", refused.body);
        }
        assert_eq!(base.get(&format!("{elsewhere}1")).status, 404, "{place}");
    }
}

#[test]
fn every_type_with_a_token() {
    for (name, base, deletes) in rows() {
        let server = Server::start();
        let base = Base { server: &server, base, token: Some("diary-aino-all") };
        let place = format!("{name} on {}", base.base);
        let body = body_of(name, base.base, AINO, "one");
        let created = base.send("POST", name, Some(&body), &[]);
        if !GRANTED.contains(&name) {
            assert_eq!((created.status, created.code().as_str()), (403, "502020"), "{place}: {}", created.body);
            let open = Base { token: None, ..base };
            let created = open.send("POST", name, Some(&body), &[]);
            let path = format!("{name}/{}", created.id());
            let base = Base { token: Some("diary-aino-all"), ..open };
            for answer in [
                base.get(&path),
                base.get(&format!("{path}/_history")),
                base.get(&format!("{name}?{}", search_of(name).replace("ID", &created.id()))),
                base.send("PUT", &path, Some(&body.replacen('{', &format!(r#"{{"id":"{}","#, created.id()), 1)), &[]),
            ] {
                assert_eq!((answer.status, answer.code().as_str()), (403, "502020"), "{place}: {}", answer.body);
            }
            continue;
        }
        assert_eq!(created.status, 201, "{place}: {}", created.body);
        let path = format!("{name}/{}", created.id());
        let read = base.get(&path);
        assert_eq!(read.status, 200, "{place}");
        assert_eq!(
            read.json()["extension"][0]["extension"][1]["valueString"],
            "1.2.246.10.diary",
            "{place}: the application is added"
        );
        // What is a patient's is that patient's alone, a Questionnaire is everybody's.
        let other = Base { token: Some("diary-eino-all"), ..base };
        let expected = if name == "Questionnaire" { 200 } else { 403 };
        assert_eq!(other.get(&path).status, expected, "{place}");
        let refused = other.send("DELETE", &path, None, &[]);
        if name != "Questionnaire" {
            assert_eq!(refused.status, 403, "{place}");
        }
        let base = Base { token: Some("other-aino-all"), ..other };
        if name != "Questionnaire" {
            let refused = base.send("DELETE", &path, None, &[]);
            assert_eq!((refused.status, refused.rule()), (403, "RS-DELETE-CREATOR"), "{place}");
        }
        let base = Base { token: Some("diary-aino-all"), ..base };
        assert!(deletes);
        assert_eq!(base.send("DELETE", &path, None, &[]).status, 200, "{place}");
    }
}

#[test]
fn what_only_kela_stores_outside_the_sandbox() {
    let settings = Settings { is_sandbox: false, ..Settings::default() };
    let server = Server::with(settings, Knobs { bundles_r4: false, ..Knobs::default() });
    let base = Base { server: &server, base: "baseR4", token: Some("diary-aino-all") };
    let refused = base.send("POST", "Questionnaire", Some(&body_of("Questionnaire", "baseR4", AINO, "q")), &[]);
    assert_eq!((refused.status, refused.rule()), (403, "RS-SCOPE"));
    assert!(refused.header("sandbox-reason").contains("Kela alone"));
    let bundle = r#"{"resourceType":"Bundle","type":"batch"}"#;
    let refused = base.send("POST", "", Some(bundle), &[]);
    assert_eq!((refused.status, refused.rule()), (400, "RS-BUNDLE"));
    assert!(!base.get("metadata").body.contains("transaction"));
}

#[test]
fn operation_definitions_are_read_and_there_are_none() {
    let server = Server::start();
    let base = Base { server: &server, base: "baseStu3", token: None };
    let read = base.get("OperationDefinition/1");
    assert_eq!((read.status, read.diagnostics().as_str()), (404, "Resource OperationDefinition/1 is not known"));
    for (method, path) in [("GET", "OperationDefinition"), ("POST", "OperationDefinition")] {
        assert_eq!(base.send(method, path, None, &[]).status, 400, "{method} {path}");
    }
}

#[test]
fn questionnaire_responses_and_care_plans_stay_in_their_compartment() {
    let server = Server::start();
    for name in ["QuestionnaireResponse", "CarePlan"] {
        for element in ["author", "source"] {
            let base = Base { server: &server, base: "baseR4", token: Some("diary-aino-all") };
            let mut body: serde_json::Value =
                serde_json::from_str(&body_of(name, "baseR4", AINO, "compartment")).unwrap();
            if name == "CarePlan" && element == "source" {
                continue;
            }
            body[element] = serde_json::json!({"reference": format!("Patient/{EINO}")});
            let refused = base.send("POST", name, Some(&body.to_string()), &[]);
            assert_eq!((refused.status, refused.rule()), (403, "RS-COMPARTMENT"), "{name}.{element}");
        }
    }
}

#[test]
fn one_url_is_defined_once_and_the_national_ones_stay() {
    let server = Server::start();
    for base in ["baseStu3", "baseR4"] {
        let base = Base { server: &server, base, token: None };
        for name in ["StructureDefinition", "ValueSet", "CodeSystem"] {
            let body = body_of(name, base.base, AINO, "mine");
            let with_id = body.replacen('{', r#"{"id":"my-own-id","#, 1);
            let created = base.send("POST", name, Some(&with_id), &[]);
            assert_eq!(created.status, 201, "{}", created.body);
            assert_ne!(created.id(), "my-own-id", "ids are the server's");
            let again = base.send("POST", name, Some(&body), &[]);
            assert_eq!((again.status, again.rule()), (422, "RS-URL-TAKEN"), "{}", again.body);
            assert!(
                again.diagnostics().ends_with(&format!("already have one with resource ID: {name}/{}", created.id()))
            );
            let url = again.diagnostics().split('"').nth(1).unwrap().to_owned();
            let found = base.get(&format!("{name}?url={url}"));
            assert_eq!(found.json()["total"], 1, "{}", found.body);
            assert_eq!(base.get(&format!("{name}?url={url}2")).json()["total"], 0);
            let all = base.get(name).json();
            assert_eq!(all["entry"][0]["resource"]["url"], url, "one's own come before the national ones");
            assert!(all["total"].as_u64() > Some(5), "{all}");
        }
        for (name, url) in [
            ("StructureDefinition", "http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3"),
            ("StructureDefinition", "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"),
            ("CodeSystem", "http://phr.kanta.fi/fiphr-cs-fitnesscategory"),
            ("ValueSet", "http://phr.kanta.fi/ValueSet/fitness-category"),
        ] {
            if url.ends_with("-stu3") == (base.base == "baseR4") && name == "StructureDefinition" {
                continue;
            }
            let mut body: serde_json::Value = serde_json::from_str(&body_of(name, base.base, AINO, "x")).unwrap();
            body["url"] = url.into();
            let refused = base.send("POST", name, Some(&body.to_string()), &[]);
            assert_eq!((refused.status, refused.rule()), (422, "RS-URL-NATIONAL"), "{url}: {}", refused.body);
        }
    }
}

#[test]
fn a_draft_profile_is_used_beside_the_national_ones() {
    let server = Server::start();
    for (base, national) in [("baseStu3", "fiphr-bodyweight-stu3"), ("baseR4", "fiphr-sd-bodyweight")] {
        let base = Base { server: &server, base, token: None };
        let draft = format!("{national}-modified20190128");
        let quoted = |profile: &str| format!("/{profile}\"");
        let weight = body_of("Observation", base.base, AINO, "w");
        let drafted = weight.replace(&quoted(national), &quoted(&draft));
        let refused = base.send("POST", "Observation", Some(&drafted), &[]);
        assert_eq!((refused.status, refused.code().as_str()), (422, "500620"), "{}", refused.body);

        let mut profile: serde_json::Value =
            serde_json::from_str(&body_of("StructureDefinition", base.base, AINO, &draft)).unwrap();
        profile["baseDefinition"] = "http://hl7.org/fhir/StructureDefinition/Observation".into();
        profile["differential"]["element"] = serde_json::json!([
            {"id": "Observation", "path": "Observation"},
            {"id": "Observation.issued", "path": "Observation.issued", "max": "0"},
        ]);
        let stored = base.send("POST", "StructureDefinition", Some(&profile.to_string()), &[]);
        assert_eq!(stored.status, 201, "{}", stored.body);
        let refused = base.send("POST", "Observation", Some(&drafted), &[]);
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.contains("Observation.issued"), "{}", refused.body);
        let without = drafted.replacen("\"issued\":", "\"_issued\":{},\"x\":", 1);
        let mut without: serde_json::Value = serde_json::from_str(&without).unwrap();
        without.as_object_mut().unwrap().retain(|key, _| key != "x" && key != "_issued");
        let stored = base.send("POST", "Observation", Some(&without.to_string()), &[]);
        assert_eq!(stored.status, 201, "{}", stored.body);
        assert_eq!(base.send("POST", "Observation", Some(&weight), &[]).status, 201, "the national one is as it was");

        // The other base knows nothing of it, and a newer version of the draft counts from its PUT on.
        profile["differential"]["element"][1]["path"] = "Observation.performer".into();
        let path = format!(
            "StructureDefinition/{}",
            base.get("StructureDefinition").json()["entry"][0]["resource"]["id"].as_str().unwrap()
        );
        profile["id"] = path.split('/').next_back().unwrap().into();
        assert_eq!(base.send("PUT", &path, Some(&profile.to_string()), &[]).status, 200);
        let refused = base.send("POST", "Observation", Some(&drafted), &[]);
        assert!(refused.body.contains("Observation.performer"), "{}", refused.body);
    }
    // In environment sandbox the authorized endpoint takes what conforms to a draft, elsewhere it does not.
    let draft = body_of("Observation", "baseR4", AINO, "w")
        .replace("/fiphr-sd-bodyweight\"", "/fiphr-sd-bodyweight-modified20190128\"");
    let sandbox = Base { server: &server, base: "baseR4", token: Some("diary-aino-all") };
    let judged = sandbox.send("POST", "Observation", Some(&draft), &[]);
    assert!(judged.body.contains("Observation.performer"), "{}", judged.body);
    let records = server.records.with_settings(Settings { is_sandbox: false, ..Settings::default() });
    let access = Access::Citizen { patient: AINO };
    let document = Document::parse(draft).unwrap();
    let refused = records.create(&access, Version::R4, ResourceType::Observation, &document, None).unwrap_err();
    assert_eq!(refused.issues()[0].error, Some(ErrorCode::NoProfileFound));
}

#[test]
fn what_something_refers_to_is_not_deleted() {
    let server = Server::start();
    let base = Base { server: &server, base: "baseR4", token: None };
    let response = body_of("QuestionnaireResponse", "baseR4", AINO, "o");
    let response = base.send("POST", "QuestionnaireResponse", Some(&response), &[]);
    let target = format!("QuestionnaireResponse/{}", response.id());
    let mut plan: serde_json::Value = serde_json::from_str(&body_of("CarePlan", "baseR4", AINO, "p")).unwrap();
    plan["supportingInfo"] = serde_json::json!([{"reference": target}]);
    let stored = base.send("POST", "CarePlan", Some(&plan.to_string()), &[]);
    assert_eq!(stored.status, 201, "{}", stored.body);
    let path = format!("CarePlan/{}", stored.id());
    let found = base.get(&format!("CarePlan?patient={AINO}&supporting-info={target}"));
    assert_eq!(found.json()["total"], 1, "{}", found.body);
    let refused = base.send("DELETE", &target, None, &[]);
    assert_eq!((refused.status, refused.rule()), (409, "RS-DELETE-REFERRED"), "{}", refused.body);
    assert_eq!(
        refused.diagnostics(),
        format!(
            "Unable to delete {target} because at least one resource has a reference to this resource. First reference found was resource {path} in path CarePlan.supportingInfo"
        )
    );
    // Once the reference is taken out, nothing holds it any more; a resource may refer to it anew and go.
    let mut without = stored.json();
    without.as_object_mut().unwrap().remove("supportingInfo");
    assert_eq!(base.send("PUT", &path, Some(&without.to_string()), &[]).status, 200);
    assert_eq!(base.send("PUT", &path, Some(&stored.body), &[]).status, 200);
    assert_eq!(base.send("DELETE", &target, None, &[]).status, 409);
    assert_eq!(base.send("DELETE", &path, None, &[]).status, 200);
    assert_eq!(base.send("DELETE", &target, None, &[]).status, 200);
    // An update of a plan does not look for what it is based on; a create does.
    let other = body_of("CarePlan", "baseR4", AINO, "other");
    let other = base.send("POST", "CarePlan", Some(&other), &[]);
    let mut unchecked = other.json();
    unchecked["supportingInfo"] = serde_json::json!([{"reference": target}]);
    let path = format!("CarePlan/{}", other.id());
    assert_eq!(base.send("PUT", &path, Some(&unchecked.to_string()), &[]).status, 200);
    plan["supportingInfo"] =
        serde_json::json!([{"reference": "QuestionnaireResponse/22222222-2222-4222-8222-222222222222"}]);
    let dangling = base.send("POST", "CarePlan", Some(&plan.to_string()), &[]);
    assert_eq!((dangling.status, dangling.rule()), (400, "RS-REFERENCE"));
}

#[test]
fn a_hundred_conditional_creates_leave_one_resource() {
    let server = Server::start();
    let body = body_of("Observation", "baseR4", AINO, "hundred");
    let condition = format!("identifier={}", urn("hundred"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = || {
            let base = Base { server: &server, base: "baseR4", token: Some("diary-aino") };
            base.send("POST", "Observation", Some(&body), &[("If-None-Exist", &condition)]).status
        };
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 99, "{statuses:?}");
    assert_eq!(server.get("diary-aino", &format!("Observation?patient={AINO}")).json()["total"], 1);
}

#[test]
fn a_read_with_includes_is_a_plain_read() {
    let server = Server::start();
    let created = server.post("diary-aino", "Observation", &body_of("Observation", "baseR4", AINO, "i"));
    let read = server.get("diary-aino", &format!("Observation/{}?_include=Observation:has-member", created.id()));
    assert_eq!((read.status, read.body.as_str()), (200, created.body.as_str()));
}

#[test]
fn a_draft_that_cannot_be_used_is_refused_with_the_reason() {
    let server = Server::start();
    let url = |word: &str| format!("http://phr.kanta.fi/StructureDefinition/{word}");
    for base in ["baseStu3", "baseR4"] {
        let base = Base { server: &server, base, token: None };
        let upload = |word: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let mut json: serde_json::Value =
                serde_json::from_str(&body_of("StructureDefinition", base.base, AINO, word)).unwrap();
            change(&mut json);
            base.send("POST", "StructureDefinition", Some(&json.to_string()), &[])
        };
        let refused = |word: &str, reason: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let answer = upload(word, change);
            assert_eq!(answer.status, 422, "{word}: {}", answer.body);
            assert!(answer.body.contains(reason), "{word}: {}", answer.body);
            let rule = answer.header("sandbox-reason");
            assert!(rule.starts_with("StructureDefinition.differential#draft; "), "{rule}");
        };
        refused("itself", "derives from itself", &|json| json["baseDefinition"] = url("itself").into());
        refused("baseless", "there is no definition of http://x.test/none", &|json| {
            json["baseDefinition"] = "http://x.test/none".into();
        });
        refused("nonsense", "Observation has no element nothing", &|json| {
            json["differential"]["element"][1] =
                serde_json::json!({"id": "Observation.nothing", "path": "Observation.nothing", "min": 1});
        });
        refused("expression", "constraint x-1", &|json| {
            json["differential"]["element"][0]["constraint"] =
                serde_json::json!([{"key": "x-1", "severity": "error", "human": "x", "expression": "((("}]);
        });
        // What it stands on comes first.
        let derived = |json: &mut serde_json::Value| json["baseDefinition"] = url("first").into();
        refused("second", "there is no definition of", &derived);
        assert_eq!(upload("first", &|_| {}).status, 201);
        let second = upload("second", &derived);
        assert_eq!(second.status, 201, "{}", second.body);
        // No profile: nobody will be judged by it.
        let other = upload("other", &|json| {
            json["derivation"] = "specialization".into();
            json["kind"] = "logical".into();
        });
        assert_eq!(other.status, 201, "{}", other.body);
    }
}

/// The national profiles know no flow for what was entered in error: it is corrected by a new version, or deleted.
#[test]
fn nothing_is_stored_as_entered_in_error() {
    let server = Server::start();
    for (name, base, _) in rows().filter(|(name, ..)| {
        matches!(*name, "Observation" | "MedicationAdministration" | "CarePlan" | "QuestionnaireResponse")
    }) {
        let base = Base { server: &server, base, token: None };
        let mut body: serde_json::Value = serde_json::from_str(&body_of(name, base.base, AINO, "error")).unwrap();
        let stored = base.send("POST", name, Some(&body.to_string()), &[]);
        assert_eq!(stored.status, 201, "{name} on {}: {}", base.base, stored.body);
        body["status"] = "entered-in-error".into();
        let refused = base.send("POST", name, Some(&body.to_string()), &[]);
        assert_eq!(refused.status, 422, "{name} on {}: {}", base.base, refused.body);
        let says = refused.body.contains(&format!("{name}.status")) || refused.body.contains("entered-in-error");
        assert!(says, "{}", refused.body);
        body["id"] = stored.id().into();
        let refused = base.send("PUT", &format!("{name}/{}", stored.id()), Some(&body.to_string()), &[]);
        assert_eq!(refused.status, 422, "{name} on {}: {}", base.base, refused.body);
    }
}

#[test]
fn national_definitions_are_read_and_not_written_over() {
    let server = Server::start();
    for (base, profile, url) in [
        ("baseStu3", "fiphr-bodyweight-stu3", "http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3"),
        ("baseR4", "fiphr-sd-bodyweight", "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"),
    ] {
        let base = Base { server: &server, base, token: None };
        let path = format!("StructureDefinition/{profile}");
        let read = base.get(&path);
        assert_eq!((read.status, read.header("etag")), (200, "W/\"1\""), "{}", read.body);
        assert!(read.header("content-location").ends_with(&format!("{path}/_history/1")));
        let json = read.json();
        assert_eq!(
            (&json["url"], &json["id"], &json["meta"]["versionId"]),
            (&url.into(), &profile.into(), &"1".into())
        );
        assert_eq!(base.get(&format!("{path}/_history/1")).body, read.body);
        let unknown = base.get(&format!("{path}/_history/2"));
        assert_eq!(unknown.status, 404);
        assert!(unknown.diagnostics().ends_with(&format!("Version \"2\" is not valid for resource {path}")));
        let history = base.get(&format!("{path}/_history")).json();
        assert_eq!((&history["total"], &history["entry"][0]["resource"]["id"]), (&1.into(), &profile.into()));
        for query in [format!("url={url}"), format!("_id={profile}"), format!("url={url}&_summary=true")] {
            let found = base.get(&format!("StructureDefinition?{query}")).json();
            assert_eq!(found["total"], 1, "{query}: {found}");
            assert!(found["entry"][0]["fullUrl"].as_str().unwrap().ends_with(&path), "{found}");
            assert_eq!(found["entry"][0]["resource"]["url"], url);
        }
        assert_eq!(base.get(&format!("ValueSet?url={url}")).json()["total"], 0);
        assert_eq!(base.get(&format!("ValueSet/{profile}")).status, 404);
        let refused = base.send("PUT", &path, Some(&read.body.replace("\"active\"", "\"retired\"")), &[]);
        assert_eq!((refused.status, refused.rule()), (403, "RS-URL-NATIONAL"), "{}", refused.body);
        assert_eq!(base.send("DELETE", &path, None, &[]).status, 400);
        let copy = base.send("POST", "StructureDefinition", Some(&read.body), &[]);
        assert_eq!((copy.status, copy.rule()), (422, "RS-URL-NATIONAL"), "{}", copy.body);

        // Through all of a type page by page; each leads to itself.
        for name in ["StructureDefinition", "ValueSet", "CodeSystem"] {
            let mut page = base.get(&format!("{name}?_count=7")).json();
            let total = page["total"].as_u64().unwrap();
            let mut seen = Vec::new();
            loop {
                for entry in page["entry"].as_array().unwrap() {
                    let full_url = entry["fullUrl"].as_str().unwrap();
                    let read = Answer::of(server.any().get(full_url).send().unwrap());
                    assert_eq!((read.status, &read.json()), (200, &entry["resource"]), "{full_url}");
                    seen.push(full_url.to_owned());
                }
                let links = page["link"].as_array().unwrap();
                let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
                page = Answer::of(server.any().get(next["url"].as_str().unwrap()).send().unwrap()).json();
            }
            assert_eq!(seen.len() as u64, total, "{name}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len() as u64, total, "{name}");
        }
        let other = Base { token: Some("diary-aino-all"), ..base };
        assert_eq!(other.get(&path).status, 403, "no scope is granted for definitions");
    }
}

#[test]
fn operations_are_answered_when_the_knob_says_so() {
    let server = Server::with(Settings::default(), Knobs { validate: true, ..Knobs::default() });
    for (base, token) in [("baseR4", None), ("baseStu3", None), ("baseR4", Some("diary-aino"))] {
        let base = Base { server: &server, base, token };
        let body = body_of("Observation", base.base, AINO, "judged");
        let judged = |path: &str, body: &str| {
            let answer = base.send("POST", path, Some(body), &[]);
            (answer.status, answer.json()["issue"][0]["severity"].as_str().unwrap_or_default().to_owned(), answer.body)
        };
        let (status, severity, text) = judged("Observation/$validate", &body);
        assert_eq!((status, &*severity), (200, "information"), "{text}");
        let wrapped =
            format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{body}}}]}}"#);
        assert_eq!(judged("Observation/$validate?mode=create", &wrapped).2, text);
        assert_eq!(judged("Observation/1/$validate", &body).2, text);
        let (status, severity, text) = judged("Observation/$validate", &body.replace("\"final\"", "\"amended\""));
        // The engine of STU3's days failed the operation (resource-server.md §5), the later one answers it.
        let expected = if base.base == "baseStu3" { 412 } else { 200 };
        assert_eq!((status, &*severity), (expected, "error"), "{text}");
        assert!(text.contains("Observation.status"), "{text}");
        for (path, body, status) in [
            ("Observation/$validate", "{}", 400),
            ("Observation/$validate", r#"{"resourceType":"Parameters"}"#, 400),
            ("CarePlan/$validate", body.as_str(), 400),
            ("Observation/$validate?profile=x", body.as_str(), 400),
            ("Observation/$validate", "", 403),
        ] {
            assert_eq!(base.send("POST", path, Some(body), &[]).status, status, "{path} {body}");
        }
        assert_eq!(base.get("Observation/$validate").status, 400);
        let open = Base { token: None, ..base };
        let statement = open.get("metadata").json();
        assert_eq!(statement["rest"][0]["operation"][0]["name"], "validate");
        assert_eq!(open.get(&format!("Observation?patient={AINO}")).json()["total"], 0, "nothing was stored");
    }
}

#[test]
fn r4_shows_what_was_written_on_stu3_when_the_knob_says_so() {
    let settings = Settings { convert_from_stu3: true, ..Settings::default() };
    let server = Server::with(settings, Knobs::default());
    let stu3 = Base { server: &server, base: "baseStu3", token: None };
    let r4 = Base { server: &server, base: "baseR4", token: None };
    let old = stu3.send("POST", "Observation", Some(&body_of("Observation", "baseStu3", AINO, "old")), &[]);
    let new = r4.send("POST", "Observation", Some(&body_of("Observation", "baseR4", AINO, "new")), &[]);
    let (old, new) = (old.id(), new.id());
    let read = r4.get(&format!("Observation/{old}"));
    assert_eq!((read.status, read.header("etag")), (200, "W/\"1\""), "{}", read.body);
    let json = read.json();
    assert_eq!(json["meta"]["profile"][0], "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight");
    assert_eq!((&json["id"], &json["meta"]["versionId"]), (&old.as_str().into(), &"1".into()));
    let category = "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs";
    for query in
        ["", "&code=29463-7", "&_count=1", &format!("&category={category}"), "&_sort=-date", "&_lastUpdated=ge2020"]
    {
        let found = r4.get(&format!("Observation?patient={AINO}{query}")).json();
        assert_eq!(found["total"], 2, "{query}: {found}");
    }
    let found = r4.get(&format!("Observation?patient={AINO}&identifier={}", urn("old"))).json();
    assert_eq!((&found["total"], &found["entry"][0]["resource"]), (&1.into(), &json));
    let first = r4.get(&format!("Observation?patient={AINO}&_count=1")).json();
    let next = first["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next").unwrap();
    let second = Answer::of(server.any().get(next["url"].as_str().unwrap()).send().unwrap()).json();
    let mut seen = [&first, &second].map(|page| page["entry"][0]["resource"]["id"].as_str().unwrap().to_owned());
    seen.sort();
    let mut both = [old.clone(), new.clone()];
    both.sort();
    assert_eq!(seen, both);
    assert_eq!(r4.get(&format!("Observation/{old}/_history")).json()["entry"][0]["resource"], json);
    assert_eq!(r4.get(&format!("Observation/{old}/_history/1")).json(), json);

    // What was stored on both bases comes once.
    let twin = stu3.send("POST", "Observation", Some(&body_of("Observation", "baseStu3", AINO, "new")), &[]);
    assert_eq!((twin.status, r4.get(&format!("Observation?patient={AINO}")).json()["total"].as_u64()), (201, Some(2)));

    // What R4 has no profile for stays out of sight, and so does R4 on STU3; nothing is written across.
    let rate = body_of("Observation", "baseStu3", AINO, "rate")
        .replace("fiphr-bodyweight-stu3", "fiphr-heartrate-stu3")
        .replace("29463-7", "8867-4")
        .replace("\"kg\"", "\"/min\"");
    let rate = stu3.send("POST", "Observation", Some(&rate), &[]);
    assert_eq!(rate.status, 201, "{}", rate.body);
    assert_eq!(r4.get(&format!("Observation/{}", rate.id())).status, 404);
    assert_eq!(r4.get(&format!("Observation?patient={AINO}")).json()["total"], 2);
    assert_eq!(stu3.get(&format!("Observation/{new}")).status, 404);
    assert_eq!(r4.send("PUT", &format!("Observation/{old}"), Some(&read.body), &[]).status, 404);
    assert_eq!(r4.send("DELETE", &format!("Observation/{old}"), None, &[]).status, 404);
    let foreign = Base { token: Some("diary-eino"), ..r4 };
    assert_eq!(foreign.get(&format!("Observation/{old}")).status, 403);
    assert_eq!(stu3.send("DELETE", &format!("Observation/{old}"), None, &[]).status, 200);
    let r4 = Base { token: None, ..foreign };
    assert_eq!(r4.get(&format!("Observation/{old}")).status, 410);
    assert_eq!(r4.get(&format!("Observation?patient={AINO}")).json()["total"], 1);
}
