use super::*;
use crate::fhir::definitions::Source;

const WEIGHT: &str = include_str!("../../../examples/r4/valid/bodyweight-minimal.json");

fn judge(version: Version, options: &Options, text: &str) -> Vec<Finding> {
    let document = Document::parse(text).expect("JSON");
    validate(Definitions::embedded(version), &document, options)
}

/// The weight with one piece of its text replaced.
fn weight(from: &str, to: &str) -> String {
    assert!(WEIGHT.contains(from), "the example has no {from}");
    WEIGHT.replacen(from, to, 1)
}

/// The rules that refuse the weight after a replacement.
fn errors(from: &str, to: &str) -> Vec<String> {
    refused(&judge(Version::R4, &Options::default(), &weight(from, to)))
}

fn refused(findings: &[Finding]) -> Vec<String> {
    findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.rule.clone()).collect()
}

fn warned(findings: &[Finding]) -> Vec<&str> {
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    warnings.map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn the_example_is_accepted() {
    assert_eq!(errors("final", "final"), Vec::<String>::new());
}

#[test]
fn faults_of_the_json() {
    let cases = [
        (r#""status": "final""#, r#""status": "final", "status": "final""#, "Observation.status#json"),
        (r#""status": "final""#, r#""status": null"#, "Observation.status#empty"),
        (r#""status": "final""#, r#""status": ["final"]"#, "Observation.status#type"),
        (r#""status": "final""#, r#""status": {"value": "final"}"#, "Observation.status#type"),
        (r#""status": "final""#, r#""status": "final", "note": []"#, "Observation.note#empty"),
        (r#""status": "final""#, r#""status": "final", "note": [{}]"#, "Observation.note#empty"),
        (r#""status": "final""#, r#""status": "final", "note": ["text"]"#, "Observation.note#type"),
        (r#""status": "final""#, r#""status": "final", "note": {"text": "a"}"#, "Observation.note#type"),
        (r#""status": "final""#, r#""status": "final", "colour": "red""#, "Observation.colour#unknown"),
        (r#""status": "final""#, r#""status": "final", "_note": [{"id": "a"}]"#, "Observation.note#unknown"),
        (r#""status": "final""#, r#""status": "final", "valueString": "a""#, "Observation.value[x]#max"),
        (r#""status": "final""#, r#""status": "final", "valueColour": "a""#, "Observation.valueColour#unknown"),
    ];
    for (from, to, rule) in cases {
        assert!(errors(from, to).contains(&rule.to_owned()), "{to}: {:?}", errors(from, to));
    }
}

#[test]
fn siblings_of_primitives_carry_extensions() {
    let with = |sibling: &str| errors(r#""status": "final""#, &format!(r#""status": "final", {sibling}"#));
    let extension = r#"{"extension": [{"url": "http://app.test/reason", "valueString": "a"}]}"#;
    assert_eq!(with(&format!(r#""_issued": {extension}"#)), Vec::<String>::new());
    assert_eq!(with(r#""_status": {"colour": "red"}"#), ["Observation.status.colour#unknown"]);
    assert_eq!(with(r#""_status": "a""#), ["Observation.status#type"]);
    // Arrays pair by place; null stands where one side has nothing.
    let meta = |profile: &str| errors(r#""meta": {"#, &format!(r#""meta": {{{profile},"#));
    assert!(meta(r#""_profile": [{"id": "a"}]"#).is_empty());
    assert!(meta(&format!(r#""_profile": [null, {extension}]"#)).is_empty());
    assert_eq!(meta(r#""_profile": [null, null]"#), ["Observation.meta.profile#empty"]);
}

#[test]
fn xhtml_has_no_sibling() {
    let sibling = r#""_div": {"extension": [{"url": "http://app.test/a", "valueString": "a"}]}"#;
    for version in Version::ALL {
        let narrative = format!(r#""text": {{"status": "generated", {sibling}}}"#);
        let text = format!(r#"{{"resourceType": "Patient", "id": "a", {narrative}}}"#);
        let options = Options { allow_missing_profile: true, ..Options::default() };
        let rules = refused(&judge(version, &options, &text));
        assert!(rules.contains(&"Patient.text._div#unknown".to_owned()), "{rules:?}");
        assert!(rules.contains(&"Patient.text.div#min".to_owned()), "{rules:?}");
    }
    let both = errors(r#""status": "generated","#, &format!(r#""status": "generated", {sibling},"#));
    assert_eq!(both, ["Observation.text._div#unknown"]);
}

#[test]
fn an_extension_has_a_url_of_its_own() {
    let without = r#""extension": [{"_url": {"id": "a"}, "valueString": "a"}]"#;
    assert!(
        errors(r#""issued""#, &format!(r#"{without}, "issued""#))
            .contains(&"Observation.extension#extension".to_owned())
    );
    let within = format!(r#""status": "final", "_status": {{{without}}}"#);
    assert!(errors(r#""status": "final""#, &within).contains(&"Observation.status.extension#extension".to_owned()));
}

#[test]
fn a_sibling_says_something() {
    let with = |sibling: &str| errors(r#""status": "final""#, &format!(r#""status": "final", {sibling}"#));
    assert_eq!(with(r#""_status": {}"#), ["Observation.status#empty"]);
    assert_eq!(with(r#""_implicitRules": {}"#)[0], "Observation.implicitRules#empty");
    assert_eq!(errors(r#""meta": {"#, r#""meta": {"_profile": [{}],"#), ["Observation.meta.profile#empty"]);
    assert_eq!(errors(r#""unit": "kg","#, r#""unit": "kg", "_unit": {},"#), ["Observation.value[x].unit#empty"]);
    let options = Options { allow_missing_profile: true, ..Options::default() };
    for version in Version::ALL {
        let text = r#"{"resourceType": "Patient", "id": "a", "gender": "female", "_gender": {}, "name": [{"given": ["a"], "_given": [{}]}]}"#;
        let rules = refused(&judge(version, &options, text));
        for rule in ["Patient.gender#empty", "Patient.name.given#empty"] {
            assert!(rules.contains(&rule.to_owned()), "{rules:?}");
        }
    }
}

#[test]
fn a_fixed_value_carries_no_extension() {
    let extension = r#"{"extension": [{"url": "http://app.test/reason", "valueString": "a"}]}"#;
    let unit = |sibling: &str| errors(r#""unit": "kg","#, &format!(r#""unit": "kg", "_unit": {sibling},"#));
    assert_eq!(unit(extension), ["Observation.value[x].unit#fixed"]);
    let status = format!(r#""status": "final", "_status": {extension}"#);
    assert_eq!(errors(r#""status": "final""#, &status), ["Observation.status#fixed"]);
    assert_eq!(unit(r#"{"id": "a"}"#), Vec::<String>::new());
}

#[test]
fn many_remarks_do_not_refuse() {
    let remark = r#"{"url": "http://app.test/mood", "valueString": "good"}"#;
    let remarks = || {
        let extensions = format!(r#""extension": [{}], "issued""#, vec![remark; 3000].join(","));
        weight(r#""issued""#, &extensions)
    };
    let findings = judge(Version::R4, &Options::default(), &remarks());
    assert_eq!(refused(&findings), Vec::<String>::new());
    let last = findings.last().expect("a note");
    assert!(last.text.ends_with("more findings are not shown") && last.severity == Severity::Warning, "{last:?}");
    assert_eq!(findings.len(), 1001);
    // An error behind all of them is still told.
    let late = remarks().replacen(r#""unit": "kg""#, r#""unit": "g""#, 1);
    let findings = judge(Version::R4, &Options::default(), &late);
    assert_eq!(refused(&findings), ["Observation.value[x].unit#fixed"]);
    assert_eq!(findings.len(), 1001);
    let errors = remarks().replace("http://app.test/mood", "mood");
    let findings = judge(Version::R4, &Options::default(), &errors);
    assert!(findings.iter().all(Finding::is_error) && findings.len() == 1001);
}

/// Texts and hints travel in a header too, which takes no other characters.
#[test]
fn hints_are_ascii() {
    assert!(include_str!("advice.rs").is_ascii());
    for version in Version::ALL {
        let cases =
            [r#""status": null"#, r#""status": "final", "note": {"text": "a"}"#, r#""status": "final", "note": ["a"]"#];
        for case in cases {
            for finding in judge(version, &Options::default(), &weight(r#""status": "final""#, case)) {
                assert!(finding.text.is_ascii() && finding.fix.as_deref().is_none_or(str::is_ascii), "{finding:?}");
            }
        }
    }
}

#[test]
fn an_invariant_of_the_resource_points_at_its_subject() {
    let glucose = include_str!("../../../examples/r4/invalid/bloodglucose-second-code-missing.json");
    let findings = judge(Version::R4, &Options::default(), glucose);
    let finding = findings.iter().find(|finding| finding.rule.starts_with("Observation#PHR-")).expect("an invariant");
    assert_eq!((finding.location.as_str(), finding.line, finding.column), ("Observation", 30, 11));
    // Without any of its elements it is about the whole.
    let start = glucose.find(r#""code": {"#).expect("a code");
    let without = format!("{}\"colour\": {{{}", &glucose[..start], &glucose[start + 9..]);
    let findings = judge(Version::R4, &Options::default(), &without);
    let finding = findings.iter().find(|finding| finding.rule == "Observation#PHR-1").expect("an invariant");
    assert_eq!((finding.line, finding.column), (1, 1));
}

/// Each as HAPI 5.2 does it.
#[test]
fn quirks_of_the_engine() {
    assert!(errors("{", "\u{feff}{").contains(&"#json".to_owned()));
    assert_eq!(errors(r#""status": "final""#, r#""status": "final", "fhir_comments": ["a"]"#), Vec::<String>::new());
    let labels = r#"{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}"#;
    assert_eq!(
        errors(r#""meta": {"#, &format!(r#""meta": {{"security": [{labels}, {labels}],"#)),
        ["Observation.meta.security#duplicate"]
    );
    let typed =
        |name: &str| errors(r#""reference": "Patient/"#, &format!(r#""type": "{name}", "reference": "Patient/"#));
    assert_eq!(typed("Patient"), Vec::<String>::new());
    assert_eq!(typed("Device"), ["Observation.subject.type#reference"]);
    assert!(
        errors(r#""value": 72.50"#, r#""value": 1e400"#).contains(&"Observation.value[x].value#primitive".to_owned())
    );
    for url in ["mailto:a@b.test", "urn:ietf:rfc:3986"] {
        let extension = format!(r#""extension": [{{"url": "{url}", "valueString": "a"}}], "issued""#);
        assert_eq!(errors(r#""issued""#, &extension), ["Observation.extension#extension"]);
    }
}

#[test]
fn primitive_formats() {
    assert_eq!(errors(r#""final""#, r#""""#)[0], "Observation.status#primitive");
    assert!(errors("\"value\": 72.50", "\"value\": \"72.50\"").contains(&"Observation.value[x].value#type".to_owned()));
    assert!(
        errors(r#""resourceType": "Observation","#, r#""resourceType": "Observation", "id": "a b","#)
            .contains(&"Observation.id#primitive".to_owned())
    );
}

#[test]
fn references_and_identifiers() {
    let to = |reference: &str| {
        errors(
            r#""reference": "Patient/7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3""#,
            &format!(r#""reference": "{reference}""#),
        )
    };
    assert_eq!(to("Patient/a/_history/1"), Vec::<String>::new());
    assert_eq!(to("https://server.test/fhir/Patient/a"), Vec::<String>::new());
    for wrong in ["Device/a", "a", "patient/a", "Patient/a b", "#a", "https://server.test/fhir/Device/a"] {
        assert_eq!(to(wrong), ["Observation.subject#reference"], "{wrong}");
    }
    let identifier = |value: &str| {
        let start = WEIGHT.find("urn:uuid:").expect("an identifier");
        errors(&WEIGHT[start..start + 45], value)
    };
    assert_eq!(identifier("12345"), ["Observation.identifier.value#identifier"]);
    assert_eq!(identifier("urn:uuid:12345"), Vec::<String>::new());
}

#[test]
fn extensions_known_and_unknown() {
    let with = |extension: &str| {
        judge(
            Version::R4,
            &Options::default(),
            &weight(r#""issued""#, &format!(r#""extension": [{extension}], "issued""#)),
        )
    };
    let unknown = with(r#"{"url": "http://app.test/mood", "valueString": "good"}"#);
    assert!(refused(&unknown).is_empty() && warned(&unknown).contains(&"Observation.extension#extension"));
    let application = |value: &str| {
        format!(
            r#"{{"url": "http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication", "extension": [
                {{"url": "name", "valueString": "Diary"}}, {{"url": "applicationId", {value}}}]}}"#
        )
    };
    assert_eq!(refused(&with(&application(r#""valueString": "1.2.3""#))), Vec::<String>::new());
    let third = with(&application(r#""valueString": "1.2.3"}, {"url": "zip", "valueString": "a""#));
    assert_eq!(refused(&third), ["Observation.extension.extension#extension"]);
    let text = "Sub-extension url 'zip' is not defined by the Extension \
                http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication";
    assert!(third.iter().any(|finding| finding.text == text), "{third:#?}");
    assert!(!refused(&with(&application(r#""valueInteger": 3"#))).is_empty());
    // A core extension of HL7 with a place of its own.
    let misplaced = with(
        r#"{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "Oulu"}}"#,
    );
    assert_eq!(refused(&misplaced), ["Observation.extension#context"]);
    let empty = with(r#"{"url": "http://app.test/mood"}"#);
    assert_eq!(refused(&empty), ["Observation.extension#ext-1"]);
    let modifier = r#"{"url": "http://phr.kanta.fi/StructureDefinition/fiphr-unsignedint", "valueUnsignedInt": 1}"#;
    let modifier = weight(r#""issued""#, &format!(r#""modifierExtension": [{modifier}], "issued""#));
    assert_eq!(
        refused(&judge(Version::R4, &Options::default(), &modifier)),
        ["Observation.modifierExtension#extension"]
    );
}

#[test]
fn contained_resources() {
    let with = |subject: &str, contained: &str| {
        let text = weight(
            r#""reference": "Patient/7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3""#,
            &format!(r#""reference": "{subject}""#),
        );
        let text = text.replacen(r#""issued""#, &format!(r#""contained": [{contained}], "issued""#), 1);
        refused(&judge(Version::R4, &Options::default(), &text))
    };
    let patient = r#"{"resourceType": "Patient", "id": "p", "gender": "colour"}"#;
    let found = with("#p", patient);
    // The aggregation allows no contained target; the contained resource itself is judged by its type.
    for rule in ["Observation.subject#reference", "Patient.gender#binding", "Patient.meta.profile#profile"] {
        assert!(found.contains(&rule.to_owned()), "{rule}: {found:?}");
    }
    assert!(with("Patient/1", patient).contains(&"Observation#dom-3".to_owned()));
    assert!(with("Patient/1", r#"{"id": "p"}"#).contains(&"Observation.contained[0]#json".to_owned()));
}

#[test]
fn profiles_named() {
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    let quoted = format!("\"{url}\"");
    let named = |list: &str, options: &Options| judge(Version::R4, options, &weight(&quoted, list));
    let code = |findings: &[Finding]| findings.iter().find_map(|finding| finding.code);
    let strict = Options::default();
    assert_eq!(code(&named("\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-wieght\"", &strict)), Some("500620"));
    assert_eq!(
        code(&named("\"http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3\"", &strict)),
        Some("504320")
    );
    let own = "\"http://app.test/draft\"";
    assert_eq!(code(&named(own, &strict)), Some("500620"));
    let lenient = Options { allow_unknown_profile: true, ..Options::default() };
    assert_eq!(refused(&named(own, &lenient)), Vec::<String>::new());
    let both = format!("{quoted}, {own}");
    assert_eq!(refused(&named(&both, &strict)), ["Observation.meta.profile#profile"]);
    let allowing = Options { foreign_profiles: ForeignProfiles::Allow, ..Options::default() };
    assert_eq!(refused(&named(&both, &allowing)), Vec::<String>::new());
    let other_type = named("\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient\"", &strict);
    assert_eq!(refused(&other_type)[0], "Observation.meta.profile#profile");
    let given = Options { profile: Some(url.to_owned()), ..Options::default() };
    assert!(
        refused(&judge(Version::R4, &given, &weight("\"language\"", "\"langauge\"")))
            .contains(&"Observation.language#min".to_owned())
    );
}

#[test]
fn vital_signs_of_hl7_apply_by_code() {
    let steps = include_str!("../../../examples/r4/valid/stepstaken-minimal.json");
    assert_eq!(refused(&judge(Version::R4, &Options::default(), steps)), Vec::<String>::new());
    let coding = r#""coding": [{"system": "http://loinc.org", "code": "8867-4"}, {"#;
    let at = steps.find("\"code\": {").expect("a code");
    let heart_rate = format!("{}{}", &steps[..at], steps[at..].replacen("\"coding\": [\n      {", coding, 1));
    assert!(
        !refused(&judge(Version::R4, &Options::default(), &heart_rate))
            .contains(&"Observation.category#slice-min".to_owned())
    );
    let by_code = Options { vital_signs_by_code: true, ..Options::default() };
    let found = refused(&judge(Version::R4, &by_code, &heart_rate));
    assert!(found.contains(&"Observation.category#slice-min".to_owned()), "{found:?}");
}

#[test]
fn a_supplier_profile_is_judged_like_ours() {
    let own = Source {
        file: "own.json".to_owned(),
        text: r#"{"resourceType": "StructureDefinition", "url": "http://phr.kanta.fi/StructureDefinition/own", "kind": "resource",
            "abstract": false, "type": "Observation", "derivation": "constraint",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
            "differential": {"element": [
              {"id": "Observation.note", "path": "Observation.note", "min": 1, "slicing":
                {"discriminator": [{"type": "exists", "path": "time"}], "rules": "openAtEnd", "ordered": true}},
              {"id": "Observation.note:timed", "path": "Observation.note", "sliceName": "timed", "min": 1, "max": "1"},
              {"id": "Observation.note:timed.time", "path": "Observation.note.time", "min": 1},
              {"id": "Observation.code", "path": "Observation.code", "patternCodeableConcept":
                {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}}]}}"#
            .to_owned(),
    };
    let definitions = Definitions::embedded(Version::R4).extended(&[own]).expect("a profile");
    let judge = |note: &str, code: &str| {
        let text = format!(
            r#"{{"resourceType": "Observation", "status": "final", "code": {{"coding": [{{"system": "http://loinc.org", "code": "{code}"}}]}}, "note": [{note}]}}"#
        );
        let options =
            Options { profile: Some("http://phr.kanta.fi/StructureDefinition/own".to_owned()), ..Options::default() };
        let found = refused(&validate(&definitions, &Document::parse(text).expect("JSON"), &options));
        found
            .into_iter()
            .filter(|rule| rule.starts_with("Observation.note") || rule.contains("code"))
            .collect::<Vec<_>>()
    };
    let (timed, plain) = (r#"{"text": "a", "time": "2026-01-01"}"#, r#"{"text": "b"}"#);
    assert_eq!(judge(&format!("{timed}, {plain}"), "29463-7"), Vec::<String>::new());
    assert_eq!(judge(plain, "29463-7"), ["Observation.note#slice-min"]);
    assert_eq!(judge(&format!("{plain}, {timed}"), "29463-7"), ["Observation.note#slice-order"]);
    assert_eq!(judge(&format!("{timed}, {timed}"), "29463-7"), ["Observation.note#slice-max"]);
    assert_eq!(judge(timed, "8302-2"), ["Observation.code.coding#pattern"]);
}

#[test]
fn hints_teach() {
    let hint = |from: &str, to: &str| {
        let findings = judge(Version::R4, &Options::default(), &weight(from, to));
        let hints: Vec<String> = findings.into_iter().filter_map(|finding| finding.fix).map(Cow::into_owned).collect();
        hints.join("; ")
    };
    let r4 = "http://terminology.hl7.org/CodeSystem/observation-category";
    assert!(
        hint(r4, "http://hl7.org/fhir/observation-category")
            .contains("is the STU3 one; baseR4 wants http://terminology")
    );
    assert!(hint("\"value\": 72.50", "\"value\": \"72.50\"").contains("without quotation marks"));
    assert!(hint("\"issued\"", "\"comment\": \"a\", \"issued\"").contains("in R4 it is note"));
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    assert!(hint(url, &format!("{url}|0.1.0")).contains("without |version"));
    assert!(
        hint(url, "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweigth")
            .contains(&format!("did you mean {url}?"))
    );
    assert!(
        hint(url, "http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3")
            .contains("send the resource to baseStu3")
    );
    assert!(hint(url, &format!("{url}\", \"http://app.test/own")).contains("name the national profile alone"));
    assert!(hint("\"unit\": \"kg\"", "\"unit\": \"kilo\"").contains("the UCUM code is written kg"));
    assert!(
        hint(url, "http://hl7.org/fhir/StructureDefinition/bodyweight").contains(&format!("the national one, {url}"))
    );
    let extra = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-waistcircumference";
    assert!(
        hint(url, extra).contains("profiles.extras") == Definitions::embedded(Version::R4).profile(extra).is_none()
    );
    let base = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-vitalsigns";
    let derived = hint(url, base);
    assert!(derived.contains("derives from it: http://phr.kanta.fi/StructureDefinition/fiphr-sd-b"), "{derived}");
    let status = hint("\"status\": \"final\"", "\"Status\": \"final\"");
    assert!(status.contains("did you mean status?") && status.contains("add \"status\""), "{status}");
    assert!(hint("07:05:00+02:00", "07:05:00").contains("add the offset or Z"));
    assert!(hint("2026-03-03T07:05:00+02:00", "2026-02-30").contains("in the calendar"));
    let language = hint("\"language\": \"fi\"", "\"language\": \"fi-FI\"");
    assert!(language.contains("write the language alone") && language.contains("the same language"), "{language}");
    assert!(hint("\"issued\"", "\"note\": [null], \"issued\"").contains("leave the null out"));
    assert!(hint("\"unit\"", "\"Unit\"").contains("did you mean unit?"));
    let list = judge(Version::R4, &Options::default(), "[{}]");
    assert!(list[0].fix.as_ref().is_some_and(|fix| fix.contains(".ndjson")), "{list:?}");
    assert!(hint("\"code\": \"kg\"", "\"code\": \"KGS\"").contains("UCUM code"));
}

#[test]
fn texts_of_2018() {
    let old = Options { texts_of_2018: true, ..Options::default() };
    let findings = judge(Version::R4, &old, &weight("\"language\": \"fi\",", ""));
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    let text = format!("Profile {url}, Element 'Observation.language': minimum required = 1, but only found 0");
    assert_eq!((&findings[0].text, findings[0].location.as_str()), (&text, "Observation"));
    // The quote that does not close, and no index where there is but one.
    let assigned =
        weight(r#""system": "urn:ietf:rfc:3986","#, r#""system": "urn:ietf:rfc:3986", "assigner": {"display": "a"},"#);
    let said = |options: &Options| {
        let findings = judge(Version::R4, options, &assigned);
        findings
            .into_iter()
            .find(|finding| finding.rule.ends_with("assigner#max"))
            .map(|finding| (finding.location, finding.text))
    };
    let text = format!("Profile {url}, Element 'Observation.identifier.assigner: max allowed = 0, but found 1");
    assert_eq!(said(&old), Some(("Observation.identifier".to_owned(), text)));
    let text = format!("Observation.identifier.assigner: max allowed = 0, but found 1 (from {url})");
    assert_eq!(said(&Options::default()), Some(("Observation.identifier[0]".to_owned(), text)));
}

#[test]
fn hostile_documents_end() {
    let deep = |levels: usize| {
        let inner = r#"{"url": "http://app.test/a", "extension": ["#.repeat(levels);
        weight("\"issued\"", &format!("\"extension\": [{inner}{}], \"issued\"", "]}".repeat(levels)))
    };
    let document = Document::parse(deep(40));
    assert!(
        document.is_err()
            || !validate(Definitions::embedded(Version::R4), &document.unwrap(), &Options::default()).is_empty()
    );
    let many = format!("\"note\": [{}], \"issued\"", vec!["{\"colour\": 1}"; 5000].join(","));
    let findings = judge(Version::R4, &Options::default(), &weight("\"issued\"", &many));
    assert!(findings.len() < 1100 && findings.last().is_some_and(|last| last.text.contains("not shown")));
    for text in
        ["[]", "1", "{}", r#"{"resourceType": 1}"#, r#"{"resourceType": "Colour"}"#, r#"{"resourceType": "Resource"}"#]
    {
        assert!(refused(&judge(Version::R4, &Options::default(), text)).len() == 1, "{text}");
    }
}

#[test]
fn grammars_stand_for_value_sets() {
    let judge = |version: Version, language: &str| {
        let text = format!(r#"{{"resourceType": "Patient", "communication": [{{"language": {language}}}]}}"#);
        let options = Options { allow_missing_profile: true, ..Options::default() };
        let findings = judge(version, &options, &text);
        findings
            .into_iter()
            .filter(|finding| finding.rule.contains("language"))
            .map(|finding| finding.severity)
            .collect::<Vec<_>>()
    };
    let coded = |code: &str| format!(r#"{{"coding": [{{"system": "urn:ietf:bcp:47", "code": "{code}"}}]}}"#);
    assert_eq!(judge(Version::Stu3, &coded("fi")), []);
    // Outside the short list, but a language.
    assert_eq!(judge(Version::Stu3, &coded("smn")), [Severity::Warning]);
    assert_eq!(judge(Version::Stu3, &coded("suomen kieli")), [Severity::Error]);
    assert_eq!(judge(Version::R4, &coded("suomen kieli")), []);
    let photo = |kind: &str| {
        errors(
            "\"issued\"",
            &format!(
                "\"contained\": [{{\"resourceType\": \"Patient\", \"id\": \"p\", \"photo\": [{{\"contentType\": \"{kind}\"}}]}}], \"issued\""
            ),
        )
    };
    assert!(photo("png").contains(&"Patient.photo.contentType#binding".to_owned()));
    assert!(!photo("image/png").contains(&"Patient.photo.contentType#binding".to_owned()));
}

#[test]
fn systems_known_and_unknown() {
    let with = |system: &str| {
        let from = r#""coding": ["#;
        judge(
            Version::R4,
            &Options::default(),
            &weight(from, &format!(r#"{from}{{"system": "{system}", "code": "a", "display": "A"}},"#)),
        )
    };
    let unknown = with("http://app.test/codes");
    let warning = unknown.iter().find(|finding| finding.text.contains("is unknown so the code")).expect("a warning");
    assert_eq!(warning.severity, Severity::Warning);
    assert!(with("http://snomed.info/sct").iter().all(|finding| !finding.text.contains("is unknown")));
    let of_hl7 = with("http://hl7.org/fhir/no-such-system");
    assert!(of_hl7.iter().any(|finding| finding.is_error() && finding.text.starts_with("Unknown Code System")));
    // STU3's system on R4, which the value set of the security labels has all the same.
    let meta = r#""meta": {"security": [{"system": "http://hl7.org/fhir/v3/Confidentiality", "code": "R"}],"#;
    assert!(errors(r#""meta": {"#, meta).contains(&"Observation.meta.security#binding".to_owned()));
}

#[test]
fn versions_follow_the_profile() {
    let of = |text: &str| version_of(&Document::parse(text).expect("JSON"));
    assert_eq!(of(WEIGHT), Version::R4);
    assert_eq!(of(include_str!("../../../examples/stu3/valid/bodyweight-minimal.json")), Version::Stu3);
    assert_eq!(of(r#"{"resourceType": "Patient"}"#), Version::R4);
}

#[test]
fn what_the_engine_refuses_is_refused() {
    let twice = errors(r#""status": "final""#, r#""status": "final", "resourceType": "Observation""#);
    assert_eq!(twice, ["Observation.resourceType#json"]);
    let control = errors("Koodi: ", "Koodi\\u0001: ");
    assert_eq!(control, ["Observation.text.div#narrative"]);
    let profile = r#""extension": [{"url": "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight", "valueString": "a"}], "issued""#;
    assert_eq!(errors(r#""issued""#, profile), ["Observation.extension#extension"]);
    let contained = |profile: &str| {
        let device = format!(r#"{{"resourceType": "Device", "id": "d", "meta": {{"profile": ["{profile}"]}}}}"#);
        errors(r#""issued""#, &format!(r##""contained": [{device}], "issued""##))
            .into_iter()
            .filter(|rule| rule.ends_with("#profile"))
            .collect::<Vec<_>>()
    };
    assert_eq!(contained("http://phr.kanta.fi/StructureDefinition/nope"), ["Device.meta.profile#profile"]);
    // Named by instances of the guides, published by nobody.
    assert!(contained("http://phr.kanta.fi/StructureDefinition/fiphr-device").is_empty());
}

/// Of a mandatory choice, the type that a slice speaks of is what must be there.
#[test]
fn a_slice_of_a_mandatory_choice_is_mandatory() {
    let insulin: serde_json::Value =
        serde_json::from_str(include_str!("../../../examples/r4/valid/insulindosing-minimal.json")).unwrap();
    let mut other = insulin.clone();
    other.as_object_mut().unwrap().remove("medicationCodeableConcept");
    other["medicationReference"] = serde_json::json!({"display": "Insuliini"});
    assert_eq!(refused(&judge(Version::R4, &Options::default(), &insulin.to_string())), Vec::<String>::new());
    let rules = refused(&judge(Version::R4, &Options::default(), &other.to_string()));
    assert!(rules.contains(&"MedicationAdministration.medication[x]#slice-min".to_owned()), "{rules:?}");
}

#[test]
fn two_conditions_say_how_they_belong_together() {
    let mut form: serde_json::Value =
        serde_json::from_str(include_str!("../../../examples/r4/valid/questionnaire-rich.json")).unwrap();
    let when = serde_json::json!({"question": "1", "operator": "exists", "answerBoolean": true});
    let items = form["item"].as_array_mut().unwrap();
    let last = items.last_mut().unwrap();
    last["enableWhen"] = serde_json::json!([when, when]);
    last.as_object_mut().unwrap().remove("enableBehavior");
    let rules = refused(&judge(Version::R4, &Options::default(), &form.to_string()));
    assert!(rules.iter().any(|rule| rule.ends_with("#que-12")), "{rules:?}");
}

const PRESSURE: &str = include_str!("../../../examples/r4/valid/bloodpressure-rich.json");
const INSULIN: &str = include_str!("../../../examples/r4/valid/insulindosing-minimal.json");

/// What is found in an example with one piece of its text replaced.
fn changed(example: &str, from: &str, to: &str) -> Vec<Finding> {
    assert!(example.contains(from), "the example has no {from}");
    judge(Version::R4, &Options::default(), &example.replacen(from, to, 1))
}

#[test]
fn comments_are_a_list_of_texts() {
    let with = |comments: &str| errors(r#""issued""#, &format!(r#""fhir_comments": {comments}, "issued""#));
    assert_eq!(with(r#"["a", 1, true]"#), Vec::<String>::new());
    for comments in [r#""a""#, "{}", "null", r#"["a", null]"#, "[{}]"] {
        assert_eq!(with(comments), ["Observation.fhir_comments#type"], "{comments}");
    }
    let within = errors(r#""meta": {"#, r#""meta": {"fhir_comments": "a","#);
    assert_eq!(within, ["Observation.meta.fhir_comments#type"]);
}

#[test]
fn booleans_in_lists_and_empty_lists_of_values_are_passed_over() {
    let list = |list: &str| changed(WEIGHT, r#""issued""#, &format!(r#"{list}, "issued""#));
    for passed in [r#""note": [true, {"text": "a"}, false]"#, r#""note": [{"text": "a"}, true]"#] {
        assert_eq!(refused(&list(passed)), Vec::<String>::new());
        assert!(warned(&list(passed)).contains(&"Observation.note#passed-over"), "{passed}");
    }
    let extensions = list(r#""extension": [{"url": "http://app.test/a", "valueString": "a"}, true]"#);
    assert_eq!(refused(&extensions), ["Observation.extension#type"]);
    // A list of objects with nothing else is empty; numbers and texts are no objects.
    assert_eq!(refused(&list(r#""note": [true]"#)), ["Observation.note#empty"]);
    assert_eq!(refused(&list(r#""note": [{"text": "a"}, 1]"#)), ["Observation.note#type"]);
    let questionnaire = include_str!("../../../examples/r4/valid/questionnaire-rich.json");
    let start = questionnaire.find(r#""subjectType""#).expect("a subjectType");
    let end = start + questionnaire[start..].find(']').expect("its end") + 1;
    let empty = changed(questionnaire, &questionnaire[start..end], r#""subjectType": []"#);
    assert_eq!(refused(&empty), Vec::<String>::new());
    assert!(warned(&empty).contains(&"Questionnaire.subjectType#passed-over"));
}

#[test]
fn white_space_alone_is_no_value_to_judge() {
    let blank = changed(WEIGHT, r#""final""#, r#"" ""#);
    assert_eq!((refused(&blank), warned(&blank)), (Vec::new(), vec!["Observation.status#white-space"]));
    // A no-break space is a letter like others.
    assert!(!refused(&changed(WEIGHT, r#""final""#, "\"\u{a0}\"")).is_empty());
    // statusReason comes after status: there the engine looks twice.
    let twice = |value: &str| refused(&changed(INSULIN, r#""status": "completed""#, value));
    assert_eq!(twice(r#""status": " ""#), ["MedicationAdministration.status#fixed"]);
}

#[test]
fn an_extension_stands_for_a_fixed_value_unless_the_engine_looks_twice() {
    let extension = r#""_status": {"extension": [{"url": "http://app.test/a", "valueString": "a"}]}"#;
    assert_eq!(refused(&changed(WEIGHT, r#""status": "final""#, extension)), Vec::<String>::new());
    assert_eq!(
        refused(&changed(INSULIN, r#""status": "completed""#, extension)),
        ["MedicationAdministration.status#fixed"]
    );
}

/// What a component's reference range refers to is not found by the engine; the reader of the JSON still reads it.
#[test]
fn the_content_of_a_content_reference_is_only_warned_about() {
    let start = PRESSURE.find(r#""component""#).expect("components");
    let range = start + PRESSURE[start..].find(r#""referenceRange": ["#).expect("a range");
    let with = |item: &str| {
        let mut text = PRESSURE.to_owned();
        text.insert_str(range + r#""referenceRange": ["#.len(), &format!("{item}, "));
        judge(Version::R4, &Options::default(), &text)
    };
    let lacking = with(r#"{"id": "a"}"#);
    assert_eq!(refused(&lacking), Vec::<String>::new());
    let found = lacking.iter().find(|finding| finding.rule == "Observation.component.referenceRange#obs-3");
    let found = found.expect("a warning");
    assert!(found.fix.as_ref().is_some_and(|fix| fix.contains("does not look into this element")), "{found:?}");
    assert_eq!(refused(&with(r#"{"colour": "a"}"#)), ["Observation.component.referenceRange.colour#unknown"]);
    assert_eq!(refused(&with(r#"{"text": 1}"#)), ["Observation.component.referenceRange.text#type"]);
    assert_eq!(refused(&with(r#"{"text": ""}"#)), Vec::<String>::new());
}

#[test]
fn a_base_beside_its_profile_cannot_be_judged_by() {
    let national = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    let both = r#"http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight", "http://phr.kanta.fi/StructureDefinition/fiphr-sd-vitalsigns"#;
    let findings = changed(WEIGHT, national, both);
    assert_eq!(refused(&findings), ["Observation.meta.profile#slice-unknowable"; 2]);
    assert!(findings.iter().any(|finding| finding.fix.as_ref().is_some_and(|fix| fix.contains("alone"))));
}

#[test]
fn codes_of_v2_tables_have_no_case_in_stu3() {
    let rich = include_str!("../../../examples/stu3/valid/bodytemperature-rich.json");
    let code = |code: &str| {
        let text = rich.replacen(r#""code": "H""#, &format!(r#""code": "{code}""#), 1);
        assert_ne!(text, rich);
        refused(&judge(Version::Stu3, &Options::default(), &text))
    };
    assert_eq!(code("h"), Vec::<String>::new());
    assert!(code("hhh").contains(&"Observation.interpretation.coding#code".to_owned()));
}

/// The rules that refuse the weight with something more beside its status.
fn errors_with(more: &str) -> Vec<String> {
    errors(r#""status": "final""#, &format!(r#""status": "final", {more}"#))
}

#[test]
fn what_is_left_of_a_value_is_an_extension() {
    let left = |what: &str| errors(r#""status": "final""#, &format!(r#""_status": {what}"#));
    assert_eq!(left(r#"{"id": "a"}"#), ["Observation.status#ele-1"]);
    assert_eq!(left(r#"{"fhir_comments": ["a"]}"#), ["Observation.status#ele-1"]);
    let extension = r#""extension": [{"url": "http://app.test/why", "valueString": "a"}]"#;
    assert_eq!(left(&format!("{{{extension}}}")), Vec::<String>::new());
    assert_eq!(left(&format!(r#"{{"id": "a", {extension}}}"#)), Vec::<String>::new());
    assert_eq!(errors_with(r#""_language": {"id": "a"}"#), Vec::<String>::new());
    assert_eq!(errors_with(r#""_implicitRules": {"id": "a"}"#), ["Observation.implicitRules#ele-1"]);
    let findings =
        judge(Version::R4, &Options::default(), &weight(r#""status": "final""#, r#""_status": {"id": "a"}"#));
    assert!(findings[0].fix.as_ref().unwrap().contains("data-absent-reason"));
}

#[test]
fn a_coding_beside_the_one_that_is_asked_for() {
    let beside = |system: &str, code: &str| {
        let coding = format!(r#""coding": [{{"system": "{system}", "code": "{code}"}},"#);
        errors(r#""code": {"#, r#""code" : {"#);
        let at = WEIGHT.find(r#""code": {"#).unwrap();
        let text = format!("{}{}", &WEIGHT[..at], WEIGHT[at..].replacen(r#""coding": ["#, &coding, 1));
        refused(&judge(Version::R4, &Options::default(), &text))
    };
    // The engine holds these, as lists or as rules, and wants them in the value set of the element.
    for (system, code) in [
        ("http://hl7.org/fhir/administrative-gender", "male"),
        ("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK"),
        ("http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode", "ins-short-fast"),
        ("http://unitsofmeasure.org", "kg"),
        ("urn:ietf:bcp:13", "text/plain"),
    ] {
        assert_eq!(beside(system, code), ["Observation.code#code-beside"], "{system}");
    }
    // Of these it knows nothing.
    for (system, code) in [
        ("http://snomed.info/sct", "1"),
        ("http://loinc.org", "1-1"),
        ("urn:ietf:bcp:47", "fi"),
        ("https://app.test/codes", "a"),
        ("http://hl7.org/fhir/sid/icd-10", "A"),
        ("http://terminology.hl7.org/CodeSystem/insurance-plan-type", "media"),
    ] {
        assert_eq!(beside(system, code), Vec::<String>::new(), "{system}");
    }
}

#[test]
fn addresses_as_the_engine_reads_them() {
    let of = |system: &str| {
        errors_with(&format!(
            r#""extension": [{{"url": "http://app.test/c", "valueCoding": {{"system": "{system}", "code": "a"}}}}]"#
        ))
    };
    let refused = |rules: Vec<String>, rule: &str| rules.iter().any(|found| found.ends_with(rule));
    for system in ["http://a\\tb", "http://a\\nb", "urn:x", "urn:", "http:", "mailto:a"] {
        let rules = of(system);
        assert!(!refused(rules.clone(), "#system") && !refused(rules, "#primitive"), "{system}");
    }
    for system in ["ftp://a", "foo:bar", "tel:1", "words", "HTTP://a"] {
        assert!(refused(of(system), "value[x]#system"), "{system}");
    }
    for system in ["http://a b", "http://a\\n"] {
        assert!(refused(of(system), ".system#primitive"), "{system}");
    }
}

#[test]
fn ranges_are_compared_by_the_words_of_their_units() {
    let range = |low: &str, high: &str| {
        let range =
            format!(r#"{{"url": "http://app.test/r", "valueRange": {{"low": {{{low}}}, "high": {{{high}}}}}}}"#);
        let rules = errors_with(&format!(
            r#""modifierExtension": [], "contained": [], "component": [], "referenceRange": [{{"text": "a", "extension": [{range}]}}]"#
        ));
        rules.iter().any(|rule| rule.ends_with("#rng-2"))
    };
    let ucum = r#""system": "http://unitsofmeasure.org", "code":"#;
    assert!(!range(r#""value": 1"#, r#""value": 2"#));
    assert!(range(r#""value": 3"#, r#""value": 2"#));
    assert!(!range(&format!(r#""value": 1, {ucum} "kg""#), &format!(r#""value": 2, {ucum} "g""#)));
    assert!(!range(
        &format!(r#""value": 1, "unit": "x", {ucum} "kg""#),
        &format!(r#""value": 2, "unit": "x", {ucum} "m""#)
    ));
    assert!(range(
        &format!(r#""value": 1, "unit": "a", {ucum} "kg""#),
        &format!(r#""value": 2, "unit": "b", {ucum} "kg""#)
    ));
    assert!(range(r#""value": 1, "unit": "kg""#, r#""value": 2"#));
}

#[test]
fn byte_order_marks_are_no_value() {
    let value = |value: &str| {
        errors(
            r#""value": "urn:uuid:"#,
            &format!(
                r#""value": {value}, "extension": [{{"url": "http://app.test/u", "valueString": "a"}}], "id": "urn:uuid:"#
            ),
        )
    };
    assert!(value("\"\u{feff}\u{feff}\"").contains(&"Observation.identifier.value#primitive".to_owned()));
}

#[test]
fn advice_for_what_people_mix_up() {
    let fix = |from: &str, to: &str| {
        let findings = judge(Version::R4, &Options::default(), &weight(from, to));
        findings.into_iter().find_map(|finding| finding.fix).unwrap_or_default().into_owned()
    };
    let loinc = "http://loinc.org";
    assert_eq!(fix(loinc, "https://loinc.org"), "there is no such code system: did you mean http://loinc.org?");
    assert!(
        fix("\"resourceType\": \"Observation\"", "\"resourceType\": \"observation\"")
            .ends_with("did you mean Observation?")
    );
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight";
    assert_eq!(fix(url, &url.to_uppercase()), format!("no such profile: did you mean {url}?"));
    let number =
        WEIGHT.split("\"value\": ").find(|part| part.starts_with(|first: char| first.is_ascii_digit())).unwrap();
    let number = number.split(',').next().unwrap();
    assert!(fix(&format!("\"value\": {number}"), "\"value\": \"72,5\"").ends_with("with a decimal point: 72.5"));
    let extension = |value: &str| {
        let extension = format!(
            r#""extension": [{{"url": "http://phr.kanta.fi/StructureDefinition/fiphr-unsignedint", {value}}}]"#
        );
        fix(r#""status": "final""#, &format!(r#""status": "final", {extension}"#))
    };
    assert_eq!(extension("\"valueDecimal\": 3"), "use the type the profile asks for: valueUnsignedInt");
}
