"""What somebody may know now: asked again for every message, immediately before it is sent."""

from __future__ import annotations

from typing import Protocol

from gateway.consent.decision import Decision
from gateway.model.choices import Period
from gateway.model.datatypes import Identifier
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.record import Record, RecordStatus
from gateway.model.subject import (
    AccessRequest,
    Operation,
    Subject,
    SubjectKind,
    same_key,
)
from gateway.notifications.moments import last_second
from gateway.ports import ChoiceStore, Clock, RegistryStore


class Rights(Protocol):
    """The decisions of the access rules, as far as messages need them."""

    async def view(self, access: AccessRequest | None, patient: Identifier) -> RegistryStore | None:
        """Give the registry as a subscriber sees one record now; ``None`` when not at all."""
        ...

    async def may_be_told(self, notice: Notice) -> bool:
        """Whether the recipient of a notice may know of it now."""
        ...

    async def may_audit(self, access: AccessRequest) -> bool:
        """Whether somebody may see what others were told, and how far it got."""
        ...


class NobodyAsks:
    """The rights where the gateway asks nobody who he is: everything may be known."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store

    async def view(self, access: AccessRequest | None, patient: Identifier) -> RegistryStore | None:
        """Give the whole registry."""
        return self._store

    async def may_be_told(self, notice: Notice) -> bool:
        """Nothing is kept back."""
        return True

    async def may_audit(self, access: AccessRequest) -> bool:
        """Whoever comes."""
        return True


class Gate(Protocol):
    """The record gate, once the policy is chosen."""

    def __call__(
        self, access: AccessRequest, operation: Operation, record: Record | None, now: str
    ) -> Decision:
        """Decide on one request about one record."""
        ...


class ConsentRights:
    """The rights as the access rules give them, at the moment they are asked for."""

    def __init__(
        self, gate: Gate, choices: ChoiceStore, store: RegistryStore, clock: Clock
    ) -> None:
        self._gate = gate
        self._choices = choices
        self._store = store
        self._clock = clock

    async def view(self, access: AccessRequest | None, patient: Identifier) -> RegistryStore | None:
        """Give the registry as a subscriber sees one record now; ``None`` when not at all."""
        if access is None:
            return None  # Made while nobody was asked who he is: now somebody asks.
        record = await self._choices.record(patient)
        if access.patient is not None and not await self._is_about(access.patient, record):
            return None
        decision = self._gate(access, Operation.SUBSCRIBE, record, self._clock.now())
        if not decision.permitted or decision.visibility is None:
            return None
        return self._store.seen_by((decision.visibility,))

    async def _is_about(self, named: Identifier, record: Record | None) -> bool:
        """Whether a credential that names a patient names this one, merges followed."""
        if record is None:
            return False
        own = await self._choices.record(named)
        return own is not None and same_key(own.patient) == same_key(record.patient)

    async def may_be_told(self, notice: Notice) -> bool:
        """Whether the recipient of a notice may know of it now.

        Of an emergency the patient and the attending doctor of that day are told always.
        """
        if notice.recipient_kind is RecipientKind.GP:
            return await self._may_gp(notice)
        is_patient = notice.recipient_kind is RecipientKind.PATIENT
        if is_patient and notice.kind is not NoticeKind.NEW_DOCUMENT:
            return True
        kind = SubjectKind.PATIENT if is_patient else SubjectKind.REPRESENTATIVE
        subject = Subject(kind=kind, id=notice.recipient)
        view = await self.view(AccessRequest(subject=subject), notice.patient)
        if view is None:
            return False
        if notice.kind is not NoticeKind.NEW_DOCUMENT:
            return True
        return bool(notice.entry_uuid) and await view.read(notice.entry_uuid) is not None

    async def may_audit(self, access: AccessRequest) -> bool:
        """Whether somebody may see what others were told, and how far it got."""
        if access.subject.kind is not SubjectKind.AUDITOR:
            return False
        record = await self._choices.record(access.patient) if access.patient else None
        return self._gate(access, Operation.AUDIT, record, self._clock.now()).permitted

    async def _may_gp(self, notice: Notice) -> bool:
        if notice.kind is NoticeKind.EMERGENCY_ACCESS:
            return True
        record = await self._choices.record(notice.patient)
        if record is None or record.gp is None or record.status is not RecordStatus.ACTIVE:
            return False
        return same_key(record.gp) == same_key(notice.recipient)


def ends_by(record: Record | None, access: AccessRequest | None, now: str) -> str:
    """Give when what lets somebody look ends by itself; empty where it does not.

    A subscription ends no later. Periods that are less precise than a second end with their last
    one, as decisions have it.
    """
    if record is None or access is None:
        return ""
    subject = access.subject
    named = (subject.id, subject.structure, subject.on_behalf_of)
    holders = {same_key(one) for one in named if one is not None}
    periods: list[Period] = []
    if subject.kind is SubjectKind.SERVICE:
        periods = [s.period for s in record.services if same_key(s.app) in holders]
    elif subject.kind is SubjectKind.REPRESENTATIVE:
        periods = [r.period for r in record.representatives if same_key(r.person) in holders]
    else:
        periods = [
            a.period for a in record.authorisations if same_key(a.holder.identifier) in holders
        ]
    ends = [last_second(p.end.text) if p.end else "" for p in periods]
    if not ends or "" in ends:
        return ""
    return max(ends)
