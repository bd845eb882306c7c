"""What kind of message some octets are, told by their content; and every kind written as any other.

    translate_any   octets of any kind to FHIR, XDS, CDA or plain JSON: one or several files
    read_any        octets to a value of the model, whatever they are
    write_any       such a value as one of the targets

Source:
    The root elements of HL7 FHIR R4, HL7 CDA R2, SOAP 1.1 and 1.2, ebRIM 3.0; RFC 2045.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import orjson

from gateway.codecs.cda.bppc import is_acknowledgment
from gateway.codecs.cda.header import HL7_V3, read_header
from gateway.codecs.cda.values import CdaHeader
from gateway.codecs.xml import INLINE_LIMITS, XmlRefused, read_xml
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.choices import Statement
from gateway.model.datatypes import Identifier
from gateway.profile import Profile
from gateway.translators.clinical_document import from_cda, to_cda, wrapped
from gateway.translators.consents import (
    STATEMENT,
    from_bppc,
    from_consent,
    statement_from_json,
    statement_to_json,
    to_bppc,
    to_consent,
)
from gateway.translators.fhir import as_xml, from_fhir, read_resource, to_fhir
from gateway.translators.package import Package
from gateway.translators.plain import Json, from_json, to_json
from gateway.translators.translation import Translation
from gateway.translators.xds import XdsForm, from_xds, to_xds

FHIR = "http://hl7.org/fhir"

_HEADERS = re.compile(
    rb"\s*(?:--|[A-Z]{3,10} \S+ HTTP/1|HTTP/1|(?:MIME-Version|Content-Type)\s*:)", re.IGNORECASE
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Kind(Enum):
    """What octets can be."""

    FHIR_JSON = "FHIR JSON"
    FHIR_XML = "FHIR XML"
    XDS = "an XDS message"
    CDA = "a CDA document"
    PLAIN = "plain JSON of the model"


class Target(Enum):
    """What a message can be written as; the values are what a person types."""

    FHIR = "fhir"
    XDS = "xds"
    CDA = "cda"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that a translation gives.

    Attributes:
        name: Safe as the end of a path; it names the document where the file is one.
        media_type: Of its content.
    """

    name: str
    media_type: str
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a message may leave to those who handle it.

    Attributes:
        profile_for: Chooses the profile, by the header where the message is a clinical document.
        source_id: OID of the system that submits what was no submission before.
        patient_id: Whose record it is, where the message does not say or says otherwise.
        base_url: Of the FHIR server a message speaks of.
    """

    profile_for: Callable[[CdaHeader | None], Profile]
    source_id: str
    patient_id: Identifier | None = None
    base_url: str = ""


def recognise(octets: bytes) -> Kind:
    """Say what octets are.

    Raises:
        Refused: When they are nothing that is translated here.
    """
    start = octets.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"{":
        return Kind.FHIR_JSON if "resourceType" in read_resource(octets) else Kind.PLAIN
    if start == b"<" or octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            tag = str(read_xml(octets, limits=INLINE_LIMITS).tag)
        except XmlRefused as refused:
            raise _refusal("xml", refused.location, refused.message) from None
        if tag == f"{{{HL7_V3}}}ClinicalDocument":
            return Kind.CDA
        return Kind.FHIR_XML if tag.startswith(f"{{{FHIR}}}") else Kind.XDS
    if _HEADERS.match(octets):
        return Kind.XDS
    raise _refusal(
        "kind",
        "",
        "this is no message known here; give FHIR JSON or XML, an XDS message (SOAP, MTOM or bare "
        "ebRIM), a CDA document, or plain JSON of this command",
    )


def translate_any(
    octets: bytes,
    target: Target,
    circumstances: Circumstances,
    *,
    bodies: bool = False,
    form: XdsForm | None = None,
    xml: bool = False,
) -> Translation[tuple[OutputFile, ...]]:
    """Read a message of any kind and write it as one of the targets.

    A consent (FHIR Consent, BPPC document, statement in plain JSON) is read for the choices it
    makes: as FHIR it becomes a Consent, as CDA a BPPC document, as XDS a submission of that one.

    Args:
        bodies: With CDA as target: take the files out that level 1 documents wrap.
        form: With XDS as target: which message.
        xml: With FHIR as target: write XML, not JSON.

    Raises:
        Refused: When the octets are no message of a known kind, or a consent that would not be
            enforced.
    """
    header = read_header(octets) if recognise(octets) is Kind.CDA else None
    profile = circumstances.profile_for(header)
    read = read_any(octets, profile, circumstances)
    if isinstance(read.value, Statement):
        written = _write_statement(read.value, target, profile, circumstances, form)
    else:
        written = write_any(read.value, target, profile, bodies=bodies, form=form)
    findings = tuple(dict.fromkeys((*read.findings, *written.findings)))
    files = written.value
    if xml and target is Target.FHIR:
        files = tuple(
            OutputFile(
                name="fhir.xml",
                media_type="application/fhir+xml",
                octets=as_xml(read_resource(f.octets)),
            )
            for f in files
        )
    return Translation(files, findings)


def read_any(
    octets: bytes, profile: Profile, circumstances: Circumstances
) -> Translation[Package] | Translation[Statement]:
    """Read a message of any kind: registry objects and documents, or a patient's choices.

    Raises:
        Refused: When it is none.
    """
    kind = recognise(octets)
    if kind is Kind.XDS:
        return from_xds(octets)
    if kind is Kind.CDA:
        if is_acknowledgment(read_header(octets)):
            return from_bppc(octets, profile, patient_id=circumstances.patient_id)
        return from_cda(
            octets,
            profile,
            source_id=circumstances.source_id,
            patient_id=circumstances.patient_id,
        )
    resource = read_resource(octets)
    if kind is Kind.PLAIN:
        if resource.get("kind") == STATEMENT:
            return statement_from_json(octets)
        return from_json(octets)
    if _is_consent(resource):
        return from_consent(resource, profile, base_url=circumstances.base_url)
    return from_fhir(
        resource,
        profile.naming,
        patient_id=circumstances.patient_id,
        base_url=circumstances.base_url,
    )


def _is_consent(resource: Json) -> bool:
    """Whether a resource is a Consent, or a bundle that begins with one."""
    entries = resource.get("entry")
    if resource.get("resourceType") == "Bundle" and isinstance(entries, list) and entries:
        first = entries[0]
        resource = first.get("resource", {}) if isinstance(first, dict) else {}
    return isinstance(resource, dict) and resource.get("resourceType") == "Consent"


def _write_statement(
    statement: Statement,
    target: Target,
    profile: Profile,
    circumstances: Circumstances,
    form: XdsForm | None,
) -> Translation[tuple[OutputFile, ...]]:
    if target is Target.JSON:
        return Translation((_json("json", "application/json", statement_to_json(statement)),))
    if target is Target.FHIR:
        consent = to_consent(statement, profile)
        file = _json("fhir.json", "application/fhir+json", consent.value)
        return Translation((file,), consent.findings)
    document = to_bppc(statement, profile)
    if document.value is None:
        return Translation((), document.findings)
    if target is Target.CDA:
        file = OutputFile(name="bppc.xml", media_type="text/xml", octets=document.value)
        return Translation((file,), document.findings)
    package = from_cda(document.value, profile, source_id=circumstances.source_id)
    written = write_any(package.value, target, profile, form=form)
    return Translation(written.value, (*document.findings, *package.findings, *written.findings))


def write_any(
    package: Package,
    target: Target,
    profile: Profile,
    *,
    bodies: bool = False,
    form: XdsForm | None = None,
) -> Translation[tuple[OutputFile, ...]]:
    """Write registry objects and documents as one of the targets; see :func:`translate_any`."""
    if target is Target.FHIR:
        fhir = to_fhir(package, profile.naming)
        return Translation(
            (_json("fhir.json", "application/fhir+json", fhir.value),), fhir.findings
        )
    if target is Target.XDS:
        xds = to_xds(package, form)
        recorded = xds.value.recorded
        is_multipart = recorded is not xds.value.octets
        name, media_type = ("mtom", "multipart/related") if is_multipart else ("xml", "text/xml")
        file = OutputFile(name=name, media_type=media_type, octets=recorded)
        return Translation((file,), xds.findings)
    if target is Target.JSON:
        return Translation((_json("json", "application/json", to_json(package)),))
    return _documents(package, bodies)


def _documents(package: Package, bodies: bool) -> Translation[tuple[OutputFile, ...]]:
    unpacked = to_cda(package)
    findings = list(unpacked.findings)
    names = {e.entry_uuid: e.unique_id or e.entry_uuid for e in package.submission.document_entries}
    files: list[OutputFile] = []
    for document in unpacked.value:
        name = safe_name(names.get(document.entry_id, document.entry_id))
        if not bodies:
            files.append(
                OutputFile(name=f"{name}.xml", media_type="text/xml", octets=document.content)
            )
            continue
        body = wrapped(document.content)
        findings += body.findings
        if body.value is None:
            findings.append(
                Finding(
                    rule="cda-body-structured",
                    code=ErrorCode.INVALID_DOCUMENT_CONTENT,
                    location=f"Document[{document.entry_id}]",
                    message="its body is structured and stays in the document; it wraps no file",
                    severity=Severity.WARNING,
                )
            )
        elif body.value.content is not None:
            media_type = body.value.media_type.partition(";")[0].strip().lower()
            suffix = mimetypes.guess_extension(media_type) or ".bin"
            files.append(
                OutputFile(name=name + suffix, media_type=media_type, octets=body.value.content)
            )
    if not files:
        findings.append(
            Finding(
                rule="nothing-written",
                code=ErrorCode.MISSING_DOCUMENT,
                location="",
                message="the message holds no clinical document"
                + (" that wraps a file" if bodies else ""),
            )
        )
    return Translation(tuple(_named_apart(files)), tuple(findings))


def safe_name(text: str) -> str:
    """Give a text as it may stand in a file name: nothing in it leads out of a folder."""
    return _UNSAFE.sub("_", text).lstrip(".")[:120] or "document"


def _named_apart(files: list[OutputFile]) -> Iterator[OutputFile]:
    seen: dict[str, int] = {}
    for file in files:
        count = seen[file.name] = seen.get(file.name, 0) + 1
        stem, dot, suffix = file.name.rpartition(".")
        name = file.name if count == 1 else f"{stem}-{count}{dot}{suffix}"
        yield OutputFile(name=name, media_type=file.media_type, octets=file.octets)


def _json(name: str, media_type: str, value: object) -> OutputFile:
    octets = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return OutputFile(name=name, media_type=media_type, octets=octets)


def _refusal(rule: str, location: str, message: str) -> Refused:
    return Refused(Finding(rule=rule, code=ErrorCode.MALFORMED, location=location, message=message))
