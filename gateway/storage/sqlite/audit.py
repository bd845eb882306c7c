"""The rows of the audit trail: appended in the transaction of the effect they tell of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from gateway.codecs.audit_octets import GENESIS, columns, link, write_audit_octets
from gateway.model.audit import AuditEvent

_NEWEST = "SELECT number, hash FROM audit_event ORDER BY number DESC LIMIT 1"
_APPEND = (
    "INSERT INTO audit_event (number, id, time, patient, agent, transaction_code, action, "
    "outcome, octets, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class AuditRows:
    """The trail through one connection, within whatever transaction that has open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def append(self, events: Iterable[AuditEvent]) -> None:
        """Add events to the end of the trail.

        The newest row is asked for each time, inside the transaction: other processes append to
        the same file, and a transaction that is undone takes its events with it.
        """
        number, previous = self._execute(_NEWEST).fetchone() or (0, GENESIS)
        for event in events:
            octets = write_audit_octets(event)
            number, previous = number + 1, link(previous, octets)
            self._execute(_APPEND, (number, *columns(event), octets, previous))

    def newest(self) -> tuple[int, bytes]:
        """Number and hash of the last event; 0 and the hash before the first one when empty."""
        number, digest = self._execute(_NEWEST).fetchone() or (0, GENESIS)
        return number, digest

    def newest_time(self) -> str:
        """The latest time any event has, DTM of 14 digits; empty when there is none."""
        (time,) = self._execute("SELECT max(time) FROM audit_event").fetchone()
        return time or ""

    def newest_checkpoint(self) -> tuple[int, bytes]:
        """Number and line of the last checkpoint; 0 and nothing where there is none."""
        number, line = self._execute(
            "SELECT number, line FROM audit_checkpoint ORDER BY number DESC LIMIT 1"
        ).fetchone() or (0, b"")
        return number, line

    def add_checkpoint(self, number: int, line: bytes) -> None:
        """Keep a signed line over the events up to a number."""
        self._execute("INSERT INTO audit_checkpoint VALUES (?, ?)", (number, line))


_AS_KEPT = (
    "SELECT number, id, time, patient, agent, transaction_code, action, outcome, octets, hash "
    "FROM audit_event ORDER BY number"
)


def rows_as_kept(
    connection: sqlite3.Connection,
) -> Iterator[tuple[int, tuple[object, ...], object, object]]:
    """Give number, columns, octets and hash of every row, in order, whatever is in them."""
    # What somebody wrote as text may be no UTF-8; it is to be reported, not to stop the report.
    connection.text_factory = lambda octets: octets.decode("utf-8", "replace")
    for number, *kept, octets, digest in connection.execute(_AS_KEPT):
        yield number, tuple(kept), octets, digest


def checkpoints_as_kept(connection: sqlite3.Connection) -> list[tuple[object, object]]:
    """Give number and line of every checkpoint of the table."""
    return connection.execute(
        "SELECT number, line FROM audit_checkpoint ORDER BY number"
    ).fetchall()
