//! Own profiles: what is taken in, what is refused, and what is told of.

use super::*;

/// A profile on Observation that asks for a note.
fn profile(url: &str, more: &str) -> Source {
    let text = format!(
        r#"{{"resourceType": "StructureDefinition", "url": "{url}", "kind": "resource", "abstract": false, {more}
            "type": "Observation", "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
            "differential": {{"element": [{{"id": "Observation.category", "path": "Observation.category", "min": 1}}]}}}}"#
    );
    Source { file: "own.json".to_owned(), text }
}

fn content(version: Option<Version>, files: Vec<Source>) -> Vec<OwnContent> {
    vec![OwnContent { version, files }]
}

fn refusal(version: Option<Version>, source: Source) -> String {
    let errors = Profiles::with_own(content(version, vec![source])).unwrap_err();
    errors.iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_profile_goes_to_its_version_and_terminology_with_it() {
    let codes = |url: &str| Source {
        file: "codes.json".to_owned(),
        text: format!(
            r#"{{"resourceType": "CodeSystem", "url": "{url}", "content": "complete", "concept": [{{"code": "a"}}]}}"#
        ),
    };
    let files = vec![profile("http://own.test/p", r#""fhirVersion": "4.0.1","#), codes("http://own.test/c")];
    let (profiles, ignored) = Profiles::with_own(content(None, files)).unwrap();
    assert!(ignored.is_empty());
    assert_eq!(profiles.own_urls(Version::R4), ["http://own.test/p"]);
    assert!(profiles.own_urls(Version::Stu3).is_empty());
    assert!(profiles.of(Version::R4, Selection::default()).code_system("http://own.test/c").is_some());
    assert!(profiles.of(Version::Stu3, Selection::default()).code_system("http://own.test/c").is_none());
    let (alone, _) = Profiles::with_own(content(None, vec![codes("http://own.test/c")])).unwrap();
    assert!(
        Version::ALL
            .iter()
            .all(|version| alone.of(*version, Selection::default()).code_system("http://own.test/c").is_some())
    );
    let named = Document::parse(r#"{"meta": {"profile": ["http://own.test/p"]}}"#).unwrap();
    assert_eq!(profiles.version_of(&named), Version::R4);
    let (profiles, _) =
        Profiles::with_own(content(Some(Version::Stu3), vec![profile("http://own.test/p", "")])).unwrap();
    assert_eq!(profiles.version_of(&named), Version::Stu3);
}

#[test]
fn what_is_there_already_is_refused() {
    let national = profile("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight|9", "");
    insta::assert_snapshot!(refusal(Some(Version::R4), national), @"own.json: http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight is a national StructureDefinition and built in: give your own another canonical URL");
    let other_version = profile("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight-stu3", "");
    assert!(refusal(Some(Version::R4), other_version).contains("is a national StructureDefinition and built in"));
    let fhir = profile("http://hl7.org/fhir/StructureDefinition/bodyweight", "");
    assert!(refusal(Some(Version::Stu3), fhir).contains("is FHIR's own StructureDefinition"));
    let value_set = Source {
        file: "set.json".to_owned(),
        text: r#"{"resourceType": "ValueSet", "url": "http://phr.kanta.fi/ValueSet/fiphr-vs-vitalsigns"}"#.to_owned(),
    };
    assert!(refusal(None, value_set).starts_with("set.json: http://phr.kanta.fi/ValueSet/"));
    let twice = vec![profile("http://own.test/p", ""), profile("http://own.test/p", "")];
    let errors = Profiles::with_own(content(Some(Version::R4), twice)).unwrap_err();
    assert_eq!(errors[0].reason, "http://own.test/p is defined in own.json, too");
}

/// Errors and notes on a profile with these elements.
fn said(version: Version, elements: &str) -> Vec<String> {
    let text = format!(
        r#"{{"resourceType": "StructureDefinition", "url": "http://own.test/p", "kind": "resource", "abstract": false,
            "type": "Observation", "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
            "differential": {{"element": [{elements}]}}}}"#
    );
    let files = vec![Source { file: "own.json".to_owned(), text }];
    match Profiles::with_own(content(Some(version), files)) {
        Ok((profiles, _)) => profiles.notes().to_vec(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn an_invariant_begins_with_an_element_that_is_there() {
    let of = |path: &str, expression: &str| {
        let constraint =
            format!(r#"{{"key": "own-1", "severity": "error", "human": "?", "expression": "{expression}"}}"#);
        said(Version::R4, &format!(r#"{{"path": "{path}", "constraint": [{constraint}]}}"#))
    };
    assert_eq!(
        of("Observation", "statuss = 'final'"),
        [
            "own.json: Observation: constraint own-1: Observation has no element statuss, so that statuss is always empty"
        ]
    );
    assert_eq!(of("Observation.code", "coding.exists() and texd.exists()").len(), 1);
    assert_eq!(of("Observation.component", "codes.exists()").len(), 1);
    for (path, expression) in [
        ("Observation", "Observation.status.exists() and value.exists() and %resource.colour.empty()"),
        ("Observation", "component.where(anything = 1).empty() and (value as Quantity).value.empty()"),
        ("Observation.code", "coding.exists() or text.exists() or id.exists()"),
        ("Observation.status", "$this = 'final' or extension.exists()"),
        ("Observation.component", "code.exists() and value.exists()"),
        ("Observation.component.referenceRange", "low.exists() or high.exists()"),
        ("Observation.value[x]", "coding.exists() or code.exists()"),
    ] {
        assert_eq!(of(path, expression), Vec::<String>::new(), "{path}: {expression}");
    }
}

#[test]
fn targets_have_their_shape_and_are_known() {
    let target = |version: Version, target: &str| {
        let reference = format!(r#"{{"code": "Reference", "targetProfile": {target}}}"#);
        said(version, &format!(r#"{{"path": "Observation.subject", "type": [{reference}]}}"#))
    };
    assert_eq!(
        target(Version::R4, r#""http://hl7.org/fhir/StructureDefinition/Patient""#),
        ["own.json: Observation.subject: type.targetProfile is a list of canonical URLs in R4"]
    );
    assert_eq!(
        target(Version::Stu3, r#"["http://hl7.org/fhir/StructureDefinition/Patient"]"#),
        ["own.json: Observation.subject: type.targetProfile is one URL in STU3: repeat the type for another"]
    );
    assert_eq!(target(Version::R4, r#"["http://hl7.org/fhir/StructureDefinition/Patient"]"#), Vec::<String>::new());
    assert_eq!(target(Version::Stu3, r#""http://hl7.org/fhir/StructureDefinition/Patient""#), Vec::<String>::new());
    assert!(
        target(Version::R4, r#"["http://own.test/nobody"]"#)[0]
            .contains("there is no definition of http://own.test/nobody")
    );
}

#[test]
fn what_the_base_asks_for_is_not_taken_away() {
    assert_eq!(
        said(Version::R4, r#"{"path": "Observation.status", "max": "0"}"#),
        ["own.json: Observation.status: max 0 takes away what its base asks for (min 1)"]
    );
    assert_eq!(said(Version::R4, r#"{"path": "Observation.note", "max": "0"}"#), Vec::<String>::new());
}

#[test]
fn a_version_must_be_known_and_agree() {
    let url = "http://own.test/p";
    assert!(refusal(None, profile(url, "")).contains("which FHIR version is it for?"));
    assert!(refusal(None, profile(url, r#""fhirVersion": "5.0.0","#)).contains("neither STU3"));
    assert!(refusal(Some(Version::Stu3), profile(url, r#""fhirVersion": "4.0.1","#)).contains("for stu3"));
    assert!(refusal(Some(Version::R4), profile("", "")).contains("without url"));
    assert!(
        refusal(None, Source { file: "a.json".to_owned(), text: "{".to_owned() }).starts_with("a.json: not JSON: ")
    );
}

#[test]
fn what_is_no_definition_is_said_to_be_ignored() {
    let bundle = r#"{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "ImplementationGuide"}}, {}]}"#;
    let files = vec![Source { file: "b.json".to_owned(), text: bundle.to_owned() }];
    let (_, ignored) = Profiles::with_own(content(None, files)).unwrap();
    let said: Vec<String> = ignored.iter().map(Ignored::to_string).collect();
    assert_eq!(
        said,
        [
            "b.json entry[0] was ignored: it is an ImplementationGuide, which nothing is judged by",
            "b.json entry[1] was ignored: it is no FHIR resource"
        ]
    );
}

/// Every value below a JSON value, as JSON pointers.
fn pointers(value: &Json, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    let members = value.as_object().into_iter().flatten().map(|(key, value)| (key.replace('/', "~1"), value));
    let items = value.as_array().into_iter().flatten().enumerate().map(|(index, value)| (index.to_string(), value));
    for (step, value) in members.chain(items) {
        pointers(value, &format!("{path}/{step}"), found);
    }
}

/// The national definitions under other URLs, each with one value that does not belong there.
#[test]
fn odd_definitions_are_compiled_or_refused_and_nothing_worse() {
    let odd = [Json::Null, 1.into(), "x".into(), Json::Array(vec![Json::Null]), Json::Object(Default::default())];
    let mut turn = 0;
    for version in Version::ALL {
        for (file, text) in super::super::published(version) {
            let mut whole: Json = serde_json::from_str(text).unwrap();
            whole["url"] = format!("http://own.test/{file}").into();
            let mut places = Vec::new();
            pointers(&whole, "", &mut places);
            // A few of each file, others in each.
            for place in places.iter().skip(turn % 7).step_by(places.len() / 6 + 1) {
                let mut resource = whole.clone();
                turn += 1;
                *resource.pointer_mut(place).unwrap() = odd[turn % odd.len()].clone();
                let source = Source { file: file.clone(), text: resource.to_string() };
                if let Err(errors) = Profiles::with_own(content(Some(version), vec![source])) {
                    assert!(errors.iter().all(|error| error.file == *file && !error.reason.is_empty()), "{errors:?}");
                }
            }
        }
    }
    assert!(turn > 300, "{turn}");
}
