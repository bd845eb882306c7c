"""Page cursors: where an answer continues, opaque to the client and bound to its question.

A cursor is the key of the last object of a page, enciphered and authenticated with a key of the
server (a synthetic-IV construction over HMAC-SHA-256), so that a client learns nothing from it,
cannot make one up, and cannot carry one over to another search.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from gateway.errors import ErrorCode, Finding, Refused

_LENGTH = 8
_TAG = 16


def _mac(secret: bytes, purpose: bytes, *parts: bytes) -> bytes:
    digest = hmac.new(secret, purpose, hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def write_cursor(after: int, scope: str, secret: bytes) -> str:
    """Give the cursor of the page after the object with a key.

    Args:
        after: Key of the last object of the page before.
        scope: The question, and whoever asks it: the cursor opens in the same scope only.
        secret: The server's key.
    """
    plain = after.to_bytes(_LENGTH, "big", signed=True)
    tag = _mac(secret, b"cursor-tag", scope.encode(), plain)[:_TAG]
    stream = _mac(secret, b"cursor-stream", tag)
    hidden = bytes(a ^ b for a, b in zip(plain, stream, strict=False))
    return base64.urlsafe_b64encode(tag + hidden).decode("ascii")


def read_cursor(text: str, scope: str, secret: bytes) -> int:
    """Give the key a cursor stands for.

    Raises:
        Refused: The cursor is not ours, was changed, or belongs to another search.
    """
    try:
        octets = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    tag, hidden = octets[:_TAG], octets[_TAG:]
    plain = bytes(a ^ b for a, b in zip(hidden, _mac(secret, b"cursor-stream", tag), strict=False))
    expected = _mac(secret, b"cursor-tag", scope.encode(), plain)[:_TAG]
    if len(octets) != _TAG + _LENGTH or not hmac.compare_digest(tag, expected):
        raise Refused(
            Finding(
                rule="cursor",
                code=ErrorCode.INVALID_SEARCH,
                location="_cursor",
                message="this page link does not belong to this search; start it again",
            )
        )
    return int.from_bytes(plain, "big", signed=True)
