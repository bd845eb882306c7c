"""A value like another one but for some attributes.

:func:`dataclasses.replace` calls the constructor with every attribute by name, which for an entry
of forty attributes is dear. Our values check nothing when they are made, so that copying their
slots is the same at half the cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from itertools import repeat
from operator import attrgetter, call
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **attributes: Any) -> T:
    """Give a value like another one, with these attributes instead; itself if it has them all.

    Args:
        value: Of a frozen dataclass with slots, without ``__post_init__``.

    Raises:
        KeyError: It has no such attribute.
    """
    kind: Any = type(value)
    places, setters, get = _attributes(kind)
    values = [*get(value)]
    same = True
    for name, attribute in attributes.items():
        place = places[name]
        if values[place] is not attribute:
            values[place] = attribute
            same = False
    if same:
        return value
    new: T = object.__new__(kind)
    # Every setter in turn, without a step of Python between them; they all answer None.
    any(map(call, setters, repeat(new), values))
    return new


@cache
def _attributes(
    kind: type[Any],
) -> tuple[dict[str, int], tuple[Callable[[Any, Any], None], ...], Callable[[Any], Any]]:
    names = [field.name for field in fields(kind)]
    places = {name: place for place, name in enumerate(names)}
    return places, tuple([getattr(kind, n).__set__ for n in names]), attrgetter(*names)
