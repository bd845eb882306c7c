"""Faults as data: one change to a valid file, and what the validator has to say of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.validation.issue import Issue, IssueSeverity
from scripts.fhir_samples import changed

Json = dict[str, Any]
Change = tuple[str, str, Any] | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing spoiled in a valid file.

    Attributes:
        name: What is wrong, in a few words.
        file: The valid file, without ``.json``.
        change: ``("set", path, value)``, ``("add", path, value)`` to a list, ``("remove", path)``
            or ``("rename", path, name)``; a path reads ``content[0].attachment.url``.
        rule: The rule the fault breaks.
        location: The place the validator names.
        element: The element definition it names.
        besides: Rules of errors that follow from it and stand elsewhere (an entry that fits no
            slice any more), each named with its place.
    """

    name: str
    file: str
    change: Change
    rule: str
    location: str
    element: str
    besides: tuple[tuple[str, str], ...] = ()


def planted(resource: Json, fault: Fault) -> Json:
    """Give a copy of a resource with one fault in it."""
    change, path, *value = fault.change
    return changed(resource, change, path, *value)


def errors(issues: Iterable[Issue]) -> list[tuple[str, str, str]]:
    """Rule, place and element of each error."""
    return [
        (one.rule, one.location, one.element)
        for one in issues
        if one.severity is IssueSeverity.ERROR
    ]


def told(issues: Iterable[Issue]) -> str:
    """Write errors so that a failing test can be read."""
    return json.dumps(
        [f"{i.rule} @ {i.location} ({i.element}): {i.message}" for i in issues], indent=1
    )


def difference(fault: Fault, issues: Iterable[Issue]) -> str:
    """Say how what was found differs from what was planted; empty when it does not."""
    found = errors(issues)
    wanted = (fault.rule, fault.location, fault.element)
    rest = [(rule, place) for rule, place, element in found if (rule, place, element) != wanted]
    if wanted not in found:
        return f"not found: {wanted}; found {found}"
    if sorted(set(rest)) != sorted(fault.besides):
        return f"besides: {sorted(set(rest))}"
    return ""
