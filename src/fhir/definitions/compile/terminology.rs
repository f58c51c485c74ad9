//! Value sets and code systems: what a `compose` adds up to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::model::{CodeList, Concept, SystemCodes};
use super::json::without_version;
use super::{CompileError, Library, Source};

pub(super) struct Terminology<'c> {
    library: Option<&'c dyn Library>,
    value_sets: BTreeMap<String, CodeList>,
    code_systems: BTreeMap<String, CodeList>,
    /// (file, resource): composed once every code system is known.
    composed: Vec<(String, Value)>,
}

impl<'c> Terminology<'c> {
    pub(super) fn new(library: Option<&'c dyn Library>) -> Self {
        Terminology { library, value_sets: BTreeMap::new(), code_systems: BTreeMap::new(), composed: Vec::new() }
    }

    /// Expansions: value set → system → code → display.
    pub(super) fn add_base(&mut self, source: &Source) -> Result<(), CompileError> {
        type Expansions = BTreeMap<String, BTreeMap<String, BTreeMap<String, Option<String>>>>;
        let expansions: Expansions = serde_json::from_str(&source.text).map_err(|reason| CompileError {
            file: source.file.clone(),
            element: String::new(),
            reason: reason.to_string(),
        })?;
        for (url, systems) in expansions {
            let systems = systems
                .into_iter()
                .map(|(system, codes)| SystemCodes {
                    system: system.into(),
                    is_whole: false,
                    concepts: codes
                        .into_iter()
                        .map(|(code, display)| Concept {
                            code: code.into(),
                            displays: display.into_iter().map(Into::into).collect(),
                        })
                        .collect(),
                })
                .collect();
            let list = CodeList { url: url.as_str().into(), systems, is_partial: false };
            self.value_sets.insert(url, list);
        }
        Ok(())
    }

    /// A ValueSet or CodeSystem resource.
    pub(super) fn add(&mut self, file: &str, resource: &Value) -> Result<(), CompileError> {
        let fail =
            |reason: &str| CompileError { file: file.to_owned(), element: String::new(), reason: reason.to_owned() };
        let url = resource["url"].as_str().ok_or_else(|| fail("terminology without url"))?;
        if resource["resourceType"] == "ValueSet" {
            self.composed.push((file.to_owned(), resource.clone()));
            return Ok(());
        }
        let mut concepts = Vec::new();
        collect_concepts(&resource["concept"], &mut concepts);
        sort(&mut concepts);
        let is_whole = resource["content"] == "not-present";
        let list = CodeList {
            url: url.into(),
            systems: vec![SystemCodes { system: url.into(), is_whole, concepts }],
            is_partial: resource["content"] != "complete",
        };
        match self.code_systems.insert(url.to_owned(), list) {
            Some(_) => Err(fail(&format!("{url} is defined twice"))),
            None => Ok(()),
        }
    }

    /// All value sets and all code systems.
    pub(super) fn finish(mut self) -> Result<(Vec<CodeList>, Vec<CodeList>), CompileError> {
        let mut waiting = std::mem::take(&mut self.composed);
        // A value set may include another one that comes later: go round until nothing moves.
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut next = Vec::new();
            for (file, resource) in waiting {
                match self.compose(&file, &resource)? {
                    Some(list) => {
                        self.value_sets.insert(list.url.to_string(), list);
                    }
                    None => next.push((file, resource)),
                }
            }
            if next.len() == before {
                let (file, _) = &next[0];
                let reason = "the value set includes one that is not defined".to_owned();
                return Err(CompileError { file: file.clone(), element: "ValueSet.compose".to_owned(), reason });
            }
            waiting = next;
        }
        Ok((self.value_sets.into_values().collect(), self.code_systems.into_values().collect()))
    }

    /// `None` when an included value set is not there yet.
    fn compose(&self, file: &str, resource: &Value) -> Result<Option<CodeList>, CompileError> {
        let url = without_version(resource["url"].as_str().unwrap_or_default());
        let fail =
            |element: &str, reason: String| CompileError { file: file.to_owned(), element: element.to_owned(), reason };
        let mut list = CodeList { url: url.into(), ..CodeList::default() };
        for include in resource["compose"]["include"].as_array().into_iter().flatten() {
            for key in include.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
                if !matches!(key, "system" | "version" | "concept" | "valueSet" | "extension" | "id") {
                    return Err(fail("ValueSet.compose.include", format!("{key} is not understood")));
                }
            }
            for included in super::json::strings(&include["valueSet"]) {
                let Some(included) = self.value_sets.get(without_version(&included)) else { return Ok(None) };
                included.systems.iter().for_each(|systems| merge(&mut list, systems.clone()));
                list.is_partial |= included.is_partial;
            }
            let Some(system) = include["system"].as_str() else { continue };
            let system_codes = self.code_systems.get(system).cloned().or_else(|| self.library?.code_system(system));
            let known = system_codes.as_ref().and_then(|list| list.systems.first());
            match include["concept"].as_array() {
                Some(concepts) => {
                    let mut own = Vec::new();
                    for concept in concepts {
                        let mut concept = read_concept(concept);
                        let elsewhere =
                            known.and_then(|known| known.concepts.iter().find(|other| other.code == concept.code));
                        for display in elsewhere.iter().flat_map(|other| &other.displays) {
                            if !concept.displays.contains(display) {
                                concept.displays.push(display.clone());
                            }
                        }
                        own.push(concept);
                    }
                    sort(&mut own);
                    merge(&mut list, SystemCodes { system: system.into(), is_whole: false, concepts: own });
                }
                None => match known {
                    Some(known) => merge(&mut list, known.clone()),
                    None => {
                        merge(&mut list, SystemCodes { system: system.into(), is_whole: true, concepts: Vec::new() })
                    }
                },
            }
        }
        for exclude in resource["compose"]["exclude"].as_array().into_iter().flatten() {
            let (Some(system), Some(concepts)) = (exclude["system"].as_str(), exclude["concept"].as_array()) else {
                return Err(fail("ValueSet.compose.exclude", "only single codes can be excluded".to_owned()));
            };
            for systems in list.systems.iter_mut().filter(|systems| &*systems.system == system) {
                systems.concepts.retain(|concept| !concepts.iter().any(|excluded| excluded["code"] == *concept.code));
            }
        }
        if list.systems.is_empty() {
            list.is_partial = true;
        }
        Ok(Some(list))
    }
}

fn collect_concepts(value: &Value, concepts: &mut Vec<Concept>) {
    for concept in value.as_array().into_iter().flatten() {
        concepts.push(read_concept(concept));
        collect_concepts(&concept["concept"], concepts);
    }
}

/// A concept with its display and designations.
fn read_concept(concept: &Value) -> Concept {
    let designations = concept["designation"].as_array().into_iter().flatten().map(|designation| &designation["value"]);
    let mut displays: Vec<Box<str>> = Vec::new();
    for text in std::iter::once(&concept["display"]).chain(designations).filter_map(Value::as_str) {
        if !displays.iter().any(|known| &**known == text) {
            displays.push(text.into());
        }
    }
    Concept { code: concept["code"].as_str().unwrap_or_default().into(), displays }
}

fn sort(concepts: &mut Vec<Concept>) {
    concepts.sort_by(|one, other| one.code.cmp(&other.code));
    concepts.dedup_by(|one, other| one.code == other.code);
}

fn merge(list: &mut CodeList, systems: SystemCodes) {
    match list.systems.iter_mut().find(|known| known.system == systems.system) {
        Some(known) => {
            known.is_whole |= systems.is_whole;
            known.concepts.extend(systems.concepts);
            sort(&mut known.concepts);
        }
        None => list.systems.push(systems),
    }
}
