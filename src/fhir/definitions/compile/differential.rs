//! Applies a differential to the tree of its base.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::model::{
    Constraint, Discriminator, DiscriminatorKind, Element, ExtensionContext, Slice, Slicing, SlicingRules, Structure,
    StructureKind,
};
use super::json::without_version;
use super::{CORE, CompileError, Compiler};

/// No real profile comes near; what is beyond would only cost time.
const MAX_SLICES: usize = 1_000;
const MAX_ELEMENTS: usize = 10_000;

/// One segment of an element id: `coding:fiphrCode`, or of a path: `valueQuantity`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    slice: Option<String>,
}

/// The structure that a declared definition resolves to.
pub(super) fn apply(compiler: &mut Compiler<'_>, index: usize) -> Result<Structure, CompileError> {
    let elements = std::mem::take(&mut compiler.declared[index].elements);
    if elements.len() > MAX_ELEMENTS && compiler.declared[index].is_constraint {
        let reason = format!("the differential has {} elements, more than {MAX_ELEMENTS}", elements.len());
        return Err(compiler.error(index, "", reason));
    }
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
    let (context, invariants) = (declared.context.clone(), declared.context_invariants.clone());
    if let Some(base) = base.as_ref().filter(|base| is_constraint && *base.type_name != *type_name) {
        let reason = format!("it is of type {type_name}, and its base {} is of type {}", base.url, base.type_name);
        return Err(compiler.error(index, "", reason));
    }
    let (context, context_invariants) = contexts(compiler, index, context, &invariants)?;

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
    if is_constraint {
        tree.check(&root, &type_name)?;
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
        context_invariants,
        root,
    })
}

/// The contexts of an extension with their expressions numbered, and its context invariants.
fn contexts(
    compiler: &mut Compiler<'_>,
    index: usize,
    contexts: Vec<ExtensionContext>,
    invariants: &[String],
) -> Result<(Vec<ExtensionContext>, Vec<Constraint>), CompileError> {
    let mut number = |expression: &str, element: &str| {
        let number = compiler.expression(expression);
        number.map_err(|reason| compiler.error(index, element, format!("{expression:?}: {reason}")))
    };
    let contexts = contexts.into_iter().map(|context| match context {
        ExtensionContext::Expression(expression, _) => {
            let number = number(&expression, "context")?;
            Ok(ExtensionContext::Expression(expression, number))
        }
        other => Ok(other),
    });
    let contexts = contexts.collect::<Result<_, CompileError>>()?;
    let invariants = invariants.iter().map(|expression| {
        Ok(Constraint {
            key: "context-invariant".into(),
            is_error: true,
            human: "The extension may stand only where this holds".into(),
            expression: expression.as_str().into(),
            number: number(expression, "contextInvariant")?,
        })
    });
    Ok((contexts, invariants.collect::<Result<_, CompileError>>()?))
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

pub(super) struct Tree<'t, 'c> {
    pub(super) compiler: &'t mut Compiler<'c>,
    index: usize,
    base: Option<Rc<Structure>>,
    pub(super) is_constraint: bool,
    renamed: Vec<String>,
}

impl Tree<'_, '_> {
    pub(super) fn fail(&self, element: &str, reason: impl Into<String>) -> CompileError {
        self.compiler.error(self.index, element, reason)
    }

    /// Whether the base has an element at this path.
    pub(super) fn is_in_base(&self, path: &str) -> bool {
        let starts_there = |base: &Structure| path.split('.').next() == Some(&*base.root.name) && path.contains('.');
        self.base.as_ref().is_some_and(|base| starts_there(base) && descendant(&base.root, path).is_some())
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
        // `a/b` slices the slice `a` again (FHIR R4, profiling.html#reslicing).
        if let Some((outer, _)) =
            name.rsplit_once('/').filter(|(outer, _)| !has_slice(element, name) && has_slice(element, outer))
        {
            let inherited = element.slicing.clone();
            let outer = self.slice(element, outer, false, id)?;
            if outer.slicing.is_none() {
                // Without a word about how, as the element itself is sliced; others may come.
                outer.slicing =
                    inherited.map(|slicing| Slicing { rules: SlicingRules::Open, slices: Vec::new(), ..slicing });
            }
            return self.slice(outer, name, may_create, id);
        }
        if !has_slice(element, name) {
            let type_code = element.is_choice.then(|| type_of_choice_slice(element, name)).flatten();
            if !may_create && type_code.is_none() {
                return Err(self.fail(id, format!("there is no slice {name} of {}", element.name)));
            }
            let mut copy = element.clone();
            copy.slicing = None;
            // A slice may stay away, but of a mandatory choice the type that is spoken of is what must be there (HAPI's reading).
            copy.min = if element.is_choice { element.min } else { 0 };
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
            if slicing.slices.len() >= MAX_SLICES {
                let reason = format!("{} has more than {MAX_SLICES} slices", element.name);
                return Err(self.fail(id, reason));
            }
            slicing.slices.push(Slice { name: name.into(), criteria: Vec::new(), element: copy });
        }
        let slices = element.slicing.as_mut().map(|slicing| &mut slicing.slices);
        let found = slices.and_then(|slices| slices.iter_mut().find(|slice| slice.name.eq_ignore_ascii_case(name)));
        match found {
            Some(slice) => Ok(&mut slice.element),
            None => Err(self.fail(id, format!("there is no slice {name}"))),
        }
    }
}

/// The URL of one of FHIR's own types.
pub(super) fn core(code: &str) -> String {
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
pub(super) fn find_child(element: &Element, name: &str) -> Option<(usize, Option<Box<str>>)> {
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
pub(super) fn type_of_choice_slice(element: &Element, slice: &str) -> Option<Box<str>> {
    let suffix = slice.strip_prefix(&*element.name)?;
    element
        .types
        .iter()
        .find(|reference| is_suffix_of_type(suffix, &reference.code))
        .map(|reference| reference.code.clone())
}

/// `DateTime` for `dateTime`.
pub(super) fn is_suffix_of_type(suffix: &str, code: &str) -> bool {
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
