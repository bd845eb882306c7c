"""One request as the rules look at it, and what several of them need to know about it.

Source:
    Sections 2.1 and 3.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Generic, TypeVar

from gateway.consent.times import covers, is_minor, is_over, later, latest
from gateway.model.choices import Authorise, BasePolicy, HolderKind, Origin, Period, Representative
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import (
    WRITES,
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    SubjectKind,
    same_key,
)
from gateway.profile.access import ANY, AccessPolicy

_T = TypeVar("_T")


class once(Generic[_T]):  # noqa: N801 - read like property
    """A property found when it is first asked for; without the lock of ``cached_property``.

    For what several rules ask of one request; a plain property is quicker to ask once.
    """

    def __init__(self, find: Callable[[Case], _T]) -> None:
        """Take what finds it."""
        self._find = find
        self.__doc__ = find.__doc__
        self._name = find.__name__

    def __get__(self, case: Case, _: type[Case] | None = None) -> _T:
        """Find it, and leave it where the next look finds it first."""
        found = case.__dict__[self._name] = self._find(case)
        return found


READS = frozenset({Operation.READ, Operation.SUBSCRIBE})
"""Operations that show documents."""

EXPRESS = (Origin.PATIENT, Origin.SELF_DECLARED)
"""Authorisations the patient gave somebody by name, not by being in a team."""

_P, _R, _PRO = SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE, SubjectKind.PROFESSIONAL
_D, _S, _APP = SubjectKind.DELEGATE, SubjectKind.STRUCTURE, SubjectKind.SERVICE
_NORMAL, _PROFESSIONAL = Mode.NORMAL, HolderKind.PROFESSIONAL

RIGHTS: dict[Operation, tuple[SubjectKind, ...]] = {
    Operation.STATUS: (_P, _R, _PRO, _D, _S, _APP),
    # Structures and delegates are refused by lines of their own (A13, A14).
    Operation.READ: (_P, _R, _PRO, _D, _S, _APP),
    Operation.SUBSCRIBE: (_P, _R, _PRO, _D, _S, _APP),
    Operation.SUBMIT: (_P, _R, _PRO, _D, _S, _APP),
    Operation.UPDATE: (_P, _R, _PRO, _D, _S),
    Operation.DELETE: (_P, _R, _PRO, _S),
    Operation.CHOOSE: (_P, _R),
    Operation.DECLARE: (_PRO, _S),
    Operation.READ_CHOICES: (_P, _R, _PRO),
    Operation.HISTORY: (_P, _R),
    Operation.AUDIT: (),
    Operation.RECORD: (_S, _APP, SubjectKind.OPERATOR),
    Operation.EXPLAIN: (_P,),
    Operation.ADMINISTER: (),
}
"""Table 3.3: which kinds of subjects an operation is possible for, before anything else."""


_NOBODY = frozenset({""})
"""The key of somebody who was not named."""


class AuthorisationStatus(Enum):
    """How somebody stands to a record: what the status operation tells of oneself."""

    VALID = "valid"
    EXPIRED = "expired"
    NONE = "none"
    FORBIDDEN = "forbidden"


class Case:
    """A request, with what it is judged by; what several rules ask is found once.

    Attributes:
        kind: What who asks is to the record.
        person: Key of the person or application who asks; empty where nobody is named.
        structure: Key of the structure; empty where there is none.
        reads: Whether documents would be shown.
        writes: Whether the record's content would change.
        is_professional: Whether a professional asks.
        is_emergency: Whether the record is opened in one of the two emergency modes.
    """

    # Nobody compares cases, and one is made for every request: a frozen dataclass takes five times
    # as long to make.
    def __init__(
        self,
        access: AccessRequest,
        operation: Operation,
        record: Record,
        policy: AccessPolicy,
        now: str,
        declarations: tuple[EmergencyDeclaration, ...] = (),
    ) -> None:
        """Take what is judged, and find what every rule asks."""
        self.access: Final = access
        self.operation: Final = operation
        self.record: Final = record
        self.policy: Final = policy
        self.now: Final = now
        self.declarations: Final = declarations
        subject = access.subject
        self.subject: Final = subject
        self.kind: Final = subject.kind
        self.person: Final = same_key(subject.id) if subject.id else ""
        self.structure: Final = subject.structure_key
        self.reads: Final = operation in READS
        self.writes: Final = operation in WRITES
        self.is_professional: Final = self.kind is _PRO
        self.is_emergency: Final = access.mode is not _NORMAL

    # --- People ----------------------------------------------------------------------------------

    @once
    def people(self) -> tuple[str, ...]:
        """Keys of whoever acts, the principal of a delegate included."""
        principal = self.subject.on_behalf_of
        if principal is None:
            return (self.person,) if self.person else ()
        return tuple(key for key in (self.person, same_key(principal)) if key)

    @once
    def sources(self) -> tuple[str, ...]:
        """Keys by which somebody may have been objected to as a source."""
        return (*self.people, self.structure) if self.structure else self.people

    @property
    def owner_keys(self) -> frozenset[str]:
        """Keys whose documents are one's own: the person, the structure; a delegate's principal."""
        if self.kind is SubjectKind.DELEGATE:
            principal = self.subject.on_behalf_of
            return frozenset((same_key(principal),)) if principal else frozenset()
        return frozenset((self.person, self.structure)) - _NOBODY

    @property
    def is_individual(self) -> bool:
        """Whether the person, and not only a structure, was authenticated."""
        subject = self.subject
        return subject.id is not None and subject.authentication is not Authentication.INDIRECT

    @property
    def is_gp(self) -> bool:
        """Whether who asks is the attending doctor declared in the record."""
        gp = self.record.gp
        return self.is_professional and gp is not None and same_key(gp) == self.person

    @once
    def needs_express_consent(self) -> bool:
        """Whether presumptions never serve this one (occupational medicine, fire brigades)."""
        policy, subject = self.policy, self.subject
        return names_any(subject.roles, policy.express_consent_roles) or (
            subject.sector is not None and subject.sector.key in policy.express_consent_sectors
        )

    @property
    def has_role(self) -> bool:
        """Whether the roles stand for one row of the matrix, where there is one."""
        policy = self.policy
        if not policy.matrix_applies or (self.is_emergency and not policy.emergency_matrix_applies):
            return True
        return self.row is not None

    @once
    def row(self) -> str | None:
        """The one row of the matrix that the roles stand for."""
        return self.policy.row(self.subject.roles)

    def has_row_of(self, rows: frozenset[str]) -> bool:
        """Whether the role is one of those a list names."""
        return ANY in rows or self.row in rows

    # --- The record ------------------------------------------------------------------------------

    @once
    def is_own(self) -> bool:
        """Whether the record is that of who asks, by whichever of its identifiers."""
        record, person = self.record, self.person
        return person != "" and (same_key(record.patient) == person or person in record.names)

    @once
    def is_minor(self) -> bool:
        """Whether the patient has surely not come of age, where minors are known at all."""
        policy = self.policy
        return policy.minors_enabled and is_minor(
            self.record.birth_date, self.now, policy.legal_zone, policy.majority_age
        )

    @once
    def representation(self) -> Representative | None:
        """The link by which who asks acts for the patient now."""
        for link in self.record.representatives:
            if (
                self.person != ""
                and same_key(link.person) == self.person
                and covers(link.period, self.now)
                and (self.is_minor or link.title in self.policy.protection_titles)
            ):
                return link
        return None

    @once
    def delegation(self) -> Delegation | None:
        """The delegation in force from the principal named to who asks."""
        principal = self.subject.on_behalf_of
        for one in self.record.delegations:
            if (
                self.person != ""
                and principal is not None
                and same_key(one.delegate) == self.person
                and same_key(one.principal) == same_key(principal)
                and covers(_period(one.start, one.end), self.now)
            ):
                return one
        return None

    @once
    def service_classes(self) -> frozenset[tuple[str, str]]:
        """The classes of documents the patient gave this application for now."""
        key = self.subject.key
        return frozenset(
            code.key
            for service in self.record.services
            if key and same_key(service.app) == key and covers(service.period, self.now)
            for code in service.scope
        )

    # --- Authorisation ---------------------------------------------------------------------------

    @once
    def authorisation(self) -> tuple[AuthorisationStatus, Authorise | None]:
        """How who asks is authorised to consult, and by which choice.

        An authorisation of a structure serves a person whom the structure authenticated.
        """
        return self._authorisation_of(self.person)

    @once
    def principal_authorisation(self) -> AuthorisationStatus:
        """How the principal of a delegate is authorised."""
        principal = self.subject.on_behalf_of
        return self._authorisation_of(same_key(principal) if principal else "")[0]

    def _authorisation_of(self, person: str) -> tuple[AuthorisationStatus, Authorise | None]:
        express = self.needs_express_consent
        structure = "" if express or not self._is_of_structure else self.structure
        expired: Authorise | None = None
        for one in self.record.authorisations:
            holder = one.holder
            whose = person if holder.kind is _PROFESSIONAL else structure
            if not whose or same_key(holder.identifier) != whose:
                continue
            if express and one.origin not in EXPRESS:
                continue
            period = self._bounded(one)
            if covers(period, self.now):
                return AuthorisationStatus.VALID, one
            if is_over(period, self.now):
                expired = one
        return (AuthorisationStatus.EXPIRED if expired else AuthorisationStatus.NONE), expired

    @property
    def _is_of_structure(self) -> bool:
        known = self.subject.authentication
        if self.policy.structure_needs_reinforced:
            return known is Authentication.REINFORCED
        return known is not Authentication.INDIRECT

    def _bounded(self, one: Authorise) -> Period:
        """The period of an authorisation, no longer than its origin allows."""
        start = one.period.start
        if start is None or not start.is_well_formed:
            return one.period
        if one.origin in (Origin.CARE_TEAM, Origin.COLLEAGUE):
            longest = later(start.lower, days=self.policy.team_max_days)
        elif one.origin is Origin.SELF_DECLARED and one.period.end is None:
            longest = later(start.lower, hours=self.policy.nonteam_max_hours)
        else:
            return one.period
        if one.period.end is not None and latest(one.period.end.text) <= longest:
            return one.period
        return Period(start=start, end=DateTime(longest))

    @property
    def is_open_to_professionals(self) -> bool:
        """Whether the base policy lets professionals consult without authorisation."""
        return (
            self.record.base_policy in (BasePolicy.BASIC_NORMAL, BasePolicy.ALL_NORMAL)
            and not self.needs_express_consent
        )

    @once
    def declaration(self) -> EmergencyDeclaration | None:
        """The declaration whose window this request belongs to."""
        key, mode, now = self.subject.key, self.access.mode, self.now
        for one in self.declarations:
            if one.subject == key and one.mode is mode and one.start <= now <= one.end:
                return one
        return None

    @once
    def is_reason_given(self) -> bool:
        """Whether a new declaration has its reason, and a new one."""
        policy, reason = self.policy, " ".join(self.access.reason.split()).casefold()
        if not reason:
            return not policy.emergency_reason
        return not policy.emergency_new_reason or not any(
            one.subject == self.subject.key
            and one.mode is self.access.mode
            and one.end < self.now
            and " ".join(one.reason.split()).casefold() == reason
            for one in self.declarations
        )


def names_any(codes: tuple[Code, ...], keys: frozenset[tuple[str, str]]) -> bool:
    """Whether one of some codes is among those that keys list."""
    return bool(keys) and not keys.isdisjoint([code.key for code in codes])


def _period(start: str, end: str) -> Period:
    return Period(start=DateTime(start) if start else None, end=DateTime(end) if end else None)


def named(identifier: Identifier) -> str:
    """How texts about choices name somebody."""
    return same_key(identifier)
