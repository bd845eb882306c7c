"""Who may do what with a record, and which of its documents are there for them.

Pure: values in, decisions out, the moment given. ``gate`` is the record gate; ``narrow`` turns the
document gate into the condition that every query of the registry gets; ``decide`` is both gates on
one document, by the same value. ``record_from`` makes the state that decisions look at.

Source:
    docs/reference/access-control.md.
"""

from __future__ import annotations

from gateway.consent.case import AuthorisationStatus, Case
from gateway.consent.deciding import decide, deciding
from gateway.consent.document_gate import is_visible, masks_document, see, seeing
from gateway.consent.explaining import Explanation, Tried, Viewer, explain, who_can_see
from gateway.consent.fold import Filed, record_from
from gateway.consent.outcome import document_obligations
from gateway.consent.record_gate import gate
from gateway.consent.times import hidden_until, is_minor, months_later, overlaps
from gateway.consent.view import narrow
from gateway.consent.writing import may_change, may_replace, may_submit
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Operation, same_key
from gateway.profile.access import AccessPolicy

__all__ = [
    "AuthorisationStatus",
    "Explanation",
    "Filed",
    "Tried",
    "Viewer",
    "authorisation_status",
    "decide",
    "deciding",
    "document_obligations",
    "explain",
    "gate",
    "hidden_until",
    "is_minor",
    "is_visible",
    "masks_document",
    "may_change",
    "may_replace",
    "may_submit",
    "months_later",
    "narrow",
    "overlaps",
    "record_from",
    "see",
    "seeing",
    "who_can_see",
]


def authorisation_status(
    access: AccessRequest, record: Record, policy: AccessPolicy, now: str
) -> AuthorisationStatus:
    """Say how who asks stands to a record: the answer of the status operation."""
    case = Case(access, Operation.STATUS, record, policy, now)
    person = access.subject.id
    if person is not None and same_key(person) in record.blocked:
        return AuthorisationStatus.FORBIDDEN
    return case.authorisation[0]
