"""The trail is signed while the gateway runs, and a clock set back stops it."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.audit import keeping
from gateway.audit.checkpoints import public_key, read_checkpoint, read_lines, signing_key
from gateway.audit.keeping import Checkpoints, ClockSetBack, check_clock
from gateway.audit.verification import KeptRow, Verdict, verify
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.storage.sqlite.audit import checkpoints_as_kept, rows_as_kept
from gateway.storage.sqlite.schema import connect
from tests.model.audited import search
from tests.storage.shelf import PickledFragments, SteppingClock
from tests.waiting import until


def opened(folder: Path) -> SqliteRegistryStore:
    return SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())


def keeper(
    folder: Path, store: SqliteRegistryStore, *, events: int = 1000, seconds: float = 1000
) -> Checkpoints:
    return Checkpoints(
        store.audit,
        SteppingClock(),
        signing_key(folder / "audit.key"),
        folder / "checkpoints",
        events=events,
        seconds=seconds,
    )


def verified(folder: Path) -> Verdict:
    lines = read_lines(folder / "checkpoints")
    connection = connect(folder / "r.sqlite", read_only=True)
    try:
        return verify(
            (KeptRow(*row) for row in rows_as_kept(connection)),
            checkpoints_as_kept(connection),
            lines,
            public_key(folder / "audit.pub"),
        )
    finally:
        connection.close()


async def fill(store: SqliteRegistryStore, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await store.audit.append(search(number))


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_the_key_is_readable_by_its_owner_only_and_made_once(tmp_path: Path) -> None:
    first = signing_key(tmp_path / "audit.key")
    assert stat.S_IMODE((tmp_path / "audit.key").stat().st_mode) == 0o600
    again = signing_key(tmp_path / "audit.key")
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert public_key(tmp_path / "audit.pub") == first.public_key()


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit.key").write_text("no key")
    with pytest.raises(ValueError):
        signing_key(tmp_path / "audit.key")


def test_events_are_signed_when_there_are_enough_and_at_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LOOK", 0.01)

    async def work() -> None:
        store = opened(tmp_path)
        task = asyncio.create_task(keeper(tmp_path, store, events=5).run())
        await fill(store, 1, 4)
        await asyncio.sleep(0.1)
        assert read_lines(tmp_path / "checkpoints") == ()
        await fill(store, 5, 5)
        await until(lambda: read_lines(tmp_path / "checkpoints"), "a signature was written")
        await fill(store, 6, 8)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await store.close()

    run(work)
    verdict = verified(tmp_path)
    assert verdict.alterations == ()
    assert (verdict.events, verdict.covered, verdict.checkpoints) == (8, 8, 2)


def test_few_events_are_signed_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LOOK", 0.01)

    async def work() -> None:
        store = opened(tmp_path)
        task = asyncio.create_task(keeper(tmp_path, store, seconds=0.05).run())
        await fill(store, 1, 1)
        await until(lambda: read_lines(tmp_path / "checkpoints"), "a signature was written")
        await asyncio.sleep(0.2)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await store.close()

    run(work)
    assert len(read_lines(tmp_path / "checkpoints")) == 1


def test_a_line_the_file_missed_is_written_at_the_next_start(tmp_path: Path) -> None:
    async def work() -> None:
        store = opened(tmp_path)
        await fill(store, 1, 3)
        checkpoints = keeper(tmp_path, store)
        await checkpoints.sign()
        await fill(store, 4, 4)
        await checkpoints.sign()
        first, second = read_lines(tmp_path / "checkpoints")
        (tmp_path / "checkpoints").write_bytes(first + b"\n")
        assert verified(tmp_path).alterations == ()
        await checkpoints.mend()
        await checkpoints.mend()
        assert read_lines(tmp_path / "checkpoints") == (first, second)
        await checkpoints.sign()
        assert read_lines(tmp_path / "checkpoints") == (first, second)
        assert read_checkpoint(second, public_key(tmp_path / "audit.pub")).number == 4
        await store.close()

    run(work)


def test_lines_a_full_disk_refused_are_written_in_their_order_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = os.write, [20]

    def short(descriptor: int, octets: bytes) -> int:
        return write(descriptor, octets[: room[0]])

    async def work() -> None:
        store = opened(tmp_path)
        checkpoints = keeper(tmp_path, store)
        await fill(store, 1, 3)
        monkeypatch.setattr(os, "write", short)
        for number in (4, 5):
            with pytest.raises(OSError, match="No space left"):
                await checkpoints.sign()
            await fill(store, number, number)
        assert read_lines(tmp_path / "checkpoints") == ()
        monkeypatch.undo()
        await checkpoints.sign()
        lines = read_lines(tmp_path / "checkpoints")
        key = public_key(tmp_path / "audit.pub")
        assert [read_checkpoint(line, key).number for line in lines] == [3, 5]
        await store.close()
        assert verified(tmp_path).alterations == ()

    run(work)


def test_half_a_line_that_a_crash_left_is_replaced_at_the_next_start(tmp_path: Path) -> None:
    async def work() -> None:
        store = opened(tmp_path)
        checkpoints = keeper(tmp_path, store)
        await fill(store, 1, 3)
        await checkpoints.sign()
        await fill(store, 4, 4)
        await checkpoints.sign()
        whole = (tmp_path / "checkpoints").read_bytes()
        (tmp_path / "checkpoints").write_bytes(whole[:-30])
        await checkpoints.mend()
        assert (tmp_path / "checkpoints").read_bytes() == whole
        await store.close()
        assert verified(tmp_path).alterations == ()

    run(work)


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    async def work() -> None:
        one, other = opened(tmp_path), opened(tmp_path)
        await asyncio.gather(
            *(
                store.audit.append(search(n))
                for n in range(1, 41)
                for store in [(one, other)[n % 2]]
            )
        )
        await keeper(tmp_path, one).sign()
        await one.close()
        await other.close()

    run(work)
    verdict = verified(tmp_path)
    assert (verdict.alterations, verdict.events) == ((), 40)


@pytest.mark.parametrize(
    ("newest", "now", "stops"),
    [
        ("", "20260301120000", False),
        ("20260301120000", "20260301120000", False),
        ("20260301120000", "20270301120000", False),
        ("20260301120459", "20260301120000", False),
        ("20260301120500", "20260301120000", False),
        ("20260301120501", "20260301120000", True),
        ("20270101000000", "20261231235459", True),
    ],
)
def test_a_clock_more_than_five_minutes_before_the_newest_event_stops_the_start(
    newest: str, now: str, stops: bool
) -> None:
    if stops:
        with pytest.raises(ClockSetBack, match="set back"):
            check_clock(newest, now)
    else:
        check_clock(newest, now)
