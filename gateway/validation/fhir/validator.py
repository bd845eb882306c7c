"""The validator of FHIR R4 resources: one resource in, everything that is wrong with it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.validation.fhir.content_rules import Manner, looked_at
from gateway.validation.fhir.definitions import Definitions
from gateway.validation.fhir.rules import issue
from gateway.validation.fhir.scope import Place
from gateway.validation.fhir.walker import MAX_ISSUES, Walker
from gateway.validation.issue import Issue

Json = dict[str, Any]


class Validator:
    """Checks resources against their type, the profiles they claim and those asked for.

    One validator serves any number of resources; what it learns of definitions it keeps. It never
    raises for what stands in a resource.
    """

    def __init__(self, definitions: Definitions, manner: Manner | None = None) -> None:
        """Take the definitions, and how strict to be where the specification leaves that open."""
        self.definitions = definitions
        self.manner = manner or Manner()

    def validate(self, resource: Json, profiles: Iterable[str] = ()) -> tuple[Issue, ...]:
        """Give everything that was found, in the order of the resource, each thing once.

        Args:
            resource: The resource as JSON has it.
            profiles: Canonical URLs, with ``|version`` or without, asked for besides the ones in
                ``meta.profile``.
        """
        walker = Walker(self.definitions, resource, self.manner)
        kind = resource.get("resourceType")
        name = kind if isinstance(kind, str) else ""
        walker.resource(resource, tuple(profiles), Place(None, name, name), None)
        found: dict[tuple[str, str, str], Issue] = {}
        for one in (*walker.issues, *looked_at(resource, self.manner)):
            found.setdefault((one.rule, one.location, one.message), one)
        issues = tuple(found.values())
        if len(issues) > MAX_ISSUES:
            issues = (*issues[:MAX_ISSUES], issue("fhir-too-many", name, expected=MAX_ISSUES))
        return issues
