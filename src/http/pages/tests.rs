//! Every page in every language, with kind and with hostile values. With `PAGES_PREVIEW` naming a folder, the kind ones
//! are written there as files, to be looked at in a browser.

use super::*;
use axum::response::IntoResponse;

const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;{{ 7 * 7 }}"#;

fn frame(language: Language) -> Frame {
    let links = LanguageLinks::keeping(Some("client_id=9f2c&state=a%26b"));
    Frame { environment: Some(Environment::Sandbox), ..Frame::new(language, links) }
}

fn form() -> Form {
    Form {
        action: String::from("/phr-authserver-sandbox/authorize"),
        csrf: String::from("c5f0"),
        hidden: vec![(String::from("request"), String::from("r-1"))],
    }
}

fn citizens() -> Vec<CitizenChoice> {
    let people = [
        (
            "aino",
            "Aino Testinen",
            "140385-912T",
            41,
            "fi",
            "Measures blood pressure and weight daily; three years of data.",
        ),
        ("bertel", "Bertel Provström", "020660-904S", 66, "sv", "Type 2 diabetes, glucose before and after meals."),
        ("elina", "Elina Kokeilija-Hiekkaharju", "311299-933A", 26, "fi", "Nothing stored yet."),
        ("oskar", "Oskar Sandell", "010175-955L", 51, "sv", "Type 1 diabetes: insulin doses and carbohydrates."),
        ("nadia", "Nadia Esimerkki", "230594-918R", 32, "en", "Steps and sleep from two applications."),
        ("veikko", "Veikko Mallikas", "050938-9210", 88, "fi", "Old results, some without a time zone."),
        ("maarit", "Maarit Kuvitteellinen", "170770-9422", 56, "se", "Answers to questionnaires."),
        ("ilja", "Ilja Keksitty", "280202A903A", 24, "ru", ""),
        ("hanna", "Hanna Maria Sofia Pitkänimi-Äyräväinen af Sandhamn", "060688-966K", 38, "fi", "A very long name."),
        ("tuomas", "Tuomas Toinen", "111197-950M", 29, "fi", "Has withdrawn every access right."),
        ("leena", "Leena Lähde", "190455-929M", 71, "fi", "Thousands of records, for paging."),
        ("kim", "Kim Kolmas", "240981-9775", 45, "et", "Results on both bases."),
        ("sixten", "Sixten Sextio", "220610A966S", 16, "sv", "Turned sixteen this year."),
        ("minna", "Minna Alaikäinen", "030515A9128", 11, "fi", "Eleven years old."),
        ("vauva", "Vauva Uusi", "010626A9029", 1, "fi", "An infant."),
    ];
    let people = people.into_iter().map(|(id, name, code, age, language, description)| CitizenChoice {
        id: id.into(),
        name: name.into(),
        personal_identity_code: code.into(),
        age,
        language: language.into(),
        description: description.into(),
        description_in_english: true,
    });
    people.collect()
}

fn identification(language: Language) -> Identification {
    Identification {
        frame: frame(language),
        form: form(),
        application: Some("Weight diary".into()),
        citizens: citizens(),
        minimum_age: 16,
        typed: String::new(),
        problem: None,
    }
}

fn signed_in() -> SignedIn {
    SignedIn { name: "Aino Testinen".into(), may_switch: true }
}

fn terms(language: Language) -> Terms {
    Terms {
        frame: frame(language),
        form: form(),
        citizen: signed_in(),
        version: "2026-01".into(),
        accepted_before: Some("2025-06".into()),
        application: Some("Weight diary".into()),
    }
}

const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'%3E%3Ccircle cx='5' cy='5' r='3' fill='%23a3c'/%3E%3C/svg%3E";

fn consent(language: Language) -> Consent {
    let scopes = "openid patient/Observation.read patient/Observation.write patient/MedicationAdministration.read \
                  patient/QuestionnaireResponse.write offline_access profile";
    Consent {
        frame: frame(language),
        form: form(),
        citizen: signed_in(),
        application: Application {
            name: "Weight diary".into(),
            logo_uri: Some(LOGO.into()),
            contacts: vec!["support@weight-diary.test".into()],
            description: Some("Keeps track of your weight and draws a curve of it.\nMade for testing.".into()),
            home_page: Some("https://weight-diary.test/about".into()),
        },
        scopes: scopes.split_whitespace().map(String::from).collect(),
        returns_to: Some("app.weight-diary.test".into()),
    }
}

fn refusal(language: Language, kind: RefusalKind) -> Refusal {
    Refusal {
        frame: frame(language),
        status: 400,
        kind,
        rule: Some("AUTHZ-REDIRECT-2".into()),
        reason: Some("redirect_uri is not among the registered ones; register it or send one of them".into()),
        details: vec![
            Detail { name: "error".into(), value: "invalid_grant".into() },
            Detail { name: "redirect_uri".into(), value: "http://localhost:3000/callback/".into() },
        ],
        retry: Some("/".into()),
    }
}

fn farewell(language: Language) -> Farewell {
    Farewell { frame: frame(language), kind: FarewellKind::SignedOut, onward: Some("/".into()), note: None }
}

fn landing(language: Language) -> Landing {
    let addresses = [
        (AddressKind::Issuer, "http://127.0.0.1:8080/phr-authserver-sandbox/"),
        (AddressKind::Discovery, "http://127.0.0.1:8080/phr-authserver-sandbox/.well-known/openid-configuration"),
        (AddressKind::Stu3, "http://127.0.0.1:8080/phr-resourceserver/baseStu3"),
        (AddressKind::R4, "http://127.0.0.1:8080/phr-resourceserver/baseR4"),
        (AddressKind::OpenStu3, "http://127.0.0.1:8081/phr-resourceserver/baseStu3"),
        (AddressKind::OpenR4, "http://127.0.0.1:8081/phr-resourceserver/baseR4"),
        (AddressKind::Control, "http://127.0.0.1:8080/_sandbox"),
        (AddressKind::OpenApi, "http://127.0.0.1:8080/_sandbox/openapi.json"),
        (AddressKind::Certificate, "http://127.0.0.1:8080/_sandbox/ca.pem"),
        (AddressKind::TesterUi, "http://127.0.0.1:8080/phr-resourceserver-ui/"),
        (AddressKind::CitizenPages, "http://127.0.0.1:8080/citizen/"),
    ];
    Landing {
        frame: frame(language),
        version: "0.1.0".into(),
        clock: Some("2026-11-22 18:00".into()),
        addresses: addresses.map(|(kind, url)| Address { kind, url: url.into() }).into(),
        client: Some(ReadyClient {
            name: "Ready-made client".into(),
            client_id: "2b0f8a52-7f31-4d5c-9a0e-57b1f2f3a901".into(),
            client_secret: Some("c2FuZGJveC1zZWNyZXQtdGhhdC1vcGVucy1ub3RoaW5n".into()),
            redirect_uris: vec!["http://localhost:3000/callback".into(), "http://localhost:8000/callback".into()],
            scope: "offline_access patient/Observation.read patient/Observation.write".into(),
            try_it: Some("/phr-authserver-sandbox/authorize?response_type=code&client_id=2b0f".into()),
        }),
        citizens: citizens(),
        curl: Some("curl -s http://127.0.0.1:8080/_sandbox/tokens \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"citizen\":\"aino\",\"client_id\":\"2b0f8a52\",\"scope\":\"patient/Observation.read\"}'".into()),
    }
}

const KINDS: [RefusalKind; 11] = [
    RefusalKind::ClientMissing,
    RefusalKind::ClientUnknown,
    RefusalKind::ClientNotAllowed,
    RefusalKind::RedirectMissing,
    RefusalKind::RedirectMismatch,
    RefusalKind::BadParameter,
    RefusalKind::FormExpired,
    RefusalKind::UnderAge,
    RefusalKind::NotFound,
    RefusalKind::MethodNotAllowed,
    RefusalKind::Internal,
];

fn problems() -> [IdentificationProblem; 8] {
    [
        IdentificationProblem::Empty,
        IdentificationProblem::Malformed,
        IdentificationProblem::NoSuchDate,
        IdentificationProblem::NotSynthetic,
        IdentificationProblem::WrongCheckCharacter,
        IdentificationProblem::UnknownCitizen,
        IdentificationProblem::NothingChosen,
        IdentificationProblem::Other("Anything else.".into()),
    ]
}

/// The registration pages, with every value passed through `with`.
fn portal(frame: &Frame, with: impl Fn(&str) -> String) -> Vec<(String, Page)> {
    let form = || Form { action: with("/phr-authserver-sandbox/manage/new"), csrf: with("c5f0"), hidden: Vec::new() };
    let account = |kind, problem| Account {
        frame: frame.clone(),
        kind,
        form: form(),
        other: with("registeruser"),
        typed: with("matti"),
        problem,
    };
    let client = RegisteredClient {
        href: with("client/1"),
        name: with("Weight diary"),
        client_id: with("3f0f7f5e-8f0e-4b7e-9a52-8a1f4f6f0a11"),
        scope: with("openid offline_access patient/Observation.read patient/Observation.write"),
    };
    let list = |clients, open_failed| Registrations {
        frame: frame.clone(),
        developer: with("matti"),
        sign_out: with("logout"),
        new_client: with("new"),
        clients,
        form: form(),
        open_failed,
    };
    let scopes = ["openid", "profile", "patient/Observation.read", "patient/MedicationAdministration.write"];
    let registration = |credentials: bool, problem| RegistrationForm {
        frame: frame.clone(),
        developer: with("matti"),
        sign_out: with("logout"),
        list: with("manage/"),
        form: form(),
        credentials: credentials.then(|| Credentials {
            client_id: with("3f0f7f5e-8f0e-4b7e-9a52-8a1f4f6f0a11"),
            client_secret: with(&"aB3_".repeat(21)),
            registration_token: with(&"eyJraWQiOiJyc2ExIn0.".repeat(20)),
            registration_uri: with("http://127.0.0.1:8080/phr-authserver-sandbox/register/3f0f7f5e"),
        }),
        saved: credentials,
        values: RegistrationValues {
            client_name: with("Weight diary"),
            redirect_uris: with("http://localhost:3000/callback\nhttps://app.test/cb"),
            refresh: true,
            scopes: scopes
                .iter()
                .enumerate()
                .map(|(index, scope)| ScopeChoice { scope: with(scope), ticked: index > 1 })
                .collect(),
            description: with("Keeps track of your weight."),
            contacts: with("support@weight-diary.test"),
            logo_uri: with("https://weight-diary.test/logo.png"),
            ..RegistrationValues::default()
        },
        problem,
        remove: credentials.then(form),
    };
    let problem = RegistrationProblem {
        kind: RegistrationProblemKind::Fragment,
        value: Some(with("https://a.example/#x")),
        words: with("Redirect URI can not have a fragment"),
    };
    vec![
        ("sign-in".into(), account(AccountKind::SignIn, None).page()),
        ("make-account".into(), account(AccountKind::Make, Some(AccountProblem::Taken)).page()),
        ("sign-out".into(), SignOut { frame: frame.clone(), form: form(), goes_back: false }.page()),
        ("registrations".into(), list(vec![client.clone(), client], true).page()),
        ("registrations-empty".into(), list(Vec::new(), false).page()),
        ("registration-new".into(), registration(false, Some(problem)).page()),
        ("registration".into(), registration(true, None).page()),
    ]
}

/// Every page with pleasant values, by name.
fn pages(language: Language) -> Vec<(String, Page)> {
    let mut pages: Vec<(String, Page)> = vec![
        ("identification".into(), identification(language).page()),
        ("terms".into(), terms(language).page()),
        ("consent".into(), consent(language).page()),
        ("farewell".into(), farewell(language).page()),
        ("done".into(), Farewell { kind: FarewellKind::Done, onward: None, ..farewell(language) }.page()),
        ("landing".into(), landing(language).page()),
    ];
    pages.extend(portal(&frame(language), str::to_owned));
    for (number, problem) in problems().into_iter().enumerate() {
        let view = Identification { problem: Some(problem), typed: "210281-998".into(), ..identification(language) };
        pages.push((format!("problem-{number}"), view.page()));
    }
    for (number, kind) in KINDS.into_iter().enumerate() {
        pages.push((format!("refusal-{number}"), refusal(language, kind).page()));
    }
    let mut bare = consent(language);
    bare.application = Application {
        name: "Hyvä olo Öö".into(),
        logo_uri: Some("http://127.0.0.1:1/missing.png".into()),
        ..Default::default()
    };
    bare.scopes.truncate(2);
    bare.returns_to = None;
    bare.citizen.may_switch = false;
    bare.frame.environment = Some(Environment::Production);
    bare.frame.tenant = Some("suite-7".into());
    pages.push(("consent-bare".into(), bare.page()));
    bare.scopes.truncate(1);
    bare.application.logo_uri = None;
    pages.push(("consent-nothing".into(), bare.page()));
    let mut empty = identification(language);
    empty.citizens.clear();
    empty.application = None;
    pages.push(("identification-empty".into(), empty.page()));
    pages
}

#[test]
fn every_page_speaks_every_language_and_carries_the_banner() {
    for language in Language::ALL {
        let banner = match language {
            Language::Fi => "<strong>PAIKALLINEN HIEKKALAATIKKO</strong> – tämä ei ole Kanta-palvelu",
            Language::Sv => "<strong>LOKAL SANDLÅDA</strong> – det här är inte Kanta-tjänsterna",
            Language::En => "<strong>LOCAL SANDBOX</strong> – not the Kanta services",
        };
        for (name, page) in pages(language) {
            let html = page.html();
            assert!(html.contains(banner), "{name} {language:?}");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.code())), "{name}");
            assert_eq!(html.matches("<h1>").count(), 1, "{name} has one main heading");
            assert_eq!(html.matches("aria-current=\"true\"").count(), 1, "{name} marks its language");
            for other in Language::ALL {
                let link = format!("href=\"?client_id=9f2c&#38;state=a%26b&#38;sandbox_lang={}\"", other.code());
                assert!(html.contains(&link), "{name} links to itself in {other:?}");
            }
        }
    }
}

#[test]
fn nothing_in_a_page_is_blocked_by_its_own_policy() {
    let handler = regex::Regex::new(r"<[^>]*\son[a-z]+=").expect("a pattern");
    for (name, page) in pages(Language::En) {
        let html = page.html().to_lowercase();
        for blocked in ["<script", "<style", " style=", "javascript:", "<iframe", "<object", "<base", "@import"] {
            assert!(!html.contains(blocked), "{name} contains {blocked}");
        }
        assert!(!handler.is_match(&html), "{name} has an inline handler");
    }
}

#[test]
fn the_forms_carry_their_fields_and_decisions() {
    let html = identification(Language::En).page().html().to_owned();
    assert_eq!(
        html.matches("<form method=\"post\" action=\"/phr-authserver-sandbox/authorize\">").count()
            + html
                .matches("<form class=\"leave\" method=\"post\" action=\"/phr-authserver-sandbox/authorize\">")
                .count(),
        3
    );
    assert_eq!(html.matches("name=\"csrf\" value=\"c5f0\"").count(), 3);
    assert_eq!(html.matches("name=\"request\" value=\"r-1\"").count(), 3);
    assert_eq!(html.matches(&format!("name=\"{}\" value=", field::CITIZEN)).count(), citizens().len());
    assert!(html.contains(&format!("name=\"{}\"", field::PERSONAL_IDENTITY_CODE)));
    let decides = |html: &str, value: &str| html.contains(&format!("name=\"{}\" value=\"{value}\"", field::DECISION));
    assert!(decides(&html, decision::IDENTIFY) && decides(&html, decision::CANCEL));
    for html in [terms(Language::Fi).page().html(), consent(Language::Fi).page().html()] {
        assert!(decides(html, decision::ACCEPT) && decides(html, decision::REFUSE) && decides(html, decision::SWITCH));
        assert_eq!(html.matches("<form ").count(), html.matches(&format!("name=\"{}\"", field::CSRF)).count());
    }
    let mut fixed = consent(Language::Fi);
    fixed.citizen.may_switch = false;
    assert!(!decides(fixed.page().html(), decision::SWITCH));
}

#[test]
fn hostile_values_stay_text() {
    let evil = || String::from(HOSTILE);
    for language in Language::ALL {
        let mut frame = frame(language);
        frame.tenant = Some(evil());
        frame.links = LanguageLinks::keeping(Some(HOSTILE));
        let form = Form { action: evil(), csrf: evil(), hidden: vec![(evil(), evil())] };
        let citizen = SignedIn { name: evil(), may_switch: true };
        let person = CitizenChoice {
            id: evil(),
            name: evil(),
            personal_identity_code: evil(),
            age: u16::MAX,
            language: evil(),
            description: evil(),
            description_in_english: false,
        };
        let identification = Identification {
            frame: frame.clone(),
            form: form.clone(),
            application: Some(evil()),
            citizens: vec![person.clone()],
            minimum_age: 16,
            typed: evil(),
            problem: Some(IdentificationProblem::Other(evil())),
        };
        let terms = Terms {
            frame: frame.clone(),
            form: form.clone(),
            citizen: citizen.clone(),
            version: evil(),
            accepted_before: Some(evil()),
            application: Some(evil()),
        };
        let consent = Consent {
            frame: frame.clone(),
            form,
            citizen,
            application: Application {
                name: evil(),
                logo_uri: Some(format!("https://{HOSTILE}")),
                contacts: vec![evil()],
                description: Some(evil()),
                home_page: Some(format!("https://{HOSTILE}")),
            },
            scopes: vec![evil(), format!("patient/{HOSTILE}.read")],
            returns_to: Some(evil()),
        };
        let refusal = Refusal {
            frame: frame.clone(),
            status: 7,
            kind: RefusalKind::Other { title: evil(), happened: evil(), check: vec![evil()] },
            rule: Some(evil()),
            reason: Some(evil()),
            details: vec![Detail { name: evil(), value: evil() }],
            retry: Some(evil()),
        };
        let farewell =
            Farewell { frame: frame.clone(), kind: FarewellKind::Done, onward: Some(evil()), note: Some(evil()) };
        for (name, page) in portal(&frame, |_| evil()) {
            let html = page.html();
            assert!(!html.contains("<script") && !html.contains("<img src=x"), "{name}: {html}");
        }
        let landing = Landing {
            frame,
            version: evil(),
            clock: Some(evil()),
            addresses: vec![Address { kind: AddressKind::Control, url: evil() }],
            client: Some(ReadyClient {
                name: evil(),
                client_id: evil(),
                client_secret: Some(evil()),
                redirect_uris: vec![evil()],
                scope: evil(),
                try_it: Some(evil()),
            }),
            citizens: vec![person],
            curl: Some(evil()),
        };
        assert_eq!(refusal.page().status(), 500);
        let pages =
            [identification.page(), terms.page(), consent.page(), refusal.page(), farewell.page(), landing.page()];
        for page in pages {
            let html = page.html();
            assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
            assert!(html.contains("{{ 7 * 7 }}"), "no value is taken for a template");
        }
    }
}

#[test]
fn only_logos_and_links_a_browser_may_follow_are_used() {
    for (uri, shown) in [
        ("https://logo.test/a.png", Some("https://logo.test")),
        ("HTTP://Logo.test:8080?a.png", Some("http://logo.test:8080")),
        ("data:image/png;base64,AAAA", Some("data:")),
        ("data:text/html,hello", None),
        ("https://*", None),
        ("https://a b;script-src *", None),
        ("https://a.test:x/", None),
        ("https://", None),
        ("javascript:alert(1)", None),
        ("ÿ", None),
        ("", None),
    ] {
        let mut view = consent(Language::En);
        view.application.logo_uri = Some(uri.into());
        view.application.home_page = Some(uri.into());
        let page = view.page();
        assert_eq!(page.html().contains("<img "), shown.is_some(), "{uri}");
        let images = shown.map_or_else(|| "img-src 'self';".to_owned(), |source| format!("img-src 'self' {source};"));
        assert!(page.content_security_policy().contains(&images), "{uri}");
        let linked = uri.to_ascii_lowercase().starts_with("http");
        assert_eq!(page.html().contains("rel=\"noopener noreferrer\""), linked, "{uri}");
    }
}

#[test]
fn the_consent_page_hides_scopes_that_are_no_rights() {
    for language in Language::ALL {
        let page = consent(language).page();
        for hidden in ["openid", "offline_access", "profile", "patient/"] {
            assert!(!page.html().contains(hidden), "{hidden}");
        }
    }
}

#[test]
fn a_page_answers_with_strict_headers() {
    let response = consent(Language::Sv).page().into_response();
    let header = |name: &str| response.headers()[name].to_str().expect("text");
    assert_eq!(response.status(), 200);
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("content-language"), "sv");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(
        header("content-security-policy"),
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    );
    let refused = refusal(Language::Fi, RefusalKind::ClientUnknown).page();
    assert_eq!(
        refused.content_security_policy(),
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    );
    assert_eq!(refused.status(), 400);
    assert!(refused.with_form_action(FormAction::Own).content_security_policy().ends_with("form-action 'self'"));
}

#[test]
fn the_assets_of_a_page_are_served() {
    let html = farewell(Language::Fi).page().html().to_owned();
    for (name, content_type) in [("pages.css", "text/css; charset=utf-8"), ("icon.svg", "image/svg+xml")] {
        assert!(html.contains(&format!("href=\"/assets/{name}?v=")), "{html}");
        let response = asset(name).expect("an asset").into_response();
        assert_eq!(response.headers()["content-type"], content_type);
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
    assert_eq!(asset("../secret"), None);
    let mut elsewhere = farewell(Language::Fi);
    elsewhere.frame.base_path = "/t/suite-7".into();
    assert!(elsewhere.page().html().contains("href=\"/t/suite-7/assets/pages.css?v="));
}

#[test]
fn previews_are_written_where_asked() {
    let Some(folder) = std::env::var_os("PAGES_PREVIEW").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(folder.join("assets")).expect("a folder");
    for name in ["pages.css", "icon.svg"] {
        std::fs::write(folder.join("assets").join(name), asset(name).expect("an asset").bytes).expect("a file");
    }
    for language in Language::ALL {
        for (name, page) in pages(language) {
            let file = folder.join(format!("{name}.{}", language.code()));
            std::fs::write(file.with_added_extension("html"), page.html()).expect("a file");
            std::fs::write(file.with_added_extension("policy"), page.content_security_policy()).expect("a file");
        }
    }
}

#[test]
fn an_error_in_the_typed_code_stands_before_the_people() {
    for (problem, first) in [(None, false), (Some(IdentificationProblem::Malformed), true)] {
        let view = Identification { problem, ..identification(Language::Fi) };
        let page = view.page();
        let at = |text: &str| page.html().find(text).expect(text);
        assert_eq!(at("id=\"code\"") < at("id=\"people-heading\""), first);
        assert_eq!(page.html().matches("id=\"code\"").count(), 1);
    }
    assert!(!include_str!("../../../templates/pages.css").contains("scroll-behavior: smooth"));
}

#[test]
fn english_descriptions_say_so_on_other_pages() {
    assert!(identification(Language::Fi).page().html().contains("class=\"person-about\" lang=\"en\""));
    assert!(identification(Language::En).page().html().contains("class=\"person-about\">"));
}
