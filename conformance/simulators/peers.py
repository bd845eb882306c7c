"""A source and a consumer: they call somebody else's server, rightly or wrongly."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import httpx

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.codecs.ebrim.response import read_outcome
from gateway.codecs.ebrim.retrieve import read_retrieve_response, write_retrieve_request
from gateway.codecs.ebrim.submission import write_provide_and_register
from gateway.codecs.soap.content_type import read_content_type
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.codecs.soap.fault import SoapFault, read_fault
from gateway.codecs.soap.mtom import MemorySink, MultipartReader
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.soap.xop import read_includes
from gateway.model.association import Association
from gateway.model.datatypes import Author, Code, DateTime, Identifier, LocalizedString, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery

PROVIDE: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
QUERY: Final = "urn:ihe:iti:2007:RegistryStoredQuery"
RETRIEVE: Final = "urn:ihe:iti:2007:RetrieveDocumentSet"
FIND_DOCUMENTS: Final = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"

SOURCE_FAULTS: Final[Mapping[str, str]] = {
    "wrong-hash": "announces the hash of nothing",
    "no-document": "leaves the document out",
    "no-mtom": "sends the document inside the message",
    "truncated": "sends half of the message it announced",
    "wrong-content-type": "says that its message is plain text",
    "bad-saml": "brings an assertion nobody signed",
    "duplicate-ids": "gives two documents one id",
    "two-patients": "sends a document of another patient than its set",
}
"""What the simulated source can do wrong."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a call, in lines for a person."""

    lines: tuple[str, ...]
    good: bool


def submission(patient: str, now: str, document: bytes) -> Submission:
    """Describe one invented document.

    Args:
        patient: CX text.
        now: DTM of 14 digits.
    """
    author = Author(person=Person("SIM-1^Simulated^Source^^^^^^&2.999.1.2&ISO"))
    entry = DocumentEntry(
        entry_uuid="Document01",
        unique_id=f"2.25.{uuid.uuid4().int}",
        patient_id=Identifier(patient),
        source_patient_id=Identifier("SIM-1^^^&2.999.1.20&ISO"),
        author=(author,),
        class_code=Code("REPORTS", "2.999.7.1", "Reports"),
        type_code=Code("34133-9", "2.16.840.1.113883.6.1", "Summary of episode note"),
        format_code=Code(
            "urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "mimeType"
        ),
        healthcare_facility_type_code=Code("HOSP", "2.16.840.1.113883.5.111", "Hospital"),
        practice_setting_code=Code("GENERAL", "2.999.7.5", "General"),
        confidentiality_code=(Code("N", "2.16.840.1.113883.5.25", "normal"),),
        creation_time=DateTime(now),
        language_code="en-GB",
        mime_type="text/plain",
        title=(LocalizedString("A letter of the simulated source", "en-GB"),),
        hash=hashlib.sha1(document, usedforsecurity=False).hexdigest(),
        size=str(len(document)),
    )
    submission_set = SubmissionSet(
        entry_uuid="SubmissionSet01",
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id="2.999.6.1",
        patient_id=Identifier(patient),
        submission_time=DateTime(now),
        author=(author,),
        content_type_code=Code("REPORTS", "2.999.7.4", "Reports"),
    )
    member = Association(
        entry_uuid="Link01",
        association_type=AssociationType.HAS_MEMBER,
        source_object="SubmissionSet01",
        target_object="Document01",
        submission_set_status="Original",
    )
    return Submission(
        submission_sets=(submission_set,), document_entries=(entry,), associations=(member,)
    )


def provide(
    client: httpx.Client, url: str, patient: str, now: str, document: bytes, fault: str = ""
) -> Told:
    """Submit one document to a repository [ITI-41]."""
    sent = submission(patient, now, document)
    entry = sent.document_entries[0]
    if fault == "wrong-hash":
        entry = replace(entry, hash="da39a3ee5e6b4b0d3255bfef95601890afd80709")
    if fault == "two-patients":
        entry = replace(entry, patient_id=Identifier("SOMEBODY-ELSE^^^&2.999.1.1&ISO"))
    more = (replace(entry, unique_id=f"2.25.{uuid.uuid4().int}"),)
    entries = (entry, *more) if fault == "duplicate-ids" else (entry,)
    sent = replace(sent, document_entries=entries)
    documents = [] if fault == "no-document" else [("Document01", "document@simulator.example")]
    body = write_provide_and_register(sent, documents)
    header = _UNSIGNED if fault == "bad-saml" else b""
    envelope = write_envelope(
        body, action=PROVIDE, message_id=_new_uuid(), to=url, header_blocks=header
    )
    content_type, octets = _packed(envelope, [document] if documents else [])
    if fault == "no-mtom":
        content_type, octets = _inside(envelope, document)
    if fault == "wrong-content-type":
        content_type = "text/plain"
    if fault == "truncated":
        octets = octets[: len(octets) // 2]
    answer = _sent(client, url, content_type, octets)
    outcome = read_outcome(answer.body)
    lines = [f"{url} answered {outcome.status.rpartition(':')[2]}"]
    lines += [f"{one.code.xds}: {one.message}" for one in outcome.findings]
    lines.append(f"document {entry.unique_id} of {patient}")
    return Told(tuple(lines), not any(one.is_error for one in outcome.findings))


def consume(client: httpx.Client, registry: str, repository: str, patient: str) -> Told:
    """Find a patient's documents [ITI-18], retrieve them [ITI-43], compare their hashes."""
    request = RegistryStoredQuery(
        query_id=FIND_DOCUMENTS,
        query=FindDocuments(
            patient_id=Identifier(patient), status=(AvailabilityStatus.APPROVED.value,)
        ),
    )
    envelope = write_envelope(
        write_query(request), action=QUERY, message_id=_new_uuid(), to=registry
    )
    kind = f'application/soap+xml; charset=UTF-8; action="{QUERY}"'
    found = read_query_response(_sent(client, registry, kind, envelope).body)
    entries = found.objects.document_entries
    lines = [f"{registry} has {len(entries)} documents of {patient}"]
    lines += [f"{one.code.xds}: {one.message}" for one in found.outcome.findings]
    good = not any(one.is_error for one in found.outcome.findings)
    for entry in entries:
        line, fine = _retrieved(client, repository, entry)
        lines.append(line)
        good = good and fine
    return Told(tuple(lines), good)


def _retrieved(client: httpx.Client, url: str, entry: DocumentEntry) -> tuple[str, bool]:
    wanted = DocumentRequest(
        repository_unique_id=entry.repository_unique_id or "",
        document_unique_id=entry.unique_id or "",
    )
    body = write_retrieve_request(RetrieveDocumentSet(documents=(wanted,)))
    envelope = write_envelope(body, action=RETRIEVE, message_id=_new_uuid(), to=url)
    kind, octets = _packed(envelope, [], RETRIEVE)
    parts: dict[str, bytes] = {}
    answer = _sent(client, url, kind, octets, parts)
    read = read_retrieve_response(answer.body)
    includes = read_includes(answer.body, list(parts))
    if not read.documents:
        told = "; ".join(f"{one.code.xds}: {one.message}" for one in read.outcome.findings)
        return f"{entry.unique_id}: {told}", False
    content = next((parts[name] for name in includes.values()), b"")
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    same = entry.hash is None or digest == entry.hash.lower()
    said = "as announced" if same else f"hash {digest}, announced {entry.hash}"
    return f"{entry.unique_id}: {len(content)} octets, {said}", same


def _sent(
    client: httpx.Client,
    url: str,
    content_type: str,
    octets: bytes,
    parts: dict[str, bytes] | None = None,
) -> Envelope:
    answer = client.post(url, content=octets, headers={"content-type": content_type})
    root = answer.content
    kind = answer.headers.get("content-type", "")
    if kind.startswith("multipart/related"):
        kept: dict[str, MemorySink] = {}

        def sink(headers: PartHeaders) -> MemorySink:
            kept[headers.content_id or ""] = one = MemorySink()
            return one

        reader = MultipartReader(read_content_type(kind), sink)
        reader.feed(answer.content)
        root = reader.close().root
        if parts is not None:
            parts.update((name, bytes(one.octets)) for name, one in kept.items())
    envelope = read_envelope(root, answer=True)
    fault = read_fault(envelope.body)
    if fault is not None:
        raise fault
    return envelope


def _packed(envelope: bytes, documents: list[bytes], action: str = PROVIDE) -> tuple[str, bytes]:
    outgoing = write_multipart(
        envelope,
        action=action,
        parts=[
            OutgoingPart(
                content_id="document@simulator.example", content_type="text/plain", size=len(one)
            )
            for one in documents
        ],
        boundary=f"simulator-{secrets.token_hex(12)}",
    )
    whole = b"".join(bytes(chunk) for chunk in outgoing.chunks([[one] for one in documents]))
    return outgoing.content_type, whole


def _inside(envelope: bytes, document: bytes) -> tuple[str, bytes]:
    import base64
    import re

    text = re.sub(rb"<xop:Include[^>]*/>", base64.b64encode(document), envelope)
    return f'application/soap+xml; charset=UTF-8; action="{PROVIDE}"', text


def _new_uuid() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


_UNSIGNED = (
    b"<wsse:Security s:mustUnderstand='true' xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/"
    b"oasis-200401-wss-wssecurity-secext-1.0.xsd'><saml:Assertion Version='2.0' ID='_unsigned' "
    b"IssueInstant='2026-01-01T00:00:00Z' xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>"
    b"<saml:Issuer>https://nobody.example</saml:Issuer></saml:Assertion></wsse:Security>"
)

Clock = Callable[[], str]
__all__ = ["SOURCE_FAULTS", "SoapFault", "Told", "consume", "provide", "submission"]
