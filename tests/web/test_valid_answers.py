"""One answer of every kind, in both wire forms; the fixture ``answers`` judges them all in the end.

The other tests of the doors are judged likewise (subscriptions and their topics, which need an
endpoint, in their own); this one says that no kind is missing.
"""

from __future__ import annotations

import json

from gateway.validation.fhir.reading import read
from tests.answers import Answers
from tests.model.examples import PATIENT
from tests.web.letters import add_notice
from tests.web.messages import FHIR, binary, document_reference, urn
from tests.web.test_audit_events import ALWAYS, HERE, KeepingHouse, kept
from tests.web.test_audit_profiles import busy

__all__ = ["kept"]

EVERYTHING = {
    "AuditEvent",
    "Binary",
    "Bundle history",
    "Bundle searchset",
    "Bundle transaction-response",
    "CapabilityStatement",
    "Communication",
    "Consent",
    "DocumentReference",
    "List",
    "OperationOutcome",
    "Parameters",
    "Patient",
}


def kinds(answers: Answers, form: str) -> set[str]:
    """The kinds of resources that came back in one wire form."""
    found = set()
    for octets, media, _ in answers.kept:
        if form in media and (resource := read(octets, media).resource) is not None:
            found.add(f"{resource['resourceType']} {resource.get('type', '')}".rstrip())
            if resource["resourceType"] != "Bundle":
                found.add(resource["resourceType"])
    return found


def test_every_kind_of_answer_is_given_and_valid(kept: KeepingHouse, answers: Answers) -> None:
    client, doctor, patient = kept.client, kept.as_("b"), kept.as_("p")
    busy(kept)
    own = kept.find("b")["entry"][0]["resource"]["id"]
    lists = {"patient.identifier": HERE, "code": "submissionset", "status": "current"}
    (one, *_) = client.get("/fhir/List", params=lists, headers=doctor).json()["entry"]
    notice = add_notice(client, PATIENT).removeprefix("urn:uuid:")
    (event, *_) = kept.events_for("a", **ALWAYS)
    consents = {"patient.identifier": HERE, "status": "active,inactive"}
    (said, *_) = client.get("/fhir/Consent", params=consents, headers=patient).json()["entry"]
    who = client.get("/fhir/Patient", params={"identifier": HERE}, headers=doctor).json()
    published = document_reference("2.999.4.77", b"again", urn(3), number=2)["resource"]
    published["content"][0]["attachment"]["data"] = binary(b"again", number=3)["resource"]["data"]
    del published["content"][0]["attachment"]["url"]
    asked = [
        ("metadata", doctor),
        (f"DocumentReference?patient.identifier={HERE}", doctor),
        (f"DocumentReference/{own}", doctor),
        (f"DocumentReference/{own}/_history", doctor),
        (f"List/{one['resource']['id']}", doctor),
        (f"Binary/{own}", doctor),
        ("DocumentReference/none", doctor),
        (f"Patient/{who['entry'][0]['resource']['id']}", doctor),
        (f"Patient/$ihe-pix?sourceIdentifier={HERE}", doctor),
        (f"Communication/{notice}", patient),
        (f"Consent/{said['resource']['id']}", patient),
        (f"AuditEvent/{event['id']}", kept.as_("a")),
    ]
    for form in ("json", "xml"):
        media = f"application/fhir+{form}"
        for path, by in asked:
            client.get(f"/fhir/{path}", headers={**by, "accept": media})
        client.post(
            "/fhir/DocumentReference",
            content=json.dumps(published),
            headers={**FHIR, **doctor, "accept": media, "prefer": "return=representation"},
        )
    assert EVERYTHING - kinds(answers, "json") == set()
    assert EVERYTHING - {"Bundle transaction-response"} - kinds(answers, "xml") == set()
