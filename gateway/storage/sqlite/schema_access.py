"""What decisions look at in a document, and what patients decided."""

ACCESS = """
    -- Which documents are linked with which others, by replacement, transformation, addition or as
    -- versions of one description: the smallest key among them; nothing for one that stands alone.
    ALTER TABLE document_entry ADD COLUMN lineage INTEGER;
    -- Restrictions as bits: what the entry's own labels say, and what its lineage makes of it.
    ALTER TABLE document_entry ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE document_entry ADD COLUMN restrictions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE document_entry ADD COLUMN hidden_until TEXT;
    -- Keys of authors, their institutions and those who brought it; of the first two alone, and
    -- of the last ones alone, where that is not the same.
    ALTER TABLE document_entry ADD COLUMN owners TEXT;
    ALTER TABLE document_entry ADD COLUMN authors TEXT;
    ALTER TABLE document_entry ADD COLUMN depositors TEXT;
    ALTER TABLE document_entry ADD COLUMN deposited TEXT;  -- where not the registration time
    CREATE INDEX document_entry_lineage ON document_entry (lineage) WHERE lineage IS NOT NULL;

    -- Of an entry that a replacement deprecated, of itself or of what it belongs to: a key from
    -- which on replacing links count, and the status it had before, which it still has for whoever
    -- sees no such replacement.
    ALTER TABLE document_entry ADD COLUMN deprecated_with INTEGER;
    ALTER TABLE document_entry ADD COLUMN status_before;
    CREATE INDEX document_entry_deprecated_with ON document_entry (deprecated_with)
        WHERE deprecated_with IS NOT NULL;

    -- The changes of an object that no link to another one made, so that somebody who does not see
    -- the other one is not told of a change.
    ALTER TABLE document_entry ADD COLUMN own_touched INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE document_entry ADD COLUMN own_updated TEXT;  -- where not the registration time
    ALTER TABLE submission_set ADD COLUMN own_touched INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE submission_set ADD COLUMN own_updated TEXT;
    ALTER TABLE folder ADD COLUMN own_touched INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folder ADD COLUMN own_updated TEXT;
    ALTER TABLE association ADD COLUMN touches INTEGER NOT NULL DEFAULT 0;  -- of its source
    CREATE INDEX association_touching ON association (source) WHERE touches > 0;

    -- A folder's lastUpdateTime as it came, and what each member made of it. Of a replacing link:
    -- when it deprecated its target.
    ALTER TABLE folder ADD COLUMN made TEXT;
    ALTER TABLE folder ADD COLUMN creators TEXT;
    ALTER TABLE association ADD COLUMN moment TEXT;

    -- What the columns above were worked out with, and counters.
    CREATE TABLE access_setting (
        name  TEXT PRIMARY KEY,
        value NOT NULL
    ) WITHOUT ROWID;

    -- Counts the changes of choices and of the patient's own state.
    ALTER TABLE patient ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE statement (
        key         INTEGER PRIMARY KEY,
        id          TEXT NOT NULL,
        version     INTEGER NOT NULL,
        patient     INTEGER NOT NULL REFERENCES patient (id),
        active      INTEGER NOT NULL,
        statement   TEXT NOT NULL,       -- JSON, see statements.py
        recorded    TEXT NOT NULL,
        recorded_by TEXT NOT NULL,
        secret      INTEGER NOT NULL,
        document    TEXT NOT NULL,
        resource    BLOB NOT NULL,
        UNIQUE (id, version)
    );
    CREATE INDEX statement_patient ON statement (patient);

    CREATE TABLE emergency_declaration (
        id        TEXT PRIMARY KEY,
        patient   INTEGER NOT NULL REFERENCES patient (id),
        subject   TEXT NOT NULL,
        structure TEXT NOT NULL,
        mode      TEXT NOT NULL,
        reason    TEXT NOT NULL,
        start     TEXT NOT NULL,
        until     TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX emergency_declaration_patient ON emergency_declaration (patient, subject);

    -- Who was let read which record, so that its patient is told of the first time only.
    CREATE TABLE accessed (
        patient INTEGER NOT NULL REFERENCES patient (id),
        subject TEXT NOT NULL,
        PRIMARY KEY (patient, subject)
    ) WITHOUT ROWID;

    CREATE TABLE delegation (
        delegate  TEXT NOT NULL,         -- value and authority
        principal TEXT NOT NULL,
        named     TEXT NOT NULL,         -- the two identifiers as they were told, a JSON list
        start     TEXT NOT NULL,
        until     TEXT NOT NULL,
        PRIMARY KEY (delegate, principal)
    ) WITHOUT ROWID;
"""

REPLACED = """
    -- A status is found out along the links that led to it.
    UPDATE association SET moment = last_updated
        WHERE moment IS NULL AND source_kind = 1 AND association_type IN (22, 25);
"""
