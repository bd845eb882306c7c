"""JSON whose numbers keep their spelling: FHIR says that ``1.00`` is not ``1.0``.

Source:
    HL7 FHIR R4 (4.0.1): 2.24.0.1 decimal; 2.6.2.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from gateway.codecs.fhir.reader import Json


class Lexical(float):
    """A number that remembers how it was spelled."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Lexical:
        """Keep the spelling."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def read_lexical(octets: bytes) -> Json:
    """Read a resource of our own; a peer's is read by :mod:`gateway.codecs.fhir.strict_json`."""
    resource: Json = _DECODER.decode(octets.decode("utf-8"))
    return resource


def write_json(resource: Json, *, pretty: bool = False) -> bytes:
    """Write JSON, numbers as they were spelled."""
    return orjson.dumps(resource, default=_spelled, option=orjson.OPT_INDENT_2 if pretty else None)


def pretty_json(octets: bytes) -> bytes:
    """Give one of our own resources with a line for each member."""
    return write_json(read_lexical(octets), pretty=True)


def _spelled(value: object) -> orjson.Fragment:
    if isinstance(value, Lexical):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _integer(text: str) -> int | Lexical:
    return Lexical(text) if text == "-0" else int(text)


_DECODER = json.JSONDecoder(parse_float=Lexical, parse_int=_integer)
