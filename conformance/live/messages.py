"""Messages as they leave: the envelope, its addressing, and MTOM around both.

Written here and not with the gateway's codecs, so that a mistake of theirs is not made twice.

Source:
    SOAP 1.2 part 1; WS-Addressing 1.0; RFC 2387; XOP 1.0; IHE ITI TF-2: Appendix V.3.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from conformance.suite.edits import DECLARED
from gateway.codecs.xml import escape_text as escape

QUERY_ACTION: Final = "urn:ihe:iti:2007:RegistryStoredQuery"
ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A document beside a message."""

    content_id: str
    content_type: str
    octets: bytes


def envelope(body: str, *, action: str, to: str, message_id: str) -> str:
    """Give a SOAP 1.2 envelope with the addressing of a request whose answer is waited for."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope {DECLARED}><s:Header>'
        f'<wsa:Action s:mustUnderstand="1">{escape(action)}</wsa:Action>'
        f"<wsa:MessageID>{escape(message_id)}</wsa:MessageID>"
        f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
        f'<wsa:To s:mustUnderstand="1">{escape(to)}</wsa:To></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def soap_headers(action: str) -> dict[str, str]:
    """Give the headers of a message without documents."""
    return {"content-type": f'application/soap+xml; charset=UTF-8; action="{action}"'}


def multipart(
    root: bytes, parts: Sequence[Part], *, action: str, start: bool = True
) -> tuple[str, bytes]:
    """Give Content-Type and body of an MTOM message.

    Args:
        start: Whether the header says which part is the message; it is the first one always.
    """
    boundary = f"conformance-{secrets.token_hex(12)}"
    root_id = "message@conformance.example"
    pieces = [
        f"--{boundary}\r\n"
        'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n'
        "Content-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{root_id}>\r\n\r\n".encode(),
        root,
    ]
    for part in parts:
        head = (
            f"\r\n--{boundary}\r\nContent-Type: {part.content_type}\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: <{part.content_id}>\r\n\r\n"
        )
        pieces += [head.encode(), part.octets]
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    first = f'start="<{root_id}>"; ' if start else ""
    return (
        f'multipart/related; boundary="{boundary}"; type="application/xop+xml"; {first}'
        f'start-info="application/soap+xml"; action="{action}"',
        b"".join(pieces),
    )
