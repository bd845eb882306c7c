"""JSON of which every reader makes the same: no name twice, no number without an exact value.

Source:
    RFC 8725: 2.4 and 3.10; RFC 7493 (I-JSON); threats S7 and Q4.
"""

from __future__ import annotations

import json
from typing import Any, Final

_DEEPEST: Final = 32


def read_object(octets: bytes) -> dict[str, Any]:
    """Give a JSON object.

    Raises:
        ValueError: When it is anything else, or two readers could take it differently.
    """
    text = octets.decode("utf-8")
    # An array or object inside another needs a bracket each; counted before anything recurses.
    if text.count("[") + text.count("{") > 2000:
        raise ValueError("too many arrays and objects")
    try:
        value = json.loads(
            text, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    _refuse_depth(value, _DEEPEST)
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _refuse_depth(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError("too deep")
    if isinstance(value, dict):
        for one in value.values():
            _refuse_depth(one, left - 1)
    elif isinstance(value, list):
        for one in value:
            _refuse_depth(one, left - 1)
