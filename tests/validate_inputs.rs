//! `validate`: files, folders, standard input, NDJSON and Bundles; text, JSON and JUnit; exit codes.

mod binary;

use binary::{line, program, run, run_with_input, without};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const FINE: &str = "r4/valid/bodyweight-minimal.json";
const STU3: &str = "stu3/valid/heartrate-minimal.json";

/// The weight with a unit that the profile does not have.
fn wrong() -> String {
    line(FINE).replace("\"unit\":\"kg\"", "\"unit\":\"kilo\"")
}

fn bundle() -> String {
    let resource = |text: &str| -> Json { serde_json::from_str(text).unwrap() };
    let entries = json!([
        { "fullUrl": "urn:uuid:1", "resource": resource(&line(FINE)) },
        { "fullUrl": "urn:uuid:2", "resource": resource(&wrong()), "request": { "method": "POST", "url": "Observation" } },
        { "request": { "method": "DELETE", "url": "Observation/1" } },
        { "resource": resource(&line(STU3)) },
    ]);
    format!("{:#}", json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }))
}

#[test]
fn each_line_of_ndjson_has_a_verdict_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.ndjson");
    std::fs::write(&path, format!("{}\n\n{}\n{{\"resourceType\":\n{}\n", line(FINE), wrong(), line(STU3))).unwrap();
    let run = run(&["validate", path.to_str().unwrap()]);
    let heads: Vec<&str> = run.out.lines().filter(|line| !line.starts_with("    ")).collect();
    insta::assert_snapshot!(without(folder.path(), &heads.join("\n")), @r"
    DIR/many.ndjson:1: accepted
    DIR/many.ndjson:3: refused, 1 error
      error Observation.value.ofType(Quantity).unit (line 3, column 909) [Observation.value[x].unit#fixed]
    DIR/many.ndjson:4: refused, 1 error
      fatal (line 4, column 17) [#json]
    DIR/many.ndjson:5: accepted
    4 resources: 2 accepted, 2 refused
    ");
    assert_eq!(run.code, 1, "{}", run.err);
}

#[test]
fn standard_input_is_judged_as_what_it_is() {
    let verdict = |input: &str| {
        let run = run_with_input(&["validate", "-"], input.as_bytes());
        (run.code, run.out.lines().last().unwrap_or_default().to_owned())
    };
    assert_eq!(verdict(&line(FINE)), (0, "standard input: accepted".to_owned()));
    let two = format!("{}\n{}", line(FINE), line(STU3));
    assert_eq!(verdict(&two), (0, "2 resources: 2 accepted, 0 refused".to_owned()));
    assert_eq!(verdict(&bundle()), (1, "3 resources: 2 accepted, 1 refused".to_owned()));
    let run = run_with_input(&["validate", "-"], b"");
    assert_eq!(run.code, 1);
    assert!(run.out.starts_with("standard input: refused, 1 error\n"), "{}", run.out);
}

#[test]
fn what_is_not_utf_8_is_refused_by_its_name_and_others_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.json");
    std::fs::write(&path, b"{\n \"a\": \"\xe4\"}").unwrap();
    let fine = binary::example(FINE);
    let arguments = ["validate", path.to_str().unwrap(), "-", fine.to_str().unwrap()];
    let run = run_with_input(&arguments, b"caf\xe9");
    let out = without(folder.path(), &run.out).replace(fine.to_str().unwrap(), "FINE");
    insta::assert_snapshot!(out, @r#"
    DIR/latin.json: refused, 1 error
      fatal (line 2, column 8) [#json]
        Error parsing JSON: the text is not UTF-8
            2 |  "a": "�"}
              |        ^
    standard input: refused, 1 error
      fatal (line 1, column 4) [#json]
        Error parsing JSON: the text is not UTF-8
            1 | caf�
              |    ^
    FINE: accepted
    3 files: 1 accepted, 2 refused
    "#);
    assert_eq!((run.code, &*run.err), (1, ""));
}

#[test]
fn the_entries_of_a_bundle_are_judged_and_named() {
    let run = run_with_input(&["validate", "-"], bundle().as_bytes());
    insta::assert_snapshot!(run.out, @r#"
    standard input entry[0] (urn:uuid:1): accepted
    standard input entry[1] (urn:uuid:2): refused, 1 error
      error Observation.value.ofType(Quantity).unit (line 118, column 19) [Observation.value[x].unit#fixed]
        Value is 'kilo' but must be 'kg'
          118 |           "unit": "kilo",
              |                   ^
        fix: the UCUM code is written kg; unit and code are fixed by the profile, letter by letter
    standard input entry[3] (Observation): accepted
    3 resources: 2 accepted, 1 refused
    "#);
    let run = run_with_input(&["validate", "-", "--format", "json"], bundle().as_bytes());
    let list: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&list[1]["file"], &list[1]["entry"]), (&"standard input".into(), &1.into()));
    let line = bundle().lines().position(|line| line.contains("kilo")).unwrap() + 1;
    let place = list[1]["outcome"]["issue"][0]["location"][1].as_str().unwrap();
    assert!(place.starts_with(&format!("Line {line}, Col ")), "{place}");
    assert_eq!(list.as_array().unwrap().len(), 3);
}

#[test]
fn json_is_an_outcome_for_one_file_and_a_list_for_more() {
    let outcome: Json =
        serde_json::from_str(&run(&["validate", "examples/r4/valid/bodyweight-minimal.json", "--format", "json"]).out)
            .unwrap();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let run = run(&["validate", "examples/r4/invalid", "--format", "json"]);
    let list: Json = serde_json::from_str(&run.out).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() > 20 && run.code == 1);
    for each in list {
        assert!(each["file"].as_str().unwrap().starts_with("examples/r4/invalid/"), "{each}");
        assert_eq!(each["outcome"]["resourceType"], "OperationOutcome");
    }
    let files: Vec<&str> = list.iter().map(|each| each["file"].as_str().unwrap()).collect();
    assert!(files.is_sorted(), "{files:?}");
}

#[test]
fn junit_has_a_case_for_each_resource() {
    let run = run_with_input(&["validate", "-", "--format", "junit"], bundle().as_bytes());
    assert!(run.out.contains("<testsuites tests=\"3\" failures=\"1\" errors=\"0\">"), "{}", run.out);
    assert!(run.out.contains("name=\"standard input entry[1] (urn:uuid:2)\""), "{}", run.out);
    assert_eq!(run.out.matches("<testcase ").count(), 3);
    assert_eq!(run.out.matches("<failure ").count(), 1);
}

#[test]
fn what_cannot_be_read_is_in_the_reports_of_machines() {
    let good = "examples/r4/valid/patient-minimal.json";
    let validate = |arguments: &[&str]| run(&[&["validate"], arguments].concat());
    let junit = validate(&["no/such.json", good, "--format", "junit"]);
    assert_eq!(junit.code, 2);
    assert!(junit.out.contains("<testsuites tests=\"2\" failures=\"0\" errors=\"1\">"), "{}", junit.out);
    let case = "<testcase classname=\"validate\" name=\"no/such.json\">\n      <error type=\"unreadable\" message=\"cannot read no/such.json: ";
    assert!(junit.out.contains(case), "{}", junit.out);
    let list: Json = serde_json::from_str(&validate(&[good, "no/such.json", "--format", "json"]).out).unwrap();
    let (file, issue) = (&list[1]["file"], &list[1]["outcome"]["issue"][0]);
    assert_eq!((file.as_str(), issue["severity"].as_str()), (Some("no/such.json"), Some("fatal")));
    assert!(issue["diagnostics"].as_str().unwrap().starts_with("cannot read no/such.json: "), "{issue}");
    let alone: Json = serde_json::from_str(&validate(&["no/such.json", "--format", "json"]).out).unwrap();
    assert_eq!(alone["resourceType"], "OperationOutcome");
    // What is no JSON was judged, and is refused.
    let broken = run_with_input(&["validate", "-", "--format", "junit"], b"{");
    assert!(broken.code == 1 && broken.out.contains("failures=\"1\" errors=\"0\""), "{}", broken.out);
    // People see it on standard error.
    let text = validate(&["no/such.json", good]);
    assert!(!text.out.contains("no/such") && text.err.contains("no/such.json"), "{}", text.out);
}

#[test]
fn exit_codes_are_told_and_kept() {
    let help = run(&["validate", "--help"]);
    assert!(help.out.contains("  0  every resource is accepted"), "{}", help.out);
    let code = |arguments: &[&str]| run(&[&["validate"], arguments].concat()).code;
    assert_eq!(code(&["examples/r4/valid"]), 0);
    assert_eq!(code(&["examples/r4/valid", "--fhir", "stu3"]), 1);
    assert_eq!(code(&["examples/r4/valid", "no/such/file.json"]), 2);
    assert_eq!(code(&["examples/r4/valid", "--format", "yaml"]), 2);
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["src"]), 2);
    let blank = run_with_input(&["validate", "-"], b"\n\n");
    assert_eq!(blank.code, 1, "{}", blank.err);
}

#[test]
fn a_missing_file_is_named_and_the_others_are_judged() {
    let run = run(&["validate", "no/such.json", "examples/r4/valid/patient-minimal.json"]);
    assert_eq!(run.out, "examples/r4/valid/patient-minimal.json: accepted\n");
    assert!(run.err.starts_with("error: cannot read no/such.json: "), "{}", run.err);
}

/// A stream that never ends is judged while it comes.
#[test]
fn verdicts_do_not_wait_for_the_end_of_the_input() {
    let mut process = program().args(["validate", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let text = format!("{}\n", line(STU3));
    let writer = std::thread::spawn(move || {
        for _ in 0..4_200 {
            stdin.write_all(text.as_bytes()).unwrap();
        }
        // Kept open until the first verdict has come.
        let _ = wait.recv();
    });
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    assert_eq!(out.next().unwrap().unwrap(), "standard input:1: accepted");
    go_on.send(()).unwrap();
    let lines: Vec<String> = out.map(Result::unwrap).collect();
    for (index, line) in lines.iter().take(4_199).enumerate() {
        assert_eq!(*line, format!("standard input:{}: accepted", index + 2));
    }
    assert_eq!(lines.last().unwrap(), "4200 resources: 4200 accepted, 0 refused");
    writer.join().unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_has_enough_does_not_change_the_verdict() {
    let mut process = program().args(["validate", "examples/r4/invalid"]).spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_response_is_judged_by_the_questionnaire_among_the_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let example = |name: &str| std::fs::read_to_string(format!("examples/r4/valid/{name}.json")).unwrap();
    let response = folder.path().join("a-response.json");
    std::fs::write(&response, example("questionnaireresponse-rich").replace("\"linkId\": \"2\"", "\"linkId\": \"9\""))
        .unwrap();
    let alone = run(&["validate", response.to_str().unwrap()]);
    assert_eq!(alone.code, 0, "{}", alone.out);
    // A file that comes later counts, too.
    std::fs::write(folder.path().join("questionnaire.json"), example("questionnaire-rich")).unwrap();
    let together = run(&["validate", folder.path().to_str().unwrap()]);
    assert_eq!(together.code, 1);
    assert!(together.out.contains("LinkId '9' not found in questionnaire"), "{}", together.out);
}

#[test]
fn what_is_wrong_with_a_bundle_itself_is_told_before_its_entries() {
    let judged = |bundle: &str| run_with_input(&["validate", "-"], bundle.as_bytes());
    let resource = line(FINE);
    let run = judged(&format!(
        "{{\"resourceType\": \"Bundle\", \"type\": \"collection\", \"type\": \"batch\", \"bogus\": 1, \"entry\": [\n\
         {{\"resource\": {resource}}},\n{{\"resorce\": {resource}}},\n{{\"resource\": 5}},\n\"x\",\n\
         {{\"request\": {{\"method\": \"DELETE\", \"url\": \"Observation/1\"}}}},\n\
         {{\"request\": {{\"method\": \"POST\", \"url\": \"Observation\"}}}},\n\
         {{\"response\": {{\"status\": \"201\"}}}},\n\
         {{\"resource\": {{\"resourceType\": \"Patient\"}}, \"resource\": {resource}}}]}}"
    ));
    let told: Vec<&str> = run.out.lines().filter(|line| !line.contains(" | ")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    standard input: refused, 8 errors
      error Bundle.type (line 1, column 50) [Bundle.type#json]
        Error parsing JSON: Duplicated property name: type
      error Bundle (line 1, column 67) [Bundle.bogus#unknown]
        Unrecognised property '@bogus'
      error Bundle.entry[1] (line 3, column 1) [Bundle.entry.resource#min]
        entry[1] has no resource, so nothing of it was judged
        fix: put the resource into "resource"; only an entry that reads, deletes or answers goes without
      error Bundle.entry[1] (line 3, column 2) [Bundle.entry.resorce#unknown]
        Unrecognised property '@resorce'
        fix: there is no such element here: did you mean resource?
      error Bundle.entry[2].resource (line 4, column 14) [Bundle.entry.resource#type]
        Error parsing JSON: the value of type Resource must be an object
        fix: write an object, { ... }, with the element's own properties
      error Bundle.entry[3] (line 5, column 1) [Bundle.entry#type]
        Error parsing JSON: the value of type BackboneElement must be an object
        fix: write an object, { ... }, with the element's own properties
      error Bundle.entry[5] (line 7, column 1) [Bundle.entry.resource#min]
        entry[5] has no resource, so nothing of it was judged
        fix: put the resource into "resource"; only an entry that reads, deletes or answers goes without
      error Bundle.entry[7].resource (line 9, column 43) [Bundle.entry.resource#json]
        Error parsing JSON: Duplicated property name: resource
    standard input entry[0] (Observation): accepted
    standard input entry[7] (Patient): refused, 1 error
      error Patient.meta.profile (line 9, column 14) [Patient.meta.profile#profile]
        Missing profile
        fix: add meta.profile with the canonical URL of the national profile
    3 resources: 1 accepted, 2 refused
    "#);
    assert_eq!(run.code, 1);
    let fine = judged(&bundle());
    assert!(fine.out.starts_with("standard input entry[0]"), "{}", fine.out);
}

#[test]
fn a_bundle_without_resources_says_so_and_one_within_another_too() {
    let judged = |bundle: &str| {
        let run = run_with_input(&["validate", "-"], bundle.as_bytes());
        let told: Vec<&str> = run.out.lines().filter(|line| !line.contains(" | ")).collect();
        (run.code, told.join("\n"))
    };
    let (code, told) = judged(r#"{"resourceType": "Bundle", "type": "searchset", "total": 0}"#);
    insta::assert_snapshot!(told, @r#"
    standard input: accepted, 1 warning
      warning Bundle (line 1, column 1) [Bundle.entry#min]
        The Bundle holds no resources, so nothing was judged
        fix: put the resources into entry, each as "resource"
    "#);
    assert_eq!(code, 0);
    let (code, told) =
        judged(r#"{"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Bundle"}}]}"#);
    insta::assert_snapshot!(told, @r"
    standard input entry[0] (Bundle): refused, 1 error
      error Bundle (line 1, column 68) [Bundle.entry.resource#type]
        This is a Bundle within a Bundle: its resources were not judged
        fix: judge the inner Bundle as a file or line of its own
    ");
    assert_eq!(code, 1);
}

#[test]
fn a_wrong_display_is_a_warning_or_an_error_as_told() {
    let wrong = line(FINE).replace("\"display\":\"Paino\"", "\"display\":\"Pituus\"");
    let run = run_with_input(&["validate", "-"], wrong.as_bytes());
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("accepted, 1 warning"), "{}", run.out);
    assert!(run.out.contains("Display Name for http://loinc.org#29463-7 should be one of"), "{}", run.out);
    let run = run_with_input(&["validate", "-", "--display", "refuse"], wrong.as_bytes());
    assert!(run.code == 1 && run.out.contains("[Observation.code.coding.display#display]"), "{}", run.out);
}

#[test]
fn a_compressed_input_is_to_be_unpacked() {
    let run = run_with_input(&["validate", "-"], b"\x1f\x8b\x08\x00\x00");
    assert!(run.code == 1 && run.out.contains("fix: the input is compressed: unpack it first"), "{}", run.out);
    let two = run_with_input(&["validate", "-"], b"{\"resourceType\": \"Patient\"} {}");
    assert!(two.code == 1 && two.out.contains("several one per line"), "{}", two.out);
}
