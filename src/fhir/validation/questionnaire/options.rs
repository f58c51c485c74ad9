//! Whether an answer is one of those a question offers.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::form::{Form, Number, choice};
use crate::fhir::definitions::compile::{self, Source};
use crate::fhir::definitions::{CodeList, Definitions};
use crate::fhir::validation::place::Place;
use crate::fhir::validation::slices::is_in;
use crate::fhir::validation::walk::Walk;
use crate::json::Value;

/// What a question offers to choose from.
pub(super) enum Offer {
    /// Nothing is said.
    Nothing,
    /// These answers, each with its type (see [`key`]).
    Answers { types: HashSet<String>, answers: HashSet<String> },
    /// The codes of a value set the definitions have.
    ValueSet(String),
    /// The codes of a value set within the Questionnaire; `None` when it cannot be put together.
    Contained(String, Option<CodeList>),
}

/// The offers of the questions looked at so far: a question may be answered many times.
#[derive(Default)]
pub(super) struct Offers(HashMap<Number, Rc<Offer>>);

impl Offers {
    fn of(&mut self, form: &Form<'_>, number: Number, definitions: &Definitions) -> Rc<Offer> {
        Rc::clone(self.0.entry(number).or_insert_with(|| Rc::new(Offer::read(form, number, definitions))))
    }
}

impl Offer {
    fn read(form: &Form<'_>, number: Number, definitions: &Definitions) -> Offer {
        let question = &form.questions[number];
        let options = || question.options().filter_map(|option| choice(option, "value"));
        if question.options().next().is_some() {
            return Offer::Answers {
                types: options().map(|(name, _)| name.to_owned()).collect(),
                answers: options().map(|(name, value)| key(name, value)).collect(),
            };
        }
        match question.value_set() {
            None => Offer::Nothing,
            Some(url) => match url.strip_prefix('#') {
                None => Offer::ValueSet(url.to_owned()),
                Some(id) => {
                    let list = form.contained(id).and_then(|resource| {
                        let source = Source { file: url.to_owned(), text: resource.source().to_owned() };
                        compile::value_set(&source, definitions).ok()
                    });
                    Offer::Contained(url.to_owned(), list)
                }
            },
        }
    }
}

/// An answer as a text that is the same for the same answers.
fn key(type_name: &str, value: Value<'_>) -> String {
    let member = |key: &str| value.get(key).and_then(Value::as_str);
    match type_name {
        "Coding" => format!("Coding {:?} {:?}", member("system"), member("code")),
        _ => format!("{type_name} {}", value.as_str().unwrap_or_else(|| value.source())),
    }
}

impl<'w> Walk<'w> {
    /// Judges an answer to a question of type `choice` or `open-choice`.
    pub(super) fn option(
        &mut self,
        form: &Form<'_>,
        offers: &mut Offers,
        place: &Place<'_>,
        number: Number,
        type_name: &str,
        value: Value<'w>,
    ) {
        let is_open = form.questions[number].kind == "open-choice";
        // Own words are what an open choice is open to.
        if is_open && type_name == "String" {
            return;
        }
        let word = type_name.to_ascii_lowercase();
        let definitions = self.definitions;
        match (&*offers.of(form, number, definitions), type_name) {
            (Offer::Answers { types, answers }, _) => {
                if !types.contains(type_name) && !is_open {
                    let text = format!("Option list has no option values of type {word}");
                    self.error("item-option", place, value, text);
                } else if !answers.contains(&key(type_name, value)) {
                    let text = match type_name {
                        "Coding" => format!("The code {} is not a valid option", code_of(value)),
                        _ => {
                            let shown = value.as_str().unwrap_or_else(|| value.source());
                            format!("The {word} {shown} is not a valid option")
                        }
                    };
                    self.error("item-option", place, value, text);
                }
            }
            (Offer::ValueSet(url), "Coding") => {
                self.coding_of_set(place, url, definitions.value_set(url), is_open, value);
            }
            (Offer::Contained(url, list), "Coding") => {
                self.coding_of_set(place, url, list.as_ref(), is_open, value);
            }
            (Offer::Nothing, "Coding") => {
                let text = "Cannot validate options because no option or options are provided";
                self.information("item-option", place, value, text.to_owned());
            }
            _ => {
                let text = format!("Cannot validate {word} answer option because no option list is provided");
                self.information("item-option", place, value, text);
            }
        }
    }

    fn coding_of_set(
        &mut self,
        place: &Place<'_>,
        url: &str,
        list: Option<&CodeList>,
        is_open: bool,
        coding: Value<'w>,
    ) {
        let only_display = coding.get("system").is_none() && coding.get("code").is_none();
        if is_open && only_display && coding.get("display").is_some() {
            return;
        }
        match list {
            None => self.warning("item-option", place, coding, format!("ValueSet {url} not found by validator")),
            Some(list) if is_in(list, coding) || list.is_partial => {}
            Some(_) => {
                let code = code_of(coding);
                let text = format!("The value provided ({code}) is not in the options value set in the questionnaire");
                self.error("item-option", place, coding, text);
            }
        }
    }
}

/// `system::code`, as HAPI writes it.
fn code_of(coding: Value<'_>) -> String {
    let text = |key: &str| coding.get(key).and_then(Value::as_str).unwrap_or("null");
    format!("{}::{}", text("system"), text("code"))
}
