//! Questionnaire and QuestionnaireResponse (<https://hl7.org/fhir/R4/questionnaire.html>, differences to STU3).

use super::tree::Node;
use super::{Change, Draft};

impl Draft<'_> {
    pub(super) fn questionnaire_response(&mut self) {
        if let Some(questionnaire @ Node::Object(_)) = self.root.get_mut("questionnaire")
            && let Some(canonical) = questionnaire.text_of("reference").map(str::to_owned)
        {
            *questionnaire = Node::text(canonical.clone());
            let path = "QuestionnaireResponse.questionnaire".to_owned();
            let why = "R4 names the questionnaire by its canonical URL, not by a reference";
            self.changed(path, format!("reference: {canonical}"), canonical, why);
        }
        self.rename("parent", "partOf", "renamed in R4");
        self.context();
    }

    pub(super) fn questionnaire(&mut self) {
        let mut changes = Vec::new();
        items(&mut self.root, "Questionnaire", &mut changes);
        self.changes.append(&mut changes);
    }
}

/// The items below a questionnaire or an item.
fn items(node: &mut Node, path: &str, changes: &mut Vec<Change>) {
    for (index, item) in node.get_mut("item").into_iter().flat_map(Node::each_mut).enumerate() {
        let path = format!("{path}.item[{index}]");
        let mut change = |member: &str, from: &str, to: &str, why: &str| {
            let (from, to, why) = (from.to_owned(), to.to_owned(), why.to_owned());
            changes.push(Change { path: format!("{path}.{member}"), from, to, why });
        };
        if item.rename("option", "answerOption") {
            change("option", "option", "answerOption", "renamed in R4");
        }
        if let Some(reference) = item.get("options").and_then(|options| options.text_of("reference")).map(str::to_owned)
        {
            if let Some(options) = item.get_mut("options") {
                *options = Node::text(reference);
            }
            item.rename("options", "answerValueSet");
            let why = "R4 names the value set by its canonical URL, not by a reference";
            change("options", "options.reference", "answerValueSet", why);
        }
        if let Some(name) = selected(item) {
            let why = "with options given, R4 marks the one that is chosen at the start";
            change(&name, &name, "answerOption.initialSelected", why);
        } else if let Some(name) = initial(item) {
            change(&name, &name, &format!("initial[0].{}", value(&name)), "the initial value repeats in R4");
        }
        let is_any = enable_when(item, &mut change);
        if is_any {
            item.insert(usize::MAX, "enableBehavior", Node::text("any"));
            let why = "of several conditions one was enough in STU3; R4 wants it said";
            change("enableWhen", "several", "enableBehavior: any", why);
        }
        items(item, &path, changes);
    }
}

/// `initialString` → `valueString`
fn value(name: &str) -> String {
    format!("value{}", name.strip_prefix("initial").unwrap_or_default())
}

/// The name of `initial[x]`.
fn initial_name(item: &mut Node) -> Option<String> {
    let is_initial = |key: &&String| key.strip_prefix("initial").is_some_and(|of_type| !of_type.is_empty());
    item.members()?.iter().map(|(key, _)| key).find(is_initial).cloned()
}

/// `initial[x]` that is one of the options → `initialSelected` of that option; the name it had.
fn selected(item: &mut Node) -> Option<String> {
    let name = initial_name(item)?;
    let value = value(&name);
    let chosen = item.get(&name)?.clone();
    let mut options = item.get_mut("answerOption")?.each_mut();
    let option = options.find(|option| option.get(&value) == Some(&chosen))?;
    option.insert(usize::MAX, "initialSelected", Node::Literal("true".to_owned()));
    item.remove(&name);
    Some(name)
}

/// `initial[x]` → `initial[0].value[x]`; the name it had.
fn initial(item: &mut Node) -> Option<String> {
    let name = initial_name(item)?;
    let (index, own) = item.remove(&name)?;
    item.insert(index, "initial", Node::Array(vec![Node::object([(value(&name).as_str(), own)])]));
    Some(name)
}

/// Conditions get an operator. Whether there are several.
fn enable_when(item: &mut Node, change: &mut impl FnMut(&str, &str, &str, &str)) -> bool {
    let mut count = 0;
    for (index, condition) in item.get_mut("enableWhen").into_iter().flat_map(Node::each_mut).enumerate() {
        count += 1;
        let place = format!("enableWhen[{index}]");
        let after_question = condition.members().map_or(0, |members| {
            members.iter().position(|(key, _)| key == "question").map_or(0, |position| position + 1)
        });
        if condition.get("operator").is_some() {
            continue;
        }
        if condition.rename("hasAnswer", "answerBoolean") {
            condition.insert(after_question, "operator", Node::text("exists"));
            change(&place, "hasAnswer", "operator: exists, answerBoolean", "a condition of R4 has an operator");
        } else {
            condition.insert(after_question, "operator", Node::text("="));
            change(&place, "the answer alone", "operator: =", "a condition of R4 has an operator");
        }
    }
    count > 1
}
