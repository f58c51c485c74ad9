package clients;

import static clients.Steps.equal;
import static clients.Steps.holds;
import static clients.Steps.refused;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.Constants;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.ForbiddenOperationException;
import ca.uhn.fhir.rest.server.exceptions.InvalidRequestException;
import ca.uhn.fhir.rest.server.exceptions.ResourceGoneException;
import ca.uhn.fhir.rest.server.exceptions.ResourceVersionConflictException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import org.hl7.fhir.instance.model.api.IBaseBundle;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.CarePlan;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.Observation.ObservationStatus;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Questionnaire;
import org.hl7.fhir.r4.model.QuestionnaireResponse;
import org.hl7.fhir.r4.model.Resource;

/** The R4 base. */
final class R4 {
    private final FhirContext fhir = FhirContext.forR4();
    private final Sandbox sandbox;
    private final Sandbox.Token token;
    private final IGenericClient client;
    private Observation weight;
    private Observation stored;

    private R4(Sandbox sandbox) throws IOException, InterruptedException {
        this.sandbox = sandbox;
        token = sandbox.token();
        client = connect(token.accessToken());
        weight = fhir.newJsonParser().parseResource(Observation.class, sandbox.example("r4", "bodyweight-rich", token.patient()));
    }

    static void walk(Sandbox sandbox, Steps steps) throws IOException, InterruptedException {
        var it = new R4(sandbox);
        steps.step("metadata", it::metadata);
        steps.step("create", it::create);
        steps.step("create every example", it::createEveryExample);
        steps.step("invalid refused", it::invalid);
        steps.step("conditional create", it::conditionalCreate);
        steps.step("read", it::read);
        steps.step("update", it::update);
        steps.step("history", it::history);
        steps.step("search", it::search);
        steps.step("paging to the end", it::paging);
        steps.step("care plan", it::carePlan);
        steps.step("questionnaire and response", it::questionnaire);
        steps.step("batch and transaction", it::bundles);
        steps.step("delete", it::delete);
        steps.step("wrong token refused", it::wrongToken);
    }

    private IGenericClient connect(String accessToken) {
        var connected = fhir.newRestfulGenericClient(sandbox.fhirBase("baseR4"));
        connected.registerInterceptor(new BearerTokenAuthInterceptor(accessToken));
        return connected;
    }

    private void metadata() {
        equal(client.capabilities().ofType(CapabilityStatement.class).execute().getFhirVersion().toCode(), "4.0.1");
    }

    private void create() {
        var outcome = client.create().resource(weight).execute();
        equal(outcome.getCreated(), true);
        stored = (Observation) outcome.getResource();
        equal(outcome.getId().getVersionIdPart(), "1");
        equal(stored.getIdElement().getIdPart(), outcome.getId().getIdPart());
    }

    private void createEveryExample() throws IOException {
        for (var text : sandbox.examples("r4", token.patient())) {
            equal(client.create().resource(fhir.newJsonParser().parseResource(text)).execute().getCreated(), true);
        }
    }

    private void invalid() {
        var wrong = weight.copy().setStatus(ObservationStatus.PRELIMINARY);
        var error = refused(UnprocessableEntityException.class, () -> client.create().resource(wrong).execute());
        holds(error.getOperationOutcome() != null, "an OperationOutcome comes with the refusal");
    }

    private void conditionalCreate() {
        var identifier = weight.getIdentifierFirstRep();
        var condition = "identifier=" + identifier.getSystem() + "|" + identifier.getValue();
        MethodOutcome again = client.create().resource(weight).withAdditionalHeader(Constants.HEADER_IF_NONE_EXIST, condition).execute();
        equal(again.getId().getIdPart(), stored.getIdElement().getIdPart());
        equal(again.getResponseStatusCode(), 200);
        // conditional() writes the whole address into the header, which Kanta refuses: it wants the identifier only.
        var whole = refused(InvalidRequestException.class, () -> client.create().resource(weight).conditional()
            .where(Observation.IDENTIFIER.exactly().systemAndIdentifier(identifier.getSystem(), identifier.getValue())).execute());
        holds(whole.getMessage().contains("Only identifier is supported"), whole.getMessage());
    }

    private void read() {
        var read = client.read().resource(Observation.class).withId(stored.getIdElement().getIdPart()).execute();
        equal(read.getMeta().getVersionId(), "1");
        equal(read.getValueQuantity().getValue(), weight.getValueQuantity().getValue());
        equal(client.read().resource(Patient.class).withId(token.patient()).execute().getIdElement().getIdPart(), token.patient());
    }

    private void update() {
        var changed = stored.copy();
        changed.getValueQuantity().setValue(new BigDecimal("70.25"));
        // HAPI asks for the version in the id by If-Match.
        equal(client.update().resource(changed).execute().getId().getVersionIdPart(), "2");
        var id = stored.getIdElement().toUnqualifiedVersionless();
        equal(client.read().resource(Observation.class).withId(id.getIdPart()).execute().getValueQuantity().getValue(), new BigDecimal("70.25"));
        var first = client.read().resource(Observation.class).withIdAndVersion(id.getIdPart(), "1").execute();
        equal(first.getValueQuantity().getValue(), weight.getValueQuantity().getValue());
        refused(ResourceVersionConflictException.class, () -> client.update().resource(stored).withAdditionalHeader("If-Match", "W/\"1\"").execute());
    }

    private void history() {
        var history = client.history().onInstance(stored.getIdElement().toUnqualifiedVersionless()).returnBundle(Bundle.class).execute();
        equal(history.getEntry().stream().map(entry -> entry.getResource().getMeta().getVersionId()).toList(), List.of("2", "1"));
    }

    private void search() {
        var identifier = weight.getIdentifierFirstRep();
        var found = client.search().forResource(Observation.class)
            .where(Observation.PATIENT.hasId(token.patient()))
            .and(Observation.IDENTIFIER.exactly().systemAndIdentifier(identifier.getSystem(), identifier.getValue()))
            .and(Observation.CODE.exactly().systemAndCode("http://loinc.org", "29463-7"))
            .and(Observation.DATE.afterOrEquals().day("2000-01-01"))
            .returnBundle(Bundle.class).execute();
        equal(found.getTotal(), 1);
        equal(found.getEntryFirstRep().getResource().getIdElement().getIdPart(), stored.getIdElement().getIdPart());
        refused(InvalidRequestException.class, () -> client.search().forResource(Observation.class)
            .where(Observation.CODE.exactly().code("29463-7")).returnBundle(Bundle.class).execute());
    }

    private void paging() {
        var page = client.search().forResource(Observation.class).where(Observation.PATIENT.hasId(token.patient())).count(4).returnBundle(Bundle.class).execute();
        var total = page.getTotal();
        var found = new HashSet<String>();
        while (true) {
            page.getEntry().stream().map(Bundle.BundleEntryComponent::getResource).map(Resource::getIdElement).forEach(id -> found.add(id.getIdPart()));
            if (page.getLink(IBaseBundle.LINK_NEXT) == null) {
                break;
            }
            page = client.loadPage().next(page).execute();
        }
        equal(found.size(), total);
        holds(total > 8, "there is more than a page");
    }

    private void carePlan() throws IOException {
        var plan = fhir.newJsonParser().parseResource(CarePlan.class, sandbox.example("r4", "selfcareplan-minimal", token.patient()));
        var id = client.create().resource(plan).execute().getId().getIdPart();
        var found = client.search().forResource(CarePlan.class).where(CarePlan.PATIENT.hasId(token.patient())).returnBundle(Bundle.class).execute();
        holds(found.getEntry().stream().anyMatch(entry -> entry.getResource().getIdElement().getIdPart().equals(id)), "the plan is found");
        client.delete().resourceById("CarePlan", id).execute();
        refused(ResourceGoneException.class, () -> client.read().resource(CarePlan.class).withId(id).execute());
    }

    private void questionnaire() throws IOException {
        var form = fhir.newJsonParser().parseResource(Questionnaire.class, sandbox.example("r4", "questionnaire-minimal", token.patient()));
        form.setUrl("https://questions.example/Questionnaire/" + java.util.UUID.randomUUID());
        var id = client.create().resource(form).execute().getId().getIdPart();
        var found = client.search().forResource(Questionnaire.class).where(Questionnaire.URL.matches().value(form.getUrl())).returnBundle(Bundle.class).execute();
        equal(found.getEntryFirstRep().getResource().getIdElement().getIdPart(), id);
        var answers = fhir.newJsonParser().parseResource(QuestionnaireResponse.class, sandbox.example("r4", "questionnaireresponse-minimal", token.patient()));
        answers.setQuestionnaire(form.getUrl());
        client.create().resource(answers).execute();
        var responses = client.search().forResource(QuestionnaireResponse.class)
            .where(QuestionnaireResponse.PATIENT.hasId(token.patient()))
            .and(QuestionnaireResponse.QUESTIONNAIRE.hasId(form.getUrl()))
            .returnBundle(Bundle.class).execute();
        equal(responses.getTotal(), 1);
    }

    private void bundles() throws IOException {
        var before = count();
        var transaction = new Bundle().setType(Bundle.BundleType.TRANSACTION);
        for (var number = 0; number < 2; number++) {
            transaction.addEntry().setResource(another()).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Observation");
        }
        var made = client.transaction().withBundle(transaction).execute();
        equal(made.getEntry().stream().map(entry -> entry.getResponse().getStatus()).toList(), List.of("201 Created", "201 Created"));
        equal(count(), before + 2);
        ((Observation) transaction.getEntry().get(1).getResource()).setStatus(ObservationStatus.PRELIMINARY);
        refused(UnprocessableEntityException.class, () -> client.transaction().withBundle(transaction).execute());
        equal(count(), before + 2);
        var batch = new Bundle().setType(Bundle.BundleType.BATCH);
        batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl(stored.getIdElement().toUnqualifiedVersionless().getValue());
        batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl("Observation/22222222-2222-4222-8222-222222222222");
        var answers = client.transaction().withBundle(batch).execute();
        equal(answers.getEntry().stream().map(entry -> entry.getResponse().getStatus()).toList(), List.of("200 OK", "404 Not Found"));
    }

    private Observation another() throws IOException {
        return fhir.newJsonParser().parseResource(Observation.class, sandbox.example("r4", "bodyweight-rich", token.patient()));
    }

    private int count() {
        return client.search().forResource(Observation.class).where(Observation.PATIENT.hasId(token.patient())).count(1).returnBundle(Bundle.class).execute().getTotal();
    }

    private void delete() {
        var id = stored.getIdElement().toUnqualifiedVersionless();
        client.delete().resourceById(id).execute();
        refused(ResourceGoneException.class, () -> client.read().resource(Observation.class).withId(id.getIdPart()).execute());
    }

    private void wrongToken() {
        var stranger = connect("not-a-token");
        refused(ForbiddenOperationException.class, () -> stranger.search().forResource(Observation.class)
            .where(Observation.PATIENT.hasId(token.patient())).returnBundle(Bundle.class).execute());
    }
}
