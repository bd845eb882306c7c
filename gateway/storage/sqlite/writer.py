"""One writer for the whole registry: jobs run one after another and share their commits.

While one commit waits for the disk, the jobs that arrive meanwhile form the next transaction. A job
that fails has nearly always written nothing yet, since decisions come before changes. Where one
has, the transaction is undone, its neighbours are done again, and it has the next transaction to
itself, so that a failure takes nothing of its neighbours with it. (A savepoint for each job does
the same and costs a fifth of all writing: every page a job changes is copied first.)

The statements of a job run on the event loop's own thread and only COMMIT runs on another one. A
writing thread was tried first: every statement gives the interpreter lock away and has to get it
back from a busy event loop, thirty times a submission; beside a loop kept busy by readers it wrote
70 submissions a second where this form wrote 600. See docs/decisions/0003-sqlite-group-commit.md.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gateway.errors import ErrorCode, Finding, Refused

T = TypeVar("T")

_MOST = 64
"""Jobs in one transaction at most."""

_PATIENCE = 0.01
"""Seconds after which a transaction takes no further jobs, so that readers have their turn."""

_WAIT_FOR_LOCK = 10.0
"""Seconds to wait for another process that writes to the same file."""


_Asked = tuple[Callable[[], Any], asyncio.Future[Any]]
"""A job, and who waits for it."""


class Writer:
    """Runs jobs on one connection, durably, in shared transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: deque[_Asked] = deque()
        self._sizes: deque[int] = deque()  # Of the next transactions, where it is not _MOST.
        self._task: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="registry-commit")
        self._closed = False

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job and answer when what it wrote is on the disk; it may run more than once.

        Raises:
            Refused: What the job raised, or that the disk is full; nothing was written.
        """
        if self._closed:
            raise RuntimeError("the registry is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.append((job, future))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Finish what was asked for, then take nothing more."""
        self._closed = True
        if self._task is not None:
            await self._task
        self._pool.shutdown()

    async def _work(self) -> None:
        try:
            while self._queue:
                await self._transaction()
        finally:
            self._task = None

    async def _transaction(self) -> None:
        taken: list[_Asked] = []
        outcomes: list[Any] = []
        try:
            await self._begin()
            before = self._connection.total_changes
            until = time.monotonic() + _PATIENCE
            most = self._sizes.popleft() if self._sizes else _MOST
            while self._queue and len(taken) < most:
                asked = self._queue.popleft()
                if asked[1].cancelled():
                    continue
                # Noted before it runs: should the transaction itself break, this job hears of it.
                taken.append(asked)
                outcomes.append(self._run(asked[0]))
                if time.monotonic() > until:
                    break
            if self._connection.total_changes == before:
                self._connection.execute("ROLLBACK")
            else:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._pool, self._connection.execute, "COMMIT")
        except _HalfWritten as half:
            if len(taken) == 1:
                self._abandon(taken, half.error)
            else:
                self._connection.execute("ROLLBACK")
                self._queue.extendleft(reversed(taken))
                self._sizes = deque((len(taken) - 1, 1))
            return
        except BaseException as error:
            self._abandon(taken, error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            if future.done():
                continue  # Whoever asked went away; what it asked for stands all the same.
            if isinstance(outcome, _Failure):
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome)

    async def _begin(self) -> None:
        until = time.monotonic() + _WAIT_FOR_LOCK
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            await asyncio.sleep(0.002)

    def _run(self, job: Callable[[], T]) -> T | _Failure:
        before = self._connection.total_changes
        try:
            return job()
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # SQLite gave the whole transaction up, with the neighbours' jobs.
            if self._connection.total_changes != before:
                raise _HalfWritten(error) from error
            return _Failure(refusal(error))

    def _abandon(self, taken: list[_Asked], error: BaseException) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        answered = refusal(error) if isinstance(error, Exception) else RuntimeError("stopped")
        if not taken and self._queue:
            # The transaction could not even begin: whoever waits longest hears it, not all.
            taken = [self._queue.popleft()]
        for _, future in taken:
            if not future.done():
                future.set_exception(answered)


class _HalfWritten(Exception):
    """A job raised after it had written something."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class _Failure:
    """The outcome of a job that raised."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


def refusal(error: Exception) -> Exception:
    """What a peer is told of a database error it can wait out; other errors stay as they are."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return error
    if code & 0xFF == sqlite3.SQLITE_FULL:
        return Refused(
            Finding(
                rule="storage-full",
                code=ErrorCode.REGISTRY_OUT_OF_RESOURCES,
                location="",
                message="the registry has no room left on its disk; nothing was stored",
            )
        )
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Refused(
            Finding(
                rule="storage-busy",
                code=ErrorCode.REGISTRY_BUSY,
                location="",
                message="the registry is busy; nothing was stored, send the message again",
            )
        )
    if code & 0xFF == sqlite3.SQLITE_INTERRUPT:
        return Refused(
            Finding(
                rule="query-time",
                code=ErrorCode.REGISTRY_BUSY,
                location="",
                message="the query took too long to answer; ask for less at a time",
            )
        )
    return error
