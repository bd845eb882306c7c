"""Record Keeper: ends records that were closed for as long as records are kept.

Until then a closed record is kept whole and shown through no door; then it is destroyed with its
documents, and the audit trail alone tells that there was one.

Source:
    Section 5 of docs/reference/access-control.md: retention.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.record import ExpiredRecord
from gateway.model.subject import Subject, SubjectKind
from gateway.ports import Account, Clock

RETENTION = "retention"
"""What the audit trail calls it."""


class EndingStore(Protocol):
    """Where records end."""

    async def expired(self, years: int) -> tuple[ExpiredRecord, ...]:
        """Give the records that were closed so many years ago."""
        ...

    async def destroy(self, patient: Identifier, account: Callable[[], Account]) -> bool:
        """Destroy a record for good, with its patient; say whether there was one."""
        ...

    async def referenced(self, contents: Iterable[str]) -> frozenset[str]:
        """Which of these documents' octets the registry refers to."""
        ...


class SweptDocuments(Protocol):
    """Where octets are swept that nothing refers to."""

    async def sweep(self, referenced: Callable[[Iterable[str]], Awaitable[frozenset[str]]]) -> int:
        """Remove them; give how many files went."""
        ...


class RecordKeeper:
    """Destroys records whose time is over."""

    def __init__(
        self,
        store: EndingStore,
        documents: SweptDocuments,
        clock: Clock,
        new_uuid: Callable[[], str],
        years: int,
    ) -> None:
        """Take what it works with.

        Args:
            years: How long a closed record is kept; with 0 none is ever destroyed.
        """
        self._store = store
        self._documents = documents
        self._clock = clock
        self._new_uuid = new_uuid
        self.years = years

    async def expired(self) -> tuple[ExpiredRecord, ...]:
        """Give the records whose time is over."""
        return await self._store.expired(self.years) if self.years else ()

    async def destroy(self) -> tuple[ExpiredRecord, ...]:
        """Destroy them, each in a transaction of its own, and the octets of their documents."""
        gone = []
        for one in await self.expired():

            def account(patient: Identifier = one.patient) -> Account:
                event = AuditEvent(
                    id=self._new_uuid(),
                    time=self._clock.now(),
                    transaction=RETENTION,
                    action=Action.DELETE,
                    outcome=Outcome.SUCCESS,
                    subject=Subject(kind=SubjectKind.OPERATOR, name=RETENTION),
                    patient=patient,
                    rule=RETENTION,
                )
                return Account(events=(event,))

            if await self._store.destroy(one.patient, account):
                gone.append(one)
        if gone:
            await self._documents.sweep(self._store.referenced)
        return tuple(gone)
