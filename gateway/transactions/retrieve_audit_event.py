"""Retrieve ATNA Audit Event [ITI-81]: what a search of the audit trail asks.

Source:
    IHE ITI TF-2: 3.81 (RESTful ATNA); HL7 FHIR R4: AuditEvent search parameters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentName:
    """Somebody, by an identifier.

    Attributes:
        authority: OID of who gave it; ``None`` for whoever did.
    """

    value: str
    authority: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfEvent:
    """What a type or subtype stands for.

    Attributes:
        transaction: ``ITI-18`` or the like; empty for any.
        interaction: FHIR's word; empty for any.
    """

    transaction: str = ""
    interaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAuditEvents:
    """A search of the trail: all attributes must hold.

    A tuple of tuples holds when each inner one has an alternative that holds; of a plain tuple one
    alternative must hold. An empty tuple asks nothing.

    Attributes:
        since: First second, DTM of 14 digits, UTC; empty for no limit.
        before: First second that is too late, likewise.
        patients: Keys (``value^authority``) of one record, as it was ever called; ``None`` asks
            nothing of the patient, an empty tuple is nobody's record.
        types: Codes of DICOM's EventIDs, or ``rest``.
        actions: Letters.
        outcomes: Numbers.
        entities: ids and uniqueIds of objects.
    """

    since: str = ""
    before: str = ""
    patients: tuple[str, ...] | None = None
    agents: tuple[tuple[AgentName, ...], ...] = ()
    types: tuple[tuple[str, ...], ...] = ()
    subtypes: tuple[tuple[KindOfEvent, ...], ...] = ()
    actions: tuple[str, ...] = ()
    outcomes: tuple[int, ...] = ()
    entities: tuple[tuple[str, ...], ...] = ()
    ids: tuple[str, ...] = ()
