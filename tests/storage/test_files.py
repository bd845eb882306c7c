"""Documents as files: measured, durable, named by nobody but their content."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.storage import staging as module
from gateway.storage.files import FileDocumentStore
from gateway.storage.staging import PIECE, SMALL, StagedDocument

SIZES = (0, 1, SMALL, SMALL + 1, PIECE - 1, PIECE, 3 * PIECE + 17)


def a_tick_passes(folder: Path) -> None:
    """Wait until the file system gives what is written now a later time than all before."""
    marker = folder / "tick"
    marker.touch()
    before = marker.stat().st_mtime_ns
    while marker.stat().st_mtime_ns == before:
        marker.touch()
    marker.unlink()


def with_store(path: Path, test: Callable[[FileDocumentStore], Awaitable[None]]) -> None:
    async def run() -> None:
        # Two lives of a process are never as close as two ticks of the file system's clock.
        a_tick_passes(path)
        store = FileDocumentStore(path / "documents")
        try:
            await test(store)
        finally:
            await store.close()

    asyncio.run(run())


async def stage(store: FileDocumentStore, octets: bytes, step: int = 100_000) -> StagedDocument:
    staged = store.stage()
    for start in range(0, len(octets), step):
        staged.write(memoryview(bytearray(octets[start : start + step])))
        await staged.ready()
    staged.close()
    await staged.ready()
    return staged


async def put(store: FileDocumentStore, octets: bytes) -> str:
    staged = await stage(store, octets)
    await store.put_all((staged,))
    await store.discard(staged)
    return staged.received("e").content


async def read(store: FileDocumentStore, content: str, *span: int) -> bytes:
    return b"".join([octets async for octets in store.read(content, *span)])


async def nothing(contents: Iterable[str]) -> frozenset[str]:
    return frozenset()


async def everything(contents: Iterable[str]) -> frozenset[str]:
    return frozenset(contents)


def files(path: Path) -> list[Path]:
    return [p for p in path.rglob("*") if p.is_file() and p.name != "lock"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [7_001, 100_000, 10_000_000])
def test_a_document_comes_back_as_it_came_and_was_measured(
    tmp_path: Path, size: int, step: int
) -> None:
    octets = os.urandom(size)

    async def test(store: FileDocumentStore) -> None:
        staged = await stage(store, octets, step)
        received = staged.received("e")
        assert received.entry_id == "e"
        assert received.size == size
        assert received.sha1 == hashlib.sha1(octets).hexdigest()
        assert received.content == hashlib.sha256(octets).hexdigest()
        assert store.path(received.content) is None
        await store.put_all((staged,))
        await store.discard(staged)
        path = store.path(received.content)
        assert path is not None
        assert path.read_bytes() == octets
        assert files(tmp_path) == [path]
        assert path.stat().st_mode & 0o077 == 0
        assert await read(store, received.content) == octets
        assert await read(store, received.content, 3, size - 2) == octets[3 : max(0, size - 2)]
        assert await read(store, received.content, size // 2) == octets[size // 2 :]
        assert await read(store, received.content, 0, size + 10) == octets
        assert await read(store, received.content, size + 10) == b""

    with_store(tmp_path, test)


def test_octets_the_sender_changes_after_writing_are_kept_as_they_were(tmp_path: Path) -> None:
    async def test(store: FileDocumentStore) -> None:
        buffer = bytearray(b"a" * (2 * PIECE))
        staged = store.stage()
        staged.write(memoryview(buffer))
        buffer[:] = b"b" * len(buffer)
        staged.close()
        await store.put_all((staged,))
        assert staged.received("e").content == hashlib.sha256(b"a" * len(buffer)).hexdigest()

    with_store(tmp_path, test)


@pytest.mark.parametrize("size", [20, 2 * PIECE])
def test_the_same_octets_again_are_fine(tmp_path: Path, size: int) -> None:
    async def test(store: FileDocumentStore) -> None:
        staged = [await stage(store, b"x" * size) for _ in range(6)]
        await store.put_all(tuple(staged[:3]))
        await store.put_all(tuple(staged[3:]))
        assert len(files(tmp_path)) == 1

    with_store(tmp_path, test)


@pytest.mark.parametrize("size", [20, 4 * PIECE])
def test_a_discarded_document_leaves_nothing(tmp_path: Path, size: int) -> None:
    async def test(store: FileDocumentStore) -> None:
        await store.discard(await stage(store, b"x" * size))
        unfinished = store.stage()
        unfinished.write(b"x" * size)
        await store.discard(unfinished)
        assert files(tmp_path) == []

    with_store(tmp_path, test)


@pytest.mark.parametrize(
    "name", ["../x", "..", "", "\0" * 64, "a" * 63, "A" * 64, "a" * 64 + "\n", "a/" * 32, "é" * 64]
)
def test_no_other_name_than_a_digest_leads_to_a_file(tmp_path: Path, name: str) -> None:
    async def test(store: FileDocumentStore) -> None:
        assert store.path(name) is None
        with pytest.raises(FileNotFoundError):
            await read(store, name)

    with_store(tmp_path, test)


def test_many_documents_at_once_are_all_kept(tmp_path: Path) -> None:
    async def test(store: FileDocumentStore) -> None:
        contents = await asyncio.gather(*(put(store, os.urandom(2000 + n)) for n in range(60)))
        assert all(store.path(content) for content in contents)
        assert len(files(tmp_path)) == 60

    with_store(tmp_path, test)


def test_the_sweep_removes_what_an_earlier_life_left_and_nothing_else(tmp_path: Path) -> None:
    contents: list[str] = []

    async def first(store: FileDocumentStore) -> None:
        contents.extend([await put(store, b"kept"), await put(store, b"orphan")])
        unfinished = store.stage()
        unfinished.write(b"x" * (2 * PIECE))  # And then the machine stops.
        await unfinished.ready()

    async def second(store: FileDocumentStore) -> None:
        async def referenced(asked: Iterable[str]) -> frozenset[str]:
            return frozenset(asked) & {contents[0]}

        assert len(files(tmp_path)) == 3
        fresh = await put(store, b"not registered yet")
        coming = await stage(store, b"y" * (2 * PIECE))
        assert await store.sweep(referenced) == 2
        assert store.path(contents[0]) is not None
        assert store.path(contents[1]) is None
        assert store.path(fresh) is not None
        await store.put_all((coming,))
        assert store.path(coming.received("e").content) is not None

    with_store(tmp_path, first)
    with_store(tmp_path, second)


def test_two_sweeps_at_once_go_one_after_the_other(tmp_path: Path) -> None:
    async def first(store: FileDocumentStore) -> None:
        for number in range(20):
            await put(store, b"orphan %d" % number)

    async def second(store: FileDocumentStore) -> None:
        swept = await asyncio.gather(*(store.sweep(nothing) for _ in range(4)))
        assert sorted(swept) == [0, 0, 0, 20]

    with_store(tmp_path, first)
    with_store(tmp_path, second)


def test_an_orphan_that_is_put_again_is_no_orphan_any_more(tmp_path: Path) -> None:
    async def first(store: FileDocumentStore) -> None:
        await put(store, b"twice")

    async def second(store: FileDocumentStore) -> None:
        content = await put(store, b"twice")
        assert await store.sweep(nothing) == 0
        assert store.path(content) is not None
        # Even when the clock of the machine goes back and the file looks old.
        os.utime(store.path(content) or "", (0, 0))
        assert await store.sweep(nothing) == 0
        assert await store.sweep(everything, grace_seconds=0) == 0
        assert await store.sweep(nothing, grace_seconds=0) == 1

    with_store(tmp_path, first)
    with_store(tmp_path, second)


ELSEWHERE = """
import sys
from pathlib import Path
from gateway.storage.files import FileDocumentStore
store = FileDocumentStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
"""


def test_nothing_is_swept_while_another_process_uses_the_folder(tmp_path: Path) -> None:
    async def first(store: FileDocumentStore) -> None:
        await put(store, b"perhaps on its way")

    async def second(store: FileDocumentStore) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE, tmp_path / "documents"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as other:
            assert other.stdout
            assert other.stdout.readline() == b"open\n"
            assert await store.sweep(nothing) == 0
            other.communicate(b"enough\n", timeout=100)
        assert await store.sweep(nothing) == 1

    with_store(tmp_path, first)
    with_store(tmp_path, second)


@pytest.mark.parametrize("size", [20, 3 * PIECE])
def test_a_full_disk_refuses_and_leaves_nothing(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, octets: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def test(store: FileDocumentStore) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(module.os, "write", full)
            staged = store.stage()
            staged.write(b"x" * size)
            staged.close()
            await staged.ready()
            with pytest.raises(Refused) as refusal:
                staged.received("e")
                await store.put_all((staged,))
            await store.discard(staged)
        assert refusal.value.findings[0].code is ErrorCode.REPOSITORY_OUT_OF_RESOURCES
        assert files(tmp_path) == []

    with_store(tmp_path, test)


def test_the_store_says_when_it_cannot_keep_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: FileDocumentStore) -> None:
        assert await store.trouble() is None
        monkeypatch.setattr("gateway.storage.files._LEAST_ROOM", 1 << 62)
        assert "full" in (await store.trouble() or "")
        (tmp_path / "documents" / "staging").rmdir()
        assert "written" in (await store.trouble() or "")

    with_store(tmp_path, test)
