//! Requests nobody would write, over both bases and both endpoints: every answer is an answer, none a 500.
//!
//! `PHR_FUZZ_REQUESTS` says how many; the default is short. A long run: `PHR_FUZZ_REQUESTS=100000 cargo test --test fhir_fuzz`.

mod harness;

use harness::{AINO, EINO, Server, body_of};
use kanta_phr_sandbox::http::fhir::Knobs;
use kanta_phr_sandbox::records::Settings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const NAMES: [&str; 14] = [
    "CarePlan",
    "Observation",
    "Patient",
    "MedicationStatement",
    "MedicationAdministration",
    "Questionnaire",
    "QuestionnaireResponse",
    "ValueSet",
    "StructureDefinition",
    "CodeSystem",
    "Consent",
    "OperationDefinition",
    "AllergyIntolerance",
    "metadata",
];
const PARAMETERS: [&str; 30] = [
    "patient",
    "_id",
    "code",
    "date",
    "effective-time",
    "effective",
    "authored",
    "identifier",
    "category",
    "status",
    "supporting-info",
    "questionnaire",
    "url",
    "_lastUpdated",
    "_security",
    "_count",
    "_sort",
    "_total",
    "_summary",
    "_elements",
    "_format",
    "_pretty",
    "_getpages",
    "_getpagesoffset",
    "_bundletype",
    "_include",
    "_since",
    "patient:Patient",
    "code:in",
    "_has",
];
const VALUES: [&str; 34] = [
    "",
    "AINO",
    "Patient/AINO",
    "http://h.test/baseR4/Patient/AINO",
    "00000000-0000-0000-0000-000000000000",
    "29463-7",
    "http://loinc.org|29463-7",
    "|29463-7",
    "http://loinc.org|",
    "|",
    "||",
    ",",
    "\\,",
    "a\\",
    "1,2,3",
    "ge2019",
    "2019-02-29",
    "sa0000-01-01",
    "9999-12-31T23:59:60Z",
    "ap2026-05-01T12:00:00.999999999+14:00",
    "lt-2019",
    "ne2026-05-01T24:00",
    "18446744073709551616",
    "-1",
    "0",
    "1e9",
    "true",
    "count",
    "-date,_lastUpdated,-date",
    "_lastUpdated",
    "Observation.value,.,x..",
    "xml",
    "%00",
    "\u{1F980}\u{202E}",
];

/// One request.
#[derive(Clone, Debug)]
struct Request {
    base: &'static str,
    token: Option<&'static str>,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        4 => Just(AINO.to_string()),
        1 => Just(EINO.to_string()),
        3 => prop::sample::select(&["fiphr-sd-bodyweight", "fiphr-vs-vitalsigns", "_history", "_search", "$validate", "1", "2", "..", "%2F", "%2e%2e", "a%2Fb", "%00", "%ff", "+", ";x=1"][..])
            .prop_map(str::to_owned),
        1 => "[a-zA-Z0-9_.$~-]{0,80}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    let pair = (
        prop::sample::select(&PARAMETERS[..]),
        prop_oneof![
            6 => prop::sample::select(&VALUES[..]).prop_map(str::to_owned),
            1 => "\\PC{0,30}",
        ],
    );
    prop::collection::vec(pair, 0..6).prop_map(|pairs| {
        let mut query = form_urlencoded_pairs(&pairs);
        if !query.is_empty() {
            query.insert(0, '?');
        }
        query
    })
}

fn form_urlencoded_pairs(pairs: &[(&str, String)]) -> String {
    let encode = |text: &str| {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect::<String>()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(&value.replace("AINO", &AINO.to_string()))))
        .collect();
    pairs.join("&")
}

/// A resource, whole or damaged.
fn body() -> impl Strategy<Value = String> {
    let whole = (prop::sample::select(&NAMES[..11]), any::<bool>(), 0_u8..4).prop_map(|(name, r4, word)| {
        let base = if r4 && !matches!(name, "Consent" | "MedicationStatement") { "baseR4" } else { "baseStu3" };
        let body = body_of(name, base, AINO, &word.to_string());
        // Some name a draft, which may have been uploaded in whatever state.
        match word {
            3 => body.replace("/fiphr-sd-bodyweight\"", "/0\"").replace("/fiphr-bodyweight-stu3\"", "/0\""),
            _ => body,
        }
    });
    let piece = prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[], {}, null])),
        Just(json!({"reference": "Patient/1"})),
        Just(json!({"reference": "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"})),
        Just(json!("\u{0}\u{7}")),
        Just(json!(1e300)),
        any::<i64>().prop_map(|number| json!(number)),
        "\\PC{0,20}".prop_map(Value::String),
    ];
    let damaged = (whole.clone(), prop::collection::vec((any::<prop::sample::Index>(), piece), 1..3)).prop_map(
        |(text, changes)| {
            let mut json: Value = serde_json::from_str(&text).unwrap();
            for (at, piece) in changes {
                let places = pointers(&json, String::new());
                let place = &places[at.index(places.len())];
                if let Some(slot) = json.pointer_mut(place) {
                    *slot = piece;
                }
            }
            json.to_string()
        },
    );
    let cut = (whole.clone(), any::<prop::sample::Index>(), "\\PC{0,6}").prop_map(|(text, at, middle)| {
        let mut end = at.index(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}{middle}", &text[..end])
    });
    prop_oneof![2 => whole, 4 => damaged, 1 => cut, 1 => Just(String::new()), 1 => Just("[".repeat(300))]
}

fn pointers(value: &Value, here: String) -> Vec<String> {
    let mut all = vec![here.clone()];
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            all.extend(pointers(value, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1"))));
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| all.extend(pointers(value, format!("{here}/{index}"))));
        }
        _ => {}
    }
    all
}

fn bundle() -> impl Strategy<Value = String> {
    let entry = (
        prop::sample::select(&["POST", "PUT", "DELETE", "GET", "PATCH"][..]),
        segment(),
        prop::option::of(segment()),
        query(),
        body(),
        prop::option::of(prop::sample::select(&["identifier=1", "identifier=urn:uuid:1", "_id=1", "\n"][..])),
    )
        .prop_map(|(method, first, second, query, body, condition)| {
            let url = format!("{first}/{}{query}", second.unwrap_or_default());
            let mut request = json!({"method": method, "url": url});
            if let Some(condition) = condition {
                request["ifNoneExist"] = condition.into();
                request["ifMatch"] = condition.into();
            }
            let full_url = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059";
            match serde_json::from_str::<Value>(&body) {
                Ok(resource) => json!({"fullUrl": full_url, "resource": resource, "request": request}),
                Err(_) => json!({"request": request}),
            }
        });
    (prop::sample::select(&["batch", "transaction", "history"][..]), prop::collection::vec(entry, 0..4))
        .prop_map(|(kind, entries)| json!({"resourceType": "Bundle", "type": kind, "entry": entries}).to_string())
}

fn request() -> impl Strategy<Value = Request> {
    let target = prop_oneof![
        4 => (prop::collection::vec(segment(), 0..4), body()).prop_map(|(path, body)| (path.join("/"), body)),
        3 => body().prop_map(|body| {
            let name = serde_json::from_str::<Value>(&body).ok();
            let name = name.and_then(|json| Some(json.get("resourceType")?.as_str()?.to_owned()));
            (name.filter(|name| name.is_ascii()).unwrap_or_else(|| "Observation".to_owned()), body)
        }),
        1 => bundle().prop_map(|bundle| (String::new(), bundle)),
    ];
    let header = prop_oneof![
        Just(("If-None-Exist", "identifier=urn:uuid:1".to_owned())),
        Just(("If-None-Exist", "identifier=%".to_owned())),
        Just(("If-Match", "W/\"1\"".to_owned())),
        Just(("If-Match", "\"\"\"".to_owned())),
        Just(("If-None-Match", "*".to_owned())),
        Just(("If-Modified-Since", "yesterday".to_owned())),
        Just(("Prefer", "return=representation; handling=x".to_owned())),
        Just(("Content-Encoding", "gzip".to_owned())),
        Just(("X-Request-ID", "x".repeat(200))),
        Just(("Accept", "application/fhir+xml".to_owned())),
    ];
    (
        prop::sample::select(&["baseR4", "baseStu3"][..]),
        prop::sample::select(&[None, Some("diary-aino-all"), Some("other-eino"), Some("nonsense")][..]),
        prop::sample::select(&["GET", "POST", "PUT", "DELETE", "GET", "POST", "PATCH", "HEAD", "OPTIONS"][..]),
        target,
        query(),
        prop::collection::vec(header, 0..2),
    )
        .prop_map(|(base, token, method, (path, body), query, headers)| {
            // Most searches need a patient, and a form would be another type's body.
            let path = match NAMES.contains(&path.as_str()) && method == "GET" {
                true if query.contains("_bundletype") => format!("{path}{query}"),
                true => format!("{path}?patient={AINO}&{}", query.trim_start_matches('?')),
                false => format!("{path}{query}"),
            };
            Request { base, token, method, path, headers, body }
        })
}

#[test]
fn no_request_breaks_the_server() {
    break_it(&Server::start());
}

#[test]
fn no_request_breaks_the_server_with_every_knob_turned() {
    let settings = Settings {
        convert_from_stu3: true,
        searches_of_2019: true,
        ignore_unknown_parameters: true,
        hide_foreign_ids: true,
        foreign_profiles: true,
        texts_of_2018: true,
        page_default: 1,
        ..Settings::default()
    };
    let knobs = Knobs {
        validate: true,
        challenge: true,
        match_is_created: true,
        prefer_stu3: true,
        prefer_r4: false,
        bundles_stu3: true,
        ..Knobs::default()
    };
    break_it(&Server::with(settings, knobs));
}

fn break_it(server: &Server) {
    let requests = std::env::var("PHR_FUZZ_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(requests) });
    let mut seen = std::collections::BTreeMap::<u16, u32>::new();
    let counted = std::cell::RefCell::new(&mut seen);
    let result = runner.run(&request(), |request| {
        let front = if request.token.is_some() { &server.authorized } else { &server.open };
        let url = format!("{front}/phr-resourceserver/{}/{}", request.base, request.path);
        let built = server.any().request(request.method.parse().unwrap(), url);
        let built = request.token.iter().fold(built, |built, token| built.bearer_auth(token));
        let built = request.headers.iter().fold(built, |built, (name, value)| built.header(*name, value));
        let built = built.header("Content-Type", "application/fhir+json").body(request.body.clone());
        // Some paths are no URLs for the client either.
        let Ok(built) = built.build() else { return Ok(()) };
        let answer = server.any().execute(built).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let answer = harness::Answer::of(answer);
        *counted.borrow_mut().entry(answer.status).or_default() += 1;
        // Two 500s are recorded of the real server.
        let recorded = matches!(answer.rule(), "RS-REFERENCE-URN" | "RS-SEARCH-PATIENT");
        prop_assert!(answer.status < 500 || recorded, "{} {}", answer.status, answer.body);
        if answer.status >= 400 && request.method != "HEAD" && !answer.body.is_empty() {
            prop_assert_eq!(&answer.json()["resourceType"], "OperationOutcome", "{}", answer.body);
            prop_assert!(!answer.rule().is_empty(), "a refusal without a reason: {}", answer.body);
        }
        // Another citizen's resources are never answered to a token that is not theirs.
        let foreign = [format!("\"id\":\"{EINO}\""), format!("\"subject\":{{\"reference\":\"Patient/{EINO}\"")];
        let is_foreign =
            request.token == Some("diary-aino-all") && foreign.iter().any(|text| answer.body.contains(text));
        prop_assert!(!is_foreign, "{}", answer.body);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{seen:?}");
    let kinds: Vec<u16> = seen.keys().copied().collect();
    assert!(kinds.contains(&200) && kinds.contains(&400) && kinds.contains(&404), "{seen:?}");
    // Whatever came: what is stored can be read, found and validated again.
    for base in ["baseR4", "baseStu3"] {
        let found =
            server.open_request(base, "GET", &format!("Observation?patient={AINO}&_count=10000")).send().unwrap();
        assert_eq!(found.status(), 200);
    }
}
