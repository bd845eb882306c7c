"""Where the elements of a text of XML begin: a second look at a text that has been read already.

The parser library knows lines only, and those of long texts wrongly; this one counts the start tags
of the text, the first time somebody asks for a place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from gateway.codecs.xml import Element, decoded
from gateway.validation.issue import Position

# A start tag, or what may hold something that looks like one; the text is well formed.
_TAGS = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?=[^/!?])", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")


class ElementPlaces:
    """The elements of a document in their order, and where each begins.

    Args:
        octets: The text, which the XML door has let in.
        root: Its tree.
    """

    def __init__(self, octets: bytes, root: Element) -> None:
        self._octets = octets
        self._root = root

    @cached_property
    def elements(self) -> list[Element]:
        """Every element in document order; the first, the root, has the number 1 elsewhere."""
        return list(self._root.iter("*"))

    @cached_property
    def numbers(self) -> dict[Element, int]:
        """The number of each element."""
        return {element: number for number, element in enumerate(self.elements, 1)}

    def position_of(self, element: Element) -> Position | None:
        """Line and column where an element begins."""
        return self.position(self.numbers.get(element, 0))

    def position(self, number: int) -> Position | None:
        """Line and column where an element begins, by its number."""
        if not 0 < number <= len(self._starts):
            return None
        at = self._starts[number - 1]
        line = bisect_right(self._line_starts, at)
        return Position(line, at - self._line_starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        return [m.start() for m in _TAGS.finditer(self._text) if m.end() - m.start() == 1]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(m.end() for m in _LINE_END.finditer(self._text))]

    @cached_property
    def _text(self) -> str:
        return decoded(self._octets)
