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
    assert_snapshot!(redacted(&text, &tokens), @r#"
        200 OK
        cache-control: no-cache, no-store, max-age=0, must-revalidate, no-store
        pragma: no-cache, no-cache
        expires: 0
        content-type: application/json;charset=UTF-8
        content-language: en-US
        access-control-allow-origin: *
        access-control-expose-headers: Sandbox-Reason
        x-content-type-options: nosniff
        x-frame-options: DENY
        x-xss-protection: 1; mode=block

        {"access_token":"[access_token]","token_type":"Bearer","refresh_token":"[refresh_token]","expires_in":3599,"scope":"openid offline_access patient/Observation.read patient/Observation.write","id_token":"[id_token]","sub":"[sub]"}
    "#);
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
    assert_snapshot!(redeem(None, "diary"), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client_secret is missing: send it in the form or by Basic
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
    assert_snapshot!(redeem(None, ""), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
    assert_snapshot!(redeem(Some("diary:wrong"), ""), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
    assert_snapshot!(redeem(Some("diary:s3cret"), "other"), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; Authorization names client "diary", the form "other"
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
    server.set("errors.dialect", "spring");
    assert_snapshot!(redeem(None, ""), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required to access this resource"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required to access this resource"}
    "#);
    assert_snapshot!(redeem(Some("nobody:s3cret"), ""), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="invalid_client", error_description="Bad client credentials"
        sandbox-reason: TOKEN-CLIENT; client "nobody": no client has this client_id
        {"error":"invalid_client","error_description":"Bad client credentials"}
    "#);
    server.set("errors.dialect", "rfc");
    assert_snapshot!(redeem(Some("diary:wrong"), ""), @r#"
        401 Unauthorized
        www-authenticate: Basic realm="openidconnect"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"invalid_client","error_description":"Client authentication failed"}
    "#);
}

#[test]
fn the_failed_authentication_is_the_captured_one_to_the_header() {
    let server = Server::start();
    assert_snapshot!(wire(server.token("diary2", &[("grant_type", "authorization_code")])), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        cache-control: no-cache, no-store, max-age=0, must-revalidate, no-store
        pragma: no-cache, no-cache
        expires: 0
        content-type: application/json;charset=UTF-8
        content-language: en-US
        access-control-allow-origin: *
        access-control-expose-headers: Sandbox-Reason
        x-content-type-options: nosniff
        x-frame-options: DENY
        x-xss-protection: 1; mode=block
        sandbox-reason: TOKEN-CLIENT; client "diary2": no client has this client_id

        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
}

#[test]
fn malformed_requests_are_refused() {
    let server = Server::start();
    let send = |parameters: &[(&str, &str)]| error(server.token("diary", parameters));
    assert_snapshot!(send(&[]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-GRANT-TYPE; send grant_type=authorization_code or refresh_token
        {"error":"invalid_request","error_description":"Missing grant type"}
    "#);
    assert_snapshot!(send(&[("grant_type", "password")]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: password"}
    "#);
    assert_snapshot!(send(&[("grant_type", "authorization_code")]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE; send the code that the redirect brought
        {"error":"invalid_request","error_description":"An authorization code must be supplied."}
    "#);
    assert_snapshot!(send(&[("grant_type", "refresh_token")]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-REFRESH; send the refresh_token of an earlier token response
        {"error":"invalid_request","error_description":"A refresh token must be supplied."}
    "#);
    assert_snapshot!(send(&[("grant_type", "authorization_code"), ("code", "")]), @r#"
        400 Bad Request
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave code out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        {"error":"invalid_request","error_description":"Parameter code has no value"}
    "#);
    assert_snapshot!(send(&[("grant_type", "authorization_code"), ("grant_type", "refresh_token")]), @r#"
        400 Bad Request
        sandbox-reason: AUTH-PARAMETER-REPEATED; send grant_type once (RFC 6749, 3.1 and 3.2)
        {"error":"invalid_request","error_description":"Parameter grant_type is repeated"}
    "#);
    let professional = server.token("professional", &[("grant_type", "authorization_code"), ("code", "a")]);
    assert_snapshot!(error(professional), @r#"
        401 Unauthorized
        www-authenticate: Bearer error="invalid_client", error_description="Unauthorized grant type: authorization_code"
        sandbox-reason: TOKEN-GRANT-TYPE; a professional client has no browser flow and so no codes
        {"error":"invalid_client","error_description":"Unauthorized grant type: authorization_code"}
    "#);
    assert_snapshot!(error(server.get(&format!("{}token", server.base))), @r#"
        405 Method Not Allowed
        allow: POST
        sandbox-reason: TOKEN-METHOD; use POST; parameters in a URL end up in logs
        {"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}
    "#);
    let json = server.http.post(format!("{}token", server.base)).header("content-type", "application/json");
    assert_snapshot!(error(json.body("{\"client_id\":\"diary\"}").send().unwrap()), @r#"
        401 Unauthorized
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-FORM; send the parameters as application/x-www-form-urlencoded; a body of another type is not read
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "#);
}

#[test]
fn a_code_works_once_for_thirty_seconds_and_until_the_next() {
    let server = Server::start();
    let shown = |code: &str| error(server.redeem("diary", code)).replace(code, "[code]");
    let used = server.code(&[]);
    assert_eq!(server.redeem("diary", &used).status(), 200);
    assert_snapshot!(shown(&used), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "#);
    let expired = server.code(&[]);
    server.wait(30);
    assert_snapshot!(shown(&expired), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-EXPIRED; the code expired at 2026-06-01T12:00:30.25Z
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "#);
    let (former, _) = (server.code(&[]), server.code(&[]));
    assert_snapshot!(shown(&former), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-SUPERSEDED; a newer code for the same client and citizen ended this one
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "#);
    assert_snapshot!(shown("\"\r\n<x>\u{e4}"), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-UNKNOWN; the code was never given
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value \"\r\n<x>ä"}
    "#);
    let withdrawn = server.code(&[]);
    server.tenant.withdraw("aino", "diary").unwrap();
    assert_snapshot!(shown(&withdrawn), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-WITHDRAWN; the citizen has withdrawn the access right, or was deleted
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "#);
    server.set("errors.dialect", "rfc");
    assert_snapshot!(shown(&used), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"The code is not valid for this request"}
    "#);
}

#[test]
fn a_code_belongs_to_one_client_and_one_redirect_uri() {
    let server = Server::start();
    assert_snapshot!(error(server.redeem("other", &server.code(&[]))), @r#"
        401 Unauthorized
        www-authenticate: Bearer error="invalid_client", error_description="Client ID mismatch"
        sandbox-reason: TOKEN-CODE-OTHER-CLIENT; the code was given to another client
        {"error":"invalid_client","error_description":"Client ID mismatch"}
    "#);
    let code = server.code(&[]);
    let request = [("grant_type", "authorization_code"), ("code", code.as_str())];
    assert_snapshot!(error(server.token("diary", &request)), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-REDIRECT-URI; redirect_uri must repeat that of the authorization request
        {"error":"invalid_grant","error_description":"Redirect URI mismatch."}
    "#);
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
    assert_snapshot!(error(redeem("wrong")), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-PKCE; code_verifier does not meet the code_challenge of the authorization request
        {"error":"invalid_request","error_description":"Code challenge and verifier do not match"}
    "#);
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
    assert_snapshot!(shown("diary", &[("scope", "openid")]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-REFRESH; scope may only narrow what was granted: offline_access patient/Observation.read patient/Observation.write
        {"error":"invalid_scope","error_description":"Up-scoping is not allowed."}
    "#);
    assert_snapshot!(shown("other", &[]), @r#"
        401 Unauthorized
        www-authenticate: Bearer error="invalid_client", error_description="Client does not own the presented refresh token"
        sandbox-reason: TOKEN-REFRESH; the refresh token is another client's, and was ended for it
        {"error":"invalid_client","error_description":"Client does not own the presented refresh token"}
    "#);
    assert_snapshot!(shown("diary", &[]), @r#"
        401 Unauthorized
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: [refresh_token]"}
    "#);
    assert_snapshot!(shown("professional", &[]), @r#"
        401 Unauthorized
        www-authenticate: Bearer error="invalid_client", error_description="Client does not allow refreshing access token!"
        sandbox-reason: TOKEN-REFRESH; the client is not registered for offline_access
        {"error":"invalid_client","error_description":"Client does not allow refreshing access token!"}
    "#);
    server.set("errors.refresh_style", "rfc6749");
    assert_snapshot!(shown("diary", &[]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_grant","error_description":"Invalid refresh token: [refresh_token]"}
    "#);
    server.set("errors.dialect", "rfc");
    assert_snapshot!(shown("diary", &[]), @r#"
        400 Bad Request
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_grant","error_description":"The refresh token is not valid for this request"}
    "#);
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
    assert_snapshot!(text, @r#"
        {
          "authorization_endpoint": "[issuer]authorize",
          "claim_types_supported": [
            "normal"
          ],
          "claims_parameter_supported": false,
          "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "jti",
            "auth_time",
            "at_hash",
            "nonce"
          ],
          "code_challenge_methods_supported": [
            "plain",
            "S256"
          ],
          "end_session_endpoint": "[issuer]endsession",
          "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "urn:kanta-phr-sandbox:grant-type:professional"
          ],
          "id_token_signing_alg_values_supported": [
            "RS256"
          ],
          "issuer": "[issuer]",
          "jwks_uri": "[issuer]jwk",
          "prompt_values_supported": [
            "none",
            "login",
            "consent",
            "select_account"
          ],
          "registration_endpoint": "[issuer]register",
          "request_parameter_supported": false,
          "request_uri_parameter_supported": false,
          "response_modes_supported": [
            "query"
          ],
          "response_types_supported": [
            "code"
          ],
          "revocation_endpoint": "[issuer]revoke",
          "scopes_supported": [
            "openid",
            "profile",
            "offline_access",
            "patient/Observation.read",
            "patient/Observation.write",
            "patient/MedicationAdministration.read",
            "patient/MedicationAdministration.write",
            "patient/CarePlan.read",
            "patient/CarePlan.write",
            "patient/Questionnaire.read",
            "patient/Questionnaire.write",
            "patient/QuestionnaireResponse.read",
            "patient/QuestionnaireResponse.write"
          ],
          "subject_types_supported": [
            "public"
          ],
          "token_endpoint": "[issuer]token",
          "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic"
          ],
          "ui_locales_supported": [
            "fi",
            "sv",
            "en"
          ],
          "userinfo_endpoint": "[issuer]userinfo"
        }
    "#);
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
