//! Whom the authorization endpoint takes for the citizen: how long, for which application's user, and by which shortcuts.

use crate::server::{Browser, Server, location, parameter, reason};

fn identifies(html: &str) -> bool {
    html.contains("name=\"personal_identity_code\"")
}

/// A browser in which Aino is signed in and asked for consent.
fn signed_in(server: &Server) -> Browser<'_> {
    server.tenant.accept_terms(&server.tenant.citizens.get("aino").unwrap()).unwrap();
    let mut browser = Browser::new(server);
    let aino = server.code_of("aino");
    let shown = browser.open(&server.authorize(&[("user_id", &aino)]));
    assert!(shown.html.contains("value=\"accept\""), "{}", shown.html);
    browser
}

#[test]
fn an_old_identification_does_for_no_max_age() {
    let server = Server::start();
    let mut browser = signed_in(&server);
    server.wait(60);
    assert!(!identifies(&browser.open(&server.authorize(&[("max_age", "60")])).html));
    server.wait(1);
    let silent = browser.open(&server.authorize(&[("max_age", "60"), ("prompt", "none")]));
    assert_eq!(parameter(&silent.location.unwrap(), "error").as_deref(), Some("login_required"));
    assert!(!identifies(&browser.open(&server.authorize(&[])).html), "without max_age the session does");
    let asked = browser.open(&server.authorize(&[("max_age", "60")]));
    assert!(identifies(&asked.html), "{}", asked.html);
    let consent = browser.identify(&asked, &[("citizen", "aino")]);
    let done = browser.submit(&consent, &[("decision", "accept")]);
    assert!(parameter(&done.location.unwrap(), "code").is_some());
    for max_age in ["-1", "soon", "1.5"] {
        let refused = server.get(&server.authorize(&[("max_age", max_age)]));
        assert_eq!(parameter(&location(&refused), "error").as_deref(), Some("invalid_request"), "{max_age}");
        assert!(reason(&refused).unwrap().starts_with("AUTH-MAX-AGE;"));
    }
}

#[test]
fn a_consent_page_that_stood_too_long_leads_to_the_identification() {
    let server = Server::start();
    let mut browser = signed_in(&server);
    let consent = browser.open(&server.authorize(&[("max_age", "60")]));
    server.wait(61);
    let shown = browser.submit(&consent, &[("decision", "accept")]);
    assert!(identifies(&shown.html), "{}", shown.html);
    assert!(server.tenant.authorization.access_rights("aino").is_empty());
}

#[test]
fn without_a_sticky_age_the_session_forgets_who_is_too_young() {
    let server = Server::start();
    server.set("age.sticky", false);
    let mut browser = Browser::new(&server);
    let asked = browser.open(&server.authorize(&[]));
    let refused = browser.identify(&asked, &[("citizen", "nuori")]);
    assert_eq!(parameter(&refused.location.unwrap(), "error_description").as_deref(), Some("5030"));
    let anew = browser.open(&server.authorize(&[]));
    assert!(identifies(&anew.html), "{}", anew.html);

    let mut visitor = Browser::new(&server);
    let asked = visitor.open(&server.own("sign-in"));
    let refused = visitor.identify(&asked, &[("citizen", "nuori")]);
    assert_eq!(refused.status, 403);
    let anew = visitor.open(&server.own(""));
    assert!(identifies(&anew.html), "{}", anew.html);

    // Somebody who was let in before, and is too young by a new limit.
    let mut member = Browser::new(&server);
    let asked = member.open(&server.own("sign-in"));
    assert_eq!(member.identify(&asked, &[("citizen", "aino")]).status, 200);
    server.set("age.minimum", 90);
    assert_eq!(member.open(&server.own("")).status, 403);
    assert!(identifies(&member.open(&server.own("")).html));
}

#[test]
fn the_user_of_the_application_is_the_citizen_or_nobody() {
    let server = Server::start();
    let mut browser = signed_in(&server);
    let (aino, eino) = (server.code_of("aino"), server.code_of("eino"));
    let refused = browser.open(&server.authorize(&[("user", &eino)]));
    assert!(refused.reason.unwrap().starts_with("AUTH-USER;"));
    assert_eq!(parameter(&refused.location.unwrap(), "error").as_deref(), Some("access_denied"));
    assert!(browser.open(&server.authorize(&[("user", &aino)])).html.contains("value=\"accept\""));
    let login = browser.open(&server.authorize(&[("user", &eino), ("prompt", "login")]));
    assert!(identifies(&login.html), "the application may ask for another");
    let refused = browser.identify(&login, &[("citizen", "aino")]);
    assert_eq!(parameter(&refused.location.unwrap(), "error").as_deref(), Some("access_denied"));
}

#[test]
fn shortcuts_are_the_sandboxs_own() {
    let server = Server::start();
    let aino = server.code_of("aino");
    let url = server.authorize(&[("user_id", &aino), ("sandbox_decision", "approve")]);
    for environment in ["client-test", "production"] {
        server.set("environment", environment);
        let asked = server.get(&url);
        let why = reason(&asked).unwrap();
        assert_eq!(asked.status(), 200, "{environment}");
        assert!(why.starts_with("AUTH-PARAMETER-IGNORED; user_id, sandbox_decision: ignored outside"), "{why}");
        assert!(identifies(&asked.text().unwrap()), "{environment}");
    }
    server.set("environment", "sandbox");
    assert!(parameter(&location(&server.get(&url)), "code").is_some());
}

#[test]
fn what_is_ignored_is_named() {
    let server = Server::start();
    for (name, value) in [("request", "x"), ("claims", "{}"), ("response_mode", "fragment")] {
        let asked = server.get(&server.authorize(&[(name, value)]));
        assert_eq!(asked.status(), 200, "{name}");
        let why = reason(&asked).unwrap();
        assert!(why.starts_with(&format!("AUTH-PARAMETER-IGNORED; {name}: not supported, ignored")), "{why}");
    }
    assert_eq!(reason(&server.get(&server.authorize(&[("response_mode", "query")]))), None);
}

#[test]
fn the_application_s_language_holds_for_the_citizen_s_pages() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    browser.open(&server.authorize(&[("ui_locales", "sv")]));
    assert!(browser.open(&server.own("")).html.contains("lang=\"sv\""));
    // What the person has chosen themselves is not overruled for good.
    browser.open(&format!("{}?sandbox_lang=en", server.own("sign-in")));
    assert!(browser.open(&server.authorize(&[("ui_locales", "sv")])).html.contains("lang=\"sv\""));
    assert!(browser.open(&server.own("")).html.contains("lang=\"en\""));
}

#[test]
fn a_date_of_birth_is_written_as_people_write_it() {
    let server = Server::start();
    for (language, date) in [("en", "1 May 1980"), ("fi", "1.5.1980"), ("sv", "1.5.1980")] {
        let mut browser = Browser::new(&server);
        let asked = browser.open(&server.authorize(&[("ui_locales", language)]));
        let attributes = browser.submit(&asked, &[("citizen", "aino")]);
        assert!(attributes.html.contains(date), "{language}: {}", attributes.html);
    }
}
