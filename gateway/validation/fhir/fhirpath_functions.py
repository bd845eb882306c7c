"""The functions of FHIRPath, with those FHIR adds.

Each has the collection it is called on and its arguments, which are expressions still: a function
decides whether to evaluate one for each item (``where``) or once (``startsWith``).

Source:
    HL7 FHIRPath 2.0: 5 functions; HL7 FHIR R4 (4.0.1): 2.9.1.5 additional functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cmp_to_key
from typing import Any

from gateway.validation.fhir.fhirpath import Env, Function, Items
from gateway.validation.fhir.fhirpath_boundaries import boundary, precision
from gateway.validation.fhir.fhirpath_items import (
    SYSTEM,
    Item,
    children,
    descendants,
    is_type,
    members,
    plain,
    type_named,
)
from gateway.validation.fhir.fhirpath_texts import TEXTS
from gateway.validation.fhir.fhirpath_values import (
    add,
    boolean,
    comparable,
    compare,
    distinct,
    equal,
    is_date_time,
    is_time,
    number,
    single,
    spelled,
    text,
    truth,
)
from gateway.validation.fhir.invariants import NotEvaluated

FUNCTIONS: dict[str, tuple[Function, int, int]] = {}
_MOST_ROUNDS = 10_000


def _function(
    *names: str, least: int = 0, most: int | None = None
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        for name in names:
            FUNCTIONS[name] = (function, least, least if most is None else most)
        return function

    return register


def _argument(env: Env, given: list[Any], number_: int = 0) -> Item | None:
    return single(given[number_](env)) if len(given) > number_ else None


# --- Existence -----------------------------------------------------------------------------------


@_function("empty")
def _empty(env: Env, items: Items, given: list[Any]) -> Items:
    return truth(not items)


@_function("exists", most=1)
def _exists(env: Env, items: Items, given: list[Any]) -> Items:
    return truth(bool(_where(env, items, given) if given else items))


@_function("not")
def _not(env: Env, items: Items, given: list[Any]) -> Items:
    value = boolean(items)
    return truth(None if value is None else not value)


@_function("all", least=1)
def _all(env: Env, items: Items, given: list[Any]) -> Items:
    return truth(all(boolean(given[0](env.at(item, n))) for n, item in enumerate(items)))


def _each(wanted: bool, every: bool) -> Function:
    def ask(env: Env, items: Items, given: list[Any]) -> Items:
        answers = [item.value is wanted for item in items]
        return truth(all(answers) if every else any(answers))

    return ask


for _name, _wanted, _every in (
    ("allTrue", True, True),
    ("anyTrue", True, False),
    ("allFalse", False, True),
    ("anyFalse", False, False),
):
    _function(_name)(_each(_wanted, _every))


@_function("count")
def _count(env: Env, items: Items, given: list[Any]) -> Items:
    return [number(len(items))]


@_function("distinct")
def _distinct(env: Env, items: Items, given: list[Any]) -> Items:
    return distinct(items)


@_function("isDistinct")
def _is_distinct(env: Env, items: Items, given: list[Any]) -> Items:
    return truth(len(distinct(items)) == len(items))


@_function("subsetOf", least=1)
def _subset_of(env: Env, items: Items, given: list[Any]) -> Items:
    others = given[0](env)
    return truth(all(any(equal(item, other) for other in others) for item in items))


@_function("supersetOf", least=1)
def _superset_of(env: Env, items: Items, given: list[Any]) -> Items:
    others = given[0](env)
    return truth(all(any(equal(item, other) for item in items) for other in others))


@_function("hasValue")
def _has_value(env: Env, items: Items, given: list[Any]) -> Items:
    one = items[0].value if len(items) == 1 else None
    return truth(one is not None and type(one) is not dict)


@_function("getValue")
def _get_value(env: Env, items: Items, given: list[Any]) -> Items:
    return [Item(i.value, SYSTEM + i.kind) for i in items[:1] if i.kind and i.value is not None]


# --- Filtering -----------------------------------------------------------------------------------


@_function("where", least=1)
def _where(env: Env, items: Items, given: list[Any]) -> Items:
    test = given[0]
    return [item for n, item in enumerate(items) if boolean(test(env.at(item, n)))]


@_function("select", least=1)
def _select(env: Env, items: Items, given: list[Any]) -> Items:
    made = given[0]
    return [found for n, item in enumerate(items) for found in made(env.at(item, n))]


@_function("repeat", least=1)
def _repeat(env: Env, items: Items, given: list[Any]) -> Items:
    found: Items = []
    level = items
    while level:
        fresh = []
        for item in _select(env, level, given):
            if not any(
                item.value is other.value or (item.kind and equal(item, other)) for other in found
            ):
                found.append(item)
                fresh.append(item)
        if len(found) > _MOST_ROUNDS:
            raise NotEvaluated("repeat() finds no end")
        level = fresh
    return found


@_function("ofType", least=1)
def _of_type(env: Env, items: Items, given: list[Any]) -> Items:
    namespace, name = given[0]
    # A code is a string, and as(string) does not give it: primitives are what they are declared.
    return [
        item
        for item in items
        if is_type(item, namespace, name) and (item.type == name or not item.type[:1].islower())
    ]


@_function("as", least=1)
def _as(env: Env, items: Items, given: list[Any]) -> Items:
    # The specification's own constraints call it on many items.
    return _of_type(env, items, given)


@_function("is", least=1)
def _is(env: Env, items: Items, given: list[Any]) -> Items:
    item = single(items)
    return [] if item is None else truth(is_type(item, *given[0]))


@_function("type")
def _type(env: Env, items: Items, given: list[Any]) -> Items:
    return [
        Item({"namespace": namespace, "name": name}, SYSTEM + "TypeInfo")
        for namespace, name in map(type_named, items)
    ]


@_function("extension", least=1)
def _extension(env: Env, items: Items, given: list[Any]) -> Items:
    url = _argument(env, given)
    return [
        found
        for item in items
        for found in members(item, "extension")
        if url is not None and found.value.get("url") == url.value
    ]


# --- Parts of collections ------------------------------------------------------------------------


@_function("first")
def _first(env: Env, items: Items, given: list[Any]) -> Items:
    return items[:1]


@_function("last")
def _last(env: Env, items: Items, given: list[Any]) -> Items:
    return items[-1:]


@_function("tail")
def _tail(env: Env, items: Items, given: list[Any]) -> Items:
    return items[1:]


@_function("single")
def _single(env: Env, items: Items, given: list[Any]) -> Items:
    item = single(items)
    return [] if item is None else [item]


@_function("skip", least=1)
def _skip(env: Env, items: Items, given: list[Any]) -> Items:
    many = _argument(env, given)
    return items[max(0, many.value) :] if many is not None else items


@_function("take", least=1)
def _take(env: Env, items: Items, given: list[Any]) -> Items:
    many = _argument(env, given)
    return items[: max(0, many.value)] if many is not None else []


@_function("intersect", least=1)
def _intersect(env: Env, items: Items, given: list[Any]) -> Items:
    others = given[0](env)
    return distinct([item for item in items if any(equal(item, other) for other in others)])


@_function("exclude", least=1)
def _exclude(env: Env, items: Items, given: list[Any]) -> Items:
    others = given[0](env)
    return [item for item in items if not any(equal(item, other) for other in others)]


@_function("union", least=1)
def _union(env: Env, items: Items, given: list[Any]) -> Items:
    return distinct([*items, *given[0](env)])


@_function("combine", least=1, most=2)
def _combine(env: Env, items: Items, given: list[Any]) -> Items:
    return [*items, *given[0](env)]


@_function("children")
def _children(env: Env, items: Items, given: list[Any]) -> Items:
    return [child for item in items for child in children(item)]


@_function("descendants")
def _descendants(env: Env, items: Items, given: list[Any]) -> Items:
    return descendants(items)


@_function("sort", most=8)
def _sort(env: Env, items: Items, given: list[Any]) -> Items:
    def order(one: tuple[int, Item], other: tuple[int, Item]) -> int:
        for backwards, by in given or [(False, lambda inner: inner.this)]:
            left, right = (single(by(env.at(item, n))) for n, item in (one, other))
            if left is None or right is None:
                # What is not there comes first.
                found = (left is not None) - (right is not None)
            else:
                found = compare(left, right) or 0
            if found:
                return -found if backwards else found
        return 0

    return [item for _, item in sorted(enumerate(items), key=cmp_to_key(order))]


# --- Choices, traces, sums -----------------------------------------------------------------------


@_function("iif", least=2, most=3)
def _iif(env: Env, items: Items, given: list[Any]) -> Items:
    if len(items) > 1:
        raise NotEvaluated("iif() on several items")
    inner = env
    if items is not env.this:
        inner = env.at(items[0], 0) if items else Env(env.focus, [])
        inner.start = env.start
    if boolean(given[0](inner)):
        found: Items = given[1](inner)
        return found
    return given[2](inner) if len(given) > 2 else []


@_function("trace", least=1, most=2)
def _trace(env: Env, items: Items, given: list[Any]) -> Items:
    return items


@_function("aggregate", least=1, most=2)
def _aggregate(env: Env, items: Items, given: list[Any]) -> Items:
    total: Items = given[1](env) if len(given) > 1 else []
    for n, item in enumerate(items):
        inner = env.at(item, n)
        inner.total = total
        total = given[0](inner)
    return total


@_function("sum")
def _sum(env: Env, items: Items, given: list[Any]) -> Items:
    total: Item | None = None
    for item in items:
        total = item if total is None else add(total, item, 1)
        if total is None:
            return []
    return [] if total is None else [total]


def _extreme(sign: int) -> Function:
    def find(env: Env, items: Items, given: list[Any]) -> Items:
        best = items[:1]
        for item in items[1:]:
            order = compare(item, best[0])
            if order is not None and order * sign > 0:
                best = [item]
        return best

    return find


_function("min")(_extreme(-1))
_function("max")(_extreme(1))


# --- Strings -------------------------------------------------------------------------------------


def _values(env: Env, given: list[Any]) -> list[Any] | None:
    """The plain values of arguments; ``None`` where one of them is empty."""
    values = []
    for argument in given:
        one = single(argument(env))
        if one is None:
            return None
        values.append(plain(one))
    return values


def _of_text(least: int, work: Callable[..., Any], most: int | None = None) -> Function:
    """A function of one string and arguments that are all there."""

    def call(env: Env, items: Items, given: list[Any]) -> Items:
        item = single(items)
        if item is None or item.value is None:
            return []
        value = plain(item)
        if type(value) is not str:
            raise NotEvaluated(f"{item.type} stands where a string is expected")
        values = _values(env, given)
        if values is None:
            return []
        made = work(value, *values)
        if made is None:
            return []
        if isinstance(made, list):
            return [text(part) for part in made]
        if isinstance(made, bool):
            return truth(made)
        return [number(made)] if isinstance(made, int) else [text(made)]

    return call


for _name, (_least, _most, _work) in TEXTS.items():
    _function(_name, least=_least, most=_most)(_of_text(_least, _work))


@_function("join", most=1)
def _join(env: Env, items: Items, given: list[Any]) -> Items:
    by = _argument(env, given)
    return [text((by.value if by is not None else "").join(str(i.value) for i in items))]


# --- Numbers -------------------------------------------------------------------------------------


def _of_number(work: Callable[..., Any]) -> Function:
    def call(env: Env, items: Items, given: list[Any]) -> Items:
        item = single(items)
        if item is None or item.value is None:
            return []
        value = plain(item)
        unit = ""
        if isinstance(value, tuple):
            value, unit = value
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise NotEvaluated(f"{item.type} stands where a number is expected")
        values = _values(env, given)
        if values is None:
            return []
        try:
            made = work(value, *values)
        except (InvalidOperation, OverflowError, ZeroDivisionError, ValueError):
            return []
        if made is None:
            return []
        return [Item((made, unit), SYSTEM + "Quantity") if unit else number(made)]

    return call


def _power(base: Any, exponent: Any) -> Any:
    made = Decimal(base) ** Decimal(exponent)
    return int(made) if isinstance(base, int) and isinstance(exponent, int) else made


def _rounded(value: Any, places: int = 0) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


_NUMBERS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (0, 0, abs),
    "ceiling": (0, 0, lambda value: int(Decimal(value).to_integral_value(ROUND_CEILING))),
    "floor": (0, 0, lambda value: int(Decimal(value).to_integral_value(ROUND_FLOOR))),
    "truncate": (0, 0, int),
    "round": (0, 1, _rounded),
    "exp": (0, 0, lambda value: Decimal(value).exp()),
    "ln": (0, 0, lambda value: Decimal(value).ln() if value > 0 else None),
    "log": (1, 1, lambda value, base: Decimal(value).ln() / Decimal(base).ln()),
    "power": (1, 1, _power),
    "sqrt": (0, 0, lambda value: Decimal(value).sqrt() if value >= 0 else None),
}
for _name, (_least, _most, _work) in _NUMBERS.items():
    _function(_name, least=_least, most=_most)(_of_number(_work))


# --- Conversions ---------------------------------------------------------------------------------

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_QUANTITY = re.compile(
    r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']+)'|((?:year|month|week|day|hour|minute|second"
    r"|millisecond)s?))?\Z"
)
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}


def _to(kind: str, item: Item) -> Item | None:
    """Convert an item to a type of the language; ``None`` where that cannot be."""
    value = plain(item)
    words = spelled(item)
    made: Any = None
    match kind:
        case "String":
            made = words
        case "Boolean":
            made = _BOOLEANS.get((words or "").lower())
        case "Integer" if isinstance(value, bool | int) or (
            type(value) is str and _INTEGER.match(value)
        ):
            made = int(value)
            made = made if -(2**31) <= made < 2**31 else None
        case "Decimal" if isinstance(value, bool | int | Decimal) or (
            type(value) is str and _DECIMAL.match(value)
        ):
            made = Decimal(int(value)) if isinstance(value, bool) else Decimal(value)
        case "Date" if type(value) is str and is_date_time(value):
            made = value[:10]
        case "DateTime" if type(value) is str and is_date_time(value):
            made = value
        case "Time" if type(value) is str and is_time(value.removeprefix("T")):
            made = value.removeprefix("T")
        case "Quantity" if isinstance(value, tuple):
            made = value
        case "Quantity" if isinstance(value, bool | int | Decimal):
            made = (Decimal(int(value) if isinstance(value, bool) else value), "1")
        case "Quantity" if type(value) is str and (found := _QUANTITY.match(value)):
            made = (Decimal(found[1]), found[2] or found[3] or "1")
    return None if made is None else Item(made, SYSTEM + kind)


def _conversion(kind: str, *, ask: bool) -> Function:
    def convert(env: Env, items: Items, given: list[Any]) -> Items:
        item = single(items)
        if item is None or (item.value is None and not ask):
            return []
        made = _to(kind, item)
        if ask:
            return truth(made is not None)
        return [] if made is None else [made]

    return convert


for _name in ("String", "Boolean", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"):
    _function(f"to{_name}", most=1)(_conversion(_name, ask=False))
    _function(f"convertsTo{_name}", most=1)(_conversion(_name, ask=True))


def _boundary(high: bool) -> Function:
    def find(env: Env, items: Items, given: list[Any]) -> Items:
        item, digits = single(items), _argument(env, given)
        if item is None or item.value is None:
            return []
        made = boundary(item, None if digits is None else int(digits.value), high=high)
        return [] if made is None else [made]

    return find


_function("lowBoundary", most=1)(_boundary(False))
_function("highBoundary", most=1)(_boundary(True))


@_function("precision")
def _precision(env: Env, items: Items, given: list[Any]) -> Items:
    item = single(items)
    made = precision(item) if item is not None and item.value is not None else None
    return [] if made is None else [number(made)]


@_function("comparable", least=1)
def _comparable(env: Env, items: Items, given: list[Any]) -> Items:
    one, other = single(items), _argument(env, given)
    return [] if one is None or other is None else truth(comparable(one, other))


# --- What FHIR adds ------------------------------------------------------------------------------


@_function("resolve")
def _resolve(env: Env, items: Items, given: list[Any]) -> Items:
    found = []
    for item in items:
        reference = item.value.get("reference") if type(item.value) is dict else item.value
        if type(reference) is not str:
            continue
        target = env.focus.resolve(reference) if env.focus.resolve is not None else None
        if target is None:
            raise NotEvaluated(f"the reference {reference[:80]!r} leads to nothing at hand")
        found.append(Item(target, str(target.get("resourceType", ""))))
    return found


def _asked(question: str) -> Function:
    def ask(env: Env, items: Items, given: list[Any]) -> Items:
        item, about = single(items), _argument(env, given)
        if item is None or about is None:
            return []
        method = getattr(env.focus.definitions, question, None)
        answer = method(item.value, about.value) if method is not None else None
        if answer is None:
            raise NotEvaluated(f"{about.value} is not at hand to answer {question}")
        return truth(bool(answer))

    return ask


_function("memberOf", least=1)(_asked("member_of"))
_function("conformsTo", least=1)(_asked("conforms_to"))


@_function("htmlChecks")
def _html_checks(env: Env, items: Items, given: list[Any]) -> Items:
    from gateway.validation.fhir.narrative import complaints

    return truth(not any(True for item in items for _ in complaints(item.value)))
