"""What elements and values are called in messages."""

from __future__ import annotations

import json
from typing import Any

from gateway.validation.fhir.nodes import Node


def name_of(node: Node) -> str:
    """Name an element and its slice: ``identifier:national``."""
    return f"{node.name}:{node.slice_name}" if node.slice_name else node.name


_KINDS = {
    dict: ("an object", "un objet"),
    list: ("an array", "un tableau"),
    str: ("a string", "une chaîne"),
    bool: ("true or false", "vrai ou faux"),
    type(None): ("null", "null"),
}


def kind_of(value: Any, *, fr: bool = False) -> str:
    """Say what sort of JSON a value is."""
    return _KINDS.get(type(value), ("a number", "un nombre"))[fr]


def shown_value(value: Any) -> str:
    """Spell a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:200] + "…"
