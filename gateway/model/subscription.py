"""Subscriptions: a system asks to be told what becomes new in one record, or in all it may see.

Source:
    IHE DSUBm 1.0: ITI-110 to ITI-114; HL7 Subscriptions R5 Backport 1.1 (R4).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Identifier
from gateway.model.subject import AccessRequest


class SubscriptionStatus(Enum):
    """Where a subscription stands.

    Attributes:
        REQUESTED: Its endpoint was not yet reached.
        ERROR: Its endpoint was not reached; it is told nothing until it is requested again.
        OFF: It ended: cancelled, past its end, or the subscriber may not look any more.
    """

    REQUESTED = "requested"
    ACTIVE = "active"
    ERROR = "error"
    OFF = "off"


class Content(Enum):
    """How much a notification tells of what became new."""

    EMPTY = "empty"
    ID_ONLY = "id-only"
    FULL_RESOURCE = "full-resource"


class Focus(Enum):
    """What a topic is about."""

    DOCUMENT_ENTRY = "DocumentEntry"
    SUBMISSION_SET = "SubmissionSet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A stream of events one can subscribe to.

    Attributes:
        name: Last part of its canonical address, and the id of its description.
        one_patient: The subscriber names one patient; otherwise none.
        filters: Names of search parameters that may narrow it.
    """

    name: str
    title: str
    focus: Focus
    one_patient: bool
    filters: tuple[str, ...]


_PEOPLE = ("family", "given")
_DOCUMENTS = (
    *(f"author.{part}" for part in _PEOPLE),
    "category",
    "event",
    "facility",
    "format",
    "security-label",
    "setting",
    "status",
    "type",
)
_SETS = ("code", *(f"source.{part}" for part in _PEOPLE), "sourceId")
_PATIENT = ("patient", "patient.identifier")

TOPICS: tuple[Topic, ...] = (
    Topic(
        name="DSUBm-SubscriptionTopic-DocumentReference-PatientDependent",
        title="New documents of one patient",
        focus=Focus.DOCUMENT_ENTRY,
        one_patient=True,
        filters=(*_DOCUMENTS, *_PATIENT),
    ),
    Topic(
        name="DSUBm-SubscriptionTopic-DocumentReference-MultiPatient",
        title="New documents of any patient whose record the subscriber may see",
        focus=Focus.DOCUMENT_ENTRY,
        one_patient=False,
        filters=_DOCUMENTS,
    ),
    Topic(
        name="DSUBm-SubscriptionTopic-SubmissionSet-PatientDependent",
        title="New submissions for one patient",
        focus=Focus.SUBMISSION_SET,
        one_patient=True,
        filters=(*_SETS, *_PATIENT),
    ),
    Topic(
        name="DSUBm-SubscriptionTopic-SubmissionSet-MultiPatient",
        title="New submissions for any patient whose record the subscriber may see",
        focus=Focus.SUBMISSION_SET,
        one_patient=False,
        filters=_SETS,
    ),
)
"""The topics every broker has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription, in its present state.

    Attributes:
        id: FHIR id.
        owner: Key of the subscriber; nobody else sees the subscription.
        access: The subscriber as verified when it was made; what he may see is asked each time.
            ``None`` where the gateway asks nobody who he is.
        topic: Name of the topic.
        criteria: The search that narrows it, as ``DocumentReference?…``.
        patient: Whose record; ``None`` for any.
        headers: Lines the endpoint wants to get, ``Name: value``.
        mime_type: Of notifications.
        heartbeat: Seconds without message after which the endpoint is told that all is well; 0
            for never.
        end: When the subscriber wants it to end, DTM of 14 digits; empty where he does not say.
        until: When it ends, the latest; likewise.
        told: Events the endpoint has acknowledged.
        last_sent: When it acknowledged anything.
        attempts: How often the present message was tried.
        due: The present message is not tried before.
        farewell: The endpoint is still to hear that it ended.
    """

    id: str
    owner: str
    access: AccessRequest | None
    topic: str
    criteria: str
    patient: Identifier | None
    endpoint: str
    headers: tuple[str, ...] = ()
    mime_type: str = "application/fhir+json"
    content: Content = Content.EMPTY
    heartbeat: int = 0
    reason: str = ""
    contact: str = ""
    end: str = ""
    until: str = ""
    status: SubscriptionStatus = SubscriptionStatus.REQUESTED
    version: int = 1
    updated: str = ""
    told: int = 0
    last_sent: str = ""
    attempts: int = 0
    due: str = ""
    trouble: str = ""
    farewell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEvent:
    """Something that may interest a subscriber.

    Attributes:
        number: Ascending.
        submission: entryUUID of the submission set that came.
        patient: Whose record.
        time: DTM of 14 digits, UTC.
        after: Key of the last object of it that the endpoint acknowledged; 0 for none.
    """

    number: int
    submission: str
    patient: Identifier
    time: str
    after: int = 0
