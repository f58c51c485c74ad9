//! The citizen's own pages and the pages of the flow, clicked through in Chromium.

mod support;

use fantoccini::Locator;
use fantoccini::key::Key;
use kanta_phr_sandbox::{RegisteredClient, Sandbox};
use serde_json::{Value, json};
use support::citizen::{press, sign_in, text};
use support::{Browser, Callback, query};

const SCOPE: &str = "offline_access patient/Observation.read patient/Observation.write";

async fn application(phr: &Sandbox, callback: &Callback) -> RegisteredClient {
    let http = reqwest::Client::new();
    let registration = json!({
        "name": "Weight diary", "client_id": "diary", "client_secret": "diary-secret", "scope": SCOPE,
        "redirect_uris": [callback.uri], "contacts": ["diary@example.org"],
        "description": "Keeps your weight.", "logo_uri": format!("{}/no-logo.png", phr.http_url()),
    });
    let answer = http.post(format!("{}/_sandbox/clients", phr.http_url())).json(&registration).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    phr.register_client("Other").redirect_uri(&callback.uri).scope(SCOPE).await.unwrap()
}

fn authorize(phr: &Sandbox, callback: &Callback, more: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("response_type", "code").append_pair("client_id", "diary");
    query.append_pair("redirect_uri", &callback.uri).append_pair("scope", SCOPE).append_pair("state", "s");
    query.extend_pairs(more);
    format!("{}/phr-authserver-sandbox/authorize?{}", phr.http_url(), query.finish())
}

async fn sent_back(browser: &Browser, callback: &Callback) -> std::collections::HashMap<String, String> {
    for _ in 0..200 {
        let url = browser.page.current_url().await.unwrap();
        if url.as_str().starts_with(&callback.uri) {
            return query(url.as_str());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the browser was not sent back but is at {}", browser.page.current_url().await.unwrap());
}

/// The application's token endpoint.
async fn token(phr: &Sandbox, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/phr-authserver-sandbox/token", phr.http_url());
    let client = [("client_id", "diary"), ("client_secret", "diary-secret")];
    let form: Vec<_> = form.iter().chain(&client).collect();
    let answer = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn read(phr: &Sandbox, token: &str, path: &str) -> (u16, Value) {
    let url = format!("{}/phr-resourceserver/{path}", phr.http_url());
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

/// authorization-server.md §3.12: the application's tokens end, and the next authorization asks again.
#[tokio::test]
async fn an_application_meets_what_a_withdrawal_does() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    application(&phr, &callback).await;
    browser.page.goto(&authorize(&phr, &callback, &[])).await.unwrap();
    press(&browser, "button[name=citizen][value=aino]").await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "main button[value=accept]").await;
    press(&browser, "section.rights button[value=accept]").await;
    let code = sent_back(&browser, &callback).await["code"].clone();
    let redeem = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &callback.uri)];
    let (status, tokens) = token(&phr, &redeem).await;
    assert_eq!(status, 200, "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    let patient = format!("baseR4/Patient/{}", tokens["sub"].as_str().unwrap());
    assert_eq!(read(&phr, access, &patient).await.0, 200);

    sign_in(&browser, phr.http_url(), "aino").await;
    press(&browser, "nav.places li:nth-child(2) a").await;
    assert!(text(&browser, ".given").await.contains("Weight diary"));
    press(&browser, ".given .button").await;
    assert!(text(&browser, "h1").await.contains("Weight diary"));
    press(&browser, "form.decide button.primary").await;
    browser.page.wait().for_element(Locator::Css("[role=status]")).await.unwrap();
    assert!(text(&browser, ".past").await.contains("Weight diary"));

    let (status, outcome) = read(&phr, access, &patient).await;
    assert_eq!((status, outcome["issue"][0]["details"]["coding"][0]["code"].as_str()), (403, Some("502120")));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let (status, refused) = token(&phr, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!((status, refused["error"].as_str()), (401, Some("invalid_token")));
    browser.page.goto(&authorize(&phr, &callback, &[])).await.unwrap();
    browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
    browser.close().await;
}

/// From identification to a stored weight with Tab, Enter and letters alone; then Back and again.
#[tokio::test]
async fn a_citizen_enters_a_weight_by_keyboard_alone() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let phr = Sandbox::start().await.unwrap();
    let page = &browser.page;
    // Presses Tab until the focus is where `is_there` says, at most once round the page; then types.
    let go_to = async |is_there: &str, keys: &str| {
        for _ in 0..60 {
            let active = page.active_element().await.unwrap();
            active.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
            let found =
                page.execute(&format!("const at = document.activeElement; return {is_there}"), Vec::new()).await;
            if found.unwrap() == json!(true) {
                let outline = "return getComputedStyle(document.activeElement).outlineStyle";
                let outline = page.execute(outline, Vec::new()).await.unwrap();
                assert_ne!(outline, json!("none"), "the focus on {is_there} cannot be seen");
                page.active_element().await.unwrap().send_keys(keys).await.unwrap();
                return;
            }
        }
        panic!("the keyboard does not reach {is_there}");
    };
    let enter = char::from(Key::Enter).to_string();
    page.goto(&format!("{}/citizen/?sandbox_lang=en", phr.http_url())).await.unwrap();
    go_to("at.name == 'citizen' && at.value == 'daniel'", &enter).await;
    page.wait().for_element(Locator::Css("button[value=continue]")).await.unwrap();
    go_to("at.value == 'continue'", &enter).await;
    page.wait().for_element(Locator::Css("nav.places")).await.unwrap();
    go_to("at.textContent == 'Weight'", &enter).await;
    // The terms come first.
    page.wait().for_element(Locator::Css(".clauses")).await.unwrap();
    go_to("at.value == 'accept'", &enter).await;
    page.wait().for_element(Locator::Css("#value")).await.unwrap();
    go_to("at.id == 'value'", "72,50").await;
    go_to("at.id == 'note'", "Before <breakfast> & coffee").await;
    go_to("at.textContent == 'Store'", &enter).await;
    page.wait().for_element(Locator::Css("[role=status]")).await.unwrap();
    assert!(text(&browser, ".results").await.contains("72.50 kg"), "{}", text(&browser, ".results").await);
    assert!(text(&browser, ".results").await.contains("entered by yourself"));

    // Back to the form, and once more: the same entry, stored once.
    page.back().await.unwrap();
    page.wait().for_element(Locator::Css("#value")).await.unwrap();
    press(&browser, ".fields button.primary").await;
    page.wait().for_element(Locator::Css("[role=status]")).await.unwrap();
    // The note may be there before the table below it.
    page.wait().for_element(Locator::Css(".results tbody tr")).await.unwrap();
    let rows = page.find_all(Locator::Css(".results tbody tr")).await.unwrap();
    assert_eq!(rows.len(), 1);

    // An application finds it on both bases, and no more once it is deleted.
    let callback = Callback::listen().await;
    application(&phr, &callback).await;
    let (granted, patient) = headless(&phr, "daniel").await;
    for base in ["baseR4", "baseStu3"] {
        let (status, found) = read(&phr, &granted, &format!("{base}/Observation?patient={patient}")).await;
        assert_eq!((status, found["total"].as_u64()), (200, Some(1)), "{base}");
        let weight = &found["entry"][0]["resource"];
        assert_eq!(weight["valueQuantity"]["value"].to_string(), "72.5");
        assert!(weight.get("extension").is_none(), "no application stored it");
    }
    press(&browser, ".results tbody a").await;
    assert!(text(&browser, ".narrative").await.contains("Before <breakfast> & coffee"));
    press(&browser, "main .onward a").await;
    press(&browser, "form.decide button.primary").await;
    page.wait().for_element(Locator::Css("[role=status]")).await.unwrap();
    for base in ["baseR4", "baseStu3"] {
        let (_, found) = read(&phr, &granted, &format!("{base}/Observation?patient={patient}")).await;
        assert_eq!(found["total"], 0, "{base}");
    }
    browser.close().await;
}

/// A token and a pseudonym without the browser.
async fn headless(phr: &Sandbox, citizen: &str) -> (String, String) {
    let body = json!({"citizen": citizen, "client_id": "diary", "scope": SCOPE});
    let url = format!("{}/_sandbox/tokens", phr.http_url());
    let answer: Value = reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap();
    (answer["access_token"].as_str().unwrap().to_owned(), answer["sub"].as_str().unwrap().to_owned())
}

/// Cancel, under age, refusal of new terms: each is told to the application in the recorded way.
#[tokio::test]
async fn the_application_is_told_of_every_no() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    application(&phr, &callback).await;
    let url = authorize(&phr, &callback, &[]);
    let told = async || {
        let back = sent_back(&browser, &callback).await;
        (back["error"].clone(), back["error_description"].clone(), back["state"].clone())
    };
    let denied = (String::from("access_denied"), String::from("User denied access"), String::from("s"));
    let under_age = (String::from("access_denied"), String::from("5030"), String::from("s"));

    browser.page.goto(&url).await.unwrap();
    press(&browser, "button[value=cancel]").await;
    assert_eq!(told().await, denied);
    browser.page.goto(&url).await.unwrap();
    press(&browser, "button[name=citizen][value=aino]").await;
    press(&browser, "button[value=cancel]").await;
    assert_eq!(told().await, denied);

    // Aino accepts version 1; version 2 is asked anew, and she refuses it.
    browser.page.goto(&url).await.unwrap();
    press(&browser, "button[name=citizen][value=aino]").await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "main button[value=accept]").await;
    press(&browser, "section.rights button[value=refuse]").await;
    assert_eq!(told().await, denied);
    let settings = json!({"terms.version": "2"});
    let http = reqwest::Client::new();
    http.put(format!("{}/_sandbox/settings", phr.http_url())).json(&settings).send().await.unwrap();
    browser.page.goto(&url).await.unwrap();
    assert!(text(&browser, ".version").await.ends_with('2'));
    press(&browser, "button[value=switch]").await;
    press(&browser, "button[name=citizen][value=aino]").await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "main .decide button[value=refuse]").await;
    assert_eq!(told().await, denied);

    // The session stays with somebody too young, whatever comes next.
    browser.page.goto(&url).await.unwrap();
    press(&browser, "button[value=switch]").await;
    press(&browser, "button[name=citizen][value=elsa]").await;
    press(&browser, "button[value=continue]").await;
    assert_eq!(told().await, under_age);
    browser.page.goto(&url).await.unwrap();
    assert_eq!(told().await, under_age);

    // So it does on the citizen's own pages, until one signs out.
    browser.page.goto(&format!("{}/citizen/", phr.http_url())).await.unwrap();
    press(&browser, "button[name=citizen][value=elsa]").await;
    press(&browser, "button[value=continue]").await;
    assert!(text(&browser, ".technical").await.contains("5030"));
    press(&browser, ".onward a").await;
    press(&browser, "main button.primary").await;
    press(&browser, ".onward a").await;
    browser.page.wait().for_element(Locator::Css("button[name=citizen]")).await.unwrap();
    browser.close().await;
}

/// The switch keeps the place in the flow and the pages; an unknown language falls back.
#[tokio::test]
async fn the_language_switch_keeps_the_place() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    application(&phr, &callback).await;
    let language = async || text(&browser, "nav.languages [aria-current]").await;
    browser.page.goto(&authorize(&phr, &callback, &[("ui_locales", "xx-klingon")])).await.unwrap();
    assert_eq!(language().await, "English", "what the browser accepts, when the application asks for an unknown one");
    press(&browser, "button[name=citizen][value=aino]").await;
    press(&browser, "button[value=continue]").await;
    browser.page.wait().for_element(Locator::Css(".clauses")).await.unwrap();
    press(&browser, "nav.languages a[lang=sv]").await;
    assert!(text(&browser, "h1").await.contains("Användarvillkor"));
    press(&browser, "main button[value=accept]").await;
    browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
    assert_eq!(language().await, "Svenska");
    sign_in(&browser, phr.http_url(), "aino").await;
    assert_eq!(language().await, "Svenska");
    press(&browser, ".kind h2 a").await;
    browser.page.wait().for_element(Locator::Css(".results")).await.unwrap();
    press(&browser, "nav.languages a[lang=fi]").await;
    assert_eq!(text(&browser, ".results-heading, #table-heading").await, "Tulokset");
    browser.page.goto(&format!("{}/citizen/?sandbox_lang=zz", phr.http_url())).await.unwrap();
    assert_eq!(language().await, "Suomi", "the language chosen before");
    browser.close().await;
}

/// What a citizen permits professionals is what the control API says, and the other way round.
#[tokio::test]
async fn professionals_are_allowed_and_forbidden() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let phr = Sandbox::start().await.unwrap();
    let permitted = async || {
        let url = format!("{}/_sandbox/citizens/aino/professional-permission", phr.http_url());
        let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        answer["permitted"].as_bool().unwrap()
    };
    sign_in(&browser, phr.http_url(), "aino").await;
    assert!(!permitted().await);
    press(&browser, "nav.places li:nth-child(3) a").await;
    press(&browser, "main .decide button[value=accept]").await;
    browser.page.wait().for_element(Locator::Css("[role=status]")).await.unwrap();
    assert!(permitted().await);
    press(&browser, "main .decide button[value=refuse]").await;
    browser.page.wait().for_element(Locator::Css("main .decide button[value=accept]")).await.unwrap();
    assert!(!permitted().await);
    browser.close().await;
}
