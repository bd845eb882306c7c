"""The simulated registry finds what the obvious one finds, whatever a stored query asks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.simulators.finding import find
from conformance.simulators.memory import MemoryRegistry as SimulatedRegistry
from gateway.ports import Form
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    StoredQuery,
)
from tests.storage import contract
from tests.storage.memory import MemoryRegistry
from tests.storage.shelf import PickledFragments, SteppingClock


def of_a_stored_query(query: StoredQuery) -> StoredQuery:
    """The query without what only a FHIR search can ask."""
    if not isinstance(query, FindDocuments | FindSubmissionSets | FindFolders):
        return query
    times = tuple(
        replace(bound, last=False)
        for bound in query.times
        if bound.attribute != "registration_time"
    )
    only: Any = replace(query, times=times, also=(), entry_uuid=(), unique_id=())
    return replace(only, logical_id=()) if hasattr(only, "logical_id") else only


@given(st.data())
def test_a_simulated_registry_finds_what_the_obvious_one_finds(data: Any) -> None:
    shelf = data.draw(contract.shelves())
    queries = data.draw(st.lists(contract.questions(shelf), min_size=1, max_size=12))

    async def run() -> None:
        obvious = MemoryRegistry(PickledFragments(), SteppingClock())
        simulated = SimulatedRegistry()
        await contract.fill(obvious, shelf, merged=False)
        for changes in shelf:
            simulated.apply(changes)
        for query in map(of_a_stored_query, queries):
            expected = await obvious.find(query, Form.REFERENCE)
            found = [one.entry_uuid for one in find(simulated, query)]
            assert found == [held.entry_uuid for held in expected.objects], query

    asyncio.run(run())
