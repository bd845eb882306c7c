"""Where a value stands: its place in words, and the resources it can refer to.

Source:
    HL7 FHIR R4: 2.3.0.1 References between resources; 2.36.4 Resolving references in Bundles.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

RESTFUL = re.compile(
    r"(?P<base>(?:https?://[^?#\s]*/)?)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-]{1,64})"
    r"(?:/_history/[A-Za-z0-9.\-]{1,64})?"
)


class Place:
    """A place in a resource, told when somebody asks.

    Attributes:
        type: The type of the resource that begins here; empty within a resource.
    """

    __slots__ = ("above", "name", "type")

    def __init__(self, above: Place | None, name: str, type_code: str = "") -> None:
        self.above = above
        self.name = name
        self.type = type_code

    def __str__(self) -> str:
        parts = []
        place: Place | None = self
        while place is not None:
            if place.name:
                parts.append(place.name)
            place = place.above
        return ".".join(reversed(parts))


class Scope:
    """The resource a value is in, what contains that, and the Bundle around it.

    Attributes:
        resource: FHIRPath's ``%resource``.
        root: FHIRPath's ``%rootResource``: what contains a contained resource, else itself.
        bundle: The nearest Bundle around, as its own scope.
        full_url: The fullUrl of the entry it stands in.
    """

    __slots__ = ("_by_id", "_by_url", "_contained", "bundle", "full_url", "resource", "root")

    def __init__(
        self,
        resource: Json,
        root: Json | None = None,
        bundle: Scope | None = None,
        full_url: str = "",
    ) -> None:
        self.resource = resource
        self.root = resource if root is None else root
        self.bundle = bundle
        self.full_url = full_url
        self._contained: dict[str, Json] | None = None
        self._by_url: dict[str, tuple[Json, str]] | None = None
        self._by_id: dict[str, tuple[Json, str]] = {}

    def resolve(self, reference: str) -> Json | None:
        """Give what a reference points to, where it is in this message."""
        found = self.find(reference)
        return None if found is None else found.resource

    def find(self, reference: str) -> Scope | None:
        """Give the target of a reference with its own surroundings."""
        if reference.startswith("#"):
            target = self.contained(reference[1:])
            if target is None:
                return None
            return Scope(target, self.root, self.bundle, self.full_url)
        bundle = self.bundle
        while bundle is not None:
            found = bundle.entry(reference, self.full_url)
            if found is not None:
                return Scope(found[0], None, bundle, found[1])
            bundle = bundle.bundle
        return None

    def contained(self, name: str) -> Json | None:
        """Give a contained resource by its id; the containing one for an empty name."""
        if not name:
            return self.root
        if self._contained is None:
            contained = self.root.get("contained")
            listed: list[Any] = contained if isinstance(contained, list) else []
            self._contained = {
                one["id"]: one
                for one in reversed(listed)
                if isinstance(one, dict) and isinstance(one.get("id"), str)
            }
        return self._contained.get(name)

    def entry(self, reference: str, asker: str) -> tuple[Json, str] | None:
        """Look a reference up among the entries of this scope's Bundle."""
        if self._by_url is None:
            self._index()
        assert self._by_url is not None
        reference = reference.partition("#")[0]
        found = self._by_url.get(reference)
        if found is not None:
            return found
        match = RESTFUL.fullmatch(reference)
        if match is None:
            return None
        local = f"{match['type']}/{match['id']}"
        if match["base"]:
            return self._by_url.get(match["base"] + local)
        base = RESTFUL.fullmatch(asker)
        if base is not None and base["base"]:
            found = self._by_url.get(base["base"] + local)
            if found is not None:
                return found
        return self._by_id.get(local)

    def _index(self) -> None:
        self._by_url = {}
        entries = self.resource.get("entry")
        for entry in entries if isinstance(entries, list) else ():
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict):
                continue
            url = entry.get("fullUrl")
            url = url if isinstance(url, str) else ""
            if url:
                self._by_url.setdefault(url, (resource, url))
                match = RESTFUL.fullmatch(url)
                if match is not None:
                    self._by_id.setdefault(f"{match['type']}/{match['id']}", (resource, url))
            kind, name = resource.get("resourceType"), resource.get("id")
            if isinstance(kind, str) and isinstance(name, str):
                self._by_id.setdefault(f"{kind}/{name}", (resource, url))
