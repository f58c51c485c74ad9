//! What a Questionnaire's conditions may ask about, beyond its invariants.

use super::form::Form;
use crate::fhir::path::Expression;
use crate::fhir::validation::place::Place;
use crate::fhir::validation::walk::Walk;
use crate::json::Value;

impl<'w> Walk<'w> {
    /// Judges the conditions of a Questionnaire; HAPI does so on R4 alone.
    pub(in super::super) fn conditions(&mut self, place: &Place<'_>, questionnaire: Value<'w>) {
        let form = Form::read(questionnaire);
        self.conditions_below(&form, place, questionnaire);
    }

    /// Recursion is as deep as the JSON, which the walk before has found not too deep.
    fn conditions_below(&mut self, form: &Form<'w>, place: &Place<'_>, object: Value<'w>) {
        let here = place.child("item");
        for (index, item) in object.get("item").into_iter().flat_map(Value::items).enumerate() {
            let at = here.at(Some(index));
            self.item_conditions(form, &at, item);
            self.deeper(&at, item, |walk| walk.conditions_below(form, &at, item));
        }
    }

    fn item_conditions(&mut self, form: &Form<'w>, place: &Place<'_>, item: Value<'w>) {
        let link_id = item.get("linkId").and_then(Value::as_str).unwrap_or_default();
        let conditions = item.get("enableWhen").into_iter().flat_map(Value::items);
        let Some(own) = form.find(link_id).filter(|&number| form.questions[number].item == item) else { return };
        if let Some(expression) = form.questions[own].expression()
            && let Err(reason) = Expression::of_definition(expression)
        {
            let text = format!("The condition {expression:?} cannot be evaluated: {reason}");
            self.error("condition", &place.child("extension"), item, text);
        }
        let here = place.child("enableWhen");
        for (index, condition) in conditions.enumerate() {
            let at = here.at(Some(index));
            let Some(asked) = condition.get("question").and_then(Value::as_str) else {
                let text = "Questions with an enableWhen must have a value for the question link";
                self.error("condition", &at, condition, text.to_owned());
                continue;
            };
            let Some(target) = form.find(asked) else {
                let text = format!(
                    "Unable to find an item with the linkId '{asked}' which is referenced in the enableWhen for '{link_id}'"
                );
                self.error("condition", &at, condition, text);
                continue;
            };
            if target == own {
                let text = "Target for this question enableWhen can't reference itself";
                self.error("condition", &at, condition, text.to_owned());
            } else if form.ancestors(target).any(|around| around == own) {
                let text =
                    "Questions with an enableWhen cannot refer to an inner question for it's enableWhen condition";
                self.error("condition", &at, condition, text.to_owned());
            } else if target > own {
                let text = format!("The target of this enableWhen rule ({asked}) comes after the question itself");
                self.warning("condition", &at, condition, text);
            }
        }
    }
}
