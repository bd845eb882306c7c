"""Retrieve Document [ITI-68]: the octets, or a Binary resource around them.

Source:
    IHE MHD 4.2.4: 3.68; HL7 FHIR R4: Binary; RFC 9110: 14 (Range).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from gateway.codecs.fhir.binary import binary_length, stream_binary
from gateway.errors import ErrorCode
from gateway.model.lifecycle import DocumentRecord
from gateway.service import Service
from gateway.web.fhir.interaction import JSON, Answer, Request, is_json, refusal
from gateway.web.http import Headers, stream

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))\Z")

_SAFE: Headers = [
    (b"content-disposition", b"attachment"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"accept-ranges", b"bytes"),
]
"""A document is data: a browser saves it and never runs what is in it."""


class Retrieve:
    """Answers reads of Binary."""

    def __init__(self, service: Service) -> None:
        self._responder = service.responder
        self._documents = service.documents

    async def binary(self, request: Request) -> Answer | None:
        """Give a document, or a part of it; as Binary resource when FHIR JSON was asked for."""
        record = await self._responder.retrieve(request.path[1])
        etag = f'"{record.content}"'.encode()
        headers: Headers = [(b"etag", etag)]
        if etag.decode() in (request.header(b"if-none-match") or ""):
            return Answer(304, b"", headers=headers)
        if _wants_resource(request, record.mime_type):
            return await self._resource(request, record, headers)
        media_type = record.mime_type.encode("latin-1", "replace")
        start, stop, status = 0, record.size, 200
        written = request.header(b"range")
        match = request.header(b"if-range")
        if written is not None and match in (None, etag.decode()):
            part = _part(written, record.size)
            if part is not None:
                start, stop = part
                status = 206
                shown = f"bytes {start}-{stop - 1}/{record.size}"
                headers.append((b"content-range", shown.encode()))
        if request.method == "HEAD":
            await stream(
                request.send, status, media_type, stop - start, _nothing(), [*headers, *_SAFE]
            )
            return None
        content = self._documents.read(record.content, start, stop)
        await stream(request.send, status, media_type, stop - start, content, [*headers, *_SAFE])
        return None

    async def _resource(
        self, request: Request, record: DocumentRecord, headers: Headers
    ) -> Answer | None:
        name = request.path[1]
        length = binary_length(record.mime_type, record.size, identifier=name)
        content = stream_binary(
            record.mime_type, self._documents.read(record.content), identifier=name
        )
        octets = _nothing() if request.method == "HEAD" else content
        await stream(request.send, 200, JSON, length, octets, headers)
        return None


async def _nothing() -> AsyncIterator[bytes]:
    empty: tuple[bytes, ...] = ()
    for octets in empty:
        yield octets


def _wants_resource(request: Request, mime_type: str) -> bool:
    """Whether the answer is a Binary resource; a document that is itself FHIR JSON never is."""
    wanted = [v for n, v in request.parameters if n == "_format"]
    accepted = wanted[-1] if wanted else request.header(b"accept")
    if accepted is None or mime_type in ("application/fhir+json", "application/json"):
        return False
    kinds = [part.partition(";")[0].strip().lower() for part in accepted.split(",")]
    if kinds == ["json"]:
        return True
    if mime_type.lower() in kinds or "*/*" in kinds or f"{mime_type.partition('/')[0]}/*" in kinds:
        return kinds[0] == "application/fhir+json"
    if any(is_json(kind) for kind in kinds):
        return True
    raise refusal(
        ErrorCode.NOT_ACCEPTABLE,
        "media-type",
        "Accept",
        f"the document is {mime_type[:100]}; it can be had so, or as application/fhir+json",
    )


def _part(written: str, size: int) -> tuple[int, int] | None:
    """Where a Range begins and ends (exclusive); ``None`` for what is not understood.

    Raises:
        Refused: When the range is outside the document.
    """
    match = _RANGE.match(written.strip())
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
        raise refusal(
            ErrorCode.RANGE_NOT_SATISFIABLE,
            "range",
            "Range",
            f"the document has {size} octets",
        )
    return start, stop
