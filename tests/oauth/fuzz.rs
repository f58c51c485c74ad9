//! Hostile requests to every endpoint of the authorization server: whatever is sent, the server never fails, never
//! redirects to an address that is not registered, and never repeats markup. `PHR_FUZZ_REQUESTS` sets how many are
//! sent (the long run is 50 000).

use crate::server::{CALLBACK, PROFESSIONAL, SCOPE, Server};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use reqwest::Method;
use serde_json::Value;

/// How many requests a run of `cargo test` sends.
const SHORT: usize = 1_500;

#[derive(Clone, Debug)]
struct Hostile {
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

impl Hostile {
    /// Whether a real person's code stands where none may be repeated: in an address or a field for codes, but not in
    /// what error texts must quote, nor in `state`, which is the application's.
    fn has_code_only_where_it_belongs(&self) -> bool {
        const QUOTED: [&str; 4] = ["state", "redirect_uri", "client_id", "response_type"];
        let has_code = |value: &String| value.contains("010180-123N");
        let form: &[(String, String)] = if let Body::Form(pairs) = &self.body { pairs } else { &[] };
        let in_form = |(name, value): &(String, String)| {
            has_code(value) && !["user", "personal_identity_code"].contains(&name.as_str())
        };
        let quoted =
            |(name, value): &(String, String)| has_code(name) || (has_code(value) && QUOTED.contains(&name.as_str()));
        !form.iter().any(in_form) && !self.query.iter().any(quoted) && !self.path.contains("010180")
    }
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Form(Vec<(String, String)>),
    Json(String),
    Bytes(Vec<u8>, &'static str),
}

/// What is known of the running server and worth trying: ids, tokens, codes.
struct Known(Vec<String>);

fn path(known: &Known) -> impl Strategy<Value = String> + use<> {
    const PATHS: [&str; 34] = [
        "authorize",
        "authorize",
        "authorize",
        "authorize",
        "authorize/identification",
        "authorize/attributes",
        "authorize/terms",
        "authorize/consent",
        "../citizen/sign-in",
        "../citizen/attributes",
        "../citizen/add/weight",
        "../citizen/terms",
        "../citizen/measurements/other",
        "../citizen/applications/withdraw",
        "token",
        "token",
        "token",
        "introspect",
        "revoke",
        "userinfo",
        "register",
        "register/",
        "jwk",
        ".well-known/openid-configuration",
        ".well-known/smart-configuration",
        "registeruser",
        "login",
        "logout",
        "endsession",
        "manage/",
        "manage/new",
        "manage/open",
        "manage/client/",
        "",
    ];
    let tail = known_or_odd(known);
    (prop::sample::select(&PATHS[..]), tail).prop_map(|(path, tail)| match path {
        "register/" | "manage/client/" => {
            format!("{path}{}", percent_encoding::utf8_percent_encode(&tail, percent_encoding::NON_ALPHANUMERIC))
        }
        path => path.to_owned(),
    })
}

fn known_or_odd(known: &Known) -> BoxedStrategy<String> {
    let odd = prop::sample::select(
        &[
            "",
            " ",
            "\0",
            "\r\nLocation: https://evil.example/",
            "\"><script>alert(1)</script>",
            "%00",
            "%",
            "&",
            "=",
            "..",
            "../../",
            "https://evil.example/",
            "//evil.example",
            "javascript:alert(1)",
            "https://app.example/cb#",
            "https://app.example/cb/",
            "\u{202e}",
            "\u{1F980}",
            "null",
            "undefined",
            "0",
            "-1",
            "9999999999999999999999",
            "{{7*7}}",
            "${7*7}",
            "' OR 1=1 --",
            "eyJhbGciOiJub25lIn0.e30.",
            "010180-123N",
            "010180-9004",
            "S256",
            "plain",
            "none",
            "login",
            "consent",
            "code",
            "token",
            "code id_token",
            "openid",
            "patient/*.read",
            "patient/*.cruds",
            "patient/Observation.r patient/Observation.rs?category=vital-signs",
            "patient/Observation.dus",
            "approve",
            "deny",
            "cancel",
            "accept",
            "refuse",
            "switch",
            "identify",
            "a=b",
            ":",
            "diary:s3cret",
        ][..],
    );
    prop_oneof![
        4 => prop::sample::select(known.0.clone()),
        4 => odd.prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[ -~]{0,300}",
        1 => Just("a".repeat(3_000)),
    ]
    .boxed()
}

fn parameters(known: &Known) -> impl Strategy<Value = Vec<(String, String)>> + use<> {
    const NAMES: [&str; 46] = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "aud",
        "prompt",
        "code_challenge",
        "code_challenge_method",
        "user_id",
        "user",
        "sandbox_decision",
        "sandbox_cookie",
        "sandbox_lang",
        "ui_locales",
        "grant_type",
        "code",
        "code_verifier",
        "client_secret",
        "refresh_token",
        "client_assertion",
        "client_assertion_type",
        "token",
        "token_type_hint",
        "access_token",
        "csrf",
        "decision",
        "citizen",
        "personal_identity_code",
        "version",
        "username",
        "password",
        "client_name",
        "redirect_uris",
        "kind",
        "refresh",
        "scope.openid",
        "contacts",
        "registration_access_token",
        "token_endpoint_auth_method",
        "sandbox_oid",
        "logo_uri",
        "saved",
        "post_logout_redirect_uri",
        "id_token_hint",
    ];
    let name = prop_oneof![12 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    let random = prop::collection::vec((name, known_or_odd(known)), 0..7);
    // A request that is right but for some parameters gets further than one that is all noise.
    let base = prop::sample::select(vec![
        vec![],
        vec![("response_type", "code"), ("client_id", "diary"), ("redirect_uri", CALLBACK), ("scope", SCOPE)],
        vec![("response_type", "code"), ("client_id", "other"), ("redirect_uri", "app.diary:/cb")],
        vec![("client_id", "diary"), ("client_secret", "s3cret"), ("grant_type", "authorization_code")],
        vec![("client_id", "diary"), ("client_secret", "s3cret"), ("grant_type", "refresh_token")],
        vec![("client_id", "professional"), ("client_secret", "s3cret"), ("grant_type", PROFESSIONAL)],
        vec![("client_id", "diary"), ("client_secret", "s3cret")],
    ]);
    (base, random, any::<bool>()).prop_map(|(base, random, replace)| {
        let mut all: Vec<(String, String)> =
            base.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for (name, value) in random {
            if replace {
                all.retain(|(known, _)| *known != name);
            }
            all.push((name, value));
        }
        all
    })
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(&["https://site.example/cb", "authorization_code", "code", "openid", "none"][..])
            .prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let name = prop::sample::select(
        &[
            "client_id",
            "client_name",
            "redirect_uris",
            "scope",
            "grant_types",
            "response_types",
            "contacts",
            "logo_uri",
            "token_endpoint_auth_method",
            "sandbox_oid",
            "sandbox_description",
            "policy_uri",
            "client_uri",
        ][..],
    );
    let object = prop::collection::btree_map(name.prop_map(str::to_owned), value, 0..7);
    let object = object.prop_map(|members| Value::Object(members.into_iter().collect()).to_string());
    (object, 0..400_usize, 0..4_u8).prop_map(|(text, cut, whether)| {
        // Now and then the text ends too early.
        if whether == 0 { text.chars().take(cut).collect() } else { text }
    })
}

fn hostile(known: &Known) -> impl Strategy<Value = Hostile> + use<> {
    let body = prop_oneof![
        2 => Just(Body::None),
        5 => parameters(known).prop_map(Body::Form),
        2 => json().prop_map(Body::Json),
        1 => (
            prop::collection::vec(any::<u8>(), 0..200),
            prop::sample::select(&[
                "application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data", "\u{0}",
            ][..]),
        )
            .prop_map(|(bytes, content_type)| Body::Bytes(bytes, content_type)),
    ];
    let header = (
        prop::sample::select(
            &[
                "authorization",
                "cookie",
                "origin",
                "sec-fetch-site",
                "accept-language",
                "accept",
                "content-type",
                "referer",
            ][..],
        ),
        known_or_odd(known),
        prop::sample::select(
            &["", "Bearer ", "Basic ", "phr_sandbox_session=", "phr_sandbox_developer=", "Digest "][..],
        ),
    )
        .prop_map(|(name, value, before)| (name, format!("{before}{value}")));
    let method = prop::sample::select(&["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"][..]);
    let fits = prop::bool::weighted(0.9);
    (method, fits, path(known), parameters(known), prop::collection::vec(header, 0..3), body).prop_map(
        |(method, fits, path, query, headers, body)| {
            let posts = method != "GET";
            let method = match path.as_str() {
                _ if !fits => method,
                "authorize" | "jwk" | "" => "GET",
                path if path.starts_with(".well-known") => "GET",
                path if path.starts_with("register/") && method == "POST" => "PUT",
                path if path.starts_with("register/") => method,
                "userinfo" | "registeruser" | "login" | "logout" | "endsession" if !posts => "GET",
                path if path.starts_with("manage/") && !posts => "GET",
                _ => "POST",
            };
            // Most paths want their parameters in one place only.
            let query = if path.starts_with("authorize") || matches!(body, Body::None) { query } else { Vec::new() };
            Hostile { method, path, query, headers, body }
        },
    )
}

/// Sends a request; what the client itself cannot send is passed over.
fn send(server: &Server, hostile: &Hostile) -> Option<reqwest::blocking::Response> {
    let encoded =
        |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mut url = format!("{}{}", server.base, hostile.path);
    if !hostile.query.is_empty() {
        url = format!("{url}?{}", encoded(&hostile.query));
    }
    let mut request = server.http.request(Method::from_bytes(hostile.method.as_bytes()).unwrap(), url);
    request = match &hostile.body {
        Body::None => request,
        Body::Form(pairs) => request.header("content-type", "application/x-www-form-urlencoded").body(encoded(pairs)),
        Body::Json(text) => request.header("content-type", "application/json").body(text.clone()),
        Body::Bytes(bytes, content_type) => match reqwest::header::HeaderValue::from_str(content_type) {
            Ok(content_type) => request.header("content-type", content_type).body(bytes.clone()),
            Err(_) => request.body(bytes.clone()),
        },
    };
    for (name, value) in &hostile.headers {
        if let Ok(value) = reqwest::header::HeaderValue::from_str(value) {
            request = request.header(*name, value);
        }
    }
    Some(request.send().expect("the server answers everything"))
}

#[test]
fn nothing_makes_the_server_fail_or_redirect_astray() {
    let count = std::env::var("PHR_FUZZ_REQUESTS").ok().map_or(SHORT, |count| count.parse().expect("a number"));
    let server = Server::start();
    server.set("introspection.allow", "own");
    let known = known(&server);
    let strategy = hostile(&known);
    let seed = std::env::var("PHR_FUZZ_SEED").ok().map_or(1, |seed| seed.parse().expect("a number"));
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut seeds = [0_u8; 32];
    seeds[..8].copy_from_slice(&u64::to_le_bytes(seed));
    let rng = TestRng::from_seed(config.rng_algorithm, &seeds);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut statuses = std::collections::BTreeMap::new();
    for number in 0..count {
        // The other ways of answering, and of judging.
        if number % 200 == 0 {
            let round = number / 200;
            server.set("errors.dialect", ["kela", "spring", "rfc"][round % 3]);
            server.set("smart.enabled", round % 4 == 3);
            server.set("parameters.empty", ["refuse", "ignore"][round % 2]);
            server.set("pkce", ["optional", "off", "required"][round % 3]);
            server.set("scope.unregistered", ["reject", "drop"][round % 2]);
            server.set("userinfo.style", ["patient", "oidc"][round % 2]);
            server.set("consent.remember", ["never", "until_revoked"][round % 2]);
        }
        let hostile = strategy.new_tree(&mut runner).expect("a request").current();
        let Some(response) = send(&server, &hostile) else { continue };
        let status = response.status().as_u16();
        *statuses.entry(status).or_insert(0_usize) += 1;
        assert!(status < 500, "{status} for {hostile:?}");
        if let Some(location) = response.headers().get("location") {
            let location = location.to_str().expect("ASCII");
            let ours = location.starts_with("/phr-authserver-sandbox/") || location.starts_with("/citizen/");
            let registered = [CALLBACK, "app.diary:/cb", "https://site.example/cb"];
            let theirs = registered
                .iter()
                .any(|uri| location.strip_prefix(uri).is_some_and(|rest| rest.is_empty() || rest.starts_with('?')));
            assert!(ours || theirs, "redirected to {location} by {hostile:?}");
        }
        let is_page =
            response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if is_page {
            assert!(response.headers().contains_key("content-security-policy"), "{hostile:?}");
            let html = response.text().expect("text").to_lowercase();
            assert!(!html.contains("<script"), "{hostile:?}");
            // What may be a real person's code is not repeated, wherever a code belongs.
            assert!(!html.contains("010180-123n") || !hostile.has_code_only_where_it_belongs(), "{hostile:?}");
        }
    }
    println!("{count} requests: {statuses:?}");
    // The run has reached more than the front door.
    for status in [200, 302, 400, 401, 403, 405] {
        assert!(statuses.contains_key(&status), "no {status} among {statuses:?}");
    }
    // And the server still works.
    server.set("smart.enabled", false);
    server.set("pkce", "optional");
    assert_eq!(server.redeem("diary", &server.code(&[])).status(), 200);
}

/// Ids, secrets, tokens, cookies of the running server.
fn known(server: &Server) -> Known {
    let tokens = server.tokens(&format!("openid {SCOPE}"));
    let made = server.register(r#"{"client_name":"Site","redirect_uris":["https://site.example/cb"]}"#);
    let mut words: Vec<String> =
        ["diary", "other", "professional", "s3cret", CALLBACK, "app.diary:/cb", SCOPE, "aino", "nuori", PROFESSIONAL]
            .into_iter()
            .map(str::to_owned)
            .collect();
    for name in ["access_token", "refresh_token", "id_token", "sub"] {
        words.push(tokens[name].as_str().unwrap().to_owned());
    }
    for name in ["client_id", "client_secret", "registration_access_token"] {
        words.push(made[name].as_str().unwrap().to_owned());
    }
    words.push(server.code_of("aino"));
    words.push(server.code_of("nuori"));
    words.push(server.code(&[]));
    let (tenant, now) = (&server.tenant, server.tenant.clock.now());
    let citizen = tenant.authorization.begin_session(None, Some("aino"), now, &tenant.random).unwrap();
    let developer = tenant.authorization.begin_developer_session(None, Some("matti"), now, &tenant.random).unwrap();
    for (cookie, session) in [citizen, developer] {
        words.push(cookie);
        words.push(session.csrf);
    }
    Known(words)
}
