//! Reduces HL7's FHIR definitions (as extracted snapshots) to the compact form kept in `profiles/base/{stu3,r4}/`.
//!
//! ```text
//! cargo run --manifest-path tools/import-fhir/Cargo.toml -- SOURCE DESTINATION
//! ```
//! SOURCE holds `{stu3,r4}-{types,valuesets,extensions,search-parameters}.json`; DESTINATION is `profiles/base`.
//! The output is the same byte for byte for the same input. What makes it compact: an element that says nothing its base or
//! its type does not say is left out, and of the others only the differing fields are kept, so that the result reads like
//! the differentials beside it and goes through the same compiler.

mod reduce;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, destination] = arguments.as_slice() else {
        eprintln!("usage: import-fhir SOURCE DESTINATION");
        return ExitCode::from(2);
    };
    match import(source, destination) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("import-fhir: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn import(source: &Path, destination: &Path) -> Result<(), String> {
    for version in ["stu3", "r4"] {
        let read = |kind: &str| read_json(&source.join(format!("{version}-{kind}.json")));
        let folder = destination.join(version);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let save = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
        };
        let (types, extensions) = reduce::reduce(&read("types")?, &read("extensions")?)?;
        save("types.json", write::structures(&types))?;
        save("extensions.json", write::structures(&extensions))?;
        save("value-sets.json", write::two_levels(object(&read("valuesets")?, "valueSets")?))?;
        save("search-parameters.json", write::two_levels(object(&read("search-parameters")?, "searchParameters")?))?;
    }
    Ok(())
}

fn read_json(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// A member that must be an object.
pub(crate) fn object<'v>(value: &'v Value, key: &str) -> Result<&'v serde_json::Map<String, Value>, String> {
    value.get(key).and_then(Value::as_object).ok_or_else(|| format!("no object {key:?}"))
}
