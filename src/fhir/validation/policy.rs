//! Which profiles count: the national service's rules about `meta.profile`.

use super::place::Place;
use super::walk::Walk;
use super::{Finding, ForeignProfiles, Severity};
use crate::fhir::Version;
use crate::fhir::definitions::{Definitions, Structure};
use crate::json::Value;

/// The canonical URLs of the national profiles start so.
const NATIONAL: &str = "http://phr.kanta.fi/StructureDefinition/";

/// HL7's vital-signs profiles apply to an R4 Observation by its LOINC code, whatever it names (as in HAPI since 6.0).
const VITAL_SIGNS: [(&str, &str); 10] = [
    ("85353-1", "vitalspanel"),
    ("9279-1", "resprate"),
    ("8867-4", "heartrate"),
    ("2708-6", "oxygensat"),
    ("8310-5", "bodytemp"),
    ("8302-2", "bodyheight"),
    ("9843-4", "headcircum"),
    ("29463-7", "bodyweight"),
    ("39156-5", "bmi"),
    ("85354-9", "bp"),
];

/// Whether a canonical URL is one of the national profiles'.
pub(super) fn is_national(url: &str) -> bool {
    url.starts_with(NATIONAL)
}

/// The profiles a resource is judged by, the most telling one first; findings for those that cannot be used.
pub(super) fn profiles<'w>(
    walk: &mut Walk<'w>,
    place: &Place<'_>,
    resource: Value<'w>,
    of_type: &'w Structure,
) -> Vec<&'w Structure> {
    let definitions = walk.definitions;
    let mut profiles = match &walk.options.profile {
        Some(url) => {
            let profile = definitions.profile(url).filter(|profile| profile.type_name == of_type.type_name);
            if profile.is_none() {
                let text = format!("There is no profile {url} for {} here", of_type.type_name);
                walk.error("profile", place, resource, text);
            }
            profile.into_iter().collect()
        }
        None => named(walk, place, resource, of_type),
    };
    if walk.options.vital_signs_by_code {
        profiles.extend(vital_signs(definitions, resource));
    }
    profiles
}

fn named<'w>(
    walk: &mut Walk<'w>,
    place: &Place<'_>,
    resource: Value<'w>,
    of_type: &'w Structure,
) -> Vec<&'w Structure> {
    let definitions = walk.definitions;
    let meta = place.child("meta");
    let here = meta.child("profile");
    let written: Vec<Value<'w>> = resource.at(&["meta", "profile"]).into_iter().flat_map(Value::each).collect();
    if !written.iter().any(|value| value.as_str().is_some_and(|url| !url.is_empty())) {
        let anchor = resource.at(&["meta", "profile"]).or(resource.get("meta")).unwrap_or(resource);
        let severity = if walk.options.allow_missing_profile { Severity::Warning } else { Severity::Error };
        let location = here.location();
        walk.report_at(severity, "profile", &here, &location, anchor, "Missing profile".to_owned());
        return Vec::new();
    }
    if walk.options.type_alone {
        return Vec::new();
    }
    let mut found: Vec<(&'w Structure, Value<'w>, usize)> = Vec::new();
    let mut unusable: Vec<(&'w str, Value<'w>, usize)> = Vec::new();
    for (index, value) in written.iter().enumerate() {
        let Some(url) = value.as_str() else { continue };
        let at = here.at(Some(index));
        let refuse_drafts = walk.options.refuse_drafts;
        // The service looks for the canonical as it is written: with a version it finds none.
        let is_usable = |profile: &&Structure| match definitions.is_own(profile) {
            true => !refuse_drafts,
            false => is_national(url) && !url.contains('|'),
        };
        match definitions.profile(url).filter(is_usable) {
            Some(profile) if profile.type_name == of_type.type_name => found.push((profile, *value, index)),
            Some(profile) => {
                let text = format!(
                    "Specified profile type was '{}' in profile '{url}', but found type '{}'",
                    profile.type_name, of_type.type_name
                );
                walk.error("profile", &at, *value, text);
            }
            None if is_of_other_version(definitions, url) => {
                let text = format!("Reference to a wrong FHIR-version, url: {url}");
                coded(walk, &at, *value, text, "504320");
            }
            None => unusable.push((url, *value, index)),
        }
    }
    if found.iter().any(|(profile, ..)| !definitions.is_own(profile))
        && walk.options.foreign_profiles == ForeignProfiles::Refuse
    {
        // A supplier's draft beside a national profile is as foreign as any other.
        let drafts = found.extract_if(.., |(profile, ..)| definitions.is_own(profile));
        unusable.extend(drafts.map(|(profile, value, index)| (value.as_str().unwrap_or(&profile.url), value, index)));
    }
    for (url, value, index) in unusable {
        let at = here.at(Some(index));
        // Beside one of ours it is "foreign"; alone there is nothing to judge by.
        match found.is_empty() {
            false if walk.options.foreign_profiles == ForeignProfiles::Allow => {}
            false => {
                let text = match definitions.profile(url) {
                    Some(_) => format!("Profile reference '{url}' is not allowed beside the national profile"),
                    None => format!("Profile reference '{url}' could not be resolved, so has not been checked"),
                };
                walk.error("profile", &at, value, text);
            }
            true if walk.options.allow_unknown_profile => {
                let text = format!("Profile reference '{url}' could not be resolved, so has not been checked");
                walk.warning("profile", &at, value, text);
            }
            true => coded(walk, &at, value, format!("No profile found, url: {url}"), "500620"),
        }
    }
    if let [(base, value, index), ..] = found.as_slice()
        && found.iter().all(|(profile, ..)| profile.is_abstract)
    {
        let text = format!("Profile '{}' is a base profile and can not be used as a resource instance", base.url);
        walk.error("profile", &here.at(Some(*index)), *value, text);
    }
    found.sort_by_key(|(profile, ..)| profile.is_abstract);
    let mut profiles: Vec<&'w Structure> = Vec::new();
    for (profile, ..) in found {
        if !profiles.iter().any(|known| std::ptr::eq(*known, profile)) {
            profiles.push(profile);
        }
    }
    profiles
}

/// The profile of a resource within another one.
pub(super) fn contained<'w>(
    walk: &mut Walk<'w>,
    place: &Place<'_>,
    resource: Value<'w>,
    of_type: &'w Structure,
    must_have: bool,
) -> Option<&'w Structure> {
    let meta = place.child("meta");
    let here = meta.child("profile");
    let written = resource.at(&["meta", "profile"]);
    let mut named =
        written.into_iter().flat_map(Value::each).filter_map(|value| Some((value.as_str()?, value))).peekable();
    if named.peek().is_none() && must_have {
        // A rule of the national service since July 2020.
        walk.error("profile", &here, resource, "Missing profile".to_owned());
    }
    let mut profile = None;
    for (index, (url, value)) in named.enumerate() {
        match walk.definitions.profile(url) {
            Some(found) if found.type_name == of_type.type_name => profile = profile.or(Some(found)),
            Some(found) => {
                let text = format!(
                    "Specified profile type was '{}' in profile '{url}', but found type '{}'",
                    found.type_name, of_type.type_name
                );
                walk.error("profile", &here.at(Some(index)), value, text);
            }
            None => {
                let text = format!("Profile reference '{url}' could not be resolved, so has not been checked");
                let at = here.at(Some(index));
                match is_unpublished(url) || !must_have {
                    true => walk.warning("profile", &at, value, text),
                    false => walk.error("profile", &at, value, text),
                }
            }
        }
    }
    profile
}

/// Whether a profile is one of the service's that instances of its guides name, and nobody has published.
fn is_unpublished(url: &str) -> bool {
    url.strip_prefix(NATIONAL).is_some_and(|name| name.trim_end_matches("-stu3") == "fiphr-device")
}

fn coded<'w>(walk: &mut Walk<'w>, place: &Place<'_>, value: Value<'w>, text: String, code: &'static str) {
    let path = place.element_path();
    let fix = super::advice::advise(walk, code, place, &path, value, &text);
    let finding = Finding::new(Severity::Error, format!("{path}#profile"), place.location(), text);
    walk.findings.push(Finding { fix, code: Some(code), ..finding }, value.span().start);
}

fn is_of_other_version(definitions: &Definitions, url: &str) -> bool {
    is_national(url)
        && Version::ALL
            .into_iter()
            .filter(|version| *version != definitions.version())
            .any(|version| Definitions::embedded(version).profile(url).is_some())
}

fn vital_signs<'w>(definitions: &'w Definitions, resource: Value<'w>) -> Option<&'w Structure> {
    if definitions.version() != Version::R4
        || resource.get("resourceType").and_then(Value::as_str) != Some("Observation")
    {
        return None;
    }
    let codings = resource.at(&["code", "coding"]).into_iter().flat_map(Value::each);
    let codes = codings.filter_map(|coding| {
        let system = coding.get("system")?.as_str()?;
        coding.get("code")?.as_str().filter(|_| system == "http://loinc.org")
    });
    let mut names = codes.filter_map(|code| VITAL_SIGNS.iter().find(|(known, _)| *known == code));
    names.find_map(|(_, name)| definitions.type_(name))
}
