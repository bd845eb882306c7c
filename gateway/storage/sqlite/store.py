"""The registry in one SQLite file.

Written by one :class:`~gateway.storage.sqlite.writer.Writer`. Read on the event loop's own thread
from a connection of its own, which sees what was committed before and waits for no writer; a query
that takes longer than a moment is asked again on another thread, where it holds up nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from gateway.model.datatypes import Identifier
from gateway.model.record import ExpiredRecord
from gateway.ports import Account, Clock
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite.audit_trail import SqliteAuditTrail
from gateway.storage.sqlite.choice_store import SqliteChoiceStore
from gateway.storage.sqlite.facts import Restricting, RestrictionCodes, stored_codes
from gateway.storage.sqlite.file import RegistryFile
from gateway.storage.sqlite.filling import fill, restricting
from gateway.storage.sqlite.notices import SqliteNoticeStore
from gateway.storage.sqlite.patient_directory import SqlitePatientDirectory
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.retention import destroy, expired
from gateway.storage.sqlite.schema import migrate
from gateway.storage.sqlite.subscriptions import SqliteSubscriptionStore
from gateway.storage.sqlite.view import RegistryView
from gateway.storage.sqlite.words import code_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """Something that happened, to be told to whoever subscribed.

    Attributes:
        id: Ascending; what was told is remembered by it.
        event: ``submitted``, ``updated`` or ``removed``.
        submission: entryUUID of the submission set; empty for a removal.
        patient: CX text.
        time: DTM of 14 digits, UTC.
    """

    id: int
    event: str
    submission: str
    patient: str
    time: str


class SqliteRegistryStore(RegistryView):
    """Registry objects, documents' records, patients and the outbox, in one file.

    Attributes:
        patients: The patients of the same file.
        notices: The notices of the same file.
        subscriptions: Who is told of what comes.
        audit: The audit trail of the same file.
        choices: Patients' choices, likewise.
    """

    def __init__(self, file: RegistryFile) -> None:
        super().__init__(file)
        self.patients = SqlitePatientDirectory(
            file.writer, file.patients, file.rows.patients, file.clock, self._ask_patients
        )
        self.choices = SqliteChoiceStore(file)
        self.notices = SqliteNoticeStore(
            file.writer,
            file.connection,
            file.reading,
            file.accounts.keep,
        )
        self.subscriptions = SqliteSubscriptionStore(file.writer, file.connection, file.reading)
        self.audit = SqliteAuditTrail(file.writer, file.connection, self._ask_file)

    @classmethod
    def open(
        cls,
        path: Path,
        fragments: Fragments,
        clock: Clock,
        *,
        max_results: int = 1000,
        by_entry_uuid: bool = False,
        restrictions: RestrictionCodes | None = None,
        release_months: int = 1,
        alerting: Iterable[tuple[str, str]] | None = None,
    ) -> Self:
        """Open the file, made or brought to this version where needed.

        What a crash left behind SQLite undoes here: nothing half written is ever seen.

        Args:
            max_results: Objects one answer may hold when no page was asked for; ten times as many
                when only references are.
            by_entry_uuid: Links of FHIR resources name the id of the present version instead of
                the logical id.
            restrictions: Which confidentiality codes restrict; other ones than before are worked
                out for every document. ``None`` leaves them as the file has them, and the months.
            release_months: After how many months a document is no longer hidden from the patient.
            alerting: Classes of documents that software is alerted to; ``None`` for any.
        """
        migrate(path, clock.now(), lambda connection, step: fill(connection, fragments, step))
        wanted, told_apart = None, None
        if alerting is not None:
            told_apart = frozenset(code_key(*one) for one in alerting)
        if restrictions is not None:
            wanted = Restricting(stored_codes(restrictions), release_months)
        return cls(
            RegistryFile(
                path,
                fragments,
                clock,
                max_results=max_results,
                by_entry_uuid=by_entry_uuid,
                restricting=restricting(path, wanted),
                alerting=told_apart,
            )
        )

    async def close(self) -> None:
        """Finish the changes that were asked for and close the file."""
        await self._file.close()

    async def referenced(self, contents: Iterable[str]) -> frozenset[str]:
        """Which of these documents' octets (SHA-256, hexadecimal) the registry refers to."""
        found = set()
        for content in contents:
            if self._file.reading.execute(
                "SELECT 1 FROM document WHERE content = ?", (bytes.fromhex(content),)
            ).fetchone():
                found.add(content)
        return frozenset(found)

    async def outbox(self, after: int = 0, limit: int = 100) -> tuple[OutboxEvent, ...]:
        """What happened after an event, oldest first."""
        return tuple(
            OutboxEvent(id=number, event=event, submission=submission, patient=patient, time=time)
            for number, event, submission, patient, time in self._file.reading.execute(
                "SELECT id, event, submission, patient, time FROM outbox WHERE id > ? "
                "ORDER BY id LIMIT ?",
                (after, limit),
            )
        )

    async def expired(self, years: int) -> tuple[ExpiredRecord, ...]:
        """Give the records that were closed so many years ago."""
        return await expired(self._file, self.choices, self._file.clock.now(), years)

    async def destroy(self, patient: Identifier, account: Callable[[], Account]) -> bool:
        """Destroy a record for good, with its patient; say whether there was one.

        Args:
            account: Gives what is kept of it.
        """
        file = self._file
        time = file.clock.now()
        return await file.writer.run(lambda: destroy(file, patient, account, time))

    async def forget(self, up_to: int) -> None:
        """Drop the events up to and including one, once they are told."""
        await self._file.writer.run(
            lambda: self._file.connection.execute("DELETE FROM outbox WHERE id <= ?", (up_to,))
        )

    async def _ask_file(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return await self._file.ask(lambda rows: question(rows.connection))

    async def _ask_patients(self, question: Callable[[PatientRows], T]) -> T:
        return await self._file.ask(lambda rows: question(rows.patients))
