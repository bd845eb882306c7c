"""What SQLite adds to the contract: limits, pages, migrations."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.model.lifecycle import Changes
from gateway.ports import Form, Page, TooManyResults
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.storage.sqlite import file as module
from gateway.transactions.registry_stored_query import FindDocuments, GetAll
from tests.storage.shelf import Maker, PickledFragments, SteppingClock, patient
from tests.storage.test_group_commit import ALICE, HERS, with_store


def shelf(count: int, make: Maker | None = None) -> Changes:
    make = make or Maker()
    return Changes(added=tuple(make.entry(ALICE) for _ in range(count)))


def test_pages_show_everything_once_and_count_everything_each_time(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        changes = shelf(25)
        await store.change(lambda known: changes)
        seen: list[str] = []
        after = None
        while True:
            found = await store.find(HERS, Form.REFERENCE, Page(size=10, after=after))
            assert found.total == 25
            seen += [held.entry_uuid for held in found.objects]
            if not found.more:
                break
            after = found.objects[-1].key
        assert seen == [entry.entry_uuid for entry in reversed(changes.added)]
        exact = await store.find(HERS, Form.REFERENCE, Page(size=25))
        assert (exact.total, exact.more) == (25, False)

    with_store(tmp_path, test)


def test_more_than_may_be_answered_is_said_not_cut(tmp_path: Path) -> None:
    async def run() -> None:
        store = SqliteRegistryStore.open(
            tmp_path / "r.sqlite", PickledFragments(), SteppingClock(), max_results=10
        )
        make = Maker()
        await store.change(lambda known: shelf(11, make))
        for query in (HERS, GetAll(patient_id=ALICE)):
            with pytest.raises(TooManyResults):
                await store.find(query, Form.EBRIM)
            assert (await store.find(query, Form.REFERENCE)).total == 11
        assert (await store.find(HERS, Form.EBRIM, Page(size=10))).total == 11
        await store.change(lambda known: shelf(90, make))
        with pytest.raises(TooManyResults):
            await store.find(HERS, Form.REFERENCE)
        await store.close()

    asyncio.run(run())


def test_a_query_that_takes_a_while_is_answered_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        await store.change(lambda known: shelf(900))
        everything = FindDocuments(author_person=("%x%y%",), metadata_level=2)
        monkeypatch.setattr(module, "_MOMENT", 0.0)
        assert (await store.find(everything, Form.EBRIM)).total == 0
        assert (await store.find(HERS, Form.EBRIM)).total == 900
        monkeypatch.setattr(module, "_LONGEST", 0.0)
        with pytest.raises(Refused) as refusal:
            await store.find(everything, Form.EBRIM)
        assert refusal.value.findings[0].code is ErrorCode.REGISTRY_BUSY
        monkeypatch.undo()
        assert (await store.find(HERS, Form.EBRIM)).total == 900

    with_store(tmp_path, test)


def test_a_reader_sees_what_was_answered_before(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()

        async def submit(number: int) -> None:
            whose = patient(str(number))
            changes = make.submission(whose)
            await store.change(lambda known: changes)
            query = FindDocuments(patient_id=whose)
            assert (await store.find(query, Form.REFERENCE)).total == 1
            assert await store.read(changes.added[1].entry_uuid) == changes.added[1]

        await asyncio.gather(*map(submit, range(50)))

    with_store(tmp_path, test)


def test_an_end_of_an_association_cannot_go_alone(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        submission = Maker().submission(ALICE)
        await store.change(lambda known: submission)
        entry = submission.added[1].entry_uuid
        with pytest.raises(LookupError):
            await store.change(lambda known: Changes(removed=(entry,)))
        assert (await store.find(HERS, Form.REFERENCE)).total == 1

    with_store(tmp_path, test)


def test_the_file_is_written_to_the_disk_at_every_commit(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        pragma = store._file.connection.execute
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
        assert pragma("PRAGMA synchronous").fetchone() == (2,)

    with_store(tmp_path, test)
    assert (tmp_path / "r.sqlite").stat().st_mode & 0o077 == 0


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    async def nothing(store: SqliteRegistryStore) -> None:
        pass

    with_store(tmp_path, nothing)
    with_store(tmp_path, nothing)
    connection = sqlite3.connect(tmp_path / "r.sqlite")
    connection.execute("INSERT INTO migration VALUES (9999, '20300101000000')")
    connection.commit()
    connection.close()
    with pytest.raises(RuntimeError, match="later version"):
        with_store(tmp_path, nothing)
