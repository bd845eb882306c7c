"""Who asks, for whom, and in which mode: what a verified assertion or token tells.

A :class:`Subject` is never made from anything that was not verified; ``gateway.security`` makes it.
Identifiers are compared by value and assigning authority (:func:`same_key`), never by their whole
text, since every wire writes the other components in its own way.

Source:
    IHE ITI TF-1: 39 (XUA); IHE IUA 2.2: 3.71; the access rules of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Code, Identifier
from gateway.model.remembering import remembered


class SubjectKind(Enum):
    """What somebody is to the record."""

    # Members are single, so that each is its own hash; the one by name costs a call, and each
    # decision looks members up by the dozen. Likewise below.
    __hash__ = object.__hash__

    PATIENT = "patient"
    REPRESENTATIVE = "representative"
    PROFESSIONAL = "professional"
    DELEGATE = "delegate"
    STRUCTURE = "structure"
    SERVICE = "service"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Authentication(Enum):
    """How surely the person is known.

    Attributes:
        DIRECT: The person's own means: a card, a national sign-in.
        INDIRECT: The structure's certificate only.
        REINFORCED: The structure's certificate, and the person authenticated in it individually.
    """

    DIRECT = "direct"
    INDIRECT = "indirect"
    REINFORCED = "indirect-reinforced"


class Mode(Enum):
    """In which way the record is opened."""

    __hash__ = object.__hash__

    NORMAL = "normal"
    BREAK_GLASS = "break-glass"
    REGULATION = "regulation"


class Operation(Enum):
    """What a request wants, as far as rights differ (table 3.3 of the access rules).

    Attributes:
        STATUS: Whether there is a record, whether it is open, one's own authorisation.
        READ: Find, get and retrieve.
        SUBMIT: New documents, also such as replace, append or transform.
        UPDATE: A change of metadata: masks, announcements, archiving, corrections.
        DELETE: Documents or metadata go, logically or for good.
        CHOOSE: The patient's choices: authorise, block, close, emergency choices, masks.
        DECLARE: A professional adds an authorisation for himself, with the patient's agreement.
        READ_CHOICES: Read Consents.
        HISTORY: Who looked: the access history of one record.
        AUDIT: Any audit event.
        RECORD: Audit events of another system are brought, to be kept with ours.
        EXPLAIN: Why somebody may see something, and who can see it.
        SUBSCRIBE: Be told of new documents.
        ADMINISTER: Patients, their identity, delegations.
    """

    __hash__ = object.__hash__

    STATUS = "status"
    READ = "read"
    SUBMIT = "submit"
    UPDATE = "update"
    DELETE = "delete"
    CHOOSE = "choose"
    DECLARE = "declare"
    READ_CHOICES = "read-choices"
    HISTORY = "history"
    AUDIT = "audit"
    RECORD = "record"
    EXPLAIN = "explain"
    SUBSCRIBE = "subscribe"
    ADMINISTER = "administer"


WRITES = frozenset({Operation.SUBMIT, Operation.UPDATE, Operation.DELETE})
"""Operations that change what the record holds."""


def same_key(identifier: Identifier) -> str:
    """Give what two identifiers of one person have in common: ``value^authority``."""
    return _same_key(identifier.text)


@remembered(65_536)
def _same_key(text: str) -> str:
    # By the text: to hash an identifier and to compare two takes longer than all the rest.
    if "\\" in text:
        identifier = Identifier(text)
        return f"{identifier.value}^{identifier.authority}"
    # Decisions compare identifiers all the time; nothing is escaped in nearly all of them.
    parts = text.split("^", 4)
    subs = parts[3].split("&", 2) if len(parts) > 3 else ()
    return f"{parts[0]}^{subs[1] if len(subs) > 1 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The software somebody works with."""

    id: str = ""
    name: str = ""
    version: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody who was identified.

    Attributes:
        id: Of the person, or of the application; of a structure alone ``None``.
        name: In clear, for people who read the audit trail.
        roles: Profession, then speciality: codes of the role value set.
        structure: The organisation somebody works in, or that asks by itself.
        sector: Of the structure.
        on_behalf_of: The principal of a delegate.
        secret_connection: A minor's consultation the representatives learn nothing of.
        credential: Assertion id or ``jti``.
        issuer: Who vouches.
        network_address: Where the request came from.
    """

    kind: SubjectKind
    id: Identifier | None = None
    name: str = ""
    roles: tuple[Code, ...] = ()
    structure: Identifier | None = None
    structure_name: str = ""
    sector: Code | None = None
    authentication: Authentication = Authentication.DIRECT
    on_behalf_of: Identifier | None = None
    secret_connection: bool = False
    client: Client = Client()
    credential: str = ""
    issuer: str = ""
    network_address: str = ""

    @property
    def key(self) -> str:
        """What this one is compared by; of a structure alone the structure's."""
        named = self.id or self.structure
        return same_key(named) if named else ""

    @property
    def structure_key(self) -> str:
        """What the structure is compared by; empty where there is none."""
        return same_key(self.structure) if self.structure else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One verified credential, as a request came with it.

    Attributes:
        reason: Why the record is opened in an emergency.
        patient: Whom the credential names; a request about another patient is refused before any
            decision. ``None`` where it names nobody.
        purposes: Purposes of use, as coded.
        scopes: Of a token; empty for an assertion, which has none.
        patient_agreement: When the patient agreed to a declared authorisation: DTM text of 14
            digits; empty where nothing was said.
    """

    subject: Subject
    mode: Mode = Mode.NORMAL
    reason: str = ""
    patient: Identifier | None = None
    purposes: tuple[Code, ...] = ()
    scopes: frozenset[str] = frozenset()
    patient_agreement: str = ""
