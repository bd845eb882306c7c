"""Explainer: why somebody may or may not see something, for the patient and for auditors.

The engine runs again on the record as it stands, or stood; nothing is disclosed to whom the
question is about, and nothing is kept beside the audit event of the question.

Source:
    Section 8.2 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from gateway.consent import Explanation, Filed, Viewer, explain, record_from, who_can_see
from gateway.consent.visibility import DocumentFacts
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Mode, Operation, same_key
from gateway.ports import ChoiceStore, Clock, PatientDirectory
from gateway.profile.access import AccessPolicy

AS_NOW = (
    "whose record it is, and that it exists",
    "birth, death, attending doctor and qualified identity of the patient",
    "delegations",
    "the access rules of the profile, but for the matrix, whose versions have their days",
    "which documents are linked with which, removed or deleted",
)
"""What counts as it is now when another moment is asked about: nobody keeps how it was."""


class Facts(Protocol):
    """What decisions look at in an entry, as far as who asks may know of it."""

    async def __call__(self, name: str, at: str = "") -> DocumentFacts | None:
        """Give the facts at a moment; empty for now."""
        ...


class Explainer:
    """Answers why, and who can see a document."""

    def __init__(
        self,
        choices: ChoiceStore,
        patients: PatientDirectory,
        facts: Facts,
        policy: AccessPolicy,
        clock: Clock,
    ) -> None:
        """Take what it works with."""
        self._choices = choices
        self._patients = patients
        self._facts = facts
        self._policy = policy
        self._clock = clock

    async def explain(
        self,
        access: AccessRequest,
        patient: Identifier,
        *,
        operation: Operation = Operation.READ,
        document: str = "",
        at: str = "",
    ) -> Explanation:
        """Explain what a request would be told.

        Args:
            access: The request that is imagined; who asks for the explanation was let in before.
            document: entryUUID or logical id; empty for the record as a whole.
            at: DTM of 14 digits, UTC; empty for now. Choices count as they were kept then, labels
                of documents as their versions were; the rest as it is now, see :data:`AS_NOW`.

        Raises:
            Refused: There is no such document in the record.
        """
        now = at or self._clock.now()
        record = await self._record(patient, at)
        facts = await self._document(document, record, patient, at) if document else None
        declarations: tuple[EmergencyDeclaration, ...] = ()
        if access.mode is not Mode.NORMAL and record is not None:
            made = await self._choices.declarations(record.patient, access.subject.key)
            declarations = tuple(one for one in made if one.start < now)
        explained = explain(
            access,
            record,
            self._policy,
            now,
            operation=operation,
            facts=facts,
            declarations=declarations,
        )
        return replace(explained, as_now=self.as_now(at))

    def as_now(self, at: str) -> tuple[str, ...]:
        """Say what counts as it is now, where another moment is asked about."""
        return AS_NOW if self._is_past(at) else ()

    async def who_can_see(
        self, patient: Identifier, document: str, *, at: str = ""
    ) -> tuple[Viewer, ...]:
        """Say for whom a document is there.

        Raises:
            Refused: There is no such document in the record.
        """
        now = at or self._clock.now()
        record = await self._record(patient, at)
        if record is None:
            raise _unknown(document)
        facts = await self._document(document, record, patient, at)
        return who_can_see(facts, record, self._policy, now)

    async def _record(self, patient: Identifier, at: str) -> Record | None:
        """The record as it stands, or as it stood by the choices kept until a moment."""
        record = await self._choices.record(patient)
        if record is None or not self._is_past(at):
            return record
        directory = await self._patients.find(patient)
        if directory is None:
            return record
        kept = [
            version
            for newest in await self._choices.statements(patient)
            for version in await self._choices.statement(newest.id)
            if version.recorded <= at
        ]
        return _stood(directory, kept, record, at)

    def _is_past(self, at: str) -> bool:
        return bool(at) and at < self._clock.now()

    async def _document(
        self, name: str, record: Record | None, patient: Identifier, at: str
    ) -> DocumentFacts:
        facts = await self._facts(name, at if self._is_past(at) else "")
        whose = {same_key(patient), *((same_key(record.patient),) if record else ())}
        if facts is None or facts.patient is None or same_key(facts.patient) not in whose:
            raise _unknown(name)
        return facts


def _stood(patient: Patient, filed: Iterable[Filed], present: Record, at: str) -> Record:
    """The record by some statements; that it was closed later does not count."""
    kept = tuple(filed)
    closed = patient.record.closed_on
    if closed is not None and closed.lower > at:
        patient = replace(patient, active=True, record=patient.record.opened())
    stood = record_from(patient, kept, len(kept), present.delegations)
    return replace(stood, names=present.names)


def _unknown(name: str) -> Refused:
    return Refused(
        Finding(
            rule="resource-known",
            code=ErrorCode.NOT_FOUND,
            location=name[:128],
            message="there is no such document in this record",
        )
    )
