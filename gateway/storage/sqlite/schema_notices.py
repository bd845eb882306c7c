"""Notices, how far each got on each channel, and subscriptions."""

NOTICES = """
    -- What somebody is told afterwards. Written in the transaction of what it tells of.
    CREATE TABLE notice (
        number         INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order they were made
        id             TEXT NOT NULL UNIQUE,
        kind           TEXT NOT NULL,
        recipient_kind TEXT NOT NULL,
        recipient      TEXT NOT NULL,    -- CX text
        recipient_key  TEXT NOT NULL,    -- value and authority, see words.patient_key
        patient        TEXT NOT NULL,    -- CX text
        time           TEXT NOT NULL,
        event          TEXT NOT NULL DEFAULT '',
        who            TEXT NOT NULL DEFAULT '',
        mode           TEXT NOT NULL DEFAULT 'normal',
        entry_uuid     TEXT NOT NULL DEFAULT '',
        addressed      INTEGER NOT NULL DEFAULT 0  -- its channels were chosen
    );
    CREATE INDEX notice_recipient ON notice (recipient_key, number);
    CREATE INDEX notice_new ON notice (number) WHERE NOT addressed;

    CREATE TABLE delivery (
        notice   INTEGER NOT NULL REFERENCES notice (number),
        channel  TEXT NOT NULL,
        state    TEXT NOT NULL,          -- waiting, withheld, delivered or dropped
        attempts INTEGER NOT NULL DEFAULT 0,
        due      TEXT NOT NULL,          -- not before this moment
        ended    TEXT NOT NULL DEFAULT '',
        trouble  TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (notice, channel)
    ) WITHOUT ROWID;
    CREATE INDEX delivery_due ON delivery (due) WHERE state IN ('waiting', 'withheld');

    -- Where people are reached, and in which language.
    CREATE TABLE contact (
        recipient_key TEXT PRIMARY KEY,
        recipient     TEXT NOT NULL,
        email         TEXT NOT NULL DEFAULT '',
        endpoint      TEXT NOT NULL DEFAULT '',
        language      TEXT NOT NULL DEFAULT '',
        sequence      INTEGER NOT NULL DEFAULT 0,  -- messages the endpoint has acknowledged
        time          TEXT NOT NULL
    ) WITHOUT ROWID;

    -- What a deadline has made already, so that it makes it once.
    CREATE TABLE deadline (
        name TEXT PRIMARY KEY,
        time TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE subscription (
        number      INTEGER PRIMARY KEY AUTOINCREMENT,
        id          TEXT NOT NULL UNIQUE,   -- the FHIR id
        owner       TEXT NOT NULL,          -- key of the subscriber
        status      TEXT NOT NULL,
        farewell    INTEGER NOT NULL DEFAULT 0,  -- the endpoint is still to hear of the end
        patient_key TEXT NOT NULL,          -- as the subscriber named the patient; empty for any
        due         TEXT NOT NULL,
        state       TEXT NOT NULL           -- all of it, JSON
    );
    CREATE INDEX subscription_owner ON subscription (owner);
    CREATE INDEX subscription_open ON subscription (due)
        WHERE status IN ('requested', 'active') OR farewell;
    CREATE INDEX subscription_patient ON subscription (patient_key)
        WHERE status IN ('requested', 'active');

    -- What may interest a subscriber; whether it does is looked at when it is told.
    CREATE TABLE subscription_event (
        number       INTEGER PRIMARY KEY AUTOINCREMENT,
        subscription INTEGER NOT NULL REFERENCES subscription (number),
        submission   TEXT NOT NULL,
        patient      TEXT NOT NULL,      -- CX text
        time         TEXT NOT NULL,
        after        INTEGER NOT NULL DEFAULT 0  -- key of the last object that was told
    );
    CREATE INDEX subscription_event_of ON subscription_event (subscription, number);
"""
