//! What the endpoints beside authorize and token do when all is well, and how tokens end.

use crate::server::{Browser, CALLBACK, SCOPE, Server, error, location, wire};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

#[test]
fn introspection_tells_a_client_about_its_own_tokens() {
    let server = Server::start();
    server.set("introspection.allow", "own");
    let tokens = server.tokens(SCOPE);
    let introspect = |client: &str, token: &str| {
        let response = server.post_form("introspect", Some((client, "s3cret")), &[("token", token)]);
        assert_eq!(response.status(), 200);
        response.text().unwrap().replace(&text(&tokens, "sub"), "[sub]")
    };
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert_snapshot!(introspect("diary", &access), @r#"{"active":true,"scope":"offline_access patient/Observation.read patient/Observation.write","expires_at":"2026-06-01T13:00:00+0000","exp":1780318800,"sub":"[sub]","user_id":"[sub]","client_id":"diary","token_type":"Bearer"}"#);
    assert_snapshot!(introspect("diary", &refresh), @r#"{"active":true,"scope":"offline_access patient/Observation.read patient/Observation.write","sub":"[sub]","user_id":"[sub]","client_id":"diary","token_type":"Bearer"}"#);
    assert_eq!(introspect("other", &access), r#"{"active":false}"#);
    server.set("introspection.allow", "all");
    assert!(introspect("other", &access).starts_with(r#"{"active":true"#));
    server.tenant.withdraw("aino", "diary").unwrap();
    assert_eq!(introspect("diary", &access), r#"{"active":false}"#);
    assert_eq!(introspect("diary", &refresh), r#"{"active":false}"#);
    let document: Value = server.get(&format!("{}.well-known/openid-configuration", server.base)).json().unwrap();
    assert_eq!(document["introspection_endpoint"], format!("{}introspect", server.base));
}

#[test]
fn a_client_revokes_its_own_tokens() {
    let server = Server::start();
    let revoke = |token: &str| {
        let response = server.post_form(
            "revoke",
            None,
            &[("client_id", "diary"), ("client_secret", "s3cret"), ("token", token), ("token_type_hint", "nonsense")],
        );
        (response.status().as_u16(), response.text().unwrap())
    };
    let done = (200, String::new());
    let is_good = |tokens: &Value| server.tenant.access_by_token(&text(tokens, "access_token")).is_ok();
    let tokens = server.tokens(SCOPE);
    assert!(is_good(&tokens));
    assert_eq!(revoke(&text(&tokens, "access_token")), done);
    assert!(!is_good(&tokens));
    let again: Value = server.refresh("diary", &text(&tokens, "refresh_token"), &[]).json().unwrap();
    assert!(is_good(&again), "the refresh token lives on");
    assert_eq!(revoke(&text(&again, "refresh_token")), done);
    assert!(!is_good(&again), "and takes its access tokens along");
    assert_eq!(revoke(&text(&again, "refresh_token")), done, "a token that nobody knows is ended already");
    assert_eq!(revoke("nonsense"), done);
}

#[test]
fn userinfo_is_the_patient_as_recorded_or_claims() {
    let server = Server::start();
    let tokens = server.tokens("openid");
    let access = text(&tokens, "access_token");
    let patient: Value = server.bearer("GET", "userinfo", &access, "").json().unwrap();
    let sub = text(&tokens, "sub");
    assert_eq!(patient["resourceType"], "Patient");
    assert_eq!(patient["id"], sub.as_str());
    assert_eq!(patient["identifier"][0]["value"], format!("urn:uuid:{sub}"));
    assert_eq!(patient["meta"]["profile"], json!(["http://phr.kanta.fi/StructureDefinition/fiphr-patient-stu3"]));
    assert_eq!((&patient["active"], &patient["status"]), (&json!(true), &json!("ok")));
    assert!(patient.get("name").is_none());
    let by_post = server.http.post(format!("{}userinfo", server.base)).form(&[("access_token", &access)]);
    assert_eq!(by_post.send().unwrap().json::<Value>().unwrap(), patient);
    server.set("userinfo.style", "oidc");
    assert_snapshot!(wire(server.bearer("GET", "userinfo", &access, "")).replace(&sub, "[sub]"), @r#"
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

        {"sub":"[sub]"}
    "#);
}

#[test]
fn withdrawal_ends_access_tokens_at_once_or_when_they_expire() {
    let server = Server::start();
    let (first, now) = (server.tokens(SCOPE), server.tenant.clock.now());
    let access = |tokens: &Value| server.tenant.access_by_token(&text(tokens, "access_token")).map(|_| ());
    server.set("revocation.mode", "at_expiry");
    server.tenant.withdraw("aino", "diary").unwrap();
    assert_eq!(access(&first), Ok(()));
    assert_eq!(server.refresh("diary", &text(&first, "refresh_token"), &[]).status(), 401, "refreshing ends at once");
    server.set("revocation.mode", "immediate");
    assert!(access(&first).is_err());
    server.set("revocation.mode", "at_expiry");
    assert_eq!(access(&first), Ok(()));
    server.wait(3600);
    assert!(access(&first).is_err());
    assert!(server.tenant.clock.now() > now);
}

#[test]
fn a_client_is_registered_changed_and_removed_with_its_own_token() {
    let server = Server::start();
    let made = server.register(
        r#"{"client_name":"Site","redirect_uris":["https://site.example/cb"],"contacts":["a@site.example"],
            "grant_types":["authorization_code","refresh_token"],"client_id":"chosen","jwks_uri":"passed over",
            "scope":"patient/Observation.read registration-token patient/Patient.read","logo_uri":null}"#,
    );
    let (id, secret, token) =
        (text(&made, "client_id"), text(&made, "client_secret"), text(&made, "registration_access_token"));
    assert_eq!((id.len(), secret.len()), (36, 86));
    let shown = serde_json::to_string(&made).unwrap();
    let shown = shown.replace(&id, "[id]").replace(&secret, "[secret]").replace(&token, "[token]");
    assert_snapshot!(shown.replace(&server.base, "[issuer]"), @r#"{"client_id":"[id]","client_id_issued_at":1780315200,"client_name":"Site","client_secret":"[secret]","client_secret_expires_at":0,"client_uri":null,"code_challenge_method":null,"contacts":["a@site.example"],"default_acr_values":[],"default_max_age":60000,"grant_types":["authorization_code","refresh_token"],"initiate_login_uri":null,"jwks":null,"jwksType":"URI","jwks_uri":null,"logoId":null,"logo_uri":null,"policy_uri":null,"post_logout_redirect_uris":null,"redirect_uris":["https://site.example/cb"],"registration_access_token":"[token]","registration_client_uri":"[issuer]register/[id]","request_uris":[],"require_auth_time":true,"response_types":["code"],"scope":"patient/Observation.read offline_access","softwareId":null,"softwareVersion":null,"software_id":null,"software_statement":null,"software_version":null,"token_endpoint_auth_method":"client_secret_basic","tos_uri":null}"#);

    let path = format!("register/{id}");
    assert_eq!(server.bearer("GET", &path, &token, "").json::<Value>().unwrap(), made);
    // The client works at once, and with Basic as well as in the form.
    let changes =
        [("client_id", id.as_str()), ("redirect_uri", "https://site.example/cb"), ("scope", "offline_access")];
    let code = server.code(&changes);
    let redeem = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://site.example/cb")];
    let tokens: Value = server.post_form("token", Some((&id, &secret)), &redeem).json().unwrap();

    let change = json!({"client_id": id, "client_secret": "other", "redirect_uris": ["https://site.example/new"]});
    let changed: Value = server.bearer("PUT", &path, &token, &change.to_string()).json().unwrap();
    assert_eq!(changed["client_secret"], secret.as_str(), "a secret is not chosen");
    assert_eq!(changed["redirect_uris"], json!(["https://site.example/new"]));
    assert_eq!(changed["grant_types"], json!(["authorization_code"]));
    assert_eq!(changed["registration_access_token"], token.as_str());
    let old = server.get(&server.authorize(&changes));
    assert_eq!((old.status().as_u16(), location(&old)), (400, String::new()), "the former redirect URI is gone");

    let removed = server.bearer("DELETE", &path, &token, "");
    assert_eq!((removed.status().as_u16(), removed.text().unwrap()), (204, String::new()));
    assert!(server.tenant.access_by_token(&text(&tokens, "access_token")).is_err(), "its tokens end with it");
    assert_eq!(server.post_form("token", Some((&id, &secret)), &redeem).status(), 401);
}

#[test]
fn a_professional_application_reads_with_a_personal_identity_code() {
    let server = Server::start();
    let citizen = server.tokens("openid");
    server.permit_professional();
    let aino = server.code_of("aino");
    let made: Value = server.professional("professional", &[("user", &aino)]).json().unwrap();
    let names: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "scope", "sub", "token_type"], "no refresh token, no id_token");
    assert_eq!((&made["sub"], &made["scope"]), (&citizen["sub"], &json!("patient/Observation.read")));
    let info = server.tenant.access_by_token(&text(&made, "access_token")).unwrap();
    assert!(info.read.contains("Observation") && info.create.is_empty());
    let asked = [("user", aino.as_str()), ("scope", "patient/Observation.read")];
    assert_eq!(server.professional("professional", &asked).status(), 200);
    server.set("professional.grant_types", json!(["professional", "urn:example:pro"]));
    for alias in ["professional", "urn:example:pro"] {
        let request = [("grant_type", alias), ("user", aino.as_str())];
        assert_eq!(server.token("professional", &request).status(), 200, "{alias}");
    }
    // What it was given on ends it at once.
    let good = || server.tenant.access_by_token(&text(&made, "access_token")).is_ok();
    assert!(good());
    let (authorization, now) = (&server.tenant.authorization, server.tenant.clock.now());
    authorization.permit_professionals("aino", false, now).unwrap();
    assert!(!good());
    server.set("professional.require_permission", false);
    assert!(good());
    authorization.set_care_relationship("aino", "professional", false, now).unwrap();
    assert!(!good());
    server.set("revocation.mode", "at_expiry");
    assert!(good());
    server.tenant.withdraw("aino", "diary").unwrap();
    assert!(good(), "access rights of applications are another matter");
}

#[test]
fn smart_app_launch_is_a_choice() {
    let server = Server::start();
    server.set("smart.enabled", true);
    server.set("pkce", "off");
    for at in [server.base.clone(), format!("{}/phr-resourceserver/baseR4/", server.root())] {
        let document: Value = server.get(&format!("{at}.well-known/smart-configuration")).json().unwrap();
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]), "{at}");
        assert_eq!(document["token_endpoint"], format!("{}token", server.base));
        assert!(document["scopes_supported"].as_array().unwrap().contains(&json!("patient/Observation.rs")));
        assert!(document["capabilities"].as_array().unwrap().contains(&json!("permission-v2")));
    }
    let aud = format!("{}/phr-resourceserver/baseR4", server.root());
    let code = server.code(&[
        ("scope", "launch/patient openid offline_access patient/Observation.cruds"),
        ("aud", &aud),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]);
    let tokens: Value = server
        .token(
            "diary",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ],
        )
        .json()
        .unwrap();
    assert_eq!(tokens["scope"], "openid offline_access patient/Observation.cruds", "spelled as it was asked for");
    assert_eq!(tokens["patient"], tokens["sub"]);
    let info = server.tenant.access_by_token(&text(&tokens, "access_token")).unwrap();
    assert!(info.read.contains("Observation") && info.create.contains("Observation"));
    let less = [("scope", "patient/Observation.rs")];
    let fewer: Value = server.refresh("diary", &text(&tokens, "refresh_token"), &less).json().unwrap();
    assert_eq!(fewer["scope"], "patient/Observation.rs");
}

#[test]
fn how_clients_prove_themselves_can_be_narrowed() {
    let server = Server::start();
    let form = |parameters: &[(&str, &str)]| server.post_form("revoke", None, parameters).status().as_u16();
    let by_form = || form(&[("client_id", "diary"), ("client_secret", "s3cret"), ("token", "x")]);
    let by_basic = || server.post_form("revoke", Some(("diary", "s3cret")), &[("token", "x")]).status().as_u16();
    for (accept, expected) in
        [("any", (200, 200)), ("basic", (401, 200)), ("post", (200, 401)), ("registered", (200, 200))]
    {
        server.set("client_auth.accept", accept);
        assert_eq!((by_form(), by_basic()), expected, "{accept}");
    }
    let post = r#"{"redirect_uris":["https://site.example/cb"],"token_endpoint_auth_method":"client_secret_post"}"#;
    let made = server.register(post);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_eq!(form(&[("client_id", &id), ("client_secret", &secret), ("token", "x")]), 200);
    assert_eq!(server.post_form("revoke", Some((&id, &secret)), &[("token", "x")]).status(), 401);
}

#[test]
fn a_developer_registers_an_application_on_the_pages() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let sign_in = browser.open(&format!("{}manage/?sandbox_lang=en", server.base));
    assert!(sign_in.url.ends_with("/login"), "{}", sign_in.url);
    let make = browser.open(&format!("{}registeruser", server.base));
    assert!(make.html.contains("Make a developer account"), "the language is remembered");
    let list = browser.submit(&make, &[("username", "matti"), ("password", "salasana")]);
    assert!(list.html.contains("Nothing is registered yet."), "{}", list.html);
    let new = browser.open(&format!("{}manage/new", server.base));
    let made = browser.submit(
        &new,
        &[
            ("client_name", "Weight <b>diary"),
            ("redirect_uris", "https://site.example/cb\r\nhttp://localhost:3000/cb\r\n"),
            ("kind", "wellbeing"),
            ("refresh", "yes"),
            ("scope.openid", "yes"),
            ("scope.patient/Observation.read", "yes"),
            ("token_endpoint_auth_method", "client_secret_post"),
            ("sandbox_description", "Keeps track."),
        ],
    );
    assert!(made.url.ends_with("?saved=yes") && made.html.contains("<strong>Saved.</strong>"), "{}", made.url);
    assert!(made.html.contains("Weight &#60;b&#62;diary") && !made.html.contains("<b>diary"));
    let fact = |html: &str, name: &str| {
        let behind = html.split(&format!("<dt class=\"code\">{name}</dt>")).nth(1).unwrap();
        behind.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    let (id, secret, token) = (
        fact(&made.html, "client_id"),
        fact(&made.html, "client_secret"),
        fact(&made.html, "registration_access_token"),
    );
    let registered: Value = server.bearer("GET", &format!("register/{id}"), &token, "").json().unwrap();
    assert_eq!(registered["client_secret"], secret.as_str());
    assert_eq!(registered["scope"], "openid patient/Observation.read offline_access");
    assert_eq!(registered["redirect_uris"], json!(["https://site.example/cb", "http://localhost:3000/cb"]));
    assert_eq!(registered["token_endpoint_auth_method"], "client_secret_post");

    // Another developer opens it with the token, and makes it a professional one.
    let mut other = Browser::new(&server);
    let make = other.open(&format!("{}registeruser?sandbox_lang=en", server.base));
    let list = other.submit(&make, &[("username", "maija"), ("password", "salasana2")]);
    let page = other.submit(&list, &[("client_id", &id), ("registration_access_token", &token)]);
    assert!(page.html.contains(&secret));
    let changed = other.submit(
        &page,
        &[
            ("client_name", "Clinic"),
            ("kind", "professional"),
            ("scope.patient/Observation.read", "yes"),
            ("scope.openid", "yes"),
        ],
    );
    assert!(changed.url.ends_with("?saved=yes"), "{}", changed.html);
    let client = server.tenant.authorization.client(&id).unwrap();
    assert_eq!((client.name.as_str(), client.scope.to_string().as_str()), ("Clinic", "patient/Observation.read"));
    assert_eq!(client.grant_types(), ["urn:kanta-phr-sandbox:grant-type:professional"]);
    assert!(browser.open(&format!("{}manage/", server.base)).html.contains("Clinic"), "the first one still has it");

    let (action, fields) = remove_form(&changed.html);
    let gone = other.post(&action, &fields);
    assert!(gone.html.contains("Nothing is registered yet."), "{}", gone.html);
    assert!(server.tenant.authorization.client(&id).is_none());

    let asked = other.open(&format!("{}logout", server.base));
    let farewell = other.submit(&asked, &[("csrf", "ignored, the first counts")]);
    assert_eq!(farewell.status, 400, "a field twice");
    let (action, fields) = asked.form_with("csrf");
    let farewell = other.post(&action, &fields);
    assert!(farewell.html.contains("You are signed out") || farewell.html.contains("signed out"), "{}", farewell.html);
    assert!(other.open(&format!("{}manage/", server.base)).url.ends_with("/login"));
}

fn remove_form(html: &str) -> (String, Vec<(String, String)>) {
    let form = html.split("<details").nth(1).expect("a form for removal");
    let value = |name: &str| form.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csrf = form.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (value("action"), vec![("csrf".to_owned(), csrf)])
}

#[test]
fn signing_out_ends_the_citizens_session_too() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.authorize(&[]));
    browser.identify(&identification, &[("citizen", "aino")]);
    let before = browser.cookies.clone();
    let asked = browser.open(&format!("{}logout", server.base));
    let (action, fields) = asked.form_with("csrf");
    browser.post(&action, &fields);
    assert!(browser.open(&server.authorize(&[])).html.contains("name=\"citizen\""), "asked anew");
    let mut thief = Browser::new(&server);
    thief.cookies = before;
    assert!(thief.open(&server.authorize(&[])).html.contains("name=\"citizen\""), "the old cookie is worth nothing");
    let again = server.get(&format!("{}logout", server.base));
    assert_eq!(again.status(), 200, "nobody is there any more");
}

#[test]
fn the_developers_cookie_is_scoped_and_changes_at_sign_in() {
    let server = Server::start();
    let response = server.get(&format!("{}login", server.base));
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("phr_sandbox_developer="), "{cookie}");
    assert!(cookie.ends_with("; Path=/phr-authserver-sandbox/; HttpOnly; SameSite=Lax"), "{cookie}");
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let mut browser = Browser::new(&server);
    let make = browser.open(&format!("{}registeruser", server.base));
    let before = browser.cookies["phr_sandbox_developer"].clone();
    browser.submit(&make, &[("username", "matti"), ("password", "salasana")]);
    assert_ne!(browser.cookies["phr_sandbox_developer"], before, "a cookie planted before is worth nothing");
    let mut planted = Browser::new(&server);
    planted.cookies.insert("phr_sandbox_developer".into(), before);
    assert!(planted.open(&format!("{}manage/", server.base)).url.ends_with("/login"));
    // A developer's session is no citizen's.
    let mut mixed = Browser::new(&server);
    mixed.cookies.insert("phr_sandbox_session".into(), browser.cookies["phr_sandbox_developer"].clone());
    assert!(mixed.open(&server.authorize(&[])).html.contains("name=\"citizen\""));
}

#[test]
fn an_answer_never_says_which_part_of_the_credentials_was_wrong() {
    let server = Server::start();
    let body = |basic: (&str, &str)| {
        let answer = error(server.post_form("token", Some(basic), &[("grant_type", "refresh_token")]));
        answer.lines().filter(|line| !line.starts_with("sandbox-")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(body(("nobody", "s3cret")), body(("diary", "wrong")));
    let professional = |user: &str| server.professional("professional", &[("user", user)]).text().unwrap();
    assert_eq!(professional(&server.code_of("aino")), professional("010180-9004"), "who is a citizen, who is not");
}
