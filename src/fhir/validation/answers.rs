//! What expressions ask the validator: where references lead, what value sets hold, what conforms to a profile.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::place::Place;
use super::slices::is_in;
use super::walk::{Scope, Turn, Walk};
use super::{MAX_DEPTH, Options, Severity};
use crate::fhir::definitions::{Definitions, Structure, StructureKind};
use crate::fhir::path::{Item, Node, Services};
use crate::json::Value;

/// The steps that all expressions of one judgement may take together: some seconds.
const STEPS: u64 = 100_000_000;

/// What the walks of one judgement share.
pub(super) struct Shared {
    /// The steps left for expressions.
    pub(super) budget: Cell<u64>,
    /// Whether a value (by its number in the document) conforms to a structure (by its address). Each pair is looked at
    /// once: profiles that slice by profile at every level would double the work with each of them.
    conformance: RefCell<HashMap<(u32, usize), bool>>,
    /// For resources (by their number) what they contain: the numbers by id. Many references to many contained resources
    /// are not looked for one by one.
    contained: RefCell<HashMap<u32, ByIdentifier>>,
}

/// The numbers of resources by their id.
type ByIdentifier = HashMap<Box<str>, u32>;

impl Shared {
    pub(super) fn new() -> Rc<Shared> {
        Rc::new(Shared { budget: Cell::new(STEPS), conformance: RefCell::default(), contained: RefCell::default() })
    }

    /// The resource with this id that `resource` contains.
    pub(super) fn contained<'w>(&self, resource: Value<'w>, id: &str) -> Option<Value<'w>> {
        let mut known = self.contained.borrow_mut();
        let by_id = known.entry(resource.index()).or_insert_with(|| {
            let mut by_id = ByIdentifier::new();
            for contained in resource.get("contained").into_iter().flat_map(Value::items) {
                if let Some(id) = contained.get("id").and_then(Value::as_str) {
                    by_id.entry(id.into()).or_insert(contained.index());
                }
            }
            by_id
        });
        by_id.get(id).and_then(|&index| resource.document().value(index))
    }
}

/// Answers for the expressions of one element.
pub(super) struct Answers<'w> {
    pub(super) definitions: &'w Definitions,
    pub(super) options: &'w Options,
    pub(super) shared: Rc<Shared>,
    pub(super) scope: Scope<'w>,
    /// The whole document, perhaps a Bundle.
    pub(super) document: Value<'w>,
    pub(super) depth: usize,
}

impl Answers<'_> {
    fn entry(&self, reference: &str) -> Option<Value<'_>> {
        if self.document.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
            return None;
        }
        let mut looked = 0;
        let mut entries = self.document.get("entry").into_iter().flat_map(Value::items);
        let entry = entries.find(|entry| {
            looked += 1;
            entry.get("fullUrl").and_then(Value::as_str) == Some(reference)
        });
        self.shared.budget.set(self.shared.budget.get().saturating_sub(looked));
        entry?.get("resource")
    }
}

impl Services for Answers<'_> {
    /// A resource of the same Bundle; of any other nothing is known but the type that its address tells.
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        if let Some(resource) = self.entry(reference) {
            return Some(Node::root(resource));
        }
        let known = type_in(self.definitions, reference)?;
        Some(Node::of_type(&known.type_name))
    }

    fn member_of<'a>(&'a self, item: &Item<'a>, value_set: &str) -> Option<bool> {
        let list = self.definitions.value_set(value_set)?;
        let is_member = match item {
            Item::Node(node) => node.value().is_some_and(|value| is_in(list, value)),
            Item::String(code) => list.systems.iter().any(|systems| systems.has(code)),
            _ => false,
        };
        (is_member || !list.is_partial).then_some(is_member)
    }

    fn conforms_to<'a>(&'a self, item: &Item<'a>, profile: &str) -> Option<bool> {
        let structure = self.definitions.profile(profile)?;
        let Item::Node(node) = item else { return Some(false) };
        let Some(value) = node.value() else { return Some(false) };
        let walk = Walk::quiet(self.definitions, self.options, Rc::clone(&self.shared), self.document, self.depth);
        Some(walk.conforms(&self.scope, value, structure))
    }
}

/// The type of resource at the end of a literal reference or URL: `Patient/1`, `https://server/Patient/1/_history/2`.
pub(super) fn type_in<'d>(definitions: &'d Definitions, reference: &str) -> Option<&'d Structure> {
    let path = reference.split_once("/_history/").map_or(reference, |(path, _)| path);
    let (before, _) = path.rsplit_once('/')?;
    let name = before.rsplit('/').next()?;
    definitions.type_(name).filter(|structure| structure.kind == StructureKind::Resource)
}

impl<'w> Walk<'w> {
    /// Whether a value conforms to a profile or type, without a word about it.
    pub(super) fn conforms(&self, scope: &Scope<'w>, value: Value<'w>, structure: &'w Structure) -> bool {
        let key = (value.index(), std::ptr::from_ref(structure) as usize);
        if let Some(&known) = self.shared.conformance.borrow().get(&key) {
            return known;
        }
        if self.depth + 1 >= MAX_DEPTH {
            return false;
        }
        let shared = Rc::clone(&self.shared);
        let mut quiet = Walk::quiet(self.definitions, self.options, shared, self.document, self.depth + 1);
        let conforms = match structure.kind {
            StructureKind::Resource => {
                let is_of_type = value.get("resourceType").and_then(Value::as_str) == Some(&*structure.type_name);
                let place = Place::resource(None, &structure.type_name, structure);
                if is_of_type {
                    quiet.resource(&place, value, scope.root_resource, structure, Turn::First);
                }
                is_of_type
            }
            StructureKind::Complex | StructureKind::Primitive => {
                let place = Place::element(structure);
                quiet.by_structure(scope, &place, structure, value);
                true
            }
        };
        let conforms = conforms && !quiet.findings.has(Severity::Error);
        self.shared.conformance.borrow_mut().insert(key, conforms);
        conforms
    }

    /// Walks a value of a data type along a profile of that type.
    pub(super) fn by_structure(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        structure: &'w Structure,
        value: Value<'w>,
    ) {
        let place = place.defined_by(Some(structure));
        let scope = Scope { structure, ..*scope };
        self.invariants(&scope, &place, &structure.root.constraints, Some(value), None);
        if let Some(literal) = &structure.root.fixed {
            self.fixed(&place, value, literal);
        }
        if let Some(literal) = &structure.root.pattern {
            self.pattern(&place, value, literal);
        }
        if let Some(binding) = &structure.root.binding {
            self.binding(&place, binding, place.type_code, value);
        }
        if value.kind() == crate::json::Kind::Object {
            self.children(&scope, &place, &structure.root.children, value);
        }
    }
}
