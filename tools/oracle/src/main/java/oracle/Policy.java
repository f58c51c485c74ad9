package oracle;

import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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

    /**
     * Whether the service is taken to hold the codes of a code system. One that is {@code not-present} is left out: HAPI 5.2
     * would refuse every code of it, the decision is that they cannot be checked.
     */
    static boolean isHeld(JsonNode codeSystem) {
        return !codeSystem.path("content").asText().equals("not-present");
    }

    /**
     * A rule of ours that stands for something the service does outside HAPI 5.2's validator.
     *
     * @param rule how the rule's id ends
     * @param place what the location contains
     * @param text how the text starts
     */
    private record OwnRule(String rule, String place, String text, String why) {}

    private static final List<OwnRule> OWN = List.of(
            new OwnRule("#reference", "", "", "references are checked when a resource is stored, not by the validator"),
            new OwnRule("#identifier", "", "", "Kela's rule of July 2020: urn:ietf:rfc:3986 goes with urn:uuid: alone"),
            new OwnRule("meta.profile#profile", ".contained[", "Missing profile", "Kela's rule of July 2020"),
            new OwnRule(".language#binding", "", "", "documented; HAPI 5.2 calls every language known"),
            new OwnRule(".id#primitive", "", "id value", "the format of ids holds though R4's snapshots say string"));

    /** Whether an issue of ours is the service's own rule. */
    static boolean isOwn(JsonNode issue) {
        String rule = issue.path("details").path("text").asText();
        String place = issue.path("location").path(0).asText();
        String text = issue.path("diagnostics").asText();
        return OWN.stream()
                .anyMatch(own -> rule.endsWith(own.rule()) && place.contains(own.place()) && text.startsWith(own.text()));
    }
}
