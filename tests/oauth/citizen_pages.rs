//! The citizen's own pages over HTTP: what they take, what they refuse, and whose they are.

use crate::server::{Browser, Server, Shown};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::records::{Access, ResourceType};

impl Server {
    pub fn own(&self, page: &str) -> String {
        format!("{}/citizen/{page}", self.root())
    }

    /// How many Observations a citizen has on a base.
    pub fn count(&self, citizen: &str, version: Version) -> usize {
        let pseudonym = self.tenant.citizens.get(citizen).unwrap().pseudonym;
        pseudonym.map_or(0, |patient| self.tenant.records().count(patient, version, ResourceType::Observation))
    }
}

/// A browser in which somebody has signed in to their pages.
pub fn signed_in<'s>(server: &'s Server, citizen: &str) -> Browser<'s> {
    let mut browser = Browser::new(server);
    let identification = browser.open(&server.own("?sandbox_lang=en"));
    let overview = browser.identify(&identification, &[("citizen", citizen)]);
    assert!(overview.html.contains("Your measurements"), "{}", overview.html);
    browser
}

/// The same after the terms are accepted.
pub fn ready<'s>(server: &'s Server, citizen: &str) -> Browser<'s> {
    let mut browser = signed_in(server, citizen);
    let terms = browser.open(&server.own("add/weight"));
    let form = browser.submit(&terms, &[("decision", "accept")]);
    assert!(form.html.contains("name=\"value\""), "on to what was wanted: {}", form.html);
    browser
}

pub fn enter(browser: &mut Browser<'_>, kind: &str, fields: &[(&str, &str)]) -> Shown {
    let url = browser.server.own(&format!("add/{kind}"));
    let form = browser.open(&url);
    browser.submit(&form, fields)
}

pub const NOW: [(&str, &str); 2] = [("date", "2026-06-01"), ("time", "15:00")];

#[test]
fn entries_are_stored_on_each_base_that_knows_them() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    assert_eq!(server.tenant.citizens.get("aino").unwrap().pseudonym, None, "looking gives no pseudonym");
    for (kind, fields, stu3, r4) in [
        ("weight", &[("value", "72,50")][..], 1, 1),
        ("blood-pressure", &[("value", "124"), ("lower", "82")], 2, 2),
        ("heart-rate", &[("value", "61")], 3, 2),
        ("blood-glucose", &[("value", "5.4"), ("method", "sensor")], 4, 3),
    ] {
        let stored = enter(&mut browser, kind, &[fields, &NOW].concat());
        assert_eq!(stored.status, 200, "{kind}: {}", stored.html);
        assert!(stored.html.contains("The result is stored.") && stored.html.contains("entered by yourself"), "{kind}");
        assert_eq!((server.count("aino", Version::Stu3), server.count("aino", Version::R4)), (stu3, r4), "{kind}");
    }
    let patient = server.tenant.citizens.get("aino").unwrap().pseudonym.unwrap();
    let pairs = [(String::from("patient"), patient.to_string()), (String::from("code"), String::from("29463-7"))];
    let found = server
        .tenant
        .records()
        .search(&Access::Citizen { patient }, Version::R4, ResourceType::Observation, &pairs)
        .unwrap();
    let mut text = Vec::new();
    found.hits[0].append_to(&mut text);
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains(r#""value":72.50,"unit":"kg""#), "the digits stay: {text}");
    assert!(text.contains(r#""effectiveDateTime":"2026-06-01T15:00:00+03:00""#), "{text}");
    let overview = browser.open(&server.own(""));
    for words in ["72.50\u{a0}kg", "124\u{a0}mmHg", "82\u{a0}mmHg", "61\u{a0}/min", "5.4\u{a0}mmol/l"] {
        assert_eq!(overview.html.matches(words).count(), 1, "once, though on two bases: {words}");
    }
}

#[test]
fn a_bad_entry_is_explained_and_nothing_is_stored() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    let long = "x".repeat(501);
    let date = |date: &'static str, time: &'static str| [("value", "70"), ("date", date), ("time", time)];
    let value = |value: &'static str| [[("value", value)].as_slice(), &NOW].concat();
    for (kind, fields, words) in [
        ("weight", value(""), "Write a number here"),
        ("weight", value("heavy"), "Write a number here"),
        ("weight", value("7e1"), "Write a number here"),
        ("weight", value("-70"), "Write a number here"),
        ("weight", value("1234567890123456789012345678901234567890"), "Write a number here"),
        ("weight", value("0"), "between 0.2 and 700"),
        ("weight", value("700,1"), "between 0.2 and 700"),
        ("heart-rate", value("9"), "between 10 and 400"),
        ("blood-glucose", [value("81"), vec![("method", "meter")]].concat(), "between 0.1 and 80"),
        ("blood-pressure", [value("80"), vec![("lower", "80")]].concat(), "must be lower"),
        ("blood-pressure", value("120"), "Write a number here"),
        ("weight", date("2026-06-01", "15:02").to_vec(), "in the future"),
        ("weight", date("1980-04-30", "12:00").to_vec(), "older than you are"),
        ("weight", date("2026-02-30", "12:00").to_vec(), "Choose the day"),
        ("weight", date("2026-06-01", "noon").to_vec(), "Choose the day"),
        // The clocks went from 03:00 to 04:00.
        ("weight", date("2026-03-29", "03:30").to_vec(), "Choose the day"),
        ("weight", [value("70"), vec![("note", "a\0b")]].concat(), "cannot be seen"),
        ("weight", [value("70"), vec![("note", "a\u{1b}[31mb")]].concat(), "cannot be seen"),
        ("weight", [value("70"), vec![("note", long.as_str())]].concat(), "too long"),
    ] {
        let shown = enter(&mut browser, kind, &fields);
        assert_eq!(shown.status, 400, "{kind} {fields:?}");
        assert!(shown.html.contains(words), "{kind} {fields:?}: {}", shown.html);
        assert!(shown.reason.as_ref().unwrap().starts_with("CITIZEN-ENTRY; "), "{:?}", shown.reason);
        assert!(
            shown.html.contains("aria-invalid=\"true\"") && shown.html.contains("<title>Error: "),
            "{kind} {fields:?}"
        );
    }
    let real = "010180-1232";
    let shown = enter(&mut browser, "weight", &[value("70"), vec![("note", real)]].concat());
    assert_eq!(shown.status, 400);
    assert!(shown.html.contains("personal identity code") && !shown.html.contains(real), "{}", shown.html);
    assert_eq!(server.count("aino", Version::R4) + server.count("aino", Version::Stu3), 0);
}

#[test]
fn what_is_typed_is_shown_as_text() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    let hostile = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>";
    let again =
        enter(&mut browser, "weight", &[("value", hostile), ("date", hostile), ("time", hostile), ("note", hostile)]);
    assert_eq!(again.status, 400);
    let stored = enter(&mut browser, "weight", &[[("value", "70"), ("note", hostile)].as_slice(), &NOW].concat());
    let item = stored.html.split("href=\"").find(|rest| rest.contains("/citizen/item/")).unwrap();
    let item = browser.open(&format!("{}{}", server.root(), item.split('"').next().unwrap()));
    assert_eq!(item.status, 200);
    let elsewhere =
        format!("measurements/other?type=Observation&system={hostile}&code={hostile}&period={hostile}&page={hostile}");
    let elsewhere = browser.open(&server.own(&elsewhere.replace(' ', "%20").replace('#', "%23")));
    for shown in [again, stored, item, elsewhere] {
        assert!(!shown.html.contains("<script") && !shown.html.contains("<img"), "{}", shown.html);
    }
}

#[test]
fn a_form_sent_twice_stores_once() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    let form = browser.open(&server.own("add/weight"));
    for _ in 0..2 {
        let stored = browser.submit(&form, &[[("value", "70")].as_slice(), &NOW].concat());
        assert_eq!(stored.status, 200);
    }
    assert_eq!((server.count("aino", Version::Stu3), server.count("aino", Version::R4)), (1, 1));
    let item = browser.open(&server.own("measurements/weight"));
    let address =
        item.html.split("href=\"").find(|rest| rest.contains("/citizen/item/")).unwrap().split('"').next().unwrap();
    let ask = browser.open(&format!("{}{address}/delete", server.root()));
    let (action, fields) = ask.form_with("csrf");
    // The first form with a token is that of signing out; the other one deletes.
    assert!(action.ends_with("sign-out"));
    for _ in 0..2 {
        let deleted = browser.post(&format!("{address}/delete"), &fields);
        assert!(deleted.html.contains("The result is deleted."), "{}", deleted.html);
    }
    assert_eq!((server.count("aino", Version::Stu3), server.count("aino", Version::R4)), (0, 0));
    assert_eq!(browser.open(&format!("{}{address}", server.root())).status, 404);
}

#[test]
fn nobody_sees_or_changes_what_is_another_citizens() {
    let server = Server::start();
    let mut aino = ready(&server, "aino");
    let stored = enter(&mut aino, "weight", &[[("value", "70")].as_slice(), &NOW].concat());
    let address =
        stored.html.split("href=\"").find(|rest| rest.contains("/citizen/item/")).unwrap().split('"').next().unwrap();
    let mut eino = ready(&server, "eino");
    enter(&mut eino, "weight", &[[("value", "90")].as_slice(), &NOW].concat());
    assert_eq!(eino.open(&format!("{}{address}", server.root())).status, 404);
    let own = eino.open(&server.own("")).form_with("csrf").1;
    let refused = eino.post(&format!("{address}/delete"), &own);
    assert_eq!(refused.status, 404);
    assert!(refused.reason.unwrap().starts_with("CITIZEN-NOT-FOUND;"));
    let unknown = eino.post("/citizen/item/r4/Observation/00000000-0000-4000-8000-000000000000/delete", &own);
    assert_eq!(unknown.status, 404);
    assert_eq!(server.count("aino", Version::R4), 1);
    let mut stranger = Browser::new(&server);
    for page in ["", "measurements/weight", "applications", "terms", "professionals", "add/weight"] {
        let shown = stranger.open(&server.own(page));
        assert!(shown.html.contains("name=\"personal_identity_code\""), "{page}");
    }
    stranger.post(&format!("{address}/delete"), &own);
    assert_eq!(server.count("aino", Version::R4), 1);
}

#[test]
fn a_forged_form_does_nothing() {
    let server = Server::start();
    let mut browser = signed_in(&server, "aino");
    let (_, mut fields) = browser.open(&server.own("professionals")).form_with("decision");
    fields.push(("decision".into(), "accept".into()));
    let without = browser.post("/citizen/professionals", &fields[1..]);
    assert_eq!(without.status, 403);
    assert!(without.reason.unwrap().starts_with("CITIZEN-CSRF;"));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let request = server.http.post(server.own("professionals")).header("cookie", &cookie).header(name, value);
        assert_eq!(request.body(body.clone()).send().unwrap().status(), 403, "{name}: {value}");
    }
    // A form of another session, and one without a cookie.
    let mut other = signed_in(&server, "eino");
    let stale = other.post("/citizen/professionals", &fields);
    assert!(stale.html.contains("Your measurements"), "the page that fits now");
    let bare = server.http.post(server.own("professionals")).body(body.clone()).send().unwrap();
    assert_eq!(bare.status(), 400);
    for citizen in ["aino", "eino"] {
        assert_eq!(server.tenant.authorization.professional_permission(citizen), None, "{citizen}");
    }
    assert!(browser.post("/citizen/professionals", &fields).html.contains("may now see your data"));
    let aino = server.tenant.citizens.get("aino").unwrap();
    assert!(server.tenant.professionals_allowed(&aino));
}

#[test]
fn the_cookie_is_for_these_pages_only_and_changes_with_every_step() {
    let server = Server::start();
    let response = server.http.get(server.own("sign-in")).send().unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (value, attributes) = cookie.split_once(';').unwrap();
    assert!(value.starts_with("phr_sandbox_citizen=") && value.len() > 60, "{value}");
    assert_eq!(attributes, " Path=/citizen/; HttpOnly; SameSite=Lax");
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    );
    let mut browser = Browser::new(&server);
    let identification = browser.open(&server.own("?sandbox_lang=en"));
    let mut seen = vec![browser.cookies["phr_sandbox_citizen"].clone()];
    let attributes = browser.submit(&identification, &[("citizen", "aino")]);
    seen.push(browser.cookies["phr_sandbox_citizen"].clone());
    let overview = browser.submit(&attributes, &[("decision", "continue")]);
    for old in &seen {
        assert_ne!(*old, browser.cookies["phr_sandbox_citizen"]);
        let mut planted = Browser::new(&server);
        planted.cookies.insert("phr_sandbox_citizen".into(), old.clone());
        assert!(planted.open(&server.own("")).html.contains("personal_identity_code"), "signed in nowhere");
    }
    // The authorization server knows nothing of this sign-in.
    assert!(browser.open(&server.authorize(&[])).html.contains("personal_identity_code"));
    let kept = browser.cookies["phr_sandbox_citizen"].clone();
    let (action, fields) = overview.form_with("csrf");
    assert!(browser.post(&action, &fields).html.contains("You are signed out"));
    let mut ended = Browser::new(&server);
    ended.cookies.insert("phr_sandbox_citizen".into(), kept);
    assert!(ended.open(&server.own("")).html.contains("personal_identity_code"));
}

#[test]
fn withdrawn_terms_end_every_right_and_are_asked_again() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    enter(&mut browser, "weight", &[[("value", "70")].as_slice(), &NOW].concat());
    let tokens = server.tenant.token_for("aino", "diary", None, &server.base).unwrap();
    assert!(server.tenant.access_by_token(&tokens.access_token).is_ok());
    let ask = browser.open(&server.own("terms/withdraw"));
    assert!(ask.html.contains("Weight &#60;diary&#62;"), "the applications that lose their rights: {}", ask.html);
    let fields = ask.form_with("csrf").1;
    assert!(browser.post("/citizen/terms/withdraw", &fields).html.contains("taken your acceptance back"));
    assert!(server.tenant.access_by_token(&tokens.access_token).is_err());
    assert_eq!(server.count("aino", Version::R4), 1, "the data stays");
    assert!(browser.open(&server.own("add/weight")).html.contains("name=\"decision\" value=\"accept\""));
    let consent = browser.open(&server.authorize(&[("user_id", &server.code_of("aino"))]));
    assert!(consent.form_with("decision").0.contains("/authorize/terms?"));
    assert!(browser.open(&server.own("applications")).html.contains("taken back"));
}

#[test]
fn terms_that_changed_while_the_page_was_open_are_not_accepted_unread() {
    let server = Server::start();
    let mut browser = signed_in(&server, "aino");
    let terms = browser.open(&server.own("terms"));
    server.set("terms.version", "2");
    let again = browser.submit(&terms, &[("decision", "accept")]);
    assert!(again.html.contains("Version 2"), "{}", again.html);
    assert!(server.tenant.authorization.terms_acceptances("aino").is_empty());
    browser.submit(&again, &[("decision", "accept")]);
    server.set("terms.version", "3");
    assert!(browser.open(&server.own("terms")).html.contains("changed since you accepted version 2"));
    server.set("terms.enabled", false);
    assert!(browser.open(&server.own("terms")).html.contains("No terms are asked"));
    assert!(browser.open(&server.own("add/weight")).html.contains("name=\"value\""));
}

#[test]
fn an_application_loses_its_rights_once() {
    let server = Server::start();
    let mut browser = signed_in(&server, "aino");
    assert!(browser.open(&server.own("applications")).html.contains("No application has access"));
    server.tenant.token_for("aino", "diary", None, &server.base).unwrap();
    let list = browser.open(&server.own("applications"));
    assert!(list.html.contains("search and read measurement results") && !list.html.contains("offline_access"));
    let ask = browser.open(&server.own("applications/withdraw?client_id=diary"));
    let mut fields = ask.form_with("csrf").1;
    fields.push(("client_id".into(), "diary".into()));
    for _ in 0..2 {
        assert!(browser.post("/citizen/applications/withdraw", &fields).html.contains("no access any more"));
    }
    assert_eq!(server.tenant.authorization.access_rights("aino")[0].withdrawals, 1);
    let nobody = browser.open(&server.own("applications/withdraw?client_id=nobody"));
    assert!(nobody.url.ends_with("/citizen/applications"), "{}", nobody.url);
}

#[test]
fn odd_addresses_are_answered_calmly() {
    let server = Server::start();
    let mut browser = ready(&server, "aino");
    enter(&mut browser, "weight", &[[("value", "70")].as_slice(), &NOW].concat());
    for (page, status) in [
        ("measurements/weight?period=x&page=99999999999999999999", 200),
        ("measurements/weight?page=0&period=30", 200),
        ("measurements/weight?page=18446744073709551615", 200),
        ("measurements/nothing", 404),
        ("measurements/other", 404),
        ("measurements/other?type=Patient&code=x", 404),
        ("measurements/other?type=Observation", 200),
        ("measurements/other?type=MedicationAdministration&code=%2C%7C%24%5C", 200),
        ("item/r5/Observation/x", 404),
        ("item/r4/Patient/x", 404),
        ("item/r4/Observation/x/delete", 404),
        ("add/steps", 404),
        ("terms?next=https://evil.example/", 200),
        ("?done=nonsense", 200),
        ("?a=1&a=2", 400),
        ("?a=%FF", 400),
        ("sign-out", 200),
    ] {
        let shown = browser.open(&server.own(page));
        assert_eq!(shown.status, status, "{page}: {}", shown.html);
        assert!(!shown.html.contains("evil.example/\"><input"), "{page}");
    }
    assert_eq!(browser.open(&format!("{}/citizen", server.root())).status, 200);
    let own = browser.open(&server.own("terms")).form_with("csrf").1;
    for page in ["terms", "professionals", "applications/withdraw", "add/weight"] {
        assert_eq!(browser.post(&format!("/citizen/{page}"), &own).status, 400, "{page}: a form without its fields");
    }
}

#[test]
fn an_application_describes_itself_in_the_language_of_the_page() {
    let server = Server::start();
    let new = serde_json::json!({
        "name": "Polyglot", "client_id": "polyglot", "redirect_uris": ["https://app.example/cb"],
        "scope": "patient/Observation.read", "description": "Counts steps.", "descriptions": {"sv": "Räknar steg."},
    });
    let new = serde_json::from_value(new).unwrap();
    server.tenant.authorization.add_client(new, &server.tenant.random).unwrap();
    server.tenant.accept_terms(&server.tenant.citizens.get("aino").unwrap()).unwrap();
    let mut browser = Browser::new(&server);
    for (language, words) in [("sv", "Räknar steg."), ("fi", "Counts steps."), ("en", "Counts steps.")] {
        let code = server.code_of("aino");
        let asked = [("client_id", "polyglot"), ("scope", "patient/Observation.read"), ("user_id", &code)];
        let consent = browser.open(&server.authorize(&[asked.as_slice(), &[("sandbox_lang", language)]].concat()));
        assert!(consent.html.contains(words), "{language}: {}", consent.html);
    }
}
