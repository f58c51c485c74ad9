//! From the application's redirect over identification, terms and consent back to the application.

use crate::server::{Browser, CALLBACK, SCOPE, Server, parameter};

#[test]
fn a_first_visit_asks_everything_and_a_second_only_for_consent() {
    let server = Server::start();
    let mut browser = Browser::new(&server);

    let identification = browser.open(&server.authorize(&[]));
    assert_eq!(identification.status, 200);
    assert!(identification.html.contains("Weight &#60;diary&#62;"), "{}", identification.html);
    let terms = browser.identify(&identification, &[("citizen", "aino")]);
    assert!(terms.form_with("decision").0.contains("/authorize/terms?"));
    assert!(server.tenant.authorization.terms_acceptances("aino").is_empty());
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    assert!(consent.form_with("decision").0.contains("/authorize/consent?"));
    assert!(server.tenant.authorization.access_rights("aino").is_empty());
    let back = browser.submit(&consent, &[("decision", "accept")]);
    assert_eq!(back.status, 302);
    let location = back.location.unwrap();
    assert!(location.starts_with(&format!("{CALLBACK}?code=")) && location.ends_with("&state=xyz"), "{location}");
    let code = parameter(&location, "code").unwrap();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");

    let tokens: serde_json::Value = server.redeem("diary", &code).json().unwrap();
    let pseudonym = server.tenant.citizens.get("aino").unwrap().pseudonym.unwrap();
    assert_eq!((tokens["sub"].as_str(), tokens["scope"].as_str()), (Some(pseudonym.to_string().as_str()), Some(SCOPE)));
    assert_eq!(server.tenant.authorization.access_rights("aino")[0].scopes.to_string(), SCOPE);

    // Another application in the same browser: signed in, terms accepted, only consent is left.
    let consent = browser.open(&server.authorize(&[("client_id", "other"), ("scope", "patient/Observation.read")]));
    let back = browser.submit(&consent, &[("decision", "accept")]);
    let code = parameter(&back.location.unwrap(), "code").unwrap();
    let other: serde_json::Value = server.redeem("other", &code).json().unwrap();
    assert_eq!(other["sub"], tokens["sub"], "one pseudonym for all applications");
    assert_eq!(other.get("refresh_token"), None);
}

#[test]
fn a_typed_code_identifies_and_a_bad_one_is_explained() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.authorize(&[]));
    let typed = |code: &'static str| [("personal_identity_code", code), ("decision", "identify")];
    let again = browser.submit(&page, &typed("\"><script>alert(1)</script>"));
    assert_eq!(again.status, 400);
    assert!(!again.html.contains("<script>"), "hostile input is escaped");
    let again = browser.submit(&again, &typed("010180-123N"));
    assert_eq!(again.status, 400);
    assert!(!again.html.contains("010180-123N"), "what may be a real person's code is not repeated");
    assert!(again.reason.unwrap().starts_with("AUTH-IDENTITY-CODE; this sandbox never accepts"));
    let eino = server.code_of("eino").to_lowercase();
    let page = browser.open(&server.authorize(&[]));
    let terms = browser.identify(&page, &[("personal_identity_code", &eino), ("decision", "identify")]);
    assert!(terms.form_with("decision").0.contains("/authorize/terms?"));
}

#[test]
fn each_page_lets_the_citizen_say_no() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let denied = "https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=xyz";
    let identification = browser.open(&server.authorize(&[]));
    let cancelled = browser.submit(&identification, &[("decision", "cancel")]);
    assert_eq!((cancelled.status, cancelled.location.as_deref()), (302, Some(denied)));
    assert!(cancelled.reason.unwrap().starts_with("AUTH-CANCELLED;"));
    let terms = browser.identify(&identification, &[("citizen", "aino")]);
    let refused = browser.submit(&terms, &[("decision", "refuse")]);
    assert_eq!(refused.location.as_deref(), Some(denied));
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    let refused = browser.submit(&consent, &[("decision", "refuse")]);
    assert_eq!(refused.location.as_deref(), Some(denied));
    assert!(refused.reason.unwrap().starts_with("AUTH-DENIED;"));
    assert!(server.tenant.authorization.access_rights("aino").is_empty());
    assert_eq!(server.tenant.citizens.get("aino").unwrap().pseudonym, None, "no approval, no pseudonym");
}

#[test]
fn back_and_double_submits_are_harmless() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    let before = browser.cookies.clone();
    let terms = browser.identify(&identification, &[("citizen", "aino")]);
    // The second click of a double click goes out with the cookie of the first.
    browser.cookies = before;
    let terms_again = browser.identify(&identification, &[("citizen", "aino")]);
    assert!(terms_again.form_with("decision").0.contains("/authorize/terms?"));
    // Back to the first page of the terms, whose session another sign-in has replaced.
    let stale = browser.submit(&terms, &[("decision", "accept")]);
    assert_eq!(stale.status, 200);
    assert!(stale.form_with("decision").0.contains("/authorize/terms?"), "the page that fits now");
    let consent = browser.submit(&stale, &[("decision", "accept")]);
    let consent_again = browser.submit(&stale, &[("decision", "accept")]);
    assert_eq!(consent.form_with("decision").0, consent_again.form_with("decision").0);
    let code = |shown: crate::server::Shown| parameter(&shown.location.unwrap(), "code").unwrap();
    let first = code(browser.submit(&consent, &[("decision", "accept")]));
    let second = code(browser.submit(&consent, &[("decision", "accept")]));
    assert_eq!(server.redeem("diary", &first).status(), 400);
    assert_eq!(server.redeem("diary", &second).status(), 200);
    // Reloading the address of a form shows the page again.
    let reloaded = browser.open(&consent.url.replace("authorize?", "authorize/consent?"));
    assert!(reloaded.form_with("decision").0.contains("/authorize/consent?"));
}

#[test]
fn the_citizen_may_be_switched() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let terms = browser.open(&server.authorize(&[("user_id", &server.code_of("aino"))]));
    assert!(terms.form_with("decision").0.contains("/authorize/terms?"), "user_id skips the identification");
    let identification = browser.submit(&terms, &[("decision", "switch")]);
    let terms = browser.identify(&identification, &[("citizen", "eino")]);
    browser.submit(&terms, &[("decision", "accept")]);
    assert!(server.tenant.authorization.has_accepted_terms("eino", "1"));
    assert!(!server.tenant.authorization.has_accepted_terms("aino", "1"));
}

#[test]
fn an_application_may_want_the_citizen_to_identify_again() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    browser.open(&server.authorize(&[("user_id", &server.code_of("aino"))]));
    let identification = browser.open(&server.authorize(&[("prompt", "login")]));
    let terms = browser.identify(&identification, &[("citizen", "eino")]);
    browser.submit(&terms, &[("decision", "accept")]);
    assert!(server.tenant.authorization.has_accepted_terms("eino", "1"));
}

#[test]
fn the_language_is_kept_from_page_to_page() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.authorize(&[("ui_locales", "sv")]));
    assert!(page.html.contains("lang=\"sv\""));
    let terms = browser.identify(&page, &[("citizen", "aino")]);
    assert!(terms.html.contains("<html lang=\"sv\""));
    let english = browser.open(&server.authorize(&[("ui_locales", "sv"), ("sandbox_lang", "en")]));
    assert!(english.html.contains("<html lang=\"en\""));
    assert_eq!(browser.cookies.get("sandbox_lang").map(String::as_str), Some("en"));
}

#[test]
fn terms_are_asked_again_in_a_new_version_and_never_when_switched_off() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let url = server.authorize(&[("user_id", &server.code_of("aino"))]);
    let terms = browser.open(&url);
    server.set("terms.version", "2");
    let shown_again = browser.submit(&terms, &[("decision", "accept")]);
    assert!(shown_again.form_with("decision").0.contains("/authorize/terms?"), "not accepted unread");
    let consent = browser.submit(&shown_again, &[("decision", "accept")]);
    assert!(consent.form_with("decision").0.contains("/authorize/consent?"));
    server.set("terms.version", "3");
    assert!(browser.open(&url).form_with("decision").0.contains("/authorize/terms?"));
    let overtaken = browser.submit(&consent, &[("decision", "accept")]);
    assert!(overtaken.form_with("decision").0.contains("/authorize/terms?"));
    server.set("terms.enabled", false);
    assert!(browser.open(&url).form_with("decision").0.contains("/authorize/consent?"));
}

#[test]
fn consent_may_be_remembered() {
    let server = Server::start();
    server.set("consent.remember", "until_revoked");
    let mut browser = Browser::new(&server);
    let open = |browser: &mut Browser<'_>, more: &[(&str, &str)]| browser.open(&server.authorize(more));
    let code = server.code_of("aino");
    let terms = open(&mut browser, &[("user_id", &code)]);
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    assert!(browser.submit(&consent, &[("decision", "accept")]).location.is_some());
    assert!(open(&mut browser, &[]).location.unwrap().contains("code="));
    assert!(
        open(&mut browser, &[("scope", "patient/Observation.read"), ("prompt", "none")])
            .location
            .unwrap()
            .contains("code=")
    );
    assert_eq!(server.tenant.authorization.access_rights("aino")[0].scopes.to_string(), SCOPE, "the right stays whole");
    assert_eq!(open(&mut browser, &[("prompt", "consent")]).status, 200);
    assert_eq!(open(&mut browser, &[("scope", "openid")]).status, 200, "more than before");
    server.tenant.withdraw("aino", "diary").unwrap();
    assert_eq!(open(&mut browser, &[]).status, 200);
    server.set("consent.remember", "never");
    let required = open(&mut browser, &[("prompt", "none")]).location.unwrap();
    assert_eq!(parameter(&required, "error").as_deref(), Some("interaction_required"));
}

#[test]
fn a_test_can_decide_without_pages() {
    let server = Server::start();
    let aino = server.code_of("aino");
    let decide = |decision: &str| {
        let response = server.get(&server.authorize(&[("user_id", &aino), ("sandbox_decision", decision)]));
        (response.status().as_u16(), crate::server::location(&response))
    };
    let (status, location) = decide("deny");
    assert_eq!((status, parameter(&location, "error").as_deref()), (302, Some("access_denied")));
    let (_, location) = decide("cancel");
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(decide("perhaps").0, 400);
    let (status, location) = decide("approve");
    assert_eq!((status, parameter(&location, "state").as_deref()), (302, Some("xyz")));
    assert_eq!(server.redeem("diary", &parameter(&location, "code").unwrap()).status(), 200);
    assert!(server.tenant.authorization.has_accepted_terms("aino", "1"));
    // Without user_id somebody must identify first; the decision is then carried out.
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[("sandbox_decision", "approve")]));
    let back = browser.identify(&identification, &[("citizen", "eino")]);
    assert!(back.location.unwrap().starts_with(&format!("{CALLBACK}?code=")));
}

#[test]
fn the_citizen_agrees_to_what_the_identification_passes_on() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    let attributes = browser.submit(&identification, &[("citizen", "aino")]);
    assert_eq!(attributes.status, 200);
    assert!(attributes.html.contains(&server.code_of("aino")), "{}", attributes.html);
    let reloaded = browser.open(&server.authorize(&[("sandbox_lang", "sv")]));
    assert!(reloaded.html.contains("value=\"continue\"") && reloaded.html.contains("<html lang=\"sv\""));

    // Another tab identifies as somebody else: the first tab's button signs nobody in.
    let other = browser.submit(&attributes, &[("decision", "switch")]);
    let other = browser.submit(&other, &[("citizen", "eino")]);
    let stale = browser.submit(&attributes, &[("decision", "continue")]);
    assert!(stale.html.contains(&server.code_of("eino")), "{}", stale.html);

    let cancelled = browser.submit(&other, &[("decision", "cancel")]);
    let denied = "https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=xyz";
    assert_eq!(cancelled.location.as_deref(), Some(denied));
    assert!(cancelled.reason.unwrap().starts_with("AUTH-CANCELLED;"));
    assert!(
        browser.open(&server.authorize(&[])).html.contains("personal_identity_code"),
        "nobody is identified any more"
    );
}

#[test]
fn a_new_version_of_the_terms_is_asked_and_named() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let terms = browser.open(&server.authorize(&[("user_id", &server.code_of("aino")), ("ui_locales", "en")]));
    assert!(!terms.html.contains("have changed"));
    browser.submit(&terms, &[("decision", "accept")]);
    server.set("terms.version", "2027-01");
    let terms = browser.open(&server.authorize(&[("ui_locales", "en")]));
    assert!(terms.html.contains("changed since you accepted version 1"), "{}", terms.html);
    let refused = browser.submit(&terms, &[("decision", "refuse")]);
    assert_eq!(parameter(&refused.location.unwrap(), "error").as_deref(), Some("access_denied"));
    let terms = browser.open(&server.authorize(&[]));
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    assert!(consent.form_with("decision").0.contains("/authorize/consent?"));
}
