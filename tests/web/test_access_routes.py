"""Every way in: no route of FHIR and no operation of SOAP without a word on what it is.

Source:
    Threat Q6.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.codecs.soap.envelope import write_envelope
from gateway.consent.decision import PublicReason
from gateway.model.subject import Operation, SubjectKind
from gateway.web.xds import RegistryOperations, RepositoryOperations
from tests.model.examples import PATIENT
from tests.web.access import House, somebody
from tests.web.messages import MESSAGE_ID

OPEN = {("metadata",)}
"""Addresses that tell nothing of anybody."""

ROOT = Path(__file__).parents[2]


def routes(house: House) -> list[tuple[str, tuple[str, ...]]]:
    door = house.client.app._fhir  # type: ignore[attr-defined]
    return [(method, shape) for shape, methods in door.routes.items() for method in methods]


def address(shape: tuple[str, ...], name: str) -> str:
    """An address of that shape, about an object or patient with a name."""
    return "/fhir/" + "/".join(shape).replace("{id}", name).replace("{vid}", "1")


def test_every_route_says_which_operation_it_is(house: House) -> None:
    door = house.client.app._fhir  # type: ignore[attr-defined]
    for shape, methods in door.routes.items():
        for method, route in methods.items():
            if shape in OPEN:
                assert route.kind is None
                continue
            assert route.kind is not None, (method, shape)
            assert isinstance(route.kind.operation, Operation)
            assert route.kind.transaction
            assert route.kind.interaction
            writes = method in ("PUT", "PATCH", "DELETE")
            reading = {Operation.READ, Operation.STATUS, Operation.READ_CHOICES}
            assert not (writes and route.kind.operation in reading), (method, shape)


def test_every_operation_of_soap_says_which_it_is(house: House) -> None:
    operations = (
        *RegistryOperations().operations(),
        *RepositoryOperations(None).operations(),  # type: ignore[arg-type]
    )
    told = {o.action.rpartition(":")[2]: o.kind.operation for o in operations}
    assert told == {
        "RegistryStoredQuery": Operation.READ,
        "RegisterDocumentSet-b": Operation.SUBMIT,
        "UpdateDocumentSet": Operation.UPDATE,
        "RestrictedUpdateDocumentSet": Operation.UPDATE,
        "RegisterOnDemandDocumentEntry": Operation.SUBMIT,
        "DeleteDocumentSet": Operation.DELETE,
        "ProvideAndRegisterDocumentSet-b": Operation.SUBMIT,
        "RetrieveDocumentSet": Operation.READ,
        "RemoveDocuments": Operation.DELETE,
    }


def test_no_route_answers_anything_to_nobody(house: House) -> None:
    for method, shape in routes(house):
        if shape in OPEN:
            continue
        answer = house.client.request(method, address(shape, "11111111-1111-7111-8111-1"))
        assert answer.status_code == 401, (method, shape)
        assert answer.headers["www-authenticate"]
    told = [event.transaction for event in house.events]
    assert len(told) == len(routes(house)) - len(OPEN)
    assert {event.rule for event in house.events} == {"A0-not-authenticated"}


@pytest.mark.parametrize("kind", SubjectKind)
def test_no_kind_of_subject_gets_anything_the_gate_refuses(house: House, kind: SubjectKind) -> None:
    """Every route asked by everybody who is refused, about what is here: as if it were not."""
    access = house.knows("x", somebody(kind, "99", patient=PATIENT))
    house.rules.refusals[access.subject.key] = ("A99-default", PublicReason.NO_ACCESS)
    parameters = {"patient.identifier": "urn:oid:2.999.1.10|7001"}
    for method, shape in routes(house):
        if shape in OPEN:
            continue
        before = len(house.events)
        answer = house.client.request(
            method,
            address(shape, "11111111-1111-7111-8111-111111111111"),
            params=parameters if len(shape) == 1 or "_search" in shape else None,
            headers=house.as_("x") | {"content-type": "application/fhir+json"},
        )
        assert answer.status_code >= 400 or answer.json().get("total") == 0, (method, shape)
        told = answer.content
        assert b'"total":0' in told or b"OperationOutcome" in told or method == "HEAD"
        (event,) = house.events[before:]
        assert event.subject == access.subject
        assert event.objects == ()


@pytest.mark.parametrize("door", ["registry", "repository"])
def test_no_operation_of_soap_answers_anything_to_nobody(house: House, door: str) -> None:
    soap = getattr(house.client.app, f"_{door}")
    for element, action in soap._operations:
        name, _, local = element[1:].partition("}")
        body = f'<x:{local} xmlns:x="{name}"/>'.encode()
        octets = write_envelope(body, action=action, message_id=MESSAGE_ID, to="http://gateway")
        kind = f'application/soap+xml; charset=UTF-8; action="{action}"'
        answer = house.client.post(f"/xds/{door}", content=octets, headers={"content-type": kind})
        assert answer.status_code == 400
        assert b"FailedAuthentication" in answer.content
    assert {event.rule for event in house.events} == {"A0-not-authenticated"}


def test_no_door_of_the_web_reaches_for_what_is_inside() -> None:
    """The actors with everything in sight are the house's own."""
    reaching = re.compile(r"\.inside\b|\bSqliteRegistryStore\b|\bservice\.(store|patients)\b")
    for path in sorted((ROOT / "gateway/web").rglob("*.py")):
        assert not reaching.search(path.read_text(encoding="utf-8")), path
