//! Fixed values and patterns.

use super::place::Place;
use super::walk::Walk;
use crate::fhir::definitions::Literal;
use crate::json::{Kind, Value};

/// Whether a value is exactly this.
pub(super) fn equals(value: Value<'_>, literal: &Literal) -> bool {
    match literal {
        Literal::Boolean(boolean) => value.as_bool() == Some(*boolean),
        Literal::Number(number) => value.number().is_some_and(|spelled| same_number(spelled, number)),
        Literal::String(string) => value.as_str() == Some(string),
        Literal::Array(items) => {
            value.kind() == Kind::Array
                && value.items().count() == items.len()
                && value.items().zip(items).all(|(value, literal)| equals(value, literal))
        }
        Literal::Object(members) => {
            value.kind() == Kind::Object
                && value.members().count() == members.len()
                && members.iter().all(|(key, literal)| value.get(key).is_some_and(|value| equals(value, literal)))
        }
    }
}

/// Whether a value has everything of this, and perhaps more.
pub(super) fn contains(value: Value<'_>, literal: &Literal) -> bool {
    match literal {
        Literal::Array(items) => items.iter().all(|literal| value.each().any(|value| contains(value, literal))),
        Literal::Object(members) => {
            members.iter().all(|(key, literal)| value.get(key).is_some_and(|value| contains(value, literal)))
        }
        simple => equals(value, simple),
    }
}

/// Decimals are the same when only zeros at their end differ.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |number: &str| match number.contains(['e', 'E']) {
        true => number.to_owned(),
        false if number.contains('.') => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number.to_owned(),
    };
    one == other || digits(one) == digits(other)
}

/// A literal as texts show it.
pub(super) fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Boolean(boolean) => boolean.to_string(),
        Literal::Number(text) | Literal::String(text) => text.to_string(),
        Literal::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Literal::Object(members) => {
            members.iter().map(|(key, literal)| format!("{key}={}", shown(literal))).collect::<Vec<_>>().join(", ")
        }
    }
}

impl<'w> Walk<'w> {
    /// Says where a value differs from the one it must be.
    pub(super) fn fixed(&mut self, place: &Place<'_>, value: Value<'w>, literal: &Literal) {
        match literal {
            Literal::Object(members) if value.kind() == Kind::Object => {
                for (key, literal) in members {
                    let below = place.child(key);
                    match value.get(key) {
                        Some(value) => self.fixed(&below, value, literal),
                        None => {
                            let profile = place.owner().map_or("", |owner| &owner.url);
                            let text = format!(
                                "Missing element '{key}' - required by fixed value assigned in profile {profile}"
                            );
                            self.error("fixed", &below, value, text);
                        }
                    }
                }
                let is_known = |key: &str| members.iter().any(|(known, _)| &**known == key);
                for (key, extra) in value.members() {
                    if let Some(name) = key.strip_prefix('_').filter(|name| is_known(name)) {
                        self.fixed_without_extension(&place.child(name), Some(extra));
                    } else if !is_known(key) && key != "id" {
                        let text = format!("Extra element '{key}' - the value is fixed in the profile without it");
                        self.error("fixed", &place.child(key), extra, text);
                    }
                }
            }
            literal if equals(value, literal) => {}
            literal => {
                let found = value.as_str().unwrap_or_else(|| value.source());
                let text = format!("Value is '{found}' but must be '{}'", shown(literal));
                self.error("fixed", place, value, text);
            }
        }
    }

    /// Says that the sibling of a fixed primitive has extensions: no fixed value of a profile has any. An id is fine.
    pub(super) fn fixed_without_extension(&mut self, place: &Place<'_>, sibling: Option<Value<'w>>) {
        if let Some(extension) = sibling.and_then(|sibling| sibling.get("extension")) {
            let text = "No extensions allowed, as the specified fixed value doesn't contain any extensions";
            self.error("fixed", place, extension, text.to_owned());
        }
    }

    /// Says where a value lacks what it must contain.
    pub(super) fn pattern(&mut self, place: &Place<'_>, value: Value<'w>, literal: &Literal) {
        if contains(value, literal) {
            return;
        }
        match literal {
            Literal::Object(members) if value.kind() == Kind::Object => {
                for (key, literal) in members {
                    let below = place.child(key);
                    match value.get(key) {
                        Some(value) => self.pattern(&below, value, literal),
                        None => {
                            let text = format!("Missing element '{key}' - required by the pattern {}", shown(literal));
                            self.error("pattern", &below, value, text);
                        }
                    }
                }
            }
            literal => {
                let found = value.as_str().unwrap_or_else(|| value.source());
                let text = format!("Value is '{found}' but must be '{}'", shown(literal));
                self.error("pattern", place, value, text);
            }
        }
    }
}
