"""Everything the FHIR face answers with is FHIR, by another's judgement, and says what it must."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from fhir.resources.R4B.binary import Binary
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.list import List
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient as PatientResource

from gateway.codecs.fhir.binary import binary_length, stream_binary, write_binary
from gateway.codecs.fhir.bundle_writer import write_transaction_response
from gateway.codecs.fhir.capability import Capabilities, write_capability_statement
from gateway.codecs.fhir.outcome import http_status, write_operation_outcome
from gateway.codecs.fhir.patient import read_patient, write_patient
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.folder import Folder
from gateway.model.patient import Patient
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.transactions.provide_document_bundle import ResponseEntry
from tests.codecs.fhir.fhir_examples import ENTRY, FRAGMENTS, NAMING

BASE = "http://127.0.0.1:8080/fhir"


def test_a_searchset_is_a_bundle_with_full_urls_links_and_total() -> None:
    resources = [
        FRAGMENTS.write(
            ENTRY,
            patient_logical_id="77",
            relations=((AssociationType.RPLC, "urn:uuid:9", "urn:uuid:9"),),
            last_updated="20250301120000",
            base_url=BASE,
        )
    ] * 3
    warning = Finding(
        rule="r",
        code=ErrorCode.NOT_SUPPORTED,
        location="colour",
        message="ignored",
        severity=Severity.WARNING,
    )
    written = write_searchset(
        resources,
        total=42,
        links=[("self", f"{BASE}/DocumentReference?a=b&c=d"), ("next", f"{BASE}/x")],
        outcome=write_operation_outcome([warning]),
        base_url=BASE,
    )
    found = Bundle.model_validate_json(written)
    assert (found.type, found.total, len(found.entry)) == ("searchset", 42, 4)
    entries = json.loads(written)["entry"]
    assert entries[0]["fullUrl"] == f"{BASE}/DocumentReference/{(ENTRY.logical_id or '')[9:]}"
    assert entries[0]["resource"]["content"][0]["attachment"]["url"].startswith(f"{BASE}/Binary/")
    assert [e["search"]["mode"] for e in entries] == ["match"] * 3 + ["outcome"]


def test_an_empty_searchset_has_a_total_and_no_entries() -> None:
    written = json.loads(write_searchset([], total=0))
    assert written == {"resourceType": "Bundle", "type": "searchset", "total": 0}
    Bundle.model_validate(written)


def test_lists_show_members_and_the_folders_own_time() -> None:
    folder = Folder(
        logical_id="urn:uuid:f",
        entry_uuid="urn:uuid:f",
        unique_id="2.999.5.1",
        code_list=(Code("F", "2.999.7"),),
    )
    written = FRAGMENTS.splice(
        FRAGMENTS.fragment(folder),
        status=AvailabilityStatus.DEPRECATED,
        version="3",
        patient_id="1^^^&2.999&ISO",
        members=(("DocumentEntry", "urn:uuid:d"),),
        last_updated="20250301120000",
        last_update_time="20250228235959",
        base_url=BASE,
    )
    List.model_validate_json(written)
    found = json.loads(written)
    assert found["entry"] == [{"item": {"reference": "DocumentReference/d"}}]
    assert (found["status"], found["date"]) == ("retired", "2025-02-28T23:59:59Z")
    submission_set = SubmissionSet(
        logical_id="urn:uuid:s", entry_uuid="urn:uuid:s", submission_time=DateTime("20250114094500")
    )
    written = FRAGMENTS.splice(
        FRAGMENTS.fragment(submission_set),
        status=AvailabilityStatus.APPROVED,
        members=(("DocumentEntry", "urn:uuid:d"), ("Folder", "urn:uuid:f")),
        last_update_time="",
    )
    found = json.loads(written)
    assert [e["item"]["reference"] for e in found["entry"]] == ["DocumentReference/d", "List/f"]
    assert found["date"] == "2025-01-14T09:45:00Z"


def test_a_fragment_with_a_mark_for_each_part_is_filled_in_alike() -> None:
    apart = {
        b"%(\x1fH)b": b"%(\x1fV)b%(\x1fU)b",
        b"%(\x1fA)b": b"%(\x1fS)b%(\x1fP)b%(\x1fD)b%(\x1fR)b",
    }
    older = fragment = FRAGMENTS.fragment(ENTRY)
    for together, one_each in apart.items():
        assert together in fragment
        older = older.replace(together, one_each)

    def shown(fragment: bytes) -> bytes:
        return FRAGMENTS.splice(
            fragment,
            status=AvailabilityStatus.APPROVED,
            version="2",
            patient_id="1^^^&2.999&ISO",
            relations=((AssociationType.RPLC, "urn:uuid:d", "urn:uuid:d"),),
            last_updated="20250301120000",
            registration_time="20250228235959",
            base_url=BASE,
        )

    assert shown(older) == shown(fragment)
    folder = b'{"resourceType":"List"%(\x1fS)b%(\x1fP)b%(\x1fT)b%(\x1fM)b}'
    assert FRAGMENTS.splice(
        folder,
        status=AvailabilityStatus.APPROVED,
        members=(("Folder", "urn:uuid:f"),),
        last_update_time="20250228235959",
    ) == FRAGMENTS.splice(
        b'{"resourceType":"List"%(\x1fA)b}',
        status=AvailabilityStatus.APPROVED,
        members=(("Folder", "urn:uuid:f"),),
        last_update_time="20250228235959",
    )


def test_a_transaction_response_answers_entry_by_entry() -> None:
    written = write_transaction_response(
        [
            ResponseEntry(
                status="201 Created",
                location="List/1/_history/1",
                version="1",
                last_modified="20250301120000",
            ),
            ResponseEntry(status="200 OK"),
        ],
        findings=[
            Finding(
                rule="r",
                code=ErrorCode.REGISTRY_METADATA_ERROR,
                location="Bundle.entry[1].resource.uniqueId",
                message="m",
                severity=Severity.WARNING,
            )
        ],
        base_url=BASE,
    )
    found = Bundle.model_validate_json(written)
    assert found.type == "transaction-response"
    responses = [entry["response"] for entry in json.loads(written)["entry"]]
    assert [r["status"] for r in responses] == ["201 Created", "200 OK"]
    assert [len(r.get("outcome", {}).get("issue", ())) for r in responses] == [0, 1]
    assert json.loads(written)["link"] == [{"relation": "self", "url": BASE}]
    assert responses[0]["etag"] == 'W/"1"'
    assert responses[0]["lastModified"] == "2025-03-01T12:00:00Z"


def test_findings_become_issues_and_the_gravest_decides_the_status() -> None:
    findings = [
        Finding(rule=code.name, code=code, location="x", message="m", context="c")
        for code in ErrorCode
    ]
    OperationOutcome.model_validate_json(write_operation_outcome(findings))
    OperationOutcome.model_validate_json(write_operation_outcome([]))
    assert http_status(findings[:1]) == findings[0].code.http_status
    busy = replace(findings[0], code=ErrorCode.REGISTRY_BUSY)
    assert http_status([replace(busy, code=ErrorCode.INVALID_VALUE), busy]) == 503


def test_the_capability_statement_names_actors_searches_and_transaction() -> None:
    written = write_capability_statement(
        base_url=BASE, software="gateway", version="0.1", date="20250301"
    )
    CapabilityStatement.model_validate_json(written)
    found = json.loads(written)
    assert found["fhirVersion"] == "4.0.1"
    assert [u.rpartition("/")[2] for u in found["instantiates"]] == [
        "IHE.MHD.DocumentRecipient",
        "IHE.MHD.DocumentResponder",
    ]
    small = write_capability_statement(
        base_url=BASE,
        software="gateway",
        version="0.1",
        date="20250301",
        capabilities=Capabilities(publish=False, documents=False, lists=False, patient_write=False),
    )
    CapabilityStatement.model_validate_json(small)


@pytest.mark.parametrize("xml", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 1000])
def test_a_binary_is_the_same_in_one_piece_and_as_a_stream(size: int, xml: bool) -> None:
    octets = bytes(range(256)) * 4
    octets = octets[:size]

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 7):
            yield octets[start : start + 7]

    async def streamed() -> bytes:
        return b"".join([part async for part in stream_binary("text/plain", chunks(), xml=xml)])

    whole = write_binary("text/plain", octets, xml=xml)
    assert asyncio.run(streamed()) == whole
    assert len(whole) == binary_length("text/plain", size, xml=xml)
    resource = json.loads(json_from_xml(whole) if xml else whole)
    assert base64.b64decode(resource.get("data", "")) == octets
    Binary.model_validate(resource)


@pytest.mark.parametrize(
    "patient",
    [
        Patient(logical_id="p1"),
        Patient(
            logical_id="p1",
            identifiers=(Identifier("1^^^&2.999.1&ISO"), Identifier("2^^^NS&2.999.2&ISO^PI")),
            family="MARTIN",
            given=("Camille", "Anne Marie"),
            birth_date=DateTime("19800102"),
            gender="F",
            active=False,
            known=False,
            merged_into=Identifier("3^^^&2.999.1&ISO"),
            version=7,
            last_updated="20250301120000",
        ),
        Patient(logical_id="p1", gender="A", birth_date=DateTime("198001021530")),
        Patient(logical_id="p1", gender="?", birth_date=DateTime("1980")),
    ],
)
def test_a_patient_comes_back_from_fhir_as_it_went(patient: Patient) -> None:
    written = write_patient(patient, NAMING)
    PatientResource.model_validate_json(written)
    assert read_patient(json.loads(written), NAMING) == (patient, ())


def test_a_patient_is_read_by_its_official_name_and_told_what_is_wrong() -> None:
    patient, findings = read_patient(
        {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:oid:2.999.1"}],
            "name": [
                {"use": "nickname", "text": "Cam"},
                {"family": "DUPONT"},
                {"use": "official", "family": "MARTIN", "given": ["Camille"]},
            ],
            "gender": "f",
            "birthDate": "1980-1-2",
            "active": "yes",
        },
        NAMING,
    )
    assert (patient.family, patient.given) == ("MARTIN", ("Camille",))
    assert [f.location for f in findings] == [
        "Patient.active",
        "Patient.identifier[0]",
        "Patient.birthDate",
        "Patient.gender",
    ]


def test_what_a_peer_sent_is_told_back_as_a_fhir_string() -> None:
    finding = Finding(
        rule="path-known",
        code=ErrorCode.NOT_FOUND,
        location="a\x1eb",
        message="there is no \x00 'c\x0f'\nhere",
    )
    written = write_operation_outcome((finding,))
    issue = OperationOutcome.model_validate_json(written).issue[0]
    assert (issue.expression, issue.diagnostics) == (
        ["a\ufffdb"],
        "there is no \ufffd 'c\ufffd'\nhere",
    )
    assert json_from_xml(xml_from_json(written)) == written


def test_a_place_made_of_blanks_alone_is_told_as_something_to_see() -> None:
    finding = Finding(rule="r", code=ErrorCode.NOT_FOUND, location="\x85", message="none")
    issue = OperationOutcome.model_validate_json(write_operation_outcome((finding,))).issue[0]
    assert issue.expression == ["\ufffd"]
