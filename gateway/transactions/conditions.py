"""What a search may ask of one object, in parts that are put together as one likes.

The stored queries of XDS ask fixed questions; FHIR lets every parameter be turned round, widened
and combined. A :data:`Condition` says one of these things about an object; the queries of
:mod:`gateway.transactions.registry_stored_query` carry a tuple of them that must all hold.
Attributes go by their names in the model.

Source:
    HL7 FHIR R4: 3.1.1.4 Search (modifiers, prefixes, AND and OR).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBound:
    """``low <= value < high`` on one time attribute, by the first second the value covers.

    Attributes:
        attribute: ``creation_time``, ``service_start_time``, ``service_stop_time``,
            ``submission_time``, ``last_update_time``, ``registration_time`` or ``last_updated``.
        low: 14 digits, inclusive.
        high: 14 digits, exclusive.
        missing_matches: Whether an object without that time passes: so it is for service times
            in XDS (ITI TF-2a: 3.18.4.1.2.3.7.1), and for an open end of a FHIR period.
        last: Compare by the last second the value covers instead: of ``2024`` the last one of the
            year.
    """

    attribute: str
    low: str | None = None
    high: str | None = None
    missing_matches: bool = False
    last: bool = False


class Match(Enum):
    """How a text is compared: without case and accents, but for ``EXACT``."""

    BEGINS = "begins"
    CONTAINS = "contains"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class HasCode:
    """One value of a coded attribute has this code, and this scheme; ``None`` is any."""

    attribute: str
    code: str | None
    scheme: str | None


@dataclass(frozen=True, slots=True)
class HasText:
    """One value of an attribute for people matches a text.

    Attributes:
        attribute: ``author_family``, ``author_given``, ``author_institution`` (its name), ``title``
            or ``comments``.
    """

    attribute: str
    text: str
    match: Match = Match.BEGINS


@dataclass(frozen=True, slots=True)
class HasIdentifier:
    """One person, institution or reference has this identifier; ``None`` is any.

    Attributes:
        attribute: ``author_person``, ``author_institution`` or ``reference_id_list``.
        authority: Who gave the identifier; empty for none.
        type_code: Of a reference: what it refers to.
    """

    attribute: str
    value: str | None
    authority: str | None
    type_code: str | None = None


@dataclass(frozen=True, slots=True)
class Is:
    """An attribute that is one plain text is one of these."""

    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """The attribute has a value."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Newest:
    """The object is the newest version under its logical id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The object is at one end of an association in force.

    Attributes:
        from_here: Whether the object is the association's source.
        types: What the association may be; empty for any of a document's relationships.
        to: EntryUUIDs or logical ids, of which one must be that of the other end; empty for any.
            A target is meant in all its versions, however it is named: FHIR refers to resources,
            not to versions.
        any_version: Whether it is enough that some version of the object stands at this end.
    """

    from_here: bool
    types: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    any_version: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of these holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold, be it that the attribute has no value."""

    condition: Condition


Condition = (
    TimeBound
    | HasCode
    | HasText
    | HasIdentifier
    | Is
    | Has
    | Newest
    | Linked
    | Every
    | Either
    | Not
)


@dataclass(frozen=True, slots=True)
class Order:
    """One attribute answers are ordered by; objects without it come first, or last descending.

    Attributes:
        attribute: As in the model; ``date`` is the one FHIR shows as the date of a List or, of a
            document, its registration.
    """

    attribute: str
    ascending: bool = True


class Inclusion(Enum):
    """What may be answered beside the objects found."""

    PATIENT = "the patients they are about"
    MEMBERS = "what the submission sets and folders hold"
    HOLDERS = "the submission sets and folders that hold them"
    RELATED = "the documents they relate to"
    RELATING = "the documents that relate to them"
