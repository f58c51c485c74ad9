//! A resource that can be changed: order and the spelling of numbers stay as they were.

use crate::json::{Kind, Value, write_escaped};

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    Text(String),
    /// A number, boolean or null as it is spelled.
    Literal(String),
}

impl Node {
    pub(super) fn of(value: Value<'_>) -> Node {
        match value.kind() {
            Kind::Object => {
                Node::Object(value.members().map(|(key, member)| (key.to_owned(), Node::of(member))).collect())
            }
            Kind::Array => Node::Array(value.items().map(Node::of).collect()),
            Kind::String => Node::Text(value.as_str().unwrap_or_default().to_owned()),
            Kind::Number | Kind::Boolean | Kind::Null => Node::Literal(value.source().to_owned()),
        }
    }

    pub(super) fn text(text: impl Into<String>) -> Node {
        Node::Text(text.into())
    }

    pub(super) fn object<const N: usize>(members: [(&str, Node); N]) -> Node {
        Node::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Node::Literal("true".to_owned())
    }

    /// The members of an object; none of another kind.
    pub(super) fn members(&mut self) -> Option<&mut Vec<(String, Node)>> {
        match self {
            Node::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Node::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.members()?.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a member.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The items of an array, or the value itself: one or many.
    pub(super) fn each_mut(&mut self) -> std::slice::IterMut<'_, Node> {
        match self {
            Node::Array(items) => items.iter_mut(),
            other => std::slice::from_mut(other).iter_mut(),
        }
    }

    /// Takes a member out, and says where it stood.
    pub(super) fn remove(&mut self, key: &str) -> Option<(usize, Node)> {
        let members = self.members()?;
        let index = members.iter().position(|(name, _)| name == key)?;
        Some((index, members.remove(index).1))
    }

    /// Puts a member at a place, or at the end of a shorter object.
    pub(super) fn insert(&mut self, index: usize, key: &str, value: Node) {
        if let Some(members) = self.members() {
            members.insert(index.min(members.len()), (key.to_owned(), value));
        }
    }

    /// Gives a member (and its `_` sibling) another name; false when it is not there, or the new name is taken.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> bool {
        if self.get(from).is_none() && self.get(&format!("_{from}")).is_none() || self.get(to).is_some() {
            return false;
        }
        for (key, _) in self.members().into_iter().flatten() {
            if key == from {
                to.clone_into(key);
            } else if key.strip_prefix('_') == Some(from) {
                *key = format!("_{to}");
            }
        }
        true
    }

    /// Appends the value as JSON without white space.
    pub(super) fn write(&self, output: &mut String) {
        let separator = |output: &mut String, index: usize| {
            if index > 0 {
                output.push(',');
            }
        };
        match self {
            Node::Object(members) => {
                output.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    separator(output, index);
                    write_escaped(output, key);
                    output.push(':');
                    value.write(output);
                }
                output.push('}');
            }
            Node::Array(items) => {
                output.push('[');
                for (index, item) in items.iter().enumerate() {
                    separator(output, index);
                    item.write(output);
                }
                output.push(']');
            }
            Node::Text(text) => write_escaped(output, text),
            Node::Literal(literal) => output.push_str(literal),
        }
    }
}
