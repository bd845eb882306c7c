"""Documents as files named by their SHA-256: staged while they come, then made durable.

documents/staging/<random>          on its way in
documents/sha256/aa/bb/<sha256>     kept
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateway.model.submission import ReceivedDocument
from gateway.ports import Staging

_IN_MEMORY = 64 * 1024
_BLOCK = 256 * 1024


class StagedFile:
    """One document on its way in; small ones stay in memory until they are put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = bytearray()
        self._file: int | None = None
        self._path: Path | None = None
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._size = 0

    def write(self, octets: bytes | memoryview) -> None:
        self._sha1.update(octets)
        self._sha256.update(octets)
        self._size += len(octets)
        if self._file is not None:
            os.write(self._file, octets)
            return
        self._held += octets
        if len(self._held) > _IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        self._path = self._folder / secrets.token_hex(16)
        self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(self._file, self._held)
        self._held = bytearray()

    def close(self) -> None:
        pass

    def received(self, entry_id: str) -> ReceivedDocument:
        return ReceivedDocument(
            entry_id=entry_id,
            content=self._sha256.hexdigest(),
            sha1=self._sha1.hexdigest(),
            size=self._size,
        )

    def keep(self, target: Path) -> None:
        if self._file is None:
            self._spill()
        assert self._file is not None and self._path is not None
        os.fsync(self._file)
        os.close(self._file)
        self._file = None
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path.rename(target)
        self._path = None
        for folder in (target.parent,):
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    def forget(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None


class FileDocumentStore:
    """Content-addressed files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / "staging"
        self._staging.mkdir(parents=True, exist_ok=True)
        self._pool = ThreadPoolExecutor(4)

    def _target(self, content: str) -> Path:
        return self._root / "sha256" / content[:2] / content[2:4] / content

    def stage(self) -> Staging:
        return StagedFile(self._staging)

    async def put_all(self, staged: tuple[Staging, ...]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._pool, self._put, s) for s in staged))

    def _put(self, staged: Staging) -> None:
        assert isinstance(staged, StagedFile)
        staged.keep(self._target(staged.received("").content))

    async def discard(self, staged: Staging) -> None:
        assert isinstance(staged, StagedFile)
        staged.forget()

    def path(self, content: str) -> Path | None:
        target = self._target(content)
        return target if target.exists() else None

    async def read(
        self, content: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        with self._target(content).open("rb") as file:
            file.seek(start)
            left = (stop if stop is not None else os.fstat(file.fileno()).st_size) - start
            while left > 0:
                block = file.read(min(_BLOCK, left))
                if not block:
                    return
                left -= len(block)
                yield block

    async def sweep(self, referenced: Callable[[Iterable[str]], Awaitable[frozenset[str]]]) -> None:
        for leftover in self._staging.iterdir():
            leftover.unlink()

    async def trouble(self) -> str | None:
        return None
