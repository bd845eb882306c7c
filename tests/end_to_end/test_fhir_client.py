"""A kept FHIR client that knows nothing of us finds a document and reads it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
from fhirpy import SyncFHIRClient

from tests.end_to_end.server import RunningGateway, running_gateway


@pytest.fixture(scope="module")
def demonstration_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway"), "--demo") as server:
        yield server


def test_fhirpy_finds_pages_through_and_reads_documents(
    demonstration_server: RunningGateway,
) -> None:
    client = SyncFHIRClient(f"{demonstration_server.url}/fhir")
    patient = "urn:oid:2.999.1.1|ALBA-0001"
    search = client.resources("DocumentReference").search(
        **{"patient.identifier": patient, "status": "current"}
    )
    total = search.count()
    assert total >= 2
    paged = list(search.limit(1))
    assert len({resource.id for resource in paged}) == len(paged) == total
    for resource in paged:
        attachment = resource["content"][0]["attachment"]
        identifier = attachment["url"].rpartition("/")[2]
        binary = client.reference("Binary", identifier).to_resource()
        octets = base64.b64decode(binary["data"])
        assert binary["contentType"] == attachment["contentType"]
        digest = hashlib.sha1(octets, usedforsecurity=False).digest()
        assert base64.b64encode(digest).decode() == attachment["hash"]
        assert len(octets) == attachment["size"]


def test_fhirpy_reads_the_capability_statement(demonstration_server: RunningGateway) -> None:
    client = SyncFHIRClient(f"{demonstration_server.url}/fhir")
    statement = client.execute("metadata", method="get")
    assert statement["resourceType"] == "CapabilityStatement"
