"""The registry in one SQLite file.

Written by one :class:`~gateway.storage.sqlite.writer.Writer`. Read on the event loop's own thread
from a connection of its own, which sees what was committed before and waits for no writer; a query
that takes longer than a moment is asked again on another thread, where it holds up nobody.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from gateway.model.lifecycle import Changes, DocumentRecord, Known
from gateway.model.submission import RegistryObject
from gateway.ports import (
    Account,
    Clock,
    Form,
    Found,
    Held,
    Page,
    Past,
    RegistryStore,
    TooManyResults,
)
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import asked, conditions, queries, versions
from gateway.storage.sqlite.changes import Applier
from gateway.storage.sqlite.conditions import Where
from gateway.storage.sqlite.filling import fill
from gateway.storage.sqlite.known import SqliteKnown
from gateway.storage.sqlite.notices import NoticeRows, SqliteNoticeStore
from gateway.storage.sqlite.patient_directory import SqlitePatientDirectory
from gateway.storage.sqlite.patients import PatientRows, Record
from gateway.storage.sqlite.rows import KEY, Rows
from gateway.storage.sqlite.schema import connect, migrate
from gateway.storage.sqlite.words import DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET
from gateway.storage.sqlite.writer import Writer, refusal
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    StoredQuery,
)

T = TypeVar("T")

_MOMENT = 0.05
"""Seconds a query may keep the event loop."""

_LONGEST = 5.0
"""Seconds a query may take at all."""

_REFERENCES = 10
"""References that may be answered for each whole object that may be."""


_DESCRIBED = (
    "SELECT d.unique_id, d.mime_type, d.size, d.sha1, d.content FROM document_entry e "
    "LEFT JOIN document d ON d.unique_id = e.unique_id WHERE e.lid = ? AND e.latest"
)
_LOGICAL_ID = (
    "SELECT e.lid FROM object o JOIN document_entry e ON e.key = o.key WHERE o.entry_uuid = ?"
)


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


class SqliteRegistryStore(RegistryStore):
    """Registry objects, documents' records, patients and the outbox, in one file.

    Attributes:
        patients: The patients of the same file.
        notices: The notices of the same file.
    """

    def __init__(
        self,
        path: Path,
        fragments: Fragments,
        clock: Clock,
        max_results: int,
        by_entry_uuid: bool,
    ) -> None:
        self._path = path
        self._fragments = fragments
        self._clock = clock
        self._max_results = max_results
        self._connection = connect(path)
        self._reading = connect(path, read_only=True)
        self._slow = ThreadPoolExecutor(2, thread_name_prefix="registry-query")
        self._writer = Writer(self._connection)
        self._by_entry_uuid = by_entry_uuid
        self._rows = Rows(self._reading, fragments, by_entry_uuid)
        written = PatientRows(self._connection)
        self._known = SqliteKnown(self._connection, fragments, written)
        self._applier = Applier(self._connection, fragments, written)
        self.patients = SqlitePatientDirectory(
            self._writer, written, self._rows.patients, clock, self._ask_patients
        )
        noted = NoticeRows(self._connection)
        self.notices = SqliteNoticeStore(
            self._writer,
            self._connection,
            self._reading,
            lambda account: noted.append(account.notices),
        )

    @classmethod
    def open(
        cls,
        path: Path,
        fragments: Fragments,
        clock: Clock,
        *,
        max_results: int = 1000,
        by_entry_uuid: bool = False,
    ) -> Self:
        """Open the file, made or brought to this version where needed.

        What a crash left behind SQLite undoes here: nothing half written is ever seen.

        Args:
            max_results: Objects one answer may hold when no page was asked for; ten times as many
                when only references are.
            by_entry_uuid: Links of FHIR resources name the id of the present version instead of
                the logical id.
        """
        migrate(path, clock.now(), lambda connection, step: fill(connection, fragments, step))
        return cls(path, fragments, clock, max_results, by_entry_uuid)

    async def close(self) -> None:
        """Finish the changes that were asked for and close the file."""
        await self._writer.close()
        self._slow.shutdown()
        self._reading.close()
        self._connection.close()

    async def change(
        self,
        decide: Callable[[Known], Changes],
        account: Callable[[Changes], Account] | None = None,
    ) -> Changes:
        """Run one decision and keep its outcome; see :class:`gateway.ports.RegistryStore`."""

        def job() -> Changes:
            changes = decide(self._known)
            self._applier.apply(changes, self._clock.now())
            return changes

        return await self._writer.run(job)

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        """Answer a query from what was committed before."""
        return await self._ask(lambda rows: _find(rows, query, form, page, self._max_results))

    async def read(self, entry_uuid: str) -> RegistryObject | None:
        """Give one object as a value, in its present state."""
        return await self._ask(lambda rows: self._seen_by(rows).found(entry_uuid))

    async def document(self, unique_id: str) -> DocumentRecord | None:
        """Give what the repository holds under a document's uniqueId, and gives out."""
        return await self._ask(lambda rows: self._seen_by(rows).given_document(unique_id))

    def _seen_by(self, rows: Rows) -> SqliteKnown:
        return SqliteKnown(rows.connection, self._fragments, rows.patients)

    async def described_document(self, logical_id: str) -> tuple[bool, DocumentRecord | None]:
        row = self._reading.execute(_DESCRIBED, (logical_id,)).fetchone()
        if row is None:
            version = self._reading.execute(_LOGICAL_ID, (logical_id,)).fetchone()
            row = version and self._reading.execute(_DESCRIBED, version).fetchone()
        if row is None or row[0] is None:
            return row is not None, None
        unique_id, mime_type, size, sha1, content = row
        record = DocumentRecord(
            unique_id=unique_id, mime_type=mime_type, size=size, sha1=sha1, content=content.hex()
        )
        return True, record

    async def past(self, resource_type: str, name: str) -> Past:
        return await self._ask(lambda rows: versions.past(rows, resource_type, name))

    async def status(self, name: str) -> str | None:
        return versions.status(self._rows, name)

    async def referenced(self, contents: Iterable[str]) -> frozenset[str]:
        """Which of these documents' octets (SHA-256, hexadecimal) the registry refers to."""
        found = set()
        for content in contents:
            if self._reading.execute(
                "SELECT 1 FROM document WHERE content = ?", (bytes.fromhex(content),)
            ).fetchone():
                found.add(content)
        return frozenset(found)

    async def outbox(self, after: int = 0, limit: int = 100) -> tuple[OutboxEvent, ...]:
        """What happened after an event, oldest first."""
        return tuple(
            OutboxEvent(id=number, event=event, submission=submission, patient=patient, time=time)
            for number, event, submission, patient, time in self._reading.execute(
                "SELECT id, event, submission, patient, time FROM outbox WHERE id > ? "
                "ORDER BY id LIMIT ?",
                (after, limit),
            )
        )

    async def forget(self, up_to: int) -> None:
        """Drop the events up to and including one, once they are told."""
        await self._writer.run(
            lambda: self._connection.execute("DELETE FROM outbox WHERE id <= ?", (up_to,))
        )

    async def _ask_patients(self, question: Callable[[PatientRows], T]) -> T:
        return await self._ask(lambda rows: question(rows.patients))

    async def _ask(self, question: Callable[[Rows], T]) -> T:
        try:
            return _snapshot(self._reading, self._rows, question, _MOMENT)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._slow, self._ask_slowly, question)
        except sqlite3.OperationalError as error:
            raise refusal(error) from error

    def _ask_slowly(self, question: Callable[[Rows], T]) -> T:
        connection = connect(self._path, read_only=True)
        try:
            rows = Rows(connection, self._fragments, self._by_entry_uuid)
            return _snapshot(connection, rows, question, _LONGEST)
        finally:
            connection.close()


def _snapshot(
    connection: sqlite3.Connection, rows: Rows, question: Callable[[Rows], T], seconds: float
) -> T:
    """Answer a question of several statements from one state of the registry."""
    rows.limit(seconds)
    connection.execute("BEGIN")
    try:
        return question(rows)
    finally:
        rows.limit(math.inf)
        # An interrupt inside a reading transaction leaves it open; one outside leaves none.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _find(rows: Rows, query: StoredQuery, form: Form, page: Page | None, max_results: int) -> Found:
    limit = max_results * _REFERENCES if form is Form.REFERENCE else max_results
    match query:
        case FindDocuments():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_documents(query, _numbers(patients))
            asked.ask(where, "e", query.also)
            return _of_one_kind(rows, DOCUMENT_ENTRY, form, where, page, limit, patients or {})
        case FindSubmissionSets():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_submission_sets(query, _numbers(patients))
            asked.ask(where, "s", query.also)
            return _of_one_kind(rows, SUBMISSION_SET, form, where, page, limit, patients or {})
        case FindFolders():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_folders(query, _numbers(patients))
            asked.ask(where, "f", query.also)
            return _of_one_kind(rows, FOLDER, form, where, page, limit, patients or {})
    return _by_links(rows, query, form, page, limit)


_NOTHING = Found(objects=(), total=0)


def _patients(
    rows: Rows, query: FindDocuments | FindSubmissionSets | FindFolders
) -> dict[int, Record] | None:
    """The patients a query is about; ``None`` when it names none, empty when it names nobody."""
    return None if query.patient_id is None else rows.patients.members(query.patient_id)


def _numbers(patients: dict[int, Record] | None) -> Sequence[int] | None:
    return None if patients is None else list(patients)


def _of_one_kind(
    rows: Rows,
    kind: int,
    form: Form,
    where: Where,
    page: Page | None,
    limit: int,
    patients: dict[int, Record],
) -> Found:
    if page is None:
        found = rows.select(kind, form, where, "", limit + 1)
        if len(found) > limit:
            raise TooManyResults
        held = rows.held(kind, form, found, patients)
        return Found(objects=tuple(held), total=len(held))
    if page.order:
        return _in_order(rows, kind, form, where, page, patients)
    order, beyond = ("", " > ?") if page.ascending else (" DESC", " < ?")
    if page.after is None:
        found = rows.select(kind, form, where, order, page.size + 1)
    else:
        part = Where()
        part.conditions = [*where.conditions, KEY[kind] + beyond]
        part.values = [*where.values, page.after]
        found = rows.select(kind, form, part, order, page.size + 1)
    more = len(found) > page.size
    total = rows.count(kind, where) if more or page.after is not None else len(found)
    held = rows.held(kind, form, found[: page.size], patients)
    return Found(objects=tuple(held), total=total, more=more)


_ALIAS = {DOCUMENT_ENTRY: "e", SUBMISSION_SET: "s", FOLDER: "f"}


def _in_order(
    rows: Rows, kind: int, form: Form, where: Where, page: Page, patients: dict[int, Record]
) -> Found:
    """A page in the order of other attributes; the key decides between equals."""
    order = [(asked.sorting(_ALIAS[kind], one), one.ascending) for one in page.order]
    order.append((KEY[kind], page.ascending))
    part = Where()
    part.conditions, part.values = [*where.conditions], [*where.values]
    if page.after is not None:
        condition, values = asked.beyond(order, (*page.place, page.after))
        part.add(condition, *values)
    found, places = rows.sorted(kind, form, part, order, page.size + 1)
    more = len(found) > page.size
    total = rows.count(kind, where) if more or page.after is not None else len(found)
    held = rows.held(kind, form, found[: page.size], patients)
    placed = dict(zip((row[0] for row in found), places, strict=True))
    return Found(
        objects=tuple(one._replace(place=placed[one.key]) for one in held), total=total, more=more
    )


def _by_links(rows: Rows, query: StoredQuery, form: Form, page: Page | None, limit: int) -> Found:
    keys = queries.follow(rows, query, limit)
    patients: dict[int, Record] = {}
    held: list[Held] = []
    for kind, of_kind in keys.items():
        held += rows.held(kind, form, rows.by_key(kind, form, of_kind), patients)
    held.sort(key=lambda one: one.key, reverse=page is not None and not page.ascending)
    total = len(held)
    if page is None:
        return Found(objects=tuple(held), total=total)
    rest = held
    if (after := page.after) is not None:
        rest = [one for one in held if (one.key > after if page.ascending else one.key < after)]
    return Found(objects=tuple(rest[: page.size]), total=total, more=len(rest) > page.size)
