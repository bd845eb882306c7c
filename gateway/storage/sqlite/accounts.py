"""What requests leave behind, written in the transaction of their effect.

Source:
    Section 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.model.audit import AuditEvent
from gateway.model.notice import Notice, NoticeKind
from gateway.model.record import EmergencyDeclaration
from gateway.ports import Account, FiledStatement, FirstAccess
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
        self._connection = connection
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
        if account.declaration is not None:
            account = self._declared(account, account.declaration, time)
        if account.first_access is not None and not self._is_first(account.first_access, time):
            account = _without(account, NoticeKind.FIRST_ACCESS)
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

    def _declared(self, account: Account, declaration: EmergencyDeclaration, time: str) -> Account:
        """Keep a declaration, or make the account one of the emergency already declared."""
        patient, _ = self._patients.met(declaration.patient, time)
        kept = self._execute(
            "SELECT e.id FROM emergency_declaration e JOIN patient p ON p.id = e.patient "
            "WHERE p.survivor = ? AND e.subject = ? AND e.mode = ? AND e.start <= ? "
            "AND e.until >= ? LIMIT 1",
            (
                self._patients.survivor(patient),
                declaration.subject,
                declaration.mode.value,
                declaration.end,
                declaration.start,
            ),
        ).fetchone()
        if kept is not None:
            events = tuple(
                replace(event, declaration=kept[0])
                if event.declaration == declaration.id
                else event
                for event in account.events
            )
            return _without(replace(account, events=events), NoticeKind.EMERGENCY_ACCESS)
        self._execute(
            "INSERT INTO emergency_declaration (id, patient, subject, structure, mode, "
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
        return account

    def _is_first(self, access: FirstAccess, time: str) -> bool:
        """Whether nobody noted this access before; it is noted now."""
        patient, _ = self._patients.met(access.patient, time)
        survivor = self._patients.survivor(patient)
        if has_accessed(self._connection, survivor, access.subject):
            return False
        self._execute(
            "INSERT INTO accessed (patient, subject) VALUES (?, ?)", (survivor, access.subject)
        )
        return True


def has_accessed(connection: sqlite3.Connection, survivor: int, subject: str) -> bool:
    """Whether somebody was let read a record.

    Args:
        survivor: The row of the patient, where merges end.
        subject: Key of who read it.
    """
    found = connection.execute(
        "SELECT 1 FROM accessed a JOIN patient p ON p.id = a.patient "
        "WHERE p.survivor = ? AND a.subject = ? LIMIT 1",
        (survivor, subject),
    )
    return found.fetchone() is not None


def _without(account: Account, kind: NoticeKind) -> Account:
    notices = tuple(notice for notice in account.notices if notice.kind is not kind)
    return replace(account, notices=notices)
