//! Bodies to begin with: the national examples in the binary, given the patient at hand and identifiers of their own.

use crate::fhir::Version;
use crate::fhir::definitions::{Definitions, Selection};
use crate::fhir::validation::{self, Options};
use crate::json::{Document, Value, escape};
use crate::records::ResourceType;
use crate::time::Random;
use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;
use uuid::Uuid;

/// An example.
pub struct Example {
    /// Its name, such as `bodyweight-minimal`.
    pub name: &'static str,
    text: &'static str,
    type_name: String,
    /// The profile it is made by, if it names one.
    pub profile: Option<String>,
}

/// The examples of a version that its rules in force let in, in the order of their names.
fn all(version: Version, selection: Selection) -> &'static [Example] {
    static EXAMPLES: [OnceLock<Vec<Example>>; 4] = [const { OnceLock::new() }; 4];
    let of_version = || match version {
        Version::Stu3 => unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/examples-stu3.bin"))),
        Version::R4 => unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/examples-r4.bin"))),
    };
    match version {
        Version::Stu3 if selection.stu3_2017 => EXAMPLES[2].get_or_init(|| {
            let own = unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/examples-stu3-2017.bin")));
            overlaid(own, of_version(), Definitions::selected(version, selection))
        }),
        Version::R4 if selection.r4_extras => EXAMPLES[3].get_or_init(|| {
            let own = unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/examples-r4-extras.bin")));
            overlaid(own, of_version(), Definitions::selected(version, selection))
        }),
        Version::Stu3 => EXAMPLES[0].get_or_init(of_version),
        Version::R4 => EXAMPLES[1].get_or_init(of_version),
    }
}

/// The examples that were made for an overlay, and of those below it the ones it still lets in.
fn overlaid(mut own: Vec<Example>, below: Vec<Example>, definitions: &Definitions) -> Vec<Example> {
    let conforms = |example: &Example| {
        let options = Options { allow_missing_profile: true, allow_unknown_profile: true, ..Options::default() };
        let findings = |document| validation::validate(definitions, &document, &options);
        Document::parse(example.text).is_ok_and(|document| !findings(document).iter().any(|finding| finding.is_error()))
    };
    let names: Vec<&str> = own.iter().map(|example| example.name).collect();
    own.extend(below.into_iter().filter(|example| !names.contains(&example.name) && conforms(example)));
    own.sort_by_key(|example| example.name);
    own
}

/// The examples in a file that build.rs packed.
fn unpacked(deflated: &[u8]) -> Vec<Example> {
    let mut bytes = Vec::new();
    // What build.rs packed can be unpacked; were it not so, there would be no examples.
    let _ = flate2::read::ZlibDecoder::new(deflated).read_to_end(&mut bytes);
    let files: Vec<(String, String)> = postcard::from_bytes(&bytes).unwrap_or_default();
    let files: &'static [(String, String)] = files.leak();
    files.iter().filter_map(|(name, text)| Example::of(name.strip_suffix(".json").unwrap_or(name), text)).collect()
}

impl Example {
    fn of(name: &'static str, text: &'static str) -> Option<Example> {
        let document = Document::parse(text).ok()?;
        let type_name = document.root().get("resourceType")?.as_str()?.to_owned();
        let profile = document.root().at(&["meta", "profile"]).and_then(|profiles| profiles.items().next()?.as_str());
        Some(Example { name, text, type_name, profile: profile.map(str::to_owned) })
    }

    /// Its text as a body that can be stored.
    pub fn body(&self, patient: Option<Uuid>, random: &Random) -> String {
        let text = renewed(self.text, random);
        match patient {
            Some(patient) => of_patient(&text, patient),
            None => text,
        }
    }
}

/// The examples of a type; `selection` says which rules are in force.
pub fn of_type(version: Version, selection: Selection, resource_type: ResourceType) -> Vec<&'static Example> {
    all(version, selection).iter().filter(|example| example.type_name == resource_type.as_str()).collect()
}

/// A body for a type without an example.
pub fn plain(version: Version, resource_type: ResourceType, patient: Option<Uuid>, random: &Random) -> String {
    let url = format!("http://example.org/fhir/{resource_type}/{}", random.uuid());
    let more = match (resource_type, version) {
        (ResourceType::CodeSystem, _) => ",\"content\":\"complete\",\"concept\":[{\"code\":\"a\",\"display\":\"A\"}]",
        (ResourceType::StructureDefinition, Version::R4) => {
            ",\"fhirVersion\":\"4.0.1\",\"kind\":\"resource\",\"abstract\":false,\"type\":\"Observation\",\"baseDefinition\":\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight\",\"derivation\":\"constraint\",\"differential\":{\"element\":[{\"id\":\"Observation\",\"path\":\"Observation\"}]}"
        }
        (ResourceType::StructureDefinition, Version::Stu3) => {
            ",\"fhirVersion\":\"3.0.1\",\"kind\":\"resource\",\"abstract\":false,\"type\":\"Observation\",\"baseDefinition\":\"http://phr.kanta.fi/StructureDefinition/fiphr-bodyweight-stu3\",\"derivation\":\"constraint\",\"differential\":{\"element\":[{\"id\":\"Observation\",\"path\":\"Observation\"}]}"
        }
        (ResourceType::ValueSet, _) => {
            ",\"compose\":{\"include\":[{\"system\":\"http://loinc.org\",\"concept\":[{\"code\":\"29463-7\"}]}]}"
        }
        _ => "",
    };
    let text = match resource_type.is_conformance() {
        true => format!(
            "{{\"resourceType\":\"{resource_type}\",\"url\":\"{url}\",\"name\":\"Draft\",\"status\":\"draft\"{more}}}"
        ),
        false => {
            let subject = patient.map(|patient| format!(",\"subject\":{{\"reference\":\"Patient/{patient}\"}}"));
            format!("{{\"resourceType\":\"{resource_type}\"{}}}", subject.unwrap_or_default())
        }
    };
    pretty(&text)
}

/// A new body like one that was read: without what the server gave it, with identifiers of its own.
pub fn like(resource: Value<'_>, random: &Random) -> String {
    let kept = |value: Value<'_>, left_out: &[&str]| -> String {
        let members = value.members().filter(|(key, _)| !left_out.contains(key));
        members.map(|(key, member)| format!(",{}:{}", escape(key), member.source())).collect()
    };
    let members = resource.members().filter(|(key, _)| *key != "id").map(|(key, member)| match key {
        "meta" => {
            let meta = kept(member, &["versionId", "lastUpdated"]);
            format!(",\"meta\":{{{}}}", meta.trim_start_matches(','))
        }
        key => format!(",{}:{}", escape(key), member.source()),
    });
    let text: String = members.collect();
    renewed(&pretty(&format!("{{{}}}", text.trim_start_matches(','))), random)
}

/// A text of JSON with one member a line; one that is none stays as it is.
pub fn pretty(text: &str) -> String {
    Document::parse(text).map(|document| super::shown::pretty(document.root())).unwrap_or_else(|_| text.to_owned())
}

/// The same with other UUIDs in its identifiers (`urn:uuid:`), alike where they were alike.
fn renewed(text: &str, random: &Random) -> String {
    let mut given: HashMap<String, Uuid> = HashMap::new();
    replaced(text, "urn:uuid:", |id| *given.entry(id.to_ascii_lowercase()).or_insert_with(|| random.uuid()))
}

/// The same about another patient.
fn of_patient(text: &str, patient: Uuid) -> String {
    replaced(text, "Patient/", |_| patient)
}

/// Replaces each UUID that follows a word.
fn replaced(text: &str, word: &str, mut by: impl FnMut(&str) -> Uuid) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, behind) = rest.split_at(at + word.len());
        output.push_str(before);
        rest = behind;
        if let Some(id) = behind.get(..36).filter(|id| Uuid::try_parse(id).is_ok()) {
            output.push_str(&by(id).to_string());
            rest = &behind[36..];
        }
    }
    output.push_str(rest);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_of_the_patient_and_never_twice_the_same() {
        let random = Random::seeded(1);
        let patient = random.uuid();
        let weights = of_type(Version::R4, Selection::default(), ResourceType::Observation);
        let weight = weights.iter().find(|example| example.name == "bodyweight-minimal").expect("embedded");
        assert_eq!(weight.profile.as_deref(), Some("http://phr.kanta.fi/StructureDefinition/fiphr-sd-bodyweight"));
        let [one, other] = [weight.body(Some(patient), &random), weight.body(Some(patient), &random)];
        assert_ne!(one, other);
        assert_eq!(one.matches(&format!("Patient/{patient}")).count(), 2, "{one}");
        assert!(one.contains("72.50"));
        for version in Version::ALL {
            for resource_type in ResourceType::ALL {
                let text = plain(version, resource_type, Some(patient), &random);
                assert!(Document::parse(text.as_str()).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn a_like_one_is_new() {
        let text = r#"{"resourceType":"X","id":"1","meta":{"versionId":"2","profile":["p"],"lastUpdated":"2026"},"v":72.50,"v":"ä"}"#;
        let document = Document::parse(text).expect("JSON");
        let like = like(document.root(), &Random::seeded(1));
        insta::assert_snapshot!(like, @r#"
        {
          "resourceType": "X",
          "meta": {
            "profile": [
              "p"
            ]
          },
          "v": 72.50,
          "v": "ä"
        }
        "#);
    }
}
