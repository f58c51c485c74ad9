package clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What is needed around the library: the sandbox's address, a token, and examples. */
final class Sandbox {
    private static final String EXAMPLE_PATIENT = "7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3";
    private static final Pattern WRITTEN_TYPE = Pattern.compile("\\A\\s*\\{\\s*\"resourceType\": \"(Observation|MedicationAdministration)\"");
    private static final Pattern UUID_IDENTIFIER = Pattern.compile("\"urn:uuid:[0-9a-f-]{36}\"");

    private final String url;
    private final Path examples = Path.of(System.getProperty("examples", "examples"));

    Sandbox(String url) {
        this.url = java.util.Objects.requireNonNull(url, "PHR_URL is not set: the http address of a running sandbox");
    }

    String fhirBase(String name) {
        return url + "/phr-resourceserver/" + name;
    }

    record Token(String accessToken, String patient) {}

    /** A token without a browser, for a new client. */
    Token token() throws IOException, InterruptedException {
        var client = control("clients", """
            {"name":"HAPI client","redirect_uris":["https://app.example.test/callback"],
             "scope":"%s"}""".formatted(Stream.of("Observation", "MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse")
                .map(type -> "patient/" + type + ".read patient/" + type + ".write").collect(Collectors.joining(" "))));
        var token = control("tokens", "{\"citizen\":\"aino\",\"client_id\":\"%s\"}".formatted(client.get("client_id").asText()));
        return new Token(token.get("access_token").asText(), token.get("sub").asText());
    }

    private JsonNode control(String path, String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url + "/_sandbox/" + path)).POST(HttpRequest.BodyPublishers.ofString(body)).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 201) {
            throw new IOException(path + ": " + answer.statusCode() + " " + answer.body());
        }
        return new ObjectMapper().readTree(answer.body());
    }

    /** An example as the given patient's and with an identifier of its own. */
    String example(String fhir, String name, String patient) throws IOException {
        return owned(Files.readString(examples.resolve(fhir).resolve("valid").resolve(name + ".json")), patient);
    }

    /** The examples of the types a wellbeing application writes. */
    List<String> examples(String fhir, String patient) throws IOException {
        try (var files = Files.list(examples.resolve(fhir).resolve("valid"))) {
            var paths = files.sorted().collect(Collectors.toList());
            var texts = new java.util.ArrayList<String>();
            for (var path : paths) {
                var text = Files.readString(path);
                if (WRITTEN_TYPE.matcher(text).find()) {
                    texts.add(owned(text, patient));
                }
            }
            return texts;
        }
    }

    private static String owned(String text, String patient) {
        var own = "\"urn:uuid:" + UUID.randomUUID() + "\"";
        return UUID_IDENTIFIER.matcher(text.replace(EXAMPLE_PATIENT, patient)).replaceFirst(own);
    }
}
