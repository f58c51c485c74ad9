//! A QuestionnaireResponse against its Questionnaire, as HAPI 5.2 judges it (resource-server.md §4, rule 14).
//!
//! Items come in the order of the questions, with the linkIds, nesting and types of these; what is required is answered and
//! what is not asked (`enable`) is not. The Questionnaire is one of the caller's ([`Questionnaires`]) or contained.

mod enable;
mod form;
mod options;
mod own;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use self::enable::{Around, Conditions};
use self::form::{Form, Number, choice};
use self::options::Offers;
use super::Severity;
use super::place::Place;
use super::walk::{Scope, Walk};
use crate::json::{Document, Value};

/// Where Questionnaires are looked up, for [`Options::questionnaires`](super::Options::questionnaires).
#[derive(Clone, Default)]
pub struct Questionnaires(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Option<Arc<Document>> + Send + Sync;

impl Questionnaires {
    /// By a function that is given what the response names: a canonical URL, in R4 perhaps with `|version`, in STU3 a
    /// reference such as `Questionnaire/1`.
    pub fn by(lookup: impl Fn(&str) -> Option<Arc<Document>> + Send + Sync + 'static) -> Questionnaires {
        Questionnaires(Some(Arc::new(lookup)))
    }

    /// Among documents at hand, by `url` (and version, when the response names one) or by `Questionnaire/<id>`. Documents
    /// of other types are left out.
    pub fn among(documents: impl IntoIterator<Item = Arc<Document>>) -> Questionnaires {
        let mut by_name: HashMap<String, Arc<Document>> = HashMap::new();
        for document in documents {
            let text = |key: &str| document.root().get(key).and_then(Value::as_str).map(str::to_owned);
            if text("resourceType").as_deref() != Some("Questionnaire") {
                continue;
            }
            let (url, version, id) = (text("url"), text("version"), text("id"));
            let versioned = url.as_ref().zip(version).map(|(url, version)| format!("{url}|{version}"));
            for name in [url, versioned, id.map(|id| format!("Questionnaire/{id}"))].into_iter().flatten() {
                by_name.entry(name).or_insert_with(|| Arc::clone(&document));
            }
        }
        Questionnaires::by(move |name| by_name.get(name).cloned())
    }

    fn find(&self, name: &str) -> Option<Arc<Document>> {
        self.0.as_ref().and_then(|lookup| lookup(name))
    }
}

impl fmt::Debug for Questionnaires {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Questionnaires(…)" } else { "Questionnaires(none)" })
    }
}

/// What is the same for all items of a response.
struct Judging<'f, 'q, 'w> {
    form: &'f Form<'q>,
    conditions: Conditions<'f, 'q, 'w>,
    offers: Offers,
    /// What is required may still be missing.
    is_in_progress: bool,
}

/// An item of the response with its place in the list it stands in.
type Indexed<'w> = (usize, Value<'w>);

impl<'w> Walk<'w> {
    /// Judges a response by its Questionnaire.
    pub(super) fn questionnaire(&mut self, scope: &Scope<'w>, place: &Place<'_>, response: Value<'w>) {
        let named = response.get("questionnaire");
        let url = named.and_then(|named| named.as_str().or_else(|| named.get("reference")?.as_str()));
        let Some(url) = url else {
            let text =
                "No questionnaire is identified, so no validation can be performed against the base questionnaire";
            return self.warning("questionnaire", place, named.unwrap_or(response), text.to_owned());
        };
        let contained = url.strip_prefix('#').and_then(|id| self.shared.contained(scope.resource, id));
        if let Some(questionnaire) = contained {
            return self.by_form(place, response, &Form::read(questionnaire));
        }
        match self.options.questionnaires.find(url) {
            Some(document) => self.by_form(place, response, &Form::read(document.root())),
            None => {
                let text = format!(
                    "The questionnaire '{url}' could not be resolved, so no validation can be performed against the base questionnaire"
                );
                self.warning("questionnaire", place, named.unwrap_or(response), text);
            }
        }
    }

    fn by_form(&mut self, place: &Place<'_>, response: Value<'w>, form: &Form<'_>) {
        let mut judging = Judging {
            form,
            conditions: Conditions::new(form, self.definitions, response),
            offers: Offers::default(),
            is_in_progress: response.get("status").and_then(Value::as_str) == Some("in-progress"),
        };
        self.response_items(&mut judging, place, response, None, None);
    }

    /// The items of an object (the response, a group or an answer) and the questions they may answer.
    fn response_items(
        &mut self,
        judging: &mut Judging<'_, '_, 'w>,
        place: &Place<'_>,
        object: Value<'w>,
        parent: Option<Number>,
        around: Option<&Around<'_, 'w>>,
    ) {
        let form = judging.form;
        let mut answered: HashMap<Number, Vec<Indexed<'w>>> = HashMap::new();
        let mut last = 0;
        let here = place.child("item");
        for (index, item) in object.get("item").into_iter().flat_map(Value::items).enumerate() {
            let link_id = item.get("linkId").and_then(Value::as_str).unwrap_or_default();
            let at = here.at(Some(index));
            if link_id.is_empty() {
                self.error("item-link", &at, item, "No LinkId, so can't be validated".to_owned());
                continue;
            }
            let Some(number) = form.find(link_id) else {
                self.error("item-unknown", &at, item, format!("LinkId '{link_id}' not found in questionnaire"));
                continue;
            };
            let question = &form.questions[number];
            if question.parent != parent {
                let text = format!("Structural Error: item with linkid {link_id} is in the wrong place");
                self.error("item-misplaced", &at, item, text);
                let around = Around { outer: around, question: number, item };
                self.response_item(judging, &at, number, item, &around);
                continue;
            }
            if question.position < last {
                self.error("item-order", &at, item, "Structural Error: items are out of order".to_owned());
            }
            last = question.position;
            // One with neither answer nor items counts as not there: that is how questions that are not asked may stay.
            if item.get("answer").is_some() || item.get("item").is_some() {
                answered.entry(number).or_default().push((index, item));
            }
        }
        let questions = parent.map_or(&form.top, |parent| &form.questions[parent].children);
        for &number in questions {
            // A linkId that comes twice belongs to the first question that has it.
            if form.find(form.questions[number].link_id) == Some(number) {
                let items = answered.get(&number).map_or(&[][..], Vec::as_slice);
                self.answered(judging, place, object, number, items, around);
            }
        }
    }

    /// A question and the items that answer it in one object.
    fn answered(
        &mut self,
        judging: &mut Judging<'_, '_, 'w>,
        place: &Place<'_>,
        object: Value<'w>,
        number: Number,
        items: &[Indexed<'w>],
        around: Option<&Around<'_, 'w>>,
    ) {
        let question = &judging.form.questions[number];
        let here = place.child("item");
        let enabled = judging.conditions.is_enabled(number, around);
        if let Err(reason) = &enabled {
            let text = format!("Whether item '{}' is enabled cannot be told: {reason}", question.link_id);
            let anchor = items.first().map_or(object, |(_, item)| *item);
            self.warning("item-condition", &here, anchor, text);
        }
        if items.is_empty() && question.is_required && enabled == Ok(true) {
            let text = format!("No response answer found for required item '{}'", question.link_id);
            let severity = if judging.is_in_progress { Severity::Warning } else { Severity::Error };
            let location = place.location();
            self.report_at(severity, "item-required", &here, &location, object, text);
        }
        if let Some((index, second)) = items.get(1).filter(|_| !question.repeats) {
            let text = format!("Only one response item with this linkId allowed - {}", question.link_id);
            self.error("item-repeats", &here.at(Some(*index)), *second, text);
        }
        for (index, item) in items {
            let at = here.at(Some(*index));
            if enabled == Ok(false) {
                let text = format!("Item has answer, even though it is not enabled (item id = '{}')", question.link_id);
                self.error("item-disabled", &at, *item, text);
            }
            let around = Around { outer: around, question: number, item: *item };
            self.response_item(judging, &at, number, *item, &around);
        }
    }

    /// One item: its text, its answers and what is below them.
    fn response_item(
        &mut self,
        judging: &mut Judging<'_, '_, 'w>,
        place: &Place<'_>,
        number: Number,
        item: Value<'w>,
        around: &Around<'_, 'w>,
    ) {
        let question = &judging.form.questions[number];
        let link_id = question.link_id;
        if let Some(text) = item.get("text").and_then(Value::as_str).filter(|text| !text.is_empty())
            && question.item.get("text").and_then(Value::as_str) != Some(text)
        {
            let text = format!("If text exists, it must match the questionnaire definition for linkId {link_id}");
            self.error("item-text", place, item, text);
        }
        let answers = || item.get("answer").into_iter().flat_map(Value::items);
        if answers().next().is_none() && question.is_required && question.kind != "group" {
            let text = format!("No response answer found for required item '{link_id}'");
            match judging.is_in_progress {
                true => self.warning("item-required", place, item, text),
                false if judging.conditions.is_enabled(number, around.outer) == Ok(true) => {
                    self.error("item-required", place, item, text);
                }
                false => {}
            }
        }
        let answer_place = place.child("answer");
        if let Some(second) = answers().nth(1).filter(|_| !question.repeats) {
            let text = "Only one response answer item with this linkId allowed".to_owned();
            self.error("item-repeats", &answer_place.at(Some(1)), second, text);
        }
        for (index, answer) in answers().enumerate() {
            let at = answer_place.at(Some(index));
            if question.kind == "group" {
                self.error("item-nesting", &at, answer, "Items of type group should not have answers".to_owned());
                continue;
            }
            self.answer(judging, &at, number, answer);
            self.deeper(&at, answer, |walk| walk.response_items(judging, &at, answer, Some(number), Some(around)));
        }
        match question.kind {
            "group" => {
                self.deeper(place, item, |walk| walk.response_items(judging, place, item, Some(number), Some(around)));
            }
            "" => {
                let text = format!("Definition for item {link_id} does not contain a type");
                self.error("item-type", place, item, text);
            }
            kind => {
                let Some(items) = item.get("item") else { return };
                let text = match kind {
                    "display" => format!("Items not of type DISPLAY should not have items - linkId {link_id}"),
                    _ => "Items not of type group should not have items outside answers (use answer.item not .item)"
                        .to_owned(),
                };
                self.error("item-nesting", &place.child("item"), items, text);
            }
        }
    }

    /// The type of an answer, and whether it is one to choose from.
    fn answer(&mut self, judging: &mut Judging<'_, '_, 'w>, place: &Place<'_>, number: Number, answer: Value<'w>) {
        let question = &judging.form.questions[number];
        let Some((type_name, value)) = choice(answer, "value") else { return };
        // What HAPI 5.2 does not look at: the service stores it.
        if question.kind == "display" {
            let text = format!("Item '{}' is a text to display: it takes no answer", question.link_id);
            self.warning("item-display", place, answer, text);
        }
        if let Some(longest) =
            question.item.get("maxLength").and_then(Value::number).and_then(|it| it.parse::<usize>().ok())
            && value.as_str().is_some_and(|text| text.chars().count() > longest)
        {
            let text = format!("The answer to item '{}' is longer than its maxLength, {longest}", question.link_id);
            self.warning("item-length", &place.child("value").choosing(type_name), value, text);
        }
        let types: &[&str] = match question.kind {
            "boolean" => &["Boolean"],
            "decimal" => &["Decimal"],
            "integer" => &["Integer"],
            "date" => &["Date"],
            "dateTime" => &["DateTime"],
            "time" => &["Time"],
            "string" | "text" => &["String"],
            "url" => &["Uri"],
            "attachment" => &["Attachment"],
            "reference" => &["Reference"],
            "quantity" => &["Quantity"],
            "choice" | "open-choice" => &["Coding", "Date", "Time", "Integer", "String"],
            _ => return,
        };
        let lowered = |type_name: &str| match type_name {
            "Coding" | "Attachment" | "Reference" | "Quantity" => type_name.to_owned(),
            "DateTime" => "dateTime".to_owned(),
            simple => simple.to_ascii_lowercase(),
        };
        let here = place.child("value").choosing(type_name);
        if !types.contains(&type_name) {
            let names: Vec<String> = types.iter().map(|name| lowered(name)).collect();
            let text = match names.as_slice() {
                [only] => format!("Answer value must be of type {only}"),
                several => format!("Answer value must be one of the types {}", several.join(", ")),
            };
            return self.error("item-type", &here, value, text);
        }
        if matches!(question.kind, "choice" | "open-choice") {
            self.option(judging.form, &mut judging.offers, &here, number, type_name, value);
        }
    }
}

#[cfg(test)]
mod tests;
