"""Multipart messages: any chunking gives the same parts, and what breaks a rule is refused."""

from __future__ import annotations

import base64
import quopri
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.soap.content_type import announced_actions, read_content_type
from gateway.codecs.soap.envelope import read_envelope
from gateway.codecs.soap.fault import MultipartRefused
from gateway.codecs.soap.mtom import (
    DEFAULT_LIMITS,
    MultipartLimits,
    MultipartReader,
    ReceivedMultipart,
)
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.soap.xop import read_includes, read_inline
from tests.shared import shared

RELATED = 'multipart/related; type="application/xop+xml"; boundary=B'
ROOT = (
    b"--B\r\nContent-Type: application/xop+xml; charset=UTF-8; "
    b'type="application/soap+xml"\r\nContent-ID: <root>\r\n\r\n<x/>\r\n'
)
END = b"--B--\r\n"


class Gathering:
    """A sink that keeps what it was given, for the test to look at."""

    def __init__(self, headers: PartHeaders) -> None:
        self.headers = headers
        self.octets = b""
        self.closed = False

    def write(self, octets: bytes | memoryview) -> None:
        assert not self.closed
        self.octets += octets

    def close(self) -> None:
        assert not self.closed
        self.closed = True


def read(
    chunks: bytes | Iterable[bytes],
    content_type: str = RELATED,
    limits: MultipartLimits = DEFAULT_LIMITS,
) -> tuple[ReceivedMultipart, dict[str, bytes]]:
    reader = MultipartReader(read_content_type(content_type), Gathering, limits)
    for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
        reader.feed(chunk)
    message = reader.close()
    contents = {}
    for part in message.parts:
        assert isinstance(part.sink, Gathering)
        assert part.sink.closed
        assert part.sink.headers is part.headers
        assert part.size == len(part.sink.octets)
        contents[part.headers.content_id or ""] = part.sink.octets
    assert tuple(contents) == message.content_ids
    return message, contents


def refusal(octets: bytes, **arguments: Any) -> MultipartRefused:
    refusals = []
    for size in (len(octets) or 1, 1, 7):
        with pytest.raises(MultipartRefused) as refused:
            read((octets[at : at + size] for at in range(0, len(octets), size)), **arguments)
        assert 400 <= refused.value.http_status < 500
        assert "; " in refused.value.message
        assert len(str(refused.value)) < 600
        refusals.append(refused.value)
    assert len({str(r) for r in refusals}) == 1, "the chunking changes the answer"
    return refusals[0]


def part(name: str, content: bytes, *headers: str) -> bytes:
    lines = "".join(f"{h}\r\n" for h in (f"Content-ID: <{name}>", *headers))
    return b"--B\r\n" + lines.encode() + b"\r\n" + content + b"\r\n"


def sample(name: str) -> tuple[str, bytes]:
    octets = shared(f"reference/examples/{name}").read_bytes()
    head, _, body = octets.partition(b"\r\n\r\n")
    return head.decode().partition("Content-Type: ")[2], body


def test_the_sample_submission_is_read_whole_with_its_document() -> None:
    header, body = sample("iti41-request.mtom")
    message, contents = read(body, header)
    assert contents == {
        "doc1@demo.example.org": b"Compte rendu de demonstration, sans donnee reelle.\n"
    }
    (received,) = message.parts
    assert received.headers.content_type == read_content_type("text/plain")
    assert received.headers.transfer_encoding == "binary"
    assert message.root_headers.content_id == "root@demo.example.org"

    actions = announced_actions(read_content_type(header), message.root_headers.content_type)
    assert actions == ("urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",)
    envelope = read_envelope(message.root, announced_actions=actions)
    includes = read_includes(envelope.body, message.content_ids)
    assert {e.get("id"): name for e, name in includes.items()} == {
        "Document01": "doc1@demo.example.org"
    }


@pytest.mark.parametrize("name", ["iti41-response.mtom", "iti43-response.mtom"])
def test_a_sample_answer_is_read_whole(name: str) -> None:
    header, body = sample(name)
    message, contents = read(body, header)
    envelope = read_envelope(message.root, answer=True)
    assert envelope.relates_to is not None
    assert set(read_includes(envelope.body, message.content_ids).values()) == set(contents)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Xop", ["1.b5b57d7287e4fa4b528a8f050c41f8ad829c20332f23b48d@apache.org"]),
        ("encodedURL", ["fdf975cc-9f08-4d94-b7f6-99f4807f3654-1@urn:ihe:iti:xds-b:2007"]),
        ("NoXop", []),
    ],
)
def test_a_message_of_the_public_toolkit_with_bare_line_ends_is_read(
    name: str, names: list[str]
) -> None:
    folder = shared(f"cases/nist/testkit/tests/PnrXop/{name}")
    plan = (folder / "testplan.xml").read_text()
    header = next(line for line in plan.splitlines() if "multipart/related" in line)
    message, contents = read((folder / "body.txt").read_bytes(), header.partition(":")[2].strip())
    envelope = read_envelope(message.root)
    assert list(read_includes(envelope.body, message.content_ids).values()) == names
    if names:
        assert contents[names[0]].startswith(b"This is my document.\n")
    else:
        (document,) = envelope.body.iter("{urn:ihe:iti:xds-b:2007}Document")
        assert read_inline(document) == b"This is my document.\r\n\r\nIt is great!\r\n"


# Everything that looks like the end of a part and is none.
LOOKALIKES = [b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--", b"--B", b"\r\n--b", b"B", b"\r\n--A"]
CONTENTS = st.binary(max_size=200) | st.lists(
    st.sampled_from([*LOOKALIKES, b"\r\n--BB", b"\r\n--B-", b"\r\n--B x", b"\x00"]), max_size=30
).map(b"".join)
DELIMITERS = (b"\r\n--B\r\n", b"\r\n--B \r\n", b"\r\n--B--", b"\r\n--B\t")


def is_sendable(content: bytes) -> bool:
    """Whether a content can stand between boundaries B: no writer would choose one that occurs."""
    whole = b"\r\n" + content + b"\r\n"
    return not any(d in whole for d in DELIMITERS)


@settings(max_examples=300)
@given(
    contents=st.lists(CONTENTS.filter(is_sendable), max_size=4),
    root=CONTENTS.filter(lambda c: b"B" not in c),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=20),
)
def test_what_is_written_is_read_in_any_chunks(
    contents: list[bytes], root: bytes, sizes: list[int]
) -> None:
    outgoing = write_multipart(
        root,
        action="urn:x",
        parts=[
            OutgoingPart(content_id=f"{n}@x", content_type="text/plain", size=len(c))
            for n, c in enumerate(contents)
        ],
        boundary="B",
    )
    octets = b"".join(outgoing.chunks([[c] for c in contents]))
    assert len(octets) == outgoing.content_length

    chunks: list[bytes] = []
    at = 0
    while at < len(octets):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(octets[at : at + size])
        at += size
    message, received = read(chunks, outgoing.content_type)
    assert message.root == root
    assert list(received.values()) == contents
    assert announced_actions(message.root_headers.content_type) == ("urn:x",)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_both_line_ends_are_read_when_a_message_keeps_to_one(newline: bytes, size: int) -> None:
    octets = ROOT + part("d", b"1\r\n2\n3\r") + END
    octets = octets.replace(b"1\r\n2\n3\r", b"@").replace(b"\r\n", newline)
    octets = octets.replace(b"@", b"1\r\n2\n3\r")
    _, contents = read(octets[at : at + size] for at in range(0, len(octets), size))
    assert contents == {"d": b"1\r\n2\n3\r"}


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_root_part_is_the_named_one_wherever_it_stands(size: int) -> None:
    octets = b"preamble\r\n" + part("d", b"document") + ROOT + part("e", b"") + END
    chunks = (octets[at : at + size] for at in range(0, len(octets), size))
    message, contents = read(chunks, RELATED + '; start="<root>"')
    assert (message.root, message.root_headers.number) == (b"<x/>", 2)
    assert contents == {"d": b"document", "e": b""}


def test_padding_folding_epilogue_and_missing_headers_are_read() -> None:
    octets = (
        b"--B  \t\r\nContent-Type: application/xop+xml;\r\n charset=UTF-8;\r\n"
        b'\ttype="application/soap+xml"\r\n\r\n<x/>\r\n--B \r\n'
        b'CONTENT-ID: d\r\nContent-Disposition: attachment; filename="\xc3\xa9.pdf"\r\n\r\n'
        b"y\r\n--B--  \r\n\r\n"
    )
    message, contents = read(octets)
    assert contents == {"d": b"y"}
    assert message.root_headers.content_id is None
    assert message.parts[0].headers.content_type is None
    assert message.parts[0].headers.others == {
        "content-disposition": 'attachment; filename="é.pdf"'
    }


def test_a_part_may_end_right_after_its_headers() -> None:
    octets = ROOT + b"--B\r\nContent-ID: <d>\r\n\r\n--B--"
    for size in (1, len(octets)):
        _, contents = read(octets[at : at + size] for at in range(0, len(octets), size))
        assert contents == {"d": b""}


@given(st.binary(max_size=300), st.integers(1, 50))
def test_base64_and_quoted_printable_are_undone_while_streaming(content: bytes, size: int) -> None:
    octets = (
        ROOT
        + part("b", base64.encodebytes(content), "Content-Transfer-Encoding: Base64")
        + part("q", quopri.encodestring(content), "Content-Transfer-Encoding: quoted-printable")
        + part("8", content.replace(b"\r\n--B", b""), "Content-Transfer-Encoding: 8bit")
        + END
    )
    _, contents = read(octets[at : at + size] for at in range(0, len(octets), size))
    assert contents["b"] == content
    assert contents["q"] == content


BAD_ENCODINGS = {
    "base64 of another alphabet": part("d", b"AA-_", "Content-Transfer-Encoding: base64"),
    "base64 cut short": part("d", b"AAA", "Content-Transfer-Encoding: base64"),
    "base64 after its end": part("d", b"AA==AAAA", "Content-Transfer-Encoding: base64"),
    "base64 of padding": part("d", b"====", "Content-Transfer-Encoding: base64"),
    "half a quoted octet": part("d", b"a=4", "Content-Transfer-Encoding: quoted-printable"),
    "a quoted nothing": part("d", b"a=zz\n", "Content-Transfer-Encoding: quoted-printable"),
    "a quoted line without end": part(
        "d", b"a" * 2100, "Content-Transfer-Encoding: quoted-printable"
    ),
    "an unknown encoding": part("d", b"a", "Content-Transfer-Encoding: x-uuencode"),
    "two encodings": part("d", b"a", *["Content-Transfer-Encoding: binary"] * 2),
}


@pytest.mark.parametrize("broken", BAD_ENCODINGS.values(), ids=BAD_ENCODINGS.keys())
def test_a_content_that_is_not_what_it_says_is_refused(broken: bytes) -> None:
    assert refusal(ROOT + broken + END).where.startswith("part 2")


BROKEN = {
    "nothing": b"",
    "no boundary at all": b"x" * 100,
    "no boundary in a long message": b"x" * 5000,
    "another boundary": ROOT.replace(b"--B", b"--C") + b"--C--",
    "the end only": b"--B--\r\n",
    "a first boundary in the middle of a line": b"x" + ROOT,
    "a long preamble": b"x" * 1023 + b"\r\n" + ROOT + END,
    "a long epilogue": ROOT + END + b"\r\n" * 600,
    "no end": ROOT,
    "half an end": ROOT + b"--B-",
    "an end without line": ROOT + b"--B",
    "an end in the headers": ROOT + b"--B\r\nContent-ID: <d>\r\n",
    "text after the end": ROOT + b"--B--x",
    "the same Content-ID twice": ROOT + part("d", b"1") + part("d", b"2") + END,
    "a document called like the root": ROOT + part("root", b"1") + END,
    "a document without Content-ID": ROOT + b"--B\r\n\r\nx\r\n" + END,
    "an empty Content-ID": ROOT + part("", b"x") + END,
    "Content-ID twice": ROOT + part("d", b"x", "Content-ID: <e>") + END,
    "a header without colon": ROOT + part("d", b"x", "hello") + END,
    "a header without name": ROOT + part("d", b"x", ": hello") + END,
    "a header with NUL": ROOT + part("d", b"x", "X: a\x00b") + END,
    "a header with a bare line feed": ROOT + part("d", b"x", "X: a\nb") + END,
    "a broken Content-Type": ROOT + part("d", b"x", "Content-Type: text") + END,
    "a root part of text": ROOT.replace(b"application/xop+xml", b"text/xml") + END,
    "a root part of SOAP 1.1": ROOT.replace(b"application/soap+xml", b"text/xml") + END,
    "a root part of nothing": b"--B\r\n\r\n<x/>\r\n" + END,
    "17 headers": ROOT + part("d", b"x", *[f"X-{n}: y" for n in range(16)]) + END,
    "headers of 9 KiB": ROOT + part("d", b"x", "X: " + "y" * 9000) + END,
    "headers without end": ROOT + b"--B\r\nX: " + b"y" * 20_000,
    "101 parts": ROOT + b"".join(part(f"{n}", b"") for n in range(100)) + END,
}


@pytest.mark.parametrize("octets", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_message_is_refused_in_the_same_words_for_any_chunking(octets: bytes) -> None:
    refusal(octets)


def test_a_start_that_names_no_part_is_refused() -> None:
    refused = refusal(ROOT + part("d", b"x") + END, content_type=RELATED + "; start=other")
    # The first part is a document then, and it has a name, so only the end shows what is missing.
    assert refused.where == "Content-Type, start"


def test_16_headers_8_kib_of_headers_100_parts_and_a_kibibyte_before_them_are_read() -> None:
    read(ROOT + part("d", b"x", *[f"X-{n}: y" for n in range(15)]) + END)
    fill = 8192 - len("Content-ID: <d>\r\nX: ")
    read(ROOT + part("d", b"x", "X: " + "y" * fill) + END)
    assert refusal(ROOT + part("d", b"x", "X: " + "y" * (fill + 1)) + END).where == "part 2"
    _, contents = read(ROOT + b"".join(part(f"{n}", b"") for n in range(99)) + END)
    assert len(contents) == 99
    read(b"x" * 1022 + b"\r\n" + ROOT + END + b" " * 1022)


def test_the_limits_on_sizes_hold_at_the_limit_and_one_above() -> None:
    octets = ROOT + part("d", b"12345") + END
    for limits in (
        MultipartLimits(root=4),
        MultipartLimits(part=5),
        MultipartLimits(total=len(octets)),
        MultipartLimits(parts=2),
    ):
        read(octets, limits=limits)
    for limits, where in (
        (MultipartLimits(root=3), "part 1 <root>"),
        (MultipartLimits(part=4), "part 2 <d>"),
        (MultipartLimits(total=len(octets) - 1), "message"),
    ):
        refused = refusal(octets, limits=limits)
        assert (refused.where, refused.http_status) == (where, 413)


def test_a_refused_reader_stays_refused_and_closes_no_sink() -> None:
    sinks: list[Gathering] = []

    def keep(headers: PartHeaders) -> Gathering:
        sinks.append(Gathering(headers))
        return sinks[-1]

    reader = MultipartReader(read_content_type(RELATED), keep, MultipartLimits(part=3))
    reader.feed(ROOT + b"--B\r\nContent-ID: <d>\r\n\r\n123")
    with pytest.raises(MultipartRefused) as first:
        reader.feed(b"45")
    for again in (lambda: reader.feed(b""), reader.close):
        with pytest.raises(MultipartRefused) as later:
            again()
        assert later.value is first.value
    assert [s.closed for s in sinks] == [False]


def test_a_failing_sink_is_not_the_senders_fault() -> None:
    class Full(Gathering):
        def write(self, octets: bytes | memoryview) -> None:
            raise OSError("no space left")

    reader = MultipartReader(read_content_type(RELATED), Full)
    with pytest.raises(OSError, match="no space"):
        reader.feed(ROOT + part("d", b"x"))


def work_for(octets: bytes, size: int) -> tuple[int, int]:
    """Count the calls a message takes, and the octets that are read a second time."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    again = 0
    reader = MultipartReader(read_content_type(RELATED), Gathering)
    sys.setprofile(count)
    try:
        for at in range(0, len(octets), size):
            reader.feed(octets[at : at + size])
            again += len(reader._carry)
    finally:
        sys.setprofile(None)
    return calls, again


@pytest.mark.parametrize("size", [1, 64, 4096])
@pytest.mark.parametrize("lookalike", [b"\r\n--", b"\r", b"\r\n--B\t\tx", b"\r\n--B-", b"a"])
def test_twice_the_octets_take_twice_the_work(lookalike: bytes, size: int) -> None:
    def message(length: int) -> bytes:
        return ROOT + part("d", (lookalike * length)[:length]) + END

    calls, again = work_for(message(20_000), size)
    calls_twice, again_twice = work_for(message(40_000), size)
    assert calls_twice <= 2.1 * calls + 100
    assert again_twice <= 2.1 * again + 200
    # Each call looks at one chunk and what was kept before it: at most a delimiter line.
    assert again_twice <= (40_500 // size + 1) * (len(b"\r\n--B") + 66)


def test_many_small_headers_in_single_octets_are_searched_once() -> None:
    def message(parts: int) -> bytes:
        return ROOT + b"".join(part(f"{n}", b"", "X: " + "y" * 2000) for n in range(parts)) + END

    calls, again = work_for(message(5), 1)
    calls_twice, again_twice = work_for(message(10), 1)
    assert calls_twice <= 2.1 * calls
    assert again_twice <= 2.1 * again + 200


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([
            ROOT, END, b"--B", b"\r\n", b"--", b"Content-ID: <d>", b"Content-ID: <e>\r\n\r\n", b":",
            b"Content-Transfer-Encoding: base64\r\n", b"AAAA", b"=", b" ", b"\n", b"x" * 100,
        ]),
        max_size=14,
    ).map(b"".join)
    | st.binary(max_size=200),
    st.integers(1, 40),
)  # fmt: skip
def test_any_octets_are_read_or_refused_the_same_in_any_chunks(octets: bytes, size: int) -> None:
    def outcome(chunks: Iterable[bytes]) -> object:
        try:
            message, contents = read(chunks)
        except MultipartRefused as refused:
            return str(refused)
        return message.root, contents

    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert outcome(pieces) == outcome([octets])
