"""Audit events for tests: one that has everything, and any number of plain ones."""

from __future__ import annotations

from gateway.model.audit import Action, AuditedObject, AuditEvent, Outcome
from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import Authentication, Client, Mode, Subject, SubjectKind

AUTHORITY = "2.999.1.3"
PROFESSIONALS = "2.999.7.1"
STRUCTURES = "2.999.7.2"

DOCTOR = Subject(
    kind=SubjectKind.PROFESSIONAL,
    id=Identifier.of("899700000001", PROFESSIONALS),
    name="Alice Durand",
    roles=(Code("10", "2.999.8.1", "Physician"), Code("SM26", "2.999.8.2")),
    structure=Identifier.of("1B0000001", STRUCTURES),
    structure_name="Test Hospital",
    sector=Code("SA01", "2.999.8.3"),
    authentication=Authentication.REINFORCED,
    client=Client(id="app-1", name="Ward Software", version="4.2", approval="H-77"),
    credential="_assertion-0001",
    issuer="CN=Test Hospital",
    network_address="192.0.2.10",
)

PATIENT = Identifier.of("7001", AUTHORITY)


def name(number: int) -> str:
    return f"urn:uuid:00000000-0000-7000-8000-{number:012x}"


def search(number: int = 1, time: str = "20260301120000", **changed: object) -> AuditEvent:
    """A FHIR search that found two documents."""
    values: dict[str, object] = {
        "id": name(number),
        "time": time,
        "transaction": "ITI-67",
        "interaction": "search-type",
        "action": Action.EXECUTE,
        "outcome": Outcome.SUCCESS,
        "subject": DOCTOR,
        "purposes": ("TREAT^^2.16.840.1.113883.5.8",),
        "patient": PATIENT,
        "objects": (
            AuditedObject(kind="DocumentEntry", id=name(900 + number), unique_id="2.999.5.1"),
            AuditedObject(kind="DocumentEntry", id=name(901 + number)),
        ),
        "query_id": "DocumentReference",
        "query": "GET /fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.3|7001",
        "rule": "A12",
        "policy_version": 3,
        "consents": ("authorise professional 1",),
        "absent": (("B4", 1),),
        "request_id": "req-0001",
        "peer": "",
    }
    return AuditEvent(**(values | changed))  # type: ignore[arg-type]


FULL = search(
    mode=Mode.BREAK_GLASS,
    reason="found unconscious",
    declaration=name(77),
    failure="no-access",
    source="2.999.4.1",
    peer="192.0.2.9",
    objects=(
        AuditedObject(kind="DocumentEntry", id=name(5), unique_id="2.999.5.1", repository="2.999"),
    ),
)
