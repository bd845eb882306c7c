"""Which elements the types of FHIR R4 have: their order, their types, whether they repeat.

The table ``elements.txt`` is written by ``scripts/fhir_elements.py`` from the published
definitions. JSON needs none of it; XML cannot be read or written without, because only the
definitions say what is a list, what is a number, and what stands before what.

Source:
    HL7 FHIR R4 (4.0.1): the StructureDefinitions of datatypes and resources; 2.6.1 XML.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from gateway.model.remembering import remembered

_TABLE = Path(__file__).with_name("elements.txt")


class Kind(Enum):
    """How an element is spelled.

    The primitive ones carry the JSON form of their value: text, true or false, a number.
    """

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    XHTML = "xhtml"
    ATTRIBUTE = "attribute"
    COMPLEX = "complex"
    RESOURCE = "resource"

    @property
    def is_primitive(self) -> bool:
        """Whether JSON spells it in two members, the value and what is said about the value."""
        return self in _PRIMITIVE


_PRIMITIVE = frozenset((Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER, Kind.DECIMAL))
_SPELLED = {
    "boolean": Kind.BOOLEAN,
    "integer": Kind.INTEGER,
    "positiveInt": Kind.INTEGER,
    "unsignedInt": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "xhtml": Kind.XHTML,
    "Resource": Kind.RESOURCE,
}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type; of a choice, one with one of its types (``valueString``).

    Attributes:
        name: As it is spelled in both forms.
        kind: How it is spelled.
        type: The type, or the path of the structure, to look up what is inside.
        repeats: Whether JSON has an array.
    """

    name: str
    kind: Kind
    type: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """A type's elements.

    Attributes:
        name: Of the type.
        elements: In the order of XML.
        by_name: The same.
        members: Every name a JSON object of the type may have, those with ``_`` included.
    """

    name: str
    elements: tuple[Element, ...]
    by_name: dict[str, Element]
    members: frozenset[str]


@cache
def structure(name: str) -> Structure:
    """Give the elements of a type, a structure of an element, or a resource.

    Raises:
        KeyError: There is no such type in R4.
    """
    base, own = _lines()[name]
    elements = [*structure(base).elements] if base else []
    for written in own.split():
        elements += _elements(written)
    members = {e.name for e in elements}
    members |= {f"_{e.name}" for e in elements if e.kind.is_primitive}
    return Structure(name, tuple(elements), {e.name: e for e in elements}, frozenset(members))


@remembered(1024)
def is_resource(name: str) -> bool:
    """Whether R4 has a resource of this type."""
    line = _lines().get(name)
    if line is None or "." in name or name in ("Resource", "DomainResource"):
        return False
    return line[0] == "Resource" or line[0] == "DomainResource"


@cache
def _lines() -> dict[str, tuple[str, str]]:
    """The table's lines by type: the type they continue, and their own elements as written."""
    found = {}
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        head, _, own = line.partition(":")
        name, _, base = head.partition("<")
        found[name] = (base, own)
    return found


@cache
def _primitives() -> frozenset[str]:
    return frozenset(_lines()["primitive"][1].split())


def _elements(written: str) -> list[Element]:
    """Read one element; a choice is as many as it has types."""
    name, _, types = written.partition("=")
    repeats = name.endswith("*")
    name = name.removesuffix("*")
    if name.startswith("@"):
        return [Element(name[1:], Kind.ATTRIBUTE, types, False)]
    if not name.endswith("[x]"):
        return [Element(name, _kind(types), types, repeats)]
    several = _lines()["*"][1].split() if types == "*" else types.split("|")
    stem = name.removesuffix("[x]")
    return [Element(stem + t[0].upper() + t[1:], _kind(t), t, repeats) for t in several]


def _kind(type_: str) -> Kind:
    if type_ in _SPELLED:
        return _SPELLED[type_]
    return Kind.TEXT if type_ in _primitives() else Kind.COMPLEX
