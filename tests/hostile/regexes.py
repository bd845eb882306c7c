"""Texts that make a regular expression go back and try again, made from the expression itself.

An expression that is slow is so on a long run of something it repeats, followed by what spoils the
match. So: what leads to each of its repetitions, then that many times what it repeats (and every
character the expression mentions), then an end that does not fit.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Iterator
from typing import Any

try:
    from re import _constants, _parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    import sre_constants as _constants
    import sre_parse as _parser

LENGTHS = (2000, 10_000, 40_000)
SHORT = (16, 22, 28, 34, 40, 60, 120, 400)
"""Characters of a run. Where a repetition repeats another one, texts get longer step by step, so
that what takes for ever is met while it does not."""

SUSPICIOUS = 0.001
"""Processor seconds for 2000 characters from which on longer runs are tried: twenty times what a
linear expression takes, a third of what the cheapest quadratic one does."""

MOST = 0.2
"""Processor seconds: a linear expression takes a thousandth of it, a quadratic one several."""

_ENDS = ("", "\x00", "!\n", "\ud7ff")
_EVERYWHERE = "a0 -.\n"
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
_MANY = 50


def slowest(pattern: re.Pattern[Any], *, searched: bool) -> tuple[float, str]:
    """Give the processor seconds of the worst text found, and how it begins.

    Args:
        searched: Whether anybody looks for it inside a text, and not at its beginning only.
    """
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin1")
    ways = [pattern.search] if searched else [pattern.match, pattern.fullmatch]
    worst = 0.0, ""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed = _parser.parse(text, flags)
    lengths = SHORT + LENGTHS if _is_nested(parsed) else LENGTHS
    for before, run in _runs(parsed):
        for end in _ENDS:
            for length in lengths:
                tried = before + run * (length // len(run)) + end
                took = max(_seconds(way, _as(pattern, tried)) for way in ways)
                if took > MOST:  # Something else may have happened meanwhile.
                    took = max(_seconds(way, _as(pattern, tried)) for way in ways)
                if length == 2000 and took < SUSPICIOUS:
                    break
                worst = max(worst, (took, f"{before!r}, {run!r} * {length // len(run)}, {end!r}"))
                if took > MOST:
                    return worst
    return worst


def _as(pattern: re.Pattern[Any], text: str) -> Any:
    return text if isinstance(pattern.pattern, str) else text.encode("latin1", "replace")


def _seconds(way: Any, text: Any) -> float:
    gc.disable()
    began = time.thread_time()
    way(text)
    took = time.thread_time() - began
    gc.enable()
    return took


def _is_nested(parsed: Any, inside: bool = False) -> bool:
    """Whether something that can be taken in several ways is repeated."""
    for kind, value in parsed:
        if kind in _REPEATS:
            if inside or _is_nested(value[2], inside=value[1] > 1):
                return True
        elif kind is _constants.BRANCH:
            if inside or any(_is_nested(one, inside) for one in value[1]):
                return True
        elif kind is _constants.SUBPATTERN and _is_nested(value[3], inside):
            return True
    return False


def _runs(parsed: Any) -> Iterator[tuple[str, str]]:
    """What leads to a repetition, and what is repeated."""
    mentioned = dict.fromkeys(_EVERYWHERE)
    mentioned.update(dict.fromkeys(_characters(parsed)))
    seen: set[tuple[str, str]] = set()
    starts = dict.fromkeys(["", *(before for before, _ in _repeated(parsed, ""))])
    for before in list(starts)[:8]:
        for run in (*list(mentioned)[:16], *(text for lead, text in _repeated(parsed, ""))):
            if run and (before, run) not in seen:
                seen.add((before, run))
                yield before, run


def _repeated(parsed: Any, before: str) -> Iterator[tuple[str, str]]:
    for kind, value in parsed:
        if kind in _REPEATS or kind is getattr(_constants, "POSSESSIVE_REPEAT", None):
            least, most, body = value
            if most is _constants.MAXREPEAT or most >= _MANY:
                yield before, _sample(body)
            yield from _repeated(body, before)
        elif kind is _constants.SUBPATTERN:
            yield from _repeated(value[3], before)
        elif kind is _constants.BRANCH:
            for one in value[1]:
                yield from _repeated(one, before)
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from _repeated(value[1], before)
        before += _sample([(kind, value)])


def _sample(parsed: Any) -> str:
    """A text the expression fits, as good as can be told."""
    made = ""
    for kind, value in parsed:
        if kind is _constants.LITERAL:
            made += chr(value)
        elif kind is _constants.NOT_LITERAL:
            made += "a" if value != ord("a") else "b"
        elif kind is _constants.ANY:
            made += "a"
        elif kind is _constants.IN:
            made += _member(value)
        elif kind is _constants.BRANCH:
            made += _sample(value[1][0])
        elif kind is _constants.SUBPATTERN:
            made += _sample(value[3])
        elif kind in _REPEATS or kind is getattr(_constants, "POSSESSIVE_REPEAT", None):
            made += _sample(value[2]) * min(value[0], _MANY)
        elif kind is getattr(_constants, "ATOMIC_GROUP", None):
            made += _sample(value)
    return made


_OF_CATEGORY = {
    _constants.CATEGORY_DIGIT: "0",
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_WORD: "a",
    _constants.CATEGORY_NOT_DIGIT: "a",
    _constants.CATEGORY_NOT_SPACE: "a",
    _constants.CATEGORY_NOT_WORD: "-",
}


def _member(items: Any) -> str:
    negated = items[0][0] is _constants.NEGATE
    if not negated:
        kind, value = items[0]
        if kind is _constants.LITERAL:
            return chr(value)
        return chr(value[0]) if kind is _constants.RANGE else _OF_CATEGORY[value]
    for tried in "a0 -<":
        if not any(_holds(kind, value, tried) for kind, value in items[1:]):
            return tried
    return "\u00e9"


def _holds(kind: Any, value: Any, character: str) -> bool:
    if kind is _constants.LITERAL:
        return bool(ord(character) == value)
    if kind is _constants.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    return character == _OF_CATEGORY[value]


def _characters(parsed: Any) -> Iterator[str]:
    """Every character an expression mentions, and one of each set."""
    for kind, value in parsed:
        if kind is _constants.LITERAL:
            yield chr(value)
        elif kind is _constants.IN:
            yield _member(value)
            for one, what in value:
                if one is _constants.LITERAL:
                    yield chr(what)
                elif one is _constants.RANGE:
                    yield chr(what[0])
                elif one is _constants.CATEGORY:
                    yield _OF_CATEGORY[what]
        elif kind is _constants.BRANCH:
            for one in value[1]:
                yield from _characters(one)
        elif kind is _constants.SUBPATTERN:
            yield from _characters(value[3])
        elif kind in _REPEATS or kind is getattr(_constants, "POSSESSIVE_REPEAT", None):
            yield from _characters(value[2])
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from _characters(value[1])
        elif kind is getattr(_constants, "ATOMIC_GROUP", None):
            yield from _characters(value)
