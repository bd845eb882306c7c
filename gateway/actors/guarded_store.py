"""The stores as one permit lets an actor see and change them.

Reads see what is in sight; a change is checked against the rights of who asks inside its own
transaction, and takes the account of the request with it. Whatever an actor does, and however it
came to it, goes through here.

Source:
    Sections 3.3, 7 and 8.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.actors.access_control import MOST_PATIENTS
from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.errors import Finding, Refused
from gateway.model.audit import Action, AuditedObject, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import Changes, DocumentRecord, Known
from gateway.model.patient import Patient
from gateway.model.subject import Subject, SubjectKind, same_key
from gateway.model.submission import RegistryObject
from gateway.ports import (
    Account,
    Form,
    Found,
    FoundPatients,
    Page,
    Past,
    PatientDirectory,
    RegistryStore,
    beside,
)
from gateway.transactions.conditions import Condition
from gateway.transactions.registry_stored_query import StoredQuery

Rights = Callable[[Changes, Known], tuple[Finding, ...]]
"""Finds what of some changes somebody may not do; asked inside the transaction."""

Accounting = Callable[[Changes], Account]
"""Gives what a request leaves behind, once its changes are known."""


class GuardedStore(RegistryStore):
    """A store in which nothing changes without a right to it, nor without its audit event."""

    def __init__(
        self,
        seen: RegistryStore,
        rights: Rights,
        account: Accounting,
        kept: Callable[[], None],
    ) -> None:
        """Take what it guards.

        Args:
            seen: The store as who asks sees it.
            kept: Told when a change and its account were kept.
        """
        self._seen = seen
        self._rights = rights
        self._account = account
        self._kept = kept

    def seen_by(self, visibility: tuple[Visibility, ...] | None) -> RegistryStore:
        """Refuse: what is in sight was decided with the permit."""
        raise RuntimeError("what a permit lets see is not seen otherwise")

    async def change(
        self,
        decide: Callable[[Known], Changes],
        account: Callable[[Changes], Account] | None = None,
    ) -> Changes:
        """Run a decision, check rights on its outcome, and keep both with the account."""

        def allowed(known: Known) -> Changes:
            changes = decide(known)
            findings = self._rights(changes, known)
            if findings:
                raise Refused(*findings)
            return changes

        def whole(changes: Changes) -> Account:
            own = self._account(changes)
            if account is None:
                return own
            return _told_of(beside(own, account(changes)))

        changes = await self._seen.change(allowed, whole)
        self._kept()
        return changes

    async def account(self, account: Account) -> None:
        """Keep what a request leaves behind that changed nothing."""
        await self._seen.account(account)

    async def patients_of(self, names: Sequence[str]) -> tuple[Identifier, ...]:
        """Give whose objects these are."""
        return await self._seen.patients_of(names)

    async def facts(self, name: str, at: str = "") -> DocumentFacts | None:
        """What decisions look at in a document entry."""
        return await self._seen.facts(name, at)

    async def alerting(
        self, keys: Sequence[int], classes: frozenset[tuple[str, str]]
    ) -> tuple[DocumentFacts, ...]:
        """Give the facts of restricted entries, and of those of some classes."""
        return await self._seen.alerting(keys, classes)

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        """Answer a query."""
        return await self._seen.find(query, form, page)

    async def read(self, entry_uuid: str) -> RegistryObject | None:
        """Give one object as a value."""
        return await self._seen.read(entry_uuid)

    async def document(self, unique_id: str) -> DocumentRecord | None:
        """Give what the repository holds under a uniqueId."""
        return await self._seen.document(unique_id)

    async def described_document(self, logical_id: str) -> tuple[bool, DocumentRecord | None]:
        """Give the document an entry describes."""
        return await self._seen.described_document(logical_id)

    async def past(self, resource_type: str, name: str) -> Past:
        """Give every version of an object."""
        return await self._seen.past(resource_type, name)

    async def status(self, name: str) -> str | None:
        """Give the present availabilityStatus of an entry."""
        return await self._seen.status(name)


def by_command(event: str, now: str) -> Account:
    """Give what a command leaves behind that changed something.

    Args:
        event: Id of its audit event.
        now: DTM of 14 digits, UTC.
    """
    return Account(
        events=(
            AuditEvent(
                id=event,
                time=now,
                transaction="command",
                action=Action.UPDATE,
                outcome=Outcome.SUCCESS,
                subject=Subject(kind=SubjectKind.OPERATOR, name="command line"),
                rule="command",
            ),
        )
    )


def _told_of(account: Account) -> Account:
    """Let the event of a request name the choices it changed, and notices name the event."""
    if not account.events:
        return account
    filed = tuple(AuditedObject(kind="Consent", id=one.id) for one in account.statements)
    first, *others = account.events
    about = next((one.statement.patient_id for one in account.statements), None)
    told = replace(first, objects=first.objects + filed, patient=first.patient or about)
    return replace(
        account,
        events=(told, *others),
        notices=tuple(
            one if one.event else replace(one, event=first.id) for one in account.notices
        ),
    )


class SeenPatients(PatientDirectory):
    """A directory in which nobody is but those a permit is about."""

    def __init__(self, patients: PatientDirectory, about: Sequence[Identifier]) -> None:
        self._patients = patients
        self._about = frozenset(same_key(one) for one in about)

    def _seen(self, patient: Patient | None) -> Patient | None:
        if patient is None:
            return None
        names = [*patient.identifiers]
        if patient.merged_into is not None:
            names.append(patient.merged_into)
        return patient if any(same_key(one) in self._about for one in names) else None

    async def put(self, patient: Patient) -> Patient:
        """Add or replace a patient; only one that is in sight."""
        if self._seen(patient) is None:
            raise RuntimeError("a patient out of sight is not described")
        return await self._patients.put(patient)

    async def merge(self, subsumed: Identifier, surviving: Identifier) -> None:
        """Refuse: only the identity feed merges."""
        raise RuntimeError("only the identity feed merges patients")

    async def find(self, identifier: Identifier) -> Patient | None:
        """Give the patient known by an identifier."""
        return self._seen(await self._patients.find(identifier))

    async def read(self, logical_id: str) -> Patient | None:
        """Give the patient with a FHIR logical id."""
        return self._seen(await self._patients.read(logical_id))

    async def list(self) -> tuple[Patient, ...]:
        """Give the patients in sight."""
        return tuple(p for p in await self._patients.list() if self._seen(p))

    async def search(
        self, conditions: Sequence[Condition], page: Page, *, merged: bool = False
    ) -> FoundPatients:
        """Give the patients in sight for whom every condition holds: a few at most."""
        found = await self._patients.search(conditions, Page(size=MOST_PATIENTS), merged=merged)
        seen = [number for number, patient in enumerate(found.patients) if self._seen(patient)]
        return FoundPatients(
            patients=tuple(found.patients[n] for n in seen),
            places=tuple(found.places[n] for n in seen),
            total=len(seen),
        )

    async def knows_authority(self, authority: str) -> bool:
        """Whether any patient has an identifier that this authority gave."""
        return await self._patients.knows_authority(authority)
