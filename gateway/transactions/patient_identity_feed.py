"""Patient Identity Feed [ITI-8]: what a Patient Identity Source tells about its patients.

One value says one thing about one patient: that it exists or has changed, or that another
identity was merged into it. A message that merges several pairs becomes several values.

Source:
    IHE ITI TF-2: 3.8 Patient Identity Feed; the events A28 and A31 as in ITI-30 (3.30).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient


class Event(Enum):
    """The trigger events a Document Registry understands (HL7 table 0003)."""

    ADMIT = "A01"
    REGISTER = "A04"
    PRE_ADMIT = "A05"
    UPDATE = "A08"
    ADD_PERSON = "A28"
    UPDATE_PERSON = "A31"
    MERGE = "A40"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFeed:
    """One thing a Patient Identity Source tells.

    Attributes:
        event: What happened. The first six mean the same to a registry: the patient exists, and
            this is how it is described now.
        patient: The patient meant; after a merge, the surviving one. Its first identifier names
            the record.
        merged_from: The subsumed identity of a merge; ``None`` for every other event.
        withdrawn: Names of attributes of the patient's record that the source takes back, such as
            a death that was told by mistake.
    """

    event: Event
    patient: Patient
    merged_from: Identifier | None = None
    withdrawn: frozenset[str] = frozenset()
