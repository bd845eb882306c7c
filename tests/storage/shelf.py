"""Small values for storage tests, and a form of fragments that can be looked into."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus

APPROVED = AvailabilityStatus.APPROVED
DEPRECATED = AvailabilityStatus.DEPRECATED
AUTHORITY = "1.3.6.1.4.1.21367.13.20.3000"
TIME = "20260301120000"


class SteppingClock:
    """A clock that moves a second whenever it is read."""

    def __init__(self) -> None:
        self._seconds = 0

    def now(self) -> str:
        self._seconds += 1
        hours, rest = divmod(self._seconds, 3600)
        return f"20260301{hours:02}{rest // 60:02}{rest % 60:02}"


class PickledFragments:
    """Fragments whose octets are pickles, so that a test sees what was spliced into them."""

    def ebrim(self, value: RegistryObject) -> bytes:
        return pickle.dumps(value)

    def fhir(self, value: RegistryObject) -> bytes | None:
        return None if isinstance(value, Association) else pickle.dumps(value)

    def splice_ebrim(
        self, fragments: Sequence[bytes], *, status: str, patient_id: str, last_update_time: str
    ) -> list[bytes]:
        return [
            pickle.dumps(present(pickle.loads(one), status, patient_id, last_update_time))
            for one in fragments
        ]

    def splice_fhir(self, fragment: bytes, *, status: str, **spliced: Any) -> bytes:
        return pickle.dumps((pickle.loads(fragment).entry_uuid, status, spliced))

    def read(self, fragment: bytes) -> RegistryObject:
        value: RegistryObject = pickle.loads(fragment)
        return value


def present(
    value: RegistryObject, status: str, patient_id: str, last_update_time: str
) -> RegistryObject:
    """An object in its present state."""
    changed: dict[str, Any] = {"availability_status": status or None}
    if not isinstance(value, Association):
        changed["patient_id"] = Identifier(patient_id) if patient_id else None
    if isinstance(value, Folder):
        changed["last_update_time"] = DateTime(last_update_time) if last_update_time else None
    return replace(value, **changed)


def patient(name: str) -> Identifier:
    return Identifier.of(name, AUTHORITY)


def uuid(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012x}"


@dataclass
class Maker:
    """Makes objects with ids of their own."""

    numbers: Any = field(default_factory=lambda: count(1))

    def entry(self, patient_id: Identifier, **more: Any) -> DocumentEntry:
        number = next(self.numbers)
        entry_uuid = uuid(number)
        values: dict[str, Any] = {
            "entry_uuid": entry_uuid,
            "logical_id": entry_uuid,
            "version": "1",
            "availability_status": APPROVED,
            "unique_id": f"1.2.3.{number}",
            "patient_id": patient_id,
            "class_code": Code("history", "1.2.3.4", "History"),
            "type_code": Code("34133-9", "2.16.840.1.113883.6.1", "Summary"),
            "format_code": Code("urn:f", "1.2.3.5"),
            "confidentiality_code": (Code("N", "2.16.840.1.113883.5.25"),),
            "creation_time": DateTime("20260101"),
            "mime_type": "text/xml",
        }
        return DocumentEntry(**(values | more))

    def submission_set(self, patient_id: Identifier, **more: Any) -> SubmissionSet:
        number = next(self.numbers)
        entry_uuid = uuid(number)
        values: dict[str, Any] = {
            "entry_uuid": entry_uuid,
            "logical_id": entry_uuid,
            "version": "1",
            "availability_status": APPROVED,
            "unique_id": f"1.2.4.{number}",
            "source_id": "1.2.9",
            "patient_id": patient_id,
            "submission_time": DateTime("20260201"),
        }
        return SubmissionSet(**(values | more))

    def folder(self, patient_id: Identifier, **more: Any) -> Folder:
        number = next(self.numbers)
        entry_uuid = uuid(number)
        values: dict[str, Any] = {
            "entry_uuid": entry_uuid,
            "logical_id": entry_uuid,
            "version": "1",
            "availability_status": APPROVED,
            "unique_id": f"1.2.5.{number}",
            "patient_id": patient_id,
            "last_update_time": DateTime(TIME),
            "code_list": (Code("care", "1.2.3.6"),),
        }
        return Folder(**(values | more))

    def link(
        self,
        source: RegistryObject,
        target: RegistryObject,
        association_type: str = AssociationType.HAS_MEMBER,
        **more: Any,
    ) -> Association:
        entry_uuid = uuid(next(self.numbers))
        values: dict[str, Any] = {
            "entry_uuid": entry_uuid,
            "logical_id": entry_uuid,
            "version": "1",
            "availability_status": APPROVED,
            "association_type": association_type,
            "source_object": source.entry_uuid,
            "target_object": target.entry_uuid,
        }
        return Association(**(values | more))

    def submission(self, patient_id: Identifier, **more: Any) -> Changes:
        """One entry in one submission set, with its document."""
        entry = self.entry(patient_id, **more)
        submission_set = self.submission_set(patient_id)
        return Changes(
            added=(submission_set, entry, self.link(submission_set, entry)),
            documents=(record(entry),),
            fingerprint=b"fingerprint of " + submission_set.unique_id.encode(),
            events=("submitted",),
        )


def record(entry: DocumentEntry) -> DocumentRecord:
    assert entry.unique_id is not None
    return DocumentRecord(
        unique_id=entry.unique_id,
        mime_type="text/xml",
        size=3,
        sha1="a9993e364706816aba3e25717850c26c9cd0d89d",
        content=entry.unique_id.encode().hex().rjust(64, "0")[-64:],
    )
