//! One repetition of an element: its type, fixed value, codes, invariants and what is below it.

use super::place::Place;
use super::walk::{Item, Scope, Turn, Walk, reference_of};
use crate::fhir::definitions::{Element, Structure, StructureKind, TypeReference};
use crate::fhir::path::Model;
use crate::json::{Kind, Value};

impl<'w> Walk<'w> {
    /// Judges one repetition.
    pub(super) fn item(&mut self, scope: &Scope<'w>, place: &Place<'_>, element: &'w Element, item: &Item<'w>) {
        let reference = reference_of(element, item);
        if let (None, Some(found)) = (reference, item.type_code) {
            let allowed: Vec<&str> = element.types.iter().map(|reference| &*reference.code).collect();
            let profile = self.owner_url(place);
            let text = format!(
                "The Profile '{profile}' definition allows for the type {} but found type {found}",
                allowed.join(", ")
            );
            self.error("type", place, item.anchor(), text);
            return;
        }
        if let Some(reference) = reference.filter(|reference| reference.is_primitive) {
            let place = place.of_type(&reference.code);
            self.primitive(scope, &place, element, reference, item);
            return;
        }
        let code = reference.map_or("BackboneElement", |reference| &*reference.code);
        let place = place.of_type(code);
        let structure = reference.and_then(|reference| self.definitions.structure(reference.structure?));
        if let Some(sibling) = item.sibling.filter(|_| !scope.is_secondary) {
            let text = format!("Unrecognised property '@_{}': only primitive types have such a sibling", place.name());
            self.error("unknown", &place, sibling, text);
        }
        let Some(value) = item.value else { return };
        if value.kind() != Kind::Object {
            if !scope.is_secondary {
                let text = format!("Error parsing JSON: the value of type {code} must be an object");
                self.error("type", &place, value, text);
            }
            return;
        }
        if value.members().next().is_none() {
            if !scope.is_secondary {
                self.error("empty", &place, value, "Object must have some content".to_owned());
            }
            return;
        }
        self.deeper(&place, value, |walk| match structure {
            Some(structure) if structure.kind == StructureKind::Resource => {
                walk.contained(scope, &place, element, value);
            }
            _ => walk.object(scope, &place, element, reference, value),
        });
    }

    fn object(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        element: &'w Element,
        reference: Option<&'w TypeReference>,
        value: Value<'w>,
    ) {
        if let Some(literal) = &element.fixed {
            self.fixed(place, value, literal);
        }
        if let Some(literal) = &element.pattern {
            self.pattern(place, value, literal);
        }
        if let Some(binding) = &element.binding {
            self.binding(place, binding, place.type_code, value);
        }
        self.invariants(scope, place, &element.constraints, Some(value), None);
        let structure = reference.and_then(|reference| reference.structure);
        let structure = structure.and_then(|number| self.definitions.structure(number));
        if let Some(structure) = structure.filter(|_| !scope.is_secondary) {
            self.invariants(scope, place, &structure.root.constraints, Some(value), None);
            if let Some(binding) = structure.root.binding.as_ref().filter(|_| element.binding.is_none()) {
                self.binding(place, binding, place.type_code, value);
            }
        }
        if let Some(reference) = reference.filter(|reference| !reference.profiles.is_empty()) {
            self.profiled(scope, place, reference, value);
        }
        match place.type_code {
            "Extension" => return self.extension(scope, place, element, reference, value),
            "Reference" => self.reference(scope, place, reference, value),
            "Identifier" => self.identifier(scope, place, value),
            "Meta" if !scope.is_secondary => self.labels(place, value),
            "Coding" | "Quantity" | "Age" | "Count" | "Distance" | "Duration" => self.coding(scope, place, value),
            _ => {}
        }
        if !element.children.is_empty() {
            return self.children(scope, place, &element.children, value);
        }
        if let Some(path) = &element.content_reference {
            let mut target = &scope.structure.root;
            for name in path.split('.').skip(1) {
                match target.children.iter().find(|child| &*child.name == name) {
                    Some(child) => target = child,
                    None => return,
                }
            }
            // Where a profile is made complete the engine (5.2) writes such a reference as a URL, and then does not find
            // the element by it: only the JSON within is judged. In the definition of a type it finds it.
            let is_overlooked = u32::from(scope.structure.is_constraint);
            self.overlooked += is_overlooked;
            self.invariants(scope, place, &target.constraints, Some(value), None);
            self.children(scope, place, &target.children, value);
            self.overlooked -= is_overlooked;
            return;
        }
        if let Some(structure) = structure {
            let place = place.defined_by(Some(structure));
            let scope = Scope { structure, ..*scope };
            self.children(&scope, &place, &structure.root.children, value);
        }
    }

    /// No security label comes twice.
    fn labels(&mut self, place: &Place<'_>, meta: Value<'w>) {
        let mut seen = std::collections::HashSet::new();
        let here = place.child("security");
        for (index, label) in meta.get("security").into_iter().flat_map(Value::items).enumerate() {
            let text = |key: &str| label.get(key).and_then(Value::as_str);
            let key = (text("system"), text("code"));
            if key.1.is_some() && !seen.insert(key) {
                let (system, code) = (key.0.unwrap_or("null"), key.1.unwrap_or_default());
                self.error(
                    "duplicate",
                    &here.at(Some(index)),
                    label,
                    format!("Duplicate Security Label {system}#{code}"),
                );
            }
        }
    }

    /// The profiles of a type: one of several must hold, and an unknown one is told. One alone is walked as the type itself,
    /// and an extension goes by its url.
    fn profiled(&mut self, scope: &Scope<'w>, place: &Place<'_>, reference: &TypeReference, value: Value<'w>) {
        if &*reference.code == "Extension" || scope.is_secondary && reference.profiles.len() < 2 {
            return;
        }
        let mut known = Vec::new();
        for url in &reference.profiles {
            match self.definitions.profile(url) {
                Some(profile) => known.push(profile),
                None => {
                    let text = format!("Profile reference '{url}' could not be resolved, so has not been checked");
                    self.warning("profile", place, value, text);
                }
            }
        }
        let is_judged_elsewhere = reference.profiles.len() == 1 || known.len() < reference.profiles.len();
        if is_judged_elsewhere || known.iter().any(|profile| self.conforms(scope, value, profile)) {
            return;
        }
        let text = format!("Unable to find matching profile among choices: {}", reference.profiles.join(", "));
        self.error("profile", place, value, text);
    }

    /// A resource within another one, of one of the types and profiles that the element allows.
    fn contained(&mut self, scope: &Scope<'w>, place: &Place<'_>, element: &'w Element, value: Value<'w>) {
        // What another profile has said of resources within is said.
        if scope.is_secondary && !element.is_constrained {
            return;
        }
        if self.options.entries_apart && place.element_path() == "Bundle.entry.resource" {
            return;
        }
        self.invariants(scope, place, &element.constraints, Some(value), None);
        let Some(structure) = self.resource_type(value, &place.location()) else { return };
        let here = Place::resource(Some(place), &structure.type_name, structure);
        let is_kind_of =
            |code: &str| *code == *structure.type_name || self.definitions.is_subtype(&structure.type_name, code);
        let Some(reference) = element.types.iter().find(|reference| is_kind_of(&reference.code)) else {
            let allowed: Vec<&str> = element.types.iter().map(|reference| &*reference.code).collect();
            let text =
                format!("The type '{}' is not valid - must be one of {}", structure.type_name, allowed.join(", "));
            return self.error("type", place, value, text);
        };
        let of_type = |profile: &&'w Structure| profile.type_name == structure.type_name;
        let asked: Vec<&Structure> =
            reference.profiles.iter().filter_map(|url| self.definitions.profile(url)).filter(of_type).collect();
        let is_within = place.name() == "contained";
        let named = match scope.is_secondary {
            false => super::policy::contained(self, &here, value, structure, is_within),
            true => None,
        };
        if is_within && !scope.is_secondary && value.get("id").is_none() {
            self.error("id", &here, value, "Resource requires an id, but none is present".to_owned());
        }
        // Resources of a Bundle stand for themselves; contained ones share the root.
        let root = if is_within { scope.root_resource } else { value };
        let later = Turn::Later { is_vital_sign: false };
        let first = if scope.is_secondary { later } else { Turn::First };
        match asked.as_slice() {
            [only] => {
                self.resource(&here, value, root, only, first);
                if let Some(named) = named.filter(|named| !std::ptr::eq(*named, *only)) {
                    self.resource(&here, value, root, named, later);
                }
                return;
            }
            several if !several.is_empty() && !several.iter().any(|profile| self.conforms(scope, value, profile)) => {
                let choices = reference.profiles.join(", ");
                let text = format!("Unable to find matching profile among choices: {choices}");
                self.error("profile", &here, value, text);
            }
            _ => {}
        }
        if !scope.is_secondary {
            self.resource(&here, value, root, named.unwrap_or(structure), Turn::First);
        }
    }
}
