//! What R4 has no place for and no rule can decide: said in words, so that a developer knows what to do.

use super::Decision;
use crate::json::Value;

/// Kanta's condition in FHIRPath, which has no definition for R4.
const ENABLE_WHEN: &str = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen";

/// What of an STU3 resource a person has to decide.
pub(super) fn of(type_name: &str, resource: Value<'_>) -> Vec<Decision> {
    let mut decisions = Vec::new();
    devices(type_name, resource, &mut decisions);
    match type_name {
        "Questionnaire" => conditions(resource, type_name, &mut decisions),
        "MedicationAdministration" => representatives(resource, &mut decisions),
        _ => {}
    }
    decisions
}

/// The items' conditions. Recursion is as deep as the JSON, which its parser bounds.
fn conditions(around: Value<'_>, path: &str, decisions: &mut Vec<Decision>) {
    for (index, item) in list(around, "item") {
        let path = format!("{path}.item[{index}]");
        for (index, extension) in list(item, "extension") {
            if extension.get("url").and_then(Value::as_str) != Some(ENABLE_WHEN) {
                continue;
            }
            let condition = extension.get("valueString").and_then(Value::as_str).unwrap_or_default();
            decisions.push(Decision {
                path: format!("{path}.extension[{index}]"),
                text: format!(
                    "the condition {condition:?} is an extension of Kanta's that is published for STU3 alone: R4 stores it, and \
                     readers may ask the question whatever the answers are. Say it as enableWhen (question, operator, answer[x]; \
                     several with enableBehavior) and take the extension out, or ask the question always"
                ),
            });
        }
        conditions(item, &path, decisions);
    }
}

/// On whose behalf somebody gave a medicine.
fn representatives(resource: Value<'_>, decisions: &mut Vec<Decision>) {
    for (index, _) in list(resource, "performer").filter(|(_, performer)| performer.get("onBehalfOf").is_some()) {
        decisions.push(Decision {
            path: format!("MedicationAdministration.performer[{index}].onBehalfOf"),
            text: "R4 does not say on whose behalf somebody acted. Take onBehalfOf out, and where it matters say it in the \
                   narrative (text), or name the organisation as actor of a performer of its own if the profile allows one"
                .to_owned(),
        });
    }
}

/// Devices: in STU3 they were contained in what they measured.
fn devices(type_name: &str, resource: Value<'_>, decisions: &mut Vec<Decision>) {
    let is_device = |device: &Value<'_>| device.get("resourceType").and_then(Value::as_str) == Some("Device");
    for (index, _) in list(resource, "contained").filter(|(_, contained)| is_device(contained)) {
        decisions.push(Decision {
            path: format!("{type_name}.contained[{index}]"),
            text: format!(
                "the R4 profiles have no place for a device ({type_name}.device is not allowed), and none is published for a \
                 contained Device. Take out both the Device and the reference to it (device), and say what a reader should know \
                 of it, such as maker and model, in the narrative (text) or a note"
            ),
        });
    }
}

fn list<'v>(value: Value<'v>, key: &str) -> impl Iterator<Item = (usize, Value<'v>)> {
    value.get(key).into_iter().flat_map(Value::each).enumerate()
}
