"""Consent Manager: what patients decide, filed durably, each change with all that follows from it.

Whether somebody may file choices at all is decided at the record gate, by the operation that
:func:`operation_of` names; here is what depends on the choices themselves. A choice that masks a
document changes the document's entry in the same transaction (:mod:`gateway.actors.masks`).

Source:
    IHE PCF 1.1: Consent Registry; sections 3.3, 9 and 10 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.actors.masks import Masks, documents, masking
from gateway.actors.taking_back import undoes, without
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.choices import (
    Authorise,
    Choice,
    Close,
    Document,
    Holder,
    HolderKind,
    Mask,
    Open,
    Origin,
    Revoke,
    Statement,
    Unmask,
)
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.lifecycle import Changes, Known
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.subject import AccessRequest, Operation, Subject, SubjectKind, same_key
from gateway.ports import (
    Account,
    ChoiceStore,
    Clock,
    FiledStatement,
    PatientDirectory,
    RegistryStore,
)

_SELF = frozenset({SubjectKind.PROFESSIONAL, SubjectKind.STRUCTURE})
_MASKING = frozenset({*_SELF, SubjectKind.DELEGATE})
_AGREEMENT_HOLDS = timedelta(hours=24)
_CLOCKS_DIFFER = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


def operation_of(choices: Iterable[Choice], access: AccessRequest | None) -> Operation:
    """Give what filing choices is in the table of rights.

    Patients and their representatives choose. A professional declares an authorisation of his own,
    and masks documents when the patient asks for it, as by a metadata update; everything else is
    choosing for him as well, and refused at the gate.
    """
    kind = access.subject.kind if access else None
    given = tuple(choices)
    if kind in _SELF and given and all(isinstance(c, Authorise | Revoke) for c in given):
        return Operation.DECLARE
    if kind in _MASKING and given and all(_masks_one(c) for c in given):
        return Operation.UPDATE
    return Operation.CHOOSE


@dataclass(slots=True)
class Pace:
    """How fast authorisations may be declared: one at a time, by somebody who looks at a person.

    Attributes:
        per_minute: More than this are refused.
    """

    per_minute: int = 10
    _declared: dict[str, deque[str]] = field(default_factory=dict)

    def is_kept(self, key: str, now: str) -> bool:
        """Count one more declaration, unless there were too many in the last minute."""
        since = _moved(now, -_MINUTE)
        times = self._declared.setdefault(key, deque())
        while times and times[0] <= since:
            times.popleft()
        if len(times) >= self.per_minute:
            return False
        times.append(now)
        for other in [k for k, t in self._declared.items() if not t or t[-1] <= since]:
            del self._declared[other]
        return True


class ConsentManager:
    """Files statements, gives them back, and takes them back."""

    def __init__(
        self,
        store: RegistryStore,
        choices: ChoiceStore,
        masks: Masks,
        clock: Clock,
        new_uuid: Callable[[], str],
        *,
        patients: PatientDirectory | None = None,
        pace: Pace | None = None,
        access: AccessRequest | None = None,
        about: Sequence[Identifier] | None = None,
    ) -> None:
        """Take what it works with.

        Args:
            store: As the asker sees it, keeping with each change what a request leaves behind.
            masks: Of the same asker.
            patients: Told when a record is closed or opened; nobody is where there is none.
            pace: Of declared authorisations, shared by all requests.
            access: Who asks; ``None`` where everybody is trusted.
            about: Whose records the request was let in to; ``None`` for all.
        """
        self._about = None if about is None else frozenset(map(same_key, about))
        self._patients = patients
        self._store = store
        self._choices = choices
        self._masks = masks
        self._clock = clock
        self._new_uuid = new_uuid
        self._pace = pace or Pace()
        self._access = access

    # ------------------------------------------------------------ giving

    async def find(self, patient: Identifier) -> tuple[FiledStatement, ...]:
        """Give the newest version of each statement about a record, as far as the asker may."""
        found = await self._choices.statements(patient)
        return tuple([one for one in found if self.may_see(one) and await self._is_there(one)])

    async def versions(self, logical_id: str) -> tuple[FiledStatement, ...]:
        """Give the versions of a statement, the newest first; none of what is not there for him."""
        found = await self._choices.statement(logical_id)
        if not found or not all([self.may_see(one) and await self._is_there(one) for one in found]):
            return ()
        if self._about is not None:
            patient = found[0].statement.patient_id
            record = await self._choices.record(patient) if patient else None
            if record is None or same_key(record.patient) not in self._about:
                return ()
        return found

    async def _is_there(self, filed: FiledStatement) -> bool:
        """Whether the documents a statement masks are there for a patient or representative.

        What is masked by its label can be hidden from them as well, and a mask would tell of it.
        """
        if self._access is None or self._access.subject.kind not in (
            SubjectKind.PATIENT,
            SubjectKind.REPRESENTATIVE,
        ):
            return True
        for name in documents(filed.statement):
            if await self._store.status(name) is None:
                return False
        return True

    async def patient_of(self, logical_id: str) -> Identifier | None:
        """Give whose record a statement is about, whoever asks."""
        found = await self._choices.statement(logical_id)
        return found[0].statement.patient_id if found else None

    def may_see(self, filed: FiledStatement) -> bool:
        """Whether a statement is there for the asker.

        Source:
            Section 9 of docs/reference/access-control.md, ITI-108.
        """
        if self._access is None:
            return True
        subject = self._access.subject
        match subject.kind:
            case SubjectKind.PATIENT | SubjectKind.AUDITOR:
                return True
            case SubjectKind.REPRESENTATIVE:
                return not filed.secret
            case SubjectKind.PROFESSIONAL | SubjectKind.STRUCTURE:
                return all(_is_about(choice, subject) for choice in filed.statement.choices)
        return False

    # ------------------------------------------------------------ filing

    async def file(
        self, statement: Statement, *, resource: bytes = b"", document: str = ""
    ) -> FiledStatement:
        """File what somebody decided.

        Args:
            statement: Of one Consent.
            resource: The Consent as it was sent.
            document: uniqueId of the acknowledgment it was read from.

        Raises:
            Refused: It would not be enforced, or may not be said by who says it.
        """
        (filed,) = await self.file_all((statement,), resource=resource, document=document)
        return filed

    async def file_all(
        self, statements: Sequence[Statement], *, resource: bytes = b"", document: str = ""
    ) -> tuple[FiledStatement, ...]:
        """File statements about one patient, all of them or none."""
        patient = await self._record_of(statements[0].patient_id)
        new = []
        for statement in statements:
            checked = self._checked(replace(statement, patient_id=patient))
            new.append(
                self._filed(
                    FiledStatement(
                        id=self._new_uuid(),
                        version=1,
                        active=True,
                        statement=checked,
                        recorded="",
                        document=document,
                        resource=resource if checked.choices == statement.choices else b"",
                    )
                )
            )
        return await self._keep(patient, tuple(zip((None,) * len(new), new, strict=True)))

    async def replace(
        self,
        before: FiledStatement,
        statement: Statement,
        *,
        active: bool = True,
        resource: bytes = b"",
    ) -> FiledStatement:
        """File a new version of a statement.

        Args:
            before: The version it replaces, which must still be the newest.
            active: Whether its choices count.

        Raises:
            Refused: As for :meth:`file`; it is about another patient; another version came first.
        """
        patient = await self._record_of(before.statement.patient_id)
        if await self._record_of(statement.patient_id) != patient:
            raise _refused(
                "consent-patient",
                "Consent.patient",
                "a Consent stays about the patient it was first about",
            )
        # What takes a choice back needs no agreement: it opens nothing.
        given = replace(statement, patient_id=patient)
        checked = self._checked(given) if active else given
        after = self._filed(
            replace(
                before,
                version=before.version + 1,
                active=active,
                statement=checked,
                resource=resource if checked.choices == statement.choices else b"",
            )
        )
        (kept,) = await self._keep(patient, ((before, after),))
        return kept

    async def take_back(self, before: FiledStatement) -> FiledStatement:
        """Let the choices of a statement not count any more."""
        return await self.replace(before, before.statement, active=False)

    async def _keep(
        self,
        patient: Identifier,
        versions: Sequence[tuple[FiledStatement | None, FiledStatement]],
    ) -> tuple[FiledStatement, ...]:
        """Keep new versions of statements, and what follows for the documents they name."""
        filed = await self._choices.statements(patient)
        known_versions = {one.id: one.version for one in filed}
        kept: list[FiledStatement] = []
        freed: dict[str, None] = {}

        def decide(known: Known) -> Changes:
            kept.clear()
            freed.clear()
            masked, unmasked = {}, {}
            for before, after in versions:
                resolved = self._resolved(known, after, patient)
                now = documents(resolved.statement) if resolved.active else set()
                was = documents(before.statement) if before and before.active else set()
                taken = {
                    choice.target.id
                    for choice in resolved.statement.choices
                    if isinstance(choice, Unmask)
                    and isinstance(choice.target, Document)
                    and resolved.active
                }
                for name in now:
                    masked[name] = self._masks.resolved(known, name, patient)
                for name in (was - now) | taken:
                    unmasked[name] = self._masks.resolved(known, name, patient)
                kept.append(resolved)
            changes, ids = self._masks.change(
                known,
                patient,
                masked.values(),
                [entry for name, entry in unmasked.items() if name not in masked],
            )
            freed.update(dict.fromkeys(ids))
            return changes

        def account(changes: Changes) -> Account:
            ours = {one.id for one in kept}
            others = (one for one in filed if one.id not in ours)
            said = [c for one in kept if one.active for c in one.statement.choices]
            unmasked = masking(freed)

            def is_gone(choice: Choice) -> bool:
                return unmasked(choice) or any(undoes(later, choice) for later in said)

            gone = without(others, is_gone, self._clock.now(), self._access)
            return Account(
                statements=(*kept, *gone),
                notices=self._notices(patient),
            )

        for before, _ in versions:
            if before is not None and known_versions.get(before.id, before.version) != (
                before.version
            ):
                raise _changed_meanwhile()
        await self._store.change(decide, account)
        about = [one for pair in versions for one in pair if one is not None]
        if any(isinstance(c, Open | Close) for one in about for c in one.statement.choices):
            await self._life_follows(patient)
        return tuple(kept)

    async def _life_follows(self, patient: Identifier) -> None:
        """Let the directory tell the same of a record's life as the patient's choices.

        Choices come first and decide by themselves; a record whose opening the directory did not
        hear of yet stays closed.
        """
        acts = [
            (one.recorded, choice)
            for one in await self._choices.statements(patient)
            if one.active
            for choice in one.statement.choices
            if isinstance(choice, Open | Close)
        ]
        if self._patients is None:
            return
        known = await self._patients.find(patient)
        if known is None:
            return
        time, closed = max(
            ((time, isinstance(choice, Close)) for time, choice in acts), default=("", False)
        )
        if closed and known.active:
            state = known.record.but(closed_on=DateTime(time[:8]))
            await self._patients.put(replace(known, active=False, record=state))
        elif not closed and not known.active:
            await self._patients.put(replace(known, active=True, record=known.record.opened()))

    def _resolved(self, known: Known, filed: FiledStatement, patient: Identifier) -> FiledStatement:
        """Give a statement in which documents go by the ids that stay the same."""

        def resolved(choice: Choice) -> Choice:
            if isinstance(choice, Mask | Unmask) and isinstance(choice.target, Document):
                entry = self._masks.resolved(known, choice.target.id, patient)
                return replace(choice, target=Document(id=entry.logical_id or entry.entry_uuid))
            return choice

        if not filed.active:
            return filed
        choices = tuple(map(resolved, filed.statement.choices))
        return replace(filed, statement=replace(filed.statement, choices=choices))

    async def _record_of(self, patient: Identifier | None) -> Identifier:
        record = await self._choices.record(patient) if patient is not None else None
        if record is None:
            raise Refused(
                Finding(
                    rule="patient-known",
                    code=ErrorCode.UNKNOWN_PATIENT_ID,
                    location="Consent.patient",
                    context=patient.text if patient else "",
                    message="nobody knows this patient here",
                )
            )
        return record.patient

    def _filed(self, filed: FiledStatement) -> FiledStatement:
        """Say when and by whom a version is kept."""
        subject = self._access.subject if self._access else None
        return replace(
            filed,
            recorded=self._clock.now(),
            recorded_by=subject.key if subject else "",
            secret=bool(subject and subject.secret_connection) or filed.secret,
        )

    def _notices(self, patient: Identifier) -> tuple[Notice, ...]:
        subject = self._access.subject if self._access else None
        return (
            Notice(
                id=self._new_uuid(),
                kind=NoticeKind.CHOICE_CHANGED,
                recipient_kind=RecipientKind.PATIENT,
                recipient=patient,
                patient=patient,
                time=self._clock.now(),
                who=(subject.name or subject.structure_name) if subject else "",
            ),
        )

    # ------------------------------------------------------------ what may be said

    def _checked(self, statement: Statement) -> Statement:
        """Give a statement as it is kept, or refuse it.

        Source:
            Section 3.3 of docs/reference/access-control.md: self-declared authorisations.
        """
        access = self._access
        if access is None:
            return statement
        operation = operation_of(statement.choices, access)
        if operation is Operation.DECLARE:
            return self._declared(statement, access)
        for number, choice in enumerate(statement.choices):
            if isinstance(choice, Authorise) and choice.origin is Origin.SELF_DECLARED:
                raise _refused(
                    "self-declared",
                    f"Consent.provision.actor[{number}]",
                    "only professionals and structures declare their own authorisation",
                )
        if access.subject.kind is SubjectKind.REPRESENTATIVE and statement.performer is None:
            # Who spoke is who was identified, whatever the statement leaves open.
            return replace(statement, performer=access.subject.id)
        return statement

    def _declared(self, statement: Statement, access: AccessRequest) -> Statement:
        """Check what somebody declares for himself: never in bulk, never without agreement."""
        subject = access.subject
        now = self._clock.now()
        if len(statement.choices) != 1:
            raise _refused(
                "self-declared", "Consent.provision.actor", "declare one authorisation at a time"
            )
        (choice,) = statement.choices
        if not _is_about(choice, subject):
            raise Refused(
                Finding(
                    rule="self-declared",
                    code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                    location="Consent.provision.actor[0].reference",
                    message="an authorisation can be declared for oneself only",
                )
            )
        if isinstance(choice, Revoke):
            return statement
        assert isinstance(choice, Authorise)
        agreed = choice.agreed.text if choice.agreed else access.patient_agreement
        if not agreed:
            raise _refused(
                "patient-agreement",
                "Consent.provision.extension(patient-agreement)",
                "say when the patient agreed; nobody declares an authorisation without agreement",
            )
        first, last = _moved(now, -_AGREEMENT_HOLDS), _moved(now, _CLOCKS_DIFFER)
        if not first[: len(agreed)] <= agreed <= last:
            raise _refused(
                "patient-agreement",
                "Consent.provision.extension(patient-agreement)",
                "the patient agrees in the session in which the authorisation is declared: the "
                f"time lies between {first} and {last}",
            )
        if not self._pace.is_kept(subject.key, now):
            raise _refused(
                "self-declared-pace",
                "Consent",
                f"at most {self._pace.per_minute} authorisations are declared in a minute; they "
                "are never declared in bulk",
            )
        declared = replace(choice, origin=Origin.SELF_DECLARED, agreed=DateTime(agreed))
        return replace(statement, choices=(declared,))


def _is_about(choice: Choice, subject: Subject) -> bool:
    """Whether a choice is the authorisation of somebody himself, and says nothing of others."""
    if not isinstance(choice, Authorise | Revoke):
        return False
    return _is(choice.holder, subject)


def _is(holder: Holder, subject: Subject) -> bool:
    kind = HolderKind.PROFESSIONAL
    if subject.kind is SubjectKind.STRUCTURE:
        kind = HolderKind.STRUCTURE
    return holder.kind is kind and same_key(holder.identifier) == subject.key


def _masks_one(choice: Choice) -> bool:
    return isinstance(choice, Mask | Unmask) and isinstance(choice.target, Document)


def _moved(time: str, by: timedelta) -> str:
    moved = datetime.strptime(time[:14], "%Y%m%d%H%M%S") + by
    return moved.strftime("%Y%m%d%H%M%S")


def _refused(rule: str, location: str, message: str) -> Refused:
    return Refused(
        Finding(rule=rule, code=ErrorCode.INVALID_VALUE, location=location, message=message)
    )


def _changed_meanwhile() -> Refused:
    return Refused(
        Finding(
            rule="if-match",
            code=ErrorCode.PRECONDITION_FAILED,
            location="If-Match",
            message="the Consent was changed meanwhile; read it again",
        )
    )
