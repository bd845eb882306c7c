"""One search while it is read: its parameters by name, its findings, its parts as they are asked.

The findings gather here; :mod:`gateway.codecs.fhir.search` puts the query together.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.codecs.fhir.identifiers import REFERENCE_TYPES, cx_text, read_unique_id
from gateway.codecs.fhir.resource import FHIR_ID
from gateway.codecs.fhir.search_values import (
    DateRange,
    Token,
    bounds,
    read_date,
    read_identifier_token,
    read_token,
    split_values,
    unescape,
    widened,
)
from gateway.codecs.fhir.vocabulary import URI_SYSTEM, UUID_URN
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import OID, Identifier
from gateway.model.naming import NamingSystems
from gateway.transactions.registry_stored_query import AnyOf, CodeKey, TimeBound

MAX_VALUES = 200
"""Values of one parameter; more is an attempt at exhaustion."""

RENAMED = {
    "subject": "patient",
    "subject.identifier": "patient.identifier",
    "patient:identifier": "patient.identifier",
    "subject:identifier": "patient.identifier",
    "patient:Patient": "patient",
    "subject:Patient": "patient",
    "patient:Patient.identifier": "patient.identifier",
    "related:identifier": "related.identifier",
    "author:Practitioner.family": "author.family",
    "author:Practitioner.given": "author.given",
    "source:Practitioner.family": "source.family",
    "source:Practitioner.given": "source.given",
}
"""Other spellings of parameters: FHIR's chains and modifiers, and the name ``subject``."""


class SearchReading:
    """One search while it is read."""

    def __init__(self, parameters: Sequence[tuple[str, str]], naming: NamingSystems) -> None:
        self.naming = naming
        self.findings: list[Finding] = []
        self.impossible = False
        self.patient: list[Identifier] = []
        self.reference: list[str] = []
        self.values: dict[str, list[str]] = {}
        for name, value in parameters:
            self.values.setdefault(RENAMED.get(name, name), []).append(value)

    def note(
        self,
        rule: str,
        name: str,
        message: str,
        code: ErrorCode = ErrorCode.INVALID_SEARCH,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding about a parameter."""
        self.findings.append(
            Finding(rule=rule, code=code, location=name, message=message, severity=severity)
        )

    def groups(self, name: str) -> list[list[str]]:
        """The values of a parameter: repeated ones must all hold, of each one alternative."""
        groups: list[list[str]] = []
        for text in self.values.get(name, ()):
            values = [value for value in split_values(text) if value]
            if not values:
                self.note("search-value", name, "a parameter needs a value")
            elif len(values) > MAX_VALUES:
                self.note("search-value", name, f"at most {MAX_VALUES} values, not {len(values)}")
            else:
                groups.append(values)
        return groups

    def last(self, name: str) -> str | None:
        """The value of a parameter that can be given once; the last one counts."""
        texts = self.values.get(name)
        return texts[-1] if texts else None

    # --- Codes ---------------------------------------------------------------------------------

    def codes(self, name: str) -> list[AnyOf]:
        """Groups of codes that must each match."""
        groups = []
        for values in self.groups(name):
            keys = [key for value in values if (key := self._code(name, value)) is not None]
            if keys:
                groups.append(tuple(keys))
        return groups

    def _code(self, name: str, value: str) -> CodeKey | None:
        token = read_token(value)
        if not token.code:
            self.note(
                "search-token", name, "give a code: searching a whole system is not supported"
            )
            return None
        if token.system is None:
            return token.code, None
        return token.code, self.naming.scheme(token.system)

    def one_code(self, name: str) -> AnyOf:
        """The codes of an attribute that has one value: all groups hold for it at once."""
        groups = self.codes(name)
        if not groups:
            return ()
        common = groups[0]
        for group in groups[1:]:
            common = tuple(
                dict.fromkeys(
                    (code, scheme if other is None else other)
                    for code, scheme in common
                    for code_, other in group
                    if code == code_ and (scheme is None or other is None or scheme == other)
                )
            )
        if not common:
            self.impossible = True
        return common

    def words(self, name: str, known: dict[str, str]) -> tuple[str, ...]:
        """A code of a fixed list, translated; FHIR's other codes match nothing."""
        groups = self.groups(name)
        if not groups:
            return ()
        common: set[str] | None = None
        for values in groups:
            codes = [read_token(value).code for value in values]
            for code in codes:
                if code not in known and code != "entered-in-error":
                    self.note("search-token", name, f"expected {' or '.join(known)}")
            found = {known[code] for code in codes if code in known}
            common = found if common is None else common & found
        if not common:
            self.impossible = True
        return tuple(word for word in known.values() if common and word in common)

    # --- Times ---------------------------------------------------------------------------------

    def times(self, name: str, attribute: str) -> list[TimeBound]:
        """The bounds on an attribute that is one time."""
        found = []
        for values in self.groups(name):
            date = self._date(name, values)
            if date is not None:
                low, high = bounds(date)
                found.append(TimeBound(attribute=attribute, low=low, high=high))
        return found

    def _date(self, name: str, values: list[str]) -> DateRange | None:
        if len(values) > 1:
            self.note("search-date", name, "one date per parameter; repeat it for a range")
            return None
        date = read_date(values[0])
        if date is None:
            self.note(
                "search-date",
                name,
                f"{values[0][:40]!r} is no date: write [prefix]YYYY[-MM[-DD[Thh:mm[:ss][zone]]]]",
            )
        elif date.prefix == "ne":
            self.note("search-date", name, "the prefix ne is not supported")
            return None
        return date

    def period(self, name: str) -> list[TimeBound]:
        """The bounds on serviceStartTime and serviceStopTime; a missing end is an open one."""
        found = []
        for values in self.groups(name):
            date = self._date(name, values)
            if date is None:
                continue
            start, stop = "service_start_time", "service_stop_time"
            match date.prefix:
                case "ge":
                    found.append(TimeBound(attribute=stop, low=date.low, missing_matches=True))
                case "gt":
                    found.append(TimeBound(attribute=stop, low=date.high, missing_matches=True))
                case "lt":
                    found.append(TimeBound(attribute=start, high=date.low, missing_matches=True))
                case "le":
                    found.append(TimeBound(attribute=start, high=date.high, missing_matches=True))
                case "sa":
                    found.append(TimeBound(attribute=start, low=date.high))
                case "eb":
                    found.append(TimeBound(attribute=stop, high=date.low))
                case "ap":
                    wide = widened(date)
                    found.append(TimeBound(attribute=start, high=wide.high, missing_matches=True))
                    found.append(TimeBound(attribute=stop, low=wide.low, missing_matches=True))
                case _:
                    found.append(TimeBound(attribute=start, low=date.low, high=date.high))
                    found.append(TimeBound(attribute=stop, low=date.low, high=date.high))
        return found

    # --- Names and identifiers -----------------------------------------------------------------

    def names(self, name: str) -> tuple[tuple[str, ...], ...]:
        """The beginnings of names."""
        return tuple(tuple(unescape(v) for v in values) for values in self.groups(name))

    def read_patient(self) -> None:
        """The patient, by reference or by identifier."""
        for values in self.groups("patient"):
            if len(values) > 1:
                self.note("search-patient", "patient", "one patient per search")
            else:
                # Only a Patient can be meant, so the id may stand alone.
                reference = unescape(values[0])
                self.reference.append(
                    f"Patient/{reference}" if FHIR_ID.match(reference) else reference
                )
        for values in self.groups("patient.identifier"):
            if len(values) > 1:
                self.note("search-patient", "patient.identifier", "one patient per search")
                continue
            token = read_token(values[0])
            if not token.system or not token.code:
                self.note(
                    "search-patient",
                    "patient.identifier",
                    "name the patient as system|value: the value alone is not unique",
                )
                continue
            self.patient.append(Identifier(cx_text(token.code, self.naming.scheme(token.system))))
        if len(set(self.patient)) > 1 or len(set(self.reference)) > 1:
            self.impossible = True

    def identifiers(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """EntryUUIDs and uniqueIds, one of which must match.

        A ``urn:uuid:`` may be either and is given as both.
        """
        common: set[tuple[str, str]] | None = None
        for values in self.groups(name):
            found: dict[tuple[str, str], None] = {}
            for value in values:
                system, text = read_identifier_token(read_token(value))
                if not text:
                    self.note("search-token", name, "give the identifier's value")
                    continue
                if text.startswith(UUID_URN) and system in (None, URI_SYSTEM):
                    found["entry", text.lower()] = None
                found["unique", read_unique_id(system or None, text, self.naming)] = None
            common = set(found) if common is None else common & set(found)
        if common is None:
            return (), ()
        if not common:
            self.impossible = True
        return (
            tuple(sorted(text for kind, text in common if kind == "entry")),
            tuple(sorted(text for kind, text in common if kind == "unique")),
        )

    def ids(self, name: str) -> tuple[str, ...]:
        """Logical ids of FHIR ids."""
        common: set[str] | None = None
        for values in self.groups(name):
            found = {UUID_URN + unescape(value) for value in values}
            common = found if common is None else common & found
        if common is not None and not common:
            self.impossible = True
        return tuple(sorted(common or ()))

    def references(self) -> tuple[tuple[str, ...], ...]:
        """referenceIdList: a token has no type code, so the known ones are all tried."""
        groups = []
        for values in self.groups("related.identifier"):
            texts: list[str] = []
            for value in values:
                texts.extend(self._reference(read_token(value)))
            if texts:
                groups.append(tuple(texts))
        if "related" in self.values:
            self.note(
                "search-related",
                "related",
                "XDS refers to other things by identifier: use related:identifier=system|value",
                ErrorCode.NOT_SUPPORTED,
            )
        return tuple(groups)

    def _reference(self, token: Token) -> list[str]:
        system, value = read_identifier_token(token)
        if not value or system is None:
            self.note("search-related", "related:identifier", "give the identifier as system|value")
            return []
        if system == URI_SYSTEM:
            oid = value.removeprefix("urn:oid:")
            value, authority = (oid if OID.match(oid) else value), ""
        else:
            authority = self.naming.scheme(system) if system else ""
        return [cx_text(value, authority, kind) for kind in ("", *REFERENCE_TYPES)]
