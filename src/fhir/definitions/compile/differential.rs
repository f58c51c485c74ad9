//! Applies a differential to the tree of its base.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::model::{
    Binding, Constraint, Discriminator, DiscriminatorKind, Element, Slice, Slicing, SlicingRules, Strength, Structure,
    StructureKind, TypeReference, UNBOUNDED,
};
use super::json::{strings, without_version};
use super::{CORE, CompileError, Compiler, literal};

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

/// One segment of an element id: `coding:fiphrCode`, or of a path: `valueQuantity`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    slice: Option<String>,
}

/// The structure that a declared definition resolves to.
pub(super) fn apply(compiler: &mut Compiler<'_>, index: usize) -> Result<Structure, CompileError> {
    let elements = std::mem::take(&mut compiler.declared[index].elements);
    let base_url = compiler.declared[index].base.clone();
    let base = base_url.as_deref().map(|url| compiler.structure(without_version(url))).transpose().map_err(
        |error| match error.file.starts_with("http") || error.file.is_empty() {
            true => compiler.error(index, "", error.reason),
            false => error,
        },
    )?;
    let declared = &compiler.declared[index];
    let mut root = base.as_ref().map_or_else(|| new_element(&declared.type_name), |base| base.root.clone());
    root.name = declared.type_name.as_str().into();
    let (url, type_name) = (declared.url.clone(), declared.type_name.clone());
    let (kind, is_abstract, is_constraint) = (declared.kind, declared.is_abstract, declared.is_constraint);
    let context = declared.context.clone();

    let identified = identify(&elements);
    let mut tree = Tree { compiler, index, base: base.clone(), is_constraint, renamed: renamed_choices(&elements) };
    for (steps, element) in identified.iter().zip(&elements) {
        let id = element["id"].as_str().or(element["path"].as_str()).unwrap_or_default();
        let Some(fields) = element.as_object() else { return Err(tree.fail(id, "an element that is no object")) };
        if kind == StructureKind::Primitive && steps.len() == 2 && steps[1].name == "value" {
            continue;
        }
        if steps.first().is_none_or(|step| step.name != type_name) {
            return Err(tree.fail(id, format!("the path does not start with {type_name}")));
        }
        let target = tree.locate(&mut root, steps, fields, id)?;
        tree.merge(target, fields, id)?;
    }
    if type_name == "Extension" && is_constraint {
        fix_url(&mut root, &url);
    }
    Ok(Structure {
        url: url.into(),
        type_name: type_name.into(),
        kind,
        is_abstract,
        is_constraint,
        base: base_url.map(|url| without_version(&url).into()),
        context,
        root,
    })
}

/// An extension's own url is its definition's, said or not.
fn fix_url(root: &mut Element, url: &str) {
    if let Some(child) = root.children.iter_mut().find(|child| &*child.name == "url") {
        child.fixed.get_or_insert_with(|| super::Literal::String(url.into()));
        child.is_constrained = true;
    }
}

fn new_element(name: &str) -> Element {
    Element {
        name: name.into(),
        is_choice: false,
        is_list: false,
        is_constrained: false,
        is_modifier: false,
        min: 0,
        max: 1,
        types: Vec::new(),
        children: Vec::new(),
        content_reference: None,
        fixed: None,
        pattern: None,
        binding: None,
        constraints: Vec::new(),
        max_length: None,
        slicing: None,
    }
}

/// For every element its place: ids where they fit the path, else what path and slice names say in their order.
fn identify(elements: &[Value]) -> Vec<Vec<Step>> {
    let mut slices: Vec<(String, String)> = Vec::new();
    elements
        .iter()
        .map(|element| {
            let path = element["path"].as_str().unwrap_or_default();
            slices.retain(|(prefix, _)| path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.')));
            if let Some(name) = element["sliceName"].as_str() {
                slices.push((path.to_owned(), name.to_owned()));
            }
            if let Some(steps) = element["id"].as_str().and_then(|id| steps_of_id(id, path)) {
                return steps;
            }
            let mut walked = String::new();
            path.split('.')
                .map(|segment| {
                    if !walked.is_empty() {
                        walked.push('.');
                    }
                    walked.push_str(segment);
                    let slice = slices.iter().find(|(prefix, _)| *prefix == walked).map(|(_, name)| name.clone());
                    Step { name: segment.to_owned(), slice }
                })
                .collect()
        })
        .collect()
}

fn steps_of_id(id: &str, path: &str) -> Option<Vec<Step>> {
    if !id.contains(':') || id.split('.').count() != path.split('.').count() {
        return None;
    }
    id.split('.')
        .zip(path.split('.'))
        .map(|(of_id, of_path)| {
            let (name, slice) = of_id.split_once(':').map_or((of_id, None), |(name, slice)| (name, Some(slice)));
            let fits = name == of_path || name.strip_suffix("[x]").is_some_and(|stem| of_path.starts_with(stem));
            fits.then(|| Step { name: name.to_owned(), slice: slice.map(str::to_owned) })
        })
        .collect()
}

/// Last segments of paths that may be a choice named with its type: `Observation.valueQuantity`.
fn renamed_choices(elements: &[Value]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for path in elements.iter().filter_map(|element| element["path"].as_str()) {
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

struct Tree<'t, 'c> {
    compiler: &'t mut Compiler<'c>,
    index: usize,
    base: Option<Rc<Structure>>,
    is_constraint: bool,
    renamed: Vec<String>,
}

impl Tree<'_, '_> {
    fn fail(&self, element: &str, reason: impl Into<String>) -> CompileError {
        self.compiler.error(self.index, element, reason)
    }

    /// The element that `steps` lead to; made when a type defines it, or when it is a new slice.
    fn locate<'e>(
        &mut self,
        root: &'e mut Element,
        steps: &[Step],
        fields: &Map<String, Value>,
        id: &str,
    ) -> Result<&'e mut Element, CompileError> {
        let mut current = root;
        current.is_constrained |= self.is_constraint;
        for (position, step) in steps.iter().enumerate().skip(1) {
            let is_last = position + 1 == steps.len();
            self.expand(current, id)?;
            let (child, renamed_to) = match find_child(current, &step.name) {
                Some(found) => found,
                None if is_last && !self.is_constraint => {
                    let mut element = new_element(step.name.strip_suffix("[x]").unwrap_or(&step.name));
                    element.is_choice = step.name.ends_with("[x]");
                    element.is_list = !matches!(fields.get("max").and_then(Value::as_str), None | Some("0" | "1"));
                    current.children.push(element);
                    (current.children.len() - 1, None)
                }
                None => return Err(self.fail(id, format!("{} has no element {}", current.name, step.name))),
            };
            let element = &mut current.children[child];
            element.is_constrained |= self.is_constraint;
            let slice = match (&step.slice, renamed_to) {
                (Some(slice), _) => Some(slice.clone()),
                (None, Some(type_code)) => {
                    let parent: Vec<&str> = steps[..position].iter().map(|step| step.name.as_str()).collect();
                    let parent = parent.join(".");
                    let is_sliced = has_slice(element, &step.name) || self.names_several_types(&parent, &element.name);
                    if !is_sliced {
                        element.types.retain(|reference| *reference.code == *type_code);
                    }
                    is_sliced.then(|| step.name.clone())
                }
                (None, None) => None,
            };
            current = match slice {
                None => element,
                Some(slice) => self.slice(element, &slice, is_last, id)?,
            };
            current.is_constrained |= self.is_constraint;
        }
        Ok(current)
    }

    /// Whether the differential speaks of `stem` with two different types in its name, so that they are slices.
    fn names_several_types(&self, parent: &str, stem: &str) -> bool {
        let with_type = |path: &String| {
            let last = path.strip_prefix(parent)?.strip_prefix('.')?.strip_prefix(stem)?;
            (!last.contains('.') && last.starts_with(|first: char| first.is_ascii_uppercase())).then(|| last.to_owned())
        };
        self.renamed.iter().filter_map(with_type).count() > 1
    }

    /// Gives an element children of its own, copied from its type or from the element it refers to.
    fn expand(&mut self, element: &mut Element, id: &str) -> Result<(), CompileError> {
        if !element.children.is_empty() || (element.types.is_empty() && element.content_reference.is_none()) {
            return Ok(());
        }
        if let Some(path) = &element.content_reference {
            let base = self.base.clone();
            let source = base.as_ref().and_then(|base| descendant(&base.root, path));
            let Some(source) = source else {
                return Err(self.fail(id, format!("the content of {path} is not there")));
            };
            element.children = source.children.clone();
            element.content_reference = None;
            return Ok(());
        }
        let [only] = element.types.as_slice() else {
            return Err(
                self.fail(id, format!("{} has several types: its children cannot be constrained", element.name))
            );
        };
        let url = match only.profiles.as_slice() {
            [profile] if self.compiler.number(profile).is_some() => profile.to_string(),
            _ => core(&only.code),
        };
        let structure = self.compiler.structure(&url).map_err(|error| self.fail(id, error.reason))?;
        element.children = structure.root.children.clone();
        for child in &mut element.children {
            clear_marks(child);
        }
        Ok(())
    }

    fn slice<'e>(
        &mut self,
        element: &'e mut Element,
        name: &str,
        may_create: bool,
        id: &str,
    ) -> Result<&'e mut Element, CompileError> {
        if !has_slice(element, name) {
            let type_code = element.is_choice.then(|| type_of_choice_slice(element, name)).flatten();
            if !may_create && type_code.is_none() {
                return Err(self.fail(id, format!("there is no slice {name} of {}", element.name)));
            }
            let mut copy = element.clone();
            copy.slicing = None;
            copy.min = 0;
            if let Some(code) = type_code {
                copy.types.retain(|reference| reference.code == code);
            }
            let is_choice = element.is_choice;
            let is_extension = matches!(&*element.name, "extension" | "modifierExtension");
            let slicing = match &mut element.slicing {
                Some(slicing) => slicing,
                // A choice sliced without saying how is sliced by type, and nothing else may come (HAPI's reading).
                none if is_choice => none.insert(implicit(DiscriminatorKind::Type, "$this", SlicingRules::Closed)),
                none if is_extension => none.insert(implicit(DiscriminatorKind::Value, "url", SlicingRules::Open)),
                None => return Err(self.fail(id, format!("a slice of {}, which is not sliced", element.name))),
            };
            slicing.slices.push(Slice { name: name.into(), criteria: Vec::new(), element: copy });
        }
        let slices = element.slicing.as_mut().map(|slicing| &mut slicing.slices);
        let found = slices.and_then(|slices| slices.iter_mut().find(|slice| slice.name.eq_ignore_ascii_case(name)));
        match found {
            Some(slice) => Ok(&mut slice.element),
            None => Err(self.fail(id, format!("there is no slice {name}"))),
        }
    }

    /// What the differential says, on top of what the element says already.
    fn merge(&mut self, element: &mut Element, fields: &Map<String, Value>, id: &str) -> Result<(), CompileError> {
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
                "type" => element.types = self.types(value, id)?,
                "contentReference" => {
                    let path = value.as_str().and_then(|reference| reference.strip_prefix('#'));
                    let path = path.ok_or_else(|| self.fail(id, "a contentReference that does not start with #"))?;
                    element.content_reference = Some(path.into());
                }
                "binding" => self.merge_binding(element, value, id)?,
                "constraint" => self.merge_constraints(element, value, id)?,
                "slicing" => self.merge_slicing(element, value, id)?,
                "maxLength" => element.max_length = value.as_u64().and_then(|length| u32::try_from(length).ok()),
                "isModifier" => element.is_modifier = value == &Value::Bool(true),
                key if key.starts_with("fixed") => {
                    element.fixed = Some(literal(value).ok_or_else(|| self.fail(id, "a fixed value with null"))?);
                }
                key if key.starts_with("pattern") => {
                    element.pattern = Some(literal(value).ok_or_else(|| self.fail(id, "a pattern with null"))?);
                }
                key if SILENT.contains(&key) || key.starts_with("defaultValue") || key.starts_with('_') => {}
                other => return Err(self.fail(id, format!("{other} is not understood"))),
            }
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
            other => return Err(self.fail(id, format!("binding strength {other:?} is not understood"))),
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
                other => return Err(self.fail(id, format!("discriminator type {other:?} is not understood"))),
            };
            let path = discriminator["path"].as_str().unwrap_or("$this").into();
            discriminators.push(Discriminator { kind, path });
        }
        let rules = match value["rules"].as_str() {
            Some("open") => SlicingRules::Open,
            Some("closed") => SlicingRules::Closed,
            Some("openAtEnd") => SlicingRules::OpenAtEnd,
            other => return Err(self.fail(id, format!("slicing rules {other:?} are not understood"))),
        };
        let slices = element.slicing.take().map(|slicing| slicing.slices).unwrap_or_default();
        let is_ordered = value["ordered"] == true;
        element.slicing = Some(Slicing { discriminators, rules, is_ordered, slices });
        Ok(())
    }
}

/// The URL of one of FHIR's own types.
fn core(code: &str) -> String {
    format!("{CORE}{code}")
}

fn implicit(kind: DiscriminatorKind, path: &str, rules: SlicingRules) -> Slicing {
    Slicing {
        discriminators: vec![Discriminator { kind, path: path.into() }],
        rules,
        is_ordered: false,
        slices: Vec::new(),
    }
}

/// A type's own children are not "constrained" in the profile that copies them.
fn clear_marks(element: &mut Element) {
    element.is_constrained = false;
    element.children.iter_mut().for_each(clear_marks);
}

fn has_slice(element: &Element, name: &str) -> bool {
    let slices = element.slicing.as_ref().map(|slicing| &slicing.slices);
    slices.is_some_and(|slices| slices.iter().any(|slice| slice.name.eq_ignore_ascii_case(name)))
}

/// The child of this name, and the type when the name is a choice's with its type.
fn find_child(element: &Element, name: &str) -> Option<(usize, Option<Box<str>>)> {
    if let Some(stem) = name.strip_suffix("[x]") {
        let index = element.children.iter().position(|child| child.is_choice && &*child.name == stem)?;
        return Some((index, None));
    }
    if let Some(index) = element.children.iter().position(|child| !child.is_choice && &*child.name == name) {
        return Some((index, None));
    }
    element.children.iter().enumerate().find_map(|(index, child)| {
        let suffix = name.strip_prefix(&*child.name).filter(|_| child.is_choice)?;
        let reference = child.types.iter().find(|reference| is_suffix_of_type(suffix, &reference.code))?;
        Some((index, Some(reference.code.clone())))
    })
}

/// The type a slice such as `valueQuantity` of `value[x]` stands for.
fn type_of_choice_slice(element: &Element, slice: &str) -> Option<Box<str>> {
    let suffix = slice.strip_prefix(&*element.name)?;
    element
        .types
        .iter()
        .find(|reference| is_suffix_of_type(suffix, &reference.code))
        .map(|reference| reference.code.clone())
}

/// `DateTime` for `dateTime`.
fn is_suffix_of_type(suffix: &str, code: &str) -> bool {
    suffix.len() == code.len()
        && suffix.starts_with(|first: char| first.is_ascii_uppercase())
        && suffix[..1].eq_ignore_ascii_case(&code[..1])
        && suffix[1..] == code[1..]
}

/// The element at a path that starts with the root's name.
fn descendant<'e>(root: &'e Element, path: &str) -> Option<&'e Element> {
    path.split('.').skip(1).try_fold(root, |element, name| {
        let name = name.strip_suffix("[x]").unwrap_or(name);
        element.children.iter().find(|child| &*child.name == name)
    })
}
