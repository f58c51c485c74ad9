//! The token endpoint, the key set and the discovery document.

use crate::server::{CALLBACK, SCOPE, Server, error, form, wire};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use serde_json::Value;

/// A response with its random parts named.
fn redacted(text: &str, tokens: &Value) -> String {
    ["access_token", "refresh_token", "id_token", "sub"].into_iter().fold(text.to_owned(), |text, name| {
        match tokens[name].as_str() {
            Some(value) => text.replace(value, &format!("[{name}]")),
            None => text,
        }
    })
}

#[test]
fn a_token_response_is_as_captured() {
    let server = Server::start();
    let code = server.code(&[("scope", &format!("openid {SCOPE}"))]);
    let text = wire(server.redeem("diary", &code));
    let tokens: Value = serde_json::from_str(text.split("\n\n").nth(1).unwrap()).unwrap();
    assert_snapshot!(redacted(&text, &tokens), @"");
}

#[test]
fn a_plain_token_response_has_neither_refresh_nor_id_token() {
    let server = Server::start();
    let tokens = server.tokens("patient/Observation.read");
    let text = serde_json::to_string(&tokens).unwrap();
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none(), "{text}");
}

#[test]
fn the_published_key_verifies_tokens_that_name_the_issuer() {
    let server = Server::start();
    let tokens = server.tokens("openid patient/Observation.read");
    let keys: Value = server.get(&format!("{}jwk", server.base)).json().unwrap();
    let key = &keys["keys"][0];
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let public = aws_lc_rs::signature::RsaPublicKeyComponents { n: part("n"), e: part("e") };
    for name in ["access_token", "id_token"] {
        let token = tokens[name].as_str().unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        public.verify(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(message.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["iss"], server.base.as_str());
        assert_eq!(claims["sub"], tokens["sub"]);
    }
}

#[test]
fn client_and_secret_come_by_basic_or_in_the_form() {
    let server = Server::start();
    let redeem = |header: Option<&str>, client_id: &str| {
        let code = server.code(&[]);
        let mut parameters = vec![("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        if !client_id.is_empty() {
            parameters.push(("client_id", client_id));
        }
        let request = server.token_request().body(form(&parameters));
        let request = match header {
            Some(credentials) => request.header("authorization", format!("Basic {}", STANDARD.encode(credentials))),
            None => request,
        };
        error(request.send().unwrap())
    };
    assert!(redeem(Some("diary:s3cret"), "").starts_with("200 OK"));
    assert!(redeem(Some("diary:s3cret"), "diary").starts_with("200 OK"));
    assert_snapshot!(redeem(None, "diary"), @"");
    assert_snapshot!(redeem(None, ""), @"");
    assert_snapshot!(redeem(Some("diary:wrong"), ""), @"");
    assert_snapshot!(redeem(Some("diary:s3cret"), "other"), @"");
    server.set("errors.dialect", "spring");
    assert_snapshot!(redeem(None, ""), @"");
    assert_snapshot!(redeem(Some("nobody:s3cret"), ""), @"");
    server.set("errors.dialect", "rfc");
    assert_snapshot!(redeem(Some("diary:wrong"), ""), @"");
}

#[test]
fn the_failed_authentication_is_the_captured_one_to_the_header() {
    let server = Server::start();
    assert_snapshot!(wire(server.token("diary2", &[("grant_type", "authorization_code")])), @"");
}

#[test]
fn malformed_requests_are_refused() {
    let server = Server::start();
    let send = |parameters: &[(&str, &str)]| error(server.token("diary", parameters));
    assert_snapshot!(send(&[]), @"");
    assert_snapshot!(send(&[("grant_type", "password")]), @"");
    assert_snapshot!(send(&[("grant_type", "authorization_code")]), @"");
    assert_snapshot!(send(&[("grant_type", "refresh_token")]), @"");
    assert_snapshot!(send(&[("grant_type", "authorization_code"), ("code", "")]), @"");
    assert_snapshot!(send(&[("grant_type", "authorization_code"), ("grant_type", "refresh_token")]), @"");
    let professional = server.token("professional", &[("grant_type", "authorization_code"), ("code", "a")]);
    assert_snapshot!(error(professional), @"");
    assert_snapshot!(error(server.get(&format!("{}token", server.base))), @"");
    let json = server.http.post(format!("{}token", server.base)).header("content-type", "application/json");
    assert_snapshot!(error(json.body("{\"client_id\":\"diary\"}").send().unwrap()), @"");
}

#[test]
fn a_code_works_once_for_thirty_seconds_and_until_the_next() {
    let server = Server::start();
    let shown = |code: &str| error(server.redeem("diary", code)).replace(code, "[code]");
    let used = server.code(&[]);
    assert_eq!(server.redeem("diary", &used).status(), 200);
    assert_snapshot!(shown(&used), @"");
    let expired = server.code(&[]);
    server.wait(30);
    assert_snapshot!(shown(&expired), @"");
    let (former, _) = (server.code(&[]), server.code(&[]));
    assert_snapshot!(shown(&former), @"");
    assert_snapshot!(shown("\"\r\n<x>\u{e4}"), @"");
    let withdrawn = server.code(&[]);
    server.tenant.withdraw("aino", "diary").unwrap();
    assert_snapshot!(shown(&withdrawn), @"");
    server.set("errors.dialect", "rfc");
    assert_snapshot!(shown(&used), @"");
}

#[test]
fn a_code_belongs_to_one_client_and_one_redirect_uri() {
    let server = Server::start();
    assert_snapshot!(error(server.redeem("other", &server.code(&[]))), @"");
    let code = server.code(&[]);
    let request = [("grant_type", "authorization_code"), ("code", code.as_str())];
    assert_snapshot!(error(server.token("diary", &request)), @"");
    let code = server.code(&[("redirect_uri", "")]);
    let request = [("grant_type", "authorization_code"), ("code", code.as_str())];
    assert_eq!(server.token("diary", &request).status(), 200, "never named, never needed");
}

#[test]
fn a_proof_key_is_verified_when_it_was_sent() {
    let server = Server::start();
    let challenge =
        [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")];
    let redeem = |verifier: &str| {
        let code = server.code(&challenge);
        let mut all = vec![("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        if !verifier.is_empty() {
            all.push(("code_verifier", verifier));
        }
        server.token("diary", &all)
    };
    assert_eq!(redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").status(), 200);
    assert_snapshot!(error(redeem("wrong")), @"");
    assert_eq!(redeem("").status(), 400);
    server.set("pkce", "off");
    assert_eq!(redeem("").status(), 200);
}

#[test]
fn a_refresh_keeps_the_refresh_token_and_ends_the_access_token() {
    let server = Server::start();
    let first = server.tokens(SCOPE);
    let refresh = first["refresh_token"].as_str().unwrap();
    server.wait(90 * 24 * 3600);
    let text = wire(server.refresh("diary", refresh, &[("scope", "patient/Observation.read")]));
    let second: Value = serde_json::from_str(text.split("\n\n").nth(1).unwrap()).unwrap();
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(
        (second["scope"].as_str(), second["expires_in"].as_i64()),
        (Some("patient/Observation.read"), Some(3599))
    );
    let access = |tokens: &Value| server.tenant.access_by_token(tokens["access_token"].as_str().unwrap());
    assert!(access(&second).is_ok());
    let third: Value = server.refresh("diary", refresh, &[]).json().unwrap();
    assert_eq!(third["scope"].as_str(), Some(SCOPE));
    assert!(access(&second).is_err() && access(&third).is_ok());
}

#[test]
fn a_bad_refresh_token_is_refused_in_upstreams_way() {
    let server = Server::start();
    let tokens = server.tokens(SCOPE);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let shown = |client: &str, more: &[(&str, &str)]| {
        error(server.refresh(client, refresh, more)).replace(refresh, "[refresh_token]")
    };
    assert_snapshot!(shown("diary", &[("scope", "openid")]), @"");
    assert_snapshot!(shown("other", &[]), @"");
    assert_snapshot!(shown("diary", &[]), @"");
    assert_snapshot!(shown("professional", &[]), @"");
    server.set("errors.refresh_style", "rfc6749");
    assert_snapshot!(shown("diary", &[]), @"");
    server.set("errors.dialect", "rfc");
    assert_snapshot!(shown("diary", &[]), @"");
}

#[test]
fn a_withdrawn_right_ends_the_refresh_token() {
    let server = Server::start();
    let tokens = server.tokens(SCOPE);
    server.tenant.withdraw("aino", "diary").unwrap();
    let response = server.refresh("diary", tokens["refresh_token"].as_str().unwrap(), &[]);
    assert_eq!(response.status(), 401);
    let text = error(response);
    assert!(text.contains("sandbox-reason: TOKEN-REFRESH; the citizen has withdrawn the access right"), "{text}");
}

#[test]
fn the_discovery_document_names_what_works() {
    let server = Server::start();
    let response = server.get(&format!("{}.well-known/openid-configuration", server.base));
    assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
    let document: Value = response.json().unwrap();
    let text = serde_json::to_string_pretty(&document).unwrap().replace(&server.base, "[issuer]");
    assert_snapshot!(text, @"");
}

#[test]
fn headless_tokens_are_like_those_of_the_flow() {
    let server = Server::start();
    let headless = server.tenant.token_for("aino", "diary", Some(SCOPE), &server.base).unwrap();
    let flow = server.tokens(SCOPE);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&serde_json::to_value(&headless).unwrap()), names(&flow));
    assert_eq!(flow["sub"], headless.sub.to_string());
    assert!(server.tenant.access_by_token(&headless.access_token).is_ok(), "a later approval ends nothing");
    assert_eq!(server.refresh("diary", headless.refresh_token.as_deref().unwrap(), &[]).status(), 200);
}
