"""What patients decide, recorded and found as FHIR Consents [ITI-108]."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from starlette.testclient import TestClient

from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.model import choices as c
from gateway.model.datatypes import DateTime, Identifier
from gateway.profile import read_profile
from gateway.translators.consents import to_consent
from tests.shared import ROOT
from tests.web.messages import (
    FHIR,
    PATIENT,
    binary,
    bundle,
    document_reference,
    everything,
    publish,
    submission_list,
    urn,
)

Json = dict[str, Any]
IHE = read_profile("ihe", ROOT / "profiles")
SYSTEM = f"urn:oid:{PATIENT.authority}"
ASKED = {"patient.identifier": f"{SYSTEM}|{PATIENT.value}"}
DOCTOR = Identifier.of("DR-B", "2.999.1.30")
HOLDER = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DOCTOR)
UUID = "urn:uuid:00000000-0000-4000-8000-000000000077"


def consent(*choices: c.Choice) -> Json:
    """A Consent that says these choices about the usual patient."""
    statement = c.Statement(
        patient_id=PATIENT,
        date_time=DateTime("20260110"),
        organization=Identifier.of("CLINIC-1", "2.999.1.3"),
        source="DocumentReference/signed",
        choices=choices,
    )
    written: Json = to_consent(statement, IHE).value
    return written


@pytest.fixture
def known(client: TestClient) -> TestClient:
    """A gateway that knows the usual patient."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": PATIENT.value}],
    }
    assert client.put("/fhir/Patient/p", content=json.dumps(patient), headers=FHIR).is_success
    return client


def post(client: TestClient, resource: Json) -> Any:
    return client.post("/fhir/Consent", content=json.dumps(resource), headers=FHIR)


def put(client: TestClient, resource: Json, **headers: str) -> Any:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(
        f"/fhir/Consent/{resource['id']}", content=json.dumps(resource), headers={**FHIR, **more}
    )


def found(client: TestClient, status: str = "active,inactive", **more: str) -> list[Json]:
    answer = client.get("/fhir/Consent", params={**ASKED, "status": status, **more})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    Bundle.model_validate(body)
    resources = [entry["resource"] for entry in body.get("entry", ())]
    assert body["total"] >= len(resources)
    return resources


def submitted(client: TestClient) -> str:
    """Publish a document; give its logical id."""
    answer = publish(
        client,
        bundle(
            submission_list("2.999.5.9", urn(2)),
            document_reference("2.999.4.9", b"hello", urn(3), number=2),
            binary(b"hello", number=3),
        ),
    )
    places = [e["response"]["location"].split("/") for e in answer.json()["entry"]]
    return next(place[1] for place in places if place[0] == "DocumentReference")


def mask(name: str) -> c.Mask:
    return c.Mask(target=c.Document(id=f"urn:uuid:{name}"))


def labels(client: TestClient, name: str) -> list[str]:
    read = client.get(f"/fhir/DocumentReference/{name}").json()
    return [label["coding"][0]["code"] for label in read["securityLabel"]]


def test_a_consent_is_recorded_read_and_found(known: TestClient) -> None:
    sent = consent(c.Authorise(holder=HOLDER))
    sent["text"] = {
        "status": "generated",
        "div": "<div xmlns='http://www.w3.org/1999/xhtml'>said</div>",
    }
    created = post(known, sent)
    assert created.status_code == 201, created.text
    kept = created.json()
    Consent.model_validate(kept)
    frame = ("id", "meta")
    assert {n: v for n, v in kept.items() if n not in frame} == {
        n: v for n, v in sent.items() if n not in frame
    }
    place = created.headers["location"].removeprefix("http://gateway.test")
    assert place == f"/fhir/Consent/{kept['id']}/_history/1"
    assert known.get(place).json() == kept
    read = known.get(f"/fhir/Consent/{kept['id']}")
    assert (read.json(), read.headers["etag"]) == (kept, 'W/"1"')
    assert found(known) == [kept]


def test_a_consent_goes_both_ways_as_xml(known: TestClient) -> None:
    octets = xml_from_json(json.dumps(consent(c.Block(professional=DOCTOR))).encode())
    xml = {"content-type": "application/fhir+xml", "accept": "application/fhir+xml"}
    created = known.post("/fhir/Consent", content=octets, headers=xml)
    assert created.status_code == 201, created.text
    kept = json.loads(json_from_xml(created.content))
    assert known.get(f"/fhir/Consent/{kept['id']}").json() == kept


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"verification": [{"verified": True}]}, "Consent.verification"),
        ({"status": "proposed"}, "Consent.status"),
        ({"policy": [{"uri": "urn:x"}]}, "Consent.policy[0].uri"),
        ({"patient": {"reference": "Patient/nobody"}}, "Consent.patient"),
    ],
)
def test_what_would_not_be_enforced_is_refused_and_not_stored(
    known: TestClient, wrong: Json, path: str
) -> None:
    refused = post(known, {**consent(c.Close()), **wrong})
    assert refused.status_code == 422, refused.text
    assert path in [place for issue in refused.json()["issue"] for place in issue["expression"]]
    assert found(known) == []


def test_a_new_version_replaces_the_one_that_was_read(known: TestClient) -> None:
    kept = post(known, consent(c.Authorise(holder=HOLDER))).json()
    overtaken = put(known, kept, if_match='W/"7"')
    assert overtaken.status_code == 412
    changed = {**kept, "status": "inactive"}
    done = put(known, changed, if_match='W/"1"')
    assert (done.status_code, done.headers["etag"]) == (200, 'W/"2"')
    assert done.json()["status"] == "inactive"
    assert found(known, "active") == []
    assert [one["meta"]["versionId"] for one in found(known, "inactive")] == ["2"]
    history = known.get(f"/fhir/Consent/{kept['id']}/_history").json()
    Bundle.model_validate(history)
    assert [e["resource"]["status"] for e in history["entry"]] == ["inactive", "active"]
    assert known.get(f"/fhir/Consent/{kept['id']}/_history/1").json() == kept
    again = put(known, {**kept, "status": "active"})
    assert (again.status_code, len(found(known, "active"))) == (200, 1)


def test_what_is_deleted_is_inactive_and_stays_to_be_read(known: TestClient) -> None:
    kept = post(known, consent(c.HideAll(hidden=True))).json()
    deleted = known.delete(f"/fhir/Consent/{kept['id']}")
    assert (deleted.status_code, deleted.headers["etag"]) == (204, 'W/"2"')
    assert known.get(f"/fhir/Consent/{kept['id']}").json()["status"] == "inactive"
    assert known.delete(f"/fhir/Consent/{kept['id']}").headers["etag"] == 'W/"2"'


@pytest.mark.parametrize("name", ["x", UUID.removeprefix("urn:uuid:")])
def test_a_consent_that_is_not_there_is_not_found(known: TestClient, name: str) -> None:
    body = {**consent(c.Close()), "id": name}
    for answer in (
        known.get(f"/fhir/Consent/{name}"),
        known.get(f"/fhir/Consent/{name}/_history"),
        known.get(f"/fhir/Consent/{name}/_history/1"),
        known.delete(f"/fhir/Consent/{name}"),
        put(known, body),
    ):
        assert answer.status_code == 404, answer.text
    other = put(known, {**body, "id": "y"})
    assert other.status_code == 404


def test_a_search_says_whose_and_in_which_status(known: TestClient) -> None:
    post(known, consent(c.Authorise(holder=HOLDER)))
    post(known, consent(c.Close()))
    for missing in ({"status": "active"}, ASKED, {}):
        assert known.get("/fhir/Consent", params=missing).status_code == 400
    assert len(found(known, patient="Patient/p")) == 2
    assert found(known, patient="Patient/other") == []
    system = "urn:oid:2.999.1.30"
    by_actor: Callable[..., list[Json]] = lambda **more: found(known, **more)  # noqa: E731
    assert len(by_actor(**{"actor.identifier": f"{system}|DR-B"})) == 1
    assert len(by_actor(**{"actor:identifier": f"{system}|DR-B"})) == 1
    assert by_actor(**{"actor.identifier": f"{system}|DR-X"}) == []
    assert by_actor(actor="Practitioner/x") == []
    unknown = known.get(
        "/fhir/Consent", params={"patient.identifier": f"{SYSTEM}|nobody", "status": "active"}
    )
    assert (unknown.status_code, unknown.json()["total"]) == (200, 0)
    posted = known.post("/fhir/Consent/_search", data={**ASKED, "status": "active"})
    assert posted.json()["total"] == 2


def test_pages_of_consents_follow_one_another(known: TestClient) -> None:
    ids = [post(known, consent(c.Block(professional=DOCTOR))).json()["id"] for _ in range(5)]
    seen: list[str] = []
    url: str | None = "/fhir/Consent"
    params: dict[str, str] | None = {**ASKED, "status": "active", "_count": "2"}
    while url:
        page = known.get(url, params=params).json()
        params = None
        assert page["total"] == 5
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((li["url"] for li in page["link"] if li["relation"] == "next"), None)
    assert seen == ids[::-1]


# --- A mask of one document ----------------------------------------------------------------------


def test_a_document_masked_by_a_consent_carries_the_code(known: TestClient) -> None:
    name = submitted(known)
    before = labels(known, name)
    created = post(known, consent(mask(name)))
    assert created.status_code == 201, created.text
    (code,) = set(labels(known, name)) - set(before)
    entries = [e for e in everything(known).document_entries if e.version == "2"]
    assert code in {one.code for one in entries[0].confidentiality_code}
    put(known, {**created.json(), "status": "inactive"})
    assert labels(known, name) == before


def test_a_document_nobody_knows_is_not_masked(known: TestClient) -> None:
    refused = post(known, consent(mask(UUID.removeprefix("urn:uuid:"))))
    assert refused.status_code == 422, refused.text
    assert found(known) == []


def test_a_patched_label_is_a_consent_as_well(known: TestClient) -> None:
    """Scenario 26, over FHIR; over XDS it is the same metadata update."""
    name = submitted(known)
    kept = post(known, consent(mask(name))).json()
    masked = known.get(f"/fhir/DocumentReference/{name}").json()["securityLabel"]
    known.delete(f"/fhir/Consent/{kept['id']}")
    patch = [{"op": "replace", "path": "/securityLabel", "value": masked}]
    done = known.patch(
        f"/fhir/DocumentReference/{name}",
        content=json.dumps(patch),
        headers={"content-type": "application/json-patch+json"},
    )
    assert done.status_code == 200, done.text
    (made,) = found(known, "active")
    Consent.model_validate(made)
    (nested,) = made["provision"]["provision"]
    assert nested["data"][0]["meaning"] == "instance"
    assert nested["data"][0]["reference"]["reference"] == f"DocumentReference/{name}"
    known.delete(f"/fhir/Consent/{made['id']}")
    assert labels(known, name) == [
        label["coding"][0]["code"]
        for label in masked
        if label["coding"][0]["code"] not in nested_codes(masked, labels(known, name))
    ]


def nested_codes(masked: list[Json], now: list[str]) -> set[str]:
    return {label["coding"][0]["code"] for label in masked} - set(now)
