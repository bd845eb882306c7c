"""SQLite answers as the obvious implementation does, whatever is asked about whatever is there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage import contract
from tests.storage.memory import MemoryRegistry
from tests.storage.shelf import PickledFragments, SteppingClock


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("law")


def both(folder: Path, max_results: int = 1000) -> tuple[SqliteRegistryStore, MemoryRegistry]:
    for old in folder.iterdir():
        old.unlink()
    sqlite = SqliteRegistryStore.open(
        folder / "r.sqlite", PickledFragments(), SteppingClock(), max_results=max_results
    )
    clock = SteppingClock()
    clock.now()  # Opening the file noted the time.
    return sqlite, MemoryRegistry(PickledFragments(), clock, max_results)


@given(st.data())
def test_both_stores_answer_every_query_alike(folder: Path, data: Any) -> None:
    shelf = data.draw(contract.shelves())
    merged = data.draw(st.booleans())
    max_results = data.draw(st.sampled_from((1000, 4)))
    queries = data.draw(st.lists(contract.questions(shelf), min_size=1, max_size=12))
    readings = [data.draw(contract.readings()) for _ in queries]

    async def run() -> None:
        sqlite, memory = both(folder, max_results)
        try:
            await contract.fill(sqlite, shelf, merged)
            await contract.fill(memory, shelf, merged)
            for query, (form, page) in zip(queries, readings, strict=True):
                expected = await contract.answer(memory, query, form, page)
                assert await contract.answer(sqlite, query, form, page) == expected, query
        finally:
            await sqlite.close()

    asyncio.run(run())


@given(shelf=contract.shelves(), merged=st.booleans())
@settings(max_examples=20)
def test_both_stores_tell_a_decision_the_same(folder: Path, shelf: list[Any], merged: bool) -> None:
    async def run() -> None:
        sqlite, memory = both(folder)
        facts: list[object] = []

        def decide(known: Any) -> Any:
            facts.append(contract.known_facts(known, shelf))
            return contract.Changes()

        try:
            await contract.fill(sqlite, shelf, merged)
            await contract.fill(memory, shelf, merged)
            await sqlite.change(decide)
            await memory.change(decide)
        finally:
            await sqlite.close()
        assert facts[0] == facts[1]

    asyncio.run(run())
