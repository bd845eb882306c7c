"""What the time and the size of an answer tell of a document that is there and must not be seen.

Somebody who knows, or guesses, the id of a masked document asks for it at every door, and for an id
nobody has. Both requests of a pair follow each other on one connection, in an order that changes by
chance; both kinds of ids are of the same form, as many, and asked for as often. A classifier that
calls the slower answer "there" is right in half of the cases when time tells nothing.

Source:
    Access control 6.3: over 20,000 pairs an area under the curve of at most 0.52 for time, exactly
    0.50 for size.
"""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from bench.access import REQUIRED, authority_of, decide, get_as, prepare, with_header
from bench.load import http_request
from bench.messages import ADDRESS, AUTHORITY, QUERY, SOAP, provide_parts
from bench.retrieval import RETRIEVE
from bench.servers import gateway
from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.soap.envelope import write_envelope
from gateway.model import choices as c
from gateway.model.datatypes import Identifier
from gateway.security.authority import Wish
from gateway.security.saml.writing import write_security_header
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import GetDocuments, RegistryStoredQuery

PATIENT = "T1"
HIDDEN = 100
"""Masked documents, and as many ids nobody has."""

SHOWN = 20
TARGET = 0.52
REPOSITORY = "2.999.1.1"
UNIQUE_ID = "2.999.4.44.{number}.1"
ANYBODY = 500
"""The ids nobody has begin here: as long as those of the documents."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the answers of one door tell.

    Attributes:
        pairs: How many were asked for.
        auc: Chance that a hidden document's answer is slower than an unknown one's, all with all.
        slower: Share of the pairs in which the hidden document's answer was the slower one.
        apart: Microseconds between the medians of both.
        size: The same chance for the number of octets.
    """

    door: str
    pairs: int
    auc: float
    slower: float
    apart: float
    size: float
    times: tuple[float, ...]


def measure(data: Path, pairs: int, seed: int = 1) -> list[Told]:
    """Ask a gateway on an empty folder at each door."""
    with gateway(data) as server:
        prepare(server.port, [PATIENT])
        hidden = _documents(server.port)
    with gateway(data, REQUIRED) as server:
        return [
            _ask(name, server.port, there, nobody, pairs, random.Random(seed))
            for name, there, nobody in _doors(data, hidden)
        ]


@dataclass(frozen=True, slots=True)
class _Hidden:
    unique_id: str
    resource: str
    binary: str


def _documents(port: int) -> list[_Hidden]:
    """Submit the documents, and mask most of them; on a server that trusts all."""
    content = b"<ClinicalDocument>" + b"x" * 2000 + b"</ClinicalDocument>"
    content_type, before, ending = provide_parts(len(content), content)
    found = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for number in range(HIDDEN + SHOWN):
            body = before.fill(
                b"44.%d" % (100 + number),
                PATIENT.encode(),
                b"5b0a7d6e-0044-4000-8000-%012d" % number,
            )
            answer = http.post(
                "/xds/repository", content=body + ending, headers={"content-type": content_type}
            )
            if b"Success" not in answer.content:
                raise SystemExit(f"preparing the documents failed: {answer.text[:300]}")
        for number in range(HIDDEN):
            unique_id = UNIQUE_ID.format(number=100 + number)
            answer = http.get(
                "/fhir/DocumentReference",
                params={"identifier": f"urn:ietf:rfc:3986|urn:oid:{unique_id}"},
            )
            (entry,) = answer.json()["entry"]
            address = entry["resource"]["content"][0]["attachment"]["url"]
            binary = re.search(r"/fhir/Binary/(.+)$", address)
            assert binary is not None
            found.append(_Hidden(unique_id, entry["resource"]["id"], binary[1]))
        for one in found:
            decide(http, PATIENT, c.Mask(target=c.Document(id=one.unique_id)))
    return found


def _doors(data: Path, hidden: Sequence[_Hidden]) -> list[tuple[str, list[bytes], list[bytes]]]:
    """The requests for what is hidden, and for what nobody has, at each door."""
    authority = authority_of(data)
    person = authority.people["doctor-b"]
    now = int(time.time())
    token = authority.token(person, Wish(), now)
    wish = Wish(patient=Identifier.of(PATIENT, AUTHORITY).text)
    header = write_security_header(authority.assertion(person, wish, now))

    def soap(door: str, action: str, body: bytes) -> bytes:
        message = "urn:uuid:5b0a7d6e-0044-4000-8000-000000000000"
        envelope = write_envelope(body, action=action, message_id=message, to=ADDRESS)
        return http_request("POST", door, with_header(envelope, header), SOAP.format(action=action))

    def retrieve(unique_id: str) -> bytes:
        wanted = DocumentRequest(repository_unique_id=REPOSITORY, document_unique_id=unique_id)
        body = write_retrieve_request(RetrieveDocumentSet(documents=(wanted,)))
        return soap("/xds/repository", RETRIEVE, body)

    def get_documents(unique_id: str) -> bytes:
        query = GetDocuments(unique_id=(unique_id,))
        body = write_query(RegistryStoredQuery(query_id=QueryId.GET_DOCUMENTS, query=query))
        return soap("/xds/registry", QUERY, body)

    def search(unique_id: str) -> bytes:
        return get_as(
            token,
            f"/fhir/DocumentReference?patient.identifier=urn:oid:{AUTHORITY}%7C{PATIENT}"
            f"&identifier=urn:ietf:rfc:3986%7Curn:oid:{unique_id}",
        )

    unknown = [UNIQUE_ID.format(number=ANYBODY + number) for number in range(len(hidden))]
    doors: list[tuple[str, Callable[[str], bytes], list[str], list[str]]] = [
        ("ITI-18, GetDocuments", get_documents, [h.unique_id for h in hidden], unknown),
        ("ITI-43", retrieve, [h.unique_id for h in hidden], unknown),
        ("ITI-67 by identifier", search, [h.unique_id for h in hidden], unknown),
        (
            "DocumentReference by id",
            lambda name: get_as(token, f"/fhir/DocumentReference/{name}"),
            [h.resource for h in hidden],
            [_another(h.resource) for h in hidden],
        ),
        (
            "ITI-68",
            lambda name: get_as(token, f"/fhir/Binary/{name}"),
            [h.binary for h in hidden],
            [_another(h.binary) for h in hidden],
        ),
    ]
    return [
        (name, [write(one) for one in there], [write(one) for one in nobody])
        for name, write, there, nobody in doors
    ]


def _another(name: str) -> str:
    """An id of the same form that nobody has."""
    return name[:-6] + name[-6:].translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))


def _ask(
    door: str,
    port: int,
    hidden: list[bytes],
    unknown: list[bytes],
    pairs: int,
    rng: random.Random,
) -> Told:
    times: tuple[list[float], list[float]] = ([], [])
    sizes: tuple[list[float], list[float]] = ([], [])
    statuses: tuple[set[bytes], set[bytes]] = (set(), set())
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(-len(hidden), pairs):
            if number % len(hidden) == 0:
                rng.shuffle(hidden)
                rng.shuffle(unknown)
            at = number % len(hidden)
            both = [(0, hidden[at]), (1, unknown[at])]
            rng.shuffle(both)
            for kind, request in both:
                took, size, status = _exchange(wire, request)
                if number >= 0:  # Before, everybody was asked for once.
                    times[kind].append(took)
                    sizes[kind].append(size)
                    statuses[kind].add(status)
    if statuses[0] != statuses[1] or len(statuses[0]) != 1:
        raise SystemExit(f"{door}: {statuses}")
    return Told(
        door=door,
        pairs=pairs,
        auc=area_under_curve(times[0], times[1]),
        slower=sum(h > u for h, u in zip(*times, strict=True)) / pairs,
        apart=(median(times[0]) - median(times[1])) * 1e6,
        size=area_under_curve(sizes[0], sizes[1]),
        times=tuple(times[0] + times[1]),
    )


def _exchange(wire: socket.socket, request: bytes) -> tuple[float, int, bytes]:
    """Send a request; give seconds, octets and status of the answer."""
    began = time.perf_counter()
    wire.sendall(request)
    answer = b""
    need = -1
    while need < 0 or len(answer) < need:
        more = wire.recv(65536)
        if not more:
            raise SystemExit(f"the gateway hung up: {answer[:200]!r}")
        answer += more
        if need < 0 and (end := answer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)content-length: *(\d+)", answer[:end])
            need = end + 4 + (int(length[1]) if length else 0)
    return time.perf_counter() - began, need, answer[9:12]


def area_under_curve(first: Sequence[float], second: Sequence[float]) -> float:
    """The chance that one of the first is greater than one of the second; equal ones count half."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    wins = 0.0
    below = 0
    at = 0
    while at < len(ranked):
        end = at
        of_first = of_second = 0
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            of_first += ranked[end][1] == 0
            of_second += ranked[end][1] == 1
            end += 1
        wins += of_first * (below + of_second / 2)
        below += of_second
        at = end
    return wins / (len(first) * len(second))
