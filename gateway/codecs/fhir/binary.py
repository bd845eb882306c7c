"""Binary: a document's octets as a FHIR resource, in one piece or as they stream by.

Source:
    HL7 FHIR R4: 2.43 Binary; IHE MHD 4.2.4: 2:3.68.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import orjson


def write_binary(content_type: str, content: bytes, *, identifier: str = "") -> bytes:
    """Write a Binary resource."""
    data = base64.b64encode(content)
    return b"".join((_head(content_type, identifier), data, b'"}'))


async def stream_binary(
    content_type: str, chunks: AsyncIterator[bytes], *, identifier: str = ""
) -> AsyncIterator[bytes]:
    """Write a Binary resource while its octets come, without holding them."""
    yield _head(content_type, identifier)
    rest = b""
    async for chunk in chunks:
        octets = rest + chunk if rest else chunk
        whole = len(octets) - len(octets) % 3
        rest = octets[whole:]
        if whole:
            yield base64.b64encode(memoryview(octets)[:whole])
    yield base64.b64encode(rest) + b'"}'


def binary_length(content_type: str, size: int, *, identifier: str = "") -> int:
    """Give how many octets a Binary resource of a document of some size has."""
    return len(_head(content_type, identifier)) + (size + 2) // 3 * 4 + len(b'"}')


def _head(content_type: str, identifier: str) -> bytes:
    members = {"resourceType": "Binary"}
    if identifier:
        members["id"] = identifier
    members["contentType"] = content_type
    return orjson.dumps(members)[:-1] + b',"data":"'
