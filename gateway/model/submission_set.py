"""SubmissionSet: who sent what, when, in one go."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Recipient,
    Slot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """The envelope of one submission.

    Attributes:
        entry_uuid: ``urn:uuid:…``, or a symbolic name inside a submission.
        unique_id: The submission itself, an OID.
        source_id: The system that sent it, an OID.
        submission_time: When it was sent, UTC.
        content_type_code: What kind of clinical activity led to it.

    Source:
        IHE ITI TF-3: Table 4.2.3.3-1 (revision 17).
    """

    entry_uuid: str = ""
    logical_id: str | None = None
    version: str | None = None
    availability_status: str | None = None
    home_community_id: str | None = None
    unique_id: str | None = None
    patient_id: Identifier | None = None
    source_id: str | None = None
    submission_time: DateTime | None = None
    author: tuple[Author, ...] = ()
    content_type_code: Code | None = None
    intended_recipient: tuple[Recipient, ...] = ()
    title: tuple[LocalizedString, ...] = ()
    comments: tuple[LocalizedString, ...] = ()
    limited_metadata: bool = False
    extra: tuple[Slot, ...] = ()
