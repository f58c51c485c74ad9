//! Which items are of a type.

use super::evaluate::{Evaluated, Evaluator, Scope};
use super::item::{Collection, Item, Node};
use super::syntax::{MomentKind, PartId, TypeName, TypeOperator};
use crate::json::Kind;
use smallvec::smallvec;

impl<'a> Evaluator<'_, 'a> {
    /// `is`, `as` and `ofType`.
    pub(super) fn by_type(
        &self,
        operator: TypeOperator,
        operand: Option<PartId>,
        type_name: &TypeName,
        scope: &Scope<'_, 'a>,
    ) -> Evaluated<'a> {
        let mut items = self.input(operand, scope)?;
        if operator == TypeOperator::Is {
            let Some(item) = self.single("is", &items)? else {
                return Ok(Collection::new());
            };
            return Ok(smallvec![Item::Boolean(self.is_of(item, type_name))]);
        }
        items.retain(|item| self.is_of(item, type_name));
        Ok(items)
    }

    fn is_of(&self, item: &Item<'a>, type_name: &TypeName) -> bool {
        let name = &*type_name.name;
        let of_system = type_name.namespace.as_deref() != Some("FHIR");
        let of_fhir = type_name.namespace.as_deref() != Some("System");
        let system_name = match item {
            Item::Node(node) => {
                return of_fhir && self.is_node_of(node, name) || of_system && is_node_of_system(node, name);
            }
            Item::Boolean(_) => "Boolean",
            Item::Integer(_) => "Integer",
            Item::Decimal(_) => "Decimal",
            Item::String(_) => "String",
            Item::Quantity(_) => "Quantity",
            Item::Moment(moment) => match moment.kind() {
                MomentKind::Date => "Date",
                MomentKind::DateTime => "DateTime",
                MomentKind::Time => "Time",
            },
        };
        of_system && system_name == name
    }

    /// Whether a node has a FHIR type; one of unknown type counts as any primitive its JSON could be.
    pub(super) fn is_node_of(&self, node: &Node<'a>, name: &str) -> bool {
        if let Some(own) = node.type_name() {
            return own == name || self.context.model.is_subtype(own, name);
        }
        let Some(value) = node.value() else {
            return false;
        };
        match value.kind() {
            Kind::String => match name {
                "string" | "uri" | "code" | "id" | "markdown" | "url" | "canonical" | "oid" | "uuid"
                | "base64Binary" | "xhtml" => true,
                "date" | "dateTime" | "instant" | "time" => {
                    matches!(Node::new(Some(value), None, Some(known(name))).system(), Ok(Some(Item::Moment(_))))
                }
                _ => false,
            },
            Kind::Number => match name {
                "decimal" => true,
                "integer" | "positiveInt" | "unsignedInt" => value.source().parse::<i64>().is_ok(),
                _ => false,
            },
            Kind::Boolean => name == "boolean",
            Kind::Object => name == "Quantity" && matches!(node.system(), Ok(Some(Item::Quantity(_)))),
            Kind::Array | Kind::Null => false,
        }
    }
}

/// The same name with a lifetime of its own.
fn known(name: &str) -> &'static str {
    match name {
        "date" => "date",
        "instant" => "instant",
        "time" => "time",
        _ => "dateTime",
    }
}

/// FHIR primitives convert to the types of the language, so `answer is Boolean` holds for a `boolean`.
fn is_node_of_system(node: &Node<'_>, name: &str) -> bool {
    if !matches!(name, "Boolean" | "Integer" | "Decimal" | "String" | "Date" | "DateTime" | "Time") {
        return false;
    }
    match node.system() {
        Ok(Some(Item::Boolean(_))) => name == "Boolean",
        Ok(Some(Item::Integer(_))) => name == "Integer",
        Ok(Some(Item::Decimal(_))) => name == "Decimal",
        Ok(Some(Item::String(_))) => name == "String",
        Ok(Some(Item::Moment(moment))) => match moment.kind() {
            MomentKind::Date => name == "Date",
            MomentKind::DateTime => name == "DateTime",
            MomentKind::Time => name == "Time",
        },
        _ => false,
    }
}
