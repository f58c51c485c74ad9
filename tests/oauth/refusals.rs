//! Authorization requests that are refused: by a page while the redirect is not trusted, by a redirect afterwards.

use crate::server::{Server, error, location, parameter, reason};
use insta::assert_snapshot;

/// Status, location, reason, and the wire's words on the page.
fn refused(server: &Server, changes: &[(&str, &str)]) -> String {
    let response = server.get(&server.authorize(changes));
    let text =
        format!("{} {}\n{}", response.status().as_u16(), location(&response), reason(&response).unwrap_or_default());
    let html = response.text().unwrap();
    assert!(!html.contains("<script"), "hostile input is escaped");
    text.trim().to_owned()
}

#[test]
fn nothing_is_redirected_before_client_and_redirect_uri_are_right() {
    let server = Server::start();
    assert_snapshot!(refused(&server, &[("client_id", "")]), @"");
    assert_snapshot!(refused(&server, &[("client_id", "\"><script>alert(1)</script>")]), @"");
    assert_snapshot!(refused(&server, &[("redirect_uri", "https://evil.example/<script>")]), @"");
    assert_snapshot!(refused(&server, &[("redirect_uri", ""), ("client_id", "other")]), @"");
    assert_snapshot!(refused(&server, &[("response_type", "token"), ("redirect_uri", "https://evil.example/")]), @"");
}

#[test]
fn the_page_says_what_the_wire_would() {
    let server = Server::start();
    let html = server.get(&server.authorize(&[("redirect_uri", "https://evil.example/")])).text().unwrap();
    assert!(html.contains("Invalid redirect: https://evil.example/ does not match one of the registered values: [https://app.example/cb]"), "{html}");
    let html = server.get(&server.authorize(&[("client_id", "nobody")])).text().unwrap();
    assert!(html.contains("invalid_client") && html.contains("Bad client credentials"), "{html}");
}

#[test]
fn empty_and_repeated_parameters_are_refused_without_a_redirect() {
    let server = Server::start();
    let get = |more: &str| {
        let response = server.get(&format!("{}&{more}", server.authorize(&[])));
        format!("{} {}{}", response.status().as_u16(), location(&response), reason(&response).unwrap_or_default())
    };
    assert_snapshot!(get("nonce="), @"");
    assert_snapshot!(get("nonce"), @"");
    assert_snapshot!(get("state=other"), @"");
    server.set("parameters.empty", "ignore");
    assert_eq!(get("nonce="), "200 ");
}

#[test]
fn the_application_is_told_of_everything_else() {
    let server = Server::start();
    assert_snapshot!(refused(&server, &[("response_type", "token")]), @"");
    assert_snapshot!(refused(&server, &[("response_type", "")]), @"");
    assert_snapshot!(refused(&server, &[("scope", "patient/CarePlan.read nonsense")]), @"");
    assert_snapshot!(refused(&server, &[("scope", "patient/Patient.read"), ("state", "a b&c=\r\n\u{e4}")]), @"");
    assert_snapshot!(refused(&server, &[("client_id", "professional")]), @"");
    assert_snapshot!(refused(&server, &[("code_challenge", "c"), ("code_challenge_method", "S512")]), @"");
    assert_snapshot!(refused(&server, &[("prompt", "none"), ("state", "")]), @"");
    server.set("state.required", true);
    assert_snapshot!(refused(&server, &[("state", "")]), @"");
    server.set("pkce", "required");
    assert_snapshot!(refused(&server, &[]), @"");
}

#[test]
fn a_user_id_that_may_be_a_real_persons_is_refused_and_not_repeated() {
    let server = Server::start();
    let response = server.get(&server.authorize(&[("user_id", "010180-123N")]));
    assert_eq!(response.status(), 400);
    assert!(reason(&response).unwrap().starts_with("AUTH-USER-ID; user_id: this sandbox never accepts"));
    let html = response.text().unwrap();
    let shown = html.replace("user_id=010180-123N", "");
    assert!(!shown.contains("010180-123N"), "{html}");
}

#[test]
fn unregistered_scopes_may_be_dropped() {
    let server = Server::start();
    server.set("scope.unregistered", "drop");
    let code = server.code(&[("scope", "patient/Observation.read patient/CarePlan.read nonsense")]);
    let tokens: serde_json::Value = server.redeem("diary", &code).json().unwrap();
    assert_eq!(tokens["scope"], "patient/Observation.read");
}

#[test]
fn a_state_comes_back_as_it_was() {
    let server = Server::start();
    let state = "a b&c=d+e%20\u{e4}\u{1F980}<\"'";
    let aino = server.code_of("aino");
    for decision in ["approve", "deny"] {
        let changes = [("user_id", aino.as_str()), ("sandbox_decision", decision), ("state", state)];
        let response = server.get(&server.authorize(&changes));
        assert_eq!(parameter(&location(&response), "state").as_deref(), Some(state));
    }
    let without = server.get(&server.authorize(&[("user_id", &aino), ("sandbox_decision", "deny"), ("state", "")]));
    assert_eq!(parameter(&location(&without), "state"), None);
}

#[test]
fn there_is_no_smart_configuration() {
    let server = Server::start();
    assert_snapshot!(error(server.get(&format!("{}.well-known/smart-configuration", server.base))), @"");
}
