"""Conventions: how a community's records differ from what IHE leaves open.

Read from profile data (:mod:`gateway.profile.fhir`); decisions, codecs and doors take them as an
argument. The defaults are those of XDS.b with Metadata Update and of MHD.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import Code
from gateway.model.vocabulary import AvailabilityStatus

APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherStatus:
    """A status of documents that a community has beside Approved and Deprecated.

    Attributes:
        urn: As availabilityStatus says it.
        extension: URL of the boolean extension of DocumentReference that says it.
        parameter: Name of the search parameter that asks for it.
        definition: Canonical URL of that parameter; empty when it has none.
        code: DocumentReference.status beside the extension.
        other_codes: What a client may send there as well.
        alone: A DocumentReference.status that asks for this status by itself, in a patch only.
        in_force: An object in this status can be updated and replaced, as an Approved one.
        withdrawn: What has this status is kept, and never answered again; nothing leaves it.
    """

    urn: str
    extension: str
    parameter: str = ""
    definition: str = ""
    code: str = "current"
    other_codes: tuple[str, ...] = ()
    alone: str = ""
    in_force: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTransition:
    """One status may become another.

    Attributes:
        by_author: Only the author of the document may ask for it.
        by_propagation: Nobody asks for it: it follows when a newer document goes this way.
    """

    original: str
    new: str
    by_author: bool = False
    by_propagation: bool = False


STANDARD_TRANSITIONS = (
    StatusTransition(original=APPROVED, new=DEPRECATED),
    StatusTransition(original=DEPRECATED, new=APPROVED),
)
"""What Update Document Set allows. Source: IHE XDS Metadata Update supplement, 3.57.4.1.3.3.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRules:
    """Which statuses documents have, and what may become of each."""

    further: tuple[FurtherStatus, ...] = ()
    transitions: tuple[StatusTransition, ...] = STANDARD_TRANSITIONS

    def named(self, urn: str | None) -> FurtherStatus | None:
        """The further status with that URN."""
        return next((s for s in self.further if s.urn == urn), None)

    def transition(self, original: str | None, new: str | None) -> StatusTransition | None:
        """Whether, and how, one status may become another."""
        return next(
            (t for t in self.transitions if (t.original, t.new) == (original, new)),
            None,
        )

    def is_in_force(self, status: str | None) -> bool:
        """Whether an object in that status can be updated and replaced."""
        found = self.named(status)
        return status == APPROVED if found is None else found.in_force

    def is_withdrawn(self, status: str | None) -> bool:
        """Whether what has that status is never answered again."""
        found = self.named(status)
        return found is not None and found.withdrawn

    @property
    def shown(self) -> tuple[str, ...]:
        """Every status an answer may have."""
        return (APPROVED, DEPRECATED, *(s.urn for s in self.further if not s.withdrawn))

    @property
    def known(self) -> tuple[str, ...]:
        """Every status there is."""
        return (APPROVED, DEPRECATED, *(s.urn for s in self.further))


STANDARD_STATUSES = StatusRules()
"""Approved and Deprecated, and the way from each to the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordExtensions:
    """The extensions of Patient that tell the state of a record.

    Attributes:
        closure: A complex extension with the three parts that follow.
        closure_date: ``url`` of the part with the day.
        closure_motive: ``url`` of the part with the coded motive.
        closure_reason: ``url`` of the part with the reason in words.
        space: A boolean: the record is attached to the patient's own space.
        attending_doctor: A boolean: who asks is the patient's attending doctor.
    """

    closure: str
    closure_date: str
    closure_motive: str
    closure_reason: str
    space: str
    attending_doctor: str


MUTABLE_MEMBERS = (
    "status",
    "type",
    "category",
    "author",
    "authenticator",
    "contained",
    "description",
    "securityLabel",
    "content",
    "context",
    "extension",
)
"""Members of DocumentReference that carry what a metadata update may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCodes:
    """The codes by which an identity feed tells what a record's rules look at.

    Attributes:
        qualified: Identity reliability codes (HL7 v2 PID-32) of an identity that may be fed; none
            where the community has no such rule.
        attending_roles: Roles (ROL-3, HL7 v2 table 0443) of the attending doctor.
    """

    qualified: tuple[str, ...] = ()
    attending_roles: tuple[str, ...] = ("PP",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """How a community's registry and its FHIR face differ from the plain standards.

    Attributes:
        served_id: Which id a DocumentReference or folder goes by, ``logical_id`` or
            ``entry_uuid``; a read by either finds it.
        identifiers_by: How identifiers are told apart, ``type`` (MHD 4.2.4) or ``use`` (before).
        date: Where DocumentReference.date comes from, ``registration_time`` or
            ``creation_time``.
        statuses: Of documents.
        level_scheme: Coding scheme of the confidentiality levels, where an entry has exactly one
            and other codes beside it; empty where confidentiality codes are all alike.
        visibility_scheme: Coding scheme of those other codes.
        default_level: The level of an entry that comes without.
        patchable: Members of DocumentReference that a patch may change, besides the extensions
            of the statuses.
        record: Extensions of Patient, where the community has them.
        identity: What its identity feed says.
    """

    served_id: str = "logical_id"
    identifiers_by: str = "type"
    date: str = "registration_time"
    statuses: StatusRules = STANDARD_STATUSES
    level_scheme: str = ""
    visibility_scheme: str = ""
    default_level: Code | None = None
    patchable: tuple[str, ...] = MUTABLE_MEMBERS
    record: RecordExtensions | None = None
    identity: IdentityCodes = IdentityCodes()

    @property
    def serves_entry_uuid(self) -> bool:
        """Whether resources go by the id of their present version."""
        return self.served_id == "entry_uuid"

    def with_level(
        self, codes: tuple[Code, ...], before: tuple[Code, ...] = ()
    ) -> tuple[Code, ...]:
        """Give confidentiality codes with a level among them, which stands last.

        Args:
            codes: As somebody wants them.
            before: As they are; the level among them stays when ``codes`` has none.
        """
        if not self.level_scheme or any(c.scheme == self.level_scheme for c in codes):
            return codes
        levels = tuple(c for c in before if c.scheme == self.level_scheme)
        if not levels and self.default_level is not None:
            levels = (self.default_level,)
        return codes + levels

    def levels_last(self, codes: tuple[Code, ...]) -> tuple[Code, ...]:
        """Give confidentiality codes with the level behind the others.

        So the first label says who is kept out where anybody is: clients that put a visibility
        code in the first place, and the level there to take it back, do what they mean.
        """
        if not self.level_scheme or len(codes) < 2:
            return codes
        return tuple(sorted(codes, key=lambda c: c.scheme == self.level_scheme))


STANDARD = Conventions()
"""XDS.b, Metadata Update and MHD as they are."""
