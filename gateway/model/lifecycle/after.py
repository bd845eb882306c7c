"""What would be known after some changes: so that one decision can be made upon another.

Both come into force together, or neither.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.known import Changes, DocumentRecord, Known
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet


def joined(first: Changes, second: Changes) -> Changes:
    """Give two decisions as one, the second made upon :class:`After` the first."""
    return replace(
        first,
        added=first.added + second.added,
        statuses=first.statuses + second.statuses,
        touched=first.touched + second.touched,
        removed=first.removed + second.removed,
        withdrawn=first.withdrawn + second.withdrawn,
        withdrawn_documents=first.withdrawn_documents + second.withdrawn_documents,
        documents=first.documents + second.documents,
        removed_documents=first.removed_documents + second.removed_documents,
    )


class After(Known):
    """The registry's content as it would be, as far as metadata updates look at it."""

    def __init__(self, known: Known, changes: Changes) -> None:
        self._known = known
        self._changes = changes
        self._added = {item.entry_uuid: item for item in changes.added}
        self._statuses = {c.entry_uuid: c.status for c in changes.statuses}
        self._gone = {*changes.removed, *(c.entry_uuid for c in changes.withdrawn)}

    @property
    def whole(self) -> Known:
        """The same content as it would be, whoever asks."""
        return After(self._known.whole, self._changes)

    def object(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id, as it would be."""
        item = self._added.get(entry_uuid) or self._known.object(entry_uuid)
        if item is not None and entry_uuid in self._statuses:
            return replace(item, availability_status=self._statuses[entry_uuid])
        return item

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        """The newest version under a logical id."""
        for item in self._added.values():
            if isinstance(item, DocumentEntry | Folder) and item.logical_id == logical_id:
                return item
        known = self._known.latest(logical_id)
        if known is None or known.entry_uuid in self._gone:
            return None
        status = self._statuses.get(known.entry_uuid, known.availability_status)
        return replace(known, availability_status=status)

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        """Every entry with that uniqueId."""
        added = (
            item
            for item in self._added.values()
            if isinstance(item, DocumentEntry) and item.unique_id == unique_id
        )
        return (*self._known.entries(unique_id), *added)

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        """The submission set or folder with that uniqueId."""
        for item in self._added.values():
            if isinstance(item, SubmissionSet | Folder) and item.unique_id == unique_id:
                return item
        return self._known.holder(unique_id)

    def is_used(self, unique_id: str) -> bool:
        """Whether anything would have that uniqueId."""
        return self.holder(unique_id) is not None or bool(self.entries(unique_id))

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        """Every association with that id at either end."""
        added = tuple(
            item
            for item in self._added.values()
            if isinstance(item, Association)
            and entry_uuid in (item.source_object, item.target_object)
        )
        kept = (
            replace(
                one,
                availability_status=self._statuses.get(one.entry_uuid, one.availability_status),
            )
            for one in self._known.associations(entry_uuid)
            if one.entry_uuid not in self._gone
        )
        return (*kept, *added)

    def fingerprint(self, unique_id: str) -> bytes | None:
        """What a submission set was accepted with."""
        return self._known.fingerprint(unique_id)

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        """The record a patient id leads to."""
        return self._known.surviving(patient_id)

    def is_known(self, patient_id: Identifier) -> bool:
        """Whether the patient was announced."""
        return self._known.is_known(patient_id)

    def document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository would hold under a uniqueId."""
        for record in self._changes.documents:
            if record.unique_id == unique_id:
                return record
        return self._known.document(unique_id)
