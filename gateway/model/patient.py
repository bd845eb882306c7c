"""Patient: who a record belongs to, as the patient identity feed tells it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.model.datatypes import Code, DateTime, Identifier

DIED = DateTime("0001")
"""The time of a death of which nobody told the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordState:
    """What a community tells of a patient's record beside whether it is open.

    Attributes:
        closed_on: The day it was closed.
        closing_motive: Why, coded.
        closing_reason: Why, in words.
        attached: Whether it is attached to the patient's own space; ``None`` when not told.
        asked_by_attending_doctor: Whether who asks is the patient's attending doctor; never
            kept, and ``None`` where nobody knows who asks.
        own_authorisation: How who asks stands to the record: ``valid``, ``expired``, ``none`` or
            ``forbidden``; never kept, and empty likewise.
        deceased: When the patient died, :data:`DIED` where only that is known; ``None`` while
            nothing was told.
        identity_qualified: Whether the identity is sure enough to be fed; ``None`` when not told.
        gp: The attending doctor, as the patient declared.
    """

    closed_on: DateTime | None = None
    closing_motive: Code | None = None
    closing_reason: str = ""
    attached: bool | None = None
    asked_by_attending_doctor: bool | None = None
    own_authorisation: str = ""
    deceased: DateTime | None = None
    identity_qualified: bool | None = None
    gp: Identifier | None = None

    def but(self, **attributes: Any) -> RecordState:
        """Give the same state with some attributes changed."""
        return replace(self, **attributes)

    def opened(self) -> RecordState:
        """Give the state of the record once it is open again."""
        return self.but(closed_on=None, closing_motive=None, closing_reason="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient of the domain.

    Attributes:
        logical_id: Its FHIR id; opaque.
        identifiers: The first one names the record; all of them find it.
        family: Family name, as told.
        given: Given names, in order.
        birth_date: As precise as told.
        gender: HL7 v2 table 0001: ``F``, ``M``, ``O``, ``U``, ``A``, ``N``; empty when not told.
        active: Whether the record is open, so that new documents may come.
        record: What else is told of the record.
        known: Told by the feed or an administrator, not only met in a submission.
        merged_into: The surviving record, after a merge.
        version: Counts the changes from 1.
        last_updated: When it was changed last, DTM text of 14 digits, UTC.

    Source:
        IHE ITI TF-2a: 3.8 Patient Identity Feed; FHIR R4 Patient.
    """

    logical_id: str = ""
    identifiers: tuple[Identifier, ...] = ()
    family: str = ""
    given: tuple[str, ...] = ()
    birth_date: DateTime | None = None
    gender: str = ""
    active: bool = True
    record: RecordState = RecordState()
    known: bool = True
    merged_into: Identifier | None = None
    version: int = 1
    last_updated: str = ""
