//! Primitive values, their formats, and the siblings that hold their ids and extensions.

use super::codes::is_absolute_address;
use super::literals::shown;
use super::place::Place;
use super::walk::{Holder, Item, Scope, Walk};
use crate::fhir::definitions::{Element, TypeReference};
use crate::fhir::narrative::{self, ProblemKind};
use crate::fhir::primitive::{self, Severity};
use crate::json::{Kind, Value};

impl<'w> Walk<'w> {
    pub(super) fn primitive(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        element: &'w Element,
        reference: &'w TypeReference,
        item: &Item<'w>,
    ) {
        if let Some(sibling) = item.sibling {
            self.deeper(place, sibling, |walk| walk.sibling(scope, place, item.value, sibling));
        }
        let Some(value) = item.value else {
            if let Some(sibling) = item.sibling.filter(|_| !scope.is_secondary) {
                self.extended(place, sibling);
            }
            // The engine judges the value of an element that has one; see `is_judged_twice` for the exception.
            if let Some(literal) = element.fixed.as_ref().or(element.pattern.as_ref()).filter(|_| item.is_judged_twice)
            {
                let text = format!("Value is 'null' but must be '{}'", shown(literal));
                self.error("fixed", place, item.anchor(), text);
            }
            self.invariants(scope, place, &element.constraints, None, item.sibling);
            return;
        };
        if &*reference.code != "xhtml" && is_byte_order_mark(value) {
            // The engine takes the marks out before it looks.
            if !scope.is_secondary {
                self.error("primitive", place, value, "@value cannot be empty".to_owned());
            }
            return;
        }
        if &*reference.code != "xhtml" && is_white_space(value) {
            self.white_space(scope, place, element, item, value);
            self.invariants(scope, place, &element.constraints, Some(value), item.sibling);
            return;
        }
        let is_readable = scope.is_secondary || self.format(place, reference, value);
        if let Some(longest) = element.max_length.filter(|_| !scope.is_secondary) {
            let length = value.as_str().map_or(0, |text| text.chars().count());
            if length > longest as usize {
                self.error(
                    "primitive",
                    place,
                    value,
                    format!("value is longer than permitted maximum length of {longest}"),
                );
            }
        }
        if let Some(literal) = &element.fixed {
            self.fixed(place, value, literal);
            self.fixed_without_extension(place, item.sibling);
        }
        if let Some(literal) = &element.pattern {
            self.pattern(place, value, literal);
        }
        if !is_readable {
            return;
        }
        if let Some(binding) = &element.binding {
            self.binding(place, binding, &reference.code, value);
        }
        self.invariants(scope, place, &element.constraints, Some(value), item.sibling);
    }

    /// A value of white space alone is only warned about, and nothing else of it is looked at: neither a binding nor, in
    /// general, a fixed value.
    fn white_space(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        element: &'w Element,
        item: &Item<'w>,
        value: Value<'w>,
    ) {
        if !scope.is_secondary && item.sibling.is_none() {
            self.warning("white-space", place, value, "Primitive types should not only be whitespace".to_owned());
        }
        if let Some(literal) = element.fixed.as_ref().or(element.pattern.as_ref()).filter(|_| item.is_judged_twice) {
            self.fixed(place, value, literal);
        }
    }

    /// Whether the value can be read as its type.
    fn format(&mut self, place: &Place<'_>, reference: &TypeReference, value: Value<'w>) -> bool {
        // R4 types Resource.id as string; the format of an id holds all the same.
        let is_id = place.name() == "id" && place.parent().is_some_and(|parent| parent.is_resource);
        let type_name = if is_id { "id" } else { &*reference.code };
        if type_name == "xhtml" && value.kind() == Kind::String {
            self.narrative(place, value);
            return true;
        }
        if type_name == "canonical"
            && let Some(url) =
                value.as_str().filter(|url| !url.is_empty() && !url.starts_with('#') && !is_absolute_address(url))
        {
            let text = format!("Canonical URLs must be absolute URLs if they are not fragment references ({url})");
            self.error("primitive", place, value, text);
            return false;
        }
        let Err(problem) = primitive::check(type_name, value, self.definitions.version()) else { return true };
        if value.kind() == Kind::Object || value.kind() == Kind::Array {
            let found = if value.kind() == Kind::Array { "array" } else { "object" };
            self.error("type", place, value, format!("This property must be an simple value, not an {found}"));
            return false;
        }
        let is_text = value.as_str().is_some();
        // An empty markdown only warns: a published national example has one. HAPI refuses every empty value.
        let is_empty = value.as_str() == Some("") && type_name != "markdown";
        let key = if is_wrong_kind(type_name, value) { "type" } else { "primitive" };
        match problem.severity {
            _ if is_empty => self.error(key, place, value, "@value cannot be empty".to_owned()),
            Severity::Error => self.error(key, place, value, problem.text),
            Severity::Warning => self.warning(key, place, value, problem.text),
            Severity::Information => self.information(key, place, value, problem.text),
        }
        is_text && key != "type"
    }

    /// Id and extensions of a primitive.
    fn sibling(&mut self, scope: &Scope<'w>, place: &Place<'_>, value: Option<Value<'w>>, sibling: Value<'w>) {
        let Some(structure) = self.definitions.type_("Element").filter(|_| !scope.is_secondary) else { return };
        if sibling.kind() != Kind::Object {
            let text = match sibling.kind() {
                Kind::Array => "This property must be an object, not an array",
                _ => "This property must be an object, not a primitive property",
            };
            self.error("type", place, sibling, text.to_owned());
            return;
        }
        if sibling.members().next().is_none() {
            self.error("empty", place, sibling, "Object must have some content".to_owned());
            return;
        }
        let place = place.defined_by(Some(structure));
        let holder = Holder { value, sibling: Some(sibling) };
        let scope = Scope { structure, holder, ..*scope };
        self.children(&scope, &place, &structure.root.children, sibling);
    }

    /// A primitive without a value needs an extension: an id or comments do not do.
    fn extended(&mut self, place: &Place<'_>, sibling: Value<'w>) {
        let has_extension = sibling.get("extension").is_some_and(|extension| !extension.is_null());
        if sibling.kind() == Kind::Object && sibling.members().next().is_some() && !has_extension {
            let text = "ele-1: All FHIR elements must have a @value or children [hasValue() or (children().count() > id.count())]";
            self.error("ele-1", place, sibling, text.to_owned());
        }
    }

    fn narrative(&mut self, place: &Place<'_>, value: Value<'w>) {
        for problem in narrative::check(value.as_str().unwrap_or_default()) {
            let text = match problem.kind {
                ProblemKind::Empty => format!("txt-2: {} [htmlChecks2()]", problem.text),
                _ => problem.text,
            };
            match problem.severity {
                Severity::Information => self.information("narrative", place, value, text),
                Severity::Warning => self.warning("narrative", place, value, text),
                Severity::Error => self.error("narrative", place, value, text),
            }
        }
    }

    /// A narrative that does not say its language in both ways is only warned about.
    pub(super) fn narrative_language(&mut self, place: &Place<'_>, resource: Value<'w>) {
        let Some(div) = resource.at(&["text", "div"]).and_then(Value::as_str) else { return };
        let Some(language) = resource.get("language").and_then(Value::as_str) else { return };
        let said = narrative::language(div);
        let anchor = resource.at(&["text", "div"]).unwrap_or(resource);
        let text_place = place.child("text");
        let div_place = text_place.child("div");
        let location = place.location();
        let mut warn = |text: String| {
            self.report_at(super::Severity::Warning, "language", &div_place, &location, anchor, text);
        };
        let hint = "https://www.w3.org/TR/i18n-html-tech-lang/#langvalues";
        match (said.lang, said.xml_lang) {
            (None, None) => warn(format!(
                "Resource has a language, but the XHTML does not have an lang or an xml:lang tag (needs both - see {hint})"
            )),
            (None, _) => warn(format!(
                "Resource has a language, but the XHTML does not have a lang tag (needs both lang and xml:lang - see {hint})"
            )),
            (_, None) => warn(format!(
                "Resource has a language, but the XHTML does not have an xml:lang tag (needs both lang and xml:lang - see {hint})"
            )),
            (Some(lang), Some(_)) if lang != language => {
                warn(format!(
                    "Resource has a language ({language}), and the XHTML has a lang ({lang}), but they differ "
                ));
            }
            (_, Some(lang)) if lang != language => {
                warn(format!(
                    "Resource has a language ({language}), and the XHTML has an xml:lang ({lang}), but they differ "
                ));
            }
            _ => {}
        }
    }
}

/// Whether a text is nothing but byte order marks.
fn is_byte_order_mark(value: Value<'_>) -> bool {
    let is_mark = |text: &str| !text.is_empty() && text.chars().all(|letter| letter == '\u{feff}');
    // Those that are written as they are; escaped ones stay.
    value.as_str().is_some_and(is_mark) && !value.source().contains('\\')
}

/// Whether a text has letters, all of them white space to Java.
fn is_white_space(value: Value<'_>) -> bool {
    let is_white = |letter: char| {
        letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}')
            || matches!(letter, '\u{1c}'..='\u{1f}')
    };
    value.as_str().is_some_and(|text| !text.is_empty() && text.chars().all(is_white))
}

/// Whether JSON has the wrong kind of value for a primitive type.
fn is_wrong_kind(type_name: &str, value: Value<'_>) -> bool {
    value.kind()
        != match type_name {
            "boolean" => Kind::Boolean,
            "integer" | "unsignedInt" | "positiveInt" | "decimal" => Kind::Number,
            _ => Kind::String,
        }
}
