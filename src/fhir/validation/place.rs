//! Where the walk is: a chain on the stack, rendered only when there is something to say.

use std::fmt::Write;

use crate::fhir::definitions::Structure;

/// A place in a resource and in its definition.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    /// The definition's name (a choice's without type), or the type of a resource.
    name: &'p str,
    /// The type chosen, for a choice.
    pub(super) choice: Option<&'p str>,
    index: Option<usize>,
    slice: Option<&'p str>,
    /// The type of what is here, when it is known.
    pub(super) type_code: &'p str,
    /// What defines the children from here on.
    pub(super) structure: Option<&'p Structure>,
    /// A resource starts here.
    pub(super) is_resource: bool,
}

impl<'p> Place<'p> {
    pub(super) fn resource(parent: Option<&'p Place<'p>>, type_name: &'p str, structure: &'p Structure) -> Self {
        Place {
            parent,
            name: type_name,
            choice: None,
            index: None,
            slice: None,
            type_code: type_name,
            structure: Some(structure),
            is_resource: true,
        }
    }

    /// Where a value of a data type is looked at by itself.
    pub(super) fn element(structure: &'p Structure) -> Self {
        Place { is_resource: false, ..Place::resource(None, &structure.type_name, structure) }
    }

    pub(super) fn child(&'p self, name: &'p str) -> Place<'p> {
        Place {
            parent: Some(self),
            name,
            choice: None,
            index: None,
            slice: None,
            type_code: "",
            structure: None,
            is_resource: false,
        }
    }

    pub(super) fn choosing(self, type_code: &'p str) -> Place<'p> {
        Place { choice: Some(type_code), ..self }
    }

    pub(super) fn at(self, index: Option<usize>) -> Place<'p> {
        Place { index, ..self }
    }

    /// Whether what is here matched a slice.
    pub(super) fn is_sliced(&self) -> bool {
        self.slice.is_some()
    }

    pub(super) fn in_slice(self, slice: Option<&'p str>) -> Place<'p> {
        Place { slice, ..self }
    }

    pub(super) fn of_type(self, type_code: &'p str) -> Place<'p> {
        Place { type_code, ..self }
    }

    pub(super) fn defined_by(self, structure: Option<&'p Structure>) -> Place<'p> {
        Place { structure, ..self }
    }

    pub(super) fn parent(&self) -> Option<&'p Place<'p>> {
        self.parent
    }

    pub(super) fn name(&self) -> &'p str {
        self.name
    }

    /// The structure whose definition of the element counts here.
    pub(super) fn owner(&self) -> Option<&'p Structure> {
        std::iter::successors(self.parent.or(Some(self)), |place| place.parent).find_map(|place| place.structure)
    }

    /// As HAPI writes it: `Observation.component[1].value.ofType(Quantity)`.
    pub(super) fn location(&self) -> String {
        let mut text = String::new();
        self.write_location(&mut text);
        text
    }

    fn write_location(&self, text: &mut String) {
        match self.parent {
            // A contained resource stands where it is contained.
            Some(parent) if self.is_resource => return parent.write_location(text),
            Some(parent) => {
                parent.write_location(text);
                text.push('.');
            }
            None => {}
        }
        text.push_str(self.name);
        if let Some(type_code) = self.choice {
            let _ = write!(text, ".ofType({type_code})");
        }
        if let Some(index) = self.index {
            let _ = write!(text, "[{index}]");
        }
    }

    /// As rules name it, from the resource on: `Observation.component.value[x]`. `is_choice` of the last name included.
    pub(super) fn element_path(&self) -> String {
        let mut text = String::new();
        self.write_path(&mut text, false, |place| place.is_resource);
        text
    }

    /// As HAPI's texts name it, from the structure in force on: `Observation.code.coding:fiphrCode`.
    pub(super) fn element_id(&self) -> String {
        let mut text = String::new();
        self.write_path(&mut text, true, |place| place.structure.is_some());
        text
    }

    /// Writes names from the nearest place above that `starts` on.
    fn write_path(&self, text: &mut String, with_slices: bool, starts: fn(&Place<'_>) -> bool) {
        match self.parent {
            Some(parent) if !self.is_resource => {
                match (starts(parent), parent.structure) {
                    (true, Some(structure)) => text.push_str(&structure.root.name),
                    _ => parent.write_path(text, with_slices, starts),
                }
                text.push('.');
            }
            _ => {}
        }
        text.push_str(self.name);
        if self.choice.is_some() {
            text.push_str("[x]");
        }
        if let Some(slice) = self.slice.filter(|_| with_slices) {
            text.push(':');
            text.push_str(slice);
        }
    }
}
