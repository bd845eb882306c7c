"""Full profile validation of a DocumentReference beside parsing it, in this process.

The yardstick is ``fhir.resources``: its ``model_validate`` of the same dictionary, which checks
the structure and nothing else. Both run in turns of a few milliseconds, so that what else the
machine does meets both; the medians of the turns are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.load import Measured
from gateway.validation.fhir import CORE, Definitions, Validator
from gateway.validation.issue import fails

PROFILES = Path(__file__).resolve().parents[1] / "profiles"
PACKAGE = PROFILES / "ihe" / "structure-definitions"
MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
COMPREHENSIVE = MHD + "IHE.MHD.Comprehensive.DocumentReference"
TURN = 20
"""Validations, and parsings, in one turn."""
MOST = 1.5
"""Times the yardstick that validation may take."""


def concept(system: str, code: str, display: str) -> dict[str, Any]:
    """One coded concept."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def identifier(kind: str, value: str) -> dict[str, Any]:
    """An identifier of the kind MHD names."""
    system = "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType"
    return {
        "type": {"coding": [{"system": system, "code": kind}]},
        "system": "urn:ietf:rfc:3986",
        "value": value,
    }


def document_reference() -> dict[str, Any]:
    """A DocumentReference with all that comprehensive metadata ask for, of an invented person."""
    entry_uuid = identifier("entryUUID", "urn:uuid:0c287d32-01e3-4d87-9953-9fcc9404eb21")
    unique_id = identifier("uniqueId", "urn:oid:1.2.3.4.5.6.7.1")
    return {
        "resourceType": "DocumentReference",
        "meta": {"profile": [COMPREHENSIVE]},
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">A report on a blood count.</div>',
        },
        "contained": [
            {
                "resourceType": "Patient",
                "id": "source",
                "identifier": [{"system": "urn:oid:1.3.6.1.4.1.21367.13.20.1000", "value": "1"}],
                "name": [{"family": "Bench", "given": ["Alma"]}],
                "gender": "female",
                "birthDate": "1967-08-21",
                "address": [{"line": ["1 Main Street"], "city": "Springfield"}],
            },
            {
                "resourceType": "Practitioner",
                "id": "author",
                "identifier": [{"system": "urn:oid:1.3.6.1.4.1.21367.13.20.3000", "value": "2"}],
                "name": [{"family": "Writer", "given": ["Otto"], "prefix": ["Dr"]}],
                "telecom": [{"system": "phone", "value": "+33100000000", "use": "work"}],
            },
        ],
        "masterIdentifier": unique_id,
        "identifier": [entry_uuid, unique_id],
        "status": "current",
        "type": concept("http://loinc.org", "11502-2", "Laboratory report"),
        "category": [concept("http://loinc.org", "26436-6", "Laboratory studies")],
        "subject": {"reference": "http://records.test/fhir/Patient/1"},
        "date": "2026-02-01T23:50:50-05:00",
        "author": [{"reference": "#author"}],
        "description": "Blood count",
        "securityLabel": [
            concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", "normal")
        ],
        "content": [
            {
                "attachment": {
                    "contentType": "text/xml",
                    "language": "en-US",
                    "url": "http://records.test/fhir/Binary/1",
                    "size": 12345,
                    "hash": "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
                    "title": "Blood count",
                    "creation": "2026-01-31T10:00:00+01:00",
                },
                "format": {
                    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
                    "code": "urn:ihe:lab:xd-lab:2008",
                    "display": "XD-LAB",
                },
            }
        ],
        "context": {
            "event": [
                concept(
                    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "ACCTRECEIVABLE",
                    "account receivable",
                )
            ],
            "period": {"start": "2026-01-30T08:00:00Z", "end": "2026-01-30T09:00:00Z"},
            "facilityType": concept("http://snomed.info/sct", "82242000", "Hospital"),
            "practiceSetting": concept("http://snomed.info/sct", "394596001", "Chemical pathology"),
            "sourcePatientInfo": {"reference": "#source"},
        },
    }


def compare(seconds: float) -> tuple[Measured, float, float]:
    """Validate and parse in turns; give the latencies, the processor's share and the ratio."""
    from fhir.resources.R4B.documentreference import DocumentReference

    resource = document_reference()
    validator = Validator(Definitions.load(PROFILES / CORE, [PACKAGE]))
    measured = Measured()
    found = validator.validate(resource)
    if fails(found):
        measured.failures.append("; ".join(f"{i.location}: {i.message}" for i in found))
    validating: list[float] = []
    parsing: list[float] = []
    processor, began = time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        validating.append(_turn(lambda: validator.validate(resource)))
        parsing.append(_turn(lambda: DocumentReference.model_validate(resource)))
    measured.seconds = time.perf_counter() - began
    cpu = (time.process_time() - processor) / measured.seconds
    measured.latencies = validating
    measured.seconds = sum(validating)
    ratio = sorted(validating)[len(validating) // 2] / sorted(parsing)[len(parsing) // 2]
    return measured, cpu, ratio


def _turn(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(TURN):
        action()
    return (time.perf_counter() - began) / TURN
