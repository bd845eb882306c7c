from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import ref

import pytest

from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.xml import read_xml
from gateway.model import remembering
from gateway.model.remembering import MOST_OCTETS, count_octets, forget, remembered
from tests.shared import ROOT

ASKED: list[str] = []


@remembered(100)
def length(text: str) -> int:
    ASKED.append(text)
    return len(text)


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    forget()
    ASKED.clear()
    yield
    forget()


def test_what_was_asked_before_is_answered_without_asking() -> None:
    assert [length("a"), length("a"), length("bc")] == [1, 1, 2]
    assert ASKED == ["a", "bc"]


@pytest.mark.parametrize("read", [read_xml, read_json], ids=["XML", "JSON"])
def test_so_many_octets_of_messages_make_everything_forgotten(read) -> None:  # type: ignore[no-untyped-def]
    padding = " " * 1024 * 1024
    message = (f"<a>{padding}</a>" if read is read_xml else f'{{"a":"{padding}"}}').encode()
    length("a")
    for _ in range(MOST_OCTETS // len(message)):
        read(message)
    length("a")
    assert ASKED == ["a"]
    read(message)
    length("a")
    assert ASKED == ["a", "a"]


def test_counting_begins_anew_when_everything_was_forgotten() -> None:
    count_octets(MOST_OCTETS)
    count_octets(1)
    length("a")
    count_octets(MOST_OCTETS)
    length("a")
    assert ASKED == ["a"]


def test_what_nobody_uses_any_more_is_not_kept_for_being_forgotten() -> None:
    made = remembered(1)(lambda text: text)
    assert made in remembering._remembering
    gone = ref(made)
    del made
    assert gone() is None


OTHERWISE = {
    "gateway/model/remembering.py": "it is the one",
    "gateway/validation/attributes.py": "paths of a profile's rules",
    "gateway/validation/cda/folders.py": "folders of rule sets",
    "gateway/consent/times.py": "days of the clock",
}
"""Where answers are kept that no peer can make longer, and of what."""


def test_whatever_a_peer_sends_is_remembered_in_this_way_only() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "gateway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and node.id == "lru_cache")
    }
    assert found == set(OTHERWISE)
