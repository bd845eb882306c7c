"""The registry's present content, as a decision sees it from inside its transaction."""

from __future__ import annotations

import sqlite3
from copy import copy
from typing import Self

from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import DocumentRecord, Known
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.sight import Execute
from gateway.storage.sqlite.words import word

# One row for an object of any kind: its fragment and what is spliced into it.
_OBJECT = (
    "SELECT o.ebrim, coalesce(e.status, s.status, f.status, a.status, w.status), "
    "coalesce(e.patient, s.patient, f.patient, w.patient), f.last_update_time FROM object o "
    "LEFT JOIN document_entry e ON e.key = o.key LEFT JOIN submission_set s ON s.key = o.key "
    "LEFT JOIN folder f ON f.key = o.key LEFT JOIN association a ON a.key = o.key "
    "LEFT JOIN withdrawn w ON w.key = o.key "
    "WHERE coalesce(e.key, s.key, f.key, a.key, w.key) IS NOT NULL AND "
)

_ENTRY = (
    "SELECT o.ebrim, e.status, e.patient, NULL FROM document_entry e "
    "JOIN object o ON o.key = e.key WHERE "
)
_SET = (
    "SELECT o.ebrim, s.status, s.patient, NULL FROM submission_set s "
    "JOIN object o ON o.key = s.key WHERE "
)
_FOLDER = (
    "SELECT o.ebrim, f.status, f.patient, f.last_update_time FROM folder f "
    "JOIN object o ON o.key = f.key WHERE "
)


_DOCUMENT = "SELECT unique_id, mime_type, size, sha1, content FROM document WHERE unique_id = ?"

_WITHDRAWN = (
    "SELECT o.ebrim, w.status, w.patient, NULL FROM withdrawn w JOIN object o ON o.key = w.key "
    "WHERE w.unique_id = ? ORDER BY w.key"
)

_USED = (
    "SELECT 1 FROM submission_set WHERE unique_id = ?1 "
    "UNION ALL SELECT 1 FROM document_entry WHERE unique_id = ?1 "
    "UNION ALL SELECT 1 FROM folder WHERE unique_id = ?1 "
    "UNION ALL SELECT 1 FROM withdrawn WHERE unique_id = ?1 LIMIT 1"
)


class SqliteKnown(Known):
    """What a decision may ask, answered through one connection."""

    def __init__(
        self, connection: sqlite3.Connection, fragments: Fragments, patients: PatientRows
    ) -> None:
        self._execute: Execute = connection.execute
        self._fragments = fragments
        self._patients = patients
        self._whole = self

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """What rows hold, as values; of somebody's view what is there for him."""
        known = cls(rows.connection, rows.fragments, rows.patients)
        known._execute = rows.execute
        return known

    def seen_through(self, execute: Execute) -> SqliteKnown:
        """Give what somebody may ask, for whom statements run as given."""
        seen = copy(self)
        seen._execute = execute
        return seen

    @property
    def whole(self) -> Known:
        """The content as it is, whoever asks."""
        return self._whole

    def object(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id, in any status and version."""
        found = self._values(_OBJECT + "o.entry_uuid = ?", entry_uuid)
        return found[0] if found else None

    def found(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id, where it was not withdrawn."""
        found = self._values(_OBJECT + "o.entry_uuid = ? AND w.key IS NULL", entry_uuid)
        return found[0] if found else None

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        """The newest version under a logical id."""
        found = self._values(_ENTRY + "e.lid = ? AND e.latest", logical_id) or self._values(
            _FOLDER + "f.lid = ? AND f.latest", logical_id
        )
        if not found:
            return None
        assert isinstance(found[-1], DocumentEntry | Folder)
        return found[-1]

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        """Every entry with that document uniqueId, oldest first; withdrawn ones at the end."""
        found = self._values(_ENTRY + "e.unique_id = ? ORDER BY e.key", unique_id)
        found += self._values(_WITHDRAWN, unique_id)
        return tuple(value for value in found if isinstance(value, DocumentEntry))

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        """The submission set or the newest folder with that uniqueId."""
        found = self._values(_SET + "s.unique_id = ?", unique_id) or self._values(
            _FOLDER + "f.unique_id = ? ORDER BY f.key", unique_id
        )
        if not found:
            return None
        assert isinstance(found[-1], SubmissionSet | Folder)
        return found[-1]

    def is_used(self, unique_id: str) -> bool:
        """Whether any submission set, entry or folder has that uniqueId."""
        return self._execute(_USED, (unique_id,)).fetchone() is not None

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        """Every association with that id as source or target, oldest first."""
        row = self._execute("SELECT key FROM object WHERE entry_uuid = ?", (entry_uuid,)).fetchone()
        if row is None:
            return ()
        found = self._values(
            "SELECT o.ebrim, a.status, NULL, NULL FROM association a "
            "JOIN object o ON o.key = a.key "
            "WHERE a.source = ? OR a.target = ? ORDER BY a.key",
            *row,
            *row,
        )
        return tuple(value for value in found if isinstance(value, Association))

    def fingerprint(self, unique_id: str) -> bytes | None:
        """The fingerprint a submission set was accepted with."""
        row = self._execute(
            "SELECT fingerprint FROM submission_set WHERE unique_id = ?", (unique_id,)
        ).fetchone()
        return row[0] if row else None

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        """The record a patient id leads to, merges followed."""
        return self._patients.surviving(patient_id)

    def is_known(self, patient_id: Identifier) -> bool:
        """Whether the patient was announced and its id is still one of the domain."""
        return self._patients.is_known(patient_id)

    def document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository holds under a document's uniqueId."""
        return self._record(_DOCUMENT, unique_id)

    def given_document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository gives out under a document's uniqueId."""
        return self._record(_DOCUMENT + " AND NOT withdrawn", unique_id)

    def _record(self, sql: str, unique_id: str) -> DocumentRecord | None:
        row = self._execute(sql, (unique_id,)).fetchone()
        if row is None:
            return None
        unique_id, mime_type, size, sha1, content = row
        return DocumentRecord(
            unique_id=unique_id, mime_type=mime_type, size=size, sha1=sha1, content=content.hex()
        )

    def _values(self, sql: str, *parameters: str | int) -> list[RegistryObject]:
        read, splice = self._fragments.read, self._fragments.splice_ebrim
        found = []
        for fragment, status, patient, touched in self._execute(sql, parameters).fetchall():
            cx = "" if patient is None else self._patients.shown(patient).cx
            (octets,) = splice(
                (fragment,), status=word(status), patient_id=cx, last_update_time=touched or ""
            )
            found.append(read(octets))
        return found
