//! The status-code table of the resource servers (resource-server.md §5, §11), a row each, over HTTP.

mod harness;

use harness::{AINO, Answer, EINO, Server, steps, urn, weight, weight_stu3};

/// One request and what is answered.
struct Row {
    what: &'static str,
    token: &'static str,
    method: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
    body: String,
    status: u16,
    /// Kela's code, where it is one of its own errors.
    code: &'static str,
    /// A part of the diagnostics.
    text: &'static str,
}

fn row(what: &'static str, method: &'static str, path: &str, status: u16, text: &'static str) -> Row {
    let path = path.to_owned();
    Row { what, token: "diary-aino", method, path, headers: &[], body: String::new(), status, code: "", text }
}

fn send(server: &Server, row: &Row) -> Answer {
    let request = server.request(row.token, row.method, &row.path);
    let request = row.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = match row.method {
        "POST" | "PUT" if !row.headers.iter().any(|(name, _)| *name == "Content-Type") => {
            request.header("Content-Type", "application/fhir+json").body(row.body.clone())
        }
        "POST" | "PUT" => request.body(row.body.clone()),
        _ => request,
    };
    Answer::of(request.send().unwrap())
}

#[test]
fn every_row_of_the_status_table() {
    let server = Server::start();
    let body = weight(AINO, "70", "2026-05-01", &urn("kept"));
    let kept = server.post("diary-aino", "Observation", &body);
    let path = format!("Observation/{}", kept.id());
    let gone = server.post("diary-aino", "Observation", &weight(AINO, "71", "2026-05-02", &urn("gone")));
    let gone = format!("Observation/{}", gone.id());
    assert_eq!(server.delete("diary-aino", &gone).status, 200);
    for _ in 0..2 {
        server.post("diary-aino", "Observation", &weight(AINO, "72", "2026-05-03", &urn("twice")));
    }
    let put = |what, body: String, status, text| Row { body, ..row(what, "PUT", &path, status, text) };
    let post = |what, body: String, status, text| Row { body, ..row(what, "POST", "Observation", status, text) };
    let unknown = "Observation/22222222-2222-4222-8222-222222222222";
    let twice: &'static str = format!("identifier={}", urn("twice")).leak();
    let once: &'static str = format!("identifier={}", urn("kept")).leak();
    let conditional = |condition: &'static str| -> &'static [(&'static str, &'static str)] {
        vec![("If-None-Exist", condition)].leak()
    };
    let rows = [
        post("create", weight(AINO, "1", "2026-05-04", &urn("new")), 201, ""),
        Row { headers: conditional(once), ..post("If-None-Exist hit", body.clone(), 200, "") },
        Row {
            headers: conditional(twice),
            ..post("If-None-Exist hits", body.clone(), 412, "because this search matched 2 resources")
        },
        Row {
            headers: &[("If-None-Exist", "code=1")],
            code: "502420",
            ..post("If-None-Exist by something else", body.clone(), 400, "Only identifier is supported")
        },
        put("unchanged update", kept.body.clone(), 200, ""),
        put("update", kept.body.replace("70", "70.5"), 200, ""),
        put("update without an id", body.clone(), 400, "resource body must contain an ID element for update (PUT)"),
        put("update with another id", kept.body.replace(&kept.id(), "1"), 400, "does not match URL ID of"),
        Row {
            headers: &[("If-Match", "W/\"1\"")],
            ..put("stale If-Match", kept.body.replace("70", "71.5"), 409, "but this is not the current version")
        },
        Row {
            headers: &[("If-Match", "W/\"1\"")],
            ..row("stale delete", "DELETE", &path, 409, "not the current version")
        },
        Row {
            body: kept.body.replace(&kept.id(), &unknown["Observation/".len()..]),
            ..row("update of nothing", "PUT", unknown, 404, "is not known")
        },
        Row {
            body: kept.body.replace(&kept.id(), "123"),
            ..row("update of a numeric id", "PUT", "Observation/123", 400, "no resource with this ID exists")
        },
        row("read", "GET", &path, 200, ""),
        Row { headers: &[("If-None-Match", "W/\"2\"")], ..row("not modified", "GET", &path, 304, "") },
        Row {
            headers: &[("If-Modified-Since", "Mon, 01 Jun 2026 09:00:00 GMT")],
            ..row("not modified since", "GET", &path, 304, "")
        },
        row(
            "read of nothing",
            "GET",
            unknown,
            404,
            "Resource Observation/22222222-2222-4222-8222-222222222222 is not known",
        ),
        row("read of what was deleted", "GET", &gone, 410, "Resource was deleted at 2026-06-01T12:00:00.000+03:00"),
        row("its old version", "GET", &format!("{gone}/_history/1"), 200, ""),
        row(
            "an unknown version",
            "GET",
            &format!("{path}/_history/9"),
            404,
            "Version \"9\" is not valid for resource Observation/",
        ),
        row("delete again", "DELETE", &gone, 200, "Successfully deleted 1 resource(s) in "),
        row("delete of nothing", "DELETE", unknown, 404, "is not known"),
        Row {
            token: "nonsense",
            code: "502120",
            ..row("bad token", "GET", &path, 403, "Access denied by rule: Token is invalid")
        },
        Row {
            token: "diary-eino",
            code: "502020",
            ..row("another citizen's", "GET", &path, 403, "Token is not sufficient")
        },
        Row {
            token: "diary-aino-read",
            code: "502020",
            ..post("without the scope", body.clone(), 403, "Token is not sufficient for this operation")
        },
        row("unknown type", "GET", "Foo", 404, "Unknown resource type 'Foo' - Server knows how to handle: ["),
        row("no handler", "PATCH", &path, 400, "does not know how to handle PATCH operation["),
        row("the base", "GET", "", 400, "This is the base URL of FHIR server."),
        row(
            "no patient",
            "GET",
            "Observation?_pretty=true",
            400,
            "GET operation[Observation] with parameters [[_pretty]]",
        ),
        row(
            "unknown parameter",
            "GET",
            &format!("Observation?patient={AINO}&foo=1"),
            400,
            "with parameters [[foo, patient]]",
        ),
        row(
            "unknown page",
            "GET",
            "?_getpages=5c0a0d4e-0000-4000-8000-000000000000",
            410,
            "does not exist and may have expired",
        ),
        row(
            "too long a path",
            "GET",
            &format!("{path}/a/b/c"),
            400,
            "URL path has unexpected token 'c' at the end: Observation/",
        ),
        post("no JSON", "{".to_owned(), 400, "Failed to parse request body as JSON resource. Error was: "),
        Row {
            headers: &[("Content-Type", "text/plain")],
            ..post("wrong Content-Type", body.clone(), 400, "Incorrect Content-Type header value of \"text/plain\"")
        },
        Row {
            code: "502120",
            ..post("empty body", String::new(), 403, "Token is invalid for the requested operation.")
        },
        Row {
            code: "504320",
            ..post(
                "profile of the other version",
                weight_stu3(AINO, "1", "2026-05-01", &urn("x")),
                422,
                "Reference to a wrong FHIR-version, url: ",
            )
        },
        Row {
            code: "500620",
            ..post(
                "unknown profile",
                body.replace("fiphr-sd-bodyweight", "none"),
                422,
                "Unexpected failure while validating resource",
            )
        },
        post(
            "no profile",
            body.replace(
                "\"profile\":[\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight\"]",
                "\"tag\":[{\"code\":\"x\"}]",
            ),
            422,
            "Missing profile",
        ),
        post("not conforming", body.replace("\"kg\"", "\"lb\""), 422, ""),
        post(
            "dangling reference",
            steps(AINO, "2026-05-01", "2026-05-02")
                .replace("\"issued\"", "\"hasMember\":[{\"reference\":\"Observation/1\"}],\"issued\""),
            400,
            "Resource Observation/1 not found, specified in path: Observation.hasMember",
        ),
        post(
            "external reference",
            body.replace(&format!("Patient/{AINO}"), &format!("http://x.test/Patient/{AINO}")),
            400,
            "contains external reference to URL",
        ),
        Row {
            code: "502020",
            ..post(
                "about another citizen",
                body.replace(&AINO.to_string(), &EINO.to_string()),
                403,
                "Token is not sufficient",
            )
        },
        row("DELETE of a Patient", "DELETE", &format!("Patient/{AINO}"), 400, "DELETE operation[Patient/0000a100-"),
        row("Patients without a condition", "GET", "Patient", 500, "Database connection error"),
        Row {
            body: body.clone(),
            ..row("$validate", "POST", "Observation/$validate", 400, "POST operation[Observation/$validate]")
        },
    ];
    for row in rows {
        let answer = send(&server, &row);
        assert_eq!(answer.status, row.status, "{}: {}", row.what, answer.body);
        if row.status >= 400 {
            assert!(answer.diagnostics().contains(row.text), "{}: {}", row.what, answer.body);
            assert_eq!(answer.code(), row.code, "{}: {}", row.what, answer.body);
            let routing = answer.diagnostics().contains("does not know how to handle");
            let code = if routing { "not-supported" } else { "processing" };
            assert_eq!(answer.json()["issue"][0]["code"], code, "{}", row.what);
            assert!(!answer.rule().is_empty(), "{}", row.what);
            assert!(!answer.header("sandbox-reason").contains("RS-INTERNAL"), "{}", row.what);
        }
    }
    for path in ["Observation", "Observation/$validate", "Observation/1/2"] {
        let older = Answer::of(server.open_request("baseStu3", "GET", path).send().unwrap());
        assert_eq!((older.status, &older.json()["issue"][0]["code"]), (400, &"processing".into()), "{path}");
    }
    let none = server.any().get(format!("{}/phr-resourceserver/baseR4/{path}", server.authorized)).send().unwrap();
    assert_eq!(none.status(), 401);
    let bare = server.any().post(format!("{}/phr-resourceserver/baseR4/Observation", server.authorized));
    let bare = Answer::of(bare.bearer_auth("diary-aino").body("<Observation/>").send().unwrap());
    assert_eq!(
        (bare.status, bare.diagnostics().as_str()),
        (400, "No Content-Type header was provided in the request. This is required for \"CREATE\" operation")
    );
}

#[test]
fn the_statements_have_the_published_content() {
    let server = Server::start();
    let statement = |base: &str| Answer::of(server.open_request(base, "GET", "metadata").send().unwrap()).json();
    let rows = |base: &str| -> String {
        let json = statement(base);
        let resources = json["rest"][0]["resource"].as_array().unwrap().clone();
        let codes = |list: &serde_json::Value, name: &str| -> String {
            let names: Vec<&str> = list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap()).collect();
            names.join(" ")
        };
        let rows: Vec<String> = resources
            .iter()
            .map(|resource| {
                format!(
                    "{}: {} | {}",
                    resource["type"].as_str().unwrap(),
                    codes(&resource["interaction"], "code"),
                    codes(&resource["searchParam"], "name")
                )
            })
            .collect();
        format!("{}\n{}", rows.join("\n"), json["rest"][0]["interaction"])
    };
    insta::assert_snapshot!(rows("baseR4"), @r##"
    CarePlan: read vread update delete history-instance create search-type | _id _lastUpdated date patient status identifier category supporting-info _total
    Observation: read vread update delete history-instance create search-type | _id _lastUpdated date patient code identifier category _total
    Patient: read vread update history-instance create search-type | _id
    MedicationAdministration: read vread update delete history-instance create search-type | _id _lastUpdated effective-time patient identifier code _total
    Questionnaire: read vread update delete history-instance create search-type | _id _lastUpdated code identifier url _total
    QuestionnaireResponse: read vread update delete history-instance create search-type | _id _lastUpdated questionnaire patient authored identifier _total
    ValueSet: read vread update history-instance create search-type | _id url
    StructureDefinition: read vread update history-instance create search-type | _id url
    CodeSystem: read vread update history-instance create search-type | _id url
    [{"code":"transaction"},{"code":"batch"}]
    "##);
    insta::assert_snapshot!(rows("baseStu3"), @r##"
    CarePlan: read vread update delete history-instance create search-type | _id _lastUpdated _security date patient
    StructureDefinition: read vread update history-instance create search-type | _id url
    Questionnaire: read vread update delete history-instance create search-type | _id _lastUpdated code identifier url _total
    Consent: read vread update history-instance create search-type | _id _lastUpdated _security patient identifier category
    Observation: read vread update delete history-instance create search-type | _id _lastUpdated _security date patient code identifier category _total
    MedicationAdministration: read vread update delete history-instance create search-type | _id _lastUpdated _security effective-time patient identifier code _total
    Patient: read vread update history-instance create search-type | _id
    MedicationStatement: read vread update delete history-instance create search-type | _id _lastUpdated _security effective patient identifier category
    CodeSystem: read vread update history-instance create search-type | _id url
    QuestionnaireResponse: read vread update delete history-instance create search-type | _id _lastUpdated questionnaire patient authored identifier _total
    ValueSet: read vread update history-instance create search-type | _id url
    null
    "##);
    let json = statement("baseR4");
    assert_eq!(json["software"]["name"], "kanta-phr-sandbox");
    assert_eq!((json["kind"].as_str(), json["fhirVersion"].as_str()), (Some("instance"), Some("4.0.1")));
    assert_eq!(statement("baseStu3")["acceptUnknown"], "no");
    for resource in json["rest"][0]["resource"].as_array().unwrap() {
        assert_eq!(resource["conditionalCreate"], true);
        assert_eq!(resource["referencePolicy"], serde_json::json!(["literal", "enforced", "local"]));
        assert_eq!(resource["updateCreate"], resource["type"] == "Patient", "{resource}");
    }
}
