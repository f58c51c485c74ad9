package oracle;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.hl7.fhir.instance.model.api.IBaseResource;

/**
 * Where the service differs from HAPI's validator by a rule of its own, or our sandbox by a documented decision. Each entry
 * is listed in docs/agreement.md; whatever is not here is compared as HAPI says it.
 */
final class Policy {
    private Policy() {}

    /** A message that counts for less here than HAPI thinks. */
    private record Softened(String part, String why) {}

    private static final List<Softened> SOFTENED = List.of(
            new Softened("Display Name for", "a wrong display is a warning (display.mismatch = warn)"));

    /** The severity that counts: {@code information}, {@code warning}, {@code error} or {@code fatal}. */
    static String severity(SingleValidationMessage message) {
        String text = message.getMessage() == null ? "" : message.getMessage();
        String severity = message.getSeverity().name().toLowerCase(Locale.ROOT);
        boolean isGrave = severity.equals("error") || severity.equals("fatal");
        if (isGrave && SOFTENED.stream().anyMatch(softened -> text.contains(softened.part()))) {
            return "warning";
        }
        return severity;
    }

    /** The service's own rules about {@code meta.profile}, which no validator knows. */
    static List<String> refusals(Engine engine, JsonNode resource) {
        List<String> refusals = new ArrayList<>();
        JsonNode profiles = resource.path("meta").path("profile");
        boolean isNamed = false;
        boolean isConcrete = false;
        boolean isForeign = false;
        for (JsonNode profile : profiles) {
            isNamed |= !profile.asText().isEmpty();
            boolean isOurs = engine.typeOfProfile.containsKey(profile.asText());
            isConcrete |= isOurs && !engine.bases.contains(profile.asText());
            isForeign |= !isOurs;
        }
        if (!isNamed) {
            refusals.add("a resource names its profile");
        } else if (!isConcrete) {
            refusals.add("a resource names a profile that is not a base only");
        } else if (isForeign) {
            refusals.add("a resource names no foreign profile beside the national one");
        }
        return refusals;
    }

    /** A code system as the service holds it. */
    static IBaseResource codeSystem(IBaseResource definition, FhirContext context) {
        return definition;
    }
}
