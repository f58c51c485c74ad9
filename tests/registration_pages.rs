//! The registration pages in a real browser: forms that pass their own policy, by keyboard alone, without scripts.

mod support;

use fantoccini::{Client, Locator, key::Key};
use kanta_phr_sandbox::Sandbox;
use support::Browser;

async fn heading(page: &Client) -> String {
    page.find(Locator::Css("h1")).await.unwrap().text().await.unwrap()
}

async fn type_into(page: &Client, id: &str, text: &str) {
    page.find(Locator::Id(id)).await.unwrap().send_keys(text).await.unwrap();
}

/// Moves the focus on until it is on an element that this selector finds, and presses a key there.
async fn tab_to(page: &Client, selector: &str, key: Key) {
    let script = "const [wanted] = arguments; return document.activeElement.matches(wanted);";
    for _ in 0..60 {
        let found = page.execute(script, vec![selector.into()]).await.unwrap();
        let active = page.active_element().await.unwrap();
        if found == serde_json::Value::Bool(true) {
            active.send_keys(&char::from(key).to_string()).await.unwrap();
            return;
        }
        active.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
    }
    panic!("{selector} cannot be reached by keyboard");
}

#[tokio::test]
async fn a_developer_registers_changes_and_removes_an_application_by_keyboard() {
    for (width, height, name) in [(1280, 900, "desktop"), (390, 844, "phone")] {
        let phr = Sandbox::start().await.unwrap();
        let Some(browser) = Browser::open(width, height).await else { return };
        let page = &browser.page;
        page.goto(&format!("{}/?sandbox_lang=en", phr.http_url())).await.unwrap();
        page.find(Locator::LinkText(&format!("{}manage/", phr.issuer()))).await.unwrap().click().await.unwrap();
        assert_eq!(heading(page).await, "Sign in as a developer");
        browser.screenshot(&format!("registration-sign-in-{name}")).await;
        page.find(Locator::LinkText("No account yet? Make one")).await.unwrap().click().await.unwrap();
        type_into(page, "username", "matti").await;
        type_into(page, "password", "salasana").await;
        tab_to(page, "button.primary", Key::Enter).await;
        page.wait().for_element(Locator::LinkText("Register a new application")).await.unwrap().click().await.unwrap();
        assert_eq!(heading(page).await, "Register an application");
        type_into(page, "client_name", "Weight diary").await;
        type_into(page, "redirect_uris", "http://localhost:3000/cb#x").await;
        tab_to(page, "[name='scope.openid']", Key::Space).await;
        tab_to(page, ".registration > button", Key::Enter).await;
        let problem = page.wait().for_element(Locator::Css("[role=alert]")).await.unwrap().text().await.unwrap();
        assert!(
            problem.contains("An address cannot have a # and what follows it: http://localhost:3000/cb#x"),
            "{problem}"
        );
        browser.screenshot(&format!("registration-refused-{name}")).await;
        let uris = page.find(Locator::Id("redirect_uris")).await.unwrap();
        assert_eq!(uris.prop("value").await.unwrap().as_deref(), Some("http://localhost:3000/cb#x"), "kept as typed");
        uris.clear().await.unwrap();
        uris.send_keys("http://localhost:3000/cb").await.unwrap();
        tab_to(page, ".registration > button", Key::Enter).await;
        page.wait().for_element(Locator::Css(".saved")).await.unwrap();
        browser.screenshot(&format!("registration-saved-{name}")).await;
        let clients = phr.tenant().authorization.clients_of("matti");
        assert_eq!(clients.len(), 1);
        let scope = "openid patient/Observation.read patient/Observation.write offline_access";
        assert_eq!(clients[0].scope.to_string(), scope);
        let source = page.source().await.unwrap();
        assert!(source.contains(&clients[0].client_id) && source.contains(&clients[0].client_secret));
        // Nothing is wider than the window.
        let wide = page.execute("return document.documentElement.scrollWidth > innerWidth", vec![]).await.unwrap();
        assert_eq!(wide, serde_json::Value::Bool(false), "{name}");
        // The same page in another language, nothing lost.
        page.find(Locator::LinkText("Svenska")).await.unwrap().click().await.unwrap();
        page.wait().for_element(Locator::Css("html[lang=sv]")).await.unwrap();
        tab_to(page, "details.remove > summary", Key::Enter).await;
        tab_to(page, "details.remove button", Key::Enter).await;
        page.wait().for_element(Locator::LinkText("Registrera en ny applikation")).await.unwrap();
        assert!(phr.tenant().authorization.clients_of("matti").is_empty());
        page.find(Locator::LinkText("Logga ut")).await.unwrap().click().await.unwrap();
        tab_to(page, "main button.primary", Key::Enter).await;
        page.wait().for_element(Locator::Css(".farewell")).await.unwrap();
        page.goto(&format!("{}manage/", phr.issuer())).await.unwrap();
        assert!(page.current_url().await.unwrap().path().ends_with("/login"));
        browser.close().await;
    }
}
