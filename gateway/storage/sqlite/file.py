"""One registry file: the connections to it, and the questions and jobs that run through them."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.ports import Clock
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite.accounts import AccountRows
from gateway.storage.sqlite.audit import AuditRows
from gateway.storage.sqlite.changes import Applier
from gateway.storage.sqlite.facts import Restricting
from gateway.storage.sqlite.known import SqliteKnown
from gateway.storage.sqlite.notices import NoticeRows
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.schema import connect
from gateway.storage.sqlite.sight import Eyes, Sight
from gateway.storage.sqlite.writer import Writer, refusal

T = TypeVar("T")

_MOMENT = 0.05
"""Seconds a query may keep the event loop."""

_LONGEST = 5.0
"""Seconds a query may take at all."""


class RegistryFile:
    """What every view of one registry shares.

    Attributes:
        connection: What the writer writes through.
        reading: What is read from on the event loop's own thread.
        rows: The tables as they are, through ``reading``.
        known: The tables as a decision sees them, inside the writer's transaction.
        max_results: Objects one answer may hold when no page was asked for.
    """

    def __init__(
        self,
        path: Path,
        fragments: Fragments,
        clock: Clock,
        *,
        max_results: int,
        by_entry_uuid: bool,
        restricting: Restricting,
        alerting: frozenset[str] | None = None,
    ) -> None:
        """Open the connections; see :meth:`SqliteRegistryStore.open`."""
        self._path = path
        self._by_entry_uuid = by_entry_uuid
        self._alerting = alerting
        self._slow = ThreadPoolExecutor(2, thread_name_prefix="registry-query")
        self.fragments = fragments
        self.restricting = restricting
        self.clock = clock
        self.max_results = max_results
        self.connection = connect(path)
        self.reading = connect(path, read_only=True)
        self.writer = Writer(self.connection)
        self.rows = Rows(self.reading, fragments, by_entry_uuid, alerting)
        self.patients = PatientRows(self.connection)
        self.known = SqliteKnown(self.connection, fragments, self.patients)
        self.applier = Applier(self.connection, fragments, self.patients, restricting)
        self.accounts = AccountRows(
            self.connection,
            self.patients,
            AuditRows(self.connection),
            NoticeRows(self.connection),
        )
        self._writing_eyes = Eyes(self.connection)

    async def close(self) -> None:
        """Finish the changes that were asked for and close the file."""
        await self.writer.close()
        self._slow.shutdown()
        self.reading.close()
        self.connection.close()

    def known_to(self, sight: Sight | None) -> SqliteKnown:
        """The content as a decision of somebody sees it."""
        if sight is None:
            return self.known
        return self.known.seen_through(self._writing_eyes.seeing(sight, self.patients.members))

    async def ask(self, question: Callable[[Rows], T], sight: Sight | None = None) -> T:
        """Answer a question from what was committed before.

        A question that takes longer than a moment is asked again on another thread, where it holds
        up nobody.
        """
        rows = self.rows if sight is None else self.rows.seen_by(sight)
        try:
            return _snapshot(rows, question, _MOMENT)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._slow, self._ask_slowly, question, sight)
        except sqlite3.OperationalError as error:
            raise refusal(error) from error

    def _ask_slowly(self, question: Callable[[Rows], T], sight: Sight | None) -> T:
        connection = connect(self._path, read_only=True)
        try:
            rows = Rows(connection, self.fragments, self._by_entry_uuid, self._alerting)
            if sight is not None:
                rows = rows.seen_by(sight)
            return _snapshot(rows, question, _LONGEST)
        finally:
            connection.close()


def _snapshot(rows: Rows, question: Callable[[Rows], T], seconds: float) -> T:
    """Answer a question of several statements from one state of the registry."""
    connection = rows.connection
    rows.limit(seconds)
    connection.execute("BEGIN")
    try:
        return question(rows)
    finally:
        rows.limit(math.inf)
        # An interrupt inside a reading transaction leaves it open; one outside leaves none.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
