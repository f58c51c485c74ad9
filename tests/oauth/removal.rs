//! What is left of a client that was deleted: nothing, even if another one gets its id.

use crate::server::{Browser, CALLBACK, PROFESSIONAL, SCOPE, Server};
use kanta_phr_sandbox::authorization::NewClient;
use serde_json::{Value, json};

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// The client `diary` as the server has it at first.
fn register_again(server: &Server, id: &str, kind: &str) {
    let new: NewClient = serde_json::from_value(json!({
        "name": "Another", "client_id": id, "client_secret": "s3cret", "redirect_uris": [CALLBACK], "kind": kind,
        "scope": format!("openid profile {SCOPE}"),
    }))
    .unwrap();
    server.tenant.authorization.add_client(new, &server.tenant.random).unwrap();
}

fn control(server: &Server, method: &str, path: &str) -> (u16, Value) {
    let url = format!("{}/_sandbox/{path}", server.root());
    let response = server.http.request(method.parse().unwrap(), url).send().unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().unwrap()).unwrap_or(Value::Null))
}

#[test]
fn its_codes_tokens_and_rights_end_with_it() {
    let server = Server::start();
    // Even where tokens outlive a withdrawal, and without the grounds of professionals.
    server.set("revocation.mode", "at_expiry");
    server.set("professional.require_permission", false);
    server.set("professional.require_care_relationship", false);
    let tokens = server.tokens(SCOPE);
    let others: Value = server.redeem("other", &server.code(&[("client_id", "other")])).json().unwrap();
    let code = server.code(&[]);
    let aino = server.code_of("aino");
    let clinical: Value = server.professional("professional", &[("user", &aino)]).json().unwrap();
    server.permit_professional();
    let is_good = |tokens: &Value| server.tenant.access_by_token(&text(tokens, "access_token")).is_ok();
    assert!(is_good(&tokens) && is_good(&clinical) && is_good(&others));

    assert_eq!(control(&server, "GET", "clients/diary").1["name"], "Weight <diary>");
    assert_eq!(control(&server, "DELETE", "clients/diary").0, 204);
    assert_eq!(control(&server, "DELETE", "clients/professional").0, 204);
    assert_eq!(control(&server, "DELETE", "clients/diary"), control(&server, "GET", "clients/diary"));
    assert_eq!(control(&server, "GET", "clients/diary").0, 404);
    let rights = control(&server, "GET", "citizens/aino/access-rights").1;
    assert_eq!(rights.as_array().unwrap().len(), 1, "{rights}");
    assert_eq!(control(&server, "GET", "citizens/aino/care-relationships").1, json!([]));

    register_again(&server, "diary", "wellbeing");
    register_again(&server, "professional", "professional");
    assert!(!is_good(&tokens) && !is_good(&clinical));
    assert!(is_good(&others), "another client's token lives on");
    assert_eq!(server.redeem("diary", &code).status(), 400);
    assert_eq!(server.refresh("diary", &text(&tokens, "refresh_token"), &[]).status(), 401);
    let url = format!("{}/phr-resourceserver/baseR4/Observation", server.root());
    let answer = server.http.get(url).bearer_auth(text(&tokens, "access_token")).send().unwrap();
    assert_eq!(answer.status(), 403);
    let reason = answer.headers()["sandbox-reason"].to_str().unwrap();
    assert_eq!(
        reason,
        "RS-BAD-TOKEN; this tenant has not given the access token, or it was revoked, or its client was deleted, or it expired long ago (knob rs.bad_token)"
    );
    server.set("professional.require_care_relationship", true);
    let refused = server.token("professional", &[("grant_type", PROFESSIONAL), ("user", &aino)]);
    assert_eq!(refused.status(), 403, "the care relationship was the former client's");
}

#[test]
fn the_citizens_page_shows_no_ghost() {
    let server = Server::start();
    server.tokens(SCOPE);
    let mut browser = Browser::new(&server);
    let page = browser.open(&format!("{}/citizen/sign-in?sandbox_lang=en", server.root()));
    browser.identify(&page, &[("citizen", "aino")]);
    let applications = format!("{}/citizen/applications", server.root());
    let shown = browser.open(&applications);
    assert!(shown.html.contains("Weight &#60;diary&#62;"), "{}", shown.html);
    let registered =
        server.register(&format!(r#"{{"client_name":"Ghost","redirect_uris":["{CALLBACK}"],"scope":"{SCOPE}"}}"#));
    let id = text(&registered, "client_id");
    server.tenant.token_for("aino", &id, None, "http://as/").unwrap();
    assert!(browser.open(&applications).html.contains("Ghost"));
    let token = text(&registered, "registration_access_token");
    assert_eq!(server.bearer("DELETE", &format!("register/{id}"), &token, "").status(), 204);
    assert_eq!(server.bearer("GET", &format!("register/{id}"), &token, "").status(), 403, "its own token ended, too");
    let shown = browser.open(&applications);
    assert!(!shown.html.contains("Ghost") && !shown.html.contains(&id), "{}", shown.html);
    let ask = browser.open(&format!("{applications}/withdraw?client_id={id}"));
    assert!(ask.url.ends_with("/citizen/applications"), "{}", ask.url);
}

#[test]
fn an_update_loses_nothing_that_it_repeats_and_no_member_of_the_sandboxs_own() {
    let server = Server::start();
    let made = server.register(
        &json!({
            "client_name": "Diary", "redirect_uris": [CALLBACK], "scope": SCOPE,
            "logo_uri": "https://app.example/logo.png", "client_uri": "https://app.example/",
            "policy_uri": "https://app.example/privacy", "tos_uri": "https://app.example/terms",
            "contacts": ["diary@app.example"], "software_id": "diary", "software_version": "1.0",
            "post_logout_redirect_uris": ["https://app.example/bye"], "sandbox_oid": "1.2.246.10.1",
            "sandbox_description": "Weighs", "sandbox_descriptions": {"fi": "Punnitsee", "sv": "Väger"},
        })
        .to_string(),
    );
    let (id, token) = (text(&made, "client_id"), text(&made, "registration_access_token"));
    let put = |body: &Value| -> Value {
        let response = server.bearer("PUT", &format!("register/{id}"), &token, &body.to_string());
        assert_eq!(response.status(), 200);
        response.json().unwrap()
    };
    assert_eq!(made["sandbox_descriptions"], json!({"fi": "Punnitsee", "sv": "Väger"}));
    assert_eq!(put(&made), made, "what GET shows can be PUT");
    let mut standard = made.clone();
    for name in ["sandbox_oid", "sandbox_description", "sandbox_descriptions"] {
        standard.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(put(&standard), made, "a client library knows nothing of our members");
    standard.as_object_mut().unwrap().remove("logo_uri");
    standard["sandbox_description"] = json!("");
    standard["sandbox_descriptions"] = json!({});
    let less = put(&standard);
    for gone in ["sandbox_description", "sandbox_descriptions"] {
        assert_eq!(less.get(gone), None, "{gone}");
    }
    assert_eq!(less["logo_uri"], Value::Null);
    assert_eq!(less["sandbox_oid"], "1.2.246.10.1");
}

#[test]
fn words_that_change_what_stands_around_them_are_not_registered() {
    let server = Server::start();
    for (member, value) in [
        ("sandbox_description", json!("abc\u{202e}def")),
        ("sandbox_descriptions", json!({"fi": "a\u{0}b"})),
        ("sandbox_description", json!("x".repeat(2_001))),
        ("contacts", json!(["a\u{2066}@b.example"])),
        ("contacts", json!(["a\nb"])),
    ] {
        let mut body = json!({"client_name": "A", "redirect_uris": [CALLBACK], "scope": SCOPE});
        body[member] = value.clone();
        let response = server.bearer("POST", "register", "", &body.to_string());
        assert_eq!(response.status(), 400, "{member}: {value}");
        assert_eq!(response.json::<Value>().unwrap()["error"], "invalid_client_metadata");
    }
    let lines = json!({"redirect_uris": [CALLBACK], "scope": SCOPE, "sandbox_description": "Two\r\nlines"});
    server.register(&lines.to_string());
}
