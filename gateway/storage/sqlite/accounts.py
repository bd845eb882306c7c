"""What requests leave behind, written in the transaction of their effect.

Source:
    Section 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Protocol

from gateway.model.audit import AuditEvent
from gateway.model.notice import Notice
from gateway.model.record import EmergencyDeclaration
from gateway.ports import Account, FiledStatement
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.statements import write_statement


class EventRows(Protocol):
    """Where audit events go."""

    def append(self, events: Iterable[AuditEvent], /) -> None:
        """Add events to the end of the trail."""
        ...


class NoticesRows(Protocol):
    """Where notices wait."""

    def append(self, notices: Iterable[Notice], /) -> None:
        """Keep notices."""
        ...


class AccountRows:
    """Writes accounts through one connection, inside whatever transaction is open."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        patients: PatientRows,
        events: EventRows | None = None,
        notices: NoticesRows | None = None,
    ) -> None:
        self._execute = connection.execute
        self._patients = patients
        self._events = events
        self._notices = notices

    def keep(self, account: Account, time: str) -> None:
        """Write all of it.

        Args:
            time: The present, DTM of 14 digits.

        Raises:
            RuntimeError: There is nowhere to keep some of it: what cannot be accounted for must
                not happen.
        """
        if account.events:
            if self._events is None:
                raise RuntimeError("audit events have nowhere to go")
            self._events.append(account.events)
        if account.notices:
            if self._notices is None:
                raise RuntimeError("notices have nowhere to go")
            self._notices.append(account.notices)
        if account.statements:
            self._file(account.statements, time)
        if account.declaration is not None:
            self._declare(account.declaration, time)

    def _file(self, statements: Sequence[FiledStatement], time: str) -> None:
        for filed in statements:
            patient_id = filed.statement.patient_id
            if patient_id is None:
                raise LookupError("choices of nobody cannot be kept")
            patient, _ = self._patients.met(patient_id, time)
            self._execute(
                "INSERT INTO statement (id, version, patient, active, statement, recorded, "
                "recorded_by, secret, document, resource) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    filed.id,
                    filed.version,
                    patient,
                    filed.active,
                    write_statement(filed.statement),
                    filed.recorded,
                    filed.recorded_by,
                    filed.secret,
                    filed.document,
                    filed.resource,
                ),
            )
            self._patients.count_change(patient)

    def _declare(self, declaration: EmergencyDeclaration, time: str) -> None:
        patient, _ = self._patients.met(declaration.patient, time)
        # Two first requests at once may bring the same one.
        self._execute(
            "INSERT OR IGNORE INTO emergency_declaration (id, patient, subject, structure, mode, "
            "reason, start, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                declaration.id,
                patient,
                declaration.subject,
                declaration.structure,
                declaration.mode.value,
                declaration.reason,
                declaration.start,
                declaration.end,
            ),
        )
