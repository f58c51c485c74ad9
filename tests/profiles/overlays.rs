//! The first STU3 rules and the R4 extras: asked for by a setting or a flag, never there unasked.

use super::project;
use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;
use serde_json::{Value, json};
use std::process::Command;

fn example(path: &str) -> String {
    std::fs::read_to_string(project().join("examples").join(path)).unwrap()
}

/// The verdict of `/_sandbox/validate` and the status of a write on the open endpoint.
async fn judged(phr: &Sandbox, version: &str, path: &str) -> (bool, u16) {
    let http = reqwest::Client::new();
    let body = example(path);
    let verdict: Value = http
        .post(format!("{}/_sandbox/validate/{version}", phr.http_url()))
        .body(body.clone())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let is_error = |issue: &Value| issue["severity"] == "error";
    let base = if version == "r4" { "baseR4" } else { "baseStu3" };
    let open = phr.open_url();
    let written = http
        .post(format!("{open}/phr-resourceserver/{base}/Observation"))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    (!verdict["issue"].as_array().unwrap().iter().any(is_error), written.status().as_u16())
}

async fn set(phr: &Sandbox, knobs: Value) {
    let url = format!("{}/_sandbox/settings", phr.http_url());
    let answer = reqwest::Client::new().put(url).body(knobs.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn settings_choose_the_rules_at_run_time() {
    let phr = Sandbox::start().await.unwrap();
    let patient = "Patient/7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3";
    let url = format!("{}/phr-resourceserver/baseStu3/{patient}", phr.open_url());
    let put = reqwest::Client::new().put(url).header("content-type", "application/json");
    assert_eq!(put.body(example("stu3/valid/patient-rich.json")).send().await.unwrap().status(), 201);
    let (relaxed, strict) = ("stu3/valid/bodyweight-rich.json", "stu3-2017/valid/bodyweight-rich.json");
    assert_eq!(judged(&phr, "stu3", relaxed).await, (true, 201));
    set(&phr, json!({"stu3.rules": 2017})).await;
    assert_eq!(judged(&phr, "stu3", relaxed).await, (false, 422));
    assert_eq!(judged(&phr, "stu3", strict).await, (true, 201));
    set(&phr, json!({"stu3.rules": "updated"})).await;
    let distance = "r4-extras/valid/distance-rich.json";
    assert_eq!(judged(&phr, "r4", distance).await, (false, 422));
    set(&phr, json!({"profiles.extras": true})).await;
    assert_eq!(judged(&phr, "r4", distance).await, (true, 201));
}

#[tokio::test]
async fn a_sandbox_starts_with_the_rules_of_its_configuration() {
    let settings = [("stu3.rules".to_owned(), json!("2017")), ("profiles.extras".to_owned(), json!(true))];
    let options = Options { settings: settings.into_iter().collect(), ..Options::default() };
    let phr = Sandbox::start_with(options).await.unwrap();
    let verdict = async |version, path| judged(&phr, version, path).await.0;
    assert!(!verdict("stu3", "stu3/valid/bodyweight-rich.json").await);
    assert!(verdict("stu3", "stu3-2017/valid/bodyweight-rich.json").await);
    assert!(verdict("r4", "r4-extras/valid/bodyheight-rich.json").await);
}

/// The exit code of `validate`.
fn validate(arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kanta-phr-sandbox"));
    command.env_clear().current_dir(project().join("examples")).arg("validate").args(arguments);
    command.output().unwrap().status.code()
}

#[test]
fn flags_choose_the_rules_of_validate() {
    assert_eq!(validate(&["--stu3-rules", "2017", "stu3-2017/valid"]), Some(0));
    assert_eq!(validate(&["--stu3-rules", "2017", "stu3/valid/bodyweight-rich.json"]), Some(1));
    assert_eq!(validate(&["stu3/valid/bodyweight-rich.json"]), Some(0));
    assert_eq!(validate(&["--stu3-rules", "2018", "stu3/valid"]), Some(2));
    assert_eq!(validate(&["--extras", "r4-extras/valid", "r4/valid"]), Some(0));
    assert_eq!(validate(&["r4-extras/valid/distance-minimal.json"]), Some(1));
}
