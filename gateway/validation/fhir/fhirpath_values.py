"""Equal, before, plus: what FHIRPath does with values.

Source:
    HL7 FHIRPath 2.0: 6.1 equality, 6.2 comparison, 6.6 math, 5.5 conversion.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from gateway.validation.fhir.fhirpath_items import SYSTEM, Item, plain
from gateway.validation.fhir.invariants import NotEvaluated
from gateway.validation.fhir.times import compare_day_times, compare_times, is_date_time, is_time

# A calendar's month and year are as long as they are: no unit of UCUM.
_CALENDAR = {
    "year": "year", "years": "year", "month": "month", "months": "month",
    "week": "wk", "weeks": "wk", "day": "d", "days": "d", "hour": "h", "hours": "h",
    "minute": "min", "minutes": "min", "second": "s", "seconds": "s",
    "millisecond": "ms", "milliseconds": "ms",
}  # fmt: skip
_FACTORS = {
    "ms": ("s", Decimal("0.001")), "s": ("s", Decimal(1)), "min": ("s", Decimal(60)),
    "h": ("s", Decimal(3600)), "d": ("s", Decimal(86400)), "wk": ("s", Decimal(604800)),
    "mo": ("mo", Decimal(1)), "a": ("mo", Decimal(12)),
    "month": ("month", Decimal(1)), "year": ("month", Decimal(12)),
    "ug": ("g", Decimal("0.000001")), "mg": ("g", Decimal("0.001")), "g": ("g", Decimal(1)),
    "kg": ("g", Decimal(1000)), "[lb_av]": ("g", Decimal("453.59237")),
    "mm": ("m", Decimal("0.001")), "cm": ("m", Decimal("0.01")), "m": ("m", Decimal(1)),
    "km": ("m", Decimal(1000)), "[in_i]": ("m", Decimal("0.0254")),
    "mL": ("L", Decimal("0.001")), "L": ("L", Decimal(1)), "dL": ("L", Decimal("0.1")),
}  # fmt: skip
_NUMBERS = frozenset(("Integer", "Decimal"))
_DAYS = frozenset(("Date", "DateTime"))


def boolean(items: list[Item]) -> bool | None:
    """Take a collection for true or false; ``None`` for an empty one.

    Raises:
        NotEvaluated: When it holds several items.
    """
    if not items:
        return None
    if len(items) > 1:
        raise NotEvaluated("several items stand where true or false is expected")
    value = items[0].value
    return value if type(value) is bool else True


def truth(value: bool | None) -> list[Item]:
    """Make a collection of true or false; an empty one of ``None``."""
    return [] if value is None else [TRUE if value else FALSE]


TRUE = Item(True, SYSTEM + "Boolean")
FALSE = Item(False, SYSTEM + "Boolean")


def text(value: str) -> Item:
    """Make a string of the language."""
    return Item(value, SYSTEM + "String")


def number(value: int | Decimal) -> Item:
    """Make a number of the language."""
    return Item(value, SYSTEM + ("Integer" if isinstance(value, int) else "Decimal"))


def single(items: list[Item]) -> Item | None:
    """Give the one item there is.

    Raises:
        NotEvaluated: When there are several.
    """
    if len(items) > 1:
        raise NotEvaluated("several items stand where one is expected")
    return items[0] if items else None


def equal(one: Item, other: Item) -> bool | None:
    """Whether two items are equal; ``None`` where that cannot be told."""
    mine, yours = one.kind, other.kind
    left, right = plain(one), plain(other)
    if mine in _NUMBERS and yours in _NUMBERS:
        return bool(left == right)
    if mine in _DAYS | {"String"} and yours in _DAYS | {"String"} and mine != yours:
        if not (is_date_time(str(left)) and is_date_time(str(right))):
            return False
        order = compare_times(left, right)
        return None if order is None else order == 0
    if mine in _DAYS and yours in _DAYS:
        order = compare_times(left, right)
        return None if order is None else order == 0
    if mine == yours == "Time":
        order = compare_day_times(left, right)
        return None if order is None else order == 0
    if mine == yours == "Quantity" and left is not None and right is not None:
        converted = _in_one_unit(left, right)
        return None if converted is None else converted[0] == converted[1]
    if bool(mine) != bool(yours):
        return False
    return bool(left == right and type(left) is type(right))


def all_equal(one: list[Item], other: list[Item]) -> bool | None:
    """Whether two collections are equal, item by item."""
    if not one or not other:
        return None
    if len(one) != len(other):
        return False
    answers = [equal(mine, yours) for mine, yours in zip(one, other, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


def equivalent(one: list[Item], other: list[Item]) -> bool:
    """Whether two collections mean the same, in whatever order."""
    if len(one) != len(other):
        return False
    left = list(other)
    for item in one:
        for number, candidate in enumerate(left):
            if _same(item, candidate):
                del left[number]
                break
        else:
            return False
    return True


def _same(one: Item, other: Item) -> bool:
    mine, yours = one.kind, other.kind
    if mine == yours == "String":
        return (
            " ".join(str(one.value).split()).lower() == " ".join(str(other.value).split()).lower()
        )
    if mine in _NUMBERS and yours in _NUMBERS:
        left, right = Decimal(plain(one)), Decimal(plain(other))
        places = min(_places(left), _places(right))
        return round(left, places) == round(right, places)
    if type(one.value) is dict and type(other.value) is dict and not mine:
        left_keys = {key for key in one.value if key != "id"}
        return left_keys == {key for key in other.value if key != "id"} and all(
            one.value[key] == other.value[key] for key in left_keys
        )
    return equal(one, other) is True


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def compare(one: Item, other: Item) -> int | None:
    """Order two items; ``None`` where they are in no order.

    Raises:
        NotEvaluated: When their types have no order.
    """
    mine, yours = one.kind, other.kind
    left, right = plain(one), plain(other)
    if mine in _NUMBERS and yours in _NUMBERS:
        return int(left > right) - int(left < right)
    if mine in _DAYS | {"String"} and yours in _DAYS | {"String"} and _DAYS & {mine, yours}:
        return compare_times(str(left), str(right))
    if mine == yours == "String":
        return int(left > right) - int(left < right)
    if {mine, yours} <= {"Time", "String"}:
        return compare_day_times(str(left), str(right))
    if "Quantity" in (mine, yours) and {mine, yours} <= _NUMBERS | {"Quantity"}:
        pair = _in_one_unit(_quantity(left), _quantity(right))
        return None if pair is None else int(pair[0] > pair[1]) - int(pair[0] < pair[1])
    raise NotEvaluated(f"{one.type} and {other.type} have no order")


def _quantity(value: Any) -> tuple[Decimal, str] | None:
    if value is None or isinstance(value, tuple):
        return value
    return Decimal(value), "1"


def comparable(one: Item, other: Item) -> bool:
    """Whether two quantities can be told in one unit."""
    left, right = plain(one), plain(other)
    return _in_one_unit(_quantity(left), _quantity(right)) is not None


def _in_one_unit(
    one: tuple[Decimal, str] | None, other: tuple[Decimal, str] | None
) -> tuple[Decimal, Decimal] | None:
    """Two amounts in one unit; ``None`` where no unit serves both."""
    if one is None or other is None:
        return None
    mine, yours = (_CALENDAR.get(unit, unit) for unit in (one[1], other[1]))
    if mine == yours:
        return one[0], other[0]
    left, right = _FACTORS.get(mine), _FACTORS.get(yours)
    if left is None or right is None or left[0] != right[0]:
        return None
    return one[0] * left[1], other[0] * right[1]


def add(one: Item, other: Item, sign: int) -> Item | None:
    """Add or subtract.

    Raises:
        NotEvaluated: When the types do not allow that.
    """
    mine, yours = one.kind, other.kind
    left, right = plain(one), plain(other)
    if mine in _NUMBERS and yours in _NUMBERS:
        return number(left + sign * right)
    if mine == yours == "String" and sign > 0:
        return text(left + right)
    if mine in _DAYS | {"Time"} and yours == "Quantity":
        return Item(_moved(left, right[0] * sign, right[1]), one.type)
    if mine == yours == "Quantity":
        if _CALENDAR.get(left[1], left[1]) != _CALENDAR.get(right[1], right[1]):
            pair = _in_one_unit(left, right)
            factor = _FACTORS.get(_CALENDAR.get(left[1], left[1]))
            if pair is None or factor is None:
                return None
            return Item(((pair[0] + sign * pair[1]) / factor[1], left[1]), SYSTEM + "Quantity")
        return Item((left[0] + sign * right[0], left[1]), SYSTEM + "Quantity")
    raise NotEvaluated(f"{one.type} and {other.type} cannot be added")


_MOVABLE = re.compile(
    r"(?:([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?)?"
    r"(?:T?([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _moved(value: str, amount: Decimal, unit: str) -> str:
    """A date or time some while later."""
    found = _MOVABLE.fullmatch(value)
    unit = _CALENDAR.get(unit, unit)
    if found is None or unit not in ("year", "month", "wk", "d", "h", "min", "s", "ms"):
        raise NotEvaluated(f"{unit} cannot be added to {value}")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if unit in ("year", "month"):
        months = int(amount) * (12 if unit == "year" else 1)
        if month is None:
            return f"{int(year) + int(months / 12):04}"
        total = int(year) * 12 + int(month) - 1 + months
        made = f"{total // 12:04}-{total % 12 + 1:02}"
        if day is not None:
            made += f"-{min(int(day), monthrange(total // 12, total % 12 + 1)[1]):02}"
        return made + value[len(made) :]
    if day is None and year is not None:
        raise NotEvaluated(f"{unit} cannot be added to {value}")
    # Parts of a unit are dropped, as the public suite has it.
    seconds = int(amount) * _FACTORS[unit][1]
    if hour is None:
        seconds = Decimal(int(seconds / 86400) * 86400)
    start = datetime(
        int(year or 2000), int(month or 1), int(day or 1),
        int(hour or 0), int(minute or 0), int(second or 0),
        int(round(Decimal("0" + (fraction or ".0")) * 1_000_000)),
    )  # fmt: skip
    moved = start + timedelta(microseconds=int(seconds * 1_000_000))
    clock = moved.strftime("%H:%M:%S")
    if moved.microsecond or fraction:
        clock += "." + f"{moved.microsecond:06}"[: max(3, len(fraction or "") - 1)]
    if year is None:
        return clock
    date = moved.strftime("%Y-%m-%d")
    return date if hour is None else f"{date}T{clock}{zone or ''}"


def multiply(one: Item, other: Item, operator: str) -> Item | None:
    """Multiply, divide, or take the whole part or the rest of a division.

    Raises:
        NotEvaluated: When the types do not allow that.
    """
    left, right = plain(one), plain(other)
    if one.kind not in _NUMBERS or other.kind not in _NUMBERS:
        if {one.kind, other.kind} <= _NUMBERS | {"Quantity"} and operator in "*/":
            amount, by = _quantity(left), _quantity(right)
            if amount is None or by is None or (operator == "/" and by[0] == 0):
                return None
            unit = amount[1] if by[1] == "1" else by[1] if amount[1] == "1" else ""
            if operator == "/" and amount[1] == by[1]:
                unit = "1"
            if unit:
                result = amount[0] * by[0] if operator == "*" else amount[0] / by[0]
                return Item((result, unit), SYSTEM + "Quantity")
        raise NotEvaluated(f"{one.type} {operator} {other.type} cannot be calculated")
    if operator == "*":
        return number(left * right)
    if right == 0:
        return None
    if operator == "/":
        return number(Decimal(left) / Decimal(right))
    if operator == "div":
        return number(int(Decimal(left) / Decimal(right)))
    rest = Decimal(left) % Decimal(right)
    return number(int(rest) if isinstance(left, int) and isinstance(right, int) else rest)


def spelled(item: Item) -> str | None:
    """Give a value as ``toString`` spells it."""
    value = plain(item)
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case (Decimal() as amount, str() as unit):
            shown = unit if unit in _CALENDAR else f"'{unit}'"
            return f"{format(amount, 'f')} {shown}"
    return None


def distinct(items: Sequence[Item]) -> list[Item]:
    """Leave out what equals something before it."""
    found: list[Item] = []
    seen: set[tuple[str, Any]] = set()
    for item in items:
        if type(item.value) is str and item.kind == "String":
            # The ordinary case without comparing everything with everything.
            key = ("String", item.value)
            if key in seen:
                continue
            seen.add(key)
        elif any(equal(item, other) for other in found):
            continue
        found.append(item)
    return found


__all__ = [
    "FALSE", "TRUE", "add", "all_equal", "boolean", "compare", "distinct", "equal", "equivalent",
    "is_date_time", "is_time", "multiply", "number", "single", "spelled", "text", "truth",
]  # fmt: skip
