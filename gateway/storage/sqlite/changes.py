"""What a decision changes, written into the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord, FolderTouch, StatusChange
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import RELATIONSHIPS, DocumentAvailability
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import filling, words
from gateway.storage.sqlite.patients import NOBODY, PatientRows
from gateway.storage.sqlite.words import ASSOCIATION, DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET

_KINDS: dict[type[RegistryObject], int] = {
    DocumentEntry: DOCUMENT_ENTRY,
    SubmissionSet: SUBMISSION_SET,
    Folder: FOLDER,
    Association: ASSOCIATION,
}

Met = tuple[int, str]
"""A patient of the changes: its row, and the surviving patient id as CX text."""

_SET_STATUS = {
    DOCUMENT_ENTRY: (
        "UPDATE document_entry SET status = ?, last_updated = ?, touched = touched + 1 "
        "WHERE key = ?"
    ),
    SUBMISSION_SET: (
        "UPDATE submission_set SET status = ?, last_updated = ?, touched = touched + 1 "
        "WHERE key = ?"
    ),
    FOLDER: ("UPDATE folder SET status = ?, last_updated = ?, touched = touched + 1 WHERE key = ?"),
    ASSOCIATION: "UPDATE association SET status = ?, last_updated = ? WHERE key = ?",
}

# A resource shows what its object is the source of: links that come, go or change status change it.
_TOUCH_SOURCE = tuple(
    sql + " SET last_updated = ?1, touched = touched + 1 "
    "WHERE key = (SELECT source FROM association WHERE key = ?2)"
    for sql in ("UPDATE document_entry", "UPDATE submission_set", "UPDATE folder")
)

_LOGICAL = {
    DOCUMENT_ENTRY: "SELECT lid, version FROM document_entry WHERE key = ?",
    SUBMISSION_SET: "SELECT lid, version FROM submission_set WHERE key = ?",
    FOLDER: "SELECT lid, version FROM folder WHERE key = ?",
}

_LEFT = {
    DOCUMENT_ENTRY: "SELECT 1 FROM document_entry WHERE lid = ?",
    SUBMISSION_SET: "SELECT 1 FROM submission_set WHERE lid = ?",
    FOLDER: "SELECT 1 FROM folder WHERE lid = ?",
}

_REMOVE = {
    DOCUMENT_ENTRY: "DELETE FROM document_entry WHERE key = ?",
    SUBMISSION_SET: "DELETE FROM submission_set WHERE key = ?",
    FOLDER: "DELETE FROM folder WHERE key = ?",
    ASSOCIATION: "DELETE FROM association WHERE key = ?",
}

# The newest version under a logical id is the one queries show; which one that is changes when a
# version comes or goes.
_MARK_LATEST = {
    DOCUMENT_ENTRY: (
        "UPDATE document_entry SET latest = (key = (SELECT n.key FROM document_entry n "
        "WHERE n.lid = ?1 ORDER BY n.version DESC, n.key DESC LIMIT 1)) WHERE lid = ?1"
    ),
    FOLDER: (
        "UPDATE folder SET latest = (key = (SELECT n.key FROM folder n "
        "WHERE n.lid = ?1 ORDER BY n.version DESC, n.key DESC LIMIT 1)) WHERE lid = ?1"
    ),
}


class Applier:
    """Writes changes through one connection, inside whatever transaction is open."""

    def __init__(
        self, connection: sqlite3.Connection, fragments: Fragments, patients: PatientRows
    ) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._fragments = fragments
        self._patients = patients

    def apply(self, changes: Changes, time: str) -> None:
        """Write all of it.

        Args:
            time: The present, DTM of 14 digits.

        Raises:
            LookupError: The changes speak of an object that is not there.
        """
        if changes.repeated:
            return
        patients: dict[Identifier, Met] = {}
        keys = self._add(changes, patients, time)
        self._change_statuses(changes.statuses, time)
        self._touch(changes.touched, time)
        self._withdraw(changes, time)
        self._remove(changes.removed, patients, time)
        self._keep_documents(changes.documents)
        for unique_id in changes.removed_documents:
            self._execute("DELETE FROM document WHERE unique_id = ?", (unique_id,))
        self._announce(changes, keys, patients, time)

    def _add(
        self, changes: Changes, patients: dict[Identifier, Met], time: str
    ) -> dict[str, tuple[int, int]]:
        keys: dict[str, tuple[int, int]] = {}
        for value in changes.added:
            kind = _KINDS[type(value)]
            cursor = self._execute(
                "INSERT INTO object (kind, entry_uuid, ebrim, fhir) VALUES (?, ?, ?, ?)",
                (
                    kind,
                    value.entry_uuid,
                    self._fragments.ebrim(value),
                    self._fragments.fhir(value),
                ),
            )
            assert cursor.lastrowid is not None
            keys[value.entry_uuid] = (cursor.lastrowid, kind)
        for value in changes.added:
            key = keys[value.entry_uuid][0]
            match value:
                case DocumentEntry():
                    self._add_entry(key, value, self._patient(value, patients, time), time)
                case SubmissionSet():
                    patient = self._patient(value, patients, time)
                    self._add_set(key, value, patient, changes.fingerprint, time)
                case Folder():
                    self._add_folder(key, value, self._patient(value, patients, time), time)
        # Last, when both ends of every association can have been added.
        for value in changes.added:
            if isinstance(value, Association):
                self._add_association(keys[value.entry_uuid][0], value, keys, time)
        return keys

    def _patient(
        self,
        value: DocumentEntry | SubmissionSet | Folder,
        patients: dict[Identifier, Met],
        time: str,
    ) -> int | None:
        identifier = value.patient_id
        if identifier is None:
            return None
        met = patients.get(identifier)
        if met is None:
            met = patients[identifier] = self._patients.met(identifier, time)
        return met[0]

    def _add_entry(self, key: int, entry: DocumentEntry, patient: int | None, time: str) -> None:
        lid = entry.logical_id or entry.entry_uuid
        version = words.version_number(entry.version)
        self._execute(
            "INSERT INTO document_entry (key, patient, status, lid, version, latest, offline, "
            "availability, object_type, unique_id, class_code, type_code, practice_setting_code, "
            "healthcare_facility_type_code, format_code, event_code_list, confidentiality_code, "
            "reference_id_list, author_person, author_family, author_given, creation_time, "
            "service_start_time, service_stop_time, registration_time, last_updated, "
            "creation_time_last, service_start_time_last, service_stop_time_last, "
            "author_institution, mime_type, language_code) VALUES "
            "(?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?, ?)",
            (
                key,
                patient,
                words.stored(entry.availability_status),
                lid,
                version,
                entry.document_availability == DocumentAvailability.OFFLINE,
                entry.document_availability,
                words.stored(entry.object_type),
                entry.unique_id,
                words.code_text(entry.class_code),
                words.code_text(entry.type_code),
                words.code_text(entry.practice_setting_code),
                words.code_text(entry.healthcare_facility_type_code),
                words.code_text(entry.format_code),
                words.codes_text(entry.event_code_list),
                words.codes_text(entry.confidentiality_code),
                words.several(words.clean(r.text) for r in entry.reference_id_list),
                words.persons_text(entry.author),
                words.family_text(entry.author),
                words.given_text(entry.author),
                words.time_text(entry.creation_time),
                words.time_text(entry.service_start_time),
                words.time_text(entry.service_stop_time),
                time,
                time,
                *filling.entry_columns(entry),
            ),
        )
        if lid != entry.entry_uuid:
            self._execute(_MARK_LATEST[DOCUMENT_ENTRY], (lid,))

    def _add_set(
        self,
        key: int,
        value: SubmissionSet,
        patient: int | None,
        fingerprint: bytes | None,
        time: str,
    ) -> None:
        self._execute(
            "INSERT INTO submission_set (key, patient, status, lid, version, unique_id, source_id, "
            "submission_time, content_type_code, author_person, author_family, author_given, "
            "registration_time, last_updated, fingerprint, submission_time_last, "
            "author_institution, title) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                patient,
                words.stored(value.availability_status),
                value.logical_id or value.entry_uuid,
                words.version_number(value.version),
                value.unique_id,
                value.source_id,
                words.time_text(value.submission_time),
                words.code_text(value.content_type_code),
                words.persons_text(value.author),
                words.family_text(value.author),
                words.given_text(value.author),
                time,
                time,
                fingerprint,
                *filling.set_columns(value),
            ),
        )

    def _add_folder(self, key: int, folder: Folder, patient: int | None, time: str) -> None:
        lid = folder.logical_id or folder.entry_uuid
        self._execute(
            "INSERT INTO folder (key, patient, status, lid, version, latest, unique_id, "
            "last_update_time, code_list, registration_time, last_updated, title) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
            (
                key,
                patient,
                words.stored(folder.availability_status),
                lid,
                words.version_number(folder.version),
                folder.unique_id,
                words.time_text(folder.last_update_time),
                words.codes_text(folder.code_list),
                time,
                time,
                *filling.folder_columns(folder),
            ),
        )
        if lid != folder.entry_uuid:
            self._execute(_MARK_LATEST[FOLDER], (lid,))

    def _add_association(
        self, key: int, value: Association, keys: dict[str, tuple[int, int]], time: str
    ) -> None:
        source, source_kind = keys.get(value.source_object) or self._object(value.source_object)
        target, target_kind = keys.get(value.target_object) or self._object(value.target_object)
        self._execute(
            "INSERT INTO association VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                words.stored(value.association_type),
                source,
                source_kind,
                target,
                target_kind,
                words.stored(value.availability_status),
                time,
                value.submission_set_status == "Reference",
            ),
        )
        if value.association_type in RELATIONSHIPS:
            self._execute("UPDATE document_entry SET related = 1 WHERE key = ?", (source,))
        if value.source_object not in keys:
            self._touch_source(key, time)

    def _object(self, entry_uuid: str) -> tuple[int, int]:
        row = self._execute(
            "SELECT key, kind FROM object WHERE entry_uuid = ?", (entry_uuid,)
        ).fetchone()
        if row is None:
            raise LookupError("no object " + entry_uuid + " in the registry")
        key, kind = row
        return key, kind

    def _change_statuses(self, statuses: Iterable[StatusChange], time: str) -> None:
        for change in statuses:
            key, kind = self._object(change.entry_uuid)
            self._execute(_SET_STATUS[kind], (words.stored(change.status), time, key))
            if kind == ASSOCIATION:
                self._touch_source(key, time)

    def _touch_source(self, association: int, time: str) -> None:
        for sql in _TOUCH_SOURCE:
            self._execute(sql, (time, association))

    def _withdraw(self, changes: Changes, time: str) -> None:
        for change in changes.withdrawn:
            key, kind = self._object(change.entry_uuid)
            patient, unique_id = None, None
            if kind == DOCUMENT_ENTRY:
                patient, unique_id = self._execute(
                    "SELECT patient, unique_id FROM document_entry WHERE key = ?", (key,)
                ).fetchone()
            self._execute(
                "INSERT INTO withdrawn (key, kind, status, patient, unique_id, time) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (key, kind, words.stored(change.status), patient, unique_id, time),
            )
            if kind == ASSOCIATION:
                self._touch_source(key, time)
            self._execute(_REMOVE[kind], (key,))
        for unique_id in changes.withdrawn_documents:
            self._execute("UPDATE document SET withdrawn = 1 WHERE unique_id = ?", (unique_id,))

    def _touch(self, touched: Iterable[FolderTouch], time: str) -> None:
        for touch in touched:
            key, _ = self._object(touch.entry_uuid)
            self._execute(
                "UPDATE folder SET last_update_time = ?, last_updated = ?, touched = touched + 1 "
                "WHERE key = ?",
                (touch.last_update_time, time, key),
            )

    def _remove(self, removed: Iterable[str], patients: dict[Identifier, Met], time: str) -> None:
        found = [self._object(entry_uuid) for entry_uuid in removed]
        for key, kind in found:
            lid = None
            if kind in _MARK_LATEST:
                lid, patient = self._execute(
                    "SELECT lid, patient FROM document_entry WHERE key = ?1 "
                    "UNION ALL SELECT lid, patient FROM folder WHERE key = ?1",
                    (key,),
                ).fetchone()
                if patient is not None:
                    cx = self._patients.shown(patient).cx
                    patients[Identifier(cx)] = (patient, cx)
            if kind == ASSOCIATION:
                self._touch_source(key, time)
            logical = self._execute(_LOGICAL[kind], (key,)).fetchone() if kind in _LOGICAL else None
            self._execute(_REMOVE[kind], (key,))
            self._execute("DELETE FROM object WHERE key = ?", (key,))
            if logical and not self._execute(_LEFT[kind], logical[:1]).fetchone():
                self._execute(
                    "INSERT OR REPLACE INTO removed (lid, kind, version, time) VALUES (?, ?, ?, ?)",
                    (logical[0], kind, logical[1], time),
                )
            if lid is not None:
                self._execute(_MARK_LATEST[kind], (lid,))
        for key, _ in found:
            if self._execute(
                "SELECT 1 FROM association WHERE source = ?1 OR target = ?1", (key,)
            ).fetchone():
                raise LookupError("an association would lose one of its ends")

    def _keep_documents(self, documents: Iterable[DocumentRecord]) -> None:
        for document in documents:
            self._execute(
                "INSERT OR REPLACE INTO document (unique_id, mime_type, size, sha1, content) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    document.unique_id,
                    document.mime_type,
                    document.size,
                    document.sha1,
                    bytes.fromhex(document.content),
                ),
            )

    def _announce(
        self,
        changes: Changes,
        keys: dict[str, tuple[int, int]],
        patients: dict[Identifier, Met],
        time: str,
    ) -> None:
        if not changes.events:
            return
        submission = next((uuid for uuid, (_, kind) in keys.items() if kind == SUBMISSION_SET), "")
        shown = [cx for _, cx in dict.fromkeys(patients.values())] or [NOBODY.cx]
        for event in changes.events:
            for cx in shown:
                self._execute(
                    "INSERT INTO outbox (event, submission, patient, time) VALUES (?, ?, ?, ?)",
                    (event, submission, cx, time),
                )
