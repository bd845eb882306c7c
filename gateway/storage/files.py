"""Documents as files named by their SHA-256.

``documents/staging/<random>`` while they come, ``documents/sha256/aa/bb/<hash>`` when they are
complete, on the disk and known to be: file synced, renamed, directory synced. No name comes from a
message. A document the registry does not refer to is an orphan and swept.

All waiting for the disk happens on threads, so that documents that arrive together are made
durable together.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from gateway.ports import DocumentStore, Staging
from gateway.storage.staging import SMALL, StagedDocument, refusal

_CONTENT = re.compile(r"[0-9a-f]{64}\Z")

_CHUNK = 256 * 1024
"""Octets read at a time."""

_THREADS = 16
"""Documents that may wait for the disk together; beyond that they queue."""

_HELPERS = 4
"""Threads that measure and write large documents while they come, two to a document."""

_REMEMBERED = 65536
"""Documents put lately that are not taken for orphans, whatever the system's clock did."""

_LEAST_ROOM = 64 * 1024 * 1024
"""Octets free on the disk below which the store says it is in trouble."""


class FileDocumentStore(DocumentStore):
    """Documents below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staging = folder / "staging"
        self._kept = folder / "sha256"
        for path in (self._staging, self._kept):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync(path.parent)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="document")
        self._helpers = ThreadPoolExecutor(_HELPERS, thread_name_prefix="document-in")
        self._lock = threading.Lock()
        self._sweeping = asyncio.Lock()
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._folders: set[Path] = set()
        # Every process that uses the folder shares this lock; the one that sweeps must be alone.
        self._users = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._is_shared = False
        self._share()
        self._opened = self._now()

    async def close(self) -> None:
        """Finish what is under way."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        self._helpers.shutdown()
        os.close(self._users)

    def stage(self) -> StagedDocument:
        """Open a place for a document on its way in."""
        if not self._is_shared:
            self._share()
        return StagedDocument(self._staging, self._helpers)

    async def put_all(self, staged: tuple[Staging, ...]) -> None:
        """Make closed documents durable under their digests, all of them at the same time.

        Raises:
            Refused: The disk is full.
        """
        loop = asyncio.get_running_loop()
        puts = [loop.run_in_executor(self._threads, self._put, document) for document in staged]
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
        for error in outcomes:
            if isinstance(error, BaseException):
                raise refusal(error)

    async def discard(self, staged: Staging) -> None:
        """Forget a staged document; one that was put stays."""
        assert isinstance(staged, StagedDocument)
        if staged.file is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, staged.forget)

    async def trouble(self) -> str | None:
        """Say why no document could be kept now, or ``None`` when one could."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._trouble)

    def path(self, content: str) -> Path | None:
        """Where the octets can be read from, or ``None`` when they are not here."""
        path = self._path(content)
        return path if path is not None and path.exists() else None

    async def read(
        self, content: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """Stream octets ``start`` to ``stop`` (exclusive).

        Raises:
            FileNotFoundError: The octets are not here.
        """
        path = self._path(content)
        if path is None:
            raise FileNotFoundError(content)
        with closing(_Reading(path, start, stop)) as reading:
            if reading.left <= SMALL:
                # Cheaper than asking a thread, and as short as any other step of the event loop.
                if octets := reading.next():
                    yield octets
                return
            loop = asyncio.get_running_loop()
            while octets := await loop.run_in_executor(self._threads, reading.next):
                yield octets

    async def sweep(
        self,
        referenced: Callable[[Iterable[str]], Awaitable[frozenset[str]]],
        grace_seconds: float = 3600,
    ) -> int:
        """Remove what a crash left half received, and orphans; give how many files went.

        A file is an orphan when the registry does not refer to it and it is older than this
        store's opening, or than the grace time: between a document's arrival and its registration
        there is a moment in which nothing refers to it yet. Where another process uses the folder
        as well, nothing is swept: its documents on their way look like orphans.

        Args:
            referenced: Which of some documents the registry refers to.
        """
        async with self._sweeping:
            return await self._sweep(referenced, grace_seconds)

    async def _sweep(
        self,
        referenced: Callable[[Iterable[str]], Awaitable[frozenset[str]]],
        grace_seconds: float,
    ) -> int:
        loop = asyncio.get_running_loop()
        if not self._be_alone():
            return 0
        try:
            until = max(self._opened, self._now() - int(grace_seconds * 1e9))
            swept = await loop.run_in_executor(self._threads, self._remove_leftovers)
            folders = await loop.run_in_executor(self._threads, lambda: sorted(self._leaves()))
            for folder in folders:
                old = await loop.run_in_executor(self._threads, self._old, folder, until)
                if old:
                    orphans = set(old) - await referenced(old)
                    swept += await loop.run_in_executor(
                        self._threads, self._remove, orphans, until, grace_seconds
                    )
            return swept
        finally:
            self._share()

    def _path(self, content: str) -> Path | None:
        if _CONTENT.match(content) is None:
            return None
        return self._kept / content[:2] / content[2:4] / content

    def _put(self, staged: Staging) -> None:
        assert isinstance(staged, StagedDocument)
        try:
            content, _ = staged.digests()
            if not self._is_here(content):
                self._keep(staged.make_durable(), content)
        finally:
            staged.forget()

    def _is_here(self, content: str) -> bool:
        """Whether the octets are kept already; if so they are kept a while longer."""
        path = self._path(content)
        assert path is not None
        with self._lock:
            self._recent.pop(content, None)
            self._recent[content] = time.monotonic()
            if len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
            try:
                os.utime(path)
            except FileNotFoundError:
                return False
        # Whoever put them first may still be waiting for the disk.
        _sync(path.parent)
        return True

    def _keep(self, temporary: Path, content: str) -> None:
        path = self._path(content)
        assert path is not None
        self._make_folder(path.parent)
        temporary.rename(path)
        _sync(path.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder in self._folders:
            return
        for path in (folder.parent, folder):
            path.mkdir(exist_ok=True, mode=0o700)
            _sync(path.parent)
        self._folders.add(folder)

    def _leaves(self) -> Iterator[Path]:
        for first in self._kept.iterdir():
            yield from first.iterdir()

    def _old(self, folder: Path, until: int) -> list[str]:
        with os.scandir(folder) as files:
            return [
                file.name
                for file in files
                if _CONTENT.match(file.name) and file.stat().st_mtime_ns < until
            ]

    def _remove(self, orphans: Iterable[str], until: int, grace_seconds: float) -> int:
        removed = 0
        for content in orphans:
            path = self._path(content)
            assert path is not None
            # Under the lock nobody can find the file here and count on it in the same moment.
            with self._lock:
                put = self._recent.get(content)
                if put is not None and time.monotonic() - put < grace_seconds:
                    continue
                if path.stat().st_mtime_ns < until:
                    path.unlink()
                    removed += 1
        return removed

    def _remove_leftovers(self) -> int:
        removed = 0
        for path in self._staging.iterdir():
            if path.stat().st_mtime_ns < self._opened:
                path.unlink()
                removed += 1
        return removed

    def _trouble(self) -> str | None:
        try:
            self._now()
        except OSError as error:
            return f"the document folder cannot be written to: {error.strerror}"
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < _LEAST_ROOM:
            return "the disk of the document folder is nearly full"
        return None

    def _share(self) -> None:
        try:
            fcntl.flock(self._users, fcntl.LOCK_SH | fcntl.LOCK_NB)
            self._is_shared = True
        except BlockingIOError:  # Somebody sweeps; what is younger than the sweep is safe.
            self._is_shared = False

    def _be_alone(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._share()  # A failed attempt may have lost what was held.
            return False
        return True

    def _now(self) -> int:
        """The present in the file system's own time, which is what ages are compared with."""
        marker = self._staging / uuid4().hex
        marker.touch()
        now = marker.stat().st_mtime_ns
        marker.unlink()
        return now


class _Reading:
    """A file being read, from one octet to another."""

    def __init__(self, path: Path, start: int, stop: int | None) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(self._descriptor).st_size
        self._position = start
        self._stop = size if stop is None else min(stop, size)

    @property
    def left(self) -> int:
        return self._stop - self._position

    def next(self) -> bytes:
        octets = os.pread(self._descriptor, max(0, min(_CHUNK, self.left)), self._position)
        self._position += len(octets)
        return octets

    def close(self) -> None:
        os.close(self._descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
