//! The document tree: JSON as it was written, with spans, order, duplicate keys and the spelling of numbers.
//!
//! A resource is parsed once into a [`Document`]; validation, indexing, `_pretty`, `_elements` and the line and column of a
//! finding all read the same tree. Nothing is normalised: `72.50` stays `72.50`, and a key that occurs twice is there twice.
//!
//! ```
//! use kanta_phr_sandbox::json::Document;
//!
//! let document = Document::parse(r#"{"value": 72.50, "unit": "kg"}"#)?;
//! let root = document.root();
//! assert_eq!(root.get("value").and_then(|value| value.number()), Some("72.50"));
//! assert_eq!(root.get("unit").and_then(|unit| unit.as_str()), Some("kg"));
//! # Ok::<(), kanta_phr_sandbox::json::ParseError>(())
//! ```

mod parse;
mod write;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use parse::MAX_DEPTH;
pub use write::{escape, write_escaped};

/// A parsed JSON text.
#[derive(Clone)]
pub struct Document {
    text: Arc<str>,
    nodes: Vec<Node>,
    /// Strings and keys that hold escapes, decoded.
    decoded: Vec<Box<str>>,
}

/// Why a text is not JSON (RFC 8259), and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct ParseError {
    /// What is wrong, without the place.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset in the text, from 0.
    pub offset: usize,
}

/// The kinds of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// `1`, `72.50`, `1e3`
    Number,
    /// `true`, `false`
    Boolean,
    /// `null`
    Null,
}

impl Kind {
    /// The word of error texts: `object`, `array`, `string`, `number`, `boolean`, `null`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::Null => "null",
        }
    }
}

/// A place in the text: line and column (in characters), both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Nodes lie in document order; a node's descendants follow it up to `end_of_subtree`.
#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// The value's bytes in the text; for strings with the quotes.
    start: u32,
    end: u32,
    end_of_subtree: u32,
    /// The key's bytes in the text without the quotes, for members of objects.
    key: Option<(u32, u32)>,
    decoded_key: Option<u32>,
    decoded_value: Option<u32>,
}

impl Document {
    /// Parses `text`.
    ///
    /// # Errors
    /// When the text is not one JSON value, or nests deeper than [`MAX_DEPTH`].
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Document, ParseError> {
        parse::parse(text.into())
    }

    /// Parses bytes that should be UTF-8 text.
    ///
    /// # Errors
    /// As [`Document::parse`], and when the bytes are not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Document, ParseError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Document::parse(text),
            Err(error) => {
                let offset = error.valid_up_to();
                let before = std::str::from_utf8(&bytes[..offset]).unwrap_or_default();
                Err(parse::error_at(before, offset, "the text is not UTF-8".to_owned()))
            }
        }
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The outermost value.
    pub fn root(&self) -> Value<'_> {
        Value { document: self, index: 0 }
    }

    /// The value with this number, which [`Value::index`] told.
    pub fn value(&self, index: u32) -> Option<Value<'_>> {
        ((index as usize) < self.nodes.len()).then_some(Value { document: self, index })
    }

    /// The line and column of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        parse::position(&self.text, offset)
    }

    /// The decoded form when there is one, else the bytes of the text.
    fn string(&self, start: u32, end: u32, decoded: Option<u32>) -> &str {
        match decoded {
            Some(index) => &self.decoded[index as usize],
            None => &self.text[start as usize..end as usize],
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Document({} bytes, {} values)", self.text.len(), self.nodes.len())
    }
}

/// One value of a document: a cheap, copyable reference.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    document: &'d Document,
    index: u32,
}

impl<'d> Value<'d> {
    /// The document the value stands in.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// A number that identifies the value within its document and grows in document order.
    pub fn index(self) -> u32 {
        self.index
    }

    /// What kind of value it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// The string, unescaped, when it is one.
    pub fn as_str(self) -> Option<&'d str> {
        let node = self.node();
        (node.kind == Kind::String).then(|| self.document.string(node.start + 1, node.end - 1, node.decoded_value))
    }

    /// The number as it is spelled, when it is one.
    pub fn number(self) -> Option<&'d str> {
        (self.kind() == Kind::Number).then(|| self.source())
    }

    /// The boolean, when it is one.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Boolean).then(|| self.source() == "true")
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The members of an object in their order, keys that repeat included; nothing for another kind.
    pub fn members(self) -> impl Iterator<Item = (&'d str, Value<'d>)> + Clone {
        self.children(Kind::Object).map(|child| (child.key().unwrap_or_default(), child))
    }

    /// The items of an array in their order; nothing for another kind.
    pub fn items(self) -> impl Iterator<Item = Value<'d>> + Clone {
        self.children(Kind::Array)
    }

    /// The items of an array, or the value itself when it is none: FHIR's "one or many".
    pub fn each(self) -> impl Iterator<Item = Value<'d>> + Clone {
        let single = (self.kind() != Kind::Array).then_some(self);
        self.items().chain(single)
    }

    /// The first member with this key, when it is an object that has one.
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        self.members().find_map(|(name, value)| (name == key).then_some(value))
    }

    /// The value at the end of a path of member keys.
    pub fn at(self, path: &[&str]) -> Option<Value<'d>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The member key the value stands under, unescaped, when it is a member of an object.
    pub fn key(self) -> Option<&'d str> {
        let node = self.node();
        node.key.map(|(start, end)| self.document.string(start, end, node.decoded_key))
    }

    /// The byte range of the value in the text.
    pub fn span(self) -> Range<usize> {
        let node = self.node();
        node.start as usize..node.end as usize
    }

    /// The byte range of the key with its quotes, when the value is a member of an object.
    pub fn key_span(self) -> Option<Range<usize>> {
        self.node().key.map(|(start, end)| start as usize - 1..end as usize + 1)
    }

    /// Where the value starts.
    pub fn position(self) -> Position {
        self.document.position(self.span().start)
    }

    /// The value as it is written.
    pub fn source(self) -> &'d str {
        &self.document.text[self.span()]
    }

    fn node(self) -> &'d Node {
        &self.document.nodes[self.index as usize]
    }

    /// The direct children, when the value is of this kind.
    fn children(self, kind: Kind) -> impl Iterator<Item = Value<'d>> + Clone {
        let node = self.node();
        let end = if node.kind == kind { node.end_of_subtree } else { 0 };
        let first = (self.index + 1 < end).then(|| Value { index: self.index + 1, ..self });
        std::iter::successors(first, move |child| {
            let next = child.node().end_of_subtree;
            (next < end).then_some(Value { index: next, ..*child })
        })
    }
}

/// The same place of the same document.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.index == other.index
    }
}

impl Eq for Value<'_> {}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.source())
    }
}

#[cfg(test)]
mod tests;
