use super::super::{Finding, Options, validate};
use super::*;
use crate::fhir::Version;
use crate::fhir::definitions::Definitions;

/// A questionnaire with these items, which the response with those items answers.
fn judge(version: Version, questions: &str, items: &str) -> Vec<Finding> {
    let questionnaire = format!(
        r#"{{"resourceType": "Questionnaire", "id": "q", "url": "https://questions.example/q", "version": "2",
            "contained": [{{"resourceType": "ValueSet", "id": "colours", "status": "active", "compose": {{"include": [
                {{"system": "urn:oid:1.2.3", "concept": [{{"code": "red"}}, {{"code": "blue"}}]}}]}}}}],
            "status": "active", "item": [{questions}]}}"#
    );
    let named = match version {
        Version::R4 => r#""https://questions.example/q|2", "status": "completed""#,
        Version::Stu3 => r#"{"reference": "Questionnaire/q"}, "status": "completed""#,
    };
    answer(version, Questionnaires::among([Arc::new(Document::parse(questionnaire).expect("JSON"))]), named, items)
}

fn answer(version: Version, questionnaires: Questionnaires, named: &str, items: &str) -> Vec<Finding> {
    let response =
        format!(r#"{{"resourceType": "QuestionnaireResponse", "questionnaire": {named}, "item": [{items}]}}"#);
    let options = Options { allow_missing_profile: true, questionnaires, ..Options::default() };
    let document = Document::parse(response).expect("JSON");
    let findings = validate(Definitions::embedded(version), &document, &options);
    findings.into_iter().filter(|finding| !finding.rule.ends_with("meta.profile#profile")).collect()
}

/// Location and text of what is said about a response.
fn said(version: Version, questions: &str, items: &str) -> Vec<String> {
    let findings = judge(version, questions, items);
    let of_items =
        findings.iter().filter(|finding| finding.rule.contains(".item") && !finding.rule.ends_with("#system"));
    of_items.map(|finding| format!("{} {}: {}", finding.severity.as_str(), finding.location, finding.text)).collect()
}

#[test]
fn answers_have_the_type_of_their_question() {
    let questions = r#"{"linkId": "1", "text": "Hours?", "type": "integer"}, {"linkId": "2", "type": "choice"}"#;
    let hours = |value: &str| said(Version::R4, questions, &format!(r#"{{"linkId": "1", "answer": [{{{value}}}]}}"#));
    assert_eq!(hours(r#""valueInteger": 6"#), Vec::<String>::new());
    assert_eq!(
        hours(r#""valueString": "6""#),
        ["error QuestionnaireResponse.item[0].answer[0].value.ofType(String): Answer value must be of type integer"]
    );
    let text = r#"{"linkId": "1", "text": "Stunden?", "answer": [{"valueInteger": 6}]}"#;
    assert_eq!(
        said(Version::R4, questions, text),
        [
            "error QuestionnaireResponse.item[0]: If text exists, it must match the questionnaire definition for linkId 1"
        ]
    );
    let choice = r#"{"linkId": "2", "answer": [{"valueBoolean": true}]}"#;
    assert!(said(Version::R4, questions, choice)[0].ends_with("one of the types Coding, date, time, integer, string"));
}

/// HAPI 5.2 looks at neither: the service stores what other software will not take.
#[test]
fn answers_to_a_text_and_long_ones_are_warned_about() {
    let questions = r#"{"linkId": "d", "type": "display"}, {"linkId": "s", "type": "string", "maxLength": 3}"#;
    let display = r#"{"linkId": "d", "answer": [{"valueString": "a"}]}"#;
    assert_eq!(
        said(Version::R4, questions, display),
        ["warning QuestionnaireResponse.item[0].answer[0]: Item 'd' is a text to display: it takes no answer"]
    );
    let long = |text: &str| {
        said(Version::R4, questions, &format!(r#"{{"linkId": "s", "answer": [{{"valueString": "{text}"}}]}}"#))
    };
    assert_eq!(long("äää"), Vec::<String>::new());
    assert_eq!(
        long("four"),
        [
            "warning QuestionnaireResponse.item[0].answer[0].value.ofType(String): The answer to item 's' is longer than its maxLength, 3"
        ]
    );
}

#[test]
fn items_have_their_places() {
    let questions = r#"{"linkId": "g", "type": "group", "item": [{"linkId": "g1", "type": "string"}]},
        {"linkId": "s", "type": "string", "item": [{"linkId": "s1", "type": "string"}]}, {"linkId": "d", "type": "display"}"#;
    let say = |items: &str| said(Version::R4, questions, items);
    let below = r#"{"linkId": "g", "item": [{"linkId": "g1", "answer": [{"valueString": "a"}]}]},
        {"linkId": "s", "answer": [{"valueString": "a", "item": [{"linkId": "s1", "answer": [{"valueString": "b"}]}]}]}"#;
    assert_eq!(say(below), Vec::<String>::new());
    for (items, expected) in [
        (r#"{"linkId": "x"}"#, "LinkId 'x' not found in questionnaire"),
        (r#"{"text": "x"}"#, "No LinkId, so can't be validated"),
        (
            r#"{"linkId": "g1", "answer": [{"valueString": "a"}]}"#,
            "Structural Error: item with linkid g1 is in the wrong place",
        ),
        (
            r#"{"linkId": "s", "answer": [{"valueString": "a"}]}, {"linkId": "g", "item": [{"linkId": "g1"}]}"#,
            "Structural Error: items are out of order",
        ),
        (r#"{"linkId": "g", "answer": [{"valueString": "a"}]}"#, "Items of type group should not have answers"),
        (
            r#"{"linkId": "s", "item": [{"linkId": "s1"}]}"#,
            "Items not of type group should not have items outside answers",
        ),
        (
            r#"{"linkId": "d", "item": [{"linkId": "s1"}]}"#,
            "Items not of type DISPLAY should not have items - linkId d",
        ),
    ] {
        assert!(say(items).iter().any(|text| text.contains(expected)), "{items}: {:?}", say(items));
    }
}

#[test]
fn what_is_required_is_answered_once_unless_it_repeats() {
    let questions =
        r#"{"linkId": "1", "type": "string", "required": true}, {"linkId": "2", "type": "string", "repeats": true}"#;
    let say = |items: &str| said(Version::R4, questions, items);
    let one = r#"{"linkId": "1", "answer": [{"valueString": "a"}]}"#;
    assert_eq!(say(one), Vec::<String>::new());
    let second = r#"{"linkId": "2", "answer": [{"valueString": "a"}]}"#;
    assert_eq!(say(second), ["error QuestionnaireResponse: No response answer found for required item '1'"]);
    assert_eq!(say(&format!("{one}, {second}, {second}")), Vec::<String>::new());
    assert!(say(&format!("{one}, {one}"))[0].contains("Only one response item with this linkId allowed - 1"));
    let twice = r#"{"linkId": "1", "answer": [{"valueString": "a"}, {"valueString": "b"}]}"#;
    assert!(say(twice)[0].contains("Only one response answer item with this linkId allowed"));
    // Answers that are still being given may be missing.
    let form = r##""#q", "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": [
        {"linkId": "1", "type": "string", "required": true}]}]"##;
    let severity = |status: &str| {
        let findings =
            answer(Version::R4, Questionnaires::default(), &format!(r#"{form}, "status": "{status}""#), "{}");
        findings.into_iter().find(|finding| finding.rule.ends_with("#item-required")).map(|finding| finding.severity)
    };
    assert_eq!(severity("in-progress"), Some(Severity::Warning));
    assert_eq!(severity("completed"), Some(Severity::Error));
}

#[test]
fn only_what_is_asked_is_answered() {
    let questions = |condition: &str| {
        format!(
            r#"{{"linkId": "1", "type": "integer"}}, {{"linkId": "b", "type": "boolean"}},
               {{"linkId": "2", "type": "string", "required": true, {condition}}}"#
        )
    };
    let first = |value: i32| format!(r#"{{"linkId": "1", "answer": [{{"valueInteger": {value}}}]}}"#);
    let second = r#"{"linkId": "2", "answer": [{"valueString": "a"}]}"#;
    let outcome =
        |version: Version, condition: &str, items: &str| match said(version, &questions(condition), items).as_slice() {
            [] => "fine".to_owned(),
            [only] if only.contains("is not enabled (item id = '2')") => "disabled".to_owned(),
            [only] if only.contains("required item '2'") => "missing".to_owned(),
            other => format!("{other:?}"),
        };
    let r4 = |operator: &str, answer: &str| {
        format!(r#""enableWhen": [{{"question": "1", "operator": "{operator}", {answer}}}]"#)
    };
    for (operator, given, is_asked) in [
        ("=", 5, true),
        ("=", 4, false),
        ("!=", 4, true),
        (">", 6, true),
        (">", 5, false),
        ("<", 4, true),
        (">=", 5, true),
        ("<=", 6, false),
    ] {
        let condition = r4(operator, r#""answerInteger": 5"#);
        let both = format!("{}, {second}", first(given));
        assert_eq!(
            outcome(Version::R4, &condition, &both),
            if is_asked { "fine" } else { "disabled" },
            "{operator} {given}"
        );
        let alone = outcome(Version::R4, &condition, &first(given));
        assert_eq!(alone, if is_asked { "missing" } else { "fine" }, "{operator} {given}");
    }
    let exists = r4("exists", r#""answerBoolean": false"#);
    assert_eq!(outcome(Version::R4, &exists, second), "fine");
    assert_eq!(outcome(Version::R4, &exists, &first(1)), "fine");
    // One of two suffices, or both are needed.
    let two = |behaviour: &str| {
        format!(
            r#""enableBehavior": "{behaviour}", "enableWhen": [{{"question": "1", "operator": ">", "answerInteger": 5}},
               {{"question": "b", "operator": "=", "answerBoolean": true}}]"#
        )
    };
    let both = format!("{}, {second}", first(6));
    assert_eq!(outcome(Version::R4, &two("any"), &both), "fine");
    assert_eq!(outcome(Version::R4, &two("all"), &both), "disabled");
    // STU3: an answer, or any of several.
    let has_answer = r#""enableWhen": [{"question": "1", "hasAnswer": true}]"#;
    assert_eq!(outcome(Version::Stu3, has_answer, &first(1)), "missing");
    assert_eq!(outcome(Version::Stu3, has_answer, second), "disabled");
    let several = r#""enableWhen": [{"question": "1", "answerInteger": 1}, {"question": "1", "answerInteger": 2}]"#;
    assert_eq!(outcome(Version::Stu3, several, &first(2)), "missing");
    assert_eq!(outcome(Version::Stu3, several, &first(3)), "fine");
    // Kanta's condition looks at the whole response.
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen";
    let kanta = |expression: &str| format!(r#""extension": [{{"url": "{url}", "valueString": "{expression}"}}]"#);
    let over_five = kanta("QuestionnaireResponse.item.where(linkId = '1').answer.value > 5");
    for version in Version::ALL {
        assert_eq!(outcome(version, &over_five, &first(6)), "missing");
        assert_eq!(outcome(version, &over_five, &format!("{}, {second}", first(4))), "disabled");
        let broken = said(version, &questions(&kanta("item.where(")), second);
        assert!(
            broken.len() == 1 && broken[0].starts_with("warning") && broken[0].contains("cannot be evaluated"),
            "{broken:?}"
        );
    }
    let mismatched = r4("=", r#""answerString": "5""#);
    let texts = said(Version::R4, &questions(&mismatched), &both);
    assert!(texts.len() == 1 && texts[0].contains("incompatible types"), "{texts:?}");
}

#[test]
fn conditions_look_into_the_nearest_group() {
    let questions = r#"{"linkId": "g", "type": "group", "repeats": true, "item": [{"linkId": "g1", "type": "boolean"},
        {"linkId": "g2", "type": "string", "enableWhen": [{"question": "g1", "operator": "=", "answerBoolean": true}]}]}"#;
    let group = |asked: bool, answered: bool| {
        let second = if answered { r#", {"linkId": "g2", "answer": [{"valueString": "a"}]}"# } else { "" };
        format!(r#"{{"linkId": "g", "item": [{{"linkId": "g1", "answer": [{{"valueBoolean": {asked}}}]}}{second}]}}"#)
    };
    let say = |items: String| said(Version::R4, questions, &items);
    assert_eq!(say(format!("{}, {}", group(true, true), group(false, false))), Vec::<String>::new());
    let wrong = say(format!("{}, {}", group(true, true), group(false, true)));
    assert_eq!(
        wrong,
        [
            "error QuestionnaireResponse.item[1].item[1]: Item has answer, even though it is not enabled (item id = 'g2')"
        ]
    );
}

#[test]
fn choices_are_among_the_offered() {
    let offers = |offer: &str, kind: &str| format!(r#"{{"linkId": "1", "type": "{kind}", {offer}}}"#);
    let say = |offer: &str, kind: &str, value: &str| {
        said(Version::R4, &offers(offer, kind), &format!(r#"{{"linkId": "1", "answer": [{{{value}}}]}}"#))
    };
    let options =
        r#""answerOption": [{"valueCoding": {"system": "urn:oid:1.2.3", "code": "red"}}, {"valueInteger": 3}]"#;
    let coding = |code: &str| format!(r#""valueCoding": {{"system": "urn:oid:1.2.3", "code": "{code}"}}"#);
    assert_eq!(say(options, "choice", &coding("red")), Vec::<String>::new());
    assert!(
        say(options, "choice", &coding("green"))[0].ends_with("The code urn:oid:1.2.3::green is not a valid option")
    );
    assert!(say(options, "choice", r#""valueInteger": 4"#)[0].ends_with("The integer 4 is not a valid option"));
    assert!(
        say(options, "choice", r#""valueString": "a""#)[0].ends_with("Option list has no option values of type string")
    );
    assert_eq!(say(options, "open-choice", r#""valueString": "a""#), Vec::<String>::new());
    let contained = r##""answerValueSet": "#colours""##;
    assert_eq!(say(contained, "choice", &coding("blue")), Vec::<String>::new());
    assert!(
        say(contained, "choice", &coding("green"))[0].ends_with("is not in the options value set in the questionnaire")
    );
    let unknown = r#""answerValueSet": "http://app.test/ValueSet/colours""#;
    assert!(say(unknown, "choice", &coding("red"))[0].starts_with("warning"));
    // STU3 has other names for the same.
    let stu3 = r##"{"linkId": "1", "type": "choice", "options": {"reference": "#colours"}}"##;
    let item = format!(r#"{{"linkId": "1", "answer": [{{{}}}]}}"#, coding("green"));
    assert_eq!(said(Version::Stu3, stu3, &item).len(), 1);
}

#[test]
fn a_questionnaire_may_be_contained_or_unknown() {
    let unknown =
        answer(Version::R4, Questionnaires::default(), r#""https://questions.example/q""#, r#"{"linkId": "1"}"#);
    let warning =
        unknown.iter().find(|finding| finding.rule == "QuestionnaireResponse#questionnaire").expect("a warning");
    assert!(!warning.is_error() && warning.text.contains("could not be resolved"));
    let contained = r##""#q", "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active", "item": [
        {"linkId": "1", "type": "string", "required": true}]}]"##;
    let findings = answer(Version::R4, Questionnaires::default(), contained, r#"{"linkId": "2"}"#);
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert!(rules.contains(&"QuestionnaireResponse.item#item-unknown"), "{rules:?}");
    assert!(rules.contains(&"QuestionnaireResponse.item#item-required"), "{rules:?}");
}

/// Twice the answers and questions is about twice the work: conditions do not search the whole response each time.
#[test]
fn large_forms_end() {
    let questions: Vec<String> = (0..20_000)
        .map(|number| {
            format!(
                r#"{{"linkId": "{number}", "type": "string", "enableWhen": [{{"question": "0", "operator": "exists", "answerBoolean": true}}]}}"#
            )
        })
        .collect();
    let items: Vec<String> =
        (0..20_000).map(|number| format!(r#"{{"linkId": "{number}", "answer": [{{"valueString": "a"}}]}}"#)).collect();
    assert!(said(Version::R4, &questions.join(","), &items.join(",")).is_empty());
}

#[test]
fn conditions_ask_about_questions_that_are_there() {
    let conditions = |items: &str| {
        let text = format!(r#"{{"resourceType": "Questionnaire", "status": "active", "item": [{items}]}}"#);
        let options = Options { allow_missing_profile: true, ..Options::default() };
        let findings = validate(Definitions::embedded(Version::R4), &Document::parse(text).expect("JSON"), &options);
        let conditions = findings.into_iter().filter(|finding| finding.rule.ends_with("#condition"));
        conditions.map(|finding| format!("{} {}", finding.location, finding.text)).collect::<Vec<_>>()
    };
    let item = |link_id: &str, question: &str, more: &str| {
        let condition = format!(r#"{{"question": "{question}", "operator": "exists", "answerBoolean": true}}"#);
        format!(r#"{{"linkId": "{link_id}", "type": "string", "enableWhen": [{condition}]{more}}}"#)
    };
    let first = r#"{"linkId": "1", "type": "string"}"#;
    assert_eq!(conditions(&format!("{first}, {}", item("2", "1", ""))), Vec::<String>::new());
    let missing = conditions(&format!("{first}, {}", item("2", "3", "")));
    assert_eq!(missing.len(), 1);
    assert!(
        missing[0].starts_with("Questionnaire.item[1].enableWhen[0] Unable to find an item with the linkId '3'"),
        "{missing:?}"
    );
    assert!(conditions(&item("2", "2", ""))[0].ends_with("can't reference itself"));
    assert!(conditions(&format!("{}, {first}", item("2", "1", "")))[0].contains("comes after"));
    let inner = item("2", "2a", r#", "item": [{"linkId": "2a", "type": "string"}]"#);
    assert!(conditions(&inner)[0].contains("inner question"));
}
