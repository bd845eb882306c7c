"""A registry's content in memory.

What a submission does to the content is decided by the same pure rules a registry has
(:mod:`gateway.model.lifecycle`); what a query finds in it, by
:mod:`conformance.simulators.finding`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from gateway.model.association import Association
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet

T = TypeVar("T")


@dataclass
class MemoryRegistry:
    """Objects by id, in the order they came; a ``Known`` of :mod:`gateway.model.lifecycle`."""

    objects: dict[str, RegistryObject] = field(default_factory=dict)
    fingerprints: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, DocumentRecord] = field(default_factory=dict)

    # --- What decisions ask ----------------------------------------------------------------------

    @property
    def whole(self) -> MemoryRegistry:
        """Everybody sees everything here."""
        return self

    def object(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id."""
        return self.objects.get(entry_uuid)

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        """The newest version under a logical id."""
        versions = [
            one
            for one in reversed(self.objects.values())
            if isinstance(one, (DocumentEntry, Folder)) and one.logical_id == logical_id
        ]
        return max(versions, key=lambda one: int(one.version or 1), default=None)

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        """Every entry with that uniqueId."""
        return tuple(one for one in self.all(DocumentEntry) if one.unique_id == unique_id)

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        """The submission set or folder with that uniqueId."""
        for one in self.objects.values():
            if isinstance(one, (SubmissionSet, Folder)) and one.unique_id == unique_id:
                return one
        return None

    def is_used(self, unique_id: str) -> bool:
        """Whether an object has that uniqueId."""
        return bool(self.entries(unique_id)) or self.holder(unique_id) is not None

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        """Every association with that id at either end."""
        return tuple(
            one
            for one in self.all(Association)
            if entry_uuid in (one.source_object, one.target_object)
        )

    def fingerprint(self, unique_id: str) -> bytes | None:
        """What a submission set was accepted with."""
        return self.fingerprints.get(unique_id)

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        """Patients are never merged here."""
        return patient_id

    def is_known(self, patient_id: Identifier) -> bool:
        """Every patient is taken."""
        return True

    def document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository holds under a uniqueId."""
        return self.documents.get(unique_id)

    # --- What decisions change ------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        """Take in what was decided."""
        for item in changes.added:
            self.objects[item.entry_uuid] = item
            if isinstance(item, SubmissionSet) and item.unique_id and changes.fingerprint:
                self.fingerprints[item.unique_id] = changes.fingerprint
        for change in changes.statuses:
            item = self.objects[change.entry_uuid]
            self.objects[change.entry_uuid] = replace(item, availability_status=change.status)
        for touch in changes.touched:
            folder = self.objects[touch.entry_uuid]
            if isinstance(folder, Folder):
                self.objects[touch.entry_uuid] = replace(
                    folder, last_update_time=DateTime(touch.last_update_time)
                )
        for uuid in changes.removed:
            self.objects.pop(uuid, None)
        for document in changes.documents:
            self.documents[document.unique_id] = document
        for unique_id in changes.removed_documents:
            self.documents.pop(unique_id, None)

    def all(self, kind: type[T]) -> list[T]:
        """Every object of a kind, in the order they came."""
        return [one for one in self.objects.values() if isinstance(one, kind)]
