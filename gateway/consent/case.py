"""One request as the rules look at it, and what several of them need to know about it.

Source:
    Sections 2.1 and 3.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.consent.times import covers, is_minor, is_over, later
from gateway.model.choices import Authorise, BasePolicy, HolderKind, Origin, Period, Representative
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import (
    WRITES,
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    Subject,
    SubjectKind,
    same_key,
)
from gateway.profile.access import ANY, AccessPolicy

READS = frozenset({Operation.READ, Operation.SUBSCRIBE})
"""Operations that show documents."""

EXPRESS = frozenset({Origin.PATIENT, Origin.SELF_DECLARED})
"""Authorisations the patient gave somebody by name, not by being in a team."""

_P, _R, _PRO = SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE, SubjectKind.PROFESSIONAL
_D, _S, _APP = SubjectKind.DELEGATE, SubjectKind.STRUCTURE, SubjectKind.SERVICE

RIGHTS: dict[Operation, frozenset[SubjectKind]] = {
    Operation.STATUS: frozenset({_P, _R, _PRO, _D, _S, _APP}),
    # Structures and delegates are refused by lines of their own (A13, A14).
    Operation.READ: frozenset({_P, _R, _PRO, _D, _S, _APP}),
    Operation.SUBSCRIBE: frozenset({_P, _R, _PRO, _D, _S, _APP}),
    Operation.SUBMIT: frozenset({_P, _R, _PRO, _D, _S, _APP}),
    Operation.UPDATE: frozenset({_P, _R, _PRO, _D, _S}),
    Operation.DELETE: frozenset({_P, _R, _PRO, _S}),
    Operation.CHOOSE: frozenset({_P, _R}),
    Operation.DECLARE: frozenset({_PRO, _S}),
    Operation.READ_CHOICES: frozenset({_P, _R, _PRO}),
    Operation.HISTORY: frozenset({_P, _R}),
    Operation.AUDIT: frozenset(),
    Operation.ADMINISTER: frozenset(),
}
"""Table 3.3: which kinds of subjects an operation is possible for, before anything else."""


class AuthorisationStatus(Enum):
    """How somebody stands to a record: what the status operation tells of oneself."""

    VALID = "valid"
    EXPIRED = "expired"
    NONE = "none"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Case:
    """A request, with what it is judged by."""

    access: AccessRequest
    operation: Operation
    record: Record
    policy: AccessPolicy
    now: str
    declarations: tuple[EmergencyDeclaration, ...] = ()

    @property
    def subject(self) -> Subject:
        """Who asks."""
        return self.access.subject

    @property
    def reads(self) -> bool:
        """Whether documents would be shown."""
        return self.operation in READS

    @property
    def writes(self) -> bool:
        """Whether the record's content would change."""
        return self.operation in WRITES

    @property
    def is_professional(self) -> bool:
        """Whether a professional asks."""
        return self.subject.kind is SubjectKind.PROFESSIONAL

    @property
    def is_emergency(self) -> bool:
        """Whether the record is opened in one of the two emergency modes."""
        return self.access.mode is not Mode.NORMAL

    # --- People ----------------------------------------------------------------------------------

    @property
    def people(self) -> tuple[str, ...]:
        """Keys of whoever acts, the principal of a delegate included."""
        subject = self.subject
        return tuple(same_key(one) for one in (subject.id, subject.on_behalf_of) if one)

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys by which somebody may have been objected to as a source."""
        structure = self.subject.structure_key
        return (*self.people, structure) if structure else self.people

    @property
    def owner_keys(self) -> frozenset[str]:
        """Keys whose documents are one's own: the person, the structure; a delegate's principal."""
        subject = self.subject
        person = subject.on_behalf_of if subject.kind is SubjectKind.DELEGATE else subject.id
        keys = {same_key(person)} if person else set()
        if subject.kind is not SubjectKind.DELEGATE and subject.structure_key:
            keys.add(subject.structure_key)
        return frozenset(keys)

    @property
    def is_individual(self) -> bool:
        """Whether the person, and not only a structure, was authenticated."""
        subject = self.subject
        return subject.id is not None and subject.authentication is not Authentication.INDIRECT

    @property
    def is_gp(self) -> bool:
        """Whether who asks is the attending doctor declared in the record."""
        gp, person = self.record.gp, self.subject.id
        return (
            self.is_professional
            and gp is not None
            and person is not None
            and same_key(gp) == same_key(person)
        )

    @property
    def needs_express_consent(self) -> bool:
        """Whether presumptions never serve this one (occupational medicine, fire brigades)."""
        policy, subject = self.policy, self.subject
        return any(role.key in policy.express_consent_roles for role in subject.roles) or (
            subject.sector is not None and subject.sector.key in policy.express_consent_sectors
        )

    @property
    def has_role(self) -> bool:
        """Whether the roles stand for one row of the matrix, where there is one."""
        policy = self.policy
        if not policy.matrix_applies or (self.is_emergency and not policy.emergency_matrix_applies):
            return True
        return policy.row(self.subject.roles) is not None

    def has_row_of(self, rows: frozenset[str]) -> bool:
        """Whether the role is one of those a list names."""
        return ANY in rows or self.policy.row(self.subject.roles) in rows

    # --- The record ------------------------------------------------------------------------------

    @property
    def is_own(self) -> bool:
        """Whether the record is that of who asks."""
        person = self.subject.id
        return person is not None and same_key(person) == same_key(self.record.patient)

    @property
    def is_minor(self) -> bool:
        """Whether the patient has surely not come of age, where minors are known at all."""
        policy = self.policy
        return policy.minors_enabled and is_minor(
            self.record.birth_date, self.now, policy.legal_zone, policy.majority_age
        )

    @property
    def representation(self) -> Representative | None:
        """The link by which who asks acts for the patient now."""
        person = self.subject.id
        for link in self.record.representatives:
            if (
                person is not None
                and same_key(link.person) == same_key(person)
                and covers(link.period, self.now)
                and (self.is_minor or link.title in self.policy.protection_titles)
            ):
                return link
        return None

    @property
    def delegation(self) -> Delegation | None:
        """The delegation in force from the principal named to who asks."""
        subject = self.subject
        for one in self.record.delegations:
            if (
                subject.id is not None
                and subject.on_behalf_of is not None
                and same_key(one.delegate) == same_key(subject.id)
                and same_key(one.principal) == same_key(subject.on_behalf_of)
                and covers(_period(one.start, one.end), self.now)
            ):
                return one
        return None

    @property
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

    def authorisation(self) -> tuple[AuthorisationStatus, Authorise | None]:
        """How who asks is authorised to consult, and by which choice.

        An authorisation of a structure serves a person whom the structure authenticated.
        """
        return self._authorisation_of(self.subject.id)

    def principal_authorisation(self) -> AuthorisationStatus:
        """How the principal of a delegate is authorised."""
        return self._authorisation_of(self.subject.on_behalf_of)[0]

    def _authorisation_of(
        self, who: Identifier | None
    ) -> tuple[AuthorisationStatus, Authorise | None]:
        person = same_key(who) if who else ""
        structure = self.subject.structure_key if self._is_of_structure else ""
        express = self.needs_express_consent
        expired: Authorise | None = None
        for one in self.record.authorisations:
            key = same_key(one.holder.identifier)
            if one.holder.kind is HolderKind.PROFESSIONAL:
                concerned = bool(person) and key == person
            else:
                concerned = bool(structure) and key == structure and not express
            if not concerned or (express and one.origin not in EXPRESS):
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
        if one.origin in {Origin.CARE_TEAM, Origin.COLLEAGUE}:
            longest = later(start.lower, days=self.policy.team_max_days)
        elif one.origin is Origin.SELF_DECLARED and one.period.end is None:
            longest = later(start.lower, hours=self.policy.nonteam_max_hours)
        else:
            return one.period
        if one.period.end is not None and one.period.end.lower < longest:
            return one.period
        return Period(start=start, end=DateTime(longest))

    @property
    def is_open_to_professionals(self) -> bool:
        """Whether the base policy lets professionals consult without authorisation."""
        return (
            self.record.base_policy in {BasePolicy.BASIC_NORMAL, BasePolicy.ALL_NORMAL}
            and not self.needs_express_consent
        )

    def declaration(self) -> EmergencyDeclaration | None:
        """The declaration whose window this request belongs to."""
        key, mode, now = self.subject.key, self.access.mode, self.now
        for one in self.declarations:
            if one.subject == key and one.mode is mode and one.start <= now <= one.end:
                return one
        return None

    @property
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


def _period(start: str, end: str) -> Period:
    return Period(start=DateTime(start) if start else None, end=DateTime(end) if end else None)


def named(identifier: Identifier) -> str:
    """How texts about choices name somebody."""
    return same_key(identifier)
