"""What a message in ebRIM means, whatever its order, prefixes and generated ids."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.codecs.ebrim.names import (
    ASSOCIATION,
    CLASSIFICATION,
    DESCRIPTION,
    EXTERNAL_IDENTIFIER,
    EXTRINSIC_OBJECT,
    LOCALIZED_STRING,
    NAME,
    REGISTRY_OBJECT_LIST,
    REGISTRY_PACKAGE,
    SLOT,
    VALUE,
    XML_LANG,
)
from gateway.codecs.xml import Element

_ATTRIBUTES = (
    "id",
    "lid",
    "home",
    "status",
    "mimeType",
    "associationType",
    "sourceObject",
    "targetObject",
)


def meaning(message: Element) -> dict[str, Any]:
    """Give each object of a message by its id, with everything it says."""
    lists = list(message.iter(REGISTRY_OBJECT_LIST))
    beside = [c for object_list in lists for c in object_list if c.tag == CLASSIFICATION]
    found = {}
    for item in message.iter(EXTRINSIC_OBJECT, REGISTRY_PACKAGE, ASSOCIATION):
        said = {name: item.get(name) for name in _ATTRIBUTES if item.get(name)}
        if item.tag == EXTRINSIC_OBJECT:
            said["objectType"] = item.get("objectType")
        parts = [c for c in item if c.tag == CLASSIFICATION]
        parts += [c for c in beside if c.get("classifiedObject") == item.get("id")]
        found[item.get("id") or ""] = {
            **said,
            "slots": slots(item),
            "name": strings(item, NAME),
            "description": strings(item, DESCRIPTION),
            "classifications": Counter(map(classification, parts)),
            "identifiers": {
                e.get("identificationScheme"): (e.get("value") or "").strip()
                for e in item.iterchildren(EXTERNAL_IDENTIFIER)
            },
        }
    return found


def slots(element: Element) -> frozenset[tuple[str, tuple[str, ...]]]:
    """Give the slots of an element that say something."""
    found = []
    for slot in element.iterchildren(SLOT):
        name = slot.get("name") or ""
        values = tuple(text for v in slot.iter(VALUE) if (text := (v.text or "").strip()))
        if name == "intendedRecipient":
            # Bars after the last part separate nothing.
            values = tuple(value.rstrip("|") for value in values)
        if values:
            found.append((name, values))
    return frozenset(found)


def strings(element: Element, tag: str) -> tuple[tuple[str, str | None], ...]:
    """Give the texts of a Name or Description."""
    return tuple(
        (s.get("value") or "", s.get(XML_LANG))
        for child in element.iterchildren(tag)
        for s in child.iterchildren(LOCALIZED_STRING)
    )


def classification(element: Element) -> tuple[Any, ...]:
    """Give what a Classification says, without its own id."""
    return (
        element.get("classificationScheme"),
        element.get("classificationNode"),
        (element.get("nodeRepresentation") or "").strip(),
        slots(element),
        strings(element, NAME),
    )
