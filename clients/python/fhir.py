"""Reading and writing on both bases with fhirpy."""

import asyncio
import re

from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError, OperationOutcome, ResourceNotFound

from sandbox import FHIR_BASE, Steps, example, examples, form, refusal, token_for


def walk(fhir):
    step = Steps(f"fhirpy 2 {fhir}")
    token = token_for("fhirpy")
    patient = token["sub"]

    def connect(access_token=token["access_token"], **headers):
        return SyncFHIRClient(FHIR_BASE[fhir], authorization=f"Bearer {access_token}", extra_headers=headers)

    client = connect()
    weight = example(fhir, "bodyweight-rich", patient)
    identifier = "{system}|{value}".format(**weight["identifier"][0])
    mine = client.resources("Observation").search(patient=patient, identifier=identifier)
    stored = None

    with step("metadata"):
        assert client.execute("metadata", "get")["fhirVersion"] == {"r4": "4.0.1", "stu3": "3.0.1"}[fhir]
    with step("create"):
        # STU3 answers a create with an OperationOutcome, which save() would take for the Observation: execute() shows it as it is.
        if fhir == "r4":
            created = client.resource("Observation", **weight)
            created.save()
            assert re.fullmatch("[0-9a-f-]{36}", created.id)
        else:
            assert client.execute("Observation", "post", data=weight)["resourceType"] == "OperationOutcome"
        stored = mine.get()
        assert stored["valueQuantity"]["value"] == weight["valueQuantity"]["value"]
    with step("create every example"):
        for _, resource in examples(fhir, patient):
            client.execute(resource["resourceType"], "post", data=resource)
    with step("invalid refused"):
        refusal(lambda: client.execute("Observation", "post", data={**weight, "status": "preliminary"}), OperationOutcome)
    with step("conditional create"):
        # get_or_create() puts the condition into the address; FHIR, and Kanta, have it in this header.
        connect(**{"If-None-Exist": f"identifier={identifier}"}).execute("Observation", "post", data=weight)
        assert len(mine.fetch()) == 1
        refusal(lambda: connect(**{"If-None-Exist": f"patient={patient}"}).execute("Observation", "post", data=weight), OperationOutcome)
    with step("read"):
        read = client.reference("Observation", stored.id).to_resource()
        assert read["meta"]["versionId"] == "1"
    with step("update"):
        read["valueQuantity"]["value"] = 70.25
        if fhir == "r4":
            read.save()
        else:
            client.execute(f"Observation/{stored.id}", "put", data=read.serialize())
        again = client.reference("Observation", stored.id).to_resource()
        assert (again["meta"]["versionId"], again["valueQuantity"]["value"]) == ("2", 70.25)
    with step("history"):
        history = client.execute(f"Observation/{stored.id}/_history", "get")
        assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"]
    with step("search"):
        found = mine.search(code="http://loinc.org|29463-7", date__ge="2000-01-01").fetch()
        assert [observation.id for observation in found] == [stored.id]
        refusal(lambda: client.resources("Observation").search(code="29463-7").fetch(), OperationOutcome)
    with step("paging to the end"):
        everything = client.resources("Observation").search(patient=patient)
        total = everything.limit(1).fetch_raw()["total"]
        assert len({observation.id for observation in everything.limit(4)}) == total > 8
    with step("paging to the end, async"):

        async def count():
            later = AsyncFHIRClient(FHIR_BASE[fhir], authorization=f"Bearer {token['access_token']}")
            return len([o async for o in later.resources("Observation").search(patient=patient).limit(4)])

        assert asyncio.run(count()) == total
    with step("care plan"):
        plan = example(fhir, "selfcareplan-minimal", patient)
        client.execute("CarePlan", "post", data=plan)
        found = [found for found in client.resources("CarePlan").search(patient=patient) if found["identifier"][0] == plan["identifier"][0]]
        assert len(found) == 1 and found[0]["category"] == plan["category"]
        found[0].delete()
        refusal(lambda: client.reference("CarePlan", found[0].id).to_resource(), ResourceNotFound)
    with step("questionnaire and response"):
        questionnaire, answered = form(fhir, patient)
        client.execute("Questionnaire", "post", data=questionnaire)
        stored_form = client.resources("Questionnaire").search(url=questionnaire["url"]).get()
        client.execute("QuestionnaireResponse", "post", data=answered(stored_form.id))
        wrong = {**answered(stored_form.id), "item": [{"linkId": "nowhere", "answer": [{"valueInteger": 7}]}]}
        refusal(lambda: client.execute("QuestionnaireResponse", "post", data=wrong), OperationOutcome)
        asked = questionnaire["url"] if fhir == "r4" else f"Questionnaire/{stored_form.id}"
        responses = client.resources("QuestionnaireResponse").search(patient=patient, questionnaire=asked).fetch()
        assert len(responses) == 1
        responses[0].delete()
        stored_form.delete()
    if fhir == "r4":
        with step("batch and transaction"):

            def work_off(kind, *entries):
                return client.execute("", "post", data={"resourceType": "Bundle", "type": kind, "entry": list(entries)})

            def create(**changes):
                resource = {**example(fhir, "bodyweight-rich", patient), **changes}
                return {"resource": resource, "request": {"method": "POST", "url": "Observation"}}

            answers = work_off("batch", {"request": {"method": "GET", "url": f"Observation/{stored.id}"}}, create(status="preliminary"))
            assert [entry["response"]["status"][:3] for entry in answers["entry"]] == ["200", "422"]
            count = len(client.resources("Observation").search(patient=patient).fetch_all())
            made = work_off("transaction", create(), create())
            assert [entry["response"]["status"] for entry in made["entry"]] == ["201 Created", "201 Created"]
            refusal(lambda: work_off("transaction", create(), create(status="preliminary")), OperationOutcome)
            assert len(client.resources("Observation").search(patient=patient).fetch_all()) == count + 2
    with step("delete"):
        again.delete()
        refusal(lambda: client.reference("Observation", stored.id).to_resource(), ResourceNotFound)
        assert mine.fetch() == []
    with step("wrong token refused"):
        refusal(lambda: connect("not-a-token").resources("Observation").search(patient=patient).fetch(), ForbiddenError)


walk("r4")
walk("stu3")
Steps.end()
