package oracle;

import ca.uhn.fhir.context.BaseRuntimeChildDefinition;
import ca.uhn.fhir.context.BaseRuntimeElementCompositeDefinition;
import ca.uhn.fhir.context.BaseRuntimeElementDefinition;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.RuntimeChildPrimitiveEnumerationDatatypeDefinition;
import ca.uhn.fhir.context.RuntimeChildResourceDefinition;
import ca.uhn.fhir.context.RuntimePrimitiveDatatypeDefinition;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.UncheckedIOException;
import java.util.Map;

/** A well-formed value of every type, for elements an example does not have. */
final class Samples {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** By type name; what is not here is put together from the elements the type requires. */
    private static final Map<String, String> VALUES = Map.ofEntries(
            Map.entry("boolean", "true"),
            Map.entry("integer", "7"),
            Map.entry("positiveInt", "7"),
            Map.entry("unsignedInt", "7"),
            Map.entry("decimal", "7.5"),
            Map.entry("string", "\"words\""),
            Map.entry("markdown", "\"words\""),
            Map.entry("code", "\"word\""),
            Map.entry("id", "\"a1\""),
            Map.entry("uri", "\"http://example.org/a\""),
            Map.entry("url", "\"http://example.org/a\""),
            Map.entry("canonical", "\"http://example.org/a\""),
            Map.entry("oid", "\"urn:oid:1.2.246.10\""),
            Map.entry("uuid", "\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""),
            Map.entry("date", "\"2020-05-17\""),
            Map.entry("dateTime", "\"2020-05-17T08:30:00+03:00\""),
            Map.entry("instant", "\"2020-05-17T08:30:00.000+03:00\""),
            Map.entry("time", "\"08:30:00\""),
            Map.entry("base64Binary", "\"YWJj\""),
            Map.entry("Quantity", """
                    {"value": 7, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}"""),
            Map.entry("SimpleQuantity", """
                    {"value": 7, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}"""),
            Map.entry("Duration", """
                    {"value": 7, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}"""),
            Map.entry("Age", """
                    {"value": 7, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}"""),
            Map.entry("Money", """
                    {"value": 7}"""),
            Map.entry("CodeableConcept", """
                    {"text": "words"}"""),
            Map.entry("Coding", """
                    {"system": "http://example.org/codes", "code": "a", "display": "A"}"""),
            Map.entry("Identifier", """
                    {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}"""),
            Map.entry("Period", """
                    {"start": "2020-05-17T08:30:00+03:00", "end": "2020-05-17T09:30:00+03:00"}"""),
            Map.entry("Range", """
                    {"low": {"value": 1}, "high": {"value": 2}}"""),
            Map.entry("Ratio", """
                    {"numerator": {"value": 1}, "denominator": {"value": 2}}"""),
            Map.entry("SampledData", """
                    {"origin": {"value": 1}, "period": 10, "dimensions": 1, "data": "1 2 3"}"""),
            Map.entry("Attachment", """
                    {"contentType": "image/png", "data": "YWJj", "title": "words"}"""),
            Map.entry("Annotation", """
                    {"text": "words"}"""),
            Map.entry("Timing", """
                    {"event": ["2020-05-17T08:30:00+03:00"]}"""),
            Map.entry("HumanName", """
                    {"family": "Words"}"""),
            Map.entry("Address", """
                    {"city": "Words"}"""),
            Map.entry("ContactPoint", """
                    {"system": "phone", "value": "1"}"""),
            Map.entry("ContactDetail", """
                    {"name": "words"}"""),
            Map.entry("UsageContext", """
                    {"code": {"system": "http://example.org/codes", "code": "a"}, "valueCodeableConcept": {"text": "words"}}"""),
            Map.entry("Signature", """
                    {"type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
                     "when": "2020-05-17T08:30:00.000+03:00", "whoReference": {"reference": "Patient/1"},
                     "who": {"reference": "Patient/1"}}"""),
            Map.entry("Narrative", """
                    {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">words</div>"}"""),
            Map.entry("Meta", """
                    {"tag": [{"system": "http://example.org/codes", "code": "a"}]}"""),
            Map.entry("Extension", """
                    {"url": "http://example.org/extension", "valueString": "words"}"""),
            Map.entry("Dosage", """
                    {"text": "words"}"""));

    private final FhirContext context;

    Samples(FhirContext context) {
        this.context = context;
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (com.fasterxml.jackson.core.JsonProcessingException wrong) {
            throw new UncheckedIOException(wrong);
        }
    }

    /** A value for the element {@code name} of {@code parent}, in a list where one belongs; null when there is none. */
    JsonNode of(BaseRuntimeElementCompositeDefinition<?> parent, String name) {
        BaseRuntimeChildDefinition child = parent.getChildByName(name);
        JsonNode value = one(child, name);
        if (value == null || child.getMax() == 1) {
            return value;
        }
        ArrayNode list = JSON.createArrayNode();
        list.add(value);
        return list;
    }

    private JsonNode one(BaseRuntimeChildDefinition child, String name) {
        if (child instanceof RuntimeChildPrimitiveEnumerationDatatypeDefinition codes
                && codes.getBoundEnumType() != null
                && codes.getBoundEnumType().getEnumConstants().length > 0) {
            Enum<?> first = codes.getBoundEnumType().getEnumConstants()[0];
            try {
                return TextNode.valueOf((String) first.getClass().getMethod("toCode").invoke(first));
            } catch (ReflectiveOperationException noCode) {
                return null;
            }
        }
        if (child instanceof RuntimeChildResourceDefinition reference) {
            String target = reference.getResourceTypes().stream()
                    .filter(type -> !type.isInterface())
                    .map(context::getResourceType)
                    .filter(type -> !type.equals("Resource"))
                    .findFirst()
                    .orElse("Patient");
            return JSON.createObjectNode().put("reference", target + "/1");
        }
        BaseRuntimeElementDefinition<?> type = child.getChildByName(name);
        return type == null ? null : of(type);
    }

    /** A value of a type; null when it is a resource or unknown. */
    JsonNode of(BaseRuntimeElementDefinition<?> type) {
        String value = VALUES.get(type.getName());
        if (value != null) {
            return json(value);
        }
        if (type.getName().equals("Reference")) {
            return json("{\"reference\": \"Patient/1\"}");
        }
        if (type instanceof RuntimePrimitiveDatatypeDefinition) {
            return TextNode.valueOf("words");
        }
        if (!(type instanceof BaseRuntimeElementCompositeDefinition<?> composite)
                || type instanceof ca.uhn.fhir.context.RuntimeResourceDefinition) {
            return null;
        }
        ObjectNode object = JSON.createObjectNode();
        for (BaseRuntimeChildDefinition child : composite.getChildren()) {
            if (child.getMin() > 0) {
                String name = child.getValidChildNames().stream().sorted().findFirst().orElseThrow();
                JsonNode inner = of(composite, name);
                if (inner != null) {
                    object.set(name, inner);
                }
            }
        }
        if (object.isEmpty()) {
            object.put("id", "a1");
        }
        return object;
    }
}
