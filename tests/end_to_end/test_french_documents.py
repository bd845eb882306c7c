"""The published French documents travel through the gateway byte for byte."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.upstream.xds_client import XdsClient
from tests.end_to_end.server import RunningGateway, gateway
from tests.shared import shared
from tests.waiting import PATIENCE

REPOSITORY = "2.999.1.1"
DOCUMENTS = sorted(shared("data/france/cda").glob("*.xml"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A document that was submitted, and the ids it got."""

    path: Path
    unique_id: str
    entry_uuid: str


class Kept(io.BytesIO):
    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def sent(gateway_server: RunningGateway) -> list[Sent]:
    done = gateway(
        "submit", "--json", "--to", gateway_server.repository, *(str(path) for path in DOCUMENTS)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)
    assert [r["state"] for r in results] == ["registered"] * 20
    documents = [document for result in results for document in result["documents"]]
    assert {d["profile"] for d in documents} == {"fr-dmp"}
    return [Sent(Path(d["file"]), d["unique_id"], d["entry_uuid"]) for d in documents]


def test_there_are_twenty(sent: list[Sent]) -> None:
    assert len(sent) == 20


async def _retrieved(address: str, unique_ids: list[str]) -> dict[str, bytes]:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        client = XdsClient(http, lambda: uuid.uuid4().urn, repository=address)
        wanted = tuple(
            DocumentRequest(repository_unique_id=REPOSITORY, document_unique_id=one)
            for one in unique_ids
        )
        fetched = await client.retrieve(RetrieveDocumentSet(documents=wanted), Kept)
    assert fetched.outcome.findings == ()
    return {
        document.request.document_unique_id: document.sink.getvalue()  # type: ignore[attr-defined]
        for document in fetched.documents
    }


def test_they_come_back_over_xds_byte_for_byte(
    gateway_server: RunningGateway, sent: list[Sent]
) -> None:
    retrieved = asyncio.run(
        _retrieved(gateway_server.repository, [document.unique_id for document in sent])
    )
    for document in sent:
        assert retrieved[document.unique_id] == document.path.read_bytes(), document.path.name


def test_they_come_back_over_fhir_byte_for_byte(
    gateway_server: RunningGateway, sent: list[Sent]
) -> None:
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        for document in sent:
            name = document.entry_uuid.removeprefix("urn:uuid:")
            reference = client.get(f"{gateway_server.url}/fhir/DocumentReference/{name}").json()
            attachment = reference["content"][0]["attachment"]
            octets = client.get(attachment["url"]).content
            assert octets == document.path.read_bytes(), document.path.name
            assert attachment["size"] == len(octets)


def test_sending_them_again_changes_nothing(
    gateway_server: RunningGateway, sent: list[Sent]
) -> None:
    done = gateway(
        "submit", "--json", "--to", gateway_server.repository, *(str(d.path) for d in sent[:3])
    )
    assert done.returncode == 0
    assert [r["state"] for r in json.loads(done.stdout)] == ["registered before"] * 3
