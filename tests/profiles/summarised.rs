//! The list of all known profiles: each is here or said not to be, and the STU3 ones keep what it says of them.

use super::{Differences, Meant, PREFIX, definitions, facts, list, project, text};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Element, Literal, Selection, Slice, Strength, UNBOUNDED};
use serde_json::Value;

/// Known profiles that are not here; `profiles/README.md` says why.
const NOT_HERE: [&str; 6] = [
    "fiphr-sd-selfcaregoal-r4",
    "spirometrystudy",
    "spirometrymeasurement",
    "spirometryresult",
    "spirometrybreath",
    "fiphr-sd-metbystandardrmr-stu3",
];

const STARRED: &str = "any coding may stand here; the profiles derived from it say which is theirs";
const FREE: &str = "the STU3 guide mentions method and device: they are free";
const UCUM: &str = "it is no UCUM code";

/// Where the STU3 profiles differ from the list.
const MEANT: &[Meant] = &[
    ("fiphr-sd-vitalsigns-stu3", "code.coding.system", "*", STARRED),
    ("fiphr-sd-vitalsigns-stu3", "code.coding.code", "*", STARRED),
    ("fiphr-sd-vitalsigns-stu3", "code.coding.display", "*", STARRED),
    ("*", "method", "max", FREE),
    ("fiphr-sd-exercisetracking-stu3", "code", "binding", "its own value set, as in R4"),
    ("fiphr-respiratoryrate-stu3", "value[x].unit", "fixed", "the later rules are not public: /min, as in heart rate"),
    ("fiphr-respiratoryrate-stu3", "value[x].code", "fixed", UCUM),
    ("fiphr-patient-stu3", "identifier.value", "fixed", "a shape, not a value"),
];

#[test]
fn every_known_profile_is_accounted_for() {
    let Some(facts) = facts("profiles.json") else { return };
    let readme = std::fs::read_to_string(project().join("profiles/README.md")).unwrap();
    let here: Vec<String> = ["r4", "r4-extras", "stu3"]
        .iter()
        .flat_map(|folder| definitions(folder, "StructureDefinition").into_keys())
        .collect();
    let mut missing = Vec::new();
    for known in list(&facts["profiles"]) {
        let url = canonical(known);
        match (here.contains(&url), NOT_HERE.contains(&text(known, "name"))) {
            (true, false) => {}
            (false, true) => {
                assert!(readme.contains(&format!("`{}`", text(known, "name"))), "{url} is not in README.md")
            }
            (true, true) => panic!("{url} is here"),
            (false, false) => missing.push(url),
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(list(&facts["profiles"]).count(), 69);
}

/// The URL, a guess when it is not public, and what it is an alias of.
fn canonical(known: &Value) -> String {
    let url = match known["url"].as_str() {
        Some(url) => url.to_owned(),
        None => format!("{PREFIX}{}", text(known, "name")),
    };
    let stu3 = Definitions::embedded(Version::Stu3);
    stu3.alias(&url).filter(|_| text(known, "fhir").starts_with('3')).map_or(url.clone(), str::to_owned)
}

#[test]
fn stu3_profiles_keep_what_is_known_of_them() {
    let Some(facts) = facts("profiles.json") else { return };
    let mut differences = Differences::new(MEANT);
    for known in list(&facts["profiles"]).filter(|known| text(known, "fhir").starts_with('3')) {
        if NOT_HERE.contains(&text(known, "name")) {
            continue;
        }
        // This one is listed by its first rules, and once more by the later ones.
        let first_rules = text(known, "name") == "fiphr-vitalsigns-stu3";
        let selection = Selection { stu3_2017: first_rules, ..Selection::default() };
        let definitions = Definitions::selected(Version::Stu3, selection);
        let profile = definitions.profile(&canonical(known)).unwrap();
        differences.profile(definitions, known, &profile.root);
    }
    differences.end();
}

impl Differences {
    fn profile(&mut self, definitions: &Definitions, known: &Value, root: &Element) {
        let name = text(known, "name");
        for path in list(&known["required"]).filter_map(Value::as_str) {
            for path in paths(path) {
                if !find(root, &path).iter().any(|element| element.min >= 1) {
                    self.note(name, &path, "min", "not required");
                }
            }
        }
        for (path, max) in entries(&known["max"]) {
            let max = first_word(max.as_str().unwrap());
            for path in paths(path) {
                let found = find(root, &path);
                let holds = match max {
                    "*" => found.first().is_some_and(|element| element.max == UNBOUNDED),
                    // What no profile mentions is as the type has it, at most one.
                    "1" if found.is_empty() => true,
                    number => found.iter().any(|element| element.max == number.parse::<u32>().unwrap()),
                };
                if !holds {
                    self.note(name, &path, "max", format_args!("not {max}"));
                }
            }
        }
        for (path, value) in entries(&known["fixed"]) {
            self.fixed(name, root, path, value.as_str().unwrap());
        }
        for (path, binding) in entries(&known["bindings"]) {
            let places = paths(path).into_iter().flat_map(|path| [format!("{path}.coding"), path]);
            let holds = places.collect::<Vec<_>>().iter().flat_map(|path| find(root, path)).any(|element| {
                element.binding.as_ref().is_some_and(|bound| {
                    &*bound.value_set == text(binding, "valueset")
                        && strength(bound.strength) == first_word(text(binding, "strength")).trim_end_matches(',')
                })
            });
            if !holds {
                self.note(name, path, "binding", binding);
            }
        }
        for code in list(&known["codes"]).map(|code| text(code, "code")).filter(|code| !code.starts_with('<')) {
            if !knows_code(definitions, root, code) {
                self.note(name, "code", code, "the code is nowhere");
            }
        }
        let value = &known["value"];
        for (field, path) in
            [("unit", "value[x].unit"), ("unit_code", "value[x].code"), ("unit_system", "value[x].system")]
        {
            if let Some(fixed) = value[field].as_str() {
                self.fixed(name, root, path, fixed);
            }
        }
        for component in list(&known["components"]) {
            let code = text(&component["code"], "code");
            let slices = find_slices(root, "component");
            let slice = slices.iter().find(|slice| mentions(&slice.element, code));
            match slice {
                None => self.note(name, "component", code, "there is no such part"),
                Some(slice) => {
                    let max = text(component, "max").parse().unwrap();
                    if (u64::from(slice.element.min), slice.element.max) != (component["min"].as_u64().unwrap(), max) {
                        self.note(name, "component", code, "another cardinality");
                    }
                    for (field, path) in [("value_unit", "value[x].unit"), ("value_code", "value[x].code")] {
                        if let Some(fixed) = component[field].as_str() {
                            self.fixed(name, &slice.element, path, fixed);
                        }
                    }
                }
            }
        }
        for extension in list(&known["extensions"]).map(|extension| first_word(text(extension, "url"))) {
            if !refers_to(root, extension) {
                self.note(name, "extension", extension, "it is nowhere");
            }
        }
    }

    fn fixed(&mut self, name: &str, root: &Element, path: &str, value: &str) {
        let expected = Literal::String(value.into());
        for path in paths(path) {
            if !find(root, &path)
                .iter()
                .any(|element| element.fixed.as_ref() == Some(&expected) || one_of(root, &path, value))
            {
                self.note(name, &path, "fixed", format_args!("not {value:?}"));
            }
        }
    }
}

/// `status: active|intended`, which is an invariant here.
fn one_of(root: &Element, path: &str, values: &str) -> bool {
    let says =
        |value: &str| root.constraints.iter().any(|rule| rule.expression.contains(&format!("{path} = '{value}'")));
    values.contains('|') && values.split('|').all(says)
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn first_word(words: &str) -> &str {
    words.split(' ').next().unwrap_or_default()
}

fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Example => "example",
        Strength::Preferred => "preferred",
        Strength::Extensible => "extensible",
        Strength::Required => "required",
    }
}

/// The paths that an entry of the list means, in FHIR's spelling.
fn paths(entry: &str) -> Vec<String> {
    let path = first_word(entry);
    if path == "*.coding.version" || path == "*.coding.userSelected" {
        let field = path.rsplit('.').next().unwrap();
        return ["category", "code", "interpretation", "component.code"]
            .map(|of| format!("{of}.coding.{field}"))
            .into();
    }
    let (stem, fields) = path.rsplit_once('.').unwrap_or(("", path));
    let spelled = |field: &str| {
        let path = if stem.is_empty() { field.to_owned() } else { format!("{stem}.{field}") };
        path.replace("effectiveDateTime", "effective[x]")
            .replace("valueQuantity", "value[x]")
            .replace("medicationCodeableConcept", "medication[x]")
            .replace("coding:VNRCode", "medication[x].coding")
            .replace("coding:insulinCode", "medication[x].coding")
            .replace("code:fiphrCode", "code")
    };
    // An `effectivePeriod` that is removed is a type that is not there.
    fields.split('|').map(spelled).filter(|path| path != "effectivePeriod").collect()
}

/// The element at a path, then those of its slices.
fn find<'e>(root: &'e Element, path: &str) -> Vec<&'e Element> {
    let mut found = vec![root];
    for step in path.split('.') {
        let name = step.strip_suffix("[x]").unwrap_or(step);
        let below = found.iter().flat_map(|element| element.children.iter().filter(|child| &*child.name == name));
        let mut plain: Vec<&Element> = below.collect();
        let slices: Vec<&Element> = plain
            .iter()
            .flat_map(|element| {
                element.slicing.iter().flat_map(|slicing| slicing.slices.iter().map(|slice| &slice.element))
            })
            .collect();
        plain.extend(slices);
        found = plain;
    }
    found
}

fn find_slices<'e>(root: &'e Element, path: &str) -> Vec<&'e Slice> {
    find(root, path)
        .into_iter()
        .flat_map(|element| element.slicing.iter().flat_map(|slicing| &slicing.slices))
        .collect()
}

fn below(element: &Element) -> impl Iterator<Item = &Element> {
    element
        .children
        .iter()
        .chain(element.slicing.iter().flat_map(|slicing| slicing.slices.iter().map(|slice| &slice.element)))
}

fn mentions(element: &Element, code: &str) -> bool {
    element.fixed == Some(Literal::String(code.into()))
        || element.constraints.iter().any(|rule| rule.expression.contains(&format!("'{code}'")))
        || below(element).any(|element| mentions(element, code))
}

fn knows_code(definitions: &Definitions, root: &Element, code: &str) -> bool {
    let bound = find(root, "medication[x]").into_iter().filter_map(|element| element.binding.as_ref());
    let mut lists = bound.filter_map(|binding| definitions.value_set(&binding.value_set));
    mentions(root, code)
        || lists.any(|list| {
            list.systems.iter().any(|systems| systems.concepts.iter().any(|concept| &*concept.code == code))
        })
}

fn refers_to(element: &Element, url: &str) -> bool {
    element.types.iter().any(|reference| reference.profiles.iter().any(|profile| &**profile == url))
        || below(element).any(|element| refers_to(element, url))
}
