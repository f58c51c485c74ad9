//! Writes JSON with one element, system or parameter a line: compact, and still readable in a comparison of versions.

use std::fmt::Write;

use serde_json::{Map, Value};

/// `{name: {header…, "elements": [one a line]}}`
pub fn structures(structures: &Map<String, Value>) -> String {
    let mut text = String::from("{");
    for (index, (name, structure)) in structures.iter().enumerate() {
        let mut header = structure.as_object().cloned().unwrap_or_default();
        let elements = header.remove("elements").unwrap_or(Value::Array(Vec::new()));
        let separator = if index == 0 { "\n" } else { ",\n" };
        let _ = write!(text, "{separator}{}: {{", Value::from(name.as_str()));
        for (key, value) in &header {
            let _ = write!(text, "{}: {value}, ", Value::from(key.as_str()));
        }
        text.push_str("\"elements\": [");
        for (position, element) in elements.as_array().into_iter().flatten().enumerate() {
            let _ = write!(text, "{}  {element}", if position == 0 { "\n" } else { ",\n" });
        }
        text.push_str("\n]}");
    }
    text.push_str("\n}\n");
    text
}

/// `{name: {key: value, one a line}}`
pub fn two_levels(outer: &Map<String, Value>) -> String {
    let mut text = String::from("{");
    for (index, (name, inner)) in outer.iter().enumerate() {
        let _ = write!(text, "{}{}: {{", if index == 0 { "\n" } else { ",\n" }, Value::from(name.as_str()));
        for (position, (key, value)) in inner.as_object().into_iter().flatten().enumerate() {
            let _ =
                write!(text, "{}  {}: {value}", if position == 0 { "\n" } else { ",\n" }, Value::from(key.as_str()));
        }
        text.push_str("\n}");
    }
    text.push_str("\n}\n");
    text
}
