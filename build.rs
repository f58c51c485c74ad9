//! Compiles `profiles/` into the tables that `fhir::definitions` embeds.

#[path = "src/fhir/definitions/compile/mod.rs"]
#[allow(dead_code, unused_imports)]
mod compile;
#[path = "src/fhir/definitions/model.rs"]
#[allow(dead_code)]
mod model;
#[path = "src/fhir/path/syntax/mod.rs"]
#[allow(dead_code, unused_imports)]
mod syntax;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use compile::{BaseSources, Source};

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=profiles");
    println!("cargo:rerun-if-changed=src/fhir/definitions");
    println!("cargo:rerun-if-changed=src/fhir/path/syntax");
    let mut failed = false;
    for version in ["stu3", "r4"] {
        if let Err(reason) = embed(version) {
            // cargo shows what a failing build script writes to stderr.
            eprintln!("{reason}");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn embed(version: &str) -> Result<(), String> {
    let base = Path::new("profiles/base").join(version);
    let base = BaseSources {
        types: source(base.join("types.json"))?,
        extensions: source(base.join("extensions.json"))?,
        value_sets: source(base.join("value-sets.json"))?,
        search_parameters: source(base.join("search-parameters.json"))?,
    };
    let mut sources = Vec::new();
    collect(&Path::new("profiles").join(version), &mut sources)?;
    sources.push(source(PathBuf::from("profiles/aliases.json"))?);
    let compiled = compile::compile(version, Some(&base), &sources, None, &check_expression)
        .map_err(|errors| errors.iter().map(|error| format!("error: {error}")).collect::<Vec<_>>().join("\n"))?;
    let bytes = compile::pack(&compiled).map_err(|error| error.to_string())?;
    let out = std::env::var("OUT_DIR").map_err(|error| error.to_string())?;
    let path = Path::new(&out).join(format!("definitions-{version}.bin"));
    // A tenth of the size: the binary is to be small.
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(&bytes).map_err(|error| error.to_string())?;
    let bytes = deflated.finish().map_err(|error| error.to_string())?;
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn check_expression(expression: &str) -> Result<(), String> {
    let parsed = syntax::Expression::parse(expression).map_err(|error| error.to_string());
    parsed.and_then(|parsed| parsed.check()).map_err(|reason| format!("FHIRPath {expression:?}: {reason}"))
}

/// The JSON files of a folder and those below it, in the order of their names.
fn collect(folder: &Path, sources: &mut Vec<Source>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            sources.push(source(path)?);
        }
    }
    Ok(())
}

fn source(path: PathBuf) -> Result<Source, String> {
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Source { file: path.display().to_string(), text })
}
