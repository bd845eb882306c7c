"""Rights on what a request would change, looked at on the outcome of its decision.

Whatever transaction asked for it, a change is a list of objects that come, differ or go; each is
held against the rights of who asks inside the transaction that keeps it, so that what was looked at
is what is changed.

Source:
    Section 3.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.actors.access_control import Permit
from gateway.consent.decision import Decision, Obligation
from gateway.consent.visibility import DocumentFacts
from gateway.errors import ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.datatypes import Author, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, Known
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Operation, SubjectKind, same_key
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import REPLACEMENTS


class Rules(Protocol):
    """The rules of ``gateway.consent``, once the policy is chosen."""

    def gate(
        self,
        access: AccessRequest,
        operation: Operation,
        record: Record | None,
        now: str,
        declarations: tuple[EmergencyDeclaration, ...] = (),
    ) -> Decision:
        """Decide on one request about one record: the record gate."""
        ...

    def may_submit(
        self,
        access: AccessRequest,
        entries: tuple[DocumentEntry, ...],
        record: Record,
        now: str,
    ) -> tuple[Finding, ...]:
        """Find what somebody may not add."""
        ...

    def may_replace(
        self, access: AccessRequest, facts: DocumentFacts, record: Record
    ) -> Finding | None:
        """Say why somebody may not put another document in the place of one."""
        ...

    @property
    def patient_classes(self) -> frozenset[tuple[str, str]]:
        """Classes of documents that patients deposit themselves."""
        ...

    def alerts(self, facts: DocumentFacts, kind: SubjectKind, now: str) -> frozenset[Obligation]:
        """Say what software is alerted to that shows a document."""
        ...

    def own_status(self, access: AccessRequest, record: Record, now: str) -> str:
        """Say how who asks stands to a record: ``valid``, ``expired``, ``none``, ``forbidden``."""
        ...

    def may_change(
        self,
        access: AccessRequest,
        before: DocumentEntry,
        after: DocumentEntry | None,
        facts: DocumentFacts,
        record: Record,
    ) -> Finding | None:
        """Say why somebody may not make an entry another one, or remove it."""
        ...


@dataclass(frozen=True, slots=True)
class Rights:
    """What a permit lets its holder change."""

    rules: Rules
    permit: Permit

    def check(self, changes: Changes, known: Known) -> tuple[Finding, ...]:
        """Find what of some changes is not allowed.

        Args:
            changes: As they would be kept.
            known: The registry before them, as who asks sees it.
        """
        access, records = self.permit.access, self.permit.records
        if access is None or changes.repeated:
            return ()
        elsewhere = _elsewhere(changes, known, records)
        if elsewhere is not None:
            return (elsewhere,)
        if not records:
            return ()
        record = records[0]
        new = tuple(entry for entry in changes.added if _is_new(entry))
        entries = tuple(entry for entry in new if isinstance(entry, DocumentEntry))
        findings: list[Finding] = []
        if entries:
            findings += self.rules.may_submit(access, entries, record, self.permit.time)
        superseded = _superseded(changes)
        for before, after in _differing(changes, known):
            about = _record_of(before, records) or record
            facts = known_facts(before, known)
            if before.entry_uuid in superseded:
                finding = self.rules.may_replace(access, facts, about)
            elif self.permit.operation is Operation.SUBMIT and after is not None:
                continue  # What was added to a document goes with it when that is replaced.
            else:
                finding = self.rules.may_change(access, before, after, facts, about)
            if finding is not None:
                findings.append(finding)
        findings += self._containers(changes, known, access)
        return tuple(dict.fromkeys(findings))

    def _containers(
        self, changes: Changes, known: Known, access: AccessRequest
    ) -> Iterator[Finding]:
        """Submission sets and folders are changed and removed by those who made them."""
        subject = access.subject
        keys = {subject.key, subject.structure_key} - {""}
        if subject.kind is SubjectKind.DELEGATE:
            keys = {same_key(subject.on_behalf_of)} if subject.on_behalf_of else set()
        for item in _gone_or_changed(changes, known):
            if isinstance(item, SubmissionSet | Folder) and not keys & _makers(item, known):
                yield Finding(
                    rule="C1-not-author",
                    code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                    location=f"{type(item).__name__}[{item.entry_uuid}]",
                    message="Only who made it may have it changed or removed.",
                )


def known_facts(entry: DocumentEntry, known: Known) -> DocumentFacts:
    """Gather what rights look at in an entry from what a decision knows: whose it is."""
    authors = frozenset(_keys(entry.author))
    depositor: set[str] = set()
    for link in known.associations(entry.entry_uuid):
        if link.target_object != entry.entry_uuid:
            continue
        holder = known.object(link.source_object)
        if isinstance(holder, SubmissionSet):
            depositor.update(_keys(holder.author))
    return DocumentFacts(
        entry_uuid=entry.entry_uuid,
        patient=entry.patient_id,
        owners=authors | depositor,
        authors=authors,
        type_code=entry.type_code,
        class_code=entry.class_code,
        confidentiality=entry.confidentiality_code,
        creation_time=entry.creation_time.text if entry.creation_time else "",
    )


def _keys(authors: tuple[Author, ...]) -> Iterator[str]:
    for author in authors:
        if author.person is not None and author.person.identifier:
            yield f"{author.person.identifier}^{author.person.authority}"
        for institution in author.institution:
            if institution.identifier:
                yield f"{institution.identifier}^{institution.authority}"


def _elsewhere(changes: Changes, known: Known, records: tuple[Record, ...]) -> Finding | None:
    """What is added to a record the permit is not about: the patient is unknown there."""
    about = {same_key(record.patient) for record in records}
    for item in changes.added:
        if isinstance(item, Association) or item.patient_id is None:
            continue
        surviving = known.surviving(item.patient_id) or item.patient_id
        if not {same_key(surviving), same_key(item.patient_id)} & about:
            return Finding(
                rule="patient-mismatch",
                code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH,
                location=f"{type(item).__name__}[{item.entry_uuid}].patientId",
                message="this is about another patient than the request was let in for",
            )
    return None


def _record_of(entry: DocumentEntry, records: tuple[Record, ...]) -> Record | None:
    if entry.patient_id is None:
        return None
    key = same_key(entry.patient_id)
    return next((r for r in records if same_key(r.patient) == key), None)


def _is_new(item: RegistryObject) -> bool:
    """Whether an added object is no later version of one."""
    return item.logical_id in (None, item.entry_uuid)


def _superseded(changes: Changes) -> frozenset[str]:
    return frozenset(
        item.target_object
        for item in changes.added
        if isinstance(item, Association) and item.association_type in REPLACEMENTS
    )


def _differing(
    changes: Changes, known: Known
) -> Iterator[tuple[DocumentEntry, DocumentEntry | None]]:
    """Entries as they are and as they would be; ``None`` for one that goes."""
    told: set[str] = set()
    for item in changes.added:
        if isinstance(item, DocumentEntry) and not _is_new(item) and item.logical_id:
            before = known.latest(item.logical_id)
            if isinstance(before, DocumentEntry):
                told.add(before.entry_uuid)
                yield before, item
    for change in (*changes.statuses, *changes.withdrawn):
        before_status = known.object(change.entry_uuid)
        if isinstance(before_status, DocumentEntry) and change.entry_uuid not in told:
            told.add(change.entry_uuid)
            yield before_status, replace(before_status, availability_status=change.status)
    for name in changes.removed:
        going = known.object(name)
        if isinstance(going, DocumentEntry):
            yield going, None
    for unique_id in changes.removed_documents:
        for entry in known.entries(unique_id):
            yield entry, None


def _gone_or_changed(changes: Changes, known: Known) -> Iterator[RegistryObject]:
    names = [*changes.removed, *(c.entry_uuid for c in changes.statuses)]
    names += [
        item.logical_id
        for item in changes.added
        if isinstance(item, SubmissionSet | Folder) and not _is_new(item) and item.logical_id
    ]
    for name in names:
        item = known.object(name)
        if item is not None:
            yield item


def _makers(item: SubmissionSet | Folder, known: Known) -> frozenset[str]:
    if isinstance(item, SubmissionSet):
        return frozenset(_keys(item.author))
    makers: set[str] = set()
    for link in known.associations(item.entry_uuid):
        holder = known.object(link.source_object)
        if isinstance(holder, SubmissionSet):
            makers.update(_keys(holder.author))
    return frozenset(makers)


def patients_in(objects: tuple[RegistryObject, ...]) -> tuple[Identifier, ...]:
    """Give whom the objects of a submission say they are about, each once."""
    found: dict[str, Identifier] = {}
    for item in objects:
        if not isinstance(item, Association) and item.patient_id is not None:
            found.setdefault(same_key(item.patient_id), item.patient_id)
    return tuple(found.values())
