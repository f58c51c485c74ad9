//! FHIR's additions to the language.

use super::super::context::{EvaluationError, Services};
use super::super::evaluate::Evaluated;
use super::super::item::{Collection, Item, Node};
use super::super::navigate;
use super::super::syntax::Function as F;
use super::{Call, boolean, truth};
use crate::fhir::narrative;
use crate::json::Value;

pub(super) fn call<'a>(call: &Call<'_, '_, 'a>) -> Evaluated<'a> {
    match call.function {
        F::Extension => call.extensions(),
        // No specification has it, but a search parameter of R4 uses it.
        F::HasExtension => Ok(truth(!call.extensions()?.is_empty())),
        F::HasValue => {
            let has_value = match call.input.as_slice() {
                [Item::Node(node)] => node.has_primitive_value(),
                [_] => true,
                _ => false,
            };
            Ok(truth(has_value))
        }
        F::GetValue => match call.input.as_slice() {
            [Item::Node(node)] if !node.has_primitive_value() => Ok(Collection::new()),
            [item] => Ok(item.system()?.into_iter().collect()),
            _ => Ok(Collection::new()),
        },
        F::Resolve => call.resolve(),
        F::MemberOf => call.ask(|services, item, url| services.member_of(item, url)),
        F::ConformsTo => call.ask(|services, item, url| services.conforms_to(item, url)),
        _ => {
            let [Item::Node(node)] = call.input.as_slice() else {
                return Ok(truth(false));
            };
            let Some(div) = node.value().and_then(Value::as_str) else {
                return Ok(truth(false));
            };
            call.evaluator.steps.take(div.len() / 16)?;
            Ok(truth(match call.function {
                F::HtmlChecks1 => narrative::names_are_allowed(div),
                F::HtmlChecks2 => narrative::has_content(div),
                _ => narrative::html_checks(div),
            }))
        }
    }
}

impl<'a> Call<'_, '_, 'a> {
    fn extensions(&self) -> Evaluated<'a> {
        let Some(url) = self.argument_text(0)? else {
            return Ok(Collection::new());
        };
        let mut result = Collection::new();
        for node in self.input.iter().filter_map(Item::node) {
            navigate::push_named(self.evaluator.context, node, "extension", &mut result);
        }
        result.retain(|item| {
            let value = item.node().and_then(Node::value);
            value.and_then(|value| value.get("url")).and_then(Value::as_str) == Some(&*url)
        });
        Ok(result)
    }

    /// A question about the single input that only the caller can answer; with nobody to ask the result is empty.
    fn ask(&self, answer: impl Fn(&'a dyn Services, &Item<'a>, &str) -> Option<bool>) -> Evaluated<'a> {
        let Some(url) = self.argument_text(0)? else {
            return Ok(Collection::new());
        };
        let item = self.evaluator.single(self.function.name(), &self.input)?;
        let (Some(item), Some(services)) = (item, self.evaluator.context.services) else {
            return Ok(Collection::new());
        };
        let unanswered = || EvaluationError::Unanswered(format!("{}({url})", self.function.name()));
        answer(services, item, &url).map(|answer| boolean(Some(answer))).ok_or_else(unanswered)
    }

    /// What references and URIs point to; those that lead nowhere are left out.
    fn resolve(&self) -> Evaluated<'a> {
        let mut result = Collection::new();
        for item in &self.input {
            let reference = match item {
                Item::Node(node) => node.text().or_else(|| node.value()?.get("reference")?.as_str()),
                _ => None,
            };
            let found = match (reference, item) {
                (Some(reference), _) => self.target(reference)?,
                (None, Item::String(text)) => self.target(text)?,
                _ => None,
            };
            result.extend(found.map(Item::Node));
        }
        Ok(result)
    }

    fn target(&self, reference: &str) -> Result<Option<Node<'a>>, EvaluationError> {
        let context = self.evaluator.context;
        let Some(id) = reference.strip_prefix('#') else {
            return Ok(context.services.and_then(|services| services.resolve(reference)));
        };
        if id.is_empty() {
            return Ok(Some(context.root_resource));
        }
        for holder in [context.root_resource, context.resource] {
            let mut contained = Collection::new();
            navigate::push_named(context, &holder, "contained", &mut contained);
            self.evaluator.steps.take(contained.len())?;
            let has_id =
                |node: &&Node<'a>| node.value().and_then(|value| value.get("id")).and_then(Value::as_str) == Some(id);
            if let Some(node) = contained.iter().filter_map(Item::node).find(has_id) {
                return Ok(Some(*node));
            }
        }
        Ok(None)
    }
}
