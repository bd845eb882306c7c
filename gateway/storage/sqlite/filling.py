"""The columns that came with later versions, filled in from the objects a file already holds."""

from __future__ import annotations

import json
import sqlite3

from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission_set import SubmissionSet
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import words
from gateway.storage.sqlite.known import SqliteKnown
from gateway.storage.sqlite.patients import PatientRows, name_keys
from gateway.storage.sqlite.words import ASSOCIATION

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
    if step != 3:
        return
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
