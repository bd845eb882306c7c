"""DocumentEntry: what a registry says of one document."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Person,
    ReferenceId,
    Slot,
)
from gateway.model.vocabulary import DocumentEntryType


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """One version of one document's description.

    An attribute that was not given is ``None`` or empty; which ones must be given depends on the
    transaction and is for :mod:`gateway.validation` to say.

    Attributes:
        entry_uuid: ``urn:uuid:…``, or a symbolic name inside a submission.
        logical_id: The same for all versions of this description; ``None`` before registration.
        version: Counts the versions of one logical id from 1.
        object_type: Stable or on-demand (:class:`DocumentEntryType`), kept as it came.
        availability_status: Approved or Deprecated, as full URN.
        document_availability: Online or Offline, as full URN.
        home_community_id: ``urn:oid:…`` of the community that holds the document.
        unique_id: The document itself; opaque, at most 128 characters.
        patient_id: Whose record it belongs to, in the domain's own numbering.
        confidentiality_code: Labels the consent rules look at.
        hash: SHA-1 of the document's octets in hexadecimal. FHIR carries the same digest in
            base64; only the FHIR codec knows that.
        size: Octets of the document, before any transfer encoding; kept as text so that a
            peer's ``007`` or ``ten`` can be answered with what it wrote.
        source_patient_info: ``PID-n|value`` lines, as sent.
        uri: Where the document can be fetched from, or its file name in a media interchange.
        limited_metadata: The entry says that its metadata are deliberately incomplete.
        extra: Slots whose names the standard leaves to communities.

    Source:
        IHE ITI TF-3: Table 4.2.3.2-1 (revision 17).
    """

    entry_uuid: str = ""
    logical_id: str | None = None
    version: str | None = None
    object_type: str = DocumentEntryType.STABLE
    availability_status: str | None = None
    document_availability: str | None = None
    home_community_id: str | None = None
    unique_id: str | None = None
    patient_id: Identifier | None = None
    author: tuple[Author, ...] = ()
    class_code: Code | None = None
    type_code: Code | None = None
    format_code: Code | None = None
    healthcare_facility_type_code: Code | None = None
    practice_setting_code: Code | None = None
    confidentiality_code: tuple[Code, ...] = ()
    event_code_list: tuple[Code, ...] = ()
    creation_time: DateTime | None = None
    service_start_time: DateTime | None = None
    service_stop_time: DateTime | None = None
    title: tuple[LocalizedString, ...] = ()
    comments: tuple[LocalizedString, ...] = ()
    language_code: str | None = None
    legal_authenticator: Person | None = None
    mime_type: str | None = None
    hash: str | None = None
    size: str | None = None
    repository_unique_id: str | None = None
    source_patient_id: Identifier | None = None
    source_patient_info: tuple[str, ...] = ()
    reference_id_list: tuple[ReferenceId, ...] = ()
    uri: str | None = None
    limited_metadata: bool = False
    extra: tuple[Slot, ...] = ()

    @property
    def is_on_demand(self) -> bool:
        """Whether the document is made when somebody asks for it."""
        return self.object_type == DocumentEntryType.ON_DEMAND
