"""Conditional requests: what a client holds already, and since when.

Source:
    RFC 9110: 8.8 validators, 13 conditional requests; FHIR R4: 3.1.0.6 conditional read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def names(written: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names an entity tag, compared weakly, or anything."""
    if written is None:
        return False
    if written.strip() == "*":
        return True
    return etag.removeprefix("W/") in _TAG.findall(written)


def http_date(time: str) -> str:
    """Give DTM text of 14 digits, UTC, as headers have it."""
    at = datetime.strptime(time[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return format_datetime(at, usegmt=True)


def read_http_date(written: str | None) -> str | None:
    """Read a date of a header as DTM text of 14 digits; ``None`` for what is no date."""
    if written is None:
        return None
    try:
        at = parsedate_to_datetime(written)
        return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    except (ValueError, OverflowError):
        return None
