package oracle;

import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** Writes a line of JSON per resource: {@code {"file", "verdict": "valid|invalid|crash", "messages": [...]}}. */
final class Judge {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Engine engine;

    Judge(Engine engine) {
        this.engine = engine;
    }

    /** A resource and what to call it. */
    record Resource(String name, String text) {}

    /** A folder (the JSON files in it and below), one file, or an NDJSON file (a resource a line). */
    static List<Resource> read(Path input) throws IOException {
        List<Resource> resources = new ArrayList<>();
        if (Files.isDirectory(input)) {
            List<Path> files;
            try (Stream<Path> found = Files.walk(input)) {
                files = found.filter(file -> file.toString().endsWith(".json")).sorted().toList();
            }
            for (Path file : files) {
                resources.add(new Resource(input.relativize(file).toString(), Files.readString(file)));
            }
        } else if (input.toString().endsWith(".ndjson")) {
            int number = 0;
            for (String line : Files.readAllLines(input)) {
                number++;
                if (!line.isBlank()) {
                    resources.add(new Resource(input.getFileName() + ":" + number, line));
                }
            }
        } else {
            resources.add(new Resource(input.getFileName().toString(), Files.readString(input)));
        }
        return resources;
    }

    void run(List<Resource> resources, Path output) throws IOException, InterruptedException, ExecutionException {
        ExecutorService workers = Executors.newFixedThreadPool(Math.max(1, Runtime.getRuntime().availableProcessors()));
        try (BufferedWriter lines = Files.newBufferedWriter(output)) {
            List<Future<ObjectNode>> verdicts = new ArrayList<>();
            for (Resource resource : resources) {
                verdicts.add(workers.submit(() -> judge(resource)));
            }
            int done = 0;
            for (Future<ObjectNode> verdict : verdicts) {
                lines.write(JSON.writeValueAsString(verdict.get()));
                lines.newLine();
                if (++done % 1000 == 0) {
                    System.err.println("  HAPI has judged " + done + " of " + resources.size());
                }
            }
        } finally {
            workers.shutdownNow();
        }
    }

    ObjectNode judge(Resource resource) {
        ObjectNode line = JSON.createObjectNode().put("file", resource.name());
        ArrayNode messages = JSON.createArrayNode();
        boolean isRefused = false;
        boolean isCrash = false;
        try {
            for (SingleValidationMessage message : engine.messages(resource.text())) {
                String severity = Policy.severity(message);
                isRefused |= severity.equals("error") || severity.equals("fatal");
                messages.addObject()
                        .put("severity", severity)
                        .put("location", message.getLocationString())
                        .put("text", message.getMessage());
            }
            String unreadable = engine.unreadable(resource.text());
            if (unreadable != null) {
                isRefused = true;
                messages.addObject().put("severity", "fatal").put("location", "parser").put("text", unreadable);
            }
            List<String> refusals = List.of();
            try {
                refusals = Policy.refusals(engine, JSON.readTree(resource.text().replaceFirst("^\uFEFF", "")));
            } catch (JsonProcessingException noJson) {
                // The parser has said so, or HAPI's is more lenient than Jackson.
            }
            for (String refusal : refusals) {
                isRefused = true;
                messages.addObject().put("severity", "error").put("location", "policy").put("text", refusal);
            }
        } catch (Throwable crash) {
            isCrash = true;
            StackTraceElement[] trace = crash.getStackTrace();
            messages.addObject()
                    .put("severity", "fatal")
                    .put("location", trace.length == 0 ? "" : trace[0].toString())
                    .put("text", crash.getClass().getSimpleName() + ": " + crash.getMessage());
        }
        line.put("verdict", isCrash ? "crash" : isRefused ? "invalid" : "valid");
        line.set("messages", messages);
        return line;
    }
}
