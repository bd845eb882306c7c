"""Points in time of HL7 V3, and the same moment as XDS writes it.

CDA writes local time with its offset (``20240114101500+0100``), XDS writes UTC without one. Both
say how precise they are by how much they write, and that is kept: a day has no zone and stays the
day it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gateway.model.datatypes import DateTime

_TIME_STAMP = re.compile(
    r"(?P<digits>\d{4}(?:\d\d){0,5})(?:\.\d{1,6})?(?P<zone>Z|[+-]\d{4})?\Z", re.ASCII
)
_FORMATS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class UtcTime:
    """A moment in UTC, and what was wrong with the text it came from.

    Attributes:
        value: ``None`` when the text says no moment.
        fault: Empty when the text was good; ``value`` may still be usable otherwise.
    """

    value: DateTime | None
    fault: str = ""


def read_time_stamp(text: str) -> UtcTime:
    """Give a TS in UTC, as precise as it was written.

    Year, month and day are taken as they are. Hours and finer are moved to UTC; without an offset
    they are taken for UTC already, and the fault says so. An offset of half hours makes hours into
    minutes, because no full hour of UTC would begin when that hour began. Fractions of a second,
    which XDS has no room for, are cut.

    Source:
        HL7 V3 data types R1: TS; IHE ITI TF-3: Table 4.2.3.1.7-2, DTM (revision 17).
    """
    match = _TIME_STAMP.match(text)
    if match is None:
        return UtcTime(None, "is not a time stamp (YYYYMMDDhhmmss+hhmm, right parts may be absent)")
    digits, zone = match["digits"], match["zone"]
    if not DateTime(digits).is_well_formed:
        return UtcTime(None, "has a month, day, hour, minute or second out of range")
    if len(digits) < 10:
        return UtcTime(DateTime(digits))
    if zone is None:
        return UtcTime(DateTime(digits), "has no offset from UTC and was taken for UTC")
    offset = timedelta(0)
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[3:])
        if hours > 14 or minutes > 59:
            return UtcTime(None, "has an offset from UTC that exists nowhere")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    if len(digits) == 10 and offset % timedelta(hours=1):
        digits += "00"
    form = _FORMATS[len(digits)]
    try:
        moment = datetime.strptime(digits, form).replace(tzinfo=timezone(offset))
        return UtcTime(DateTime(moment.astimezone(UTC).strftime(form).zfill(len(digits))))
    except (ValueError, OverflowError):
        return UtcTime(None, "is no day of the calendar")
