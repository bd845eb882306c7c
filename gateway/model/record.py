"""The state of one patient's record, folded from what the patient decided and what is known.

Source:
    Sections 2.2 and 2.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.choices import (
    AuthoredBy,
    Authorise,
    BasePolicy,
    FeedObjection,
    Labelled,
    Representative,
    Service,
    WrittenIn,
)
from gateway.model.datatypes import Identifier
from gateway.model.subject import Mode


class RecordStatus(Enum):
    """Whether there is a record, and whether it is open."""

    NONE = "none"
    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Somebody enters documents for a named principal, in a period.

    Attributes:
        start: DTM digits, UTC; empty for no start.
        end: Likewise; the end belongs to it.
    """

    delegate: Identifier
    principal: Identifier
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class ExpiredRecord:
    """A record that was closed for as long as records are kept.

    Attributes:
        patient: The surviving id.
        closed_on: DTM digits, as precise as known.
    """

    patient: Identifier
    closed_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyDeclaration:
    """A professional said why a record must be opened without authorisation.

    Attributes:
        id: ``urn:uuid:…``.
        subject: Key of the professional.
        structure: Key of the structure; empty where none was named.
        start: DTM of 14 digits, UTC.
        end: Likewise; requests of the same mode belong to it until then.
    """

    id: str
    patient: Identifier
    subject: str
    structure: str
    mode: Mode
    reason: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that decisions about one record look at.

    Attributes:
        patient: The surviving id.
        names: Keys of every identifier the record is called by, those of patients merged into this
            one included: credentials may still name them.
        policy_version: Counts the changes of choices and of the patient's own state, from 0.
        closed_on: DTM digits; empty while the record is open.
        deceased: DTM digits; empty while the patient lives or nothing is known.
        identity_qualified: Whether the identity may be fed.
        birth_date: DTM digits, as precise as known.
        blocked: Keys (:func:`gateway.model.subject.same_key`) of professionals.
        authorisations: In force or past; decisions look at their periods.
        masks: Of more than one document; a mask of one document is on its entry.
        gp: The attending doctor declared in the record.
        representatives: Links, valid or not.
        delegations: That the operator keeps; of any principal.
    """

    patient: Identifier
    names: frozenset[str] = frozenset()
    status: RecordStatus = RecordStatus.ACTIVE
    policy_version: int = 0
    base_policy: BasePolicy = BasePolicy.DOMAIN
    closed_on: str = ""
    deceased: str = ""
    identity_qualified: bool = True
    birth_date: str = ""
    blocked: frozenset[str] = frozenset()
    authorisations: tuple[Authorise, ...] = ()
    allow_break_glass: bool = True
    allow_regulation: bool = True
    hide_all: bool = False
    masks: tuple[AuthoredBy | WrittenIn | Labelled, ...] = ()
    gp: Identifier | None = None
    feed_objections: tuple[FeedObjection, ...] = ()
    services: tuple[Service, ...] = ()
    representatives: tuple[Representative, ...] = ()
    delegations: tuple[Delegation, ...] = ()
