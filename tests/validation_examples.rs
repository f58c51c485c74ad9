//! The examples of the profiles: valid ones pass, each invalid one is refused for what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Selection};
use kanta_phr_sandbox::fhir::validation::{Finding, Options, unreadable, validate, version_of};
use kanta_phr_sandbox::json::Document;

#[derive(serde::Deserialize)]
struct Expectation {
    fault: String,
    /// Any one of these is enough.
    expect: Vec<Expected>,
    /// These may be reported as well.
    #[serde(default)]
    also: Vec<Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    kind: String,
    location: String,
    key: Option<String>,
}

impl Expected {
    /// Invariants are named by their key, everything else by its kind.
    fn rule(&self) -> String {
        format!("{}#{}", self.location, self.key.as_ref().unwrap_or(&self.kind))
    }
}

/// The folders of examples, each with the profiles it is written for.
const FOLDERS: [(&str, Version, Selection); 4] = [
    ("stu3", Version::Stu3, Selection { stu3_2017: false, r4_extras: false }),
    ("r4", Version::R4, Selection { stu3_2017: false, r4_extras: false }),
    ("stu3-2017", Version::Stu3, Selection { stu3_2017: true, r4_extras: false }),
    ("r4-extras", Version::R4, Selection { stu3_2017: false, r4_extras: true }),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn judge(path: &Path, definitions: &Definitions) -> Vec<Finding> {
    let text = std::fs::read_to_string(path).expect("a readable file");
    match Document::parse(text) {
        Ok(document) => validate(definitions, &document, &Options::default()),
        Err(error) => vec![unreadable(&error)],
    }
}

fn errors(findings: &[Finding]) -> Vec<String> {
    let errors = findings.iter().filter(|finding| finding.is_error());
    errors.map(|finding| format!("{} at {}:{}: {}", finding.rule, finding.line, finding.column, finding.text)).collect()
}

#[test]
fn valid_examples_are_accepted() {
    let mut refused = Vec::new();
    for (folder, version, selection) in FOLDERS {
        for path in files(&examples().join(folder).join("valid")) {
            let errors = errors(&judge(&path, Definitions::selected(version, selection)));
            if !errors.is_empty() {
                refused.push(format!("{}\n    {}", path.display(), errors.join("\n    ")));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn invalid_examples_are_refused_for_their_fault() {
    // Not among the examples, which are resources throughout.
    let mut expectations: BTreeMap<String, Expectation> =
        serde_json::from_str(include_str!("examples-expectations.json")).expect("the form of the expectations");
    let mut wrong = Vec::new();
    for (folder, version, selection) in FOLDERS {
        for path in files(&examples().join(folder).join("invalid")) {
            let name = format!("{folder}/invalid/{}", path.file_name().expect("a name").to_string_lossy());
            let Some(expectation) = expectations.remove(&name) else {
                wrong.push(format!("{name}: there is no expectation"));
                continue;
            };
            let findings = judge(&path, Definitions::selected(version, selection));
            let rules: Vec<&str> =
                findings.iter().filter(|finding| finding.is_error()).map(|finding| &*finding.rule).collect();
            let is_found = expectation.expect.iter().any(|expected| rules.contains(&&*expected.rule()));
            let known: Vec<String> = expectation.expect.iter().chain(&expectation.also).map(Expected::rule).collect();
            // The profile's own rules and the policy about profiles may say the same thing twice.
            let is_known =
                |rule: &&str| known.iter().any(|known| known == rule) || rule.ends_with("meta.profile#profile");
            let others = rules.iter().filter(|rule| !is_known(rule)).count();
            if !is_found || others > 0 {
                let errors = errors(&findings).join("\n    ");
                wrong.push(format!("{name}: {} (expected {})\n    {errors}", expectation.fault, known.join(", ")));
            }
        }
    }
    wrong.extend(expectations.keys().map(|name| format!("{name}: there is no such file")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_refusal_names_a_line_and_a_rule() {
    for (folder, version, selection) in FOLDERS {
        for path in files(&examples().join(folder).join("invalid")) {
            for finding in judge(&path, Definitions::selected(version, selection)) {
                assert!(finding.line > 0 && finding.column > 0, "{}: {finding:?}", path.display());
                assert!(finding.rule.contains('#') && !finding.text.is_empty(), "{}: {finding:?}", path.display());
            }
        }
    }
}

/// Resources other people wrote, when the folder with them is there.
#[test]
fn shared_samples() {
    let Some(shared) = std::env::var_os("KANTA_SHARED").map(PathBuf::from) else { return };
    let samples = shared.join("samples");
    for version in Version::ALL {
        for path in files(&samples.join(version.as_str()).join("valid")) {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            assert_eq!(version_of(&Document::parse(text).expect("JSON")), version, "{}", path.display());
            let errors = errors(&judge(&path, Definitions::embedded(version)));
            assert!(errors.is_empty(), "{}\n    {}", path.display(), errors.join("\n    "));
        }
    }
    let r4 = Definitions::embedded(Version::R4);
    let glucose = judge(&samples.join("r4/invalid/bloodglucose-min.json"), r4);
    assert!(glucose.iter().any(|finding| finding.is_error() && finding.rule == "Observation#PHR-2"), "{glucose:#?}");
    let plan = judge(&samples.join("r4/invalid/example-CarePlan-mandatory.json"), r4);
    assert!(plan.iter().any(|finding| finding.is_error() && finding.rule == "CarePlan.status#fixed"), "{plan:#?}");
}

mod mutations {
    use super::*;
    use proptest::prelude::*;

    /// All examples, valid and invalid.
    fn texts() -> Vec<(Version, String)> {
        let folders = Version::ALL.into_iter().flat_map(|version| ["valid", "invalid"].map(|kind| (version, kind)));
        let files = folders.flat_map(|(version, kind)| {
            let folder = examples().join(version.as_str()).join(kind);
            files(&folder).into_iter().map(move |path| (version, path))
        });
        files.map(|(version, path)| (version, std::fs::read_to_string(path).expect("a readable file"))).collect()
    }

    /// `MUTATIONS=100000 cargo test --release --test validation_examples mutations` takes so many cases instead of 256.
    fn cases() -> u32 {
        std::env::var("MUTATIONS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases()))]

        /// Whatever becomes of an example, judging it ends and places every finding within the text.
        #[test]
        fn no_change_of_an_example_panics(
            pick in any::<prop::sample::Index>(),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, "[\\[\\]{}\",:a-zA-Z0-9_.#/ \n-]{0,12}|null|true|0|\\[\\]|\\{\\}"), 1..4),
        ) {
            let texts = texts();
            let (version, mut text) = pick.get(&texts).clone();
            for (at, length, piece) in cuts {
                let mut start = at.index(text.len().max(1)).min(text.len());
                while !text.is_char_boundary(start) {
                    start -= 1;
                }
                let mut end = (start + length).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text.replace_range(start..end, &piece);
            }
            if let Ok(document) = Document::parse(text.as_str()) {
                let lines = text.split('\n').count() as u32;
                for finding in validate(Definitions::embedded(version), &document, &Options::default()) {
                    prop_assert!(finding.line >= 1 && finding.line <= lines && finding.column >= 1);
                }
            }
        }

        /// The same for a value swapped for another one of the same document, which keeps the JSON whole.
        #[test]
        fn no_swap_of_values_panics(pick in any::<prop::sample::Index>(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
            let texts = texts();
            let (version, text) = pick.get(&texts).clone();
            if let Ok(document) = Document::parse(text.as_str()) {
                let mut spans = Vec::new();
                let mut waiting = vec![document.root()];
                while let Some(value) = waiting.pop() {
                    spans.push(value.span());
                    waiting.extend(value.members().map(|(_, value)| value).chain(value.items()));
                }
                let (target, source) = (one.get(&spans).clone(), other.get(&spans).clone());
                let swapped = format!("{}{}{}", &text[..target.start], &text[source], &text[target.end..]);
                let document = Document::parse(swapped).expect("values are whole");
                for version in [version, Version::R4, Version::Stu3] {
                    validate(Definitions::embedded(version), &document, &Options::default());
                }
            }
        }
    }
}
