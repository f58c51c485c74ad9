//! The walk over a resource and its definition side by side: names, cardinality, the shapes of JSON.

use std::rc::Rc;

use smallvec::SmallVec;

use super::answers::Shared;
use super::findings::Findings;
use super::place::Place;
use super::spelling::closest_resource;
use super::{Finding, MAX_DEPTH, Options, Severity, policy};
use crate::fhir::Version;
use crate::fhir::definitions::{Definitions, Element, Structure, StructureKind, TypeReference};
use crate::json::{Document, Kind, Value};

/// One walk and what it found.
pub(super) struct Walk<'w> {
    pub(super) definitions: &'w Definitions,
    pub(super) options: &'w Options,
    /// The root of what is judged.
    pub(super) document: Value<'w>,
    pub(super) shared: Rc<Shared>,
    pub(super) findings: Findings,
    pub(super) depth: usize,
    /// How many elements around this one the engine does not look into (`content.rs`).
    pub(super) overlooked: u32,
}

/// The resource that is walked, and how.
#[derive(Clone, Copy)]
pub(super) struct Scope<'w> {
    /// The resource the elements belong to.
    pub(super) resource: Value<'w>,
    /// The resource that contains it, or itself.
    pub(super) root_resource: Value<'w>,
    /// What defines the elements, for references to their content.
    pub(super) structure: &'w Structure,
    /// The element whose children are walked.
    pub(super) holder: Holder<'w>,
    /// Another profile has judged everything before: only what this one adds is looked at.
    pub(super) is_secondary: bool,
    /// What that profile derives from, when it is HL7's vital signs: their invariants are judged already.
    pub(super) is_vital_sign: bool,
}

/// An element as its children see it: an object, or a primitive with its sibling.
#[derive(Clone, Copy)]
pub(super) struct Holder<'w> {
    pub(super) value: Option<Value<'w>>,
    pub(super) sibling: Option<Value<'w>>,
}

/// Whether a profile is the first or a later one that a resource is walked along.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    First,
    Later { is_vital_sign: bool },
}

/// One repetition of an element.
#[derive(Clone, Copy)]
pub(super) struct Item<'w> {
    /// The value; absent when a primitive has only id or extensions.
    pub(super) value: Option<Value<'w>>,
    /// The `_name` sibling of a primitive.
    pub(super) sibling: Option<Value<'w>>,
    /// Its place in the list, for elements that repeat.
    pub(super) index: Option<usize>,
    /// The type that the name of a choice tells.
    pub(super) type_code: Option<&'w str>,
    /// The object it stands in.
    pub(super) object: Value<'w>,
    /// Whether the engine judges its fixed value a second time, see [`is_judged_twice`].
    pub(super) is_judged_twice: bool,
}

impl<'w> Item<'w> {
    /// What a finding about it points to.
    pub(super) fn anchor(&self) -> Value<'w> {
        self.value.or(self.sibling).unwrap_or(self.object)
    }
}

/// What the members of an object say about one child element.
#[derive(Clone, Copy, Default)]
struct Slot<'w> {
    value: Option<Value<'w>>,
    sibling: Option<Value<'w>>,
    type_code: Option<&'w str>,
    is_judged_twice: bool,
}

pub(super) fn validate(definitions: &Definitions, document: &Document, options: &Options) -> Vec<Finding> {
    with(definitions, document, options, |walk| walk.document(document.root()))
}

/// What `walk` finds in a document.
pub(super) fn with<'w>(
    definitions: &'w Definitions,
    document: &'w Document,
    options: &'w Options,
    go: impl FnOnce(&mut Walk<'w>),
) -> Vec<Finding> {
    let (root, shared) = (document.root(), Shared::new());
    let mut walk =
        Walk { definitions, options, document: root, shared, findings: Findings::kept(), depth: 0, overlooked: 0 };
    go(&mut walk);
    walk.findings.finish(document)
}

impl<'w> Walk<'w> {
    /// A walk that tells only whether there are errors.
    pub(super) fn quiet(
        definitions: &'w Definitions,
        options: &'w Options,
        shared: Rc<Shared>,
        document: Value<'w>,
        depth: usize,
    ) -> Walk<'w> {
        Walk { definitions, options, document, shared, findings: Findings::counted(), depth, overlooked: 0 }
    }

    fn document(&mut self, root: Value<'w>) {
        if root.document().text().starts_with('\u{feff}') {
            let text = "Failed to parse JSON encoded FHIR content: Content does not appear to be FHIR JSON, first non-whitespace character was a byte order mark (must be '{')";
            self.findings.push(Finding::new(Severity::Error, "#json".to_owned(), String::new(), text.to_owned()), 0);
        }
        let Some(structure) = self.resource_type(root, "") else { return };
        let place = Place::resource(None, &structure.type_name, structure);
        let profiles = policy::profiles(self, &place, root, structure);
        let primary = profiles.first().copied().unwrap_or(structure);
        let is_vital_sign = self.derives_from_vital_signs(primary);
        self.resource(&place, root, root, primary, Turn::First);
        self.narrative_language(&place, root);
        if self.options.entries_apart {
            self.entries(root);
        }
        for profile in profiles.iter().skip(1) {
            self.resource(&place, root, root, profile, Turn::Later { is_vital_sign });
        }
    }

    /// The definition of the resource's type; a finding when it has none.
    pub(super) fn resource_type(&mut self, value: Value<'w>, location: &str) -> Option<&'w Structure> {
        let text = match value.get("resourceType") {
            None if value.kind() == Kind::Object => "Unable to find resourceType property".to_owned(),
            None => "A resource is a JSON object".to_owned(),
            Some(name) => match name.as_str() {
                None => "resourceType must be a text".to_owned(),
                Some(name) => {
                    match self.definitions.type_(name).filter(|structure| structure.kind == StructureKind::Resource) {
                        Some(structure) if !structure.is_abstract && !structure.is_constraint => {
                            return Some(structure);
                        }
                        _ => format!("This content cannot be parsed (unknown or unrecognized resource name '{name}')"),
                    }
                }
            },
        };
        let offset = value.span().start;
        let is_list = value.kind() == Kind::Array && location.is_empty();
        let meant = value.get("resourceType").and_then(Value::as_str).and_then(|name| closest_resource(self, name));
        let fix = "several resources go into a Bundle, or one per line into a file called .ndjson";
        let finding = Finding::new(Severity::Error, format!("{location}#json"), location.to_owned(), text);
        self.findings.push(Finding { fix: is_list.then_some(fix.into()).or(meant), ..finding }, offset);
        None
    }

    /// Walks a resource along one profile (or its type).
    pub(super) fn resource(
        &mut self,
        place: &Place<'_>,
        value: Value<'w>,
        root_resource: Value<'w>,
        structure: &'w Structure,
        turn: Turn,
    ) {
        let place = place.defined_by(Some(structure));
        let (is_secondary, is_vital_sign) = match turn {
            Turn::First => (false, false),
            Turn::Later { is_vital_sign } => (true, is_vital_sign),
        };
        let holder = Holder { value: Some(value), sibling: None };
        let scope = Scope { resource: value, root_resource, structure, holder, is_secondary, is_vital_sign };
        self.invariants(&scope, &place, &structure.root.constraints, Some(value), None);
        self.children(&scope, &place, &structure.root.children, value);
        if is_secondary || self.findings.is_quiet() {
            return;
        }
        match place.type_code {
            "QuestionnaireResponse" => self.questionnaire(&scope, &place, value),
            "Questionnaire" if self.definitions.version() == Version::R4 => self.conditions(&place, value),
            _ => {}
        }
    }

    fn derives_from_vital_signs(&self, structure: &Structure) -> bool {
        let bases =
            std::iter::successors(Some(structure), |structure| self.definitions.profile(structure.base.as_deref()?));
        // No chain of profiles is that long.
        bases.take(16).any(|base| base.url.ends_with("hl7.org/fhir/StructureDefinition/vitalsigns"))
    }

    /// Goes one level down unless that is too deep.
    pub(super) fn deeper(&mut self, place: &Place<'_>, value: Value<'w>, walk: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            self.error("json", place, value, format!("The elements nest deeper than {MAX_DEPTH} levels"));
            return;
        }
        self.depth += 1;
        walk(self);
        self.depth -= 1;
    }

    /// Walks the members of an object along its child elements.
    pub(super) fn children(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        children: &'w [Element],
        object: Value<'w>,
    ) {
        let holder = match scope.holder.sibling == Some(object) {
            true => scope.holder,
            false => Holder { value: Some(object), sibling: None },
        };
        let scope = &Scope { holder, ..*scope };
        let mut slots: SmallVec<[Slot<'w>; 32]> = SmallVec::from_elem(Slot::default(), children.len());
        let mut next = 0;
        let mut has_type = false;
        for (key, value) in object.members() {
            let (name, is_sibling) = key.strip_prefix('_').map_or((key, false), |name| (name, true));
            let Some((index, type_code)) = self.find(children, name, next) else {
                // Comments of DSTU2 are passed over, as in HAPI.
                let is_type = place.is_resource && key == "resourceType";
                if is_type && std::mem::replace(&mut has_type, true) && !scope.is_secondary {
                    let text = format!("Error parsing JSON: Duplicated property name: {key}");
                    self.error("json", &place.child(key), value, text);
                }
                if key == "fhir_comments" && !scope.is_secondary {
                    self.comments(place, value);
                } else if !is_type && !scope.is_secondary {
                    self.unknown(place, key, value);
                }
                continue;
            };
            next = index + 1;
            let child = &children[index];
            // XHTML is no primitive that has id and extensions beside it.
            if is_sibling && child.types.iter().any(|reference| &*reference.code == "xhtml") {
                if !scope.is_secondary {
                    self.unknown(place, key, value);
                }
                continue;
            }
            let slot = &mut slots[index];
            if slot.type_code.is_some() && slot.type_code != type_code {
                if !scope.is_secondary {
                    let here = place.child(&child.name).choosing(type_code.unwrap_or_default());
                    let text = format!("Unrecognised property '@{key}'");
                    self.report_at(Severity::Error, "max", &here, &place.location(), value, text);
                }
                continue;
            }
            slot.type_code = type_code;
            let target = if is_sibling { &mut slot.sibling } else { &mut slot.value };
            if target.is_some() {
                if !scope.is_secondary {
                    let text = format!("Error parsing JSON: Duplicated property name: {key}");
                    self.error("json", &placed(place, child, type_code), value, text);
                }
                continue;
            }
            *target = Some(value);
        }
        for (index, (child, slot)) in children.iter().zip(&slots).enumerate() {
            if !scope.is_secondary || child.is_constrained {
                let is_there = slot.value.is_some() || slot.sibling.is_some();
                let is_judged_twice = is_there && is_judged_twice(child, children.get(index + 1));
                let slot = Slot { is_judged_twice, ..*slot };
                self.child(scope, place, child, &slot, object);
            }
        }
    }

    /// The child element a JSON name belongs to, and the type for a choice. Names mostly come in the order of the
    /// definition, so the search starts at `next`.
    fn find(&self, children: &'w [Element], name: &'w str, next: usize) -> Option<(usize, Option<&'w str>)> {
        let next = next.min(children.len());
        let in_order = (next..children.len()).chain(0..next);
        for index in in_order {
            let child = &children[index];
            if !child.is_choice {
                if *child.name == *name {
                    return Some((index, None));
                }
                continue;
            }
            let Some(suffix) = name.strip_prefix(&*child.name).filter(|suffix| !suffix.is_empty()) else { continue };
            if let Some(reference) = child.types.iter().find(|reference| is_suffix(suffix, &reference.code)) {
                return Some((index, Some(&reference.code)));
            }
            // A type that a profile took away is still the same element.
            if let Some(code) = self.type_of_suffix(suffix) {
                return Some((index, Some(code)));
            }
        }
        None
    }

    fn type_of_suffix(&self, suffix: &str) -> Option<&'w str> {
        let first = suffix.chars().next().filter(char::is_ascii_uppercase)?;
        let lowered = format!("{}{}", first.to_ascii_lowercase(), &suffix[1..]);
        let structure = self.definitions.type_(&lowered).or_else(|| self.definitions.type_(suffix))?;
        (structure.kind != StructureKind::Resource).then_some(&*structure.type_name)
    }

    /// Comments of DSTU2: the engine reads a list of texts (or numbers), and breaks off at anything else.
    fn comments(&mut self, place: &Place<'_>, value: Value<'w>) {
        let is_text = |item: Value<'_>| matches!(item.kind(), Kind::String | Kind::Number | Kind::Boolean);
        if value.kind() != Kind::Array || !value.items().all(is_text) {
            let text = "This property must be an Array of texts: the engine cannot read other comments";
            self.error("type", &place.child("fhir_comments"), value, text.to_owned());
        }
    }

    fn unknown(&mut self, place: &Place<'_>, key: &'w str, value: Value<'w>) {
        let text = format!("Unrecognised property '@{key}'");
        self.report_at(Severity::Error, "unknown", &place.child(key), &place.location(), value, text);
    }

    fn child(&mut self, scope: &Scope<'w>, place: &Place<'_>, child: &'w Element, slot: &Slot<'w>, object: Value<'w>) {
        let mut items: SmallVec<[Item<'w>; 4]> = SmallVec::new();
        if slot.value.is_some() || slot.sibling.is_some() {
            self.items(scope, &placed(place, child, slot.type_code), child, slot, object, &mut items);
            // The older engine numbered only where there are several.
            if let ([only], true) = (items.as_mut_slice(), self.options.texts_of_2018) {
                only.index = None;
            }
        }
        let count = items.len() as u32;
        if count < child.min || count > child.max {
            let code = child.types.first().map_or("", |reference| &reference.code);
            let here = placed(place, child, slot.type_code.or(child.is_choice.then_some(code)));
            let anchor = items.get(child.max as usize).map_or(object, Item::anchor);
            match count < child.min {
                true => self.cardinality("min", &here, anchor, child.min, count),
                false => self.cardinality("max", &here, anchor, child.max, count),
            }
        }
        // What a profile removed is not judged any further.
        if child.max == 0 {
            return;
        }
        let here = place.child(&child.name);
        match &child.slicing {
            Some(slicing) if !slicing.slices.is_empty() => self.sliced(scope, &here, child, slicing, &items, object),
            _ => {
                for item in &items {
                    let here = here.at(item.index);
                    let here = item.type_code.map_or(here, |type_code| here.choosing(type_code));
                    self.item(scope, &here, child, item);
                }
            }
        }
    }

    /// The repetitions of an element, after a look at the JSON they come in.
    fn items(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        child: &Element,
        slot: &Slot<'w>,
        object: Value<'w>,
        items: &mut SmallVec<[Item<'w>; 4]>,
    ) {
        let say = |walk: &mut Self, key: &'static str, value: Value<'w>, text: &str| {
            if !scope.is_secondary {
                walk.error(key, place, value, text.to_owned());
            }
        };
        let Slot { type_code, is_judged_twice, .. } = *slot;
        let item = |value, sibling, index| Item { value, sibling, index, type_code, object, is_judged_twice };
        for value in slot.value.into_iter().chain(slot.sibling) {
            match value.kind() {
                Kind::Null if child.is_list => {
                    return say(self, "empty", value, "This property must be an Array, not null");
                }
                Kind::Null => {
                    let is_simple = child.types.first().is_some_and(|reference| reference.is_primitive);
                    let text = match is_simple {
                        true => "This property must be an simple value, not null",
                        false => "This property must be an Object, not null",
                    };
                    return say(self, "empty", value, text);
                }
                Kind::Array if !child.is_list => {
                    let is_simple = child.types.first().is_some_and(|reference| reference.is_primitive);
                    let text = match is_simple {
                        true => "This property must be an simple value, not an array",
                        false => "This property must be an Object, not an array",
                    };
                    say(self, "type", value, text);
                    // Counted, so that it is not called missing as well; its content is judged as if it stood alone.
                    items.extend(value.items().take(1).map(|value| item(Some(value), None, None)));
                    return;
                }
                Kind::Array if value.items().all(is_passed_over) => {
                    let text = "Array cannot be empty - the property should not be present if it has no values";
                    // The engine looks for empty lists of objects, not for those of simple values.
                    let is_simple = child.types.first().is_some_and(|reference| reference.is_primitive);
                    if !is_simple {
                        return say(self, "empty", value, text);
                    }
                    if value.items().next().is_none() && !scope.is_secondary {
                        self.warning("passed-over", place, value, text.to_owned());
                    }
                }
                Kind::Array => {}
                kind if child.is_list => {
                    say(self, "type", value, &format!("This property must be an Array, not {}", with_article(kind)));
                }
                _ => {}
            }
        }
        let is_array = |value: Option<Value<'w>>| value.is_some_and(|value| value.kind() == Kind::Array);
        if !child.is_list || !(is_array(slot.value) || is_array(slot.sibling)) {
            items.push(item(slot.value, slot.sibling, child.is_list.then_some(0)));
            return;
        }
        for item in
            slot.value.into_iter().chain(slot.sibling).flat_map(Value::items).filter(|item| is_passed_over(*item))
        {
            // Where the server reads what it stores it takes whatever stands among extensions for one.
            if matches!(&*child.name, "extension" | "modifierExtension") {
                say(self, "type", item, "Error parsing JSON: the value of type Extension must be an object");
            } else if !scope.is_secondary {
                let text = "true and false are passed over as items of a list: no list of FHIR has any";
                self.warning("passed-over", place, item, text.to_owned());
            }
        }
        let kept =
            |list: Option<Value<'w>>| list.into_iter().flat_map(Value::items).filter(|item| !is_passed_over(*item));
        let (mut values, mut siblings) = (kept(slot.value), kept(slot.sibling));
        for index in 0.. {
            let (value, sibling) = (values.next(), siblings.next());
            let anchor = match value.or(sibling) {
                Some(anchor) => anchor,
                None => break,
            };
            let present = |value: Option<Value<'w>>| value.filter(|value| !value.is_null());
            if present(value).is_none() && present(sibling).is_none() {
                say(
                    self,
                    "empty",
                    anchor,
                    "An array item that is null needs an extension at the same place of its sibling",
                );
                continue;
            }
            items.push(item(present(value), present(sibling), Some(index)));
        }
    }
}

/// Whether the engine (5.2) passes over an item of a list as it reads the JSON: booleans do not come through its reader.
fn is_passed_over(item: Value<'_>) -> bool {
    item.kind() == Kind::Boolean
}

/// Whether the engine judges the fixed value of an element a second time, and then also where there is no value but
/// extensions or white space. It means to descend to an element's children, and takes the next element for one when its path
/// starts with the same letters: `statusReason` after `status`.
fn is_judged_twice(element: &Element, next: Option<&Element>) -> bool {
    let is_namesake = |next: &Element| next.name != element.name && next.name.starts_with(&*element.name);
    !element.is_choice && (!element.children.is_empty() || next.is_some_and(is_namesake))
}

/// The place of a child; for a choice with the type that is there, or the first one it may have.
fn placed<'p>(place: &'p Place<'p>, child: &'p Element, type_code: Option<&'p str>) -> Place<'p> {
    let here = place.child(&child.name);
    type_code.map_or(here, |type_code| here.choosing(type_code))
}

/// `DateTime` for `dateTime`.
fn is_suffix(suffix: &str, code: &str) -> bool {
    suffix.len() == code.len()
        && suffix.as_bytes()[0].is_ascii_uppercase()
        && suffix.as_bytes()[0].eq_ignore_ascii_case(&code.as_bytes()[0])
        && suffix.as_bytes()[1..] == code.as_bytes()[1..]
}

fn with_article(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "an Object",
        Kind::Array => "an Array",
        Kind::String | Kind::Number | Kind::Boolean => "a primitive property",
        Kind::Null => "null",
    }
}

/// The type reference that counts for a repetition.
pub(super) fn reference_of<'w>(element: &'w Element, item: &Item<'w>) -> Option<&'w TypeReference> {
    match item.type_code {
        Some(code) => element.types.iter().find(|reference| &*reference.code == code),
        None => element.types.first(),
    }
}
