"""FHIRPath Patch: Parameters that change a DocumentReference, all of them or none.

Source:
    HL7 FHIR R4: 3.1.0.7.1 FHIRPath Patch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from gateway.codecs.fhir.elements import structure
from gateway.codecs.fhir.fhirpath import Element, PathFault, children, locate
from gateway.codecs.fhir.json_patch import MAX_OPERATIONS
from gateway.codecs.fhir.reader import Json
from gateway.errors import ErrorCode, Finding, Refused

_TYPES = ("add", "insert", "delete", "replace", "move")


class _Fault(Exception):
    """One operation cannot be done, so none is."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation as it was read: its parts by name, and where it stands."""

    type: str
    path: str
    parts: dict[str, Json]
    place: str

    def number(self, name: str) -> int:
        value = self.parts.get(name, {}).get("valueInteger")
        if type(value) is not int or value < 0:
            raise _Fault(f"{self.type} needs {name}, an integer from 0")
        return value


def apply_fhirpath_patch(resource: Json, parameters: Json) -> Json:
    """Give a resource with all operations of a Parameters resource done, one after another.

    Args:
        resource: A DocumentReference in JSON; stays as it is.
        parameters: The patch.

    Raises:
        Refused: One of them cannot be read or done; its place is named.
    """
    operations = _read(parameters)
    patched = copy.deepcopy(resource)
    for operation in operations:
        try:
            _apply(patched, operation)
        except (_Fault, PathFault) as fault:
            raise _refused(
                ErrorCode.INVALID_VALUE,
                operation.place,
                f"{operation.type} {operation.path[:128]}: {fault}",
            ) from None
    return patched


def _refused(code: ErrorCode, location: str, message: str) -> Refused:
    return Refused(Finding(rule="fhirpath-patch", code=code, location=location, message=message))


# --- Reading -----------------------------------------------------------------------------------


def _read(parameters: Json) -> list[_Operation]:
    if parameters.get("resourceType") != "Parameters":
        raise _refused(ErrorCode.MALFORMED, "resourceType", "a FHIRPath patch is a Parameters")
    given = parameters.get("parameter")
    if type(given) is not list or not given:
        raise _refused(ErrorCode.MALFORMED, "Parameters.parameter", "no operation is given")
    if len(given) > MAX_OPERATIONS:
        raise _refused(
            ErrorCode.TOO_LARGE,
            "Parameters.parameter",
            f"a patch has at most {MAX_OPERATIONS} operations",
        )
    return [
        _read_operation(one, f"Parameters.parameter[{number}]") for number, one in enumerate(given)
    ]


def _read_operation(parameter: object, place: str) -> _Operation:
    parts = parameter.get("part") if type(parameter) is dict else None
    if type(parameter) is not dict or parameter.get("name") != "operation":
        raise _refused(ErrorCode.MALFORMED, place, "expected a parameter named operation")
    if type(parts) is not list or any(type(part) is not dict for part in parts):
        raise _refused(ErrorCode.MALFORMED, f"{place}.part", "an operation has parts")
    named: dict[str, Json] = {}
    for part in parts:
        name = part.get("name")
        if type(name) is not str or name in named:
            raise _refused(ErrorCode.MALFORMED, f"{place}.part", "each part has a name of its own")
        named[name] = part
    kind = named.get("type", {}).get("valueCode", named.get("type", {}).get("valueString"))
    path = named.get("path", {}).get("valueString")
    if kind not in _TYPES:
        raise _refused(ErrorCode.INVALID_VALUE, place, f"type is one of {', '.join(_TYPES)}")
    if type(path) is not str or not path:
        raise _refused(ErrorCode.INVALID_VALUE, place, "an operation needs its path")
    return _Operation(str(kind), path, named, place)


# --- Doing -------------------------------------------------------------------------------------


def _apply(resource: Json, operation: _Operation) -> None:
    found = locate(resource, operation.path)
    match operation.type:
        case "add":
            _add(_one(found), operation)
        case "insert":
            place, array = _array(found)
            index = operation.number("index")
            if index > len(array):
                raise _Fault(f"the list has {len(array)} elements")
            array.insert(index, _value(operation, _type_of(place))[0])
        case "delete":
            # What is not there need not be deleted; what is meant must be clear.
            if found:
                _delete(_one(found))
        case "replace":
            _replace(_one(found), operation)
        case _:
            _, array = _array(found)
            source, destination = operation.number("source"), operation.number("destination")
            if source >= len(array) or destination >= len(array):
                raise _Fault(f"the list has {len(array)} elements")
            array.insert(destination, array.pop(source))


def _one(found: list[Element]) -> Element:
    if len(found) != 1:
        raise _Fault(f"the path leads to {len(found)} elements, not to one")
    return found[0]


def _array(found: list[Element]) -> tuple[Element, list[Any]]:
    """The list whose elements a path gave; it must have given them all."""
    if not found:
        raise _Fault("the path leads to no list")
    first = found[0]
    array = first.parent.get(first.name) if first.parent is not None else None
    if (
        type(array) is not list
        or len(array) != len(found)
        or any(e.parent is not first.parent or e.name != first.name for e in found)
    ):
        raise _Fault("the path does not lead to one whole list")
    return first, array


def _add(target: Element, operation: _Operation) -> None:
    name = operation.parts.get("name", {}).get("valueString")
    if type(name) is not str or not name:
        raise _Fault("add needs the name of what it adds")
    if type(target.value) is not dict:
        raise _Fault("nothing can be added to a primitive value")
    kind = _type_of(target)
    kind_of_member, repeats = _defined(kind, name)
    if not kind_of_member:
        raise _Fault(f"{kind or 'this element'} has no element {name[:40]!r} that can be added")
    value, suffix = _value(operation, kind_of_member)
    if kind_of_member == "choice":
        if children(target, name):
            raise _Fault(f"there is a {name} already")
        target.value[name + suffix] = value
    elif repeats:
        members = target.value.setdefault(name, [])
        if type(members) is not list:
            raise _Fault(f"{name} is no list")
        members.append(value)
    elif name in target.value:
        raise _Fault(f"there is a {name} already")
    else:
        target.value[name] = value


def _replace(target: Element, operation: _Operation) -> None:
    if target.parent is None:
        raise _Fault("the resource as a whole cannot be replaced")
    kind = _type_of(target)
    value, suffix = _value(operation, kind)
    if target.index is not None:
        target.parent[target.name][target.index] = value
    elif kind == "choice":
        del target.parent[target.name]
        target.parent["value" + suffix] = value
    else:
        target.parent[target.name] = value


def _delete(target: Element) -> None:
    if target.parent is None:
        raise _Fault("the resource as a whole cannot be deleted")
    if target.index is None:
        del target.parent[target.name]
        return
    del target.parent[target.name][target.index]
    if not target.parent[target.name]:
        del target.parent[target.name]


def _type_of(element: Element) -> str:
    """The type of an element, told by the way that led to it; empty where nothing tells it."""
    if element.owner is None:
        kind = element.value.get("resourceType") if type(element.value) is dict else ""
        return kind if type(kind) is str else ""
    if element.name.startswith("value") and element.name != "value":
        return "choice"
    return _defined(_type_of(element.owner), element.name)[0]


def _defined(kind: str, name: str) -> tuple[str, bool]:
    """The type of a member of a type, and whether it repeats; empty where there is no such.

    JSON alone does not tell whether a member that is not there yet is an array.
    """
    try:
        members = structure(kind).by_name
    except KeyError:
        return "", False
    if name in members:
        return members[name].type, members[name].repeats
    if name == "value" and "valueBoolean" in members:
        return "choice", False
    return "", False


# --- Values ------------------------------------------------------------------------------------


def _value(operation: _Operation, kind: str) -> tuple[Any, str]:
    part = operation.parts.get("value")
    if part is None:
        raise _Fault(f"{operation.type} needs a value")
    return _value_of(part, kind)


def _value_of(part: Json, kind: str) -> tuple[Any, str]:
    """The value a part carries, and the type its name says: of ``valueBoolean`` ``Boolean``."""
    typed = [name for name in part if name.startswith("value") and name != "value"]
    inner = part.get("part")
    if len(typed) == 1 and inner is None:
        return copy.deepcopy(part[typed[0]]), typed[0].removeprefix("value")
    if typed or type(inner) is not list or not inner:
        raise _Fault("a value is given as value[x], or as parts")
    return _assembled(inner, kind), ""


def _assembled(parts: list[Any], kind: str) -> Json:
    """An element no value[x] can carry, put together from its parts."""
    has_choice = _defined(kind, "value")[0] == "choice"
    made: Json = {}
    for part in parts:
        name = part.get("name") if type(part) is dict else None
        if type(name) is not str:
            raise _Fault("each part of a value has a name")
        # Sources name the choice of an extension in three ways.
        choice = has_choice and name.startswith("value")
        kind_of_member, repeats = _defined(kind, "value" if choice else name)
        if not kind_of_member:
            raise _Fault(f"{kind or 'this element'} has no element {name[:40]!r}")
        value, suffix = _value_of(part, kind_of_member)
        if choice:
            name = "value" + suffix
        if repeats:
            made.setdefault(name, []).append(value)
        elif name in made:
            raise _Fault(f"{name} is given twice")
        else:
            made[name] = value
    return made
