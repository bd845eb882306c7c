"""What one value of a search parameter asks, as conditions.

A date in FHIR is the range of all moments it may mean, on both sides: ``2024-06`` asks about a
month, and a document created in ``2024`` was created at some moment of that year. ``eq`` asks that
the document's range lies within the one asked for; ``ge`` and ``le`` that some of it lies at or
beyond, where MHD wants what XDS gives for its From and To.

Source:
    HL7 FHIR R4: 3.1.1.4.6 date, 3.1.1.4.10 token; IHE MHD 4.2.4: 2:3.67.4.1.2.1 (period).
"""

from __future__ import annotations

from gateway.codecs.fhir.identifiers import read_unique_id
from gateway.codecs.fhir.search_values import DateRange, Token, read_identifier_token
from gateway.codecs.fhir.vocabulary import ENTRY_UUID, OID_URN, UNIQUE_ID, URI_SYSTEM, UUID_URN
from gateway.model.datatypes import OID
from gateway.model.naming import NamingSystems
from gateway.transactions.conditions import (
    Condition,
    Either,
    Every,
    Has,
    HasCode,
    HasIdentifier,
    Is,
    Not,
    TimeBound,
)


def either(conditions: list[Condition]) -> Condition:
    """Give one condition for several alternatives."""
    return conditions[0] if len(conditions) == 1 else Either(tuple(conditions))


# --- Dates -------------------------------------------------------------------------------------


def date_condition(date: DateRange, attribute: str) -> Condition:
    """Compare one time of an object."""
    return _compare(date, attribute, attribute, open_ends=False)


def period_condition(date: DateRange, start: str, stop: str) -> Condition:
    """Compare a period with two ends; a missing one is open, and without both there is none."""
    return Every((Either((Has(start), Has(stop))), _compare(date, start, stop, open_ends=True)))


def _compare(date: DateRange, start: str, stop: str, *, open_ends: bool) -> Condition:
    low, high = date.low, date.high

    def begins(
        low: str | None = None, high: str | None = None, *, missing: bool = False
    ) -> TimeBound:
        return TimeBound(attribute=start, low=low, high=high, missing_matches=missing and open_ends)

    def ends(
        low: str | None = None, high: str | None = None, *, missing: bool = False
    ) -> TimeBound:
        return TimeBound(
            attribute=stop, low=low, high=high, missing_matches=missing and open_ends, last=True
        )

    within = Every((begins(low), ends(high=high)))
    match date.prefix:
        case "ne":
            return Every((Either((Has(start), Has(stop))), Not(within)))
        case "gt":
            return ends(high, missing=True)
        case "lt":
            return begins(high=low, missing=True)
        case "ge":
            return ends(low, missing=True)
        case "le":
            return begins(high=high, missing=True)
        case "sa":
            return begins(high)
        case "eb":
            return ends(high=low)
        case _:
            return within


# --- Tokens ------------------------------------------------------------------------------------


def code_condition(token: Token, attribute: str, naming: NamingSystems) -> Condition:
    """One code: ``code`` in any system, ``system|code``, ``|code`` in none, ``system|`` any of it.

    Returns:
        A condition; of a token that says nothing at all, that there is a code.
    """
    scheme = None if token.system is None else naming.scheme(token.system)
    if not token.code and scheme is None:
        return Has(attribute)
    return HasCode(attribute, token.code or None, scheme)


def identifier_condition(token: Token, naming: NamingSystems, kind: str = "") -> Condition:
    """An identifier of the object itself: its uniqueId, or its entryUUID.

    Args:
        kind: ``uniqueId`` or ``entryUUID``, where only one of them is meant.
    """
    system, text = read_identifier_token(token)
    if not text:
        return _whole_system(system or "", naming)
    found: list[Condition] = []
    if text.startswith(UUID_URN) and system in (None, URI_SYSTEM) and kind != UNIQUE_ID:
        found.append(Is("entry_uuid", (text.lower(),)))
    if kind != ENTRY_UUID:
        found.append(Is("unique_id", (read_unique_id(system or None, text, naming),)))
        if system is None:
            # Of OID^extension the extension is the value, and any system will do.
            found.append(HasIdentifier("unique_id", text, None))
    return either(found) if found else Either(())


def _whole_system(system: str, naming: NamingSystems) -> Condition:
    """Any identifier of a system: with an OID before a caret, or any URI."""
    if system == URI_SYSTEM:
        return Has("entry_uuid")  # a URI, which every object has
    return HasIdentifier("unique_id", None, naming.scheme(system))


def issued_condition(
    token: Token, attribute: str, naming: NamingSystems, type_code: str | None = None
) -> Condition:
    """An identifier of a person, an institution or a thing referred to."""
    system, value = read_identifier_token(token)
    if system == URI_SYSTEM and value:
        oid = value.removeprefix(OID_URN)
        authority: str | None = ""
        value = oid if oid != value and OID.match(oid) else value
    else:
        authority = None if system is None else naming.scheme(system)
    return HasIdentifier(attribute, value or None, authority, type_code)
