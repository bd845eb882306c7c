"""The headers of one part of a multipart message.

Source:
    RFC 2045: 3, 6, 7. RFC 5322: 2.2 (folding).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.codecs.soap.content_type import ContentType, read_content_id, read_content_type
from gateway.codecs.soap.fault import MultipartRefused, shown

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHeaders:
    """What a part says about itself.

    Attributes:
        number: The part's place in the message, from 1.
        content_id: Its name, without angle brackets; only a root part may go without.
        content_type: What it holds; None when it does not say.
        transfer_encoding: In lower case; undone before the sink sees the octets.
        others: Every further header, by name in lower case.
    """

    number: int
    content_id: str | None
    content_type: ContentType | None
    transfer_encoding: str
    others: Mapping[str, str]

    @property
    def place(self) -> str:
        """How a refusal names this part."""
        return f"part {self.number}" + (f" <{self.content_id}>" if self.content_id else "")


def read_part_headers(block: bytes, number: int, newline: bytes, most: int) -> PartHeaders:
    """Give the headers of a part.

    Args:
        block: The header lines, without the empty one after them.
        number: The part's place in the message.
        newline: What ends a line in this message.
        most: How many headers there may be.

    Raises:
        MultipartRefused: When they are too many, malformed or contradictory.
    """
    where = f"part {number}"
    headers: dict[str, str] = {}
    lines = _unfold(block, newline) if block else []
    if len(lines) > most:
        raise MultipartRefused(where, f"there are {len(lines)} headers; send at most {most}")
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise MultipartRefused(
                where, f"{shown(line.decode('latin-1'))} is no header; write Name: value"
            )
        key = name.decode("ascii").lower()
        if key in headers:
            raise MultipartRefused(where, f"the header {shown(key)} stands twice; keep one")
        headers[key] = value.strip().decode("utf-8", "replace")
    content_id = headers.pop("content-id", None)
    content_type = headers.pop("content-type", None)
    transfer_encoding = headers.pop("content-transfer-encoding", "binary")
    return PartHeaders(
        number=number,
        content_id=None if content_id is None else read_content_id(content_id, where),
        content_type=(
            None
            if content_type is None
            else read_content_type(content_type, f"{where}, Content-Type")
        ),
        transfer_encoding=transfer_encoding.lower(),
        others=MappingProxyType(headers),
    )


def _unfold(block: bytes, newline: bytes) -> list[bytes]:
    lines: list[list[bytes]] = []
    for line in block.split(newline):
        if line.startswith((b" ", b"\t")) and lines:
            lines[-1].append(line)
        else:
            lines.append([line])
    return [b"".join(pieces) for pieces in lines]
