//! `ValueSet.compose.include.filter`: the concepts of a code system that a condition picks.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::model::Concept;

/// The codes of the concepts that one filter lets through.
///
/// # Errors
/// When the operator or its value is not understood.
pub(super) fn matching<'c>(concepts: &'c [Concept], filter: &Value) -> Result<HashSet<&'c str>, String> {
    let text = |key: &str| filter[key].as_str().ok_or_else(|| format!("a filter without {key}"));
    let (property, operator, value) = (text("property")?, text("op")?, text("value")?);
    let is_of = |concept: &Concept, expected: &dyn Fn(&str) -> bool| match property {
        "code" | "concept" => expected(&concept.code),
        "display" => concept.displays.first().is_some_and(|display| expected(display)),
        "parent" => concept.parents.iter().any(|parent| expected(parent)),
        name => concept.properties.iter().any(|(known, value)| &**known == name && expected(value)),
    };
    let those = |fits: &dyn Fn(&'c Concept) -> bool| {
        concepts.iter().filter(|concept| fits(concept)).map(|concept| &*concept.code).collect()
    };
    let listed = || value.split(',').map(str::trim).collect::<HashSet<_>>();
    Ok(match operator {
        "=" => those(&|concept| is_of(concept, &|found| found == value)),
        "in" => {
            let listed = listed();
            those(&|concept| is_of(concept, &|found| listed.contains(found)))
        }
        "not-in" => {
            let listed = listed();
            those(&|concept| !is_of(concept, &|found| listed.contains(found)))
        }
        "exists" => {
            let expected = match value {
                "true" => true,
                "false" => false,
                other => return Err(format!("a filter \"exists\" with the value {other:?}")),
            };
            those(&|concept| is_of(concept, &|_| true) == expected)
        }
        "is-a" | "descendent-of" | "is-not-a" => {
            let below = below(concepts, value);
            match operator {
                "is-a" => those(&|concept| below.contains(&*concept.code)),
                "descendent-of" => those(&|concept| below.contains(&*concept.code) && &*concept.code != value),
                _ => those(&|concept| !below.contains(&*concept.code)),
            }
        }
        "generalizes" => {
            let above = above(concepts, value);
            those(&|concept| above.contains(&*concept.code))
        }
        other => return Err(format!("the filter operator {other:?} is not understood")),
    })
}

/// A code and everything below it.
fn below<'c>(concepts: &'c [Concept], code: &str) -> HashSet<&'c str> {
    let mut children: HashMap<&str, Vec<&'c str>> = HashMap::new();
    for concept in concepts {
        for parent in &concept.parents {
            children.entry(parent).or_default().push(&concept.code);
        }
    }
    let start = concepts.iter().find(|concept| &*concept.code == code).map(|concept| &*concept.code);
    closure(start, |code| children.get(code).into_iter().flatten().copied())
}

/// A code and everything above it.
fn above<'c>(concepts: &'c [Concept], code: &str) -> HashSet<&'c str> {
    let by_code: HashMap<&str, &'c Concept> = concepts.iter().map(|concept| (&*concept.code, concept)).collect();
    let start = by_code.get(code).map(|concept| &*concept.code);
    closure(start, |code| {
        by_code.get(code).into_iter().flat_map(|concept| concept.parents.iter().map(|parent| &**parent))
    })
}

/// Everything that steps lead to; hierarchies may meet again or even go in circles.
fn closure<'c, I: Iterator<Item = &'c str>>(start: Option<&'c str>, next: impl Fn(&'c str) -> I) -> HashSet<&'c str> {
    let mut found = HashSet::new();
    let mut waiting: Vec<&'c str> = start.into_iter().collect();
    while let Some(code) = waiting.pop() {
        if found.insert(code) {
            waiting.extend(next(code));
        }
    }
    found
}
