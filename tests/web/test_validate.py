"""What is wrong with a resource is told before it is sent, and of what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codecs.fhir.xml import xml_from_json
from gateway.consent.decision import PublicReason
from gateway.model.audit import Outcome
from gateway.model.subject import SubjectKind
from gateway.validation.aside import Asked, TooCostly, ValidationAside
from tests.model import examples
from tests.web.access import House, professional, somebody
from tests.web.messages import FHIR, document_reference, register
from tests.web.test_access_doors import submit

Json = dict[str, Any]

MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
MINIMAL = f"{MHD}IHE.MHD.Minimal.DocumentReference"
COMPREHENSIVE = f"{MHD}IHE.MHD.Comprehensive.DocumentReference"
WRONG: Json = {
    "resourceType": "DocumentReference",
    "status": "present",
    "masterIdentifier": {"value": "1"},
    "content": [{"attachment": {"contentType": "text/plain", "size": "long"}}],
}


def described() -> Json:
    """A good DocumentReference, as a bundle would bring it."""
    url = "urn:uuid:77777777-7777-4777-8777-777777777777"
    entry = document_reference("2.999.5.77", b"abc", url, number=7)
    resource: Json = entry["resource"]
    return resource


def told(answer: Any) -> dict[str, str]:
    """Rules and places of the issues of an answer, errors only."""
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return {
        issue["details"]["coding"][0]["code"]: issue.get("expression", [""])[0]
        for issue in outcome["issue"]
        if issue["severity"] == "error"
    }


def test_everything_that_is_wrong_is_told_with_its_place(client: TestClient) -> None:
    for address in ("/fhir/DocumentReference/$validate", "/fhir/$validate"):
        answer = client.post(address, content=json.dumps(WRONG, indent=1), headers=FHIR)
        found = told(answer)
        assert found["fhir-binding-required"] == "DocumentReference.status"
        assert "DocumentReference.content[0].attachment.size" in found.values()
        status = next(
            one
            for one in answer.json()["issue"]
            if one.get("expression") == ["DocumentReference.status"]
        )
        lines = {e["url"].rpartition("-")[2]: e.get("valueInteger") for e in status["extension"]}
        assert lines["line"] == 3


def test_nothing_wrong_is_said_as_well(client: TestClient) -> None:
    good = {"resourceType": "Patient", "active": True, "text": TEXT}
    answer = client.post("/fhir/Patient/$validate", json=good, headers=FHIR)
    assert told(answer) == {}


TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Here</div>'}


def test_profiles_stand_in_the_address_or_in_the_parameters(client: TestClient) -> None:
    resource = described()
    assert told(client.post("/fhir/$validate", json=resource, headers=FHIR)) == {}
    bare = {
        **WRONG,
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain"}}],
    }
    address = f"/fhir/DocumentReference/$validate?profile={COMPREHENSIVE}"
    by_address = told(client.post(address, json=bare, headers=FHIR))
    assert by_address["fhir-minimum"]
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "profile", "valueUri": COMPREHENSIVE},
            {"name": "resource", "resource": bare},
        ],
    }
    answer = client.post("/fhir/$validate", json=parameters, headers=FHIR)
    assert told(answer) == by_address
    assert all(one.get("extension") for one in answer.json()["issue"])


def test_xml_is_judged_and_answered_likewise(client: TestClient) -> None:
    resource = {**WRONG, "status": "present"}
    resource["content"] = [{"attachment": {"contentType": "text/plain"}}]
    octets = xml_from_json(json.dumps(resource).encode())
    headers = {"content-type": "application/fhir+xml", "accept": "application/fhir+xml"}
    answer = client.post("/fhir/DocumentReference/$validate", content=octets, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert b"fhir-binding-required" in answer.content


def test_what_cannot_be_read_is_an_issue_with_its_place(client: TestClient) -> None:
    answer = client.post("/fhir/$validate", content=b'{"resourceType": ', headers=FHIR)
    assert answer.status_code == 200
    assert answer.json()["issue"][0]["severity"] == "error"


def test_messages_come_in_french_for_whoever_reads_it(client: TestClient) -> None:
    headers = {**FHIR, "accept-language": "fr-FR"}
    answer = client.post(
        "/fhir/Patient/$validate", json=WRONG | {"resourceType": "Patient"}, headers=headers
    )
    assert answer.json()["language"] == "fr"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/fhir/$validate", b""),
        ("/fhir/Patient/$validate", WRONG),
        ("/fhir/$validate?mode=update", WRONG),
        ("/fhir/$validate?mode=profile", WRONG),
        ("/fhir/$validate?mode=destroy", WRONG),
        ("/fhir/$validate?code=1", WRONG),
        ("/fhir/$validate", {"resourceType": "Parameters"}),
        ("/fhir/$validate", {"resourceType": "Parameters", "parameter": [{"name": "usage"}]}),
    ],
)
def test_what_is_no_question_is_refused(client: TestClient, address: str, body: Any) -> None:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(address, content=octets, headers=FHIR)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["details"]["text"] == "validate-parameter"


def test_another_media_type_is_refused(client: TestClient) -> None:
    answer = client.post("/fhir/$validate", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_a_create_is_foreseen_as_far_as_its_content_goes(client: TestClient) -> None:
    address = "/fhir/DocumentReference/$validate?mode=create"
    answer = client.post(address, json=described(), headers=FHIR)
    assert told(answer) == {}
    assert "validate-mode" in answer.text


def kept(client: TestClient) -> str:
    """Register an entry and give its id over FHIR."""
    register(client, examples.submission(examples.entry()))
    found = client.get("/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.10|7001")
    return str(found.json()["entry"][0]["resource"]["id"])


def test_what_is_kept_is_judged_at_its_own_address(client: TestClient) -> None:
    name = kept(client)
    address = f"/fhir/DocumentReference/{name}/$validate"
    for asked in (address, f"{address}?profile={MINIMAL}", f"{address}?mode=profile"):
        assert told(client.get(asked)) == {}
        assert told(client.post(asked)) == {}
    assert client.get(f"{address}?mode=delete").status_code == 405
    other = client.post(f"{address}?mode=update", json=described() | {"id": "x"}, headers=FHIR)
    assert told(other) == {"validate-id": "DocumentReference.id"}
    nobody = "/fhir/DocumentReference/11111111-1111-7111-8111-111111111111/$validate"
    assert client.get(nobody).status_code == 404


def test_a_resource_that_is_absent_for_somebody_is_not_judged_for_him(house: House) -> None:
    house.knows("a", professional("80"))
    submit(house, "a")
    search = "/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.10|7001"
    found = house.client.get(search, headers=house.as_("a")).json()
    name = found["entry"][0]["resource"]["id"]
    address = f"/fhir/DocumentReference/{name}/$validate"
    assert house.client.get(address, headers=house.as_("a")).status_code == 200
    assert [o.kind for o in house.events[-1].objects] == ["DocumentEntry"]
    access = house.knows("b", somebody(SubjectKind.PROFESSIONAL, "99"))
    house.rules.refusals[access.subject.key] = ("A99-default", PublicReason.NO_ACCESS)
    answer = house.client.get(address, headers=house.as_("b"))
    assert answer.status_code == 404


def test_whoever_asks_says_who_he_is_and_leaves_an_event(house: House) -> None:
    assert house.client.post("/fhir/$validate", json=WRONG, headers=FHIR).status_code == 401
    house.knows("a", professional("80"))
    answer = house.client.post("/fhir/$validate", json=WRONG, headers=house.as_("a") | FHIR)
    assert told(answer)
    event = house.events[-1]
    assert (event.transaction, event.outcome, event.objects) == ("validate", Outcome.SUCCESS, ())
    assert event.patient is None


def test_a_process_that_takes_too_long_is_ended_and_another_one_started(client: TestClient) -> None:
    aside: ValidationAside = client.app_state["service"].validation
    asked = Asked(octets=json.dumps(WRONG).encode())
    portal = client.portal
    assert portal is not None
    assert portal.call(aside.outcome, asked)["issue"]
    first = aside.process_id
    aside._seconds = 0.0
    with pytest.raises(TooCostly):
        portal.call(aside.outcome, Asked(octets=json.dumps([WRONG] * 20_000).encode()))
    assert aside.process_id is None
    refused = client.post("/fhir/$validate", json=[WRONG] * 20_000, headers=FHIR)
    assert refused.status_code == 413
    aside._seconds = 20.0
    assert portal.call(aside.outcome, asked)["issue"]
    assert aside.process_id != first


def test_more_than_a_few_do_not_wait(client: TestClient) -> None:
    aside: ValidationAside = client.app_state["service"].validation
    aside._waiting = 100
    answer = client.post("/fhir/$validate", json=WRONG, headers=FHIR)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_too_large_a_resource_is_refused(client: TestClient) -> None:
    answer = client.post("/fhir/$validate", content=b" " * (9 * 1024 * 1024), headers=FHIR)
    assert answer.status_code == 413
