//! The types of elements, as far as expressions ask for them.

/// Knows the types of elements; the definitions of a FHIR version implement it.
pub trait Model {
    /// The type of a child element: a FHIR type, or for a nested element (BackboneElement) whatever name the model
    /// wants to be asked with for that element's own children, usually its path.
    ///
    /// `parent` is such a name too. Choice elements are not asked for: their type follows from their JSON key. `None` when
    /// the model does not know.
    fn child_type(&self, parent: &str, child: &str) -> Option<&str>;

    /// Whether a type is derived from another one (and not the same).
    fn is_subtype(&self, type_name: &str, ancestor: &str) -> bool;
}

/// The fallback without definitions: the types that JSON keys and values give away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shapes;

/// The one value of [`Shapes`], to borrow.
pub static TYPES_BY_SHAPE: Shapes = Shapes;

impl Model for Shapes {
    fn child_type(&self, _parent: &str, child: &str) -> Option<&str> {
        match child {
            "extension" | "modifierExtension" => Some("Extension"),
            "meta" => Some("Meta"),
            _ => None,
        }
    }

    fn is_subtype(&self, type_name: &str, ancestor: &str) -> bool {
        match ancestor {
            "string" => matches!(type_name, "code" | "id" | "markdown"),
            "uri" => matches!(type_name, "url" | "canonical" | "oid" | "uuid"),
            "integer" => matches!(type_name, "positiveInt" | "unsignedInt"),
            "Quantity" => matches!(
                type_name,
                "Age" | "Count" | "Distance" | "Duration" | "Money" | "MoneyQuantity" | "SimpleQuantity"
            ),
            "Element" => choice_type(&capitalised(type_name)).is_some(),
            "Resource" => choice_type(&capitalised(type_name)).is_none(),
            "DomainResource" => {
                choice_type(&capitalised(type_name)).is_none()
                    && !matches!(type_name, "Bundle" | "Binary" | "Parameters")
            }
            _ => false,
        }
    }
}

fn capitalised(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// The data type that ends the JSON key of a choice element: `Quantity` of `valueQuantity`, `dateTime` for `DateTime`.
pub(super) fn choice_type(suffix: &str) -> Option<&'static str> {
    Some(match suffix {
        "Base64Binary" => "base64Binary",
        "Boolean" => "boolean",
        "Canonical" => "canonical",
        "Code" => "code",
        "Date" => "date",
        "DateTime" => "dateTime",
        "Decimal" => "decimal",
        "Id" => "id",
        "Instant" => "instant",
        "Integer" => "integer",
        "Markdown" => "markdown",
        "Oid" => "oid",
        "PositiveInt" => "positiveInt",
        "String" => "string",
        "Time" => "time",
        "UnsignedInt" => "unsignedInt",
        "Uri" => "uri",
        "Url" => "url",
        "Uuid" => "uuid",
        "Address" => "Address",
        "Age" => "Age",
        "Annotation" => "Annotation",
        "Attachment" => "Attachment",
        "CodeableConcept" => "CodeableConcept",
        "Coding" => "Coding",
        "ContactDetail" => "ContactDetail",
        "ContactPoint" => "ContactPoint",
        "Contributor" => "Contributor",
        "Count" => "Count",
        "DataRequirement" => "DataRequirement",
        "Distance" => "Distance",
        "Dosage" => "Dosage",
        "Duration" => "Duration",
        "ElementDefinition" => "ElementDefinition",
        "Expression" => "Expression",
        "Extension" => "Extension",
        "HumanName" => "HumanName",
        "Identifier" => "Identifier",
        "Meta" => "Meta",
        "Money" => "Money",
        "Narrative" => "Narrative",
        "ParameterDefinition" => "ParameterDefinition",
        "Period" => "Period",
        "Quantity" => "Quantity",
        "Range" => "Range",
        "Ratio" => "Ratio",
        "Reference" => "Reference",
        "RelatedArtifact" => "RelatedArtifact",
        "SampledData" => "SampledData",
        "Signature" => "Signature",
        "Timing" => "Timing",
        "TriggerDefinition" => "TriggerDefinition",
        "UsageContext" => "UsageContext",
        _ => return None,
    })
}
