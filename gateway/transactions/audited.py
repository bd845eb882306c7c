"""What the audit trail calls each transaction: one table for both forms of an event.

The event is the one the receiving actor records: the registry, the repository, the document
recipient or the document responder. Interactions that no transaction covers follow from their
action and from FHIR's word for them.

Source:
    IHE ITI TF-2: 3.18.5.1, 3.41.5.1, 3.42.5.1, 3.43.5.1, 3.57.5.1, 3.61.5.1, 3.62.5.1, 3.86.5.1;
    IHE MHD 4.2.4: 2:3.65.5.1 to 2:3.68.5.1, 2:3.105.5.1; DICOM PS3.16: CID 400, 401;
    DICOM PS3.15: A.5.3.1 (Application Activity).
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.audit import Action, AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """One EventID of DICOM."""

    code: str
    name: str


QUERY = EventKind(code="110112", name="Query")
IMPORT = EventKind(code="110107", name="Import")
EXPORT = EventKind(code="110106", name="Export")
PATIENT_RECORD = EventKind(code="110110", name="Patient Record")
AUTHENTICATION = EventKind(code="110114", name="User Authentication")
APPLICATION_ACTIVITY = EventKind(code="110100", name="Application Activity")
APPLICATION_START = "application-start"
APPLICATION_STOP = "application-stop"
"""What the gateway does by itself, and nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTransaction:
    """How one transaction stands in the trail of its receiver.

    Attributes:
        kind: ``None`` where the event is one of FHIR's RESTful interactions.
        profile: Of the AuditEvent, behind MHD's base; empty where MHD has none.
        submission_set: Whether the event is about the submission set, not its documents.
        erased: Whether what it is about is gone afterwards.
        activity: The EventTypeCode of DICOM, where the gateway itself did it.
    """

    name: str
    kind: EventKind | None = None
    profile: str = ""
    submission_set: bool = False
    erased: bool = False
    activity: EventKind | None = None


RECEIVED = "received"
"""Stands for the transaction of an event that happened in another system."""

TRANSACTIONS = {
    APPLICATION_START: AuditedTransaction(
        name="Application Start",
        kind=APPLICATION_ACTIVITY,
        activity=EventKind(code="110120", name="Application Start"),
    ),
    APPLICATION_STOP: AuditedTransaction(
        name="Application Stop",
        kind=APPLICATION_ACTIVITY,
        activity=EventKind(code="110121", name="Application Stop"),
    ),
    "ITI-8": AuditedTransaction(name="Patient Identity Feed", kind=PATIENT_RECORD),
    "ITI-18": AuditedTransaction(name="Registry Stored Query", kind=QUERY),
    "ITI-20": AuditedTransaction(name="Record Audit Event"),
    "ITI-38": AuditedTransaction(name="Cross Gateway Query", kind=QUERY),
    "ITI-39": AuditedTransaction(name="Cross Gateway Retrieve", kind=EXPORT),
    "ITI-41": AuditedTransaction(
        name="Provide and Register Document Set-b", kind=IMPORT, submission_set=True
    ),
    "ITI-42": AuditedTransaction(name="Register Document Set-b", kind=IMPORT, submission_set=True),
    "ITI-43": AuditedTransaction(name="Retrieve Document Set", kind=EXPORT),
    "ITI-57": AuditedTransaction(name="Update Document Set", kind=IMPORT, submission_set=True),
    "ITI-61": AuditedTransaction(
        name="Register On-Demand Document Entry", kind=IMPORT, submission_set=True
    ),
    "ITI-62": AuditedTransaction(name="Remove Metadata", kind=PATIENT_RECORD, erased=True),
    "ITI-65": AuditedTransaction(
        name="Provide Document Bundle",
        kind=IMPORT,
        profile="IHE.MHD.ProvideBundle.Audit.Recipient",
        submission_set=True,
    ),
    "ITI-66": AuditedTransaction(
        name="Find Document Lists", profile="IHE.MHD.FindDocumentLists.Audit.Responder"
    ),
    "ITI-67": AuditedTransaction(
        name="Find Document References", profile="IHE.MHD.FindDocumentReferences.Audit.Responder"
    ),
    "ITI-68": AuditedTransaction(
        name="Retrieve Document", profile="IHE.MHD.RetrieveDocument.Audit.Responder"
    ),
    "ITI-71": AuditedTransaction(name="Get Access Token", kind=AUTHENTICATION),
    "ITI-78": AuditedTransaction(name="Mobile Patient Demographics Query"),
    "ITI-81": AuditedTransaction(name="Retrieve ATNA Audit Event"),
    "ITI-83": AuditedTransaction(name="Mobile Patient Identifier Cross-reference Query"),
    "ITI-86": AuditedTransaction(name="Remove Documents", kind=PATIENT_RECORD, erased=True),
    "ITI-92": AuditedTransaction(
        name="Restricted Update Document Set", kind=IMPORT, submission_set=True
    ),
    "ITI-104": AuditedTransaction(name="Patient Identity Feed FHIR"),
    "ITI-105": AuditedTransaction(
        name="Simplified Publish", profile="IHE.MHD.SimplifiedPublish.Audit.Recipient"
    ),
    "ITI-106": AuditedTransaction(name="Generate Metadata"),
    "ITI-108": AuditedTransaction(name="Access Consent"),
    "ITI-110": AuditedTransaction(name="Resource Subscription"),
    "ITI-113": AuditedTransaction(name="Resource Subscription Search"),
    "ITI-114": AuditedTransaction(name="Resource SubscriptionTopic Search"),
    "ITI-119": AuditedTransaction(name="Patient Demographics Match"),
}

KIND_BY_ACTION = {
    Action.CREATE: IMPORT,
    Action.READ: EXPORT,
    Action.UPDATE: PATIENT_RECORD,
    Action.DELETE: PATIENT_RECORD,
    Action.EXECUTE: QUERY,
}
"""The event of what is neither a transaction nor a RESTful interaction."""


def audited(event: AuditEvent) -> AuditedTransaction:
    """Give the line of an event's transaction; one made up for what is no transaction."""
    known = TRANSACTIONS.get(event.transaction)
    if known is not None:
        return known
    if event.transaction == RECEIVED:
        return AuditedTransaction(name="Audit Event of Another System", kind=IMPORT)
    if event.interaction:
        return AuditedTransaction(name=event.transaction)
    return AuditedTransaction(name=event.transaction, kind=KIND_BY_ACTION[event.action])


def over_soap(event: AuditEvent) -> bool:
    """Whether the credential of an event was an assertion, not a token."""
    return not event.interaction and event.transaction in TRANSACTIONS


def purpose(text: str) -> tuple[str, str]:
    """Give code and scheme of a purpose of use (``code^^scheme``)."""
    code, _, scheme = text.partition("^^")
    return code, scheme
