//! A supplier's own profiles: on the command line and in the server, beside the national ones.

mod binary;

use binary::{line, run, run_with_input, without};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::json::Document;
use kanta_phr_sandbox::records::{Access, Records, Refusal, ResourceType, Rights, Settings, Types, judge_by};
use kanta_phr_sandbox::store::Store;
use kanta_phr_sandbox::time::{Clock, Random};
use kanta_phr_sandbox::{Options, Sandbox, StartError, packages};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

const SLEEP: &str = "https://sleep.test/StructureDefinition/sleep";
const FOREIGN: &str = "{\"profile\":[\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight\"";

/// A draft profile of how long somebody slept, with its own code system.
fn sleep(base: &str) -> String {
    json!({
        "resourceType": "StructureDefinition", "url": SLEEP, "name": "Sleep", "status": "draft", "fhirVersion": "4.0.1",
        "kind": "resource", "abstract": false, "type": "Observation", "derivation": "constraint", "baseDefinition": base,
        "differential": { "element": [
            { "id": "Observation.code", "path": "Observation.code", "binding": { "strength": "required", "valueSet": "https://sleep.test/ValueSet/codes" } },
            { "id": "Observation.value[x]", "path": "Observation.value[x]", "min": 1, "type": [{ "code": "Quantity" }] },
        ] },
    })
    .to_string()
}

/// A folder with the draft.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let codes = json!({
        "resourceType": "CodeSystem", "url": "https://sleep.test/CodeSystem/codes", "status": "draft", "content": "complete",
        "concept": [{ "code": "asleep", "display": "Time asleep" }],
    });
    let set = json!({
        "resourceType": "ValueSet", "url": "https://sleep.test/ValueSet/codes", "status": "draft",
        "compose": { "include": [{ "system": "https://sleep.test/CodeSystem/codes" }] },
    });
    let files = [
        ("profile.json", sleep("http://hl7.org/fhir/StructureDefinition/Observation")),
        ("codes.json", codes.to_string()),
        ("set.json", set.to_string()),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn slept(patient: &str, code: &str) -> Json {
    let value = json!({ "value": 7.5, "unit": "h", "system": "http://unitsofmeasure.org", "code": "h" });
    json!({
        "resourceType": "Observation", "meta": { "profile": [SLEEP] }, "status": "final",
        "text": { "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">7,5 h</div>" },
        "code": { "coding": [{ "system": "https://sleep.test/CodeSystem/codes", "code": code }] },
        "subject": { "reference": format!("Patient/{patient}") }, "valueQuantity": value,
        "effectiveDateTime": "2026-03-03",
    })
}

#[test]
fn validate_knows_a_draft_profile_by_its_folder() {
    let folder = folder();
    let verdict = |code: &str, arguments: &[&str]| {
        let input = slept("a", code).to_string();
        run_with_input(&[&["validate", "-"], arguments].concat(), input.as_bytes())
    };
    let profiles = ["--profiles", folder.path().to_str().unwrap()];
    let fine = verdict("asleep", &profiles);
    assert_eq!((fine.code, &*fine.out), (0, "standard input: accepted\n"), "{}", fine.err);
    let wrong = verdict("awake", &profiles);
    assert!(wrong.code == 1 && wrong.out.contains("[Observation.code#binding]"), "{}", wrong.out);
    let unknown = verdict("asleep", &[]);
    assert!(unknown.code == 1 && unknown.out.contains("No profile found, url: https://sleep.test/"), "{}", unknown.out);
}

#[test]
fn a_draft_beside_a_national_profile_is_foreign() {
    let folder = folder();
    let both = line("r4/valid/bodyweight-minimal.json").replace(FOREIGN, &format!("{FOREIGN},\"{SLEEP}\""));
    let run = run_with_input(&["validate", "-", "--profiles", folder.path().to_str().unwrap()], both.as_bytes());
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains(&format!("Profile reference '{SLEEP}' is not allowed beside the national profile")),
        "{}",
        run.out
    );
}

#[test]
fn what_cannot_be_used_ends_the_start_with_file_element_and_reason() {
    let folder = folder();
    let path = folder.path().join("profile.json");
    let refused = |text: String| {
        std::fs::write(&path, text).unwrap();
        let run = run(&["validate", "examples/r4/valid", "--profiles", folder.path().to_str().unwrap()]);
        assert_eq!((run.code, &*run.out), (2, ""));
        without(folder.path(), &run.err)
    };
    let unknown = refused(sleep("http://hl7.org/fhir/StructureDefinition/Observation").replace("value[x]", "hours"));
    insta::assert_snapshot!(unknown, @r"
    error: these definitions cannot be used:
      DIR/profile.json: Observation.hours: Observation has no element hours
    ");
    insta::assert_snapshot!(refused(sleep("https://sleep.test/StructureDefinition/base")), @r"
    error: these definitions cannot be used:
      DIR/profile.json: there is no definition of https://sleep.test/StructureDefinition/base
    ");
    let national = sleep("http://hl7.org/fhir/StructureDefinition/Observation")
        .replace(SLEEP, "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight");
    insta::assert_snapshot!(refused(national), @r"
    error: these definitions cannot be used:
      DIR/profile.json: http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight is a national StructureDefinition and built in: give your own another canonical URL
    ");
    let codes = |url: &str| {
        refused(
            json!({"resourceType": "CodeSystem", "url": url, "content": "complete", "concept": [{"code": "a"}]})
                .to_string(),
        )
    };
    insta::assert_snapshot!(codes("http://loinc.org"), @r"
    error: these definitions cannot be used:
      DIR/profile.json: http://loinc.org is spoken of by the national profiles or FHIR's own, and another idea of its codes would change their verdicts: leave it out, and list the codes you use in the compose.include.concept of a ValueSet of your own
    ");
    for url in ["http://terminology.hl7.org/CodeSystem/observation-category", "http://hl7.org/fhir/observation-status"]
    {
        assert!(codes(url).contains(&format!("{url} is spoken of by the national profiles")), "{}", codes(url));
    }
    let languages =
        refused(json!({"resourceType": "ValueSet", "url": "http://hl7.org/fhir/ValueSet/all-languages"}).to_string());
    assert!(languages.contains("and built in: give your own"), "{languages}");
    let mut many: Json = serde_json::from_str(&sleep("http://hl7.org/fhir/StructureDefinition/Observation")).unwrap();
    let elements = many["differential"]["element"].as_array_mut().unwrap();
    elements.push(json!({"id": "Observation.note", "path": "Observation.note",
        "slicing": {"discriminator": [{"type": "value", "path": "text"}], "rules": "open"}}));
    elements.extend((0..=1_000).map(|number| {
        json!({"id": format!("Observation.note:n{number}"), "path": "Observation.note", "sliceName": format!("n{number}")})
    }));
    assert!(refused(many.to_string()).contains("note has more than 1000 slices"));
    let error = Sandbox::start_blocking(Options { profiles: vec![folder.path().to_owned()], ..Options::default() });
    assert!(matches!(error.err(), Some(StartError::Profiles(packages::PackageError::Invalid(_)))));
    std::fs::write(folder.path().join("package.json"), "[]").unwrap();
    assert!(refused("{}".to_owned()).contains("package.json is no object"));
}

#[test]
fn a_draft_on_a_national_profile_learns_to_fix_its_own_url() {
    let folder = folder();
    let path = folder.path().join("profile.json");
    let base = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    let mut draft: Json = serde_json::from_str(&sleep(base)).unwrap();
    draft["differential"]["element"] = json!([{"id": "Observation.method", "path": "Observation.method", "max": "0"}]);
    let input = line("r4/valid/bodyweight-minimal.json").replace(base, SLEEP);
    let judged = |draft: &Json| {
        std::fs::write(&path, draft.to_string()).unwrap();
        run_with_input(&["validate", "-", "--profiles", folder.path().to_str().unwrap()], input.as_bytes())
    };
    let without = judged(&draft);
    let fix = format!("the element Observation.meta.profile:fiphrProfile with fixedCanonical {SLEEP}");
    assert!(without.code == 1 && without.out.contains(&fix), "{}", without.out);
    let note = format!("Observation.meta.profile:fiphrProfile: inherits the URL of its base, {base}, so that");
    assert!(without.err.contains(&note), "{}", without.err);
    let elements = draft["differential"]["element"].as_array_mut().unwrap();
    elements.push(json!({"id": "Observation.meta.profile:fiphrProfile", "path": "Observation.meta.profile",
        "sliceName": "fiphrProfile", "fixedCanonical": SLEEP}));
    let with = judged(&draft);
    assert_eq!((with.code, with.err.as_str()), (0, ""), "{}", with.out);
}

#[test]
fn what_may_not_be_meant_is_noted_and_what_never_fits_is_refused() {
    let folder = folder();
    let base = "http://hl7.org/fhir/StructureDefinition/Observation";
    let path = folder.path().join("profile.json");
    let judged = |elements: Json| {
        let mut draft: Json = serde_json::from_str(&sleep(base)).unwrap();
        draft["differential"]["element"] = elements;
        std::fs::write(&path, draft.to_string()).unwrap();
        let folder = folder.path().to_str().unwrap();
        let run = run(&["validate", "examples/r4/valid/patient-minimal.json", "--profiles", folder]);
        (run.code, run.err.replace(folder, "DIR"))
    };
    let codes = r#"{"resourceType": "CodeSystem", "url": "https://sleep.test/more", "content": "complete",
        "concept": [{"code": "a"}, {"code": "b", "concept": [{"code": "a"}]}]}"#;
    std::fs::write(folder.path().join("more.json"), codes).unwrap();
    let value = |more: Json| {
        let mut element = json!({"id": "Observation.value[x]", "path": "Observation.value[x]"});
        element.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([element])
    };
    let binding = json!({"strength": "required", "valueSet": "https://sleep.test/none|1"});
    let extension = json!([{"id": "Observation.extension:mine", "path": "Observation.extension", "sliceName": "mine",
        "type": [{"code": "Extension", "profile": ["https://sleep.test/missing"]}]}]);
    let mut said = vec![
        judged(value(json!({"type": [{"code": "CodeableConcept"}], "binding": binding}))),
        judged(value(json!({"type": [{"code": "Quantity"}], "fixedString": "a"}))),
        judged(value(json!({"fixedBoolean": "true"}))),
        judged(extension),
    ];
    std::fs::remove_file(folder.path().join("more.json")).unwrap();
    said.push(judged(json!([{"id": "Observation", "path": "Observation"}])));
    let said: Vec<String> = said.iter().map(|(code, err)| format!("{code}\n{err}")).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    0
    --profiles: note: DIR/profile.json: Observation.value[x]: the value set https://sleep.test/none is not known here: no code is judged by it, each gets a warning
    --profiles: note: DIR/more.json: the code "a" is there more than once: which display is meant cannot be told

    2
    error: these definitions cannot be used:
      DIR/profile.json: Observation.value[x]: fixedString does not fit the type of value, Quantity

    2
    error: these definitions cannot be used:
      DIR/profile.json: Observation.value[x]: fixedBoolean cannot be "true": no value of that type is written so

    2
    error: these definitions cannot be used:
      DIR/profile.json: Observation.extension:mine: there is no definition of https://sleep.test/missing, which tells the slice: add its StructureDefinition

    0
    "#);
}

#[test]
fn what_is_ignored_is_said() {
    let folder = folder();
    std::fs::write(folder.path().join("guide.json"), r#"{"resourceType": "ImplementationGuide"}"#).unwrap();
    std::fs::write(folder.path().join("notes.md"), "").unwrap();
    let run =
        run(&["validate", "examples/r4/valid/patient-minimal.json", "--profiles", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(without(folder.path(), &run.err), @r"
    --profiles: DIR/notes.md was ignored: it is no JSON file
    --profiles: DIR/guide.json was ignored: it is an ImplementationGuide, which nothing is judged by
    ");
}

#[test]
fn the_server_stores_what_conforms_to_a_draft() {
    let folder = folder();
    let phr =
        Sandbox::start_blocking(Options { profiles: vec![folder.path().to_owned()], ..Options::default() }).unwrap();
    assert!(phr.summary().contains(&format!("own r4 profile        {SLEEP}\n")), "{}", phr.summary());
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let overview: Json = client.get(format!("{}/_sandbox", phr.http_url())).send().unwrap().json().unwrap();
    let wanted = json!({ "citizen": overview["citizens"][0]["id"], "client_id": overview["client"]["client_id"], "scope": "patient/Observation.write patient/Observation.read" });
    let token = client.post(format!("{}/_sandbox/tokens", phr.http_url())).json(&wanted).send().unwrap();
    let token: Json = token.json().unwrap();
    let patient = token["sub"].as_str().unwrap();
    let post = |url: String, body: &Json| {
        let request = client.post(url).bearer_auth(token["access_token"].as_str().unwrap());
        let answer = request.header("Content-Type", "application/fhir+json").body(body.to_string()).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let (status, body) = post(format!("{}/Observation", phr.base_r4()), &slept(patient, "asleep"));
    assert_eq!(status, 201, "{body}");
    let (status, body) = post(format!("{}/Observation", phr.base_r4()), &slept(patient, "awake"));
    assert!(status == 422 && body.contains("https://sleep.test/ValueSet/codes"), "{status} {body}");
    let (status, body) = post(format!("{}/Observation", phr.base_stu3()), &slept(patient, "asleep"));
    assert_eq!(status, 422, "{body}");
    let (status, body) = post(format!("{}/_sandbox/validate/r4", phr.http_url()), &slept(patient, "asleep"));
    assert!(status == 200 && body.contains("No issues detected"), "{body}");
}

/// decisions.md: a supplier's draft is stored on the open endpoint and in environment sandbox, and refused elsewhere.
#[test]
fn where_drafts_are_refused_the_open_endpoint_still_takes_them() {
    let folder = folder();
    let (profiles, _) = packages::load(&[folder.path()]).unwrap();
    let (clock, random) = (Arc::new(Clock::system()), Arc::new(Random::seeded(1)));
    let records = Records::new(Store::in_memory(), clock, random, judge_by(profiles));
    let patient = Uuid::from_u128(0xa100_0000_4000_8000_0000_0000_000a);
    records.create_patient(patient).unwrap();
    let application = Access::Application {
        client_id: "sleep".into(),
        name: "Sleep".into(),
        application_id: "1.2.246.10.1".into(),
        patient,
        rights: Rights::new(Types::ALL, Types::ALL),
    };
    let document = Document::parse(slept(&patient.to_string(), "asleep").to_string()).unwrap();
    let create = |records: &Records, access: &Access| {
        records.create(access, Version::R4, ResourceType::Observation, &document, None).map(|written| written.outcome)
    };
    assert!(create(&records, &application).is_ok());
    let strict = records.with_settings(Settings { is_sandbox: false, ..Settings::default() });
    let Err(Refusal::Invalid(objections)) = create(&strict, &application) else { panic!("a draft was stored") };
    assert!(objections[0].fix.contains("No profile found"), "{objections:?}");
    assert!(create(&strict, &Access::Open).is_ok(), "{:?}", create(&strict, &Access::Open));
}

#[test]
fn serve_takes_profiles_from_flag_environment_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("phr.toml");
    std::fs::write(&config, "profiles = [\"/no/such/drafts\"]\n").unwrap();
    let serve = |arguments: &[&str], variables: &[(&str, &str)]| {
        let off = ["serve", "--http", "0", "--open-http", "off", "--https", "off"];
        let mut command = binary::program();
        let output = command.args(off).args(arguments).envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let told = |path: &str| (Some(2), format!("error: cannot read {path}: No such file or directory (os error 2)\n"));
    let config = ["--config", config.to_str().unwrap()];
    assert_eq!(serve(&config, &[]), told("/no/such/drafts"));
    assert_eq!(serve(&config, &[("PHR_PROFILES", "/no/such/other,/b")]), told("/no/such/other"));
    assert_eq!(serve(&["--profiles", "/no/such/third"], &[]), told("/no/such/third"));
}

#[test]
fn package_writes_both_versions_or_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("packages");
    let both = run(&["package", "--out", out.to_str().unwrap()]);
    assert_eq!(both.code, 0, "{}", both.err);
    let version = env!("CARGO_PKG_VERSION");
    let names = ["stu3", "r4"].map(|fhir| format!("kanta-phr-sandbox.profiles.{fhir}-{version}.tgz"));
    let printed: String = names.iter().map(|name| format!("DIR/packages/{name}\n")).collect();
    assert_eq!(without(folder.path(), &both.out), printed);
    let file = folder.path().join("own-name.tgz");
    assert_eq!(run(&["package", "--fhir", "r4", "--out", file.to_str().unwrap()]).code, 0);
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(out.join(&names[1])).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a draft was left behind");
    for taken in ["own-name.tgz", "other.tgz"].map(|name| folder.path().join(name)) {
        let wrong = run(&["package", "--out", taken.to_str().unwrap()]);
        assert!(wrong.code == 2 && wrong.err.contains("add --fhir"), "{}", wrong.err);
        assert!(!taken.is_dir());
    }
    assert_eq!(run(&["package", "--fhir", "r4", "--out", "/no/such/folder/p.tgz"]).code, 2);
    // Ours are built in: loading them again would be two opinions on one profile.
    let again = run(&["validate", "examples/r4/valid", "--profiles", file.to_str().unwrap()]);
    assert!(again.code == 2 && again.err.contains("others are national or FHIR's own, and built in"), "{}", again.err);
    assert_eq!(again.err.lines().count(), 2, "{}", again.err);
    assert!(Path::new(&file).exists());
}
