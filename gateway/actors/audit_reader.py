"""Audit reader: what auditors see of the trail, and what a patient sees of the own record's.

Auditors see every event. A patient, and whoever represents one, sees the accesses to the record as
they would be if nothing were hidden: an object that is absent for the reader is not mentioned, and
what was done only to such objects did not happen, until they are released; then the event is there
with its true date. A search stays, without what it found: it would have been asked all the same.

Source:
    Section 8.3 of docs/reference/access-control.md; IHE ITI TF-2: 3.81.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.model.audit import Action, AuditedObject, AuditEvent
from gateway.model.datatypes import Identifier
from gateway.model.subject import SubjectKind, same_key
from gateway.ports import AuditTrail, FoundEvents, KeptEvent, Page, RegistryStore
from gateway.transactions.retrieve_audit_event import FindAuditEvents

_REGISTERED = frozenset({"DocumentEntry", "SubmissionSet", "Folder", "Association"})
_ROUND = 200
_MOST = 5000
"""Events one answer looks at; a page that is not full by then has a next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An access to a record, as its patient may know of it.

    Attributes:
        objects: Those of the event that are there for the reader.
    """

    event: AuditEvent
    objects: tuple[AuditedObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accesses:
    """A page of accesses.

    Attributes:
        last: Where the next page continues; ``None`` when there is none.
        total: Where all were looked at from the first one on.
    """

    accesses: tuple[Access, ...] = ()
    last: int | None = None
    total: int | None = None


class AuditReader:
    """Reads the trail for those who may."""

    def __init__(self, trail: AuditTrail, seen: RegistryStore) -> None:
        """Take the trail, and the registry as the reader sees it."""
        self._trail = trail
        self._seen = seen

    async def find(
        self, search: FindAuditEvents, page: Page, patient: Identifier | None = None
    ) -> FoundEvents:
        """Give events to an auditor.

        Args:
            patient: Whose record, by whatever identifier it was ever called.
        """
        if patient is not None:
            search = replace(search, patients=await self._trail.called(patient))
        return await self._trail.find(search, page, counted=True)

    async def read(self, id: str) -> AuditEvent | None:
        """Give one event to an auditor."""
        kept = await self._trail.read(id)
        return kept.event if kept is not None else None

    async def accesses(
        self, search: FindAuditEvents, page: Page, patient: Identifier, reader: SubjectKind
    ) -> Accesses:
        """Give the accesses to a record to its patient or a representative.

        Args:
            page: Of no objects it counts only.
        """
        view = _View(self._seen, reader)
        # What an object's absence hides must not be found by asking for the object.
        asked = replace(search, patients=await self._trail.called(patient), entities=())
        found: list[Access] = []
        looked, place, last = 0, page.after, page.after
        while looked < _MOST:
            part = Page(size=_ROUND, after=place, ascending=page.ascending)
            events = await self._trail.find(asked, part, counted=False)
            for kept in events.events:
                looked, place = looked + 1, kept.number
                access = await view.of(kept)
                if access is None or not _mentions(access, search):
                    continue
                if page.size and len(found) == page.size:
                    return Accesses(accesses=tuple(found), last=last)
                found.append(access)
                last = kept.number
            if not events.more:
                total = len(found) if page.after is None else None
                return Accesses(accesses=tuple(found[: page.size]), total=total)
        return Accesses(accesses=tuple(found[: page.size]), last=place)

    async def access(self, id: str, patient: Identifier, reader: SubjectKind) -> Access | None:
        """Give one access to a record, where it is one and its reader may know of it."""
        kept = await self._trail.read(id)
        if kept is None or kept.event.patient is None:
            return None
        if same_key(kept.event.patient) not in await self._trail.called(patient):
            return None
        return await _View(self._seen, reader).of(kept)


class _View:
    """What one reader may know, looked up once for each object."""

    def __init__(self, seen: RegistryStore, reader: SubjectKind) -> None:
        self._seen = seen
        self._reader = reader
        self._known: dict[tuple[str, str], bool] = {}

    async def of(self, kept: KeptEvent) -> Access | None:
        """Give an event as the reader may know of it."""
        event = kept.event
        subject = event.subject
        if event.received:
            # What another system did to which objects nobody can look at here.
            return None
        if self._reader is SubjectKind.REPRESENTATIVE and (
            subject is not None and subject.secret_connection
        ):
            return None
        registered = [one for one in event.objects if one.kind in _REGISTERED]
        visible = [one for one in registered if await self._sees(one)]
        if registered and not visible and event.action is not Action.EXECUTE:
            return None
        # A representative learns of Consents where they are read, less those made in secret.
        if self._reader is SubjectKind.PATIENT:
            visible += [one for one in event.objects if one.kind == "Consent"]
        return Access(event=event, objects=tuple(visible))

    async def _sees(self, one: AuditedObject) -> bool:
        key = (one.kind, one.id)
        known = self._known.get(key)
        if known is None:
            if one.kind == "DocumentEntry":
                known = await self._seen.facts(one.id) is not None
            else:
                known = await self._seen.read(one.id) is not None
            self._known[key] = known
        return known


def _mentions(access: Access, search: FindAuditEvents) -> bool:
    names = {name for one in access.objects for name in (one.id, one.unique_id)}
    return all(names.intersection(group) for group in search.entities)
