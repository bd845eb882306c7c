"""JSON Patch: the operations of RFC 6902 on a JSON document, all of them or none.

Source:
    RFC 6902 (JSON Patch), RFC 6901 (JSON Pointer); HL7 FHIR R4: 3.1.0.7 patch.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.strict_json import MAX_VALUES, read_json
from gateway.errors import ErrorCode, Finding, Refused

MAX_OPERATIONS = 200
"""Operations of one patch; a document has not that many elements that could change."""

_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_NEED = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}
# A national guide names an extension by its URL inside the pointer, which no pointer can do.
_BY_URL = re.compile(
    r"/extension\[\s*url\s*[:=]\s*['\"\u2018\u2019\u201c\u201d](?P<url>[^'\"\u2018\u2019\u201c"
    r"\u201d]+)['\"\u2018\u2019\u201c\u201d]\s*\](?P<rest>(?:/.*)?)\Z",
    re.DOTALL,
)
_VALUE = re.compile(r"/(value[A-Z][A-Za-z0-9]*)\Z")


class PatchFault(Exception):
    """One operation cannot be done, so none is."""


def read_json_patch(octets: bytes, *, max_octets: int | None = None) -> list[Json]:
    """Read a patch document: an array of operations, each with what it needs.

    Raises:
        Refused: It is no JSON, or no JSON Patch.
    """
    framed = read_json(b'{"patch":' + octets + b"}", max_octets=max_octets)
    operations = framed.get("patch")
    if framed.keys() != {"patch"} or type(operations) is not list:
        raise _refused(ErrorCode.MALFORMED, "", "expected an array of operations")
    if len(operations) > MAX_OPERATIONS:
        raise _refused(ErrorCode.TOO_LARGE, "", f"a patch has at most {MAX_OPERATIONS} operations")
    for number, operation in enumerate(operations):
        complaint = _complaint(operation)
        if complaint:
            raise _refused(ErrorCode.INVALID_VALUE, f"[{number}]", complaint)
    return operations


def _complaint(operation: object) -> str:
    if type(operation) is not dict:
        return "an operation is an object"
    name = operation.get("op")
    if type(name) is not str or name not in _NEED:
        return f"op is one of {', '.join(_NEED)}"
    for member in _NEED[name]:
        if member not in operation:
            return f"{name} needs {member}"
        if member != "value" and type(operation[member]) is not str:
            return f"{member} is a string"
    return ""


def apply_json_patch(document: Json, operations: list[Json]) -> Json:
    """Give a document with all operations done, one after another.

    Args:
        document: Stays as it is.
        operations: As :func:`read_json_patch` gave them.

    Raises:
        Refused: One of them cannot be done; its number and path are named.
    """
    patched: Any = copy.deepcopy(document)
    added = 0
    for number, operation in enumerate(operations):
        try:
            patched, size = _apply(patched, operation)
            added += size
            if added > MAX_VALUES:
                raise PatchFault("the patch makes the resource too large")
        except PatchFault as fault:
            code = (
                ErrorCode.METADATA_UPDATE_ERROR
                if operation["op"] == "test"
                else ErrorCode.INVALID_VALUE
            )
            place = f"[{number}] {operation['op']} {operation['path'][:128]}"
            raise _refused(code, place, str(fault)) from None
    if type(patched) is not dict:
        raise _refused(ErrorCode.INVALID_VALUE, "", "what is left is no resource")
    return patched


def _refused(code: ErrorCode, location: str, message: str) -> Refused:
    return Refused(
        Finding(rule="json-patch", code=code, location=f"patch{location}", message=message)
    )


def _apply(document: Any, operation: Json) -> tuple[Any, int]:
    """Do one operation; gives the document and how many values came into it."""
    name = operation["op"]
    path, value = _pointed(document, operation)
    tokens = _tokens(path)
    match name:
        case "add":
            value = copy.deepcopy(value)
            return _add(document, tokens, value), _count(value)
        case "replace":
            value = copy.deepcopy(value)
            return _replace(document, tokens, value), _count(value)
        case "remove":
            return _remove(document, tokens)[0], 0
        case "test":
            if not _same(_get(document, tokens), value):
                raise PatchFault("the value is another one")
            return document, 0
        case "copy":
            value = copy.deepcopy(_get(document, _tokens(operation["from"])))
            return _add(document, tokens, value), _count(value)
        case _:
            origin = _tokens(operation["from"])
            if tokens[: len(origin)] == origin:
                if tokens == origin:
                    _get(document, tokens)
                    return document, 0
                raise PatchFault("a value cannot move into itself")
            document, value = _remove(document, origin)
            return _add(document, tokens, value), 0


def _pointed(document: Any, operation: Json) -> tuple[str, Any]:
    """The path and value of an operation; an extension named by its URL becomes a place.

    One that is not there yet is added by what sets its value, since the guides that write so say
    "replace" for it.
    """
    path, value = operation["path"], operation.get("value")
    named = _BY_URL.match(path)
    if named is None or type(document) is not dict:
        return path, value
    url, rest = named["url"], named["rest"]
    extensions = document.get("extension", [])
    for number, extension in enumerate(extensions):
        if type(extension) is dict and extension.get("url") == url:
            return f"/extension/{number}{rest}", value
    member = _VALUE.match(rest)
    if member is None or operation["op"] not in ("add", "replace"):
        raise PatchFault("the resource has no such extension")
    document.setdefault("extension", []).append({"url": url, member[1]: None})
    return f"/extension/{len(document['extension']) - 1}{rest}", value


# --- Pointers ----------------------------------------------------------------------------------


def _tokens(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise PatchFault("a path is a JSON Pointer: empty, or beginning with /")
    tokens = pointer[1:].split("/")
    if any(re.search("~(?![01])", token) for token in tokens):
        raise PatchFault("in a JSON Pointer ~ is followed by 0 or 1")
    return [token.replace("~1", "/").replace("~0", "~") for token in tokens]


def _get(document: Any, tokens: list[str]) -> Any:
    for token in tokens:
        document = _child(document, token)
    return document


def _child(parent: Any, token: str) -> Any:
    if type(parent) is dict:
        if token not in parent:
            raise PatchFault("there is no such value")
        return parent[token]
    if type(parent) is list:
        return parent[_index(token, len(parent) - 1)]
    raise PatchFault("there is no such value")


def _index(token: str, last: int) -> int:
    if not _INDEX.match(token) or int(token) > last:
        raise PatchFault("there is no such place in the array")
    return int(token)


def _add(document: Any, tokens: list[str], value: Any) -> Any:
    if not tokens:
        return value
    parent = _get(document, tokens[:-1])
    if type(parent) is dict:
        parent[tokens[-1]] = value
    elif type(parent) is list:
        place = len(parent) if tokens[-1] == "-" else _index(tokens[-1], len(parent))
        parent.insert(place, value)
    else:
        raise PatchFault("there is no such value")
    return document


def _replace(document: Any, tokens: list[str], value: Any) -> Any:
    if not tokens:
        return value
    parent = _get(document, tokens[:-1])
    _child(parent, tokens[-1])
    if type(parent) is dict:
        parent[tokens[-1]] = value
    else:
        parent[int(tokens[-1])] = value
    return document


def _remove(document: Any, tokens: list[str]) -> tuple[Any, Any]:
    if not tokens:
        return None, document
    parent = _get(document, tokens[:-1])
    value = _child(parent, tokens[-1])
    if type(parent) is dict:
        del parent[tokens[-1]]
    else:
        del parent[int(tokens[-1])]
    return document, value


# --- Values ------------------------------------------------------------------------------------


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON; to Python alone, true equals 1."""
    if type(one) is bool or type(other) is bool:
        return one is other
    if type(one) is dict and type(other) is dict:
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if type(one) is list and type(other) is list:
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _count(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        count += 1
        if type(one) is dict:
            waiting += one.values()
        elif type(one) is list:
            waiting += one
    return count
