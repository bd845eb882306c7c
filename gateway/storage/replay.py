"""Which credentials were used, by whom, until they expire: durable, and shared by all workers.

A file of its own beside the registry's, so that a request which only reads costs the registry's
writer nothing. Uses that come together are kept by one commit: each waits for the disk once, the
disk for all of them at once.

Source:
    Threat S5; WSS SAML Token Profile 1.1.1: 6.4.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple, Self

from gateway.ports import Clock
from gateway.storage.write_ahead import write_ahead

_MOST_AT_ONCE = 512
_BETWEEN_CLEANINGS = 1000
"""Uses kept between two looks for what may be forgotten."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS used (
    credential BLOB PRIMARY KEY,
    client TEXT NOT NULL,
    until TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_until ON used (until);
"""


class _Use(NamedTuple):
    credential: bytes
    client: str
    until: str
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[bool]

    def tell(self, first: bool | Exception) -> None:
        """Answer in the caller's own loop, unless nobody waits any more."""

        def settle() -> None:
            if self.answer.done():
                return
            if isinstance(first, Exception):
                self.answer.set_exception(first)
            else:
                self.answer.set_result(first)

        self.loop.call_soon_threadsafe(settle)


class SqliteReplayMemory:
    """Remembers in a file; see :class:`gateway.security.replay.ReplayMemory`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._waiting: queue.SimpleQueue[_Use | None] = queue.SimpleQueue()
        self._connection = self._opened()
        self._since_cleaning = _BETWEEN_CLEANINGS
        self._thread = threading.Thread(target=self._work, name="replay-memory", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, clock: Clock) -> Self:
        """Open a file, made when there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path, clock)

    async def remember(self, key: str, client: str, until: str) -> bool:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        # A digest, since the file needs no name of anybody.
        credential = hashlib.sha256(key.encode()).digest()
        self._waiting.put(_Use(credential, client, until, loop, answer))
        return await answer

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=30
        )
        write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        return connection

    def _work(self) -> None:
        open_ = True
        while open_:
            uses = [self._waiting.get()]
            while len(uses) < _MOST_AT_ONCE:
                try:
                    uses.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            open_ = None not in uses
            self._keep([use for use in uses if use is not None])
        self._connection.close()

    def _keep(self, uses: list[_Use]) -> None:
        if not uses:
            return
        answers: list[bool] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            answers = [self._is_first(use) for use in uses]
            self._clean(len(uses))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            # What could not be kept was not accepted: the request fails, nothing is let through.
            for use in uses:
                use.tell(error)
            return
        for use, answer in zip(uses, answers, strict=True):
            use.tell(answer)

    def _is_first(self, use: _Use) -> bool:
        now = self._clock.now()
        row = self._connection.execute(
            "INSERT INTO used (credential, client, until) VALUES (?, ?, ?) "
            "ON CONFLICT (credential) DO UPDATE SET "
            "client = CASE WHEN until < ? THEN excluded.client ELSE client END, "
            "until = max(until, excluded.until) RETURNING client",
            (use.credential, use.client, use.until, now),
        ).fetchone()
        return bool(row[0] == use.client)

    def _clean(self, kept: int) -> None:
        self._since_cleaning += kept
        if self._since_cleaning < _BETWEEN_CLEANINGS:
            return
        self._since_cleaning = 0
        self._connection.execute("DELETE FROM used WHERE until < ?", (self._clock.now(),))
