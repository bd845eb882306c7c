"""Retrieve Document [ITI-68]: the octets, or a Binary resource around them.

Source:
    IHE MHD 4.2.4: 3.68; HL7 FHIR R4: Binary; RFC 9110: 14 (Range).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from gateway.codecs.fhir.binary import binary_length, stream_binary
from gateway.errors import ErrorCode, Finding
from gateway.model.audit import AuditedObject
from gateway.model.lifecycle import DocumentRecord
from gateway.service import Service
from gateway.web.fhir.conditions import names
from gateway.web.fhir.interaction import JSON, XML, Answer, RefusedWith, Request, urn
from gateway.web.fhir.negotiation import Format, choose_document
from gateway.web.http import Headers, stream

_RANGE = re.compile(r"(?i:bytes)[ ]*=[ ]*(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))\Z")

_SAFE: Headers = [
    (b"content-disposition", b"attachment"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"accept-ranges", b"bytes"),
]
"""A document is data: a browser saves it and never runs what is in it."""


class Retrieve:
    """Answers reads of Binary."""

    def __init__(self, service: Service) -> None:
        self._documents = service.documents

    async def binary(self, request: Request) -> Answer | None:
        """Give a document, or a part of it; as Binary resource when FHIR was asked for."""
        name = urn(request.path[1])
        actors = await request.enter(names=(name,))
        record = await actors.responder.retrieve(request.path[1])
        request.visit.told(
            [AuditedObject(kind="DocumentEntry", id=name, unique_id=record.unique_id)]
        )
        form = choose_document(request.parameters, request.header(b"accept"), record.mime_type)
        etag = f'"{record.content}"' if form is None else f'"{record.content}-{form.name.lower()}"'
        headers: Headers = [(b"etag", etag.encode()), (b"vary", b"accept")]
        if names(request.header(b"if-none-match"), etag):
            return Answer(304, b"", headers=headers)
        if form is not None:
            return await self._resource(request, record, form, headers)
        start, stop, status = 0, record.size, 200
        match = request.header(b"if-range")
        if match is None or match.strip() == etag:
            part = read_range(request.header(b"range"), record.size)
            if part is not None:
                start, stop = part
                status = 206
                shown = f"bytes {start}-{stop - 1}/{record.size}"
                headers.append((b"content-range", shown.encode()))
        content = self._documents.read(record.content, start, stop)
        await stream(
            request.send,
            status,
            record.mime_type.encode("latin-1", "replace"),
            stop - start,
            _nothing() if request.method == "HEAD" else content,
            [*headers, *_SAFE],
        )
        return None

    async def _resource(
        self, request: Request, record: DocumentRecord, form: Format, headers: Headers
    ) -> Answer | None:
        name, xml = request.path[1], form is Format.XML
        length = binary_length(record.mime_type, record.size, identifier=name, xml=xml)
        content = stream_binary(
            record.mime_type, self._documents.read(record.content), identifier=name, xml=xml
        )
        octets = _nothing() if request.method == "HEAD" else content
        await stream(request.send, 200, XML if xml else JSON, length, octets, headers)
        return None


async def _nothing() -> AsyncIterator[bytes]:
    empty: tuple[bytes, ...] = ()
    for octets in empty:
        yield octets


def read_range(written: str | None, size: int) -> tuple[int, int] | None:
    """Where the part that is asked for begins and ends (exclusive); ``None`` for the whole.

    Several parts at once, other units, and what cannot be read are passed over, as RFC 9110 allows:
    the answer is the whole document.

    Raises:
        RefusedWith: With 416, when the part is outside the document.
    """
    match = _RANGE.match(written.strip()) if written is not None else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, stop = max(0, size - int(suffix)), size
        wrong = int(suffix) == 0
    else:
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
        wrong = bool(last) and int(last) < start
    if wrong or start >= size:
        raise RefusedWith(
            [(b"content-range", f"bytes */{size}".encode())],
            Finding(
                rule="range",
                code=ErrorCode.RANGE_NOT_SATISFIABLE,
                location="Range",
                message=f"the document has {size} octets",
            ),
        )
    return start, stop
