"""The stored form of an object: bytes written once, completed on each reading.

An object is written in both wire forms when it is registered. What may change later is left out
of the bytes and put in on reading ("spliced"). The wire forms themselves belong to the codecs; a
store is given them as :class:`Fragments` and does not look inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.submission import RegistryObject

Relation = tuple[str, str, str]
"""What an entry says of another one: association type, the other's logical id, its entryUUID."""

Member = tuple[str, str]
"""What a submission set or folder holds: its kind, its logical id."""


class Fragments(Protocol):
    """Registry objects in the two forms they are answered in."""

    def ebrim(self, value: RegistryObject) -> bytes:
        """Write an object as ebRIM, its changing parts left open."""
        ...

    def fhir(self, value: RegistryObject) -> bytes | None:
        """Write an object as FHIR JSON, its changing parts left open; ``None`` if FHIR has none."""
        ...

    def splice_ebrim(
        self, fragments: Sequence[bytes], *, status: str, patient_id: str, last_update_time: str
    ) -> list[bytes]:
        """Complete ebRIM fragments of objects that are alike in what is put in.

        Args:
            status: The present availabilityStatus, full URN.
            patient_id: The surviving patient id as CX text; empty for an association.
            last_update_time: Of a folder, DTM of 14 digits; else empty.
        """
        ...

    def splice_fhir(
        self,
        fragment: bytes,
        *,
        status: str,
        version: str,
        patient_id: str,
        patient_logical_id: str,
        relations: tuple[Relation, ...],
        members: tuple[Member, ...],
        last_updated: str,
        last_update_time: str,
        registration_time: str,
    ) -> bytes:
        """Complete a FHIR fragment.

        Args:
            status: The present availabilityStatus, full URN.
            version: The object's version.
            patient_id: The surviving patient id as CX text.
            patient_logical_id: The surviving patient's FHIR id.
            relations: Of an entry: what it replaces, appends, transforms, signs, is a snapshot of.
            members: Of a submission set or folder: its entries and folders.
            last_updated: When the registry changed the object last, DTM of 14 digits, UTC.
            last_update_time: Of a folder, likewise; else empty.
            registration_time: When the object was registered, likewise.
        """
        ...

    def read(self, fragment: bytes) -> RegistryObject:
        """Read a completed ebRIM fragment back."""
        ...
