//! What a supplier should know of definitions that can be used, but perhaps do not say what was meant.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::super::{Definitions, Source};
use crate::fhir::Version;
use crate::fhir::definitions::model::{Literal, Structure};
use crate::fhir::validation;

/// More notes on one file help nobody.
const MOST: usize = 20;

/// Notes on one resource, which `definitions` hold already.
pub(super) fn on(definitions: &Definitions, source: &Source) -> Vec<String> {
    // It was read before, when it was compiled.
    let Ok(resource) = serde_json::from_str::<Json>(&source.text) else { return Vec::new() };
    let mut notes = Vec::new();
    match resource["resourceType"].as_str() {
        Some("CodeSystem") => codes(&resource["concept"], &mut HashSet::new(), &mut notes),
        Some("StructureDefinition") => {
            elements(definitions, &resource, &mut notes);
            let url = resource["url"].as_str().unwrap_or_default();
            let url = url.split_once('|').map_or(url, |(url, _)| url);
            notes.extend(definitions.profile(url).and_then(|profile| own_url(definitions.version(), profile)));
        }
        _ => {}
    }
    if notes.len() > MOST {
        let more = notes.len() - MOST;
        notes.truncate(MOST);
        notes.push(format!("{more} more notes are not shown"));
    }
    notes.into_iter().map(|note| format!("{}: {note}", source.file)).collect()
}

/// Codes that a code system has more than once, on whatever level. Recursion is as deep as the JSON, which its parser bounds.
fn codes<'r>(concepts: &'r Json, seen: &mut HashSet<&'r str>, notes: &mut Vec<String>) {
    for concept in concepts.as_array().into_iter().flatten() {
        if let Some(code) = concept["code"].as_str().filter(|code| !seen.insert(code)) {
            notes.push(format!("the code {code:?} is there more than once: which display is meant cannot be told"));
        }
        codes(&concept["concept"], seen, notes);
    }
}

/// What the elements of a differential speak of and nobody defines.
fn elements(definitions: &Definitions, resource: &Json, notes: &mut Vec<String>) {
    for element in resource["differential"]["element"].as_array().into_iter().flatten() {
        let id = element["id"].as_str().or(element["path"].as_str()).unwrap_or_default();
        let binding = &element["binding"];
        let named = [&binding["valueSet"], &binding["valueSetUri"], &binding["valueSetReference"]["reference"]];
        let url = named.into_iter().find_map(Json::as_str).map(|url| url.split_once('|').map_or(url, |(url, _)| url));
        let is_judged = matches!(binding["strength"].as_str(), Some("required" | "extensible"));
        if let Some(url) = url.filter(|_| is_judged)
            && definitions.value_set(url).is_none()
            && !validation::is_standard_value_set(url)
        {
            notes.push(format!(
                "{id}: the value set {url} is not known here: no code is judged by it, each gets a warning"
            ));
        }
        for reference in element["type"].as_array().into_iter().flatten() {
            let several = reference["profile"].as_array().into_iter().flatten().chain(Some(&reference["profile"]));
            for profile in several.filter_map(Json::as_str) {
                let bare = profile.split_once('|').map_or(profile, |(url, _)| url);
                if definitions.profile(bare).is_none() {
                    let what = if reference["code"] == "Extension" { "the extension " } else { "" };
                    notes.push(format!(
                        "{id}: there is no definition of {what}{bare}: nothing is judged by it; add its StructureDefinition"
                    ));
                }
            }
            let targets = reference["targetProfile"].as_array().into_iter().flatten();
            for target in targets.chain(Some(&reference["targetProfile"])).filter_map(Json::as_str) {
                let bare = target.split_once('|').map_or(target, |(url, _)| url);
                if definitions.profile(bare).is_none() {
                    notes.push(format!(
                        "{id}: there is no definition of {bare}, what the reference should lead to: add its StructureDefinition"
                    ));
                }
            }
        }
    }
}

/// The national profiles fix `meta.profile` to their own URL. A profile that derives from one and does not fix its own
/// inherits that, and then refuses every resource that names it.
fn own_url(version: Version, profile: &Structure) -> Option<String> {
    let meta = profile.root.children.iter().find(|child| &*child.name == "meta")?;
    let element = meta.children.iter().find(|child| &*child.name == "profile")?;
    let slices = element.slicing.iter().flat_map(|slicing| &slicing.slices);
    let mut wanted = slices.filter(|slice| slice.element.min > 0).filter_map(|slice| match &slice.element.fixed {
        Some(Literal::String(url)) if **url != *profile.url => Some((&*slice.name, url)),
        _ => None,
    });
    let (slice, wanted) = wanted.next()?;
    let fixed = if version == Version::R4 { "fixedCanonical" } else { "fixedUri" };
    Some(format!(
        "{type_name}.meta.profile:{slice}: inherits the URL of its base, {wanted}, so that every resource that names this profile \
         alone is refused: give the differential the element {type_name}.meta.profile:{slice} with {fixed} {url}",
        type_name = profile.type_name,
        url = profile.url
    ))
}
