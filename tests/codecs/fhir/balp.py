"""What BALP's StructureDefinitions ask of an AuditEvent, as far as they say it in differentials.

Cardinalities, fixed values and slices by a value or pattern, through all parents up to AuditEvent;
value sets and types are left to the model of FHIR.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

BASE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"


@cache
def elements(folder: Path, url: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Path behind AuditEvent, and definition, of a profile and its parents."""
    file = folder / f"StructureDefinition-{url.removeprefix(BASE)}.json"
    profile = json.loads(file.read_text())
    parent = profile["baseDefinition"]
    inherited = elements(folder, parent) if parent.startswith(BASE) else ()
    own = tuple(
        (one["id"].removeprefix("AuditEvent."), one)
        for one in profile["differential"]["element"]
        if "." in one["id"]
    )
    return (*inherited, *own)


def problems(folder: Path, url: str, resource: dict[str, Any]) -> list[str]:
    """Every place where a resource does not keep to a profile."""
    defined = elements(folder, url)
    found: list[str] = []
    for path, one in defined:
        parts = path.split(".")
        for parent in places([resource], parts[:-1], defined, ""):
            values = present(parent, parts[-1], ".".join(parts[:-1]), defined)
            lowest, highest = one.get("min", 0), one.get("max", "*")
            if len(values) < lowest:
                found.append(f"{path}: {len(values)} of at least {lowest}")
            if highest != "*" and len(values) > int(highest):
                found.append(f"{path}: {len(values)} of at most {highest}")
            for key, wanted in one.items():
                if key.startswith(("pattern", "fixed")):
                    found += [
                        f"{path}: {v!r} is not {wanted!r}" for v in values if not fits(v, wanted)
                    ]
    return found


def places(values: list[Any], parts: list[str], defined: Any, before: str) -> list[dict[str, Any]]:
    for part in parts:
        values = [v for value in values for v in present(value, part, before, defined)]
        before = f"{before}.{part}" if before else part
    return values


def present(parent: Any, part: str, before: str, defined: Any) -> list[Any]:
    name, _, slice_name = part.partition(":")
    if name.endswith("[x]"):
        keys = [key for key in parent if key.startswith(name[:-3]) and key != name[:-3]]
        return [parent[key] for key in keys]
    value = parent.get(name, []) if isinstance(parent, dict) else []
    values = value if isinstance(value, list) else [value]
    if not slice_name:
        return values
    path = f"{before}.{part}" if before else part
    marks = dict(defined)
    own = marks.get(path, {})
    for key, wanted in own.items():
        if key.startswith("pattern"):
            return [v for v in values if fits(v, wanted)]
    mark = marks.get(path + ".type", {})
    for key, wanted in mark.items():
        if key.startswith("pattern"):
            return [v for v in values if fits(v.get("type"), wanted)]
    bound = {
        "subtype:anySearch": {"search", "search-type", "search-system"},
        "subtype:anyRead": {"read", "vread"},
        "subtype:anyUpdate": {"update", "patch"},
    }
    if path in bound:
        return [v for v in values if v.get("code") in bound[path]]
    return []  # Of an extension, or by a value set we do not look into.


def fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(fits(value.get(k), w) for k, w in wanted.items())
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(fits(v, w) for v in value) for w in wanted)
    return bool(value == wanted)
