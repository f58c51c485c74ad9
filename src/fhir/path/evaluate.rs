//! Walks an expression's parts over a focus.

use super::compare;
use super::context::{Context, EvaluationError};
use super::functions;
use super::item::{Collection, Item, Quantity};
use super::navigate;
use super::syntax::{Expression, Function, Literal, Operator, Part, PartId};
use crate::fhir::Version;
use rust_decimal::Decimal;
use smallvec::smallvec;
use std::cell::Cell;

/// The parser builds no deeper trees; this holds for trees from elsewhere.
const MAX_DEPTH: u16 = 160;

pub(super) type Evaluated<'a> = Result<Collection<'a>, EvaluationError>;
/// A three-valued truth: `None` is empty.
type Truth = Result<Option<bool>, EvaluationError>;

impl Expression {
    /// Evaluates the expression on a focus.
    ///
    /// # Errors
    /// See [`EvaluationError`].
    pub fn evaluate<'a>(&'a self, context: &Context<'a>, focus: impl Into<Item<'a>>) -> Evaluated<'a> {
        let focus = [focus.into()];
        let evaluator = Evaluator::new(self, context, &focus);
        let result = evaluator.part(self.root(), &Scope::of(&focus));
        evaluator.settle();
        result
    }

    /// Whether an invariant holds: as in HAPI, an empty result is a failure and a result that is no boolean is a success.
    ///
    /// # Errors
    /// See [`EvaluationError`].
    pub fn holds<'a>(&'a self, context: &Context<'a>, focus: impl Into<Item<'a>>) -> Result<bool, EvaluationError> {
        let focus = [focus.into()];
        let evaluator = Evaluator::new(self, context, &focus);
        let result = self.truth(&evaluator, &focus);
        evaluator.settle();
        result
    }

    fn truth<'a>(&'a self, evaluator: &Evaluator<'_, 'a>, focus: &[Item<'a>]) -> Result<bool, EvaluationError> {
        let scope = Scope::of(focus);
        // Boolean operators have a path of their own that makes no collections.
        if matches!(self.part(self.root()), Some(Part::Binary { operator, .. }) if is_logical(*operator)) {
            return Ok(evaluator.truth(self.root(), &scope)?.unwrap_or(false));
        }
        let result = evaluator.part(self.root(), &scope)?;
        Ok(match result.as_slice() {
            [item] => item.boolean().unwrap_or(true),
            items => !items.is_empty(),
        })
    }
}

/// Counts down the steps that an evaluation may take.
pub(super) struct Steps(Cell<u32>);

impl Steps {
    pub(super) fn new(limit: u32) -> Steps {
        Steps(Cell::new(limit))
    }

    pub(super) fn take(&self, count: usize) -> Result<(), EvaluationError> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let left = self.0.get().checked_sub(count).ok_or(EvaluationError::Limit)?;
        self.0.set(left);
        Ok(())
    }
}

/// What `$this`, `$index` and `$total` mean at a place.
pub(super) struct Scope<'s, 'a> {
    pub(super) this: &'s [Item<'a>],
    pub(super) index: Option<usize>,
    pub(super) total: Option<&'s [Item<'a>]>,
}

impl<'s, 'a> Scope<'s, 'a> {
    pub(super) fn of(this: &'s [Item<'a>]) -> Scope<'s, 'a> {
        Scope { this, index: None, total: None }
    }

    pub(super) fn item(this: &'s Item<'a>, index: usize) -> Scope<'s, 'a> {
        Scope { this: std::slice::from_ref(this), index: Some(index), total: None }
    }
}

pub(super) struct Evaluator<'e, 'a> {
    pub(super) expression: &'a Expression,
    pub(super) context: &'e Context<'a>,
    pub(super) steps: Steps,
    limit: u32,
    focus: &'e [Item<'a>],
    depth: Cell<u16>,
}

impl<'e, 'a> Evaluator<'e, 'a> {
    fn new(expression: &'a Expression, context: &'e Context<'a>, focus: &'e [Item<'a>]) -> Evaluator<'e, 'a> {
        let steps = match context.budget {
            Some(budget) => context.steps.min(u32::try_from(budget.get()).unwrap_or(u32::MAX)),
            None => context.steps,
        };
        Evaluator { expression, context, steps: Steps::new(steps), limit: steps, focus, depth: Cell::new(0) }
    }

    /// Takes the steps that were made off what is shared with other evaluations.
    fn settle(&self) {
        if let Some(budget) = self.context.budget {
            let made = self.limit - self.steps.0.get().min(self.limit);
            budget.set(budget.get().saturating_sub(u64::from(made)));
        }
    }

    /// The value of a part.
    pub(super) fn part(&self, id: PartId, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        self.steps.take(1)?;
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(EvaluationError::Limit);
        }
        self.depth.set(depth + 1);
        let result = self.part_itself(id, scope);
        self.depth.set(depth);
        // Every item costs a step, so that the limit also bounds the memory collections take.
        if let Ok(items) = &result {
            self.steps.take(items.len())?;
        }
        result
    }

    fn part_itself(&self, id: PartId, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        let Some(part) = self.expression.part(id) else {
            return Err(EvaluationError::WrongType("the expression refers to a part it does not have".to_owned()));
        };
        match part {
            Part::Empty => Ok(Collection::new()),
            Part::Literal(literal) => Ok(smallvec![value_of(literal)]),
            Part::This => Ok(scope.this.into()),
            Part::Index => Ok(scope.index.map(|index| Item::Integer(index as i64)).into_iter().collect()),
            Part::Total => Ok(scope.total.map(Into::into).unwrap_or_default()),
            Part::Variable(name) => self.variable(name),
            Part::Child { input, name } => self.child(*input, name, scope),
            Part::Indexer { input, index } => self.indexer(*input, *index, scope),
            Part::Call { input, function, arguments } => functions::call(self, *function, *input, arguments, scope),
            Part::Negative(operand) => self.sign(*operand, true, scope),
            Part::Positive(operand) => self.sign(*operand, false, scope),
            Part::Binary { operator, left, right } => self.binary(id, *operator, *left, *right, scope),
            Part::Type { operator, operand, type_name } => self.by_type(*operator, *operand, type_name, scope),
        }
    }

    /// The input of a call or step: what stands before the point, else `$this`.
    pub(super) fn input(&self, input: Option<PartId>, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        match input {
            Some(input) => self.part(input, scope),
            None => Ok(scope.this.into()),
        }
    }

    fn variable(&self, name: &str) -> Evaluated<'a> {
        if let Some((_, value)) = self.context.variables.iter().find(|(own, _)| own == name) {
            return Ok(value.iter().cloned().collect());
        }
        let text = match name {
            "resource" => return Ok(smallvec![Item::Node(self.context.resource)]),
            "rootResource" => return Ok(smallvec![Item::Node(self.context.root_resource)]),
            "context" => return Ok(self.focus.into()),
            "ucum" => Item::str("http://unitsofmeasure.org"),
            "sct" => Item::str("http://snomed.info/sct"),
            "loinc" => Item::str("http://loinc.org"),
            "us-zip" => Item::str("[0-9]{5}(-[0-9]{4}){0,1}"),
            _ => {
                let own = |prefix: &str, base: &str| name.strip_prefix(prefix).map(|rest| format!("{base}{rest}"));
                let url = own("vs-", "http://hl7.org/fhir/ValueSet/")
                    .or_else(|| own("cs-", "http://hl7.org/fhir/"))
                    .or_else(|| own("ext-", "http://hl7.org/fhir/StructureDefinition/"));
                Item::String(url.ok_or_else(|| EvaluationError::UnknownVariable(name.to_owned()))?.into())
            }
        };
        Ok(smallvec![text])
    }

    fn child(&self, input: Option<PartId>, name: &'a str, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        let mut result = Collection::new();
        match input {
            None => {
                // A path may start with the type of the focus: `Patient.name`. Elements never start in upper case.
                let is_type = name.starts_with(|first: char| first.is_ascii_uppercase());
                for item in scope.this {
                    match item.node() {
                        Some(node) if is_type && self.is_node_of(node, name) => result.push(item.clone()),
                        Some(node) => navigate::push_named(self.context, node, name, &mut result),
                        None => {}
                    }
                }
            }
            Some(input) => {
                for item in self.part(input, scope)? {
                    if let Item::Node(node) = &item {
                        navigate::push_named(self.context, node, name, &mut result);
                    }
                }
            }
        }
        Ok(result)
    }

    fn indexer(&self, input: PartId, index: PartId, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        let mut items = self.part(input, scope)?;
        let index = match self.single_value("an index", &self.part(index, scope)?)? {
            Some(Item::Integer(index)) => index,
            Some(_) => return Err(EvaluationError::WrongType("an index must be an integer".to_owned())),
            None => return Ok(Collection::new()),
        };
        Ok(match usize::try_from(index) {
            Ok(index) if index < items.len() => smallvec![items.swap_remove(index)],
            _ => Collection::new(),
        })
    }

    fn sign(&self, operand: PartId, negative: bool, scope: &Scope<'_, 'a>) -> Evaluated<'a> {
        let items = self.part(operand, scope)?;
        let Some(value) = self.single_value("a sign", &items)? else {
            return Ok(Collection::new());
        };
        let signed = match value {
            Item::Integer(value) if negative => value.checked_neg().map(Item::Integer),
            Item::Decimal(value) if negative => Some(Item::Decimal(-value)),
            Item::Quantity(Quantity { value, unit }) if negative => {
                Some(Item::Quantity(Quantity { value: -value, unit }))
            }
            number @ (Item::Integer(_) | Item::Decimal(_) | Item::Quantity(_)) => Some(number),
            _ => return Err(EvaluationError::WrongType("only numbers and quantities have a sign".to_owned())),
        };
        Ok(signed.into_iter().collect())
    }

    fn binary(
        &self,
        id: PartId,
        operator: Operator,
        left: PartId,
        right: PartId,
        scope: &Scope<'_, 'a>,
    ) -> Evaluated<'a> {
        if is_logical(operator) {
            return Ok(self.truth(id, scope)?.map(Item::Boolean).into_iter().collect());
        }
        let left = self.part(left, scope)?;
        let right = self.part(right, scope)?;
        let answer = match operator {
            Operator::Equal | Operator::NotEqual => {
                // HAPI's legacy mode, in which STU3 invariants such as `code != component.code` are judged.
                let legacy = self.context.version == Version::Stu3;
                if !legacy && (left.is_empty() || right.is_empty()) {
                    return Ok(Collection::new());
                }
                let equal = compare::equal_collections(&left, &right, &self.steps)?;
                equal.map(|equal| equal == (operator == Operator::Equal))
            }
            Operator::Equivalent => Some(self.equivalent(&left, &right)?),
            Operator::NotEquivalent => Some(!self.equivalent(&left, &right)?),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                let (Some(left), Some(right)) =
                    (self.single("a comparison", &left)?, self.single("a comparison", &right)?)
                else {
                    return Ok(Collection::new());
                };
                // A primitive that has only extensions has no value to compare.
                if no_value(left) || no_value(right) {
                    return Ok(Collection::new());
                }
                compare::order(left, right)?.map(|order| match operator {
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            Operator::In => self.membership(&left, &right)?,
            Operator::Contains => self.membership(&right, &left)?,
            _ => return functions::arithmetic(self, operator, left, right),
        };
        Ok(answer.map(Item::Boolean).into_iter().collect())
    }

    /// As HAPI, several items are in a collection when each of them is.
    fn membership(&self, items: &[Item<'a>], collection: &[Item<'a>]) -> Truth {
        if items.is_empty() {
            return Ok(None);
        }
        for item in items {
            if !compare::contains(collection, item, &self.steps)? {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    /// Equivalence of collections disregards the order.
    fn equivalent(&self, left: &[Item<'a>], right: &[Item<'a>]) -> Result<bool, EvaluationError> {
        if left.len() != right.len() {
            return Ok(false);
        }
        let mut rest: Vec<&Item<'a>> = right.iter().collect();
        for item in left {
            let mut found = None;
            for (index, other) in rest.iter().enumerate() {
                if compare::equivalent(item, other, &self.steps)? {
                    found = Some(index);
                    break;
                }
            }
            match found {
                Some(index) => rest.swap_remove(index),
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// A part as a three-valued truth, by the rules of singleton evaluation.
    pub(super) fn truth(&self, id: PartId, scope: &Scope<'_, 'a>) -> Truth {
        let Some(Part::Binary { operator, left, right }) = self.expression.part(id) else {
            return self.truth_of(&self.part(id, scope)?);
        };
        if !is_logical(*operator) {
            return self.truth_of(&self.part(id, scope)?);
        }
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(EvaluationError::Limit);
        }
        self.depth.set(depth + 1);
        let left = self.truth(*left, scope)?;
        // The right side is left alone when the left one decides: it may be meant for the other case only.
        let decided = match (operator, left) {
            (Operator::And, Some(false)) => Some(false),
            (Operator::Or, Some(true)) | (Operator::Implies, Some(false)) => Some(true),
            _ => None,
        };
        let answer = match decided {
            Some(answer) => Some(answer),
            None => {
                let right = self.truth(*right, scope)?;
                match (operator, left, right) {
                    (Operator::And, Some(true), Some(true)) => Some(true),
                    (Operator::And, _, Some(false)) => Some(false),
                    (Operator::Or, _, Some(true)) => Some(true),
                    (Operator::Or, Some(false), Some(false)) => Some(false),
                    (Operator::Xor, Some(left), Some(right)) => Some(left != right),
                    (Operator::Implies, Some(true), right) => right,
                    (Operator::Implies, None, Some(true)) => Some(true),
                    _ => None,
                }
            }
        };
        self.depth.set(depth);
        Ok(answer)
    }

    /// A single item that is no boolean counts as true.
    pub(super) fn truth_of(&self, items: &[Item<'a>]) -> Truth {
        match items {
            [] => Ok(None),
            [item] => Ok(Some(item.boolean().unwrap_or(true))),
            many => Err(EvaluationError::NotSingle("a condition", many.len())),
        }
    }

    /// The only item, if any.
    pub(super) fn single<'i>(
        &self,
        what: &'static str,
        items: &'i [Item<'a>],
    ) -> Result<Option<&'i Item<'a>>, EvaluationError> {
        match items {
            [] => Ok(None),
            [item] => Ok(Some(item)),
            many => Err(EvaluationError::NotSingle(what, many.len())),
        }
    }

    /// The computed value of the only item, if there is one and it has one.
    pub(super) fn single_value(
        &self,
        what: &'static str,
        items: &[Item<'a>],
    ) -> Result<Option<Item<'a>>, EvaluationError> {
        self.single(what, items)?.map_or(Ok(None), Item::system)
    }
}

fn no_value(item: &Item<'_>) -> bool {
    item.node().is_some_and(|node| node.value().is_none())
}

fn is_logical(operator: Operator) -> bool {
    matches!(operator, Operator::And | Operator::Or | Operator::Xor | Operator::Implies)
}

fn value_of(literal: &Literal) -> Item<'_> {
    // The parser lets through no more than 28 digits; a literal from elsewhere that has more counts as zero.
    let decimal =
        |mantissa: &i128, scale: &u32| Decimal::try_from_i128_with_scale(*mantissa, *scale).unwrap_or_default();
    match literal {
        Literal::Boolean(value) => Item::Boolean(*value),
        Literal::Integer(value) => Item::Integer(*value),
        Literal::Decimal { mantissa, scale } => Item::Decimal(decimal(mantissa, scale)),
        Literal::String(text) => Item::str(text),
        Literal::Moment(moment) => Item::Moment(*moment),
        Literal::Quantity { mantissa, scale, unit } => {
            Item::Quantity(Quantity { value: decimal(mantissa, scale), unit: (&**unit).into() })
        }
    }
}

impl Function {
    /// The error of a function that this product does not have.
    pub(super) fn unsupported(self) -> EvaluationError {
        EvaluationError::Unsupported(self.name())
    }
}
