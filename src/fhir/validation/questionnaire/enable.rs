//! Whether a question is asked at all: `enableWhen` of both FHIR versions and Kanta's condition in FHIRPath.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::form::{Form, Number, Question, choice};
use crate::fhir::definitions::Definitions;
use crate::fhir::path::syntax::Moment;
use crate::fhir::path::{Context, Expression, Node};
use crate::json::Value;

/// The steps that all expressions of a Questionnaire may take together.
const STEPS: u32 = 4_000_000;
/// The steps that one may take in any case.
const LEAST_STEPS: u32 = 2_000;
/// How many answers all conditions of a Questionnaire may look at together.
const LOOKS: usize = 10_000_000;

/// The answer to "is it asked?"; the text says why that cannot be told.
pub(super) type Enabled = Result<bool, String>;

/// The items of one object of the response by linkId.
type ItemsByLink<'w> = HashMap<&'w str, Vec<Value<'w>>>;

/// Answers whether questions are asked, given one response.
pub(super) struct Conditions<'f, 'q, 'w> {
    form: &'f Form<'q>,
    response: Value<'w>,
    /// Every expression is about the whole response, so one look suffices for all repetitions of a question and for all
    /// questions with the same one. They are evaluated at the start, where the stack is not deep yet.
    by_expression: HashMap<&'q str, Enabled>,
    /// For each object its items by linkId, made when first needed: a form with many conditions looks often.
    by_object: HashMap<u32, Rc<ItemsByLink<'w>>>,
    looks: usize,
}

/// A response item and those around it, each with its question.
#[derive(Clone, Copy)]
pub(super) struct Around<'a, 'w> {
    pub(super) outer: Option<&'a Around<'a, 'w>>,
    pub(super) question: Number,
    pub(super) item: Value<'w>,
}

impl<'f, 'q, 'w> Conditions<'f, 'q, 'w> {
    pub(super) fn new(form: &'f Form<'q>, definitions: &Definitions, response: Value<'w>) -> Self {
        let expressions: HashSet<&'q str> = form.questions.iter().filter_map(Question::expression).collect();
        let steps = STEPS / u32::try_from(expressions.len().max(1)).unwrap_or(u32::MAX);
        let steps = steps.max(LEAST_STEPS);
        let evaluated = expressions.into_iter().map(|text| (text, evaluate(text, definitions, response, steps)));
        let by_expression = evaluated.collect();
        Conditions { form, response, by_expression, by_object: HashMap::new(), looks: LOOKS }
    }

    /// Whether a question is asked; `around` are the response items it stands in.
    pub(super) fn is_enabled(&mut self, number: Number, around: Option<&Around<'_, 'w>>) -> Enabled {
        let question = &self.form.questions[number];
        if let Some(text) = question.expression() {
            // All of them were evaluated.
            return self.by_expression.get(text).cloned().unwrap_or(Ok(true));
        }
        if question.conditions().next().is_none() {
            return Ok(true);
        }
        let Some(any_suffices) = question.any_suffices() else { return Ok(true) };
        for condition in question.conditions() {
            let holds = self.holds(condition, around)?;
            if holds == any_suffices {
                return Ok(holds);
            }
        }
        Ok(!any_suffices)
    }

    /// Whether one `enableWhen` holds.
    fn holds(&mut self, condition: Value<'q>, around: Option<&Around<'_, 'w>>) -> Enabled {
        let Some(link_id) = condition.get("question").and_then(Value::as_str) else {
            return Err("an enableWhen names no question".to_owned());
        };
        let answers = self.answers(link_id, around);
        self.looks = self.looks.checked_sub(answers.len()).ok_or("there are too many answers to look at")?;
        // STU3: an answer at all, or this answer.
        let operator = condition.get("operator").and_then(Value::as_str);
        if let (None, Some(expected)) = (operator, condition.get("hasAnswer").and_then(Value::as_bool)) {
            return Ok(expected != answers.is_empty());
        }
        let Some((type_name, expected)) = choice(condition, "answer") else {
            return Err(format!("the enableWhen about '{link_id}' has no answer to compare with"));
        };
        let operator = operator.unwrap_or("=");
        if operator == "exists" {
            let expected = expected.as_bool().ok_or("Exists-operator requires answerBoolean")?;
            return Ok(expected != answers.is_empty());
        }
        for (found_type, found) in answers {
            if found_type != type_name {
                return Err("Expected answer and actual answer have incompatible types".to_owned());
            }
            if compare(type_name, found, operator, expected)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The answers to a question, in the nearest response item that holds it.
    fn answers(&mut self, link_id: &str, around: Option<&Around<'_, 'w>>) -> Vec<(&'w str, Value<'w>)> {
        let Some(target) = self.form.find(link_id) else { return Vec::new() };
        // The way down to it, from the outermost question.
        let mut path: Vec<Number> = self.form.ancestors(target).collect();
        path.reverse();
        path.push(target);
        let mut start = (self.response, 0);
        for around in std::iter::successors(around, |around| around.outer) {
            if let Some(depth) = path.iter().position(|&number| number == around.question) {
                start = (around.item, depth + 1);
                break;
            }
        }
        let (object, depth) = start;
        let mut items = vec![object];
        for &number in &path[depth..] {
            let link_id = self.form.questions[number].link_id;
            let mut below = Vec::new();
            for item in items {
                // Groups hold items, questions hold them in their answers.
                let holders = std::iter::once(item).chain(item.get("answer").into_iter().flat_map(Value::items));
                for holder in holders {
                    below.extend(self.items_of(holder).get(link_id).into_iter().flatten().copied());
                }
            }
            items = below;
        }
        let answers = items.into_iter().flat_map(|item| item.get("answer").into_iter().flat_map(Value::items));
        answers.filter_map(|answer| choice(answer, "value")).collect()
    }

    fn items_of(&mut self, object: Value<'w>) -> Rc<ItemsByLink<'w>> {
        let items = self.by_object.entry(object.index()).or_insert_with(|| {
            let mut items = ItemsByLink::new();
            for item in object.get("item").into_iter().flat_map(Value::items) {
                let link_id = item.get("linkId").and_then(Value::as_str).unwrap_or_default();
                items.entry(link_id).or_default().push(item);
            }
            Rc::new(items)
        });
        Rc::clone(items)
    }
}

/// Whether Kanta's condition holds for a response.
fn evaluate(text: &str, definitions: &Definitions, response: Value<'_>, steps: u32) -> Enabled {
    let fail = |reason: String| format!("the condition {text:?} cannot be evaluated: {reason}");
    let expression = Expression::parse(text).map_err(|error| fail(error.to_string()))?;
    let node = Node::root(response);
    let context = Context::new(node).with_model(definitions).with_version(definitions.version()).with_step_limit(steps);
    expression.holds(&context, node).map_err(|error| fail(error.to_string()))
}

/// Whether an answer compares with the expected one as the operator says; both are of the type.
fn compare(type_name: &str, found: Value<'_>, operator: &str, expected: Value<'_>) -> Enabled {
    let texts = |key: &str| {
        let text = |value: Value<'_>| value.get(key).and_then(|value| value.as_str().map(str::to_owned));
        (text(found), text(expected))
    };
    let same = |key: &str| {
        let (found, expected) = texts(key);
        found == expected
    };
    let order = match type_name {
        "Coding" => {
            let is_same = same("system") && same("code");
            return match operator {
                "=" => Ok(is_same),
                "!=" => Ok(!is_same),
                _ => Err(format!("the operator {operator} does not fit codes")),
            };
        }
        "Reference" => {
            let is_same = same("reference");
            return Ok(is_same == (operator == "="));
        }
        "Quantity" => {
            if !(same("system") && same("code")) || !same("unit") && texts("code").0.is_none() {
                return Ok(operator == "!=");
            }
            let number = |value: Value<'_>| value.get("value").and_then(Value::number).and_then(decimal);
            match (number(found), number(expected)) {
                (Some(found), Some(expected)) => Some(found.cmp(&expected)),
                _ => None,
            }
        }
        "Boolean" => match (found.as_bool(), expected.as_bool()) {
            (Some(found), Some(expected)) => Some(found.cmp(&expected)),
            _ => None,
        },
        "Decimal" | "Integer" => match (found.number().and_then(decimal), expected.number().and_then(decimal)) {
            (Some(found), Some(expected)) => Some(found.cmp(&expected)),
            _ => None,
        },
        "Date" | "DateTime" | "Time" => {
            let moment = |value: Value<'_>| match type_name {
                "Time" => Moment::time(value.as_str()?),
                _ => Moment::date_time(value.as_str()?),
            };
            match (moment(found), moment(expected)) {
                (Some(found), Some(expected)) => found.compare(&expected),
                _ => None,
            }
        }
        _ => match (found.as_str(), expected.as_str()) {
            (Some(found), Some(expected)) => Some(found.cmp(expected)),
            _ => return Err(format!("answers of type {type_name} cannot be compared")),
        },
    };
    Ok(match (operator, order) {
        ("=", order) => order.is_some_and(std::cmp::Ordering::is_eq),
        ("!=", order) => !order.is_some_and(std::cmp::Ordering::is_eq),
        (">", Some(order)) => order.is_gt(),
        ("<", Some(order)) => order.is_lt(),
        (">=", Some(order)) => order.is_ge(),
        ("<=", Some(order)) => order.is_le(),
        (">" | "<" | ">=" | "<=", None) => false,
        _ => return Err(format!("the operator {operator:?} is unknown")),
    })
}

fn decimal(spelled: &str) -> Option<rust_decimal::Decimal> {
    spelled.parse().or_else(|_| rust_decimal::Decimal::from_scientific(spelled)).ok()
}
