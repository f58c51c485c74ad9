//! What FHIRPath asks the definitions: the types of elements.

use super::{Definitions, Element};
use crate::fhir::path::Model;

impl Model for Definitions {
    /// The type of `child` below a type (`Observation`) or a nested element (`Observation.component`).
    fn child_type(&self, parent: &str, child: &str) -> Option<&str> {
        let (type_name, rest) = parent.split_once('.').unwrap_or((parent, ""));
        let root = &self.type_(type_name)?.root;
        let mut element = root;
        for name in rest.split('.').filter(|name| !name.is_empty()) {
            element = self.child(root, element, name)?;
        }
        let found = self.child(root, element, child)?;
        let reference = found.types.first();
        match reference.map(|reference| &*reference.code) {
            Some(code) if code != "BackboneElement" && code != "Element" => Some(code),
            // A nested element: asked again with its path, which must live as long as the definitions. The types of
            // its own children follow from the JSON's shape.
            _ => None,
        }
    }

    fn is_subtype(&self, type_name: &str, ancestor: &str) -> bool {
        let mut current = self.type_(type_name);
        // The deepest chain is four types long.
        for _ in 0..8 {
            let Some(base) = current.and_then(|structure| structure.base.as_deref()) else { return false };
            let Some(structure) = self.profile(base) else { return false };
            if structure.root.name.as_ref() == ancestor {
                return true;
            }
            current = Some(structure);
        }
        false
    }
}

impl Definitions {
    fn child<'d>(&'d self, root: &'d Element, element: &'d Element, name: &str) -> Option<&'d Element> {
        let element = match &element.content_reference {
            Some(path) => path
                .split('.')
                .skip(1)
                .try_fold(root, |element, name| element.children.iter().find(|child| &*child.name == name))?,
            None => element,
        };
        element.children.iter().find(|child| &*child.name == name && !child.is_choice)
    }
}
