//! What tests of the citizen's pages share: pressing, signing in, and the check by axe-core.

use super::Browser;
use fantoccini::Locator;
use serde_json::Value;

/// Presses what a selector finds, once it is there.
pub async fn press(browser: &Browser, selector: &str) {
    let found = browser.page.wait().for_element(Locator::Css(selector)).await;
    found.unwrap_or_else(|error| panic!("{selector}: {error}")).click().await.unwrap();
}

/// Opens the citizen's pages and signs in there.
pub async fn sign_in(browser: &Browser, base: &str, citizen: &str) {
    browser.page.goto(&format!("{base}/citizen/")).await.unwrap();
    press(browser, &format!("button[name=citizen][value={citizen}]")).await;
    press(browser, "button[value=continue]").await;
    browser.page.wait().for_element(Locator::Css("nav.places")).await.unwrap();
}

/// The words of what a selector finds, once it is there.
pub async fn text(browser: &Browser, selector: &str) -> String {
    let found = browser.page.wait().for_element(Locator::Css(selector)).await;
    found.unwrap_or_else(|error| panic!("{selector}: {error}")).text().await.unwrap()
}

/// What axe-core is fetched for by `.ci/run`: the path of `axe.min.js` in `PHR_AXE`.
pub struct Axe(Option<String>);

impl Axe {
    /// Without `PHR_AXE` there is no check, and a note says so; where the browser is required, it is, too.
    pub fn load() -> Axe {
        match std::env::var_os("PHR_AXE") {
            Some(path) => Axe(Some(std::fs::read_to_string(path).expect("PHR_AXE names axe.min.js"))),
            None if std::env::var("PHR_TEST_BROWSER").as_deref() == Ok("required") => {
                panic!("PHR_AXE must name axe.min.js (npm package axe-core) where PHR_TEST_BROWSER=required")
            }
            None => {
                eprintln!("no accessibility check: PHR_AXE does not name axe.min.js (npm package axe-core)");
                Axe(None)
            }
        }
    }

    /// Looks at the page that is shown: nothing serious is found, and nothing lies beyond the right edge.
    pub async fn look(&self, browser: &Browser, name: &str) {
        browser.screenshot(name).await;
        let beyond = browser
            .page
            .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", Vec::new())
            .await
            .unwrap();
        assert!(beyond.as_i64() <= Some(0), "{name} is {beyond} pixels too wide");
        let Some(source) = &self.0 else { return };
        browser.page.execute(source, Vec::new()).await.unwrap();
        let run = "const done = arguments[arguments.length - 1];
            window.axe.run(document, {resultTypes: ['violations']}).then(
                found => done(found.violations), error => done([{id: String(error), impact: 'critical', nodes: []}]))";
        let found = browser.page.execute_async(run, Vec::new()).await.unwrap();
        let told: Vec<String> = found
            .as_array()
            .expect("a list")
            .iter()
            .map(|problem| {
                let nodes: Vec<&str> =
                    problem["nodes"].as_array().unwrap().iter().filter_map(|node| node["html"].as_str()).collect();
                format!("{} {}: {} {nodes:?}", problem["impact"], problem["id"], problem["help"])
            })
            .collect();
        assert!(told.is_empty(), "{name}:\n{}", told.join("\n"));
        assert_ne!(found, Value::Null);
    }
}
