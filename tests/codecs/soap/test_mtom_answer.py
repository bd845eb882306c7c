"""Outgoing multipart messages: exact octets, honest lengths."""

from __future__ import annotations

import email
from email.message import Message
from typing import Any

import pytest

from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart

PART = OutgoingPart(content_id="doc1@h", content_type="text/plain; charset=utf-8", size=5)


def written(**changed: Any) -> Any:
    arguments: dict[str, Any] = {
        "action": "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
        "parts": [PART],
        "boundary": "B1",
        "root_id": "root@h",
    }
    return write_multipart(changed.pop("root", b"<x/>"), **(arguments | changed))


def test_the_message_is_the_one_the_standard_shows() -> None:
    outgoing = written(root=[b"<x>", b"</x>"])
    assert outgoing.content_type == (
        'multipart/related; boundary=B1; type="application/xop+xml"; start="<root@h>"; '
        'start-info="application/soap+xml"; action="urn:ihe:iti:2007:RetrieveDocumentSetResponse"'
    )
    octets = b"".join(outgoing.chunks([[b"he", memoryview(b"llo")]]))
    assert octets == (
        b"--B1\r\n"
        b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"; '
        b'action="urn:ihe:iti:2007:RetrieveDocumentSetResponse"\r\n'
        b"Content-Transfer-Encoding: Binary\r\nContent-ID: <root@h>\r\n\r\n<x></x>\r\n"
        b"--B1\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: Binary\r\nContent-ID: <doc1@h>\r\n\r\nhello\r\n--B1--\r\n"
    )
    assert outgoing.content_length == len(octets)


def test_another_reader_of_mail_finds_the_same_parts() -> None:
    outgoing = written()
    octets = b"".join(outgoing.chunks([[b"hello"]]))
    mail: Message = email.message_from_bytes(
        f"Content-Type: {outgoing.content_type}\r\n\r\n".encode() + octets
    )
    parts = list(mail.walk())[1:]
    assert [p["Content-ID"] for p in parts] == ["<root@h>", "<doc1@h>"]
    assert [p.get_payload(decode=True) for p in parts] == [b"<x/>", b"hello"]


@pytest.mark.parametrize("content", [[b"hell"], [b"hello", b"!"], []])
def test_a_document_of_another_length_than_announced_is_noticed(content: list[bytes]) -> None:
    with pytest.raises(ValueError, match="announced"):
        list(written().chunks([content]))


def test_a_missing_document_is_noticed() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(written().chunks([]))


@pytest.mark.parametrize(
    "changed",
    [
        {"boundary": ""},
        {"boundary": "b" * 71},
        {"boundary": "b\r\n"},
        {"root": b"<x>B1</x>"},
        {"root_id": "doc1@h"},
        {"root_id": "a b"},
        {"root_id": "a>\r\nX: y"},
        {"parts": [PART, PART]},
        {"parts": [OutgoingPart(content_id="a", content_type="a/b\r\nX: y", size=0)]},
        {"action": "urn:x\r\n"},
    ],
)
def test_what_cannot_be_sent_safely_is_not_written(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"boundary|Content-ID|control"):
        written(**changed)
