"""The audit trail: rows that are added and never touched again."""

AUDIT = """
    -- What was kept is `octets`; the columns before it repeat parts of them for searches, and
    -- `hash` ties the row to all rows before it (gateway.codecs.audit_octets). Verification looks
    -- at every column, so that none can be changed unnoticed.
    CREATE TABLE audit_event (
        number           INTEGER PRIMARY KEY,  -- 1, 2, 3, ... without holes
        id               TEXT NOT NULL UNIQUE, -- urn:uuid:
        time             TEXT NOT NULL,
        patient          TEXT NOT NULL,        -- value^authority as the request named it; or empty
        agent            TEXT NOT NULL,        -- key of the subject; or empty
        transaction_code TEXT NOT NULL,
        action           TEXT NOT NULL,
        outcome          INTEGER NOT NULL,
        octets           BLOB NOT NULL,
        hash             BLOB NOT NULL
    );
    CREATE INDEX audit_event_time ON audit_event (time);
    CREATE INDEX audit_event_patient ON audit_event (patient, agent) WHERE patient <> '';

    CREATE TRIGGER audit_event_is_kept BEFORE DELETE ON audit_event BEGIN
        SELECT RAISE(ABORT, 'the audit trail is append-only');
    END;
    CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event BEGIN
        SELECT RAISE(ABORT, 'the audit trail is append-only');
    END;

    -- A signature over the hash of one event vouches for all events before it.
    CREATE TABLE audit_checkpoint (
        number INTEGER PRIMARY KEY,            -- of the last event it covers
        line   BLOB NOT NULL                   -- as it stands in the file of checkpoints as well
    );
    CREATE TRIGGER audit_checkpoint_is_kept BEFORE DELETE ON audit_checkpoint BEGIN
        SELECT RAISE(ABORT, 'the audit trail is append-only');
    END;
    CREATE TRIGGER audit_checkpoint_stays BEFORE UPDATE ON audit_checkpoint BEGIN
        SELECT RAISE(ABORT, 'the audit trail is append-only');
    END;

    -- How far each receiver of the trail has come.
    CREATE TABLE audit_feed (
        name   TEXT PRIMARY KEY,
        number INTEGER NOT NULL                -- of the last event it is known to have
    ) WITHOUT ROWID;
    CREATE TABLE audit_refused (
        feed   TEXT NOT NULL,
        number INTEGER NOT NULL,               -- of an event a receiver did not take
        answer TEXT NOT NULL,                  -- what it said instead
        PRIMARY KEY (feed, number)
    ) WITHOUT ROWID;
    """
