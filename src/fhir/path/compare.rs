//! Equality, equivalence and order of items.

use super::context::EvaluationError;
use super::evaluate::Steps;
use super::item::{Item, Node, Quantity, decimal};
use super::syntax::Moment;
use crate::json::{Kind, Value};
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::collections::HashSet;

type Answer = Result<Option<bool>, EvaluationError>;

/// `=` of two items; `None` when it is open (dates of different precision, quantities of different units).
///
/// As in HAPI, primitives of different types are equal when their texts are: STU3 has `notGiven = 'false'`.
pub(super) fn equal<'a>(left: &Item<'a>, right: &Item<'a>, steps: &Steps) -> Answer {
    steps.take(1)?;
    // The commonest case by far: an element against a text.
    if let (Some(left), Some(right)) = (plain_text(left), plain_text(right)) {
        return Ok(Some(left == right));
    }
    if let (Item::Node(one), Item::Node(two)) = (left, right)
        && one.same(two)
    {
        return Ok(Some(true));
    }
    let (left_value, right_value) = (left.system()?, right.system()?);
    match (left_value, right_value) {
        (Some(left), Some(right)) => equal_values(&left, &right),
        (None, None) => match (left, right) {
            (Item::Node(one), Item::Node(two)) => equal_nodes(one, two, steps).map(Some),
            _ => Ok(Some(false)),
        },
        _ => Ok(Some(false)),
    }
}

/// The text of an item that can only be compared as text.
fn plain_text<'i>(item: &'i Item<'_>) -> Option<&'i str> {
    match item {
        Item::String(text) => Some(text),
        Item::Node(node) if !matches!(node.type_name(), Some("date" | "dateTime" | "instant" | "time")) => {
            node.value().and_then(Value::as_str)
        }
        _ => None,
    }
}

fn equal_values(left: &Item<'_>, right: &Item<'_>) -> Answer {
    if let Some(order) = numbers(left, right) {
        return Ok(Some(order.is_eq()));
    }
    Ok(match (left, right) {
        (Item::Boolean(left), Item::Boolean(right)) => Some(left == right),
        (Item::Quantity(left), Item::Quantity(right)) => order_quantities(left, right)?.map(Ordering::is_eq),
        (Item::Moment(left), Item::Moment(right)) => left.compare(right).map(Ordering::is_eq),
        (Item::Moment(moment), Item::String(text)) | (Item::String(text), Item::Moment(moment)) => {
            match read_moment(text) {
                Some(other) => moment.compare(&other).map(Ordering::is_eq),
                None => Some(false),
            }
        }
        (Item::Quantity(_), _) | (_, Item::Quantity(_)) => Some(false),
        _ => Some(left.text() == right.text()),
    })
}

/// Deep equality of elements: the same members with the same values, in any order.
fn equal_nodes(left: &Node<'_>, right: &Node<'_>, steps: &Steps) -> Result<bool, EvaluationError> {
    Ok(equal_json(left.value(), right.value(), steps)? && equal_json(left.sibling(), right.sibling(), steps)?)
}

/// The depth is that of the documents, which their parser bounds.
fn equal_json(left: Option<Value<'_>>, right: Option<Value<'_>>, steps: &Steps) -> Result<bool, EvaluationError> {
    steps.take(1)?;
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(left.is_none() && right.is_none());
    };
    if left.kind() != right.kind() {
        return Ok(false);
    }
    match left.kind() {
        Kind::String => Ok(left.as_str() == right.as_str()),
        Kind::Boolean | Kind::Null => Ok(left.source() == right.source()),
        Kind::Number => Ok(left.source() == right.source() || decimal(left.source())? == decimal(right.source())?),
        Kind::Array => {
            let (mut lefts, mut rights) = (left.items(), right.items());
            loop {
                match (lefts.next(), rights.next()) {
                    (None, None) => return Ok(true),
                    (one, two) if equal_json(one, two, steps)? => {}
                    _ => return Ok(false),
                }
            }
        }
        Kind::Object => {
            steps.take(left.members().count().saturating_mul(right.members().count()))?;
            if left.members().count() != right.members().count() {
                return Ok(false);
            }
            for (key, value) in left.members() {
                if !equal_json(Some(value), right.get(key), steps)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// `<` and its kin; `None` when the order is open.
pub(super) fn order<'a>(left: &Item<'a>, right: &Item<'a>) -> Result<Option<Ordering>, EvaluationError> {
    let untyped = |item: &Item<'_>| item.node().is_some_and(|node| node.type_name().is_none());
    let both_untyped = untyped(left) && untyped(right);
    let wrong = || EvaluationError::WrongType("only numbers, texts, dates and quantities have an order".to_owned());
    // HAPI orders two quantities of a resource by their value when `unit` is the same text or in neither, whatever the code;
    // of others it says nothing.
    fn spelled<'a>(item: &Item<'a>) -> Option<&'a str> {
        item.node().and_then(Node::spelled_unit)
    }
    let by_value = match (spelled(left), spelled(right)) {
        (Some(one), Some(two)) if one != two => return Ok(None),
        (Some(_), Some(_)) => true,
        _ => false,
    };
    let left = left.system()?.ok_or_else(wrong)?;
    let right = right.system()?.ok_or_else(wrong)?;
    if let (true, Item::Quantity(one), Item::Quantity(two)) = (by_value, &left, &right) {
        return Ok(Some(one.value.cmp(&two.value)));
    }
    if let Some(order) = numbers(&left, &right) {
        return Ok(Some(order));
    }
    match (&left, &right) {
        (Item::String(one), Item::String(two)) => {
            // Where no model tells types, two dates are known by their looks.
            if both_untyped && let (Some(one), Some(two)) = (read_moment(one), read_moment(two)) {
                return Ok(one.compare(&two));
            }
            Ok(Some(one.cmp(two)))
        }
        (Item::Moment(one), Item::Moment(two)) => Ok(one.compare(two)),
        (Item::Moment(one), Item::String(text)) => Ok(read_moment(text).and_then(|two| one.compare(&two))),
        (Item::String(text), Item::Moment(two)) => Ok(read_moment(text).and_then(|one| one.compare(two))),
        (Item::Quantity(one), Item::Quantity(two)) => order_quantities(one, two),
        _ => Err(wrong()),
    }
}

fn read_moment(text: &str) -> Option<Moment> {
    Moment::date_time(text).or_else(|| Moment::time(text))
}

/// The order of two numbers; a quantity without a unit counts as one.
fn numbers(left: &Item<'_>, right: &Item<'_>) -> Option<Ordering> {
    if let (Item::Integer(left), Item::Integer(right)) = (left, right) {
        return Some(left.cmp(right));
    }
    let number = |item: &Item<'_>| match item {
        Item::Integer(value) => Some(Decimal::from(*value)),
        Item::Decimal(value) => Some(*value),
        _ => None,
    };
    Some(number(left)?.cmp(&number(right)?))
}

/// Quantities of one unit, and of units of time up to weeks, have an order.
fn order_quantities(left: &Quantity<'_>, right: &Quantity<'_>) -> Result<Option<Ordering>, EvaluationError> {
    if left.unit == right.unit {
        return Ok(Some(left.value.cmp(&right.value)));
    }
    let (Some(left_factor), Some(right_factor)) = (milliseconds(&left.unit), milliseconds(&right.unit)) else {
        return Ok(None);
    };
    let scaled =
        |value: Decimal, factor: i64| value.checked_mul(Decimal::from(factor)).ok_or(EvaluationError::NumberRange);
    Ok(Some(scaled(left.value, left_factor)?.cmp(&scaled(right.value, right_factor)?)))
}

/// How long a unit of time with a fixed length is.
fn milliseconds(unit: &str) -> Option<i64> {
    Some(match unit {
        "ms" | "millisecond" => 1,
        "s" | "second" => 1000,
        "min" | "minute" => 60_000,
        "h" | "hour" => 3_600_000,
        "d" | "day" => 86_400_000,
        "wk" | "week" => 604_800_000,
        _ => return None,
    })
}

/// `~` of two items: texts without regard to case and the amount of white space, numbers to the lesser precision.
pub(super) fn equivalent<'a>(left: &Item<'a>, right: &Item<'a>, steps: &Steps) -> Result<bool, EvaluationError> {
    steps.take(1)?;
    let (left_value, right_value) = (left.system()?, right.system()?);
    let (Some(left_value), Some(right_value)) = (left_value, right_value) else {
        return Ok(equal(left, right, steps)?.unwrap_or(false));
    };
    Ok(match (&left_value, &right_value) {
        (Item::String(left), Item::String(right)) => folded(left) == folded(right),
        (Item::Moment(left), Item::Moment(right)) => left.equivalent(right),
        (Item::Decimal(_), Item::Decimal(_) | Item::Integer(_)) | (Item::Integer(_), Item::Decimal(_)) => {
            let number = |item: &Item<'_>| match item {
                Item::Integer(value) => Decimal::from(*value),
                Item::Decimal(value) => *value,
                _ => Decimal::ZERO,
            };
            let (left, right) = (number(&left_value), number(&right_value));
            let places = left.scale().min(right.scale());
            left.round_dp(places) == right.round_dp(places)
        }
        (Item::Quantity(left), Item::Quantity(right)) => {
            let same_unit = calendar_code(&left.unit) == calendar_code(&right.unit);
            same_unit && left.value == right.value || order_quantities(left, right)? == Some(Ordering::Equal)
        }
        _ => equal_values(&left_value, &right_value)?.unwrap_or(false),
    })
}

/// A year is `a` and a month is `mo` only as far as equivalence goes.
fn calendar_code(unit: &str) -> &str {
    match unit {
        "year" => "a",
        "month" => "mo",
        other => other,
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// `=` of two collections in order.
pub(super) fn equal_collections<'a>(left: &[Item<'a>], right: &[Item<'a>], steps: &Steps) -> Answer {
    if left.len() != right.len() {
        return Ok(Some(false));
    }
    let mut answer = Some(true);
    for (left, right) in left.iter().zip(right) {
        match equal(left, right, steps)? {
            Some(false) => return Ok(Some(false)),
            None => answer = None,
            Some(true) => {}
        }
    }
    Ok(answer)
}

/// Whether a collection holds an item equal to this one.
pub(super) fn contains<'a>(items: &[Item<'a>], item: &Item<'a>, steps: &Steps) -> Result<bool, EvaluationError> {
    for other in items {
        if equal(other, item, steps)? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which items are not equal to an earlier one, in their order.
pub(super) fn distinct<'a>(items: &[Item<'a>], steps: &Steps) -> Result<Vec<usize>, EvaluationError> {
    // Texts, the usual case, are compared by hash; a list of thousands of ids should not take millions of steps.
    if items.len() > 8 && items.iter().all(|item| plain_text(item).is_some()) {
        steps.take(items.len())?;
        let mut seen = HashSet::with_capacity(items.len());
        let is_new = |index: &usize| plain_text(&items[*index]).is_some_and(|text| seen.insert(text));
        return Ok((0..items.len()).filter(is_new).collect());
    }
    let mut kept: Vec<usize> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut is_new = true;
        for earlier in &kept {
            if equal(&items[*earlier], item, steps)? == Some(true) {
                is_new = false;
                break;
            }
        }
        if is_new {
            kept.push(index);
        }
    }
    Ok(kept)
}
