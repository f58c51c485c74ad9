//! `endsession`: an application signs the citizen out and has the browser back, where it registered that.

use crate::server::{Browser, CALLBACK, SCOPE, Server, location, reason};
use serde_json::{Value, json};

const BYE: &str = "https://app.example/bye?from=phr";

/// A client with that address, an `id_token` of it, and its id.
fn registered(server: &Server) -> (String, String) {
    let scope = format!("openid {SCOPE}");
    let body = json!({"redirect_uris": [CALLBACK], "scope": scope, "post_logout_redirect_uris": [BYE]});
    let id = server.register(&body.to_string())["client_id"].as_str().unwrap().to_owned();
    let tokens = server.tenant.token_for("aino", &id, None, "http://as/").unwrap();
    (id, tokens.id_token.unwrap())
}

fn end_session(server: &Server, parameters: &[(&str, &str)]) -> String {
    format!("{}endsession?{}", server.base, crate::server::form(parameters))
}

#[test]
fn whoever_is_signed_in_is_asked_and_sent_back() {
    let server = Server::start();
    let (id, hint) = registered(&server);
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.authorize(&[]));
    browser.identify(&page, &[("citizen", "aino")]);
    // The id_token may be old.
    server.wait(86_400 / 48);
    for who in [("id_token_hint", hint.as_str()), ("client_id", id.as_str())] {
        let page = browser.open(&server.authorize(&[]));
        if page.html.contains("name=\"citizen\"") {
            browser.identify(&page, &[("citizen", "aino")]);
        }
        let url = end_session(&server, &[("post_logout_redirect_uri", BYE), who, ("state", "a b&c")]);
        let page = browser.open(&url);
        assert_eq!((page.status, page.location.as_deref()), (200, None), "a link alone signs nobody out");
        let (action, fields) = page.form_with("csrf");
        let left = browser.post(&action, &fields);
        assert_eq!(left.location.as_deref(), Some("https://app.example/bye?from=phr&state=a%20b%26c"));
        let page = browser.open(&server.authorize(&[]));
        assert!(page.html.contains("name=\"citizen\""), "signed out");
    }
    // Nobody is signed in: there is nothing to ask.
    let response = server.get(&end_session(&server, &[("post_logout_redirect_uri", BYE), ("client_id", &id)]));
    assert_eq!((response.status().as_u16(), location(&response).as_str()), (302, BYE));
}

#[test]
fn the_browser_stays_where_the_address_is_not_registered_and_is_told_why() {
    let server = Server::start();
    let (id, hint) = registered(&server);
    let forged = format!("{hint}x");
    for (parameters, why) in [
        (&[][..], "send id_token_hint"),
        (&[("client_id", "nobody")], "no such client"),
        (&[("client_id", "diary")], "must equal one of the client's registered post_logout_redirect_uris"),
        (&[("id_token_hint", &forged)], "no id_token of this server"),
        (&[("id_token_hint", "eyJhbGciOiJub25lIn0.eyJhdWQiOiJkaWFyeSJ9.")], "no id_token of this server"),
        (&[("id_token_hint", &hint), ("client_id", "diary")], "client_id is not the client"),
    ] {
        let all = [&[("post_logout_redirect_uri", BYE)], parameters].concat();
        let response = server.get(&end_session(&server, &all));
        assert_eq!((response.status().as_u16(), location(&response)), (200, String::new()), "{parameters:?}");
        let reason = reason(&response).unwrap();
        assert!(reason.starts_with("AUTH-POST-LOGOUT; ") && reason.contains(why), "{parameters:?}: {reason}");
        assert!(response.text().unwrap().contains("does not go back to the application"), "and so says the page");
    }
    let more = [("post_logout_redirect_uri", "https://evil.example/"), ("client_id", id.as_str())];
    assert_eq!(location(&server.get(&end_session(&server, &more))), "");
    let response = server.get(&end_session(&server, &[]));
    assert_eq!((response.status().as_u16(), reason(&response)), (200, None));
    let document: Value = server.get(&format!("{}.well-known/openid-configuration", server.base)).json().unwrap();
    assert_eq!(document["end_session_endpoint"], format!("{}endsession", server.base));
}
