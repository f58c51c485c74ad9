//! Which profiles a resource may name (resource-server.md §2, §4; decisions).

use super::judge::Judge;
use super::{Refusal, Settings};
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use crate::json::Value;

/// Judges `meta.profile` alone, before the content is judged by it.
pub(super) fn check(
    judge: &dyn Judge,
    settings: &Settings,
    version: Version,
    resource_type: ResourceType,
    resource: Value<'_>,
) -> Result<(), Refusal> {
    let list = resource.at(&["meta", "profile"]);
    let profiles: Vec<&str> = list.into_iter().flat_map(Value::each).filter_map(Value::as_str).collect();
    let Some(first) = profiles.first() else { return Err(Refusal::MissingProfile(resource_type)) };
    let mut accepted = false;
    let mut base = None;
    let mut foreign = None;
    for (index, profile) in profiles.iter().enumerate() {
        // A version behind the canonical (`|1.0`) does not change which profile it is.
        let canonical = profile.split('|').next().unwrap_or_default();
        match judge.profile(version, canonical) {
            Some(facts) if facts.is_abstract => base = Some(*profile),
            Some(facts) if facts.national || settings.draft_profiles => accepted = true,
            _ if Version::ALL
                .into_iter()
                .any(|other| other != version && judge.profile(other, canonical).is_some()) =>
            {
                return Err(Refusal::WrongVersionProfile((*profile).to_owned()));
            }
            _ => foreign = foreign.or(Some((index, *profile))),
        }
    }
    match (accepted, base, foreign) {
        (true, _, Some((index, profile))) if !settings.foreign_profiles => {
            Err(Refusal::ForeignProfile(resource_type, profile.to_owned(), index))
        }
        (true, _, _) => Ok(()),
        (false, Some(base), _) => Err(Refusal::AbstractProfile(resource_type, base.to_owned())),
        (false, None, _) => Err(Refusal::UnknownProfile((*first).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Objection, ProfileFacts};
    use super::*;
    use crate::json::Document;

    struct Known;

    impl Judge for Known {
        fn judge(&self, _: Version, _: &Document) -> Vec<Objection> {
            Vec::new()
        }
        fn profile(&self, version: Version, canonical: &str) -> Option<ProfileFacts> {
            let facts = |national, is_abstract| Some(ProfileFacts { national, is_abstract });
            match (version, canonical) {
                (Version::R4, "weight") | (Version::Stu3, "weight-stu3") => facts(true, false),
                (Version::R4, "base") => facts(true, true),
                (Version::R4, "draft") => facts(false, false),
                _ => None,
            }
        }
    }

    fn verdict(profiles: &str, settings: Settings) -> Result<(), Refusal> {
        let document = Document::parse(format!("{{\"meta\":{{\"profile\":{profiles}}}}}")).unwrap();
        check(&Known, &settings, Version::R4, ResourceType::Observation, document.root())
    }

    #[test]
    fn one_national_profile_of_the_right_version_is_needed() {
        let strict = Settings { draft_profiles: false, ..Settings::default() };
        let open = Settings { foreign_profiles: true, ..Settings::default() };
        let observation = ResourceType::Observation;
        assert_eq!(verdict(r#"["weight"]"#, strict), Ok(()));
        assert_eq!(verdict(r#"["weight|1.0"]"#, strict), Ok(()));
        assert_eq!(verdict(r#"["base","weight"]"#, strict), Ok(()));
        assert_eq!(verdict("[]", strict), Err(Refusal::MissingProfile(observation)));
        assert_eq!(verdict("{}", strict), Err(Refusal::MissingProfile(observation)));
        assert_eq!(verdict(r#"["weight-stu3"]"#, strict), Err(Refusal::WrongVersionProfile("weight-stu3".into())));
        assert_eq!(verdict(r#"["x"]"#, open), Err(Refusal::UnknownProfile("x".into())));
        assert_eq!(verdict(r#"["base"]"#, open), Err(Refusal::AbstractProfile(observation, "base".into())));
        assert_eq!(verdict(r#"["weight","x"]"#, strict), Err(Refusal::ForeignProfile(observation, "x".into(), 1)));
        assert_eq!(verdict(r#"["weight","x"]"#, open), Ok(()));
        assert_eq!(verdict(r#"["draft"]"#, strict), Err(Refusal::UnknownProfile("draft".into())));
        assert_eq!(verdict(r#"["draft"]"#, Settings::default()), Ok(()));
    }
}
