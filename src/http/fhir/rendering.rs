//! How resources are written: `_pretty`, `_elements`, `_summary`. Without any of them the stored bytes go out as they are.

use crate::fhir::Version;
use crate::fhir::search::Summary;
use crate::json::{Document, Value};
use crate::records::ResourceType;
use bytes::Bytes;

/// What the query says about writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rendering {
    pretty: bool,
    summary: Summary,
    /// Names of top-level elements; empty for all.
    elements: Vec<String>,
}

impl Rendering {
    pub fn of(query: &[(String, String)]) -> Rendering {
        let mut rendering = Rendering::default();
        for (name, value) in query {
            match name.as_str() {
                "_pretty" => rendering.pretty = value == "true",
                "_summary" => rendering.summary = Summary::parse(value).unwrap_or_default(),
                "_elements" => {
                    // `Observation.code` is another way to say `code`.
                    let last = |element: &str| element.rsplit('.').next().unwrap_or(element).trim().to_owned();
                    rendering.elements = value.split(',').map(last).filter(|name| !name.is_empty()).collect();
                }
                _ => {}
            }
        }
        rendering
    }

    /// How many bytes of memory the names of elements take.
    pub fn kept(&self) -> usize {
        self.elements.iter().map(|name| size_of_val(name) + name.capacity()).sum()
    }

    /// A resource that is the body of an answer.
    pub fn resource(&self, resource_type: ResourceType, version: Version, body: &Bytes) -> Bytes {
        let body = self.embedded(resource_type, version, body);
        if self.pretty { pretty(body) } else { body }
    }

    /// A resource that will stand in a Bundle: the Bundle is made pretty as a whole.
    pub fn embedded(&self, resource_type: ResourceType, version: Version, body: &Bytes) -> Bytes {
        if self.is_as_stored() {
            return body.clone();
        }
        match Document::from_bytes(body) {
            Ok(document) => self.subset(resource_type, version, document.root()).into(),
            Err(_) => body.clone(),
        }
    }

    /// Whether resources within a Bundle go out as they are stored.
    pub fn is_as_stored(&self) -> bool {
        self.elements.is_empty() && matches!(self.summary, Summary::False | Summary::Count)
    }

    /// A Bundle or an OperationOutcome.
    pub fn other(&self, text: impl Into<Bytes>) -> Bytes {
        if self.pretty { pretty(text.into()) } else { text.into() }
    }

    fn subset(&self, resource_type: ResourceType, version: Version, resource: Value<'_>) -> String {
        let mut output = String::from("{");
        for (key, member) in resource.members() {
            if key != "meta" && !self.keeps(resource_type, key) {
                continue;
            }
            if output.len() > 1 {
                output.push(',');
            }
            if let Some(key) = member.key_span() {
                output.push_str(&member.document().text()[key]);
            }
            output.push(':');
            if key == "meta" {
                tagged(&mut output, version, member);
            } else {
                member.write_compact(&mut output);
            }
        }
        output.push('}');
        output
    }

    fn keeps(&self, resource_type: ResourceType, key: &str) -> bool {
        let key = key.trim_start_matches('_');
        // `effective` asks for `effectiveDateTime` as well, `context` does not for `contextType`.
        let names = |name: &str| {
            key.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty() || (CHOICES.contains(&name) && rest.starts_with(|c: char| c.is_ascii_uppercase()))
            })
        };
        if matches!(key, "resourceType" | "id") || mandatory(resource_type).iter().any(|name| names(name)) {
            return true;
        }
        if !self.elements.is_empty() {
            return self.elements.iter().any(|name| names(name));
        }
        match self.summary {
            Summary::True => {
                let defining: &[&str] = if resource_type.is_conformance() { &DEFINING } else { &[] };
                summary(resource_type).iter().chain(defining).any(|name| names(name))
            }
            Summary::Text => key == "text",
            Summary::Data => key != "text",
            Summary::False | Summary::Count => true,
        }
    }
}

/// The elements whose name tells their type.
const CHOICES: [&str; 7] =
    ["effective", "value", "medication", "deceased", "multipleBirth", "source", "reasonNotTaken"];

/// The elements that FHIR makes mandatory: a subset has them always.
fn mandatory(resource_type: ResourceType) -> &'static [&'static str] {
    match resource_type {
        ResourceType::Observation => &["status", "code"],
        ResourceType::MedicationAdministration => &["status", "medication", "subject"],
        ResourceType::MedicationStatement => &["status", "medication", "subject", "taken"],
        ResourceType::CarePlan => &["status", "intent", "subject"],
        ResourceType::Consent => &["status", "patient"],
        ResourceType::Questionnaire | ResourceType::QuestionnaireResponse | ResourceType::ValueSet => &["status"],
        ResourceType::CodeSystem => &["status", "content"],
        ResourceType::StructureDefinition => &["url", "name", "status", "kind", "abstract", "type"],
        ResourceType::Patient | ResourceType::OperationDefinition => &[],
    }
}

/// What all resources that define something have in a summary.
const DEFINING: [&str; 16] = [
    "implicitRules",
    "url",
    "identifier",
    "version",
    "name",
    "title",
    "status",
    "experimental",
    "date",
    "publisher",
    "contact",
    "useContext",
    "jurisdiction",
    "code",
    "effectivePeriod",
    "subjectType",
];

/// The elements that FHIR marks as summary in one version or the other, of those in use; what is mandatory is kept anyway.
fn summary(resource_type: ResourceType) -> &'static [&'static str] {
    match resource_type {
        ResourceType::Observation => &[
            "implicitRules",
            "identifier",
            "subject",
            "effective",
            "issued",
            "performer",
            "value",
            "component",
            "hasMember",
        ],
        ResourceType::MedicationAdministration => &["implicitRules", "identifier", "effective", "performer"],
        ResourceType::MedicationStatement => {
            &["implicitRules", "identifier", "basedOn", "partOf", "context", "category", "effective"]
        }
        ResourceType::CarePlan => &[
            "implicitRules",
            "identifier",
            "definition",
            "instantiatesCanonical",
            "instantiatesUri",
            "basedOn",
            "replaces",
            "partOf",
            "category",
            "title",
            "description",
            "encounter",
            "context",
            "period",
            "created",
            "author",
        ],
        ResourceType::Consent => &[
            "implicitRules",
            "identifier",
            "category",
            "period",
            "dateTime",
            "consentingParty",
            "actor",
            "action",
            "organization",
            "source",
            "policyRule",
            "securityLabel",
            "purpose",
            "dataPeriod",
            "data",
            "except",
        ],
        ResourceType::QuestionnaireResponse => &[
            "implicitRules",
            "identifier",
            "basedOn",
            "parent",
            "partOf",
            "questionnaire",
            "subject",
            "context",
            "encounter",
            "authored",
            "author",
            "source",
        ],
        ResourceType::Patient => &["implicitRules", "identifier", "active", "name", "gender", "birthDate", "link"],
        ResourceType::Questionnaire | ResourceType::OperationDefinition => &DEFINING,
        ResourceType::ValueSet => &["immutable"],
        ResourceType::CodeSystem => &[
            "caseSensitive",
            "valueSet",
            "hierarchyMeaning",
            "compositional",
            "versionNeeded",
            "supplements",
            "count",
            "filter",
            "property",
        ],
        ResourceType::StructureDefinition => {
            &["keyword", "fhirVersion", "contextType", "context", "baseDefinition", "derivation"]
        }
    }
}

/// Writes meta with the tag that marks a subset.
fn tagged(output: &mut String, version: Version, meta: Value<'_>) {
    let system = match version {
        Version::Stu3 => "http://hl7.org/fhir/v3/ObservationValue",
        Version::R4 => "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    };
    let tag =
        format!("{{\"system\":\"{system}\",\"code\":\"SUBSETTED\",\"display\":\"Resource encoded in summary mode\"}}");
    output.push('{');
    for (key, member) in meta.members().filter(|(key, _)| *key != "tag") {
        output.push_str(&crate::json::escape(key));
        output.push(':');
        member.write_compact(output);
        output.push(',');
    }
    output.push_str("\"tag\":[");
    for item in meta.get("tag").into_iter().flat_map(Value::items) {
        item.write_compact(output);
        output.push(',');
    }
    output.push_str(&tag);
    output.push_str("]}");
}

fn pretty(body: Bytes) -> Bytes {
    match Document::from_bytes(&body) {
        Ok(document) => {
            let mut output = String::with_capacity(body.len() * 2);
            document.root().write_pretty(&mut output);
            output.into()
        }
        Err(_) => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(query: &str) -> String {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let body = Bytes::from_static(
            br#"{"resourceType":"Observation","id":"1","meta":{"versionId":"1"},"text":{},"status":"final","effectiveDateTime":"2019","valueQuantity":{"value":72.50}}"#,
        );
        let bytes = Rendering::of(&pairs).resource(ResourceType::Observation, Version::R4, &body);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn subsets_have_what_is_mandatory_and_a_tag() {
        insta::assert_snapshot!(rendered("_elements=effective"), @r#"{"resourceType":"Observation","id":"1","meta":{"versionId":"1","tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED","display":"Resource encoded in summary mode"}]},"status":"final","effectiveDateTime":"2019"}"#);
        assert!(rendered("_summary=true").contains("72.50") && !rendered("_summary=true").contains("\"text\""));
        assert!(rendered("_summary=text").contains("\"text\"") && !rendered("_summary=text").contains("72.50"));
        assert!(rendered("_pretty=true").contains("\n    \"value\": 72.50"));
        assert!(!rendered("_summary=false").contains("SUBSETTED"));
    }
}
