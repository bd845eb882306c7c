"""``fhir.toml`` of a profile: the conventions of a community's records and of its FHIR face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.model.conventions import (
    APPROVED,
    DEPRECATED,
    MUTABLE_MEMBERS,
    Conventions,
    FurtherStatus,
    IdentityCodes,
    RecordExtensions,
    StatusRules,
    StatusTransition,
)
from gateway.model.datatypes import Code
from gateway.profile.values import ProfileFault

_CHOICES = {
    "served_id": ("logical_id", "entry_uuid"),
    "identifiers_by": ("type", "use"),
    "date": ("registration_time", "creation_time"),
}
_TEXTS = ("level_scheme", "visibility_scheme")
_TABLES = ("default_level", "identity", "patchable", "status", "transition", "record")
_WORDS = {"Approved": APPROVED, "Deprecated": DEPRECATED}
_CODES = ("current", "superseded")


def read_conventions(data: Mapping[str, Any], parent: Conventions, path: str) -> Conventions:
    """Give the parent's conventions with what a profile says otherwise.

    Args:
        data: Of ``fhir.toml``; nothing when there is no such file.
        parent: Of the profile it extends.
        path: Of the file, for complaints.

    Raises:
        ProfileFault: When it says what nobody knows.
    """
    for key in data:
        if key not in (*_CHOICES, *_TEXTS, *_TABLES):
            raise ProfileFault(f"{path}: {key!r} is no convention")
    changes: dict[str, Any] = {}
    for key, known in _CHOICES.items():
        if key in data:
            if data[key] not in known:
                raise ProfileFault(f"{path}: {key}: {data[key]!r} is none of {', '.join(known)}")
            changes[key] = data[key]
    for key in _TEXTS:
        if key in data:
            changes[key] = str(data[key])
    if "default_level" in data:
        changes["default_level"] = _made(Code, data["default_level"], f"{path}: default_level")
    if "patchable" in data:
        for name in data["patchable"]:
            if name not in MUTABLE_MEMBERS:
                raise ProfileFault(
                    f"{path}: patchable: {name!r} is none of {', '.join(MUTABLE_MEMBERS)}"
                )
        changes["patchable"] = tuple(data["patchable"])
    if "record" in data:
        changes["record"] = _made(RecordExtensions, data["record"], f"{path}: record")
    if "identity" in data:
        told = {name: tuple(codes) for name, codes in data["identity"].items()}
        changes["identity"] = _made(IdentityCodes, told, f"{path}: identity")
    if "status" in data or "transition" in data:
        changes["statuses"] = _statuses(data, parent.statuses, path)
    return replace(parent, **changes)


def _statuses(data: Mapping[str, Any], parent: StatusRules, path: str) -> StatusRules:
    further = parent.further
    for number, told in enumerate(data.get("status", ())):
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
        status = _made(FurtherStatus, values, f"{path}: status[{number}]")
        for code in (status.code, *status.other_codes):
            if code not in _CODES:
                raise ProfileFault(f"{path}: status[{number}]: {code!r} is no status of a document")
        further = (*further, status)
    names = {s.urn.rpartition(":")[2]: s.urn for s in further} | _WORDS
    transitions = parent.transitions
    for number, told in enumerate(data.get("transition", ())):
        values = dict(told)
        for end in ("original", "new"):
            if values.get(end) not in names:
                raise ProfileFault(
                    f"{path}: transition[{number}].{end}: {values.get(end)!r} is none of "
                    + ", ".join(sorted(names))
                )
            values[end] = names[values[end]]
        made = _made(StatusTransition, values, f"{path}: transition[{number}]")
        transitions = (*transitions, made)
    return StatusRules(further=further, transitions=transitions)


def _made(kind: Any, values: Mapping[str, Any], place: str) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        raise ProfileFault(f"{place}: {error}") from None
