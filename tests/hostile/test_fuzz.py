"""Thousands of good messages bent at random: an answer below 500 each time, well-formed, no trace.

The doors run in this process, so that a failure shows where it was; the seed of a message that
failed is in the assertion.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from structlog.testing import LogCapture

from gateway.codecs.fhir.xml import xml_from_json
from gateway.service import open_service
from gateway.settings import Settings
from gateway.web.app import Application, create_app
from tests.hostile.bundles import bundle, paths, put
from tests.hostile.items import Harmless
from tests.hostile.judge import judge
from tests.hostile.messages import (
    ON_DEMAND,
    PROVIDE,
    QUERY,
    REGISTER,
    REGISTRY,
    REMOVE,
    REPOSITORY,
    RETRIEVE,
    SOAP_TYPE,
    UPDATE,
    Shelf,
    document_part,
    entry,
    envelope,
    folder,
    mtom,
    mtom_type,
    multipart,
    on_demand_body,
    provide_body,
    query_body,
    register_body,
    remove_body,
    retrieve_body,
    root_part,
    slot,
    submission,
    update_body,
)
from tests.hostile.mutations import mutated
from tests.hostile.server import Answer
from tests.model.examples import member

Ask = Callable[[str, str, str, bytes, bytes], Awaitable[Answer]]

_UUID = "urn:uuid:5b0a7d6e-0000-4000-8000-000000000001"
_SHELF = Shelf(
    entry=_UUID,
    unique_id="2.999.4.1",
    on_demand=_UUID,
    folder=_UUID,
    submission_set=_UUID,
    membership=_UUID,
    deprecated=_UUID,
    other_entry=_UUID,
)
_JSON = "application/fhir+json"
_XML = "application/fhir+xml"


def _messages() -> list[tuple[str, str, bytes]]:
    """Door, content type and octets of one good message of each kind."""
    whole = submission(
        entry(), folders=(folder(),), links=(member("f1", "d1"), member("set", "f1>d1"))
    )
    query = query_body(
        slot("$XDSDocumentEntryPatientId", "'7001^^^&2.999.1.10&ISO'"),
        slot("$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"),
        slot("$XDSDocumentEntryEventCodeList", "('a^^b','c''d^^e')"),
        slot("$XDSDocumentEntryCreationTimeFrom", "2025"),
        slot("$XDSDocumentEntryAuthorPerson", "('%DUR_ND%')"),
    )
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7009"}],
        "name": [{"family": "MARTIN", "given": ["Camille"]}],
        "birthDate": "1980-01-02",
    }
    soap = [
        (REGISTRY, register_body(whole), REGISTER),
        (REGISTRY, on_demand_body(), ON_DEMAND),
        (REGISTRY, update_body(_SHELF), UPDATE),
        (REGISTRY, query, QUERY),
        (REGISTRY, remove_body(_UUID), REMOVE),
        (REPOSITORY, retrieve_body("2.999.4.1", "2.999.4.2"), RETRIEVE),
    ]
    return [
        *((door, SOAP_TYPE, envelope(body, action)) for door, body, action in soap),
        (REPOSITORY, mtom_type(), mtom()),
        (
            REPOSITORY,
            mtom_type(),
            multipart(
                [
                    root_part(envelope(provide_body(submission(entry(hash=None))), PROVIDE)),
                    document_part(),
                ]
            ),
        ),
        ("/fhir", _JSON, orjson.dumps(bundle())),
        ("/fhir", _XML, xml_from_json(orjson.dumps(bundle()))),
        ("/fhir/Patient/p1", _JSON, orjson.dumps(patient)),
    ]


_SEARCHES = (
    b"patient.identifier=urn:oid:2.999.1.10%7C7001&date=ge2025-01-01&type=a%7Cb,c&_count=2",
    b"patient=Patient/x&status=current&author.family=dur&period=2025&_sort=-date&_format=json",
    b"identifier=urn:ietf:rfc:3986%7Curn:oid:2.999.4.1&security-label=N&_cursor=AAAAAAAA",
)


async def _ask(
    app: Application, method: str, path: str, content_type: str, query: bytes, body: bytes
) -> Answer:
    """One request straight into the application, its body in two pieces."""
    half = len(body) // 2
    pieces: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    start, *rest = sent
    return Answer(
        start["status"],
        {k.decode(): v.decode() for k, v in start["headers"]},
        b"".join(bytes(m.get("body", b"")) for m in rest),
    )


def _judge(answer: Answer, sent: bytes, name: str) -> None:
    assert 200 <= answer.status < 500, f"{name}: {answer.status} {answer.body[:1000]!r}"
    judge(answer, Harmless(status=answer.status), sent)
    if answer.content_type == "application/fhir+json" and answer.body:
        orjson.loads(answer.body)


async def _fuzz(folder_: Path, seed: int, rounds: int) -> None:
    logs = LogCapture()
    structlog.configure(processors=[logs])
    try:
        async with open_service(Settings(data=folder_)) as service:
            app = create_app(service)
            await _rounds(app, seed, rounds, logs)
    finally:
        structlog.reset_defaults()


async def _rounds(app: Application, seed: int, rounds: int, logs: LogCapture) -> None:
    messages = _messages()
    places = list(paths(bundle()))
    for door, content_type, octets in messages:
        method = "PUT" if door.startswith("/fhir/") else "POST"
        _judge(await _ask(app, method, door, content_type, b"", octets), octets, f"good {door}")
    for number in range(rounds):
        chance = random.Random(seed * 1_000_000 + number)
        name = f"seed {seed}, message {number}"
        kind = chance.randrange(len(messages) + 2)
        method, query = "POST", b""
        if kind < len(messages):
            door, content_type, octets = messages[kind]
            octets = mutated(octets, chance)
            method = "PUT" if door.startswith("/fhir/") else "POST"
            if chance.randrange(20) == 0:
                content_type = mutated(content_type.encode(), chance).decode("latin-1")
                content_type = "".join(c for c in content_type if c.isprintable() and c < "\x7f")
        elif kind == len(messages):
            value = bundle()
            for _ in range(chance.choice((1, 2, 3))):
                place = chance.choice(places)
                new = chance.choice(
                    (None, 1, -1.5, "x", "", [], {}, True, [None], {"a": []}, "#a1")
                )
                try:
                    value = put(value, place, new)
                except (KeyError, IndexError, TypeError):
                    continue  # an earlier change took this place away
            door, content_type, octets = "/fhir", _JSON, orjson.dumps(value)
        else:
            method, door, content_type, octets = "GET", "/fhir/DocumentReference", _JSON, b""
            query = mutated(chance.choice(_SEARCHES), chance)
        answer = await _ask(app, method, door, content_type, query, octets)
        _judge(answer, octets + query + content_type.encode(), name)
        assert not [e for e in logs.entries if e["log_level"] == "error"], name
        logs.entries.clear()


@pytest.mark.parametrize("seed", range(4))
def test_a_message_bent_at_random_is_answered(tmp_path: Path, seed: int) -> None:
    asyncio.run(_fuzz(tmp_path, seed, 1_500))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_messages_bent_at_random_are_answered(tmp_path: Path, seed: int) -> None:
    asyncio.run(_fuzz(tmp_path, seed, 20_000))
