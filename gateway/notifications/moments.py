"""Moments as the model writes them, and how far apart they are."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

_FORM = "%Y%m%d%H%M%S"


def later(moment: str, seconds: float) -> str:
    """Give the moment so many seconds after another one; DTM of 14 digits, UTC."""
    return (_read(moment) + timedelta(seconds=seconds)).strftime(_FORM)


def earlier(moment: str, *, days: float) -> str:
    """Give the moment so many days before another one."""
    return later(moment, -days * 86400)


def seconds_between(start: str, end: str) -> float:
    """Give how long it takes from one moment to another one."""
    return (_read(end) - _read(start)).total_seconds()


def last_second(dtm: str) -> str:
    """Give the last second that DTM digits cover, as 14 digits."""
    if len(dtm) >= 14:
        return dtm[:14]
    year, month = dtm[:4], dtm[4:6] or "12"
    day = dtm[6:8] or f"{monthrange(int(year), int(month))[1]:02}"
    return f"{year}{month}{day}{dtm[8:10] or '23'}{dtm[10:12] or '59'}59"


def _read(moment: str) -> datetime:
    return datetime.strptime(moment, _FORM).replace(tzinfo=UTC)
