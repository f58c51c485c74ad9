//! The citizen's own pages and the pages of the flow, clicked through in Chromium.

mod support;

use fantoccini::Locator;
use fantoccini::key::Key;
use kanta_phr_sandbox::{RegisteredClient, Sandbox};
use serde_json::{Value, json};
use support::citizen::{Axe, press, sign_in, text};
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

/// Every page on a phone and on a desk: no serious finding of axe, nothing beyond the edge, and pictures to look at.
#[tokio::test]
async fn every_page_is_accessible_and_fits() {
    let axe = Axe::load();
    for (size, width, height) in [("phone", 390, 1700), ("desktop", 1280, 1250)] {
        let Some(browser) = Browser::open(width, height).await else { return };
        let callback = Callback::listen().await;
        let phr = Sandbox::start().await.unwrap();
        application(&phr, &callback).await;
        let see = async |name: &str| axe.look(&browser, &format!("{name}-{size}")).await;
        let go = async |path: &str| browser.page.goto(&format!("{}/citizen/{path}", phr.http_url())).await.unwrap();

        browser.page.goto(&authorize(&phr, &callback, &[("ui_locales", "en")])).await.unwrap();
        see("flow-1-identification").await;
        press(&browser, "button[name=citizen][value=matias]").await;
        browser.page.wait().for_element(Locator::Css("button[value=continue]")).await.unwrap();
        see("flow-2-attributes").await;
        press(&browser, "button[value=continue]").await;
        browser.page.wait().for_element(Locator::Css(".clauses")).await.unwrap();
        see("flow-3-terms").await;
        press(&browser, "button[value=accept]").await;
        browser.page.wait().for_element(Locator::Css("section.rights")).await.unwrap();
        see("flow-4-consent").await;
        press(&browser, "section.rights button[value=accept]").await;
        sent_back(&browser, &callback).await;

        go("?sandbox_lang=fi").await;
        see("own-1-identification").await;
        sign_in(&browser, phr.http_url(), "matias").await;
        see("own-2-overview").await;
        let links = browser.page.find_all(Locator::Css(".kind h2 a")).await.unwrap();
        let mut kinds = Vec::new();
        for link in links {
            kinds.push(link.attr("href").await.unwrap().unwrap());
        }
        assert!(kinds.len() > 2, "{kinds:?}");
        for (index, kind) in kinds.iter().enumerate() {
            browser.page.goto(&format!("{}{kind}", phr.http_url())).await.unwrap();
            see(&format!("own-3-kind-{index}")).await;
        }
        let item = browser.page.find(Locator::Css(".results a")).await.unwrap().attr("href").await.unwrap().unwrap();
        browser.page.goto(&format!("{}{item}", phr.http_url())).await.unwrap();
        see("own-4-item").await;
        browser.page.goto(&format!("{}{item}/delete", phr.http_url())).await.unwrap();
        see("own-5-delete").await;
        go("add/blood-pressure").await;
        see("own-6-entry").await;
        browser.page.execute("document.forms[1].noValidate = true", Vec::new()).await.unwrap();
        browser.page.find(Locator::Css("#value")).await.unwrap().send_keys("12a").await.unwrap();
        press(&browser, ".fields button.primary").await;
        browser.page.wait().for_element(Locator::Css("[role=alert]")).await.unwrap();
        see("own-7-entry-problem").await;
        for (number, path) in [
            "applications",
            "applications/withdraw?client_id=diary",
            "professionals",
            "terms",
            "terms/withdraw",
            "add/blood-glucose",
            "sign-out",
            "nothing-there",
        ]
        .iter()
        .enumerate()
        {
            go(path).await;
            if *path != "nothing-there" {
                see(&format!("own-{}-{}", number + 8, path.split('?').next().unwrap().replace('/', "-"))).await;
            }
        }
        go("item/r4/Observation/nothing").await;
        see("own-99-not-found").await;
        browser.close().await;
    }
}
