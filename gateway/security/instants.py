"""Moments in seconds since 1970, from the forms the clock and the credentials write them in."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime
from typing import Final

SKEW: Final = 60
"""Seconds two clocks may differ."""

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,12})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def seconds_of(now: str) -> int:
    """Give a moment of the clock, DTM text of 14 digits in UTC, in seconds."""
    year, month, day = int(now[:4]), int(now[4:6]), int(now[6:8])
    return timegm((year, month, day, int(now[8:10]), int(now[10:12]), int(now[12:14])))


def datetime_of(seconds: float) -> datetime:
    """Give a moment as the libraries of certificates want it."""
    return datetime.fromtimestamp(seconds, UTC)


def digits_of(seconds: float) -> str:
    """Give a moment as DTM text of 14 digits, UTC."""
    return datetime_of(seconds).strftime("%Y%m%d%H%M%S")


def text_of_instant(seconds: float) -> str:
    """Give a moment as xs:dateTime in UTC."""
    return datetime_of(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> float | None:
    """Give the moment of an xs:dateTime with its zone; ``None`` when it is none.

    Source:
        SAML 2.0 core: 1.3.3 (times are in UTC; other zones are understood).
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(
            "{}-{}-{}T{}:{}:{}{}".format(*found.groups()[:6], found[8])
        ).timestamp() + float(found[7] or 0)
    except ValueError:
        return None
