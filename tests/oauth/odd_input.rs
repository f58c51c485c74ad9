//! Input that no form of ours sends: names that rewrite sentences, long bodies, broken paths, other methods.

use crate::citizen_pages::{NOW, enter, ready};
use crate::server::{Browser, CALLBACK, Server, reason};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::records::{Access, ResourceType};
use serde_json::{Value, json};

fn metadata(name: &str) -> String {
    json!({"client_name": name, "redirect_uris": [CALLBACK], "scope": "patient/Observation.read"}).to_string()
}

#[test]
fn names_that_could_rewrite_a_page_are_not_registered() {
    let server = Server::start();
    let long = "x".repeat(201);
    for name in ["Diary\u{202e}elif", "a\u{2066}b", "a\u{200f}b", "a\nb", "a\0b", long.as_str()] {
        let response = server.bearer("POST", "register", "", &metadata(name));
        assert_eq!(response.status(), 400, "{name:?}");
        assert!(reason(&response).unwrap().starts_with("AUTH-REGISTRATION; name must be"), "{name:?}");
        assert_eq!(response.json::<Value>().unwrap()["error"], "invalid_client_metadata");
        let new = json!({"name": name, "redirect_uris": [CALLBACK], "scope": "openid"}).to_string();
        let url = format!("{}/_sandbox/clients", server.root());
        let response = server.http.post(url).header("content-type", "application/json").body(new).send().unwrap();
        assert_eq!(response.status(), 400, "{name:?}");
    }
    assert_eq!(server.register(&metadata(&long[1..]))["client_name"], long[1..]);
}

#[test]
fn a_name_written_from_right_to_left_stays_in_its_place() {
    let server = Server::start();
    let client = server.register(&metadata("יומן"));
    server.tenant.accept_terms(&server.tenant.citizens.get("aino").unwrap()).unwrap();
    let mut browser = Browser::new(&server);
    let code = server.code_of("aino");
    let asked = [("client_id", client["client_id"].as_str().unwrap()), ("scope", "patient/Observation.read")];
    let asked = [asked.as_slice(), &[("user_id", code.as_str()), ("sandbox_lang", "en")]].concat();
    let consent = browser.open(&server.authorize(&asked));
    for sentence in ["<h1>\u{2068}יומן\u{2069} asks for access", "these rights to \u{2068}יומן\u{2069}."] {
        assert!(consent.html.contains(sentence), "{sentence}: {}", consent.html);
    }
}

#[test]
fn the_registration_pages_want_a_name() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let account = browser.open(&format!("{}registeruser", server.base));
    let refused = browser.submit(&account, &[("username", "dev"), ("password", "short")]);
    assert_eq!(refused.status, 400);
    assert!(refused.reason.unwrap().starts_with("AUTH-DEVELOPER-ACCOUNT; a password has"));
    browser.submit(&account, &[("username", "dev"), ("password", "long enough")]);
    let form = browser.open(&format!("{}manage/new", server.base));
    for (name, words) in [("", "name is empty"), (" ", "name is empty"), ("a\u{202e}b", "name must be at most")] {
        let fields = [("client_name", name), ("redirect_uris", CALLBACK), ("scope.openid", "yes")];
        let refused = browser.submit(&form, &fields);
        assert_eq!(refused.status, 400, "{name:?}");
        assert!(refused.html.contains(words), "{name:?}: {}", refused.html);
        assert!(refused.reason.unwrap().starts_with("AUTH-REGISTRATION; "), "{name:?}");
    }
    assert!(server.tenant.authorization.clients_of("dev").is_empty());
}

#[test]
fn long_bodies_are_refused_by_the_surface_itself() {
    let server = Server::start();
    let long = format!("grant_type=x&padding={}", "x".repeat(3 << 20));
    for path in ["token", "revoke", "introspect", "register", "userinfo", "login", "authorize/consent"] {
        let request = server.http.post(format!("{}{path}", server.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(long.clone()).send().unwrap();
        assert!(response.status().is_client_error() && response.status() != 413, "{path}: {}", response.status());
        assert!(reason(&response).is_some(), "{path}");
    }
    let request = server.http.post(server.own("sign-in")).header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(long).send().unwrap();
    assert_eq!(response.status(), 400);
    assert!(reason(&response).unwrap().starts_with("AUTH-PARAMETERS-TOO-LONG;"));
}

#[test]
fn a_flood_of_parameters_is_refused_before_it_costs_anything() {
    let server = Server::start();
    let flood: String = (0..400_000).map(|index| format!("p{index}=1&")).collect();
    let few: String = (0..1_001).map(|index| format!("p{index}=1&")).collect();
    for path in ["token", "revoke", "introspect", "userinfo", "endsession"] {
        for (body, rule) in [(&flood, "AUTH-PARAMETERS-TOO-LONG;"), (&few, "AUTH-PARAMETERS-TOO-MANY;")] {
            let request = server.http.post(format!("{}{path}", server.base));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let response = request.body(body.clone()).send().unwrap();
            assert_eq!(response.status(), 400, "{path}");
            assert!(reason(&response).unwrap().starts_with(rule), "{path}: {:?}", reason(&response));
        }
    }
    for (url, body) in [(server.own("sign-in"), flood), (format!("{}login", server.base), few.clone())] {
        let request = server.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().unwrap();
        assert_eq!(response.status(), 400);
        assert!(reason(&response).unwrap().starts_with("AUTH-PARAMETERS-TOO-"));
    }
    for url in [format!("{}&{few}", server.authorize(&[])), format!("{}?{few}", server.own(""))] {
        let response = server.get(&url);
        assert_eq!(response.status(), 400);
        assert!(reason(&response).unwrap().starts_with("AUTH-PARAMETERS-TOO-MANY;"));
    }
    assert_eq!(server.redeem("diary", &server.code(&[])).status(), 200);
}

#[test]
fn paths_that_are_no_text_name_nothing() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    for page in ["add/%ff", "measurements/%ff", "item/r4/Observation/%ff", "item/%ff/%ff/%ff/delete"] {
        let shown = browser.open(&server.own(page));
        assert_eq!(shown.status, 404, "{page}");
        assert!(shown.reason.unwrap().starts_with("CITIZEN-NOT-FOUND;") && shown.html.contains("<h1"), "{page}");
    }
    let token = server.register(&metadata("Diary"))["registration_access_token"].as_str().unwrap().to_owned();
    let response = server.bearer("GET", "register/%ff", &token, "");
    assert_eq!(response.status(), 403);
    assert!(reason(&response).unwrap().starts_with("AUTH-REGISTRATION-CLIENT;"));
    let mut developer = Browser::new(&server);
    let account = developer.open(&format!("{}registeruser", server.base));
    developer.submit(&account, &[("username", "dev"), ("password", "long enough")]);
    let shown = developer.open(&format!("{}manage/client/%ff", server.base));
    assert_eq!(shown.status, 404);
    assert!(shown.reason.unwrap().starts_with("AUTH-REGISTRATION-CLIENT;"));
    let response = server.get(&format!("{}/_sandbox/citizens/%ff", server.root()));
    assert_eq!(response.status(), 404);
    assert!(reason(&response).is_some());
}

#[test]
fn other_methods_are_told_which_there_are() {
    let server = Server::start();
    let response = server.bearer("PATCH", "register/x", "", "{}");
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"GET, PUT, DELETE".parse().unwrap()));
    assert!(reason(&response).unwrap().starts_with("AUTH-METHOD;"));
    assert_eq!(response.json::<Value>().unwrap()["error"], "method_not_allowed");
    let response = server.bearer("PUT", "authorize", "", "");
    assert_eq!(response.status(), 405);
    assert!(reason(&response).unwrap().starts_with("HTTP-METHOD;"));
}

#[test]
fn head_makes_no_code() {
    let server = Server::start();
    let aino = server.code_of("aino");
    let url = server.authorize(&[("user_id", &aino), ("sandbox_decision", "approve")]);
    let response = server.http.head(url).send().unwrap();
    assert_eq!(response.status(), 405);
    assert!(!response.headers().contains_key("location"));
    assert!(reason(&response).unwrap().starts_with("AUTH-METHOD;"));
    assert!(server.tenant.authorization.access_rights("aino").is_empty());
}

#[test]
fn glucose_is_measured_in_one_of_two_ways() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    for method in [&[][..], &[("method", "")], &[("method", "guess")]] {
        let refused = enter(&mut browser, "blood-glucose", &[&[("value", "5.4")], method, &NOW].concat());
        assert_eq!(refused.status, 400, "{method:?}");
        assert!(refused.reason.unwrap().starts_with("CITIZEN-FORM;"), "{method:?}");
    }
    assert_eq!(server.count("aino", Version::R4), 0);
}

#[test]
fn of_an_hour_that_comes_twice_the_first_is_meant() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    let stored = enter(&mut browser, "weight", &[("value", "70"), ("date", "2025-10-26"), ("time", "03:30")]);
    assert_eq!(stored.status, 200);
    let patient = server.tenant.citizens.get("aino").unwrap().pseudonym.unwrap();
    let pairs = [(String::from("patient"), patient.to_string())];
    let records = server.tenant.records();
    let found = records.search(&Access::Citizen { patient }, Version::R4, ResourceType::Observation, &pairs).unwrap();
    let mut text = Vec::new();
    found.hits[0].append_to(&mut text);
    assert!(std::str::from_utf8(&text).unwrap().contains("2025-10-26T03:30:00+03:00"));
}
