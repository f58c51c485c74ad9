//! `profiles/`: complete, as published, and with examples. What is compared with the facts people gathered runs when
//! `KANTA_SHARED` names their folder.

mod coverage;
mod overlays;
mod published;
mod summarised;
mod terminology;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PREFIX: &str = "http://phr.kanta.fi/StructureDefinition/";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the gathered facts, when they are there.
fn facts(name: &str) -> Option<Value> {
    let shared = PathBuf::from(std::env::var_os("KANTA_SHARED")?);
    Some(json(&shared.join("facts/kanta").join(name)))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The definitions of one kind in a folder of `profiles/`, by URL.
fn definitions(folder: &str, kind: &str) -> BTreeMap<String, Value> {
    let folder = project().join("profiles").join(folder);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let of_kind = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{kind}-")));
    of_kind
        .map(|path| {
            let definition = json(&path);
            let name = format!("{kind}-{}.json", text(&definition, "id"));
            assert_eq!(path.file_name().unwrap().to_string_lossy(), name);
            (text(&definition, "url").to_owned(), definition)
        })
        .collect()
}

/// Differences that are meant, each with its reason: (definition, element, field, reason). `*` stands for any.
type Meant = (&'static str, &'static str, &'static str, &'static str);

/// Collects differences, but for those that are meant, and what is meant but does not differ.
struct Differences {
    meant: &'static [Meant],
    met: Vec<bool>,
    found: Vec<String>,
}

impl Differences {
    fn new(meant: &'static [Meant]) -> Differences {
        assert!(meant.iter().all(|(.., reason)| !reason.is_empty()));
        Differences { meant, met: vec![false; meant.len()], found: Vec::new() }
    }

    fn note(&mut self, definition: &str, element: &str, field: &str, what: impl std::fmt::Display) {
        let matches = |pattern: &str, is: &str| pattern == "*" || pattern == is;
        let is_it = |(of, at, what, _): &Meant| matches(of, definition) && matches(at, element) && matches(what, field);
        match self.meant.iter().position(is_it) {
            Some(index) => self.met[index] = true,
            None => self.found.push(format!("{definition} {element} {field}: {what}")),
        }
    }

    /// A field of one element in both; null is absent.
    fn compare(&mut self, definition: &str, element: &str, field: &str, theirs: &Value, ours: &Value) {
        if theirs != ours {
            self.note(definition, element, field, format_args!("{theirs} is {ours} here"));
        }
    }

    #[track_caller]
    fn end(self) {
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
        let idle: Vec<_> = self.meant.iter().zip(self.met).filter(|(_, met)| !met).map(|(meant, _)| meant).collect();
        assert!(idle.is_empty(), "these do not differ: {idle:?}");
    }
}
