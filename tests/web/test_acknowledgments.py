"""BPPC documents: stored like any other, and commands; both or neither."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codecs.ebrim.response import Outcome
from gateway.model import choices as c
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.vocabulary import AssociationType
from gateway.profile import read_profile
from gateway.translators.consents import to_bppc
from tests.model import examples
from tests.shared import ROOT
from tests.web.messages import (
    FHIR,
    PATIENT,
    binary,
    bundle,
    document_reference,
    everything,
    provide,
    publish,
    register,
    submission_list,
    urn,
)

IHE = read_profile("ihe", ROOT / "profiles")
BPPC = Code("urn:ihe:iti:bppc:2007", "1.3.6.1.4.1.19376.1.2.3", "Consent")
PLAIN = Code("urn:ihe:pcc:xds-ms:2007", "1.3.6.1.4.1.19376.1.2.3", "Other")
NO_GLASS = c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False)


def acknowledgment(*choices: c.Choice, patient: Identifier = PATIENT, day: str = "2026") -> bytes:
    statement = c.Statement(
        patient_id=patient,
        date_time=DateTime(day),
        organization=Identifier.of("2.999.1.3"),
        choices=choices,
    )
    written = to_bppc(statement, IHE).value
    assert written is not None
    return written


def entry(unique_id: str = "2.999.4.1", format_code: Code = BPPC, **given: Any) -> DocumentEntry:
    given = {"mime_type": "text/xml", "size": None, "hash": None, **given}
    return examples.entry(unique_id=unique_id, format_code=format_code, **given)


def submit(
    client: TestClient, document: bytes, unique_id: str = "2.999.4.1", **given: Any
) -> Outcome:
    links = given.pop("links", ())
    what = examples.submission(
        entry(unique_id, **given), unique_id=f"2.999.5.{unique_id[-1]}", links=links
    )
    return provide(client, what, {"d1": document})


def consents(client: TestClient, status: str = "active") -> list[dict[str, Any]]:
    asked = {"patient.identifier": f"urn:oid:{PATIENT.authority}|{PATIENT.value}"}
    answer = client.get("/fhir/Consent", params={**asked, "status": status}).json()
    return [one["resource"] for one in answer.get("entry", ())]


def purposes(client: TestClient, status: str = "active") -> list[str]:
    return [
        nested["purpose"][0]["code"]
        for one in consents(client, status)
        for nested in one["provision"].get("provision", ())
    ]


@pytest.mark.parametrize("format_code", [BPPC, PLAIN])
def test_an_acknowledgment_is_a_document_and_a_command(
    client: TestClient, format_code: Code
) -> None:
    outcome = submit(
        client,
        acknowledgment(NO_GLASS, c.HideAll(hidden=True)),
        "2.999.4.1",
        format_code=format_code,
    )
    assert outcome.status.endswith("Success"), outcome
    assert len(everything(client).document_entries) == 1
    assert len(consents(client)) == 2
    assert purposes(client) == ["BTG"]


def refused(client: TestClient, outcome: Outcome, text: str) -> None:
    assert outcome.status.endswith("Failure"), outcome
    assert text in str(outcome), outcome
    known = {
        "resourceType": "Patient",
        "identifier": [{"system": f"urn:oid:{PATIENT.authority}", "value": PATIENT.value}],
    }
    client.put("/fhir/Patient/p", content=json.dumps(known), headers=FHIR)
    assert everything(client).document_entries == ()
    assert consents(client) == []


def test_a_policy_nobody_knows_refuses_the_document(client: TestClient) -> None:
    document = acknowledgment(NO_GLASS).replace(b'"2.999.77.1.3"', b'"2.999.77.1.999"')
    refused(client, submit(client, document), "2.999.77.1.999")


def test_a_policy_without_its_start_refuses_the_document(client: TestClient) -> None:
    document = acknowledgment(NO_GLASS).replace(b'<low value="2026"/>', b"")
    refused(client, submit(client, document), "from when it is acknowledged")


def test_an_acknowledgment_of_somebody_else_is_refused(client: TestClient) -> None:
    document = acknowledgment(NO_GLASS, patient=examples.OTHER_PATIENT)
    refused(client, submit(client, document), "another patient")


def test_what_calls_itself_an_acknowledgment_and_is_none_is_refused(client: TestClient) -> None:
    refused(client, submit(client, b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>"), "")


def test_another_acknowledgment_replaces_the_choices(client: TestClient) -> None:
    submit(client, acknowledgment(NO_GLASS))
    (first,) = everything(client).document_entries
    regulation = c.Emergency(kind=c.EmergencyKind.REGULATION, allowed=False)
    rplc = (examples.link(AssociationType.RPLC, "d1", first.entry_uuid),)
    by_report = submit(
        client, b"hello", "2.999.4.2", format_code=PLAIN, mime_type="text/plain", links=rplc
    )
    assert by_report.status.endswith("Failure")
    assert purposes(client) == ["BTG"]
    done = submit(client, acknowledgment(regulation), "2.999.4.3", links=rplc)
    assert done.status.endswith("Success"), done
    assert purposes(client) == ["ETREAT"]
    assert purposes(client, "inactive") == ["BTG"]


def test_an_acknowledgment_comes_over_fhir_as_well(client: TestClient) -> None:
    document = acknowledgment(NO_GLASS)
    reference = document_reference("2.999.4.9", document, urn(3), number=2)
    content = reference["resource"]["content"][0]
    content["attachment"]["contentType"] = "text/xml"
    content["format"] = {"system": "urn:oid:1.3.6.1.4.1.19376.1.2.3", "code": BPPC.code}
    brought = binary(document, number=3)
    brought["resource"]["contentType"] = "text/xml"
    publish(client, bundle(submission_list("2.999.5.9", urn(2)), reference, brought))
    assert purposes(client) == ["BTG"]
    assert base64.b64decode(brought["resource"]["data"]) == document


def test_where_nobody_is_asked_who_comes_an_acknowledgment_elsewhere_is_a_description(
    client: TestClient,
) -> None:
    outcome = register(client, examples.submission(entry(size="1", hash=examples.HASH)))
    assert outcome.status.endswith("Success")
    assert purposes(client) == []


def test_the_same_submission_again_makes_no_second_choice(client: TestClient) -> None:
    for _ in range(2):
        assert submit(client, acknowledgment(NO_GLASS)).status.endswith("Success")
    assert purposes(client) == ["BTG"]
