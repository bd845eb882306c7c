"""A multipart message on its way out: the octets around each document, none of the documents.

The caller sends what :class:`OutgoingMultipart` holds and, between the pieces, each document's
octets from wherever they are; the length of the whole is known before the first one is read.

Source:
    RFC 2387. XOP 1.0: 4.1. IHE ITI TF-2: Appendix V.3.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gateway.codecs.soap.content_type import (
    RELATED_TYPE,
    SOAP_TYPE,
    XOP_TYPE,
    ContentType,
    write_content_type,
)

_CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,998}")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=?]{1,70}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPart:
    """One document to be sent.

    Attributes:
        content_id: The name an Include refers to it by, without angle brackets.
        content_type: Its media type.
        size: Its octets.
    """

    content_id: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMultipart:
    """Everything of a message but its documents.

    Attributes:
        content_type: The message's Content-Type header.
        content_length: Octets of the whole, documents included.
        opening: What comes first: the SOAP part, in as many pieces as it was given.
        prefixes: What comes before each document.
        ending: What comes last.
        sizes: Octets of each document.
    """

    content_type: str
    content_length: int
    opening: tuple[bytes, ...]
    prefixes: tuple[bytes, ...]
    ending: bytes
    sizes: tuple[int, ...]

    def chunks(
        self, contents: Iterable[Iterable[bytes | memoryview]]
    ) -> Iterator[bytes | memoryview]:
        """Yield the whole message, taking each document's octets when its turn comes.

        Raises:
            ValueError: When a document is not as long as was announced.
        """
        yield from self.opening
        for prefix, size, content in zip(self.prefixes, self.sizes, contents, strict=True):
            yield prefix
            sent = 0
            for chunk in content:
                sent += len(chunk)
                yield chunk
            if sent != size:
                raise ValueError(f"a document of {size} octets was announced, {sent} were sent")
        yield self.ending


def write_multipart(
    root: bytes | Sequence[bytes],
    *,
    action: str,
    parts: Sequence[OutgoingPart],
    boundary: str,
    root_id: str = "root@gateway",
) -> OutgoingMultipart:
    """Give the message around an envelope and its documents.

    Args:
        root: The envelope, or its pieces in order.
        action: The ``wsa:Action`` of the envelope.
        parts: The documents, in order.
        boundary: New for each message and so random that no document holds it.
        root_id: The Content-ID of the SOAP part.

    Raises:
        ValueError: When a name cannot stand in a header, or the envelope holds the boundary.
    """
    pieces = [root] if isinstance(root, bytes) else list(root)
    names = [root_id, *(part.content_id for part in parts)]
    if not _BOUNDARY.fullmatch(boundary) or any(boundary.encode() in p for p in pieces):
        raise ValueError("the boundary is malformed or occurs in the envelope")
    if len(set(names)) != len(names) or not all(_CONTENT_ID.fullmatch(n) for n in names):
        raise ValueError("a Content-ID is malformed or stands twice")
    opening = (
        f"--{boundary}\r\n".encode()
        + _headers(
            _typed(XOP_TYPE, {"charset": "UTF-8", "type": SOAP_TYPE, "action": action}), root_id
        ),
        *pieces,
    )
    prefixes = tuple(
        f"\r\n--{boundary}\r\n".encode() + _headers(part.content_type, part.content_id)
        for part in parts
    )
    ending = f"\r\n--{boundary}--\r\n".encode()
    sizes = tuple(part.size for part in parts)
    return OutgoingMultipart(
        content_type=_typed(
            RELATED_TYPE,
            {
                "boundary": boundary,
                "type": XOP_TYPE,
                "start": f"<{root_id}>",
                "start-info": SOAP_TYPE,
                "action": action,
            },
        ),
        content_length=sum(map(len, opening)) + sum(map(len, prefixes)) + sum(sizes) + len(ending),
        opening=opening,
        prefixes=prefixes,
        ending=ending,
        sizes=sizes,
    )


def _typed(media_type: str, parameters: dict[str, str]) -> str:
    return write_content_type(ContentType(media_type, MappingProxyType(parameters)))


def _headers(content_type: str, content_id: str) -> bytes:
    if not content_type.isprintable():
        raise ValueError("a content type holds a control character")
    # The capital is for zeep (4.3.3 and before), which cuts line ends off both ends of a part whose
    # encoding is spelled "binary", and so would get nearly every text document changed. Case means
    # nothing here (RFC 2045: 6.1).
    return (
        f"Content-Type: {content_type}\r\n"
        "Content-Transfer-Encoding: Binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    ).encode()
