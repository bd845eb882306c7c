"""Access control: the record gate in front of every request, whichever door it came through.

A verified credential and what a request is about go in; a :class:`Permit` comes out, with what of
the record is in sight, or the request is :class:`Denied`. The rules themselves are those of
``gateway.consent``; here the state they look at is fetched, and nothing is decided.

Source:
    Sections 3.1 and 6.1 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.consent.decision import Decision, Obligation, PublicReason
from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.model.datatypes import Identifier
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Mode, Operation, SubjectKind, same_key
from gateway.ports import ChoiceStore, Page, PatientDirectory, RegistryStore
from gateway.transactions.conditions import Condition

_NO_RECORD = "A2-no-record"
_NOT_FOR_THIS_KIND = "A1-operation"
MOST_PATIENTS = 100
"""Patients one search may be about where each of them is asked for at the gate."""

_MOST_MET = 100_000
"""People and records remembered to have met; what is forgotten is looked up again."""


class Gate(Protocol):
    """The record gate: what :func:`gateway.consent.gate` is, once the policy is chosen."""

    def __call__(
        self,
        access: AccessRequest,
        operation: Operation,
        record: Record | None,
        now: str,
        declarations: tuple[EmergencyDeclaration, ...] = (),
    ) -> Decision:
        """Decide on one request about one record."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A request was let in.

    Attributes:
        id: Of the decision, and of the audit event that will tell of it.
        time: When it was decided, DTM of 14 digits, UTC.
        access: Who asks; ``None`` where everybody is trusted.
        records: What it may look at, one decision each.
        visibility: What of them is in sight; ``None`` is everything, and nobody who was asked for
            a credential has that.
        rule: The one rule that decided.
        is_first: This person, a professional, was never let read this record before.
        declaration: Of the emergency the request belongs to.
        is_declared: That declaration is made by this very request.
        is_about_ids: Nobody was named but by the ids of objects. Where none of these is there for
            the asker, what the request leaves behind must not tell whose they are.
    """

    id: str
    time: str
    operation: Operation
    access: AccessRequest | None
    records: tuple[Record, ...] = ()
    decisions: tuple[Decision, ...] = ()
    visibility: tuple[Visibility, ...] | None = ()
    rule: str = ""
    is_first: bool = False
    declaration: EmergencyDeclaration | None = None
    is_declared: bool = False
    is_about_ids: bool = False

    def has(self, obligation: Obligation) -> bool:
        """Whether something is owed for letting the request in."""
        return any(obligation in decision.obligations for decision in self.decisions)

    @property
    def patient(self) -> Identifier | None:
        """Whose record it is about, where it is about one."""
        return self.records[0].patient if len(self.records) == 1 else None


class Denied(Exception):
    """The record gate refused aloud.

    Attributes:
        patient: Whose record was asked for.
    """

    def __init__(
        self, rule: str, reason: PublicReason, patient: Identifier | None, policy_version: int = 0
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.reason = reason
        self.patient = patient
        self.policy_version = policy_version

    @property
    def looks_unknown(self) -> bool:
        """Whether it must look as if nobody knew the patient."""
        return self.reason is PublicReason.NO_RECORD


class PatientMismatch(Exception):
    """The request is about another patient than its credential: no policy is asked (A0, S8)."""


class AccessControl:
    """Lets requests in, or not."""

    def __init__(
        self,
        gate: Gate,
        choices: ChoiceStore,
        patients: PatientDirectory,
        registry: RegistryStore,
        new_uuid: Callable[[], str],
        *,
        emergency_window: timedelta = timedelta(hours=24),
    ) -> None:
        """Take what it works with.

        Args:
            gate: The rules.
            registry: Asked whose objects some ids name, and nothing else.
            emergency_window: How long a declared emergency lasts.
        """
        self._gate = gate
        self._choices = choices
        self._patients = patients
        self._registry = registry
        self._new_uuid = new_uuid
        self._window = emergency_window
        self._met: set[tuple[str, str]] = set()

    async def enter(
        self,
        access: AccessRequest,
        operation: Operation,
        *,
        id: str,
        now: str,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> Permit:
        """Let a request in.

        A request that names no patient is about the one its credential names; where that names
        nobody either, about those whose objects it names. Each of these goes through the gate by
        itself, and a refusal takes the objects out of sight: it looks like an unknown id.

        Args:
            id: Of the decision.
            now: The moment, DTM of 14 digits, UTC.
            patients: Whom the request names.
            references: Whom it names by the logical ids of the directory.
            names: entryUUIDs, logical ids and uniqueIds of objects it names; logical ids of
                Consents where choices are read or made.

        Raises:
            Denied: Aloud.
            PatientMismatch: The credential is about another patient.
        """
        asked = await self._different(patients, references)
        if access.patient is not None:
            for patient in asked:
                if patient is None or not await self._is_same(access.patient, patient):
                    raise PatientMismatch
            asked = [access.patient]
        elif not asked and access.subject.kind is SubjectKind.PATIENT and access.subject.id:
            asked = [access.subject.id]
        if asked or not names:
            if not asked and operation is Operation.READ:
                # Nobody was named at all: such a request is about every record there is.
                raise Denied(_NOT_FOR_THIS_KIND, PublicReason.NOT_ALLOWED, None)
            return await self._permit(access, operation, id, now, asked or [None], aloud=True)
        if access.mode is not Mode.NORMAL:
            # An emergency is about one person, and ids are no way to name one: what is done with
            # the first record they lead to would tell which of them are here.
            raise Denied(_NOT_FOR_THIS_KIND, PublicReason.NOT_ALLOWED, None)
        named = await self._named(operation, names)
        permit = await self._permit(access, operation, id, now, named, aloud=False)
        return replace(permit, is_about_ids=True)

    async def facts(
        self, keys: Sequence[int], classes: frozenset[tuple[str, str]]
    ) -> tuple[DocumentFacts, ...]:
        """Give what of some entries that are shown software is to be alerted to."""
        return await self._registry.alerting(keys, classes)

    async def enter_quietly(
        self,
        access: AccessRequest,
        operation: Operation,
        *,
        id: str,
        now: str,
        conditions: Sequence[Condition] = (),
        merged: bool = False,
        references: Sequence[str] = (),
        identifiers: Sequence[Identifier] = (),
    ) -> Permit:
        """Let a request in that looks for patients; whom it may not see is not there.

        Args:
            id: Of the decision.
            now: The moment, DTM of 14 digits, UTC.
            conditions: What is asked of them.
            merged: As in :meth:`gateway.ports.PatientDirectory.search`.
            references: Those with these logical ids instead.
            identifiers: Those the request names, where it says nothing else of them; a credential
                about another one is refused.

        Raises:
            PatientMismatch: The credential is about another patient.
            Denied: There are too many to look at each.
        """
        if access.subject.kind is SubjectKind.OPERATOR:
            # Who keeps the directory looks into it as its keeper, not as a reader of records.
            return await self._permit(access, Operation.ADMINISTER, id, now, [None], aloud=True)
        if access.patient is not None:
            for identifier in identifiers:
                if not await self._is_same(access.patient, identifier):
                    raise PatientMismatch
            return await self._permit(access, operation, id, now, [access.patient], aloud=False)
        if references:
            asked = [p for p in await self._different((), references) if p is not None]
        elif not conditions:
            asked = list(identifiers)
        else:
            found = await self._patients.search(conditions, Page(size=MOST_PATIENTS), merged=merged)
            if found.more:
                raise Denied(_NOT_FOR_THIS_KIND, PublicReason.NOT_ALLOWED, None)
            asked = [p.merged_into or p.identifiers[0] for p in found.patients]
        return await self._permit(access, operation, id, now, asked, aloud=False)

    async def _named(self, operation: Operation, names: Sequence[str]) -> Sequence[Identifier]:
        """Give whose objects these are: of the registry, or what patients decided."""
        if operation not in (Operation.CHOOSE, Operation.READ_CHOICES):
            return await self._registry.patients_of(tuple(names))
        found: dict[str, Identifier] = {}
        for name in names:
            for version in (await self._choices.statement(name))[:1]:
                patient = version.statement.patient_id
                if patient is not None:
                    found[same_key(patient)] = patient
        return tuple(found.values())

    async def _permit(
        self,
        access: AccessRequest,
        operation: Operation,
        id: str,
        now: str,
        asked: Sequence[Identifier | None],
        *,
        aloud: bool,
    ) -> Permit:
        """Put each record through the gate; one that is refused is left out, or refuses all."""
        records: list[Record] = []
        decisions: list[Decision] = []
        refused: list[Denied] = []
        made: EmergencyDeclaration | None = None
        is_declared = False
        for patient in asked:
            try:
                record, decision, declarations = await self._decide(access, operation, patient, now)
            except Denied as denied:
                if aloud:
                    raise
                refused.append(denied)
                continue
            decisions.append(decision)
            if record is None:
                continue
            records.append(record)
            if access.mode is not Mode.NORMAL:
                made, is_declared = self._declared(access, decision, record, declarations, now)
                # An emergency is about one person; who else was named stays out of sight.
                break
        rule = decisions[0].rule if decisions else refused[0].rule if refused else _NO_RECORD
        return Permit(
            id=id,
            time=now,
            operation=operation,
            access=access,
            records=tuple(records),
            decisions=tuple(decisions),
            visibility=tuple(d.visibility for d in decisions if d.visibility is not None),
            rule=rule,
            is_first=await self._is_first(access, records),
            declaration=made,
            is_declared=is_declared,
        )

    async def _decide(
        self, access: AccessRequest, operation: Operation, patient: Identifier | None, now: str
    ) -> tuple[Record | None, Decision, tuple[EmergencyDeclaration, ...]]:
        record = await self._choices.record(patient) if patient is not None else None
        declarations: tuple[EmergencyDeclaration, ...] = ()
        if record is not None and access.mode is not Mode.NORMAL:
            declarations = await self._choices.declarations(record.patient, access.subject.key)
        decision = self._gate(access, operation, record, now, declarations)
        if not decision.permitted:
            raise Denied(
                decision.rule,
                decision.reason or PublicReason.NO_ACCESS,
                record.patient if record is not None else patient,
                record.policy_version if record is not None else 0,
            )
        return record, decision, declarations

    def _declared(
        self,
        access: AccessRequest,
        decision: Decision,
        record: Record,
        declarations: Sequence[EmergencyDeclaration],
        now: str,
    ) -> tuple[EmergencyDeclaration | None, bool]:
        """Give the declaration an emergency request belongs to, and whether it makes it."""
        if Obligation.DECLARE_EMERGENCY not in decision.obligations:
            for one in declarations:
                if one.mode is access.mode and one.start <= now <= one.end:
                    return one, False
            return None, False
        end = datetime.strptime(now[:14], "%Y%m%d%H%M%S") + self._window
        made = EmergencyDeclaration(
            id=self._new_uuid(),
            patient=record.patient,
            subject=access.subject.key,
            structure=access.subject.structure_key,
            mode=access.mode,
            reason=access.reason,
            start=now,
            end=end.strftime("%Y%m%d%H%M%S"),
        )
        return made, True

    async def _is_first(self, access: AccessRequest, records: Sequence[Record]) -> bool:
        """Whether a professional comes to a record for the first time."""
        subject = access.subject
        if subject.kind is not SubjectKind.PROFESSIONAL or len(records) != 1:
            return False
        met = (same_key(records[0].patient), subject.key)
        if met in self._met:
            return False
        if await self._choices.has_accessed(records[0].patient, subject.key):
            if len(self._met) > _MOST_MET:
                self._met.clear()
            self._met.add(met)
            return False
        return True

    async def _different(
        self, patients: Sequence[Identifier], references: Sequence[str]
    ) -> list[Identifier | None]:
        """Give each patient once, whatever the spelling; ``None`` for one nobody knows."""
        named: list[Identifier | None] = [*patients]
        for reference in references:
            patient = await self._patients.read(reference)
            if patient is None:
                named.append(None)
            else:
                named.append(patient.merged_into or patient.identifiers[0])
        if len(named) < 2:
            return named
        different: list[Identifier | None] = []
        for one in named:
            for other in different:
                if one is other or (one and other and await self._is_same(one, other)):
                    break
            else:
                different.append(one)
        return different

    async def _is_same(self, one: Identifier, other: Identifier) -> bool:
        if same_key(one) == same_key(other):
            return True
        first, second = await self._patients.find(one), await self._patients.find(other)
        return first is not None and second is not None and first.logical_id == second.logical_id
