package oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The agreement tables of the two engines, and every disagreement. */
final class Comparison {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The profiles in daily use: they must agree altogether. */
    private static final Pattern EVERYDAY =
            Pattern.compile("patient|bloodglucose|bodyweight|bloodpressure|stepstaken|insulindosing|macronutrientintake");

    private final Known known;
    private final Map<String, Count> byProfile = new TreeMap<>();
    private final Map<String, Count> byFamily = new TreeMap<>();
    private final Map<String, Integer> byClass = new TreeMap<>();
    private final Count everyday = new Count();
    private final Count total = new Count();
    private final List<String> disagreements = new ArrayList<>();

    Comparison(Known known) {
        this.known = known;
    }

    /** How many resources, and how many of them with the same verdict. */
    private static final class Count {
        int all;
        int valid;
        /** Refused by us for a rule of the service that is none of HAPI's; counted as the same verdict. */
        int policy;
        int same;
        /** Different, of a class that is explained. */
        int explained;
        /** Of these, the ones that are HAPI's own. */
        int theirs;

        double percent() {
            return all == 0 ? 100 : 100.0 * same / all;
        }

        /** The agreement when differences that are HAPI's own are left aside. */
        double percentButForTheirs() {
            return all == 0 ? 100 : 100.0 * (same + theirs) / all;
        }
    }

    /** What one engine says. */
    private record Verdict(boolean isAccepted, List<String> errors, List<String> lines) {}

    /**
     * @param arguments {@code compare KNOWN.tsv THRESHOLD EVERYDAY (NAME MUTANTS HAPI.ndjson OURS.json)...}, percentages
     * @return 1 when the agreement of a set is below the threshold, or that of its everyday profiles, but for differences
     *     that are HAPI's own, below theirs
     */
    static int run(String[] arguments) throws IOException {
        Known known = new Known(Path.of(arguments[1]));
        double threshold = Double.parseDouble(arguments[2]);
        double ofEveryday = Double.parseDouble(arguments[3]);
        boolean isEnough = true;
        for (int at = 4; at + 3 < arguments.length; at += 4) {
            Comparison comparison = new Comparison(known);
            comparison.read(Path.of(arguments[at + 1]), Path.of(arguments[at + 2]), Path.of(arguments[at + 3]));
            comparison.print(arguments[at]);
            isEnough &= comparison.total.percent() >= threshold && comparison.everyday.percentButForTheirs() >= ofEveryday;
        }
        return isEnough ? 0 : 1;
    }

    private void read(Path mutants, Path theirFile, Path ourFile) throws IOException {
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
        for (String line : Files.readAllLines(mutants.resolve("index.tsv"))) {
            // file, profile, family, example, what was done
            String[] cells = line.split("\t", 5);
            JsonNode their = theirs.get(cells[0]);
            JsonNode our = ours.get(cells[0]);
            if (their == null || our == null) {
                throw new IOException(cells[0] + " has not been judged by both");
            }
            add(cells, theirs(their), ours(our), hasOwnRulesOnly(our));
        }
    }

    private void add(String[] cells, Verdict theirs, Verdict ours, boolean hasOwnRulesOnly) {
        boolean isPolicy = theirs.isAccepted() && hasOwnRulesOnly;
        boolean isSame = isPolicy || theirs.isAccepted() == ours.isAccepted();
        Known.Difference difference = isSame
                ? null
                : theirs.isAccepted() ? known.of("ours", ours.errors()) : known.of("HAPI", theirs.errors());
        List<Count> counts = new ArrayList<>(List.of(
                total,
                byProfile.computeIfAbsent(cells[1], profile -> new Count()),
                byFamily.computeIfAbsent(cells[2], family -> new Count())));
        if (EVERYDAY.matcher(cells[1]).find()) {
            counts.add(everyday);
        }
        for (Count count : counts) {
            count.all++;
            count.valid += theirs.isAccepted() ? 1 : 0;
            count.policy += isPolicy ? 1 : 0;
            count.same += isSame ? 1 : 0;
            count.explained += difference != null ? 1 : 0;
            count.theirs += difference != null && difference.whose().equals("theirs") ? 1 : 0;
        }
        if (!isSame) {
            String name = difference == null ? "not explained" : difference.name() + " (" + difference.whose() + ")";
            byClass.merge(name, 1, Integer::sum);
            disagreements.add(String.join(
                    "\n",
                    cells[0] + " [" + cells[2] + "] " + cells[4] + ": " + name,
                    "  HAPI: " + (theirs.isAccepted() ? "valid" : "refused"),
                    String.join("\n", theirs.lines()),
                    "  ours: " + (ours.isAccepted() ? "valid" : "refused"),
                    String.join("\n", ours.lines())));
        }
    }

    private static Verdict theirs(JsonNode verdict) {
        List<String> errors = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (JsonNode message : verdict.path("messages")) {
            note(message.path("severity").asText(), message.path("location").asText(), message.path("text").asText(), errors, lines);
        }
        return new Verdict(verdict.path("verdict").asText().equals("valid"), errors, lines);
    }

    private static Verdict ours(JsonNode outcome) {
        List<String> errors = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (JsonNode issue : outcome.path("issue")) {
            String place = issue.path("details").path("text").asText() + " " + issue.path("location").path(0).asText();
            note(issue.path("severity").asText(), place, issue.path("diagnostics").asText(), errors, lines);
        }
        return new Verdict(errors.isEmpty(), errors, lines);
    }

    private static void note(String severity, String place, String text, List<String> errors, List<String> lines) {
        lines.add("    " + severity + " | " + place + " | " + text);
        if (isGrave(severity)) {
            errors.add(place + " | " + text);
        }
    }

    private static boolean isGrave(String severity) {
        return severity.equals("error") || severity.equals("fatal");
    }

    /** Whether we refuse, and for rules of the service alone that HAPI does not have. */
    private static boolean hasOwnRulesOnly(JsonNode outcome) {
        boolean isRefused = false;
        for (JsonNode issue : outcome.path("issue")) {
            if (isGrave(issue.path("severity").asText())) {
                isRefused = true;
                if (!Policy.isOwn(issue)) {
                    return false;
                }
            }
        }
        return isRefused;
    }

    private void print(String name) {
        System.out.println("\n## " + name);
        table("profile", byProfile);
        table("rule family", byFamily);
        if (!byClass.isEmpty()) {
            System.out.println("\n| class of difference | resources |\n|---|--:|");
            byClass.forEach((difference, count) -> System.out.println("| " + difference + " | " + count + " |"));
        }
        if (!disagreements.isEmpty()) {
            System.out.println("\n### " + disagreements.size() + " disagreements\n");
            disagreements.forEach(disagreement -> System.out.println(disagreement + "\n"));
        }
    }

    private void table(String title, Map<String, Count> counts) {
        System.out.println("\n| " + title + " | resources | valid (HAPI) | by policy | same verdict | different | explained | agreement |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|");
        counts.forEach(Comparison::row);
        row("**everyday profiles**", everyday);
        row("**all**", total);
    }

    private static void row(String name, Count count) {
        System.out.println(String.format(
                Locale.ROOT,
                "| %s | %d | %d | %d | %d | %d | %d | %.2f %% |",
                name, count.all, count.valid, count.policy, count.same, count.all - count.same, count.explained, count.percent()));
    }
}
