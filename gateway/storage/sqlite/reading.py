"""What is read of single objects, besides stored queries and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.consent.visibility import DocumentFacts
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import DocumentRecord
from gateway.storage.sqlite.conditions import marks
from gateway.storage.sqlite.facts import COLUMNS, Restricting, read_facts, restrictions_of
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.words import code_key

_DESCRIBED = (
    "SELECT d.unique_id, d.mime_type, d.size, d.sha1, d.content FROM document_entry e "
    "LEFT JOIN document d ON d.unique_id = e.unique_id WHERE e.lid = ? AND e.latest"
)
_LOGICAL_ID = (
    "SELECT e.lid FROM object o JOIN document_entry e ON e.key = o.key WHERE o.entry_uuid = ?"
)
_FACTS = (
    "SELECT " + COLUMNS + " FROM document_entry e JOIN object o ON o.key = e.key "
    "LEFT JOIN patient w ON w.id = e.patient LEFT JOIN patient p ON p.id = w.survivor WHERE "
)
_KIN = (
    "SELECT "
    + COLUMNS
    + " FROM main.object a JOIN main.document_entry s ON s.key = a.key "
    + "JOIN main.document_entry e ON e.lineage = s.lineage AND e.latest "
    + "JOIN main.object o ON o.key = e.key LEFT JOIN patient w ON w.id = e.patient "
    + "LEFT JOIN patient p ON p.id = w.survivor WHERE a.entry_uuid = ?"
)
"""The newest versions in an entry's lineage, seen or not: what masks one of them masks all."""

_NAMED = (
    "SELECT patient FROM document_entry WHERE lid IN ",
    " UNION SELECT patient FROM document_entry WHERE unique_id IN ",
    " UNION SELECT patient FROM submission_set WHERE unique_id IN ",
    " UNION SELECT patient FROM folder WHERE lid IN ",
    " UNION SELECT patient FROM folder WHERE unique_id IN ",
    " UNION SELECT e.patient FROM object o JOIN document_entry e ON e.key = o.key "
    "WHERE o.entry_uuid IN ",
    " UNION SELECT s.patient FROM object o JOIN submission_set s ON s.key = o.key "
    "WHERE o.entry_uuid IN ",
    " UNION SELECT f.patient FROM object o JOIN folder f ON f.key = o.key WHERE o.entry_uuid IN ",
    # An association belongs to the patients of what it links.
    " UNION SELECT coalesce(e.patient, s.patient, f.patient) FROM object o "
    "JOIN association a ON a.key = o.key LEFT JOIN document_entry e ON e.key = a.source "
    "LEFT JOIN submission_set s ON s.key = a.source LEFT JOIN folder f ON f.key = a.source "
    "WHERE o.entry_uuid IN ",
)


def described_document(rows: Rows, logical_id: str) -> tuple[bool, DocumentRecord | None]:
    """Give a described document; see :meth:`gateway.ports.RegistryStore.described_document`."""
    row = rows.execute(_DESCRIBED, (logical_id,)).fetchone()
    if row is None:
        version = rows.execute(_LOGICAL_ID, (logical_id,)).fetchone()
        row = version and rows.execute(_DESCRIBED, version).fetchone()
    if row is None or row[0] is None:
        return row is not None, None
    unique_id, mime_type, size, sha1, content = row
    record = DocumentRecord(
        unique_id=unique_id, mime_type=mime_type, size=size, sha1=sha1, content=content.hex()
    )
    return True, record


def facts(rows: Rows, name: str) -> DocumentFacts | None:
    """Give an entry's facts; see :meth:`gateway.ports.RegistryStore.facts`."""
    for condition in ("e.lid = ? AND e.latest", "o.entry_uuid = ?"):
        row = rows.execute(_FACTS + condition, (name,)).fetchone()
        if row is not None:
            kin = rows.execute(_KIN, (row[0],)).fetchall()
            return replace(read_facts(row), lineage=tuple(map(read_facts, kin)))
    return None


# Not shadowed by what somebody sees: what restricts a document may be a label of one that is
# absent for him. The versions that were there at a moment, and were the newest of their entries.
_THEN = (
    "FROM main.document_entry v WHERE v.registration_time <= ?2 AND NOT EXISTS "
    "(SELECT 1 FROM main.document_entry w WHERE w.lid = v.lid AND w.version > v.version "
    "AND w.registration_time <= ?2)"
)
_LABELS_THEN = (
    "SELECT v.marked, ifnull(v.deposited, v.registration_time) "
    + _THEN
    + " AND (v.key = ?1 OR v.lineage = (SELECT lineage FROM main.document_entry WHERE key = ?1))"
)
_VERSION_THEN = (
    "SELECT v.key "
    + _THEN
    + " AND v.lid = (SELECT e.lid FROM main.object o JOIN main.document_entry e ON e.key = o.key "
    "WHERE o.entry_uuid = ?1)"
)


def facts_then(
    rows: Rows, entry_uuid: str, at: str, restricting: Restricting
) -> DocumentFacts | None:
    """Give the facts of an entry as its versions, and those linked with it, stood at a moment."""
    execute = rows.connection.execute
    version = execute(_VERSION_THEN, (entry_uuid, at)).fetchone()
    if version is None:
        return None
    bits, until = 0, ""
    for marked, deposited in execute(_LABELS_THEN, (version[0], at)):
        bits |= marked
        until = max(until, restricting.hidden_until(marked, deposited) or "")
    row = execute(_FACTS + "e.key = ?", version).fetchone()
    return replace(read_facts(row), restrictions=restrictions_of(bits), hidden_until=until)


def alerting(
    rows: Rows, keys: Sequence[int], classes: frozenset[tuple[str, str]]
) -> tuple[DocumentFacts, ...]:
    """Give the facts of restricted entries; see :meth:`gateway.ports.RegistryStore.alerting`."""
    if not keys:
        return ()
    codes = [code_key(code, scheme) for code, scheme in sorted(classes)]
    found = rows.execute(
        _FACTS
        + "e.key IN "
        + marks(keys)
        + " AND (e.restrictions OR e.class_code IN "
        + marks(codes)
        + ")",
        (*keys, *codes),
    )
    return tuple(read_facts(row) for row in found)


def patients_of(rows: Rows, names: Sequence[str]) -> tuple[Identifier, ...]:
    """Give whose objects these are; see :meth:`gateway.ports.RegistryStore.patients_of`."""
    if not names:
        return ()
    end = marks(names)
    found = rows.execute("".join(part + end for part in _NAMED), tuple(names) * len(_NAMED))
    numbers = sorted(number for (number,) in found if number is not None)
    return tuple(dict.fromkeys(Identifier(rows.patients.shown(one).cx) for one in numbers))
