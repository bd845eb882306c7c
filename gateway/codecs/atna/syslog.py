"""Syslog messages: the header of RFC 5424 and the framing of RFC 5425.

Source:
    RFC 5424: 6; RFC 5425: 4.3; IHE ITI TF-2: 3.20.4.1 (facility 10, severity 5, MSGID).
"""

from __future__ import annotations

import re

PRIORITY = 10 * 8 + 5
"""Facility security/authorization, severity notice."""

MESSAGE_ID = "IHE+RFC-3881"
_NIL = "-"
_UNPRINTABLE = re.compile(r"[^!-~]")


def write_syslog(
    message: bytes, time: str, *, host: str = "", application: str = "", process: str = ""
) -> bytes:
    """Give a message of UTF-8 text with its header.

    Args:
        time: When it happened, DTM of 14 digits, UTC.
    """
    at = f"{time[:4]}-{time[4:6]}-{time[6:8]}T{time[8:10]}:{time[10:12]}:{time[12:14]}Z"
    header = " ".join(
        (
            f"<{PRIORITY}>1",
            at,
            _field(host, 255),
            _field(application, 48),
            _field(process, 128),
            MESSAGE_ID,
            _NIL,
        )
    )
    # The octet order mark tells a receiver that the text is UTF-8 (RFC 5424: 6.4).
    return header.encode("ascii") + b" \xef\xbb\xbf" + message


def frame(message: bytes) -> bytes:
    """Put the number of octets before a message, as TLS transport has it."""
    return b"%d %s" % (len(message), message)


def _field(text: str, longest: int) -> str:
    return _UNPRINTABLE.sub("_", text)[:longest] or _NIL
