package oracle;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CachingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.instance.model.api.IPrimitiveType;

/** HAPI's validator with our definitions, for one FHIR version. */
final class Engine {
    final FhirContext context;
    /** The published definitions by file name, as they were read. */
    final Map<String, IBaseResource> definitions = new HashMap<>();
    /** The types of the profiles, by canonical; aliases too. */
    final Map<String, String> typeOfProfile = new HashMap<>();
    /** The profiles that are refused as the only one. */
    final List<String> bases = new ArrayList<>();

    private static final String BASE_IN_PRACTICE =
            "https://kanta-phr-sandbox.example/StructureDefinition/abstract-in-practice";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ValidationSupportChain chain;
    private final FhirValidator validator;

    /**
     * @param set {@code r4}, {@code stu3}, or the name of an overlay, which starts so
     * @param profiles the folder that holds {@code r4/}, {@code stu3/}, the overlays and {@code aliases.json}
     */
    Engine(String set, Path profiles) throws IOException {
        String fhir = set.split("-")[0];
        context = fhir.equals("r4") ? FhirContext.forR4() : FhirContext.forDstu3();
        Map<String, IBaseResource> structures = new HashMap<>();
        Map<String, IBaseResource> valueSets = new HashMap<>();
        Map<String, IBaseResource> codeSystems = new HashMap<>();
        Map<String, String> texts = new HashMap<>();
        // An overlay's file stands for the one of the same name in the folder of the version.
        Map<String, Path> files = new TreeMap<>();
        for (String folder : List.of(fhir, set)) {
            try (Stream<Path> found = Files.list(profiles.resolve(folder))) {
                found.filter(file -> file.toString().endsWith(".json"))
                        .forEach(file -> files.put(file.getFileName().toString(), file));
            }
        }
        for (Path file : files.values()) {
            String text = Files.readString(file);
            IBaseResource definition = read(text);
            JsonNode json = JSON.readTree(text);
            String url = json.path("url").asText();
            definitions.put(file.getFileName().toString(), definition);
            switch (json.path("resourceType").asText()) {
                case "StructureDefinition" -> {
                    structures.put(url, definition);
                    typeOfProfile.put(url, json.path("type").asText());
                    texts.put(url, text);
                    if (isBase(json)) {
                        bases.add(url);
                    }
                }
                case "ValueSet" -> valueSets.put(url, definition);
                case "CodeSystem" -> {
                    if (Policy.isHeld(json)) {
                        codeSystems.put(url, definition);
                    }
                }
                default -> throw new IOException(file + ": neither a profile, a value set nor a code system");
            }
        }
        for (JsonNode alias : JSON.readTree(profiles.resolve("aliases.json").toFile())) {
            if (alias.path("fhir").asText().equals(fhir)) {
                String name = alias.path("alias").asText();
                String url = alias.path("profile").asText();
                String text = texts.get(url);
                if (text == null) {
                    throw new IOException("the alias " + name + " stands for " + url + ", which is not there");
                }
                IBaseResource copy = read(text);
                ((IPrimitiveType<?>) context.newTerser().getValues(copy, "url").get(0)).setValueAsString(name);
                structures.put(name, copy);
                typeOfProfile.put(name, typeOfProfile.get(url));
                if (bases.contains(url)) {
                    bases.add(name);
                }
            }
        }
        // In the order of HAPI's own JPA server (JpaValidationSupportChain), which the real service's messages point to.
        chain = new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                new PrePopulatedValidationSupport(context, structures, valueSets, codeSystems),
                new SnapshotGeneratingValidationSupport(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context));
        FhirInstanceValidator instances = new FhirInstanceValidator(new CachingValidationSupport(chain));
        // An extension nobody knows is a warning (decisions: unknown extension).
        instances.setAnyExtensionsAllowed(true);
        validator = context.newValidator();
        validator.registerValidatorModule(instances);
    }

    private static boolean isBase(JsonNode definition) {
        if (definition.path("abstract").asBoolean()) {
            return true;
        }
        for (JsonNode extension : definition.path("extension")) {
            if (extension.path("url").asText().equals(BASE_IN_PRACTICE)) {
                return extension.path("valueBoolean").asBoolean();
            }
        }
        return false;
    }

    private IBaseResource read(String text) {
        return context.newJsonParser().setParserErrorHandler(new StrictErrorHandler()).parseResource(text);
    }

    /** The definition with a snapshot; throws when HAPI cannot make one. */
    IBaseResource snapshot(IBaseResource definition) {
        return new SnapshotGeneratingValidationSupport(context)
                .generateSnapshot(new ValidationSupportContext(chain), definition, "http://oracle.example", null, "x");
    }

    /** What HAPI says, errors first as it says them. An exception within HAPI comes through. */
    List<SingleValidationMessage> messages(String text) {
        return validator.validateWithResult(text).getMessages();
    }

    /** Why HAPI's parser, which every server reads a body with, refuses the text; null when it does not. */
    String unreadable(String text) {
        try {
            context.newJsonParser().setParserErrorHandler(new LenientErrorHandler()).parseResource(text);
            return null;
        } catch (RuntimeException refused) {
            return refused.getMessage();
        }
    }
}
