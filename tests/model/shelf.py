"""A registry in a dictionary: what the lifecycle's decisions are tried on."""

from __future__ import annotations

import itertools
from dataclasses import replace

from gateway.model.association import Association
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, Circumstances, DocumentRecord
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet

_FIELD = "12345678-0000-4000-8000-%012d"


class Shelf:
    """Keeps what decisions change; a :class:`~gateway.model.lifecycle.Known`."""

    def __init__(self) -> None:
        self.objects: dict[str, RegistryObject] = {}
        self.withdrawn: dict[str, RegistryObject] = {}
        self.fingerprints: dict[str, bytes] = {}
        self.announced: set[str] = set()
        self.merged: dict[str, Identifier] = {}
        self.documents: dict[str, DocumentRecord] = {}
        self._uuids = itertools.count(1)

    def about(self, **given: object) -> Circumstances:
        return Circumstances(now="20260101120000", new_uuid=self.new_uuid, **given)  # type: ignore[arg-type]

    def new_uuid(self) -> str:
        return "urn:uuid:" + _FIELD % next(self._uuids)

    def keep(self, changes: Changes) -> Changes:
        for item in changes.added:
            self.objects[item.entry_uuid] = item
            if isinstance(item, SubmissionSet) and changes.fingerprint and item.unique_id:
                self.fingerprints[item.unique_id] = changes.fingerprint
        for status in changes.statuses:
            self.objects[status.entry_uuid] = replace(
                self.objects[status.entry_uuid], availability_status=status.status
            )
        for touch in changes.touched:
            folder = self.objects[touch.entry_uuid]
            assert isinstance(folder, Folder)
            self.objects[touch.entry_uuid] = replace(
                folder, last_update_time=DateTime(touch.last_update_time)
            )
        for uuid in changes.removed:
            del self.objects[uuid]
        for status in changes.withdrawn:
            self.withdrawn[status.entry_uuid] = replace(
                self.objects.pop(status.entry_uuid), availability_status=status.status
            )
        for unique_id in changes.withdrawn_documents:
            self.documents.pop(unique_id, None)
        return changes

    # ---- Known

    @property
    def whole(self) -> Shelf:
        return self

    def object(self, entry_uuid: str) -> RegistryObject | None:
        return self.objects.get(entry_uuid) or self.withdrawn.get(entry_uuid)

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        versions = [
            o
            for o in self.objects.values()
            if isinstance(o, DocumentEntry | Folder) and o.logical_id == logical_id
        ]
        return max(versions, key=lambda o: int(o.version or "1"), default=None)

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        return tuple(
            o
            for o in (*self.objects.values(), *self.withdrawn.values())
            if isinstance(o, DocumentEntry) and o.unique_id == unique_id
        )

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        for item in self.objects.values():
            if isinstance(item, SubmissionSet | Folder) and item.unique_id == unique_id:
                return item
        return None

    def is_used(self, unique_id: str) -> bool:
        return self.holder(unique_id) is not None or bool(self.entries(unique_id))

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        return tuple(
            o
            for o in self.objects.values()
            if isinstance(o, Association) and entry_uuid in (o.source_object, o.target_object)
        )

    def fingerprint(self, unique_id: str) -> bytes | None:
        return self.fingerprints.get(unique_id)

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        return self.merged.get(patient_id.text, patient_id)

    def is_known(self, patient_id: Identifier) -> bool:
        return patient_id.text in self.announced

    def document(self, unique_id: str) -> DocumentRecord | None:
        return self.documents.get(unique_id)
