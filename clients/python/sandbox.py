"""What every program here needs around the library it tries: the sandbox's address, a client of its own, the citizen at the
browser, examples, and a record of the steps."""

import json
import os
import sys
import uuid
from pathlib import Path
from urllib.parse import urljoin

import requests

BASE = os.environ["PHR_URL"]
ISSUER = f"{BASE}/phr-authserver-sandbox/"
FHIR_BASE = {"stu3": f"{BASE}/phr-resourceserver/baseStu3", "r4": f"{BASE}/phr-resourceserver/baseR4"}
REDIRECT_URI = "https://app.example.test/callback"
PHR_SCOPE = "offline_access patient/Observation.read patient/Observation.write"
CITIZEN, CITIZEN_CODE = "aino", "140388-9028"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXAMPLE_PATIENT = "7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3"


def control(method, path, body=None):
    response = requests.request(method, f"{BASE}/_sandbox{path}", json=body)
    response.raise_for_status()
    return response.json() if response.content else None


def register_client(name):
    more = ("MedicationAdministration", "CarePlan", "Questionnaire", "QuestionnaireResponse")
    scope = " ".join(["openid", PHR_SCOPE, *(f"patient/{name}.{act}" for name in more for act in ("read", "write"))])
    return control("POST", "/clients", {"name": name, "redirect_uris": [REDIRECT_URI], "scope": scope})


def token_for(name):
    """A token without a browser, as the token response the flow would give."""
    client = register_client(name)
    return control("POST", "/tokens", {"citizen": CITIZEN, "client_id": client["client_id"]})


def withdraw(client):
    control("DELETE", f"/citizens/{CITIZEN}/access-rights/{client['client_id']}")


def browse(authorization_url, decision="approve"):
    """Goes where the citizen's browser would go, up to the application's redirect URI, which is returned."""
    url = requests.Request("GET", authorization_url, params={"user_id": CITIZEN_CODE, "sandbox_decision": decision}).prepare().url
    for _ in range(10):
        response = requests.get(url, allow_redirects=False)
        assert response.is_redirect, f"no redirect from {url}: {response.status_code} {response.text}"
        url = urljoin(url, response.headers["location"])
        if url.startswith(REDIRECT_URI):
            return url
    raise AssertionError("redirected ten times without meeting the application")


def search_status(access_token, pseudonym):
    """The status the authorized R4 endpoint answers a search with: what a token is worth."""
    params = {"patient": pseudonym, "_count": 1}
    return requests.get(f"{FHIR_BASE['r4']}/Observation", params, headers={"Authorization": f"Bearer {access_token}"}).status_code


def example(fhir, name, patient):
    """An example as the given patient's and with an identifier of its own."""
    text = (EXAMPLES / fhir / "valid" / f"{name}.json").read_text("utf-8")
    resource = json.loads(text.replace(EXAMPLE_PATIENT, patient))
    own = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"}
    identifier = resource.get("identifier")
    return {**resource, "identifier": [own, *identifier[1:]] if isinstance(identifier, list) else own}


def examples(fhir, patient):
    """All examples of the measurements and doses an application writes."""
    for file in sorted((EXAMPLES / fhir / "valid").iterdir()):
        resource = example(fhir, file.stem, patient)
        if resource["resourceType"] in ("Observation", "MedicationAdministration"):
            yield file.name, resource


def form(fhir, patient):
    """A form with an address of its own, and what makes an answer to it: of R4 by the address, of STU3 by its id."""
    url = f"https://questions.example/Questionnaire/{uuid.uuid4()}"
    questionnaire = {**example(fhir, "questionnaire-minimal", patient), "url": url}

    def answered(form_id):
        named = url if fhir == "r4" else {"reference": f"Questionnaire/{form_id}"}
        return {**example(fhir, "questionnaireresponse-minimal", patient), "questionnaire": named}

    return questionnaire, answered


class Steps:
    """Records steps (`with step("name"):`) of one client as lines of CLIENT, STEP, ok or failed, DETAIL between tabs.

    A failed step does not end the others.
    """

    failed = False

    def __init__(self, client):
        self.client = client

    def __call__(self, name):
        self.name = name
        return self

    def __enter__(self):
        return None

    def __exit__(self, kind, error, trace):
        if kind is not None and not issubclass(kind, Exception):
            return False
        if error is None:
            print(f"{self.client}\t{self.name}\tok\t", flush=True)
        else:
            Steps.failed = True
            while trace.tb_next and trace.tb_next.tb_frame.f_code.co_filename.startswith(str(Path(__file__).parent)):
                trace = trace.tb_next
            detail = " ".join(f"{kind.__name__}: {error} (line {trace.tb_lineno})".split())
            print(f"{self.client}\t{self.name}\tfailed\t{detail}", flush=True)
        return True

    @staticmethod
    def end():
        sys.exit(1 if Steps.failed else 0)


def refusal(act, kind=Exception):
    """The error that the act ends with; that it goes through is itself an error."""
    try:
        result = act()
    except kind as error:
        return error
    raise AssertionError(f"was not refused: {result}")
