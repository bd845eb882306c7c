"""Content-Transfer-Encoding undone while a part streams in.

Each decoder takes octets as they arrive and gives decoded ones to the function it was made with;
``close`` tells it that the part has ended.

Source:
    RFC 2045: 6.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Protocol

from gateway.codecs.soap.fault import MultipartRefused, shown

Octets = bytes | memoryview
Write = Callable[[Octets], None]

_LONGEST_LINE = 2000
_WHITE_SPACE = b"\r\n\t "
_BROKEN_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n)")


class Decoder(Protocol):
    """Undoes one encoding of one part."""

    def write(self, octets: Octets) -> None:
        """Take the next octets of the part."""
        ...

    def close(self) -> None:
        """Take note that the part has ended."""
        ...


def decoder_for(transfer_encoding: str, where: str, write: Write) -> Decoder:
    """Give the decoder of an encoding by its name in lower case.

    Raises:
        MultipartRefused: When there is no such encoding.
    """
    if transfer_encoding in ("binary", "8bit", "7bit"):
        return _AsItIs(write)
    if transfer_encoding == "base64":
        return _Base64(where, write)
    if transfer_encoding == "quoted-printable":
        return _QuotedPrintable(where, write)
    raise MultipartRefused(
        where,
        f"the Content-Transfer-Encoding {shown(transfer_encoding)} is not known; send binary",
    )


class _AsItIs:
    def __init__(self, write: Write) -> None:
        self.write = write

    def close(self) -> None:
        pass


class _Base64:
    def __init__(self, where: str, write: Write) -> None:
        self._where = where
        self._write = write
        self._rest = b""
        self._ended = False

    def write(self, octets: Octets) -> None:
        data = self._rest + bytes(octets).translate(None, _WHITE_SPACE)
        whole = len(data) - len(data) % 4
        self._rest = data[whole:]
        if whole:
            self._decode(data[:whole])

    def close(self) -> None:
        if self._rest:
            self._refuse()

    def _decode(self, data: bytes) -> None:
        if self._ended:
            self._refuse()
        try:
            decoded = binascii.a2b_base64(data, strict_mode=True)
        except binascii.Error:
            self._refuse()
        self._ended = data.endswith(b"=")
        self._write(decoded)

    def _refuse(self) -> None:
        raise MultipartRefused(
            self._where, "the content is not base64; correct it, or send the part as binary"
        ) from None


class _QuotedPrintable:
    def __init__(self, where: str, write: Write) -> None:
        self._where = where
        self._write = write
        self._line = b""

    def write(self, octets: Octets) -> None:
        data = self._line + bytes(octets)
        whole = data.rfind(b"\n") + 1
        self._line = data[whole:]
        if len(self._line) > _LONGEST_LINE:
            self._refuse("a line of the content is too long for quoted-printable")
        if whole:
            self._decode(data[:whole])

    def close(self) -> None:
        # The line end after a last soft break belongs to the delimiter and did not come.
        line = self._line.removesuffix(b"=")
        if line:
            self._decode(line)

    def _decode(self, data: bytes) -> None:
        if _BROKEN_ESCAPE.search(data):
            self._refuse("the content is not quoted-printable")
        self._write(binascii.a2b_qp(data))

    def _refuse(self, problem: str) -> None:
        raise MultipartRefused(self._where, f"{problem}; correct it, or send the part as binary")
