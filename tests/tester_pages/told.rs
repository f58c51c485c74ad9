//! What the pages say beside the answers: the rules in force, what a token can't do, what came of each entry.

use super::{Browser, UI, open, patient};
use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;
use serde_json::json;

#[tokio::test]
async fn the_rules_in_force_are_named_and_open_servers_go_with_the_sandbox() {
    let settings = [("environment".to_owned(), json!("production"))].into_iter().collect();
    let phr = Sandbox::start_with(Options { settings, ..Options::default() }).await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let home = browser.open(UI).await;
    home.says("production rules").says("no open resource servers").says("authorized/r4/");
    assert!(!home.html.contains("open/r4/"), "{}", home.html);
    let gone = browser.open(&open("Observation")).await;
    assert_eq!(gone.status, 404);
    gone.says("no open resource servers").says("production rules");
    let mut at_open = Browser::new(phr.open_url());
    at_open.open(UI).await.says("no open resource servers");
    assert_eq!(at_open.open(&open("")).await.status, 404);
    let phr = Sandbox::start().await.unwrap();
    assert!(!Browser::new(phr.http_url()).open(UI).await.html.contains("production rules"));
}

#[tokio::test]
async fn a_token_says_beforehand_what_it_does_not_reach() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let place = format!("{UI}authorized/r4/");
    let home = browser.open(&format!("{UI}token")).await;
    let wanted = [
        ("do", "obtain"),
        ("citizen", "matias"),
        ("client_id", "kanta-phr-sandbox-demo"),
        ("scope", "patient/Observation.read"),
    ];
    let types = browser.submit(&home, &wanted).await;
    let row = |html: &str, name: &str| {
        let (_, behind) = html.split_once(&format!("\">{name}</a></th>")).unwrap_or_else(|| panic!("no {name}"));
        behind.split("</tr>").next().unwrap().to_owned()
    };
    assert!(!row(&types.html, "Observation").contains("not told"), "it may be read");
    assert!(!types.html.contains("In all"), "of all citizens nothing is told");
    assert!(row(&types.html, "CarePlan").contains("not told"), "it may not");
    let page = browser.open(&format!("{place}Observation/new")).await;
    page.says("no scope to write Observation");
    let body = page.body();
    browser.submit(&page, &[("body", &body), ("do", "validate")]).await.says("It would be refused.").says("RS-SCOPE");
    browser.open(&format!("{place}ValueSet/new")).await.says("ValueSet is not written with an access token");
    // A search for Patients is filled in, and says why it has to be.
    let form = browser.open(&format!("{place}Patient")).await;
    form.says("answers 500").says("mandatory");
    let id = form.after("id=\"field-id-0\" name=\"_id\" value=\"");
    assert_eq!(id.len(), 36, "{id}");
    let home = browser.open(&format!("{UI}token")).await;
    browser.submit(&home, &[("do", "paste"), ("token", "wrong")]).await;
    let types = browser.open(&place).await;
    assert_eq!(types.html.matches("not told").count(), types.html.matches("<td class=\"new\">").count());
    let page = browser.open(&format!("{place}Observation/new")).await;
    browser.submit(&page, &[("body", &body), ("do", "validate")]).await.says("It would be refused.").says("RS-TOKEN");
}

#[tokio::test]
async fn each_entry_of_a_bundle_has_its_outcome() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let page = browser.open(&open("bundle")).await;
    let body = page.body();
    let shown = browser.submit(&page, &[("body", &body), ("do", "send")]).await;
    shown.says("<h2 id=\"entries-heading\">").says("POST Observation").says(">201 Created</strong>").says("total ");
    let resource = shown.after("<td data-name=\"Resource\"><a class=\"code\" href=\"");
    browser.open(&resource).await.says("200 OK");
    let spoilt = body.replace("\"valueQuantity\"", "\"valueQuantitie\"");
    let shown = browser.submit(&page, &[("body", &spoilt), ("do", "send")]).await;
    shown.says("class=\"status bad\">422").says("valueQuantitie");
    assert_eq!(browser.submit(&page, &[("body", &body), ("do", "dance")]).await.status, 400);
    assert_eq!(
        browser.submit(&page, &[("body", &body), ("do", "validate")]).await.status,
        400,
        "it has no such button"
    );
}

#[tokio::test]
async fn a_history_says_when_and_a_comparison_shows_what() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    patient(&mut browser).await;
    let page = browser.open(&open("Observation/new?example=bodyweight-rich")).await;
    let body = page.body();
    let stored = browser.submit(&page, &[("body", &body), ("do", "send")]).await;
    let resource = stored.after("Stored: <a href=\"");
    let edit = browser.open(&format!("{resource}/edit")).await;
    let changed = edit.body().replace("morgonlänken", "frukosten");
    browser.submit(&edit, &[("body", &changed), ("do", "send")]).await.says("200 OK");
    let changes = browser.open(&format!("{resource}/changes?from=1&to=2")).await;
    assert!(!changes.html.contains(">1 lines unchanged"), "what is short is not folded");
    changes
        .says("<del class=\"muted\">-     &#34;versionId&#34;")
        .says("frukosten")
        .says("<ins>+ ")
        .says(" lines unchanged");
    let ask = browser.open(&format!("{resource}/delete")).await;
    browser.submit(&ask, &[]).await.says("Deleted");
    let again = browser.open(&format!("{resource}/delete")).await;
    again.says("There is nothing to delete").says("410 Gone");
    assert!(!again.html.contains("<form class=\"fields delete\""));
    let history = browser.open(&format!("{resource}/history")).await;
    let (_, deletion) = history.html.split_once(">DELETE<").unwrap();
    let when = deletion.split("data-name=\"When\">").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!((when.len(), &when[10..11]), (16, " "), "{when}");
}

#[tokio::test]
async fn numbers_are_written_as_the_language_does() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let page = browser.open(&open("Observation/new?example=bodyweight-minimal")).await;
    let resource = browser.submit(&page, &[("body", &page.body()), ("do", "send")]).await.after("Stored: <a href=\"");
    browser.open(&format!("{resource}?sandbox_lang=sv")).await.says("<strong>72,50 kg</strong>");
    browser.open(&format!("{resource}?sandbox_lang=en")).await.says("<strong>72.50 kg</strong>");
    let page = browser.open(&open("Observation/new?example=stepstaken-minimal")).await;
    let steps = browser.submit(&page, &[("body", &page.body()), ("do", "send")]).await.after("Stored: <a href=\"");
    let shown = browser.open(&steps).await;
    assert!(!shown.html.contains(" 1</strong>"), "the unit 1 is none");
    // A line that is longer than anyone reads is cut.
    let long = page.body().replace("\"status\": \"final\"", &format!("\"status\": \"{}\"", "x".repeat(50_000)));
    let refused = browser.submit(&page, &[("body", &long), ("do", "validate")]).await;
    refused.says("<span class=\"cut\">… +");
}

#[tokio::test]
async fn addresses_that_name_nothing_are_told_so() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    for dots in ["..", ".", "%2E%2E"] {
        let page = browser.open(&open(&format!("Observation/read?id={dots}"))).await;
        assert_eq!(page.status, 400, "{dots}");
        page.says("dots alone are none").says("<h1>");
    }
    let page = browser.open(&open("Observation/%ff")).await;
    assert_eq!(page.status, 404);
    page.says("percent-encoded UTF-8");
}
