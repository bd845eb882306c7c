"""Documents on their way in: measured and written while the next octets are still coming.

A small document stays in memory until it is put. A larger one goes to a file in pieces of half a
mebibyte; two helpers work on it side by side, one computing SHA-256, the other SHA-1 and writing,
so that neither digest nor disk holds up the network.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from uuid import uuid4

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.submission import ReceivedDocument
from gateway.ports import Staging

SMALL = 64 * 1024
"""Octets up to which a document is kept in memory."""

PIECE = 512 * 1024
"""Octets handed to the helpers at a time."""

_AHEAD = 16 * 1024 * 1024
"""Octets not yet worked on, above which whoever awaits ``ready`` waits."""

_FAR_AHEAD = 2 * _AHEAD
"""Octets not yet worked on, above which ``write`` itself waits: memory must stay bounded."""

_FLUSH = 32 * 1024 * 1024
"""Octets after which what was written is sent to the disk, so that the end has little left."""

Octets = bytes | bytearray


def refusal(error: BaseException) -> BaseException:
    """What a peer is told of a full disk; other errors stay as they are."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    return Refused(
        Finding(
            rule="storage-full",
            code=ErrorCode.REPOSITORY_OUT_OF_RESOURCES,
            location="",
            message="the repository has no room left on its disk; nothing was stored",
        )
    )


class StagedDocument(Staging):
    """One document on its way in."""

    def __init__(self, folder: Path, helpers: Executor) -> None:
        self._folder = folder
        self._helpers = helpers
        self._buffer = bytearray()
        self._size = 0
        self._digests: tuple[str, str] | None = None
        self.file: LargeFile | None = None

    def write(self, octets: bytes | memoryview) -> None:
        """Take the next octets."""
        self._size += len(octets)
        if not self._buffer and len(octets) >= PIECE and isinstance(octets, bytes):
            self._large().take(octets)  # Nobody will change these: they need no copy.
            return
        self._buffer += octets
        if len(self._buffer) >= PIECE:
            self._hand_over()

    async def ready(self) -> None:
        """Wait until the octets taken are nearly all worked on; after ``close``, wholly."""
        if self.file is not None:
            await self.file.ready()

    def close(self) -> None:
        """Say that the last octets came."""
        if self._buffer and (self.file is not None or len(self._buffer) > SMALL):
            self._hand_over()
        if self.file is not None:
            self.file.end()

    def received(self, entry_id: str) -> ReceivedDocument:
        """Give the measures of a closed document.

        Raises:
            Refused: The disk was full before its end.
        """
        try:
            content, sha1 = self.digests()
        except OSError as error:
            raise refusal(error) from error
        return ReceivedDocument(entry_id=entry_id, content=content, sha1=sha1, size=self._size)

    def head(self, octets: int) -> bytes:
        """Give the first octets of a closed document that was received."""
        if self.file is not None:
            return self.file.head(octets)
        return bytes(self._buffer[:octets])

    def digests(self) -> tuple[str, str]:
        """Give SHA-256 and SHA-1 of a closed document."""
        if self._digests is None:
            if self.file is not None:
                self._digests = self.file.digests()
            else:
                self._digests = (
                    hashlib.sha256(self._buffer).hexdigest(),
                    hashlib.sha1(self._buffer, usedforsecurity=False).hexdigest(),
                )
        return self._digests

    def make_durable(self) -> Path:
        """Give a file of its own that holds the octets and is on the disk; for a thread."""
        if self.file is None:
            self.file = LargeFile(self._folder / uuid4().hex, self._helpers)
            self.file.write_now(self._buffer)
        self.file.sync()
        return self.file.path

    def forget(self) -> None:
        """Let go of what is held; a file that was moved away stays where it is."""
        self._buffer = bytearray()
        file, self.file = self.file, None
        if file is not None:
            file.discard()

    def _large(self) -> LargeFile:
        if self.file is None:
            self.file = LargeFile(self._folder / uuid4().hex, self._helpers)
        return self.file

    def _hand_over(self) -> None:
        full, self._buffer = self._buffer, bytearray()
        self._large().take(full)


class LargeFile:
    """A file that is written and measured by helpers."""

    def __init__(self, path: Path, helpers: Executor) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._unflushed = 0
        self._enough = _AHEAD
        self._progress = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._lanes = (
            _Lane(helpers, self._sha256.update, self._advanced),
            _Lane(helpers, self._write, self._advanced),
        )

    def take(self, octets: Octets) -> None:
        """Hand octets to the helpers; nobody may change them any more."""
        for lane in self._lanes:
            lane.put(octets)
        if self._behind() > _FAR_AHEAD:
            with self._progress:
                self._progress.wait_for(lambda: self._behind() <= _AHEAD)

    async def ready(self) -> None:
        """Wait until little is left to work on; nothing when no more octets come."""
        if self._behind() <= self._enough:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._progress:
            self._waiting.append((loop, future))
        self._advanced()
        await future

    def end(self) -> None:
        """Say that the last octets came."""
        self._enough = 0

    def digests(self) -> tuple[str, str]:
        """Give SHA-256 and SHA-1, when the helpers are through.

        Raises:
            OSError: What went wrong on the way; a full disk, for example.
        """
        for lane in self._lanes:
            lane.finish()
        return self._sha256.hexdigest(), self._sha1.hexdigest()

    def head(self, octets: int) -> bytes:
        """Read the first octets back, when the helpers are through."""
        for lane in self._lanes:
            lane.finish()
        return os.pread(self._descriptor, octets, 0)

    def write_now(self, octets: Octets) -> None:
        """Write octets without measuring them."""
        view = memoryview(octets)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        """Wait until the file is on the disk."""
        for lane in self._lanes:
            lane.finish()
        os.fsync(self._descriptor)

    def discard(self) -> None:
        """Close the file; where it still has its first name, it goes."""
        for lane in self._lanes:
            lane.stop()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self.path.unlink(missing_ok=True)

    def _behind(self) -> int:
        return max(lane.behind for lane in self._lanes)

    def _write(self, octets: Octets) -> None:
        self._sha1.update(octets)
        self.write_now(octets)
        self._unflushed += len(octets)
        if self._unflushed >= _FLUSH:
            os.fdatasync(self._descriptor)
            self._unflushed = 0

    def _advanced(self) -> None:
        if self._behind() > self._enough:
            return
        with self._progress:
            self._progress.notify_all()
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            loop.call_soon_threadsafe(_wake, future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Lane:
    """Work on pieces one after another, on whichever helper is free.

    Attributes:
        behind: Octets still to be worked on.
    """

    def __init__(
        self, helpers: Executor, work: Callable[[Octets], object], advanced: Callable[[], None]
    ) -> None:
        self._helpers = helpers
        self._work = work
        self._advanced = advanced
        self._pieces: deque[Octets] = deque()
        self._lock = threading.Lock()
        self._run: Future[None] | None = None
        self._error: BaseException | None = None
        self.behind = 0

    def put(self, octets: Octets) -> None:
        with self._lock:
            self._pieces.append(octets)
            self.behind += len(octets)
            if self._run is None:
                self._run = self._helpers.submit(self._work_off)

    def finish(self) -> None:
        """Wait until all is worked on.

        Raises:
            OSError: What went wrong on the way; a full disk, for example.
        """
        with self._lock:
            run = self._run
        if run is not None:
            run.result()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Leave the rest undone."""
        with self._lock:
            self._pieces.clear()
            self.behind = 0
            run = self._run
        if run is not None:
            run.result()

    def _work_off(self) -> None:
        while True:
            with self._lock:
                if not self._pieces:
                    self._run = None
                    return
                octets = self._pieces.popleft()
            if self._error is None:
                try:
                    self._work(octets)
                except BaseException as error:  # Told to whoever asks for the digest.
                    self._error = error
            with self._lock:
                self.behind = max(0, self.behind - len(octets))
            self._advanced()
