//! Everything that is refused, one row each: authorization-server.md §7 and the rules beside it. Every row is sent to a
//! fresh server; status, headers and body are compared to the letter.
//!
//! Of the headers, those that are the same for all answers of a kind are checked and folded into one word: `[json]`,
//! `[empty]`, `[page]`, `[redirect]`. Of a page, its heading and the wire's own words are shown.

use crate::server::{Browser, CALLBACK, SCOPE, Server, Shown};
use regex::Regex;
use reqwest::blocking::Response;
use serde_json::Value;

/// A registration without anything special.
const WEBSITE: &str = r#"{"client_name":"Site","redirect_uris":["https://site.example/cb"],"scope":"openid"}"#;

/// What is sent, and what comes back.
struct Row(&'static str, fn(&Server) -> String, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Authorization requests whose client or redirect URI is not right: a page, never a redirect.
    Row("authorize: no client_id", |s| facts(s.get(&s.authorize(&[("client_id", "")]))), r##"
    "##),
    Row("authorize: unknown client_id", |s| facts(s.get(&s.authorize(&[("client_id", "nobody")]))), r##"
    "##),
    Row("authorize: hostile client_id", |s| facts(s.get(&s.authorize(&[("client_id", "\"><script>alert(1)</script>")]))), r##"
    "##),
    Row("authorize: another redirect_uri", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://evil.example/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri with a slash more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb/")]))), r##"
    "##),
    Row("authorize: redirect_uri with a query more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb?next=1")]))), r##"
    "##),
    Row("authorize: redirect_uri with a fragment more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb#x")]))), r##"
    "##),
    Row("authorize: redirect_uri in capitals", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://APP.example/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri of another scheme", |s| facts(s.get(&s.authorize(&[("redirect_uri", "http://app.example/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri with a port", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example:444/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri with user information", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example@evil.example/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri without a scheme", |s| facts(s.get(&s.authorize(&[("redirect_uri", "//evil.example/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri with backslashes", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https:\\\\app.example\\cb")]))), r##"
    "##),
    Row("authorize: redirect_uri as script", |s| facts(s.get(&s.authorize(&[("redirect_uri", "javascript:alert(1)")]))), r##"
    "##),
    Row("authorize: redirect_uri one directory up", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb/../cb")]))), r##"
    "##),
    Row("authorize: redirect_uri of another client", |s| facts(s.get(&s.authorize(&[("redirect_uri", "app.diary:/cb")]))), r##"
    "##),
    Row("authorize: redirect_uri left out, two registered", |s| facts(s.get(&s.authorize(&[("client_id", "other"), ("redirect_uri", "")]))), r##"
    "##),
    Row("authorize: redirect_uri comes before response_type", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://evil.example/"), ("response_type", "token")]))), r##"
    "##),
    Row("authorize: empty nonce", |s| facts(s.get(&format!("{}&nonce=", s.authorize(&[])))), r##"
    "##),
    Row("authorize: nonce without a sign", |s| facts(s.get(&format!("{}&nonce", s.authorize(&[])))), r##"
    "##),
    Row("authorize: empty parameter that nobody knows", |s| facts(s.get(&format!("{}&foo=", s.authorize(&[])))), r##"
    "##),
    Row("authorize: empty client_id", |s| facts(s.get(&format!("{}authorize?client_id=&response_type=code", s.base))), r##"
    "##),
    Row("authorize: empty state", |s| facts(s.get(&format!("{}&state=", s.authorize(&[("state", "")])))), r##"
    "##),
    Row("authorize: repeated state", |s| facts(s.get(&format!("{}&state=b", s.authorize(&[])))), r##"
    "##),
    Row("authorize: repeated client_id", |s| facts(s.get(&format!("{}&client_id=diary", s.authorize(&[])))), r##"
    "##),
    Row("authorize: repeated redirect_uri", |s| facts(s.get(&format!("{}&redirect_uri=https%3A%2F%2Fevil.example%2F", s.authorize(&[])))), r##"
    "##),
    Row("authorize: repeated scope", |s| facts(s.get(&format!("{}&scope=openid", s.authorize(&[])))), r##"
    "##),
    Row("authorize: not UTF-8", |s| facts(s.get(&format!("{}&nonce=%FF", s.authorize(&[])))), r##"
    "##),
    Row("authorize: user_id that is no code", |s| facts(s.get(&s.authorize(&[("user_id", "aino")]))), r##"
    "##),
    Row("authorize: user_id with a wrong check character", |s| facts(s.get(&s.authorize(&[("user_id", "010180-9000")]))), r##"
    "##),
    Row("authorize: user_id that may be a real person", |s| facts(s.get(&s.authorize(&[("user_id", "010180-123N")]))), r##"
    "##),
    Row("authorize: unknown sandbox_decision", |s| facts(s.get(&s.authorize(&[("sandbox_decision", "perhaps")]))), r##"
    "##),
    // Authorization requests of a known client: the application is told.
    Row("authorize: response_type token", |s| facts(s.get(&s.authorize(&[("response_type", "token")]))), r##"
    "##),
    Row("authorize: no response_type", |s| facts(s.get(&s.authorize(&[("response_type", "")]))), r##"
    "##),
    Row("authorize: response_type code id_token", |s| facts(s.get(&s.authorize(&[("response_type", "code id_token")]))), r##"
    "##),
    Row("authorize: scope that is not registered", |s| facts(s.get(&s.authorize(&[("scope", "patient/CarePlan.read")]))), r##"
    "##),
    Row("authorize: scope that does not exist", |s| facts(s.get(&s.authorize(&[("scope", "patient/Observation.read patient/Bicycle.read")]))), r##"
    "##),
    Row("authorize: wildcard scope", |s| facts(s.get(&s.authorize(&[("scope", "patient/*.read")]))), r##"
    "##),
    Row("authorize: v2 scope", |s| facts(s.get(&s.authorize(&[("scope", "patient/Observation.rs")]))), r##"
    "##),
    Row("authorize: reserved scope", |s| facts(s.get(&s.authorize(&[("scope", "registration-token")]))), r##"
    "##),
    Row("authorize: nothing but scopes that are never granted", |s| facts(s.get(&s.authorize(&[("scope", "patient/Patient.read patient/StructureDefinition.read")]))), r##"
    "##),
    Row("authorize: a professional client", |s| facts(s.get(&s.authorize(&[("client_id", "professional")]))), r##"
    "##),
    Row("authorize: unknown code_challenge_method", |s| facts(s.get(&s.authorize(&[("code_challenge", "c"), ("code_challenge_method", "S512")]))), r##"
    "##),
    Row("authorize: code_challenge_method alone", |s| facts(s.get(&s.authorize(&[("code_challenge_method", "S256")]))), r##"
    "##),
    Row("authorize: prompt=none with nobody there", |s| facts(s.get(&s.authorize(&[("prompt", "none")]))), r##"
    "##),
    Row("authorize: hostile state", |s| facts(s.get(&s.authorize(&[("scope", "nonsense"), ("state", "a b&error=x#\r\nSet-Cookie: y")]))), r##"
    "##),
    Row("authorize: no state where it is required", |s| { s.set("state.required", true); facts(s.get(&s.authorize(&[("state", "")]))) }, r##"
    "##),
    Row("authorize: no challenge where it is required", |s| { s.set("pkce", "required"); facts(s.get(&s.authorize(&[]))) }, r##"
    "##),
    Row("authorize: the citizen refuses", |s| facts(s.get(&s.authorize(&[("user_id", &s.code_of("aino")), ("sandbox_decision", "deny")]))), r##"
    "##),
    Row("authorize: the citizen leaves", |s| facts(s.get(&s.authorize(&[("sandbox_decision", "cancel")]))), r##"
    "##),
    Row("authorize: the citizen is 15", |s| facts(s.get(&s.authorize(&[("user_id", &s.code_of("nuori")), ("sandbox_decision", "approve")]))), r##"
    "##),
    Row("SMART: no state", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("state", "")]))) }, r##"
    "##),
    Row("SMART: no challenge", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[]))) }, r##"
    "##),
    Row("SMART: plain challenge", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "c")]))) }, r##"
    "##),
    Row("SMART: no aud", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "c"), ("code_challenge_method", "S256")]))) }, r##"
    "##),
    Row("SMART: aud of another server", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "c"), ("code_challenge_method", "S256"), ("aud", "https://fhir.example/r4")]))) }, r##"
    "##),
    Row("SMART: scope divided too finely", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("scope", "patient/Observation.r")]))) }, r##"
    "##),
    Row("SMART: not switched on", |s| facts(s.get(&format!("{}.well-known/smart-configuration", s.base))), r##"
    "##),
    Row("SMART: not on the resource server either", |s| facts(s.get(&format!("{}/phr-resourceserver/baseR4/.well-known/smart-configuration", s.root()))), r##"
    "##),
    // Forms that are not this browser’s own.
    Row("form: no token", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("decision=accept").send().unwrap()), r##"
    "##),
    Row("form: from another site", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("origin", "https://evil.example").body("csrf=x&decision=accept").send().unwrap()), r##"
    "##),
    Row("form: from a sandboxed frame", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("origin", "null").body("csrf=x&decision=accept").send().unwrap()), r##"
    "##),
    Row("form: cross-site by the browser’s own words", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("sec-fetch-site", "cross-site").body("csrf=x&decision=accept").send().unwrap()), r##"
    "##),
    Row("form: without the cookie", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("csrf=x&decision=accept").send().unwrap()), r##"
    "##),
    Row("form: of another session", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("cookie", "phr_sandbox_session=x").body("csrf=x&decision=accept").send().unwrap()), r##"
    "##),
    Row("form: repeated field", |s| facts(s.http.post(&s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("csrf=x&decision=accept&decision=refuse").send().unwrap()), r##"
    "##),
    // Who sends the token request?
    Row("client: nobody", |s| facts(s.post_form("token", None, &[("grant_type", "authorization_code")])), r##"
    "##),
    Row("client: unknown", |s| facts(s.post_form("token", Some(("nobody", "s3cret")), &[("grant_type", "authorization_code")])), r##"
    "##),
    Row("client: wrong secret by Basic", |s| facts(s.post_form("token", Some(("diary", "wrong")), &[("grant_type", "authorization_code")])), r##"
    "##),
    Row("client: wrong secret in the form", |s| facts(s.post_form("token", None, &[("client_id", "diary"), ("client_secret", "wrong")])), r##"
    "##),
    Row("client: no secret", |s| facts(s.post_form("token", None, &[("client_id", "diary")])), r##"
    "##),
    Row("client: two of them", |s| facts(s.post_form("token", Some(("diary", "s3cret")), &[("client_id", "other")])), r##"
    "##),
    Row("client: Basic that is not base64", |s| facts(s.token_request().header("authorization", "Basic diary:s3cret").body("").send().unwrap()), r##"
    "##),
    Row("client: Bearer instead of Basic", |s| facts(s.token_request().header("authorization", "Bearer x").body("client_id=diary").send().unwrap()), r##"
    "##),
    Row("client: an assertion", |s| facts(s.post_form("token", None, &[("client_id", "diary"), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", "x")])), r##"
    "##),
    Row("client: nobody, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.post_form("token", None, &[("grant_type", "authorization_code")])) }, r##"
    "##),
    Row("client: wrong secret, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.post_form("token", Some(("diary", "wrong")), &[])) }, r##"
    "##),
    Row("client: wrong secret, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.post_form("token", Some(("diary", "wrong")), &[])) }, r##"
    "##),
    Row("client: in the form where only Basic is accepted", |s| { s.set("client_auth.accept", "basic"); facts(s.token("diary", &[])) }, r##"
    "##),
    Row("client: by Basic where only the form is accepted", |s| { s.set("client_auth.accept", "post"); facts(s.post_form("token", Some(("diary", "s3cret")), &[])) }, r##"
    "##),
    Row("client: otherwise than registered", |s| {
            s.set("client_auth.accept", "registered");
            let made = s.register(WEBSITE);
            let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
            facts(s.post_form("token", None, &[("client_id", &id), ("client_secret", &secret)])).replace(&id, "[id]")
        }, r##"
    "##),
    // Token requests.
    Row("token: no grant_type", |s| facts(s.token("diary", &[])), r##"
    "##),
    Row("token: grant_type password", |s| facts(s.token("diary", &[("grant_type", "password"), ("username", "a"), ("password", "b")])), r##"
    "##),
    Row("token: grant_type client_credentials", |s| facts(s.token("diary", &[("grant_type", "client_credentials")])), r##"
    "##),
    Row("token: grant_type password, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.token("diary", &[("grant_type", "password")])) }, r##"
    "##),
    Row("token: a code of a professional client", |s| facts(s.token("professional", &[("grant_type", "authorization_code"), ("code", "abcdef")])), r##"
    "##),
    Row("token: no code", |s| facts(s.token("diary", &[("grant_type", "authorization_code")])), r##"
    "##),
    Row("token: unknown code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "0PinZc")])), r##"
    "##),
    Row("token: hostile code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "\"}<script>\r\nx")])), r##"
    "##),
    Row("token: used code", |s| { let code = s.code(&[]); s.redeem("diary", &code); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: code after 30 seconds", |s| { let code = s.code(&[]); s.wait(30); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: code before the last", |s| { let code = s.code(&[]); s.code(&[]); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: code of a withdrawn access right", |s| { let code = s.code(&[]); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: code of another client", |s| { let code = s.code(&[]); facts(s.redeem("other", &code)) }, r##"
    "##),
    Row("token: code after another client tried it", |s| { let code = s.code(&[]); s.redeem("other", &code); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: no redirect_uri though it was named", |s| { let code = s.code(&[]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code)])) }, r##"
    "##),
    Row("token: another redirect_uri", |s| { let code = s.code(&[]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://app.example/other")])) }, r##"
    "##),
    Row("token: code after a wrong redirect_uri", |s| { let code = s.code(&[]); s.token("diary", &[("grant_type", "authorization_code"), ("code", &code)]); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
    "##),
    Row("token: no code_verifier", |s| { let code = s.code(&[("code_challenge", "c")]); facts(s.redeem("diary", &code)) }, r##"
    "##),
    Row("token: wrong code_verifier", |s| { let code = s.code(&[("code_challenge", "c")]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", "d")])) }, r##"
    "##),
    Row("token: the S256 challenge itself as code_verifier", |s| { let code = s.code(&[("code_challenge", "c"), ("code_challenge_method", "S256")]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", "c")])) }, r##"
    "##),
    Row("token: used code, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let code = s.code(&[]); s.redeem("diary", &code); facts(s.redeem("diary", &code)) }, r##"
    "##),
    Row("token: code of another client, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let code = s.code(&[]); facts(s.redeem("other", &code)) }, r##"
    "##),
    Row("token: empty code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "")])), r##"
    "##),
    Row("token: empty parameter that nobody knows", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("foo", "")])), r##"
    "##),
    Row("token: repeated grant_type", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("grant_type", "authorization_code")])), r##"
    "##),
    Row("token: repeated code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "a"), ("code", "b")])), r##"
    "##),
    Row("token: repeated client_id", |s| facts(s.token_request().body("client_id=diary&client_id=diary&client_secret=s3cret").send().unwrap()), r##"
    "##),
    Row("token: JSON", |s| facts(s.bearer("POST", "token", "", "{\"client_id\":\"diary\"}")), r##"
    "##),
    Row("token: everything in the address", |s| { let url = format!("{}token?client_id=diary&client_secret=s3cret&grant_type=authorization_code&code=x", s.base); facts(s.http.post(url).send().unwrap()) }, r##"
    "##),
    Row("token: GET", |s| facts(s.get(&format!("{}token", s.base))), r##"
    "##),
    Row("token: PUT", |s| facts(s.bearer("PUT", "token", "", "")), r##"
    "##),
    // Refresh tokens.
    Row("refresh: no token", |s| facts(s.token("diary", &[("grant_type", "refresh_token")])), r##"
    "##),
    Row("refresh: unknown token", |s| facts(s.refresh("diary", "eyJhbGciOiJub25lIn0.e30.", &[])), r##"
    "##),
    Row("refresh: unknown token, by RFC 6749", |s| { s.set("errors.refresh_style", "rfc6749"); facts(s.refresh("diary", "x", &[])) }, r##"
    "##),
    Row("refresh: unknown token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.refresh("diary", "x", &[])) }, r##"
    "##),
    Row("refresh: an access token", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.refresh("diary", &access, &[])).replace(&access, "[access_token]") }, r##"
    "##),
    Row("refresh: expired token", |s| { s.set("refresh.ttl_seconds", 60); let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.wait(61); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: token before rotation", |s| { s.set("refresh.rotate", true); let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.refresh("diary", &refresh, &[]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: after withdrawal", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: after revocation", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.post_form("revoke", Some(("diary", "s3cret")), &[("token", &refresh)]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: another client’s token", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("other", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: own token after another client tried it", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.refresh("other", &refresh, &[]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: wider scope", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("diary", &refresh, &[("scope", "openid offline_access")])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: unknown scope", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("diary", &refresh, &[("scope", "nonsense")])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: wider scope, in the RFC’s words", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.set("errors.dialect", "rfc"); facts(s.refresh("diary", &refresh, &[("scope", "openid")])).replace(&refresh, "[refresh_token]") }, r##"
    "##),
    Row("refresh: a client without offline_access", |s| facts(s.refresh("professional", "x", &[])), r##"
    "##),
    Row("refresh: a client without offline_access, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.refresh("professional", "x", &[])) }, r##"
    "##),
    // Professional applications.
    Row("professional: no user", |s| { facts(s.professional("professional", &[])) }, r##"
    "##),
    Row("professional: user that is no code", |s| { facts(s.professional("professional", &[("user", "aino")])) }, r##"
    "##),
    Row("professional: user that may be a real person", |s| { facts(s.professional("professional", &[("user", "010180-123N")])) }, r##"
    "##),
    Row("professional: nobody has the code", |s| { facts(s.professional("professional", &[("user", "010180-900P")])) }, r##"
    "##),
    Row("professional: citizen who uses no application", |s| { s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: no permission", |s| { s.tokens("openid"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: no care relationship", |s| { s.tokens("openid"); s.tenant.authorization.permit_professionals("aino", true, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: permission taken back", |s| { s.tokens("openid"); s.permit_professional(); s.tenant.authorization.permit_professionals("aino", false, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: care relationship ended", |s| { s.tokens("openid"); s.permit_professional(); s.tenant.authorization.set_care_relationship("aino", "professional", false, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: nothing, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: nothing, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: a wellbeing client", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("diary", &[("user", &s.code_of("aino"))])) }, r##"
    "##),
    Row("professional: scope to write", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "patient/Observation.read patient/Observation.write")])) }, r##"
    "##),
    Row("professional: scope that is not registered", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "patient/CarePlan.read")])) }, r##"
    "##),
    Row("professional: scope without data", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "openid offline_access")])) }, r##"
    "##),
    Row("professional: grant type under an alias nobody set", |s| facts(s.token("professional", &[("grant_type", "professional"), ("user", &s.code_of("aino"))])), r##"
    "##),
    Row("professional: own grant type when others are set", |s| { s.set("professional.grant_types", "professional"); facts(s.professional("professional", &[])) }, r##"
    "##),
    // Introspection and revocation.
    Row("introspect: nobody", |s| facts(s.post_form("introspect", None, &[("token", "x")])), r##"
    "##),
    Row("introspect: an ordinary client", |s| facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "x")])), r##"
    "##),
    Row("introspect: no token", |s| { s.set("introspection.allow", "own"); facts(s.post_form("introspect", Some(("diary", "s3cret")), &[])) }, r##"
    "##),
    Row("introspect: unknown token", |s| { s.set("introspection.allow", "all"); facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "x")])) }, r##"
    "##),
    Row("introspect: another client’s token", |s| { s.set("introspection.allow", "own"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.post_form("introspect", Some(("other", "s3cret")), &[("token", &access)])) }, r##"
    "##),
    Row("introspect: another client’s refresh token", |s| { s.set("introspection.allow", "own"); let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.post_form("introspect", Some(("other", "s3cret")), &[("token", &refresh)])) }, r##"
    "##),
    Row("introspect: empty token", |s| facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "")])), r##"
    "##),
    Row("introspect: GET", |s| facts(s.get(&format!("{}introspect", s.base))), r##"
    "##),
    Row("revoke: nobody", |s| facts(s.post_form("revoke", None, &[("token", "x")])), r##"
    "##),
    Row("revoke: wrong secret", |s| facts(s.post_form("revoke", Some(("diary", "wrong")), &[("token", "x")])), r##"
    "##),
    Row("revoke: no token", |s| facts(s.post_form("revoke", Some(("diary", "s3cret")), &[])), r##"
    "##),
    Row("revoke: another client’s access token", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.post_form("revoke", Some(("other", "s3cret")), &[("token", &access)])) }, r##"
    "##),
    Row("revoke: another client’s refresh token", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.post_form("revoke", Some(("other", "s3cret")), &[("token", &refresh)])) }, r##"
    "##),
    Row("revoke: GET", |s| facts(s.get(&format!("{}revoke", s.base))), r##"
    "##),
    // Userinfo.
    Row("userinfo: no token", |s| facts(s.bearer("GET", "userinfo", "", "")), r##"
    "##),
    Row("userinfo: no token, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.bearer("GET", "userinfo", "", "")) }, r##"
    "##),
    Row("userinfo: no token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.bearer("GET", "userinfo", "", "")) }, r##"
    "##),
    Row("userinfo: unknown token", |s| facts(s.bearer("GET", "userinfo", "x\"y", "")), r##"
    "##),
    Row("userinfo: unknown token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.bearer("GET", "userinfo", "x", "")) }, r##"
    "##),
    Row("userinfo: Basic", |s| facts(s.http.get(format!("{}userinfo", s.base)).basic_auth("diary", Some("s3cret")).send().unwrap()), r##"
    "##),
    Row("userinfo: token in the address", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); facts(s.get(&format!("{}userinfo?access_token={access}", s.base))) }, r##"
    "##),
    Row("userinfo: expired token", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.wait(3600); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
    "##),
    Row("userinfo: token before a refresh", |s| { let tokens = s.tokens("openid offline_access"); let access = text(&tokens, "access_token"); s.refresh("diary", &text(&tokens, "refresh_token"), &[]); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
    "##),
    Row("userinfo: after withdrawal", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.bearer("POST", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
    "##),
    Row("userinfo: after revocation", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.post_form("revoke", Some(("diary", "s3cret")), &[("token", &access)]); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
    "##),
    Row("userinfo: token without openid", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
    "##),
    Row("userinfo: token without openid, in upstream’s words", |s| { s.set("errors.dialect", "spring"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
    "##),
    Row("userinfo: token without openid, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
    "##),
    Row("userinfo: a professional application’s token", |s| { s.tokens("openid"); s.permit_professional(); let made = s.professional("professional", &[("user", &s.code_of("aino"))]).json().unwrap(); facts(s.bearer("GET", "userinfo", &text(&made, "access_token"), "")) }, r##"
    "##),
    // Dynamic registration.
    Row("register: a form", |s| facts(s.post_form("register", None, &[("redirect_uris", "https://site.example/cb")])), r##"
    "##),
    Row("register: half a JSON object", |s| facts(s.bearer("POST", "register", "", r##"{"##)), r##"
    "##),
    Row("register: an array", |s| facts(s.bearer("POST", "register", "", r##"[]"##)), r##"
    "##),
    Row("register: a number for a name", |s| facts(s.bearer("POST", "register", "", r##"{"client_name":5}"##)), r##"
    "##),
    Row("register: no redirect URI", |s| facts(s.bearer("POST", "register", "", r##"{"client_name":"Site"}"##)), r##"
    "##),
    Row("register: redirect URI with a fragment", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/#x"]}"##)), r##"
    "##),
    Row("register: redirect URI as script", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["javascript:alert(1)"]}"##)), r##"
    "##),
    Row("register: redirect URI without a host", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://"]}"##)), r##"
    "##),
    Row("register: redirect URI with a line break", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/\r\nx"]}"##)), r##"
    "##),
    Row("register: one good and one bad redirect URI", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb","/cb"]}"##)), r##"
    "##),
    Row("register: implicit", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["authorization_code","implicit"]}"##)), r##"
    "##),
    Row("register: password", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["password"]}"##)), r##"
    "##),
    Row("register: client credentials", |s| facts(s.bearer("POST", "register", "", r##"{"grant_types":["client_credentials"]}"##)), r##"
    "##),
    Row("register: professional and code", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["authorization_code","urn:kanta-phr-sandbox:grant-type:professional"]}"##)), r##"
    "##),
    Row("register: response type token", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"response_types":["token"]}"##)), r##"
    "##),
    Row("register: no authentication", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"token_endpoint_auth_method":"none"}"##)), r##"
    "##),
    Row("register: private_key_jwt", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"##)), r##"
    "##),
    Row("register: nothing but unknown scopes", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"scope":"registration-token nonsense"}"##)), r##"
    "##),
    Row("register: a professional application that only writes", |s| facts(s.bearer("POST", "register", "", r##"{"grant_types":["urn:kanta-phr-sandbox:grant-type:professional"],"scope":"patient/Observation.write"}"##)), r##"
    "##),
    Row("register: OID that is none", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"sandbox_oid":"zz"}"##)), r##"
    "##),
    Row("register: GET", |s| facts(s.get(&format!("{}register", s.base))), r##"
    "##),
    Row("registration: no token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "", "")) }, r##"
    "##),
    Row("registration: wrong token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "x", "")) }, r##"
    "##),
    Row("registration: wrong token, in upstream’s words", |s| { s.set("errors.dialect", "spring"); let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "x", "")) }, r##"
    "##),
    Row("registration: the client secret as token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&made, "client_secret"), "")) }, r##"
    "##),
    Row("registration: an access token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&s.tokens("openid"), "access_token"), "")) }, r##"
    "##),
    Row("registration: another client’s token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&s.register(WEBSITE), "registration_access_token"), "")) }, r##"
    "##),
    Row("registration: a client that was not registered so", |s| { let made = s.register(WEBSITE); facts(s.bearer("GET", "register/diary", &text(&made, "registration_access_token"), "")) }, r##"
    "##),
    Row("registration: update without a token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, "", WEBSITE)) }, r##"
    "##),
    Row("registration: update without client_id", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), WEBSITE)) }, r##"
    "##),
    Row("registration: update with another client_id", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), &WEBSITE.replacen('{', "{\"client_id\":\"diary\",", 1))) }, r##"
    "##),
    Row("registration: update with half a JSON object", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), "{")) }, r##"
    "##),
    Row("registration: update without redirect URIs", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), &format!("{{\"client_id\":\"{}\"}}", text(&made, "client_id")))) }, r##"
    "##),
    Row("registration: removal without a token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("DELETE", &path, "", "")) }, r##"
    "##),
    Row("registration: after removal", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); let token = text(&made, "registration_access_token"); s.bearer("DELETE", &path, &token, ""); facts(s.bearer("GET", &path, &token, "")) }, r##"
    "##),
    // The registration pages.
    Row("portal: nobody is signed in", |s| facts(s.get(&format!("{}manage/", s.base))), r##"
    "##),
    Row("portal: sign-in without a token", |s| facts(s.post_form("login", None, &[("username", "matti"), ("password", "salasana")])), r##"
    "##),
    Row("portal: sign-in from another site", |s| facts(s.http.post(format!("{}login", s.base)).header("origin", "https://evil.example").form(&[("csrf", "x")]).send().unwrap()), r##"
    "##),
    Row("portal: sign-in without the cookie", |s| facts(s.post_form("login", None, &[("csrf", "x"), ("username", "matti")])), r##"
    "##),
    Row("portal: sign-out without a token", |s| facts(s.post_form("logout", None, &[])), r##"
    "##),
    Row("portal: wrong password", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}login", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "salasana")])) }, r##"
    "##),
    Row("portal: user name with other characters", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "<matti>"), ("password", "salasana")])) }, r##"
    "##),
    Row("portal: short password", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "sala")])) }, r##"
    "##),
    Row("portal: user name that is taken", |s| { signed_in(s); let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "salasana")])) }, r##"
    "##),
    Row("portal: another developer’s application", |s| { let made = s.register(WEBSITE); let mut b = signed_in(s); brief(&b.open(&format!("{}manage/client/{}", s.base, text(&made, "client_id")))) }, r##"
    "##),
    Row("portal: opening with a wrong token", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/", s.base)); brief(&b.submit(&page, &[("client_id", "diary"), ("registration_access_token", "x")])) }, r##"
    "##),
    Row("portal: redirect URI with a fragment", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/new", s.base)); brief(&b.submit(&page, &[("redirect_uris", "https://site.example/#x"), ("client_name", "<b>"), ("scope.openid", "yes")])) }, r##"
    "##),
    Row("portal: a form of an earlier session", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/new", s.base)); let mut other = Browser::new(s); other.cookies.clone_from(&signed_in_as(s, "maija").cookies); let (action, fields) = page.form_with("client_name"); brief(&other.post(&action, &fields)) }, r##"
    "##),
];

#[test]
fn every_refusal_is_as_documented_or_recorded_or_chosen() {
    assert!(ROWS.len() >= 100, "{}", ROWS.len());
    let mut wrong = Vec::new();
    for Row(name, send, expected) in ROWS {
        let server = Server::start();
        let actual = send(&server).replace(server.root(), "[root]");
        let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
        let lines: Vec<&str> = actual.trim().lines().map(str::trim).collect();
        if lines != expected {
            wrong.push(format!("{name}\n--- expected\n{}\n--- actual\n{}\n", expected.join("\n"), lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

/// A member of an answer.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A browser in which a developer is signed in.
fn signed_in(server: &Server) -> Browser<'_> {
    signed_in_as(server, "matti")
}

fn signed_in_as<'s>(server: &'s Server, name: &str) -> Browser<'s> {
    let mut browser = Browser::new(server);
    let page = browser.open(&format!("{}registeruser", server.base));
    let shown = browser.submit(&page, &[("username", name), ("password", "salasana")]);
    assert_eq!(shown.status, 200, "{}", shown.html);
    browser
}

/// The same on every answer of a kind.
const JSON: [(&str, &str); 9] = [
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate, no-store"),
    ("pragma", "no-cache, no-cache"),
    ("expires", "0"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "Sandbox-Reason"),
    ("content-type", "application/json;charset=UTF-8"),
];

fn kind(response: &Response) -> &'static str {
    let has = |(name, value): &(&str, &str)| response.headers().get(*name).is_some_and(|found| found == value);
    let policy = response.headers().get("content-security-policy").and_then(|policy| policy.to_str().ok());
    if JSON.iter().all(has) && has(&("content-language", "en-US")) {
        "[json]"
    } else if JSON[..8].iter().all(has) && !response.headers().contains_key("content-type") {
        "[empty]"
    } else if policy
        .is_some_and(|policy| policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"))
        && has(&("x-frame-options", "DENY"))
        && has(&("cache-control", "no-store"))
        && has(&("x-content-type-options", "nosniff"))
        && has(&("referrer-policy", "same-origin"))
    {
        "[page]"
    } else if response.headers().contains_key("location") && has(&("cache-control", "no-store")) {
        "[redirect]"
    } else {
        panic!("headers of no known kind: {:?}", response.headers())
    }
}

/// Status, headers and body.
fn facts(response: Response) -> String {
    let kind = kind(&response);
    let mut text = format!("{} {kind}", response.status().as_u16());
    for name in ["www-authenticate", "allow", "location", "sandbox-reason"] {
        if let Some(value) = response.headers().get(name) {
            text += &format!("\n{name}: {}", value.to_str().unwrap());
        }
    }
    let body = response.text().unwrap();
    let body = if kind == "[page]" { page(&body) } else { body };
    format!("{text}\n{body}")
}

/// The same of a page in a browser.
fn brief(shown: &Shown) -> String {
    let reason = shown.reason.as_ref().map(|reason| format!("\nsandbox-reason: {reason}")).unwrap_or_default();
    let location = shown.location.as_ref().map(|location| format!("\nlocation: {location}")).unwrap_or_default();
    format!("{}{location}{reason}\n{}", shown.status, page(&shown.html))
}

/// Heading, problem and technical details of a page. Nothing that was sent may be markup there.
fn page(html: &str) -> String {
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    let found = |pattern: &str| -> Vec<String> {
        let pattern = Regex::new(pattern).unwrap();
        let plain = Regex::new("<[^>]*>").unwrap();
        let words = |text: &str| plain.replace_all(text, " ").split_whitespace().collect::<Vec<_>>().join(" ");
        pattern.captures_iter(html).map(|captures| words(&captures[1])).collect()
    };
    let mut lines = found(r"(?s)<h1>(.*?)</h1>");
    lines.extend(found(r#"(?s)role="alert">(.*?)</(?:p|div)>"#));
    lines.extend(
        found(r#"(?s)<div><dt class="code">(.*?</dt>.*?)</dd>"#).into_iter().filter(|fact| fact.starts_with("error")),
    );
    lines.join("\n")
}
