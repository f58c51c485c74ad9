//! Invariants, through FHIRPath.

use std::rc::Rc;

use super::answers::Answers;
use super::place::Place;
use super::walk::{Scope, Walk};
use crate::fhir::definitions::Constraint;
use crate::fhir::path::syntax::normalised;
use crate::fhir::path::{Context, EvaluationError, Node};
use crate::json::Value;

/// Expressions that are not evaluated: the narrative is judged in one pass over its text, and that a contained reference
/// leads somewhere is judged with the reference.
const JUDGED_ELSEWHERE: [&str; 3] = ["txt-1", "txt-2", "ref-1"];
/// Best practice rather than a rule, which HAPI leaves out unless asked; and HL7's rule that a vital sign is dated to the day,
/// which holds for every value in HAPI 5.2: there the text of a dateTime is always long enough.
const NOT_JUDGED: [&str; 2] = ["dom-6", "vs-1"];

impl<'w> Walk<'w> {
    /// Judges the invariants of one element.
    pub(super) fn invariants(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        constraints: &'w [Constraint],
        value: Option<Value<'w>>,
        sibling: Option<Value<'w>>,
    ) {
        if constraints.is_empty() {
            return;
        }
        let anchor = value.or(sibling).unwrap_or(scope.resource);
        let answers = Answers {
            definitions: self.definitions,
            options: self.options,
            shared: Rc::clone(&self.shared),
            scope: *scope,
            document: self.document,
            depth: self.depth,
        };
        let mut context: Option<Context<'_>> = None;
        for constraint in constraints {
            let is_judged = scope.is_vital_sign && constraint.key.starts_with("vs-");
            if is_judged
                || NOT_JUDGED.contains(&&*constraint.key)
                || JUDGED_ELSEWHERE.contains(&&*constraint.key)
                || self.holds_trivially(constraint, scope)
            {
                continue;
            }
            let expression = match self.definitions.expression(constraint) {
                Ok(expression) => expression,
                Err(reason) => {
                    let text = format!("{}: cannot be judged ({reason}): {}", constraint.key, constraint.human);
                    self.warning(&constraint.key, place, anchor, text);
                    continue;
                }
            };
            let context = context.get_or_insert_with(|| {
                let context = Context::new(Node::root(scope.resource))
                    .with_root_resource(Node::root(scope.root_resource))
                    .with_model(answers.definitions)
                    .with_version(answers.definitions.version())
                    .with_budget(&answers.shared.budget)
                    .with_services(&answers);
                match answers.options.now {
                    Some(now) => context.with_now(now, 0),
                    None => context,
                }
            });
            let type_code = (!place.type_code.is_empty()).then_some(place.type_code);
            match expression.holds(context, Node::new(value, sibling, type_code)) {
                Ok(true) => {}
                // Asked for what is not to be had here: listed, but not held against the resource.
                Err(reason @ (EvaluationError::NoClock(_) | EvaluationError::Unanswered(_))) => {
                    let text = format!("{}: cannot be judged ({reason}): {}", constraint.key, constraint.human);
                    self.warning(&constraint.key, place, anchor, text);
                }
                failed => {
                    // An expression that breaks off does not hold, as in HAPI.
                    let reason = failed.err().map(|reason| format!(" ({reason})")).unwrap_or_default();
                    // HAPI quotes expressions as its own parser writes them.
                    let quoted =
                        normalised(&constraint.expression).unwrap_or_else(|_| constraint.expression.to_string());
                    let text = format!("{}: {}{reason} [{quoted}]", constraint.key, constraint.human);
                    let anchor = match place.is_resource {
                        true => subject(&constraint.expression, anchor).unwrap_or(anchor),
                        false => anchor,
                    };
                    match constraint.is_error {
                        true => self.error(&constraint.key, place, anchor, text),
                        false => self.warning(&constraint.key, place, anchor, text),
                    }
                }
            }
        }
    }

    /// dom-2 to dom-5 speak of contained resources alone, and few resources have any.
    fn holds_trivially(&self, constraint: &Constraint, scope: &Scope<'_>) -> bool {
        matches!(&*constraint.key, "dom-1" | "dom-2" | "dom-3" | "dom-4" | "dom-5")
            && constraint.expression.starts_with("contained.")
            && scope.resource.get("contained").is_none()
    }
}

/// The element of a resource that an expression speaks of first, to point at that rather than at the whole resource.
fn subject<'w>(expression: &str, resource: Value<'w>) -> Option<Value<'w>> {
    let mut rest = expression;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = match first {
            // Texts and quoted names.
            '\'' | '"' | '`' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            letter if letter.is_ascii_alphabetic() => {
                rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len())
            }
            other => other.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        // Neither a later step of a path, nor a variable, nor a function.
        let is_step = first.is_ascii_alphabetic() && !matches!(before, '.' | '%' | '$') && !after.starts_with('(');
        if is_step
            && let Some(element) = resource.members().find_map(|(key, value)| is_named(key, word).then_some(value))
        {
            return Some(element);
        }
        before = first;
        rest = after;
    }
    None
}

/// Whether a member is the element `name`, or the choice of that name.
fn is_named(key: &str, name: &str) -> bool {
    key.strip_prefix(name)
        .is_some_and(|suffix| suffix.is_empty() || suffix.starts_with(|first: char| first.is_ascii_uppercase()))
}
