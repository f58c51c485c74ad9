//! Judging ends, without a panic and with work that grows as the input does, whatever the input is.
//!
//! `MUTATIONS=1000000 cargo test --release --test validation_hostile` changes the trees of so many examples instead of 300.
//! Growth is told by the time that eight times the input takes: 64 times as long when work grows with the square.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Source};
use kanta_phr_sandbox::fhir::path::{Context, Expression, Node, normalised};
use kanta_phr_sandbox::fhir::validation::{Finding, Options, Questionnaires, validate};
use kanta_phr_sandbox::json::{Document, MAX_DEPTH};
use kanta_phr_sandbox::time::monotonic;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn judge(version: Version, text: &str, options: &Options) -> Vec<Finding> {
    match Document::parse(text) {
        Ok(document) => validate(Definitions::embedded(version), &document, options),
        Err(_) => Vec::new(),
    }
}

fn examples() -> Vec<(Version, Value)> {
    let mut examples = Vec::new();
    for version in Version::ALL {
        for kind in ["valid", "invalid"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(version.as_str()).join(kind);
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                // Some of them are no JSON.
                examples.extend(serde_json::from_str(&text).ok().map(|example| (version, example)));
            }
        }
    }
    assert!(examples.len() > 100);
    examples
}

/// One change of a tree: where, what, with what.
type Change = (prop::sample::Index, u8, prop::sample::Index);

/// All places of a tree, as JSON pointers.
fn places(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                self::places(member, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                self::places(item, format!("{here}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(here);
}

fn change(tree: &mut Value, (at, what, with): &Change) {
    let mut all = Vec::new();
    places(tree, String::new(), &mut all);
    let other = tree.pointer(&all[with.index(all.len())]).cloned().unwrap_or(Value::Null);
    let Some(target) = tree.pointer_mut(&all[at.index(all.len())]) else { return };
    const PIECES: [&str; 12] = [
        "",
        " ",
        "#",
        "#a",
        "urn:uuid:x",
        "Patient/1",
        "http://loinc.org",
        "2026-02-30",
        "a|b",
        "\u{fffd}",
        "1e999",
        "-0",
    ];
    *target = match what % 12 {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!([target.take()]),
        4 => json!({"extension": [{"url": "http://app.test/a", "valueString": "a"}], "value": target.take()}),
        5 => other,
        6 => Value::String(with.get(&PIECES).to_string()),
        7 => json!(with.index(1 << 20)),
        8 => json!(true),
        9 => match target.take() {
            Value::Array(items) => Value::Array(items.iter().chain(&items).cloned().collect()),
            Value::Object(members) => renamed(members, with),
            simple => simple,
        },
        10 => match target.take() {
            Value::Object(mut members) => {
                let key = members.keys().nth(with.index(members.len().max(1))).cloned();
                key.map(|key| members.remove(&key));
                Value::Object(members)
            }
            other => json!([other, null]),
        },
        _ => match target.take() {
            Value::Object(mut members) => {
                let key = members.keys().nth(with.index(members.len().max(1))).cloned().unwrap_or_default();
                members.insert(format!("_{key}"), other);
                Value::Object(members)
            }
            simple => simple,
        },
    };
}

/// The members with one key that belongs to another element.
fn renamed(members: Map<String, Value>, with: &prop::sample::Index) -> Value {
    const KEYS: [&str; 12] = [
        "value",
        "valueQuantity",
        "valueString",
        "extension",
        "modifierExtension",
        "contained",
        "resourceType",
        "url",
        "reference",
        "item",
        "answer",
        "effectivePeriod",
    ];
    let picked = with.index(members.len().max(1));
    let renamed = members.into_iter().enumerate().map(|(index, (key, value))| match index == picked {
        true => (with.get(&KEYS).to_string(), value),
        false => (key, value),
    });
    Value::Object(renamed.collect())
}

fn cases() -> u32 {
    std::env::var("MUTATIONS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_tree_panics(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>()), 1..6),
    ) {
        static EXAMPLES: std::sync::LazyLock<Vec<(Version, Value)>> = std::sync::LazyLock::new(examples);
        let (version, mut tree) = pick.get(&EXAMPLES).clone();
        changes.iter().for_each(|one| change(&mut tree, one));
        let text = tree.to_string();
        // A Questionnaire changed likewise is what a response answers.
        let questionnaire = EXAMPLES.iter().find(|(of, example)| *of == version && example["resourceType"] == "Questionnaire");
        let mut questionnaire = questionnaire.expect("an example").1.clone();
        changes.iter().rev().for_each(|one| change(&mut questionnaire, one));
        let document = Arc::new(Document::parse(questionnaire.to_string()).expect("JSON"));
        let questionnaires = Questionnaires::by(move |_| Some(Arc::clone(&document)));
        let options = Options { questionnaires, vital_signs_by_code: true, ..Options::default() };
        for version in Version::ALL {
            let one = judge(version, &text, &options);
            prop_assert_eq!(&one, &judge(version, &text, &options), "the same text, the same findings");
            for finding in one {
                prop_assert!(finding.line >= 1 && finding.column >= 1 && finding.rule.contains('#'), "{:?}", finding);
            }
        }
    }

    #[test]
    fn no_expression_panics(text in "(\\(|\\)|\\.|'|a|b| |1|0\\.5|@2020|T10|=|~|!=|<|and|or|is|as|Quantity|where\\(|select\\(|repeat\\(|iif\\(|\\[|\\]|\\{\\}|%resource|\\$this|\\||\\+|-|\\*|/|div|children\\(\\)|descendants\\(\\)|matches\\('|\\\\|,){0,40}") {
        let _ = normalised(&text);
        let document = Document::parse(r#"{"resourceType": "Basic", "a": [{"b": 1}, {"b": "2020-01-01"}], "b": [[], {}]}"#).unwrap();
        if let Ok(expression) = Expression::parse(&text) {
            let node = Node::root(document.root());
            for version in Version::ALL {
                let context = Context::new(node).with_version(version).with_step_limit(20_000);
                let _ = expression.evaluate(&context, node);
            }
        }
    }
}

/// Makes an input of a size.
type Make = fn(usize) -> String;
/// Makes questions and answers.
type MakeForm = fn(usize) -> (String, String);

/// The best of some runs: the others were disturbed.
fn fastest(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = monotonic();
        run();
        start.elapsed()
    };
    (0..2).map(|_| time(&mut run)).min().expect("two runs")
}

/// Fails when eight times the input takes far more than eight times as long; `make` makes an input of a size. Memory that is
/// no longer at hand makes some of the larger inputs a little slower.
fn grows_linearly<T>(what: &str, size: usize, make: impl Fn(usize) -> T, run: impl Fn(&T)) {
    let (small, large) = (make(size), make(8 * size));
    // Time is measured when asked for, on a quiet machine; otherwise it is enough that both come to an end.
    if std::env::var_os("PHR_MEASURE_TIME").is_none() {
        run(&small);
        run(&large);
        return;
    }
    let mut ratios = Vec::new();
    // Other work on the machine disturbs a run, but hardly four in a row.
    for _ in 0..4 {
        let (one, eight) = (fastest(|| run(&small)), fastest(|| run(&large)));
        let ratio = eight.as_secs_f64() / one.as_secs_f64().max(0.000_2);
        if ratio < 28.0 {
            return;
        }
        ratios.push(ratio);
    }
    panic!("{what}: eight times the input takes {ratios:?} times as long");
}

fn observation(members: &str) -> String {
    format!(
        r#"{{"resourceType": "Observation", "meta": {{"profile": ["http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodpressure"]}},
            "status": "final", "code": {{"coding": [{{"system": "http://loinc.org", "code": "85354-9"}}]}}, {members}}}"#
    )
}

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn long_lists_take_time_in_proportion() {
    let lists: [(&str, Make); 12] = [
        ("unknown properties of list items", |n| format!(r#""note": [{}]"#, many(n, |_| r#"{"colour": 1}"#.into()))),
        ("unknown properties", |n| many(n, |i| format!(r#""colour{i}": 1"#))),
        ("one property many times", |n| many(n, |_| r#""issued": "2026-01-01T00:00:00Z""#.into())),
        ("components", |n| {
            let one = r#"{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueQuantity": {"value": 120}}"#;
            format!(r#""component": [{}]"#, many(n, |_| one.into()))
        }),
        ("codings of a category", |n| {
            let one =
                r#"{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}"#;
            format!(r#""category": [{{"coding": [{}]}}]"#, many(n, |_| one.into()))
        }),
        ("extensions", |n| {
            format!(
                r#""extension": [{}]"#,
                many(n, |i| format!(r#"{{"url": "http://app.test/{i}", "valueString": "a"}}"#))
            )
        }),
        ("references to contained resources", |n| {
            let contained = many(n, |i| format!(r#"{{"resourceType": "Patient", "id": "p{i}"}}"#));
            format!(
                r##""contained": [{contained}], "performer": [{}]"##,
                many(n, |i| format!(r##"{{"reference": "#p{i}"}}"##))
            )
        }),
        ("siblings", |n| {
            format!(
                r#""note": [{{"text": "a"}}], "meta": {{"profile": [{0}], "_profile": [{0}]}}"#,
                many(n, |_| "null".into())
            )
        }),
        ("security labels", |n| {
            format!(
                r#""meta": {{"security": [{}]}}"#,
                many(n, |i| format!(r#"{{"system": "urn:oid:1.2", "code": "{i}"}}"#))
            )
        }),
        ("profiles", |n| format!(r#""meta": {{"profile": [{}]}}"#, many(n, |i| format!(r#""http://app.test/{i}""#)))),
        ("wrong types", |n| format!(r#""identifier": [{}]"#, many(n, |_| "true".into()))),
        ("short lines", |n| format!(r#""note": [{}]"#, many(n, |_| "\n{\"text\":\n\"\"}".into()))),
    ];
    for (what, list) in lists {
        for version in Version::ALL {
            let run = |text: &String| assert!(!judge(version, text, &Options::default()).is_empty());
            grows_linearly(what, 600, |size| observation(&list(size)), run);
        }
    }
}

#[test]
fn long_texts_take_time_in_proportion() {
    let texts: [(&str, Make); 14] = [
        ("an id", |n| format!(r#""id": "{}""#, "a".repeat(n))),
        ("an id of points", |n| format!(r#""id": "{}""#, ".".repeat(n))),
        ("a decimal", |n| format!(r#""valueQuantity": {{"value": 0.{}}}"#, "1".repeat(n))),
        ("an exponent", |n| format!(r#""valueQuantity": {{"value": 1e{}}}"#, "9".repeat(n))),
        ("a date", |n| format!(r#""effectiveDateTime": "2026-01-01T10:00:00.{}Z""#, "0".repeat(n))),
        ("a URI", |n| format!(r#""code": {{"coding": [{{"system": "urn:oid:{}", "code": "a"}}]}}"#, "1.".repeat(n))),
        ("a unit", |n| {
            format!(
                r#""valueQuantity": {{"value": 1, "system": "http://unitsofmeasure.org", "code": "{}"}}"#,
                "(m.".repeat(n)
            )
        }),
        ("a reference", |n| format!(r#""subject": {{"reference": "Patient/{}"}}"#, "a/".repeat(n))),
        ("a language", |n| format!(r#""language": "{}""#, "a-".repeat(n))),
        ("tags in a string", |n| format!(r#""note": [{{"text": "{}"}}]"#, "<a>".repeat(n))),
        ("elements of a narrative", |n| narrative(&"<b>a</b>".repeat(n))),
        ("entities of a narrative", |n| narrative(&"&amp;".repeat(n))),
        ("open elements of a narrative", |n| narrative(&"<p>".repeat(n))),
        ("attributes of a narrative", |n| narrative(&format!("<p {}/>", "a='b' ".repeat(n)))),
    ];
    for (what, text) in texts {
        let run = |text: &String| drop(judge(Version::R4, text, &Options::default()));
        grows_linearly(what, 20_000, |size| observation(&text(size)), run);
    }
}

fn narrative(content: &str) -> String {
    format!(r#""text": {{"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>{content}</div>"}}"#)
}

#[test]
fn answers_take_time_in_proportion() {
    let forms: [(&str, MakeForm); 4] = [
        ("questions that all depend on the first", |n| {
            let condition = r#""enableWhen": [{"question": "0", "operator": "exists", "answerBoolean": true}]"#;
            (
                many(n, |i| format!(r#"{{"linkId": "{i}", "type": "string", {condition}}}"#)),
                many(n, |i| format!(r#"{{"linkId": "{i}", "answer": [{{"valueString": "a"}}]}}"#)),
            )
        }),
        ("one question answered many times", |n| {
            let options = many(n, |i| format!(r#"{{"valueCoding": {{"code": "{i}"}}}}"#));
            (
                format!(r#"{{"linkId": "0", "type": "choice", "repeats": true, "answerOption": [{options}]}}"#),
                many(n, |i| format!(r#"{{"linkId": "0", "answer": [{{"valueCoding": {{"code": "{i}"}}}}]}}"#)),
            )
        }),
        ("items in the wrong order", |n| {
            (
                many(n, |i| format!(r#"{{"linkId": "{i}", "type": "string"}}"#)),
                many(n, |i| format!(r#"{{"linkId": "{}", "answer": [{{"valueString": "a"}}]}}"#, n - 1 - i)),
            )
        }),
        ("conditions in FHIRPath", |n| {
            let url = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen";
            let extension = format!(r#""extension": [{{"url": "{url}", "valueString": "descendants().count() > 0"}}]"#);
            (
                many(n, |i| format!(r#"{{"linkId": "{i}", "type": "string", {extension}}}"#)),
                many(n, |i| format!(r#"{{"linkId": "{i}", "answer": [{{"valueString": "a"}}]}}"#)),
            )
        }),
    ];
    for (what, form) in forms {
        let make = |size: usize| {
            let (questions, items) = form(size);
            let questionnaire =
                format!(r#"{{"resourceType": "Questionnaire", "status": "active", "item": [{questions}]}}"#);
            let response = format!(
                r#"{{"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "a", "item": [{items}]}}"#
            );
            let questionnaire = Arc::new(Document::parse(questionnaire).expect("JSON"));
            let questionnaires = Questionnaires::by(move |_| Some(Arc::clone(&questionnaire)));
            (response, Options { questionnaires, ..Options::default() })
        };
        grows_linearly(what, 300, make, |(response, options)| drop(judge(Version::R4, response, options)));
    }
}

/// A profile that slices by conformance to itself would look at every level once for each level above it.
#[test]
fn slices_by_profile_look_at_each_level_once() {
    let own = Source {
        file: "own.json".to_owned(),
        text: json!({
            "resourceType": "StructureDefinition", "url": "http://app.test/own", "kind": "resource", "abstract": false,
            "type": "QuestionnaireResponse", "derivation": "constraint",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse",
            "differential": {"element": [
                {"id": "QuestionnaireResponse.contained", "path": "QuestionnaireResponse.contained", "slicing":
                    {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}},
                {"id": "QuestionnaireResponse.contained:own", "path": "QuestionnaireResponse.contained", "sliceName": "own",
                    "type": [{"code": "QuestionnaireResponse", "profile": ["http://app.test/own"]}]}]}
        })
        .to_string(),
    };
    let definitions = Definitions::embedded(Version::R4).extended(&[own]).expect("a profile");
    let nested = |depth: usize| {
        let open = r#"{"resourceType": "QuestionnaireResponse", "id": "a", "status": "completed", "contained": ["#;
        format!("{}{}", open.repeat(depth), "]}".repeat(depth))
    };
    let options = Options { profile: Some("http://app.test/own".to_owned()), ..Options::default() };
    let depth = MAX_DEPTH / 2 - 4;
    let document = Document::parse(nested(depth)).expect("JSON");
    let start = monotonic();
    validate(&definitions, &document, &options);
    // Doubled at every level it would take for ever.
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// To the depth that the JSON reader lets through, on the stack that threads have by default.
#[test]
fn deep_documents_fit_the_stack() {
    let deepest = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let half = MAX_DEPTH / 2 - 3;
    let extension = deepest(r#"{"url": "http://app.test/a", "extension": ["#, "]}", half);
    let component = deepest(r#"{"extension": ["#, "]}", half);
    let item = deepest(r#"{"linkId": "a", "item": ["#, "]}", half);
    let answers = deepest(r#"{"linkId": "a", "answer": [{"item": ["#, "]}]}", half / 2);
    let contained = deepest(r#"{"resourceType": "Observation", "contained": ["#, "]}", half);
    let response = |item: &str| {
        format!(
            r#"{{"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "a", "item": [{item}]}}"#
        )
    };
    let texts = [
        observation(&format!(r#""extension": [{extension}]"#)),
        observation(&format!(r#""component": [{component}]"#)),
        observation(&format!(r#""contained": [{contained}]"#)),
        observation(&format!(r#""note": {}"#, deepest("[", "]", MAX_DEPTH - 3))),
        response(&item),
        response(&answers),
        format!(r#"{{"resourceType": "Questionnaire", "status": "active", "item": [{item}]}}"#),
        format!(
            r#"{{"resourceType": "Parameters", "parameter": [{}]}}"#,
            deepest(r#"{"name": "a", "part": ["#, "]}", half)
        ),
    ];
    let questionnaire = format!(
        r#"{{"resourceType": "Questionnaire", "item": [{}]}}"#,
        deepest(r#"{"linkId": "a", "type": "group", "item": ["#, "]}", half)
    );
    let questionnaire = Arc::new(Document::parse(questionnaire).expect("JSON"));
    for text in texts {
        let document = Document::parse(text.as_str()).unwrap_or_else(|error| panic!("{error}: {}", &text[..100]));
        for version in Version::ALL {
            let questionnaire = Arc::clone(&questionnaire);
            let questionnaires = Questionnaires::by(move |_| Some(Arc::clone(&questionnaire)));
            validate(Definitions::embedded(version), &document, &Options { questionnaires, ..Options::default() });
        }
    }
}

#[test]
fn ten_megabytes_are_judged() {
    let one =
        r#"{"url": "http://app.test/a", "valueString": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"#;
    let text = observation(&format!(r#""extension": [{}{{"url": "a"}}]"#, one.repeat(10_000_000 / one.len())));
    assert!(text.len() > 9_900_000);
    let findings = judge(Version::R4, &text, &Options::default());
    assert!(findings.iter().any(Finding::is_error) && findings.len() <= 1001);
    let list = observation(&format!(r#""identifier": [{}1]"#, "1,".repeat(100_000)));
    assert!(judge(Version::Stu3, &list, &Options::default()).len() <= 1001);
}

#[test]
fn long_expressions_are_parsed_or_refused() {
    let pieces = [
        "(", "not(", "a.", "a and ", "a | ", "1 + ", "-", "a[", "iif(a, ", "'", "`", "/*", "//", "@2020-", "a is ",
        "where(", "{} or ", "%a", "\\", "1.",
    ];
    for piece in pieces {
        let make = |size: usize| piece.repeat(size / piece.len());
        grows_linearly(piece, 8_000, make, |text| {
            // Often enough to be measured.
            for _ in 0..20 {
                let _ = (Expression::parse(text), normalised(text));
            }
        });
    }
    let document = Document::parse(observation(&format!(r#""note": [{}1]"#, "1,".repeat(2_000)))).unwrap();
    let node = Node::root(document.root());
    for text in [
        "descendants().where(descendants().where(descendants().exists()).exists())",
        "note.select(%resource.note.select(%resource.note)).count()",
        "(note | note | note).distinct().count() + note.combine(note).isDistinct().toString().length()",
        "repeat(descendants() | children()).repeat($this | %resource)",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a|a|aa)*(a+)+b')",
        "note.aggregate($total & $total & 'a', 'a')",
        "('a').replace('', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ] {
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let start = monotonic();
        let _ = expression.evaluate(&Context::new(node), node);
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
    }
}
