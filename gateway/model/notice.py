"""Notices: what somebody is told afterwards, delivered at least once.

Source:
    Section 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Identifier


class NoticeKind(Enum):
    """Why somebody is told.

    Attributes:
        RECORD_UPDATED: Something is there that a professional should explain; no detail
            (14 days after a deposit that is hidden from the patient).
        SUMMARY_MISSING: The attending doctor's summary is missing or too old.
    """

    FIRST_ACCESS = "first-access"
    EMERGENCY_ACCESS = "emergency-access"
    NEW_DOCUMENT = "new-document"
    CHOICE_CHANGED = "choice-changed"
    RECORD_UPDATED = "record-updated"
    SUMMARY_MISSING = "summary-missing"


class RecipientKind(Enum):
    """Who is told."""

    PATIENT = "patient"
    GP = "gp"
    REPRESENTATIVE = "representative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell one recipient.

    Attributes:
        id: ``urn:uuid:…``; a recipient that gets it twice knows it by this.
        recipient: Of the patient the surviving patient id.
        patient: Whose record.
        time: When what it tells of happened, DTM of 14 digits, UTC.
        event: Id of the audit event it belongs to; empty where a deadline made it.
        who: Who acted, in words the recipient understands; empty where the kind tells no detail.
        mode: ``normal``, ``break-glass`` or ``regulation``.
        entry_uuid: Of a new document; it is told only while the recipient may see it.
    """

    id: str
    kind: NoticeKind
    recipient_kind: RecipientKind
    recipient: Identifier
    patient: Identifier
    time: str
    event: str = ""
    who: str = ""
    mode: str = "normal"
    entry_uuid: str = ""


class Channel(Enum):
    """How somebody is reached beside the inbox, where every notice waits to be read."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class DeliveryState(Enum):
    """How far a notice got on one channel.

    Attributes:
        WAITING: It is sent as soon as it is due, and again until somebody takes it.
        WITHHELD: The recipient may not know it at present; looked at again.
        DROPPED: It is not sent any more: the recipient has no such channel, or may never know.
    """

    WAITING = "waiting"
    WITHHELD = "withheld"
    DELIVERED = "delivered"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where a person is reached.

    Attributes:
        endpoint: Address of a webhook; empty where there is none.
        language: Of texts, such as ``fr``; empty for the community's.
        sequence: How many messages the endpoint has acknowledged.
    """

    recipient: Identifier
    email: str = ""
    endpoint: str = ""
    language: str = ""
    sequence: int = 0

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How this person is reached."""
        found = ((Channel.WEBHOOK, self.endpoint), (Channel.EMAIL, self.email))
        return tuple(channel for channel, address in found if address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on one channel.

    Attributes:
        attempts: How often it was tried.
        due: Not before this moment, DTM of 14 digits, UTC.
        ended: When it was delivered or dropped; empty before.
        trouble: What went wrong the last time; without names and addresses.
    """

    notice: Notice
    channel: Channel
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    due: str = ""
    ended: str = ""
    trouble: str = ""
