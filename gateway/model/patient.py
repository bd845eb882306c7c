"""Patient: who a record belongs to, as the patient identity feed tells it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import DateTime, Identifier


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
        active: Whether new documents may come.
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
    known: bool = True
    merged_into: Identifier | None = None
    version: int = 1
    last_updated: str = ""
