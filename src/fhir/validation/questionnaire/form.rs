//! A Questionnaire as a tree of questions, whichever FHIR version it is written in.

use std::collections::HashMap;

use crate::json::Value;

/// Kanta's condition in FHIRPath, beside or instead of `enableWhen` (StructureDefinition-fiphr-ext-questionnaire-enablewhen).
const ENABLE_WHEN_EXTENSION: &str = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen";

/// The number of a question in [`Form::questions`].
pub(super) type Number = usize;

/// The questions of a Questionnaire in the order they are written.
pub(super) struct Form<'q> {
    pub(super) questionnaire: Value<'q>,
    pub(super) questions: Vec<Question<'q>>,
    numbers: HashMap<&'q str, Number>,
    /// The questions that stand in no other.
    pub(super) top: Vec<Number>,
}

/// One item of a Questionnaire.
pub(super) struct Question<'q> {
    pub(super) item: Value<'q>,
    pub(super) link_id: &'q str,
    /// The question it stands in.
    pub(super) parent: Option<Number>,
    /// Its place among its siblings.
    pub(super) position: usize,
    pub(super) children: Vec<Number>,
    /// `Questionnaire.item.type`, empty when it is missing.
    pub(super) kind: &'q str,
    pub(super) is_required: bool,
    pub(super) repeats: bool,
}

impl<'q> Form<'q> {
    /// Reads a Questionnaire; of several items with one linkId the first counts.
    pub(super) fn read(questionnaire: Value<'q>) -> Form<'q> {
        let mut form = Form { questionnaire, questions: Vec::new(), numbers: HashMap::new(), top: Vec::new() };
        form.top = form.read_items(questionnaire, None);
        form
    }

    /// Recursion is as deep as the JSON, which the parser bounds.
    fn read_items(&mut self, object: Value<'q>, parent: Option<Number>) -> Vec<Number> {
        let mut numbers = Vec::new();
        for (position, item) in object.get("item").into_iter().flat_map(Value::items).enumerate() {
            let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
            let says = |key: &str| item.get(key).and_then(Value::as_bool) == Some(true);
            let number = self.questions.len();
            self.questions.push(Question {
                item,
                link_id: text("linkId"),
                parent,
                position,
                children: Vec::new(),
                kind: text("type"),
                is_required: says("required"),
                repeats: says("repeats"),
            });
            self.numbers.entry(text("linkId")).or_insert(number);
            numbers.push(number);
            let children = self.read_items(item, Some(number));
            self.questions[number].children = children;
        }
        numbers
    }

    /// The question with this linkId.
    pub(super) fn find(&self, link_id: &str) -> Option<Number> {
        self.numbers.get(link_id).copied()
    }

    /// The questions around one, from the nearest outwards.
    pub(super) fn ancestors(&self, number: Number) -> impl Iterator<Item = Number> + '_ {
        std::iter::successors(self.questions[number].parent, |&number| self.questions[number].parent)
    }

    /// The resource of a type contained in the Questionnaire.
    pub(super) fn contained(&self, id: &str) -> Option<Value<'q>> {
        let mut contained = self.questionnaire.get("contained").into_iter().flat_map(Value::items);
        contained.find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
    }
}

impl<'q> Question<'q> {
    /// The condition in FHIRPath, when it has one.
    pub(super) fn expression(&self) -> Option<&'q str> {
        let mut extensions = self.item.get("extension").into_iter().flat_map(Value::items);
        let of_url = |extension: &Value<'q>| {
            extension.get("url").and_then(Value::as_str).is_some_and(|url| url == ENABLE_WHEN_EXTENSION)
        };
        extensions.find(of_url)?.get("valueString")?.as_str()
    }

    /// `enableWhen`
    pub(super) fn conditions(&self) -> impl Iterator<Item = Value<'q>> + Clone {
        self.item.get("enableWhen").into_iter().flat_map(Value::items)
    }

    /// Whether one condition of several is enough; `None` when that is not said. In STU3, whose conditions have no
    /// operator, one is.
    pub(super) fn any_suffices(&self) -> Option<bool> {
        let mut conditions = self.conditions();
        let is_stu3 = conditions.clone().all(|condition| condition.get("operator").is_none());
        match self.item.get("enableBehavior").and_then(Value::as_str) {
            Some("any") => Some(true),
            Some("all") => Some(false),
            _ if is_stu3 => Some(true),
            // HAPI asks for the word only where it makes a difference.
            _ => (conditions.nth(1).is_none()).then_some(true),
        }
    }

    /// The answers to choose from: R4 `answerOption`, STU3 `option`.
    pub(super) fn options(&self) -> impl Iterator<Item = Value<'q>> + Clone {
        let options = self.item.get("answerOption").or(self.item.get("option"));
        options.into_iter().flat_map(Value::items)
    }

    /// The value set to choose from: R4 `answerValueSet`, STU3 `options`.
    pub(super) fn value_set(&self) -> Option<&'q str> {
        let canonical = self.item.get("answerValueSet").and_then(Value::as_str);
        canonical.or_else(|| self.item.get("options")?.get("reference")?.as_str())
    }
}

/// The member `name[x]` of an object: the type in its name and the value.
pub(super) fn choice<'v>(object: Value<'v>, name: &str) -> Option<(&'v str, Value<'v>)> {
    object.members().find_map(|(key, value)| {
        let type_name = key.strip_prefix(name)?;
        type_name.starts_with(|first: char| first.is_ascii_uppercase()).then_some((type_name, value))
    })
}
