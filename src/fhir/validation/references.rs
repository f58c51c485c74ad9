//! References and identifiers: their shape. Whether the target exists is for the records to say.

use super::codes::is_absolute;
use super::place::Place;
use super::walk::{Scope, Walk};
use crate::fhir::definitions::TypeReference;
use crate::fhir::primitive;
use crate::json::Value;

impl<'w> Walk<'w> {
    pub(super) fn reference(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        reference: Option<&TypeReference>,
        value: Value<'w>,
    ) {
        self.stated_type(place, reference, value);
        let Some(written) = value.get("reference") else {
            if !scope.is_secondary && value.get("identifier").is_none() && value.get("display").is_none() {
                let text = "A Reference without an actual reference or identifier should have a display";
                self.warning("reference", place, value, text.to_owned());
            }
            return;
        };
        let Some(text) = written.as_str() else { return };
        let is_contained = text.starts_with('#');
        if let Some(reference) = reference {
            let (found, modes) = match is_contained {
                true if reference.only_referenced => ("contained", "referenced"),
                false if reference.only_contained => ("referenced", "contained"),
                _ => ("", ""),
            };
            if !found.is_empty() {
                let text = format!(
                    "Reference is {found} which isn't supported by the specified aggregation mode(s) for the reference ({modes})"
                );
                return self.error("reference", place, written, text);
            }
        }
        let Some(type_name) = self.target_type(scope, place, text, written, value) else { return };
        let Some(reference) = reference.filter(|reference| !reference.targets.is_empty()) else { return };
        let allowed: Vec<&str> = reference.targets.iter().map(|target| self.type_of_target(target)).collect();
        if !allowed.iter().any(|allowed| *allowed == type_name || matches!(*allowed, "Resource" | "")) {
            let text = format!(
                "The type '{type_name}' implied by the reference URL {text} is not a valid Target for this element (must be one of [{}])",
                allowed.join(", ")
            );
            self.error("reference", place, written, text);
        }
    }

    /// `Reference.type` (R4) is one of the targets' types.
    fn stated_type(&mut self, place: &Place<'_>, reference: Option<&TypeReference>, value: Value<'w>) {
        let Some(reference) = reference.filter(|reference| !reference.targets.is_empty()) else { return };
        let Some((stated, found)) = value.get("type").and_then(|stated| Some((stated, stated.as_str()?))) else {
            return;
        };
        let allowed: Vec<&str> = reference.targets.iter().map(|target| self.type_of_target(target)).collect();
        if !allowed.iter().any(|allowed| *allowed == found || matches!(*allowed, "Resource" | "")) {
            let allowed = allowed.join(", ");
            let text =
                format!("The type '{found}' is not a valid Target for this element (must be one of [{allowed}])");
            self.error("reference", &place.child("type"), stated, text);
        }
    }

    /// The type a reference leads to, as far as it says; a finding when it has no valid shape.
    fn target_type(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        text: &str,
        written: Value<'w>,
        value: Value<'w>,
    ) -> Option<&'w str> {
        if let Some(id) = text.strip_prefix('#') {
            if id.is_empty() {
                return scope.root_resource.get("resourceType").and_then(Value::as_str);
            }
            let target = self.shared.contained(scope.root_resource, id);
            if target.is_none() && !scope.is_secondary {
                self.error("reference", place, written, format!("Unable to resolve resource '{text}'"));
            }
            return target?.get("resourceType").and_then(Value::as_str);
        }
        if text.contains(char::is_whitespace) && !scope.is_secondary {
            self.error("reference", place, written, format!("The reference '{text}' contains white space"));
            return None;
        }
        if text.starts_with("urn:") {
            return value.get("type").and_then(Value::as_str);
        }
        let mut segments = text.split(['/', '?']).rev().skip_while(|segment| segment.is_empty());
        let (id, type_name) = match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some(_), Some("_history"), Some(id), Some(type_name)) => (id, type_name),
            (Some(id), Some(type_name), ..) => (id, type_name),
            _ => {
                if !scope.is_secondary {
                    let text =
                        format!("The reference '{text}' is neither a literal reference such as Patient/<id> nor a URL");
                    self.error("reference", place, written, text);
                }
                return None;
            }
        };
        let is_literal = !text.contains("://");
        let is_type = type_name.starts_with(|first: char| first.is_ascii_uppercase());
        if is_literal && !scope.is_secondary && (!is_type || !primitive::is_id(id)) {
            let text = format!("The reference '{text}' is not of the form <type>/<id>");
            self.error("reference", place, written, text);
            return None;
        }
        // An address somewhere else need not end with a type.
        let known = self.definitions.type_(type_name).map(|structure| &*structure.type_name);
        match (known, is_literal) {
            (Some(known), _) => Some(known),
            // A type FHIR has and these definitions do not.
            (None, true) => written.as_str().and_then(|whole| whole.split('/').find(|segment| *segment == type_name)),
            (None, false) => None,
        }
    }

    /// The type a target's canonical URL stands for.
    fn type_of_target<'t>(&'t self, target: &'t str) -> &'t str {
        match self.definitions.profile(target) {
            Some(structure) => &structure.type_name,
            None => target.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or_default(),
        }
    }

    /// Since July 2020 the national service wants `urn:uuid:` (or another URN) where the system says that values are URIs.
    pub(super) fn identifier(&mut self, scope: &Scope<'w>, place: &Place<'_>, value: Value<'w>) {
        if scope.is_secondary {
            return;
        }
        let system = value.get("system").and_then(Value::as_str);
        if system.is_some_and(|system| !is_absolute(system)) {
            let text = "Identifier.system must be an absolute reference, not a local reference";
            self.error("system", place, value, text.to_owned());
        }
        if system != Some("urn:ietf:rfc:3986") {
            return;
        }
        let Some(written) = value.get("value") else { return };
        let Some(text) = written.as_str() else { return };
        let here = place.child("value");
        match text.strip_prefix("urn:uuid:") {
            Some(uuid) if is_uuid(uuid) => {}
            // HAPI looks at the scheme alone.
            Some(uuid) => {
                self.warning(
                    "identifier",
                    &here,
                    written,
                    format!("UUIDs must be valid (Invalid UUID string: {uuid})"),
                );
            }
            None => {
                // The doubled quotes are HAPI's.
                let text = "if identifier.system is ''urn:ietf:rfc:3986'', then the identifier.value must be a full URI (e.g. start with a scheme)";
                self.error("identifier", &here, written, text.to_owned());
            }
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}
