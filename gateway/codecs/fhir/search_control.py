"""What a search says about its answer: how much, in which order, with what beside.

Source:
    HL7 FHIR R4: 3.1.1.5 (``_sort``, ``_count``, ``_include``, ``_revinclude``, ``_summary``,
    ``_elements``, ``_total``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.codecs.fhir.search_reading import SearchReading
from gateway.errors import ErrorCode, Severity
from gateway.transactions.conditions import Inclusion, Order

CONTROL = frozenset(
    {
        "_count",
        "_cursor",
        "_elements",
        "_format",
        "_include",
        "_pretty",
        "_revinclude",
        "_sort",
        "_summary",
        "_total",
    }
)
INCLUDES = {
    "DocumentReference": {
        "DocumentReference:patient": Inclusion.PATIENT,
        "DocumentReference:relatesto": Inclusion.RELATED,
        "DocumentReference:subject": Inclusion.PATIENT,
    },
    "List": {
        "List:item": Inclusion.MEMBERS,
        "List:patient": Inclusion.PATIENT,
        "List:subject": Inclusion.PATIENT,
    },
}
REVINCLUDES = {
    "DocumentReference": {
        "DocumentReference:relatesto": Inclusion.RELATING,
        "List:item": Inclusion.HOLDERS,
    },
    "List": {"List:item": Inclusion.HOLDERS},
}
SUMMARIES = ("true", "text", "data", "count", "false")
_ELEMENT = re.compile(r"(?:[A-Z][A-Za-z]*\.)?([a-z][A-Za-z0-9]{0,63})(?:\.[A-Za-z0-9.]{1,64})?\Z")
MAX_ORDER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How an answer is wanted.

    Attributes:
        count: Objects per page; 0 asks for the total only.
        cursor: The page asked for, as the client sent it; see :mod:`gateway.codecs.fhir.cursor`.
        order: Attributes answers are ordered by before the order of registration.
        ascending: Oldest first.
        includes: What is wanted beside the objects.
        summary: ``true``, ``text`` or ``data``; empty for whole resources.
        elements: Top-level elements that are wanted; empty for all.
    """

    count: int
    cursor: str | None = None
    order: tuple[Order, ...] = ()
    ascending: bool = False
    includes: frozenset[Inclusion] = frozenset()
    summary: str = ""
    elements: tuple[str, ...] = ()


def read_control(
    reading: SearchReading,
    resource: str,
    order: Mapping[str, str],
    *,
    strict: bool,
    default_count: int,
    max_count: int,
    in_order: str = "",
) -> Control:
    """Read what is asked about the answer; what is wrong goes to the reading's findings.

    Args:
        resource: ``DocumentReference``, ``List`` or ``Patient``.
        order: What can be sorted by, with the attribute each stands for.
        in_order: The attribute that follows the order of registration anyway.
    """
    summary = _summary(reading)
    keys, ascending = _order(reading, order, in_order)
    includes = _includes(reading, resource, strict)
    if summary == "text" and includes:
        reading.note(
            "search-summary", "_summary", "_summary=text cannot be asked together with _include"
        )
    total = reading.last("_total")
    if total not in (None, "none", "estimate", "accurate"):
        reading.note("search-total", "_total", "expected accurate, estimate or none")
    return Control(
        count=0 if summary == "count" else _count(reading, default_count, max_count),
        cursor=reading.last("_cursor"),
        order=keys,
        ascending=ascending,
        includes=includes,
        summary=summary if summary in ("true", "text", "data") else "",
        elements=_elements(reading),
    )


def _count(reading: SearchReading, default_count: int, max_count: int) -> int:
    text = reading.last("_count")
    if text is None:
        return default_count
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(int(text), max_count)
    reading.note("search-count", "_count", f"{text[:40]!r} is no whole number")
    return default_count


def _summary(reading: SearchReading) -> str:
    text = reading.last("_summary")
    if text is None:
        return ""
    if text not in SUMMARIES:
        reading.note("search-summary", "_summary", f"expected one of {', '.join(SUMMARIES)}")
    return text


def _elements(reading: SearchReading) -> tuple[str, ...]:
    found: list[str] = []
    for values in reading.groups("_elements"):
        for value in values:
            match = _ELEMENT.match(value.strip())
            if match is None:
                reading.note(
                    "search-elements",
                    "_elements",
                    f"{value[:40]!r} is no element and was ignored",
                    severity=Severity.WARNING,
                )
            else:
                # Of an element inside another one, the whole outer one is given.
                found.append(match[1])
    return tuple(dict.fromkeys(found))


def _order(
    reading: SearchReading, able: Mapping[str, str], in_order: str
) -> tuple[tuple[Order, ...], bool]:
    """Give the order, and whether the order of registration behind it goes upwards."""
    texts = reading.values.get("_sort", ())
    names = [name.strip() for text in texts for name in text.split(",")]
    if not names:
        return (), False
    keys: list[Order] = []
    wrong = [name for name in names if name.removeprefix("-") not in able]
    if wrong or len(names) > MAX_ORDER:
        reading.note(
            "search-sort",
            "_sort",
            f"sort by at most {MAX_ORDER} of {', '.join(sorted(able))}, with - before a name for "
            "downwards",
            ErrorCode.NOT_SUPPORTED,
        )
        return (), False
    for name in names:
        keys.append(Order(able[name.removeprefix("-")], not name.startswith("-")))
    ascending = keys[-1].ascending
    if keys[-1].attribute == in_order:
        # Last, it need not be looked at: the order of registration decides between equals anyway.
        keys.pop()
    return tuple(keys), ascending


def _includes(reading: SearchReading, resource: str, strict: bool) -> frozenset[Inclusion]:
    found: set[Inclusion] = set()
    for name in reading.values:
        base, colon, modifier = name.partition(":")
        if base not in ("_include", "_revinclude"):
            continue
        if colon:
            reading.note(
                "search-include",
                name,
                f"{modifier[:40]!r} is not done: what is included leads to nothing further",
                ErrorCode.NOT_SUPPORTED,
            )
            continue
        able = (INCLUDES if base == "_include" else REVINCLUDES).get(resource, {})
        for value in (value for values in reading.groups(name) for value in values):
            found |= _included(reading, name, value, able, strict)
    return frozenset(found)


def _included(
    reading: SearchReading,
    name: str,
    value: str,
    able: Mapping[str, Inclusion],
    strict: bool,
) -> set[Inclusion]:
    if value == "*" and able:
        return set(able.values())
    # A target type narrows what may be included; both kinds of objects hold one kind each.
    key = ":".join(value.split(":")[:2])
    if key in able and value.count(":") < 3:
        return {able[key]}
    choices = ", ".join(sorted(able)) or "nothing"
    reading.note(
        "search-include",
        name,
        f"{value[:64]!r} cannot be included here, only {choices}; it was "
        + ("refused, as asked" if strict else "ignored"),
        ErrorCode.NOT_SUPPORTED,
        Severity.ERROR if strict else Severity.WARNING,
    )
    return set()
