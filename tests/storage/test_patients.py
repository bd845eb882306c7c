"""Patients: told, met, merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.model.datatypes import Author, DateTime, Identifier, Organization
from gateway.model.lifecycle import Changes
from gateway.model.patient import Patient
from gateway.ports import Form, Page
from gateway.storage.sqlite import SqliteRegistryStore, schema
from gateway.transactions.conditions import Condition, HasIdentifier, HasText, Is, TimeBound
from gateway.transactions.registry_stored_query import FindDocuments
from tests.storage.shelf import Maker, patient
from tests.storage.test_group_commit import with_store

ALICE, ALIAS, BOB, CAROL = map(patient, ("alice", "alias", "bob", "carol"))


def run(path: Path) -> Callable[[Callable[[SqliteRegistryStore], Awaitable[None]]], None]:
    return lambda test: with_store(path, test)


def as_version(steps: int, path: Path) -> None:
    """Write a file anew as the version with so many steps would have it."""
    old = path.with_name("old.sqlite")
    with patch.object(schema, "MIGRATIONS", schema.MIGRATIONS[:steps]):
        schema.migrate(old, "20240101000000")
    connection = sqlite3.connect(old)
    connection.execute("ATTACH ? AS new", (str(path),))
    tables = connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite_%' AND name <> 'migration'"
    ).fetchall()
    for (table,) in tables:
        columns = ", ".join(c[1] for c in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
    connection.commit()
    connection.close()
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    old.rename(path)


async def submit(store: SqliteRegistryStore, whose: Identifier, make: Maker) -> None:
    changes = make.submission(whose)
    await store.change(lambda known: changes)


async def documents(store: SqliteRegistryStore, whose: Identifier) -> list[str]:
    """The patient each document found is shown with."""
    found = await store.find(FindDocuments(patient_id=whose), Form.REFERENCE)
    return [held.patient for held in found.objects]


async def ask(store: SqliteRegistryStore, question: Callable[[Any], object]) -> object:
    """What a decision is told."""
    answers: list[object] = []

    def decide(known: Any) -> Changes:
        answers.append(question(known))
        return Changes()

    await store.change(decide)
    return answers[0]


def test_a_patient_comes_back_as_told(tmp_path: Path) -> None:
    told = Patient(
        logical_id="p1",
        identifiers=(ALICE, Identifier("x^^^local")),
        family="Example",
        given=("Alice", "Anne"),
        birth_date=DateTime("198002"),
        gender="F",
        active=False,
    )

    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        kept = await store.patients.put(told)
        assert kept.version == 1
        assert kept.last_updated
        assert await store.patients.find(ALICE) == kept
        assert await store.patients.find(Identifier("x^^^local&&")) == kept
        assert await store.patients.read("p1") == kept
        assert await store.patients.read("p2") is None
        again = await store.patients.put(Patient(logical_id="p1", identifiers=(ALICE,)))
        assert again.version == 2
        assert await store.patients.list() == (again,)


def test_a_patient_met_in_a_submission_is_not_known_until_it_is_told(tmp_path: Path) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        await submit(store, ALICE, Maker())
        met = await store.patients.find(ALICE)
        assert met is not None
        assert (met.known, met.identifiers) == (False, (ALICE,))
        assert met.logical_id
        assert await ask(store, lambda k: (k.surviving(ALICE), k.is_known(ALICE))) == (ALICE, False)
        assert await ask(store, lambda k: (k.surviving(BOB), k.is_known(BOB))) == (None, False)
        told = await store.patients.put(Patient(logical_id="p1", identifiers=(ALICE,)))
        assert (told.known, told.logical_id, told.version) == (True, "p1", 2)
        assert await store.patients.read(met.logical_id) is None
        assert await documents(store, ALICE) == [ALICE.text]


def test_a_patient_told_with_several_identifiers_takes_over_what_was_filed_under_each(
    tmp_path: Path,
) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        await submit(store, ALICE, make)
        await submit(store, ALIAS, make)
        await store.patients.put(Patient(logical_id="p1", identifiers=(ALICE, ALIAS)))
        assert await documents(store, ALICE) == [ALICE.text] * 2
        assert await documents(store, ALIAS) == [ALICE.text] * 2
        assert await ask(store, lambda k: k.surviving(ALIAS)) == ALICE
        assert len(await store.patients.list()) == 1


def test_an_identifier_of_another_known_patient_is_refused(tmp_path: Path) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        await store.patients.put(Patient(logical_id="p1", identifiers=(ALICE,)))
        for claim in ((ALICE,), (BOB, ALICE)):
            with pytest.raises(Refused) as refusal:
                await store.patients.put(Patient(logical_id="p2", identifiers=claim))
            assert refusal.value.findings[0].code is ErrorCode.CONFLICT
        assert await store.patients.read("p2") is None
        assert await store.patients.find(BOB) is None


def test_after_a_merge_the_survivor_has_both_records_and_the_other_id_finds_nothing(
    tmp_path: Path,
) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        for name, identifier in (("a", ALICE), ("b", BOB), ("c", CAROL)):
            await store.patients.put(Patient(logical_id=name, identifiers=(identifier,)))
            await submit(store, identifier, make)
        await store.patients.merge(CAROL, BOB)
        await store.patients.merge(BOB, ALICE)
        await store.patients.merge(BOB, ALICE)
        assert await documents(store, ALICE) == [ALICE.text] * 3
        assert await documents(store, BOB) == []
        assert await documents(store, CAROL) == []
        survivor = await store.patients.find(CAROL)
        assert survivor is not None
        assert survivor.logical_id == "a"
        merged = await store.patients.read("b")
        assert merged is not None
        assert (merged.merged_into, merged.version) == (ALICE, 2)
        assert await ask(
            store, lambda k: (k.surviving(CAROL), k.is_known(CAROL), k.is_known(ALICE))
        ) == (ALICE, False, True)
        # A message of the feed may go on naming the old identifier beside the surviving one.
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE, BOB)))
        assert await documents(store, BOB) == []
        await submit(store, CAROL, make)
        assert await documents(store, ALICE) == [ALICE.text] * 4


def test_a_merge_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        with pytest.raises(Refused) as unknown:
            await store.patients.merge(ALICE, BOB)
        assert unknown.value.findings[0].code is ErrorCode.UNKNOWN_PATIENT_ID
        for name, identifier in (("a", ALICE), ("b", BOB), ("c", CAROL)):
            await store.patients.put(Patient(logical_id=name, identifiers=(identifier,)))
        await store.patients.merge(CAROL, BOB)
        await store.patients.merge(BOB, ALICE)
        for subsumed, surviving in ((ALICE, ALICE), (ALICE, BOB), (ALICE, CAROL), (BOB, CAROL)):
            with pytest.raises(Refused) as circle:
                await store.patients.merge(subsumed, surviving)
            assert circle.value.findings[0].code is ErrorCode.CONFLICT
        assert await documents(store, ALICE) == []


def test_a_subsumed_patient_never_heard_of_is_subsumed_all_the_same(tmp_path: Path) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE,)))
        await store.patients.merge(BOB, ALICE)
        await submit(store, BOB, Maker())
        assert await documents(store, ALICE) == [ALICE.text]


def test_identifiers_are_the_same_by_value_and_authority(tmp_path: Path) -> None:
    @run(tmp_path)
    async def test(store: SqliteRegistryStore) -> None:
        await submit(store, Identifier("1^^^Hospital&1.2.3&ISO^PI"), Maker())
        assert len(await documents(store, Identifier("1^^^&1.2.3&ISO"))) == 1
        assert await documents(store, Identifier("1^^^&1.2.4&ISO")) == []
        assert await documents(store, Identifier("1' OR 1=1 --^^^&1.2.3&ISO")) == []


def test_a_merged_patient_is_searched_by_its_own_id_only(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        for name, identifier in (("a", ALICE), ("b", BOB)):
            told = Patient(logical_id=name, identifiers=(identifier,), family="Example")
            await store.patients.put(told)
        await store.patients.merge(BOB, ALICE)

        async def found(*conditions: Condition, merged: bool = False) -> list[str]:
            page = Page(size=10, ascending=True)
            answer = await store.patients.search(conditions, page, merged=merged)
            return [patient.logical_id for patient in answer.patients]

        assert await found(HasText("family", "exam")) == ["a"]
        assert await found(HasIdentifier("identifier", BOB.value, BOB.authority)) == ["a"]
        assert await found(Is("logical_id", ("b",)), merged=True) == ["b"]

    run(tmp_path)(test)


def test_a_file_of_the_version_before_is_searched_like_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"

    async def before(store: SqliteRegistryStore) -> None:
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE,), family="Éxample"))
        make = Maker()
        entry = make.entry(
            ALICE,
            creation_time=DateTime("2024"),
            language_code="fr-FR",
            author=(Author(institution=(Organization.of("Clinic", "9", "1.2"),)),),
        )
        await store.change(lambda known: Changes(added=(entry,)))

    async def after(store: SqliteRegistryStore) -> None:
        ends = TimeBound(attribute="creation_time", low="20241231235959", last=True)
        about = (ends, Is("language_code", ("fr-FR",)), HasText("author_institution", "clin"))
        found = await store.find(FindDocuments(also=about), Form.REFERENCE)
        assert found.total == 1
        people = await store.patients.search((HasText("family", "exam"),), Page(size=1))
        assert people.total == 1

    with_store(tmp_path, before)
    as_version(2, path)
    with_store(tmp_path, after)
