//! Search and paging over HTTP.

mod harness;

use harness::{AINO, Answer, EINO, Server, dose, steps, urn, weight};
use std::collections::HashSet;

fn ids(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

fn total(server: &Server, query: &str) -> u64 {
    let answer = server.get("diary-aino", &format!("Observation?patient={AINO}{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    let total = answer.json()["total"].as_u64().unwrap();
    assert_eq!(ids(&answer).len() as u64, total);
    total
}

#[test]
fn a_searchset_looks_as_recorded() {
    let server = Server::start();
    server.post("diary-aino", "Observation", &weight(AINO, "72.50", "2026-05-01", &urn("1")));
    let found = server.get("diary-aino", &format!("Observation?patient=Patient/{AINO}&_pretty=false&code=29463-7"));
    insta::assert_snapshot!(found.wire(), @r#"
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

    {"resourceType":"Bundle","id":"ID","meta":{"lastUpdated":"2026-06-01T12:00:00.000+03:00"},"type":"searchset","total":1,"link":[{"relation":"self","url":"http://HOST/phr-resourceserver/baseR4/Observation?_pretty=false&code=29463-7&patient=Patient%2F0000a100-0000-4000-8000-00000000000a"}],"entry":[{"fullUrl":"http://HOST/phr-resourceserver/baseR4/Observation/ID","resource":{"resourceType":"Observation","id":"ID","meta":{"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000+03:00","profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]},"language":"fi","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">Paino</div>"},"extension":[{"url":"http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication","extension":[{"url":"name","valueString":"The \"diary\" app"},{"url":"applicationId","valueString":"1.2.246.10.diary"}]}],"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:ID"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Paino"}]},"subject":{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"},"effectiveDateTime":"2026-05-01","issued":"2026-05-01T12:00:00+03:00","performer":[{"reference":"Patient/0000a100-0000-4000-8000-00000000000a"}],"valueQuantity":{"value":72.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}},"search":{"mode":"match"}}]}
    "#);
    let empty = server.get("diary-aino", &format!("Observation?patient={AINO}&code=1-8"));
    assert!(empty.body.contains("\"total\":0") && !empty.body.contains("entry"));
    let pretty = server.get("diary-aino", &format!("Observation?patient={AINO}&_pretty=true"));
    assert!(pretty.body.contains("\"value\": 72.50"));
    let count = server.get("diary-aino", &format!("Observation?patient={AINO}&_summary=count"));
    assert!(count.body.contains("\"total\":1") && !count.body.contains("entry"));
    let elements = server.get("diary-aino", &format!("Observation?patient={AINO}&_elements=effective"));
    assert!(elements.body.contains("SUBSETTED") && !elements.body.contains("valueQuantity"));
}

#[test]
fn dates_are_compared_as_intervals_in_helsinki_time() {
    let server = Server::start();
    server.post("diary-aino", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    server.post("diary-aino", "Observation", &weight(AINO, "2", "2026-05-01T23:30:00Z", &urn("2")));
    server.post("diary-aino", "Observation", &steps(AINO, "2026-05-03T00:00:00+03:00", "2026-05-05T00:00:00+03:00"));
    assert_eq!(total(&server, ""), 3);
    // Half past eleven in the evening UTC is the next day in Helsinki.
    assert_eq!(total(&server, "&date=2026-05-01"), 1);
    assert_eq!(total(&server, "&date=2026-05-02"), 1);
    assert_eq!(total(&server, "&date=2026-05-04"), 1, "a date within the period");
    assert_eq!(total(&server, "&date=2026-05"), 3);
    assert_eq!(total(&server, "&date=ge2026-05-02&date=lt2026-05-03"), 1);
    assert_eq!(total(&server, "&date=ge2026-05-02T02%3A30%3A00%2B03%3A00"), 2);
    assert_eq!(total(&server, "&date=gt2026-05-04T12:00:00Z"), 1);
    assert_eq!(total(&server, "&date=sa2026-05-01"), 2);
    assert_eq!(total(&server, "&date=eb2026-05-03"), 2);
    assert_eq!(total(&server, "&date=ne2026-05-01"), 2);
    assert_eq!(total(&server, "&_lastUpdated=2026-06-01"), 3);
    assert_eq!(total(&server, "&_lastUpdated=gt2026-06-01"), 0);
    assert_eq!(total(&server, "&date=2026-05-01&_lastUpdated=ge2026-06-01"), 1);
    let space = server.get("diary-aino", &format!("Observation?patient={AINO}&date=ge2026-05-02T00:00:00+03:00"));
    assert_eq!(space.status, 400);
    assert_eq!(space.diagnostics(), "Invalid date/time format: \"ge2026-05-02T00:00:00 03:00\"");
}

#[test]
fn tokens_select_by_code_identifier_and_category() {
    let server = Server::start();
    let first = server.post("diary-aino", "Observation", &weight(AINO, "1", "2026-05-01", &urn("1")));
    server.post("diary-aino", "Observation", &steps(AINO, "2026-05-03", "2026-05-04"));
    server.post("diary-eino", "Observation", &weight(EINO, "1", "2026-05-01", &urn("1")));
    assert_eq!(total(&server, "&code=29463-7"), 1);
    assert_eq!(total(&server, "&code=http://loinc.org|29463-7"), 1);
    assert_eq!(total(&server, "&code=urn:x|29463-7"), 0);
    assert_eq!(total(&server, "&code=http://loinc.org|"), 2);
    assert_eq!(total(&server, "&code=29463-7,66334-4"), 2, "several codes are LOINC codes");
    let own = urn("1");
    assert_eq!(total(&server, &format!("&identifier={own}")), 1);
    assert_eq!(total(&server, &format!("&identifier=urn:ietf:rfc:3986|{own}")), 1);
    assert_eq!(total(&server, &format!("&identifier=urn:x|{own}")), 0);
    assert_eq!(total(&server, "&category=vital-signs"), 1);
    assert_eq!(total(&server, "&category=http://phr.kanta.fi/fiphr-cs-fitnesscategory|fitness"), 1);
    assert_eq!(total(&server, "&category=nutrition"), 0);
    assert_eq!(total(&server, &format!("&_id={}", first.id())), 1);
    assert_eq!(total(&server, &format!("&_id={}&code=66334-4", first.id())), 0);
    // An update moves the resource in the index.
    let changed = steps(AINO, "2025-01-01", "2025-01-02").replacen('{', &format!(r#"{{"id":"{}","#, first.id()), 1);
    let updated = server.put("diary-aino", &format!("Observation/{}", first.id()), &changed);
    assert_eq!(updated.status, 200, "{}", updated.body);
    assert_eq!((total(&server, "&code=29463-7"), total(&server, "&code=66334-4")), (0, 2));
    assert_eq!(total(&server, &format!("&identifier={own}")), 0);
    assert_eq!((total(&server, "&date=2026-05-01"), total(&server, "&date=2025")), (0, 1));
}

#[test]
fn pages_lead_to_the_end_and_are_the_callers_own() {
    let server = Server::start();
    for day in 1..=25 {
        server.post("diary-aino", "Observation", &weight(AINO, "1", &format!("2026-05-{day:02}"), &urn("1")));
    }
    let mut page = server.get("diary-aino", &format!("Observation?patient={AINO}&_count=10&_sort=-date&_format=json"));
    let mut seen = Vec::new();
    let mut dates = Vec::new();
    let mut pages = 1;
    let link = |json: &serde_json::Value, relation: &str| {
        let links = json["link"].as_array().unwrap();
        let found = links.iter().find(|link| link["relation"] == relation);
        found.map(|link| link["url"].as_str().unwrap().to_owned())
    };
    let first_next = link(&page.json(), "next").unwrap();
    loop {
        let json = page.json();
        assert_eq!(json["total"], 25);
        seen.extend(ids(&page));
        dates.extend(
            json["entry"].as_array().unwrap().iter().map(|entry| entry["resource"]["effectiveDateTime"].to_string()),
        );
        assert_eq!(link(&json, "previous").is_some(), pages > 1);
        let Some(next) = link(&json, "next") else { break };
        assert!(
            next.contains("_getpages=") && next.contains("&_count=10&_format=json&_bundletype=searchset"),
            "{next}"
        );
        page = Answer::of(server.any().get(&next).bearer_auth("diary-aino").send().unwrap());
        pages += 1;
    }
    assert_eq!((pages, seen.len(), seen.iter().collect::<HashSet<_>>().len()), (3, 25, 25));
    assert!(dates.is_sorted_by(|one, other| one >= other), "{dates:?}");

    assert_eq!(server.any().get(&first_next).send().unwrap().status(), 401);
    let foreign = Answer::of(server.any().get(&first_next).bearer_auth("diary-eino").send().unwrap());
    assert_eq!((foreign.status, foreign.rule()), (410, "RS-PAGE"));
    server.clock.advance(jiff::SignedDuration::from_mins(61));
    let expired = Answer::of(server.any().get(&first_next).bearer_auth("diary-aino").send().unwrap());
    assert_eq!(expired.status, 410);
    assert!(expired.diagnostics().ends_with("does not exist and may have expired"));

    let all = server.get("diary-aino", &format!("Observation?patient={AINO}&_count=3000&_sort=date"));
    assert_eq!(ids(&all).len(), 25);
    assert_eq!(ids(&server.get("diary-aino", &format!("Observation?patient={AINO}"))).len(), 20);
}

#[test]
fn a_search_by_post_is_written_as_its_form_says() {
    let server = Server::start();
    for day in 1..=3 {
        server.post("diary-aino", "Observation", &weight(AINO, "1", &format!("2026-05-{day:02}"), &urn("1")));
    }
    for writing in ["_summary=true", "_elements=code", "_pretty=true", "_pretty=true&_elements=code&_count=2"] {
        let query = format!("patient={AINO}&{writing}");
        let asked = server.get("diary-aino", &format!("Observation?{query}"));
        let form = server.request("diary-aino", "POST", "Observation/_search").body(query.clone());
        let posted = Answer::of(form.header("Content-Type", "application/x-www-form-urlencoded").send().unwrap());
        // Each search has an id of its own, which stands in the Bundle and its links.
        let plain = |answer: &Answer| {
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            answer.body.replace(&id, "ID")
        };
        assert_eq!(plain(&posted), plain(&asked), "{query}");
    }
}

#[test]
fn last_updated_is_searched_alone_and_with_other_conditions() {
    let server = Server::start();
    let mut stored = Vec::new();
    // Noon of the first of June, and every hour from then on; the dates run the other way.
    for hour in 0..6 {
        let day = format!("2026-05-{:02}", 20 - hour);
        stored.push(server.post("diary-aino", "Observation", &weight(AINO, "1", &day, &urn(&hour.to_string()))).id());
        server.clock.advance(jiff::SignedDuration::from_hours(1));
    }
    let of = |query: &str| ids(&server.get("diary-aino", &format!("Observation?patient={AINO}{query}")));
    let since = "&_lastUpdated=ge2026-06-01T15:00:00%2B03:00";
    assert_eq!(of(since), stored[3..]);
    assert_eq!(of("&_lastUpdated=lt2026-06-01T14:00:00%2B03:00&_sort=-_lastUpdated"), [&*stored[1], &stored[0]]);
    assert_eq!(of(&format!("{since}&code=29463-7&_sort=date")), [&*stored[5], &stored[4], &stored[3]]);
    assert_eq!(of(&format!("{since}&date=ge2026-05-16")), [&*stored[3], &stored[4]]);
    assert_eq!(of(&format!("{since}&category=vital-signs&_count=2")), stored[3..5]);
    assert_eq!(of(&format!("{since}&_lastUpdated=ne2026-06-01")).len(), 0);
    assert_eq!(of("&_lastUpdated=2026-06-01").len(), 6);
    // An update is as late as it is made; what is deleted is not found.
    let body = weight(AINO, "2", "2026-05-20", &urn("0")).replacen('{', &format!("{{\"id\":\"{}\",", stored[0]), 1);
    assert_eq!(server.put("diary-aino", &format!("Observation/{}", stored[0]), &body).status, 200);
    server.delete("diary-aino", &format!("Observation/{}", stored[4]));
    assert_eq!(of(since), [&*stored[0], &stored[3], &stored[5]]);
    assert_eq!(of("&_lastUpdated=lt2026-06-01T14:00:00%2B03:00"), [&*stored[1]]);
}

#[test]
fn doses_are_found_by_their_own_parameters() {
    let server = Server::start();
    server.post("diary-aino", "MedicationAdministration", &dose(AINO, "ins-short-fast", "2026-03-05T10:00:00+02:00"));
    server.post(
        "diary-aino",
        "MedicationAdministration",
        &dose(AINO, "ins-intermediate-long", "2026-04-05T10:00:00+03:00"),
    );
    let find = |query: &str| {
        let answer = server.get("diary-aino", &format!("MedicationAdministration?patient={AINO}{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        ids(&answer).len()
    };
    assert_eq!(find("&_count=3000&_sort=-effective-time&effective-time=ge2026-03-01&effective-time=lt2026-04-01"), 1);
    assert_eq!(find("&code=ins-short-fast,ins-intermediate-long"), 2);
    assert_eq!(find("&code=ins-short-fast"), 1);
}

#[test]
fn the_last_second_of_the_calendar_is_found() {
    let server = Server::start();
    let stored = server.post("diary-aino", "Observation", &weight(AINO, "1", "9999-12-31T23:59:59Z", &urn("1")));
    assert_eq!(stored.status, 201, "{}", stored.body);
    for date in ["ge2019-01-01", "le9999-12-31", "9999-12-31", "eq9999"] {
        let found = server.get("diary-aino", &format!("Observation?patient={AINO}&date={date}"));
        assert_eq!((found.status, ids(&found).len()), (200, 1), "{date}: {}", found.body);
    }
}

#[test]
fn searches_that_are_refused() {
    let server = Server::start();
    let check = |path: &str, status: u16, rule: &str| {
        let answer = server.get("diary-aino", path);
        assert_eq!((answer.status, answer.rule()), (status, rule), "{path}: {}", answer.body);
        answer.diagnostics()
    };
    assert_eq!(
        check("Observation?_pretty=true", 400, "RS-SEARCH-MANDATORY"),
        "Invalid request: The FHIR endpoint on this server does not know how to handle GET operation[Observation] with parameters [[_pretty]]"
    );
    check(&format!("Observation?patient={AINO}&wrong=1"), 400, "RS-SEARCH-UNKNOWN");
    check(&format!("Observation?patient={AINO}&code=1&code=2"), 400, "RS-SEARCH-REPEATED");
    check(&format!("Observation?patient={AINO}&_sort=code"), 400, "RS-SEARCH-SORT");
    check(&format!("Observation?patient={EINO}"), 403, "RS-COMPARTMENT");
    check("Observation?patient=nobody", 403, "RS-COMPARTMENT");
    check(&format!("Patient?_id={EINO}"), 403, "RS-COMPARTMENT");
    assert_eq!(check("Patient", 500, "RS-SEARCH-PATIENT"), "Database connection error");
    assert_eq!(ids(&server.get("diary-aino", &format!("Patient?_id={AINO}"))), [AINO.to_string()]);
    assert_eq!(server.get("diary-aino", &format!("Patient/{AINO}/Observation")).status, 200);
    let form = server.request("diary-aino", "POST", "Observation/_search").form(&[("patient", AINO.to_string())]);
    assert_eq!(form.send().unwrap().status(), 200);
    let refused = |path: &str, form: &[(&str, &str)], text: &str| {
        let answer = Answer::of(server.request("diary-aino", "POST", path).form(form).send().unwrap());
        let expected = format!("Invalid request: The FHIR endpoint on this server does not know how to handle {text}");
        assert_eq!((answer.status, answer.diagnostics()), (400, expected), "{}", answer.rule());
        answer.rule().to_owned()
    };
    let rule = refused(
        "Observation/_search",
        &[("code", "1"), ("_pretty", "true")],
        "POST operation[Observation/_search] with parameters [[_pretty, code]]",
    );
    assert_eq!(rule, "RS-SEARCH-MANDATORY");
    let rule = refused(
        "Observation/_search?patient=x",
        &[("wrong", "1")],
        "POST operation[Observation/_search] with parameters [[patient, wrong]]",
    );
    assert_eq!(rule, "RS-SEARCH-UNKNOWN");
    let compartment = format!("Patient/{AINO}/Observation");
    let text = check(&format!("{compartment}?wrong=1"), 400, "RS-SEARCH-UNKNOWN");
    assert!(text.ends_with(&format!("GET operation[{compartment}] with parameters [[wrong]]")), "{text}");
    let many = [("patient", AINO.to_string()), ("code", vec!["1-1"; 900_000].join(","))];
    let many = Answer::of(server.request("diary-aino", "POST", "Observation/_search").form(&many).send().unwrap());
    assert_eq!((many.status, many.rule()), (400, "RS-SEARCH-TOO-MANY"));
}

#[test]
fn unknown_special_parameters_are_passed_over_by_the_newer_engine() {
    use kanta_phr_sandbox::http::fhir::Knobs;
    use kanta_phr_sandbox::records::{IgnoreSpecial, Settings};
    let status = |server: &Server, base: &str, query: &str| {
        let path = format!("Observation?patient={AINO}&{query}");
        server.open_request(base, "GET", &path).send().unwrap().status().as_u16()
    };
    for (special, r4, stu3) in
        [(IgnoreSpecial::OnR4, 200, 400), (IgnoreSpecial::Always, 200, 200), (IgnoreSpecial::Never, 400, 400)]
    {
        let settings = Settings { ignore_unknown_special: special, ..Settings::default() };
        let server = Server::with(settings, Knobs::default());
        for query in ["_foo=1", "_totalMethod=count"] {
            assert_eq!((status(&server, "baseR4", query), status(&server, "baseStu3", query)), (r4, stu3), "{query}");
        }
        for query in ["_has:Observation:x:y=1", "_include=Observation:subject", "_tag=x", "foo=1"] {
            assert_eq!((status(&server, "baseR4", query), status(&server, "baseStu3", query)), (400, 400), "{query}");
        }
    }
}

#[test]
fn searches_were_simpler_in_2019() {
    use kanta_phr_sandbox::http::fhir::Knobs;
    use kanta_phr_sandbox::records::Settings;
    let settings = Settings { searches_of_2019: true, ..Settings::default() };
    let server = Server::with(settings, Knobs { match_is_created: true, ..Knobs::default() });
    for day in ["03", "01", "02"] {
        let made = server.post("diary-aino", "Observation", &weight(AINO, "1", &format!("2026-05-{day}"), &urn(day)));
        assert_eq!(made.status, 201);
    }
    let several = server.get("diary-aino", &format!("Observation?patient={AINO}&code=29463-7,8302-2"));
    assert_eq!(
        (several.status, several.diagnostics().as_str()),
        (
            400,
            "Multiple values detected for non-repeatable parameter 'code'. This server is not configured to allow multiple (AND/OR) values for this param."
        )
    );
    let path = format!("Observation?patient={AINO}&code=29463-7");
    let plain = ids(&server.get("diary-aino", &path));
    for order in ["date", "-date", "nothing"] {
        assert_eq!(ids(&server.get("diary-aino", &format!("{path}&_sort={order}"))), plain, "{order}");
    }
    server.post("diary-aino", "MedicationAdministration", &dose(AINO, "ins-short-fast", "2026-05-01T08:00:00+03:00"));
    let doses = server.get("diary-aino", &format!("MedicationAdministration?patient={AINO}&code=ins-long"));
    assert_eq!(ids(&doses).len(), 1, "the code of a dose has no effect");
    let request = server.request("diary-aino", "POST", "Observation").header("Content-Type", "application/fhir+json");
    let request = request.header("If-None-Exist", format!("identifier={}", urn("01")));
    let matched = Answer::of(request.body(weight(AINO, "1", "2026-05-01", &urn("01"))).send().unwrap());
    assert_eq!((matched.status, matched.id()), (201, plain[1].clone()), "{}", matched.body);
}
