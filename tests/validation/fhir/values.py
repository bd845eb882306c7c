"""Values of FHIR types made by chance, for comparing two ways to evaluate a constraint."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from gateway.codecs.fhir.elements import Element, Kind, Structure, structure

# Of one precision: what the library makes of two precisions is not FHIRPath.
_DATES = ("2024-03-01", "2024-03-02", "2023-12-31", "2025-01-01")
_TIMES = ("2024-03-02T10:00:00Z", "2024-03-02T12:00:00Z", "2023-01-01T00:00:00Z")
_LITERAL = re.compile(r"'([^']*)'")


class Maker:
    """Makes values of types; the words of an expression turn up in them often.

    Attributes:
        random: Where chance comes from.
        words: What strings are taken from.
        members: Members that the expression speaks of, which are there more often than others.
    """

    def __init__(self, random: Random, expression: str) -> None:
        self.random = random
        self.words = [*_LITERAL.findall(expression), "x", "#a", "#b"]
        self.members = frozenset(re.findall(r"[A-Za-z]+", _LITERAL.sub("", expression)))

    def value(self, type_code: str, depth: int = 0) -> Any:
        """Make a value of a type, or of a structure by its path."""
        of = structure(type_code)
        value: dict[str, Any] = {}
        if "." not in type_code and type_code[0].isupper() and "meta" in of.by_name:
            value["resourceType"] = type_code
        for element in of.elements:
            spoken = any(element.name.startswith(member) for member in self.members)
            if self.random.random() < (0.7 if spoken else 0.03):
                if spoken and self._is_second_choice(of, element, value):
                    continue
                self._add(value, element, depth)
        if not value:
            self._add(value, self.random.choice(of.elements), 9)
        return value

    def _is_second_choice(self, of: Structure, element: Element, value: dict[str, Any]) -> bool:
        """Whether another type of the same choice is there."""
        stem = re.match("[a-z]+", element.name)
        assert stem is not None
        stands = any(name.startswith(stem[0]) and name != element.name for name in value)
        return stands and stem[0] not in of.by_name

    def _add(self, value: dict[str, Any], element: Element, depth: int) -> None:
        made = [self._one(element, depth) for _ in range(self.random.choice((1, 2, 2)))]
        made = [one for one in made if one is not None]
        if made:
            value[element.name] = made if element.repeats else made[0]

    def _one(self, element: Element, depth: int) -> Any:
        match element.kind:
            case Kind.BOOLEAN:
                return self.random.random() < 0.5
            case Kind.INTEGER:
                return self.random.randrange(0, 4)
            case Kind.DECIMAL:
                return self.random.choice((-1, 0, 1, 1.5, 80, 120.25))
            case Kind.XHTML:
                return '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'
            case Kind.RESOURCE:
                kinds = ("Patient", "Composition", "MessageHeader", "Basic")
                return self.value(self.random.choice(kinds), depth + 1) if depth < 3 else None
            case Kind.COMPLEX:
                return self.value(element.type, depth + 1) if depth < 3 else None
        return self._text(element)

    def _text(self, element: Element) -> str:
        match element.type:
            case "date":
                return self.random.choice(_DATES)
            case "dateTime":
                return self.random.choice(_TIMES)
            case "instant":
                return self.random.choice(_TIMES)
            case "time":
                return self.random.choice(("10:00:00", "11:30:00"))
            case "id":
                return self.random.choice(("a", "b"))
        return self.random.choice(self.words)
