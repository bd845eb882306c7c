"""The write-ahead log that all our database files have."""

from __future__ import annotations

import sqlite3
import time

WAIT_FOR_LOCK = 10.0
"""Seconds to wait for another process that opens or leaves the same file."""


def write_ahead(connection: sqlite3.Connection) -> None:
    """Let a file have a write-ahead log, from now on and for everybody.

    SQLite refuses this at once, whatever the connection's timeout, while another process writes to
    a file that has no such log yet, as two workers do that start in the same moment: it cannot
    tell whether the two would wait for each other. So whoever is refused asks again.

    Raises:
        sqlite3.OperationalError: The file was locked for longer than anybody should.

    Source:
        SQLite: PRAGMA journal_mode; https://www.sqlite.org/wal.html, 2.2.
    """
    until = time.monotonic() + WAIT_FOR_LOCK
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.002)
