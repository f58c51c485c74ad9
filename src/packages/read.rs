//! Folders and archives to the definitions in them.

use super::PackageError;
use crate::fhir::Version;
use crate::fhir::definitions::{Ignored, OwnContent, Source};
use flate2::read::GzDecoder;
use serde_json::Value as Json;
use std::io::{self, Read};
use std::path::Path;
use std::{fs, str};

/// No package of profiles comes near it; an archive that unpacks to more is refused before it fills the memory.
pub(super) const MAX_UNPACKED: u64 = 256 << 20;

/// A folder that nests deeper than this leads in circles.
const MAX_DEPTH: usize = 16;

/// What is in a folder, package or file, by what belongs together; what is passed over goes to `ignored`.
pub(super) fn read(path: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<OwnContent>, PackageError> {
    let mut content = Vec::new();
    if path.is_dir() {
        folder(path, version_of_folder(path)?, 0, &mut content, ignored)?;
    } else if is_archive(path) {
        content.push(archive(path, ignored)?);
    } else {
        content.push(OwnContent { version: None, files: vec![file(path)?] });
    }
    Ok(content)
}

/// A folder with everything below it. What is of one version (or of none said) and in one folder belongs together.
fn folder(
    path: &Path,
    version: Option<Version>,
    depth: usize,
    content: &mut Vec<OwnContent>,
    ignored: &mut Vec<Ignored>,
) -> Result<(), PackageError> {
    if depth > MAX_DEPTH {
        return Err(unreadable(path, io::Error::other("the folders nest too deep")));
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<_> = entries.map_err(|error| unreadable(path, error))?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    let mut own = OwnContent { version, files: Vec::new() };
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut ignore = |what: &str| ignored.push(Ignored { file: path.display().to_string(), what: what.to_owned() });
        if path.is_dir() {
            match path.is_symlink() {
                true => ignore("a symbolic link to a folder"),
                false => {
                    let said = name.parse().ok().or(version_of_folder(&path)?).or(version);
                    folder(&path, said, depth + 1, content, ignored)?;
                }
            }
        } else if is_archive(&path) {
            content.push(archive(&path, ignored)?);
        } else if is_manifest(&name) {
            // Read by version_of_folder, or an index of what is here anyway.
        } else if is_json(&path) {
            own.files.push(file(&path)?);
        } else {
            ignore("no JSON file");
        }
    }
    content.push(own);
    Ok(())
}

/// A `.tgz`: `package/package.json` and the definitions beside it.
fn archive(path: &Path, ignored: &mut Vec<Ignored>) -> Result<OwnContent, PackageError> {
    let failed = |error: io::Error| unreadable(path, error);
    let packed = fs::File::open(path).map_err(failed)?;
    let mut archive = tar::Archive::new(GzDecoder::new(io::BufReader::new(packed)));
    let mut unpacked: u64 = 0;
    let mut content = OwnContent::default();
    let mut manifest = None;
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(|error| failed(io::Error::other(format!("not a .tgz archive: {error}"))))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        unpacked = unpacked.saturating_add(entry.size());
        if unpacked > MAX_UNPACKED {
            return Err(failed(io::Error::other(format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20))));
        }
        let inner = entry.path().map_err(failed)?.to_string_lossy().trim_start_matches("./").to_owned();
        let name = format!("{} {inner}", path.display());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(failed)?;
        let mut ignore = |what: &str| ignored.push(Ignored { file: name.clone(), what: what.to_owned() });
        match inner.strip_prefix("package/") {
            Some("package.json") => manifest = Some(bytes),
            Some(".index.json" | ".index.db") => {}
            Some(file) if !file.contains('/') && is_json(Path::new(file)) => {
                let text = text(bytes).map_err(|error| failed(io::Error::other(format!("{inner}: {error}"))))?;
                content.files.push(Source { file: name, text });
            }
            Some(file) if file.contains('/') => ignore("in a folder below package/, as examples and other matter are"),
            Some(_) => ignore("no JSON file"),
            None => ignore("outside of the folder package/"),
        }
    }
    let manifest = manifest.ok_or_else(|| failed(io::Error::other("there is no package/package.json in it")))?;
    content.version = version_of_manifest(&manifest).map_err(failed)?;
    Ok(content)
}

/// The version that a folder's `package.json`, as that of an unpacked package, says.
fn version_of_folder(path: &Path) -> Result<Option<Version>, PackageError> {
    let manifest = path.join("package.json");
    match manifest.is_file() {
        true => {
            let bytes = fs::read(&manifest).map_err(|error| unreadable(&manifest, error))?;
            version_of_manifest(&bytes).map_err(|error| unreadable(&manifest, error))
        }
        false => Ok(None),
    }
}

/// `fhirVersions` of a `package.json`; older ones write `fhir-version-list`.
fn version_of_manifest(bytes: &[u8]) -> io::Result<Option<Version>> {
    let manifest: Json = serde_json::from_slice(bytes)
        .map_err(|error| io::Error::other(format!("package.json is not JSON: {error}")))?;
    if !manifest.is_object() {
        return Err(io::Error::other("package.json is no object"));
    }
    let said = [&manifest["fhirVersions"], &manifest["fhir-version-list"]].into_iter().find_map(Json::as_array);
    let Some(said) = said else { return Ok(None) };
    let mut versions = Vec::new();
    for number in said.iter().map(|number| number.as_str().unwrap_or_default()) {
        match Version::of_release(number) {
            Some(version) if versions.contains(&version) => {}
            Some(version) => versions.push(version),
            None => {
                let reason = format!("package.json is for FHIR {number:?}: neither STU3 (3.0.x) nor R4 (4.0.x)");
                return Err(io::Error::other(reason));
            }
        }
    }
    // For both, each profile says which of them it is for.
    Ok(match versions.as_slice() {
        [one] => Some(*one),
        _ => None,
    })
}

fn file(path: &Path) -> Result<Source, PackageError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let text = text(bytes).map_err(|error| unreadable(path, error))?;
    Ok(Source { file: path.display().to_string(), text })
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::other("the text is not UTF-8"))
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    name.ends_with(".tgz") || name.ends_with(".tar.gz")
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn is_manifest(name: &str) -> bool {
    matches!(name, "package.json" | ".index.json" | ".index.db")
}

fn unreadable(path: &Path, error: io::Error) -> PackageError {
    PackageError::Unreadable { path: path.to_owned(), error }
}
