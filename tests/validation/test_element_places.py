from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.xml import read_xml
from gateway.validation.element_places import ElementPlaces
from gateway.validation.issue import Position

TEXT = """<?xml version="1.0"?>
<!-- <no> --><a>
  <b c="d > e"/><![CDATA[ <no/> ]]><?no <no/> ?>
\t<b>é<c/></b>
</a>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_an_element_is_found_by_line_and_column(encoding: str, ending: str) -> None:
    octets = TEXT.replace("\n", ending).encode(encoding)
    root = read_xml(octets)
    places = ElementPlaces(octets, root)
    first, second = root
    assert [places.position_of(one) for one in (root, first, second, second[0])] == [
        Position(2, 14),
        Position(3, 3),
        Position(4, 2),
        Position(4, 6),
    ]
    assert places.position_of(read_xml(b"<other/>")) is None


PIECES = st.sampled_from(
    ["<b/>", "<b>", "</b>", "<!-- < -->", "<?p < ?>", "<![CDATA[<]]>", "\n", "x"]
)


@given(st.lists(PIECES))
def test_every_element_begins_at_its_start_tag(pieces: list[str]) -> None:
    text, depth = "<a>", 0
    for piece in pieces:
        depth += (piece == "<b>") - (piece == "</b>")
        text += "" if depth < 0 else piece
        depth = max(depth, 0)
    text += "</b>" * depth + "</a>"
    root = read_xml(text.encode())
    places = ElementPlaces(text.encode(), root)
    lines = text.split("\n")
    found = [places.position_of(one) for one in root.iter("*")]
    assert len(set(found)) == len(found)
    for element, position in zip(root.iter("*"), found, strict=True):
        assert position is not None
        assert lines[position.line - 1][position.column - 1 :].startswith(f"<{element.tag}")
