package oracle;

import ca.uhn.fhir.context.FhirContext;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes resources from the project's examples: valid variations and single faults of every rule family. The same seed and
 * examples make the same mutants. {@code index.tsv} has a line per mutant: file, profile, family, example, what was done.
 */
final class Mutator {
    /** Numbers stay as they are written. */
    static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .setNodeFactory(JsonNodeFactory.withExactBigDecimals(true));

    /** A resource made from an example. */
    record Mutant(String family, String done, String text) {}

    private final FhirContext context;
    private final Path examples;
    private final long seed;
    private final int perExample;

    /** @param perExample how many mutants to keep of an example, at most; the families take turns */
    Mutator(String set, Path examples, long seed, int perExample) {
        this.context = set.startsWith("r4") ? FhirContext.forR4() : FhirContext.forDstu3();
        this.examples = examples.resolve(set);
        this.seed = seed;
        this.perExample = perExample;
    }

    void run(Path output) throws IOException {
        Files.createDirectories(output);
        int count = 0;
        try (BufferedWriter index = Files.newBufferedWriter(output.resolve("index.tsv"))) {
            for (Path file : jsonIn(examples.resolve("valid"))) {
                String text = Files.readString(file);
                JsonNode example = JSON.readTree(text);
                List<Mutant> mutants = new ArrayList<>();
                mutants.add(new Mutant("example", "as it is", text));
                mutants.addAll(chosen(new Faults(context, example, text).all(), file.getFileName().toString()));
                count += write(output, index, file, profile(example), mutants);
            }
            Path invalid = examples.resolve("invalid");
            for (Path file : Files.isDirectory(invalid) ? jsonIn(invalid) : List.<Path>of()) {
                String text = Files.readString(file);
                String profile;
                try {
                    profile = profile(JSON.readTree(text));
                } catch (com.fasterxml.jackson.core.JsonProcessingException noJson) {
                    profile = "none";
                }
                count += write(output, index, file, profile, List.of(new Mutant("example", "as it is", text)));
            }
        }
        System.out.println(count + " resources in " + output);
    }

    private static List<Path> jsonIn(Path folder) throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            return found.filter(file -> file.toString().endsWith(".json")).sorted().toList();
        }
    }

    /** The last part of the first profile's canonical. */
    private static String profile(JsonNode resource) {
        String url = resource.path("meta").path("profile").path(0).asText("none");
        return url.substring(url.lastIndexOf('/') + 1);
    }

    /** At most {@link #perExample}, the families taking turns, each in a shuffled order. */
    private List<Mutant> chosen(List<Mutant> all, String name) {
        Random random = new Random(seed * 31 + name.hashCode());
        Map<String, List<Mutant>> families = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        for (Mutant mutant : all) {
            if (seen.add(mutant.text())) {
                families.computeIfAbsent(mutant.family(), family -> new ArrayList<>()).add(mutant);
            }
        }
        families.values().forEach(family -> Collections.shuffle(family, random));
        List<Mutant> chosen = new ArrayList<>();
        for (int turn = 0; chosen.size() < perExample; turn++) {
            int before = chosen.size();
            for (List<Mutant> family : families.values()) {
                if (turn < family.size() && chosen.size() < perExample) {
                    chosen.add(family.get(turn));
                }
            }
            if (chosen.size() == before) {
                break;
            }
        }
        return chosen;
    }

    private static int write(Path output, BufferedWriter index, Path example, String profile, List<Mutant> mutants)
            throws IOException {
        String kind = example.getParent().getFileName().toString();
        String name = example.getFileName().toString().replace(".json", "");
        Path folder = Files.createDirectories(output.resolve(kind));
        int number = 0;
        for (Mutant mutant : mutants) {
            String file = "%s-%04d-%s.json".formatted(name, number++, mutant.family());
            Files.writeString(folder.resolve(file), mutant.text());
            index.write(String.join("\t", kind + "/" + file, profile, mutant.family(), kind + "/" + name, oneLine(mutant.done())));
            index.newLine();
        }
        return mutants.size();
    }

    private static String oneLine(String words) {
        String line = words.replaceAll("[\\p{Cntrl}]", " ");
        return line.length() > 300 ? line.substring(0, 300) + "…" : line;
    }
}
