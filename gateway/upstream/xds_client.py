"""A registry and a repository somewhere else: values in, values out, SOAP between.

The client of [ITI-41], [ITI-42], [ITI-18] and [ITI-43]: submissions and queries are written by the
codecs the doors read with. Documents are streamed both ways; none is ever held whole.

    Refused         the peer understood and said no: its findings
    SoapFault       the peer could not process the message, or its answer is none we can read
    NoAnswer        nobody answered, or something that is no SOAP endpoint

Source:
    IHE ITI TF-2: 3.18, 3.41, 3.42, 3.43 and Appendix V.3 (revision 17).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpx

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import QueryAnswer, read_query_response
from gateway.codecs.ebrim.response import Outcome, read_registry_response
from gateway.codecs.ebrim.retrieve import read_retrieve_response, write_retrieve_request
from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.codecs.soap.content_type import RELATED_TYPE, SOAP_TYPE, read_content_type
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.codecs.soap.fault import SoapFault, read_fault
from gateway.codecs.soap.mtom import MultipartLimits, MultipartReader, Sink
from gateway.codecs.soap.mtom_answer import OutgoingMultipart, OutgoingPart, write_multipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.soap.xop import read_includes, read_inline
from gateway.model.submission import Submission
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import RegistryStoredQuery
from gateway.transactions.submission import RegistryResponse

PROVIDE_AND_REGISTER = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"
STORED_QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"
RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"

_LARGEST_ENVELOPE = 64 * 1024 * 1024
_SHOWN = 200


class NoAnswer(Exception):
    """No SOAP message came back; the text is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDocument:
    """One document to be sent.

    Attributes:
        entry_id: Id of the entry that describes it.
        size: Octets, exactly as many as ``chunks`` gives.
        chunks: Gives the octets from the first one, each time it is called.
    """

    entry_id: str
    media_type: str
    size: int
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedDocument:
    """One document of an answer; its octets are in ``sink``, which the caller made."""

    request: DocumentRequest
    mime_type: str
    sink: Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a repository answered: its status and errors, and the documents it gave."""

    outcome: Outcome
    documents: tuple[FetchedDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class _Message:
    """One answer, its frame taken off: the envelope, and the sinks of the parts beside it."""

    envelope: Envelope
    parts: dict[str, Sink]


class XdsClient:
    """Speaks to one registry and one repository.

    Args:
        http: Carries the messages; its owner chooses time limits and certificates, and closes it.
        new_uuid: Gives a fresh ``urn:uuid:`` for each message.
        registry: Address of the Document Registry; ``None`` where it is not asked.
        repository: Address of the Document Repository; likewise.
        credential: Gives a header block that says who asks, a fresh one for each message.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        new_uuid: Callable[[], str],
        *,
        registry: str | None = None,
        repository: str | None = None,
        credential: Callable[[], bytes] | None = None,
    ) -> None:
        self._http = http
        self._new_uuid = new_uuid
        self._registry = registry
        self._repository = repository
        self._credential = credential or bytes

    async def provide_and_register(
        self,
        submission: Submission,
        documents: Sequence[OutgoingDocument],
        *,
        sent: Callable[[int], object] | None = None,
    ) -> RegistryResponse:
        """Provide and Register Document Set-b [ITI-41].

        Args:
            sent: Told how many octets went out, as they go.

        Raises:
            Refused: With the findings of the answer.
            SoapFault: When the peer could not process the message.
            NoAnswer: When nobody answered.
        """
        address = _known(self._repository, "repository")
        outgoing = write_provide_and_register_message(
            submission,
            documents,
            to=address,
            message_id=self._new_uuid(),
            header_blocks=self._credential(),
        )
        content = _streamed(outgoing, documents, sent)
        headers = {
            "Content-Type": outgoing.content_type,
            "Content-Length": str(outgoing.content_length),
        }
        answer = await self._post(address, headers, content)
        return read_registry_response(answer.envelope.body)

    async def register(self, submission: Submission) -> RegistryResponse:
        """Register Document Set-b [ITI-42]; raises as :meth:`provide_and_register` does."""
        answer = await self._ask(
            _known(self._registry, "registry"), REGISTER, write_submit_objects(submission)
        )
        return read_registry_response(answer.envelope.body)

    async def query(self, request: RegistryStoredQuery) -> QueryAnswer:
        """Registry Stored Query [ITI-18]; an answer with errors is an answer.

        Raises:
            Refused: When a stored query cannot ask this.
            SoapFault: When the peer could not process the message.
            NoAnswer: When nobody answered.
        """
        answer = await self._ask(
            _known(self._registry, "registry"), STORED_QUERY, write_query(request)
        )
        return read_query_response(answer.envelope.body)

    async def retrieve(self, request: RetrieveDocumentSet, new_sink: Callable[[], Sink]) -> Fetched:
        """Retrieve Document Set [ITI-43]; an answer with errors is an answer.

        Args:
            new_sink: Called for each document of the answer; it gets the octets as they come.

        Raises:
            SoapFault: When the peer could not process the message.
            NoAnswer: When nobody answered.
        """
        answer = await self._ask(
            _known(self._repository, "repository"),
            RETRIEVE,
            write_retrieve_request(request),
            new_sink,
        )
        body = answer.envelope.body
        includes = read_includes(body, tuple(answer.parts))
        read = read_retrieve_response(body)
        documents = []
        for document in read.documents:
            name = includes.get(document.document)
            if name is not None:
                sink = answer.parts[name]
            else:
                sink = new_sink()
                sink.write(read_inline(document.document))
                sink.close()
            documents.append(
                FetchedDocument(request=document.request, mime_type=document.mime_type, sink=sink)
            )
        return Fetched(outcome=read.outcome, documents=tuple(documents))

    async def post_message(
        self, content_type: str, length: int, chunks: Iterable[bytes]
    ) -> RegistryResponse:
        """Send an ITI-41 message that was written before, octet for octet.

        Raises:
            Refused, SoapFault, NoAnswer: As :meth:`provide_and_register`.
        """
        headers = {"Content-Type": content_type, "Content-Length": str(length)}
        address = _known(self._repository, "repository")
        answer = await self._post(address, headers, _each(chunks))
        return read_registry_response(answer.envelope.body)

    # ------------------------------------------------------------ the wire

    async def _ask(
        self,
        address: str,
        action: str,
        body: bytes,
        new_sink: Callable[[], Sink] | None = None,
    ) -> _Message:
        octets = write_envelope(
            body,
            action=action,
            message_id=self._new_uuid(),
            to=address,
            header_blocks=self._credential(),
        )
        headers = {"Content-Type": f'{SOAP_TYPE}; charset=UTF-8; action="{action}"'}
        return await self._post(address, headers, octets, new_sink)

    async def _post(
        self,
        address: str,
        headers: dict[str, str],
        content: bytes | AsyncIterable[bytes],
        new_sink: Callable[[], Sink] | None = None,
    ) -> _Message:
        try:
            async with self._http.stream(
                "POST", address, headers=headers, content=content
            ) as response:
                return await _read_answer(response, new_sink)
        except httpx.TimeoutException:
            raise NoAnswer(f"{address} did not answer in time") from None
        except httpx.ConnectError:
            raise NoAnswer(f"nobody answers at {address}; is the gateway running?") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(f"{address}: {str(error) or type(error).__name__}") from None


def write_provide_and_register_message(
    submission: Submission,
    documents: Sequence[OutgoingDocument],
    *,
    to: str,
    message_id: str,
    boundary: str | None = None,
    header_blocks: bytes = b"",
) -> OutgoingMultipart:
    """Give an ITI-41 message around documents whose octets are sent between its pieces.

    Args:
        boundary: Drawn at random unless given, for messages that are written to be kept.
        header_blocks: More of them for the SOAP header, as octets.
    """
    names = [f"document-{number}@gateway" for number in range(1, len(documents) + 1)]
    body = write_provide_and_register(
        submission, [(d.entry_id, name) for d, name in zip(documents, names, strict=True)]
    )
    envelope = write_envelope(
        body,
        action=PROVIDE_AND_REGISTER,
        message_id=message_id,
        to=to,
        header_blocks=header_blocks,
    )
    return write_multipart(
        envelope,
        action=PROVIDE_AND_REGISTER,
        parts=[
            OutgoingPart(content_id=name, content_type=d.media_type, size=d.size)
            for d, name in zip(documents, names, strict=True)
        ],
        boundary=boundary or f"part-{secrets.token_hex(24)}",
    )


async def _streamed(
    outgoing: OutgoingMultipart,
    documents: Sequence[OutgoingDocument],
    sent: Callable[[int], object] | None,
) -> AsyncIterator[bytes]:
    for chunk in outgoing.chunks(document.chunks() for document in documents):
        yield bytes(chunk)
        if sent is not None:
            sent(len(chunk))


async def _each(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read_answer(response: httpx.Response, new_sink: Callable[[], Sink] | None) -> _Message:
    written = response.headers.get("content-type", "")
    media_type = written.partition(";")[0].strip().lower()
    if media_type == RELATED_TYPE:
        parts: dict[str, Sink] = {}

        def open_sink(headers: PartHeaders) -> Sink:
            if new_sink is None:
                raise SoapFault(f"{headers.place}: the answer brings a document nobody asked for")
            sink = new_sink()
            parts[headers.content_id or str(headers.number)] = sink
            return sink

        reader = MultipartReader(
            read_content_type(written), open_sink, MultipartLimits(root=_LARGEST_ENVELOPE)
        )
        async for chunk in response.aiter_bytes():
            reader.feed(chunk)
        return _checked(read_envelope(reader.close().root, answer=True), parts)
    octets = bytearray()
    async for chunk in response.aiter_bytes():
        octets += chunk
        if len(octets) > _LARGEST_ENVELOPE:
            raise NoAnswer(f"{response.url} answered with more than {_LARGEST_ENVELOPE} octets")
    if media_type != SOAP_TYPE:
        text = " ".join(octets[:_SHOWN].decode("utf-8", "replace").split())
        raise NoAnswer(
            f"{response.url} is no SOAP 1.2 endpoint: it answered {response.status_code}"
            + (f", {text}" if text and "<" not in text else "")
        )
    return _checked(read_envelope(bytes(octets), answer=True), {})


def _checked(envelope: Envelope, parts: dict[str, Sink]) -> _Message:
    fault = read_fault(envelope.body)
    if fault is not None:
        raise fault
    return _Message(envelope, parts)


def _known(address: str | None, actor: str) -> str:
    if address is None:
        raise NoAnswer(f"the address of the {actor} is not known; give it")
    return address
