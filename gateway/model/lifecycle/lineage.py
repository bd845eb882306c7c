"""The lineage of a document: everything that keeps it away, or is kept away with it.

Source:
    Section 2.3 of docs/reference/access-control.md, the lineage rule.
"""

from __future__ import annotations

from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle.known import Known
from gateway.model.vocabulary import AssociationType

LINEAGE = frozenset(
    {
        AssociationType.RPLC,
        AssociationType.XFRM,
        AssociationType.APND,
        AssociationType.XFRM_RPLC,
    }
)
"""The links along which a restriction spreads."""


def newest(known: Known, name: str) -> DocumentEntry | None:
    """Give the newest version of a document.

    Args:
        name: entryUUID of any version, logical id or uniqueId.
    """
    entry = known.latest(name)
    if isinstance(entry, DocumentEntry):
        return entry
    version = known.object(name)
    if not isinstance(version, DocumentEntry):
        named = known.entries(name)
        version = named[-1] if named else None
    if version is None or not version.logical_id:
        return None
    entry = known.latest(version.logical_id)
    return entry if isinstance(entry, DocumentEntry) else None


def lineage(known: Known, entry: DocumentEntry) -> tuple[DocumentEntry, ...]:
    """Give the newest version of each document of a lineage, the one asked for first."""
    found = {entry.logical_id: entry}
    todo = [entry]
    while todo:
        present = todo.pop()
        versions = {present.entry_uuid, present.logical_id or present.entry_uuid}
        versions |= {one.entry_uuid for one in known.entries(present.unique_id or "")}
        for version in sorted(versions):
            for link in known.associations(version):
                if link.association_type not in LINEAGE:
                    continue
                other = newest(
                    known,
                    link.target_object if link.source_object == version else link.source_object,
                )
                if other is not None and other.logical_id not in found:
                    found[other.logical_id] = other
                    todo.append(other)
    return tuple(found.values())
