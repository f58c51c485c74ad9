//! `validate --migrate`: STU3 resources as R4, and what remains.

mod binary;

use binary::{example, line, run, run_with_input, without};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Profiles, Selection};
use kanta_phr_sandbox::fhir::migration::{Migration, migrate};
use kanta_phr_sandbox::fhir::validation::{Options, validate};
use kanta_phr_sandbox::json::Document;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of the valid examples, by the STU3 profile they name: where the candidate is refused, the rules.
#[test]
fn every_example_with_an_r4_profile_is_accepted_as_r4() {
    let mut results: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(example("stu3/valid")).unwrap() {
        let document = Document::parse(std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let profile = document.root().at(&["meta", "profile"]).unwrap().items().next().unwrap().as_str().unwrap();
        let name = profile.rsplit('/').next().unwrap().to_owned();
        let results = results.entry(name).or_default();
        match migrate(&Profiles::default(), Selection::default(), &document) {
            Migration::Candidate(candidate) => {
                let errors = candidate.findings.iter().filter(|finding| finding.is_error());
                let errors: Vec<&str> = errors.map(|finding| &*finding.rule).collect();
                let verdict = if errors.is_empty() { "accepted".to_owned() } else { errors.join(", ") };
                results.insert(format!("{} {verdict}", candidate.profile.rsplit('/').next().unwrap()));
                // Judged again from the text, as the resource server would.
                let again = Document::parse(candidate.text.as_str()).unwrap();
                let findings = validate(Definitions::embedded(Version::R4), &again, &Options::default());
                assert_eq!(findings, candidate.findings);
            }
            Migration::NoCounterpart(_) => drop(results.insert("no counterpart".to_owned())),
            Migration::AlreadyR4(_) => panic!("{profile} is of STU3"),
        }
    }
    let lines =
        results.iter().flat_map(|(name, results)| results.iter().map(move |result| format!("{name}: {result}")));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    fiphr-bloodglucose-stu3: fiphr-sd-bloodglucose accepted
    fiphr-bloodpressure-stu3: fiphr-sd-bloodpressure accepted
    fiphr-bodyheight-stu3: no counterpart
    fiphr-bodytemperature-stu3: no counterpart
    fiphr-bodyweight-stu3: fiphr-sd-bodyweight Device.extension#context, Observation.device#max
    fiphr-bodyweight-stu3: fiphr-sd-bodyweight Observation.device#max
    fiphr-bodyweight-stu3: fiphr-sd-bodyweight accepted
    fiphr-caloriesburned-stu3: no counterpart
    fiphr-consent-stu3: no counterpart
    fiphr-distance-stu3: no counterpart
    fiphr-heartrate-stu3: no counterpart
    fiphr-moderatetovigorouspatime-stu3: fiphr-sd-moderatetovigorouspatime accepted
    fiphr-patient-stu3: fiphr-sd-patient accepted
    fiphr-pef-stu3: no counterpart
    fiphr-questionnaire-stu3: fiphr-sd-questionnaire-r4 accepted
    fiphr-respiratoryrate-stu3: no counterpart
    fiphr-sd-calorieintake-stu3: fiphr-sd-calorieintake accepted
    fiphr-sd-exercisetracking-stu3: fiphr-sd-exercisetracking accepted
    fiphr-sd-fluidintake-stu3: no counterpart
    fiphr-sd-insulindosing-stu3: fiphr-sd-insulindosing-r4 accepted
    fiphr-sd-macronutrientintake-stu3: fiphr-sd-macronutrientintake accepted
    fiphr-sd-medicationadministration-stu3: no counterpart
    fiphr-sd-medicationstatement-stu3: no counterpart
    fiphr-sd-questionnaireresponse-stu3: fiphr-sd-questionnaireresponse-r4 accepted
    fiphr-sd-selfcareplan-stu3: fiphr-sd-selfcareplan-r4 accepted
    fiphr-sd-urinaryincontinence-stu3: no counterpart
    fiphr-sd-urineflowmax-stu3: no counterpart
    fiphr-sd-urineoutput-stu3: no counterpart
    fiphr-stepstaken-stu3: fiphr-sd-stepstaken accepted
    fiphr-waistcircumference-stu3: no counterpart
    ");
}

#[test]
fn the_report_names_each_change_and_what_remains() {
    let text = line("stu3/valid/bloodglucose-minimal.json")
        .replace("\"status\":\"final\"", "\"status\":\"final\",\"method\":{\"text\":\"m\"}");
    let run = run_with_input(&["validate", "--migrate", "-"], text.as_bytes());
    insta::assert_snapshot!(run.out, @r#"
    standard input: 2 changes to http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose, then refused, 1 error to put right by hand
      change Observation.meta.profile[0]
        http://phr.kanta.fi/StructureDefinition/fiphr-bloodglucose-stu3 → http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose
        why: the R4 profile for the same content
      change Observation.category[0].coding[0].system
        http://hl7.org/fhir/observation-category → http://terminology.hl7.org/CodeSystem/observation-category
        why: the code system has another URI in R4
      what R4 says of the candidate; lines are the candidate's, which --write DIR writes:
      error Observation (line 20, column 13) [Observation.method#max]
        Observation.method: max allowed = 0, but found 1 (from http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose)
           20 |   "method": {
              |             ^
        fix: leave the element out: the profile does not use it
    "#);
    assert_eq!(run.code, 1);
}

#[test]
fn json_has_the_changes_the_outcome_and_the_candidate() {
    let run = run(&["validate", "--migrate", "--format", "json", "examples/stu3/valid/bodyweight-rich.json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let migration: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(migration["result"], "accepted");
    assert_eq!(migration["profile"], "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight");
    assert_eq!(migration["candidate"]["meta"]["profile"][0], migration["profile"]);
    assert_eq!(migration["outcome"]["resourceType"], "OperationOutcome");
    let change = migration["changes"].as_array().unwrap().iter().find(|change| change["from"] == "comment").unwrap();
    assert_eq!(change["to"], "note[0].text");
    let lines = format!("{}\n{}\n", line("stu3/valid/heartrate-minimal.json"), line("r4/valid/patient-minimal.json"));
    let run = run_with_input(&["validate", "--migrate", "--format", "json", "-"], lines.as_bytes());
    let list: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&list[0]["line"], &list[0]["migration"]["result"]), (&1.into(), &"no-counterpart".into()));
    assert_eq!(list[1]["migration"]["result"], "already-r4");
    assert_eq!(run.code, 1);
}

#[test]
fn junit_fails_what_r4_would_refuse() {
    let run = run(&["validate", "--migrate", "--format", "junit", "examples/stu3/valid"]);
    assert_eq!(run.out.matches("<testcase ").count(), std::fs::read_dir(example("stu3/valid")).unwrap().count());
    assert!(run.out.contains("<failure type=\"no-counterpart\""), "{}", run.out);
}

#[test]
fn candidates_are_written_under_the_name_of_what_they_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("in/deep")).unwrap();
    let weight = line("stu3/valid/bodyweight-minimal.json");
    std::fs::write(path("in/deep/weight.json"), &weight).unwrap();
    std::fs::write(path("in/many.ndjson"), format!("{weight}\n{}\n{weight}\n", line("stu3/valid/pef-minimal.json")))
        .unwrap();
    let bundle = format!("{{\"resourceType\": \"Bundle\", \"entry\": [{{\"resource\": {weight}}}]}}");
    std::fs::write(path("in/bundle.json"), bundle).unwrap();
    let (input, output) = (path("in"), path("out"));
    let result = run(&["validate", "--migrate", "--write", output.to_str().unwrap(), input.to_str().unwrap()]);
    assert_eq!(result.code, 1, "{}", result.err);
    for name in ["deep/weight.json", "many-1.json", "many-3.json", "bundle-entry-0.json"] {
        let text = std::fs::read_to_string(output.join(name)).unwrap();
        assert!(text.contains("fiphr-sd-bodyweight"), "{text}");
    }
    assert_eq!(std::fs::read_dir(&output).unwrap().count(), 4);
    assert_eq!(run(&["validate", "--fhir", "r4", output.to_str().unwrap()]).code, 0);
    // Two resources that would share a file.
    let (one, two) = (path("in/deep/weight.json"), path("weight.json"));
    std::fs::write(&two, &weight).unwrap();
    let result = run(&[
        "validate",
        "--migrate",
        "--write",
        path("again").to_str().unwrap(),
        one.to_str().unwrap(),
        two.to_str().unwrap(),
    ]);
    assert_eq!(result.code, 2);
    assert!(
        without(folder.path(), &result.err).contains("error: DIR/again/weight.json is written for "),
        "{}",
        result.err
    );
}

#[test]
fn migration_has_its_own_words_for_wrong_usage() {
    assert_eq!(run(&["validate", "--migrate", "--fhir", "stu3", "examples"]).code, 2);
    assert_eq!(run(&["validate", "--write", "x", "examples"]).code, 2);
    let run = run_with_input(&["validate", "--migrate", "-"], b"{");
    assert!(run.code == 1 && run.out.starts_with("standard input: refused, 1 error\n"), "{}", run.out);
}
