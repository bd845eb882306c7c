"""What FHIRPath does with texts: parts, patterns, encodings.

Source:
    HL7 FHIRPath 2.0: 5.6 string manipulation.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

from gateway.validation.fhir.invariants import NotEvaluated

_LONGEST_MATCHED = 100_000


def _substring(value: str, start: int, length: int | None = None) -> str | None:
    if not 0 <= start < len(value):
        return None
    return value[start:] if length is None else value[start : start + max(0, length)]


def _search(value: str, written: str) -> bool:
    return _pattern(written).search(_bounded(value)) is not None


def _search_whole(value: str, written: str) -> bool:
    return _pattern(written).fullmatch(_bounded(value)) is not None


def _replace_matches(value: str, written: str, by: str) -> str:
    if not written:
        return value
    return _pattern(written).sub(re.sub(r"\$\{?([0-9]+)\}?", r"\\g<\1>", by), _bounded(value))


def _bounded(value: str) -> str:
    # Patterns come with packages, and a bad one takes the longer the longer the text.
    if len(value) > _LONGEST_MATCHED:
        raise NotEvaluated(f"a text of {len(value)} characters is not matched with a pattern")
    return value


@cache
def _pattern(written: str) -> re.Pattern[str]:
    try:
        return re.compile(written, re.DOTALL)
    except re.error as error:
        raise NotEvaluated(f"{written[:60]!r} is no regular expression: {error}") from None


def _encode(value: str, form: str) -> str | None:
    match form:
        case "hex":
            return value.encode("utf-8").hex()
        case "base64":
            return b64encode(value.encode("utf-8")).decode("ascii")
        case "urlbase64":
            return b64encode(value.encode("utf-8"), b"-_").decode("ascii")
    return None


def _decode(value: str, form: str) -> str | None:
    try:
        match form:
            case "hex":
                return bytes.fromhex(value).decode("utf-8")
            case "base64":
                return b64decode(value).decode("utf-8")
            case "urlbase64":
                return b64decode(value, b"-_").decode("utf-8")
    except ValueError:
        return None
    return None


# Each function: its least and most arguments, and what it does with the text and them.
TEXTS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "startsWith": (1, 1, str.startswith),
    "endsWith": (1, 1, str.endswith),
    "contains": (1, 1, lambda value, part: part in value),
    "indexOf": (1, 1, str.find),
    "lastIndexOf": (1, 1, str.rfind),
    "substring": (1, 2, _substring),
    "upper": (0, 0, str.upper),
    "lower": (0, 0, str.lower),
    "trim": (0, 0, str.strip),
    "length": (0, 0, len),
    "replace": (2, 2, str.replace),
    "matches": (1, 1, _search),
    "matchesFull": (1, 1, _search_whole),
    "replaceMatches": (2, 2, _replace_matches),
    "toChars": (0, 0, list),
    "split": (1, 1, lambda value, by: value.split(by) if by else list(value)),
    "encode": (1, 1, _encode),
    "decode": (1, 1, _decode),
}
