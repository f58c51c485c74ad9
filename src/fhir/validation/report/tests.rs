use super::*;
use crate::fhir::Version;
use crate::fhir::definitions::Definitions;
use crate::fhir::validation::{Options, validate};
use crate::json::Document;

const WEIGHT: &str = include_str!("../../../../examples/r4/valid/bodyweight-minimal.json");

/// What the writer makes of the weight, accepted, and of the weight in kilos, refused: each at its place.
fn written(format: Format, places: &[Place]) -> String {
    let wrong = WEIGHT.replacen("\"unit\": \"kg\"", "\"unit\": \"kilo\"", 1);
    let mut out = Vec::new();
    let mut writer = Writer::new(format, &mut out, ["accepted", "refused"]);
    for (text, place) in [WEIGHT, &wrong].into_iter().zip(places) {
        let document = Document::parse(text).unwrap();
        let findings = validate(Definitions::embedded(Version::R4), &document, &Options::default());
        let start = Position { line: place.line.unwrap_or(1), column: 1 };
        let report = Report { file: "weights", place, start, text, findings: &findings };
        writer.write(piece(format, &report)).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn on_line(line: u32) -> Place {
    Place { line: Some(line), entry: None }
}

#[test]
fn people_see_the_line_and_what_to_do() {
    let shown = written(Format::Text, &[Place::default(), on_line(101)]);
    let shown: String = shown.lines().take(7).chain(shown.lines().last()).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!(shown, @r#"
    weights: accepted
    weights:101: refused, 1 error
      error Observation.value.ofType(Quantity).unit (line 151, column 13) [Observation.value[x].unit#fixed]
        Value is 'kilo' but must be 'kg'
          151 |     "unit": "kilo",
              |             ^
        fix: the UCUM code is written kg; unit and code are fixed by the profile, letter by letter
    2 resources: 1 accepted, 1 refused
    "#);
}

#[test]
fn one_whole_file_is_an_outcome_and_others_are_a_list() {
    let json = |places: &[Place]| -> Json { serde_json::from_str(&written(Format::Json, places)).unwrap() };
    let one = json(&[Place::default()]);
    assert_eq!(
        (&one["resourceType"], &one["issue"][0]["severity"]),
        (&"OperationOutcome".into(), &"information".into())
    );
    let line = json(&[on_line(7)]);
    assert_eq!((&line[0]["line"], &line[0]["outcome"]["issue"][0]["severity"]), (&7.into(), &"information".into()));
    let entry = Place { line: None, entry: Some(Entry { index: 3, name: String::new() }) };
    let two = json(&[on_line(7), entry]);
    assert_eq!((&two[0]["file"], &two[1]["entry"]), (&"weights".into(), &3.into()));
    assert_eq!(two[1]["outcome"]["issue"][0]["location"][0], "Observation.value.ofType(Quantity).unit");
    assert_eq!(written(Format::Json, &[]), "[]\n");
}

#[test]
fn junit_counts_and_escapes() {
    let xml = written(Format::Junit, &[Place::default(), on_line(2)]);
    assert!(
        xml.contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">") && xml.contains("Value is 'kilo'"),
        "{xml}"
    );
    assert!(xml.contains("<testcase classname=\"validate\" name=\"weights:2\">"), "{xml}");
    let case = junit_case("a", "<\u{1}&\u{ffff}>", None, "\"");
    assert!(case.contains("name=\"&lt;\u{fffd}&amp;\u{fffd}&gt;\"") && case.contains("&quot;"), "{case}");
}

#[test]
fn long_lines_are_shown_in_part() {
    let line = format!("{}x{}", "\t".repeat(60), "y".repeat(200));
    let (shown, caret) = window(&line, 60);
    assert_eq!((shown.chars().nth(caret), shown.chars().count()), (Some('x'), SHOWN + 2));
}

#[test]
fn nothing_in_a_value_steers_the_terminal() {
    assert_eq!(shown("kilo é ﷽"), "kilo é ﷽");
    assert_eq!(shown("a\u{1b}[2Jb\u{202e}c\n\u{9b}"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}\\u{9b}");
    let wrong = WEIGHT.replacen("\"unit\": \"kg\"", "\"unit\": \"\\u001b]0;x\\u0007\u{202e}\"", 1);
    let document = Document::parse(wrong.as_str()).unwrap();
    let findings = validate(Definitions::embedded(Version::R4), &document, &Options::default());
    let start = Position { line: 1, column: 1 };
    let report = Report { file: "a\u{1b}b", place: &Place::default(), start, text: &wrong, findings: &findings };
    for format in [Format::Text, Format::Junit] {
        let body = piece(format, &report).body;
        assert!(body.contains("\\u{1b}]0;x\\u{7}\\u{202e}"), "{body}");
        assert!(!body.contains(|letter: char| letter.is_control() && letter != '\n'), "{body}");
    }
}
