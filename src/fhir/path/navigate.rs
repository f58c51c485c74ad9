//! From an element to its children.

use super::context::Context;
use super::item::{Collection, Item, Node};
use super::model::choice_type;
use crate::json::{Kind, Value};

/// Members that hold whole resources, whose type stands in the resource.
const RESOURCE_HOLDERS: [&str; 3] = ["contained", "resource", "outcome"];

/// Appends the children of `node` called `name`; a choice element is found under its name without the type.
pub(super) fn push_named<'a>(context: &Context<'a>, node: &Node<'a>, name: &str, result: &mut Collection<'a>) {
    let Some(object) = members_of(node) else {
        return;
    };
    let mut direct = Found::default();
    let mut choice = Found::default();
    let mut choice_name = None;
    // One pass over the members serves the element, its sibling and the typed names of a choice.
    for (key, value) in object.members() {
        let (plain, is_sibling) = split(key);
        let Some(suffix) = plain.strip_prefix(name) else {
            continue;
        };
        if suffix.is_empty() {
            direct.put(value, is_sibling);
        } else if suffix.as_bytes()[0].is_ascii_uppercase()
            && let Some(type_name) = choice_type(suffix)
            && *choice_name.get_or_insert(type_name) == type_name
        {
            choice.put(value, is_sibling);
        }
    }
    if direct.is_some() {
        let type_name = node.type_name().and_then(|parent| context.model.child_type(parent, name));
        direct.push(name, type_name, result);
    } else if choice.is_some() {
        choice.push(name, choice_name, result);
    }
}

/// Appends all children of `node` in their order.
pub(super) fn push_all<'a>(context: &Context<'a>, node: &Node<'a>, result: &mut Collection<'a>) {
    let Some(object) = members_of(node) else {
        return;
    };
    let pairs = Pairs::of(object);
    for (key, value) in object.members() {
        let (plain, is_sibling) = split(key);
        let found = match is_sibling {
            // A sibling goes with its element, unless it stands alone.
            true if pairs.has_element(plain) => continue,
            true => Found { value: None, sibling: Some(value) },
            false if plain == "resourceType" => continue,
            false => Found { value: Some(value), sibling: pairs.sibling(plain) },
        };
        let type_name = node.type_name().and_then(|parent| context.model.child_type(parent, plain));
        found.push(plain, type_name.or_else(|| type_by_key(plain, value)), result);
    }
}

/// The keys of an object, sorted, to find the sibling of an element and the element of a sibling. Nothing is sorted for the
/// usual object, which has no siblings.
struct Pairs<'a> {
    elements: Vec<&'a str>,
    siblings: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Pairs<'a> {
    fn of(object: Value<'a>) -> Pairs<'a> {
        let keys = || object.members().map(|(key, value)| (split(key), value));
        let mut siblings: Vec<_> =
            keys().filter(|((_, is_sibling), _)| *is_sibling).map(|((name, _), value)| (name, value)).collect();
        let mut elements = Vec::new();
        if !siblings.is_empty() {
            // The sort is stable: of equal keys the first one stays first.
            siblings.sort_by_key(|(name, _)| *name);
            elements.extend(keys().filter(|((_, is_sibling), _)| !is_sibling).map(|((name, _), _)| name));
            elements.sort_unstable();
        }
        Pairs { elements, siblings }
    }

    fn has_element(&self, name: &str) -> bool {
        self.elements.binary_search(&name).is_ok()
    }

    fn sibling(&self, name: &str) -> Option<Value<'a>> {
        let index = self.siblings.partition_point(|(other, _)| *other < name);
        self.siblings.get(index).filter(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// The object that holds the children: the value itself, or for a primitive its sibling.
fn members_of<'a>(node: &Node<'a>) -> Option<Value<'a>> {
    let is_object = |value: &Value<'a>| value.kind() == Kind::Object;
    node.value().filter(is_object).or_else(|| node.sibling().filter(is_object))
}

/// The name of an element and whether the key is that of its sibling.
fn split(key: &str) -> (&str, bool) {
    match key.strip_prefix('_') {
        Some(plain) => (plain, true),
        None => (key, false),
    }
}

/// The type at the end of a key such as `valueQuantity`, when the value has its shape.
fn type_by_key(key: &str, value: Value<'_>) -> Option<&'static str> {
    let starts = key.char_indices().filter(|(index, letter)| *index > 0 && letter.is_ascii_uppercase());
    let mut types = starts.filter_map(|(index, _)| choice_type(&key[index..]));
    let is_complex = value.each().next().is_some_and(|first| first.kind() == Kind::Object);
    types.find(|name| name.starts_with(|first: char| first.is_ascii_uppercase()) == is_complex)
}

/// An element's value and sibling, each perhaps an array.
#[derive(Clone, Copy, Default)]
struct Found<'a> {
    value: Option<Value<'a>>,
    sibling: Option<Value<'a>>,
}

impl<'a> Found<'a> {
    /// The first of several equal keys counts.
    fn put(&mut self, value: Value<'a>, is_sibling: bool) {
        let place = if is_sibling { &mut self.sibling } else { &mut self.value };
        place.get_or_insert(value);
    }

    fn is_some(&self) -> bool {
        self.value.is_some() || self.sibling.is_some()
    }

    fn push(self, name: &str, type_name: Option<&'a str>, result: &mut Collection<'a>) {
        let is_array = |value: Option<Value<'a>>| value.is_some_and(|value| value.kind() == Kind::Array);
        if !is_array(self.value) && !is_array(self.sibling) {
            push_one(name, self.value, self.sibling, type_name, result);
            return;
        }
        let mut values = self.value.into_iter().flat_map(Value::each);
        let mut siblings = self.sibling.into_iter().flat_map(Value::each);
        loop {
            let (value, sibling) = (values.next(), siblings.next());
            if value.is_none() && sibling.is_none() {
                return;
            }
            push_one(name, value, sibling, type_name, result);
        }
    }
}

fn push_one<'a>(
    name: &str,
    value: Option<Value<'a>>,
    sibling: Option<Value<'a>>,
    type_name: Option<&'a str>,
    result: &mut Collection<'a>,
) {
    let mut type_name = type_name;
    let holds_resource = matches!(type_name, Some("Resource" | "DomainResource"))
        || type_name.is_none() && RESOURCE_HOLDERS.contains(&name);
    if holds_resource && let Some(value) = value {
        type_name = value.get("resourceType").and_then(Value::as_str).or(type_name);
    }
    let node = Node::new(value, sibling, type_name);
    if node.place().is_some() {
        result.push(Item::Node(node));
    }
}
