"""New objects, written into the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import RELATIONSHIPS, AvailabilityStatus, DocumentAvailability
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import filling, words
from gateway.storage.sqlite.facts import (
    Restricting,
    author_keys,
    bits_of,
    owner_columns,
    texts_of,
)
from gateway.storage.sqlite.lineage import LINKS, Lineages
from gateway.storage.sqlite.patients import PatientRows
from gateway.storage.sqlite.words import ASSOCIATION, DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET

_STILL_REPLACED = (
    "UPDATE document_entry SET (deprecated_with, status_before) = (SELECT b.deprecated_with, "
    "b.status_before FROM document_entry b WHERE b.lid = ?2 AND b.version < ?3 "
    "AND b.key <> ?1 ORDER BY b.version DESC LIMIT 1) WHERE key = ?1 AND status = "
    + str(words.stored(AvailabilityStatus.DEPRECATED))
)

_KINDS: dict[type[RegistryObject], int] = {
    DocumentEntry: DOCUMENT_ENTRY,
    SubmissionSet: SUBMISSION_SET,
    Folder: FOLDER,
    Association: ASSOCIATION,
}

Met = tuple[int, str]
"""A patient of the changes: its row, and the surviving patient id as CX text."""

Keys = dict[str, tuple[int, int]]
"""Key and kind of each new object by its entryUUID."""

# The newest version under a logical id is the one queries show; which one that is changes when a
# version comes or goes.
MARK_LATEST = {
    DOCUMENT_ENTRY: (
        "UPDATE document_entry SET latest = (key = (SELECT n.key FROM document_entry n "
        "WHERE n.lid = ?1 ORDER BY n.version DESC, n.key DESC LIMIT 1)) WHERE lid = ?1"
    ),
    FOLDER: (
        "UPDATE folder SET latest = (key = (SELECT n.key FROM folder n "
        "WHERE n.lid = ?1 ORDER BY n.version DESC, n.key DESC LIMIT 1)) WHERE lid = ?1"
    ),
}

# A resource shows what its object is the source of: links that come, go or change status change it.
_TOUCH_SOURCE = tuple(
    sql + " SET last_updated = ?1, touched = touched + 1 "
    "WHERE key = (SELECT source FROM association WHERE key = ?2)"
    for sql in ("UPDATE document_entry", "UPDATE submission_set", "UPDATE folder")
)

_FIRST_DEPOSIT = (
    "SELECT ifnull(deposited, registration_time), depositors FROM document_entry "
    "WHERE lid = ? ORDER BY version, key LIMIT 1"
)


class Adder:
    """Writes new objects through one connection, inside whatever transaction is open."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        fragments: Fragments,
        patients: PatientRows,
        restricting: Restricting,
    ) -> None:
        """Take what it writes with.

        Args:
            restricting: Restricts documents by their confidentiality codes.
        """
        self._execute = connection.execute
        self._fragments = fragments
        self._patients = patients
        self._restricting = restricting

    def add(
        self,
        changes: Changes,
        patients: dict[Identifier, Met],
        lineages: Lineages,
        time: str,
    ) -> Keys:
        """Write the new objects of changes.

        Args:
            patients: The patients of the changes; more are added as they come.
            lineages: Where it is noted which entries belong together.
            time: The present, DTM of 14 digits.
        """
        keys: Keys = {}
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
        depositors = author_keys(
            author
            for value in changes.added
            if isinstance(value, SubmissionSet)
            for author in value.author
        )
        for value in changes.added:
            key = keys[value.entry_uuid][0]
            match value:
                case DocumentEntry():
                    patient = self._patient(value, patients, time)
                    self._add_entry(key, value, patient, depositors, lineages, time)
                case SubmissionSet():
                    patient = self._patient(value, patients, time)
                    self._add_set(key, value, patient, changes.fingerprint, time)
                case Folder():
                    patient = self._patient(value, patients, time)
                    self._add_folder(key, value, patient, depositors, time)
        # Last, when both ends of every association can have been added.
        moments = {touch.entry_uuid: touch.last_update_time for touch in changes.touched}
        for value in changes.added:
            if isinstance(value, Folder) and value.last_update_time is not None:
                moments.setdefault(value.entry_uuid, value.last_update_time.lower)
        for value in changes.added:
            if isinstance(value, Association):
                self._add_association(value, keys, moments, lineages, time)
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

    def _add_entry(
        self,
        key: int,
        entry: DocumentEntry,
        patient: int | None,
        depositors: Mapping[str, None],
        lineages: Lineages,
        time: str,
    ) -> None:
        lid = entry.logical_id or entry.entry_uuid
        confidentiality = words.codes_text(entry.confidentiality_code)
        marked = bits_of(confidentiality, self._restricting.codes)
        brought_by, deposited = depositors, None
        if lid != entry.entry_uuid:
            # A version of a description is no new deposit: whoever writes it gains nothing by it.
            first = self._execute(_FIRST_DEPOSIT, (lid,)).fetchone()
            if first is not None:
                deposited, brought_by = first[0], dict.fromkeys(texts_of(first[1]))
        version = words.version_number(entry.version)
        self._execute(
            "INSERT INTO document_entry (key, patient, status, lid, version, latest, offline, "
            "availability, object_type, unique_id, class_code, type_code, practice_setting_code, "
            "healthcare_facility_type_code, format_code, event_code_list, confidentiality_code, "
            "reference_id_list, author_person, author_family, author_given, creation_time, "
            "service_start_time, service_stop_time, registration_time, last_updated, "
            "creation_time_last, service_start_time_last, service_stop_time_last, "
            "author_institution, mime_type, language_code, marked, restrictions, hidden_until, "
            "owners, authors, depositors, deposited) VALUES "
            "(?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                confidentiality,
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
                marked,
                marked,
                self._restricting.hidden_until(marked, deposited or time),
                *owner_columns(entry.author, brought_by),
                deposited,
            ),
        )
        if lid != entry.entry_uuid:
            self._execute(MARK_LATEST[DOCUMENT_ENTRY], (lid,))
            # A new version of what a replacement deprecated is Deprecated for the same reason.
            self._execute(_STILL_REPLACED, (key, lid, version))
            lineages.join_versions(lid)

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

    def _add_folder(
        self,
        key: int,
        folder: Folder,
        patient: int | None,
        creators: Mapping[str, None],
        time: str,
    ) -> None:
        lid = folder.logical_id or folder.entry_uuid
        self._execute(
            "INSERT INTO folder (key, patient, status, lid, version, latest, unique_id, "
            "last_update_time, code_list, registration_time, last_updated, title, made, creators) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                words.time_text(folder.last_update_time),
                self._creators(lid) or words.several(creators),
            ),
        )
        if lid != folder.entry_uuid:
            self._execute(MARK_LATEST[FOLDER], (lid,))

    def _creators(self, lid: str) -> str | None:
        """Who made the first version of a folder."""
        first = self._execute(
            "SELECT creators FROM folder WHERE lid = ? ORDER BY version, key LIMIT 1", (lid,)
        ).fetchone()
        return None if first is None else first[0]

    def _add_association(
        self,
        value: Association,
        keys: Keys,
        moments: Mapping[str, str],
        lineages: Lineages,
        time: str,
    ) -> None:
        key = keys[value.entry_uuid][0]
        source, source_kind = keys.get(value.source_object) or self.object(value.source_object)
        target, target_kind = keys.get(value.target_object) or self.object(value.target_object)
        kind = words.stored(value.association_type)
        self._execute(
            "INSERT INTO association (key, association_type, source, source_kind, target, "
            "target_kind, status, last_updated, by_reference, moment) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                kind,
                source,
                source_kind,
                target,
                target_kind,
                words.stored(value.availability_status),
                time,
                value.submission_set_status == "Reference",
                moments.get(value.source_object) if source_kind == FOLDER else None,
            ),
        )
        if value.association_type in RELATIONSHIPS:
            self._execute("UPDATE document_entry SET related = 1 WHERE key = ?", (source,))
        if kind in LINKS and source_kind == target_kind == DOCUMENT_ENTRY:
            lineages.join(source, target)
        if value.source_object not in keys:
            self.touch_source(key, time)

    def object(self, entry_uuid: str) -> tuple[int, int]:
        """Key and kind of an object of the registry.

        Raises:
            LookupError: There is none with this id.
        """
        row = self._execute(
            "SELECT key, kind FROM object WHERE entry_uuid = ?", (entry_uuid,)
        ).fetchone()
        if row is None:
            raise LookupError("no object " + entry_uuid + " in the registry")
        key, kind = row
        return key, kind

    def touch_source(self, association: int, time: str) -> None:
        """Note that a link changed what its source shows."""
        self._execute("UPDATE association SET touches = touches + 1 WHERE key = ?", (association,))
        for sql in _TOUCH_SOURCE:
            self._execute(sql, (time, association))
