"""Moments as the model writes them, and how far apart they are."""

from __future__ import annotations

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


def _read(moment: str) -> datetime:
    return datetime.strptime(moment, _FORM).replace(tzinfo=UTC)
