//! Every invariant and search expression of a folder of FHIR facts parses and can be evaluated.
//!
//! The folder is not part of the repository: without `KANTA_SHARED` there is nothing to do.

use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::path::{Context, EvaluationError, Expression, Item, Node};
use kanta_phr_sandbox::json::Document;
use std::collections::BTreeMap;
use std::path::Path;

/// The expressions of a JSON tree with the place they stand in.
fn collect(value: &serde_json::Value, place: &str, found: &mut BTreeMap<String, Vec<String>>) {
    match value {
        serde_json::Value::Object(members) => {
            let expression = members.get("expression").and_then(serde_json::Value::as_str);
            // An extension's context has an `expression` too, which is a path.
            if let Some(expression) = expression.filter(|_| !place.contains("/context")) {
                found.entry(expression.to_owned()).or_default().push(place.to_owned());
            }
            for (key, member) in members {
                collect(member, &format!("{place}/{key}"), found);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                collect(item, place, found);
            }
        }
        _ => {}
    }
}

fn resources(folder: &Path, found: &mut Vec<Document>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            resources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(Document::parse(std::fs::read_to_string(path).unwrap()).unwrap());
        }
    }
}

#[test]
fn every_published_expression_is_understood() {
    let Some(shared) = std::env::var_os("KANTA_SHARED") else {
        return;
    };
    let shared = Path::new(&shared);
    let mut documents = Vec::new();
    resources(&shared.join("samples"), &mut documents);
    let mut expressions = BTreeMap::new();
    for folder in ["facts/fhir-base", "facts/kanta"] {
        for entry in std::fs::read_dir(shared.join(folder)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let json = serde_json::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
            collect(&json, &name, &mut expressions);
        }
    }
    assert!(expressions.len() > 300, "only {} expressions found", expressions.len());
    let mut failures = Vec::new();
    for (text, places) in &expressions {
        match Expression::parse(text) {
            Err(error) => failures.push(format!("{text}\n    {error}\n    {}", places[0])),
            Ok(expression) => failures.extend(
                evaluate(&expression, &documents).map(|error| format!("{text}\n    {error}\n    {}", places[0])),
            ),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), expressions.len(), failures.join("\n"));
}

/// Evaluates on every element of every document; the first error that is not about an element of another type.
fn evaluate(expression: &Expression, documents: &[Document]) -> Option<EvaluationError> {
    let everything = Expression::parse("$this | descendants()").unwrap();
    for document in documents {
        let root = Node::root(document.root());
        for version in Version::ALL {
            let context = Context::new(root).with_version(version);
            for item in everything.evaluate(&context, root).unwrap() {
                let Item::Node(node) = item else { continue };
                match expression.evaluate(&context, node) {
                    Err(EvaluationError::WrongType(_) | EvaluationError::NotSingle(..)) | Ok(_) => {}
                    Err(error) => return Some(error),
                }
            }
        }
    }
    None
}
