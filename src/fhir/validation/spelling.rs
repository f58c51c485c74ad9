//! Names that were meant: the profile or element nearest to what is written.

use super::codes::{is_standard_system, standard_systems};
use super::walk::Walk;
use crate::fhir::Version;
use crate::fhir::definitions::{Definitions, Selection, Structure, StructureKind};
use std::borrow::Cow;

/// HL7's profiles that the national service has its own of: (HL7's name, the national one's).
const OF_HL7: [(&str, &str); 7] = [
    ("bodyweight", "fiphr-sd-bodyweight"),
    ("bp", "fiphr-sd-bloodpressure"),
    ("bodyheight", "fiphr-sd-bodyheight"),
    ("bodytemp", "fiphr-sd-bodytemperature"),
    ("heartrate", "fiphr-sd-heartrate"),
    ("resprate", "fiphr-sd-respiratoryrate"),
    ("Patient", "fiphr-sd-patient"),
];

/// More derived profiles than this are not listed.
const LISTED: usize = 6;

/// Whether a canonical URL is that of a national profile that only a setting adds.
pub(super) fn is_extra(version: Version, url: &str) -> bool {
    let with_extras = Definitions::selected(version, Selection { r4_extras: true, ..Selection::default() });
    super::policy::is_national(url)
        && with_extras.profile(url).is_some()
        && Definitions::embedded(version).profile(url).is_none()
}

/// What to name instead of one of HL7's own profiles.
pub(super) fn instead_of_hl7(definitions: &Definitions, url: &str) -> Option<Cow<'static, str>> {
    let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/")?;
    let known = OF_HL7.iter().find(|(theirs, _)| *theirs == name).and_then(|(_, ours)| {
        let urls = definitions.profile_urls().into_iter();
        let mut urls =
            urls.filter(|url| url.rsplit('/').next().is_some_and(|last| last.trim_end_matches("-stu3") == *ours));
        urls.next()
    });
    Some(match known {
        Some(url) => Cow::Owned(format!("this is HL7's own profile: name the national one, {url}")),
        None => Cow::Borrowed("this is HL7's own profile: name the national profile of the content instead"),
    })
}

/// The concrete profiles that derive from an abstract one.
pub(super) fn derived_from(definitions: &Definitions, base: &str) -> Option<Cow<'static, str>> {
    let base = definitions.profile(base)?;
    let derives = |profile: &Structure| {
        let parents = std::iter::successors(Some(profile), |profile| definitions.profile(profile.base.as_deref()?));
        // No chain of profiles is that long.
        parents.take(16).skip(1).any(|parent| parent.url == base.url)
    };
    let urls = definitions.profile_urls().into_iter();
    let urls: Vec<&str> = urls
        .filter(|url| definitions.profile(url).is_some_and(|profile| !profile.is_abstract && derives(profile)))
        .collect();
    let more = if urls.len() > LISTED { ", or another" } else { "" };
    let listed: Vec<&str> = urls.iter().take(LISTED).copied().collect();
    (!urls.is_empty()).then(|| Cow::Owned(format!("name one that derives from it: {}{more}", listed.join(", "))))
}

/// The canonical of ours that a misspelled one was most likely meant to be.
pub(super) fn closest_profile(walk: &Walk<'_>, url: &str) -> Option<Cow<'static, str>> {
    // A URL longer than that is none of ours.
    if url.len() > 200 {
        return None;
    }
    let urls = walk.definitions.profile_urls();
    let lowered = url.to_lowercase();
    let near = |known: &str| distance(&known.to_lowercase(), &lowered);
    let nearest = urls.into_iter().map(|known| (near(known), distance(known, url), known)).min()?;
    let (near, _, known) = nearest;
    (near <= 3).then(|| Cow::Owned(format!("no such profile: did you mean {known}?")))
}

/// The code system that was most likely meant: `https` for `http`, the wrong case, or a letter amiss.
pub(super) fn closest_system(walk: &Walk<'_>, system: &str) -> Option<Cow<'static, str>> {
    if system.len() > 200 {
        return None;
    }
    let definitions = walk.definitions;
    if definitions.names_system(system) || definitions.is_hl7_system(system) || is_standard_system(system) {
        return None;
    }
    let lowered = system.to_lowercase();
    let plain = lowered.strip_prefix("https://").map_or(lowered.clone(), |rest| format!("http://{rest}"));
    let plain = plain.trim_end_matches('/');
    // Numbers that differ in a digit are other systems.
    let near = |known: &str| match known.starts_with("urn:") {
        true => usize::from(known != plain) * 9,
        false => distance(&known.to_lowercase(), plain),
    };
    let mut known: Vec<&str> = definitions.system_urls().collect();
    for standard in standard_systems() {
        known.push(standard);
    }
    known.retain(|known| known.len().abs_diff(plain.len()) <= 2);
    let (distance, known) = known.into_iter().map(|known| (near(known), known)).min()?;
    (distance <= 2).then(|| Cow::Owned(format!("there is no such code system: did you mean {known}?")))
}

/// The type of resource that a misspelled one was most likely meant to be.
pub(super) fn closest_resource(walk: &Walk<'_>, name: &str) -> Option<Cow<'static, str>> {
    if name.len() > 64 {
        return None;
    }
    let lowered = name.to_lowercase();
    let urls = walk.definitions.profile_urls().into_iter();
    let types =
        urls.filter_map(|url| walk.definitions.profile(url)).filter(|profile| profile.kind == StructureKind::Resource);
    let types = types.map(|profile| &*profile.type_name).chain(Some("Bundle"));
    let (distance, known) = types.map(|known| (distance(&known.to_lowercase(), &lowered), known)).min()?;
    (distance <= 2)
        .then(|| Cow::Owned(format!("names of resources begin with a capital letter: did you mean {known}?")))
}

/// The element of FHIR that a misspelled one at a path, such as `Observation.component.Code`, was most likely meant to be.
pub(super) fn closest_element(walk: &Walk<'_>, around: &str, name: &str) -> Option<Cow<'static, str>> {
    if name.len() > 64 {
        return None;
    }
    let mut steps = around.split('.');
    let mut children = &walk.definitions.type_(steps.next()?)?.root.children;
    for step in steps {
        let stem = step.strip_suffix("[x]").unwrap_or(step);
        let child = children.iter().find(|child| *child.name == *stem)?;
        children = match child.children.is_empty() {
            false => &child.children,
            true => &walk.definitions.type_(&child.types.first()?.code)?.root.children,
        };
    }
    let lowered = name.to_lowercase();
    let near = |known: &str| distance(&known.to_lowercase(), &lowered);
    let names = children.iter().filter(|child| !child.is_choice).map(|child| &*child.name);
    let (distance, known) = names.map(|known| (near(known), known)).min()?;
    let is_near = distance == 0 || distance <= 2 && known.len() > 3;
    is_near.then(|| Cow::Owned(format!("there is no such element here: did you mean {known}?")))
}

/// How many letters to add, take away or change (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (index, expected) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *expected);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
