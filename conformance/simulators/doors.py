"""SOAP messages to answers: the doors of a registry and of a repository that keep all in memory."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from conformance.simulators.finding import answer
from conformance.simulators.http import Reply, Request
from conformance.simulators.memory import MemoryRegistry
from gateway.codecs.ebrim.names import declare
from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.query_response import query_response, write_object_ref
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import read_remove_documents, read_remove_objects
from gateway.codecs.ebrim.response import status_of, write_outcome, write_registry_response
from gateway.codecs.ebrim.retrieve import read_retrieve_request, write_retrieve_response
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.soap.content_type import announced_actions, read_content_type
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope, write_fault
from gateway.codecs.soap.fault import SoapFault
from gateway.codecs.soap.mtom import MemorySink, MultipartReader
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.soap.xop import read_includes, read_inline
from gateway.codecs.xml import Element
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.lifecycle import (
    Changes,
    Circumstances,
    DocumentRecord,
    register,
    remove,
    update,
)
from gateway.model.submission import ReceivedDocument, Submission
from gateway.security.errors import WSSE
from gateway.transactions.document_repository import DocumentRequest, RetrievedDocument
from gateway.transactions.registry_stored_query import ReturnType
from gateway.validation import Transaction, check_submission
from gateway.validation.documents import check_documents

ACTIONS = {
    "urn:ihe:iti:2007:RegistryStoredQuery": "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    "urn:ihe:iti:2007:RegisterDocumentSet-b": "urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
    "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b": (
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
    ),
    "urn:ihe:iti:2007:RetrieveDocumentSet": "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry": (
        "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse"
    ),
    "urn:ihe:iti:2010:UpdateDocumentSet": "urn:ihe:iti:2010:UpdateDocumentSetResponse",
    "urn:ihe:iti:2010:DeleteDocumentSet": "urn:ihe:iti:2010:DeleteDocumentSetResponse",
    "urn:ihe:iti:2017:RemoveDocuments": "urn:ihe:iti:2017:RemoveDocumentsResponse",
}
_SUBMITS = {
    "RegisterDocumentSet-b": Transaction.REGISTER,
    "RegisterOnDemandDocumentEntry": Transaction.REGISTER_ON_DEMAND,
    "UpdateDocumentSet": Transaction.UPDATE,
}


@dataclass
class Answered:
    """An answer before it is packed: its body, and the documents beside it."""

    body: bytes
    parts: list[tuple[str, str, bytes]] = field(default_factory=list)


@dataclass
class Simulator:
    """A registry and a repository that share one memory.

    Attributes:
        clock: DTM text of 14 digits, UTC.
        repository_id: What the repository calls itself.
        told: Called with a line for each message.
        octets: Documents by their SHA-256.
    """

    clock: Callable[[], str]
    repository_id: str = "2.999.3.1"
    told: Callable[[str], None] = lambda line: None
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    octets: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Answer one message."""
        try:
            return self._answered(request)
        except SoapFault as fault:
            self.told(f"fault: {fault}")
            octets = write_fault(fault, message_id=_new_uuid(), relates_to=fault.request_id)
            return Reply(fault.http_status or 400, {"content-type": _SOAP}, octets)

    def _answered(self, request: Request) -> Reply:
        content_type = read_content_type(request.headers.get("content-type", ""))
        actions = announced_actions(content_type, soap_action=request.headers.get("soapaction"))
        parts: dict[str, bytes] = {}
        octets = request.body
        if content_type.media_type == "multipart/related":
            reader = MultipartReader(content_type, lambda headers: _sink(headers, kept))
            kept: dict[str, MemorySink] = {}
            reader.feed(request.body)
            octets = reader.close().root
            parts = {name: bytes(sink.octets) for name, sink in kept.items()}
        envelope = read_envelope(octets, announced_actions=actions, understood=_PASSED_OVER)
        if envelope.action not in ACTIONS:
            raise SoapFault(f"the action {envelope.action} is not simulated")
        answered = self._done(envelope, parts)
        self.told(envelope.action.rpartition(":")[2])
        return _packed(envelope, answered)

    def _done(self, envelope: Envelope, parts: dict[str, bytes]) -> Answered:
        name = envelope.action.rpartition(":")[2]
        try:
            if name == "RegistryStoredQuery":
                return self._find(envelope.body)
            if name == "RetrieveDocumentSet":
                return self._retrieve(envelope.body)
            if name == "DeleteDocumentSet":
                return self._remove(envelope.body)
            if name == "RemoveDocuments":
                return self._remove_documents(envelope.body)
            if name in _SUBMITS:
                submitted = read_submit_objects(envelope.body)
                found = check_submission(submitted.submission, _SUBMITS[name])
                findings = (*submitted.findings, *found)
                return self._submit(submitted.submission, _SUBMITS[name], findings)
            return self._provide(envelope.body, parts)
        except Refused as refused:
            if name == "RegistryStoredQuery":
                return Answered(b"".join(query_response((), refused.findings)))
            return Answered(write_registry_response(refused.findings))

    def _find(self, body: Element) -> Answered:
        request = read_query(body)
        found = answer(self.registry, request)
        if request.return_type is ReturnType.OBJECT_REF:
            return Answered(
                b"".join(query_response([write_object_ref(one.entry_uuid) for one in found]))
            )
        return Answered(b"".join(query_response([write_registry_object(one) for one in found])))

    def _submit(
        self,
        submission: Submission,
        transaction: Transaction,
        findings: tuple[Finding, ...],
        documents: tuple[DocumentRecord, ...] = (),
    ) -> Answered:
        about = Circumstances(
            now=self.clock(),
            new_uuid=_new_uuid,
            findings=findings,
            documents=documents,
            fingerprint=secrets.token_bytes(8),
            anyone=True,
        )
        decide = update if transaction is Transaction.UPDATE else register
        self.registry.apply(decide(submission, self.registry, about))
        return Answered(write_registry_response(f for f in findings if not f.is_error))

    def _provide(self, body: Element, parts: dict[str, bytes]) -> Answered:
        submitted, holders = read_provide_and_register(body)
        includes = read_includes(body, list(parts))
        received, octets = [], {}
        for name, holder in holders:
            content = parts[includes[holder]] if holder in includes else read_inline(holder)
            sha256 = hashlib.sha256(content).hexdigest()
            octets[sha256] = content
            received.append(
                ReceivedDocument(
                    entry_id=name,
                    content=sha256,
                    sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
                    size=len(content),
                )
            )
        submission, records = self._measured(submitted.submission, received)
        findings = (
            *submitted.findings,
            *check_documents(submitted.submission, tuple(received)),
            *check_submission(submission, Transaction.PROVIDE_AND_REGISTER),
        )
        answered = self._submit(submission, Transaction.PROVIDE_AND_REGISTER, findings, records)
        self.octets |= octets
        return answered

    def _measured(
        self, submission: Submission, received: Iterable[ReceivedDocument]
    ) -> tuple[Submission, tuple[DocumentRecord, ...]]:
        """Fill in what only the repository knows, and note what it holds."""
        by_id = {document.entry_id: document for document in received}
        entries, records = [], []
        for entry in submission.document_entries:
            document = by_id.get(entry.entry_uuid)
            if document is None:
                entries.append(entry)
                continue
            records.append(
                DocumentRecord(
                    unique_id=entry.unique_id or "",
                    mime_type=entry.mime_type or "application/octet-stream",
                    size=document.size,
                    sha1=document.sha1,
                    content=document.content,
                )
            )
            entries.append(
                replace(
                    entry,
                    hash=document.sha1,
                    size=str(document.size),
                    repository_unique_id=self.repository_id,
                )
            )
        return replace(submission, document_entries=tuple(entries)), tuple(records)

    def _remove(self, body: Element) -> Answered:
        request = read_remove_objects(body)
        self.registry.apply(remove(request.object_ids, self.registry, request.findings))
        return Answered(write_registry_response())

    def _remove_documents(self, body: Element) -> Answered:
        asked = read_remove_documents(body).documents
        here, findings = self._here(asked)
        self.registry.apply(
            Changes(removed_documents=tuple(record.unique_id for _, record in here))
        )
        status = status_of(findings, something=bool(here))
        return Answered(write_outcome(findings, status, declare("rs")).encode())

    def _retrieve(self, body: Element) -> Answered:
        found: list[tuple[RetrievedDocument, str]] = []
        parts: list[tuple[str, str, bytes]] = []
        here, findings = self._here(read_retrieve_request(body).documents)
        for number, (asked, record) in enumerate(here, 1):
            name = f"document{number}@simulator.example"
            parts.append((name, record.mime_type, self.octets[record.content]))
            document = RetrievedDocument(
                request=asked, mime_type=record.mime_type, size=record.size, content=name
            )
            found.append((document, name))
        return Answered(write_retrieve_response(found, findings), parts)

    def _here(
        self, documents: Iterable[DocumentRequest]
    ) -> tuple[list[tuple[DocumentRequest, DocumentRecord]], list[Finding]]:
        """The documents that are here, and a finding for each that is not."""
        here: list[tuple[DocumentRequest, DocumentRecord]] = []
        findings: list[Finding] = []
        for asked in documents:
            record = self.registry.document(asked.document_unique_id)
            if asked.repository_unique_id != self.repository_id:
                code = ErrorCode.UNKNOWN_REPOSITORY_ID
                findings.append(_unknown(code, asked.repository_unique_id))
            elif record is None:
                code = ErrorCode.DOCUMENT_UNIQUE_ID_ERROR
                findings.append(_unknown(code, asked.document_unique_id))
            else:
                here.append((asked, record))
        return here, findings


# The simulator asks nobody who comes.
_PASSED_OVER = frozenset((f"{{{WSSE}}}Security",))
_SOAP = "application/soap+xml; charset=UTF-8"


def _sink(headers: PartHeaders, kept: dict[str, MemorySink]) -> MemorySink:
    sink = MemorySink()
    kept[headers.content_id or ""] = sink
    return sink


def _packed(envelope: Envelope, answered: Answered) -> Reply:
    action = ACTIONS[envelope.action]
    octets = write_envelope(
        answered.body,
        action=action,
        message_id=_new_uuid(),
        relates_to=envelope.message_id,
    )
    if not answered.parts:
        return Reply(200, {"content-type": f'{_SOAP}; action="{action}"'}, octets)
    outgoing = write_multipart(
        octets,
        action=action,
        parts=[
            OutgoingPart(content_id=name, content_type=kind, size=len(content))
            for name, kind, content in answered.parts
        ],
        boundary=f"simulator-{secrets.token_hex(12)}",
    )
    whole = b"".join(bytes(one) for one in outgoing.chunks([[c] for _, _, c in answered.parts]))
    return Reply(200, {"content-type": outgoing.content_type}, whole)


def _new_uuid() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def _unknown(code: ErrorCode, text: str) -> Finding:
    return Finding(rule="unknown", code=code, location=text, message=f"{text} is not known here")
