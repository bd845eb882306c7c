"""Which document stands in which part: one to one, and nowhere else."""

from __future__ import annotations

from itertools import permutations
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.codecs.soap.fault import MultipartRefused
from gateway.codecs.soap.namespaces import XOP
from gateway.codecs.soap.xop import read_includes, read_inline, write_include
from gateway.codecs.xml import XmlRefused, read_xml


def documents(*contents: str) -> bytes:
    held = "".join(f"<d>{content}</d>" for content in contents)
    return f'<r xmlns:x="{XOP}">{held}</r>'.encode()


def include(href: str) -> str:
    return f'<x:Include href="{href}"/>'


def meant(octets: bytes, *names: str) -> list[str]:
    return list(read_includes(read_xml(octets), names).values())


@pytest.mark.parametrize("order", list(permutations(["a@h", "b@h", "c@h"])))
def test_each_document_gets_its_own_part_in_any_order(order: tuple[str, ...]) -> None:
    octets = documents(*(include(f"cid:{name}") for name in order))
    assert meant(octets, "a@h", "b@h", "c@h") == list(order)


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("cid:a@h", "a@h"),
        ("CID:a@h", "a@h"),
        ("cid:a%40h", "a@h"),
        ("cid:http%3A%2F%2Ftempuri.org%2F0", "http://tempuri.org/0"),
        ("cid:1@urn%3Aihe%3Aiti%3Axds-b%3A2007", "1@urn:ihe:iti:xds-b:2007"),
        ("cid:1@urn%3Aihe%3Aiti%3Axds-b%3A2007", "1@urn%3Aihe%3Aiti%3Axds-b%3A2007"),
        ("cid:a%2540h", "a%40h"),
        ("cid:a+b@h", "a+b@h"),
        ("cid:100%@h", "100%@h"),
        ("cid:%ff@h", "%ff@h"),
    ],
)
def test_a_reference_is_decoded_once(href: str, name: str) -> None:
    assert meant(documents(include(href)), name) == [name]


@pytest.mark.parametrize(
    "href",
    [
        "",
        "a@h",
        "#a@h",
        "http://127.0.0.1:9/a@h",
        "https://a@h",
        "file:///etc/passwd",
        "ftp://a@h",
        "data:text/plain,a@h",
        "jar:a@h",
        "mid:a@h",
        " cid:a@h",
        "cid:",
        "cid:A@h",
        "cid:a%2540h",
        "cid:&lt;a@h>",
        "cid:a@h#x",
        "cid:a@h/b",
        "cid%3Aa@h",
    ],
)
def test_a_reference_to_anything_else_is_refused(href: str) -> None:
    with pytest.raises(MultipartRefused) as refused:
        meant(documents(include(href)), "a@h")
    assert refused.value.where == "line 1, Include"


CONFUSED = {
    "a part used twice": (documents(include("cid:a@h"), include("cid:a%40h")), ["a@h"]),
    "a part used by nobody": (documents(include("cid:a@h")), ["a@h", "b@h"]),
    "a part nobody asked for": (documents("AAAA"), ["a@h"]),
    "a missing part": (documents(include("cid:a@h")), []),
    "no href": (documents("<x:Include/>"), ["a@h"]),
    "two Includes in one document": (
        documents(include("cid:a@h") + include("cid:b@h")),
        ["a@h", "b@h"],
    ),
    "an Include in an Include": (
        documents(f'<x:Include href="cid:a@h">{include("cid:b@h")}</x:Include>'),
        ["a@h", "b@h"],
    ),
    "text before an Include": (documents("AAAA" + include("cid:a@h")), ["a@h"]),
    "text after an Include": (documents(include("cid:a@h") + "AAAA"), ["a@h"]),
    "two spellings that are two parts": (documents(include("cid:a%40h")), ["a@h", "a%40h"]),
}


@pytest.mark.parametrize(("octets", "names"), CONFUSED.values(), ids=CONFUSED.keys())
def test_a_mapping_that_is_not_one_to_one_is_refused(octets: bytes, names: list[str]) -> None:
    with pytest.raises(MultipartRefused) as refused:
        meant(octets, *names)
    assert "; " in refused.value.message


@given(
    st.lists(
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="<>")),
        unique=True,
        max_size=4,
    ).map(lambda names: [n + "@h" for n in names])
)
def test_a_written_reference_means_its_part(names: list[str]) -> None:
    octets = b"<r>%s</r>" % b"".join(b"<d>" + write_include(n) + b"</d>" for n in names)
    # A name that is another one's encoded form would make the reference mean two parts.
    assume(not any(unquote(n) != n and unquote(n) in names for n in names))
    assert meant(octets, *names) == names


def test_an_inline_document_is_read_with_its_white_space() -> None:
    assert read_inline(read_xml(b"<d> AAEC\r\n AwQ=\n</d>")) == b"\x00\x01\x02\x03\x04"
    assert read_inline(read_xml(b"<d/>")) == b""


@pytest.mark.parametrize("text", ["AAE", "AA-_", "AAAA=", "hello", "é", "AA==AA=="])
def test_an_inline_document_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(MultipartRefused, match="line 1, d"):
        read_inline(read_xml(f"<d>{text}</d>".encode()))


def test_an_inline_document_with_elements_is_refused() -> None:
    with pytest.raises(XmlRefused):
        read_inline(read_xml(b"<d>AA<x/>AA</d>"))
