"""XDS messages to the model and back: ebRIM in SOAP or bare, documents in MTOM parts or inline.

    from_xds   ITI-41 (recorded MTOM or plain SOAP), ITI-42, ITI-57, a bare SubmitObjectsRequest,
               the answer to ITI-18, the answer to ITI-43
    to_xds     an ITI-41 message with its documents, an ITI-42 message, a bare
               SubmitObjectsRequest, or an AdhocQueryResponse

What was written is read back and compared: what does not come back is among the findings.

Source:
    IHE ITI TF-2: 3.18, 3.41, 3.42, 3.43, Appendix V.3.6 (revision 17).
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any

from gateway.codecs.ebrim.names import (
    ADHOC_QUERY_RESPONSE,
    PROVIDE_AND_REGISTER_REQUEST,
    REGISTRY_OBJECT_LIST,
    RETRIEVE_RESPONSE,
    SUBMIT_OBJECTS_REQUEST,
)
from gateway.codecs.ebrim.query_response import read_query_response, write_query_response
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.registry_objects import read_registry_objects, write_registry_object
from gateway.codecs.ebrim.retrieve import read_retrieve_response
from gateway.codecs.ebrim.submission import (
    read_provide_and_register,
    read_submit_objects,
    write_provide_and_register,
    write_submit_objects,
)
from gateway.codecs.soap.content_type import read_content_type
from gateway.codecs.soap.envelope import write_envelope
from gateway.codecs.soap.fault import SoapFault
from gateway.codecs.soap.mtom import MemorySink, MultipartLimits, MultipartReader
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.namespaces import SOAP, WSA
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.soap.xop import read_includes, read_inline
from gateway.codecs.xml import INLINE_LIMITS, Element, XmlRefused, is_xml_text, read_xml
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.submission import Submission
from gateway.translators.differences import differences
from gateway.translators.package import EnclosedDocument, Package
from gateway.translators.translation import Translation

PROVIDE_AND_REGISTER = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"

_SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMES = uuid.UUID("c6a7c9b0-6a4e-5f0f-8c2d-0f4b5f1f7a11")
_HEADER_LINE = re.compile(rb"(?:[A-Za-z0-9-]+:[^\r\n]*|[ \t][^\r\n]*)\r?\n")
_REQUEST_LINE = re.compile(rb"(?:[A-Z]{3,10} \S+ HTTP/1\.[01]|HTTP/1\.[01] \d{3}[^\r\n]*)\r?\n")
_BOUNDARY_LINE = re.compile(rb"\s*--([0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?])\r?\n")
_LIMITS = MultipartLimits(root=64 * 1024 * 1024, parts=1000)


class XdsForm(Enum):
    """Which message a submission is written as."""

    PROVIDE_AND_REGISTER = "ITI-41 with its documents, as MTOM"
    REGISTER = "ITI-42"
    SUBMIT_OBJECTS = "a bare SubmitObjectsRequest"
    QUERY_RESPONSE = "an AdhocQueryResponse"


@dataclass(frozen=True, slots=True, kw_only=True)
class XdsMessage:
    """A message as it goes over HTTP.

    Attributes:
        content_type: Its Content-Type header.
        octets: Its body.
    """

    content_type: str
    octets: bytes

    @property
    def recorded(self) -> bytes:
        """The message with its header, as a file keeps it; :func:`from_xds` reads it back."""
        if not self.content_type.startswith("multipart/"):
            return self.octets
        return (
            f"MIME-Version: 1.0\r\nContent-Type: {self.content_type}\r\n\r\n".encode() + self.octets
        )


# --- From XDS ----------------------------------------------------------------------------------


def from_xds(message: bytes, *, content_type: str = "") -> Translation[Package]:
    """Read an XDS message.

    Args:
        message: Recorded MTOM (with or without its headers), a SOAP envelope, or a bare request or
            response.
        content_type: The Content-Type header, where it is known and does not stand in the message.

    Returns:
        Objects and documents; what could not be read into them.

    Raises:
        Refused: When it is no such message at all.
    """
    try:
        root, parts = _unpacked(message, content_type)
        body, findings = _body(read_xml(root, limits=INLINE_LIMITS))
        return _read(body, parts, findings)
    except XmlRefused as refused:
        raise _refusal("xml", refused.location, refused.message) from None
    except SoapFault as fault:
        raise _refusal("message", "", fault.reason) from None


def _unpacked(message: bytes, content_type: str) -> tuple[bytes, dict[str, bytes]]:
    """Give the XML of a message, and its parts by Content-ID."""
    headers, body = _without_headers(message)
    written = content_type or headers.get("content-type", "")
    boundary = _BOUNDARY_LINE.match(body)
    if not written and boundary:
        name = boundary[1].decode("ascii")
        written = f'multipart/related; boundary="{name}"; type="application/xop+xml"'
    if not written.lower().startswith("multipart/"):
        return body, {}
    parts: dict[str, bytes] = {}
    held: dict[str, MemorySink] = {}

    def sink(headers: PartHeaders) -> MemorySink:
        return held.setdefault(headers.content_id or str(headers.number), MemorySink())

    reader = MultipartReader(read_content_type(written), sink, _LIMITS)
    reader.feed(body)
    received = reader.close()
    parts.update((name, bytes(memory.octets)) for name, memory in held.items())
    return received.root, parts


def _without_headers(message: bytes) -> tuple[dict[str, str], bytes]:
    """Take the HTTP or MIME headers off a recorded message."""
    at = 0
    first = _REQUEST_LINE.match(message)
    if first:
        at = first.end()
    lines: list[bytes] = []
    while line := _HEADER_LINE.match(message, at):
        if line[0][:1] in b" \t" and lines:
            lines[-1] += b" " + line[0].strip()
        else:
            lines.append(line[0].strip())
        at = line.end()
    if not lines:
        return {}, message
    for end in (b"\r\n", b"\n"):
        if message.startswith(end, at):
            at += len(end)
            break
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, message[at:]


def _body(root: Element) -> tuple[Element, list[Finding]]:
    """Give what an envelope holds, and what its header says besides addressing."""
    for namespace in (SOAP, _SOAP_11):
        if root.tag != f"{{{namespace}}}Envelope":
            continue
        findings = [
            _lost(
                f"Envelope/Header/{str(block.tag).rpartition('}')[2]}", "it belongs to the message"
            )
            for header in root.iterchildren(f"{{{namespace}}}Header")
            for block in header
            if not str(block.tag).startswith(f"{{{WSA}}}")
        ]
        inside = [child for body in root.iterchildren(f"{{{namespace}}}Body") for child in body]
        if len(inside) != 1:
            raise _refusal(
                "soap-body", "Envelope/Body", f"it holds {len(inside)} elements, not one"
            )
        return inside[0], findings
    return root, []


def _read(body: Element, parts: dict[str, bytes], findings: list[Finding]) -> Translation[Package]:
    if body.tag == PROVIDE_AND_REGISTER_REQUEST:
        request, elements = read_provide_and_register(body)
        types = {e.entry_uuid: e.mime_type for e in request.submission.document_entries}
        contents = _contents(body, elements, parts, findings)
        documents = tuple(
            EnclosedDocument(
                entry_id=name,
                content_type=types.get(name) or "application/octet-stream",
                content=content,
            )
            for name, content in contents
        )
        package = Package(submission=request.submission, documents=documents)
        return Translation(package, (*findings, *request.findings))
    if body.tag == SUBMIT_OBJECTS_REQUEST:
        request = read_submit_objects(body)
        return Translation(Package(submission=request.submission), (*findings, *request.findings))
    if body.tag == ADHOC_QUERY_RESPONSE:
        answer = read_query_response(body)
        package = Package(submission=answer.objects, is_answer=True)
        references = [
            _lost(
                f"ObjectRef[{one.entry_uuid}]",
                "a reference says nothing of its object; ask for LeafClass",
            )
            for one in answer.references
        ]
        told = (*findings, *answer.outcome.findings, *answer.findings, *references)
        return Translation(package, told)
    if body.tag == RETRIEVE_RESPONSE:
        retrieved = read_retrieve_response(body)
        holders = [
            (one.new_unique_id or one.request.document_unique_id, one.document)
            for one in retrieved.documents
        ]
        types = {
            name: one.mime_type for (name, _), one in zip(holders, retrieved.documents, strict=True)
        }
        documents = tuple(
            EnclosedDocument(
                entry_id=name,
                content_type=types[name] or "application/octet-stream",
                content=content,
            )
            for name, content in _contents(body, holders, parts, findings)
        )
        package = Package(submission=Submission(), documents=documents, is_answer=True)
        return Translation(package, (*findings, *retrieved.outcome.findings))
    reading = Reading()
    objects = read_registry_objects(
        list(body) if body.tag == REGISTRY_OBJECT_LIST else [body], reading
    )
    if not any(True for _ in objects.objects()):
        name = str(body.tag).rpartition("}")[2][:64]
        raise _refusal("no-objects", name, f"the element {name} holds no registry objects")
    return Translation(Package(submission=objects), (*findings, *reading.findings))


def _contents(
    body: Element,
    holders: Iterable[tuple[str, Element]],
    parts: Mapping[str, bytes],
    findings: list[Finding],
) -> list[tuple[str, bytes]]:
    """Give each document's octets by its name; those that are not in the message are named."""
    # An envelope alone, its parts left behind, is worth reading for its metadata.
    includes = read_includes(body, tuple(parts)) if parts else {}
    found = []
    for name, element in holders:
        if element in includes:
            found.append((name, parts[includes[element]]))
        elif len(element):
            findings.append(
                Finding(
                    rule="document-given",
                    code=ErrorCode.MISSING_DOCUMENT,
                    location=f"Document[{name}]",
                    message="its octets are in another part, which did not come along",
                    severity=Severity.WARNING,
                )
            )
        else:
            found.append((name, read_inline(element)))
    return found


# --- To XDS ------------------------------------------------------------------------------------


def to_xds(
    package: Package,
    form: XdsForm | None = None,
    *,
    to: str = "http://localhost/xds/repository",
    message_id: str = "",
) -> Translation[XdsMessage]:
    """Write registry objects, and documents, as an XDS message.

    Args:
        package: From :func:`from_fhir`, :func:`from_json`, or made by hand.
        form: Chosen by what the package holds unless given: ITI-41 with documents, ITI-42 without,
            an AdhocQueryResponse for an answer.
        to: Address of the receiver, for ``wsa:To``.
        message_id: ``urn:uuid:…``; made from the content unless given, so that the same package
            gives the same octets.

    Returns:
        The message; a finding for everything it cannot carry.
    """
    if form is None:
        form = (
            XdsForm.QUERY_RESPONSE
            if package.is_answer
            else XdsForm.PROVIDE_AND_REGISTER
            if package.documents
            else XdsForm.REGISTER
        )
    submission, findings = _in_xml(package.submission)
    message = _write(replace(package, submission=submission), form, to, message_id)
    back = from_xds(message.octets, content_type=_multipart_only(message.content_type)).value
    findings += differences(submission, back.submission, f"an ebRIM message ({form.value})")
    if form is not XdsForm.PROVIDE_AND_REGISTER:
        findings += [
            _lost(f"Document[{d.entry_id}]", f"{form.value} carries no documents")
            for d in package.documents
        ]
    return Translation(message, tuple(findings))


def _multipart_only(content_type: str) -> str:
    return content_type if content_type.startswith("multipart/") else ""


def _write(package: Package, form: XdsForm, to: str, message_id: str) -> XdsMessage:
    submission = package.submission
    if form is XdsForm.QUERY_RESPONSE:
        objects = [write_registry_object(item) for item in submission.objects()]
        return XdsMessage(content_type="application/xml", octets=write_query_response(objects))
    if form is XdsForm.SUBMIT_OBJECTS:
        return XdsMessage(content_type="application/xml", octets=write_submit_objects(submission))
    if form is XdsForm.REGISTER:
        body = write_submit_objects(submission)
        octets = write_envelope(
            body, action=REGISTER, message_id=message_id or _name_of(body), to=to
        )
        return XdsMessage(
            content_type=f'application/soap+xml; charset=UTF-8; action="{REGISTER}"', octets=octets
        )
    names = [f"document-{number}@gateway" for number in range(1, len(package.documents) + 1)]
    body = write_provide_and_register(
        submission, [(d.entry_id, name) for d, name in zip(package.documents, names, strict=True)]
    )
    envelope = write_envelope(
        body, action=PROVIDE_AND_REGISTER, message_id=message_id or _name_of(body), to=to
    )
    outgoing = write_multipart(
        envelope,
        action=PROVIDE_AND_REGISTER,
        parts=[
            OutgoingPart(content_id=name, content_type=_media_type(d), size=len(d.content))
            for d, name in zip(package.documents, names, strict=True)
        ],
        boundary=_boundary(envelope, package),
    )
    octets = b"".join(outgoing.chunks((d.content,) for d in package.documents))
    return XdsMessage(content_type=outgoing.content_type, octets=octets)


def _media_type(document: EnclosedDocument) -> str:
    text = document.content_type
    return text if text and text.isprintable() and text.isascii() else "application/octet-stream"


def _name_of(body: bytes) -> str:
    return uuid.uuid5(_NAMES, hashlib.sha256(body).hexdigest()).urn


def _boundary(envelope: bytes, package: Package) -> str:
    """Make a boundary from the message that occurs nowhere in it."""
    digest = hashlib.sha256(envelope)
    for document in package.documents:
        digest.update(document.content)
    return f"part-{digest.hexdigest()[:48]}"


def _in_xml(submission: Submission) -> tuple[Submission, list[Finding]]:
    """Take characters out that no XML document may hold; each place is an error."""
    findings: list[Finding] = []

    def clean(value: Any, path: str) -> Any:
        if isinstance(value, str):
            if is_xml_text(value):
                return value
            findings.append(
                Finding(
                    rule="xml-characters",
                    code=ErrorCode.REGISTRY_METADATA_ERROR,
                    location=path,
                    message="it holds a character that cannot stand in XML, which was taken out",
                )
            )
            return "".join(c for c in value if is_xml_text(c))
        if isinstance(value, tuple):
            return tuple(clean(item, f"{path}[{number}]") for number, item in enumerate(value))
        if is_dataclass(value) and not isinstance(value, type):
            changes = {
                f.name: new
                for f in fields(value)
                if (new := clean(old := getattr(value, f.name), f"{path}.{f.name}")) is not old
                and new != old
            }
            return replace(value, **changes) if changes else value
        return value

    cleaned = clean(submission, "Submission")
    return cleaned, findings


def _lost(location: str, message: str) -> Finding:
    return Finding(
        rule="not-carried",
        code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
        location=location,
        message=message,
        severity=Severity.WARNING,
    )


def _refusal(rule: str, location: str, message: str) -> Refused:
    return Refused(Finding(rule=rule, code=ErrorCode.MALFORMED, location=location, message=message))
