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

from gateway.model.lifecycle import Changes
from gateway.ports import Page, Past, RegistryStore
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

    def past(self, past: Past) -> Past:
        return past._replace(
            versions=tuple(
                one._replace(held=one.held._replace(key=self.full[one.held.key]))
                for one in past.versions
            )
        )

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


@given(st.data())
def test_reads_and_decisions_know_nothing_of_the_absent(folder: Path, data: Any) -> None:
    history = data.draw(worlds.histories())
    visibility = data.draw(contract.few(worlds.visibilities()))
    merged = data.draw(st.booleans())
    world = worlds.world(history, visibility, merged)
    names = {o.entry_uuid: o for changes in history for o in changes.added}

    async def run() -> None:
        full, less = opened(folder, "full"), opened(folder, "less")
        try:
            await contract.fill(full, history, merged)
            await contract.fill(less, world.without_the_absent(history), merged)
            seen, numbers = full.seen_by(visibility), Numbers(full, less)
            for uuid, value in names.items():
                assert await seen.read(uuid) == await less.read(uuid)
                facts = await full.facts(uuid)
                there = facts is not None and facts.entry_uuid in world.visible
                assert await seen.facts(uuid) == (facts if there else None)
                for name in {uuid, getattr(value, "logical_id", None) or uuid}:
                    assert await seen.status(name) == await less.status(name)
                    described = await less.described_document(name)
                    assert await seen.described_document(name) == described
                    for kind in ("DocumentReference", "List"):
                        past = numbers.past(await less.past(kind, name))
                        whole = await full.past(kind, name)
                        if len(whole.versions) != len(past.versions):
                            # A gap among the versions hides what lies behind the newest one.
                            past = past._replace(versions=past.versions[:1])
                        assert await seen.past(kind, name) == past
                unique_id = getattr(value, "unique_id", None)
                if unique_id:
                    assert await seen.document(unique_id) == await less.document(unique_id)
            known = await facts_known(seen, history)
            assert known[0] == (await facts_known(less, history))[0]
            assert known[1] == (await facts_known(full, history))[0]
        finally:
            await full.close()
            await less.close()

    asyncio.run(run())


async def facts_known(store: RegistryStore, history: list[Changes]) -> tuple[object, object]:
    """What a decision may ask, of what is there for whoever asks and of all there is."""
    told: list[tuple[object, object]] = []

    def decide(known: Any) -> Changes:
        told.append(
            (contract.known_facts(known, history), contract.known_facts(known.whole, history))
        )
        return Changes()

    await store.change(decide)
    return told[-1]
