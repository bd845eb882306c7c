"""Page cursors: where an answer continues, opaque to the client and bound to its question.

A cursor is the place of the last object of a page, enciphered and authenticated with a key of the
server (a synthetic-IV construction over HMAC-SHA-256), so that a client learns nothing from it,
cannot make one up, and cannot carry one over to another search.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from gateway.errors import ErrorCode, Finding, Refused

_TAG = 16
_BLOCK = 16

Place = tuple[str | int, ...]
"""The key of an object, and the values its answer is ordered by."""


def _mac(secret: bytes, purpose: bytes, *parts: bytes) -> bytes:
    digest = hmac.new(secret, purpose, hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _crypt(octets: bytes, tag: bytes, secret: bytes) -> bytes:
    """Encipher or decipher: both are the same."""
    stream = b"".join(
        _mac(secret, b"cursor-stream", tag, number.to_bytes(4, "big"))
        for number in range(len(octets) // 32 + 1)
    )
    return bytes(a ^ b for a, b in zip(octets, stream, strict=False))


def write_cursor(place: Sequence[str | int], scope: str, secret: bytes) -> str:
    """Give the cursor of the page after the object at a place.

    Args:
        place: Of the last object of the page before: its key first.
        scope: The question, and whoever asks it: the cursor opens in the same scope only.
        secret: The server's key.
    """
    plain = json.dumps(list(place)).encode()
    # In whole blocks, so that its length tells little.
    plain += b" " * (-len(plain) % _BLOCK)
    tag = _mac(secret, b"cursor-tag", scope.encode(), plain)[:_TAG]
    return base64.urlsafe_b64encode(tag + _crypt(plain, tag, secret)).decode("ascii")


def read_cursor(text: str, scope: str, secret: bytes, *, is_secret: bool = False) -> Place:
    """Give the place a cursor stands for.

    Args:
        text: The cursor.
        scope: As it was written with.
        secret: The server's key.
        is_secret: Pages are for whoever asked for the first one: a link of somebody else's leads
            nowhere.

    Raises:
        Refused: The cursor is not ours, was changed, or belongs to another search.
    """
    try:
        octets = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    tag, hidden = octets[:_TAG], octets[_TAG:]
    plain = _crypt(hidden, tag, secret)
    expected = _mac(secret, b"cursor-tag", scope.encode(), plain)[:_TAG]
    if not hidden or not hmac.compare_digest(tag, expected):
        raise Refused(
            Finding(
                rule="cursor",
                code=ErrorCode.NOT_FOUND if is_secret else ErrorCode.INVALID_SEARCH,
                location="_cursor",
                message="this page link does not belong to this search; start it again",
            )
        )
    return tuple(json.loads(plain))
