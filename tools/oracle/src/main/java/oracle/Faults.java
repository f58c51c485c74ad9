package oracle;

import ca.uhn.fhir.context.BaseRuntimeChildDefinition;
import ca.uhn.fhir.context.BaseRuntimeElementCompositeDefinition;
import ca.uhn.fhir.context.BaseRuntimeElementDefinition;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import oracle.Mutator.Mutant;

/** Every change to one example, by family. Each mutant differs from the example in one place. */
final class Faults {
    private final FhirContext context;
    private final boolean isR4;
    private final Samples samples;
    private final JsonNode example;
    private final String text;
    private final List<Mutant> mutants = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();

    /** A value of the example: where it is, its type, and the type it is an element of. */
    private record Place(
            List<Object> path,
            JsonNode value,
            BaseRuntimeElementDefinition<?> type,
            BaseRuntimeElementCompositeDefinition<?> parent) {
        Object last() {
            return path.get(path.size() - 1);
        }

        /** The element's name, also for an item of a list. */
        String name() {
            return path.stream().filter(String.class::isInstance).reduce((first, second) -> second).orElse("").toString();
        }

        boolean isItem() {
            return last() instanceof Integer;
        }

        String typeName() {
            return type == null ? "" : type.getName();
        }

        BaseRuntimeElementCompositeDefinition<?> composite() {
            return type instanceof BaseRuntimeElementCompositeDefinition<?> composite ? composite : null;
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (Object step : path) {
                text.append(step instanceof Integer ? "[" + step + "]" : (text.isEmpty() ? "" : ".") + step);
            }
            return text.toString();
        }
    }

    Faults(FhirContext context, JsonNode example, String text) {
        this.context = context;
        this.isR4 = context.getVersion().getVersion() == FhirVersionEnum.R4;
        this.samples = new Samples(context);
        this.example = example;
        this.text = text;
        walk(List.of(), example, context.getResourceDefinition(example.path("resourceType").asText()));
    }

    List<Mutant> all() {
        variations();
        cardinality();
        added();
        types();
        choices();
        values();
        slices();
        codes();
        extensions();
        narrative();
        primitives();
        invariants();
        references();
        unknownElements();
        json();
        meta();
        contained();
        remains();
        units();
        beside();
        ranges();
        addresses();
        return mutants;
    }

    // ---- the example as places

    private void walk(List<Object> path, JsonNode object, BaseRuntimeElementCompositeDefinition<?> type) {
        for (Iterator<Map.Entry<String, JsonNode>> fields = object.fields(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            BaseRuntimeChildDefinition child = child(type, field.getKey());
            BaseRuntimeElementDefinition<?> of = child == null ? null : child.getChildByName(field.getKey());
            visit(with(path, field.getKey()), field.getValue(), of, type);
        }
    }

    private void visit(
            List<Object> path,
            JsonNode value,
            BaseRuntimeElementDefinition<?> type,
            BaseRuntimeElementCompositeDefinition<?> parent) {
        places.add(new Place(path, value, type, parent));
        if (value.isArray()) {
            for (int index = 0; index < value.size(); index++) {
                visit(with(path, index), value.get(index), type, parent);
            }
        } else if (value.isObject() && type instanceof BaseRuntimeElementCompositeDefinition<?> composite) {
            walk(path, value, composite);
        }
    }

    private static BaseRuntimeChildDefinition child(BaseRuntimeElementCompositeDefinition<?> type, String name) {
        return type == null ? null : type.getChildByName(name);
    }

    private static List<Object> with(List<Object> path, Object step) {
        List<Object> longer = new ArrayList<>(path);
        longer.add(step);
        return longer;
    }

    // ---- changing it

    private static String print(JsonNode json) {
        try {
            return Mutator.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
        } catch (JsonProcessingException wrong) {
            throw new UncheckedIOException(wrong);
        }
    }

    private void add(String family, String done, Consumer<ObjectNode> change) {
        ObjectNode copy = example.deepCopy();
        change.accept(copy);
        mutants.add(new Mutant(family, done, print(copy)));
    }

    private void addText(String family, String done, String changed) {
        mutants.add(new Mutant(family, done, changed));
    }

    private static JsonNode at(JsonNode root, List<Object> path) {
        JsonNode current = root;
        for (Object step : path) {
            current = step instanceof Integer index ? current.get(index) : current.get((String) step);
        }
        return current;
    }

    private static ContainerNode<?> around(JsonNode root, Place place) {
        return (ContainerNode<?>) at(root, place.path().subList(0, place.path().size() - 1));
    }

    private void set(String family, String done, Place place, JsonNode value) {
        add(family, place + ": " + done, root -> {
            if (around(root, place) instanceof ArrayNode list) {
                list.set((Integer) place.last(), value);
            } else {
                ((ObjectNode) around(root, place)).set((String) place.last(), value);
            }
        });
    }

    private void remove(String family, Place place) {
        add(family, place + ": removed", root -> {
            if (around(root, place) instanceof ArrayNode list) {
                list.remove((Integer) place.last());
                if (list.isEmpty()) {
                    List<Object> path = place.path().subList(0, place.path().size() - 2);
                    ((ObjectNode) at(root, path)).remove(place.name());
                }
            } else {
                ((ObjectNode) around(root, place)).remove((String) place.last());
            }
        });
    }

    private void put(String family, String done, Place object, String name, String value) {
        add(family, object + "." + name + ": " + done, root ->
                ((ObjectNode) at(root, object.path())).set(name, Samples.json(value)));
    }

    private void putRoot(String family, String name, String value) {
        add(family, name + " = " + value, root -> root.set(name, Samples.json(value)));
    }

    private List<Place> objects() {
        return places.stream().filter(place -> place.value().isObject()).toList();
    }

    private List<Place> leaves() {
        return places.stream()
                .filter(place -> place.value().isValueNode() && !place.name().equals("resourceType"))
                .toList();
    }

    private List<Place> lists() {
        return places.stream().filter(place -> place.value().isArray()).toList();
    }

    private List<Place> ofType(String... names) {
        List<String> wanted = List.of(names);
        return places.stream()
                .filter(place -> wanted.contains(place.typeName()) && !place.value().isArray())
                .toList();
    }

    // ---- the families

    /** Changes that break nothing, mostly. */
    private void variations() {
        String family = "variation";
        addText(family, "on one line", example.toString());
        add(family, "members turned round", root -> {
            List<String> names = new ArrayList<>();
            root.fieldNames().forEachRemaining(names::add);
            for (int index = names.size() - 1; index >= 0; index--) {
                JsonNode value = root.remove(names.get(index));
                root.set(names.get(index), value);
            }
        });
        putRoot(family, "id", "\"a-1.B\"");
        putRoot(family, "implicitRules", "\"http://example.org/rules\"");
        for (Place place : leaves()) {
            switch (place.typeName()) {
                case "decimal" -> {
                    for (String number : List.of("0", "1", "72.50", "0.1", "1e2", "1.5E-2", "123456789.123456789")) {
                        set(family, number, place, Samples.json(number));
                        if (number.contains("e") || number.contains("E")) {
                            mutants.remove(mutants.size() - 1);
                            asWritten(family, place, number);
                        }
                    }
                }
                case "string", "markdown" -> {
                    for (String words : List.of("Äiti söi öljyä", "日本 😀", "a \"quoted\" one", "two\nlines", "x".repeat(2000))) {
                        set(family, words.length() > 50 ? "long" : words, place, TextNode.valueOf(words));
                    }
                }
                case "dateTime" -> {
                    for (String time : List.of(
                            "2019", "2019-02", "2019-02-28", "2019-02-28T10:00:00Z", "2019-02-28T10:00:00.123+02:00",
                            "2019-02-28T23:59:59-11:00", "2020-02-29T00:00:00+00:00")) {
                        set(family, time, place, TextNode.valueOf(time));
                    }
                }
                case "instant" -> {
                    for (String time : List.of(
                            "2019-02-28T10:00:00Z", "2019-02-28T10:00:00.1Z", "2019-02-28T10:00:00.123456+14:00")) {
                        set(family, time, place, TextNode.valueOf(time));
                    }
                }
                case "positiveInt", "unsignedInt", "integer" -> set(family, "3", place, Samples.json("3"));
                case "boolean" -> set(family, "turned", place, Samples.json(place.value().asBoolean() ? "false" : "true"));
                default -> {}
            }
        }
        for (Place place : objects()) {
            put(family, "a1", place, "id", "\"a1\"");
        }
    }

    /** Replaces a number in the text, since a JSON tree would write it its own way. */
    private void asWritten(String family, Place place, String number) {
        String mark = "\"\u0001mark\u0001\"";
        ObjectNode copy = example.deepCopy();
        if (around(copy, place) instanceof ArrayNode list) {
            list.set((Integer) place.last(), TextNode.valueOf("@mark@"));
        } else {
            ((ObjectNode) around(copy, place)).set((String) place.last(), TextNode.valueOf("@mark@"));
        }
        addText(family, place + ": " + number, print(copy).replace("\"@mark@\"", number));
    }

    private void cardinality() {
        for (Place place : places) {
            if (!place.name().equals("resourceType")) {
                remove("cardinality-min", place);
            }
        }
        for (Place list : lists()) {
            JsonNode first = list.value().get(0);
            add("cardinality-max", list + ": first item twice", root ->
                    ((ArrayNode) at(root, list.path())).add(first.deepCopy()));
            add("cardinality-max", list + ": first item thrice", root ->
                    ((ArrayNode) at(root, list.path())).add(first.deepCopy()).add(first.deepCopy()));
        }
    }

    /** Elements that an example does not have: allowed ones and forbidden ones. */
    private void added() {
        addedTo(null, context.getResourceDefinition(example.path("resourceType").asText()));
        for (Place object : objects()) {
            if (object.composite() != null) {
                addedTo(object, object.composite());
            }
        }
    }

    private void addedTo(Place object, BaseRuntimeElementCompositeDefinition<?> type) {
        JsonNode value = object == null ? example : object.value();
        for (BaseRuntimeChildDefinition child : type.getChildren()) {
            if (child.getValidChildNames().stream().anyMatch(value::has) && child.getValidChildNames().size() > 1) {
                continue;
            }
            for (String name : child.getValidChildNames().stream().sorted().toList()) {
                JsonNode sample = value.has(name) || name.equals("contained") ? null : samples.of(type, name);
                if (sample != null) {
                    add("added-element", (object == null ? "" : object + ".") + name + ": added", root -> ((ObjectNode)
                                    (object == null ? root : at(root, object.path())))
                            .set(name, sample));
                }
            }
        }
    }

    private void types() {
        String family = "type";
        for (Place place : places) {
            JsonNode value = place.value();
            if (place.name().equals("resourceType")) {
                continue;
            }
            if (value.isArray()) {
                set(family, "its item without the list", place, value.get(0));
                set(family, "an object", place, Samples.json("{\"a\": 1}"));
                set(family, "a string", place, TextNode.valueOf("words"));
            } else if (value.isObject()) {
                set(family, "a string", place, TextNode.valueOf("words"));
                set(family, "a number", place, Samples.json("1"));
                set(family, "true", place, Samples.json("true"));
                if (!place.isItem()) {
                    set(family, "in a list", place, Mutator.JSON.createArrayNode().add(value));
                } else {
                    set(family, "in a second list", place, Mutator.JSON.createArrayNode().add(value));
                }
            } else {
                set(family, "an object", place, Samples.json("{\"value\": 1}"));
                set(family, "in a list", place, Mutator.JSON.createArrayNode().add(value));
                if (value.isTextual()) {
                    set(family, "a number", place, Samples.json("1"));
                    set(family, "true", place, Samples.json("true"));
                } else {
                    set(family, "as a string", place, TextNode.valueOf(value.asText()));
                    set(family, value.isBoolean() ? "a number" : "true", place, Samples.json(value.isBoolean() ? "1" : "true"));
                }
            }
        }
    }

    private void choices() {
        for (Place place : places) {
            BaseRuntimeChildDefinition child = child(place.parent(), place.name());
            if (child == null || place.isItem() || child.getValidChildNames().size() < 2) {
                continue;
            }
            // An extension can have any of some fifty types: a few of them will do.
            List<String> names = child.getValidChildNames().stream().sorted().toList();
            int step = Math.max(1, names.size() / 11);
            for (int index = place.toString().length() % step; index < names.size(); index += step) {
                String name = names.get(index);
                JsonNode sample = name.equals(place.name()) ? null : samples.of(place.parent(), name);
                if (sample == null) {
                    continue;
                }
                add("choice", place + ": instead " + name, root -> {
                    ObjectNode object = (ObjectNode) around(root, place);
                    object.remove(place.name());
                    object.set(name, sample);
                });
                add("choice", place + ": also " + name, root -> ((ObjectNode) around(root, place)).set(name, sample));
            }
            add("choice", place + ": same value under another name", root -> {
                ObjectNode object = (ObjectNode) around(root, place);
                JsonNode value = object.remove(place.name());
                String other = child.getValidChildNames().stream()
                        .sorted()
                        .filter(name -> !name.equals(place.name()))
                        .findFirst()
                        .orElseThrow();
                object.set(other, value);
            });
        }
    }

    /** Other words where a profile may fix them. */
    private void values() {
        String family = "fixed";
        for (Place place : leaves()) {
            if (!place.value().isTextual() || place.name().equals("div")) {
                continue;
            }
            String value = place.value().asText();
            set(family, "x appended", place, TextNode.valueOf(value + "x"));
            set(family, "first letter in the other case", place, TextNode.valueOf(otherCase(value)));
            set(family, "upper case", place, TextNode.valueOf(value.toUpperCase()));
            set(family, "space at the end", place, TextNode.valueOf(value + " "));
            set(family, "another value", place, TextNode.valueOf("other"));
        }
    }

    private static String otherCase(String value) {
        char first = value.charAt(0);
        return (Character.isUpperCase(first) ? Character.toLowerCase(first) : Character.toUpperCase(first)) + value.substring(1);
    }

    private void slices() {
        String family = "slicing";
        for (Place list : lists()) {
            JsonNode items = list.value();
            BaseRuntimeChildDefinition child = child(list.parent(), list.name());
            if (items.size() > 1) {
                add(family, list + ": turned round", root -> {
                    ArrayNode copy = (ArrayNode) at(root, list.path());
                    ArrayNode turned = Mutator.JSON.createArrayNode();
                    for (int index = copy.size() - 1; index >= 0; index--) {
                        turned.add(copy.get(index));
                    }
                    copy.removeAll().addAll(turned);
                });
                add(family, list + ": first item only", root -> {
                    ArrayNode copy = (ArrayNode) at(root, list.path());
                    JsonNode first = copy.get(0);
                    copy.removeAll().add(first);
                });
            }
            JsonNode sample = child == null || list.type() == null ? null : samples.of(list.type());
            if (sample != null) {
                add(family, list + ": a foreign item at the end", root -> ((ArrayNode) at(root, list.path())).add(sample));
                add(family, list + ": a foreign item first", root -> ((ArrayNode) at(root, list.path())).insert(0, sample));
                add(family, list + ": a foreign item only", root -> ((ArrayNode) at(root, list.path())).removeAll().add(sample));
            }
            for (int index = 0; index < items.size(); index++) {
                int at = index;
                if (!items.get(index).isObject()) {
                    continue;
                }
                for (Iterator<String> names = items.get(index).fieldNames(); names.hasNext(); ) {
                    String name = names.next();
                    add(family, list + ": a second item without " + name, root -> {
                        ArrayNode copy = (ArrayNode) at(root, list.path());
                        ObjectNode second = copy.get(at).deepCopy();
                        second.remove(name);
                        copy.add(second.isEmpty() ? second.put("id", "a2") : second);
                    });
                }
            }
        }
    }

    private void codes() {
        String family = "binding";
        for (Place coding : ofType("Coding")) {
            coding(family, coding);
        }
        for (Place quantity : ofType("Quantity", "SimpleQuantity", "Duration", "Age")) {
            for (String unit : List.of("kg", "g", "mmol/L", "mmol/l", "mm[Hg]", "/min", "{steps}", "nonsense", "kg/m2", "cm", "1", "%")) {
                put(family, unit, quantity, "code", "\"" + unit + "\"");
            }
            put(family, "another system", quantity, "system", "\"http://example.org/units\"");
            put(family, "a system with a slash too much", quantity, "system", "\"http://unitsofmeasure.org/\"");
        }
        for (Place code : ofType("code")) {
            for (String word : List.of("unknown", "final", "amended", "entered-in-error", "active", "completed", "nonsense", "en", "sv-FI", "FI")) {
                set(family, word, code, TextNode.valueOf(word));
            }
        }
        for (Place concept : ofType("CodeableConcept")) {
            set(family, "text alone", concept, Samples.json("{\"text\": \"words\"}"));
            set(family, "a coding of another system", concept, Samples.json(
                    "{\"coding\": [{\"system\": \"http://example.org/codes\", \"code\": \"a\", \"display\": \"A\"}]}"));
            set(family, "a known LOINC code", concept, Samples.json(
                    "{\"coding\": [{\"system\": \"http://loinc.org\", \"code\": \"29463-7\", \"display\": \"Body weight\"}]}"));
            set(family, "a coding without system", concept, Samples.json("{\"coding\": [{\"code\": \"a\", \"display\": \"A\"}]}"));
            put(family, "an empty coding", concept, "text", "\"words\"");
        }
    }

    private void coding(String family, Place coding) {
        put(family, "unknown code", coding, "code", "\"nonsense\"");
        put(family, "another system", coding, "system", "\"http://example.org/codes\"");
        put(family, "a system with a slash", coding, "system", "\"" + coding.value().path("system").asText() + "/\"");
        put(family, "a relative system", coding, "system", "\"codes\"");
        put(family, "an HL7 system nobody knows", coding, "system", "\"http://hl7.org/fhir/no-such-system\"");
        put(family, "a terminology system nobody knows", coding, "system", "\"http://terminology.hl7.org/CodeSystem/none\"");
        put(family, "SNOMED CT", coding, "system", "\"http://snomed.info/sct\"");
        put(family, "a version", coding, "version", "\"9\"");
        put(family, "chosen by the user", coding, "userSelected", "true");
        String display = coding.value().path("display").asText("Words");
        put("display", "wrong", coding, "display", "\"Wrong words\"");
        put("display", "other case", coding, "display", TextNode.valueOf(display.toUpperCase()).toString());
        put("display", "with a space", coding, "display", TextNode.valueOf(display + " ").toString());
        put("display", "empty", coding, "display", "\"\"");
        for (String name : List.of("system", "code", "display", "version")) {
            if (coding.value().has(name)) {
                add(name.equals("display") ? "display" : family, coding + "." + name + ": left out", root ->
                        ((ObjectNode) at(root, coding.path())).remove(name));
            }
        }
    }

    private void extensions() {
        String family = "extension";
        List<String> others = List.of(
                "[{\"url\": \"http://example.org/extension\", \"valueString\": \"words\"}]",
                "[{\"url\": \"extension\", \"valueString\": \"words\"}]",
                "[{\"valueString\": \"words\"}]",
                "[{\"url\": \"http://example.org/extension\"}]",
                "[{\"url\": \"http://example.org/extension\", \"valueString\": \"words\","
                        + " \"extension\": [{\"url\": \"a\", \"valueString\": \"words\"}]}]",
                "[{\"url\": \"http://example.org/extension\", \"extension\": [{\"url\": \"a\", \"valueString\": \"words\"}]}]",
                "[{\"url\": \"http://example.org/extension\", \"valueString\": \"words\", \"valueCode\": \"a\"}]",
                "[{\"url\": \"http://example.org/extension\", \"valueNonsense\": \"words\"}]",
                "[{\"url\": \"http://example.org/extension\", \"value\": \"words\"}]",
                "{\"url\": \"http://example.org/extension\", \"valueString\": \"words\"}",
                "[{\"url\": \"http://hl7.org/fhir/StructureDefinition/no-such-extension\", \"valueString\": \"words\"}]",
                "[{\"url\": \"http://hl7.org/fhir/StructureDefinition/data-absent-reason\", \"valueCode\": \"unknown\"}]",
                "[{\"url\": \"http://hl7.org/fhir/StructureDefinition/data-absent-reason\", \"valueCode\": \"nonsense\"}]",
                "[{\"url\": \"http://hl7.org/fhir/StructureDefinition/data-absent-reason\", \"valueString\": \"unknown\"}]",
                "[{\"url\": \"http://hl7.org/fhir/StructureDefinition/patient-birthPlace\", \"valueAddress\": {\"city\": \"a\"}}]");
        for (int index = 0; index < others.size(); index++) {
            String sample = others.get(index);
            add(family, "extension on the resource: sample " + index, root -> added(root, "extension", sample));
            add(family, "modifierExtension on the resource: sample " + index, root -> added(root, "modifierExtension", sample));
        }
        for (Place object : objects()) {
            for (int index = 0; index < others.size(); index++) {
                String sample = others.get(index);
                add(family, object + ": extension sample " + index, root ->
                        added((ObjectNode) at(root, object.path()), "extension", sample));
            }
            put(family, "modifierExtension", object, "modifierExtension", others.get(0));
        }
        for (Place leaf : leaves()) {
            if (leaf.isItem() || leaf.name().equals("div")) {
                continue;
            }
            String name = "_" + leaf.name();
            for (int index : new int[] {0, 1, 3, 11}) {
                add(family, leaf + ": " + name + ".extension sample " + index, root ->
                        ((ObjectNode) around(root, leaf)).putObject(name).set("extension", Samples.json(others.get(index))));
            }
            add(family, leaf + ": extension instead of a value", root -> {
                ObjectNode object = (ObjectNode) around(root, leaf);
                object.remove(leaf.name());
                object.putObject(name).set("extension", Samples.json(others.get(11)));
            });
            add(family, leaf + ": " + name + ".id", root -> ((ObjectNode) around(root, leaf)).putObject(name).put("id", "a1"));
            add("json", leaf + ": " + name + " is a string", root -> ((ObjectNode) around(root, leaf)).put(name, "a1"));
            add("json", leaf + ": " + name + " is empty", root -> ((ObjectNode) around(root, leaf)).putObject(name));
            add("json", leaf + ": " + name + " has an unknown member", root ->
                    ((ObjectNode) around(root, leaf)).putObject(name).put("foo", "a1"));
        }
        // The known ones in other places and with other values.
        for (Place known : ofType("Extension")) {
            if (!known.isItem()) {
                continue;
            }
            JsonNode copy = known.value();
            add(family, known + ": also on the resource", root -> added(root, "extension", "[" + copy + "]"));
            add(family, known + ": also as a modifier", root -> added(root, "modifierExtension", "[" + copy + "]"));
            for (Place object : objects()) {
                if (object.path().size() < 4) {
                    add(family, known + ": also in " + object, root ->
                            added((ObjectNode) at(root, object.path()), "extension", "[" + copy + "]"));
                }
            }
        }
    }

    private static void added(ObjectNode object, String name, String sample) {
        JsonNode value = Samples.json(sample);
        if (object.get(name) instanceof ArrayNode list && value instanceof ArrayNode more) {
            list.addAll(more);
        } else {
            object.set(name, value);
        }
    }

    private void narrative() {
        String family = "narrative";
        String open = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";
        List<String> bodies = List.of(
                "", " ", "words", "<p>words</p>", "<b>a</b><i>b</i><br/>", "<p>a & b</p>", "<p>a &amp; b</p>", "<p>&auml; &nbsp;</p>",
                "<p>&nonsense;</p>", "<p>a", "<p>a</b>", "<script>a</script>", "<p onclick=\"a()\">a</p>", "<p style=\"color: red\">a</p>",
                "<p class=\"a\" id=\"b\" title=\"c\">a</p>", "<form>a</form>", "<input type=\"text\"/>", "<iframe src=\"a\"></iframe>",
                "<a href=\"http://example.org\">a</a>", "<a name=\"a\">a</a>", "<a href=\"javascript:a()\">a</a>",
                "<img src=\"a.png\" alt=\"a\"/>", "<img alt=\"a\"/>", "<object>a</object>", "<table border=\"1\"><tr><td colspan=\"2\">a</td></tr></table>",
                "<table><tbody><tr><th scope=\"row\">a</th></tr></tbody></table>", "<h1>a</h1><ul><li>a</li></ul>", "<h7>a</h7>",
                "<P>a</P>", "<!-- a -->", "<!-- a -->words", "<p xml:lang=\"fi\" lang=\"fi\">a</p>", "<span dir=\"ltr\">a</span>", "<font color=\"red\">a</font>",
                "<blink>a</blink>", "<p foo=\"a\">a</p>", "<p data-a=\"a\">a</p>", "<pre>a</pre><code>b</code><tt>c</tt>", "<u>a</u>", "<video/>",
                "<base href=\"a\"/>", "<link rel=\"a\"/>", "<p>a < b</p>", "<p>a > b</p>", "<br>", "<hr/><blockquote>a</blockquote><q>b</q>",
                "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "<![CDATA[a]]>", "&#160;", "&#x20AC;", "<img src=\"a.png\"/>", "<img src=\"#a\"/>",
                "<p/>", "<style>p {}</style>", "<head/>", "<body>a</body>", "<div>a</div>", "<p width=\"1\">a</p>", "<abbr title=\"a\">b</abbr><sub>c</sub>");
        for (Place div : places.stream().filter(place -> place.name().equals("div")).toList()) {
            for (String body : bodies) {
                set(family, body, div, TextNode.valueOf(open + body + "</div>"));
            }
            for (String whole : List.of(
                    "words", "", "<div>words</div>", "<p xmlns=\"http://www.w3.org/1999/xhtml\">words</p>",
                    "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>", "<div xmlns=\"http://example.org\">words</div>",
                    open + "a</div>" + open + "b</div>", "  " + open + "a</div>", open + "a</div>  ",
                    "<?xml version=\"1.0\"?>" + open + "a</div>", "<!DOCTYPE html>" + open + "a</div>",
                    "<div xmlns='http://www.w3.org/1999/xhtml'>a</div>", "<h:div xmlns:h=\"http://www.w3.org/1999/xhtml\">a</h:div>",
                    "<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fi\" lang=\"fi\">a</div>",
                    "<div xmlns=\"http://www.w3.org/1999/xhtml\" onload=\"a\">a</div>", open + "a", "a" + open + "a</div>", open + "a</div>a")) {
                set(family, whole, div, TextNode.valueOf(whole));
            }
        }
        for (Place narrative : ofType("Narrative")) {
            for (String status : List.of("generated", "extensions", "additional", "empty", "nonsense", "")) {
                put(family, "status " + status, narrative, "status", "\"" + status + "\"");
            }
        }
    }

    private static final Map<String, List<String>> FORMATS = Map.ofEntries(
            Map.entry("dateTime", List.of(
                    "\"2019-2-28\"", "\"2019-02-30\"", "\"2019-13-01\"", "\"2019-02-28T10:00\"", "\"2019-02-28T10:00Z\"", "\"2019-02-28T10:00:00\"",
                    "\"2019-02-28T24:00:00Z\"", "\"2019-02-28T10:60:00Z\"", "\"2019-02-28T10:00:60Z\"", "\"2019-02-28 10:00:00Z\"",
                    "\"2019-02-28T10:00:00+15:00\"", "\"2019-02-28T10:00:00+0200\"", "\"2019-02-28T10:00:00.Z\"", "\"28.2.2019\"", "\"0000-01-01\"",
                    "\"20190228\"", "\"2019-02-29\"", "\"1899-01-01\"", "\"9999-12-31\"", "\"2019-02-28T10:00:00z\"", "\" 2019-02-28\"", "\"2019-02-28 \"",
                    "\"2019-02-28t10:00:00Z\"", "\"yesterday\"", "\"\"", "2019", "\"19\"", "\"12019\"", "\"2019-02-28T10:00:00.123456789Z\"",
                    "\"2019-02-28T10:00:00+14:00\"", "\"2019-02-28T10:00:00+14:30\"", "\"2019-02-28T10:00:00-00:00\"", "\"1583-01-01\"")),
            Map.entry("instant", List.of(
                    "\"2019\"", "\"2019-02-28\"", "\"2019-02-28T10:00Z\"", "\"2019-02-28T10:00:00\"", "\"2019-02-30T10:00:00Z\"", "\"2019-02-28T24:00:00Z\"",
                    "\"2019-02-28T10:00:60Z\"", "\"2019-02-28T10:00:00+15:00\"", "\"yesterday\"", "\"\"", "2019", "\"2019-02-28T10:00:00.123456789Z\"",
                    "\"1899-02-28T10:00:00Z\"", "\"2019-02-28T10:00:00+02:00 \"")),
            Map.entry("date", List.of("\"2019-02-30\"", "\"2019-2-1\"", "\"2019-02-28T10:00:00Z\"", "\"\"", "\"2019\"", "\"2019-02\"", "\"1.2.2019\"", "\"0001\"")),
            Map.entry("time", List.of("\"24:00:00\"", "\"10:00\"", "\"10:00:00.123\"", "\"10:00:00Z\"", "\"1:00:00\"")),
            Map.entry("decimal", List.of("\"1\"", "-1", "true", "\"x\"", "1e400", "-0", "0.0", "1E5", "123456789012345678901234567890", "1e-20")),
            Map.entry("integer", List.of("1.5", "\"1\"", "-1", "99999999999", "1e2", "1.0", "2147483647", "2147483648", "0")),
            Map.entry("positiveInt", List.of("0", "-1", "1.5", "\"1\"", "2147483648", "1e1", "1")),
            Map.entry("unsignedInt", List.of("0", "-1", "1.5", "\"1\"", "2147483648", "1e1", "1.0")),
            Map.entry("boolean", List.of("\"true\"", "1", "0", "\"yes\"", "false")),
            Map.entry("code", List.of("\"a b\"", "\"a  b\"", "\" a\"", "\"a \"", "\"\"", "\" \"", "\"a\\tb\"", "\"final\\n\"")),
            Map.entry("id", List.of("\"a b\"", "\"a_b\"", "\"ä\"", "\"\"", "\"" + "a".repeat(64) + "\"", "\"" + "a".repeat(65) + "\"", "\"a/b\"", "1")),
            Map.entry("uri", List.of(
                    "\"a b\"", "\"urn:oid:1.2.x\"", "\"urn:oid:1.2.3\"", "\"urn:uuid:x\"", "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"", "\"\"",
                    "\"words\"", "\"HTTP://example.org\"", "\"http://example.org/ä\"", "\"oid:1.2.3\"", "\"urn:oid:3.4\"", "\" http://example.org\"",
                    "\"http://example.org/a|1\"", "\"mailto:a@example.org\"", "\"uuid:c757873d-ec9a-4326-a141-556f43239520\"", "\"urn:ietf:rfc:3986\"")),
            Map.entry("canonical", List.of("\"a b\"", "\"\"", "\"words\"", "\"http://example.org/a|1\"", "\"#a\"", "\"Questionnaire/1\"")),
            Map.entry("oid", List.of("\"1.2.3\"", "\"urn:oid:1.2.3\"", "\"urn:oid:9.2\"")),
            Map.entry("base64Binary", List.of("\"YWJ\"", "\"YW Jj\"", "\"!!!!\"", "\"YWJj\"", "\"\"")),
            Map.entry("string", List.of("\"\"", "\" \"", "\" a\"", "\"a \"", "\"a\\u0000b\"", "\"a\\u0007b\"", "\"a\\tb\"", "\"\\n\"", "\"a\\u00a0\"", "\"<b>a</b>\"", "\"a\\u0085b\"")),
            Map.entry("markdown", List.of("\"\"", "\" \"", "\"# a\"", "\"<b>a</b>\"")));

    private void primitives() {
        for (Place leaf : leaves()) {
            for (String written : FORMATS.getOrDefault(leaf.typeName(), FORMATS.get("string"))) {
                if (leaf.name().equals("div")) {
                    continue;
                }
                asWritten("primitive", leaf, written);
            }
        }
        for (String id : FORMATS.get("id")) {
            if (!id.equals("\"\"")) {
                putRoot("primitive", "id", id);
            }
        }
    }

    private void invariants() {
        String family = "invariant";
        for (Place quantity : ofType("Quantity", "SimpleQuantity", "Duration", "Age")) {
            for (String changed : List.of(
                    "{\"value\": 1, \"unit\": \"kg\", \"code\": \"kg\"}", "{\"unit\": \"kg\"}", "{\"value\": 1}",
                    "{\"value\": 1, \"comparator\": \"<\", \"unit\": \"kg\"}", "{\"value\": 1, \"system\": \"http://unitsofmeasure.org\"}")) {
                set(family, changed, quantity, Samples.json(changed));
            }
        }
        for (Place period : ofType("Period")) {
            for (String changed : List.of(
                    "{\"start\": \"2020-05-17T09:30:00+03:00\", \"end\": \"2020-05-17T08:30:00+03:00\"}",
                    "{\"start\": \"2020-05-17\", \"end\": \"2020-05-16\"}", "{\"start\": \"2020-05-17\"}", "{\"end\": \"2020-05-17\"}",
                    "{\"start\": \"2020-05-17\", \"end\": \"2020-05-17\"}", "{\"start\": \"2020-05-17T09:30:00+03:00\", \"end\": \"2020-05-17\"}",
                    "{\"start\": \"2020-05-17T09:30:00+03:00\", \"end\": \"2020-05-17T07:30:00Z\"}",
                    "{\"start\": \"2020-05-17T09:30:00+03:00\", \"end\": \"2020-05-17T06:30:00Z\"}")) {
                set(family, changed, period, Samples.json(changed));
            }
        }
        for (Place identifier : ofType("Identifier")) {
            for (String changed : List.of(
                    "{\"system\": \"urn:ietf:rfc:3986\", \"value\": \"words\"}", "{\"system\": \"urn:ietf:rfc:3986\", \"value\": \"urn:oid:1.2\"}",
                    "{\"system\": \"urn:ietf:rfc:3986\", \"value\": \"http://example.org\"}", "{\"system\": \"urn:ietf:rfc:3986\"}",
                    "{\"value\": \"1\"}", "{\"system\": \"http://example.org\", \"value\": \"1\", \"use\": \"usual\"}",
                    "{\"system\": \"http://example.org\", \"value\": \"1\", \"use\": \"nonsense\"}",
                    "{\"system\": \"http://example.org\", \"value\": \"1\", \"assigner\": {\"display\": \"a\"}}",
                    "{\"system\": \"words\", \"value\": \"1\"}", "{\"system\": \"urn:uuid:x\", \"value\": \"1\"}")) {
                set(family, changed, identifier, Samples.json(changed));
            }
        }
        switch (example.path("resourceType").asText()) {
            case "Observation" -> {
                putRoot(family, "dataAbsentReason", "{\"coding\": [{\"system\": \""
                        + (isR4 ? "http://terminology.hl7.org/CodeSystem/data-absent-reason" : "http://hl7.org/fhir/data-absent-reason")
                        + "\", \"code\": \"unknown\", \"display\": \"Unknown\"}]}");
                putRoot(family, "referenceRange", "[{\"low\": {\"value\": 1}}]");
                putRoot(family, "referenceRange", "[{\"text\": \"words\"}]");
                putRoot(family, "referenceRange", "[{\"appliesTo\": [{\"text\": \"words\"}]}]");
                putRoot(family, "referenceRange", "[{\"low\": {\"value\": 1, \"comparator\": \"<\"}}]");
                add(family, "a component with the code of the resource", root -> {
                    ObjectNode component = Mutator.JSON.createObjectNode();
                    component.set("code", root.get("code").deepCopy());
                    component.set("valueQuantity", Samples.json("{\"value\": 1}"));
                    added(root, "component", "[" + component + "]");
                });
                putRoot(family, "component", "[{\"code\": {\"text\": \"words\"}}]");
                putRoot(family, "component", "[{\"code\": {\"text\": \"words\"}, \"valueString\": \"a\", \"dataAbsentReason\": {\"text\": \"a\"}}]");
                putRoot(family, "component", "[{\"valueString\": \"a\"}]");
                for (String code : List.of("14743-9", "15074-8", "14745-4", "29463-7", "85354-9", "8867-4", "8310-5", "8302-2", "55423-8", "85353-1")) {
                    add(family, "code.coding: also " + code, root -> ((ArrayNode) at(root, List.of("code", "coding")))
                            .addObject()
                            .put("system", "http://loinc.org")
                            .put("code", code)
                            .put("display", "Words"));
                    add(family, "code.coding: only " + code, root -> ((ArrayNode) at(root, List.of("code", "coding")))
                            .removeAll()
                            .addObject()
                            .put("system", "http://loinc.org")
                            .put("code", code)
                            .put("display", "Words"));
                }
            }
            case "Questionnaire" -> {
                for (String item : List.of(
                        "{\"linkId\": \"a\", \"type\": \"string\"}", "{\"linkId\": \"a\", \"type\": \"group\", \"text\": \"a\"}",
                        "{\"linkId\": \"a\", \"type\": \"display\", \"text\": \"a\", \"item\": [{\"linkId\": \"b\", \"type\": \"string\", \"text\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"display\", \"text\": \"a\", \"required\": true}",
                        "{\"linkId\": \"a\", \"type\": \"nonsense\", \"text\": \"a\"}", "{\"type\": \"string\", \"text\": \"a\"}",
                        "{\"linkId\": \"a\", \"text\": \"a\"}", "{\"linkId\": \"a\", \"type\": \"choice\", \"text\": \"a\"}",
                        "{\"linkId\": \"a\", \"type\": \"choice\", \"text\": \"a\", \"option\": [{\"valueString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"choice\", \"text\": \"a\", \"answerOption\": [{\"valueString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"maxLength\": 3}",
                        "{\"linkId\": \"a\", \"type\": \"date\", \"text\": \"a\", \"maxLength\": 3}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"enableWhen\": [{\"question\": \"b\", \"hasAnswer\": true}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"enableWhen\": [{\"question\": \"b\", \"operator\": \"exists\", \"answerBoolean\": true}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"enableWhen\": [{\"question\": \"b\", \"operator\": \"exists\", \"answerString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"enableWhen\": [{\"question\": \"b\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"initialString\": \"a\"}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"initial\": [{\"valueString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"type\": \"string\", \"text\": \"a\", \"repeats\": true, \"readOnly\": true}")) {
                    add(family, "item " + item, root -> added(root, "item", "[" + item + "]"));
                }
            }
            case "QuestionnaireResponse" -> {
                for (String item : List.of(
                        "{\"linkId\": \"a\"}", "{\"linkId\": \"a\", \"text\": \"a\", \"answer\": [{\"valueString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"answer\": [{\"valueString\": \"a\"}], \"item\": [{\"linkId\": \"b\"}]}",
                        "{\"linkId\": \"a\", \"item\": [{\"linkId\": \"b\"}]}", "{\"answer\": [{\"valueString\": \"a\"}]}",
                        "{\"linkId\": \"a\", \"answer\": [{}]}", "{\"linkId\": \"a\", \"answer\": []}",
                        "{\"linkId\": \"a\", \"answer\": [{\"valueInteger\": 1, \"item\": [{\"linkId\": \"c\"}]}]}",
                        "{\"linkId\": \"a\", \"definition\": \"http://example.org\"}")) {
                    add(family, "item " + item, root -> added(root, "item", "[" + item + "]"));
                }
            }
            default -> {}
        }
    }

    private void references() {
        String family = "reference";
        for (Place reference : ofType("Reference")) {
            for (String to : List.of(
                    "Patient/1", "Patient/1/_history/2", "Patient/", "Patient", "/Patient/1", "patient/1", "Patient/a_b", "Device/1", "Practitioner/1",
                    "Observation/1", "Nonsense/1", "http://example.org/fhir/Patient/1", "http://example.org/fhir/Device/1", "https://example.org/a", "urn:oid:1.2.246.10",
                    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:x", "#none", "#", "words", "", "Patient/1?a=b", "Patient?identifier=a", "RelatedPerson/1",
                    "Medication/1", "Questionnaire/1", "Organization/1", "Patient/" + "a".repeat(65))) {
                put(family, to, reference, "reference", "\"" + to + "\"");
            }
            for (String changed : List.of(
                    "{}", "{\"display\": \"words\"}", "{\"identifier\": {\"system\": \"http://example.org\", \"value\": \"1\"}}", "{\"reference\": null}",
                    "{\"reference\": \"Patient/1\", \"display\": \"words\"}", "{\"reference\": \"Patient/1\", \"type\": \"Patient\"}",
                    "{\"reference\": \"Patient/1\", \"type\": \"Device\"}", "{\"reference\": \"Patient/1\", \"identifier\": {\"value\": \"1\"}}")) {
                set(family, changed, reference, Samples.json(changed));
            }
        }
    }

    private void unknownElements() {
        String family = "unknown-element";
        for (String name : List.of("foo", "_foo", "valueFoo", "Status", "resourcetype", "fhir_comments", "text ", "comment", "note", "@type", "")) {
            putRoot(family, name, "\"words\"");
        }
        putRoot(family, "_foo", "{\"id\": \"a1\"}");
        for (Place object : objects()) {
            put(family, "added", object, "foo", "\"words\"");
            put(family, "added", object, "_foo", "{\"id\": \"a1\"}");
            put(family, "added", object, "resourceType", "\"Patient\"");
            put(family, "added", object, "fhir_comments", "[\"words\"]");
        }
        for (Place place : places) {
            if (place.isItem() || place.name().equals("resourceType")) {
                continue;
            }
            add(family, place + ": misspelt", root -> {
                ObjectNode object = (ObjectNode) around(root, place);
                JsonNode value = object.remove(place.name());
                object.set(otherCase(place.name()), value);
            });
            add(family, place + ": also misspelt", root -> ((ObjectNode) around(root, place)).set(place.name() + "s", place.value()));
        }
    }

    private void json() {
        String family = "json";
        for (Place place : places) {
            if (place.name().equals("resourceType")) {
                continue;
            }
            set(family, "null", place, Mutator.JSON.nullNode());
            if (place.value().isArray()) {
                set(family, "an empty list", place, Mutator.JSON.createArrayNode());
                add(family, place + ": null in the list", root -> ((ArrayNode) at(root, place.path())).addNull());
                add(family, place + ": an empty object in the list", root -> ((ArrayNode) at(root, place.path())).addObject());
            } else if (place.value().isObject()) {
                set(family, "an empty object", place, Mutator.JSON.createObjectNode());
            } else {
                set(family, "an empty string", place, TextNode.valueOf(""));
            }
            if (!place.isItem()) {
                ObjectNode copy = example.deepCopy();
                ((ObjectNode) around(copy, place)).set("@mark@", place.value());
                addText(family, place + ": twice", print(copy).replace("\"@mark@\"", "\"" + place.name() + "\""));
            }
        }
        String whole = print(example);
        addText(family, "cut short", whole.substring(0, whole.length() / 2));
        addText(family, "without the last brace", whole.substring(0, whole.lastIndexOf('}')));
        addText(family, "a comma too much at the end", whole.substring(0, whole.lastIndexOf('}')) + ",}");
        addText(family, "a comma too few", whole.replaceFirst(",\n", "\n"));
        addText(family, "a comma twice", whole.replaceFirst(",\n", ",,\n"));
        addText(family, "single quotes", whole.replace('"', '\''));
        addText(family, "a comment", whole.replaceFirst("\\{", "{ // words\n"));
        addText(family, "a block comment", whole.replaceFirst("\\{", "{ /* words */"));
        addText(family, "a name without quotes", whole.replaceFirst("\"resourceType\"", "resourceType"));
        addText(family, "a byte order mark", "\uFEFF" + whole);
        addText(family, "words behind", whole + " words");
        addText(family, "a second resource behind", whole + whole);
        addText(family, "in a list", "[" + whole + "]");
        addText(family, "white space around", "\n\t " + whole + " \r\n");
        addText(family, "empty object", "{}");
        addText(family, "empty", "");
        addText(family, "null", "null");
        addText(family, "a raw line break in a string", whole.replaceFirst("\"resourceType\"", "\"implicitRules\": \"http://a\nb\", \"resourceType\""));
        addText(family, "NaN", whole.replaceFirst("\"value\" : [0-9.]+", "\"value\" : NaN"));
        addText(family, "a leading zero", whole.replaceFirst("\"value\" : ([0-9])", "\"value\" : 0$1"));
        addText(family, "a plus sign", whole.replaceFirst("\"value\" : ([0-9])", "\"value\" : +$1"));
        addText(family, "a point at the end", whole.replaceFirst("\"value\" : ([0-9]+)\\b[0-9.]*", "\"value\" : $1."));
        addText(family, "a point first", whole.replaceFirst("\"value\" : ([0-9]+)\\b[0-9.]*", "\"value\" : .$1"));
        addText(family, "a wrong escape", whole.replaceFirst("\"status\" : \"", "\"status\" : \"\\\\q"));
        addText(family, "resourceType last", whole.replaceFirst("\"resourceType\" : \"[A-Za-z]+\",", "")
                .replaceFirst("\\}\\s*$", ", \"resourceType\": \"" + example.path("resourceType").asText() + "\"}"));
        for (String type : List.of("\"Observation\"", "\"Patient\"", "\"Nonsense\"", "\"\"", "null", "1", "\"observation\"", "\"Bundle\"", "\"Element\"", "\"DomainResource\"")) {
            putRoot(family, "resourceType", type);
        }
        add(family, "resourceType removed", root -> root.remove("resourceType"));
    }

    private void meta() {
        String family = "meta";
        String url = example.path("meta").path("profile").path(0).asText();
        String national = "http://phr.kanta.fi/StructureDefinition/";
        String type = example.path("resourceType").asText();
        for (String profiles : List.of(
                "[]", "[\"\"]", "[\"" + url + "x\"]", "[\"http://example.org/profile\"]", "[\"" + url + "\", \"" + url + "\"]",
                "[\"" + url + "\", \"http://example.org/profile\"]", "[\"http://example.org/profile\", \"" + url + "\"]", "[\"" + url + "|1.0\"]",
                "[\"" + url + "\", \"http://hl7.org/fhir/StructureDefinition/" + type + "\"]", "[\"http://hl7.org/fhir/StructureDefinition/" + type + "\"]",
                "[\"http://hl7.org/fhir/StructureDefinition/vitalsigns\"]", "[\"" + url + "/\"]", "[\"" + url.toUpperCase() + "\"]", "[\"" + url.replace("http:", "https:") + "\"]",
                "[\"" + national + "fiphr-sd-vitalsigns\"]", "[\"" + national + "fiphr-sd-observation\"]", "[\"" + national + "fiphr-sd-fitness\"]",
                "[\"" + national + "fiphr-vitalsigns-stu3\"]", "[\"" + national + "fiphr-sd-patient\"]", "[\"" + national + "fiphr-patient-stu3\"]",
                "[\"" + national + "fiphr-sd-bodyweight\"]", "[\"" + national + "fiphr-bodyweight-stu3\"]", "[\"" + url + "\", \"" + national + "fiphr-sd-vitalsigns\"]",
                "[\"" + url + "\", \"" + national + "fiphr-sd-fitness\"]", "[\"" + national + "fiphr-sd-bloodglucose\"]", "[\"" + national + "fiphr-sd-stepstaken\"]",
                "[\"" + url.replace("fiphr-", "fiphr-sd-").replace("sd-sd-", "sd-") + "\"]", "[\"" + url.replace("fiphr-sd-", "fiphr-") + "\"]", "\"" + url + "\"")) {
            putMeta(family, "profile", profiles);
        }
        putMeta(family, "versionId", "\"1\"");
        putMeta(family, "versionId", "\"a b\"");
        putMeta(family, "lastUpdated", "\"2020-05-17T08:30:00.000Z\"");
        putMeta(family, "lastUpdated", "\"2020-05-17\"");
        putMeta(family, "source", "\"http://example.org\"");
        putMeta(family, "foo", "\"words\"");
        for (String coding : List.of(
                "{\"system\": \"http://example.org/codes\", \"code\": \"a\"}", "{\"code\": \"a\"}", "{\"system\": \"http://example.org/codes\"}", "{\"display\": \"a\"}", "{}",
                "{\"system\": \"http://hl7.org/fhir/v3/Confidentiality\", \"code\": \"R\"}", "{\"system\": \"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\", \"code\": \"R\"}",
                "{\"system\": \"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\", \"code\": \"N\"}",
                "{\"system\": \"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\", \"code\": \"nonsense\"}")) {
            putMeta(family, "security", "[" + coding + "]");
            putMeta(family, "tag", "[" + coding + "]");
        }
        for (String language : List.of("fi", "sv", "en", "en-US", "fi-FI", "xx", "de", "se", "fin", "Suomi", "FI", "fi_FI", "zh-Hant-TW", "e", "")) {
            putRoot(family, "language", "\"" + language + "\"");
        }
    }

    private void putMeta(String family, String name, String value) {
        add(family, "meta." + name + " = " + value, root -> {
            if (!root.has("meta")) {
                root.putObject("meta");
            }
            ((ObjectNode) root.get("meta")).set(name, Samples.json(value));
        });
    }

    private void contained() {
        String family = "contained";
        String device = "{\"resourceType\": \"Device\", \"id\": \"d\"}";
        for (String resource : List.of(
                device, "{\"resourceType\": \"Device\"}", "{\"resourceType\": \"Nonsense\", \"id\": \"d\"}", "{\"id\": \"d\"}", "{}",
                "{\"resourceType\": \"Patient\", \"id\": \"d\", \"meta\": {\"versionId\": \"1\"}}", "{\"resourceType\": \"Patient\", \"id\": \"d\", \"foo\": 1}",
                "{\"resourceType\": \"Patient\", \"id\": \"d\", \"contained\": [" + device + "]}", "{\"resourceType\": \"Observation\", \"id\": \"d\"}",
                "{\"resourceType\": \"Patient\", \"id\": \"d\", \"meta\": {\"security\": [{\"code\": \"a\"}]}}",
                "{\"resourceType\": \"Patient\", \"id\": \"d\", \"text\": {\"status\": \"generated\", \"div\": \"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">a</div>\"}}",
                "{\"resourceType\": \"Medication\", \"id\": \"d\", \"code\": {\"text\": \"a\"}}", "{\"resourceType\": \"Patient\", \"id\": \"a b\"}",
                "{\"resourceType\": \"Patient\", \"id\": \"d\", \"meta\": {\"profile\": [\"http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient\"]}}")) {
            putRoot(family, "contained", "[" + resource + "]");
            String before = resource;
            for (Place reference : ofType("Reference")) {
                add(family, reference + ": #d, contained " + before, root -> {
                    ((ObjectNode) at(root, reference.path())).put("reference", "#d");
                    root.set("contained", Samples.json("[" + before + "]"));
                });
            }
            for (String name : List.of("device", "specimen", "derivedFrom", "author", "supportingInfo")) {
                if (child(context.getResourceDefinition(example.path("resourceType").asText()), name) != null) {
                    add(family, name + ": #d, contained " + before, root -> {
                        boolean isList = context.getResourceDefinition(root.path("resourceType").asText()).getChildByName(name).getMax() != 1;
                        root.set(name, Samples.json(isList ? "[{\"reference\": \"#d\"}]" : "{\"reference\": \"#d\"}"));
                        root.set("contained", Samples.json("[" + before + "]"));
                    });
                }
            }
        }
        putRoot(family, "contained", "[" + device + "," + device + "]");
        putRoot(family, "contained", device);
        putRoot(family, "contained", "[]");
    }

    /** Values that are gone, with only an id, comments or extensions left of them. */
    private void remains() {
        String family = "remains";
        for (Place leaf : leaves()) {
            if (leaf.isItem() || leaf.name().equals("div") || leaf.name().equals("resourceType")) {
                continue;
            }
            for (String left : List.of(
                    "{\"id\": \"a\"}", "{\"fhir_comments\": [\"words\"]}",
                    "{\"extension\": [{\"url\": \"http://example.org/e\", \"valueString\": \"a\"}]}",
                    "{\"id\": \"a\", \"extension\": [{\"url\": \"http://example.org/e\", \"valueString\": \"a\"}]}")) {
                add(family, leaf + ": only " + left, root -> {
                    ObjectNode around = (ObjectNode) around(root, leaf);
                    around.remove(leaf.name());
                    around.set("_" + leaf.name(), Samples.json(left));
                });
            }
        }
    }

    /** Units that are defined, and others that look like them. */
    private void units() {
        for (Place quantity : ofType("Quantity", "SimpleQuantity", "Duration", "Age")) {
            for (String unit : List.of(
                    "[iU]", "[IU]", "m[IU]/L", "mm[Hg]", "[lb_av]", "[in_i]", "%[slope]", "B[10.nV]", "[iZU]", "[lb]", "[iu]", "mm[Xg]", "mm[HgX]",
                    "k[lb_av]", "[]", "[", "m//s", "//m", "{a}{b}", "{a}kg", "kg{a}m", "(m)2", "kg)", "2m", "10*-3", "dakk", "99999999999", "m.(/s)")) {
                for (String system : List.of("http://unitsofmeasure.org", "")) {
                    add("unit", quantity + ": " + unit + " of " + system, root -> {
                        ObjectNode changed = (ObjectNode) at(root, quantity.path());
                        changed.put("code", unit);
                        if (!system.isEmpty()) {
                            changed.put("system", system);
                        }
                    });
                }
            }
        }
        for (String unit : List.of("[iU]", "[iZU]", "kg{dry}", "[lb]", "m//s")) {
            extended("unit", "\"valueQuantity\": {\"value\": 1, \"system\": \"http://unitsofmeasure.org\", \"code\": \"" + unit + "\"}");
        }
    }

    /** A further coding beside those that a concept has, of a system whose codes the engine holds or does not. */
    private void beside() {
        String terminology = "http://terminology.hl7.org/CodeSystem/";
        for (Place concept : ofType("CodeableConcept")) {
            if (!concept.value().path("coding").isArray()) {
                continue;
            }
            for (String coding : List.of(
                    "{\"system\": \"http://hl7.org/fhir/administrative-gender\", \"code\": \"male\"}",
                    "{\"system\": \"http://hl7.org/fhir/administrative-gender\", \"code\": \"nonsense\"}",
                    "{\"system\": \"http://hl7.org/fhir/administrative-gender\"}", "{\"system\": \"http://unitsofmeasure.org\", \"code\": \"kg\"}",
                    "{\"system\": \"" + terminology + "v3-NullFlavor\", \"code\": \"UNK\"}", "{\"system\": \"http://hl7.org/fhir/v3/NullFlavor\", \"code\": \"UNK\"}",
                    "{\"system\": \"" + terminology + "nonsense\", \"code\": \"a\"}", "{\"system\": \"" + terminology + "insurance-plan-type\", \"code\": \"media\"}",
                    "{\"system\": \"urn:ietf:bcp:13\", \"code\": \"text/plain\"}", "{\"system\": \"urn:ietf:bcp:47\", \"code\": \"fi\"}",
                    "{\"system\": \"urn:iso:std:iso:3166\", \"code\": \"FI\"}", "{\"system\": \"http://snomed.info/sct\", \"code\": \"1\"}",
                    "{\"system\": \"http://loinc.org\", \"code\": \"1-1\"}", "{\"system\": \"http://hl7.org/fhir/sid/icd-10\", \"code\": \"A\"}",
                    "{\"system\": \"http://example.org/codes\", \"code\": \"a\"}",
                    "{\"system\": \"http://phr.kanta.fi/CodeSystem/fiphr-cs-insulincode\", \"code\": \"ins-short-fast\"}")) {
                for (boolean isFirst : List.of(true, false)) {
                    add("beside", concept + (isFirst ? ": first " : ": last ") + coding, root -> {
                        ArrayNode codings = (ArrayNode) at(root, concept.path()).get("coding");
                        codings.insert(isFirst ? 0 : codings.size(), Samples.json(coding));
                    });
                }
            }
        }
    }

    /** Ranges whose ends can be compared, or cannot. */
    private void ranges() {
        String ucum = "\"system\": \"http://unitsofmeasure.org\", ";
        for (String low : List.of("\"value\": 1", "\"value\": 3", "\"value\": 1, \"unit\": \"kg\"", "\"value\": 1, \"unit\": \"kg\", " + ucum + "\"code\": \"kg\"")) {
            for (String high : List.of(
                    "\"value\": 2", "\"value\": 2, \"unit\": \"kg\"", "\"value\": 2, \"unit\": \"kilo\"", "\"value\": 2, \"unit\": \"kg\", " + ucum + "\"code\": \"m\"",
                    "\"value\": 2, " + ucum + "\"code\": \"g\"", "\"value\": 2, \"unit\": \"kilo\", " + ucum + "\"code\": \"kg\"")) {
                String range = "{\"low\": {" + low + "}, \"high\": {" + high + "}}";
                extended("range", "\"valueRange\": " + range);
                if (example.path("resourceType").asText().equals("Observation")) {
                    putRoot("range", "referenceRange", "[{\"text\": \"words\", \"age\": " + range + "}]");
                    putRoot("range", "referenceRange", "[" + range + "]");
                }
            }
        }
    }

    /** Systems and other URIs: schemes, and white space at the ends and within. */
    private void addresses() {
        for (String uri : List.of(
                "http://a\\tb", "http://a\\nb", "http://a b", "\\thttp://a", "http://a\\n", "a\\rb", "http://a\\u2003b", "http://a\\u3000", "\\u00a0http://a",
                "ftp://a", "foo:bar", "urn:x", "urn:", "mailto:a", "tel:1", "HTTP://a", "http:", "https:", "uurn:x", "x-y:z", "https://loinc.org")) {
            for (Place coding : ofType("Coding")) {
                add("address", coding + ": also of " + uri, root -> {
                    if (around(root, coding) instanceof ArrayNode codings) {
                        codings.add(Samples.json("{\"system\": \"" + uri + "\", \"code\": \"a\"}"));
                    }
                });
            }
            for (Place identifier : ofType("Identifier")) {
                set("address", uri, identifier, Samples.json("{\"system\": \"" + uri + "\", \"value\": \"a\"}"));
            }
            extended("address", "\"valueUri\": \"" + uri + "\"");
            extended("address", "\"valueQuantity\": {\"value\": 1, \"system\": \"" + uri + "\", \"code\": \"a\"}");
            extended("address", "\"valueCoding\": {\"system\": \"" + uri + "\", \"code\": \"a\"}");
            if (isR4) {
                extended("address", "\"valueCanonical\": \"" + uri + "\"");
            }
        }
    }

    /** An extension nobody knows, with this value. */
    private void extended(String family, String value) {
        String extension = "{\"url\": \"http://example.org/e\", " + value + "}";
        add(family, "extension " + extension, root -> added(root, "extension", "[" + extension + "]"));
    }
}
