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
    assert_snapshot!(refused(&server, &[("client_id", "")]), @r#"
        401 
        AUTH-CLIENT-MISSING; add client_id
    "#);
    assert_snapshot!(refused(&server, &[("client_id", "\"><script>alert(1)</script>")]), @r#"
        401 
        AUTH-CLIENT-UNKNOWN; no client "\"><script>alert(1)</script>" is registered in this tenant; GET /_sandbox/clients lists them
    "#);
    assert_snapshot!(refused(&server, &[("redirect_uri", "https://evil.example/<script>")]), @r#"
        400 
        AUTH-REDIRECT-URI; "https://evil.example/<script>" must equal a registered URI character by character: https://app.example/cb
    "#);
    assert_snapshot!(refused(&server, &[("redirect_uri", ""), ("client_id", "other")]), @r#"
        400 
        AUTH-REDIRECT-URI; redirect_uri may be left out only when one is registered; there are: https://app.example/cb app.diary:/cb
    "#);
    assert_snapshot!(refused(&server, &[("response_type", "token"), ("redirect_uri", "https://evil.example/")]), @r#"
        400 
        AUTH-REDIRECT-URI; "https://evil.example/" must equal a registered URI character by character: https://app.example/cb
    "#);
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
    assert_snapshot!(get("nonce="), @"400 AUTH-PARAMETER-EMPTY; leave nonce out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)");
    assert_snapshot!(get("nonce"), @"400 AUTH-PARAMETER-EMPTY; leave nonce out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)");
    assert_snapshot!(get("state=other"), @"400 AUTH-PARAMETER-REPEATED; send state once (RFC 6749, 3.1 and 3.2)");
    server.set("parameters.empty", "ignore");
    assert_eq!(get("nonce="), "200 ");
}

#[test]
fn the_application_is_told_of_everything_else() {
    let server = Server::start();
    assert_snapshot!(refused(&server, &[("response_type", "token")]), @r#"
        302 https://app.example/cb?error=unsupported_response_type&error_description=Unsupported%20response%20types%3A%20%5Btoken%5D&state=xyz
        AUTH-RESPONSE-TYPE; send response_type=code: there is no other flow
    "#);
    assert_snapshot!(refused(&server, &[("response_type", "")]), @r#"
        302 https://app.example/cb?error=unsupported_response_type&error_description=Unsupported%20response%20types%3A%20%5B%5D&state=xyz
        AUTH-RESPONSE-TYPE; send response_type=code: there is no other flow
    "#);
    assert_snapshot!(refused(&server, &[("scope", "patient/CarePlan.read nonsense")]), @r#"
        302 https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FCarePlan.read%2C%20nonsense%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        AUTH-SCOPE; not registered for this client: patient/CarePlan.read nonsense; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "#);
    assert_snapshot!(refused(&server, &[("scope", "patient/Patient.read"), ("state", "a b&c=\r\n\u{e4}")]), @r#"
        302 https://app.example/cb?error=invalid_scope&error_description=Empty%20scope%20%28either%20the%20client%20or%20the%20user%20is%20not%20allowed%20the%20requested%20scopes%29&state=a%20b%26c%3D%0D%0A%C3%A4&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        AUTH-SCOPE; nothing of what is asked can be granted; registered: openid profile offline_access patient/Observation.read patient/Observation.write
    "#);
    assert_snapshot!(refused(&server, &[("client_id", "professional")]), @r#"
        302 https://app.example/cb?error=unauthorized_client&error_description=Unauthorized%20grant%20type%3A%20authorization_code&state=xyz
        AUTH-CLIENT-KIND; a professional client has no browser flow; register a wellbeing client
    "#);
    assert_snapshot!(refused(&server, &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S512")]), @r#"
        302 https://app.example/cb?error=invalid_request&error_description=Unsupported%20code%20challenge%20method%3A%20S512&state=xyz
        AUTH-PKCE; code_challenge_method is S256 or plain; with smart.enabled only S256
    "#);
    assert_snapshot!(refused(&server, &[("prompt", "none"), ("state", "")]), @r#"
        302 https://app.example/cb?error=login_required&error_description=The%20citizen%20is%20not%20signed%20in
        AUTH-LOGIN-REQUIRED; prompt=none, and no citizen is signed in in this browser
    "#);
    server.set("state.required", true);
    assert_snapshot!(refused(&server, &[("state", "")]), @r#"
        302 https://app.example/cb?error=invalid_request&error_description=A%20state%20must%20be%20provided
        AUTH-STATE; send an unguessable state (settings state.required, smart.enabled)
    "#);
    server.set("pkce", "required");
    assert_snapshot!(refused(&server, &[]), @r#"
        302 https://app.example/cb?error=invalid_request&error_description=A%20code%20challenge%20must%20be%20provided&state=xyz
        AUTH-PKCE; send code_challenge and code_challenge_method=S256 (settings pkce, smart.enabled)
    "#);
}

#[test]
fn a_user_id_that_may_be_a_real_persons_is_refused_and_not_repeated() {
    let server = Server::start();
    let response = server.get(&server.authorize(&[("user_id", "010180-123N")]));
    assert_eq!(response.status(), 400);
    let reason = reason(&response).unwrap();
    assert!(reason.starts_with("AUTH-USER-ID; user_id: this sandbox never accepts"));
    assert!(reason.contains("900-999") && !reason.contains('?'), "{reason}");
    assert!(!response.text().unwrap().contains("010180-123N"));
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
    assert_snapshot!(error(server.get(&format!("{}.well-known/smart-configuration", server.base))), @r#"
        404 Not Found
        sandbox-reason: AUTH-NO-SMART-CONFIGURATION; Kanta PHR has no SMART configuration; its authorization server has .well-known/openid-configuration (setting smart.enabled)
    "#);
}

#[test]
fn parameters_are_sent_once_and_as_text() {
    let server = Server::start();
    for knob in ["refuse", "ignore"] {
        server.set("parameters.empty", knob);
        for twice in ["code_challenge=a&code_challenge=b", "nonce=a&nonce=a", "x=1&x=2"] {
            let response = server.get(&format!("{}&{twice}", server.authorize(&[])));
            assert_eq!((response.status().as_u16(), location(&response)), (400, String::new()), "{twice}");
            assert!(reason(&response).unwrap().starts_with("AUTH-PARAMETER-REPEATED;"));
        }
    }
    let response = server.get(&format!("{}&state=%FF", server.authorize(&[("state", "")])));
    assert_eq!((response.status().as_u16(), location(&response)), (400, String::new()));
    assert!(reason(&response).unwrap().starts_with("AUTH-PARAMETER-UTF8;"));
    let response = server.get(&server.authorize(&[("code_challenge_method", "S256")]));
    assert_eq!(
        parameter(&location(&response), "error_description").as_deref(),
        Some("A code challenge must be provided")
    );
}
