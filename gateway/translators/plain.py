"""The model as plain JSON and back: the standard's words in Python spelling, nothing left out.

    to_json     a Package, or patient choices, as a JSON object
    from_json   the same value from the object or its octets

The names are the attributes of :mod:`gateway.model`, documented in docs/reference/translators.md
and kept stable. HL7 v2 data types (CX, XCN, XON, XTN, DTM, CXi) stand as their texts, a document's
octets as base64. An attribute that has its usual value (none, empty) is left out.
``from_json(to_json(x)).value == x`` for every value.
"""

from __future__ import annotations

import base64
import binascii
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import (
    DateTime,
    Identifier,
    Organization,
    Person,
    ReferenceId,
    Telecom,
)
from gateway.model.submission import Submission
from gateway.translators.package import Package
from gateway.translators.translation import Translation

T = TypeVar("T")
Json = dict[str, Any]

PACKAGE = "package"
_TEXTS = (DateTime, Identifier, Organization, Person, ReferenceId, Telecom)


def to_json(package: Package) -> Json:
    """Give registry objects and documents as a JSON object."""
    return {"kind": PACKAGE, **_members(package.submission), **_members(package, skip="submission")}


def from_json(source: bytes | Json) -> Translation[Package]:
    """Read what :func:`to_json` gave, or what somebody wrote in its form.

    Returns:
        The package; an error for each member that is unknown or has the wrong type.

    Raises:
        Refused: When the octets are no JSON object.
    """
    data = read_object(source)
    reading = Reading()
    names = {f.name for f in fields(Package)} - {"submission"}
    inside = {f.name for f in fields(Submission)}
    for name in data:
        if name not in names and name not in inside and name != "kind":
            reading.wrong(name, "there is no such member; see the reference")
    submission = reading.value(Submission, {k: v for k, v in data.items() if k in inside}, "")
    outer = {k: v for k, v in data.items() if k in names}
    values = reading.attributes(Package, outer, "", skip="submission")
    return Translation(Package(submission=submission, **values), tuple(reading.findings))


def read_object(source: bytes | Json) -> Json:
    """Give a JSON object from octets, or the object itself.

    Raises:
        Refused: When the octets are anything else.
    """
    if isinstance(source, dict):
        return source
    try:
        data = orjson.loads(source)
    except orjson.JSONDecodeError as error:
        raise Refused(
            Finding(
                rule="json",
                code=ErrorCode.MALFORMED,
                location="",
                message=f"not JSON: line {error.lineno}, column {error.colno}",
            )
        ) from None
    if not isinstance(data, dict):
        raise Refused(
            Finding(
                rule="json", code=ErrorCode.MALFORMED, location="", message="expected a JSON object"
            )
        )
    return data


# --- Writing -----------------------------------------------------------------------------------


def _members(value: Any, skip: str = "") -> Json:
    written: Json = {}
    for attribute in fields(value):
        held = getattr(value, attribute.name)
        if attribute.name != skip and not (_has_default(attribute) and held == _default(attribute)):
            written[attribute.name] = plain(held)
    return written


def plain(value: Any) -> Any:
    """Give any value of the model as JSON."""
    if isinstance(value, _TEXTS):
        return value.text
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if is_dataclass(value):
        return _members(value)
    return value


def _has_default(attribute: Field[Any]) -> bool:
    return attribute.default is not MISSING or attribute.default_factory is not MISSING


def _default(attribute: Field[Any]) -> Any:
    if attribute.default_factory is not MISSING:
        return attribute.default_factory()
    return attribute.default


# --- Reading -----------------------------------------------------------------------------------


class Reading:
    """Makes values from JSON by the types of their attributes; gathers what does not fit."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def wrong(self, path: str, message: str) -> None:
        """Note a member that cannot be read."""
        self.findings.append(
            Finding(rule="json-model", code=ErrorCode.MALFORMED, location=path, message=message)
        )

    def value(self, kind: Any, data: Any, path: str) -> Any:
        """Give a value of a kind; where the JSON does not fit, the kind's emptiest one."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            if data is None:
                return None
            inner = next(one for one in get_args(kind) if one is not type(None))
            return self.value(inner, data, path)
        if origin is tuple:
            if not isinstance(data, list):
                self.wrong(path, f"expected a list, found {_word(data)}")
                return ()
            inner = get_args(kind)[0]
            return tuple(self.value(inner, one, f"{path}[{i}]") for i, one in enumerate(data))
        if kind is bytes:
            return self._octets(data, path)
        if kind in (str, bool, int):
            if type(data) is not kind:
                self.wrong(path, f"expected {_NAMES[kind]}, found {_word(data)}")
                return kind()
            return data
        if isinstance(kind, type) and issubclass(kind, Enum):
            try:
                return kind(data)
            except ValueError:
                known = ", ".join(str(one.value) for one in kind)
                self.wrong(path, f"expected one of {known}")
                return next(iter(kind))
        if kind in _TEXTS:
            if type(data) is not str:
                self.wrong(path, f"expected a text, found {_word(data)}")
                return kind("")
            return kind(data)
        if not isinstance(data, dict):
            self.wrong(path, f"expected an object, found {_word(data)}")
            data = {}
        return kind(**self.attributes(kind, data, path))

    def attributes(self, kind: Any, data: Mapping[str, Any], path: str, skip: str = "") -> Json:
        """Give the attributes of a dataclass that a JSON object says."""
        hints = _hints(kind)
        values: Json = {}
        for attribute in fields(kind):
            name = attribute.name
            if name == skip:
                continue
            below = f"{path}.{name}" if path else name
            if name in data:
                values[name] = self.value(hints[name], data[name], below)
            elif not _has_default(attribute):
                self.wrong(below, "this member must be there")
                values[name] = Reading().value(hints[name], _EMPTY.get(hints[name]), below)
        for name in data:
            if name not in hints:
                self.wrong(f"{path}.{name}" if path else name, "there is no such member")
        return values

    def _octets(self, data: Any, path: str) -> bytes:
        try:
            if type(data) is str:
                return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            pass
        self.wrong(path, "expected base64")
        return b""


_NAMES = {str: "a text", bool: "true or false", int: "a whole number"}
_EMPTY: Mapping[Any, Any] = {str: "", bool: False, int: 0, bytes: ""}


def _word(data: Any) -> str:
    if data is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(data), "a number")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
