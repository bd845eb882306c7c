"""Patients: what one identifier may do to another patient's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.clock import SystemClock
from gateway.errors import Refused
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import register
from gateway.model.naming import NamingSystems
from gateway.model.patient import Patient
from gateway.ports import Form
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.registry_stored_query import FindDocuments
from gateway.translators.stored_forms import StoredForms
from tests.model.examples import PATIENT, entry, submission
from tests.model.shelf import Shelf

T = TypeVar("T")
ONE = Identifier.of("1", "2.999.1.10")
TWO = Identifier.of("2", "2.999.1.10")


def with_store(folder: Path, what: Callable[[SqliteRegistryStore], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        store = SqliteRegistryStore.open(
            folder / "r.sqlite", StoredForms(NamingSystems(), ""), SystemClock()
        )
        try:
            return await what(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_a_new_patient_cannot_take_an_identifier_that_is_another_known_patients(
    tmp_path: Path,
) -> None:
    async def what(store: SqliteRegistryStore) -> Patient | None:
        await store.patients.put(Patient(identifiers=(ONE,), family="Uno"))
        with pytest.raises(Refused):
            await store.patients.put(Patient(identifiers=(TWO, ONE), family="Due"))
        return await store.patients.find(ONE)

    kept = with_store(tmp_path, what)
    assert kept is not None
    assert kept.family == "Uno"


def test_documents_met_under_a_second_identifier_come_to_the_patient_it_belongs_to(
    tmp_path: Path,
) -> None:
    async def what(store: SqliteRegistryStore) -> int:
        shelf = Shelf()
        await store.change(lambda known: register(submission(entry()), known, shelf.about()))
        await store.patients.put(Patient(identifiers=(ONE, PATIENT), family="Uno"))
        status = ("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",)
        found = await store.find(FindDocuments(patient_id=ONE, status=status), Form.REFERENCE)
        return found.total

    assert with_store(tmp_path, what) == 1
