//! The tester UI in Chromium: accessible and whole on a phone and on a desk, by keyboard alone, and what its script adds.

mod support;

use fantoccini::Locator;
use fantoccini::key::Key;
use kanta_phr_sandbox::Sandbox;
use serde_json::json;
use support::Browser;
use support::citizen::{Axe, press, text};

#[tokio::test]
async fn every_page_is_accessible_and_fits() {
    let axe = Axe::load();
    for (size, width, height) in [("phone", 390, 1700), ("desktop", 1280, 1250)] {
        let Some(browser) = Browser::open(width, height).await else { return };
        let phr = Sandbox::start().await.unwrap();
        let ui = format!("{}/phr-resourceserver-ui/", phr.http_url());
        let see = async |name: &str| axe.look(&browser, &format!("tester-{name}-{size}")).await;
        let go = async |path: &str| browser.page.goto(&format!("{ui}{path}")).await.unwrap();
        go("?sandbox_lang=en").await;
        see("01-home").await;
        press(&browser, "button[value=obtain]").await;
        browser.page.wait().for_element(Locator::Css(".holder strong")).await.unwrap();
        see("02-authorized").await;
        go("").await;
        see("03-home-token").await;
        go("open/r4/").await;
        see("04-types").await;
        let broken = "return [...document.querySelectorAll('#types th a, #types .new a')].filter(link => link.getClientRects().length > 1 || link.closest('.new') && link.offsetHeight < 44).length";
        assert_eq!(
            browser.page.execute(broken, Vec::new()).await.unwrap(),
            json!(0),
            "names stay whole, links can be tapped"
        );
        go("open/r4/metadata").await;
        see("05-metadata").await;
        go("open/stu3/Observation").await;
        see("06-form").await;
        go("open/r4/Observation").await;
        press(&browser, "form.search button.primary").await;
        browser.page.wait().for_element(Locator::Css(".found")).await.unwrap();
        see("07-found").await;
        let first = browser.page.find(Locator::Css(".list th a")).await.unwrap();
        let resource = first.attr("href").await.unwrap().unwrap();
        let resource = resource.strip_prefix("/phr-resourceserver-ui/").unwrap();
        go(resource).await;
        see("08-resource").await;
        go(&format!("{resource}/edit")).await;
        see("09-edit").await;
        let double =
            "const area = document.getElementById('body'); area.value = area.value.replaceAll('68.40', '68.70')";
        browser.page.execute(double, Vec::new()).await.unwrap();
        press(&browser, "button[value=send]").await;
        browser.page.wait().for_element(Locator::Css(".outcome")).await.unwrap();
        see("10-updated").await;
        go(&format!("{resource}/history")).await;
        see("11-history").await;
        go(&format!("{resource}/changes?from=1&to=2")).await;
        see("12-changes").await;
        go(&format!("{resource}/delete")).await;
        see("13-delete").await;
        go("open/r4/Observation/new?example=bodyweight-minimal").await;
        see("14-new").await;
        let spoil = "const area = document.getElementById('body'); area.value = area.value.replace('\"status\": \"final\"', '\"state\": \"final\"')";
        browser.page.execute(spoil, Vec::new()).await.unwrap();
        press(&browser, "button[value=validate]").await;
        browser.page.wait().for_element(Locator::Css(".issues")).await.unwrap();
        see("15-judged").await;
        press(&browser, "button[value=send]").await;
        browser.page.wait().for_element(Locator::Css(".reason")).await.unwrap();
        see("16-refused").await;
        go("open/r4/bundle").await;
        see("17-bundle").await;
        press(&browser, "button[value=send]").await;
        browser.page.wait().for_element(Locator::Css(".entries")).await.unwrap();
        see("19-batch").await;
        go("authorized/stu3/Encounter").await;
        see("18-not-found").await;
        browser.close().await;
    }
}

/// Folding, filtering, formatting, and the policy under which our script alone may run.
#[tokio::test]
async fn the_script_makes_it_pleasant() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let phr = Sandbox::start().await.unwrap();
    let ui = format!("{}/phr-resourceserver-ui/open/r4/", phr.http_url());
    let page = &browser.page;
    let run = async |script: &str| page.execute(script, Vec::new()).await.unwrap();
    page.goto(&format!("{ui}?sandbox_lang=en")).await.unwrap();
    page.find(Locator::Id("filter")).await.unwrap().send_keys("quest").await.unwrap();
    let shown = "return [...document.querySelectorAll('#types tbody tr')].filter(row => !row.hidden).length";
    assert_eq!(run(shown).await, json!(2));
    page.goto(&format!("{ui}metadata")).await.unwrap();
    let rows = "return [...document.querySelectorAll('.folds .row')].filter(row => !row.hidden).length";
    let all = run(rows).await.as_u64().unwrap();
    press(&browser, ".folds .toggle").await;
    assert_eq!(run(rows).await, json!(2), "the first line and the last");
    press(&browser, ".folds .toggle").await;
    assert_eq!(run(rows).await, json!(all));
    page.goto(&format!("{ui}Observation/new?example=bodyweight-minimal")).await.unwrap();
    run("document.getElementById('body').value = '{\"a\":[72.50,{},[]],\"b\":\"x, {y\"}'").await;
    press(&browser, ".tools button").await;
    let value = "return document.getElementById('body').value";
    assert_eq!(run(value).await, json!("{\n  \"a\": [\n    72.50,\n    {},\n    []\n  ],\n  \"b\": \"x, {y\"\n}"));
    run("document.getElementById('body').value = '{'").await;
    press(&browser, ".tools button").await;
    assert!(text(&browser, ".tools").await.contains("This is no JSON:"));
    assert_eq!(run(value).await, json!("{"));
    // From a finding to its line, in letters of one width.
    page.goto(&format!("{ui}Observation/new?example=bodyweight-minimal")).await.unwrap();
    run("const area = document.getElementById('body'); area.value = area.value.replace('\"valueQuantity\"', '\"valueQuantitie\"')")
        .await;
    press(&browser, "button[value=validate]").await;
    browser.page.wait().for_element(Locator::Css(".issues")).await.unwrap();
    let to_line = "const at = document.getElementById('body').value.split('\\n').findIndex(line => line.includes('Quantitie')) + 1; document.querySelector(`[data-line='${at}']`).click()";
    run(to_line).await;
    let selected =
        "const area = document.activeElement; return area.value.slice(area.selectionStart, area.selectionEnd)";
    assert_eq!(run(selected).await, json!("  \"valueQuantitie\": {"));
    let is_seen = "const box = document.getElementById('body').getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0";
    assert_eq!(run(is_seen).await, json!(true));
    let font = run("return getComputedStyle(document.getElementById('body')).fontFamily").await;
    assert!(font.as_str().is_some_and(|font| font.contains("monospace")), "{font}");
    // A script in the page itself does not run.
    run("const inline = document.createElement('script'); inline.textContent = 'window.ran = true'; document.body.append(inline)")
        .await;
    assert_eq!(run("return window.ran === undefined").await, json!(true));
    browser.close().await;
}

/// From the landing page to a search and a deletion with Tab and Enter alone.
#[tokio::test]
async fn a_resource_is_found_and_deleted_by_keyboard() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let phr = Sandbox::start().await.unwrap();
    let page = &browser.page;
    let go_to = async |is_there: &str| {
        for _ in 0..120 {
            let active = page.active_element().await.unwrap();
            active.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
            let script = format!("const at = document.activeElement; return {is_there}");
            if page.execute(&script, Vec::new()).await.unwrap() == json!(true) {
                let outline = "return getComputedStyle(document.activeElement).outlineStyle";
                let outline = page.execute(outline, Vec::new()).await.unwrap();
                assert_ne!(outline, json!("none"), "the focus on {is_there} cannot be seen");
                let enter = char::from(Key::Enter).to_string();
                page.active_element().await.unwrap().send_keys(&enter).await.unwrap();
                return;
            }
        }
        panic!("the keyboard does not reach {is_there}");
    };
    let wait = async |selector: &str| page.wait().for_element(Locator::Css(selector)).await.unwrap();
    page.goto(&format!("{}/?sandbox_lang=en", phr.http_url())).await.unwrap();
    go_to("at.textContent.endsWith('/phr-resourceserver-ui/')").await;
    wait(".servers").await;
    go_to("at.textContent.startsWith('R4')").await;
    wait("#types").await;
    go_to("at.textContent == 'Observation'").await;
    wait("form.search").await;
    go_to("at.name == 'send'").await;
    wait(".list").await;
    go_to("at.closest('.list') !== null").await;
    wait(".gist").await;
    go_to("at.textContent == 'Delete'").await;
    wait("form.delete").await;
    go_to("at.textContent == 'Delete' && at.tagName == 'BUTTON'").await;
    wait(".outcome.good").await;
    assert_eq!(text(&browser, "h1").await, "Deleted");
    browser.close().await;
}
