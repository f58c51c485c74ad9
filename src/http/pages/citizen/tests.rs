//! Every page of the citizen's in every language, with kind and with hostile values.

use super::*;
use crate::http::pages::{Application, Language, LanguageLinks, Page};

const HOSTILE: &str = r#""><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"#;

fn around(language: Language, word: &str) -> Surroundings {
    let form =
        Form { action: word.to_owned(), csrf: word.to_owned(), hidden: vec![(word.to_owned(), word.to_owned())] };
    Surroundings {
        frame: Frame::new(language, LanguageLinks::keeping(None)),
        name: word.to_owned(),
        here: Here::Measurements,
        done: Some(Done::Stored),
        root: String::from("/citizen/"),
        sign_out: form,
    }
}

fn every_page(language: Language, word: &str) -> Vec<(&'static str, Page)> {
    let around = || around(language, word);
    let form = around().sign_out;
    let text = || word.to_owned();
    let amounts = || {
        let part = |part: Option<&str>| Amount {
            part: part.map(str::to_owned),
            number: 1.5,
            digits: String::from("1.50"),
            unit: text(),
        };
        vec![part(None), part(Some(word)), part(Some("8480-6"))]
    };
    let kind = || Kind::Other(text());
    let source = || Source::Application(text());
    let plot = || Plot::of([(0, amounts().as_slice()), (86_400_000, amounts().as_slice())]);
    let card = |kind| KindCard {
        kind,
        href: text(),
        newest: amounts(),
        words: Some(text()),
        when: text(),
        source: source(),
        plot: plot(),
    };
    let row = Row { when: text(), amounts: amounts(), words: Some(text()), source: Source::Unknown, href: text() };
    let confirm = |question| Confirm { around: around(), question, form: form.clone(), back: text() }.page();
    let rights = vec![String::from("patient/Observation.read"), text()];
    let problems = vec![
        EntryProblem::NoNumber { field: entry_field::VALUE },
        EntryProblem::OutOfRange { field: entry_field::LOWER, least: "0.1", most: "80" },
        EntryProblem::Future,
        EntryProblem::NoteTooLong,
        EntryProblem::Refused(text()),
    ];
    let values = EntryValues {
        value: text(),
        lower: text(),
        date: text(),
        time: text(),
        sensor: true,
        note: text(),
        latest: text(),
    };
    let entry = |kind| EntryForm {
        around: around(),
        kind,
        form: form.clone(),
        values: values.clone(),
        problems: problems.clone(),
        back: text(),
    };
    let application = Application {
        name: text(),
        logo_uri: Some(text()),
        contacts: vec![text()],
        description: Some(text()),
        home_page: Some(text()),
    };
    let given = GivenRight { application, scopes: rights.clone(), since: text(), withdraw: text() };
    let past = PastRight { application: text(), withdrawn: text() };
    let event = TermsEvent { version: text(), accepted: text(), withdrawn: Some(text()) };
    let terms = |accepted| OwnTerms {
        around: around(),
        version: Some(text()),
        accepted,
        accepted_before: Some(text()),
        events: vec![event.clone()],
        form: form.clone(),
        withdraw: text(),
    };
    let copy = Copy { base: "R4", path: text(), profiles: vec![text()], version_id: 2, stored: text(), json: text() };
    let all_kinds = [Kind::Weight, Kind::BloodPressure, Kind::BloodGlucose, Kind::Insulin, kind()];
    vec![
        ("overview", Overview { around: around(), cards: all_kinds.map(card).into() }.page()),
        ("empty overview", Overview { around: around(), cards: Vec::new() }.page()),
        (
            "measurements",
            Measurements {
                around: around(),
                kind: kind(),
                periods: vec![PeriodLink { period: Period::Month, href: text(), current: true }],
                plot: plot(),
                total: 2,
                newest_only: Some(1),
                rows: vec![row],
                newer: Some(text()),
                older: Some(text()),
                add: Some(text()),
            }
            .page(),
        ),
        (
            "item",
            Item {
                around: around(),
                kind: kind(),
                all: text(),
                when: text(),
                amounts: amounts(),
                words: Some(text()),
                notes: vec![text()],
                source: source(),
                narrative: Some(String::from("<p>safe</p>")),
                copies: vec![copy],
                delete: text(),
            }
            .page(),
        ),
        (
            "delete",
            confirm(Question::Delete {
                kind: kind(),
                when: text(),
                amounts: amounts(),
                words: Some(text()),
                source: source(),
            }),
        ),
        ("withdraw", confirm(Question::WithdrawRight { application: text(), scopes: rights })),
        ("withdraw terms", confirm(Question::WithdrawTerms { applications: vec![text()] })),
        ("pressure", entry(OwnKind::BloodPressure).page()),
        ("glucose", entry(OwnKind::BloodGlucose).page()),
        ("applications", Applications { around: around(), given: vec![given], past: vec![past] }.page()),
        ("professionals", Professionals { around: around(), said: Some((true, text())), form: form.clone() }.page()),
        ("terms", terms(true).page()),
        ("terms to accept", terms(false).page()),
    ]
}

#[test]
fn every_page_speaks_every_language_and_lets_nothing_in() {
    for language in Language::ALL {
        for (name, page) in every_page(language, "Sana") {
            let html = page.html();
            assert!(html.contains(&format!("<html lang=\"{}\">", language.code())), "{name}");
            assert!(html.contains("<h1>") && html.contains("Sana") && html.trim_end().ends_with("</html>"), "{name}");
            assert!(html.contains("<p class=\"saved\" role=\"status\">"), "{name}");
            assert!(page.content_security_policy().ends_with("form-action 'self'"), "{name}");
            assert!(!html.contains("style="), "{name}: the policy lets no style in");
        }
        for (name, page) in every_page(language, HOSTILE) {
            let html = page.html();
            assert!(!html.contains("<script") && !html.contains("<img"), "{name}: {html}");
        }
    }
}

#[test]
fn what_was_done_is_known_by_its_word() {
    for (word, done) in Done::WORDS {
        assert_eq!((Done::from_word(word), done.word()), (Some(done), word));
    }
    assert_eq!(Done::from_word("<b>"), None);
}
