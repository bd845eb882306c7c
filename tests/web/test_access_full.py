"""When the audit trail cannot be written, nothing is done and nothing told, on no door."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.audit.verification import KeptRow, verify
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.codecs.soap.envelope import write_envelope
from gateway.errors import Refused
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.subject import Mode
from gateway.security.authority import Wish
from gateway.security.saml.writing import write_security_header
from gateway.service import Service
from gateway.storage.sqlite.audit import rows_as_kept
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery
from tests.web.messages import APPROVED, FHIR, MESSAGE_ID
from tests.web.test_access_record import (
    ALBA,
    QUERY_IDS,
    SEARCH,
    SYSTEM,
    Community,
    community,
    note,
    permit,
)

__all__ = ["community"]

GLASS = {"mode": Mode.BREAK_GLASS, "reason": "unconscious", "patient": ALBA.text}


def file_of(service: Service) -> Any:
    store: Any = service.inside.registry._store
    return store._file


async def fill(service: Service) -> None:
    """Leave no room in the registry's file: not for another page, nor in one."""
    file = file_of(service)
    (pages,) = file.connection.execute("PRAGMA page_count").fetchone()
    file.connection.execute(f"PRAGMA max_page_count = {pages}")
    store: Any = service.inside.registry._store
    for size in (4000, 400, 0):
        for number in range(10_000):
            event = AuditEvent(
                id=f"urn:uuid:{size:04}{number}",
                time="20260101000000",
                transaction="test",
                action=Action.EXECUTE,
                outcome=Outcome.SUCCESS,
                query="x" * size,
            )
            try:
                await store.audit.append(event)
            except Refused:
                break
        else:
            raise AssertionError("the file never was full")


async def make_room(service: Service) -> None:
    file_of(service).connection.execute("PRAGMA max_page_count = 1073741823")


async def forbid(service: Service) -> None:
    """Let nothing be written, as when the disk is mounted for reading."""
    file_of(service).connection.execute("PRAGMA query_only = ON")


async def allow(service: Service) -> None:
    file_of(service).connection.execute("PRAGMA query_only = OFF")


Sent = Callable[[Community], Any]


def fhir(method: str, path: str, who: str, body: Any = None, **wish: Any) -> Sent:
    def send(community: Community) -> Any:
        headers = {**FHIR, **community.bearer(who, **wish)}
        return community.client.request(method, path, json=body, headers=headers)

    return send


def soap(who: str, door: str, action: str, body: bytes, **wish: Any) -> Sent:
    def send(community: Community) -> Any:
        wish.setdefault("patient", ALBA.text)
        authority = community.authority
        made = authority.assertion(authority.people[who], Wish(**wish), int(time.time()))
        octets = write_envelope(
            body,
            action=action,
            message_id=MESSAGE_ID,
            to="http://gateway.test",
            header_blocks=write_security_header(made),
        )
        content_type = f'application/soap+xml; charset=UTF-8; action="{action}"'
        return community.client.post(
            f"/xds/{door}", content=octets, headers={"content-type": content_type}
        )

    return send


def nobody(community: Community) -> Any:
    return community.client.get(SEARCH, headers={"authorization": "Bearer nothing"})


FIND = write_query(
    RegistryStoredQuery(
        query_id=QUERY_IDS[FindDocuments],
        query=FindDocuments(patient_id=ALBA, status=(APPROVED,)),
    )
)
QUERY, REGISTER = "urn:ihe:iti:2007:RegistryStoredQuery", "urn:ihe:iti:2007:RegisterDocumentSet-b"
RETRIEVE = write_retrieve_request(
    RetrieveDocumentSet(
        documents=(
            DocumentRequest(repository_unique_id="2.999.3.1", document_unique_id="2.999.4.1"),
        )
    )
)
REQUESTS: dict[str, Sent] = {
    "a search": fhir("GET", SEARCH, "doctor-b"),
    "an emergency": fhir("GET", SEARCH, "doctor-c", **GLASS),
    "a refused search": fhir("GET", SEARCH, "doctor-c"),
    "nobody": nobody,
    "a patient": fhir("GET", f"/fhir/Patient?identifier={SYSTEM}|ALBA-0001", "doctor-b"),
    "the history": fhir("GET", "/fhir/AuditEvent", "patient"),
    "the trail": fhir("GET", "/fhir/AuditEvent?date=ge2020-01-01", "auditor"),
    "choices": fhir("GET", f"/fhir/Consent?patient.identifier={SYSTEM}|ALBA-0001", "patient"),
    "a new patient": fhir(
        "PUT",
        "/fhir/Patient/other",
        "operator",
        {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": "OTHER"}]},
    ),
    "ITI-18": soap("doctor-b", "registry", QUERY, FIND),
    "ITI-18 in an emergency": soap("doctor-c", "registry", QUERY, FIND, **GLASS),
    "ITI-18, refused": soap("doctor-c", "registry", QUERY, FIND),
    "ITI-42": soap("doctor-b", "registry", REGISTER, write_submit_objects(note(2))),
    "ITI-42 in an emergency": soap(
        "doctor-c", "registry", REGISTER, write_submit_objects(note(3)), **GLASS
    ),
    "ITI-43": soap("doctor-b", "repository", "urn:ihe:iti:2007:RetrieveDocumentSet", RETRIEVE),
}


@pytest.mark.parametrize(("stop", "go_on"), [(fill, make_room), (forbid, allow)])
def test_what_cannot_be_audited_is_answered_with_503_and_tells_nothing(
    community: Community,
    stop: Callable[[Service], Any],
    go_on: Callable[[Service], Any],
) -> None:
    community.submit("doctor-b", note(1))
    community.decide("patient", permit("DOC-0077"))
    portal = community.client.portal
    assert portal is not None
    assert community.found("doctor-b")["total"] == 1
    before = tables(community)
    portal.call(stop, community.service)
    kept = len(community.events)
    for name, send in REQUESTS.items():
        answer = send(community)
        assert answer.status_code == 503, (name, answer.text)
        for secret in ("2.999.4.1", "A note", "ALBA-0001", "no-access", "DOC-0077"):
            assert secret not in answer.text, (name, answer.text)
    assert len(community.events) == kept
    assert tables(community) == before, "nothing of all that was done"
    portal.call(go_on, community.service)
    assert community.found("doctor-b")["total"] == 1
    assert community.found("doctor-c", **GLASS)["total"] == 1
    assert len(community.events) == kept + 2
    verdict = verify(
        (KeptRow(*row) for row in rows_as_kept(file_of(community.service).reading)), [], (), None
    )
    assert verdict.alterations == ()


def tables(community: Community) -> dict[str, int]:
    """How much there is of what requests leave behind."""
    execute = file_of(community.service).reading.execute
    named = ("document_entry", "notice", "emergency_declaration", "statement", "patient")
    return {one: execute("SELECT count(*) FROM " + one).fetchone()[0] for one in named}
