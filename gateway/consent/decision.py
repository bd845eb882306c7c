"""What the engine answers: an effect, the one rule behind it, and what comes with it.

Source:
    Sections 3, 6, 7 and 8.1 of docs/reference/access-control.md.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gateway.consent.visibility import Visibility


class PublicReason(Enum):
    """What a client is told of a refusal: a closed list.

    Attributes:
        NO_RECORD: In the outward form of a patient nobody knows.
    """

    NO_ACCESS = "no-access"
    RECORD_CLOSED = "record-closed"
    NO_RECORD = "no-record"
    REASON_REQUIRED = "reason-required"
    NOT_ALLOWED = "not-allowed"
    NOT_ALLOWED_IDENTITY = "not-allowed: identity"
    NOT_ALLOWED_DECEASED = "not-allowed: deceased"
    NOT_ALLOWED_OBJECTION = "not-allowed: objection"


class Obligation(Enum):
    """What a permit brings with it."""

    __hash__ = object.__hash__

    AUDIT = "audit"
    NOTIFY_PATIENT = "notify-patient"
    NOTIFY_GP = "notify-gp"
    SHOW_MODE = "show-mode"
    DECLARE_EMERGENCY = "declare-emergency"
    ALERT_HIDDEN_PATIENT = "alert-hidden-patient"
    ALERT_HIDDEN_REPRESENTATIVES = "alert-hidden-representatives"
    ORIGIN_PATIENT = "origin-patient"


class Decision(NamedTuple):
    """One decision; a tuple as a :class:`Visibility` is.

    Attributes:
        rule: Exactly one id, such as ``A12-no-authorisation`` or ``B4``.
        reason: What a refused client is told; ``None`` of a permit and of an absent document.
        visibility: What of the record is there for the asker; of a permitted request only.
        consents: What decided: texts that name authorisations, blocks and other choices.
        tried: Every rule looked at in order, with how it went, for :func:`explain`.
    """

    permitted: bool
    rule: str
    reason: PublicReason | None = None
    visibility: Visibility | None = None
    obligations: frozenset[Obligation] = frozenset()
    consents: tuple[str, ...] = ()
    tried: tuple[tuple[str, str], ...] = ()
