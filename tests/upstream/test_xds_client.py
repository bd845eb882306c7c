"""The client reads every kind of answer a registry or repository can give."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import httpx
import pytest

from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.response import write_registry_response
from gateway.codecs.ebrim.retrieve import write_retrieve_response
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.soap.content_type import read_content_type
from gateway.codecs.soap.envelope import read_envelope, write_envelope, write_fault
from gateway.codecs.soap.fault import SoapFault
from gateway.codecs.soap.mtom import MultipartReader
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.transactions.document_repository import (
    DocumentRequest,
    RetrievedDocument,
    RetrieveDocumentSet,
)
from gateway.transactions.registry_stored_query import GetDocuments, RegistryStoredQuery
from gateway.upstream.xds_client import NoAnswer, OutgoingDocument, XdsClient
from tests.model.examples import entry, submission

T = TypeVar("T")
Answer = Callable[[httpx.Request], httpx.Response]

MESSAGE = "urn:uuid:00000000-0000-4000-8000-000000000001"
ACTION = "urn:ihe:iti:2007:Anything"
SUBMISSION = submission(entry())
CONTENT = b"\r\n--part-\x00\xff\r\nan invented note"


class Kept(io.BytesIO):
    def close(self) -> None:
        pass


def ask(answer: Answer, question: Callable[[XdsClient], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            client = XdsClient(
                http,
                lambda: MESSAGE,
                registry="http://x/registry",
                repository="http://x/repository",
            )
            return await question(client)

    return asyncio.run(run())


def soap(body: bytes, status: int = 200) -> Answer:
    octets = write_envelope(body, action=ACTION, message_id=MESSAGE)
    headers = {"Content-Type": "application/soap+xml; charset=UTF-8"}
    return lambda _: httpx.Response(status, content=octets, headers=headers)


def register(client: XdsClient) -> Coroutine[Any, Any, Any]:
    return client.register(SUBMISSION)


def test_a_submission_arrives_as_it_was() -> None:
    seen = []

    def registry(request: httpx.Request) -> httpx.Response:
        envelope = read_envelope(request.content)
        seen.append((envelope.action, envelope.to, read_submit_objects(envelope.body).submission))
        return soap(write_registry_response())(request)

    assert ask(registry, register).warnings == ()
    ((action, to, received),) = seen
    assert (action, to) == ("urn:ihe:iti:2007:RegisterDocumentSet-b", "http://x/registry")
    assert received.document_entries == SUBMISSION.document_entries


def test_documents_are_sent_beside_the_message_and_counted() -> None:
    sinks: list[Kept] = []
    ids = []

    def stage(_: object) -> Kept:
        sinks.append(Kept())
        return sinks[-1]

    def repository(request: httpx.Request) -> httpx.Response:
        reader = MultipartReader(read_content_type(request.headers["content-type"]), stage)
        assert request.headers["content-length"] == str(len(request.content))
        reader.feed(request.content)
        body = read_envelope(reader.close().root).body
        ids.extend(name for name, _ in read_provide_and_register(body)[1])
        return soap(write_registry_response())(request)

    document = OutgoingDocument(
        entry_id=SUBMISSION.document_entries[0].entry_uuid,
        media_type="text/xml",
        size=len(CONTENT),
        chunks=lambda: [CONTENT[:5], CONTENT[5:]],
    )
    sent: list[int] = []
    ask(
        repository,
        lambda client: client.provide_and_register(SUBMISSION, [document], sent=sent.append),
    )
    assert [sink.getvalue() for sink in sinks] == [CONTENT]
    assert ids == [document.entry_id]
    assert sum(sent) > len(CONTENT)


def test_a_refusal_brings_every_finding() -> None:
    findings = tuple(
        Finding(rule="r", code=code, location="DocumentEntry[d].size", message="is wrong")
        for code in (ErrorCode.NON_IDENTICAL_SIZE, ErrorCode.REGISTRY_METADATA_ERROR)
    )
    with pytest.raises(Refused) as refused:
        ask(soap(write_registry_response(findings)), register)
    assert [f.code for f in refused.value.findings] == [f.code for f in findings]


def test_a_warning_travels_with_a_success() -> None:
    warning = Finding(
        rule="r",
        code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
        location="Slot",
        message="not kept",
        severity=Severity.WARNING,
    )
    (told,) = ask(soap(write_registry_response((warning,))), register).warnings
    assert (told.severity, told.message) == (Severity.WARNING, "not kept")


def test_a_fault_is_told_in_the_peer_s_words() -> None:
    octets = write_fault(SoapFault("Body: nothing here"), message_id=MESSAGE)
    headers = {"Content-Type": "application/soap+xml"}
    with pytest.raises(SoapFault, match="Body: nothing here"):
        ask(lambda _: httpx.Response(400, content=octets, headers=headers), register)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(404, text="not found"), "no SOAP 1.2 endpoint: it answered 404, not found"),
        (httpx.Response(200, html="<p>Welcome</p>"), "it answered 200$"),
        (httpx.ConnectError("refused"), "nobody answers at http://x/registry"),
        (httpx.ReadTimeout("late"), "did not answer in time"),
        (httpx.RemoteProtocolError("closed"), "http://x/registry: closed"),
    ],
)
def test_silence_is_told_as_a_sentence(answer: httpx.Response | httpx.HTTPError, told: str) -> None:
    def peer(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    with pytest.raises(NoAnswer, match=told):
        ask(peer, register)


def test_an_answer_that_is_no_message_is_a_fault() -> None:
    headers = {"Content-Type": "application/soap+xml"}
    with pytest.raises(SoapFault):
        ask(lambda _: httpx.Response(200, content=b"<a/>", headers=headers), register)


def test_a_query_that_failed_is_an_answer() -> None:
    from gateway.codecs.ebrim.query_response import write_query_response

    finding = Finding(
        rule="r", code=ErrorCode.TOO_MANY_RESULTS, location="", message="ask for less"
    )
    request = RegistryStoredQuery(
        query_id=QueryId.GET_DOCUMENTS, query=GetDocuments(unique_id=("2.999.1",))
    )
    answer = ask(soap(write_query_response((), (finding,))), lambda client: client.query(request))
    assert [f.code for f in answer.outcome.findings] == [ErrorCode.TOO_MANY_RESULTS]


WANTED = DocumentRequest(repository_unique_id="2.999.1.1", document_unique_id="2.999.7")


def retrieve(answer: Answer) -> list[bytes]:
    request = RetrieveDocumentSet(documents=(WANTED,))
    fetched = ask(answer, lambda client: client.retrieve(request, Kept))
    assert [d.request for d in fetched.documents] == [WANTED] * len(fetched.documents)
    return [d.sink.getvalue() for d in fetched.documents]  # type: ignore[attr-defined]


def retrieved(size: int) -> RetrievedDocument:
    return RetrievedDocument(request=WANTED, mime_type="text/plain", size=size, content="")


def test_documents_of_an_mtom_answer_go_to_their_sinks() -> None:
    body = write_retrieve_response([(retrieved(len(CONTENT)), "d1@x")])
    outgoing = write_multipart(
        write_envelope(body, action=ACTION, message_id=MESSAGE),
        action=ACTION,
        parts=[OutgoingPart(content_id="d1@x", content_type="text/plain", size=len(CONTENT))],
        boundary="a-boundary",
    )
    octets = b"".join(bytes(chunk) for chunk in outgoing.chunks([[CONTENT]]))
    headers = {"Content-Type": outgoing.content_type}
    assert retrieve(lambda _: httpx.Response(200, content=octets, headers=headers)) == [CONTENT]


def test_a_document_inside_the_answer_is_read_as_well() -> None:
    body = write_retrieve_response([(retrieved(3), "d1@x")])
    start, _, rest = body.partition(b"<xop:Include")
    inline = start + b"YWJj" + rest.partition(b"/>")[2]
    assert retrieve(soap(inline)) == [b"abc"]


def test_a_document_nobody_asked_for_is_refused() -> None:
    outgoing = write_multipart(
        write_envelope(write_registry_response(), action=ACTION, message_id=MESSAGE),
        action=ACTION,
        parts=[OutgoingPart(content_id="d1@x", content_type="text/plain", size=3)],
        boundary="a-boundary",
    )
    octets = b"".join(bytes(chunk) for chunk in outgoing.chunks([[b"abc"]]))
    headers = {"Content-Type": outgoing.content_type}
    with pytest.raises(SoapFault, match="nobody asked for"):
        ask(lambda _: httpx.Response(200, content=octets, headers=headers), register)
