"""SOAP messages to answers: the doors of a registry and of a repository that keep all in memory."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.simulators.http import Reply, Request
from conformance.simulators.memory import MemoryRegistry
from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.query_response import query_response, write_object_ref
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.response import write_registry_response
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
from gateway.model.lifecycle import Circumstances, DocumentRecord, register
from gateway.model.submission import Submission
from gateway.transactions.document_repository import RetrievedDocument
from gateway.transactions.registry_stored_query import ReturnType
from gateway.validation import Transaction, check_submission

ACTIONS = {
    "urn:ihe:iti:2007:RegistryStoredQuery": "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    "urn:ihe:iti:2007:RegisterDocumentSet-b": "urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
    "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b": (
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
    ),
    "urn:ihe:iti:2007:RetrieveDocumentSet": "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
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
    """

    clock: Callable[[], str]
    repository_id: str = "2.999.3.1"
    told: Callable[[str], None] = lambda line: None
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    octets: dict[str, tuple[str, bytes]] = field(default_factory=dict)

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
        envelope = read_envelope(octets, announced_actions=actions, understood=_Everything())
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
            if name == "RegisterDocumentSet-b":
                submitted = read_submit_objects(envelope.body)
                found = check_submission(submitted.submission, Transaction.REGISTER)
                return self._register(submitted.submission, (*submitted.findings, *found))
            return self._provide(envelope.body, parts)
        except Refused as refused:
            if name == "RegistryStoredQuery":
                return Answered(b"".join(query_response((), refused.findings)))
            return Answered(write_registry_response(refused.findings))

    def _find(self, body: Element) -> Answered:
        request = read_query(body)
        found = self.registry.find(request.query)
        if request.return_type is ReturnType.OBJECT_REF:
            return Answered(
                b"".join(query_response([write_object_ref(one.entry_uuid) for one in found]))
            )
        return Answered(b"".join(query_response([write_registry_object(one) for one in found])))

    def _register(
        self,
        submission: Submission,
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
        self.registry.apply(register(submission, self.registry, about))
        return Answered(write_registry_response())

    def _provide(self, body: Element, parts: dict[str, bytes]) -> Answered:
        submitted, holders = read_provide_and_register(body)
        includes = read_includes(body, list(parts))
        brought = {
            name: parts[includes[holder]] if holder in includes else read_inline(holder)
            for name, holder in holders
        }
        findings = [
            *submitted.findings,
            *check_submission(submitted.submission, Transaction.PROVIDE_AND_REGISTER),
        ]
        entries, records = [], []
        for entry in submitted.submission.document_entries:
            octets = brought.pop(entry.entry_uuid, None)
            if octets is None:
                findings.append(_missing(ErrorCode.MISSING_DOCUMENT, entry.entry_uuid))
                continue
            sha1 = hashlib.sha1(octets, usedforsecurity=False).hexdigest()
            if entry.hash is not None and entry.hash.lower() != sha1:
                findings.append(_wrong(entry.entry_uuid, f"hash {entry.hash}, received {sha1}"))
            entries.append(
                replace(
                    entry,
                    hash=sha1,
                    size=str(len(octets)),
                    repository_unique_id=self.repository_id,
                )
            )
            self.octets[entry.unique_id or ""] = (entry.mime_type or "", octets)
            records.append(_record(entry, sha1, len(octets)))
        findings += [_missing(ErrorCode.MISSING_DOCUMENT_METADATA, name) for name in brought]
        submission = replace(submitted.submission, document_entries=tuple(entries))
        return self._register(submission, tuple(findings), tuple(records))

    def _retrieve(self, body: Element) -> Answered:
        found: list[tuple[RetrievedDocument, str]] = []
        parts: list[tuple[str, str, bytes]] = []
        findings: list[Finding] = []
        for number, asked in enumerate(read_retrieve_request(body).documents, 1):
            known = self.octets.get(asked.document_unique_id)
            if asked.repository_unique_id != self.repository_id:
                code = ErrorCode.UNKNOWN_REPOSITORY_ID
                findings.append(_unknown(code, asked.repository_unique_id))
            elif known is None:
                code = ErrorCode.DOCUMENT_UNIQUE_ID_ERROR
                findings.append(_unknown(code, asked.document_unique_id))
            else:
                mime_type, octets = known
                name = f"document{number}@simulator.example"
                parts.append((name, mime_type or "application/octet-stream", octets))
                document = RetrievedDocument(
                    request=asked, mime_type=mime_type, size=len(octets), content=name
                )
                found.append((document, name))
        return Answered(write_retrieve_response(found, findings), parts)


class _Everything:
    """Headers of security and the like are passed over: the simulator asks nobody who comes."""

    def __contains__(self, _: object) -> bool:
        return True


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


def _record(entry: Any, sha1: str, size: int) -> DocumentRecord:
    return DocumentRecord(
        unique_id=entry.unique_id or "",
        mime_type=entry.mime_type or "",
        size=size,
        sha1=sha1,
        content=sha1,
    )


def _missing(code: ErrorCode, name: str) -> Finding:
    return Finding(
        rule="document-missing",
        code=code,
        location=name,
        message=f"{name} has no document, or no entry; send both",
    )


def _wrong(name: str, what: str) -> Finding:
    return Finding(
        rule="content-hash",
        code=ErrorCode.REPOSITORY_METADATA_ERROR,
        location=f"{name}.hash",
        message=f"announced {what}",
    )


def _unknown(code: ErrorCode, text: str) -> Finding:
    return Finding(rule="unknown", code=code, location=text, message=f"{text} is not known here")
