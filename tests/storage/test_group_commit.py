"""Decisions share commits and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.lifecycle import Changes, Known
from gateway.ports import Form
from gateway.storage.sqlite import SqliteRegistryStore, writer
from gateway.transactions.registry_stored_query import FindDocuments
from tests.storage.shelf import Maker, PickledFragments, SteppingClock, patient

ALICE = patient("alice")
HERS = FindDocuments(patient_id=ALICE)


def with_store(path: Path, test: Callable[[SqliteRegistryStore], Awaitable[None]]) -> None:
    async def run() -> None:
        store = SqliteRegistryStore.open(path / "r.sqlite", PickledFragments(), SteppingClock())
        try:
            await test(store)
        finally:
            await store.close()

    asyncio.run(run())


def always(changes: Changes) -> Callable[[Known], Changes]:
    return lambda known: changes


class Connection:
    """A connection that fails when it is told to."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self.real = real
        self.failure: Exception | None = None
        self.statements: list[str] = []

    def execute(self, sql: str, *values: Any) -> Any:
        self.statements.append(sql)
        if sql == "COMMIT" and self.failure is not None:
            raise self.failure
        return self.real.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_a_hundred_changes_at_once_share_commits_and_one_that_fails_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, a transaction takes all there are, up to its most.
    monkeypatch.setattr(writer, "_PATIENCE", 3600.0)
    make = Maker()
    finding = Finding(rule="r", code=ErrorCode.REGISTRY_ERROR, location="", message="no")
    a, b = make.entry(ALICE), make.entry(ALICE)
    nowhere = Changes(added=(a, b, make.link(a, make.entry(ALICE))))

    def refused(known: Known) -> Changes:
        raise Refused(finding)

    def mistaken(known: Known) -> Changes:
        raise ZeroDivisionError

    async def test(store: SqliteRegistryStore) -> None:
        connection = store._file.writer._connection = Connection(store._file.connection)  # type: ignore[assignment]
        decisions = [always(make.submission(ALICE)) for _ in range(100)]
        decisions[17], decisions[40], decisions[63] = refused, mistaken, always(nowhere)
        outcomes = await asyncio.gather(*map(store.change, decisions), return_exceptions=True)
        failed = {n: o for n, o in enumerate(outcomes) if isinstance(o, BaseException)}
        assert failed.keys() == {17, 40, 63}
        assert isinstance(failed[17], Refused)
        assert failed[17].findings == (finding,)
        assert isinstance(failed[40], ZeroDivisionError)
        assert isinstance(failed[63], LookupError)
        found = await store.find(HERS, Form.REFERENCE)
        assert found.total == 97
        assert a.entry_uuid not in {held.entry_uuid for held in found.objects}
        # The first 64, and 36; the one that fails half-written parts the second of these in two.
        assert connection.statements.count("COMMIT") <= 4

    with_store(tmp_path, test)


def test_a_decision_sees_what_its_neighbours_in_the_same_commit_changed(tmp_path: Path) -> None:
    make = Maker()
    one = make.submission(ALICE)
    unique_id = one.added[1].unique_id  # type: ignore[union-attr]

    def once(known: Known) -> Changes:
        return Changes(repeated=True) if known.entries(unique_id) else one

    async def test(store: SqliteRegistryStore) -> None:
        outcomes = await asyncio.gather(*(store.change(once) for _ in range(20)))
        assert sum(not changes.repeated for changes in outcomes) == 1
        assert (await store.find(HERS, Form.REFERENCE)).total == 1

    with_store(tmp_path, test)


def test_when_the_commit_fails_nobody_is_told_that_it_was_kept(tmp_path: Path) -> None:
    make = Maker()

    async def test(store: SqliteRegistryStore) -> None:
        connection = Connection(store._file.connection)
        store._file.writer._connection = connection  # type: ignore[assignment]
        connection.failure = OSError("the disk is gone")
        decisions = [always(make.submission(ALICE)) for _ in range(5)]
        outcomes = await asyncio.gather(*map(store.change, decisions), return_exceptions=True)
        assert all(isinstance(outcome, OSError) for outcome in outcomes)
        assert (await store.find(HERS, Form.REFERENCE)).total == 0
        connection.failure = None
        await asyncio.gather(*map(store.change, decisions))
        assert (await store.find(HERS, Form.REFERENCE)).total == 5

    with_store(tmp_path, test)


def test_a_full_disk_refuses_and_leaves_the_registry_as_it_was(tmp_path: Path) -> None:
    make = Maker()

    async def test(store: SqliteRegistryStore) -> None:
        await store.change(always(make.submission(ALICE)))
        (pages,) = store._file.connection.execute("PRAGMA page_count").fetchone()
        store._file.connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        many = [always(make.submission(ALICE, comments=("x" * 3000,))) for _ in range(20)]
        outcomes = await asyncio.gather(*map(store.change, many), return_exceptions=True)
        refusals = [o for o in outcomes if isinstance(o, BaseException)]
        assert refusals
        for refusal in refusals:
            assert isinstance(refusal, Refused)
            assert refusal.findings[0].code is ErrorCode.REGISTRY_OUT_OF_RESOURCES
        kept = sum(isinstance(o, Changes) for o in outcomes)
        assert (await store.find(HERS, Form.REFERENCE)).total == 1 + kept
        store._file.connection.execute("PRAGMA max_page_count = 1000000")
        await store.change(always(make.submission(ALICE)))

    with_store(tmp_path, test)


def test_what_was_decided_stands_when_whoever_asked_has_gone(tmp_path: Path) -> None:
    make = Maker()
    decided: list[Changes] = []

    def decide(known: Known) -> Changes:
        decided.append(make.submission(ALICE))
        return decided[-1]

    async def test(store: SqliteRegistryStore) -> None:
        tasks = [asyncio.create_task(store.change(decide)) for _ in "123"]
        while len(decided) < 3:
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await store.change(lambda known: Changes())
        assert (await store.find(HERS, Form.REFERENCE)).total == 3

    with_store(tmp_path, test)


def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    make = Maker()

    async def run() -> None:
        path = tmp_path / "r.sqlite"
        store = SqliteRegistryStore.open(path, PickledFragments(), SteppingClock())
        tasks = [asyncio.create_task(store.change(always(make.submission(ALICE)))) for _ in "123"]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*tasks)
        with pytest.raises(RuntimeError, match="closed"):
            await store.change(always(make.submission(ALICE)))
        again = SqliteRegistryStore.open(path, PickledFragments(), SteppingClock())
        assert (await again.find(HERS, Form.REFERENCE)).total == 3
        await again.close()

    asyncio.run(run())


def test_another_process_that_writes_is_waited_for_without_holding_up_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.storage.sqlite.writer._WAIT_FOR_LOCK", 100.0)
    make = Maker()

    async def test(store: SqliteRegistryStore) -> None:
        other = sqlite3.connect(tmp_path / "r.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.change(always(make.submission(ALICE))))
        for _ in range(10):
            await asyncio.sleep(0.002)
        assert not task.done()
        assert (await store.find(HERS, Form.REFERENCE)).total == 0
        other.execute("ROLLBACK")
        other.close()
        await task
        assert (await store.find(HERS, Form.REFERENCE)).total == 1

    with_store(tmp_path, test)


def test_events_are_kept_with_the_submission_and_forgotten_when_told(tmp_path: Path) -> None:
    make = Maker()
    submission = make.submission(ALICE)
    submission_set = submission.added[0].entry_uuid
    removal = Changes(
        removed=tuple(value.entry_uuid for value in submission.added), events=("removed",)
    )

    async def test(store: SqliteRegistryStore) -> None:
        await store.change(always(submission))
        await store.change(always(Changes(repeated=True, events=("submitted",))))
        await store.change(always(removal))
        first, second = await store.outbox()
        assert (first.event, first.submission, first.patient) == (
            "submitted",
            submission_set,
            ALICE.text,
        )
        assert (second.event, second.submission, second.patient) == ("removed", "", ALICE.text)
        await store.forget(first.id)
        assert await store.outbox() == (second,)

    with_store(tmp_path, test)
