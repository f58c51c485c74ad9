//! Value sets and code systems: what a `compose` adds up to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::model::{CodeList, Concept, SystemCodes};
use super::filters;
use super::json::{strings, without_version};
use super::{CompileError, Library, Source};

pub(super) struct Terminology<'c> {
    library: Option<&'c dyn Library>,
    value_sets: BTreeMap<String, CodeList>,
    code_systems: BTreeMap<String, CodeList>,
    /// (file, resource): composed once every code system is known.
    composed: Vec<(String, Value)>,
}

/// Puts one ValueSet resource together, on top of `library`.
///
/// # Errors
/// When the file is no ValueSet, or asks for what is not understood or not there.
pub fn value_set(source: &Source, library: &dyn Library) -> Result<CodeList, CompileError> {
    let fail = |reason: String| CompileError { file: source.file.clone(), element: String::new(), reason };
    let mut resource: Value = serde_json::from_str(&source.text).map_err(|reason| fail(reason.to_string()))?;
    if resource["resourceType"] != "ValueSet" {
        return Err(fail("no ValueSet".to_owned()));
    }
    // One that is contained goes by its id.
    if resource["url"].as_str().is_none() {
        resource["url"] = source.file.as_str().into();
    }
    let mut terminology = Terminology::new(Some(library));
    terminology.add(&source.file, &resource)?;
    let (value_sets, _) = terminology.finish()?;
    value_sets.into_iter().next().ok_or_else(|| fail("an empty ValueSet".to_owned()))
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
                .map(|(system, codes)| {
                    let concepts = codes.into_iter().map(|(code, display)| Concept {
                        code: code.into(),
                        displays: display.into_iter().map(Into::into).collect(),
                        ..Concept::default()
                    });
                    SystemCodes { system: system.into(), concepts: concepts.collect(), ..SystemCodes::default() }
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
            if self.composed.iter().any(|(_, known)| known["url"] == url) {
                return Err(fail(&format!("{url} is defined twice")));
            }
            self.composed.push((file.to_owned(), resource.clone()));
            return Ok(());
        }
        let mut concepts = Vec::new();
        collect_concepts(&resource["concept"], None, &mut concepts);
        sort(&mut concepts);
        let is_whole = resource["content"] == "not-present";
        let systems = SystemCodes { system: url.into(), is_whole, concepts, ..SystemCodes::default() };
        let is_partial = resource["content"] != "complete";
        let list = CodeList { url: url.into(), systems: vec![systems], is_partial };
        match self.code_systems.insert(url.to_owned(), list) {
            Some(_) => Err(fail(&format!("{url} is defined twice"))),
            None => Ok(()),
        }
    }

    /// All value sets and all code systems.
    pub(super) fn finish(mut self) -> Result<(Vec<CodeList>, Vec<CodeList>), CompileError> {
        let mut waiting = std::mem::take(&mut self.composed);
        let own: Vec<String> = waiting.iter().filter_map(|(_, set)| set["url"].as_str().map(str::to_owned)).collect();
        // A value set may include another one that comes later: go round until nothing moves.
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut next = Vec::new();
            let mut missing = String::new();
            for (file, resource) in waiting {
                match self.compose(&file, &resource)? {
                    Ok(list) => {
                        self.value_sets.insert(list.url.to_string(), list);
                    }
                    Err(included) => {
                        missing = included;
                        next.push((file, resource));
                    }
                }
            }
            if next.len() == before {
                let (file, _) = &next[before - 1];
                let reason = match own.contains(&missing) {
                    true => format!("it includes {missing}, which includes it in turn"),
                    false => format!("it includes {missing}, which is not defined"),
                };
                return Err(CompileError { file: file.clone(), element: "ValueSet.compose".to_owned(), reason });
            }
            waiting = next;
        }
        Ok((self.value_sets.into_values().collect(), self.code_systems.into_values().collect()))
    }

    /// What a value set holds; within, the URL of an included one that is not there yet.
    fn compose(&self, file: &str, resource: &Value) -> Result<Result<CodeList, String>, CompileError> {
        let url = without_version(resource["url"].as_str().unwrap_or_default());
        let fail =
            |element: &str, reason: String| CompileError { file: file.to_owned(), element: element.to_owned(), reason };
        let mut list = CodeList { url: url.into(), ..CodeList::default() };
        let compose = &resource["compose"];
        if compose.is_null() {
            // Only its expansion is given.
            let mut concepts = BTreeMap::new();
            collect_expansion(&resource["expansion"]["contains"], &mut concepts);
            for (system, concepts) in concepts {
                merge(&mut list, SystemCodes { system: system.into(), concepts, ..SystemCodes::default() });
            }
            list.is_partial = list.systems.is_empty();
            return Ok(Ok(list));
        }
        for (key, _) in compose.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "include" | "exclude" | "inactive" | "lockedDate" | "extension" | "id")
                && !key.starts_with('_')
            {
                return Err(fail("ValueSet.compose", format!("{key} is not understood")));
            }
        }
        for include in compose["include"].as_array().into_iter().flatten() {
            let part = self.part(include).map_err(|reason| fail("ValueSet.compose.include", reason))?;
            let part = match part {
                Ok(part) => part,
                Err(missing) => return Ok(Err(missing)),
            };
            list.is_partial |= part.is_partial;
            part.systems.into_iter().for_each(|systems| merge(&mut list, systems));
        }
        for exclude in compose["exclude"].as_array().into_iter().flatten() {
            let part = self.part(exclude).map_err(|reason| fail("ValueSet.compose.exclude", reason))?;
            let part = match part {
                Ok(part) => part,
                Err(missing) => return Ok(Err(missing)),
            };
            // What is taken away is not wholly known, so of what stays it is not either.
            list.is_partial |= part.is_partial;
            part.systems.iter().for_each(|systems| subtract(&mut list, systems));
        }
        list.is_partial |= list.systems.is_empty();
        Ok(Ok(list))
    }

    /// What one include or exclude speaks of: the codes that are in its system part and in each of its value sets.
    fn part(&self, include: &Value) -> Result<Result<CodeList, String>, String> {
        for key in include.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
            if !matches!(key, "system" | "version" | "concept" | "filter" | "valueSet" | "extension" | "id")
                && !key.starts_with('_')
            {
                return Err(format!("{key} is not understood"));
            }
        }
        let mut part = match include["system"].as_str() {
            Some(system) => Some(self.of_system(system, include)?),
            None if include["concept"].is_array() || include["filter"].is_array() => {
                return Err("codes without their system".to_owned());
            }
            None => None,
        };
        for included in strings(&include["valueSet"]) {
            let url = without_version(&included);
            let known = self.value_sets.get(url).cloned().or_else(|| self.library?.value_set(url));
            let Some(known) = known else { return Ok(Err(url.to_owned())) };
            part = Some(match part {
                Some(part) => intersection(&part, &known),
                None => CodeList { url: "".into(), ..known },
            });
        }
        part.map(Ok).ok_or_else(|| "neither a system nor a value set".to_owned())
    }

    fn of_system(&self, system: &str, include: &Value) -> Result<CodeList, String> {
        let known = self.code_systems.get(system).cloned().or_else(|| self.library?.code_system(system));
        let is_partial = known.as_ref().is_some_and(|list| list.is_partial);
        let known = known.and_then(|list| list.systems.into_iter().next());
        let list =
            |systems: SystemCodes, is_partial: bool| CodeList { url: "".into(), systems: vec![systems], is_partial };
        if let Some(concepts) = include["concept"].as_array() {
            let mut own = Vec::new();
            for concept in concepts {
                let mut concept = read_concept(concept, None);
                let elsewhere = known.as_ref().and_then(|known| known.concept_of(&concept.code));
                for display in elsewhere.iter().flat_map(|other| &other.displays) {
                    if !concept.displays.contains(display) {
                        concept.displays.push(display.clone());
                    }
                }
                own.push(concept);
            }
            sort(&mut own);
            return Ok(list(SystemCodes { system: system.into(), concepts: own, ..SystemCodes::default() }, false));
        }
        let Some(conditions) = include["filter"].as_array().filter(|filters| !filters.is_empty()) else {
            // A system that nobody publishes, or not wholly, is taken at its word.
            let mut whole = known.unwrap_or(SystemCodes { is_whole: true, ..SystemCodes::default() });
            whole.system = system.into();
            whole.concepts.iter_mut().for_each(strip);
            return Ok(list(whole, is_partial));
        };
        let mut matching = known.clone().unwrap_or_default();
        matching.system = system.into();
        matching.is_whole = false;
        for condition in conditions {
            let fits = filters::matching(known.as_ref().map_or(&[][..], |known| &known.concepts), condition)?;
            matching.concepts.retain(|concept| fits.contains(&*concept.code));
        }
        matching.concepts.iter_mut().for_each(strip);
        Ok(list(matching, is_partial || known.is_none_or(|known| known.is_whole)))
    }
}

fn collect_concepts(value: &Value, parent: Option<&str>, concepts: &mut Vec<Concept>) {
    for concept in value.as_array().into_iter().flatten() {
        concepts.push(read_concept(concept, parent));
        collect_concepts(&concept["concept"], concept["code"].as_str(), concepts);
    }
}

fn collect_expansion(value: &Value, concepts: &mut BTreeMap<String, Vec<Concept>>) {
    for contained in value.as_array().into_iter().flatten() {
        if let (Some(system), Some(_), false) =
            (contained["system"].as_str(), contained["code"].as_str(), contained["abstract"] == true)
        {
            concepts.entry(system.to_owned()).or_default().push(read_concept(contained, None));
        }
        collect_expansion(&contained["contains"], concepts);
    }
}

/// A concept with its display, designations, parents and properties.
fn read_concept(concept: &Value, parent: Option<&str>) -> Concept {
    let designations = concept["designation"].as_array().into_iter().flatten().map(|designation| &designation["value"]);
    let mut displays: Vec<Box<str>> = Vec::new();
    for text in std::iter::once(&concept["display"]).chain(designations).filter_map(Value::as_str) {
        if !displays.iter().any(|known| &**known == text) {
            displays.push(text.into());
        }
    }
    let mut parents: Vec<Box<str>> = parent.into_iter().map(Into::into).collect();
    let mut properties: Vec<(Box<str>, Box<str>)> = Vec::new();
    for property in concept["property"].as_array().into_iter().flatten() {
        let Some(name) = property["code"].as_str() else { continue };
        let value = property.as_object().into_iter().flatten().find(|(key, _)| key.starts_with("value"));
        let text = match value {
            Some((_, Value::String(text))) => text.clone(),
            Some((_, Value::Object(coding))) => {
                coding.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            Some((_, other)) => other.to_string(),
            None => continue,
        };
        match name {
            "parent" | "subsumedBy" => parents.push(text.into()),
            name => properties.push((name.into(), text.into())),
        }
    }
    Concept { code: concept["code"].as_str().unwrap_or_default().into(), displays, parents, properties }
}

/// In a value set a concept is no more than its code and displays.
fn strip(concept: &mut Concept) {
    concept.parents.clear();
    concept.properties.clear();
}

fn sort(concepts: &mut Vec<Concept>) {
    concepts.sort_by(|one, other| one.code.cmp(&other.code));
    // A concept that stands below two others is one.
    concepts.dedup_by(|second, first| {
        let is_same = second.code == first.code;
        if is_same {
            first.parents.append(&mut second.parents);
        }
        is_same
    });
}

fn merge(list: &mut CodeList, systems: SystemCodes) {
    match list.systems.iter_mut().find(|known| known.system == systems.system) {
        Some(known) => {
            known.excluded = match (known.is_whole, systems.is_whole) {
                // What both leave out stays out.
                (true, true) => known.excluded.iter().filter(|code| systems.excluded.contains(code)).cloned().collect(),
                (true, false) => known.excluded.iter().filter(|code| !systems.has_listed(code)).cloned().collect(),
                (false, true) => systems.excluded.iter().filter(|code| !known.has_listed(code)).cloned().collect(),
                (false, false) => Vec::new(),
            };
            known.is_whole |= systems.is_whole;
            known.concepts.extend(systems.concepts);
            sort(&mut known.concepts);
        }
        None => list.systems.push(systems),
    }
}

/// What is in both lists.
fn intersection(one: &CodeList, other: &CodeList) -> CodeList {
    let mut list = CodeList { url: "".into(), systems: Vec::new(), is_partial: one.is_partial || other.is_partial };
    for systems in &one.systems {
        let Some(others) = other.systems.iter().find(|others| others.system == systems.system) else { continue };
        let mut concepts: Vec<Concept> = Vec::new();
        concepts.extend(systems.concepts.iter().filter(|concept| others.contains(&concept.code)).cloned());
        concepts.extend(others.concepts.iter().filter(|concept| systems.contains(&concept.code)).cloned());
        sort(&mut concepts);
        let mut excluded: Vec<Box<str>> = systems.excluded.iter().chain(&others.excluded).cloned().collect();
        excluded.sort();
        excluded.dedup();
        let is_whole = systems.is_whole && others.is_whole;
        list.systems.push(SystemCodes { system: systems.system.clone(), is_whole, concepts, excluded });
    }
    list
}

fn subtract(list: &mut CodeList, part: &SystemCodes) {
    for systems in list.systems.iter_mut().filter(|systems| systems.system == part.system) {
        systems.concepts.retain(|concept| !part.contains(&concept.code));
        match (systems.is_whole, part.is_whole) {
            (true, true) => {
                systems.is_whole = false;
                systems.excluded.clear();
            }
            (true, false) => {
                systems.excluded.extend(part.concepts.iter().map(|concept| concept.code.clone()));
                systems.excluded.sort();
                systems.excluded.dedup();
            }
            _ => {}
        }
    }
    list.systems.retain(|systems| systems.is_whole || !systems.concepts.is_empty());
}

impl SystemCodes {
    fn concept_of(&self, code: &str) -> Option<&Concept> {
        let index = self.concepts.binary_search_by(|concept| (*concept.code).cmp(code)).ok()?;
        self.concepts.get(index)
    }

    fn has_listed(&self, code: &str) -> bool {
        self.concept_of(code).is_some()
    }

    fn contains(&self, code: &str) -> bool {
        self.has_listed(code) || self.is_whole && !self.excluded.iter().any(|excluded| &**excluded == code)
    }
}
