//! Every page of the sandbox in Chromium, in light and dark, on a phone and on a desk, in each language: no finding of axe,
//! nothing beyond the edge, and pictures to look at (`PHR_SCREENSHOTS`).

mod support;

use fantoccini::Locator;
use kanta_phr_sandbox::Sandbox;
use serde_json::json;
use support::citizen::{Axe, press, sign_in};
use support::{Browser, Callback, Scheme};

const SCOPE: &str =
    "offline_access patient/Observation.read patient/Observation.write patient/MedicationAdministration.read";

#[tokio::test]
async fn on_a_phone_in_light_in_finnish() {
    tour(390, 1700, Scheme::Light, "fi").await;
}

#[tokio::test]
async fn on_a_phone_in_dark_in_english() {
    tour(390, 1700, Scheme::Dark, "en").await;
}

#[tokio::test]
async fn on_a_desk_in_dark_in_swedish() {
    tour(1280, 1250, Scheme::Dark, "sv").await;
}

#[tokio::test]
async fn on_a_desk_in_light_in_english() {
    tour(1280, 1250, Scheme::Light, "en").await;
}

/// What is used on every page.
struct Tour {
    axe: Axe,
    browser: Browser,
    phr: Sandbox,
    callback: Callback,
    look: String,
    language: &'static str,
}

async fn tour(width: u32, height: u32, scheme: Scheme, language: &'static str) {
    let axe = Axe::load();
    let Some(browser) = Browser::open_in(width, height, scheme).await else { return };
    let (callback, phr) = (Callback::listen().await, Sandbox::start().await.unwrap());
    let look = format!("{width}-{}-{language}", if scheme == Scheme::Dark { "dark" } else { "light" });
    let registration = json!({
        "name": "Weight diary", "client_id": "diary", "client_secret": "diary-secret", "scope": SCOPE,
        "redirect_uris": [callback.uri], "contacts": ["diary@example.org"],
        "description": "Keeps your weight.", "logo_uri": format!("{}/no-logo.png", phr.http_url()),
    });
    let clients = format!("{}/_sandbox/clients", phr.http_url());
    assert_eq!(reqwest::Client::new().post(clients).json(&registration).send().await.unwrap().status(), 201);
    let tour = Tour { axe, browser, phr, callback, look, language };
    // The language is kept from here on.
    tour.go(&format!("/?sandbox_lang={language}")).await;
    tour.see("landing").await;
    tour.flow().await;
    tour.own_pages().await;
    tour.registration().await;
    tour.browser.close().await;
}

impl Tour {
    async fn go(&self, path: &str) {
        self.browser.page.goto(&format!("{}{path}", self.phr.http_url())).await.unwrap();
    }

    async fn see(&self, name: &str) {
        let html = self.browser.page.find(Locator::Css("html")).await.unwrap();
        assert_eq!(html.attr("lang").await.unwrap().as_deref(), Some(self.language), "{name}");
        self.axe.look(&self.browser, &format!("{name}-{}", self.look)).await;
    }

    async fn press(&self, selector: &str) {
        press(&self.browser, selector).await;
    }

    async fn wait_for(&self, selector: &str) {
        let found = self.browser.page.wait().for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    async fn enter(&self, id: &str, words: &str) {
        self.browser.page.find(Locator::Id(id)).await.unwrap().send_keys(words).await.unwrap();
    }

    fn authorize(&self, client_id: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("response_type", "code").append_pair("client_id", client_id);
        query.append_pair("redirect_uri", &self.callback.uri).append_pair("scope", SCOPE).append_pair("state", "s");
        format!("/phr-authserver-sandbox/authorize?{}", query.finish())
    }

    async fn flow(&self) {
        self.go(&self.authorize("nobody")).await;
        self.see("flow-0-refused").await;
        self.go(&self.authorize("diary")).await;
        self.see("flow-1-identification").await;
        self.enter("code", "010180-123X").await;
        self.press("button[value=identify]").await;
        self.wait_for("[role=alert]").await;
        self.see("flow-1-identification-problem").await;
        self.press("button[name=citizen][value=matias]").await;
        self.wait_for("button[value=continue]").await;
        self.see("flow-2-attributes").await;
        self.press("button[value=continue]").await;
        self.wait_for(".clauses").await;
        self.see("flow-3-terms").await;
        self.press("button[value=accept]").await;
        self.wait_for("section.rights").await;
        self.see("flow-4-consent").await;
        self.press("section.rights button[value=accept]").await;
        for _ in 0..200 {
            if self.browser.page.current_url().await.unwrap().as_str().starts_with(&self.callback.uri) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the browser was not sent back");
    }

    async fn own_pages(&self) {
        self.go("/citizen/").await;
        self.see("own-1-identification").await;
        sign_in(&self.browser, self.phr.http_url(), "matias").await;
        self.see("own-2-overview").await;
        let mut kinds = Vec::new();
        for link in self.browser.page.find_all(Locator::Css(".kind h2 a")).await.unwrap() {
            kinds.push(link.attr("href").await.unwrap().unwrap());
        }
        assert!(kinds.len() > 2, "{kinds:?}");
        for (index, kind) in kinds.iter().enumerate() {
            self.go(kind).await;
            self.see(&format!("own-3-kind-{index}")).await;
        }
        let result = self.browser.page.find(Locator::Css(".results a")).await.unwrap();
        let item = result.attr("href").await.unwrap().unwrap();
        self.go(&item).await;
        self.see("own-4-item").await;
        self.go(&format!("{item}/delete")).await;
        self.see("own-5-delete").await;
        self.go("/citizen/add/blood-pressure").await;
        self.see("own-6-entry").await;
        self.browser.page.execute("document.forms[1].noValidate = true", Vec::new()).await.unwrap();
        self.enter("value", "12a").await;
        self.press(".fields button.primary").await;
        self.wait_for("[role=alert]").await;
        self.see("own-7-entry-problem").await;
        for (name, path) in [
            ("08-applications", "applications"),
            ("09-withdraw", "applications/withdraw?client_id=diary"),
            ("10-professionals", "professionals"),
            ("11-terms", "terms"),
            ("12-terms-withdraw", "terms/withdraw"),
            ("13-entry-glucose", "add/blood-glucose"),
            ("14-not-found", "item/r4/Observation/nothing"),
            ("15-sign-out", "sign-out"),
        ] {
            self.go(&format!("/citizen/{path}")).await;
            self.see(&format!("own-{name}")).await;
        }
        self.press("main button.primary").await;
        self.wait_for(".farewell").await;
        self.see("own-16-farewell").await;
        sign_in(&self.browser, self.phr.http_url(), "asa").await;
        self.see("own-17-overview").await;
        self.go("/citizen/measurements/blood-pressure?period=90").await;
        self.see("own-18-blood-pressure").await;
    }

    async fn registration(&self) {
        let at = |page: &str| format!("/phr-authserver-sandbox/{page}");
        self.go(&at("login")).await;
        self.see("portal-1-sign-in").await;
        self.go(&at("registeruser")).await;
        self.enter("username", "matti").await;
        self.enter("password", "kurz").await;
        self.browser
            .page
            .execute("for (const form of document.forms) form.noValidate = true", Vec::new())
            .await
            .unwrap();
        self.press("main button.primary").await;
        self.wait_for("[role=alert]").await;
        self.see("portal-2-account-problem").await;
        self.enter("password", "salasana").await;
        self.press("main button.primary").await;
        self.wait_for(".open-other").await;
        self.see("portal-3-list-empty").await;
        self.go(&at("manage/new")).await;
        self.see("portal-4-new").await;
        self.enter("client_name", "Weight diary").await;
        self.enter("redirect_uris", "http://localhost:3000/cb#x").await;
        self.press(".registration > button").await;
        self.wait_for("[role=alert]").await;
        self.see("portal-5-refused").await;
        self.browser.page.find(Locator::Id("redirect_uris")).await.unwrap().clear().await.unwrap();
        self.enter("redirect_uris", "http://localhost:3000/cb").await;
        self.press(".registration > button").await;
        self.wait_for(".saved").await;
        self.see("portal-6-saved").await;
        self.go(&at("manage/")).await;
        self.see("portal-7-list").await;
        self.go(&at("manage/client/nothing")).await;
        self.see("portal-8-not-found").await;
        self.go(&at("logout")).await;
        self.see("portal-9-sign-out").await;
    }
}
