//! One repetition of an element: its type, fixed value, codes, invariants and what is below it.

use super::place::Place;
use super::walk::{Item, Scope, Turn, Walk, reference_of};
use crate::fhir::definitions::{Element, TypeReference};
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
        self.deeper(&place, value, |walk| walk.object(scope, &place, element, reference, value));
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
        match place.type_code {
            "Resource" => return self.contained(scope, place, value),
            "Extension" => return self.extension(scope, place, element, reference, value),
            "Reference" => self.reference(scope, place, reference, value),
            "Identifier" => self.identifier(scope, place, value),
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
            self.invariants(scope, place, &target.constraints, Some(value), None);
            return self.children(scope, place, &target.children, value);
        }
        if let Some(structure) = structure {
            let place = place.defined_by(Some(structure));
            let scope = Scope { structure, ..*scope };
            self.children(&scope, &place, &structure.root.children, value);
        }
    }

    /// A resource within another one.
    fn contained(&mut self, scope: &Scope<'w>, place: &Place<'_>, value: Value<'w>) {
        if scope.is_secondary {
            return;
        }
        let Some(structure) = self.resource_type(value, &place.location()) else { return };
        let here = Place::resource(Some(place), &structure.type_name, structure);
        let profile = super::policy::contained(self, &here, value, structure, place.name() == "contained");
        // Resources of a Bundle stand for themselves; contained ones share the root.
        let root = if place.name() == "contained" { scope.root_resource } else { value };
        self.resource(&here, value, root, profile.unwrap_or(structure), Turn::First);
    }
}
