"""What follows from a decision: what a refused client is told, what a permit brings with it.

Source:
    Sections 6.1 and 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

from gateway.consent.case import Case
from gateway.consent.decision import Obligation, PublicReason
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.subject import Mode, Operation, SubjectKind
from gateway.profile.access import AccessPolicy

FEEDERS = (
    SubjectKind.PROFESSIONAL,
    SubjectKind.DELEGATE,
    SubjectKind.STRUCTURE,
    SubjectKind.SERVICE,
)
"""Who is told why a record may not be fed."""

_PUBLIC = {
    "A2": PublicReason.NO_RECORD,
    "A4": PublicReason.RECORD_CLOSED,
    "A15": PublicReason.NO_RECORD,
    "A16": PublicReason.NO_RECORD,
}
_FOR_FEEDERS = {
    "A3": PublicReason.NOT_ALLOWED_IDENTITY,
    "A5": PublicReason.NOT_ALLOWED_DECEASED,
    "A7": PublicReason.NOT_ALLOWED_OBJECTION,
}


def reason_of(case: Case, rule: str) -> PublicReason:
    """What the client is told.

    To a patient or representative without a right to the record there is no record, whichever line
    came first: that it is closed, or its patient dead, is told to nobody else.
    """
    number = rule.partition("-")[0]
    if number == "A1":
        return PublicReason.NOT_ALLOWED
    stranger = (case.kind is SubjectKind.PATIENT and not case.is_own) or (
        case.kind is SubjectKind.REPRESENTATIVE and case.representation is None
    )
    if stranger:
        return PublicReason.NO_RECORD
    if rule.endswith("-reason"):
        return PublicReason.REASON_REQUIRED
    if number in _FOR_FEEDERS:
        feeds = case.kind in FEEDERS
        return _FOR_FEEDERS[number] if feeds else PublicReason.NOT_ALLOWED
    return _PUBLIC.get(number, PublicReason.NO_ACCESS)


_NOTIFIED = (Operation.SUBMIT, Operation.CHOOSE, Operation.DECLARE)
_AUDITED = frozenset({Obligation.AUDIT})
_AUDITED_AND_NOTIFIED = _AUDITED | {Obligation.NOTIFY_PATIENT}


def obligations_of(case: Case) -> frozenset[Obligation]:
    """What a permitted request brings with it, beside what single documents bring.

    ``NOTIFY_PATIENT`` of a reading in the normal mode is about a first access; whether it is the
    first one the caller knows.
    """
    operation, kind = case.operation, case.kind
    if (
        case.reads and (kind is SubjectKind.PROFESSIONAL or kind is SubjectKind.DELEGATE)
    ) or operation in _NOTIFIED:
        usual = _AUDITED_AND_NOTIFIED
    else:
        usual = _AUDITED
    if not case.is_emergency:
        return usual
    brings = set(usual)
    if operation is Operation.READ or (case.writes and case.access.mode is Mode.BREAK_GLASS):
        brings |= {Obligation.NOTIFY_PATIENT, Obligation.NOTIFY_GP}
        if case.access.mode is Mode.BREAK_GLASS:
            brings.add(Obligation.SHOW_MODE)
        if case.declaration is None:
            brings.add(Obligation.DECLARE_EMERGENCY)
    return frozenset(brings)


def document_obligations(
    facts: DocumentFacts, kind: SubjectKind, policy: AccessPolicy, now: str
) -> frozenset[Obligation]:
    """What showing one document brings with it.

    A professional is warned that what he sees the patient or the parents do not see yet.
    """
    brings = set()
    if kind is SubjectKind.PROFESSIONAL or kind is SubjectKind.DELEGATE:
        restrictions = facts.restrictions
        if Restriction.HIDDEN_FROM_PATIENT in restrictions and not (
            facts.hidden_until and facts.hidden_until <= now
        ):
            brings.add(Obligation.ALERT_HIDDEN_PATIENT)
        if Restriction.HIDDEN_FROM_REPRESENTATIVES in restrictions:
            brings.add(Obligation.ALERT_HIDDEN_REPRESENTATIVES)
    if facts.class_code is not None and facts.class_code.key in policy.patient_classes:
        brings.add(Obligation.ORIGIN_PATIENT)
    return frozenset(brings)
