//! Value sets and code systems: every concept with its display and its designations in Finnish, Swedish and English.

use super::{Differences, Meant, definitions, facts, list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NO_DISPLAY: &str = "the original has no display: the English designation is one";
const BOTH: &str = "the later version, and the two codes of the first one that it has no more";

/// Where ours differ from the published ones: (file, code, field, reason).
const MEANT: &[Meant] = &[
    ("r4 fiphr-cs-insulincode", "*", "display", NO_DISPLAY),
    ("r4 fiphr-cs-observationcategory", "*", "display", NO_DISPLAY),
    ("r4 fiphr-vs-macronutrients", "*", "display", NO_DISPLAY),
    ("r4 fiphr-vs-nutrition", "*", "display", NO_DISPLAY),
    ("r4 fiphr-vs-observationcategory", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-cs-insulincode", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-cs-observationcategory", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-vs-macronutrients", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-vs-nutrition", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-vs-observationcategory", "*", "display", NO_DISPLAY),
    ("stu3 fiphr-vs-vitalsigns", "85353-1", "concept", BOTH),
    ("stu3 fiphr-vs-vitalsigns", "77135-2", "concept", BOTH),
];

#[test]
fn terminology_is_as_published() {
    let Some(facts) = facts("terminology.json") else { return };
    let mut differences = Differences::new(MEANT);
    let mut compared = BTreeSet::new();
    for (key, kind) in [("codesystems", "CodeSystem"), ("valuesets", "ValueSet")] {
        for folder in ["r4", "stu3"] {
            let own = definitions(folder, kind);
            for theirs in list(&facts[key]) {
                let first_rules = text(theirs, "source").starts_with("STU3");
                let Some(ours) = own.get(text(theirs, "url")) else {
                    // R4 never had those of the first STU3 rules.
                    assert!(first_rules && folder == "r4", "{folder} lacks {}", text(theirs, "url"));
                    continue;
                };
                // Two value sets are known in two versions; ours are the later ones.
                if theirs["version"] != ours["version"] && first_rules {
                    continue;
                }
                compared.insert((folder, text(theirs, "url").to_owned()));
                let name = format!("{folder} {}", text(theirs, "id"));
                for field in ["id", "version", "status", "content"] {
                    differences.compare(&name, "", field, &theirs[field], &ours[field]);
                }
                differences.concepts(&name, &by_system(theirs, "concepts"), &by_system(ours, "concept"));
            }
            for url in own.keys() {
                assert!(compared.contains(&(folder, url.clone())), "{url} is in {folder} alone");
            }
        }
    }
    differences.end();
}

/// System → code → concept.
fn by_system(definition: &Value, key: &str) -> BTreeMap<String, BTreeMap<String, Value>> {
    let by_code = |concepts: &Value| {
        list(concepts).map(|concept| (text(concept, "code").to_owned(), concept.clone())).collect::<BTreeMap<_, _>>()
    };
    let includes = [&definition["include"], &definition["compose"]["include"]].into_iter().find(|list| list.is_array());
    match includes {
        Some(includes) => {
            list(includes).map(|include| (text(include, "system").to_owned(), by_code(&include[key]))).collect()
        }
        None => [(text(definition, "url").to_owned(), by_code(&definition[key]))].into(),
    }
}

/// Language → text: an object in the facts, a list in FHIR.
fn designations(concept: &Value) -> BTreeMap<String, String> {
    let pairs: Vec<(&str, &str)> = match &concept["designation"] {
        Value::Object(by_language) => by_language
            .iter()
            .map(|(language, value)| (language.as_str(), value.as_str().unwrap_or_default()))
            .collect(),
        designations => {
            list(designations).map(|designation| (text(designation, "language"), text(designation, "value"))).collect()
        }
    };
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(language, value)| (language.to_owned(), value.to_owned())).collect()
}

impl Differences {
    fn concepts(
        &mut self,
        name: &str,
        theirs: &BTreeMap<String, BTreeMap<String, Value>>,
        ours: &BTreeMap<String, BTreeMap<String, Value>>,
    ) {
        assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>(), "{name}: systems");
        for (system, theirs) in theirs {
            let ours = &ours[system];
            for code in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
                match (theirs.get(code), ours.get(code)) {
                    (Some(theirs), Some(ours)) => {
                        self.compare(name, code, "display", &theirs["display"], &ours["display"]);
                        if designations(theirs) != designations(ours) {
                            self.note(name, code, "designation", format_args!("{theirs} is {ours} here"));
                        }
                    }
                    (there, _) => {
                        self.note(name, code, "concept", if there.is_some() { "missing" } else { "ours alone" })
                    }
                }
            }
        }
    }
}
