"""Patients' choices in the registry's file, and the state of records that follows from them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from gateway.consent.fold import record_from
from gateway.model.datatypes import Identifier
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import Mode, same_key
from gateway.ports import ChoiceStore, FiledStatement
from gateway.storage.sqlite.accounts import has_accessed
from gateway.storage.sqlite.file import RegistryFile
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.statements import read_statement
from gateway.storage.sqlite.words import patient_key

_FILED = (
    "SELECT s.id, s.version, s.active, s.statement, s.recorded, s.recorded_by, s.secret, "
    "s.document, s.resource FROM statement s"
)


# The one look-up of a request: whatever a record is worked out of changes one of these.
_PRESENT = (
    "SELECT s.id, s.logical_id, s.policy_version, s.version, s.last_updated, d.value "
    "FROM patient_identifier i JOIN patient p ON p.id = i.patient "
    "JOIN patient s ON s.id = p.survivor LEFT JOIN access_setting d ON d.name = ? "
    "WHERE i.identifier = ?"
)
_DELEGATIONS = "delegations"
"""Counts the changes of delegations."""

_MOST_RECORDS = 5000
"""Records kept worked out."""


class SqliteChoiceStore(ChoiceStore):
    """See :class:`gateway.ports.ChoiceStore`."""

    def __init__(self, file: RegistryFile) -> None:
        self._file = file
        self._records: dict[tuple[object, ...], Record] = {}

    async def record(self, patient: Identifier) -> Record | None:
        """Give the present state of a patient's record.

        Worked out once for each change of what it is made of, which is looked up in the file each
        time: another worker may have made it.
        """
        key = (_DELEGATIONS, patient_key(patient))
        present = self._file.reading.execute(_PRESENT, key).fetchone()
        if present is None:
            return None
        known = self._records.get(present)
        if known is not None:
            return known

        def ask(rows: Rows) -> tuple[tuple[object, ...], Record]:
            # Again, in one snapshot with what it is a sign of.
            present = rows.connection.execute(_PRESENT, key).fetchone()
            number, version = present[0], present[2]
            person = rows.patients.read(number)
            statements = _statements(rows, number)
            record = record_from(person, statements, version, _delegations(rows))
            return present, replace(record, names=frozenset(rows.patients.keys(number)))

        present, record = await self._file.ask(ask)
        if len(self._records) >= _MOST_RECORDS:
            self._records.clear()
        self._records[present] = record
        return record

    async def statements(
        self, patient: Identifier, *, history: bool = False
    ) -> tuple[FiledStatement, ...]:
        """Give the newest version of each statement, oldest first; on demand every version."""

        def ask(rows: Rows) -> tuple[FiledStatement, ...]:
            number = rows.patients.number(patient)
            if number is None:
                return ()
            return _statements(rows, rows.patients.survivor(number), history=history)

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
            execute = self._file.connection.execute
            execute(
                "INSERT OR REPLACE INTO delegation (delegate, principal, named, start, until) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    same_key(delegation.delegate),
                    same_key(delegation.principal),
                    json.dumps([delegation.delegate.text, delegation.principal.text]),
                    delegation.start,
                    delegation.end,
                ),
            )
            execute(
                "INSERT INTO access_setting (name, value) VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1",
                (_DELEGATIONS,),
            )

        await self._file.writer.run(job)

    async def has_accessed(self, patient: Identifier, subject: str) -> bool:
        """Whether this person ever read this record, under whichever of its identifiers."""

        def ask(rows: Rows) -> bool:
            number = rows.patients.number(patient)
            if number is None:
                return False
            survivor = rows.patients.survivor(number)
            return has_accessed(rows.connection, survivor, subject)

        return await self._file.ask(ask)


_NEWEST = " AND s.version = (SELECT max(o.version) FROM statement o WHERE o.id = s.id)"


def _statements(rows: Rows, number: int, *, history: bool = False) -> tuple[FiledStatement, ...]:
    """The statements about a record, in the order their first versions came."""
    found = rows.connection.execute(
        _FILED
        + " WHERE s.patient IN (SELECT id FROM patient WHERE survivor = ?)"
        + ("" if history else _NEWEST)
        + " ORDER BY (SELECT min(o.key) FROM statement o WHERE o.id = s.id), s.version",
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
