"""One audit event: who did what to which objects, decided by which rule.

The event is a value; ``codecs.fhir.audit_event`` writes it as an AuditEvent (BALP) and
``codecs.atna`` as a DICOM AuditMessage. It is written in the transaction of the effect it tells of.

Source:
    IHE ITI TF-1: 9 (ATNA); IHE BALP 1.1.3; section 8.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Identifier
from gateway.model.subject import Mode, Subject


class Outcome(Enum):
    """How a request ended, in the numbers of DICOM PS3.15 and FHIR.

    Attributes:
        MINOR_FAILURE: Refused for what the client sent or may not do.
        SERIOUS_FAILURE: Failed for a reason of ours.
    """

    SUCCESS = 0
    MINOR_FAILURE = 4
    SERIOUS_FAILURE = 8


class Action(Enum):
    """What kind of act, by its letter."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedObject:
    """Something a request disclosed or changed.

    Attributes:
        kind: ``DocumentEntry``, ``SubmissionSet``, ``Folder``, ``Association``, ``Consent``,
            ``Patient``, ``Subscription``, ``AuditEvent``.
        id: entryUUID, or the id of the resource.
        unique_id: Of a document or submission set, where known.
        repository: repositoryUniqueId, where the octets were given.
    """

    kind: str
    id: str
    unique_id: str = ""
    repository: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What is kept of one request.

    Attributes:
        id: ``urn:uuid:…``; the id of the decision as well.
        time: DTM text of 14 digits, UTC.
        transaction: ``ITI-18``, or the name of an interaction no transaction covers.
        interaction: FHIR's word for it (``read``, ``search-type``, …); empty over SOAP.
        subject: Who asked; ``None`` where nobody was identified.
        purposes: Codes as ``code^^scheme`` texts.
        patient: Whose record.
        objects: What was disclosed or changed; never what was absent.
        query_id: ``urn:uuid:`` of a stored query, or the address of a search.
        query: The query as it came; kept as text, written in base64.
        rule: The one rule that decided.
        reason: Of an emergency.
        consents: Ids of the choices and authorisations that decided.
        declaration: Id of the emergency declaration the request belongs to.
        absent: How many objects each rule kept away; never leaves the house.
        failure: What was told to the client, where it was refused.
        request_id: What the client called its request (``X-Request-Id``, ``wsa:MessageID``).
        source: Id of the document source, submission set or message, where useful.
        peer: Network address the request came from, where nobody was identified.
        received: Of an event that happened in another system, the AuditEvent as that system sent
            it, JSON; ``subject`` is who sent it, ``time`` when it happened.
        mentions: What such an event is found by: ``type:…``, ``subtype:…``, ``agent:…`` with the
            identifier's value and authority, and the names of entities.
    """

    id: str
    time: str
    transaction: str
    action: Action
    outcome: Outcome
    interaction: str = ""
    subject: Subject | None = None
    mode: Mode = Mode.NORMAL
    purposes: tuple[str, ...] = ()
    patient: Identifier | None = None
    objects: tuple[AuditedObject, ...] = ()
    query_id: str = ""
    query: str = ""
    rule: str = ""
    reason: str = ""
    policy_version: int = 0
    consents: tuple[str, ...] = ()
    declaration: str = ""
    absent: tuple[tuple[str, int], ...] = ()
    failure: str = ""
    request_id: str = ""
    source: str = ""
    peer: str = ""
    received: str = ""
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Who records: this gateway, as it names itself to those who read its events.

    Attributes:
        id: AuditSourceID, and ``source.observer``: a name that stays when machines change.
        endpoint: Address under which clients reach the gateway.
        host: Name or network address of the machine.
        process: Of the running process, in digits.
        site: AuditEnterpriseSiteID; empty where there is none.
        home_community_id: ``urn:oid:…``; empty outside cross-community exchange.
    """

    id: str
    endpoint: str = ""
    host: str = ""
    process: str = ""
    site: str = ""
    home_community_id: str = ""
