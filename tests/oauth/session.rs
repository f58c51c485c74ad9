//! The browser session: age limit, forged forms, cookies.

use crate::server::{Browser, Server, location, parameter};

#[test]
fn an_underage_citizen_is_sent_back_and_the_session_stays_with_them() {
    let server = Server::start();
    let refused = "https://app.example/cb?error=access_denied&error_description=5030&state=xyz";
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    let shown = browser.identify(&identification, &[("citizen", "nuori")]);
    assert_eq!((shown.status, shown.location.as_deref()), (302, Some(refused)));
    assert!(shown.reason.unwrap().starts_with("AUTH-AGE; the citizen is 15;"));
    assert_eq!(browser.open(&server.authorize(&[])).location.as_deref(), Some(refused), "again without being asked");
    let adult = server.authorize(&[("user_id", &server.code_of("aino"))]);
    assert_eq!(browser.open(&adult).location.as_deref(), Some(refused));
    assert_eq!(Browser::new(&server).open(&adult).status, 200, "another browser is not concerned");

    server.set("age.sticky", false);
    assert_eq!(browser.open(&adult).status, 200);
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    assert_eq!(browser.identify(&identification, &[("citizen", "nuori")]).location.as_deref(), Some(refused));
    assert!(browser.open(&server.authorize(&[])).html.contains("name=\"citizen\""), "asked anew");

    server.set("age.minimum", 15);
    let url = server.authorize(&[("user_id", &server.code_of("nuori")), ("sandbox_decision", "approve")]);
    assert!(parameter(&location(&server.get(&url)), "code").is_some());
}

#[test]
fn a_forged_form_does_nothing() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let terms = browser.open(&server.authorize(&[("user_id", &server.code_of("aino"))]));
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    let (action, hidden) = consent.form_with("decision");
    let decision = ("decision".to_owned(), "accept".to_owned());

    let without_token = browser.post(&action, std::slice::from_ref(&decision));
    assert_eq!(without_token.status, 403);
    assert!(without_token.reason.unwrap().starts_with("AUTH-CSRF;"));

    let mut other = Browser::new(&server);
    let foreign = other.open(&server.authorize(&[("user_id", &server.code_of("eino"))]));
    let mut fields = foreign.form_with("decision").1;
    fields.push(decision.clone());
    let other_session = browser.post(&action, &fields);
    assert_eq!((other_session.status, other_session.location), (200, None), "shown the page again");

    let mut fields = hidden;
    fields.push(decision);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let url = format!("{}{action}", server.base.split("/phr-").next().unwrap());
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let request = server.http.post(&url).header("cookie", &cookie).header(name, value);
        assert_eq!(request.body(body.clone()).send().unwrap().status(), 403, "{name}: {value}");
    }
    assert!(server.tenant.authorization.access_rights("aino").is_empty());
    assert!(server.http.post(&url).header("cookie", &cookie).body(body).send().unwrap().status().is_redirection());
}

#[test]
fn the_cookie_is_for_this_server_only_and_changes_at_sign_in() {
    let server = Server::start();
    let response = server.get(&server.authorize(&[]));
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (value, attributes) = cookie.split_once(';').unwrap();
    assert!(value.starts_with("phr_sandbox_session=") && value.len() > 60, "{value}");
    assert_eq!(attributes, " Path=/phr-authserver-sandbox/; HttpOnly; SameSite=Lax");

    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    let before = browser.cookies["phr_sandbox_session"].clone();
    browser.identify(&identification, &[("citizen", "aino")]);
    assert_ne!(browser.cookies["phr_sandbox_session"], before);
    let mut planted = Browser::new(&server);
    planted.cookies.insert("phr_sandbox_session".into(), before);
    assert!(
        planted.open(&server.authorize(&[])).html.contains("name=\"citizen\""),
        "the old cookie is signed in nowhere"
    );
    server.wait(12 * 3600);
    assert!(browser.open(&server.authorize(&[])).html.contains("name=\"citizen\""));
}

#[test]
fn pages_cannot_be_framed_stored_or_sniffed() {
    let server = Server::start();
    let response = server.get(&server.authorize(&[]));
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(
        !header("content-security-policy").contains("form-action"),
        "the answer to the form leads to the application"
    );
}

#[test]
fn a_refused_session_stays_with_the_citizen_whatever_is_asked() {
    let server = Server::start();
    let (adult, child) = (server.code_of("aino"), server.code_of("nuori"));
    let refused = Some("https://app.example/cb?error=access_denied&error_description=5030&state=xyz");
    let mut browser = Browser::new(&server);
    let headless_child = server.authorize(&[("user_id", &child), ("sandbox_decision", "approve")]);
    assert_eq!(browser.open(&headless_child).location.as_deref(), refused);
    let headless_adult = server.authorize(&[("user_id", &adult), ("sandbox_decision", "approve")]);
    for url in [
        headless_adult.clone(),
        server.authorize(&[("user_id", &adult)]),
        server.authorize(&[("prompt", "login")]),
        server.authorize(&[("prompt", "none")]),
        server.authorize(&[]),
    ] {
        assert_eq!(browser.open(&url).location.as_deref(), refused, "{url}");
    }
    let headless = location(&server.get(&headless_adult));
    assert!(parameter(&headless, "code").is_some(), "without a cookie nothing stays");
    server.set("age.sticky", false);
    assert!(parameter(&browser.open(&headless_adult).location.unwrap(), "code").is_some());
    let mut fresh = Browser::new(&server);
    assert_eq!(fresh.open(&headless_child).location.as_deref(), refused);
    assert!(parameter(&fresh.open(&headless_adult).location.unwrap(), "code").is_some());
    server.set("age.sticky", true);
    server.set("age.minimum", 18);
    assert_eq!(browser.open(&headless_adult).location.as_deref(), refused);
    server.wait(12 * 3600);
    assert!(parameter(&browser.open(&headless_adult).location.unwrap(), "code").is_some(), "the session has ended");
}

#[test]
fn a_browser_without_cookies_is_told_so() {
    let server = Server::start();
    let url = server.authorize(&[("user_id", &server.code_of("aino"))]);
    let first = location(&server.get(&url));
    assert!(first.ends_with("&sandbox_cookie=1"), "{first}");
    let authority = server.base.split("/phr-").next().unwrap();
    let response = server.get(&format!("{authority}{first}&sandbox_lang=en"));
    assert_eq!(response.status(), 400);
    assert!(crate::server::reason(&response).unwrap().starts_with("AUTH-COOKIES;"));
    let html = response.text().unwrap();
    assert!(html.contains("Cookies are needed"), "{html}");
    let retry = html.split("class=\"button primary\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!retry.contains("sandbox_cookie"), "{retry}");

    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    browser.cookies.clear();
    let shown = browser.submit(&identification, &[("citizen", "aino")]);
    assert_eq!(shown.status, 400);
    assert!(shown.reason.unwrap().starts_with("AUTH-COOKIES;"));
}
