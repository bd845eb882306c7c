"""What an oracle looks at: a record, its objects and who asks, in words of their own.

Nothing here knows the product. People, organisations and codes are short texts; moments are aware
datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MASKED, FROM_PATIENT, FROM_REPRESENTATIVES = "masked", "from-patient", "from-representatives"
"""The three restrictions a document can carry."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The keys of the specification that are tried with more than their default.

    Attributes:
        rows: By role code, the row of the matrix it stands for.
        grants: Row and type of document, where reading is granted.
    """

    rows: dict[str, str] = field(default_factory=dict)
    grants: frozenset[tuple[str, str]] = frozenset()
    block_beats_emergency: bool = True
    hide_all_beats_author: bool = False
    gp_sees: bool = True
    mask_hides_from_services: bool = True
    reveals_masked: bool = False
    matrix_applies_in_emergency: bool = True
    emergency_rows: frozenset[str] = frozenset()
    regulation_rows: frozenset[str] = frozenset()
    centres: frozenset[str] = frozenset()
    express_roles: frozenset[str] = frozenset()
    forbidden_purposes: frozenset[str] = frozenset()
    outside_purposes: frozenset[str] = frozenset()
    protection: frozenset[str] = frozenset()
    patient_classes: frozenset[str] = frozenset()
    majority: int = 18
    zone: str = "Europe/Paris"


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks, in which mode."""

    kind: str
    id: str = ""
    roles: tuple[str, ...] = ()
    structure: str = ""
    authentication: str = "direct"
    principal: str = ""
    secret: bool = False
    mode: str = "normal"
    reason: str = ""
    purpose: str = ""


@dataclass(frozen=True, kw_only=True)
class Authorisation:
    """Somebody may consult the record; ``is_structure`` says what the holder is."""

    holder: str
    is_structure: bool = False
    start: datetime | None = None
    end: datetime | None = None
    origin: str = "patient"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A person acts for the patient, a delegate for a principal, an application for classes."""

    who: str
    what: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """An emergency was declared."""

    who: str
    mode: str
    reason: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Record:
    """The state of one patient's record.

    Attributes:
        masked_authors: Everything they wrote is masked.
        masked_labels: Everything labelled so is masked.
        masked_periods: Everything written in one of them is masked.
    """

    patient: str
    status: str = "active"
    deceased: bool = False
    qualified: bool = True
    birth_date: str = ""
    blocked: frozenset[str] = frozenset()
    authorisations: tuple[Authorisation, ...] = ()
    break_glass: bool = True
    regulation: bool = True
    hide_all: bool = False
    gp: str = ""
    objections: frozenset[str] = frozenset()
    representatives: tuple[Link, ...] = ()
    services: tuple[Link, ...] = ()
    delegations: tuple[Link, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    masked_authors: frozenset[str] = frozenset()
    masked_labels: frozenset[str] = frozenset()
    masked_periods: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One object of the registry.

    Attributes:
        kind: ``entry``, ``set``, ``folder`` or ``link``.
        place: In the order of registration.
        status: ``Approved`` or ``Deprecated``.
    """

    kind: str
    id: str
    place: int
    patient: str = ""
    unique_id: str = ""
    logical_id: str = ""
    version: int = 1
    status: str = "Approved"


@dataclass(frozen=True, kw_only=True)
class Entry(Thing):
    """A version of a document's description.

    Attributes:
        authors: People, and organisations that wrote without a person.
        institutions: Of the authors.
        depositors: The professional and the structure of the set the document came with.
        restrictions: Those on this very version.
        labels: Its other confidentiality codes.
        deposited: When the document came.
        written: When it was written, first and last moment it may mean.
        superseded: There is a newer version of this description.
    """

    authors: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    depositors: frozenset[str] = frozenset()
    restrictions: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    deposited: datetime
    written: tuple[datetime, datetime]
    class_code: str = ""
    type_code: str = ""
    format_code: str = ""
    references: frozenset[str] = frozenset()
    superseded: bool = False


@dataclass(frozen=True, kw_only=True)
class Set(Thing):
    """A submission set and who made it."""

    makers: frozenset[str] = frozenset()
    author: str = ""
    submitted: datetime


@dataclass(frozen=True, kw_only=True)
class Folder(Thing):
    """A folder and who made it.

    Attributes:
        joined: When each member came to it.
    """

    makers: frozenset[str] = frozenset()
    created: datetime
    joined: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Association(Thing):
    """A link, read "source TYPE target"."""

    type: str
    source: str
    target: str
    by_reference: bool = False


@dataclass(frozen=True, kw_only=True)
class World:
    """One registry: records and what is kept in them.

    Attributes:
        lineages: Of logical ids, once they were worked out.
    """

    policy: Policy
    records: dict[str, Record]
    things: dict[str, Thing]
    now: datetime
    lineages: dict[str, list[Entry]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question, with the parameters of its name in the standard."""

    name: str
    ids: tuple[str, ...] = ()
    patient: str = ""
    status: frozenset[str] = frozenset({"Approved", "Deprecated"})
    folder_status: frozenset[str] = frozenset({"Approved", "Deprecated"})
    set_status: frozenset[str] = frozenset({"Approved", "Deprecated"})
    link_status: frozenset[str] = frozenset({"Approved", "Deprecated"})
    class_codes: frozenset[str] = frozenset()
    type_codes: frozenset[str] = frozenset()
    format_codes: frozenset[str] = frozenset()
    confidentiality: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    author: str = ""
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    types: frozenset[str] = frozenset()
    level: int = 1
