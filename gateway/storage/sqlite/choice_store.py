"""Patients' choices in the registry's file, and the state of records that follows from them."""

from __future__ import annotations

import json
from typing import Any

from gateway.consent.fold import record_from
from gateway.model.datatypes import Identifier
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import Mode, same_key
from gateway.ports import ChoiceStore, FiledStatement
from gateway.storage.sqlite.file import RegistryFile
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.statements import read_statement

_FILED = (
    "SELECT s.id, s.version, s.active, s.statement, s.recorded, s.recorded_by, s.secret, "
    "s.document, s.resource FROM statement s"
)


class SqliteChoiceStore(ChoiceStore):
    """See :class:`gateway.ports.ChoiceStore`."""

    def __init__(self, file: RegistryFile) -> None:
        self._file = file

    async def record(self, patient: Identifier) -> Record | None:
        """Give the present state of a patient's record."""

        def ask(rows: Rows) -> Record | None:
            number = rows.patients.number(patient)
            if number is None:
                return None
            number = rows.patients.survivor(number)
            (version,) = rows.connection.execute(
                "SELECT policy_version FROM patient WHERE id = ?", (number,)
            ).fetchone()
            person = rows.patients.read(number)
            return record_from(person, _statements(rows, number), version, _delegations(rows))

        return await self._file.ask(ask)

    async def statements(
        self, patient: Identifier, *, history: bool = False
    ) -> tuple[FiledStatement, ...]:
        """Give the newest version of each statement, oldest first."""

        def ask(rows: Rows) -> tuple[FiledStatement, ...]:
            number = rows.patients.number(patient)
            return () if number is None else _statements(rows, rows.patients.survivor(number))

        return await self._file.ask(ask)

    async def statement(self, logical_id: str) -> tuple[FiledStatement, ...]:
        """Give every version of a statement, the newest first."""

        def ask(rows: Rows) -> tuple[FiledStatement, ...]:
            found = rows.connection.execute(
                _FILED + " WHERE s.id = ? ORDER BY s.version DESC", (logical_id,)
            )
            return tuple(map(_filed, found))

        return await self._file.ask(ask)

    async def declarations(
        self, patient: Identifier, subject: str
    ) -> tuple[EmergencyDeclaration, ...]:
        """Give the declarations one professional made, the newest first."""

        def ask(rows: Rows) -> tuple[EmergencyDeclaration, ...]:
            number = rows.patients.number(patient)
            if number is None:
                return ()
            found = rows.connection.execute(
                "SELECT id, subject, structure, mode, reason, start, until FROM "
                "emergency_declaration WHERE subject = ? AND patient IN "
                "(SELECT id FROM patient WHERE survivor = "
                "(SELECT survivor FROM patient WHERE id = ?)) ORDER BY start DESC",
                (subject, number),
            )
            return tuple(
                EmergencyDeclaration(
                    id=name,
                    patient=patient,
                    subject=who,
                    structure=structure,
                    mode=Mode(mode),
                    reason=reason,
                    start=start,
                    end=until,
                )
                for name, who, structure, mode, reason, start, until in found
            )

        return await self._file.ask(ask)

    async def delegations(self) -> tuple[Delegation, ...]:
        """Give every delegation."""
        return await self._file.ask(_delegations)

    async def delegate(self, delegation: Delegation) -> None:
        """Keep a delegation."""

        def job() -> None:
            self._file.connection.execute(
                "INSERT OR REPLACE INTO delegation VALUES (?, ?, ?, ?, ?)",
                (
                    same_key(delegation.delegate),
                    same_key(delegation.principal),
                    json.dumps([delegation.delegate.text, delegation.principal.text]),
                    delegation.start,
                    delegation.end,
                ),
            )

        await self._file.writer.run(job)

    async def has_accessed(self, patient: Identifier, subject: str) -> bool:
        """Whether this person ever accessed this record."""
        return False


def _statements(rows: Rows, number: int) -> tuple[FiledStatement, ...]:
    found = rows.connection.execute(
        _FILED + " WHERE s.patient IN (SELECT id FROM patient WHERE survivor = ?) AND s.version = "
        "(SELECT max(o.version) FROM statement o WHERE o.id = s.id) ORDER BY "
        "(SELECT min(o.key) FROM statement o WHERE o.id = s.id)",
        (number,),
    )
    return tuple(map(_filed, found))


def _filed(row: tuple[Any, ...]) -> FiledStatement:
    name, version, active, statement, recorded, recorded_by, secret, document, resource = row
    return FiledStatement(
        id=name,
        version=version,
        active=bool(active),
        statement=read_statement(statement),
        recorded=recorded,
        recorded_by=recorded_by,
        secret=bool(secret),
        document=document,
        resource=resource,
    )


def _delegations(rows: Rows) -> tuple[Delegation, ...]:
    found = []
    for named, start, until in rows.connection.execute(
        "SELECT named, start, until FROM delegation"
    ):
        delegate, principal = json.loads(named)
        found.append(
            Delegation(
                delegate=Identifier(delegate),
                principal=Identifier(principal),
                start=start,
                end=until,
            )
        )
    return tuple(found)
