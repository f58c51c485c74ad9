//! Faults of a supplier's own profiles that compiling them does not show.

use serde_json::Value as Json;

use super::super::model::Element;
use super::super::{CompileError, Definitions, Source};
use crate::fhir::Version;
use crate::fhir::path::syntax::{Expression, Part, PartId};

/// Whether `profile` and `targetProfile` of types have the shape of their FHIR version: lists in R4, one text in STU3.
pub(super) fn shapes(version: Version, file: &str, resource: &Json) -> Vec<CompileError> {
    let mut errors = Vec::new();
    for element in elements(resource) {
        let types = element["type"].as_array().into_iter().flatten();
        for (key, value) in types.flat_map(|each| ["profile", "targetProfile"].map(|key| (key, &each[key]))) {
            let is_list = || value.as_array().is_some_and(|items| items.iter().all(Json::is_string));
            let (fits, wanted) = match version {
                Version::R4 => (is_list(), "a list of canonical URLs in R4"),
                Version::Stu3 => (value.is_string(), "one URL in STU3: repeat the type for another"),
            };
            if !value.is_null() && !fits {
                errors.push(CompileError {
                    file: file.to_owned(),
                    element: id(element).to_owned(),
                    reason: format!("type.{key} is {wanted}"),
                });
            }
        }
    }
    errors
}

/// Invariants that begin with an element which the element they stand on cannot have. Only the first step of each path is
/// looked at: what comes after may depend on the value.
pub(super) fn invariants(definitions: &Definitions, source: &Source) -> Vec<CompileError> {
    // It was read before, when it was compiled.
    let Ok(resource) = serde_json::from_str::<Json>(&source.text) else { return Vec::new() };
    let url = resource["url"].as_str().unwrap_or_default();
    let Some(profile) = definitions.profile(url.split_once('|').map_or(url, |(url, _)| url)) else { return Vec::new() };
    let mut errors = Vec::new();
    for element in elements(&resource) {
        let path = element["path"].as_str().unwrap_or_default();
        let Some(owner) =
            path.split('.').skip(1).try_fold(&profile.root, |element, name| child(definitions, element, name))
        else {
            continue;
        };
        for constraint in element["constraint"].as_array().into_iter().flatten() {
            let Some(Ok(expression)) = constraint["expression"].as_str().map(Expression::parse) else { continue };
            let mut names = Vec::new();
            first_steps(&expression, expression.root(), &mut names);
            // A path may begin with the type it speaks of.
            let is_type = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
            let is_there = |name: &str| is_type(name) || child(definitions, owner, name).is_some();
            if let Some(name) = names.into_iter().find(|name| !is_there(name)) {
                let key = constraint["key"].as_str().unwrap_or_default();
                errors.push(CompileError {
                    file: source.file.clone(),
                    element: id(element).to_owned(),
                    reason: format!("constraint {key}: {path} has no element {name}, so that {name} is always empty"),
                });
            }
        }
    }
    errors
}

fn elements(resource: &Json) -> impl Iterator<Item = &Json> {
    resource["differential"]["element"].as_array().into_iter().flatten()
}

fn id(element: &Json) -> &str {
    element["id"].as_str().or(element["path"].as_str()).unwrap_or_default()
}

/// The element of this name, with or without its type, below another one or in one of that one's types.
fn child<'d>(definitions: &'d Definitions, element: &'d Element, name: &str) -> Option<&'d Element> {
    let fits = |child: &&Element| match child.is_choice {
        true => name.starts_with(&*child.name),
        false => *child.name == *name,
    };
    let own = element.children.iter().find(fits);
    let mut types = element.types.iter().filter_map(|reference| definitions.type_(&reference.code));
    own.or_else(|| {
        let referred = element.content_reference.as_deref()?;
        let (type_name, rest) = referred.split_once('.')?;
        let root = &definitions.type_(type_name)?.root;
        let mut steps = rest.split('.');
        let target =
            steps.try_fold(root, |element, name| element.children.iter().find(|child| &*child.name == name))?;
        target.children.iter().find(fits)
    })
    .or_else(|| types.find_map(|structure| structure.root.children.iter().find(fits)))
}

/// The names that are looked up in the element itself: not those in the arguments of functions, where another may be meant.
/// Every part stands after those it refers to, and parsing bounds the depth.
fn first_steps<'e>(expression: &'e Expression, part: PartId, names: &mut Vec<&'e str>) {
    match expression.part(part) {
        Some(Part::Child { input: None, name }) => names.push(name),
        Some(Part::Child { input: Some(input), .. } | Part::Call { input: Some(input), .. }) => {
            first_steps(expression, *input, names);
        }
        Some(Part::Indexer { input, .. } | Part::Negative(input) | Part::Positive(input)) => {
            first_steps(expression, *input, names);
        }
        Some(Part::Type { operand: Some(operand), .. }) => first_steps(expression, *operand, names),
        Some(Part::Binary { left, right, .. }) => {
            first_steps(expression, *left, names);
            first_steps(expression, *right, names);
        }
        _ => {}
    }
}
