use super::read::MAX_UNPACKED;
use super::*;
use crate::fhir::Version;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// The files of an archive.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), text);
    }
    files
}

/// An archive with these files.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn profile(url: &str) -> String {
    format!(
        r#"{{"resourceType": "StructureDefinition", "url": "{url}", "kind": "resource", "abstract": false, "type": "Observation",
            "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
            "differential": {{"element": [{{"id": "Observation.category", "path": "Observation.category", "min": 1}}]}}}}"#
    )
}

fn refusal(path: &Path) -> String {
    load(&[path]).unwrap_err().to_string().replace(&path.display().to_string(), "PATH")
}

#[test]
fn the_national_profiles_make_a_package_of_the_same_bytes_every_time() {
    for (version, release, core) in
        [(Version::Stu3, "3.0.2", "hl7.fhir.r3.core"), (Version::R4, "4.0.1", "hl7.fhir.r4.core")]
    {
        let bytes = write(version).unwrap();
        assert_eq!(bytes, write(version).unwrap());
        let files = unpacked(&bytes);
        let manifest: Json = serde_json::from_str(&files["package/package.json"]).unwrap();
        assert_eq!(manifest["name"], format!("kanta-phr-sandbox.profiles.{version}"));
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!((&manifest["fhirVersions"][0], &manifest["dependencies"][core]), (&release.into(), &release.into()));
        let index: Json = serde_json::from_str(&files["package/.index.json"]).unwrap();
        let listed = index["files"].as_array().unwrap();
        assert_eq!(listed.len(), files.len() - 2);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles").join(version.as_str());
        for entry in listed {
            let name = entry["filename"].as_str().unwrap();
            assert_eq!(files[&format!("package/{name}")], std::fs::read_to_string(folder.join(name)).unwrap());
            assert!(entry["url"].is_string() && entry["resourceType"].is_string(), "{entry}");
        }
    }
}

#[test]
fn the_national_package_beside_the_national_profiles_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name(Version::R4));
    std::fs::write(&path, write(Version::R4).unwrap()).unwrap();
    let refusal = refusal(&path);
    let lines: Vec<&str> = refusal.lines().collect();
    let [_, only] = lines.as_slice() else { panic!("{refusal}") };
    assert!(only.starts_with("  PATH package/"), "{refusal}");
    assert!(only.ends_with("others are national or FHIR's own, and built in already: leave them out"), "{refusal}");
}

#[test]
fn a_package_says_its_version_and_what_was_ignored_of_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.tgz");
    let files = [
        ("package/package.json", r#"{"name": "own", "fhirVersions": ["3.0.2"]}"#),
        ("package/.index.json", "{}"),
        ("package/StructureDefinition-p.json", &profile("http://own.test/p")),
        ("package/ImplementationGuide-i.json", r#"{"resourceType": "ImplementationGuide"}"#),
        ("package/example/Patient-x.json", "{}"),
        ("package/schematron.sch", ""),
        ("other/a.json", "{}"),
    ];
    std::fs::write(&path, packed(&files)).unwrap();
    let (profiles, ignored) = load(&[&path]).unwrap();
    assert_eq!((profiles.own_urls(Version::Stu3), profiles.own_urls(Version::R4)), (vec!["http://own.test/p"], vec![]));
    let ignored: Vec<String> =
        ignored.iter().map(|each| each.to_string().replace(&path.display().to_string(), "own.tgz")).collect();
    insta::assert_snapshot!(ignored.join("\n"), @r"
    own.tgz package/example/Patient-x.json was ignored: it is in a folder below package/, as examples and other matter are
    own.tgz package/schematron.sch was ignored: it is no JSON file
    own.tgz other/a.json was ignored: it is outside of the folder package/
    own.tgz package/ImplementationGuide-i.json was ignored: it is an ImplementationGuide, which nothing is judged by
    ");
    // Inside a folder it counts as well.
    let (profiles, _) = load(&[folder.path()]).unwrap();
    assert_eq!(profiles.own_urls(Version::Stu3), ["http://own.test/p"]);
}

#[test]
fn folders_called_by_a_version_are_of_that_version() {
    let folder = tempfile::tempdir().unwrap();
    for version in ["stu3", "r4"] {
        std::fs::create_dir_all(folder.path().join(version).join("deeper")).unwrap();
        let text = profile(&format!("http://own.test/{version}"));
        std::fs::write(folder.path().join(version).join("deeper/p.json"), text).unwrap();
    }
    std::fs::write(folder.path().join("notes.md"), "").unwrap();
    let (profiles, ignored) = load(&[folder.path()]).unwrap();
    assert_eq!(profiles.own_urls(Version::Stu3), ["http://own.test/stu3"]);
    assert_eq!(profiles.own_urls(Version::R4), ["http://own.test/r4"]);
    assert_eq!((ignored.len(), &*ignored[0].what), (1, "no JSON file"));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.tgz");
    let refused = |files: &[(&str, &str)]| {
        std::fs::write(&path, packed(files)).unwrap();
        refusal(&path)
    };
    let manifest = ("package/package.json", r#"{"fhirVersions": ["4.0.1"]}"#);
    assert_eq!(refused(&[("package/a.json", "{}")]), "cannot read PATH: there is no package/package.json in it");
    assert_eq!(refused(&[manifest]), "PATH has no definitions: a profile, value set or code system in JSON");
    assert!(refused(&[("package/package.json", r#"{"fhirVersions": ["5.0.0"]}"#)]).contains("for FHIR \"5.0.0\""));
    assert!(refused(&[("package/package.json", "[")]).contains("package.json is not JSON"));
    let unknown = profile("http://own.test/p").replace("Observation.category", "Observation.colour");
    insta::assert_snapshot!(refused(&[manifest, ("package/p.json", &unknown)]), @r"
    these definitions cannot be used:
      PATH package/p.json: Observation.colour: Observation has no element colour
    ");
    // A header that announces more than is read.
    let mut header = tar::Header::new_gnu();
    header.set_path("package/p.json").unwrap();
    header.set_size(MAX_UNPACKED + 1);
    header.set_cksum();
    let mut packed_header = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed_header.write_all(header.as_bytes()).unwrap();
    std::fs::write(&path, packed_header.finish().unwrap()).unwrap();
    assert_eq!(refusal(&path), "cannot read PATH: it unpacks to more than 256 MiB");
    std::fs::write(&path, "no archive").unwrap();
    assert!(refusal(&path).starts_with("cannot read PATH: "));
    assert!(refusal(&folder.path().join("none")).starts_with("cannot read PATH: "));
    std::fs::write(&path, packed(&[manifest, ("package/p.json", "{}")]).split_at(90).0).unwrap();
    assert!(refusal(&path).starts_with("cannot read PATH: "));
}
