//! `toX()` and `convertsToX()`.

use super::super::context::EvaluationError;
use super::super::evaluate::Evaluated;
use super::super::item::{Collection, Item, Quantity, decimal};
use super::super::syntax::{Function as F, Moment, MomentKind, calendar_unit};
use super::{Call, truth};
use rust_decimal::Decimal;
use std::borrow::Cow;

pub(super) fn call<'a>(call: &Call<'_, '_, 'a>) -> Evaluated<'a> {
    let Some(item) = call.evaluator.single(call.function.name(), &call.input)? else {
        return Ok(Collection::new());
    };
    let (target, asks) = match call.function {
        F::ConvertsToBoolean => (F::ToBoolean, true),
        F::ConvertsToInteger => (F::ToInteger, true),
        F::ConvertsToDecimal => (F::ToDecimal, true),
        F::ConvertsToQuantity => (F::ToQuantity, true),
        F::ConvertsToDate => (F::ToDate, true),
        F::ConvertsToDateTime => (F::ToDateTime, true),
        F::ConvertsToTime => (F::ToTime, true),
        F::ConvertsToString => (F::ToString, true),
        other => (other, false),
    };
    // The spelling of an element is kept: 72.0 stays 72.0, and a number too large to compute with still has a text.
    let value = if target == F::ToString { None } else { item.system()? };
    let converted = match (target, value) {
        (F::ToString, _) => item.text().map(Item::String),
        (_, None) => None,
        (F::ToBoolean, Some(value)) => to_boolean(&value),
        (F::ToInteger, Some(value)) => to_integer(&value),
        (F::ToDecimal, Some(value)) => to_decimal(&value)?.map(Item::Decimal),
        (F::ToQuantity, Some(value)) => {
            let unit = call.argument_text(0)?;
            to_quantity(value)?.filter(|quantity| unit.is_none_or(|unit| unit == quantity.unit)).map(Item::Quantity)
        }
        (target, Some(value)) => to_moment(target, &value).map(Item::Moment),
    };
    Ok(if asks { truth(converted.is_some()) } else { converted.into_iter().collect() })
}

fn to_boolean<'a>(value: &Item<'a>) -> Option<Item<'a>> {
    let answer = match value {
        Item::Boolean(value) => *value,
        Item::Integer(0) => false,
        Item::Integer(1) => true,
        Item::Decimal(value) if value.is_zero() => false,
        Item::Decimal(value) if *value == Decimal::ONE => true,
        Item::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => true,
            "false" | "f" | "no" | "n" | "0" | "0.0" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Item::Boolean(answer))
}

fn to_integer<'a>(value: &Item<'a>) -> Option<Item<'a>> {
    match value {
        Item::Integer(value) => Some(Item::Integer(*value)),
        Item::Boolean(value) => Some(Item::Integer(i64::from(*value))),
        Item::String(text) => text.parse().ok().map(Item::Integer),
        _ => None,
    }
}

fn to_decimal(value: &Item<'_>) -> Result<Option<Decimal>, EvaluationError> {
    Ok(match value {
        Item::Decimal(value) => Some(*value),
        Item::Integer(value) => Some(Decimal::from(*value)),
        Item::Boolean(value) => Some(Decimal::from(u8::from(*value))),
        Item::String(text) if is_decimal(text) => Some(decimal(text)?),
        _ => None,
    })
}

/// `(\+|-)?\d+(\.\d+)?`
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

fn to_quantity(value: Item<'_>) -> Result<Option<Quantity<'_>>, EvaluationError> {
    Ok(match value {
        Item::Quantity(quantity) => Some(quantity),
        Item::String(text) => {
            let text = text.trim();
            let (number, unit) = match text.find(|next: char| next.is_whitespace() || next == '\'') {
                Some(end) => (&text[..end], text[end..].trim_start()),
                None => (text, ""),
            };
            let quoted = unit.strip_prefix('\'').and_then(|unit| unit.strip_suffix('\''));
            let unit = match quoted {
                Some(unit) => Some(unit.to_owned()),
                None if unit.is_empty() => Some("1".to_owned()),
                None => calendar_unit(unit).map(str::to_owned),
            };
            match unit {
                Some(unit) if is_decimal(number) => Some(Quantity { value: decimal(number)?, unit: unit.into() }),
                _ => None,
            }
        }
        other => to_decimal(&other)?.map(|value| Quantity { value, unit: Cow::Borrowed("1") }),
    })
}

fn to_moment(target: F, value: &Item<'_>) -> Option<Moment> {
    match (target, value) {
        (F::ToDate, Item::Moment(moment)) => moment.to_date(),
        (F::ToDateTime, Item::Moment(moment)) => moment.to_date_time(),
        (F::ToTime, Item::Moment(moment)) if moment.kind() == MomentKind::Time => Some(*moment),
        (F::ToDate, Item::String(text)) => Moment::date_time(text)?.to_date(),
        (F::ToDateTime, Item::String(text)) => Moment::date_time(text),
        (F::ToTime, Item::String(text)) => Moment::time(text),
        _ => None,
    }
}
