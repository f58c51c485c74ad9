package oracle;

import ca.uhn.fhir.validation.ResultSeverityEnum;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The commands that {@code run} puts together. */
final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "load" -> load(arguments[1], Path.of(arguments[2]), arguments.length > 3);
            case "judge" -> {
                Engine engine = new Engine(arguments[1], Path.of(arguments[2]));
                new Judge(engine).run(Judge.read(Path.of(arguments[3])), Path.of(arguments[4]));
            }
            case "mutate" -> {
                Mutator mutator = new Mutator(
                        arguments[1], Path.of(arguments[2]), Long.parseLong(arguments[4]), Integer.parseInt(arguments[5]));
                mutator.run(Path.of(arguments[3]));
            }
            case "compare" -> System.exit(Comparison.run(arguments));
            default -> {
                System.err.println("""
                        load    SET PROFILES [judge]              every definition loads, or say why not
                        judge   SET PROFILES IN OUT.ndjson        a line per resource of a folder, file or .ndjson
                        mutate  SET EXAMPLES OUT SEED PER-EXAMPLE makes mutants and OUT/index.tsv
                        compare KNOWN.tsv THRESHOLD EVERYDAY (NAME MUTANTS HAPI.ndjson OURS.json)...
                        SET is stu3, r4, stu3-2017 or r4-extras""");
                System.exit(2);
            }
        }
    }

    /** An exception with those it was caused by, in one line. */
    private static String reasons(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.getClass().getSimpleName() + ": " + failure.getMessage());
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text.append(" <- ").append(cause.getMessage());
        }
        return text.toString();
    }

    /**
     * Proves that every definition can be read without a lenient eye and, when it is a profile, be given a snapshot.
     *
     * @param isJudged whether HAPI judges the definitions as resources, too; 8.x cannot, it fails on invariants of its own
     */
    private static void load(String set, Path profiles, boolean isJudged) throws Exception {
        Engine engine = new Engine(set, profiles);
        int failures = 0;
        for (var entry : new TreeMap<>(engine.definitions).entrySet()) {
            List<String> errors = new ArrayList<>();
            try {
                if (isJudged) {
                    String text = engine.context.newJsonParser().encodeResourceToString(entry.getValue());
                    engine.messages(text).stream()
                            .filter(message -> message.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0)
                            .forEach(error -> errors.add(error.getLocationString() + ": " + error.getMessage()));
                }
                if (entry.getKey().startsWith("StructureDefinition")) {
                    engine.snapshot(entry.getValue());
                }
            } catch (RuntimeException refused) {
                errors.add(reasons(refused));
            }
            errors.forEach(error -> System.out.println(entry.getKey() + ": " + error));
            failures += errors.isEmpty() ? 0 : 1;
        }
        System.out.println(set + ": " + engine.definitions.size() + " definitions, " + failures + " with errors");
        System.exit(failures == 0 ? 0 : 1);
    }
}
