//! Extensions: known ones by their definition, unknown ones with a warning.

use super::codes::is_absolute_address;
use super::place::Place;
use super::walk::{Scope, Walk};
use crate::fhir::definitions::{Element, ExtensionContext, Structure, TypeReference};
use crate::fhir::path::{Context, Item, Node};
use crate::json::Value;

impl<'w> Walk<'w> {
    pub(super) fn extension(
        &mut self,
        scope: &Scope<'w>,
        place: &Place<'_>,
        element: &'w Element,
        reference: Option<&'w TypeReference>,
        value: Value<'w>,
    ) {
        let url = value.get("url").and_then(Value::as_str).unwrap_or_default();
        // One that is missing altogether is a matter of cardinality; id and extensions alone count as there.
        if value.get("url").is_none() && value.get("_url").is_some() && !scope.is_secondary {
            let text = "Extension.url is required in order to identify, use and validate the extension";
            self.error("extension", place, value, text.to_owned());
        }
        self.sub_extension(scope, place, url, value);
        let is_modifier = place.name() == "modifierExtension";
        // What an extension's definition says of the extensions within it is complete already.
        let is_inner = !element.children.is_empty();
        if is_inner {
            self.children(scope, place, &element.children, value);
            if !self.is_known(url) {
                return;
            }
        }
        let named = self.definitions.profile(url);
        let definition = named.filter(|structure| &*structure.type_name == "Extension" && structure.is_constraint);
        if let (Some(other), None, false) = (named, definition, scope.is_secondary)
            && other.is_constraint
        {
            let text = format!("The URL {url} is that of a profile of {}, not of an extension", other.type_name);
            self.error("extension", place, value, text);
        }
        match definition {
            Some(definition) => {
                if !scope.is_secondary {
                    self.context(scope, place, definition, value);
                    self.modifier(place, definition, is_modifier, value);
                }
                let here = place.defined_by(Some(definition));
                let inner = Scope { structure: definition, is_secondary: scope.is_secondary || is_inner, ..*scope };
                if !scope.is_secondary {
                    self.invariants(&inner, &here, &definition.root.constraints, Some(value), None);
                }
                self.children(&inner, &here, &definition.root.children, value);
            }
            None if scope.is_secondary => {}
            None => {
                // Within a complex extension the url is a plain name.
                if is_absolute_address(url) {
                    self.warning("extension", place, value, format!("Unknown extension {url}"));
                } else if place.parent().is_none_or(|parent| parent.type_code != "Extension") && !url.is_empty() {
                    self.error("extension", place, value, "Extension.url must be an absolute URL".to_owned());
                }
                let Some(structure) = reference.and_then(|reference| self.definitions.structure(reference.structure?))
                else {
                    return;
                };
                let here = place.defined_by(Some(structure));
                let scope = Scope { structure, ..*scope };
                self.children(&scope, &here, &structure.root.children, value);
            }
        }
    }

    /// A plain name within a known extension is one of those that extension defines, even where its slices are open.
    fn sub_extension(&mut self, scope: &Scope<'w>, place: &Place<'_>, url: &str, value: Value<'w>) {
        let around = place.parent().filter(|around| around.type_code == "Extension");
        let Some(definition) = around.and_then(|around| around.structure).filter(|around| around.is_constraint) else {
            return;
        };
        if scope.is_secondary || place.is_sliced() || url.is_empty() || url.contains(':') {
            return;
        }
        let text = format!("Sub-extension url '{url}' is not defined by the Extension {}", definition.url);
        self.error("extension", place, value, text);
    }

    fn is_known(&self, url: &str) -> bool {
        url.contains(':') && self.definitions.profile(url).is_some()
    }

    fn modifier(&mut self, place: &Place<'_>, definition: &Structure, is_modifier: bool, value: Value<'w>) {
        let text = match (is_modifier, definition.root.is_modifier) {
            (true, false) => format!(
                "Extension modifier mismatch: the extension element is labelled as a modifier, but the underlying extension {} is not",
                definition.url
            ),
            (false, true) => format!(
                "Extension modifier mismatch: the extension element is not labelled as a modifier, but the underlying extension {} is",
                definition.url
            ),
            _ => return,
        };
        self.error("extension", place, value, text);
    }

    /// Whether the extension may stand where it stands.
    fn context(&mut self, scope: &Scope<'w>, place: &Place<'_>, definition: &'w Structure, value: Value<'w>) {
        let Some(around) = place.parent() else { return };
        if !definition.context_invariants.is_empty() {
            let holder = scope.holder;
            self.invariants(scope, around, &definition.context_invariants, holder.value, holder.sibling);
        }
        if definition.context.is_empty() {
            return;
        }
        let is_allowed = definition.context.iter().any(|context| match context {
            ExtensionContext::Element(path) => self.is_at(around, path),
            ExtensionContext::Extension(url) => {
                around.type_code == "Extension" && around.structure.is_some_and(|structure| structure.url == *url)
            }
            ExtensionContext::Expression(_, number) => self.is_found(scope, *number),
        });
        if is_allowed {
            return;
        }
        let contexts: Vec<String> = definition
            .context
            .iter()
            .map(|context| match context {
                ExtensionContext::Element(path) => format!("e:{path}"),
                ExtensionContext::Extension(url) => format!("x:{url}"),
                ExtensionContext::Expression(expression, _) => format!("p:{expression}"),
            })
            .collect();
        let text = format!(
            "The extension {} is not allowed to be used at this point (allowed = {}; this element is [{}])",
            definition.url,
            contexts.join(", "),
            around.element_path()
        );
        self.error("context", place, value, text);
    }

    /// Whether the element that holds the extension is one of those an expression finds in the resource.
    fn is_found(&self, scope: &Scope<'w>, number: u32) -> bool {
        let Ok(expression) = self.definitions.numbered_expression(number) else { return false };
        let resource = Node::root(scope.resource);
        let context = Context::new(resource)
            .with_root_resource(Node::root(scope.root_resource))
            .with_model(self.definitions)
            .with_version(self.definitions.version())
            .with_budget(&self.shared.budget);
        let Ok(found) = expression.evaluate(&context, resource) else { return false };
        let places = [scope.holder.value, scope.holder.sibling];
        found
            .iter()
            .filter_map(Item::node)
            .any(|node| [node.value(), node.sibling()].iter().flatten().any(|place| places.contains(&Some(*place))))
    }

    /// Whether a place is the element or of the type that `path` names.
    fn is_at(&self, around: &Place<'_>, path: &str) -> bool {
        let is_kind_of = |type_name: &str| {
            use crate::fhir::path::Model;
            type_name == path || self.definitions.is_subtype(type_name, path)
        };
        if matches!(path, "Element" | "*") || is_kind_of(around.type_code) {
            return true;
        }
        // The path from the resource on, and from every element above whose type is named.
        let full = around.element_path();
        if full == path || full.strip_suffix("[x]") == Some(path) {
            return true;
        }
        let mut names = Vec::new();
        let mut current = Some(around);
        while let Some(place) = current {
            if !place.type_code.is_empty() && !place.is_resource {
                let from_type =
                    std::iter::once(place.type_code).chain(names.iter().rev().copied()).collect::<Vec<_>>().join(".");
                if from_type == path {
                    return true;
                }
            }
            names.push(place.name());
            current = place.parent();
        }
        false
    }
}
