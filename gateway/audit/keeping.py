"""Looking after the trail while the gateway runs: checkpoints every so often, and at the stop.

Source:
    Threats C10 and O5 of the threat table.
"""

from __future__ import annotations

import asyncio
import calendar
import time as calendar_time
from collections import deque
from contextlib import suppress
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checkpoints import (
    Checkpoint,
    append_line,
    cut_torn_line,
    digest,
    read_lines,
    write_checkpoint,
)
from gateway.ports import AuditKeeping, Clock

log = structlog.get_logger(__name__)

_LOOK = 1.0
"""Seconds from one look at the trail to the next."""

CLOCK_TOLERANCE = 300
"""Seconds the clock may stand before the newest event."""


class ClockSetBack(Exception):
    """The clock stands before what was already audited: times of new events would be wrong."""


def check_clock(newest: str, now: str) -> None:
    """Make sure that time went on since the last event.

    Args:
        newest: The latest time any event has; empty when there is none.
        now: The present; both DTM of 14 digits, UTC.

    Raises:
        ClockSetBack: The clock stands more than five minutes before it.
    """
    if not newest:
        return
    behind = _seconds(newest) - _seconds(now)
    if behind > CLOCK_TOLERANCE:
        raise ClockSetBack(
            f"the clock says {now} (UTC), and the newest audit event is of {newest}: the clock was "
            f"set back by {behind} seconds; set it right, then start again"
        )


class Checkpoints:
    """Signs the trail when enough events came, or enough time passed with some."""

    def __init__(
        self,
        trail: AuditKeeping,
        clock: Clock,
        key: Ed25519PrivateKey,
        file: Path,
        *,
        events: int,
        seconds: float,
    ) -> None:
        """Take what it works with.

        Args:
            file: Gets every line as well; best on another disk.
            events: So many events get a signature at once.
            seconds: So long at most an event waits for one.
        """
        self._trail = trail
        self._clock = clock
        self._key = key
        self._file = file
        self._events = events
        self._seconds = seconds
        self._owed: deque[bytes] = deque()

    async def run(self) -> None:
        """Sign until cancelled, and once more then."""
        waited = 0.0
        await self.mend()
        try:
            while True:
                await asyncio.sleep(_LOOK)
                waited += _LOOK
                try:
                    number, _ = await self._trail.newest()
                    covered, _ = await self._trail.checkpoint()
                    if number == covered:
                        waited = 0.0
                    elif number - covered >= self._events or waited >= self._seconds:
                        await self.sign()
                        waited = 0.0
                except Exception:
                    # The trail grows all the same; a later look signs what this one did not.
                    log.exception("audit.checkpoint_failed")
        finally:
            with suppress(Exception):
                await self.sign()

    async def sign(self) -> None:
        """Sign the newest event, where it is not yet signed."""
        now = self._clock.now()

        def make(number: int, newest: bytes, before: bytes) -> bytes:
            checkpoint = Checkpoint(
                number=number, hash=newest, time=now, previous=digest(before) if before else ""
            )
            return write_checkpoint(checkpoint, self._key)

        # The file has its lines in their order: what it could not take before comes first, and
        # where it still cannot, nothing more is signed.
        await self._write()
        line = await self._trail.sign(make)
        if line is not None:
            self._owed.append(line)
            # Whoever keeps the log elsewhere has the signature there as well.
            log.info("audit.checkpoint", line=line.decode("ascii"))
            await self._write()

    async def mend(self) -> None:
        """Give the file the last line of the table, where a crash came between the two."""
        _, line = await self._trail.checkpoint()
        await asyncio.to_thread(cut_torn_line, self._file)
        if line and line not in await asyncio.to_thread(read_lines, self._file):
            await asyncio.to_thread(append_line, self._file, line)

    async def _write(self) -> None:
        while self._owed:
            await asyncio.to_thread(append_line, self._file, self._owed[0])
            self._owed.popleft()


def _seconds(time: str) -> int:
    return calendar.timegm(calendar_time.strptime(time, "%Y%m%d%H%M%S"))
