"""References inside a bundle: one canonical spelling, and what they lead to.

A filter that compares references must not be slipped past by another spelling of the same one, so
everything is brought to one form first: our own base and a version suffix are cut off, an id must
be a FHIR id as it stands (no percent-encoding), and another server's base stays foreign.

Source:
    HL7 FHIR R4: 2.3.0.1 (literal references), 3.1.0.11.2 and 2.36.4 (resolving in bundles).
"""

from __future__ import annotations

import re

from gateway.codecs.fhir.reader import Json

_RELATIVE = re.compile(
    r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?\Z"
)
_ABSOLUTE = re.compile(
    r"(https?://[!-~]+)/([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.-]{1,64})"
    r"(?:/_history/[A-Za-z0-9.-]{1,64})?\Z"
)
_HTTP = re.compile(r"https?://", re.IGNORECASE)


def canonical(reference: str, base_url: str = "") -> str | None:
    """Give the canonical spelling of a reference.

    Args:
        base_url: Of our FHIR face, without trailing slash.

    Returns:
        ``Type/id``, or a ``urn:`` as it stands; ``None`` for another server and for anything else.
    """
    if reference.startswith("urn:"):
        return reference
    if base_url and reference.startswith(base_url + "/"):
        reference = reference[len(base_url) + 1 :]
    match = _RELATIVE.match(reference)
    return f"{match[1]}/{match[2]}" if match else None


def address(reference: str, base_url: str) -> tuple[str, str, str] | None:
    """Take a literal reference apart that leads out of the message.

    Returns:
        The type, the address of all resources of that type, and the id; ``None`` for anything that
        is no address of a resource.
    """
    match = _RELATIVE.match(reference)
    if match:
        return (match[1], f"{base_url}/{match[1]}", match[2]) if base_url else None
    match = _ABSOLUTE.match(reference)
    return (match[2], f"{match[1]}/{match[2]}", match[3]) if match else None


class Entries:
    """The resources of a bundle, found by whatever may refer to them."""

    def __init__(self, base_url: str = "") -> None:
        self._base_url = base_url
        self._found: dict[str, int] = {}
        self._resources: list[tuple[Json, str]] = []
        self._full_urls: list[str] = []
        self._first: list[tuple[str, int]] = []

    def add(self, full_url: str, resource: Json, path: str) -> bool:
        """Take in one resource.

        Returns:
            Whether its fullUrl was new; of two, the first one is kept.
        """
        number = len(self._resources)
        self._resources.append((resource, path))
        self._full_urls.append(full_url)
        name = resource.get("id")
        if type(name) is str and name:
            # Inside a bundle of urn:uuid entries some sources still refer by Type/id.
            self._first.append((f"{resource.get('resourceType')}/{name}", number))
        if not full_url:
            return True
        known = full_url in self._found
        self._found.setdefault(full_url, number)
        if _HTTP.match(full_url):
            tail = canonical("/".join(full_url.split("/")[-2:]))
            if tail is not None:
                self._found.setdefault(tail, number)
        return not known

    def close(self) -> None:
        """Say that all resources are in: what a fullUrl did not name is found by its id."""
        for name, number in self._first:
            self._found.setdefault(name, number)

    def number(self, reference: str) -> int | None:
        """Give the number of the resource a reference names, counted from 0 as they were added."""
        found = self._found.get(reference)
        if found is None:
            name = canonical(reference, self._base_url)
            found = self._found.get(name) if name is not None else None
        return found

    def full_url(self, reference: str) -> str:
        """Give the fullUrl of the resource a reference names; empty when there is none."""
        number = self.number(reference)
        return "" if number is None else self._full_urls[number]

    def resolve(self, reference: str) -> tuple[Json, str] | None:
        """Give the resource a reference names, and its path."""
        number = self.number(reference)
        return None if number is None else self._resources[number]
