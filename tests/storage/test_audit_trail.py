"""What a search of the trail finds, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model.audit import Action, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.subject import Subject, SubjectKind
from gateway.ports import Page
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.retrieve_audit_event import AgentName, FindAuditEvents, KindOfEvent
from tests.model.audited import AUTHORITY, DOCTOR, PATIENT, PROFESSIONALS, STRUCTURES, name, search
from tests.storage.shelf import PickledFragments, SteppingClock

OTHER = Identifier.of("7002", AUTHORITY)
NURSE = replace(
    DOCTOR, id=Identifier.of("8997", PROFESSIONALS), structure=Identifier.of("2", STRUCTURES)
)
PATIENT_HIMSELF = Subject(kind=SubjectKind.PATIENT, id=PATIENT)
EVENTS = (
    search(1, "20260301120000"),
    search(2, "20260302120000", subject=NURSE, patient=OTHER),
    search(
        3,
        "20260303120000",
        transaction="ITI-18",
        interaction="",
        outcome=Outcome.MINOR_FAILURE,
        objects=(),
    ),
    search(4, "20260304120000", transaction="ITI-68", interaction="read", action=Action.READ),
    search(5, "20260305120000", transaction="ITI-41", interaction="", action=Action.CREATE),
    search(6, "20260306120000", transaction="choices", interaction="", action=Action.UPDATE),
    search(7, "20260307120000", subject=PATIENT_HIMSELF, transaction="history"),
    search(8, "20260308120000", subject=None, patient=None, action=Action.DELETE, objects=()),
)


def asked(work: Callable[[SqliteRegistryStore], Awaitable[Any]], folder: Path) -> Any:
    async def inner() -> Any:
        store = SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())
        try:
            await store.audit.append(*EVENTS)
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(inner())


def numbers(folder: Path, **wanted: Any) -> list[int]:
    async def work(store: SqliteRegistryStore) -> list[int]:
        found = await store.audit.find(
            FindAuditEvents(**wanted), Page(size=50, ascending=True), counted=True
        )
        assert found.total == len(found.events)
        assert [kept.event for kept in found.events] == [
            EVENTS[kept.number - 1] for kept in found.events
        ]
        return [kept.number for kept in found.events]

    result: list[int] = asked(work, folder)
    return result


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"since": "20260303120000", "before": "20260305120000"}, [3, 4]),
        ({"patients": ("7002^" + AUTHORITY,)}, [2]),
        ({"patients": ()}, []),
        ({"agents": ((AgentName(value="8997"),),)}, [2]),
        ({"agents": ((AgentName(value="8997", authority=PROFESSIONALS),),)}, [2]),
        ({"agents": ((AgentName(value="8997", authority="2.999"),),)}, []),
        ({"agents": ((AgentName(value="899"),),)}, []),
        ({"agents": ((AgentName(value="2", authority=STRUCTURES),),)}, [2]),
        ({"agents": ((AgentName(value="2"),), (AgentName(value="8997"),))}, [2]),
        ({"agents": ((AgentName(value="2"), AgentName(value="7001")),)}, [2, 7]),
        ({"types": (("rest",),)}, [1, 2, 4, 7, 8]),
        ({"types": (("110112",),)}, [3]),
        ({"types": (("110107",),)}, [5]),
        ({"types": (("110110", "110112"),)}, [3, 6]),
        ({"types": (("unknown",),)}, []),
        ({"subtypes": ((KindOfEvent(transaction="ITI-68"),),)}, [4]),
        ({"subtypes": ((KindOfEvent(interaction="read"),),)}, [4]),
        ({"subtypes": ((KindOfEvent(transaction="ITI-41", interaction="ITI-41"),),)}, [5]),
        ({"subtypes": ((KindOfEvent(interaction="sea"),),)}, []),
        ({"actions": ("R", "C")}, [4, 5]),
        ({"outcomes": (4,)}, [3]),
        ({"entities": ((name(902),),)}, [1, 2]),
        ({"entities": (("2.999.5.1",),)}, [1, 2, 4, 5, 6, 7]),
        ({"entities": (("2.999.5",),)}, []),
        ({"ids": (name(5),)}, [5]),
    ],
)
def test_a_search_finds_what_it_asks_for(
    tmp_path: Path, wanted: dict[str, Any], found: list[int]
) -> None:
    assert numbers(tmp_path, **wanted) == found


def test_pages_follow_one_another_in_both_directions(tmp_path: Path) -> None:
    async def work(store: SqliteRegistryStore) -> None:
        for ascending in (False, True):
            seen: list[int] = []
            after = None
            while True:
                page = Page(size=3, after=after, ascending=ascending)
                found = await store.audit.find(FindAuditEvents(), page, counted=after is None)
                assert found.total == (8 if after is None else None)
                seen += [kept.number for kept in found.events]
                after = seen[-1]
                if not found.more:
                    break
            assert seen == sorted(range(1, 9), reverse=not ascending)

    asked(work, tmp_path)


def test_an_event_is_found_by_its_id(tmp_path: Path) -> None:
    async def work(store: SqliteRegistryStore) -> None:
        kept = await store.audit.read(name(5))
        assert kept is not None and kept.event == EVENTS[4]
        assert await store.audit.read(name(99)) is None
        assert [k.number for k in await store.audit.after(6, 10)] == [7, 8]

    asked(work, tmp_path)


def test_a_record_is_called_by_every_identifier_of_everybody_merged_into_it(
    tmp_path: Path,
) -> None:
    async def work(store: SqliteRegistryStore) -> None:
        from gateway.model.patient import Patient

        elsewhere = Identifier.of("x", "2.999.9")
        await store.patients.put(Patient(identifiers=(PATIENT, elsewhere)))
        await store.patients.put(Patient(identifiers=(OTHER,)))
        await store.patients.merge(OTHER, PATIENT)
        keys = {f"7001^{AUTHORITY}", f"7002^{AUTHORITY}", "x^2.999.9"}
        assert set(await store.audit.called(PATIENT)) == keys
        assert set(await store.audit.called(OTHER)) == keys
        assert await store.audit.called(Identifier.of("9", "2.999")) == ("9^2.999",)

    asked(work, tmp_path)
