//! What expressions work on: nodes of a document and computed values.

use super::context::EvaluationError;
use super::syntax::Moment;
use crate::json::{Kind, Value};
use rust_decimal::Decimal;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::str::FromStr;

/// An ordered collection; one or two items need no allocation.
pub type Collection<'a> = SmallVec<[Item<'a>; 2]>;

/// One item of a collection.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// An element or a resource of a document.
    Node(Node<'a>),
    /// System.Boolean
    Boolean(bool),
    /// System.Integer
    Integer(i64),
    /// System.Decimal
    Decimal(Decimal),
    /// System.String
    String(Cow<'a, str>),
    /// System.Date, DateTime or Time
    Moment(Moment),
    /// System.Quantity
    Quantity(Quantity<'a>),
}

/// A number with a unit.
#[derive(Clone, Debug)]
pub struct Quantity<'a> {
    /// The number.
    pub value: Decimal,
    /// A UCUM code, a calendar unit in the singular, or a plain unit; `1` when there is none.
    pub unit: Cow<'a, str>,
}

/// An element of a document. A primitive has its value, its `_name` sibling (id and extensions), or both.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    value: Option<Value<'a>>,
    sibling: Option<Value<'a>>,
    type_name: Option<&'a str>,
}

impl<'a> Node<'a> {
    /// A resource, typed by its `resourceType`.
    pub fn root(value: Value<'a>) -> Node<'a> {
        Node::new(Some(value), None, value.get("resourceType").and_then(Value::as_str))
    }

    /// An element: its value, the value of its `_name` sibling, and its type.
    ///
    /// The type is a FHIR type (`Quantity`, `dateTime`), or whatever the [`Model`](super::Model) calls a nested element
    /// (for instance its path, `Observation.component`). JSON `null` counts as absent.
    pub fn new(value: Option<Value<'a>>, sibling: Option<Value<'a>>, type_name: Option<&'a str>) -> Node<'a> {
        let present = |value: &Value<'a>| !value.is_null();
        Node { value: value.filter(present), sibling: sibling.filter(present), type_name }
    }

    /// An element of which nothing but the type is known, such as the target of a reference that is not at hand:
    /// enough for `resolve() is Patient`.
    pub fn of_type(type_name: &'a str) -> Node<'a> {
        Node::new(None, None, Some(type_name))
    }

    /// The JSON value; absent when a primitive has only an id or extensions.
    pub fn value(&self) -> Option<Value<'a>> {
        self.value
    }

    /// The JSON object beside a primitive that holds its id and extensions.
    pub fn sibling(&self) -> Option<Value<'a>> {
        self.sibling
    }

    /// The type, when it is known.
    pub fn type_name(&self) -> Option<&'a str> {
        self.type_name
    }

    /// Where it stands: the value, else the sibling.
    pub fn place(&self) -> Option<Value<'a>> {
        self.value.or(self.sibling)
    }

    /// Whether it is a primitive that has a value.
    pub fn has_primitive_value(&self) -> bool {
        self.value.is_some_and(|value| !matches!(value.kind(), Kind::Object | Kind::Array | Kind::Null))
    }

    /// Whether both are the same place of the same document.
    pub(super) fn same(&self, other: &Node<'_>) -> bool {
        match (self.place(), other.place()) {
            (Some(one), Some(two)) => one == two,
            _ => false,
        }
    }

    /// The text of a primitive as it is spelled; strings without their escapes.
    pub(super) fn text(&self) -> Option<&'a str> {
        let value = self.value?;
        match value.kind() {
            Kind::String => value.as_str(),
            Kind::Number | Kind::Boolean => Some(value.source()),
            Kind::Object | Kind::Array | Kind::Null => None,
        }
    }

    /// The computed value of a primitive or a quantity; `None` for other elements.
    pub(super) fn system(&self) -> Result<Option<Item<'a>>, EvaluationError> {
        let Some(value) = self.value else {
            return Ok(None);
        };
        Ok(match value.kind() {
            Kind::String => value.as_str().map(|text| self.string(text)),
            Kind::Boolean => value.as_bool().map(Item::Boolean),
            Kind::Number => Some(number(value.source(), self.type_name == Some("decimal"))?),
            Kind::Object => self.quantity(value)?.map(Item::Quantity),
            Kind::Array | Kind::Null => None,
        })
    }

    /// A string that its type says to be a date or time is one, unless it is malformed.
    fn string(&self, text: &'a str) -> Item<'a> {
        let moment = match self.type_name {
            Some("date") => Moment::date(text),
            Some("dateTime" | "instant") => Moment::date_time(text),
            Some("time") => Moment::time(text),
            _ => None,
        };
        moment.map_or(Item::String(Cow::Borrowed(text)), Item::Moment)
    }

    /// The `unit` of an object with a value, `""` when it has none; `None` for what is no such object.
    pub(super) fn spelled_unit(&self) -> Option<&'a str> {
        let value = self.value.filter(|value| value.kind() == Kind::Object && value.get("value").is_some())?;
        Some(value.get("unit").and_then(Value::as_str).unwrap_or_default())
    }

    fn quantity(&self, value: Value<'a>) -> Result<Option<Quantity<'a>>, EvaluationError> {
        const QUANTITIES: [&str; 8] =
            ["Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "Money", "MoneyQuantity"];
        if self.type_name.is_some_and(|name| !QUANTITIES.contains(&name)) {
            return Ok(None);
        }
        let Some(spelling) = value.get("value").and_then(Value::number) else {
            return Ok(None);
        };
        // HAPI compares quantities by their code, and by nothing else when there is one.
        let unit = ["code", "currency", "unit"].into_iter().find_map(|key| value.get(key).and_then(Value::as_str));
        if self.type_name.is_none() && unit.is_none() {
            return Ok(None);
        }
        Ok(Some(Quantity { value: decimal(spelling)?, unit: Cow::Borrowed(unit.unwrap_or("1")) }))
    }
}

impl<'a> From<Node<'a>> for Item<'a> {
    fn from(node: Node<'a>) -> Item<'a> {
        Item::Node(node)
    }
}

impl<'a> Item<'a> {
    /// The node, when it is one.
    pub fn node(&self) -> Option<&Node<'a>> {
        match self {
            Item::Node(node) => Some(node),
            _ => None,
        }
    }

    /// A borrowed string.
    pub(super) fn str(text: &'a str) -> Item<'a> {
        Item::String(Cow::Borrowed(text))
    }

    /// The computed value: itself, or that of a primitive node; `None` for elements that have none.
    pub(super) fn system(&self) -> Result<Option<Item<'a>>, EvaluationError> {
        match self {
            Item::Node(node) => node.system(),
            other => Ok(Some(other.clone())),
        }
    }

    /// The boolean, when it is one.
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Item::Boolean(value) => Some(*value),
            Item::Node(node) => node.value.and_then(Value::as_bool),
            _ => None,
        }
    }

    /// The text of a primitive or computed value: what `toString()` gives. Elements of a document keep their spelling.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        Some(match self {
            Item::Node(node) => Cow::Borrowed(node.text()?),
            Item::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Item::Integer(value) => Cow::Owned(value.to_string()),
            Item::Decimal(value) => Cow::Owned(value.to_string()),
            Item::String(text) => text.clone(),
            Item::Moment(moment) => Cow::Owned(moment.to_string()),
            Item::Quantity(quantity) => Cow::Owned(quantity.text()),
        })
    }
}

impl Quantity<'_> {
    fn text(&self) -> String {
        if super::syntax::calendar_unit(&self.unit).is_some() {
            format!("{} {}", self.value, self.unit)
        } else {
            format!("{} '{}'", self.value, self.unit)
        }
    }
}

/// A JSON number as a computed value.
pub(super) fn number<'a>(spelling: &str, as_decimal: bool) -> Result<Item<'a>, EvaluationError> {
    if !as_decimal && let Ok(integer) = spelling.parse() {
        return Ok(Item::Integer(integer));
    }
    decimal(spelling).map(Item::Decimal)
}

/// A number by its spelling. Digits beyond the 28th after the point are rounded.
///
/// # Errors
/// When it is larger than 28 digits can tell.
pub(super) fn decimal(spelling: &str) -> Result<Decimal, EvaluationError> {
    let parsed =
        if spelling.contains(['e', 'E']) { Decimal::from_scientific(spelling) } else { Decimal::from_str(spelling) };
    parsed.map_err(|_| EvaluationError::NumberRange)
}
