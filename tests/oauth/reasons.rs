//! `Sandbox-Reason` tells the truth about how a token ended, and a refresh gives no more than is approved.

use crate::server::{SCOPE, Server, reason};
use serde_json::Value;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn why(server: &Server, access: &str) -> String {
    reason(&server.bearer("GET", "userinfo", access, "")).unwrap()
}

fn revoke(server: &Server, token: &str) {
    let revoked = server.post_form("revoke", Some(("diary", "s3cret")), &[("token", token)]);
    assert_eq!(revoked.status(), 200);
}

#[test]
fn revoked_tokens_are_said_to_be_perhaps_revoked() {
    let server = Server::start();
    let access = text(&server.tokens("openid"), "access_token");
    revoke(&server, &access);
    assert!(why(&server, &access).contains("or it was revoked"), "{}", why(&server, &access));
    let tokens = server.tokens("openid offline_access");
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    revoke(&server, &refresh);
    assert!(why(&server, &access).contains("the refresh token behind the access token has ended: it was revoked"));
    let refused = server.refresh("diary", &refresh, &[]);
    assert!(reason(&refused).unwrap().contains("revoked"));
}

#[test]
fn tokens_of_a_deleted_citizen_say_so() {
    let server = Server::start();
    let tokens = server.tokens("openid offline_access");
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert!(server.tenant.remove_citizen("aino").unwrap());
    assert_eq!(why(&server, &access), "AUTH-BEARER; the citizen was deleted, and the access right with them");
    let refused = server.refresh("diary", &refresh, &[]);
    assert_eq!(reason(&refused).unwrap(), "TOKEN-REFRESH; the citizen was deleted, and the access right with them");
    assert_eq!(refused.status(), 401);
}

#[test]
fn a_refresh_token_replaced_by_rotation_is_said_to_be() {
    let server = Server::start();
    server.set("refresh.rotate", true);
    let tokens = server.tokens("openid offline_access");
    server.refresh("diary", &text(&tokens, "refresh_token"), &[]);
    let refused = server.refresh("diary", &text(&tokens, "refresh_token"), &[]);
    assert!(reason(&refused).unwrap().contains("replaced by a refresh (setting refresh.rotate)"));
}

#[test]
fn the_registration_endpoint_speaks_of_registration() {
    let server = Server::start();
    let response = server.get(&format!("{}register", server.base));
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    assert!(reason(&response).unwrap().starts_with("AUTH-METHOD; POST registers a client"));
}

#[test]
fn a_refresh_gives_no_more_than_is_approved_now() {
    let server = Server::start();
    let refresh = text(&server.tokens(SCOPE), "refresh_token");
    let scope = |more: &[(&str, &str)]| -> String {
        let response = server.refresh("diary", &refresh, more);
        assert_eq!(response.status(), 200);
        text(&response.json().unwrap(), "scope")
    };
    server.tokens("patient/Observation.read");
    assert_eq!(scope(&[]), "offline_access patient/Observation.read");
    let refused = server.refresh("diary", &refresh, &[("scope", "patient/Observation.write")]);
    assert_eq!(refused.status(), 400);
    assert!(reason(&refused).unwrap().ends_with("granted: offline_access patient/Observation.read"));
    server.tokens("openid");
    let refused = server.refresh("diary", &refresh, &[]);
    assert_eq!(refused.status(), 401);
    assert!(reason(&refused).unwrap().contains("none of the token's scopes: openid"), "{:?}", reason(&refused));
    server.tokens(SCOPE);
    assert_eq!(scope(&[]), SCOPE);
}

#[test]
fn discovery_names_the_ways_that_are_accepted() {
    let server = Server::start();
    let methods = |document: &str| -> Value {
        let url = format!("{}.well-known/{document}", server.base);
        server.get(&url).json::<Value>().unwrap()["token_endpoint_auth_methods_supported"].clone()
    };
    server.set("smart.enabled", true);
    for (accept, named) in [
        ("basic", serde_json::json!(["client_secret_basic"])),
        ("post", serde_json::json!(["client_secret_post"])),
        ("any", serde_json::json!(["client_secret_post", "client_secret_basic"])),
    ] {
        server.set("client_auth.accept", accept);
        assert_eq!(methods("openid-configuration"), named);
        assert_eq!(methods("smart-configuration"), named);
    }
}

#[test]
fn unknown_addresses_are_pages_for_browsers() {
    let server = Server::start();
    for path in ["/citizen/zz", "/phr-authserver-sandbox/manage/zz", "/zz"] {
        let request = server.http.get(format!("{}{path}", server.root()));
        let response = request.header("accept", "text/html").header("accept-language", "sv").send().unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert!(reason(&response).unwrap().starts_with("HTTP-NOTHING-THERE;"));
        let html = response.text().unwrap();
        assert!(html.contains("lang=\"sv\"") && html.contains("<h1"), "{path}: {html}");
        let plain = server.get(&format!("{}{path}", server.root()));
        assert!(plain.headers()["content-type"].to_str().unwrap().starts_with("text/plain"), "{path}");
    }
}
