"""The columns that came with later versions, filled in from the objects a file already holds."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AvailabilityStatus
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import marks
from gateway.storage.sqlite.facts import (
    Restricting,
    author_keys,
    bits_of,
    owner_columns,
)
from gateway.storage.sqlite.known import SqliteKnown
from gateway.storage.sqlite.lineage import LINKS, Lineages
from gateway.storage.sqlite.patients import PatientRows, name_keys
from gateway.storage.sqlite.replaced import REPLACING
from gateway.storage.sqlite.schema import connect
from gateway.storage.sqlite.words import (
    ASSOCIATION,
    DOCUMENT_ENTRY,
    HAS_MEMBER,
    SUBMISSION_SET,
)

Columns = tuple[str | None, ...]


def entry_columns(entry: DocumentEntry) -> Columns:
    """Last seconds of creation and service times, institutions, media type, language."""
    return (
        words.last_text(entry.creation_time),
        words.last_text(entry.service_start_time),
        words.last_text(entry.service_stop_time),
        words.institutions_text(entry.author),
        entry.mime_type,
        entry.language_code,
    )


def set_columns(value: SubmissionSet) -> Columns:
    """Last second of the submission time, institutions, titles."""
    return (
        words.last_text(value.submission_time),
        words.institutions_text(value.author),
        words.several(words.clean(text.value) for text in value.title),
    )


def folder_columns(value: Folder) -> Columns:
    """Titles."""
    return (words.several(words.clean(text.value) for text in value.title),)


def fill(connection: sqlite3.Connection, fragments: Fragments, step: int) -> None:
    """Fill in what a step of the schema added, for objects that were there before it."""
    if step == 3:
        _fill_searched(connection, fragments)
    elif step == 5:
        _fill_facts(connection, fragments)


def _fill_searched(connection: sqlite3.Connection, fragments: Fragments) -> None:
    """What FHIR searches ask besides."""
    known = SqliteKnown(connection, fragments, PatientRows(connection))
    objects = connection.execute(
        "SELECT key, entry_uuid FROM object WHERE kind <> ?", (ASSOCIATION,)
    ).fetchall()
    for key, entry_uuid in objects:
        match known.object(entry_uuid):
            case DocumentEntry() as entry:
                connection.execute(
                    "UPDATE document_entry SET creation_time_last = ?, "
                    "service_start_time_last = ?, service_stop_time_last = ?, "
                    "author_institution = ?, mime_type = ?, language_code = ? WHERE key = ?",
                    (*entry_columns(entry), key),
                )
            case SubmissionSet() as value:
                connection.execute(
                    "UPDATE submission_set SET submission_time_last = ?, author_institution = ?, "
                    "title = ? WHERE key = ?",
                    (*set_columns(value), key),
                )
            case Folder() as folder:
                connection.execute(
                    "UPDATE folder SET title = ? WHERE key = ?", (*folder_columns(folder), key)
                )
    for number, family, given in connection.execute(
        "SELECT id, family, given FROM patient"
    ).fetchall():
        connection.execute(
            "UPDATE patient SET family_key = ?, given_key = ? WHERE id = ?",
            (*name_keys(family, json.loads(given)), number),
        )


# --- What decisions look at ----------------------------------------------------------------------


def _fill_facts(connection: sqlite3.Connection, fragments: Fragments) -> None:
    """Authors, depositors and lineages; the restrictions follow with their codes."""
    known = SqliteKnown(connection, fragments, PatientRows(connection))
    depositors = {
        key: _keys_of(known, entry_uuid)
        for key, entry_uuid in connection.execute(
            "SELECT s.key, o.entry_uuid FROM submission_set s JOIN object o ON o.key = s.key"
        ).fetchall()
    }
    # What was changed before is not told apart by whom: all of it counts as the object's own.
    for statement in (
        "UPDATE document_entry SET own_touched = touched, own_updated = last_updated",
        # But for the replacement that its link tells of.
        "UPDATE document_entry SET own_touched = max(own_touched - 1, 0), deprecated_with = key, "
        "status_before = "
        + str(words.APPROVED)
        + " WHERE status = "
        + str(words.stored(AvailabilityStatus.DEPRECATED))
        + " AND latest AND EXISTS (SELECT 1 FROM association a WHERE a.target = document_entry.key "
        "AND a.association_type IN (" + ", ".join(map(str, REPLACING)) + "))",
        "UPDATE submission_set SET own_touched = touched, own_updated = last_updated",
        "UPDATE folder SET made = registration_time",
        "UPDATE association SET moment = last_updated WHERE source_kind = 3",
        "UPDATE association SET touches = 1 WHERE source_kind = 3 AND last_updated > "
        "(SELECT f.registration_time FROM folder f WHERE f.key = association.source)",
    ):
        connection.execute(statement)
    lineages = Lineages(connection, _kept(connection))
    for key, lid, first in connection.execute(
        "SELECT e.key, e.lid, (SELECT v.key FROM document_entry v "
        "WHERE v.lid = e.lid ORDER BY v.version, v.key LIMIT 1) FROM document_entry e"
    ).fetchall():
        (entry_uuid,) = connection.execute(
            "SELECT entry_uuid FROM object WHERE key = ?", (key,)
        ).fetchone()
        entry = known.object(entry_uuid)
        assert isinstance(entry, DocumentEntry)
        deposited = None
        if first != key:
            lineages.join_versions(lid)
            (deposited,) = connection.execute(
                "SELECT registration_time FROM document_entry WHERE key = ?", (first,)
            ).fetchone()
        connection.execute(
            "UPDATE document_entry SET owners = ?, authors = ?, depositors = ?, deposited = ? "
            "WHERE key = ?",
            (
                *owner_columns(entry.author, _brought_by(connection, first, depositors)),
                deposited,
                key,
            ),
        )
    for (key,) in connection.execute("SELECT key FROM folder").fetchall():
        creators = words.several(_brought_by(connection, key, depositors))
        connection.execute("UPDATE folder SET creators = ? WHERE key = ?", (creators, key))
    for source, target in connection.execute(
        "SELECT source, target FROM association WHERE source_kind = ? AND target_kind = ? "
        "AND association_type IN " + marks(LINKS),
        (DOCUMENT_ENTRY, DOCUMENT_ENTRY, *LINKS),
    ).fetchall():
        lineages.join(source, target)
    lineages.settle()


def _keys_of(known: SqliteKnown, entry_uuid: str) -> dict[str, None]:
    value = known.object(entry_uuid)
    assert isinstance(value, SubmissionSet)
    return author_keys(value.author)


def _brought_by(
    connection: sqlite3.Connection, key: int, depositors: dict[int, dict[str, None]]
) -> dict[str, None]:
    """The authors of the submission set that an entry or folder came with."""
    row = connection.execute(
        "SELECT source FROM association WHERE target = ? AND source_kind = ? "
        "AND association_type = ? AND NOT by_reference ORDER BY key LIMIT 1",
        (key, SUBMISSION_SET, HAS_MEMBER),
    ).fetchone()
    return depositors.get(row[0], {}) if row else {}


def restricting(path: Path, wanted: Restricting | None) -> Restricting:
    """Give what restricts documents.

    Where that is something else than what the file was worked out with, all its documents are
    worked out again.

    Args:
        wanted: ``None`` for what the file was worked out with.
    """
    connection = connect(path)
    try:
        connection.execute("PRAGMA busy_timeout = 10000")
        if (kept := _kept(connection)) == wanted or wanted is None:
            return kept
        connection.execute("BEGIN IMMEDIATE")
        if _kept(connection) != wanted:
            _restrict_all(connection, wanted)
            for name, value in ((_CODES, json.dumps(wanted.codes)), (_MONTHS, wanted.months)):
                connection.execute(
                    "INSERT OR REPLACE INTO access_setting (name, value) VALUES (?, ?)",
                    (name, value),
                )
        connection.execute("COMMIT")
        return wanted
    finally:
        connection.close()


_CODES = "restriction codes"
_MONTHS = "release months"


def _kept(connection: sqlite3.Connection) -> Restricting:
    said = dict(
        connection.execute(
            "SELECT name, value FROM access_setting WHERE name IN (?, ?)", (_CODES, _MONTHS)
        ).fetchall()
    )
    return Restricting(json.loads(said.get(_CODES, "{}")), int(said.get(_MONTHS, 1)))


def _restrict_all(connection: sqlite3.Connection, wanted: Restricting) -> None:
    for key, held, deposited in connection.execute(
        "SELECT key, confidentiality_code, ifnull(deposited, registration_time) FROM document_entry"
    ).fetchall():
        bits = bits_of(held, wanted.codes)
        connection.execute(
            "UPDATE document_entry SET marked = ?1, restrictions = ?1, hidden_until = ?2 "
            "WHERE key = ?3 AND (?1 <> 0 OR restrictions <> 0)",
            (bits, wanted.hidden_until(bits, deposited), key),
        )
    Lineages(connection, wanted).restrict_all()
