"""The tables, and how a file of an earlier version becomes one of this version.

Every registry object has one row in ``object`` (its number, its id, its two fragments) and one in
the table of its kind with what queries look at. Numbers ascend in the order of registration over
all kinds; they are what answers are ordered by and what associations store as their two ends, so
that the indexes of a growing registry grow at their end instead of everywhere.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from gateway.storage.sqlite.schema_access import ACCESS, REPLACED
from gateway.storage.sqlite.schema_audit import AUDIT
from gateway.storage.sqlite.schema_notices import NOTICES
from gateway.storage.write_ahead import WAIT_FOR_LOCK, write_ahead

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE patient (
        id           INTEGER PRIMARY KEY,
        logical_id   TEXT NOT NULL UNIQUE,
        cx           TEXT NOT NULL,      -- the first identifier, as it was told
        identifiers  TEXT NOT NULL,      -- all of them, a JSON list
        family       TEXT NOT NULL DEFAULT '',
        given        TEXT NOT NULL DEFAULT '[]',
        birth_date   TEXT,
        gender       TEXT NOT NULL DEFAULT '',
        active       INTEGER NOT NULL DEFAULT 1,
        known        INTEGER NOT NULL,   -- told by feed or administrator, not only met
        merged_into  INTEGER REFERENCES patient (id),
        survivor     INTEGER NOT NULL,   -- where a chain of merges ends; itself when not merged
        version      INTEGER NOT NULL DEFAULT 1,
        last_updated TEXT NOT NULL
    );
    CREATE INDEX patient_survivor ON patient (survivor);
    CREATE INDEX patient_merged_into ON patient (merged_into) WHERE merged_into IS NOT NULL;

    CREATE TABLE patient_identifier (
        identifier TEXT PRIMARY KEY,     -- value and authority, see words.patient_key
        patient    INTEGER NOT NULL REFERENCES patient (id)
    ) WITHOUT ROWID;
    CREATE INDEX patient_identifier_patient ON patient_identifier (patient);

    CREATE TABLE object (
        key        INTEGER PRIMARY KEY,
        kind       INTEGER NOT NULL,
        entry_uuid TEXT NOT NULL UNIQUE,
        ebrim      BLOB NOT NULL,
        fhir       BLOB
    );

    CREATE TABLE document_entry (
        key                           INTEGER PRIMARY KEY REFERENCES object (key),
        patient                       INTEGER REFERENCES patient (id),
        status,                          -- small number or text, see words.stored
        lid                           TEXT NOT NULL,
        version                       INTEGER NOT NULL,
        latest                        INTEGER NOT NULL,  -- no newer version under this lid
        offline                       INTEGER NOT NULL,
        availability                  TEXT,
        object_type,  -- small number or text, see words.stored
        unique_id                     TEXT,
        class_code                    TEXT,
        type_code                     TEXT,
        practice_setting_code         TEXT,
        healthcare_facility_type_code TEXT,
        format_code                   TEXT,
        event_code_list               TEXT,
        confidentiality_code          TEXT,
        reference_id_list             TEXT,
        author_person                 TEXT,
        author_family                 TEXT,
        author_given                  TEXT,
        creation_time                 TEXT,
        service_start_time            TEXT,
        service_stop_time             TEXT,
        registration_time             TEXT NOT NULL,
        last_updated                  TEXT NOT NULL,
        related                       INTEGER NOT NULL DEFAULT 0  -- source of a relationship
    );
    CREATE INDEX document_entry_patient ON document_entry (patient);
    CREATE INDEX document_entry_lid ON document_entry (lid);
    CREATE INDEX document_entry_unique_id ON document_entry (unique_id);

    CREATE TABLE submission_set (
        key               INTEGER PRIMARY KEY REFERENCES object (key),
        patient           INTEGER REFERENCES patient (id),
        status,                          -- small number or text, see words.stored
        lid               TEXT NOT NULL,
        version           INTEGER NOT NULL,
        unique_id         TEXT UNIQUE,
        source_id         TEXT,
        submission_time   TEXT,
        content_type_code TEXT,
        author_person     TEXT,
        author_family     TEXT,
        author_given      TEXT,
        registration_time TEXT NOT NULL,
        last_updated      TEXT NOT NULL,
        fingerprint       BLOB
    );
    CREATE INDEX submission_set_patient ON submission_set (patient);

    CREATE TABLE folder (
        key               INTEGER PRIMARY KEY REFERENCES object (key),
        patient           INTEGER REFERENCES patient (id),
        status,                          -- small number or text, see words.stored
        lid               TEXT NOT NULL,
        version           INTEGER NOT NULL,
        latest            INTEGER NOT NULL,
        unique_id         TEXT,
        last_update_time  TEXT,
        code_list         TEXT,
        registration_time TEXT NOT NULL,
        last_updated      TEXT NOT NULL
    );
    CREATE INDEX folder_patient ON folder (patient);
    CREATE INDEX folder_lid ON folder (lid);
    CREATE INDEX folder_unique_id ON folder (unique_id);

    CREATE TABLE association (
        key              INTEGER PRIMARY KEY REFERENCES object (key),
        association_type,  -- small number or text, see words.stored
        source           INTEGER NOT NULL REFERENCES object (key),
        source_kind      INTEGER NOT NULL,
        target           INTEGER NOT NULL REFERENCES object (key),
        target_kind      INTEGER NOT NULL,
        status,                          -- small number or text, see words.stored
        last_updated     TEXT NOT NULL,
        by_reference     INTEGER NOT NULL -- a submission set names what another one brought
    );
    CREATE INDEX association_source ON association (source);
    CREATE INDEX association_target ON association (target);

    CREATE TABLE document (
        unique_id TEXT PRIMARY KEY,
        mime_type TEXT NOT NULL,
        size      INTEGER NOT NULL,
        sha1      TEXT NOT NULL,
        content   BLOB NOT NULL          -- SHA-256, the document store's name for the octets
    ) WITHOUT ROWID;
    CREATE INDEX document_content ON document (content);

    CREATE TABLE outbox (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        event      TEXT NOT NULL,
        submission TEXT NOT NULL,        -- entryUUID of the submission set; empty for a removal
        patient    TEXT NOT NULL,        -- CX text; empty when no patient was named
        time       TEXT NOT NULL
    );
    """,
    """
    -- How often a version was changed in its place: its status, its members, what it relates to.
    ALTER TABLE document_entry ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE submission_set ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folder ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;

    -- What was here once: no more than that it was, so that its address says so.
    CREATE TABLE removed (
        lid     TEXT PRIMARY KEY,
        kind    INTEGER NOT NULL,
        version INTEGER NOT NULL,
        time    TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # What FHIR searches ask besides: gateway.storage.sqlite.filling fills it in.
    """
    ALTER TABLE document_entry ADD COLUMN creation_time_last TEXT;   -- where not the first second
    ALTER TABLE document_entry ADD COLUMN service_start_time_last TEXT;
    ALTER TABLE document_entry ADD COLUMN service_stop_time_last TEXT;
    ALTER TABLE document_entry ADD COLUMN author_institution TEXT;
    ALTER TABLE document_entry ADD COLUMN mime_type TEXT;
    ALTER TABLE document_entry ADD COLUMN language_code TEXT;
    ALTER TABLE submission_set ADD COLUMN submission_time_last TEXT;
    ALTER TABLE submission_set ADD COLUMN author_institution TEXT;
    ALTER TABLE submission_set ADD COLUMN title TEXT;
    ALTER TABLE folder ADD COLUMN title TEXT;
    -- Of OID^extension the extension: FHIR may ask for an identifier by its value alone.
    CREATE INDEX document_entry_extension ON document_entry
        (substr(unique_id, instr(unique_id, char(94)) + 1)) WHERE instr(unique_id, char(94)) > 0;
    CREATE INDEX submission_set_extension ON submission_set
        (substr(unique_id, instr(unique_id, char(94)) + 1)) WHERE instr(unique_id, char(94)) > 0;
    CREATE INDEX folder_extension ON folder
        (substr(unique_id, instr(unique_id, char(94)) + 1)) WHERE instr(unique_id, char(94)) > 0;
    ALTER TABLE patient ADD COLUMN family_key TEXT NOT NULL DEFAULT '';  -- see words.name_text
    ALTER TABLE patient ADD COLUMN given_key TEXT NOT NULL DEFAULT '';
    CREATE INDEX patient_family ON patient (family_key) WHERE family_key <> '';
    """,
    """
    -- Objects that are kept and never found again: every query starts from the table of a kind,
    -- so what left its table for this one cannot be answered by any of them.
    CREATE TABLE withdrawn (
        key       INTEGER PRIMARY KEY REFERENCES object (key),
        kind      INTEGER NOT NULL,
        status,                          -- small number or text, see words.stored
        patient   INTEGER REFERENCES patient (id),
        unique_id TEXT,
        time      TEXT NOT NULL
    );
    CREATE INDEX withdrawn_unique_id ON withdrawn (unique_id) WHERE unique_id IS NOT NULL;

    -- What a community tells of a patient's record, a JSON object; nothing where it tells nothing.
    ALTER TABLE patient ADD COLUMN record TEXT;

    -- Given to nobody any more, and still kept.
    ALTER TABLE document ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
    """,
    ACCESS,
    AUDIT,
    NOTICES,
    REPLACED,
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that says BEGIN and COMMIT itself and may be used from any one thread."""
    # The last connection of a process that leaves has the file to itself while it takes the log
    # back. Only a first look can meet that, and waits; from then on the file is never without a
    # user, and what is busy is the caller's to wait for, who has other things to do meanwhile.
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        timeout=WAIT_FOR_LOCK,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -16384")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        # Pages are read where the system keeps them, instead of copied one call each: a sixth of
        # what ten entries of a registry larger than the cache cost.
        connection.execute("PRAGMA mmap_size = 1073741824")
    else:
        # A checkpoint runs inside some commit and writes each page once, however often the log
        # has it: fewer, larger ones cost less, and 32 MB are still copied in a moment.
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


Fill = Callable[[sqlite3.Connection, int], None]
"""Fills in what a step added, from what is there: given the connection and the step's number."""


def migrate(path: Path, time: str, fill: Fill | None = None) -> None:
    """Create the file, or bring it to this version; each step wholly or not at all.

    Args:
        time: The present, DTM text, noted beside each step.
        fill: Called for each step once all are done, within their transaction: what fills in
            reads the tables as this version has them.

    Raises:
        RuntimeError: The file was written by a later version of the gateway.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        # SQLite gives its log files the permissions of the database: nobody else may read them.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        sync_directory(path.parent)
    connection = sqlite3.connect(path, isolation_level=None, timeout=WAIT_FOR_LOCK)
    try:
        # Small pages: a random index entry makes a whole page dirty, and fragments of 2 to 8 KB
        # fill chains of small pages better than they fill large ones (203 MB instead of 266).
        connection.execute("PRAGMA page_size = 4096")
        write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, time TEXT NOT NULL)"
        )
        (done,) = connection.execute("SELECT coalesce(max(number), 0) FROM migration").fetchone()
        if done > len(MIGRATIONS):
            raise RuntimeError(
                "the registry file was written by a later version of the gateway: "
                "it has migration " + str(done) + ", this version knows " + str(len(MIGRATIONS))
            )
        for number, script in enumerate(MIGRATIONS[done:], done + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (?, ?)", (number, time))
        if fill is not None:
            for number in range(done + 1, len(MIGRATIONS) + 1):
                fill(connection, number)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _statements(script: str) -> list[str]:
    # executescript would commit first; a step must stay inside its transaction.
    statements, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements


def sync_directory(path: Path) -> None:
    """Make a directory's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
