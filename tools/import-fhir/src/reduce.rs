//! Leaves out what an element inherits: from the same element of its base, or from the type of the element above it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::object;

type Fields = Map<String, Value>;

/// A structure with its whole snapshot.
struct Snapshot {
    header: Fields,
    base: Option<String>,
    elements: Vec<Fields>,
}

/// Types and extensions, reduced; the keys are the type names and the extensions' canonical URLs.
pub fn reduce(types: &Value, extensions: &Value) -> Result<(Fields, Fields), String> {
    let mut snapshots = BTreeMap::new();
    for (name, definition) in object(types, "types")? {
        snapshots.insert(name.clone(), snapshot(name, definition)?);
    }
    let mut reduced_types = Map::new();
    for (name, snapshot) in &snapshots {
        reduced_types.insert(name.clone(), reduced(&snapshots, snapshot));
    }
    let mut reduced_extensions = Map::new();
    for (url, definition) in object(extensions, "extensions")? {
        let elements = elements(definition, Some(url))?;
        let mut header = Map::new();
        for key in ["context", "contextType"] {
            if let Some(value) = definition.get(key).filter(|value| !value.is_null()) {
                header.insert(key.to_owned(), value.clone());
            }
        }
        let snapshot = Snapshot { header, base: Some("Extension".to_owned()), elements };
        reduced_extensions.insert(url.clone(), reduced(&snapshots, &snapshot));
    }
    Ok((reduced_types, reduced_extensions))
}

fn snapshot(name: &str, definition: &Value) -> Result<Snapshot, String> {
    let mut header = Map::new();
    for key in ["base", "kind"] {
        if let Some(value) = definition.get(key).filter(|value| !value.is_null()) {
            header.insert(key.to_owned(), value.clone());
        }
    }
    if definition["abstract"] == json!(true) {
        header.insert("abstract".to_owned(), json!(true));
    }
    // A profile names the type it constrains; a type is its own.
    if definition["type"] != json!(name) {
        header.insert("type".to_owned(), definition["type"].clone());
    }
    let base = definition["base"].as_str().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
    Ok(Snapshot { header, base, elements: elements(definition, None)? })
}

fn elements(definition: &Value, extension_url: Option<&str>) -> Result<Vec<Fields>, String> {
    let list = definition["elements"].as_array().ok_or("a definition without elements")?;
    let sliced: Vec<&str> = list
        .iter()
        .filter(|element| element.get("sliceName").is_some())
        .filter_map(|element| element["path"].as_str())
        .collect();
    let mut elements = Vec::new();
    let mut slices: Vec<(String, String)> = Vec::new();
    for element in list {
        let mut fields = element.as_object().cloned().ok_or("an element that is no object")?;
        let path = element["path"].as_str().ok_or("an element without a path")?;
        normalise(&mut fields, path, &sliced, extension_url);
        fields.insert("id".to_owned(), json!(identity(&mut slices, path, element["sliceName"].as_str())));
        elements.push(fields);
    }
    Ok(elements)
}

/// The element id that R4 asks for (`Observation.code.coding:BPCode.system`); STU3 definitions spell theirs freely.
fn identity(slices: &mut Vec<(String, String)>, path: &str, slice_name: Option<&str>) -> String {
    slices.retain(|(prefix, _)| path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.')));
    if let Some(name) = slice_name {
        slices.push((path.to_owned(), name.to_owned()));
    }
    let mut id = String::new();
    let mut walked = String::new();
    for segment in path.split('.') {
        if !walked.is_empty() {
            walked.push('.');
            id.push('.');
        }
        walked.push_str(segment);
        id.push_str(segment);
        if let Some((_, name)) = slices.iter().find(|(prefix, _)| *prefix == walked) {
            id.push(':');
            id.push_str(name);
        }
    }
    id
}

/// Takes away what holds anyway: slicing of extensions by url without slices, ext-1 (the Extension type has it), example
/// bindings, the fixed url of an extension's own definition.
fn normalise(fields: &mut Fields, path: &str, sliced: &[&str], extension_url: Option<&str>) {
    fields
        .remove("isSummary")
        .filter(|value| value == &json!(true))
        .map(|value| fields.insert("isSummary".to_owned(), value));
    if path.ends_with("xtension") && path.contains('.') {
        if !sliced.contains(&path) {
            fields.remove("slicing");
        }
        if let Some(constraints) = fields.get_mut("constraint").and_then(Value::as_array_mut) {
            constraints.retain(|constraint| constraint["key"] != json!("ext-1"));
        }
    }
    if let Some(constraints) = fields.get_mut("constraint").and_then(Value::as_array_mut) {
        // R4's expression says less than its text, "more than one"; HAPI puts it right as well.
        for constraint in constraints.iter_mut().filter(|constraint| constraint["key"] == "que-12") {
            constraint["expression"] = "enableWhen.count() >= 2 implies enableBehavior.exists()".into();
        }
    }
    if fields.get("constraint") == Some(&json!([])) {
        fields.remove("constraint");
    }
    if fields
        .get("binding")
        .is_some_and(|binding| binding["strength"] == json!("example") || binding["valueSet"].is_null())
    {
        fields.remove("binding");
    }
    if extension_url.is_some()
        && path == "Extension.url"
        && fields.get("fixedUri").and_then(Value::as_str) == extension_url
    {
        fields.remove("fixedUri");
    }
}

fn reduced(snapshots: &BTreeMap<String, Snapshot>, snapshot: &Snapshot) -> Value {
    let mut kept = Vec::new();
    for element in &snapshot.elements {
        let fields = match inherited(snapshots, snapshot, text(element, "id"), 0) {
            Some(base) => differing(element, &base),
            None => without_defaults(element, snapshot.header.contains_key("type")),
        };
        if fields.keys().any(|key| key != "path" && key != "id") {
            kept.push(Value::Object(fields));
        }
    }
    let mut result = snapshot.header.clone();
    result.insert("elements".to_owned(), Value::Array(kept));
    Value::Object(result)
}

/// What an element would be had its structure said nothing about it.
fn inherited(snapshots: &BTreeMap<String, Snapshot>, structure: &Snapshot, id: &str, depth: usize) -> Option<Fields> {
    if depth > 8 {
        return None;
    }
    if let Some(base) = structure.base.as_ref().and_then(|name| snapshots.get(name)) {
        let root = text(base.elements.first()?, "id");
        let own = id.split_once('.').map_or_else(|| root.to_owned(), |(_, rest)| format!("{root}.{rest}"));
        if let Some(found) = base.elements.iter().find(|element| text(element, "id") == own) {
            return Some(found.clone());
        }
        // A new slice inherits from the element that is sliced.
        if let Some((unsliced, name)) = own.rsplit_once(':')
            && !name.contains('.')
            && let Some(found) = base.elements.iter().find(|element| text(element, "id") == unsliced)
        {
            let mut found = found.clone();
            for key in ["slicing", "constraint", "min"] {
                found.remove(key);
            }
            return Some(found);
        }
    }
    let (parent, last) = id.rsplit_once('.')?;
    let parent = structure.elements.iter().find(|element| text(element, "id") == parent)?;
    let types = parent.get("type")?.as_array()?;
    let [only] = types.as_slice() else { return None };
    let type_name = only["code"].as_str().filter(|code| *code != "BackboneElement" && *code != "Element")?;
    let of_type = snapshots.get(type_name)?;
    let (last, slice) = last.split_once(':').unwrap_or((last, ""));
    if !slice.is_empty() {
        return None;
    }
    of_type.elements.iter().find(|element| text(element, "id") == format!("{type_name}.{last}")).cloned()
}

fn differing(element: &Fields, base: &Fields) -> Fields {
    let mut fields = Map::new();
    for (key, value) in element {
        let kept = match key.as_str() {
            "path" | "id" => true,
            "constraint" => {
                let inherited = base.get("constraint").and_then(Value::as_array).cloned().unwrap_or_default();
                let own: Vec<Value> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|constraint| !inherited.contains(constraint))
                    .cloned()
                    .collect();
                if !own.is_empty() {
                    fields.insert(key.clone(), Value::Array(own));
                }
                false
            }
            // The root's cardinality is never judged.
            "min" | "max" if !text(element, "path").contains('.') => false,
            _ => base.get(key) != Some(value),
        };
        if kept {
            fields.insert(key.clone(), value.clone());
        }
    }
    plain_id(fields)
}

fn without_defaults(element: &Fields, is_constraint: bool) -> Fields {
    let mut fields = element.clone();
    if !is_constraint && !fields.contains_key("sliceName") {
        if fields.get("min") == Some(&json!(0)) {
            fields.remove("min");
        }
        if fields.get("max") == Some(&json!("1")) || !text(element, "path").contains('.') {
            fields.remove("max");
        }
    }
    plain_id(fields)
}

/// An id that only repeats the path is left out.
fn plain_id(mut fields: Fields) -> Fields {
    if fields.get("id") == fields.get("path") {
        fields.remove("id");
    }
    fields
}

fn text<'f>(fields: &'f Fields, key: &str) -> &'f str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}
