"""The names of systems: the OID XDS knows one by, the URI FHIR knows it by, and a label for people.

XDS names coding schemes and assigning authorities by OID, FHIR by URI. A :class:`NamingSystems`
is the two-way table, made from profile data and handed to the codecs as a value. A system the
table does not know keeps its lexical form, so that both wires stay usable without a table, and
``scheme(uri(s)) == s`` for every text: nothing is lost on the way through FHIR.

Source:
    HL7 FHIR R4: 4.3.0 (``urn:oid:`` for systems without URI); IHE ITI TF-3: 4.2.3.1 (codingScheme
    is an OID where the system has one).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote

from gateway.model.datatypes import OID

OID_URN = "urn:oid:"

LOCAL_SCHEME = "https://fhir-xds-gateway.example/coding-scheme/"
"""Before the percent-encoded text of a scheme that is neither an OID nor a URI.

XDS lets a community name a coding scheme by any text (``Connect-a-thon formatCodes``); FHIR wants
a URI. The same form carries the rare text that looks like the FHIR form of another scheme.
"""

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+\Z")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class NamingSystem:
    """One system of codes or identifiers.

    Attributes:
        oid: As XDS writes it, without ``urn:oid:``; a local name where it has no OID.
        uri: As FHIR writes it.
        label: What to show a person.
    """

    oid: str
    uri: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class NamingSystems:
    """The table of systems, both ways.

    Of several lines with one OID, or one URI, the first is written; all of them are understood.
    """

    systems: tuple[NamingSystem, ...] = ()
    _uris: dict[str, str] = field(init=False, repr=False, compare=False)
    _oids: dict[str, str] = field(init=False, repr=False, compare=False)
    _labels: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        oids: dict[str, str] = {}
        for system in self.systems:
            oids.setdefault(system.uri, system.oid)
        uris: dict[str, str] = {}
        for system in self.systems:
            # A URI that leads to another OID must not be written: it would not come back.
            if oids[system.uri] == system.oid:
                uris.setdefault(system.oid, system.uri)
        labels = {s.oid: s.label for s in reversed(self.systems) if s.label}
        object.__setattr__(self, "_uris", uris)
        object.__setattr__(self, "_oids", oids)
        object.__setattr__(self, "_labels", labels)

    @classmethod
    def of(cls, systems: Iterable[tuple[str, str] | tuple[str, str, str]]) -> Self:
        """Make the table from ``(oid, uri)`` or ``(oid, uri, label)`` lines."""
        return cls(tuple(NamingSystem(*line) for line in systems))

    def __hash__(self) -> int:
        # Part of the key of what codecs keep; there are few tables, and each has hundreds of lines.
        return len(self.systems)

    def __iter__(self) -> Iterator[NamingSystem]:
        return iter(self.systems)

    def __add__(self, other: NamingSystems) -> NamingSystems:
        """Put another table behind this one; where they disagree, this one is right."""
        return NamingSystems(self.systems + other.systems)

    def uri(self, scheme: str) -> str:
        """Give the URI FHIR knows a scheme by; empty for an empty scheme.

        Args:
            scheme: An OID without ``urn:oid:``, a URI, or any other text.
        """
        known = self._uris.get(scheme)
        if known is not None:
            return known
        if not scheme:
            return ""
        if OID.match(scheme) and OID_URN + scheme not in self._oids:
            return OID_URN + scheme
        if _ABSOLUTE.match(scheme) and self.scheme(scheme) == scheme:
            return scheme
        return LOCAL_SCHEME + quote(scheme, safe="", errors="surrogatepass")

    def scheme(self, uri: str) -> str:
        """Give the scheme XDS knows a URI by; an unknown URI stays as it is."""
        known = self._oids.get(uri)
        if known is not None:
            return known
        if uri.startswith(OID_URN):
            rest = uri[len(OID_URN) :]
            return rest if OID.match(rest) else uri
        if uri.startswith(LOCAL_SCHEME):
            name = unquote(uri[len(LOCAL_SCHEME) :])
            return uri if not name or _UNPRINTABLE.search(name) else name
        return uri

    def label(self, scheme: str) -> str | None:
        """Give what a person calls the system, where the table says it."""
        return self._labels.get(scheme)
