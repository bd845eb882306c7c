"""The status of a record as somebody is told it who asks for a patient.

Software asks it before anything else: whether the record is there and open, how its user stands to
it, and whether the user is the patient's attending doctor. Who that doctor is, and what others may
do, is nobody else's business.

Source:
    Section 6.1 of docs/reference/access-control.md, the operation *record status*.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.model.datatypes import DateTime
from gateway.model.patient import Patient
from gateway.model.record import Record, RecordStatus
from gateway.model.subject import AccessRequest, SubjectKind, same_key

_STANDS = frozenset({SubjectKind.PROFESSIONAL, SubjectKind.DELEGATE, SubjectKind.STRUCTURE})
"""Who has, or lacks, an authorisation."""

_KNOWS_ALL = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE})


def as_asked(patient: Patient, record: Record, access: AccessRequest, own_status: str) -> Patient:
    """Give a patient as somebody is told of it.

    Args:
        own_status: How who asks stands to the record.
    """
    subject = access.subject
    state = patient.record
    if subject.kind not in _KNOWS_ALL:
        state = state.but(gp=None)
    if subject.kind in _STANDS:
        asks_as_doctor = record.gp is not None and same_key(record.gp) == subject.key
        state = state.but(own_authorisation=own_status, asked_by_attending_doctor=asks_as_doctor)
    if record.status is RecordStatus.CLOSED and state.closed_on is None and record.closed_on:
        state = state.but(closed_on=DateTime(record.closed_on[:8]))
    active = patient.active and record.status is RecordStatus.ACTIVE
    return replace(patient, active=active, record=state)
