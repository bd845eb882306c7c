"""Where things stand in a text of FHIR: line and column of a path, in both wire forms.

A second pass over a text that has been read already, made only when there is something to show.
Paths are looked up in whatever spelling they come: ``[0]`` may be left out, ``value.ofType(x)``
is ``valueX``, ``value`` alone the choice that is there; what is not there (a missing element) is
found at its parent.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import TypeAlias

from gateway.validation.issue import Position

Places: TypeAlias = "dict[str, int]"

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_FIRST = re.compile(r"\[0\]")
_CAST = re.compile(r"\.(?:ofType|as)\(`?(?:FHIR\.)?([A-Za-z0-9]+)`?\)")
_SLICE = re.compile(r":[^.\[]*")
_XML = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"|<(/?)([A-Za-z_][^\s/<>\"']*+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>",
    re.DOTALL,
)


def of_json(text: str) -> Callable[[str], Position | None]:
    """Give a function from paths to positions in a text of JSON."""
    places: Places = {"": 0}
    for path, _, offset in _members(text):
        places.setdefault(path, offset)
    return _finder(text, places)


def of_xml(text: str) -> Callable[[str], Position | None]:
    """Give a function from paths to positions in a text of XML."""
    return _finder(text, _elements(text))


def repeated_members(text: str) -> Iterator[tuple[str, str, Position]]:
    """Tell the members of objects that stand there once more: name, path, position."""
    line_of = _lines(text)
    root = ""
    seen: set[tuple[str, str]] = set()
    for path, name, offset in _members(text):
        if path == "resourceType":
            found = re.compile(r'"resourceType"\s*:\s*"([A-Za-z]+)"').match(text, offset)
            root = found[1] if found else root
        if not name:
            continue
        if (path, name) in seen:
            yield name, f"{root}.{path}" if root else path, line_of(offset)
        seen.add((path, name))


def _members(text: str) -> Iterator[tuple[str, str, int]]:
    """Each member and item: its path without ``[0]`` and the root, its name (of a member), offset.

    A member's offset is its name's; the object beside a primitive (``_name``) has the path of the
    primitive.
    """
    stack: list[tuple[str, int]] = []  # the path of each open thing; the next item, -1: an object
    path, number, name = "", -1, ""
    for match in _TOKEN.finditer(text):
        token, offset = match[0], match.start()
        if token == ":" or token == ",":
            continue
        if token in ("}", "]"):
            if stack:
                path, number = stack.pop()
            continue
        if number >= 0:
            here = f"{path}[{number}]" if number else path
            number += 1
            yield here, "", offset
        elif not stack:
            here = ""
        elif not name:
            name = token[1:-1]
            below = name.removeprefix("_")
            yield f"{path}.{below}" if path else below, name, offset
            continue
        else:
            below = name.removeprefix("_")
            here, name = f"{path}.{below}" if path else below, ""
        if token == "{" or token == "[":
            stack.append((path, number))
            path, number = here, 0 if token == "[" else -1


def _elements(text: str) -> Places:
    """The same for XML: each element's offset by its path."""
    places: Places = {"": 0}
    stack: list[tuple[str, dict[str, int]]] = []
    for match in _XML.finditer(text):
        name = match[2]
        if name is None:
            continue
        if match[1]:
            if stack:
                stack.pop()
            continue
        name = name.rpartition(":")[2]
        if not stack:
            path = ""
        elif name[0].isupper():
            path = stack[-1][0]  # a resource: its element is the place
        else:
            above, counts = stack[-1]
            number = counts.get(name, 0)
            counts[name] = number + 1
            path = f"{above}.{name}" if above else name
            if number:
                path += f"[{number}]"
        places.setdefault(path, match.start())
        if not match[4]:
            stack.append((path, {}))
    return places


def _lines(text: str) -> Callable[[int], Position]:
    """Give a function from offsets to lines and columns."""
    begins = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]

    def position(offset: int) -> Position:
        line = bisect_right(begins, offset)
        return Position(line, offset - begins[line - 1] + 1)

    return position


def _finder(text: str, places: Places) -> Callable[[str], Position | None]:
    line_of = _lines(text)
    if text[:1] == "\ufeff":
        places = {path: max(offset, 1) for path, offset in places.items()}

    def find(location: str) -> Position | None:
        path = _SLICE.sub("", _FIRST.sub("", location)).partition(".")[2]
        path = _CAST.sub(lambda cast: cast[1][0].upper() + cast[1][1:], path)
        while True:
            offset = places.get(path)
            if offset is None and path:
                offset = _choice(places, path)
            if offset is not None:
                return line_of(_skip_blanks(text, offset))
            above, dot, _ = path.rpartition(".")
            bracket = path.rfind("[")
            path = path[:bracket] if bracket > len(above) else above

    return find


def _choice(places: Places, path: str) -> int | None:
    """The place of a choice by its name without the type, or of a resource with its type."""
    length = len(path)
    for known, offset in places.items():
        if known[:length] == path and known[length : length + 1].isupper():
            return offset
    stem = re.sub(r"(?<=[a-z0-9\]])[A-Z][A-Za-z]*(?=\.|\Z)", "", path)
    return places.get(stem) if stem != path else None


def _skip_blanks(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in " \t\r\n\ufeff":
        offset += 1
    return offset
