"""The least and the greatest value a value can stand for, given how precisely it is said.

Source:
    HL7 FHIRPath 2.0 (with the additions FHIR uses): lowBoundary, highBoundary, precision.
"""

from __future__ import annotations

import re
from calendar import monthrange
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from gateway.validation.fhir.fhirpath_items import SYSTEM, Item, plain
from gateway.validation.fhir.fhirpath_values import number

_MOST_DIGITS = 28
_PARTS = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
    r"(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_CLOCK = re.compile(r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?)?")


def boundary(item: Item, digits: int | None, *, high: bool) -> Item | None:
    """Give the lowest or highest value an item may stand for.

    Args:
        digits: How precisely to say it: decimal places, or digits of a date or time.
    """
    value = plain(item)
    if isinstance(value, tuple):
        amount = _decimal(value[0], 8 if digits is None else digits, high)
        return None if amount is None else Item((amount, value[1]), SYSTEM + "Quantity")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        amount = _decimal(Decimal(value), 8 if digits is None else digits, high)
        return None if amount is None else number(amount)
    if item.kind == "Time":
        clock = _clock(str(value), 9 if digits is None else digits, high)
        return None if clock is None else Item(clock, item.type)
    if item.kind in ("Date", "DateTime"):
        most = 8 if item.kind == "Date" else 17
        date = _date(str(value), most if digits is None else digits, high)
        return None if date is None else Item(date, item.type)
    return None


def precision(item: Item) -> int | None:
    """Count the digits a value is said with."""
    value: Any = plain(item)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return 0
    if isinstance(value, str):
        found = _PARTS.fullmatch(value) or _CLOCK.fullmatch(value)
        parts = found.groups() if found is not None else ()
        return sum(len(part) for part in parts if part is not None and part.isdecimal())
    return None


def _decimal(value: Decimal, places: int, high: bool) -> Decimal | None:
    if not 0 <= places <= _MOST_DIGITS:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
    edge = value + half if high else value - half
    return edge.quantize(Decimal(1).scaleb(-places), ROUND_CEILING if high else ROUND_FLOOR)


def _date(value: str, digits: int, high: bool) -> str | None:
    found = _PARTS.fullmatch(value)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    month = month or ("12" if high else "01")
    last = f"{monthrange(int(year), int(month))[1]:02}" if int(year) else "31"
    day = day or (last if high else "01")
    clock = ":".join(part for part in (hour, minute, second) if part)
    if fraction:
        clock += f".{fraction}"
    # An hour without minutes means its beginning.
    if hour is not None and minute is None:
        clock += ":00"
    match digits:
        case 4:
            return year
        case 6:
            return f"{year}-{month}"
        case 8:
            return f"{year}-{month}-{day}"
        case 17:
            whole = _clock(clock, 9, high) if clock else "23:59:59.999" if high else "00:00:00.000"
            return f"{year}-{month}-{day}T{whole}{zone or ('-12:00' if high else '+14:00')}"
    return None


def _clock(value: str, digits: int, high: bool) -> str | None:
    found = _CLOCK.fullmatch(value)
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    minute = minute or ("59" if high else "00")
    second = second or ("59" if high else "00")
    fraction = (fraction or ("999" if high else "000")).ljust(3, "9" if high else "0")[:3]
    match digits:
        case 2:
            return hour
        case 4:
            return f"{hour}:{minute}"
        case 6:
            return f"{hour}:{minute}:{second}"
        case 9:
            return f"{hour}:{minute}:{second}.{fraction}"
    return None
