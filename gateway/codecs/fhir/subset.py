"""Parts of resources: ``_summary`` and ``_elements``.

What must be there for the resource to be understood stays in every part, and so do the contained
resources that something left in refers to. A part says of itself that it is one.

Source:
    HL7 FHIR R4: 3.1.1.5.8 _summary, 3.1.1.5.9 _elements; the summary elements of each resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from gateway.codecs.fhir.reader import Json

_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
_REQUIRED = {
    "AuditEvent": frozenset({"type", "recorded", "agent", "source"}),
    "DocumentReference": frozenset({"status", "content"}),
    "List": frozenset({"status", "mode"}),
    # A patient without these might be taken for another one, or for one who is still alive.
    "Patient": frozenset({"active", "link", "deceasedBoolean", "deceasedDateTime"}),
}
_SUMMARY = {
    "AuditEvent": frozenset(
        {
            "type",
            "subtype",
            "action",
            "recorded",
            "outcome",
            "outcomeDesc",
            "purposeOfEvent",
            "agent",
            "source",
        }
    ),
    "DocumentReference": frozenset(
        {
            "masterIdentifier",
            "identifier",
            "status",
            "docStatus",
            "type",
            "category",
            "subject",
            "date",
            "author",
            "relatesTo",
            "description",
            "securityLabel",
            "content",
            "context",
        }
    ),
    "List": frozenset({"status", "mode", "title", "code", "subject", "date", "source"}),
    "Patient": frozenset(
        {
            "identifier",
            "active",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "deceasedBoolean",
            "deceasedDateTime",
            "address",
            "managingOrganization",
            "link",
        }
    ),
}
_INNER = {"context": frozenset({"period"})}
"""Of these elements only some are in a summary."""


def write_subset(resource: bytes, summary: str = "", elements: Iterable[str] = ()) -> bytes:
    """Give the part of a resource that was asked for.

    Args:
        resource: A complete resource, in JSON.
        summary: ``true``, ``text`` or ``data``; empty for none.
        elements: Names of top-level elements; none for all.
    """
    whole: Json = orjson.loads(resource)
    kind = whole["resourceType"]
    required = _ALWAYS | _REQUIRED.get(kind, frozenset())
    wanted = set(elements)
    if summary == "data":
        kept = {name: value for name, value in whole.items() if name != "text"}
    elif summary == "text":
        kept = _only(whole, required | {"text"})
    elif summary == "true":
        kept = _only(whole, _SUMMARY.get(kind, required) | _ALWAYS)
        for name, inner in _INNER.items():
            if name in kept:
                kept[name] = _only(kept[name], inner)
                if not kept[name]:
                    del kept[name]
    else:
        kept = whole
    if wanted:
        kept = _only(kept, required | wanted)
    _keep_contained(kept, whole)
    meta = dict(kept.get("meta") or {})
    meta["tag"] = [*meta.get("tag", ()), _SUBSETTED]
    # What a profile requires may be left out: a part does not claim what the whole can.
    meta.pop("profile", None)
    return orjson.dumps({**kept, "meta": meta})


def _only(element: Json, names: Iterable[str]) -> Json:
    names = frozenset(names)
    # _name holds the extensions of name.
    return {key: value for key, value in element.items() if key.removeprefix("_") in names}


def _keep_contained(kept: Json, whole: Json) -> None:
    """Keep the contained resources that are referred to, and what those refer to themselves."""
    contained = whole.pop("contained", None)
    if not contained:
        return
    kept.pop("contained", None)
    by_id = {one.get("id"): one for one in contained}
    wanted: set[str] = set()
    waiting = list(_local_references(kept))
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in wanted:
            wanted.add(name)
            waiting.extend(_local_references(by_id[name]))
    left = [one for one in contained if one.get("id") in wanted]
    if left:
        kept["contained"] = left


def _local_references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and reference.startswith("#"):
            yield reference[1:]
        for inner in value.values():
            yield from _local_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _local_references(inner)
