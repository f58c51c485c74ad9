//! The search parameters of every type (resource-server.md §3), paging as a snapshot, and what a search costs.

mod harness;

use harness::{AINO, Answer, EINO, Server, body_of, urn, weight, weight_stu3};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::http::fhir::Knobs;
use kanta_phr_sandbox::json::Document;
use kanta_phr_sandbox::records::{Access, Loading, ResourceType, Settings};
use serde_json::{Value, json};

fn get(server: &Server, base: &str, path: &str) -> Answer {
    Answer::of(server.open_request(base, "GET", path).send().unwrap())
}

fn total(server: &Server, base: &str, path: &str) -> u64 {
    let answer = get(server, base, path);
    assert_eq!(answer.status, 200, "{base} {path}: {}", answer.body);
    let json = answer.json();
    assert_eq!(json["entry"].as_array().map_or(0, Vec::len) as u64, json["total"].as_u64().unwrap());
    json["total"].as_u64().unwrap()
}

fn refused(server: &Server, base: &str, path: &str, rule: &str) {
    let answer = get(server, base, path);
    assert_eq!((answer.status, answer.rule()), (400, rule), "{base} {path}: {}", answer.body);
}

fn post(server: &Server, base: &str, body: &str) -> String {
    let name = serde_json::from_str::<Value>(body).unwrap()["resourceType"].as_str().unwrap().to_owned();
    let request = server.open_request(base, "POST", &name).header("Content-Type", "application/json");
    let answer = Answer::of(request.body(body.to_owned()).send().unwrap());
    assert_eq!(answer.status, 201, "{base} {name}: {}", answer.body);
    answer.id()
}

fn changed(body: &str, change: impl Fn(&mut Value)) -> String {
    let mut json: Value = serde_json::from_str(body).unwrap();
    change(&mut json);
    json.to_string()
}

#[test]
fn care_plans() {
    let server = Server::start();
    let plan = body_of("CarePlan", "baseR4", AINO, "p1");
    let first = post(
        &server,
        "baseR4",
        &changed(&plan, |plan| plan["period"] = json!({"start": "2026-05-01", "end": "2026-05-10"})),
    );
    let other = body_of("CarePlan", "baseR4", EINO, "p2");
    post(
        &server,
        "baseR4",
        &changed(&other, |plan| {
            plan["period"] = json!({"start": "2026-06-01"});
            plan["category"][0]["coding"][0]["code"] = "1".into();
            plan["category"][0]["coding"][0]["display"] = "Flunssa".into();
        }),
    );
    let find = |query: &str| total(&server, "baseR4", &format!("CarePlan?{query}"));
    assert_eq!(find(""), 2, "patient is not mandatory here");
    assert_eq!(find(&format!("patient={AINO}")), 1);
    assert_eq!(find(&format!("patient=Patient/{EINO}")), 1);
    assert_eq!(find("date=2026-05-05"), 1, "within the period");
    assert_eq!(find("date=ge2026-05-05&date=lt2026-05-20"), 1);
    assert_eq!(find("date=ge2026-05-05"), 2, "an open period goes on");
    assert_eq!((find("status=completed"), find("status=draft")), (2, 0));
    assert_eq!(find("category=2") + find("category=1"), 2);
    assert_eq!(find("category=http://phr.kanta.fi/CodeSystem/fiphr-cs-careplancategory|1"), 1);
    assert_eq!(find(&format!("identifier={}", urn("p1"))), 1);
    assert_eq!(find(&format!("_id={first}")), 1);
    assert_eq!(find(&format!("_id={first}&patient={EINO}")), 0);
    assert_eq!(find("_lastUpdated=2026-06-01"), 2);
    assert_eq!(find("_total=accurate&_count=5&_sort=-date"), 2);
    refused(&server, "baseR4", "CarePlan?_security=U", "RS-SEARCH-UNKNOWN");
    refused(&server, "baseR4", "CarePlan?category=1,2", "RS-SEARCH-REPEATED");
    // With a token it is one's own patient that is searched.
    let own = server.get("diary-aino-all", "CarePlan").json();
    assert_eq!((own["total"].as_u64(), own["entry"][0]["resource"]["id"].as_str()), (Some(1), Some(&*first)));
    let foreign = server.get("diary-aino-all", &format!("CarePlan?patient={EINO}"));
    assert_eq!(foreign.status, 403);
    assert_eq!(server.get("diary-aino-all", &format!("Patient/{AINO}/CarePlan")).json()["total"], 1);

    let stu3 = body_of("CarePlan", "baseStu3", AINO, "p3");
    post(
        &server,
        "baseStu3",
        &changed(&stu3, |plan| plan["period"] = json!({"start": "2026-05-01", "end": "2026-05-10"})),
    );
    assert_eq!(total(&server, "baseStu3", "CarePlan?date=2026-05-05&_security=U"), 0);
    assert_eq!(total(&server, "baseStu3", &format!("CarePlan?date=2026-05-05&patient={AINO}")), 1);
    for name in ["status=completed", "category=1", "identifier=1", "supporting-info=x", "_total=none"] {
        // `_total` is one of the parameters that every search takes.
        match name {
            "_total=none" => assert_eq!(total(&server, "baseStu3", &format!("CarePlan?{name}")), 1),
            name => refused(&server, "baseStu3", &format!("CarePlan?{name}"), "RS-SEARCH-UNKNOWN"),
        }
    }
}

#[test]
fn questionnaires_and_responses() {
    for base in ["baseStu3", "baseR4"] {
        let server = Server::start();
        let form = body_of("Questionnaire", base, AINO, "q1");
        let form = post(
            &server,
            base,
            &changed(&form, |form| {
                form["item"] = json!([{"linkId": "1", "text": "Ryhmä", "type": "group", "item": [
                    {"linkId": "1.1", "text": "Uni", "type": "integer", "code": [{"system": "http://loinc.org", "code": "93832-4"}]}
                ]}]);
            }),
        );
        let url = "https://questions.example/Questionnaire/uni-0";
        let find = |query: &str| total(&server, base, &format!("Questionnaire?{query}"));
        assert_eq!((find(""), find(&format!("url={url}")), find("url=https://questions.example")), (1, 1, 0));
        assert_eq!(
            (find("code=93832-4"), find("code=http://loinc.org|93832-4"), find("code=urn:x|93832-4")),
            (1, 1, 0)
        );
        assert_eq!((find(&format!("identifier={}", urn("q1"))), find(&format!("_id={form}"))), (1, 1));
        assert_eq!((find("_lastUpdated=ge2026-06-01"), find("_lastUpdated=ge2027")), (1, 0));
        assert_eq!(find("_sort=-_lastUpdated&_total=accurate"), 1);
        refused(&server, base, &format!("Questionnaire?patient={AINO}"), "RS-SEARCH-UNKNOWN");
        refused(&server, base, "Questionnaire?_sort=date", "RS-SEARCH-SORT");

        // It answers another form than the one that is stored.
        let url = "https://questions.example/Questionnaire/uni-1";
        post(&server, base, &body_of("QuestionnaireResponse", base, AINO, "r1"));
        let find = |query: &str| total(&server, base, &format!("QuestionnaireResponse?patient={AINO}&{query}"));
        assert_eq!((find(""), find(&format!("questionnaire={url}")), find("questionnaire=https://x.test")), (1, 1, 0));
        assert_eq!((find("authored=2026-01-16"), find("authored=ge2026-01-16T07:20&authored=lt2026-01-17")), (1, 1));
        assert_eq!((find("authored=2026-01-15"), find(&format!("identifier={}", urn("r1")))), (0, 1));
        assert_eq!(find("_sort=-authored"), 1);
        refused(&server, base, "QuestionnaireResponse?authored=2026", "RS-SEARCH-MANDATORY");
        assert_eq!(total(&server, base, &format!("Patient/{AINO}/QuestionnaireResponse")), 1);
        refused(&server, base, &format!("Patient/{AINO}/Questionnaire"), "RS-NOT-HANDLED");
    }
}

#[test]
fn a_response_is_found_by_the_version_of_its_form() {
    let server = Server::start();
    let url = "https://questions.example/Questionnaire/uni-1";
    let response = body_of("QuestionnaireResponse", "baseR4", AINO, "r1");
    post(&server, "baseR4", &changed(&response, |response| response["questionnaire"] = format!("{url}|1.0.0").into()));
    let find = |questionnaire: &str| {
        total(&server, "baseR4", &format!("QuestionnaireResponse?patient={AINO}&questionnaire={questionnaire}"))
    };
    assert_eq!((find(url), find(&format!("{url}|1.0.0")), find(&format!("{url}|2.0.0"))), (1, 1, 0));
}

#[test]
fn stu3_alone_has_statements_consents_and_security_labels() {
    let server = Server::start();
    post(&server, "baseStu3", &body_of("MedicationStatement", "baseStu3", AINO, "m1"));
    let find = |query: &str| total(&server, "baseStu3", &format!("MedicationStatement?patient={AINO}&{query}"));
    assert_eq!(
        (find("effective=2026-05-01"), find("effective=2026-05-02"), find("category=patientspecified")),
        (1, 0, 1)
    );
    assert_eq!((find(&format!("identifier={}", urn("m1"))), find("_sort=effective")), (1, 1));
    post(&server, "baseStu3", &body_of("Consent", "baseStu3", AINO, "c1"));
    let find = |query: &str| total(&server, "baseStu3", &format!("Consent?patient={AINO}&{query}"));
    assert_eq!((find("category=1"), find("category=2"), find(&format!("identifier={}", urn("c1")))), (1, 0, 1));
    for name in ["MedicationStatement", "Consent"] {
        refused(&server, "baseStu3", name, "RS-SEARCH-MANDATORY");
    }
    let label = r#""profile":["http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3"],"security":[{"system":"http://hl7.org/fhir/v3/Confidentiality","code":"U","display":"unrestricted"}]"#;
    let weight = weight_stu3(AINO, "70", "2026-05-01", &urn("w"));
    let weight =
        weight.replace(r#""profile":["http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3"]"#, label);
    post(&server, "baseStu3", &weight);
    let find = |query: &str| total(&server, "baseStu3", &format!("Observation?patient={AINO}&{query}"));
    assert_eq!((find("_security=U"), find("_security=R")), (1, 0));
    assert_eq!(find("_security=http://hl7.org/fhir/v3/Confidentiality|U"), 1);
}

#[test]
fn forms_of_a_search() {
    let server = Server::start();
    post(&server, "baseR4", &weight(AINO, "70", "2026-05-01", &urn("1")));
    let query = format!("patient={AINO}&code=29463-7");
    assert_eq!(total(&server, "baseR4", &format!("Observation/_search?{query}")), 1);
    let form = server.open_request("baseR4", "POST", "Observation/_search?code=29463-7");
    let form =
        form.header("Content-Type", "application/x-www-form-urlencoded").body(format!("patient=Patient%2F{AINO}"));
    let form = Answer::of(form.send().unwrap());
    assert_eq!(form.json()["total"], 1, "{}", form.body);
    // XML may be asked for: JSON comes.
    for (path, accept) in
        [(format!("Observation?{query}&_format=xml"), "*/*"), (format!("Observation?{query}"), "application/fhir+xml")]
    {
        let answer = Answer::of(server.open_request("baseR4", "GET", &path).header("Accept", accept).send().unwrap());
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/fhir+json;charset=UTF-8"));
        assert_eq!(answer.json()["total"], 1);
    }
    let head = server.open_request("baseR4", "HEAD", &format!("Observation?{query}")).send().unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<usize>().unwrap() > 1000);
    assert_eq!(Answer::of(head).body, "");
    for path in ["", "metadata"] {
        let options = Answer::of(server.open_request("baseR4", "OPTIONS", path).send().unwrap());
        assert_eq!((options.status, options.json()["resourceType"].as_str()), (200, Some("CapabilityStatement")));
    }
    for (name, mandatory) in [("_summary=text", "status"), ("_elements=issued", "code")] {
        let answer = get(&server, "baseR4", &format!("Observation?{query}&{name}"));
        let resource = &answer.json()["entry"][0]["resource"];
        assert!(resource[mandatory].is_string() || resource[mandatory].is_object(), "{}", answer.body);
        assert!(resource["valueQuantity"].is_null() && answer.body.contains("SUBSETTED"));
    }
    let data = get(&server, "baseR4", &format!("Observation?{query}&_summary=data"));
    assert!(data.body.contains("valueQuantity") && !data.body.contains("<div"));
    assert!(get(&server, "baseR4", &format!("Observation?{query}&_pretty=true")).body.contains("\n  \"total\": 1"));
    for (query, rule) in [
        ("_summary=some", "RS-SEARCH-VALUE"),
        ("_count=-1", "RS-SEARCH-VALUE"),
        ("date=2026-13-01", "RS-SEARCH-DATE"),
        ("date=xx2026", "RS-SEARCH-DATE"),
        ("code:in=x", "RS-SEARCH-UNKNOWN"),
        ("_include=x", "RS-SEARCH-UNKNOWN"),
        ("_sort=code", "RS-SEARCH-SORT"),
    ] {
        refused(&server, "baseR4", &format!("Observation?patient={AINO}&{query}"), rule);
    }
    assert_eq!(total(&server, "baseR4", "Observation?patient=nobody"), 0);
    assert_eq!(total(&server, "baseR4", &format!("Observation?patient={}&", uuid::Uuid::nil())), 0);
    let huge = get(&server, "baseR4", &format!("Observation?{query}&_count=18446744073709551615"));
    assert_eq!((huge.status, huge.json()["total"].as_u64()), (200, Some(1)));
}

#[test]
fn pages_are_those_of_the_moment_the_search_was_made() {
    let server = Server::start();
    for day in 10..15 {
        post(&server, "baseR4", &weight(AINO, "70", &format!("2026-05-{day}"), &urn(&day.to_string())));
    }
    let ids = |answer: &Value| -> Vec<String> {
        answer["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = server.get("diary-aino", &format!("Observation?patient={AINO}&_sort=date&_count=2")).json();
    let next = first["link"][1]["url"].as_str().unwrap().to_owned();
    assert!(
        first["link"][1]["relation"] == "next" && next.contains("_getpages=") && next.contains("_getpagesoffset=2")
    );
    // What comes between shifts nothing.
    post(&server, "baseR4", &weight(AINO, "70", "2026-05-01", &urn("new")));
    let follow = |token: &str, url: &str| Answer::of(server.any().get(url).bearer_auth(token).send().unwrap());
    let second = follow("diary-aino", &next).json();
    assert!(second["total"] == 5 && ids(&second).len() == 2 && ids(&second)[0] != ids(&first)[1]);
    // The link is the caller's own: another citizen's, another application's and the open endpoint's are refused.
    for token in ["diary-eino", "other-aino"] {
        assert_eq!((follow(token, &next).status, follow(token, &next).rule()), (410, "RS-PAGE"), "{token}");
    }
    let open = next.replace(&server.authorized, &server.open);
    assert_eq!(Answer::of(server.any().get(&open).send().unwrap()).status, 410);
    assert_eq!(follow("diary-aino", &next.replace("baseR4", "baseStu3")).status, 410);
    for (forged, status) in [
        (next.replace("_getpagesoffset=2", "_getpagesoffset=99"), 200),
        (next.replace("_getpagesoffset=2", "_getpagesoffset=18446744073709551615"), 200),
        (next.replace("_getpagesoffset=2", "_getpagesoffset=-1"), 400),
        (next.replace("_getpages=", "_getpages=x"), 410),
    ] {
        let answer = follow("diary-aino", &forged);
        assert_eq!(answer.status, status, "{forged}: {}", answer.body);
    }
}

/// Weights of a patient at many times, a minute apart and stored a minute apart, loaded at once.
fn load(server: &Server, count: usize) {
    let document = |number: usize| {
        let (minute, hour, day) = (number % 60, number / 60 % 24, number / 1440);
        let date = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(day as i64)).unwrap();
        let at = format!("{date}T{hour:02}:{minute:02}:00Z");
        Document::parse(weight(AINO, "70", &at, &format!("urn:uuid:00000000-0000-4000-8000-{number:012}"))).unwrap()
    };
    let first: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let access = Access::Citizen { patient: AINO };
    let item = |number: usize| Loading {
        access: access.clone(),
        version: Version::R4,
        resource_type: ResourceType::Observation,
        document: document(number),
        at: first + jiff::SignedDuration::from_mins(number as i64),
    };
    for start in (0..count).step_by(5000) {
        let items: Vec<Loading> = (start..count.min(start + 5000)).map(item).collect();
        server.records.load_seed(&items, AINO, kanta_phr_sandbox::store::Batch::new()).unwrap();
    }
}

#[test]
fn a_search_looks_at_its_hits_and_not_at_all_there_is() {
    let visited = |stored: usize| {
        let server = Server::start();
        load(&server, stored);
        let search = |pairs: &[(&str, &str)]| {
            let patient = AINO.to_string();
            let mut all = vec![("patient".to_owned(), patient)];
            all.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let page = server.records.search(&Access::Open, Version::R4, ResourceType::Observation, &all).unwrap();
            (page.total, page.visited)
        };
        let between = [("date", "ge2020-01-01T01:00:00Z"), ("date", "lt2020-01-01T02:40:00Z")];
        let with_code = [&between[..], &[("code", "29463-7")]].concat();
        let with_others = [&between[..], &[("code", "29463-7,8302-2,85354-9")]].concat();
        let written = [("_lastUpdated", "ge2024-01-01T01:00:00Z"), ("_lastUpdated", "lt2024-01-01T02:40:00Z")];
        let written_with_code = [&written[..], &[("code", "29463-7")]].concat();
        let never = [("_lastUpdated", "gt2030"), ("code", "29463-7"), ("_sort", "date")];
        let identifier = [("identifier", "urn:uuid:00000000-0000-4000-8000-000000000007")];
        let by_time = [search(&written), search(&written_with_code), search(&never)];
        let others = [search(&with_others), search(&identifier), search(&[("date", "2019")])];
        [search(&between), search(&with_code), others[0], others[1], others[2], by_time[0], by_time[1], by_time[2]]
    };
    let (few, many) = (visited(1_000), visited(20_000));
    assert_eq!(few.map(|(total, _)| total), [100, 100, 100, 1, 0, 100, 100, 0]);
    assert_eq!(few, many, "hits and entries looked at");
    assert!(few.iter().all(|(total, visited)| *visited <= total + 5), "{few:?}");
}

#[test]
fn a_response_is_judged_by_the_stored_form_it_answers() {
    let server = Server::start();
    let form = body_of("Questionnaire", "baseR4", AINO, "q1");
    post(&server, "baseR4", &form);
    let url = serde_json::from_str::<Value>(&form).unwrap()["url"].clone();
    let answer = |link_id: &str| {
        let response = body_of("QuestionnaireResponse", "baseR4", AINO, "r1");
        let response = changed(&response, |response| {
            response["questionnaire"] = url.clone();
            response["item"][0]["linkId"] = link_id.into();
        });
        let request = server.open_request("baseR4", "POST", "QuestionnaireResponse");
        Answer::of(request.header("Content-Type", "application/fhir+json").body(response).send().unwrap())
    };
    let refused = answer("9");
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("LinkId '9' not found in questionnaire"), "{}", refused.body);
    assert_eq!(answer("1").status, 201);
}

/// A value of a parameter that finds a resource, and one that doesn't.
fn values(name: &str, resource: &Value) -> (String, String) {
    let both = |hit: &str, miss: &str| (hit.to_owned(), miss.to_owned());
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{name} of {resource}")).to_owned();
    let first = |element: &str| match &resource[element] {
        Value::Array(all) => all[0].clone(),
        one => one.clone(),
    };
    let token =
        |coding: &Value| (format!("{}|{}", text(&coding["system"]), text(&coding["code"])), "urn:x|1".to_owned());
    match name {
        "_id" => (text(&resource["id"]), "22222222-2222-4222-8222-222222222222".to_owned()),
        "_lastUpdated" => both("ge2026-06-01", "lt2026-06-01"),
        "_security" => both("http://hl7.org/fhir/v3/Confidentiality|U", "R"),
        "patient" => (AINO.to_string(), EINO.to_string()),
        "identifier" => {
            let identifier = first("identifier");
            (format!("{}|{}", text(&identifier["system"]), text(&identifier["value"])), urn("another"))
        }
        "date" | "effective-time" | "effective" | "authored" => both("ge2000", "lt2000"),
        "status" => (text(&resource["status"]), "draft".to_owned()),
        "category" => token(&first("category")["coding"][0]),
        "code" if resource["resourceType"] == "Questionnaire" => token(&resource["item"][0]["code"][0]),
        "code" => {
            let concept = if resource["code"].is_null() { "medicationCodeableConcept" } else { "code" };
            token(&resource[concept]["coding"][0])
        }
        "supporting-info" => (text(&resource["supportingInfo"][0]["reference"]), "Observation/1".to_owned()),
        "questionnaire" => {
            let form = &resource["questionnaire"];
            (text(if form.is_string() { form } else { &form["reference"] }), "http://x.test/none".to_owned())
        }
        "url" => (text(&resource["url"]), "http://x.test/none".to_owned()),
        other => panic!("no value of {other}"),
    }
}

#[test]
fn every_parameter_of_every_type_finds_and_does_not() {
    use kanta_phr_sandbox::fhir::search::parameters;
    let mut rows = 0;
    for version in Version::ALL {
        let base = if version == Version::R4 { "baseR4" } else { "baseStu3" };
        let server = Server::start();
        let answered = post(&server, base, &body_of("QuestionnaireResponse", base, AINO, "answered"));
        for resource_type in ResourceType::ALL.into_iter().filter(|each| each.is_served(version) && each.is_stored()) {
            let name = resource_type.as_str();
            let body = changed(&body_of(name, base, AINO, "row"), |resource| {
                if name == "CarePlan" && version == Version::R4 {
                    resource["supportingInfo"] = json!([{"reference": format!("QuestionnaireResponse/{answered}")}]);
                }
                if name == "CarePlan" {
                    resource["period"] = json!({"start": "2026-05-01", "end": "2026-05-02"});
                }
                if name == "Questionnaire" {
                    resource["item"][0]["code"] =
                        json!([{"system": "http://x.test/items", "code": "hours", "display": "Hours"}]);
                }
                if version == Version::Stu3 && resource_type.is_in_compartment() {
                    resource["meta"]["security"] = json!([{"system": "http://hl7.org/fhir/v3/Confidentiality", "code": "U", "display": "unrestricted"}]);
                }
            });
            let request = server.open_request(base, "POST", name).header("Content-Type", "application/fhir+json");
            let stored = Answer::of(request.body(body).send().unwrap());
            assert_eq!(stored.status, 201, "{name} on {base}: {}", stored.body);
            let id = stored.id();
            let resource = get(&server, base, &format!("{name}/{id}")).json();
            for parameter in parameters(resource_type, version).filter(|parameter| parameter.name != "_total") {
                let (hit, miss) = values(parameter.name, &resource);
                let finds = |value: &str| {
                    let mut pairs = vec![(parameter.name, value.to_owned()), ("_count", "1000".to_owned())];
                    let needs_patient = parameters(resource_type, version).any(|each| each.name == "patient");
                    if needs_patient && parameter.name != "patient" {
                        pairs.push(("patient", format!("Patient/{AINO}")));
                    }
                    let by_get = server.open_request(base, "GET", name).query(&pairs);
                    let by_form = server.open_request(base, "POST", &format!("{name}/_search")).form(&pairs);
                    let [by_get, by_form] = [by_get, by_form].map(|request| {
                        let answer = Answer::of(request.send().unwrap());
                        assert_eq!(answer.status, 200, "{name}?{}={value} on {base}: {}", parameter.name, answer.body);
                        let json = answer.json();
                        let entries = json["entry"].as_array().cloned().unwrap_or_default();
                        assert_eq!(json["total"].as_u64(), Some(entries.len() as u64));
                        entries.iter().any(|entry| entry["resource"]["id"] == id.as_str())
                    });
                    assert_eq!(by_get, by_form);
                    by_get
                };
                assert!(finds(&hit), "{name}?{}={hit} on {base} does not find {resource}", parameter.name);
                assert!(!finds(&miss), "{name}?{}={miss} on {base} finds {resource}", parameter.name);
                rows += 1;
            }
            if resource_type.is_in_compartment() {
                let found = get(&server, base, &format!("Patient/{AINO}/{name}?_id={id}")).json();
                assert_eq!(found["total"], 1, "{name} in the compartment on {base}");
                let foreign = get(&server, base, &format!("Patient/{EINO}/{name}?_id={id}")).json();
                assert_eq!(foreign["total"], 0, "{name} in another compartment on {base}");
            }
            let head = server.open_request(base, "HEAD", &format!("{name}/{id}")).send().unwrap();
            assert_eq!((head.status(), head.text().unwrap()), (reqwest::StatusCode::OK, String::new()), "HEAD {name}");
        }
    }
    assert_eq!(rows, 90, "the rows of the table");
}

#[test]
fn a_batch_of_searches_has_a_longest_answer() {
    let server = Server::start();
    load(&server, 3_000);
    let search = json!({"request": {"method": "GET", "url": format!("Observation?patient={AINO}&_count=10000")}});
    let body: Value = serde_json::from_str(&weight(AINO, "70", "2026-05-01", &urn("in the end"))).unwrap();
    let create = json!({"request": {"method": "POST", "url": "Observation"}, "resource": body});
    let mut entries = vec![search; 40];
    entries.push(create);
    let send = |kind: &str| {
        let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": entries});
        let request = server.open_request("baseR4", "POST", "").header("Content-Type", "application/json");
        Answer::of(request.body(bundle.to_string()).send().unwrap())
    };
    let answer = send("batch");
    let length = answer.body.len();
    assert!((45 << 20..55 << 20).contains(&length), "{length}");
    let entries = answer.json()["entry"].clone();
    let answers: Vec<&Value> = entries.as_array().unwrap().iter().collect();
    let fits = |answer: &&&Value| answer["response"]["status"] == "200 OK" && answer["resource"]["total"] == 3_000;
    let fitting = answers.iter().take_while(fits).count();
    assert!((5..40).contains(&fitting), "{fitting}");
    for refused in &answers[fitting..40] {
        assert_eq!(refused["response"]["status"], "400 Bad Request");
        let issue = &refused["response"]["outcome"]["issue"][0];
        assert_eq!(issue["code"], "too-costly");
        assert_eq!(issue["diagnostics"], "The answer to the Bundle is longer than 50 MB with this entry");
    }
    assert_eq!(answers[40]["response"]["status"], "201 Created", "what is written is not refused for it");
    let refused = send("transaction");
    assert_eq!((refused.status, refused.rule()), (400, "RS-BUNDLE-ANSWER"), "{}", &refused.body[..300]);
    let all = format!("Observation?patient={AINO}&_count=10000");
    assert_eq!(total(&server, "baseR4", &all), 3_001, "nothing of it was stored");
}

#[test]
fn a_link_lives_on_whatever_others_search_for() {
    let server = Server::start();
    for (patient, word) in [(AINO, "1"), (AINO, "2"), (EINO, "3"), (EINO, "4")] {
        post(&server, "baseR4", &weight(patient, "70", "2026-05-01", &urn(word)));
    }
    let link = |answer: Answer| answer.json()["link"][1]["url"].as_str().unwrap().to_owned();
    let own = link(server.get("diary-aino", &format!("Observation?patient={AINO}&_count=1")));
    let open = format!("Observation?patient={AINO}&_count=1");
    let open = link(Answer::of(server.open_request("baseR4", "GET", &open).send().unwrap()));
    for _ in 0..1_500 {
        assert_eq!(server.get("other-eino", &format!("Observation?patient={EINO}&_count=1")).status, 200);
    }
    assert_eq!(Answer::of(server.any().get(own).bearer_auth("diary-aino").send().unwrap()).status, 200);
    assert_eq!(Answer::of(server.any().get(open).send().unwrap()).status, 200);
}

#[test]
fn unknown_parameters_are_passed_over_when_the_client_prefers_so() {
    let server = Server::start();
    let find = |base: &str, query: &str, prefer: &str| {
        let request = server.open_request(base, "GET", &format!("Observation?patient={AINO}&{query}"));
        Answer::of(request.header("Prefer", prefer).send().unwrap()).status
    };
    for prefer in ["handling=lenient", "return=minimal; Handling=\"LENIENT\""] {
        assert_eq!(find("baseR4", "foo=1&code:text=x", prefer), 200, "{prefer}");
        assert_eq!(find("baseR4", "_count=x", prefer), 400, "a known one must make sense");
        assert_eq!(find("baseStu3", "foo=1", prefer), 400, "Prefer is not honoured there");
    }
    for prefer in ["handling=strict", "lenient", "return=minimal"] {
        assert_eq!(find("baseR4", "foo=1", prefer), 400, "{prefer}");
    }
    let server = Server::with(Settings::default(), Knobs { prefer_stu3: true, prefer_r4: false, ..Knobs::default() });
    let find = |base: &str| {
        let request = server.open_request(base, "GET", &format!("Observation?patient={AINO}&foo=1"));
        Answer::of(request.header("Prefer", "handling=lenient").send().unwrap()).status
    };
    assert_eq!((find("baseStu3"), find("baseR4")), (200, 400));
}

#[test]
fn a_compartment_is_searched_by_a_posted_form_as_well() {
    let server = Server::start();
    for (word, day) in [("1", 10), ("2", 11)] {
        post(&server, "baseR4", &weight(AINO, "70", &format!("2026-05-{day}"), &urn(word)));
    }
    let send = |path: &str, form: &str, token: &str| {
        let request = server.request(token, "POST", path).header("Content-Type", "application/x-www-form-urlencoded");
        Answer::of(request.body(form.to_owned()).send().unwrap())
    };
    let path = format!("Patient/{AINO}/Observation/_search");
    for (form, found) in [("", 2), ("date=2026-05-11", 1), ("_count=1", 2)] {
        let answer = send(&path, form, "diary-aino");
        assert_eq!((answer.status, answer.json()["total"].as_u64()), (200, Some(found)), "{form}: {}", answer.body);
    }
    assert_eq!(send(&path, "foo=1", "diary-aino").rule(), "RS-SEARCH-UNKNOWN");
    assert_eq!(send(&path, "", "diary-eino").rule(), "RS-COMPARTMENT");
    assert_eq!(server.get("diary-aino", &path).json()["total"], 2);
    assert_eq!(send(&format!("Patient/{AINO}/Observation"), "", "diary-aino").status, 400);
    assert_eq!(send(&format!("{path}/x"), "", "diary-aino").rule(), "RS-PATH");
}

#[test]
fn a_patient_of_another_server_is_nobody_here() {
    let server = Server::start();
    post(&server, "baseR4", &weight(AINO, "70", "2026-05-10", &urn("1")));
    for (patient, found) in [
        (format!("http://x.test/phr-resourceserver/baseR4/Patient/{AINO}"), 1),
        (format!("http://evil.example/fhir/Patient/{AINO}"), 0),
        (format!("evil/Patient/{AINO}"), 0),
    ] {
        assert_eq!(total(&server, "baseR4", &format!("Observation?patient={patient}")), found, "{patient}");
        let own = server.get("diary-aino", &format!("Observation?patient={patient}"));
        assert_eq!(own.status, if found == 1 { 200 } else { 403 }, "{patient}");
    }
}
