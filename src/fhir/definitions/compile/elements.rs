//! What one ElementDefinition says, put on top of what its base says.

use serde_json::{Map, Value};

use super::super::model::{
    Binding, Constraint, Discriminator, DiscriminatorKind, Element, Slicing, SlicingRules, Strength, TypeReference,
    UNBOUNDED,
};
use super::differential::{Tree, core, find_child, is_suffix_of_type, type_of_choice_slice};
use super::json::{strings, without_version};
use super::{CompileError, literal};

/// Members of an ElementDefinition that say nothing a validator could judge.
const SILENT: [&str; 23] = [
    "alias",
    "base",
    "code",
    "comment",
    "condition",
    "definition",
    "example",
    "extension",
    "id",
    "isModifierReason",
    "isSummary",
    "label",
    "mapping",
    "meaningWhenMissing",
    "mustSupport",
    "orderMeaning",
    "path",
    "representation",
    "requirements",
    "short",
    "sliceIsConstraining",
    "sliceName",
    "comments",
];

/// The cardinality an element has before a differential speaks of it.
struct Bounds {
    min: u32,
    max: u32,
}

impl Bounds {
    fn of(element: &Element) -> Bounds {
        Bounds { min: element.min, max: element.max }
    }

    /// A profile narrows what its base allows.
    fn check(&self, element: &Element, fields: &Map<String, Value>) -> Result<(), String> {
        let shown = |max: u32| if max == UNBOUNDED { "*".to_owned() } else { max.to_string() };
        let is_slice = fields.contains_key("sliceName");
        // HL7's own extensions have slices of what they remove.
        if element.max > self.max && !(is_slice && self.max == 0) {
            return Err(format!("max {} is more than its base allows ({})", shown(element.max), shown(self.max)));
        }
        if element.max == 0 && self.max > 0 && self.min > 0 && !is_slice {
            return Err(format!("max 0 takes away what its base asks for (min {})", self.min));
        }
        if element.min < self.min && element.max > 0 && !is_slice {
            return Err(format!("min {} is less than its base asks for ({})", element.min, self.min));
        }
        if element.min > element.max && fields.contains_key("min") {
            return Err(format!("min {} is greater than max {}", element.min, shown(element.max)));
        }
        Ok(())
    }
}

impl Tree<'_, '_> {
    /// What only the whole tree shows.
    pub(super) fn check(&self, element: &Element, path: &str) -> Result<(), CompileError> {
        if element.fixed.is_some() && element.pattern.is_some() {
            return Err(self.fail(path, "both a fixed value and a pattern"));
        }
        let slices = element.slicing.iter().flat_map(|slicing| &slicing.slices);
        for slice in slices {
            self.check(&slice.element, &format!("{path}:{}", slice.name))?;
        }
        for child in &element.children {
            self.check(child, &format!("{path}.{}", child.name))?;
        }
        Ok(())
    }

    /// A profile's types are among those of its base, or derived from them.
    fn check_types(&mut self, element: &Element, types: &[TypeReference], id: &str) -> Result<(), CompileError> {
        if !self.is_constraint || element.types.is_empty() {
            return Ok(());
        }
        for reference in types {
            let mut url = Some(core(&reference.code));
            // The deepest chain of types is four long.
            for _ in 0..8 {
                let Some(current) = url.take() else { break };
                let name = current.strip_prefix(super::CORE).unwrap_or(&current).to_owned();
                if element.types.iter().any(|known| *known.code == *name) {
                    url = Some(current);
                    break;
                }
                url = self
                    .compiler
                    .structure(&current)
                    .ok()
                    .and_then(|structure| structure.base.as_deref().map(str::to_owned));
            }
            if url.is_none() {
                return Err(self.fail(id, format!("{} cannot be of type {}", element.name, reference.code)));
            }
        }
        Ok(())
    }

    /// The type in the name of a fixed value or pattern is one the element has.
    fn check_literal(&self, element: &Element, key: &str, word: &str, id: &str) -> Result<(), CompileError> {
        let suffix = &key[word.len()..];
        let fits = element.types.iter().any(|reference| {
            is_suffix_of_type(suffix, &reference.code) || suffix == "String" && &*reference.code == "xhtml"
        });
        match fits || element.types.is_empty() {
            true => Ok(()),
            false => {
                let types: Vec<&str> = element.types.iter().map(|reference| &*reference.code).collect();
                let reason = format!("{key} does not fit the type of {}, {}", element.name, types.join(" or "));
                Err(self.fail(id, reason))
            }
        }
    }

    /// A fixed value or pattern speaks of elements that its type has. As deep as the JSON, which its parser bounds.
    fn check_members(&mut self, code: &str, value: &Value, key: &str, id: &str) -> Result<(), CompileError> {
        let members = value.as_array().into_iter().flatten().chain(Some(value)).filter_map(Value::as_object).flatten();
        for (name, below) in members {
            // A type that is not known has been said to be so, and resources within are no elements.
            let Ok(structure) = self.compiler.structure(&core(code)) else { return Ok(()) };
            let plain = name.strip_prefix('_').unwrap_or(name);
            let Some((child, chosen)) = find_child(&structure.root, plain) else {
                return Err(self.fail(id, format!("{key}: {code} has no element {name}")));
            };
            let child = &structure.root.children[child];
            let of_child = chosen.or_else(|| child.types.first().map(|reference| reference.code.clone()));
            if let Some(code) =
                of_child.filter(|_| child.children.is_empty() && (below.is_object() || below.is_array()))
            {
                let code = if plain.len() < name.len() { "Element".into() } else { code };
                self.check_members(&code, below, key, id)?;
            }
        }
        Ok(())
    }

    /// `minValue[x]` and `maxValue[x]`, as invariants.
    fn merge_limit(
        &mut self,
        element: &mut Element,
        key: &str,
        word: &str,
        value: &Value,
        id: &str,
    ) -> Result<(), CompileError> {
        let number = |value: &Value| value.as_number().map(ToString::to_string);
        let limit = match (&key[word.len()..], value) {
            ("Quantity", value) => number(&value["value"]).map(|limit| ("value", limit)),
            ("Date" | "DateTime" | "Instant", Value::String(text)) => Some(("$this", format!("@{text}"))),
            ("Time", Value::String(text)) => Some(("$this", format!("@T{text}"))),
            ("Integer" | "Decimal" | "PositiveInt" | "UnsignedInt", value) => {
                number(value).map(|limit| ("$this", limit))
            }
            _ => None,
        };
        let Some((subject, limit)) = limit else { return Err(self.fail(id, format!("{key} is not understood"))) };
        let (operator, words) = if word == "minValue" { (">=", "not less") } else { ("<=", "not greater") };
        let expression = format!("{subject}.empty() or {subject} {operator} {limit}");
        let number = self.compiler.expression(&expression).map_err(|reason| self.fail(id, reason))?;
        element.constraints.retain(|known| &*known.key != word);
        element.constraints.push(Constraint {
            key: word.into(),
            is_error: true,
            human: format!("The value is {words} than {}", limit.trim_start_matches("@T").trim_start_matches('@'))
                .into(),
            expression: expression.into(),
            number,
        });
        Ok(())
    }

    /// What the differential says, on top of what the element says already.
    pub(super) fn merge(
        &mut self,
        element: &mut Element,
        fields: &Map<String, Value>,
        id: &str,
    ) -> Result<(), CompileError> {
        let base = Bounds::of(element);
        for (key, value) in fields {
            match key.as_str() {
                "min" => {
                    element.min = value
                        .as_u64()
                        .and_then(|min| u32::try_from(min).ok())
                        .ok_or_else(|| self.fail(id, "min is no number"))?;
                }
                "max" => {
                    element.max = match value.as_str() {
                        Some("*") => UNBOUNDED,
                        Some(number) => number.parse().map_err(|_| self.fail(id, "max is neither a number nor *"))?,
                        None => return Err(self.fail(id, "max is no text")),
                    };
                }
                "type" => {
                    let types = self.types(value, id)?;
                    self.check_types(element, &types, id)?;
                    element.types = types;
                }
                "contentReference" => {
                    let path = value.as_str().and_then(|reference| reference.strip_prefix('#'));
                    let path = path.ok_or_else(|| self.fail(id, "a contentReference that does not start with #"))?;
                    if self.is_constraint && !self.is_in_base(path) {
                        let reason =
                            format!("the contentReference #{path} leads to nothing: its base has no such element");
                        return Err(self.fail(id, reason));
                    }
                    element.content_reference = Some(path.into());
                }
                "binding" => self.merge_binding(element, value, id)?,
                "constraint" => self.merge_constraints(element, value, id)?,
                "slicing" => self.merge_slicing(element, value, id)?,
                "maxLength" => {
                    let length = value.as_u64().and_then(|length| u32::try_from(length).ok());
                    element.max_length = Some(length.ok_or_else(|| self.fail(id, "maxLength is no number"))?);
                }
                "isModifier" => element.is_modifier = value == &Value::Bool(true),
                key if key.starts_with("minValue") => self.merge_limit(element, key, "minValue", value, id)?,
                key if key.starts_with("maxValue") => self.merge_limit(element, key, "maxValue", value, id)?,
                key if key.starts_with("fixed") => {
                    self.check_literal(element, key, "fixed", id)?;
                    element.fixed = Some(literal(value).ok_or_else(|| self.fail(id, "a fixed value with null"))?);
                }
                key if key.starts_with("pattern") => {
                    self.check_literal(element, key, "pattern", id)?;
                    element.pattern = Some(literal(value).ok_or_else(|| self.fail(id, "a pattern with null"))?);
                }
                key if SILENT.contains(&key) || key.starts_with("defaultValue") || key.starts_with('_') => {}
                other => return Err(self.fail(id, format!("{other} is not understood"))),
            }
        }
        // The types may be narrowed in the same breath, after the value.
        let literals = fields.iter().filter_map(|(key, value)| {
            let word = ["fixed", "pattern"].into_iter().find(|word| key.starts_with(word))?;
            Some((key, word, value))
        });
        for (key, word, value) in literals {
            self.check_literal(element, key, word, id)?;
            if !is_of_kind(&key[word.len()..], value) {
                return Err(self.fail(id, format!("{key} cannot be {value}: no value of that type is written so")));
            }
            let code = element.types.iter().find(|reference| is_suffix_of_type(&key[word.len()..], &reference.code));
            if let Some(code) = code.map(|reference| reference.code.clone()) {
                self.check_members(&code, value, key, id)?;
            }
        }
        // How often the whole structure may come is said where it is used.
        if self.is_constraint && id.contains('.') {
            base.check(element, fields).map_err(|reason| self.fail(id, reason))?;
        }
        if fields.contains_key("sliceName") && element.is_choice && !fields.contains_key("type") {
            let name = fields["sliceName"].as_str().unwrap_or_default();
            if let Some(code) = type_of_choice_slice(element, name) {
                element.types.retain(|reference| reference.code == code);
            }
        }
        Ok(())
    }

    fn types(&mut self, value: &Value, id: &str) -> Result<Vec<TypeReference>, CompileError> {
        let mut types: Vec<TypeReference> = Vec::new();
        for entry in value.as_array().into_iter().flatten() {
            let code = match entry["code"].as_str() {
                Some(system) if system.starts_with("http://hl7.org/fhirpath/System.") => "string",
                Some(code) => code,
                None => return Err(self.fail(id, "a type without code")),
            };
            let is_primitive = code.starts_with(|first: char| first.is_ascii_lowercase());
            let profiles: Vec<Box<str>> =
                strings(&entry["profile"]).iter().map(|profile| without_version(profile).into()).collect();
            let targets: Vec<Box<str>> =
                strings(&entry["targetProfile"]).iter().map(|target| without_version(target).into()).collect();
            let aggregation = strings(&entry["aggregation"]);
            let only = |word: &str| !aggregation.is_empty() && aggregation.iter().all(|mode| &**mode == word);
            // STU3 repeats a type for each of its profiles or targets.
            if let Some(known) = types.iter_mut().find(|known| &*known.code == code) {
                known.profiles.extend(profiles);
                known.targets.extend(targets);
                continue;
            }
            types.push(TypeReference {
                code: code.into(),
                is_primitive,
                structure: None,
                profiles,
                targets,
                only_contained: only("contained"),
                only_referenced: only("referenced"),
            });
        }
        for reference in &mut types {
            reference.structure = match reference.profiles.as_slice() {
                // A profile that nobody defines stays named in `profiles`: validation says so when such an element is there.
                [profile] => self.compiler.number(profile).or_else(|| self.compiler.number(&core(&reference.code))),
                _ => self.compiler.number(&core(&reference.code)),
            };
        }
        Ok(types)
    }

    /// By field: some definitions give a strength without repeating the value set.
    fn merge_binding(&self, element: &mut Element, value: &Value, id: &str) -> Result<(), CompileError> {
        let strength = match value["strength"].as_str() {
            Some("required") => Strength::Required,
            Some("extensible") => Strength::Extensible,
            Some("preferred") => Strength::Preferred,
            Some("example") => Strength::Example,
            other => {
                return Err(
                    self.fail(id, format!("binding strength {:?} is not understood", other.unwrap_or_default()))
                );
            }
        };
        let named = [&value["valueSet"], &value["valueSetUri"], &value["valueSetReference"]["reference"]];
        let value_set = named.into_iter().find_map(Value::as_str);
        let maximum = value["extension"].as_array().into_iter().flatten();
        let maximum = maximum
            .filter(|extension| {
                extension["url"].as_str().is_some_and(|url| url.ends_with("/elementdefinition-maxValueSet"))
            })
            .map(|extension| {
                [&extension["valueCanonical"], &extension["valueUri"], &extension["valueReference"]["reference"]]
            })
            .find_map(|values| values.into_iter().find_map(Value::as_str));
        let maximum = maximum.or(value["maxValueSet"].as_str()).map(without_version);
        let inherited = element.binding.take();
        let value_set =
            value_set.map(Into::into).or_else(|| inherited.as_ref().map(|binding| binding.value_set.clone()));
        let max_value_set = maximum.map(Into::into).or_else(|| inherited.and_then(|binding| binding.max_value_set));
        match value_set {
            Some(value_set) => element.binding = Some(Binding { strength, value_set, max_value_set }),
            None if strength <= Strength::Preferred => {}
            None => return Err(self.fail(id, "a binding without a value set")),
        }
        Ok(())
    }

    fn merge_constraints(&mut self, element: &mut Element, value: &Value, id: &str) -> Result<(), CompileError> {
        for constraint in value.as_array().into_iter().flatten() {
            let text = |key: &str| constraint[key].as_str();
            let Some(key) = text("key") else { return Err(self.fail(id, "a constraint without key")) };
            if !matches!(text("severity"), None | Some("error" | "warning")) {
                return Err(self.fail(id, format!("constraint {key}: its severity is neither error nor warning")));
            }
            let Some(expression) = text("expression") else {
                return Err(self.fail(id, format!("constraint {key} has no expression")));
            };
            if element.constraints.iter().any(|known| &*known.key == key && &*known.expression == expression) {
                continue;
            }
            let number = self.compiler.expression(expression);
            let number = number.map_err(|reason| self.fail(id, format!("constraint {key}: {reason}")))?;
            element.constraints.push(Constraint {
                key: key.into(),
                is_error: text("severity") != Some("warning"),
                human: text("human").unwrap_or_default().into(),
                expression: expression.into(),
                number,
            });
        }
        Ok(())
    }

    fn merge_slicing(&self, element: &mut Element, value: &Value, id: &str) -> Result<(), CompileError> {
        let mut discriminators = Vec::new();
        for discriminator in value["discriminator"].as_array().into_iter().flatten() {
            let kind = match discriminator["type"].as_str() {
                // A pattern discriminator is an older name for the same.
                Some("value" | "pattern") => DiscriminatorKind::Value,
                Some("exists") => DiscriminatorKind::Exists,
                Some("type") => DiscriminatorKind::Type,
                Some("profile") => DiscriminatorKind::Profile,
                other => {
                    return Err(
                        self.fail(id, format!("discriminator type {:?} is not understood", other.unwrap_or_default()))
                    );
                }
            };
            let path = discriminator["path"].as_str().unwrap_or("$this").into();
            discriminators.push(Discriminator { kind, path });
        }
        let rules = match value["rules"].as_str() {
            Some("open") => SlicingRules::Open,
            Some("closed") => SlicingRules::Closed,
            Some("openAtEnd") => SlicingRules::OpenAtEnd,
            other => {
                return Err(self.fail(id, format!("slicing rules {:?} are not understood", other.unwrap_or_default())));
            }
        };
        let slices = element.slicing.take().map(|slicing| slicing.slices).unwrap_or_default();
        let is_ordered = value["ordered"] == true;
        element.slicing = Some(Slicing { discriminators, rules, is_ordered, slices });
        Ok(())
    }
}

/// Whether JSON has the kind of value that a type, as it ends the name of a fixed value, is written in.
fn is_of_kind(suffix: &str, value: &Value) -> bool {
    match suffix {
        "Boolean" => value.is_boolean(),
        "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt" => value.is_number(),
        "String" | "Code" | "Uri" | "Url" | "Canonical" | "Id" | "Oid" | "Uuid" | "Markdown" | "Date" | "DateTime"
        | "Instant" | "Time" | "Base64Binary" => value.is_string(),
        _ => value.is_object(),
    }
}
