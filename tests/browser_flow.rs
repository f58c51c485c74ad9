//! The browser flow, clicked through in Chromium.

mod support;

use fantoccini::Locator;
use kanta_phr_sandbox::sandbox::Options;
use kanta_phr_sandbox::{RegisteredClient, Sandbox};
use support::{Browser, Callback, query};

const SCOPE: &str =
    "offline_access patient/Observation.read patient/Observation.write patient/MedicationAdministration.read";

fn authorize(base: &str, app: &RegisteredClient, redirect_uri: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", app.client_id())
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", SCOPE)
        .append_pair("state", "b5de575e & ä")
        .finish();
    format!("{base}/phr-authserver-sandbox/authorize?{query}")
}

async fn press(browser: &Browser, selector: &str) {
    browser
        .page
        .wait()
        .for_element(Locator::Css(selector))
        .await
        .unwrap_or_else(|error| panic!("{selector}: {error}"))
        .click()
        .await
        .unwrap();
}

async fn wait_for_callback(browser: &Browser, callback: &Callback) -> String {
    for _ in 0..200 {
        let url = browser.page.current_url().await.unwrap();
        if url.as_str().starts_with(&callback.uri) {
            return url.to_string();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the browser was not sent back but is at {}", browser.page.current_url().await.unwrap());
}

#[tokio::test]
async fn a_citizen_accepts_and_the_application_stores_and_reads() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Weight diary").redirect_uri(&callback.uri).scope(SCOPE).await.unwrap();
    let citizen = phr.citizens().first();

    browser.page.goto(&authorize(phr.http_url(), &app, &callback.uri)).await.unwrap();
    browser.screenshot("identification-desktop").await;
    press(&browser, &format!("button[name=citizen][value={}]", citizen.citizen().id)).await;
    press(&browser, "button[value=continue]").await;
    browser.page.wait().for_element(Locator::Css("button[name=decision][value=accept]")).await.unwrap();
    browser.screenshot("terms-desktop").await;
    press(&browser, "button[name=decision][value=accept]").await;
    // The consent page names the application; the terms do not offer rights.
    browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
    browser.screenshot("consent-desktop").await;
    press(&browser, "section.rights button[value=accept]").await;

    let sent_back = query(&wait_for_callback(&browser, &callback).await);
    assert_eq!(sent_back["state"], "b5de575e & ä");
    let http = reqwest::Client::new();
    let answer = http
        .post(format!("{}/phr-authserver-sandbox/token", phr.http_url()))
        .basic_auth(app.client_id(), Some(app.client_secret()))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &sent_back["code"]),
            ("redirect_uri", &callback.uri),
            ("client_id", app.client_id()),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let token: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["refresh_token"].is_string());
    let patient = token["sub"].as_str().unwrap();
    let answer = http
        .get(format!("{}/Patient/{patient}", phr.base_r4()))
        .bearer_auth(token["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);

    // The second time nobody asks who it is, nor for the terms.
    browser.page.goto(&authorize(phr.http_url(), &app, &callback.uri)).await.unwrap();
    browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
    browser.close().await;
}

#[tokio::test]
async fn a_citizen_refuses_on_a_phone() {
    let Some(browser) = Browser::open(400, 800).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Weight diary").redirect_uri(&callback.uri).scope(SCOPE).await.unwrap();

    browser.page.goto(&authorize(phr.http_url(), &app, &callback.uri)).await.unwrap();
    browser.screenshot("identification-phone").await;
    let code = phr.citizens().first().citizen().personal_identity_code.to_string();
    let field = browser.page.find(Locator::Css("input[name=personal_identity_code]")).await.unwrap();
    field.send_keys(&code).await.unwrap();
    press(&browser, "button[name=decision][value=identify]").await;
    browser.page.wait().for_element(Locator::Css("button[value=continue]")).await.unwrap();
    browser.screenshot("attributes-phone").await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "button[name=decision][value=accept]").await;
    browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
    browser.screenshot("consent-phone").await;
    press(&browser, "section.rights button[value=refuse]").await;

    let sent_back = query(&wait_for_callback(&browser, &callback).await);
    assert_eq!(sent_back["error"], "access_denied");
    assert_eq!(sent_back["state"], "b5de575e & ä");
    assert!(!sent_back.contains_key("code"));
    browser.close().await;
}

#[tokio::test]
async fn pressing_back_and_accepting_again_gives_a_code_that_works() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let callback = Callback::listen().await;
    let phr = Sandbox::start().await.unwrap();
    let app = phr.register_client("Weight diary").redirect_uri(&callback.uri).scope(SCOPE).await.unwrap();
    let citizen = phr.citizens().first();
    browser.page.goto(&authorize(phr.http_url(), &app, &callback.uri)).await.unwrap();
    press(&browser, &format!("button[name=citizen][value={}]", citizen.citizen().id)).await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "button[name=decision][value=accept]").await;
    press(&browser, "section.rights button[value=accept]").await;
    let first = query(&wait_for_callback(&browser, &callback).await);
    browser.page.back().await.unwrap();
    press(&browser, "section.rights button[value=accept]").await;
    let second = query(&wait_for_callback(&browser, &callback).await);
    assert_ne!(first["code"], second["code"]);
    let redeem = async |code: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback.uri),
            ("client_id", app.client_id()),
            ("client_secret", app.client_secret()),
        ];
        let url = format!("{}/phr-authserver-sandbox/token", phr.http_url());
        reqwest::Client::new().post(url).form(&form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(redeem(&first["code"]).await, 400, "a new code ends the former");
    assert_eq!(redeem(&second["code"]).await, 200);
    browser.close().await;
}

/// As in a compose network: the browser says `localhost`, the back end says another name, and each gets URLs it can use.
#[tokio::test]
async fn browser_and_back_end_know_the_sandbox_by_different_names() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let callback = Callback::listen().await;
    // A free port has to be known before the start, because the public URL names it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = Options {
        http: Some(([127, 0, 0, 1], port).into()),
        public_url: Some(format!("http://localhost:{port}").parse().unwrap()),
        ..Options::default()
    };
    let phr = Sandbox::start_with(options).await.unwrap();
    let app = phr.register_client("Weight diary").redirect_uri(&callback.uri).scope(SCOPE).await.unwrap();
    let inside = format!("http://kanta-phr-sandbox:{port}");
    let back_end =
        reqwest::Client::builder().resolve("kanta-phr-sandbox", ([127, 0, 0, 1], port).into()).build().unwrap();

    let discovery = format!("{inside}/phr-authserver-sandbox/.well-known/openid-configuration");
    let discovery: serde_json::Value = back_end.get(discovery).send().await.unwrap().json().await.unwrap();
    assert_eq!(discovery["issuer"], format!("http://localhost:{port}/phr-authserver-sandbox/"));
    assert_eq!(
        discovery["authorization_endpoint"],
        format!("http://localhost:{port}/phr-authserver-sandbox/authorize")
    );
    assert_eq!(discovery["token_endpoint"], format!("{inside}/phr-authserver-sandbox/token"));
    assert_eq!(discovery["jwks_uri"], format!("{inside}/phr-authserver-sandbox/jwk"));

    browser.page.goto(&authorize(&format!("http://localhost:{port}"), &app, &callback.uri)).await.unwrap();
    let citizen = phr.citizens().first();
    press(&browser, &format!("button[name=citizen][value={}]", citizen.citizen().id)).await;
    press(&browser, "button[value=continue]").await;
    press(&browser, "button[name=decision][value=accept]").await;
    press(&browser, "section.rights button[value=accept]").await;
    let sent_back = query(&wait_for_callback(&browser, &callback).await);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &sent_back["code"]),
        ("redirect_uri", &callback.uri),
        ("client_id", app.client_id()),
        ("client_secret", app.client_secret()),
    ];
    let answer = back_end.post(discovery["token_endpoint"].as_str().unwrap()).form(&form).send().await.unwrap();
    let token: serde_json::Value = answer.json().await.unwrap();
    let patient = token["sub"].as_str().unwrap();
    let answer = back_end
        .get(format!("{inside}/phr-resourceserver/baseR4/Patient/{patient}"))
        .bearer_auth(token["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let location = answer.headers()["content-location"].to_str().unwrap().to_owned();
    assert!(location.starts_with(&inside), "{location}");
    browser.close().await;
}
