//! The definitions that were published in full, line by line.

use super::{Differences, Meant, definitions, facts, list, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const BARE_BINDING: &str = "the original gives the strength alone: the value set of the base is written out";

/// Where our R4 definitions differ from the published ones.
const MEANT_R4: &[Meant] = &[
    ("*", "", "title", "titles are ours"),
    ("*", "", "date", "without the time of day"),
    ("*", "CarePlan.language", "binding", BARE_BINDING),
    ("*", "MedicationAdministration.language", "binding", BARE_BINDING),
    ("*", "Observation.language", "binding", BARE_BINDING),
    ("*", "Patient.language", "binding", BARE_BINDING),
    ("*", "Questionnaire.language", "binding", BARE_BINDING),
    ("*", "QuestionnaireResponse.language", "binding", BARE_BINDING),
    ("fiphr-sd-nutrition", "Observation.interpretation", "binding", BARE_BINDING),
    (
        "fiphr-sd-questionnaireresponse-r4",
        "QuestionnaireResponse",
        "constraint",
        "the guide forbids entered-in-error in words alone; the rule is marked as the sandbox's",
    ),
    ("fiphr-sd-vitalsigns", "Observation.category", "binding", BARE_BINDING),
    ("fiphr-sd-vitalsigns", "Observation.category:VSCat", "binding", BARE_BINDING),
    ("fiphr-sd-vitalsigns", "Observation.dataAbsentReason", "binding", BARE_BINDING),
    ("fiphr-sd-vitalsigns", "Observation.interpretation", "binding", BARE_BINDING),
];

/// Where our STU3 definitions of the first rules differ from the published ones.
const MEANT_2017: &[Meant] = &[
    ("*", "", "name", "the ids serve as names"),
    ("*", "", "date", "without the time of day"),
    ("fiphr-ext-creatingapplication", "", "version", "the later version 1.0 is the same but for its status"),
    ("fiphr-ext-creatingapplication", "", "status", "as above"),
    ("fiphr-ext-creatingapplication", "", "context", "the original allows none of the resources that carry it"),
    ("fiphr-boolean", "", "context", "as above"),
    ("fiphr-boolean", "", "kind", "a slip: an extension is no primitive type"),
    (
        "fiphr-pef-stu3",
        "Observation.extension:MedicationContext",
        "binding",
        "a slip: it names a profile, no value set",
    ),
    ("fiphr-vitalsigns-stu3", "Observation.language", "binding", BARE_BINDING),
    ("fiphr-vitalsigns-stu3", "Observation.category", "binding", BARE_BINDING),
    ("fiphr-vitalsigns-stu3", "Observation.interpretation", "binding", BARE_BINDING),
];

/// What a definition says of itself.
const FIELDS: [&str; 12] = [
    "id",
    "name",
    "title",
    "version",
    "status",
    "date",
    "type",
    "baseDefinition",
    "abstract",
    "kind",
    "derivation",
    "context",
];

#[test]
fn r4_is_as_published() {
    let Some(facts) = facts("r4-differentials.json") else { return };
    let own = definitions("r4", "StructureDefinition");
    let published = facts["profiles"].as_object().unwrap();
    assert_eq!(own.keys().collect::<BTreeSet<_>>(), published.keys().collect::<BTreeSet<_>>());
    let mut differences = Differences::new(MEANT_R4);
    for (url, theirs) in published {
        differences.definition(url, theirs, &own[url], &|element| element.clone());
    }
    differences.end();
}

#[test]
fn the_first_stu3_rules_are_as_published() {
    let Some(facts) = facts("stu3-2017-differentials.json") else { return };
    let mut own = definitions("stu3", "StructureDefinition");
    own.extend(definitions("stu3-2017", "StructureDefinition"));
    let mut differences = Differences::new(MEANT_2017);
    for (url, theirs) in facts["profiles"].as_object().unwrap() {
        differences.definition(url, theirs, &own[url], &without_notation);
    }
    differences.end();
}

/// An element in the one notation that both sides are compared in: a choice keeps its name, with its type below; numbers are numbers;
/// notes of editors are left out.
fn without_notation(element: &Value) -> Value {
    let mut element = element.as_object().unwrap().clone();
    element.remove("extension");
    let (mut id, mut path) = (text_of(&element, "id"), text_of(&element, "path"));
    let type_ = path.split('.').next().unwrap().to_owned();
    for (choice, named) in [
        ("value[x]", "valueQuantity"),
        ("value[x]", "valueCodeableConcept"),
        ("value[x]", "valueString"),
        ("value[x]", "valueBoolean"),
        ("effective[x]", "effectiveDateTime"),
    ] {
        id = id.replace(&format!("{named}:{named}"), &format!("{type_}.{choice}"));
        id = id.replace(&format!("{choice}:{named}"), choice);
        path = path.replace(&format!(".{named}"), &format!(".{choice}"));
        if element.get("sliceName").is_some_and(|slice| slice == named) {
            element.remove("sliceName");
        }
    }
    element.insert("id".to_owned(), json!(id));
    element.insert("path".to_owned(), json!(path));
    if let Some(min) = element.get("min").and_then(Value::as_str) {
        let min: u64 = min.parse().unwrap();
        element.insert("min".to_owned(), json!(min));
    }
    if let Some(binding) = element.get_mut("binding").and_then(Value::as_object_mut) {
        binding.remove("extension");
    }
    Value::Object(element)
}

fn text_of(element: &Map<String, Value>, key: &str) -> String {
    element[key].as_str().unwrap().to_owned()
}

impl Differences {
    fn definition(&mut self, url: &str, theirs: &Value, ours: &Value, read: &dyn Fn(&Value) -> Value) {
        let name = url.rsplit('/').next().unwrap();
        for field in FIELDS {
            // A field the facts leave out was not gathered.
            if theirs.get(field).is_some_and(|field| !field.is_null()) {
                self.compare(name, "", field, &theirs[field], &ours[field]);
            }
        }
        let theirs: Vec<Value> = list(&theirs["differential"]).map(read).collect();
        let ours: Vec<Value> =
            list(&ours["differential"]["element"]).map(|element| read(&without_evidence(element))).collect();
        let ids =
            |elements: &[Value]| elements.iter().map(|element| text(element, "id").to_owned()).collect::<Vec<_>>();
        // Their order counts: slices are matched in it.
        if ids(&theirs) != ids(&ours) {
            self.note(name, "", "elements", format_args!("{:?} are {:?} here", ids(&theirs), ids(&ours)));
            return;
        }
        for (theirs, ours) in theirs.iter().zip(&ours) {
            let (theirs, ours) = (theirs.as_object().unwrap(), ours.as_object().unwrap());
            for field in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
                let of = |element: &Map<String, Value>| element.get(field).cloned().unwrap_or_default();
                self.compare(name, &text_of(theirs, "id"), field, &of(theirs), &of(ours));
            }
        }
    }
}

/// An element without our own remark on how sure it is.
fn without_evidence(element: &Value) -> Value {
    let mut element = element.clone();
    if let Some(extensions) = element["extension"].as_array_mut() {
        extensions.retain(|extension| !text(extension, "url").starts_with("https://kanta-phr-sandbox.example/"));
        if extensions.is_empty() {
            element.as_object_mut().unwrap().remove("extension");
        }
    }
    element
}

#[test]
fn a_difference_that_nobody_means_is_found() {
    let definition = |max: &str| json!({"version": "1", "differential": [{"id": "A.b", "path": "A.b", "max": max}]});
    let theirs = definition("0");
    let ours = json!({"version": "1", "differential": {"element": [{"id": "A.b", "path": "A.b", "max": "1"}]}});
    let mut differences = Differences::new(&[]);
    differences.definition("http://x/a", &theirs, &ours, &|element| element.clone());
    assert_eq!(differences.found, [r#"a A.b max: "0" is "1" here"#]);
}
