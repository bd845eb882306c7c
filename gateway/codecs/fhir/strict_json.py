"""JSON from a peer, read so that there is one way to understand it.

Refused: octets that are not UTF-8, an object with two members of one name, ``NaN`` and
``Infinity``, characters FHIR forbids in strings (control characters, lone surrogates), nesting
deeper than 64, more than 100 000 values, numbers of thousands of digits.

Source:
    HL7 FHIR R4: 2.6.2 JSON, 2.24.0.1 string; RFC 8259 sections 4 and 8.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from gateway.codecs.fhir.reader import Json
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.remembering import count_octets

MAX_DEPTH = 64
MAX_VALUES = 100_000

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TYPE = re.compile(r"[A-Za-z]{1,64}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# Only through an escape, or as these octets, can a forbidden character be in a string at all.
_SUSPICIOUS = re.compile(rb"\\[ubf]|\xef\xbf[\xbe\xbf]")


def _refuse(rule: str, location: str, message: str, code: ErrorCode) -> NoReturn:
    raise Refused(Finding(rule=rule, code=code, location=location, message=message))


def _object(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the member {name[:64]!r} stands twice in one object")
            seen.add(name)
    return members


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def read_json(octets: bytes, *, max_octets: int | None = None) -> Json:
    """Read one JSON object.

    Args:
        max_octets: Longer messages are refused before they are looked at.

    Raises:
        Refused: What is wrong with the message, and where where that is known.
    """
    if max_octets is not None and len(octets) > max_octets:
        _refuse(
            "json-size",
            "",
            f"the message has {len(octets)} octets; at most {max_octets} are read",
            ErrorCode.TOO_LARGE,
        )
    count_octets(len(octets))
    if _is_crowded(octets):
        _refuse(
            "json-size",
            "",
            f"the message has more than {MAX_VALUES} values",
            ErrorCode.TOO_LARGE,
        )
    quick = _read_quickly(octets)
    if quick is not None:
        return quick
    try:
        value = _DECODER.decode(octets.decode("utf-8"))
    except UnicodeDecodeError as error:
        _refuse("json-utf8", "", f"not UTF-8 at octet {error.start}", ErrorCode.MALFORMED)
    except RecursionError:
        _refuse("json-depth", "", f"nested deeper than {MAX_DEPTH}", ErrorCode.MALFORMED)
    except json.JSONDecodeError as error:
        _refuse(
            "json",
            "",
            f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}",
            ErrorCode.MALFORMED,
        )
    except ValueError as error:
        _refuse("json", "", f"not acceptable JSON: {str(error)[:200]}", ErrorCode.MALFORMED)
    if type(value) is not dict:
        _refuse("json", "", "expected a JSON object", ErrorCode.MALFORMED)
    # The name of a place is told back, and one that is no type could hold anything.
    kind = str(value.get("resourceType"))
    name = kind if _TYPE.fullmatch(kind) else ""
    check_shape(value, name, characters=_is_suspicious(octets))
    return value


def _is_suspicious(octets: bytes) -> bool:
    """Whether a string may hold a character that is forbidden."""
    possible = b"\\" in octets or b"\xef" in octets
    return possible and _SUSPICIOUS.search(octets) is not None


def _read_quickly(octets: bytes) -> Json | None:
    """Read an ordinary message; ``None`` for one that needs a closer look, or a word of refusal.

    Of two members with one name the value has one. So a message that is the same octet for octet
    when its value is written again has none, as has one that has no more colons than that: what
    stands in strings is written again, colons and all.
    """
    if _is_suspicious(octets):
        return None
    try:
        value = orjson.loads(octets)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if type(value) is not dict:
        return None
    if again != octets and again.count(b":") != octets.count(b":"):
        return None
    # In less octets there cannot be too many values; how deep they are, their indentation tells.
    if len(octets) < MAX_VALUES and _DEEP_LINE not in orjson.dumps(value, option=_INDENTED):
        return value
    return value if _is_bearable(_marks(again)) else None


_INDENTED = orjson.OPT_INDENT_2
_DEEP_LINE = b"\n" + b"  " * MAX_DEPTH
"""Stands before what is in the deepest brackets that are allowed: more brackets may be there."""


def _marks(octets: bytes) -> bytes:
    """Give a message without its strings, which stand between every other pair of quotes."""
    if b"\\" in octets:
        octets = octets.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(octets.split(b'"')[::2])


_NESTING = bytes.maketrans(b"[]", b"{}")
_FLAT = bytes(set(range(256)) - set(b"{}[]"))


def _is_bearable(marks: bytes) -> bool:
    """Whether a message is neither too deep nor too large, told from its marks.

    Each round takes the innermost pairs of brackets away, one level of nesting. A value stands
    behind a comma or is the first in its brackets.
    """
    nesting = marks.translate(_NESTING, _FLAT)
    if marks.count(b",") + nesting.count(b"{") > MAX_VALUES:
        return False
    for _ in range(MAX_DEPTH):
        nesting = nesting.replace(b"{}", b"")
        if not nesting:
            return True
    return False


def _is_crowded(octets: bytes) -> bool:
    """Whether a message has more values than are read, told before any of them takes memory.

    Values are told apart by commas, and a string is a value or a member's name. The marks that
    stand inside strings are taken off only from messages that have too many of them.
    """
    if len(octets) < MAX_VALUES:
        return False
    if octets.count(b",") < MAX_VALUES and octets.count(b'"') < 4 * MAX_VALUES:
        return False
    commas = octets.count(b",")
    for number, string in enumerate(_STRING.finditer(octets)):
        if number > 2 * MAX_VALUES:
            return True
        commas -= string[0].count(b",")
    return commas >= MAX_VALUES


def check_shape(root: Json, name: str = "", *, characters: bool = False) -> None:
    """Refuse what is nested too deeply, too much, or made of forbidden characters.

    Args:
        name: Of the resource, for the place of a finding.
        characters: Whether there may be forbidden ones at all.

    Raises:
        Refused: What is wrong.
    """
    count = 0
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            items = value.values() if type(value) is dict else value
            count += len(items)
            if characters:
                for text in (*items, *value) if type(value) is dict else items:
                    if type(text) is str and _FORBIDDEN.search(text):
                        _refuse(
                            "json-characters",
                            name,
                            "a string holds a control character or half of a surrogate pair",
                            ErrorCode.MALFORMED,
                        )
            below.extend(item for item in items if type(item) is dict or type(item) is list)
        if count > MAX_VALUES:
            _refuse(
                "json-size",
                name,
                f"the message has more than {MAX_VALUES} values",
                ErrorCode.TOO_LARGE,
            )
        if not below:
            return
        level = below
    _refuse("json-depth", name, f"nested deeper than {MAX_DEPTH}", ErrorCode.MALFORMED)
