"""Documents that travel with their metadata: beside them or inside, compared and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.judges.context import Context
from conformance.judges.kinds import recognise
from conformance.report.values import PayloadKind
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle.ids import place, same_id
from gateway.translators.cda_consistency import HEAD, check_first_octets
from gateway.validation.issue import Issue
from gateway.validation.metadata import issue_of, message_issue

_BEGINNINGS: Mapping[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
    "application/zip": (b"PK",),
}
_XML_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One document as it came.

    Attributes:
        document_id: The id of its entry, as the message says it.
        octets: ``None`` where they are not at hand; somebody else says why.
        where: How findings about its inside begin.
    """

    document_id: str
    octets: bytes | None
    where: str


def judge_attachments(
    entries: Sequence[DocumentEntry], attachments: Sequence[Attachment], context: Context
) -> Iterator[Issue]:
    """Compare documents with their entries, and judge what they are themselves."""
    by_id = {same_id(entry.entry_uuid): entry for entry in entries if entry.entry_uuid}
    seen: set[str] = set()
    for attachment in attachments:
        key = same_id(attachment.document_id)
        where = f"Document[{attachment.document_id[:128]}]"
        if key in seen:
            yield message_issue("xds-document-once", "", where)
        seen.add(key)
        entry = by_id.get(key)
        if entry is None:
            yield message_issue(
                "xds-document-described",
                f"no entry of the submission has the id {attachment.document_id[:128]!r}",
                where,
            )
        elif attachment.octets is not None:
            yield from compare(entry, attachment.octets, context)
        if attachment.octets is not None:
            yield from judge_inside(attachment.octets, attachment.where, context)
    for key, entry in by_id.items():
        if key not in seen and not entry.is_on_demand:
            yield message_issue("xds-document-given", "", place(entry))


def compare(entry: DocumentEntry, octets: bytes, context: Context) -> Iterator[Issue]:
    """Compare a document with its entry: size, hash, form, and what a clinical one says itself."""
    if entry.size and entry.size.isdigit() and int(entry.size) != len(octets):
        yield message_issue(
            "xds-content-size",
            f"{entry.size} octets are announced and there are {len(octets)}",
            place(entry, "size"),
        )
    digest = hashlib.sha1(octets, usedforsecurity=False).hexdigest()
    if entry.hash and entry.hash.lower() != digest:
        yield message_issue(
            "xds-content-hash",
            f"{entry.hash[:80]} is announced and the document has {digest}",
            place(entry, "hash"),
        )
    media_type = (entry.mime_type or "").partition(";")[0].strip().lower()
    beginnings = _BEGINNINGS.get(media_type, ())
    if media_type in _XML_TYPES:
        beginnings = (b"<", b"\xff\xfe", b"\xfe\xff")
    head = octets[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginnings and not head.startswith(beginnings):
        yield message_issue(
            "xds-content-type",
            f"the document does not begin as {media_type} does",
            place(entry, "mimeType"),
        )
    for finding in check_first_octets(entry, octets[:HEAD], len(octets), context.community):
        yield issue_of(finding)


def judge_inside(octets: bytes, where: str, context: Context) -> Iterator[Issue]:
    """Judge a document by itself, where it is of a kind that is judged; others say nothing."""
    from conformance.judges import judge_as

    kind = recognise(octets)
    if kind in (PayloadKind.CDA, PayloadKind.FHIR):
        for issue in judge_as(kind, octets, context).findings:
            yield replace(issue, location=inside(where, issue.location), position=None)


def inside(where: str, location: str) -> str:
    """A place inside a part of a payload: the part, ``!``, the place."""
    return f"{where}!{location}" if location else where
