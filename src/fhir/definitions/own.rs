//! Definitions of a supplier's own beside the national ones: draft profiles and their terminology.

mod checks;
mod notes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{CompileError, Definitions, Selection, Source, compile};
use crate::fhir::Version;
use crate::fhir::validation;
use crate::json::{Document, Value};

/// The definitions of both FHIR versions that resources are judged by: the embedded ones, with or without a supplier's own
/// on top. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// By version, and by whether an overlay is selected.
    own: Arc<[[Option<Definitions>; 2]; 2]>,
    notes: Arc<[String]>,
}

/// What belongs together, such as a FHIR package: terminology in it is for the versions of its profiles.
#[derive(Default)]
pub struct OwnContent {
    /// The FHIR version, where the whole says one.
    pub version: Option<Version>,
    /// The JSON files in it.
    pub files: Vec<Source>,
}

/// A file, or a resource in it, that no resource is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Its name.
    pub file: String,
    /// What it is instead, to follow "is".
    pub what: String,
}

impl fmt::Display for Ignored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} was ignored: it is {}", self.file, self.what)
    }
}

impl Profiles {
    /// The embedded definitions with `content` on top, and what of it was ignored.
    ///
    /// # Errors
    /// Everything that cannot be used, by file and element: what cannot be compiled, what says no FHIR version, and what has
    /// the canonical URL of a definition that is there already.
    pub fn with_own(content: Vec<OwnContent>) -> Result<(Profiles, Vec<Ignored>), Vec<CompileError>> {
        let mut sorting = Sorting::default();
        for each in content {
            sorting.add(each);
        }
        let Sorting { sources, ignored, mut errors, .. } = sorting;
        let mut own: [[Option<Definitions>; 2]; 2] = Default::default();
        for (version, sources) in Version::ALL.into_iter().zip(&sources) {
            if sources.is_empty() {
                continue;
            }
            for selection in [Selection::default(), ALL_OVERLAYS] {
                match Definitions::selected(version, selection).with_own(sources) {
                    Ok(definitions) => {
                        let found = sources.iter().flat_map(|source| checks::invariants(&definitions, source));
                        errors.extend(found.filter(|error| !errors.contains(error)).collect::<Vec<_>>());
                        own[slot(version)][overlay(version, selection)] = Some(definitions);
                    }
                    // The same sources fail for the same reasons.
                    Err(more) => {
                        errors.extend(more.into_iter().filter(|error| !errors.contains(error)).collect::<Vec<_>>())
                    }
                }
            }
        }
        match errors.is_empty() {
            true => {
                let mut notes = Vec::new();
                for (own, sources) in own.iter().zip(&sources) {
                    if let [Some(definitions), _] = own {
                        notes.extend(sources.iter().flat_map(|source| notes::on(definitions, source)));
                    }
                }
                // Terminology for both versions is looked at twice.
                let mut seen = std::collections::HashSet::new();
                notes.retain(|note| seen.insert(note.clone()));
                Ok((Profiles { own: Arc::new(own), notes: notes.into() }, ignored))
            }
            false => Err(errors),
        }
    }

    /// What of a supplier's own definitions may not be meant as it is, with file and element; they are used all the same.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The definitions of a FHIR version, with the national profiles that are selected.
    pub fn of(&self, version: Version, selection: Selection) -> &Definitions {
        let own = self.own[slot(version)][overlay(version, selection)].as_ref();
        own.unwrap_or_else(|| Definitions::selected(version, selection))
    }

    /// The FHIR version a document speaks by the profile it names; R4 when it names none that is known.
    pub fn version_of(&self, document: &Document) -> Version {
        let named = document.root().at(&["meta", "profile"]).into_iter().flat_map(Value::each);
        let mut named = named.filter_map(Value::as_str);
        let own = named.find_map(|url| {
            [Version::R4, Version::Stu3].into_iter().find(|version| {
                let definitions = self.of(*version, Selection::default());
                definitions.profile(url).is_some_and(|profile| definitions.is_own(profile))
            })
        });
        own.unwrap_or_else(|| validation::version_of(document))
    }

    /// The canonical URLs of a supplier's own profiles, sorted.
    pub fn own_urls(&self, version: Version) -> Vec<&str> {
        // The national definitions stay packed until something is judged: without own ones there is nothing to look through.
        let Some(definitions) = &self.own[slot(version)][0] else { return Vec::new() };
        let is_own = |url: &&str| definitions.profile(url).is_some_and(|profile| definitions.is_own(profile));
        definitions.profile_urls().into_iter().filter(is_own).collect()
    }
}

/// How the reason ends for a definition that is there already.
const BUILT_IN: &str = "built in: give your own another canonical URL";

impl CompileError {
    /// Whether the definition is refused for being one of those that are built in.
    pub fn is_built_in(&self) -> bool {
        self.reason.ends_with(BUILT_IN)
    }
}

/// Every overlay that a version has.
const ALL_OVERLAYS: Selection = Selection { stu3_2017: true, r4_extras: true };

fn overlay(version: Version, selection: Selection) -> usize {
    usize::from(match version {
        Version::Stu3 => selection.stu3_2017,
        Version::R4 => selection.r4_extras,
    })
}

fn slot(version: Version) -> usize {
    match version {
        Version::Stu3 => 0,
        Version::R4 => 1,
    }
}

/// Files on their way to the version they belong to.
#[derive(Default)]
struct Sorting {
    /// In the order of [`Version::ALL`].
    sources: [Vec<Source>; 2],
    ignored: Vec<Ignored>,
    errors: Vec<CompileError>,
    /// Canonical URL and version → file.
    seen: HashMap<(String, Version), String>,
}

impl Sorting {
    fn add(&mut self, content: OwnContent) {
        let mut terminology = Vec::new();
        let mut versions = Vec::new();
        for source in content.files {
            for (file, resource) in self.resources(&source) {
                match resource["resourceType"].as_str() {
                    Some("StructureDefinition") => match version_of(&resource, content.version) {
                        Ok(version) => {
                            self.errors.extend(checks::shapes(version, &file, &resource));
                            versions.push(version);
                            self.take(version, file, &resource);
                        }
                        Err(reason) => self.refuse(file, reason),
                    },
                    Some("ValueSet" | "CodeSystem") => terminology.push((file, resource)),
                    Some(other) => {
                        let article = if other.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
                        self.ignored
                            .push(Ignored { file, what: format!("{article} {other}, which nothing is judged by") });
                    }
                    None => self.ignored.push(Ignored { file, what: "no FHIR resource".to_owned() }),
                }
            }
        }
        if let Some(version) = content.version {
            versions = vec![version];
        }
        for (file, resource) in terminology {
            for version in Version::ALL {
                if versions.is_empty() || versions.contains(&version) {
                    self.take(version, file.clone(), &resource);
                }
            }
        }
    }

    /// The resources of a file with their names: one, or those of a Bundle.
    fn resources(&mut self, source: &Source) -> Vec<(String, Json)> {
        let mut resource: Json = match serde_json::from_str(source.text.trim_start_matches('\u{feff}')) {
            Ok(resource) => resource,
            Err(error) => {
                self.refuse(source.file.clone(), format!("not JSON: {error}"));
                return Vec::new();
            }
        };
        if resource["resourceType"] != "Bundle" {
            return vec![(source.file.clone(), resource)];
        }
        let entries = resource["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let named = entries.into_iter().enumerate();
        named.map(|(index, mut entry)| (format!("{} entry[{index}]", source.file), entry["resource"].take())).collect()
    }

    fn take(&mut self, version: Version, file: String, resource: &Json) {
        let url = resource["url"].as_str().unwrap_or_default();
        let url = url.split_once('|').map_or(url, |(url, _)| url);
        if url.is_empty() {
            return self.refuse(file, "without url, its canonical URL".to_owned());
        }
        if resource["resourceType"] == "CodeSystem" && is_spoken_of(url) {
            let reason = format!(
                "{url} is spoken of by the national profiles or FHIR's own, and another idea of its codes would change their \
                 verdicts: leave it out, and list the codes you use in the compose.include.concept of a ValueSet of your own"
            );
            return self.refuse(file, reason);
        }
        if let Some(whose) = owner(resource, url) {
            let kind = resource["resourceType"].as_str().unwrap_or_default();
            let reason = format!("{url} is {whose} {kind} and {BUILT_IN}");
            return self.refuse(file, reason);
        }
        if let Some(other) = self.seen.insert((url.to_owned(), version), file.clone()) {
            return self.refuse(file, format!("{url} is defined in {other}, too"));
        }
        self.sources[slot(version)].push(Source { file, text: resource.to_string() });
    }

    fn refuse(&mut self, file: String, reason: String) {
        let error = CompileError { file, element: String::new(), reason };
        // Terminology for both versions is looked at twice.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// Whether a definition that is built in, in either version, speaks of a code system that is not itself one of ours.
fn is_spoken_of(url: &str) -> bool {
    let is_named = |version: Version| {
        let definitions = Definitions::selected(version, ALL_OVERLAYS);
        definitions.code_system(url).is_none() && (definitions.names_system(url) || definitions.is_hl7_system(url))
    };
    validation::is_standard_system(url) || Version::ALL.into_iter().any(is_named)
}

/// Whose definition with this URL is there already, in either version: nobody may have two opinions on it.
fn owner(resource: &Json, url: &str) -> Option<&'static str> {
    let is_known = |version: Version| {
        // Those that only a setting adds as well.
        let definitions = Definitions::selected(version, ALL_OVERLAYS);
        match resource["resourceType"].as_str() {
            Some("ValueSet") => definitions.value_set(url).is_some() || validation::is_standard_value_set(url),
            Some("CodeSystem") => definitions.code_system(url).is_some(),
            _ => definitions.profile(url).is_some(),
        }
    };
    let whose = if url.starts_with("http://hl7.org/fhir/") { "FHIR's own" } else { "a national" };
    Version::ALL.into_iter().any(is_known).then_some(whose)
}

/// The version of a StructureDefinition by what it and its package say.
fn version_of(resource: &Json, package: Option<Version>) -> Result<Version, String> {
    let Some(said) = resource["fhirVersion"].as_str() else {
        return package.ok_or_else(|| {
            "which FHIR version is it for? Add fhirVersion (3.0.1 or 4.0.1), or put it into a folder stu3 or r4"
                .to_owned()
        });
    };
    match (Version::of_release(said), package) {
        (None, _) => Err(format!("fhirVersion {said} is neither STU3 (3.0.x) nor R4 (4.0.x)")),
        (Some(version), Some(other)) if version != other => {
            Err(format!("fhirVersion {said}, in a folder or package for {}", other.as_str()))
        }
        (Some(version), _) => Ok(version),
    }
}

impl Definitions {
    /// As [`Definitions::extended`], with the profiles of `sources` marked as a supplier's own.
    ///
    /// # Errors
    /// Everything in the sources that cannot be compiled, by file and element.
    pub fn with_own(&self, sources: &[Source]) -> Result<Definitions, Vec<CompileError>> {
        let first = compile::Library::structure_count(self);
        Ok(Definitions { own_from: self.own_from.min(first), ..self.extended(sources)? })
    }

    /// Whether a profile is a supplier's own, rather than national or FHIR's.
    pub fn is_own(&self, profile: &super::Structure) -> bool {
        self.numbers.get(&profile.url).is_some_and(|number| *number >= self.own_from)
    }
}

#[cfg(test)]
mod tests;
