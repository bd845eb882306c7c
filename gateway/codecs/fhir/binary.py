"""Binary: a document's octets as a FHIR resource, in one piece or as they stream by.

Source:
    HL7 FHIR R4: 2.43 Binary; IHE MHD 4.2.4: 2:3.68.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from gateway.codecs.fhir.xml import NAMESPACE
from gateway.codecs.xml import escape_attribute


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands around a document's octets; without octets there is no ``data`` at all."""

    head: bytes
    opening: bytes
    closing: bytes
    tail: bytes


def write_binary(
    content_type: str, content: bytes, *, identifier: str = "", xml: bool = False
) -> bytes:
    """Write a Binary resource."""
    frame = _frame(content_type, identifier, xml)
    if not content:
        return frame.head + frame.tail
    data = base64.b64encode(content)
    return b"".join((frame.head, frame.opening, data, frame.closing, frame.tail))


async def stream_binary(
    content_type: str, chunks: AsyncIterator[bytes], *, identifier: str = "", xml: bool = False
) -> AsyncIterator[bytes]:
    """Write a Binary resource while its octets come, without holding them."""
    frame = _frame(content_type, identifier, xml)
    yield frame.head
    rest, opening = b"", frame.opening
    async for chunk in chunks:
        octets = rest + chunk if rest else chunk
        whole = len(octets) - len(octets) % 3
        rest = octets[whole:]
        if whole:
            yield opening + base64.b64encode(memoryview(octets)[:whole])
            opening = b""
    if rest:
        yield opening + base64.b64encode(rest)
        opening = b""
    yield frame.tail if opening else frame.closing + frame.tail


def binary_length(content_type: str, size: int, *, identifier: str = "", xml: bool = False) -> int:
    """Give how many octets a Binary resource of a document of some size has."""
    frame = _frame(content_type, identifier, xml)
    around = len(frame.head) + len(frame.tail)
    if not size:
        return around
    return around + len(frame.opening) + (size + 2) // 3 * 4 + len(frame.closing)


def _frame(content_type: str, identifier: str, xml: bool) -> _Frame:
    if xml:
        named = f'<id value="{escape_attribute(identifier)}"/>' if identifier else ""
        described = f'<contentType value="{escape_attribute(content_type)}"/>'
        head = f'<Binary xmlns="{NAMESPACE}">{named}{described}'
        return _Frame(head.encode(), b'<data value="', b'"/>', b"</Binary>")
    members = {"resourceType": "Binary"}
    if identifier:
        members["id"] = identifier
    members["contentType"] = content_type
    return _Frame(orjson.dumps(members)[:-1], b',"data":"', b'"', b"}")
