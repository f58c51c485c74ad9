//! The main job: what conforms is stored with 201 and read back as it was, apart from what a server adds; what does not is
//! refused with 422 and a message that names the rule.

use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::json::Document;
use kanta_phr_sandbox::sandbox::Options;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const SCOPE: &str = "patient/Observation.read patient/Observation.write patient/MedicationAdministration.read patient/MedicationAdministration.write";

struct Citizen {
    phr: Sandbox,
    bearer: String,
    patient: String,
    http: reqwest::Client,
}

async fn citizen() -> Citizen {
    let phr = Sandbox::start_with(Options::default()).await.unwrap();
    let app = phr.register_client("Weight diary").scope(SCOPE).await.unwrap();
    // A citizen of their own: nothing is stored yet.
    let token = phr.add_citizen("010180-9004").unwrap().approve(&app).await.unwrap();
    let (bearer, patient) = (token.access_token().to_owned(), token.patient().to_string());
    Citizen { phr, bearer, patient, http: reqwest::Client::new() }
}

impl Citizen {
    fn url(&self, version: Version, path: &str) -> String {
        format!("{}/phr-resourceserver/{}/{path}", self.phr.http_url(), version.base_segment())
    }

    async fn post(&self, version: Version, resource_type: &str, body: &str) -> reqwest::Response {
        let url = self.url(version, resource_type);
        let request = self.http.post(url).bearer_auth(&self.bearer).header("content-type", "application/fhir+json");
        request.body(body.to_owned()).send().await.unwrap()
    }

    /// The text with every reference to a patient turned to this one.
    fn adopt(&self, text: &str) -> String {
        let reference = Regex::new("\"Patient/[0-9a-zA-Z-]+\"").unwrap();
        reference.replace_all(text, format!("\"Patient/{}\"", self.patient)).into_owned()
    }

    /// Stores a file, reads it back from its Location, and compares.
    async fn keep(&self, file: &Path) {
        let text = self.adopt(&std::fs::read_to_string(file).unwrap());
        let document = Document::parse(text.as_str()).unwrap();
        let version = kanta_phr_sandbox::fhir::validation::version_of(&document);
        let sent: Value = serde_json::from_str(&text).unwrap();
        let answer = self.post(version, sent["resourceType"].as_str().unwrap(), &text).await;
        let status = answer.status();
        let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
        let body = answer.text().await.unwrap();
        assert_eq!(status, 201, "{}: {body}", file.display());
        let location = location.unwrap();
        for url in [location.as_str(), location.split("/_history").next().unwrap()] {
            let answer = self.http.get(url).bearer_auth(&self.bearer).send().await.unwrap();
            let back = answer.text().await.unwrap();
            assert_eq!(without_additions(&back), without_additions(&text), "{}", file.display());
            assert_eq!(numbers(&back), numbers(&text), "{}", file.display());
        }
    }
}

/// The resource without id, meta.versionId, meta.lastUpdated and the creating application.
fn without_additions(text: &str) -> Value {
    let mut resource: Map<String, Value> = serde_json::from_str(text).unwrap();
    resource.remove("id");
    if let Some(meta) = resource.get_mut("meta").and_then(Value::as_object_mut) {
        meta.remove("versionId");
        meta.remove("lastUpdated");
    }
    let creating = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication";
    if let Some(extensions) = resource.get_mut("extension").and_then(Value::as_array_mut) {
        extensions.retain(|extension| extension["url"] != creating);
        if extensions.is_empty() {
            resource.remove("extension");
        }
    }
    Value::Object(resource)
}

/// Every number as it is spelled.
fn numbers(text: &str) -> Vec<String> {
    fn collect(value: kanta_phr_sandbox::json::Value<'_>, numbers: &mut Vec<String>) {
        numbers.extend(value.number().map(str::to_owned));
        value.members().map(|(_, member)| member).chain(value.items()).for_each(|child| collect(child, numbers));
    }
    let mut found = Vec::new();
    collect(Document::parse(text).unwrap().root(), &mut found);
    found.sort();
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn is_served(file: &Path) -> bool {
    let resource: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap_or_default();
    matches!(resource["resourceType"].as_str(), Some("Observation" | "MedicationAdministration"))
}

#[tokio::test]
async fn every_valid_example_is_stored_and_read_back() {
    let citizen = citizen().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for version in ["stu3", "r4"] {
        for file in files(&examples.join(version).join("valid")).iter().filter(|file| is_served(file)) {
            citizen.keep(file).await;
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[tokio::test]
async fn every_invalid_example_is_refused_and_nothing_is_stored() {
    let citizen = citizen().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for version in Version::ALL {
        for file in files(&examples.join(version.as_str()).join("invalid")).iter().filter(|file| is_served(file)) {
            let text = citizen.adopt(&std::fs::read_to_string(file).unwrap());
            let resource: Value = serde_json::from_str(&text).unwrap();
            let resource_type = resource["resourceType"].as_str().unwrap();
            let answer = citizen.post(version, resource_type, &text).await;
            let status = answer.status().as_u16();
            assert!(matches!(status, 400 | 403 | 422), "{}: {status}", file.display());
            let reason = answer.headers().get("sandbox-reason").map(|reason| reason.to_str().unwrap().to_owned());
            assert!(reason.is_some_and(|reason| reason.contains("; ")), "{}", file.display());
            let outcome: Value = answer.json().await.unwrap();
            assert_eq!(outcome["resourceType"], "OperationOutcome", "{}", file.display());
        }
        for resource_type in ["Observation", "MedicationAdministration"] {
            let url = citizen.url(version, &format!("{resource_type}?patient={}", citizen.patient));
            let found: Value =
                citizen.http.get(url).bearer_auth(&citizen.bearer).send().await.unwrap().json().await.unwrap();
            assert_eq!(found["total"], 0, "{version} {resource_type}");
        }
    }
}

/// Real resources that other people wrote (CONTRIBUTING.md); they are not part of the project.
#[tokio::test]
async fn real_resources_of_other_people() {
    let Some(shared) = std::env::var_os("KANTA_SHARED") else { return };
    let samples = Path::new(&shared).join("samples");
    let citizen = citizen().await;
    for version in ["stu3", "r4"] {
        for file in files(&samples.join(version).join("valid")).iter().filter(|file| is_served(file)) {
            citizen.keep(file).await;
        }
    }
    let text = citizen.adopt(&std::fs::read_to_string(samples.join("r4/invalid/bloodglucose-min.json")).unwrap());
    let answer = citizen.post(Version::R4, "Observation", &text).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.headers()["sandbox-reason"].to_str().unwrap().contains("PHR-2"));
    let outcome: Value = answer.json().await.unwrap();
    assert!(
        outcome["issue"]
            .as_array()
            .unwrap()
            .iter()
            .any(|issue| issue["diagnostics"].as_str().unwrap().contains("PHR-2")),
        "{outcome}"
    );
}

/// What citizens have from the start is loaded unjudged; this is where it is judged.
#[tokio::test]
async fn seeded_records_conform_to_the_national_profiles() {
    // Children have records, too.
    let settings = [("age.minimum".to_owned(), json!(0))].into_iter().collect();
    let phr = Sandbox::start_with(Options { settings, ..Options::default() }).await.unwrap();
    let app = phr.register_client("Everything").scope(SCOPE).await.unwrap();
    let http = reqwest::Client::new();
    let mut judged = 0;
    for citizen in phr.citizens() {
        let token = citizen.approve(&app).await.unwrap();
        for version in Version::ALL {
            for resource_type in ["Observation", "MedicationAdministration"] {
                let base = format!("{}/phr-resourceserver/{}", phr.http_url(), version.base_segment());
                let url = format!("{base}/{resource_type}?patient={}&_count=10000", token.patient());
                let found = http.get(url).bearer_auth(token.access_token()).send().await.unwrap().text().await.unwrap();
                let bundle = Document::parse(found.as_str()).unwrap();
                for entry in
                    bundle.root().get("entry").into_iter().flat_map(|entries| entries.items().collect::<Vec<_>>())
                {
                    let resource = entry.get("resource").unwrap().source();
                    let document = Document::parse(resource).unwrap();
                    let definitions = kanta_phr_sandbox::fhir::definitions::Definitions::embedded(version);
                    let findings =
                        kanta_phr_sandbox::fhir::validation::validate(definitions, &document, &Default::default());
                    let errors: Vec<_> = findings.iter().filter(|finding| finding.is_error()).collect();
                    assert!(errors.is_empty(), "{}: {errors:#?}\n{resource}", citizen.citizen().id);
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 4_000, "{judged}");
}

#[tokio::test]
async fn records_loaded_by_the_control_api_are_found_by_the_application() {
    let citizen = citizen().await;
    let weight = include_str!("../examples/r4/valid/bodyweight-minimal.json");
    let weight: Value = serde_json::from_str(&citizen.adopt(weight)).unwrap();
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": weight}]});
    let url = format!("{}/_sandbox/records?author=citizen", citizen.phr.http_url());
    let answer = citizen.http.post(url).body(bundle.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"loaded": 1}));
    let url = citizen.url(Version::R4, &format!("Observation?patient={}&code=29463-7", citizen.patient));
    let found: Value = citizen.http.get(url).bearer_auth(&citizen.bearer).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["total"], 1);
}
