"""The end of records: what was closed for longer than records are kept goes for good.

Everything of the record goes in one transaction: objects, documents' records, choices, notices,
subscriptions, and the patient; the octets of its documents are no longer referred to and are swept.
The audit trail is another file of the house's memory, so it stays and tells of the destruction.

Source:
    Section 5 of docs/reference/access-control.md: retention.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from gateway.consent.times import latest, months_later
from gateway.model.datatypes import Identifier
from gateway.model.record import ExpiredRecord, RecordStatus
from gateway.ports import Account, ChoiceStore
from gateway.storage.sqlite.file import RegistryFile
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.words import patient_key


async def expired(
    file: RegistryFile, choices: ChoiceStore, now: str, years: int
) -> tuple[ExpiredRecord, ...]:
    """Give the records that were closed so many years ago, or earlier.

    A record that is closed without anybody having told since when is kept.
    """
    found = []
    for patient in await file.ask(_perhaps_closed):
        record = await choices.record(patient)
        if record is None or record.status is not RecordStatus.CLOSED or not record.closed_on:
            continue
        if _end(record.closed_on, years) <= now:
            found.append(ExpiredRecord(record.patient, record.closed_on))
    return tuple(found)


def _perhaps_closed(rows: Rows) -> tuple[Identifier, ...]:
    """Patients of whom something is said that may have closed the record."""
    return tuple(
        Identifier(cx)
        for (cx,) in rows.connection.execute(
            "SELECT cx FROM patient WHERE survivor = id AND (NOT active OR record IS NOT NULL OR "
            "id IN (SELECT p.survivor FROM statement s JOIN patient p ON p.id = s.patient)) "
            "ORDER BY id"
        )
    )


def _end(closed_on: str, years: int) -> str:
    """The last moment a record is kept."""
    moment = closed_on
    if len(moment) < len("YYYYMMDDhhmmss"):
        # Of a day, month or year the last one counts.
        completed = {4: moment + "1231", 6: moment + "28"}.get(len(moment), moment)
        moment = completed[:8] + "235959"
    try:
        return months_later(moment[:14], 12 * years)
    except ValueError:
        return latest("")


def destroy(
    file: RegistryFile, patient: Identifier, account: Callable[[], Account], time: str
) -> bool:
    """Destroy a record inside the writer's transaction.

    Args:
        account: What is kept of it.
        time: DTM of 14 digits, UTC.

    Returns:
        Whether there was one.
    """
    number = file.patients.number(patient)
    if number is None:
        return False
    execute = file.connection.execute
    # What is deleted is overwritten, not only forgotten.
    execute("PRAGMA secure_delete = ON")
    people = [
        row[0]
        for row in execute(
            "SELECT id FROM patient WHERE survivor = (SELECT survivor FROM patient WHERE id = ?)",
            (number,),
        )
    ]
    for one in people:
        _destroy_notices(execute, one)
        _destroy_objects(execute, one)
        for table in ("statement", "emergency_declaration", "accessed"):
            execute(_OF_PATIENT[table], (one,))
    for one in people:
        execute("UPDATE patient SET merged_into = NULL WHERE id = ?", (one,))
        execute("DELETE FROM patient_identifier WHERE patient = ?", (one,))
    for one in people:
        execute("DELETE FROM patient WHERE id = ?", (one,))
    file.accounts.keep(account(), time)
    execute("PRAGMA secure_delete = OFF")
    return True


_Execute = Callable[[str, Sequence[object]], sqlite3.Cursor]

_OF_PATIENT = {
    "statement": "DELETE FROM statement WHERE patient = ?",
    "emergency_declaration": "DELETE FROM emergency_declaration WHERE patient = ?",
    "accessed": "DELETE FROM accessed WHERE patient = ?",
}
_KEYS = (
    "SELECT key FROM document_entry WHERE patient = ?1 UNION "
    "SELECT key FROM submission_set WHERE patient = ?1 UNION "
    "SELECT key FROM folder WHERE patient = ?1 UNION "
    "SELECT key FROM withdrawn WHERE patient = ?1"
)
_LINKS = "SELECT key FROM association WHERE source IN (" + _KEYS + ") OR target IN (" + _KEYS + ")"
_OBJECTS = (
    # First what refers to others, so that nothing ever refers to what is not there.
    "DELETE FROM document WHERE unique_id IN (SELECT unique_id FROM document_entry "
    "WHERE patient = ?1 UNION SELECT unique_id FROM withdrawn WHERE patient = ?1)",
    "DELETE FROM removed WHERE lid IN (SELECT lid FROM document_entry WHERE patient = ?1 UNION "
    "SELECT lid FROM folder WHERE patient = ?1)",
    "CREATE TEMP TABLE IF NOT EXISTS gone (key INTEGER PRIMARY KEY)",
    "DELETE FROM gone",
    "INSERT INTO gone " + _LINKS,
    "DELETE FROM association WHERE key IN (SELECT key FROM gone)",
    "INSERT OR IGNORE INTO gone " + _KEYS,
    # A link may have been withdrawn with its document.
    "DELETE FROM withdrawn WHERE key IN (SELECT key FROM gone)",
    "DELETE FROM document_entry WHERE patient = ?1",
    "DELETE FROM submission_set WHERE patient = ?1",
    "DELETE FROM folder WHERE patient = ?1",
    "DELETE FROM object WHERE key IN (SELECT key FROM gone)",
    "DELETE FROM gone",
)


def _destroy_objects(execute: _Execute, number: int) -> None:
    for statement in _OBJECTS:
        execute(statement, (number,) if "?1" in statement else ())


def _destroy_notices(execute: _Execute, number: int) -> None:
    """Destroy what somebody was to be told of the record, and where its patient is reached."""
    keys = [
        key
        for (key,) in execute(
            "SELECT identifier FROM patient_identifier WHERE patient = ?", (number,)
        )
    ]
    patients = [
        patient
        for (patient,) in execute("SELECT DISTINCT patient FROM notice", ())
        if patient_key(Identifier(patient)) in keys
    ]
    for patient in patients:
        execute(
            "DELETE FROM delivery WHERE notice IN (SELECT number FROM notice WHERE patient = ?)",
            (patient,),
        )
        execute("DELETE FROM notice WHERE patient = ?", (patient,))
    for table in ("subscription_event", "outbox"):
        for (patient,) in execute(_PATIENTS_IN[table], ()).fetchall():
            if patient and patient_key(Identifier(patient)) in keys:
                execute(_EVENTS_OF[table], (patient,))
    for key in keys:
        execute(
            "DELETE FROM subscription_event WHERE subscription IN "
            "(SELECT number FROM subscription WHERE patient_key = ?)",
            (key,),
        )
        execute("DELETE FROM subscription WHERE patient_key = ?", (key,))
        execute("DELETE FROM contact WHERE recipient_key = ?", (key,))


_PATIENTS_IN = {
    "subscription_event": "SELECT DISTINCT patient FROM subscription_event",
    "outbox": "SELECT DISTINCT patient FROM outbox",
}
_EVENTS_OF = {
    "subscription_event": "DELETE FROM subscription_event WHERE patient = ?",
    "outbox": "DELETE FROM outbox WHERE patient = ?",
}
