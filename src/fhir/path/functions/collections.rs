//! Existence, filtering, subsetting, combining and navigation.

use super::super::compare;
use super::super::context::EvaluationError;
use super::super::evaluate::{Evaluated, Scope};
use super::super::item::{Collection, Item};
use super::super::navigate;
use super::super::syntax::{Function as F, PartId};
use super::{Call, truth};
use smallvec::smallvec;
use std::collections::HashSet;

pub(super) fn call<'a>(call: Call<'_, '_, 'a>) -> Evaluated<'a> {
    let steps = &call.evaluator.steps;
    match call.function {
        F::Exists => Ok(truth(call.first_where(true)?)),
        F::All => Ok(truth(!call.first_where(false)?)),
        F::AllTrue => Ok(truth(call.booleans()?.into_iter().all(|value| value))),
        F::AnyTrue => Ok(truth(call.booleans()?.into_iter().any(|value| value))),
        F::AllFalse => Ok(truth(call.booleans()?.into_iter().all(|value| !value))),
        F::AnyFalse => Ok(truth(call.booleans()?.into_iter().any(|value| !value))),
        F::SubsetOf => Ok(truth(call.is_subset(&call.input, &call.argument(0)?)?)),
        F::SupersetOf => Ok(truth(call.is_subset(&call.argument(0)?, &call.input)?)),
        F::Count => Ok(smallvec![Item::Integer(call.input.len() as i64)]),
        F::IsDistinct => Ok(truth(compare::distinct(&call.input, steps)?.len() == call.input.len())),
        F::Distinct => call.distinct_of(&call.input),
        F::Where => call.filter(),
        F::Select => {
            let mut result = Collection::new();
            for (index, item) in call.input.iter().enumerate() {
                result.extend(call.evaluator.part(call.arguments[0], &call.within(item, index))?);
            }
            Ok(result)
        }
        F::Repeat => call.repeat(),
        F::Single => match call.input.len() {
            0 | 1 => Ok(call.input),
            many => Err(EvaluationError::NotSingle("single", many)),
        },
        F::First => Ok(call.input.into_iter().take(1).collect()),
        F::Last => Ok(call.input.into_iter().next_back().into_iter().collect()),
        F::Tail => Ok(call.input.into_iter().skip(1).collect()),
        F::Skip => {
            let count = usize::try_from(call.argument_integer(0)?.unwrap_or(0).max(0)).unwrap_or(usize::MAX);
            Ok(call.input.into_iter().skip(count).collect())
        }
        F::Take => {
            let count = usize::try_from(call.argument_integer(0)?.unwrap_or(0).max(0)).unwrap_or(usize::MAX);
            Ok(call.input.into_iter().take(count).collect())
        }
        F::Intersect => {
            let other = call.argument(0)?;
            let mut result = call.distinct_of(&call.input)?;
            call.retain(&mut result, &other, true)?;
            Ok(result)
        }
        F::Exclude => {
            let other = call.argument(0)?;
            let mut result = call.input.clone();
            call.retain(&mut result, &other, false)?;
            Ok(result)
        }
        F::Union => {
            let mut all = call.input.clone();
            all.extend(call.argument(0)?);
            call.distinct_of(&all)
        }
        F::Combine => {
            let other = call.argument(0)?;
            let mut all = call.input;
            all.extend(other);
            Ok(all)
        }
        F::Iif => call.iif(),
        F::Children => {
            let mut result = Collection::new();
            for node in call.input.iter().filter_map(Item::node) {
                navigate::push_all(call.evaluator.context, node, &mut result);
            }
            Ok(result)
        }
        F::Descendants => call.descendants(),
        _ => call.aggregate(),
    }
}

impl<'a> Call<'_, '_, 'a> {
    /// The scope of an argument that is evaluated for each item.
    fn within<'s>(&self, item: &'s Item<'a>, index: usize) -> Scope<'s, 'a>
    where
        Self: 's,
    {
        Scope::item(item, index)
    }

    /// Whether for some item the argument's truth is `wanted`, where empty counts as false.
    fn first_where(&self, wanted: bool) -> Result<bool, EvaluationError> {
        for (index, item) in self.input.iter().enumerate() {
            let truth = self.evaluator.truth(self.arguments[0], &self.within(item, index))?;
            if truth.unwrap_or(false) == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn filter(self) -> Evaluated<'a> {
        let mut result = Collection::new();
        for (index, item) in self.input.iter().enumerate() {
            if self.evaluator.truth(self.arguments[0], &self.within(item, index))? == Some(true) {
                result.push(item.clone());
            }
        }
        Ok(result)
    }

    fn booleans(&self) -> Result<Vec<bool>, EvaluationError> {
        self.input.iter().map(|item| item.boolean().ok_or_else(|| self.wrong("booleans"))).collect()
    }

    fn is_subset(&self, part: &[Item<'a>], whole: &[Item<'a>]) -> Result<bool, EvaluationError> {
        for item in part {
            if !compare::contains(whole, item, &self.evaluator.steps)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn distinct_of(&self, items: &[Item<'a>]) -> Evaluated<'a> {
        let kept = compare::distinct(items, &self.evaluator.steps)?;
        Ok(kept.into_iter().map(|index| items[index].clone()).collect())
    }

    /// Keeps the items that are (or are not) in `other`.
    fn retain(&self, items: &mut Collection<'a>, other: &[Item<'a>], wanted: bool) -> Result<(), EvaluationError> {
        let mut failure = None;
        items.retain(|item| match compare::contains(other, item, &self.evaluator.steps) {
            Ok(found) => found == wanted,
            Err(error) => {
                failure = Some(error);
                false
            }
        });
        failure.map_or(Ok(()), Err)
    }

    /// Applies the argument to what it gave before until nothing new comes. Elements count as new by their place.
    fn repeat(self) -> Evaluated<'a> {
        let steps = &self.evaluator.steps;
        let mut result = Collection::new();
        let mut seen = HashSet::new();
        let mut current = self.input.clone();
        while !current.is_empty() {
            let mut next = Collection::new();
            for (index, item) in current.iter().enumerate() {
                for found in self.evaluator.part(self.arguments[0], &self.within(item, index))? {
                    steps.take(1)?;
                    let is_new = match found.node().and_then(|node| node.place()) {
                        Some(place) => seen.insert((std::ptr::from_ref(place.document()) as usize, place.index())),
                        None => !compare::contains(&result, &found, steps)?,
                    };
                    if is_new {
                        result.push(found.clone());
                        next.push(found);
                    }
                }
            }
            current = next;
        }
        Ok(result)
    }

    /// `repeat(children())`, level by level.
    fn descendants(self) -> Evaluated<'a> {
        let mut result = Collection::new();
        for node in self.input.iter().filter_map(Item::node) {
            navigate::push_all(self.evaluator.context, node, &mut result);
        }
        let mut at = 0;
        while at < result.len() {
            self.evaluator.steps.take(1)?;
            if let Item::Node(node) = result[at] {
                navigate::push_all(self.evaluator.context, &node, &mut result);
            }
            at += 1;
        }
        Ok(result)
    }

    /// Only the branch that is chosen is evaluated, on the input as `$this`.
    fn iif(self) -> Evaluated<'a> {
        let scope = Scope { this: &self.input, index: self.scope.index, total: self.scope.total };
        let branch: Option<&PartId> = if self.evaluator.truth(self.arguments[0], &scope)? == Some(true) {
            self.arguments.get(1)
        } else {
            self.arguments.get(2)
        };
        branch.map_or(Ok(Collection::new()), |branch| self.evaluator.part(*branch, &scope))
    }

    fn aggregate(self) -> Evaluated<'a> {
        let mut total = self.argument(1)?;
        for (index, item) in self.input.iter().enumerate() {
            let scope = Scope { total: Some(&total), ..self.within(item, index) };
            total = self.evaluator.part(self.arguments[0], &scope)?;
        }
        Ok(total)
    }
}
