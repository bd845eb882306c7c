"""Statements of choices as JSON text and back, exactly.

Every value is an object with one member, named after its class: ``{"Authorise": {...}}``. What the
reader does not know it refuses, since a choice that is not understood is not enforced either.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from gateway.model import choices
from gateway.model.choices import Statement
from gateway.model.datatypes import Code, DateTime, Identifier

_CLASSES: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        Code,
        DateTime,
        Identifier,
        *(
            value
            for value in vars(choices).values()
            if isinstance(value, type) and value.__module__ == choices.__name__
        ),
    )
}


def write_statement(statement: Statement) -> str:
    """Write a statement; what is as by default is left out."""
    return json.dumps(_write(statement), separators=(",", ":"))


def read_statement(text: str) -> Statement:
    """Read what :func:`write_statement` wrote.

    Raises:
        ValueError: It was written by another version, with something this one does not know.
    """
    statement = _read(json.loads(text))
    if not isinstance(statement, Statement):
        raise ValueError("not a statement of choices")
    return statement


def _write(value: Any) -> Any:
    if isinstance(value, Enum):
        return {type(value).__name__: value.value}
    if isinstance(value, tuple):
        return [_write(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        said = {}
        for field in fields(value):
            held = getattr(value, field.name)
            if field.default is MISSING or held != field.default:
                said[field.name] = _write(held)
        return {type(value).__name__: said}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(one) for one in value)
    if not isinstance(value, dict):
        return value
    ((name, said),) = value.items()
    known = _CLASSES.get(name)
    if known is None:
        raise ValueError("no choice is made of a " + str(name))
    if isinstance(said, dict):
        return known(**{attribute: _read(one) for attribute, one in said.items()})
    return known(said)
