"""What is absent for somebody was never stored, as far as any answer tells.

Source:
    Section 1, rule 2, and section 11, properties 1, 2 and 7, of docs/reference/access-control.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports import Page
from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage import contract, worlds
from tests.storage.shelf import PickledFragments, SteppingClock


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seen")


def opened(folder: Path, name: str) -> SqliteRegistryStore:
    for old in folder.glob(name + "*"):
        old.unlink()
    return SqliteRegistryStore.open(
        folder / name, PickledFragments(), SteppingClock(), restrictions=worlds.CODES_OF
    )


class Numbers:
    """The keys of one world in those of the other."""

    def __init__(self, full: SqliteRegistryStore, less: SqliteRegistryStore) -> None:
        sql = "SELECT entry_uuid, key FROM object ORDER BY key"
        known = dict(less._file.connection.execute(sql).fetchall())
        self.pairs = [
            (key, known[uuid]) for uuid, key in full._file.connection.execute(sql) if uuid in known
        ]
        self.full = {less_key: key for key, less_key in self.pairs}

    def page(self, page: Page | None) -> Page | None:
        if page is None or page.after is None:
            return page
        before = [less for key, less in self.pairs if key <= page.after]
        behind = [less for key, less in self.pairs if key >= page.after]
        after = max(before, default=0) if page.ascending else min(behind, default=1_000_000)
        return replace(page, after=after)

    def answer(self, answer: Any) -> Any:
        objects, total, more = answer
        return [(*one[:-1], self.full[one[-1]]) for one in objects], total, more


@given(st.data())
def test_answers_are_those_of_a_registry_without_the_absent(folder: Path, data: Any) -> None:
    history = data.draw(worlds.histories())
    visibility = data.draw(contract.few(worlds.visibilities()))
    merged = data.draw(st.booleans())
    queries = data.draw(st.lists(contract.questions(history), min_size=1, max_size=12))
    readings = [data.draw(contract.readings()) for _ in queries]
    world = worlds.world(history, visibility, merged)

    async def run() -> None:
        full, less = opened(folder, "full"), opened(folder, "less")
        try:
            await contract.fill(full, history, merged)
            await contract.fill(less, world.without_the_absent(history), merged)
            seen, numbers = full.seen_by(visibility), Numbers(full, less)
            for query, (form, page) in zip(queries, readings, strict=True):
                expected = await contract.answer(less, query, form, numbers.page(page))
                answer = await contract.answer(seen, query, form, page)
                assert answer == numbers.answer(expected), query
        finally:
            await full.close()
            await less.close()

    asyncio.run(run())
