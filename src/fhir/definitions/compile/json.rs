//! Reads definition files: the reduced base and standard FHIR JSON of either version.

use serde_json::{Map, Value};

use super::super::model::{ExtensionContext, SearchParameter, StructureKind};
use super::{CORE, CompileError, Declared, Source};

pub(super) fn error(source: &Source, element: &str, reason: impl Into<String>) -> CompileError {
    CompileError { file: source.file.clone(), element: element.to_owned(), reason: reason.into() }
}

fn parse(source: &Source) -> Result<Value, CompileError> {
    serde_json::from_str(&source.text).map_err(|reason| error(source, "", reason.to_string()))
}

fn object(source: &Source) -> Result<Map<String, Value>, CompileError> {
    match parse(source)? {
        Value::Object(members) => Ok(members),
        _ => Err(error(source, "", "not a JSON object")),
    }
}

/// The resources of a file: one, or those of a Bundle.
pub(super) fn resources(source: &Source) -> Result<Vec<Value>, CompileError> {
    let mut resource = parse(source)?;
    if resource.is_array() || resource["resourceType"] != "Bundle" {
        return Ok(vec![resource]);
    }
    let Some(entries) = resource["entry"].as_array_mut() else { return Ok(Vec::new()) };
    Ok(entries.iter_mut().map(|entry| entry["resource"].take()).collect())
}

/// A file of aliases: `[{"fhir": "stu3", "alias": "other spelling", "profile": "canonical URL"}, …]`.
pub(super) fn aliases(source: &Source, version: &str, list: &Value) -> Result<Vec<(String, String)>, CompileError> {
    let mut aliases = Vec::new();
    for entry in list.as_array().into_iter().flatten() {
        let text = |key: &str| match entry[key].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(error(source, key, "an alias without it")),
        };
        if text("fhir")? == version {
            aliases.push((text("alias")?, text("profile")?));
        }
    }
    Ok(aliases)
}

pub(super) fn base_types(source: &Source) -> Result<Vec<Declared>, CompileError> {
    object(source)?
        .into_iter()
        .map(|(name, mut definition)| {
            let constrained_type = definition["type"].as_str().map(str::to_owned);
            Ok(Declared {
                file: source.file.clone(),
                url: format!("{CORE}{name}"),
                kind: kind(definition["kind"].as_str()).map_err(|reason| error(source, &name, reason))?,
                is_abstract: definition["abstract"] == true,
                is_constraint: constrained_type.is_some(),
                type_name: constrained_type.unwrap_or(name),
                base: definition["base"].as_str().map(str::to_owned),
                context: Vec::new(),
                context_invariants: Vec::new(),
                elements: elements(definition["elements"].take()),
            })
        })
        .collect()
}

pub(super) fn base_extensions(source: &Source) -> Result<Vec<Declared>, CompileError> {
    object(source)?
        .into_iter()
        .map(|(url, mut definition)| {
            Ok(Declared {
                file: source.file.clone(),
                context: context(&definition).map_err(|reason| error(source, &url, reason))?,
                context_invariants: texts(&definition["contextInvariant"]),
                url,
                type_name: "Extension".to_owned(),
                kind: StructureKind::Complex,
                is_abstract: false,
                is_constraint: true,
                base: Some(format!("{CORE}Extension")),
                elements: elements(definition["elements"].take()),
            })
        })
        .collect()
}

/// A StructureDefinition in FHIR JSON; only its differential is read.
pub(super) fn structure_definition(file: &str, resource: &Value) -> Result<Declared, CompileError> {
    let text = |key: &str| resource[key].as_str().map(str::to_owned);
    let fail = |reason: &str| CompileError { file: file.to_owned(), element: String::new(), reason: reason.to_owned() };
    let url = text("url").ok_or_else(|| fail("a StructureDefinition without url"))?;
    if text("derivation").as_deref() != Some("constraint") {
        return Err(fail("only derivation \"constraint\" is understood"));
    }
    let Some(differential) = resource["differential"]["element"].as_array() else {
        return Err(fail("a StructureDefinition without differential"));
    };
    Ok(Declared {
        file: file.to_owned(),
        url: without_version(&url).to_owned(),
        type_name: text("type").ok_or_else(|| fail("a StructureDefinition without type"))?,
        kind: kind(resource["kind"].as_str()).map_err(|reason| fail(&reason))?,
        is_abstract: resource["abstract"] == true || is_abstract_in_practice(resource),
        is_constraint: true,
        base: Some(text("baseDefinition").ok_or_else(|| fail("a profile without baseDefinition"))?),
        context: context(resource).map_err(|reason| fail(&reason))?,
        context_invariants: texts(&resource["contextInvariant"]),
        elements: differential.clone(),
    })
}

/// Our own marker for bases that are not declared abstract.
fn is_abstract_in_practice(resource: &Value) -> bool {
    resource["extension"].as_array().into_iter().flatten().any(|extension| {
        let url = extension["url"].as_str();
        url.is_some_and(|url| url.ends_with("/StructureDefinition/abstract-in-practice"))
            && extension["valueBoolean"] == true
    })
}

pub(super) fn search_parameters(source: &Source) -> Result<Vec<SearchParameter>, CompileError> {
    let mut parameters = Vec::new();
    for (base, definitions) in object(source)? {
        for (code, definition) in definitions.as_object().into_iter().flatten() {
            let Some(kind) = definition["type"].as_str() else {
                return Err(error(source, code, "a search parameter without type"));
            };
            parameters.push(SearchParameter {
                base: base.as_str().into(),
                code: code.as_str().into(),
                kind: kind.into(),
                expression: definition["expression"].as_str().map(Into::into),
                targets: strings(&definition["target"]),
            });
        }
    }
    Ok(parameters)
}

fn kind(word: Option<&str>) -> Result<StructureKind, String> {
    match word {
        Some("primitive-type") => Ok(StructureKind::Primitive),
        Some("complex-type") => Ok(StructureKind::Complex),
        Some("resource") => Ok(StructureKind::Resource),
        other => Err(format!("kind {:?} is not understood", other.unwrap_or_default())),
    }
}

/// R4: a list of type and expression; STU3: one contextType and a list of texts.
fn context(definition: &Value) -> Result<Vec<ExtensionContext>, String> {
    let shared = definition["contextType"].as_str();
    let mut contexts = Vec::new();
    for context in definition["context"].as_array().into_iter().flatten() {
        let (kind, expression) = match (context.as_str(), context["expression"].as_str()) {
            (Some(text), _) => (shared.unwrap_or("resource"), text),
            (None, Some(expression)) => (context["type"].as_str().unwrap_or_default(), expression),
            (None, None) => return Err("a context without expression".to_owned()),
        };
        contexts.push(match kind {
            "element" | "resource" | "datatype" => ExtensionContext::Element(expression.into()),
            "extension" => ExtensionContext::Extension(expression.into()),
            "fhirpath" => ExtensionContext::Expression(expression.into(), 0),
            other => return Err(format!("context type {other:?} is not understood")),
        });
    }
    Ok(contexts)
}

fn texts(value: &Value) -> Vec<String> {
    strings(value).iter().map(|text| text.to_string()).collect()
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements,
        _ => Vec::new(),
    }
}

/// A text or a list of texts.
pub(super) fn strings(value: &Value) -> Vec<Box<str>> {
    match value {
        Value::String(text) => vec![text.as_str().into()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(Into::into).collect(),
        _ => Vec::new(),
    }
}

/// `url|version` → `url`
pub(super) fn without_version(url: &str) -> &str {
    url.split_once('|').map_or(url, |(url, _)| url)
}
