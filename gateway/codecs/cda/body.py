"""The body of a clinical document: the file that a level 1 document wraps, taken out.

A structured body (level 2 and 3) belongs to its document and is left whole. A ``nonXMLBody`` holds
one ED: text or base64, compressed perhaps, or nothing but a reference to where the file is. Nothing
is fetched: a reference is named in a finding. What a compressed body unfolds to is bounded.

Source:
    HL7 CDA R2 (2005): 4.3.1.1 nonXMLBody; HL7 V3 data types R1: ED (2.4), compression table,
    integrityCheck.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from dataclasses import dataclass

from gateway.codecs.cda.header import HL7_V3
from gateway.codecs.xml import INLINE_LIMITS, Element, XmlRefused, read_xml
from gateway.errors import ErrorCode, Finding, Refused, Severity

MAX_UNFOLDED = 128 * 1024 * 1024
"""Octets a body may have after base64 and compression were undone."""

_V3 = f"{{{HL7_V3}}}"
_PLACE = "ClinicalDocument/component/nonXMLBody/text"
_DEFAULT_MEDIA_TYPE = "text/plain"
# The argument tells zlib which frame is around the deflated octets: none, gzip, zlib.
_FRAMES = {"DF": -zlib.MAX_WBITS, "GZ": 16 + zlib.MAX_WBITS, "ZL": zlib.MAX_WBITS}
_DIGESTS = {"SHA-1": "sha1", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedFile:
    """The file inside a level 1 document.

    Attributes:
        media_type: As the document says it; ``text/plain`` where it says nothing.
        content: The file's octets, text in UTF-8; ``None`` where they are not in the document.
        reference: Where the file is said to be, when the document does not hold it.
    """

    media_type: str
    content: bytes | None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a document's body is.

    Attributes:
        wrapped: The file of a level 1 document; ``None`` for a structured body, or none at all.
        findings: What is wrong with it, or not in the document.
    """

    wrapped: WrappedFile | None = None
    findings: tuple[Finding, ...] = ()


def read_body(document: bytes | Element, *, max_octets: int = MAX_UNFOLDED) -> Body:
    """Take the file out of a clinical document, where it wraps one.

    Args:
        document: The octets, or the root element where it was parsed already.
        max_octets: Larger files are not unfolded.

    Raises:
        Refused: When the octets are no XML we read.
    """
    root = _parsed(document) if isinstance(document, bytes) else document
    text = next(root.iterfind(f"{_V3}component/{_V3}nonXMLBody/{_V3}text"), None)
    if text is None:
        return Body()
    findings: list[Finding] = []
    for child in text:
        name = str(child.tag).removeprefix(_V3)
        if name == "reference":
            findings.append(
                _finding(
                    "cda-body-reference",
                    f"{_PLACE}/reference",
                    "the file is not in the document, which only refers to it; nothing is fetched",
                    Severity.WARNING,
                )
            )
        elif name == "thumbnail":
            findings.append(
                _finding(
                    "not-carried",
                    f"{_PLACE}/thumbnail",
                    "a preview of the file is left in the document",
                    Severity.WARNING,
                )
            )
    reference = next(text.iterchildren(f"{_V3}reference"), None)
    written = (text.text or "") + "".join(child.tail or "" for child in text)
    content = _content(text, written, max_octets, findings)
    wrapped = WrappedFile(
        media_type=(text.get("mediaType") or "").strip() or _DEFAULT_MEDIA_TYPE,
        content=content,
        reference="" if reference is None else (reference.get("value") or "").strip(),
    )
    if content is None and not findings:
        findings.append(_finding("cda-body-empty", _PLACE, "the body holds no file"))
    return Body(wrapped=wrapped, findings=tuple(findings))


def _content(text: Element, written: str, max_octets: int, findings: list[Finding]) -> bytes | None:
    if not written.strip():
        return None
    if text.get("representation", "TXT") != "B64":
        if text.get("compression"):
            findings.append(
                _finding(
                    "cda-body-compression",
                    f"{_PLACE}/@compression",
                    "only base64 content can be compressed; say representation B64",
                )
            )
        octets = written.encode()
        return _bounded(octets, max_octets, findings)
    try:
        octets = base64.b64decode("".join(written.split()).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        findings.append(
            _finding("cda-body-base64", _PLACE, "representation says B64 and this is no base64")
        )
        return None
    compression = (text.get("compression") or "").strip()
    if compression:
        unfolded = _unfolded(octets, compression, max_octets, findings)
        if unfolded is None:
            return None
        octets = unfolded
    _check_integrity(text, octets, findings)
    return _bounded(octets, max_octets, findings)


def _unfolded(
    octets: bytes, compression: str, max_octets: int, findings: list[Finding]
) -> bytes | None:
    place = f"{_PLACE}/@compression"
    frame = _FRAMES.get(compression)
    if frame is None:
        known = ", ".join(_FRAMES)
        findings.append(
            _finding(
                "cda-body-compression",
                place,
                f"{compression[:20]!r} is not unfolded here; use {known}",
            )
        )
        return None
    engine = zlib.decompressobj(frame)
    try:
        # One octet more than allowed tells that there is more, without unfolding all of it.
        content = engine.decompress(octets, max_octets + 1)
    except zlib.error:
        findings.append(
            _finding(
                "cda-body-compression", place, f"the content is not compressed as {compression}"
            )
        )
        return None
    if len(content) <= max_octets and not engine.eof:
        findings.append(
            _finding("cda-body-compression", place, "the compressed content ends too early")
        )
    return content


def _bounded(octets: bytes, max_octets: int, findings: list[Finding]) -> bytes | None:
    if len(octets) <= max_octets:
        return octets
    findings.append(
        _finding(
            "cda-body-size",
            _PLACE,
            f"the file has more than {max_octets} octets, which is the most that is taken out",
            code=ErrorCode.TOO_LARGE,
        )
    )
    return None


def _check_integrity(text: Element, octets: bytes, findings: list[Finding]) -> None:
    """Compare the content with the digest the document gives, where it gives one."""
    announced = text.get("integrityCheck")
    algorithm = _DIGESTS.get(text.get("integrityCheckAlgorithm", "SHA-1"))
    if not announced or algorithm is None:
        return
    digest = base64.b64encode(
        hashlib.new(algorithm, octets, usedforsecurity=False).digest()
    ).decode("ascii")
    if "".join(announced.split()) != digest:
        findings.append(
            _finding(
                "cda-body-integrity",
                f"{_PLACE}/@integrityCheck",
                f"announced {announced[:64]}, the content has {digest}",
            )
        )


def _parsed(octets: bytes) -> Element:
    try:
        return read_xml(octets, limits=INLINE_LIMITS)
    except XmlRefused as refused:
        raise Refused(_finding("cda-xml", refused.location, refused.message)) from None


def _finding(
    rule: str,
    location: str,
    message: str,
    severity: Severity = Severity.ERROR,
    *,
    code: ErrorCode = ErrorCode.INVALID_DOCUMENT_CONTENT,
) -> Finding:
    return Finding(rule=rule, code=code, location=location, message=message, severity=severity)
