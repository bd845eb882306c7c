"""What one request leaves behind: its one audit event, and the notices that follow from it.

Gathered while the request is answered, composed in one place, kept in the transaction of its effect
or, where it had none, before the first octet of the answer.

Source:
    Sections 7 and 8.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gateway.actors.access_control import Permit
from gateway.consent.decision import Obligation
from gateway.consent.times import covers
from gateway.model.association import Association
from gateway.model.audit import Action, AuditedObject, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.subject import AccessRequest, Mode, Operation, SubjectKind
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.ports import Account, FirstAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """What a request is, for rights and for the audit trail: one entry of a door's table.

    Attributes:
        transaction: ``ITI-18``, or the name of an interaction no transaction covers.
        operation: What it is in the table of rights.
        interaction: FHIR's word for it; empty over SOAP.
    """

    transaction: str
    operation: Operation
    action: Action
    interaction: str = ""


_LOOKS = frozenset({Operation.READ, Operation.READ_CHOICES, Operation.STATUS, Operation.HISTORY})


@dataclass(slots=True, kw_only=True)
class Proceedings:
    """What is known so far of one request.

    Attributes:
        id: Of the decision and of the event.
        time: When it came, DTM of 14 digits, UTC.
        access: Who asks, once that was verified.
        patient: Whose record was asked for, where it was refused.
        objects: What was disclosed or changed.
        rule: Of a refusal; a permit has its own.
        brought: Events of another system, to be kept with the one of the request.
        settled: The event is kept.
    """

    kind: RequestKind
    id: str
    time: str
    request_id: str = ""
    network_address: str = ""
    access: AccessRequest | None = None
    permit: Permit | None = None
    patient: Identifier | None = None
    policy_version: int = 0
    objects: dict[tuple[str, str], AuditedObject] = field(default_factory=dict)
    query_id: str = ""
    query: str = ""
    rule: str = ""
    source: str = ""
    brought: tuple[AuditEvent, ...] = ()
    settled: bool = False

    @property
    def shows_nothing(self) -> bool:
        """Whether it asked for something, and the answer has nothing to show."""
        return not self.objects and self.kind.operation in _LOOKS

    def disclosed(self, objects: Iterable[AuditedObject]) -> None:
        """Note what the answer shows."""
        for one in objects:
            self.objects.setdefault((one.kind, one.id), one)

    def account(
        self,
        new_uuid: Callable[[], str],
        *,
        outcome: Outcome = Outcome.SUCCESS,
        failure: str = "",
        changes: Changes | None = None,
    ) -> Account:
        """Compose what is kept of the request.

        Args:
            new_uuid: Gives the ids of notices.
            changes: Its effect, where it had one.
        """
        objects = dict(self.objects)
        source = self.source
        if changes is not None:
            for one in _changed(changes):
                objects.setdefault((one.kind, one.id), one)
            source = source or next(
                (o.unique_id or "" for o in changes.added if isinstance(o, SubmissionSet)), ""
            )
        permit = self.permit
        about_nobody = permit is not None and permit.is_about_ids and not objects
        event = AuditEvent(
            id=self.id,
            time=self.time,
            transaction=self.kind.transaction,
            action=self.kind.action,
            outcome=outcome,
            interaction=self.kind.interaction,
            subject=self.access.subject if self.access else None,
            mode=self.access.mode if self.access else Mode.NORMAL,
            purposes=tuple(f"{p.code}^^{p.scheme}" for p in self.access.purposes)
            if self.access
            else (),
            # Ids that are not there are nobody's, whether they are unknown or out of sight: the
            # history of a record tells of neither.
            patient=permit.patient
            if permit and permit.patient and not about_nobody
            else self.patient,
            objects=tuple(objects.values()) if outcome is Outcome.SUCCESS else (),
            query_id=self.query_id,
            query=self.query,
            rule=self.rule or (permit.rule if permit else ""),
            reason=self.access.reason if self.access else "",
            policy_version=max((r.policy_version for r in permit.records), default=0)
            if permit
            else self.policy_version,
            consents=tuple(dict.fromkeys(c for d in permit.decisions for c in d.consents))
            if permit
            else (),
            declaration=permit.declaration.id if permit and permit.declaration else "",
            failure=failure,
            request_id=self.request_id,
            source=source,
            peer="" if self.access else self.network_address,
        )
        succeeded = outcome is Outcome.SUCCESS
        notices = () if about_nobody else tuple(self._notices(new_uuid, changes, succeeded))
        declared = permit.declaration if permit and permit.is_declared else None
        return Account(
            events=(event, *self.brought) if succeeded else (event,),
            notices=notices,
            declaration=declared,
            first_access=self._first_access(succeeded),
        )

    def _first_access(self, succeeded: bool) -> FirstAccess | None:
        """Give the first reading of a professional, in whichever mode."""
        permit, access = self.permit, self.access
        if permit is None or access is None or permit.patient is None or not succeeded:
            return None
        if not permit.is_first or permit.operation is not Operation.READ:
            return None
        return FirstAccess(permit.patient, access.subject.key)

    def _notices(
        self, new_uuid: Callable[[], str], changes: Changes | None, succeeded: bool
    ) -> Iterator[Notice]:
        """Give what the patient and others are told afterwards.

        Of a document that its recipient may not see at present they are told once he may: who
        delivers notices looks at that.
        """
        permit, access = self.permit, self.access
        if permit is None or access is None or len(permit.records) != 1:
            return
        record = permit.records[0]
        subject = access.subject

        def notice(
            kind: NoticeKind, to: RecipientKind, recipient: Identifier, entry_uuid: str = ""
        ) -> Notice:
            return Notice(
                id=new_uuid(),
                kind=kind,
                recipient_kind=to,
                recipient=recipient,
                patient=record.patient,
                time=self.time,
                event=self.id,
                who=subject.name or subject.structure_name,
                mode=access.mode.value,
                entry_uuid=entry_uuid,
            )

        representatives = [
            link.person
            for link in record.representatives
            if not subject.secret_connection and covers(link.period, self.time)
        ]

        def to_patient(kind: NoticeKind) -> Iterator[Notice]:
            yield notice(kind, RecipientKind.PATIENT, record.patient)
            for person in representatives:
                yield notice(kind, RecipientKind.REPRESENTATIVE, person)

        if permit.is_declared:
            # Once for the declaration: what follows in its window is linked with it in the trail.
            yield from to_patient(NoticeKind.EMERGENCY_ACCESS)
            if record.gp is not None and permit.has(Obligation.NOTIFY_GP):
                yield notice(NoticeKind.EMERGENCY_ACCESS, RecipientKind.GP, record.gp)
        elif access.mode is Mode.NORMAL and self._first_access(succeeded):
            yield from to_patient(NoticeKind.FIRST_ACCESS)
        if changes is None or subject.kind is SubjectKind.PATIENT:
            return
        for entry in changes.added:
            if not isinstance(entry, DocumentEntry) or entry.logical_id != entry.entry_uuid:
                continue
            kind, uuid = NoticeKind.NEW_DOCUMENT, entry.entry_uuid
            yield notice(kind, RecipientKind.PATIENT, record.patient, uuid)
            for person in representatives:
                if person != subject.id:
                    yield notice(kind, RecipientKind.REPRESENTATIVE, person, uuid)


def audited(item: RegistryObject) -> AuditedObject:
    """Give the mention of a registry object in an audit event."""
    if isinstance(item, Association):
        return AuditedObject(kind="Association", id=item.entry_uuid)
    kind = "DocumentEntry"
    if isinstance(item, SubmissionSet | Folder):
        kind = type(item).__name__
    repository = item.repository_unique_id or "" if isinstance(item, DocumentEntry) else ""
    return AuditedObject(
        kind=kind, id=item.entry_uuid, unique_id=item.unique_id or "", repository=repository
    )


def _changed(changes: Changes) -> Iterator[AuditedObject]:
    for item in changes.added:
        yield audited(item)
    for change in (*changes.statuses, *changes.withdrawn):
        yield AuditedObject(kind="DocumentEntry", id=change.entry_uuid)
    for name in changes.removed:
        yield AuditedObject(kind="DocumentEntry", id=name)
    for name in changes.removed_documents:
        yield AuditedObject(kind="DocumentEntry", id=name, unique_id=name)
