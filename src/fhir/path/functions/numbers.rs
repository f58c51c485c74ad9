//! Arithmetic operators and mathematical functions. What overflows or has no result is empty.

use super::super::context::EvaluationError;
use super::super::evaluate::{Evaluated, Evaluator};
use super::super::item::{Collection, Item, Quantity};
use super::super::syntax::{Function as F, Moment, Operator};
use super::Call;
use super::strings::LONGEST_TEXT;
use rust_decimal::{Decimal, RoundingStrategy};
use smallvec::smallvec;
use std::borrow::Cow;

/// `*`, `/`, `div`, `mod`, `+`, `-`, `&` and `|`.
pub(in super::super) fn arithmetic<'a>(
    evaluator: &Evaluator<'_, 'a>,
    operator: Operator,
    left: Collection<'a>,
    right: Collection<'a>,
) -> Evaluated<'a> {
    match operator {
        Operator::Union => {
            let mut all = left;
            all.extend(right);
            let kept = super::super::compare::distinct(&all, &evaluator.steps)?;
            return Ok(kept.into_iter().map(|index| all[index].clone()).collect());
        }
        Operator::Concatenate => {
            return Ok(smallvec![concatenated(evaluator, joined(&left)?, &joined(&right)?)?]);
        }
        _ => {}
    }
    let name = "an operator";
    let (Some(left), Some(right)) = (evaluator.single_value(name, &left)?, evaluator.single_value(name, &right)?)
    else {
        return Ok(Collection::new());
    };
    let result = match (left, right) {
        (Item::Integer(left), Item::Integer(right)) if operator != Operator::Divide => {
            let result = match operator {
                Operator::Multiply => left.checked_mul(right),
                Operator::IntegerDivide => left.checked_div(right),
                Operator::Modulo => left.checked_rem(right),
                Operator::Add => left.checked_add(right),
                _ => left.checked_sub(right),
            };
            result.map(Item::Integer)
        }
        (left @ (Item::Integer(_) | Item::Decimal(_)), right @ (Item::Integer(_) | Item::Decimal(_))) => {
            decimals(operator, to_decimal(&left), to_decimal(&right))
        }
        (Item::Moment(moment), Item::Quantity(quantity)) => moved(operator, moment, &quantity)?,
        (Item::Quantity(left), Item::Quantity(right)) => quantities(operator, left, &right)?,
        (Item::Quantity(left), right @ (Item::Integer(_) | Item::Decimal(_))) => {
            let value = match operator {
                Operator::Multiply => left.value.checked_mul(to_decimal(&right)),
                Operator::Divide => left.value.checked_div(to_decimal(&right)),
                _ => return Err(wrong()),
            };
            value.map(|value| Item::Quantity(Quantity { value, unit: left.unit }))
        }
        (Item::String(left), Item::String(right)) if operator == Operator::Add => {
            Some(concatenated(evaluator, left, &right)?)
        }
        _ => return Err(wrong()),
    };
    Ok(result.into_iter().collect())
}

fn wrong() -> EvaluationError {
    EvaluationError::WrongType("the operands of an operator do not go together".to_owned())
}

fn concatenated<'a>(
    evaluator: &Evaluator<'_, 'a>,
    left: Cow<'a, str>,
    right: &str,
) -> Result<Item<'a>, EvaluationError> {
    let length = left.len() + right.len();
    evaluator.steps.take(length / 64)?;
    if length > LONGEST_TEXT {
        return Err(EvaluationError::Limit);
    }
    Ok(Item::String((left.into_owned() + right).into()))
}

/// As in HAPI, several items are joined with commas: `code & profile` stands in an invariant where profiles are many.
fn joined<'a>(items: &[Item<'a>]) -> Result<Cow<'a, str>, EvaluationError> {
    match items {
        [] => Ok(Cow::Borrowed("")),
        [item] => item.text().ok_or_else(wrong),
        many => {
            let texts: Option<Vec<_>> = many.iter().map(Item::text).collect();
            texts.map(|texts| Cow::Owned(texts.join(","))).ok_or_else(wrong)
        }
    }
}

/// The number of an integer or a decimal; 0 for anything else, which callers have excluded.
fn to_decimal(item: &Item<'_>) -> Decimal {
    match item {
        Item::Integer(value) => Decimal::from(*value),
        Item::Decimal(value) => *value,
        _ => Decimal::ZERO,
    }
}

fn decimals<'a>(operator: Operator, left: Decimal, right: Decimal) -> Option<Item<'a>> {
    match operator {
        Operator::Multiply => left.checked_mul(right).map(Item::Decimal),
        Operator::Divide => left.checked_div(right).map(|value| Item::Decimal(value.normalize())),
        Operator::IntegerDivide => left.checked_div(right).and_then(|value| integer(value.trunc())),
        Operator::Modulo => left.checked_rem(right).map(Item::Decimal),
        Operator::Add => left.checked_add(right).map(Item::Decimal),
        _ => left.checked_sub(right).map(Item::Decimal),
    }
}

fn quantities<'a>(
    operator: Operator,
    left: Quantity<'a>,
    right: &Quantity<'a>,
) -> Result<Option<Item<'a>>, EvaluationError> {
    let same_unit = left.unit == right.unit;
    Ok(match operator {
        Operator::Add | Operator::Subtract if !same_unit => None,
        Operator::Add => left.value.checked_add(right.value),
        Operator::Subtract => left.value.checked_sub(right.value),
        Operator::Divide if same_unit => {
            let value = left.value.checked_div(right.value);
            return Ok(value.map(|value| Item::Quantity(Quantity { value, unit: Cow::Borrowed("1") })));
        }
        // Units of products would need UCUM.
        _ => return Err(wrong()),
    }
    .map(|value| Item::Quantity(Quantity { value, unit: left.unit })))
}

/// A date or time plus or minus a duration.
fn moved<'a>(operator: Operator, moment: Moment, quantity: &Quantity<'a>) -> Result<Option<Item<'a>>, EvaluationError> {
    let unit = match &*quantity.unit {
        "ms" => "millisecond",
        "s" => "second",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "wk" => "week",
        "mo" => "month",
        "a" => "year",
        other => other,
    };
    // Seconds may have a fraction; of greater units only the whole ones count.
    let (value, unit) = match unit {
        "second" => (quantity.value.checked_mul(Decimal::from(1000)), "millisecond"),
        unit => (Some(quantity.value), unit),
    };
    let amount = value.and_then(|value| i64::try_from(value.trunc()).ok());
    let Some(amount) = amount else {
        return Ok(None);
    };
    let amount = match operator {
        Operator::Add => amount,
        Operator::Subtract => -amount,
        _ => return Err(wrong()),
    };
    Ok(moment.plus(amount, unit).map(Item::Moment))
}

pub(super) fn call<'a>(call: &Call<'_, '_, 'a>) -> Evaluated<'a> {
    let Some(value) = call.value()? else {
        return Ok(Collection::new());
    };
    if let (F::Abs, Item::Quantity(quantity)) = (call.function, &value) {
        let unit = quantity.unit.clone();
        return Ok(smallvec![Item::Quantity(Quantity { value: quantity.value.abs(), unit })]);
    }
    if !matches!(value, Item::Integer(_) | Item::Decimal(_)) {
        return Err(call.wrong("a number"));
    }
    let number = to_decimal(&value);
    let result = match call.function {
        F::Abs => match value {
            Item::Integer(value) => value.checked_abs().map(Item::Integer),
            _ => Some(Item::Decimal(number.abs())),
        },
        F::Ceiling => integer(number.ceil()),
        F::Floor => integer(number.floor()),
        F::Truncate => integer(number.trunc()),
        F::Round => {
            let digits = call.argument_integer(0)?.unwrap_or(0);
            let digits = u32::try_from(digits).map_err(|_| call.wrong("a precision that is not negative"))?;
            Some(Item::Decimal(number.round_dp_with_strategy(digits.min(28), RoundingStrategy::MidpointAwayFromZero)))
        }
        F::Exp => real(to_real(number).exp()),
        F::Ln => real(to_real(number).ln()),
        F::Sqrt => real(to_real(number).sqrt()),
        F::Log => match call.argument_value(0)? {
            Some(base @ (Item::Integer(_) | Item::Decimal(_))) => {
                real(to_real(number).ln() / to_real(to_decimal(&base)).ln())
            }
            Some(_) => return Err(call.wrong("a number as its argument")),
            None => None,
        },
        _ => match call.argument_value(0)? {
            Some(exponent @ (Item::Integer(_) | Item::Decimal(_))) => power(&value, &exponent),
            Some(_) => return Err(call.wrong("a number as its argument")),
            None => None,
        },
    };
    Ok(result.into_iter().collect())
}

/// Whole exponents are computed exactly, others as well as floating point can.
fn power<'a>(base: &Item<'_>, exponent: &Item<'_>) -> Option<Item<'a>> {
    if let (Item::Integer(base), Item::Integer(exponent)) = (base, exponent)
        && let Some(result) = u32::try_from(*exponent).ok().and_then(|exponent| base.checked_pow(exponent))
    {
        return Some(Item::Integer(result));
    }
    let (base, exponent) = (to_decimal(base), to_decimal(exponent));
    if exponent.fract().is_zero()
        && let Ok(times @ 0..=128) = u32::try_from(exponent.trunc())
        && let Some(result) = (0..times).try_fold(Decimal::ONE, |product, _| product.checked_mul(base))
    {
        return Some(Item::Decimal(result));
    }
    real(to_real(base).powf(to_real(exponent)))
}

fn integer<'a>(value: Decimal) -> Option<Item<'a>> {
    i64::try_from(value).ok().map(Item::Integer)
}

fn to_real(value: Decimal) -> f64 {
    f64::try_from(value).unwrap_or(f64::NAN)
}

fn real<'a>(value: f64) -> Option<Item<'a>> {
    if !value.is_finite() {
        return None;
    }
    Decimal::try_from(value).ok().map(|value| Item::Decimal(value.normalize()))
}
