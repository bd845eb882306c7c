"""What a patient has decided about the record: the only source of truth, whatever form it came in.

A choice is one act, not a state: who may see what is decided later from the acts in force. FHIR
Consents and BPPC acknowledgments are forms of these values, read by rules that refuse whatever
would not be enforced.

Documents that are hidden *from* the patient are no choice of the patient: that lives in document
metadata only.

Source:
    IHE PCF 1.1 (base policies, actors, exceptions); IHE ITI TF-3: 5.1 (BPPC).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.datatypes import Code, DateTime, Identifier

# --- What choices are made of --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From when to when a choice holds; both ends belong to it, an absent end is open."""

    start: DateTime | None = None
    end: DateTime | None = None


class HolderKind(Enum):
    """Who holds a right to the record."""

    PROFESSIONAL = "professional"
    STRUCTURE = "structure"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A professional, a care organisation or an application, by identifier."""

    kind: HolderKind
    identifier: Identifier


class Origin(Enum):
    """How an authorisation came about."""

    PATIENT = "patient"
    SELF_DECLARED = "self-declared"
    CARE_TEAM = "care-team"
    COLLEAGUE = "colleague"


class EmergencyKind(Enum):
    """The two ways into a record without authorisation; the patient may object to each."""

    BREAK_GLASS = "break-glass"
    REGULATION = "regulation"


class BasePolicy(Enum):
    """What holds for an open record as long as nothing else is said.

    Attributes:
        DOMAIN: The domain's own policy.
    """

    DOMAIN = "domain"
    BASIC_NORMAL = "basic-normal"
    ALL_NORMAL = "all-normal"
    BREAK_GLASS_ONLY = "break-glass-only"
    DENY = "deny"


LABELS = ("R", "V")
"""The confidentiality codes (restricted, very restricted) whose documents can be masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document: by the id of its entry (``urn:uuid:…``), or by its uniqueId."""

    id: str

    def __post_init__(self) -> None:
        """A document has a name."""
        if not self.id:
            raise ValueError("a document is named by an id")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredBy:
    """Every document of one author, found when access is decided."""

    author: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenIn:
    """Every document of a period, found when access is decided."""

    period: Period

    def __post_init__(self) -> None:
        """A period without ends would be all documents, which HideAll says."""
        if self.period == Period():
            raise ValueError("a period has a start or an end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Every document with a confidentiality code, found when access is decided.

    Attributes:
        label: One of :data:`LABELS`, of HL7's Confidentiality.
    """

    label: str

    def __post_init__(self) -> None:
        """No other label is enforced."""
        if self.label not in LABELS:
            raise ValueError(f"only documents labelled {' or '.join(LABELS)} are masked as a whole")


Masked = Document | AuthoredBy | WrittenIn | Labelled

# --- The choices ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The record exists and is in use, under a base policy."""

    policy: BasePolicy = BasePolicy.DOMAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Nobody uses the record any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorise:
    """Somebody may consult the record.

    Attributes:
        holder: A professional or a structure; an application is authorised by :class:`Service`.
        agreed: When the patient agreed to what a professional declares himself.
    """

    holder: Holder
    period: Period = Period()
    origin: Origin = Origin.PATIENT
    agreed: DateTime | None = None

    def __post_init__(self) -> None:
        """Keep applications out: they are authorised for something, not for everything."""
        if self.holder.kind is HolderKind.SERVICE:
            raise ValueError("a service is authorised with a scope, by Service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """An authorisation ends now."""

    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A professional sees nothing, whatever else holds."""

    professional: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblock:
    """A professional is treated like any other again."""

    professional: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Whether the record may be opened in an emergency of one kind."""

    kind: EmergencyKind
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HideAll:
    """Whether the whole content is hidden from all professionals."""

    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Documents are hidden from professionals."""

    target: Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmask:
    """Documents are no longer hidden."""

    target: Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedObjection:
    """A source may not put documents into the record.

    Attributes:
        motive: Why; an objection needs a legitimate reason.
        accepted_by: Who found it legitimate.
    """

    source: Holder
    motive: str
    accepted_by: Identifier

    def __post_init__(self) -> None:
        """An objection has a reason."""
        if not self.motive:
            raise ValueError("an objection needs its motive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An application may use documents of some classes.

    Attributes:
        app: The application.
        scope: Classes of documents; at least one.
    """

    app: Identifier
    scope: tuple[Code, ...]
    period: Period = Period()

    def __post_init__(self) -> None:
        """An authorisation for nothing is a mistake."""
        if not self.scope:
            raise ValueError("a service is authorised for at least one class of documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """Somebody acts for the patient.

    Attributes:
        title: As what: parent, guardian, trusted person, in the words of the domain.
    """

    person: Identifier
    title: str
    period: Period = Period()

    def __post_init__(self) -> None:
        """Nobody acts for a patient as nothing."""
        if not self.title:
            raise ValueError("a representative needs a title")


Choice = (
    Open
    | Close
    | Authorise
    | Revoke
    | Block
    | Unblock
    | Emergency
    | HideAll
    | Mask
    | Unmask
    | FeedObjection
    | Service
    | Representative
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Choices of one patient, said at one time, and who took note of them.

    Attributes:
        patient_id: Whose record; ``None`` where only ``patient_reference`` tells.
        patient_reference: Literal reference to the patient, ``Patient/…``, for a directory.
        date_time: When it was said.
        performer: Who said it: the patient unless given, else a representative.
        organization: Who took note of it and enforces it.
        source: Where the signed form is: a URL, a reference or an identifier's text.
        choices: At least one.
    """

    patient_id: Identifier | None
    patient_reference: str = ""
    date_time: DateTime | None = None
    performer: Identifier | None = None
    organization: Identifier | None = None
    source: str = ""
    choices: tuple[Choice, ...] = ()
