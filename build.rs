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

use compile::{BaseSources, Compiled, Source};
use model::{CodeList, Structure};

/// Folders of definitions that are laid over those of a version when they are asked for.
const OVERLAYS: [(&str, &str); 2] = [("stu3", "stu3-2017"), ("r4", "r4-extras")];

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=profiles");
    println!("cargo:rerun-if-changed=examples");
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
    publish(&format!("profiles-{version}.bin"), &Path::new("profiles").join(version))?;
    publish(&format!("examples-{version}.bin"), &Path::new("examples").join(version).join("valid"))?;
    let compiled = compile::compile(version, Some(&base), &sources, None, &check_expression).map_err(lines)?;
    write(version, &compiled)?;
    let library = Library(compiled);
    for (_, name) in OVERLAYS.iter().filter(|(of, _)| *of == version) {
        let sources = overlay(version, name, &sources)?;
        let compiled = compile::compile(version, None, &sources, Some(&library), &check_expression).map_err(lines)?;
        write(name, &compiled)?;
        publish(&format!("examples-{name}.bin"), &Path::new("examples").join(name).join("valid"))?;
    }
    Ok(())
}

/// The files of an overlay. When one stands for a file of the same name below it, the other profiles are compiled anew as
/// well: they may derive from it.
fn overlay(version: &str, name: &str, below: &[Source]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    collect(&Path::new("profiles").join(name), &mut sources)?;
    let own: Vec<String> = sources.iter().map(|source| source.file.replacen(name, version, 1)).collect();
    if below.iter().any(|source| own.contains(&source.file)) {
        let is_kept = |source: &&Source| source.file.contains("StructureDefinition-") && !own.contains(&source.file);
        let again = |source: &Source| Source { file: source.file.clone(), text: source.text.clone() };
        sources.extend(below.iter().filter(is_kept).map(again));
    }
    Ok(sources)
}

fn lines(errors: Vec<compile::CompileError>) -> String {
    errors.iter().map(|error| format!("error: {error}")).collect::<Vec<_>>().join("\n")
}

fn write(name: &str, compiled: &Compiled) -> Result<(), String> {
    let bytes = compile::pack(compiled).map_err(|error| error.to_string())?;
    deflated(&format!("definitions-{name}.bin"), &bytes)
}

/// The files of a folder by their names: the profiles for the command `package`, the examples for the tester UI.
fn publish(target: &str, folder: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let name = |file: &Source| Path::new(&file.file).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files: Vec<(String, String)> = files.into_iter().map(|file| (name(&file), file.text)).collect();
    let bytes = postcard::to_stdvec(&files).map_err(|error| error.to_string())?;
    deflated(target, &bytes)
}

/// Writes a tenth of the size: the binary is to be small.
fn deflated(name: &str, bytes: &[u8]) -> Result<(), String> {
    let out = std::env::var("OUT_DIR").map_err(|error| error.to_string())?;
    let path = Path::new(&out).join(name);
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(bytes).map_err(|error| error.to_string())?;
    let bytes = deflated.finish().map_err(|error| error.to_string())?;
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// What an overlay is compiled on top of.
struct Library(Compiled);

impl compile::Library for Library {
    fn structure_count(&self) -> u32 {
        self.0.structures.len() as u32
    }

    fn structure(&self, url: &str) -> Option<(u32, Structure)> {
        let number = self.0.structures.iter().position(|structure| &*structure.url == url)?;
        Some((number as u32, self.0.structures[number].clone()))
    }

    fn expression_count(&self) -> u32 {
        self.0.expressions.len() as u32
    }

    fn code_system(&self, url: &str) -> Option<CodeList> {
        self.0.code_systems.iter().find(|list| &*list.url == url).cloned()
    }

    fn value_set(&self, url: &str) -> Option<CodeList> {
        self.0.value_sets.iter().find(|list| &*list.url == url).cloned()
    }
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
