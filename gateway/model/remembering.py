"""Answers kept for texts that come again, and forgotten before they take much memory.

Most of what messages say they have said before: codes, authors, the patient. What was made of such
a text is kept by the text. How many answers a function keeps is bounded; how long the texts are is
not, and a peer could have thousands of megabytes kept. So the octets that come in are counted
(:func:`count_octets`), and after so many of them everything is forgotten: what is kept can never be
made of more than that.

Source:
    Threats: memory that grows with what peers send.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakSet

P = ParamSpec("P")
R = TypeVar("R")

MOST_OCTETS = 32 * 1024 * 1024
"""Octets of messages after which everything is forgotten: thousands of ordinary messages."""

_remembering: WeakSet[Any] = WeakSet()


class _Counted:
    octets = 0


def remembered(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function keep its latest answers.

    For pure functions of what peers send. Answers are shared: nobody may change one.

    Args:
        most: How many answers are kept.
    """

    def remember(function: Callable[P, R]) -> Callable[P, R]:
        cached = lru_cache(maxsize=most)(function)
        _remembering.add(cached)
        return cast("Callable[P, R]", cached)

    return remember


def count_octets(octets: int) -> None:
    """Count octets that came in; forget everything when it has been too many.

    Two threads that count at the same moment may lose one of the two; the bound is no sharp one.
    """
    _Counted.octets += octets
    if _Counted.octets > MOST_OCTETS:
        forget()


def forget() -> None:
    """Forget every answer."""
    _Counted.octets = 0
    for cached in list(_remembering):
        cached.cache_clear()
