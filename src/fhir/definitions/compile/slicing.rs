//! Works out what makes a repetition belong to a slice: the fixed values, patterns, bindings and types at the discriminators.

use super::super::model::{
    Criterion, DiscriminatorKind, Element, Literal, PathStep, Slicing, SlicingRules, Strength, Structure, Test,
};
use super::{CORE, CompileError, Compiler};

/// The slice that takes what no other one takes.
const DEFAULT: &str = "@default";

/// Fills in the criteria of every slice.
pub(super) fn resolve(compiler: &Compiler<'_>, structures: &mut [Structure]) -> Result<(), Vec<CompileError>> {
    let mut errors = Vec::new();
    for (index, structure) in structures.iter_mut().enumerate() {
        let mut walk =
            Walk { compiler, index, is_abstract: structure.is_abstract || is_base(structure), errors: &mut errors };
        let name = structure.root.name.to_string();
        walk.element(&mut structure.root, &name);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// HL7 does not mark its vital-signs profiles abstract, and Kanta not all of its bases.
fn is_base(structure: &Structure) -> bool {
    structure.url.starts_with(CORE)
}

struct Walk<'w, 'c> {
    compiler: &'w Compiler<'c>,
    index: usize,
    is_abstract: bool,
    errors: &'w mut Vec<CompileError>,
}

impl Walk<'_, '_> {
    fn element(&mut self, element: &mut Element, path: &str) {
        for child in &mut element.children {
            let path = format!("{path}.{}", child.name);
            self.element(child, &path);
        }
        settle_choice(element);
        let Some(slicing) = &mut element.slicing else { return };
        let Slicing { discriminators, slices, .. } = slicing;
        for slice in slices {
            let path = format!("{path}:{}", slice.name);
            self.element(&mut slice.element, &path);
            slice.criteria.clear();
            if &*slice.name == DEFAULT {
                continue;
            }
            let mut tells_by_value = false;
            let mut kinds = Vec::new();
            for discriminator in discriminators.iter() {
                match self.criterion(&slice.element, discriminator.kind, &discriminator.path) {
                    Ok(Some(criterion)) => {
                        tells_by_value |= !matches!(criterion.test, Test::Exists(_));
                        kinds.push(discriminator.kind);
                        slice.criteria.push(criterion);
                    }
                    Ok(None) => {}
                    Err(reason) => self.errors.push(self.compiler.error(self.index, &path, reason)),
                }
            }
            if tells_by_value {
                // As in HAPI: being there tells nothing beside a value. A coding of the slice's system without a code is
                // in the slice, and lacks its code.
                let mut kinds = kinds.into_iter();
                slice.criteria.retain(|criterion| {
                    let is_value = kinds.next() == Some(DiscriminatorKind::Value);
                    !(is_value && matches!(criterion.test, Test::Exists(_)))
                });
            }
            if slice.criteria.is_empty() && !self.is_abstract && slice.element.max > 0 {
                let reason = self.without_criteria(&slice.element, &path);
                self.errors.push(self.compiler.error(self.index, &path, reason));
            }
        }
    }

    /// Why nothing tells a slice from others, and what would.
    fn without_criteria(&self, slice: &Element, path: &str) -> String {
        let profiles = slice.types.iter().flat_map(|reference| &reference.profiles);
        if let Some(profile) = profiles.clone().find(|profile| self.compiler.number(profile).is_none()) {
            return format!("there is no definition of {profile}, which tells the slice: add its StructureDefinition");
        }
        let reason = "no fixed value, pattern, binding, type or existence at any discriminator";
        if path.contains(".meta.profile:") {
            // The national bases leave it to each profile to fix its own URL.
            let url = &self.compiler.declared[self.index].url;
            return format!(
                "{reason}: the base wants the profile's own URL here; give the differential the element {path} with \
                 fixedCanonical (STU3: fixedUri) {url}"
            );
        }
        reason.to_owned()
    }

    fn criterion(&self, slice: &Element, kind: DiscriminatorKind, path: &str) -> Result<Option<Criterion>, String> {
        let steps = steps(path)?;
        let mut candidates = vec![Candidate::Element(slice)];
        for step in &steps {
            candidates = candidates.iter().flat_map(|candidate| self.step(candidate, step)).collect();
        }
        let found = candidates.iter().find_map(|candidate| match candidate {
            Candidate::Targets(targets) => self.test_of_targets(targets, kind),
            Candidate::Element(element) => test(element, kind),
            Candidate::Literal(literal) => (kind == DiscriminatorKind::Value).then(|| Test::Fixed((*literal).clone())),
        });
        // As in HAPI: where there is no value to compare with, being there or not is what tells.
        let found = found.or_else(|| {
            let elements = candidates.iter().filter_map(|candidate| match candidate {
                Candidate::Element(element) => Some(*element),
                Candidate::Literal(_) | Candidate::Targets(_) => None,
            });
            let mut elements = elements.filter(|_| kind == DiscriminatorKind::Value && !steps.is_empty());
            elements.find_map(|element| test(element, DiscriminatorKind::Exists))
        });
        Ok(found.map(|test| Criterion { path: steps, test }))
    }

    fn test_of_targets(&self, targets: &[Box<str>], kind: DiscriminatorKind) -> Option<Test> {
        let type_name = |target: &str| match self.compiler.done.get(target) {
            Some(structure) => structure.type_name.clone(),
            None => target.strip_prefix(CORE).unwrap_or(target).into(),
        };
        match kind {
            DiscriminatorKind::Type => Some(Test::Type(targets.iter().map(|target| type_name(target)).collect())),
            DiscriminatorKind::Profile => Some(Test::Profile(targets.to_vec())),
            DiscriminatorKind::Value | DiscriminatorKind::Exists => None,
        }
    }

    /// Everything the definition says one step further on: the child, its slices, or a part of a fixed value.
    fn step<'e>(&'e self, candidate: &Candidate<'e>, step: &PathStep) -> Vec<Candidate<'e>> {
        let element = match candidate {
            Candidate::Literal(literal) => {
                return literal_step(literal, step).into_iter().map(Candidate::Literal).collect();
            }
            Candidate::Targets(targets) => {
                let [only] = targets else { return Vec::new() };
                let Some(structure) = self.compiler.done.get(&**only) else { return Vec::new() };
                return self.step_of(&structure.root, step);
            }
            Candidate::Element(element) => *element,
        };
        self.step_of(element, step)
    }

    fn step_of<'e>(&'e self, element: &'e Element, step: &PathStep) -> Vec<Candidate<'e>> {
        match step {
            PathStep::Resolve => {
                let references = element.types.iter().filter(|reference| !reference.targets.is_empty());
                return references.map(|reference| Candidate::Targets(&reference.targets)).take(1).collect();
            }
            PathStep::OfType(code) => {
                let is_of_type = element.types.iter().any(|reference| reference.code == *code);
                return is_of_type.then_some(Candidate::Element(element)).into_iter().collect();
            }
            PathStep::Member(_) | PathStep::Extension(_) => {}
        }
        let mut found = Vec::new();
        for value in [&element.fixed, &element.pattern].into_iter().flatten() {
            found.extend(literal_step(value, step).into_iter().map(Candidate::Literal));
        }
        let children = match (element.children.is_empty(), element.types.as_slice()) {
            (false, _) => &element.children,
            (true, [only]) => {
                let url = match only.profiles.as_slice() {
                    [profile] => profile.to_string(),
                    _ => format!("{CORE}{}", only.code),
                };
                match self.compiler.done.get(&url) {
                    Some(structure) => &structure.root.children,
                    None => return found,
                }
            }
            (true, _) => return found,
        };
        match step {
            PathStep::Member(name) => {
                for child in children.iter().filter(|child| child.name == *name) {
                    found.push(Candidate::Element(child));
                    let slices = child.slicing.iter().flat_map(|slicing| &slicing.slices);
                    found.extend(slices.map(|slice| Candidate::Element(&slice.element)));
                }
            }
            PathStep::Extension(url) => {
                let extensions = children.iter().filter(|child| &*child.name == "extension");
                let slices = extensions.flat_map(|child| child.slicing.iter().flat_map(|slicing| &slicing.slices));
                let of_url = slices.filter(|slice| {
                    let profiles = slice.element.types.iter().flat_map(|reference| &reference.profiles);
                    profiles.into_iter().any(|profile| profile == url)
                });
                found.extend(of_url.map(|slice| Candidate::Element(&slice.element)));
            }
            PathStep::Resolve | PathStep::OfType(_) => {}
        }
        found
    }
}

/// A choice has one value, so a mandatory slice of a type leaves no other type (HAPI's reading of it).
fn settle_choice(element: &mut Element) {
    let Some(slicing) = element.slicing.as_mut().filter(|_| element.is_choice) else { return };
    let mandatory = slicing.slices.iter().find(|slice| slice.element.min > 0).map(|slice| &slice.element.types);
    if let Some(types) = mandatory {
        element.types.retain(|reference| types.iter().any(|kept| kept.code == reference.code));
        slicing.rules = SlicingRules::Closed;
    }
}

/// What a discriminator's path may lead to within a definition.
enum Candidate<'e> {
    Element(&'e Element),
    Literal(&'e Literal),
    /// The resources that a reference may lead to, by their canonical URLs.
    Targets(&'e [Box<str>]),
}

/// What the definition of an element tells slices apart by.
fn test(element: &Element, kind: DiscriminatorKind) -> Option<Test> {
    let exists = || (element.min > 0).then_some(true).or((element.max == 0).then_some(false)).map(Test::Exists);
    match kind {
        DiscriminatorKind::Value => None
            .or_else(|| element.fixed.clone().map(Test::Fixed))
            .or_else(|| element.pattern.clone().map(Test::Pattern))
            .or_else(|| {
                let binding = element.binding.as_ref().filter(|binding| binding.strength == Strength::Required)?;
                Some(Test::InValueSet(binding.value_set.clone()))
            })
            .or_else(|| extension_url(element)),
        DiscriminatorKind::Exists => exists(),
        DiscriminatorKind::Type => {
            let codes: Vec<Box<str>> = element.types.iter().map(|reference| reference.code.clone()).collect();
            (!codes.is_empty()).then_some(Test::Type(codes))
        }
        DiscriminatorKind::Profile => {
            let profiles: Vec<Box<str>> =
                element.types.iter().flat_map(|reference| reference.profiles.clone()).collect();
            (!profiles.is_empty()).then_some(Test::Profile(profiles))
        }
    }
}

/// A slice of repeated references or extensions by `$this` may be told by its profile's url.
fn extension_url(element: &Element) -> Option<Test> {
    let profiles = element.types.iter().filter(|reference| &*reference.code == "Extension").flat_map(|it| &it.profiles);
    let profiles: Vec<Box<str>> = profiles.cloned().collect();
    (!profiles.is_empty()).then_some(Test::Profile(profiles))
}

fn literal_step<'l>(literal: &'l Literal, step: &PathStep) -> Vec<&'l Literal> {
    match (literal, step) {
        (Literal::Array(items), _) => items.iter().flat_map(|item| literal_step(item, step)).collect(),
        (Literal::Object(members), PathStep::Member(name)) => match members.iter().find(|(key, _)| key == name) {
            Some((_, Literal::Array(items))) => items.iter().collect(),
            Some((_, value)) => vec![value],
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The steps of a discriminator path: members, `$this`, `extension('url')`.
fn steps(path: &str) -> Result<Vec<PathStep>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let call = |name: &str, end: &'static str| rest.strip_prefix(name).and_then(|rest| rest.split_once(end));
        let (step, next) = match (call("extension('", "')"), call("ofType(", ")"), rest.strip_prefix("resolve()")) {
            (Some((url, next)), ..) => (Some(PathStep::Extension(url.into())), next),
            (_, Some((name, next)), _) => (Some(PathStep::OfType(name.trim_start_matches("FHIR.").into())), next),
            (.., Some(next)) => (Some(PathStep::Resolve), next),
            _ => {
                let end = rest.find('.').unwrap_or(rest.len());
                let (name, next) = rest.split_at(end);
                let is_name = name.chars().all(|character| character.is_ascii_alphanumeric());
                match name {
                    "$this" => (None, next),
                    name if is_name && !name.is_empty() => (Some(PathStep::Member(name.into())), next),
                    other => return Err(format!("discriminator path {path:?}: {other:?} is not understood")),
                }
            }
        };
        steps.extend(step);
        rest = match next.strip_prefix('.') {
            Some(more) if !more.is_empty() => more,
            None if next.is_empty() => next,
            _ => return Err(format!("discriminator path {path:?}: {next:?} is not understood")),
        };
    }
    Ok(steps)
}
