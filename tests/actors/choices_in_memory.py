"""Patients' choices in plain Python: the slow and obvious way to keep them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import Changes, Known
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import same_key
from gateway.ports import Account, ChoiceStore, FiledStatement, PatientDirectory


class MemoryChoices(ChoiceStore):
    """Statements in a list, the newest version of each last."""

    def __init__(self, patients: PatientDirectory) -> None:
        self.patients = patients
        self.filed: list[FiledStatement] = []
        self.accounts: list[Account] = []

    def take(self, account: Account) -> None:
        for one in account.statements:
            assert not any((one.id, one.version) == (o.id, o.version) for o in self.filed)
            self.filed.append(one)
        self.accounts.append(account)

    async def record(self, patient: Identifier) -> Record | None:
        found = await self.patients.find(patient)
        return Record(patient=found.identifiers[0]) if found else None

    async def statements(
        self, patient: Identifier, *, history: bool = False
    ) -> tuple[FiledStatement, ...]:
        newest: dict[str, FiledStatement] = {}
        for one in self.filed:
            about = one.statement.patient_id
            if about is not None and same_key(about) == same_key(patient):
                newest[one.id] = one
        return tuple(newest.values())

    async def statement(self, logical_id: str) -> tuple[FiledStatement, ...]:
        return tuple(reversed([one for one in self.filed if one.id == logical_id]))

    async def declarations(
        self, patient: Identifier, subject: str
    ) -> tuple[EmergencyDeclaration, ...]:
        return ()

    async def delegations(self) -> tuple[Delegation, ...]:
        return ()

    async def delegate(self, delegation: Delegation) -> None:
        raise NotImplementedError

    async def has_accessed(self, patient: Identifier, subject: str) -> bool:
        return False


class WithChoices:
    """A registry's store that keeps the choices of an account in memory."""

    def __init__(self, store: Any, choices: MemoryChoices) -> None:
        self._store = store
        self._choices = choices

    async def change(
        self,
        decide: Callable[[Known], Changes],
        account: Callable[[Changes], Account] | None = None,
    ) -> Changes:
        changes: Changes = await self._store.change(decide)
        if account is not None:
            self._choices.take(account(changes))
        return changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def choices_of(filed: Sequence[FiledStatement]) -> list[tuple[bool, Any]]:
    """What was filed, for comparison: whether it counts, and each choice."""
    return [(one.active, choice) for one in filed for choice in one.statement.choices]
