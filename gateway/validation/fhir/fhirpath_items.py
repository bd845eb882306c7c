"""What FHIRPath walks over: values of JSON with their types, and the way from one to its parts.

An :class:`Item` knows the type the definitions give a value, which JSON does not say. Literals and
results have the types of the language itself (``System.Integer``).

Source:
    HL7 FHIRPath 2.0: 4.1 path selection; HL7 FHIR R4 (4.0.1): 2.9.1 FHIRPath, polymorphic items.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeAlias

from gateway.codecs.fhir.elements import Element, Kind, Structure, is_resource, structure
from gateway.codecs.fhir.lexical import Lexical
from gateway.model.remembering import remembered

Json: TypeAlias = dict[str, Any]

SYSTEM = "System."
_STRINGS = "string code id markdown uri url canonical oid uuid base64Binary xhtml"
_KINDS: dict[str, str] = {
    "boolean": "Boolean",
    "integer": "Integer",
    "positiveInt": "Integer",
    "unsignedInt": "Integer",
    "decimal": "Decimal",
    "date": "Date",
    "dateTime": "DateTime",
    "instant": "DateTime",
    "time": "Time",
    **dict.fromkeys(_STRINGS.split(), "String"),
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration"), "Quantity"),
    **{
        SYSTEM + name: name
        for name in ("Boolean", "Integer", "Decimal", "String", "Date", "DateTime", "Time")
    },
    SYSTEM + "Quantity": "Quantity",
}
_PRIMITIVE_PARENTS = {
    "code": "string",
    "id": "string",
    "markdown": "string",
    "url": "uri",
    "canonical": "uri",
    "oid": "uri",
    "uuid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
}
UCUM = "http://unitsofmeasure.org"


class Item:
    """One value in a collection.

    Attributes:
        value: As JSON has it; a Quantity of the language is a pair of number and unit; ``None``
            for a primitive without value.
        type: A type of FHIR, the path of an element with its own structure, or ``System.…``.
        said: What is said about a primitive: its id and extensions.
    """

    __slots__ = ("said", "type", "value")

    def __init__(self, value: Any, type_code: str, said: Json | None = None) -> None:
        self.value = value
        self.type = type_code
        self.said = said

    @property
    def kind(self) -> str:
        """The type of the language the value can be taken for; empty for another structure."""
        found = _KINDS.get(self.type)
        if found is None and type(self.value) is not dict:
            return _kind_of(self.value)
        return found or ""

    def __repr__(self) -> str:
        return f"<{self.type} {self.value!r}>"


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float() | Decimal():
            return "Decimal"
        case str():
            return "String"
    return ""


def plain(item: Item) -> Any:
    """Give a value as the language calculates with it: exact numbers, quantities as pairs."""
    value = item.value
    if isinstance(value, float):
        return Decimal(value.text if isinstance(value, Lexical) else repr(value))
    if type(value) is dict and item.kind == "Quantity":
        return quantity_of(value)
    return value


def quantity_of(value: Json) -> tuple[Decimal, str] | None:
    """Give a Quantity of FHIR as number and unit."""
    number = value.get("value")
    if not isinstance(number, int | float):
        return None
    unit = value.get("code") if value.get("system") == UCUM else value.get("unit")
    text = number.text if isinstance(number, Lexical) else repr(number)
    return Decimal(text), str(unit or value.get("code") or "1")


@remembered(4096)
def structure_of(type_code: str) -> Structure | None:
    """Give the structure of a type or path; ``None`` where it has none."""
    try:
        return structure(type_code)
    except KeyError:
        above, dot, name = type_code.rpartition(".")
        outer = structure_of(above) if dot else None
        element = outer.by_name.get(name) if outer is not None else None
        if element is None or element.kind is not Kind.COMPLEX:
            return None
        return structure_of(element.type)


@remembered(4096)
def _choices(type_code: str, name: str) -> tuple[Element, ...]:
    """The elements of a choice by its name without the types."""
    of = structure(type_code)
    length = len(name)
    found = [
        element
        for element in of.elements
        if element.name[:length] == name
        and element.name[length : length + 1].isupper()
        and _spells(element.name[length:], element.type)
    ]
    return tuple(found)


def _spells(ending: str, type_code: str) -> bool:
    return ending[1:] == type_code[1:] and ending[0] == type_code[0].upper()


def members(item: Item, name: str) -> list[Item]:
    """Give the parts of an item with a name; of a choice, whichever is there."""
    value = item.value
    if type(value) is not dict:
        if item.said is None:
            return []
        return _named(item.said, name, structure_of("Element"))
    return _named(value, name, structure_of(item.type))


def _named(value: Json, name: str, of: Structure | None) -> list[Item]:
    if name in value or f"_{name}" in value:
        element = of.by_name.get(name) if of is not None else None
        if element is not None or of is None or not _choices(of.name, name):
            return _items(value, name, element)
    if of is None:
        for key in value:
            if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
                return _items(value, key, None)
        return []
    for element in _choices(of.name, name):
        if element.name in value or f"_{element.name}" in value:
            return _items(value, element.name, element)
    return []


def _items(value: Json, key: str, element: Element | None) -> list[Item]:
    """Make items of a member, and of what is said beside it."""
    member, said = value.get(key), value.get(f"_{key}")
    type_code = element.type if element is not None else ""
    if type(member) is not list and type(said) is not list:
        return [_item(member, type_code, said)]
    many = member if type(member) is list else [] if member is None else [member]
    beside = said if type(said) is list else []
    return [
        _item(
            many[number] if number < len(many) else None,
            type_code,
            beside[number] if number < len(beside) else None,
        )
        for number in range(max(len(many), len(beside)))
    ]


def _item(value: Any, type_code: str, said: Any) -> Item:
    if type(value) is dict:
        kind = value.get("resourceType")
        if type(kind) is str:
            type_code = kind
        return Item(value, type_code or "Element")
    if not type_code:
        type_code = {"Boolean": "boolean", "Integer": "integer", "Decimal": "decimal"}.get(
            _kind_of(value), "string"
        )
    return Item(value, type_code, said if type(said) is dict else None)


def children(item: Item) -> Iterator[Item]:
    """Give all parts of an item."""
    value = item.value
    if type(value) is not dict:
        if item.said is not None:
            yield from children(Item(item.said, "Element"))
        return
    of = structure_of(item.type)
    for key in value:
        if key == "resourceType" or (key[:1] == "_" and key[1:] in value):
            continue
        name = key.removeprefix("_")
        yield from _items(value, name, of.by_name.get(name) if of is not None else None)


def descendants(items: list[Item]) -> list[Item]:
    """Give all parts of items, and their parts."""
    found: list[Item] = []
    level = items
    while level:
        level = [child for item in level for child in children(item)]
        found += level
    return found


def is_type(item: Item, namespace: str, name: str) -> bool:
    """Whether an item is of a type, or of one derived from it."""
    if item.type.startswith(SYSTEM):
        return namespace != "FHIR" and item.type == SYSTEM + name
    if namespace == "System":
        return False
    return is_a(item.type, name)


@remembered(4096)
def is_a(type_code: str, name: str) -> bool:
    """Whether a type of FHIR is another, or derived from it."""
    while type_code:
        if type_code == name:
            return True
        if type_code in _PRIMITIVE_PARENTS:
            type_code = _PRIMITIVE_PARENTS[type_code]
        elif "." in type_code:
            type_code = "BackboneElement"
        else:
            type_code = parent_of(type_code)
    return False


@remembered(4096)
def parent_of(type_code: str) -> str:
    """Name the type another is derived from; empty for the first ones."""
    if type_code in _KINDS and type_code[0].islower():
        return "Element"
    if type_code in ("Element", "Resource") or structure_of(type_code) is None:
        return ""
    if type_code == "DomainResource":
        return "Resource"
    if is_resource(type_code):
        return "Resource" if type_code in ("Binary", "Bundle", "Parameters") else "DomainResource"
    if type_code in ("Age", "Count", "Distance", "Duration"):
        return "Quantity"
    if type_code in ("Timing", "Dosage", "ElementDefinition"):
        return "BackboneElement"
    return "Element"


def type_named(item: Item) -> tuple[str, str]:
    """Give the namespace and name ``type()`` tells."""
    if item.type.startswith(SYSTEM):
        return "System", item.type.removeprefix(SYSTEM)
    return "FHIR", "BackboneElement" if "." in item.type else item.type
