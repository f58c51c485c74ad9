package oracle;

import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.hl7.fhir.instance.model.api.IBaseResource;

/** The commands that {@code run} puts together. */
final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "load" -> load(arguments[1], Path.of(arguments[2]));
            case "judge" -> {
                Engine engine = new Engine(arguments[1], Path.of(arguments[2]));
                new Judge(engine).run(Judge.read(Path.of(arguments[3])), Path.of(arguments[4]));
            }
            case "mutate" -> {
                Mutator mutator = new Mutator(
                        arguments[1], Path.of(arguments[2]), Long.parseLong(arguments[4]), Integer.parseInt(arguments[5]));
                mutator.run(Path.of(arguments[3]));
            }
            case "compare" -> System.exit(new Comparison().run(arguments));
            default -> {
                System.err.println("""
                        load    stu3|r4 PROFILES                      every definition loads, or say why not
                        judge   stu3|r4 PROFILES IN OUT.ndjson        a line per resource of a folder, file or .ndjson
                        mutate  stu3|r4 EXAMPLES OUT SEED PER-EXAMPLE makes mutants and OUT/index.tsv
                        compare THRESHOLD DETAILS (NAME MUTANTS HAPI.ndjson OURS.json)...""");
                System.exit(2);
            }
        }
    }

    private static void load(String fhir, Path profiles) throws Exception {
        Engine engine = new Engine(fhir, profiles);
        int failures = 0;
        for (var entry : new TreeMap<>(engine.definitions).entrySet()) {
            IBaseResource definition = entry.getValue();
            try {
                if (entry.getKey().startsWith("StructureDefinition")) {
                    definition = engine.snapshot(definition);
                }
                String text = engine.context.newJsonParser().encodeResourceToString(definition);
                List<SingleValidationMessage> errors = engine.messages(text).stream()
                        .filter(message -> message.getSeverity().ordinal() >= 2)
                        .toList();
                for (SingleValidationMessage error : errors) {
                    System.out.println(entry.getKey() + ": " + error.getLocationString() + ": " + error.getMessage());
                }
                failures += errors.isEmpty() ? 0 : 1;
            } catch (RuntimeException refused) {
                System.out.println(entry.getKey() + ": " + refused);
                failures++;
            }
        }
        System.out.println(fhir + ": " + engine.definitions.size() + " definitions, " + failures + " with errors");
        System.exit(failures == 0 ? 0 : 1);
    }
}
