use super::*;
use crate::fhir::Version;
use crate::fhir::definitions::{Definitions, SystemCodes};
use crate::fhir::validation::{Options, validate};
use crate::json::Document;

const URL: &str = "http://app.test/own";

fn source(text: impl Into<String>) -> Source {
    Source { file: "own.json".to_owned(), text: text.into() }
}

/// A profile of a type of R4 with these elements.
fn profile(of: &str, elements: &str) -> Source {
    source(format!(
        r#"{{"resourceType": "StructureDefinition", "url": "{URL}", "kind": "resource", "abstract": false, "type": "{of}",
            "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/{of}",
            "differential": {{"element": [{elements}]}}}}"#
    ))
}

fn extended(sources: &[Source]) -> Definitions {
    Definitions::embedded(Version::R4).extended(sources).expect("definitions")
}

fn refusal(source: Source) -> String {
    let errors = Definitions::embedded(Version::R4).extended(&[source]).expect_err("a refusal");
    assert_eq!(errors[0].file, "own.json");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The rules that refuse a resource judged by the profile.
fn refused(definitions: &Definitions, text: &str) -> Vec<String> {
    let options = Options { profile: Some(URL.to_owned()), ..Options::default() };
    let document = Document::parse(text).expect("JSON");
    let findings = validate(definitions, &document, &options);
    findings.into_iter().filter(|finding| finding.is_error()).map(|finding| finding.rule).collect()
}

fn observation(members: &str) -> String {
    format!(r#"{{"resourceType": "Observation", "status": "final", "code": {{"text": "a"}}, {members}}}"#)
}

#[test]
fn slices_are_sliced_again_and_a_default_takes_the_rest() {
    let definitions = extended(&[profile(
        "Observation",
        r#"{"id": "Observation.component", "path": "Observation.component", "slicing":
             {"discriminator": [{"type": "value", "path": "code.text"}], "rules": "closed"}},
           {"id": "Observation.component:a", "path": "Observation.component", "sliceName": "a", "max": "3", "slicing":
             {"discriminator": [{"type": "type", "path": "value.ofType(Quantity)"}, {"type": "exists", "path": "value"}], "rules": "open"}},
           {"id": "Observation.component:a.code", "path": "Observation.component.code", "patternCodeableConcept": {"text": "a"}},
           {"id": "Observation.component:a/measured", "path": "Observation.component", "sliceName": "a/measured", "min": 1, "max": "1"},
           {"id": "Observation.component:a/measured.value[x]", "path": "Observation.component.value[x]", "min": 1, "type": [{"code": "Quantity"}]},
           {"id": "Observation.component:@default", "path": "Observation.component", "sliceName": "@default"},
           {"id": "Observation.component:@default.dataAbsentReason", "path": "Observation.component.dataAbsentReason", "min": 1}"#,
    )]);
    let judge = |components: &str| refused(&definitions, &observation(&format!(r#""component": [{components}]"#)));
    let measured = r#"{"code": {"text": "a"}, "valueQuantity": {"value": 1}}"#;
    let told = r#"{"code": {"text": "a"}, "valueString": "b"}"#;
    let other = |reason: &str| format!(r#"{{"code": {{"text": "x"}}{reason}}}"#);
    let absent = other(r#", "dataAbsentReason": {"text": "c"}"#);
    assert_eq!(judge(&format!("{measured}, {told}, {absent}")), Vec::<String>::new());
    assert_eq!(judge(told), ["Observation.component#slice-min"]);
    assert_eq!(judge(&format!("{measured}, {measured}")), ["Observation.component#slice-max"]);
    assert_eq!(judge(&format!("{measured}, {}", other(""))), ["Observation.component.dataAbsentReason#min"]);
}

#[test]
fn slices_by_profile_and_by_what_a_reference_leads_to() {
    let definitions = extended(&[
        profile(
            "Observation",
            r#"{"id": "Observation.performer", "path": "Observation.performer", "slicing":
                 {"discriminator": [{"type": "type", "path": "resolve()"}], "rules": "open"}},
               {"id": "Observation.performer:citizen", "path": "Observation.performer", "sliceName": "citizen", "min": 1, "max": "1",
                "type": [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}]},
               {"id": "Observation.contained", "path": "Observation.contained", "slicing":
                 {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}},
               {"id": "Observation.contained:named", "path": "Observation.contained", "sliceName": "named", "min": 1,
                "type": [{"code": "Patient", "profile": ["http://app.test/named"]}]}"#,
        ),
        source(
            r#"{"resourceType": "StructureDefinition", "url": "http://app.test/named", "kind": "resource", "abstract": false,
                "type": "Patient", "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
                "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]}}"#,
        ),
    ]);
    let judge = |performers: &str, patient: &str| {
        let contained = format!(r#"{{"resourceType": "Patient", "id": "p"{patient}}}"#);
        let rules = refused(
            &definitions,
            &observation(&format!(
                r##""contained": [{contained}], "subject": {{"reference": "#p"}}, "performer": [{performers}]"##
            )),
        );
        rules.into_iter().filter(|rule| rule.contains("slice")).collect::<Vec<_>>()
    };
    let to = |reference: &str| format!(r#"{{"reference": "{reference}"}}"#);
    let name = r#", "name": [{"family": "Korhonen"}]"#;
    assert_eq!(judge(&to("Patient/1"), name), Vec::<String>::new());
    assert_eq!(judge(&to("#p"), name), Vec::<String>::new());
    assert_eq!(judge(&to("Practitioner/1"), name), ["Observation.performer#slice-min"]);
    assert_eq!(judge(&format!("{}, {}", to("Patient/1"), to("#p")), name), ["Observation.performer#slice-max"]);
    assert_eq!(judge(&to("Patient/1"), ""), ["Observation.contained#slice-min"]);
}

#[test]
fn a_type_has_one_of_several_profiles() {
    let quantity = |name: &str, unit: &str| {
        source(format!(
            r#"{{"resourceType": "StructureDefinition", "url": "http://app.test/{name}", "kind": "complex-type", "abstract": false,
                "type": "Quantity", "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Quantity",
                "differential": {{"element": [{{"id": "Quantity.unit", "path": "Quantity.unit", "min": 1, "fixedString": "{unit}"}}]}}}}"#
        ))
    };
    let of = |profiles: &str| {
        profile(
            "Observation",
            &format!(
                r#"{{"id": "Observation.value[x]", "path": "Observation.value[x]", "type": [{{"code": "Quantity", "profile": [{profiles}]}}]}}"#
            ),
        )
    };
    let value = |unit: &str| observation(&format!(r#""valueQuantity": {{"value": 1, "unit": "{unit}"}}"#));
    let both = extended(&[
        quantity("metres", "m"),
        quantity("grams", "g"),
        of(r#""http://app.test/metres", "http://app.test/grams""#),
    ]);
    assert_eq!(refused(&both, &value("m")), Vec::<String>::new());
    assert_eq!(refused(&both, &value("g")), Vec::<String>::new());
    assert_eq!(refused(&both, &value("l")), ["Observation.value[x]#profile"]);
    let one = extended(&[quantity("metres", "m"), of(r#""http://app.test/metres""#)]);
    assert_eq!(refused(&one, &value("g")), ["Observation.value[x].unit#fixed"]);
    // Unknown ones are told, not passed over.
    let unknown = extended(&[of(r#""http://app.test/seconds""#)]);
    let options = Options { profile: Some(URL.to_owned()), ..Options::default() };
    let findings = validate(&unknown, &Document::parse(value("g")).unwrap(), &options);
    assert!(findings.iter().any(|finding| finding.rule == "Observation.value[x]#profile" && !finding.is_error()));
}

#[test]
fn value_sets_are_put_together() {
    let colours = source(
        r#"{"resourceType": "CodeSystem", "url": "http://app.test/colours", "content": "complete", "concept": [
            {"code": "warm", "concept": [{"code": "red", "property": [{"code": "bright", "valueBoolean": true}]}, {"code": "orange"}]},
            {"code": "cold", "concept": [{"code": "blue", "concept": [{"code": "navy"}]}]}]}"#,
    );
    let codes = |compose: &str| -> String {
        let set = format!(r#"{{"resourceType": "ValueSet", "url": "http://app.test/set", "compose": {compose}}}"#);
        let other = r#"{"resourceType": "ValueSet", "url": "http://app.test/other", "compose": {"include": [
            {"system": "http://app.test/colours", "concept": [{"code": "red"}, {"code": "navy"}]}]}}"#;
        let definitions = extended(&[colours_again(&colours), source(set), source(other)]);
        let list = definitions.value_set("http://app.test/set").unwrap();
        let codes = list.systems.iter().flat_map(|systems| &systems.concepts).map(|concept| &*concept.code);
        format!("{}{}", codes.collect::<Vec<_>>().join(" "), if list.is_partial { " …" } else { "" })
    };
    let filtered = |property: &str, operator: &str, value: &str| {
        codes(&format!(
            r#"{{"include": [{{"system": "http://app.test/colours", "filter": [{{"property": "{property}", "op": "{operator}", "value": "{value}"}}]}}]}}"#
        ))
    };
    assert_eq!(filtered("concept", "is-a", "cold"), "blue cold navy");
    assert_eq!(filtered("concept", "descendent-of", "cold"), "blue navy");
    assert_eq!(filtered("concept", "is-not-a", "cold"), "orange red warm");
    assert_eq!(filtered("concept", "generalizes", "navy"), "blue cold navy");
    assert_eq!(filtered("concept", "in", "red, navy"), "navy red");
    assert_eq!(filtered("parent", "=", "warm"), "orange red");
    assert_eq!(filtered("bright", "=", "true"), "red");
    assert_eq!(filtered("bright", "exists", "false"), "blue cold navy orange warm");
    let whole = r#"{"system": "http://app.test/colours"}"#;
    let other = r#""valueSet": ["http://app.test/other"]"#;
    assert_eq!(codes(&format!(r#"{{"include": [{whole}], "exclude": [{{{other}}}]}}"#)), "blue cold orange warm");
    let warm =
        r#""system": "http://app.test/colours", "filter": [{"property": "concept", "op": "is-a", "value": "warm"}]"#;
    assert_eq!(codes(&format!(r#"{{"include": [{{{warm}, {other}}}]}}"#)), "red");
    // Of a system that nobody publishes all codes belong but those that are taken out.
    let unknown = r#"{"include": [{"system": "http://app.test/unknown"}], "exclude": [{"system": "http://app.test/unknown", "concept": [{"code": "x"}]}]}"#;
    let set = format!(r#"{{"resourceType": "ValueSet", "url": "http://app.test/set", "compose": {unknown}}}"#);
    let definitions = extended(&[source(set)]);
    let systems: &SystemCodes = &definitions.value_set("http://app.test/set").unwrap().systems[0];
    assert!(systems.has("y") && !systems.has("x"));
}

fn colours_again(source: &Source) -> Source {
    Source { file: source.file.clone(), text: source.text.clone() }
}

#[test]
fn limits_become_invariants() {
    let definitions = extended(&[profile(
        "Observation",
        r#"{"id": "Observation.value[x]", "path": "Observation.value[x]", "type": [{"code": "integer"}], "minValueInteger": 5, "maxValueInteger": 10},
           {"id": "Observation.issued", "path": "Observation.issued", "minValueInstant": "2020-01-01T00:00:00Z"}"#,
    )]);
    let value = |value: i32| refused(&definitions, &observation(&format!(r#""valueInteger": {value}"#)));
    assert_eq!(value(5), Vec::<String>::new());
    assert_eq!(value(4), ["Observation.value[x]#minValue"]);
    assert_eq!(value(11), ["Observation.value[x]#maxValue"]);
    assert_eq!(
        refused(&definitions, &observation(r#""issued": "2019-12-31T00:00:00Z""#)),
        ["Observation.issued#minValue"]
    );
}

#[test]
fn invariants_may_ask_for_the_present_moment() {
    let definitions = extended(&[profile(
        "Observation",
        r#"{"id": "Observation", "path": "Observation", "constraint": [{"key": "own-1", "severity": "error", "human": "Not ahead of time", "expression": "issued <= now()"}]}"#,
    )]);
    let document = Document::parse(observation(r#""issued": "2026-01-01T00:00:00Z""#)).unwrap();
    let own = |now: Option<jiff::Timestamp>| {
        let options = Options { profile: Some(URL.to_owned()), now, ..Options::default() };
        let findings = validate(&definitions, &document, &options);
        findings
            .into_iter()
            .find(|finding| finding.rule.ends_with("own-1"))
            .map(|finding| (finding.is_error(), finding.text))
    };
    assert_eq!(own(Some("2026-06-01T00:00:00Z".parse().unwrap())), None);
    let (is_error, text) = own(Some("2025-06-01T00:00:00Z".parse().unwrap())).expect("a finding");
    assert!(is_error && text == "own-1: Not ahead of time [issued <= now()]", "{text}");
    let (is_error, text) = own(None).expect("a remark");
    assert!(!is_error && text.contains("cannot be judged (now() needs the present time"), "{text}");
}

#[test]
fn extensions_stand_where_their_contexts_allow() {
    let extension = |context: &str| {
        source(format!(
            r#"{{"resourceType": "StructureDefinition", "url": "http://app.test/mood", "kind": "complex-type", "abstract": false,
                "type": "Extension", "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
                {context}, "differential": {{"element": [{{"id": "Extension", "path": "Extension"}}]}}}}"#
        ))
    };
    let mood = r#""extension": [{"url": "http://app.test/mood", "valueString": "good"}]"#;
    let judge = |context: &str, members: &str| {
        let definitions =
            extended(&[extension(context), profile("Observation", r#"{"id": "Observation", "path": "Observation"}"#)]);
        let rules = refused(&definitions, &observation(members));
        rules.into_iter().filter(|rule| rule.contains("context")).collect::<Vec<_>>()
    };
    let on_note = format!(r#""note": [{{"text": "a", {mood}}}, {{"text": "b"}}]"#);
    let by_path = r#""context": [{"type": "fhirpath", "expression": "Observation.note.where(text = 'a')"}]"#;
    assert_eq!(judge(by_path, &on_note), Vec::<String>::new());
    assert_eq!(judge(&by_path.replace("'a'", "'b'"), &on_note), ["Observation.note.extension#context"]);
    let element = |path: &str| format!(r#""context": [{{"type": "element", "expression": "{path}"}}]"#);
    assert_eq!(judge(&element("Annotation"), &on_note), Vec::<String>::new());
    assert_eq!(judge(&element("Observation.note"), &on_note), Vec::<String>::new());
    assert_eq!(judge(&element("Observation"), &on_note), ["Observation.note.extension#context"]);
    let issued = format!(r#""issued": "2026-01-01T00:00:00Z", "_issued": {{{mood}}}"#);
    let of_primitive = r#""context": [{"type": "fhirpath", "expression": "Observation.issued"}]"#;
    assert_eq!(judge(of_primitive, &issued), Vec::<String>::new());
    let invariant = r#""context": [{"type": "element", "expression": "Element"}], "contextInvariant": ["text = 'b'"]"#;
    assert_eq!(judge(invariant, &on_note), ["Observation.note#context-invariant"]);
}

#[test]
fn what_cannot_be_judged_is_refused_at_load() {
    let of_note = |fields: &str| {
        refusal(profile(
            "Observation",
            &format!(r#"{{"id": "Observation.note", "path": "Observation.note", {fields}}}"#),
        ))
    };
    let invariant = |expression: &str| {
        of_note(&format!(
            r#""constraint": [{{"key": "own-1", "severity": "error", "human": "?", "expression": "{expression}"}}]"#
        ))
    };
    for (expression, reason) in [
        ("%patient.exists()", "there is no variable %patient"),
        ("text.subsumes('a')", "the function subsumes() is not supported"),
        ("colour()", "there is no function colour()"),
        ("text.matches('(?=a)b')", "the regular expression"),
    ] {
        let text = invariant(expression);
        assert!(text.starts_with("own.json: Observation.note: constraint own-1: ") && text.contains(reason), "{text}");
    }
    for (fields, reason) in [
        (r#""min": 3, "max": "2""#, "min 3 is greater than max 2"),
        (r#""type": [{"code": "Quantity"}]"#, "note cannot be of type Quantity"),
        (r#""fixedQuantity": {"value": 1}"#, "fixedQuantity does not fit the type of note"),
        (r#""minValueColour": 1"#, "minValueColour is not understood"),
        (r#""slicing": {"rules": "ajar"}"#, "slicing rules \"ajar\" are not understood"),
        (r#""maxLength": "long""#, "maxLength is no number"),
        (r##""contentReference": "#nosuch""##, "the contentReference #nosuch leads to nothing"),
        (r##""contentReference": "#Observation.nosuch""##, "the contentReference #Observation.nosuch leads to nothing"),
        (r#""patternAnnotation": {"texd": "a"}"#, "patternAnnotation: Annotation has no element texd"),
        (r#""fixedAnnotation": {"authorReference": {"refrence": "a"}}"#, "Reference has no element refrence"),
        (r#""patternAnnotation": {"text": "a"}, "fixedAnnotation": {"text": "a"}"#, "both a fixed value and a pattern"),
    ] {
        let text = of_note(fields);
        assert!(text.contains("Observation.note") && text.contains(reason), "{fields}: {text}");
    }
    let slices = refusal(profile(
        "Observation",
        r#"{"id": "Observation.note", "path": "Observation.note", "slicing": {"discriminator": [{"type": "value", "path": "text.lower()"}], "rules": "open"}},
           {"id": "Observation.note:a", "path": "Observation.note", "sliceName": "a"}"#,
    ));
    assert!(slices.contains("Observation.note:a") && slices.contains("is not understood"), "{slices}");
    let other_base = source(format!(
        r#"{{"resourceType": "StructureDefinition", "url": "{URL}", "kind": "resource", "abstract": false, "type": "Patient",
            "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation", "differential": {{"element": []}}}}"#
    ));
    assert!(refusal(other_base).contains("is of type Observation"));
    let snapshot = source(format!(
        r#"{{"resourceType": "StructureDefinition", "url": "{URL}", "kind": "resource", "type": "Observation", "derivation": "constraint",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation", "snapshot": {{"element": []}}}}"#
    ));
    assert!(refusal(snapshot).contains("without differential"));
    let circle = |name: &str, other: &str| {
        source(format!(
            r#"{{"resourceType": "ValueSet", "url": "http://app.test/{name}", "compose": {{"include": [{{"valueSet": ["http://app.test/{other}"]}}]}}}}"#
        ))
    };
    let errors = Definitions::embedded(Version::R4).extended(&[circle("a", "b"), circle("b", "a")]).unwrap_err();
    assert!(errors[0].reason.contains("which includes it in turn"), "{errors:?}");
    assert!(refusal(circle("a", "c")).contains("includes http://app.test/c, which is not defined"));
}
