use super::*;

fn profile(text: &str) -> Source {
    Source { file: "own.json".to_owned(), text: text.to_owned() }
}

/// A profile on the national weight that asks for a note.
fn noted_weight(element: &str) -> Source {
    profile(&format!(
        r#"{{"resourceType": "StructureDefinition", "url": "http://app.test/noted", "kind": "resource", "abstract": false,
            "type": "Observation", "derivation": "constraint",
            "baseDefinition": "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight",
            "differential": {{"element": [{element}]}}}}"#
    ))
}

#[test]
fn everything_embedded_can_be_unpacked_and_parsed() {
    let overlaid = Selection { stu3_2017: true, r4_extras: true };
    let all = Version::ALL.map(|version| [Selection::default(), overlaid].map(|wanted| (version, wanted)));
    for (version, selection) in all.into_iter().flatten() {
        let definitions = Definitions::selected(version, selection);
        for packed in &definitions.structures {
            each_constraint(&packed.get().root, &mut |constraint| {
                definitions.expression(constraint).unwrap_or_else(|error| panic!("{}: {error}", constraint.expression));
            });
        }
        assert!(definitions.value_sets.values().all(|list| !list.get().url.is_empty()));
        assert!(definitions.code_systems.values().all(|list| !list.get().url.is_empty()));
        assert!(definitions.search_parameters().iter().any(|parameter| &*parameter.code == "code"));
    }
}

fn each_constraint(element: &Element, see: &mut impl FnMut(&Constraint)) {
    element.constraints.iter().for_each(&mut *see);
    for child in &element.children {
        each_constraint(child, see);
    }
    for slice in element.slicing.iter().flat_map(|slicing| &slicing.slices) {
        each_constraint(&slice.element, see);
    }
}

#[test]
fn a_snapshot_keeps_what_its_bases_say() {
    let definitions = Definitions::embedded(Version::R4);
    let weight = definitions.profile("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight|0.1.0").unwrap();
    let child = |name: &str| weight.root.children.iter().find(|child| &*child.name == name).unwrap();
    assert_eq!((child("language").min, child("performer").max, child("bodySite").max), (1, 1, 0));
    assert_eq!(child("effective").types.len(), 1);
    assert_eq!(child("status").fixed, Some(Literal::String("final".into())));
    let category = child("category").slicing.as_ref().unwrap();
    assert_eq!((&*category.slices[0].name, category.slices[0].criteria.len()), ("VSCat", 2));
    assert!(child("component").is_list && child("component").max == 0);
}

#[test]
fn bases_are_abstract_and_aliases_lead_to_their_profile() {
    let r4 = Definitions::embedded(Version::R4);
    assert!(r4.profile("http://phr.kanta.fi/StructureDefinition/fiphr-sd-vitalsigns").unwrap().is_abstract);
    let stu3 = Definitions::embedded(Version::Stu3);
    let alias = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodglucose-stu3";
    let url = "http://phr.kanta.fi/StructureDefinition/fiphr-bloodglucose-stu3";
    assert_eq!((stu3.alias(alias), &*stu3.profile(alias).unwrap().url), (Some(url), url));
    assert!(!stu3.profile_urls().contains(&alias));
}

#[test]
fn an_overlay_stands_for_what_is_below_it() {
    let canonical = |name: &str| format!("http://phr.kanta.fi/StructureDefinition/{name}");
    let of = |selection, name: &str| Definitions::selected(Version::Stu3, selection).profile(&canonical(name));
    let strict = Selection { stu3_2017: true, ..Selection::default() };
    let most_identifiers = |selection, name| {
        let profile = of(selection, name).unwrap();
        profile.root.children.iter().find(|child| &*child.name == "identifier").unwrap().max
    };
    for name in ["fiphr-vitalsigns-stu3", "fiphr-bodyweight-stu3", "fiphr-sd-bodyweight-stu3"] {
        assert_eq!(
            (most_identifiers(Selection::default(), name), most_identifiers(strict, name)),
            (UNBOUNDED, 1),
            "{name}"
        );
    }
    let extras = Selection { r4_extras: true, ..Selection::default() };
    let distance = canonical("fiphr-sd-distance");
    assert!(Definitions::embedded(Version::R4).profile(&distance).is_none());
    assert!(Definitions::selected(Version::R4, extras).profile(&distance).is_some());
}

#[test]
fn value_sets_know_their_codes_and_whole_systems() {
    let definitions = Definitions::embedded(Version::R4);
    let languages = definitions.value_set("http://hl7.org/fhir/ValueSet/languages|4.0.1").unwrap();
    assert!(languages.systems[0].has("fi") && !languages.systems[0].has("suomi"));
    let insulin = definitions.code_system("http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode").unwrap();
    assert!(insulin.systems[0].concept("ins-short-fast").unwrap().displays.len() > 1);
    assert!(definitions.value_set("http://phr.kanta.fi/ValueSet/fiphr-vs-dosagesite").is_none());
}

#[test]
fn profiles_can_be_added_at_run_time() {
    let definitions = Definitions::embedded(Version::R4);
    let element = r#"{"id": "Observation.note", "path": "Observation.note", "min": 1},
        {"id": "Observation", "path": "Observation", "constraint": [{"key": "own-1", "severity": "error", "human": "Short", "expression": "note.text.length() < 10"}]}"#;
    let extended = definitions.extended(&[noted_weight(element)]).unwrap();
    let noted = extended.profile("http://app.test/noted").unwrap();
    assert_eq!(noted.root.children.iter().find(|child| &*child.name == "note").unwrap().min, 1);
    let own = noted.root.constraints.iter().find(|constraint| &*constraint.key == "own-1").unwrap();
    assert!(extended.expression(own).is_ok());
    assert!(definitions.profile("http://app.test/noted").is_none());
}

#[test]
fn what_cannot_be_compiled_names_file_element_and_reason() {
    let definitions = Definitions::embedded(Version::R4);
    let cases = [
        (
            r#"{"id": "Observation.weight", "path": "Observation.weight", "min": 1}"#,
            "Observation has no element weight",
        ),
        (
            r#"{"id": "Observation.note", "path": "Observation.note", "sliceName": "mine"}"#,
            "a slice of note, which is not sliced",
        ),
        (
            r#"{"id": "Observation.note", "path": "Observation.note", "min": 1, "colour": "red"}"#,
            "colour is not understood",
        ),
        (
            r#"{"id": "Observation.note", "path": "Observation.note", "binding": {"strength": "required"}}"#,
            "a binding without a value set",
        ),
        (
            r#"{"id": "Observation", "path": "Observation", "constraint": [{"key": "own-1", "severity": "error", "human": "?", "expression": "note.("}]}"#,
            "constraint own-1: ",
        ),
        (r#"{"id": "Patient.name", "path": "Patient.name", "min": 1}"#, "the path does not start with Observation"),
    ];
    for (element, reason) in cases {
        let errors = definitions.extended(&[noted_weight(element)]).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].file == "own.json" && errors[0].element.contains('n'), "{errors:?}");
        assert!(errors[0].reason.contains(reason), "{errors:?}");
    }
    let errors = definitions.extended(&[profile(r#"{"resourceType": "Patient"}"#)]).unwrap_err();
    assert_eq!(errors[0].to_string(), "own.json: a Patient is no definition");
}
