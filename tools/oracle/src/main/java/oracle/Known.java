package oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The classes of differences that docs/agreement.md explains, from {@code known.tsv}. They still count as differences. */
final class Known {
    /**
     * A class of differences.
     *
     * @param refusing {@code HAPI} or {@code ours}: who refuses
     * @param whose {@code theirs}, {@code ours} or {@code unknowable}
     * @param error found in every error of the refusing side
     */
    record Difference(String name, String refusing, String whose, Pattern error) {}

    private final List<Difference> differences = new ArrayList<>();

    /** A line each: name, who refuses, whose it is, regular expression; tabs between. */
    Known(Path file) throws IOException {
        for (String line : Files.readAllLines(file)) {
            String[] cells = line.split("\t", 4);
            if (cells.length == 4 && !line.startsWith("#")) {
                differences.add(new Difference(cells[0], cells[1], cells[2], Pattern.compile(cells[3], Pattern.DOTALL)));
            }
        }
    }

    /** The class all these errors of {@code refusing} belong to, the first where there are several; null when unknown. */
    Difference of(String refusing, List<String> errors) {
        Difference first = null;
        for (String error : errors) {
            Difference found = differences.stream()
                    .filter(known -> known.refusing().equals(refusing) && known.error().matcher(error).find())
                    .findFirst()
                    .orElse(null);
            if (found == null) {
                return null;
            }
            first = first == null ? found : first;
        }
        return first;
    }
}
