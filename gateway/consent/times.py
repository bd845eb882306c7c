"""Time as access rules see it: predicates over a moment, never a job that ran or did not.

A moment is DTM text of 14 digits, UTC. A day of law (majority, a version of the matrix) begins at
midnight of the record's legal zone; a month after a deposit is counted in UTC, as the deposit is.

Source:
    Section 5 of docs/reference/access-control.md.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.model.choices import Period

_FORMAT = "%Y%m%d%H%M%S"


def earliest(digits: str) -> str:
    """The first moment that DTM digits of any precision can mean."""
    return digits.ljust(14, "0")


def latest(digits: str) -> str:
    """The last moment that DTM digits of any precision can mean, or later."""
    return digits.ljust(14, "9")


def covers(period: Period, now: str) -> bool:
    """Whether a moment lies in a period; both ends belong to it.

    Nothing lies in a period whose ends cannot be read.
    """
    return not is_before(period, now) and not is_over(period, now)


def is_before(period: Period, now: str) -> bool:
    """Whether a period has not begun yet."""
    start = period.start
    return start is not None and (not start.is_well_formed or now < earliest(start.text))


def is_over(period: Period, now: str) -> bool:
    """Whether a period has ended."""
    end = period.end
    return end is not None and (not end.is_well_formed or now > latest(end.text))


def overlaps(period: Period, digits: str) -> bool:
    """Whether something of a time as precise as it was said may lie in a period.

    What may lie in it does: a time that was not said at all lies in every period.
    """
    return not (
        (period.start is not None and latest(digits) < earliest(period.start.text))
        or (period.end is not None and earliest(digits) > latest(period.end.text))
    )


def later(moment: str, *, days: int = 0, hours: int = 0) -> str:
    """The moment so much later."""
    when = datetime.strptime(moment, _FORMAT) + timedelta(days=days, hours=hours)
    return when.strftime(_FORMAT)


def months_later(moment: str, months: int) -> str:
    """The moment so many calendar months later: 31 January and a month is the end of February."""
    when = datetime.strptime(moment, _FORMAT)
    count = when.year * 12 + when.month - 1 + months
    year, month = divmod(count, 12)
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    return when.replace(year=year, month=month + 1, day=day).strftime(_FORMAT)


@lru_cache(maxsize=64)
def legal_day(now: str, zone: str) -> str:
    """The day (8 digits) it is at a moment in a legal zone."""
    year, month, day = int(now[:4]), int(now[4:6]), int(now[6:8])
    hour, minute, second = int(now[8:10]), int(now[10:12]), int(now[12:14])
    when = datetime(year, month, day, hour, minute, second, tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{when.year:04d}{when.month:02d}{when.day:02d}"


def is_minor(birth_date: str, now: str, zone: str, age: int) -> bool:
    """Whether somebody has surely not come of age.

    A birth date that is missing or not precise to the day counts as the earliest it can mean, so
    that nobody keeps a parent's rights for want of a digit. Who was born on 29 February comes of
    age on 1 March.
    """
    if len(birth_date) < 4 or not birth_date[:8].isdigit():
        return False
    born = birth_date[:8]
    born += "0101"[len(born) - 4 :] if len(born) < 8 else ""
    return legal_day(now, zone) < f"{int(born[:4]) + age:04d}{born[4:]}"


def hidden_until(deposited_at: str, months: int) -> str:
    """Until when a document is hidden from the patient that was deposited hidden.

    Args:
        deposited_at: DTM of 14 digits, UTC.
        months: ``AccessPolicy.hidden_release_months``.

    Source:
        Section 5 of docs/reference/access-control.md (L1111-17 and R1111-53: one month).
    """
    return months_later(deposited_at, months)
