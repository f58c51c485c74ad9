//! The bodies that the pages offer to start from.

use super::{Browser, UI};
use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;
use serde_json::{Value, json};

/// Creates every example of every type by the pages, judged first, and tells the names of those that were not stored and
/// of those where the verdict was another than the answer.
async fn stored(settings: Value, version: &str) -> (usize, Vec<String>) {
    let settings = settings.as_object().unwrap().clone().into_iter().collect();
    let phr = Sandbox::start_with(Options { settings, ..Options::default() }).await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let base = format!("{UI}open/{version}/");
    let types = browser.open(&base).await;
    let mut failed = Vec::new();
    let mut offered = 0;
    let links = types.html.split("<td class=\"new\"><a href=\"").skip(1);
    for link in links.map(|link| link.split('"').next().unwrap().to_owned()).collect::<Vec<_>>() {
        let page = browser.open(&link).await;
        let choices = page.html.split_once("<select id=\"example\"").map_or("", |(_, behind)| behind);
        let choices = choices.split("</select>").next().unwrap();
        let mut names: Vec<String> =
            choices.split("<option value=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned()).collect();
        if names.is_empty() {
            names.push(String::new());
        }
        for name in names {
            offered += 1;
            let path = link.split('?').next().unwrap();
            let page = browser.open(&format!("{path}?example={name}")).await;
            let body = page.body();
            let judged = browser.submit(&page, &[("body", &body), ("do", "validate")]).await;
            let sent = browser.submit(&page, &[("body", &body), ("do", "send")]).await;
            if !sent.html.contains("201 Created") || !judged.html.contains("It would be stored.") {
                failed.push(format!("{path} {name}"));
            }
        }
    }
    (offered, failed)
}

/// As many as are offered at least, so that an empty list is no success.
async fn all_stored(settings: Value, version: &str, least: usize) {
    let (offered, failed) = stored(settings.clone(), version).await;
    assert!(failed.is_empty(), "{settings} {version}: {failed:#?}");
    assert!(offered >= least, "{settings} {version}: only {offered}");
}

#[tokio::test]
async fn every_example_of_r4_is_stored() {
    all_stored(json!({}), "r4", 34).await;
    all_stored(json!({"display.mismatch": "refuse", "profiles.extras": true}), "r4", 40).await;
}

#[tokio::test]
async fn every_example_of_stu3_is_stored() {
    all_stored(json!({"display.mismatch": "refuse"}), "stu3", 60).await;
}

#[tokio::test]
async fn every_example_under_the_rules_of_2017_is_stored() {
    all_stored(json!({"stu3.rules": "2017"}), "stu3", 50).await;
}

#[tokio::test]
async fn what_is_stored_without_a_profile_is_judged_so() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let page = browser.open(&format!("{UI}open/stu3/ValueSet/new")).await;
    let body = page.body();
    browser.submit(&page, &[("body", &body), ("do", "validate")]).await.says("It would be stored.");
    let wrong = body.replace("\"status\": \"draft\"", "\"status\": \"dr\"");
    let judged = browser.submit(&page, &[("body", &wrong), ("do", "validate")]).await;
    judged.says("It would be refused.").says("ValueSet.status");
    browser.submit(&page, &[("body", &wrong), ("do", "send")]).await.says("422 ");
    // What the server says beyond the profile is in the verdict, too.
    let page = browser.open(&format!("{UI}open/r4/Observation/new")).await;
    let body = page.body();
    let (_, behind) = body.split_once("\"Patient/").unwrap();
    let elsewhere = body.replace(&behind[..36], "11111111-2222-4333-8444-555555555555");
    let judged = browser.submit(&page, &[("body", &elsewhere), ("do", "validate")]).await;
    judged.says("It would be refused.");
    let sent = browser.submit(&page, &[("body", &elsewhere), ("do", "send")]).await;
    assert!(!sent.html.contains("201 Created"));
}
