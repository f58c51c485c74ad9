//! The national definitions as a FHIR package.

use crate::fhir::Version;
use crate::fhir::definitions::published;
use flate2::{Compression, GzBuilder};
use serde_json::{Value as Json, json};
use std::io::{self, Write};

/// The name of the package of a version.
fn name(version: Version) -> String {
    format!("kanta-phr-sandbox.profiles.{version}")
}

/// The name its file usually has: `kanta-phr-sandbox.profiles.r4-0.1.0.tgz`.
pub fn file_name(version: Version) -> String {
    format!("{}-{}.tgz", name(version), env!("CARGO_PKG_VERSION"))
}

/// The national definitions of one FHIR version as an NPM-style package; the same bytes every time.
///
/// # Errors
/// When the archive cannot be put together, which nothing in it can cause.
pub fn write(version: Version) -> io::Result<Vec<u8>> {
    let files = published(version);
    // No time, no name, "unknown" as the system: nothing of where it was made.
    let packed = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(packed);
    add(&mut archive, "package.json", pretty(&manifest(version)).as_bytes())?;
    add(&mut archive, ".index.json", pretty(&index(files)?).as_bytes())?;
    for (file, text) in files {
        add(&mut archive, file, text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}

fn add(archive: &mut tar::Builder<impl Write>, file: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, format!("package/{file}"), bytes)
}

fn manifest(version: Version) -> Json {
    let (core, release) = match version {
        Version::Stu3 => ("hl7.fhir.r3.core", "3.0.2"),
        Version::R4 => ("hl7.fhir.r4.core", "4.0.1"),
    };
    json!({
        "name": name(version),
        "version": env!("CARGO_PKG_VERSION"),
        "type": "Conformance",
        "title": format!("Kanta PHR profiles, as kanta-phr-sandbox judges by them ({version})"),
        "description": "The sandbox's own transcription of Finland's national PHR data content. Not published, reviewed or endorsed by Kela.",
        "author": "kanta-phr-sandbox",
        "license": env!("CARGO_PKG_LICENSE"),
        "fhirVersions": [release],
        "dependencies": { core: release },
    })
}

/// What the package holds, so that a reader need not open every file.
fn index(files: &[(String, String)]) -> io::Result<Json> {
    let mut listed = Vec::with_capacity(files.len());
    for (file, text) in files {
        let resource: Json = serde_json::from_str(text)?;
        let mut entry = json!({ "filename": file });
        for key in ["resourceType", "id", "url", "version", "kind", "type"] {
            if let Some(value) = resource[key].as_str() {
                entry[key] = value.into();
            }
        }
        listed.push(entry);
    }
    Ok(json!({ "index-version": 1, "files": listed }))
}

fn pretty(json: &Json) -> String {
    format!("{json:#}\n")
}
