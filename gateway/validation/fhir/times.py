"""Dates and times of FHIR in order, as FHIRPath orders them.

Source:
    HL7 FHIRPath 2.0: 6.2 comparison (dates of different precision); 6.1.2 equality.
"""

from __future__ import annotations

import re
from decimal import Decimal

_PARTS = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T(?:([0-9]{2})(?::([0-9]{2})"
    r"(?::([0-9]{2}(?:\.[0-9]+)?))?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_TIME = re.compile(r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?")


def compare_times(one: str, other: str) -> int | None:
    """Order two dates or times of FHIR.

    Returns:
        Less than, equal to or greater than 0 as ``one`` is before, at or after ``other``;
        ``None`` where one is less precise than the other and they agree as far as both go,
        where only one has a zone and that could matter, or where one is no date.
    """
    if len(one) == len(other) and one[10:11] == other[10:11] and one[19:] == other[19:]:
        # One precision and one zone: the texts stand in the order of the times.
        return (one > other) - (one < other)
    first, second = _read(one), _read(other)
    if first is None or second is None:
        return None
    if len(first[0]) > 3 and len(second[0]) > 3:
        if (first[1] is None) != (second[1] is None):
            return None
        return _compare(_shifted(*first), _shifted(*second))
    return _compare(first[0], second[0])


def is_date_time(text: str) -> bool:
    """Whether a text has the form of a date with or without a time."""
    return _PARTS.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Whether a text has the form of a time of day."""
    return _TIME.fullmatch(text) is not None


def compare_day_times(one: str, other: str) -> int | None:
    """Order two times of a day, as :func:`compare_times` does."""
    first, second = _TIME.fullmatch(one), _TIME.fullmatch(other)
    if first is None or second is None:
        return None
    return _compare(_numbers(first.groups()), _numbers(second.groups()))


def _read(text: str) -> tuple[tuple[Decimal, ...], str | None] | None:
    """The parts of a date that are said, and its zone."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    *parts, zone = found.groups()
    return _numbers(parts), zone


def _numbers(parts: list[str | None] | tuple[str | None, ...]) -> tuple[Decimal, ...]:
    return tuple(Decimal(part) for part in parts if part is not None)


def _compare(one: tuple[Decimal, ...], other: tuple[Decimal, ...]) -> int | None:
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            return 1 if mine > yours else -1
    return 0 if len(one) == len(other) else None


def _shifted(parts: tuple[Decimal, ...], zone: str | None) -> tuple[Decimal, ...]:
    """The parts in universal time, as days and the parts of the day."""
    year, month, day, hour = (int(part) for part in parts[:4])
    minute = int(parts[4]) if len(parts) > 4 else 0
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute
    if zone is not None and zone != "Z":
        offset = int(zone[1:3]) * 60 + int(zone[4:6])
        minutes += offset if zone[0] == "-" else -offset
    days, of_day = divmod(minutes, 24 * 60)
    return (Decimal(days), Decimal(of_day), *parts[5:])[: max(2, len(parts) - 3)]


def _days(year: int, month: int, day: int) -> int:
    """Days since a day long ago, in the calendar of ISO 8601."""
    # Years begin in March here, so that the day that is not always there is the last.
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
