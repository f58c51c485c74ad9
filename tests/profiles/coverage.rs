//! Every profile has examples, every base is refused, every file says how sure it is.

use super::{definitions, json, list, project, text};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Selection};
use kanta_phr_sandbox::fhir::validation::{Options, validate};
use kanta_phr_sandbox::json::Document;
use serde_json::Value;
use std::collections::BTreeSet;

const FOLDERS: [&str; 4] = ["r4", "r4-extras", "stu3", "stu3-2017"];

/// Names and texts of the examples in a folder.
fn examples(folder: &str, kind: &str) -> Vec<(String, String)> {
    let folder = project().join("examples").join(folder).join(kind);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_profile_has_examples() {
    let mut lacking = Vec::new();
    for folder in FOLDERS {
        let (valid, invalid) = (examples(folder, "valid"), examples(folder, "invalid"));
        for (url, definition) in definitions(folder, "StructureDefinition") {
            if definition["abstract"] == true || is_abstract_in_practice(&definition) {
                continue;
            }
            let is_extension = definition["type"] == "Extension";
            let naming = |examples: &[(String, String)], suffix: &str| {
                let names =
                    |(name, text): &&(String, String)| name.ends_with(suffix) && text.contains(&format!("\"{url}\""));
                examples.iter().filter(names).count()
            };
            let counts = (naming(&valid, "-minimal"), naming(&valid, "-rich"), naming(&invalid, ""));
            let shown = if is_extension { counts.0 + counts.1 > 0 } else { counts.0 > 0 && counts.1 > 0 };
            if !shown || counts.2 < 2 {
                lacking.push(format!("{folder} {url}: minimal, rich, broken {counts:?}"));
            }
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

fn is_abstract_in_practice(definition: &Value) -> bool {
    list(&definition["extension"]).any(|extension| text(extension, "url").ends_with("/abstract-in-practice"))
}

#[test]
fn a_base_is_refused_as_the_only_profile() {
    for (version, selection, bases) in [
        (Version::R4, Selection::default(), vec!["fiphr-sd-fitness", "fiphr-sd-nutrition", "fiphr-sd-vitalsigns"]),
        (
            Version::Stu3,
            Selection::default(),
            vec![
                "fiphr-fitness-stu3",
                "fiphr-sd-nutrition-stu3",
                "fiphr-sd-urinarymonitoring-stu3",
                "fiphr-vitalsigns-stu3",
            ],
        ),
    ] {
        for selection in [selection, Selection { stu3_2017: true, r4_extras: true }] {
            let definitions = Definitions::selected(version, selection);
            let is_base = |url: &&str| definitions.profile(url).is_some_and(|profile| profile.is_abstract);
            let found: Vec<&str> = definitions.profile_urls().into_iter().filter(is_base).collect();
            assert_eq!(found.iter().map(|url| url.rsplit('/').next().unwrap()).collect::<Vec<_>>(), bases);
            for url in found {
                let resource = format!(r#"{{"resourceType": "Observation", "meta": {{"profile": ["{url}"]}}}}"#);
                let findings = validate(definitions, &Document::parse(resource).unwrap(), &Options::default());
                let refused = findings.iter().any(|finding| {
                    finding.is_error()
                        && finding.rule == "Observation.meta.profile#profile"
                        && finding.text.contains(url)
                        && finding.text.contains("base profile")
                });
                assert!(refused, "{url}: {findings:#?}");
            }
        }
    }
}

#[test]
fn every_definition_says_what_it_is() {
    let grades = ["documented", "recorded", "upstream", "inferred", "assumed"];
    for folder in FOLDERS {
        for kind in ["StructureDefinition", "ValueSet", "CodeSystem"] {
            for (url, definition) in definitions(folder, kind) {
                let complete = ["version", "status", "name", "title", "description", "publisher"];
                assert!(complete.iter().all(|field| !text(&definition, field).is_empty()), "{folder} {url}");
                let graded = list(&definition["extension"]).any(|extension| {
                    text(extension, "url").ends_with("/evidence") && grades.contains(&text(extension, "valueCode"))
                });
                assert!(graded, "{folder} {url} says nothing of its evidence");
            }
        }
    }
}

#[test]
fn aliases_lead_to_profiles_and_hide_none() {
    let aliases = json(&project().join("profiles/aliases.json"));
    let mut seen = BTreeSet::new();
    for alias in list(&aliases) {
        let own = definitions(text(alias, "fhir"), "StructureDefinition");
        let (name, profile) = (text(alias, "alias"), text(alias, "profile"));
        assert!(own.contains_key(profile) && !own.contains_key(name) && seen.insert(name), "{alias}");
    }
}
