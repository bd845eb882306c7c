"""Documents to be read back: submitted once, then asked for over both wires."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import httpx

from bench.load import http_request
from bench.messages import ADDRESS, AUTHORITY, SOAP, provide_parts
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.soap.envelope import write_envelope
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet

RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"
DOCUMENTS = 100

Requests = Callable[[int], Iterator[bytes]]


def prepare(port: int, content: bytes) -> tuple[Requests, Requests]:
    """Submit the documents; give the ITI-43 and the ITI-68 requests for them."""
    base = f"http://127.0.0.1:{port}"
    content_type, before, ending = provide_parts(len(content), content)
    with httpx.Client() as client:
        for number in range(DOCUMENTS):
            uid = b"43.%d" % (number + 1)
            message = b"5b0a7d6e-0043-4000-8000-%012d" % number
            body = before.fill(uid, b"R1", message) + ending
            answer = client.post(
                f"{base}/xds/repository", content=body, headers={"content-type": content_type}
            )
            if b"Success" not in answer.content:
                raise SystemExit(f"preparing the documents failed: {answer.text[:300]}")
        found = client.get(
            f"{base}/fhir/DocumentReference",
            params={
                "patient.identifier": f"urn:oid:{AUTHORITY}|R1",
                "status": "current",
                "_count": str(DOCUMENTS),
            },
        )
        paths = re.findall(r'"url":"[^"]*(/fhir/Binary/[^"]+)"', found.text)
    if len(paths) != DOCUMENTS:
        raise SystemExit(f"{len(paths)} documents found, {DOCUMENTS} submitted")
    retrievals = [_retrieval(f"2.999.4.43.{n + 1}.1") for n in range(DOCUMENTS)]
    reads = [http_request("GET", path) for path in paths]
    return (lambda n: itertools.cycle(retrievals)), (lambda n: itertools.cycle(reads))


def _retrieval(unique_id: str) -> bytes:
    request = RetrieveDocumentSet(
        documents=(DocumentRequest(repository_unique_id="2.999.1.1", document_unique_id=unique_id),)
    )
    body = write_envelope(
        write_retrieve_request(request),
        action=RETRIEVE,
        message_id="urn:uuid:5b0a7d6e-0043-4000-8000-000000000000",
        to=ADDRESS,
    )
    return http_request("POST", "/xds/repository", body, SOAP.format(action=RETRIEVE))
