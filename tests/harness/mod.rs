//! A resource server on a free port, with two citizens and two applications, driven over HTTP.
#![allow(dead_code, reason = "each test file uses its own part")]

use axum::extract::Request;
use axum::http::{Extensions, header};
use axum::middleware::Next;
use kanta_phr_sandbox::exchanges::Party;
use kanta_phr_sandbox::http::context::{Front, Origin};
use kanta_phr_sandbox::http::fhir::{Backend, Caller, Knobs, TokenProblem, routes};
use kanta_phr_sandbox::http::listen::{Connection, Listener};
use kanta_phr_sandbox::records::{Access, Records, Rights, Settings, Types, national_profiles};
use kanta_phr_sandbox::store::Store;
use kanta_phr_sandbox::time::{Clock, Random};
use regex::Regex;
use reqwest::blocking::{Client, RequestBuilder, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

pub const AINO: Uuid = Uuid::from_u128(0x0000_a100_0000_4000_8000_0000_0000_000a);
pub const EINO: Uuid = Uuid::from_u128(0x0000_e100_0000_4000_8000_0000_0000_000e);

/// The types that scopes are granted for.
pub const GRANTED: [&str; 5] =
    ["Observation", "MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse"];

/// What the handlers are given: the records, and tokens that are words.
#[derive(Clone)]
pub struct TestBackend {
    pub records: Records,
    pub knobs: Knobs,
    random: Arc<Random>,
}

impl Backend for TestBackend {
    fn records(&self) -> Records {
        self.records.clone()
    }

    fn knobs(&self) -> Knobs {
        self.knobs
    }

    fn caller(&self, bearer: &str, _: &Extensions) -> Result<Caller, TokenProblem> {
        // `diary-aino`, `diary-aino-read`, `diary-aino-all`, `other-eino`: application, citizen, and whether it only reads.
        let mut words = bearer.split('-');
        let (Some(application @ ("diary" | "other")), Some(citizen)) = (words.next(), words.next()) else {
            return Err(TokenProblem("this tenant has not given the access token".into()));
        };
        let patient = if citizen == "aino" { AINO } else { EINO };
        let all = Types::named(GRANTED);
        let (reads, writes) = match words.next() {
            Some("read") => (Types::named(["Observation", "MedicationAdministration"]), Types::NONE),
            Some("all") => (all, all),
            _ => (Types::named(["Observation", "MedicationAdministration"]), Types::ALL),
        };
        let access = Access::Application {
            client_id: application.into(),
            name: format!("The \"{application}\" app"),
            application_id: format!("1.2.246.10.{application}"),
            patient,
            rights: Rights::new(reads, writes),
        };
        Ok(Caller { access, party: Party { client_id: Some(application.into()), ..Party::default() } })
    }

    fn request_id(&self) -> String {
        self.random.alphanumeric(16)
    }
}

/// A running server; it stops with the test's process.
pub struct Server {
    pub authorized: String,
    pub open: String,
    pub clock: Arc<Clock>,
    pub records: Records,
    client: Client,
}

impl Server {
    pub fn start() -> Server {
        Server::with(Settings::default(), Knobs::default())
    }

    pub fn with(settings: Settings, knobs: Knobs) -> Server {
        let clock = Arc::new(Clock::system());
        clock.freeze(true);
        clock.set("2026-06-01T09:00:00Z".parse().unwrap());
        let random = Arc::new(Random::seeded(7));
        let records = Records::new(Store::in_memory(), clock.clone(), random.clone(), national_profiles());
        let records = records.with_settings(settings);
        for patient in [AINO, EINO] {
            records.create_patient(patient).unwrap();
        }
        let backend = TestBackend { records: records.clone(), knobs, random };
        let authorized = listen(Listener::Http, backend.clone());
        let open = listen(Listener::Open, backend);
        let client = Client::builder().no_proxy().build().unwrap();
        Server { authorized, open, clock, records, client }
    }

    /// A request to the authorized R4 base with a token.
    pub fn request(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/phr-resourceserver/baseR4/{path}", self.authorized);
        self.client.request(method.parse().unwrap(), url).bearer_auth(token)
    }

    /// A request to a base of the open endpoint.
    pub fn open_request(&self, base: &str, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/phr-resourceserver/{base}/{path}", self.open);
        self.client.request(method.parse().unwrap(), url)
    }

    pub fn get(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.request(token, "GET", path).send().unwrap())
    }

    pub fn post(&self, token: &str, path: &str, body: &str) -> Answer {
        let request = self.request(token, "POST", path).header("Content-Type", "application/fhir+json");
        Answer::of(request.body(body.to_owned()).send().unwrap())
    }

    pub fn put(&self, token: &str, path: &str, body: &str) -> Answer {
        let request = self.request(token, "PUT", path).header("Content-Type", "application/fhir+json");
        Answer::of(request.body(body.to_owned()).send().unwrap())
    }

    pub fn delete(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.request(token, "DELETE", path).send().unwrap())
    }

    pub fn any(&self) -> &Client {
        &self.client
    }
}

fn listen(listener: Listener, backend: TestBackend) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async move {
            let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address: SocketAddr = socket.local_addr().unwrap();
            send.send(address).unwrap();
            let connection = Arc::new(Connection::new(listener, address, None));
            let place = move |mut request: Request, next: Next| {
                let host = request.headers().get(header::HOST).unwrap().to_str().unwrap().to_owned();
                let origin = Origin::new(&connection, &Front::default(), &host);
                request.extensions_mut().insert(origin);
                next.run(request)
            };
            let router = routes::<TestBackend>().with_state(backend).layer(axum::middleware::from_fn(place));
            axum::serve(socket, router).await.unwrap();
        });
    });
    format!("http://{}", receive.recv().unwrap())
}

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn of(response: Response) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().unwrap() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The logical id in Location.
    pub fn id(&self) -> String {
        let id = self.header("location").split('/').rev().nth(2);
        id.unwrap_or_else(|| panic!("no Location: {} {}", self.status, self.body)).to_owned()
    }

    pub fn diagnostics(&self) -> String {
        self.json()["issue"][0]["diagnostics"].as_str().unwrap().to_owned()
    }

    pub fn code(&self) -> String {
        self.json()["issue"][0]["details"]["coding"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn rule(&self) -> &str {
        self.header("sandbox-reason").split(';').next().unwrap_or_default()
    }

    /// Status, headers and body with what differs from run to run replaced.
    pub fn wire(&self) -> String {
        let mut headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.retain(|line| !line.starts_with("date:") && !line.starts_with("content-length:"));
        headers.sort();
        let text = format!("{}\n{}\n\n{}", self.status, headers.join("\n"), self.body);
        let text = Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace_all(&text, "HOST");
        let text = Regex::new(r"x-request-id: \w{16}").unwrap().replace_all(&text, "x-request-id: REQUEST");
        let text = Regex::new(r"in \d+ms").unwrap().replace_all(&text, "in 1ms");
        let own = [AINO.to_string(), EINO.to_string()];
        let uuid = Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").unwrap();
        let replace = |captures: &regex::Captures<'_>| {
            if own.contains(&captures[0].to_owned()) { captures[0].to_owned() } else { "ID".to_owned() }
        };
        uuid.replace_all(&text, replace).into_owned()
    }
}

/// A weight of a patient; `extra` goes in as it is.
pub fn weight(patient: Uuid, value: &str, at: &str, identifier: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"]}},"language":"fi","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">Paino</div>"}},"identifier":[{{"system":"urn:ietf:rfc:3986","value":"{identifier}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7","display":"Paino"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"{at}","issued":"2026-05-01T12:00:00+03:00","performer":[{{"reference":"Patient/{patient}"}}],"valueQuantity":{{"value":{value},"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}}}"#
    )
}

/// Steps within a period.
pub fn steps(patient: Uuid, start: &str, end: &str) -> String {
    weight(patient, "1000", "AT", "urn:uuid:33333333-2222-4333-8444-555555555555")
        .replace("fiphr-sd-bodyweight", "fiphr-sd-stepstaken")
        .replace(
            "http://terminology.hl7.org/CodeSystem/observation-category",
            "http://phr.kanta.fi/fiphr-cs-fitnesscategory",
        )
        .replace(r#""code":"vital-signs""#, r#""code":"fitness","display":"Liikunta""#)
        .replace("29463-7", "66334-4")
        .replace(r#""unit":"kg""#, r#""unit":"1""#)
        .replace(r#""code":"kg""#, r#""code":"1""#)
        .replace(r#""effectiveDateTime":"AT""#, &format!(r#""effectivePeriod":{{"start":"{start}","end":"{end}"}}"#))
}

/// A weight for the STU3 base.
pub fn weight_stu3(patient: Uuid, value: &str, at: &str, identifier: &str) -> String {
    weight(patient, value, at, identifier).replace("fiphr-sd-bodyweight", "fiphr-bodyweight-stu3").replace(
        "http://terminology.hl7.org/CodeSystem/observation-category",
        "http://hl7.org/fhir/observation-category",
    )
}

/// An identifier that is the same for the same word.
pub fn urn(word: &str) -> String {
    let number = word.bytes().fold(7_u128, |number, byte| number.wrapping_mul(257).wrapping_add(u128::from(byte)));
    let id = uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid();
    format!("urn:uuid:{id}")
}

/// A dose of insulin.
pub fn dose(patient: Uuid, code: &str, at: &str) -> String {
    format!(
        r#"{{"resourceType":"MedicationAdministration","meta":{{"profile":["http://phr.kanta.fi/StructureDefinition/fiphr-sd-insulindosing-r4"]}},"language":"fi","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Insuliini</div>"}},"identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:11111111-2222-4333-8444-555555555555"}}],"status":"completed","medicationCodeableConcept":{{"coding":[{{"system":"http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode","code":"{code}","display":"Insuliini"}}],"text":"insulin"}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"{at}"}}"#
    )
}

/// A body of a type for a base, about a patient; the identifier and the URL are made of `word`.
pub fn body_of(resource_type: &str, base: &str, patient: Uuid, word: &str) -> String {
    let (folder, suffix) = if base == "baseR4" { ("r4", "-r4") } else { ("stu3", "-stu3") };
    let example = |name: &str| {
        let path = format!("{}/examples/{folder}/valid/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let identifier = serde_json::json!({"system": "urn:ietf:rfc:3986", "value": urn(word)});
        json["identifier"] = match json["identifier"].is_array() {
            true => serde_json::json!([identifier]),
            false => identifier,
        };
        json.to_string().replace("7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3", &patient.to_string())
    };
    let urn = urn(word);
    match resource_type {
        "Observation" => example("bodyweight-minimal"),
        "MedicationAdministration" => example("insulindosing-minimal"),
        "CarePlan" => example("selfcareplan-minimal"),
        "Questionnaire" => example("questionnaire-minimal"),
        "QuestionnaireResponse" => example("questionnaireresponse-minimal"),
        "Patient" => {
            let id = &urn["urn:uuid:".len()..];
            format!(
                r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}],"active":true}}"#
            )
        }
        "Consent" => format!(
            r#"{{"resourceType":"Consent","identifier":{{"system":"urn:ietf:rfc:3986","value":"{urn}"}},"status":"active","category":[{{"coding":[{{"system":"http://phr.kanta.fi/fiphr-cs-consentcategory","code":"1"}}]}}],"patient":{{"reference":"Patient/{patient}"}},"policyRule":"http://x.test/rule"}}"#
        ),
        "MedicationStatement" => format!(
            r#"{{"resourceType":"MedicationStatement","identifier":[{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}],"status":"active","category":{{"coding":[{{"system":"http://hl7.org/fhir/medication-statement-category","code":"patientspecified"}}]}},"medicationCodeableConcept":{{"text":"Burana"}},"effectiveDateTime":"2026-05-01","subject":{{"reference":"Patient/{patient}"}},"taken":"y"}}"#
        ),
        "ValueSet" => format!(
            r#"{{"resourceType":"ValueSet","url":"http://x.test/ValueSet/{word}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}],"status":"draft","compose":{{"include":[{{"system":"http://loinc.org"}}]}}}}"#
        ),
        "CodeSystem" => {
            let identifier = format!(r#"{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}"#);
            let identifier = if suffix == "-r4" { format!("[{identifier}]") } else { identifier };
            format!(
                r#"{{"resourceType":"CodeSystem","url":"http://x.test/CodeSystem/{word}","identifier":{identifier},"status":"draft","content":"complete","concept":[{{"code":"1"}}]}}"#
            )
        }
        "StructureDefinition" => {
            let (version, profile) = match suffix {
                "-r4" => ("4.0.1", "fiphr-sd-bodyweight"),
                _ => ("3.0.1", "fiphr-bodyweight-stu3"),
            };
            format!(
                r#"{{"resourceType":"StructureDefinition","url":"http://phr.kanta.fi/StructureDefinition/{word}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}],"name":"Draft","status":"draft","fhirVersion":"{version}","kind":"resource","abstract":false,"type":"Observation","baseDefinition":"http://phr.kanta.fi/StructureDefinition/{profile}","derivation":"constraint","differential":{{"element":[{{"id":"Observation","path":"Observation"}},{{"id":"Observation.comment","path":"Observation.bodySite","min":0}}]}}}}"#
            )
        }
        other => panic!("no body of {other}"),
    }
}
