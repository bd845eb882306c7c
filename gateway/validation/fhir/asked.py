"""The operation ``$validate``: a resource to be judged, alone or in Parameters, and by what.

Source:
    HL7 FHIR R4 (4.0.1): resource-operation-validate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.validation.aside import CREATE, DELETE, UPDATE, Asked, Unanswerable, check_mode
from gateway.validation.fhir.reading import Reading, read
from gateway.validation.fhir.rules import issue
from gateway.validation.fhir.validator import Validator
from gateway.validation.issue import Issue

Json = dict[str, Any]


def judged(asked: Asked, validator: Validator) -> tuple[Issue, ...]:
    """Give everything that is wrong with the resource.

    Raises:
        Unanswerable: No resource was sent, or one of another type than the address names, or the
            parameters contradict one another.
    """
    reading = read(asked.octets, asked.media or None)
    if reading.resource is None:
        return reading.issues
    resource, within = reading.resource, ""
    mode, profiles = asked.mode, list(asked.profiles)
    if resource.get("resourceType") == "Parameters" and asked.type != "Parameters":
        resource, within, said, more = _taken_out(resource)
        if said and mode and said != mode:
            raise Unanswerable(f"the address says mode {mode}, the Parameters say {said}")
        mode, profiles = said or mode, [*profiles, *more]
    check_mode(mode, asked)
    kind = resource.get("resourceType")
    if asked.type and isinstance(kind, str) and kind != asked.type:
        raise Unanswerable(f"this address judges a {asked.type}, not a {kind[:64]}")
    if mode == DELETE:
        return ()
    found = [*validator.validate(resource, tuple(dict.fromkeys(profiles)))]
    if mode == UPDATE and resource.get("id") != asked.id:
        found.append(issue("validate-id", f"{asked.type}.id", expected=asked.id))
    if mode in (CREATE, UPDATE):
        # Whether an id is taken, or somebody has a right, only the change itself finds out.
        found.append(issue("validate-mode", str(kind or ""), found=mode))
    return (*reading.issues, *(_placed(one, reading, within) for one in found))


def _taken_out(parameters: Json) -> tuple[Json, str, str, list[str]]:
    """The resource in Parameters, where it stands in them, the mode, and the profiles."""
    resource: Json | None = None
    within, mode = "", ""
    profiles: list[str] = []
    listed = parameters.get("parameter")
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        name = one.get("name") if isinstance(one, dict) else None
        if name == "resource" and isinstance(one.get("resource"), dict) and resource is None:
            resource = one["resource"]
            within = f"Parameters.parameter[{number}].resource"
        elif name == "mode" and isinstance(one.get("valueCode"), str) and not mode:
            mode = one["valueCode"]
        elif name == "profile" and _url(one):
            profiles.append(_url(one))
        else:
            raise Unanswerable(
                f"Parameters.parameter[{number}]: known are resource, mode (a code) and profile "
                "(a uri or canonical), the first two once"
            )
    if resource is None:
        raise Unanswerable("the Parameters hold no resource")
    return resource, within, mode, profiles


def _url(parameter: Json) -> str:
    for name in ("valueUri", "valueCanonical", "valueUrl"):
        if isinstance(parameter.get(name), str):
            return str(parameter[name])
    return ""


def _placed(one: Issue, reading: Reading, within: str) -> Issue:
    """An issue with its line and column."""
    if one.position is not None or not one.location:
        return one
    location = one.location
    if within:
        # Inside Parameters the path begins with where the resource stands, not with its type.
        _, dot, rest = location.partition(".")
        location = within + dot + rest
    return replace(one, position=reading.positions(location))
