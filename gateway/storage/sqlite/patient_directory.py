"""The patients of a registry behind their port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.ports import Clock, FoundPatients, Page, PatientDirectory
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.writer import Writer
from gateway.transactions.conditions import Condition

T = TypeVar("T")


class Ask(Protocol):
    """Asks the patients a question where it holds up nobody, however long it takes."""

    async def __call__(self, question: Callable[[PatientRows], T]) -> T:
        """Give the answer."""
        ...


class SqlitePatientDirectory(PatientDirectory):
    """The patients of a SQLite registry; kept in the same file, written by the same writer."""

    def __init__(
        self,
        writer: Writer,
        written: PatientRows,
        read: PatientRows,
        clock: Clock,
        ask: Ask,
    ) -> None:
        self._writer = writer
        self._written = written
        self._rows = read
        self._clock = clock
        self._ask = ask

    async def put(self, patient: Patient) -> Patient:
        """Add or replace a patient."""
        time = self._clock.now()
        return await self._writer.run(lambda: self._written.put(patient, time))

    async def merge(self, subsumed: Identifier, surviving: Identifier) -> None:
        """Let one patient's documents be found under another's id."""
        time = self._clock.now()
        await self._writer.run(lambda: self._written.merge(subsumed, surviving, time))

    async def find(self, identifier: Identifier) -> Patient | None:
        """The patient known by an identifier; of a merged one its survivor."""
        return self._rows.found(identifier)

    async def read(self, logical_id: str) -> Patient | None:
        """The patient with a FHIR id, merged or not."""
        return self._rows.named(logical_id)

    async def list(self) -> tuple[Patient, ...]:
        """Every patient, in the order they came."""
        return self._rows.every()

    async def search(
        self, conditions: Sequence[Condition], page: Page, *, merged: bool = False
    ) -> FoundPatients:
        """The patients for whom every condition holds."""
        return await self._ask(lambda rows: rows.search(conditions, page, merged=merged))

    async def knows_authority(self, authority: str) -> bool:
        """Whether any patient has an identifier that this authority gave."""
        return await self._ask(lambda rows: rows.knows_authority(authority))
