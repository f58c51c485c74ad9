package oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The agreement table of the two engines, and every disagreement. */
final class Comparison {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A mutant as {@code index.tsv} has it. */
    private record Entry(String file, String profile, String family, String example, String done) {}

    /** How many resources, and how many of them with the same verdict. */
    private static final class Count {
        int all;
        int same;
        int valid;
        /** Refused by us for a rule of the service that is none of HAPI's, counted as the same. */
        int policy;

        void add(boolean isSame, boolean isValid, boolean isPolicy) {
            all++;
            same += isSame ? 1 : 0;
            valid += isValid ? 1 : 0;
            policy += isPolicy ? 1 : 0;
        }

        double percent() {
            return all == 0 ? 100 : 100.0 * same / all;
        }
    }

    /**
     * @param arguments {@code compare THRESHOLD DETAILS (NAME MUTANTS HAPI.ndjson OURS.json)...}
     * @return 1 when an agreement is below the threshold, a percentage
     */
    int run(String[] arguments) throws IOException {
        double threshold = Double.parseDouble(arguments[1]);
        boolean isEnough = true;
        try (PrintWriter details = new PrintWriter(Files.newBufferedWriter(Path.of(arguments[2])))) {
            for (int at = 3; at + 3 < arguments.length; at += 4) {
                double percent = compare(
                        arguments[at], Path.of(arguments[at + 1]), Path.of(arguments[at + 2]), Path.of(arguments[at + 3]), details);
                isEnough &= percent >= threshold;
            }
        }
        return isEnough ? 0 : 1;
    }

    private double compare(String name, Path mutants, Path theirFile, Path ourFile, PrintWriter details) throws IOException {
        Map<String, JsonNode> theirs = new HashMap<>();
        try (Stream<String> lines = Files.lines(theirFile)) {
            for (String line : (Iterable<String>) lines::iterator) {
                JsonNode verdict = JSON.readTree(line);
                theirs.put(verdict.path("file").asText(), verdict);
            }
        }
        Map<String, JsonNode> ours = new HashMap<>();
        for (JsonNode verdict : JSON.readTree(ourFile.toFile())) {
            Path file = Path.of(verdict.path("file").asText());
            ours.put(file.getParent().getFileName() + "/" + file.getFileName(), verdict.path("outcome"));
        }
        Count total = new Count();
        Map<String, Count> byProfile = new TreeMap<>();
        Map<String, Count> byFamily = new TreeMap<>();
        List<Entry> different = new ArrayList<>();
        for (String line : Files.readAllLines(mutants.resolve("index.tsv"))) {
            String[] cells = line.split("\t", 5);
            if (cells.length < 5) {
                continue;
            }
            Entry entry = new Entry(cells[0], cells[1], cells[2], cells[3], cells[4]);
            JsonNode their = theirs.get(entry.file());
            JsonNode our = ours.get(entry.file());
            if (their == null || our == null) {
                throw new IOException(entry.file() + " has not been judged by both");
            }
            boolean isValid = their.path("verdict").asText().equals("valid");
            boolean isPolicy = isValid && isRefusedByPolicyAlone(our);
            boolean isSame = isPolicy || isValid == accepts(our);
            total.add(isSame, isValid, isPolicy);
            byProfile.computeIfAbsent(entry.profile(), key -> new Count()).add(isSame, isValid, isPolicy);
            byFamily.computeIfAbsent(entry.family(), key -> new Count()).add(isSame, isValid, isPolicy);
            if (!isSame) {
                different.add(entry);
            }
        }
        System.out.println();
        System.out.println("## " + name);
        table("profile", byProfile, total);
        table("rule family", byFamily, total);
        details.println("# " + name + ": " + different.size() + " different verdicts");
        for (Entry entry : different) {
            details.println();
            details.println(entry.file() + "  [" + entry.family() + "] " + entry.done());
            JsonNode their = theirs.get(entry.file());
            details.println("  HAPI: " + their.path("verdict").asText());
            for (JsonNode message : their.path("messages")) {
                details.println("    " + message.path("severity").asText() + " | " + message.path("location").asText() + " | "
                        + message.path("text").asText());
            }
            JsonNode our = ours.get(entry.file());
            details.println("  ours: " + (accepts(our) ? "valid" : "invalid"));
            for (JsonNode issue : our.path("issue")) {
                details.println("    " + issue.path("severity").asText() + " | " + issue.path("location").path(0).asText() + " | "
                        + issue.path("diagnostics").asText());
            }
        }
        details.println();
        return total.percent();
    }

    private static boolean accepts(JsonNode outcome) {
        for (JsonNode issue : outcome.path("issue")) {
            String severity = issue.path("severity").asText();
            if (severity.equals("error") || severity.equals("fatal")) {
                return false;
            }
        }
        return true;
    }

    private static boolean isRefusedByPolicyAlone(JsonNode outcome) {
        boolean isRefused = false;
        for (JsonNode issue : outcome.path("issue")) {
            String severity = issue.path("severity").asText();
            if (severity.equals("error") || severity.equals("fatal")) {
                isRefused = true;
                if (!Policy.isOwn(issue)) {
                    return false;
                }
            }
        }
        return isRefused;
    }

    private static void table(String title, Map<String, Count> counts, Count total) {
        System.out.println();
        System.out.println("| " + title + " | resources | valid (HAPI) | by policy | same verdict | different | agreement |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|");
        counts.forEach(Comparison::row);
        row("**all**", total);
    }

    private static void row(String name, Count count) {
        System.out.println(String.format(
                Locale.ROOT, "| %s | %d | %d | %d | %d | %d | %.2f %% |",
                name, count.all, count.valid, count.policy, count.same, count.all - count.same, count.percent()));
    }
}
