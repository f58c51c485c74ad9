"""Reading and writing on both bases with the SMART fhirclient and with fhirpy."""

import asyncio
import re
from urllib.parse import urlencode

import requests
from fhirclient.models.bundle import Bundle
from fhirclient.models.medicationadministration import MedicationAdministration
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRPermissionDeniedException, FHIRServer
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError, OperationOutcome, ResourceNotFound

from sandbox import FHIR_BASE, Steps, example, examples, refusal, token_for


def smart_server(base, token):
    """fhirclient as a back end uses it that has its token already: with its models and its server, but not its own sign-in."""
    return FHIRServer(None, base, state={"base_uri": base + "/", "auth_type": "oauth2", "auth": {"access_token": token}})


def smart_r4():
    step = Steps("fhirclient (Python) 4 r4")
    token = token_for("fhirclient")
    patient = token["sub"]
    server = smart_server(FHIR_BASE["r4"], token["access_token"])
    weight = example("r4", "bodyweight-rich", patient)
    mine = {"patient": patient, "identifier": "{system}|{value}".format(**weight["identifier"][0])}
    stored = None

    with step("metadata"):
        assert server.capabilityStatement.fhirVersion == "4.0.1"
    # Looking at the statement made it forget the token: Kanta's names no SMART addresses.
    server = smart_server(FHIR_BASE["r4"], token["access_token"])
    with step("create"):
        assert Observation(weight).create(server)["meta"]["versionId"] == "1"
        stored = Observation.where(mine).perform_resources(server)[0]
        assert stored.valueQuantity.value == weight["valueQuantity"]["value"]
    with step("create every example"):
        models = {"Observation": Observation, "MedicationAdministration": MedicationAdministration}
        for _, resource in examples("r4", patient):
            models[resource["resourceType"]](resource).create(server)
    with step("invalid refused"):
        error = refusal(lambda: Observation({**weight, "status": "preliminary"}).create(server), requests.HTTPError)
        assert error.response.status_code == 422
    with step("conditional create"):
        answer = create_unless_there(server, weight, mine)
        assert answer.status_code == 200 and stored.id in answer.headers["location"]
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
        found = {observation.id for observation in Observation.where({"patient": patient, "_count": "4"}).perform_resources_iter(server)}
        assert len(found) == total > 8, (len(found), total)
    with step("delete"):
        stored.delete(server)
        assert refusal(lambda: Observation.read(stored.id, server), requests.HTTPError).response.status_code == 410
        assert Observation.where(mine).perform(server).total == 0
    with step("wrong token refused"):
        stranger = smart_server(FHIR_BASE["r4"], "not-a-token")
        refusal(lambda: Observation.where({"patient": patient}).perform(stranger), FHIRPermissionDeniedException)


def smart_stu3():
    """The models are those of R4: STU3 is reached with the library's server, one level below them."""
    step = Steps("fhirclient (Python) 4 stu3")
    token = token_for("fhirclient")
    patient = token["sub"]
    server = smart_server(FHIR_BASE["stu3"], token["access_token"])
    weight = example("stu3", "bodyweight-rich", patient)
    mine = {"patient": patient, "identifier": "{system}|{value}".format(**weight["identifier"][0])}
    path = stored = None

    def search(**params):
        return server.request_json("Observation?" + urlencode(params))

    with step("metadata"):
        assert server.request_json("metadata")["fhirVersion"] == "3.0.1"
    with step("create"):
        created = server.post_json("Observation", weight)
        assert created.status_code == 201 and created.json()["resourceType"] == "OperationOutcome"
        path = re.search("Observation/[0-9a-f-]{36}", created.headers["location"])[0]
    with step("create every example"):
        for file, resource in examples("stu3", patient):
            assert server.post_json(resource["resourceType"], resource).status_code == 201, file
    with step("invalid refused"):
        error = refusal(lambda: server.post_json("Observation", {**weight, "status": "preliminary"}), requests.HTTPError)
        assert error.response.status_code == 422
    with step("conditional create"):
        answer = create_unless_there(server, weight, mine)
        assert answer.status_code == 200 and path in answer.headers["location"]
    with step("read"):
        stored = server.request_json(path)
        assert stored["valueQuantity"] == weight["valueQuantity"]
    with step("update"):
        stored["valueQuantity"]["value"] = 70.25
        assert server.put_json(path, stored).status_code == 200
        stored = server.request_json(path)
        assert (stored["meta"]["versionId"], stored["valueQuantity"]["value"]) == ("2", 70.25)
    with step("history"):
        assert [entry["resource"]["meta"]["versionId"] for entry in server.request_json(f"{path}/_history")["entry"]] == ["2", "1"]
    with step("search"):
        assert [entry["resource"]["id"] for entry in search(**mine)["entry"]] == [stored["id"]]
        assert refusal(lambda: search(code="29463-7"), requests.HTTPError).response.status_code == 400
    with step("paging to the end"):
        page = search(patient=patient, _count=4)
        found = []
        while page:
            found += [entry["resource"]["id"] for entry in page["entry"]]
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            page = server.request_json(following[0]) if following else None
        assert len(set(found)) == len(found) == search(patient=patient, _count=1)["total"] > 8
    with step("delete"):
        server.delete_json(path)
        assert refusal(lambda: server.request_json(path), requests.HTTPError).response.status_code == 410
        assert search(**mine)["total"] == 0
    with step("wrong token refused"):
        stranger = smart_server(FHIR_BASE["stu3"], "not-a-token")
        refusal(lambda: stranger.request_json(f"Observation?patient={patient}"), FHIRPermissionDeniedException)


def create_unless_there(server, resource, condition):
    """fhirclient's create takes no headers, but its session does."""
    server.session.headers["If-None-Exist"] = f"identifier={condition['identifier']}"
    try:
        return server.post_json(resource["resourceType"], resource)
    finally:
        del server.session.headers["If-None-Exist"]


def fhirpy(fhir):
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
    with step("delete"):
        again.delete()
        refusal(lambda: client.reference("Observation", stored.id).to_resource(), ResourceNotFound)
        assert mine.fetch() == []
    with step("wrong token refused"):
        refusal(lambda: connect("not-a-token").resources("Observation").search(patient=patient).fetch(), ForbiddenError)


smart_r4()
smart_stu3()
fhirpy("r4")
fhirpy("stu3")
Steps.end()
