"""The rules of consent with the policy of one community: what access control asks.

Source:
    docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway import consent
from gateway.consent.decision import Decision, Obligation
from gateway.consent.visibility import DocumentFacts
from gateway.errors import Finding
from gateway.model.document_entry import DocumentEntry
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Operation, SubjectKind
from gateway.profile.access import AccessPolicy


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """What :class:`gateway.actors.rights.Rules` asks for."""

    policy: AccessPolicy

    def gate(
        self,
        access: AccessRequest,
        operation: Operation,
        record: Record | None,
        now: str,
        declarations: tuple[EmergencyDeclaration, ...] = (),
    ) -> Decision:
        """Decide on one request about one record."""
        return consent.gate(access, operation, record, self.policy, now, declarations=declarations)

    def may_submit(
        self,
        access: AccessRequest,
        entries: tuple[DocumentEntry, ...],
        record: Record,
        now: str,
    ) -> tuple[Finding, ...]:
        """Find what somebody may not add."""
        return consent.may_submit(access, entries, record, self.policy, now)

    def may_replace(
        self, access: AccessRequest, facts: DocumentFacts, record: Record
    ) -> Finding | None:
        """Say why somebody may not put another document in the place of one."""
        return consent.may_replace(access, facts, record, self.policy)

    def may_change(
        self,
        access: AccessRequest,
        before: DocumentEntry,
        after: DocumentEntry | None,
        facts: DocumentFacts,
        record: Record,
    ) -> Finding | None:
        """Say why somebody may not make an entry another one, or remove it."""
        return consent.may_change(access, before, after, facts, record, self.policy)

    @property
    def patient_classes(self) -> frozenset[tuple[str, str]]:
        """Classes of documents that patients deposit themselves."""
        return self.policy.patient_classes

    def alerts(self, facts: DocumentFacts, kind: SubjectKind, now: str) -> frozenset[Obligation]:
        """Say what software is alerted to that shows a document."""
        return consent.document_obligations(facts, kind, self.policy, now)

    def own_status(self, access: AccessRequest, record: Record, now: str) -> str:
        """Say how who asks stands to a record."""
        return consent.authorisation_status(access, record, self.policy, now).value
