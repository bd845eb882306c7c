"""The values of search parameters: tokens, dates, strings, each with FHIR's escapes and prefixes.

Source:
    HL7 FHIR R4: 3.1.1.1 Search (2.1.1.5 escapes, 3.1.1.4.6 date, 3.1.1.4.10 token).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.codecs.fhir.vocabulary import URI_SYSTEM

PREFIXES = ("eq", "ne", "ge", "gt", "le", "lt", "sa", "eb", "ap")


def split_values(text: str, separator: str = ",") -> list[str]:
    """Split at separators that no backslash escapes; the escapes stay for :func:`unescape`."""
    if "\\" not in text:
        return text.split(separator)
    parts, current, escaped = [], [], False
    for character in text:
        if escaped:
            current.append("\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == separator:
            parts.append("".join(current))
            current = []
        else:
            current.append(character)
    parts.append("".join(current) + ("\\" if escaped else ""))
    return parts


_ESCAPED = re.compile(r"\\([\\,|$])")


def unescape(text: str) -> str:
    r"""Undo ``\,`` ``\|`` ``\$`` and ``\\``."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


@dataclass(frozen=True, slots=True)
class Token:
    """One token: ``system|code``, ``|code`` (no system), ``code`` (any system), ``system|``.

    Attributes:
        system: ``None`` matches any; empty means "without system".
        code: Empty means "any of the system".
    """

    system: str | None
    code: str


def read_token(text: str) -> Token:
    """Read one token."""
    parts = split_values(text, "|")
    if len(parts) == 1:
        return Token(None, unescape(text))
    # A bar inside the code that a client forgot to escape belongs to the code.
    return Token(unescape(parts[0]), unescape("|".join(parts[1:])))


@dataclass(frozen=True, slots=True)
class DateRange:
    """What a date parameter says: a prefix and the range its value covers.

    Attributes:
        prefix: Two letters of :data:`PREFIXES`.
        low: The first second, DTM of 14 digits, UTC.
        high: The first second after the range.
    """

    prefix: str
    low: str
    high: str


_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,30})?)?"
    r"(Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?\Z"
)


def read_date(text: str) -> DateRange | None:
    """Read one date with its prefix; ``None`` when it is none.

    A time without zone is UTC. A ``+`` that arrived as a space, as it does when a client forgot to
    encode it, is understood.
    """
    prefix = text[:2] if text[:2] in PREFIXES else "eq"
    match = _DATE.match(text[2:] if text[:2] in PREFIXES else text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        start = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
        if zone not in (None, "Z"):
            sign = -1 if zone[0] == "-" else 1
            start -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        if month is None:
            end = start.replace(year=start.year + 1)
        elif day is None:
            days = calendar.monthrange(start.year, start.month)[1]
            end = start + timedelta(days=days)
        elif hour is None:
            end = start + timedelta(days=1)
        elif second is None:
            end = start + timedelta(minutes=1)
        else:
            end = start + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return DateRange(prefix, _dtm(start), _dtm(end))


def _dtm(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S").rjust(14, "0")


def read_identifier_token(token: Token) -> tuple[str | None, str]:
    """Give system and value of an identifier, a bare URN being one of the URI system."""
    if token.system is None and token.code.startswith(("urn:oid:", "urn:uuid:")):
        return URI_SYSTEM, token.code
    return token.system, token.code
