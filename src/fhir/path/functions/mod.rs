//! The functions, one file for each family.

mod collections;
mod conversions;
mod fhir;
mod numbers;
mod strings;

pub(super) use numbers::arithmetic;
pub(super) use strings::regex;

use super::context::EvaluationError;
use super::evaluate::{Evaluated, Evaluator, Scope};
use super::item::{Collection, Item};
use super::syntax::{Function, MomentKind, PartId};
use smallvec::smallvec;
use std::borrow::Cow;

/// Evaluates a call.
pub(super) fn call<'a>(
    evaluator: &Evaluator<'_, 'a>,
    function: Function,
    input: Option<PartId>,
    arguments: &[PartId],
    scope: &Scope<'_, 'a>,
) -> Evaluated<'a> {
    use Function as F;
    let input = evaluator.input(input, scope)?;
    let call = Call { evaluator, function, input, arguments, scope };
    match function {
        F::Empty => Ok(truth(call.input.is_empty())),
        F::Exists if arguments.is_empty() => Ok(truth(!call.input.is_empty())),
        F::Not => Ok(boolean(evaluator.truth_of(&call.input)?.map(|value| !value))),
        F::Exists
        | F::All
        | F::AllTrue
        | F::AnyTrue
        | F::AllFalse
        | F::AnyFalse
        | F::SubsetOf
        | F::SupersetOf
        | F::Count
        | F::Distinct
        | F::IsDistinct
        | F::Where
        | F::Select
        | F::Repeat
        | F::Single
        | F::First
        | F::Last
        | F::Tail
        | F::Skip
        | F::Take
        | F::Intersect
        | F::Exclude
        | F::Union
        | F::Combine
        | F::Iif
        | F::Children
        | F::Descendants
        | F::Aggregate => collections::call(call),
        // The log of an evaluation is nobody's here.
        F::Trace => Ok(call.input),
        F::Now | F::Today | F::TimeOfDay => {
            let now = evaluator.context.now.ok_or(EvaluationError::NoClock(function.name()))?;
            let moment = match function {
                F::Today => now.to_date(),
                F::TimeOfDay => now.to_time(),
                _ => Some(now),
            };
            debug_assert!(moment.is_some_and(|moment| moment.kind() != MomentKind::DateTime || function == F::Now));
            Ok(moment.map(Item::Moment).into_iter().collect())
        }
        F::ToBoolean
        | F::ConvertsToBoolean
        | F::ToInteger
        | F::ConvertsToInteger
        | F::ToDecimal
        | F::ConvertsToDecimal
        | F::ToQuantity
        | F::ConvertsToQuantity
        | F::ToDate
        | F::ConvertsToDate
        | F::ToDateTime
        | F::ConvertsToDateTime
        | F::ToTime
        | F::ConvertsToTime
        | F::ToString
        | F::ConvertsToString => conversions::call(&call),
        F::IndexOf
        | F::Substring
        | F::StartsWith
        | F::EndsWith
        | F::Contains
        | F::Upper
        | F::Lower
        | F::Replace
        | F::Matches
        | F::MatchesFull
        | F::ReplaceMatches
        | F::Length
        | F::ToChars
        | F::Trim
        | F::Split
        | F::Join => strings::call(&call),
        F::Abs | F::Ceiling | F::Exp | F::Floor | F::Ln | F::Log | F::Power | F::Round | F::Sqrt | F::Truncate => {
            numbers::call(&call)
        }
        F::Extension
        | F::HasExtension
        | F::HasValue
        | F::GetValue
        | F::Resolve
        | F::MemberOf
        | F::ConformsTo
        | F::HtmlChecks
        | F::HtmlChecks1
        | F::HtmlChecks2 => fhir::call(&call),
        F::ElementDefinition | F::Slice | F::CheckModifiers | F::Subsumes | F::SubsumedBy => {
            Err(function.unsupported())
        }
    }
}

/// A call with its input evaluated and its arguments not.
struct Call<'c, 'e, 'a> {
    evaluator: &'c Evaluator<'e, 'a>,
    function: Function,
    input: Collection<'a>,
    arguments: &'c [PartId],
    scope: &'c Scope<'c, 'a>,
}

impl<'a> Call<'_, '_, 'a> {
    /// An argument's value, in the scope around the call; empty when it was not given.
    fn argument(&self, index: usize) -> Evaluated<'a> {
        match self.arguments.get(index) {
            Some(argument) => self.evaluator.part(*argument, self.scope),
            None => Ok(Collection::new()),
        }
    }

    /// The computed value of an argument that is a single item.
    fn argument_value(&self, index: usize) -> Result<Option<Item<'a>>, EvaluationError> {
        self.evaluator.single_value(self.function.name(), &self.argument(index)?)
    }

    /// The text of an argument that is a single item.
    fn argument_text(&self, index: usize) -> Result<Option<Cow<'a, str>>, EvaluationError> {
        let argument = self.argument(index)?;
        self.evaluator.single(self.function.name(), &argument)?.map_or(Ok(None), |item| self.text_of(item).map(Some))
    }

    /// A whole number given as an argument.
    fn argument_integer(&self, index: usize) -> Result<Option<i64>, EvaluationError> {
        match self.argument_value(index)? {
            Some(Item::Integer(value)) => Ok(Some(value)),
            Some(_) => Err(self.wrong("an integer as its argument")),
            None => Ok(None),
        }
    }

    /// The computed value of the input, which is a single item or none.
    fn value(&self) -> Result<Option<Item<'a>>, EvaluationError> {
        self.evaluator.single_value(self.function.name(), &self.input)
    }

    /// The text of the input, which is a single primitive or nothing.
    fn text(&self) -> Result<Option<Cow<'a, str>>, EvaluationError> {
        match self.evaluator.single(self.function.name(), &self.input)? {
            // A primitive that has only extensions has no text.
            Some(Item::Node(node)) if node.value().is_none() => Ok(None),
            Some(item) => self.text_of(item).map(Some),
            None => Ok(None),
        }
    }

    fn text_of(&self, item: &Item<'a>) -> Result<Cow<'a, str>, EvaluationError> {
        item.text().ok_or_else(|| self.wrong("a text"))
    }

    fn wrong(&self, needed: &str) -> EvaluationError {
        EvaluationError::WrongType(format!("{}() needs {needed}", self.function.name()))
    }
}

fn truth<'a>(value: bool) -> Collection<'a> {
    smallvec![Item::Boolean(value)]
}

fn boolean<'a>(value: Option<bool>) -> Collection<'a> {
    value.map(Item::Boolean).into_iter().collect()
}
