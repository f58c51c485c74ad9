"""Reading and writing with the SMART fhirclient, whose models are those of R4 since version 4 and of STU3 in version 3.

Run with `r4` or `stu3`, in an environment that has the version for it.
"""

import re
import sys

import requests
from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.careplan import CarePlan
from fhirclient.models.medicationadministration import MedicationAdministration
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.questionnaire import Questionnaire
from fhirclient.models.questionnaireresponse import QuestionnaireResponse
from fhirclient.server import FHIRPermissionDeniedException, FHIRServer

from sandbox import FHIR_BASE, Steps, example, examples, form, refusal, token_for


def connect(base, access_token):
    """As a back end uses it that has its token already: with its models and its server, but not its own sign-in."""
    return FHIRServer(None, base, state={"base_uri": base + "/", "auth_type": "oauth2", "auth": {"access_token": access_token}})


def walk(fhir):
    step = Steps(f"fhirclient (Python) {client.__version__[0]} {fhir}")
    token = token_for("fhirclient")
    patient = token["sub"]
    server = connect(FHIR_BASE[fhir], token["access_token"])
    weight = example(fhir, "bodyweight-rich", patient)
    identifier = "{system}|{value}".format(**weight["identifier"][0])
    mine = {"patient": patient, "identifier": identifier}
    stored = None

    with step("metadata"):
        assert server.capabilityStatement.fhirVersion == {"r4": "4.0.1", "stu3": "3.0.1"}[fhir]
    # Looking at the statement made it forget the token: Kanta's names no SMART addresses.
    server = connect(FHIR_BASE[fhir], token["access_token"])
    with step("create"):
        answer = Observation(weight).create(server)
        assert answer["resourceType"] == {"r4": "Observation", "stu3": "OperationOutcome"}[fhir], answer
        stored = Observation.where(mine).perform_resources(server)[0]
        assert (stored.meta.versionId, stored.valueQuantity.value) == ("1", weight["valueQuantity"]["value"])
    with step("create every example"):
        models = {"Observation": Observation, "MedicationAdministration": MedicationAdministration}
        for _, resource in examples(fhir, patient):
            models[resource["resourceType"]](resource).create(server)
    with step("invalid refused"):
        error = refusal(lambda: Observation({**weight, "status": "preliminary"}).create(server), requests.HTTPError)
        assert error.response.status_code == 422
    with step("conditional create"):
        # create() takes no headers, but the session has some.
        server.session.headers["If-None-Exist"] = f"identifier={identifier}"
        try:
            answer = server.post_json("Observation", weight)
        finally:
            del server.session.headers["If-None-Exist"]
        assert answer.status_code == 200 and re.search(f"/Observation/{stored.id}/_history/1$", answer.headers["location"])
    with step("read"):
        assert Observation.read(stored.id, server).as_json()["code"] == weight["code"]
        assert Patient.read(patient, server).identifier[0].value == f"urn:uuid:{patient}"
    with step("update"):
        stored.valueQuantity.value = 70.25
        stored.update(server)
        again = Observation.read(stored.id, server)
        assert (again.meta.versionId, again.valueQuantity.value) == ("2", 70.25)
    with step("history"):
        history = Bundle.read_from(f"Observation/{stored.id}/_history", server)
        assert [entry.resource.meta.versionId for entry in history.entry] == ["2", "1"]
    with step("search"):
        found = Observation.where({**mine, "code": "http://loinc.org|29463-7"}).perform_resources(server)
        assert [observation.id for observation in found] == [stored.id]
        assert refusal(lambda: Observation.where({"code": "29463-7"}).perform(server), requests.HTTPError).response.status_code == 400
    with step("paging to the end"):
        total = Observation.where({"patient": patient, "_count": "1"}).perform(server).total
        found = [observation.id for observation in all_pages(Observation.where({"patient": patient, "_count": "4"}), server)]
        assert len(set(found)) == len(found) == total > 8, (len(found), total)
    with step("care plan"):
        plan = example(fhir, "selfcareplan-minimal", patient)
        CarePlan(plan).create(server)
        found = CarePlan.where({"patient": patient}).perform_resources(server)
        assert plan["identifier"][0]["value"] in [each.identifier[0].value for each in found]
    with step("questionnaire and response"):
        questionnaire, answered = form(fhir, patient)
        Questionnaire(questionnaire).create(server)
        stored_form = Questionnaire.where({"url": questionnaire["url"]}).perform_resources(server)[0]
        QuestionnaireResponse(answered(stored_form.id)).create(server)
        asked = questionnaire["url"] if fhir == "r4" else f"Questionnaire/{stored_form.id}"
        found = QuestionnaireResponse.where({"patient": patient, "questionnaire": asked}).perform_resources(server)
        assert [response.item[0].answer[0].valueInteger for response in found] == [7]
    if fhir == "r4":
        with step("transaction"):
            # It has no word for a Bundle that is worked off; its server posts one.
            entry = {"resource": example(fhir, "bodyweight-rich", patient), "request": {"method": "POST", "url": "Observation"}}
            made = server.post_json("", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).json()
            assert made["entry"][0]["response"]["status"] == "201 Created"
    with step("delete"):
        if fhir == "stu3":
            # Version 3 forgets its headers, the token among them, when it deletes.
            server.session.headers["Authorization"] = f"Bearer {token['access_token']}"
        stored.delete(server)
        assert refusal(lambda: Observation.read(stored.id, server), requests.HTTPError).response.status_code == 410
        assert Observation.where(mine).perform(server).total == 0
    with step("wrong token refused"):
        stranger = connect(FHIR_BASE[fhir], "not-a-token")
        refusal(lambda: Observation.where({"patient": patient}).perform(stranger), FHIRPermissionDeniedException)


def all_pages(search, server):
    if hasattr(search, "perform_resources_iter"):
        yield from search.perform_resources_iter(server)
        return
    # Version 3 shows the first page and leaves the others to the application.
    page = search.perform(server)
    while page:
        yield from (entry.resource for entry in page.entry)
        following = [link.url for link in page.link if link.relation == "next"]
        page = Bundle.read_from(following[0], server) if following else None


walk(sys.argv[1])
Steps.end()
