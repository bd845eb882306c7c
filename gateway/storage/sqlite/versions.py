"""All versions of one object, and what became of it.

Source:
    IHE Metadata Update supplement: 3.57.4.1.3 (versions under one logicalID).
"""

from __future__ import annotations

from gateway.ports import Form, Past, Version
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import Where
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.words import DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET

_MOST = 1000
"""Versions of one object that are looked at, the newest ones."""

_ALIAS = {DOCUMENT_ENTRY: "e", SUBMISSION_SET: "s", FOLDER: "f"}
_KINDS = {"DocumentReference": (DOCUMENT_ENTRY,), "List": (SUBMISSION_SET, FOLDER)}

# The logical id behind a name: it is one, or it is the entryUUID of a version.
_LOGICAL_ID = {
    DOCUMENT_ENTRY: (
        "SELECT lid FROM document_entry WHERE lid = ?1 UNION ALL SELECT e.lid FROM object o "
        "JOIN document_entry e ON e.key = o.key WHERE o.entry_uuid = ?1 LIMIT 1"
    ),
    SUBMISSION_SET: (
        "SELECT s.lid FROM object o JOIN submission_set s ON s.key = o.key WHERE o.entry_uuid = ?1"
    ),
    FOLDER: (
        "SELECT lid FROM folder WHERE lid = ?1 UNION ALL SELECT f.lid FROM object o "
        "JOIN folder f ON f.key = o.key WHERE o.entry_uuid = ?1 LIMIT 1"
    ),
}

# What the statements of answers leave out: changes in place, and merges of the patient.
_STATE = {
    DOCUMENT_ENTRY: (
        "SELECT e.key, e.status, e.offline, e.touched, p.merged_into, p.last_updated "
        "FROM document_entry e LEFT JOIN patient p ON p.id = e.patient WHERE e.lid = ?"
    ),
    SUBMISSION_SET: (
        "SELECT s.key, s.status, 0, s.touched, p.merged_into, p.last_updated "
        "FROM submission_set s LEFT JOIN patient p ON p.id = s.patient WHERE s.lid = ?"
    ),
    FOLDER: (
        "SELECT f.key, f.status, 0, f.touched, p.merged_into, p.last_updated "
        "FROM folder f LEFT JOIN patient p ON p.id = f.patient WHERE f.lid = ?"
    ),
}

_STORED = {
    DOCUMENT_ENTRY: "SELECT count(*) FROM document_entry WHERE lid = ?",
    SUBMISSION_SET: "SELECT count(*) FROM submission_set WHERE lid = ?",
    FOLDER: "SELECT count(*) FROM folder WHERE lid = ?",
}
_NEWEST = {DOCUMENT_ENTRY: "e.latest", SUBMISSION_SET: "1", FOLDER: "f.latest"}


def past(rows: Rows, resource_type: str, name: str) -> Past:
    """Give what a name stood and stands for; see :meth:`gateway.ports.RegistryStore.past`."""
    for kind in _KINDS[resource_type]:
        found = rows.execute(_LOGICAL_ID[kind], (name,)).fetchone()
        if found is not None:
            return Past(versions=_versions(rows, kind, found[0]))
    removed = rows.execute("SELECT kind, version, time FROM removed WHERE lid = ?", (name,))
    for kind, version, time in removed:
        if kind in _KINDS[resource_type]:
            return Past(versions=(), removed=time, last_version=str(version))
    return Past(versions=())


def _versions(rows: Rows, kind: int, lid: str) -> tuple[Version, ...]:
    where = Where()
    where.add(_ALIAS[kind] + ".lid = ?", lid)
    if rows.limited and rows.connection.execute(_STORED[kind], (lid,)).fetchone() != (
        rows.count(kind, where),
    ):
        # The numbers of versions are everybody's: a gap among them would tell of a hidden change.
        where.add(_NEWEST[kind])
    selected = rows.select(kind, Form.FHIR, where, " DESC", _MOST)
    held = rows.held(kind, Form.FHIR, selected, {})
    told = {row[0]: row for row in selected}
    states = {row[0]: row for row in rows.execute(_STATE[kind], (lid,))}
    versions = []
    for one in held:
        *_, version, updated, registered, _ = told[one.key]
        _, status, offline, touched, merged, patient_updated = states[one.key]
        versions.append(
            Version(
                held=one,
                version=str(version),
                status=words.word(status),
                offline=bool(offline),
                registered=registered,
                last_updated=max(updated, patient_updated) if merged else updated,
                pristine=not touched and not merged,
            )
        )
    return tuple(versions)


def status(rows: Rows, name: str) -> str | None:
    """Give the availabilityStatus of an entry; see :meth:`gateway.ports.RegistryStore.status`."""
    found = rows.execute(
        "SELECT status FROM document_entry WHERE lid = ? AND latest", (name,)
    ).fetchone()
    if found is None:
        if rows.execute("SELECT 1 FROM removed WHERE lid = ?", (name,)).fetchone():
            return ""
        found = rows.execute(
            "SELECT n.status FROM object o JOIN document_entry e ON e.key = o.key "
            "JOIN document_entry n ON n.lid = e.lid AND n.latest WHERE o.entry_uuid = ?",
            (name,),
        ).fetchone()
    return None if found is None else words.word(found[0])
