"""A clinical document while it is judged: its tree, its text, and where each element stands.

Paths and places are worked out only for what is complained about, each parent's children counted
once: a document with thousands of faults costs its faults, not their square.
"""

from __future__ import annotations

import re
from functools import cached_property

from gateway.codecs.xml import INLINE_LIMITS, Element, read_xml
from gateway.validation.cda.worker import as_text
from gateway.validation.element_places import ElementPlaces
from gateway.validation.issue import Position

_STEP = re.compile(r"([^\[\]]+)(?:\[([0-9]+)\])?")


class CdaDocument:
    """One document.

    Attributes:
        octets: As it was sent.
        root: Its tree, without comments and white space between elements.

    Raises:
        XmlRefused: When it is no XML we read.
    """

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.root: Element = read_xml(octets, limits=INLINE_LIMITS)

    @cached_property
    def text(self) -> str:
        """The characters of the document, its XML declaration left out."""
        return as_text(self.octets)

    @cached_property
    def elements(self) -> list[Element]:
        """Every element in document order; the first, the root, has the number 1 elsewhere."""
        return self._starts.elements

    @cached_property
    def features(self) -> frozenset[str]:
        """Names of its elements, and its template identifiers written with ``#`` before."""
        found: set[str] = set()
        tags: set[str] = set()
        for element in self.root.iter("*"):
            tag = str(element.tag)
            tags.add(tag)
            if tag.endswith("templateId") and element.get("root"):
                found.add(f"#{element.get('root')}")
        return frozenset(found | {tag.rpartition("}")[2] for tag in tags})

    @cached_property
    def templates(self) -> tuple[tuple[str, str], ...]:
        """Root and extension of the header's template identifiers."""
        namespace = str(self.root.tag).rpartition("}")[0] + "}"
        return tuple(
            (str(one.get("root") or ""), str(one.get("extension") or ""))
            for one in self.root.iterchildren(f"{namespace}templateId")
        )

    def path(self, number: int, attribute: str = "") -> str:
        """The XPath of an element by its number; ``/`` for the document itself."""
        if not 0 < number <= len(self.elements):
            return "/"
        return self.path_of(self.elements[number - 1]) + (f"/@{attribute}" if attribute else "")

    def path_of(self, element: Element) -> str:
        """The XPath of an element; names of the root's namespace stand without prefix."""
        known = self._paths.get(element)
        if known is None:
            parent = element.getparent()
            name = self._name(element)
            if parent is None:
                known = f"/{name}"
            else:
                known = f"{self.path_of(parent)}/{name}[{self._place(element, parent)}]"
            self._paths[element] = known
        return known

    def element_at(self, path: str) -> Element | None:
        """The element a path of the parser library leads to (``/*/*[3]/x:a[2]``)."""
        if path not in self._found:
            before, _, step = path.rpartition("/")
            match = _STEP.fullmatch(step)
            siblings = [self.root]
            if before:
                parent = self.element_at(before)
                siblings = [] if parent is None else self._children_of(parent)
            if match is None:
                siblings = []
            elif match[1] != "*":
                prefix, _, name = match[1].rpartition(":")
                siblings = [
                    one
                    for one in siblings
                    if (one.prefix or "") == prefix and str(one.tag).rpartition("}")[2] == name
                ]
            place = int(match[2] or 1) if match is not None else 1
            self._found[path] = siblings[place - 1] if 0 < place <= len(siblings) else None
        return self._found[path]

    def position(self, number: int) -> Position | None:
        """Line and column where an element begins, by its number."""
        return self._starts.position(number)

    def number_of(self, element: Element) -> int:
        """The number of an element."""
        return self._starts.numbers.get(element, 0)

    @cached_property
    def _starts(self) -> ElementPlaces:
        return ElementPlaces(self.octets, self.root)

    def _children_of(self, parent: Element) -> list[Element]:
        children = self._children.get(parent)
        if children is None:
            children = self._children[parent] = list(parent.iterchildren("*"))
        return children

    @cached_property
    def _paths(self) -> dict[Element, str]:
        return {}

    @cached_property
    def _found(self) -> dict[str, Element | None]:
        return {}

    @cached_property
    def _children(self) -> dict[Element, list[Element]]:
        return {}

    @cached_property
    def _places(self) -> dict[Element, dict[Element, int]]:
        return {}

    def _place(self, element: Element, parent: Element) -> int:
        places = self._places.get(parent)
        if places is None:
            places = self._places[parent] = {}
            counted: dict[str, int] = {}
            for child in parent.iterchildren("*"):
                tag = str(child.tag)
                counted[tag] = counted.get(tag, 0) + 1
                places[child] = counted[tag]
        return places[element]

    def _name(self, element: Element) -> str:
        namespace, _, name = str(element.tag).rpartition("}")
        if namespace == str(self.root.tag).rpartition("}")[0] or not element.prefix:
            return name
        return f"{element.prefix}:{name}"
