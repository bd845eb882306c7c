"""The registry as one asker sees it, behind the port; for nobody in particular, all of it.

Source:
    Sections 3.2, 6.2 and 9 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import Changes, DocumentRecord, Known
from gateway.model.submission import RegistryObject
from gateway.ports import Account, Form, Found, Page, Past, RegistryStore
from gateway.storage.sqlite import finding, reading, versions
from gateway.storage.sqlite.file import RegistryFile
from gateway.storage.sqlite.known import SqliteKnown
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.sight import Sight
from gateway.transactions.registry_stored_query import StoredQuery


class RegistryView(RegistryStore):
    """A registry file as somebody sees it; see :class:`gateway.ports.RegistryStore`."""

    def __init__(
        self, file: RegistryFile, visibility: tuple[Visibility, ...] | None = None
    ) -> None:
        """Take the file and what of it is there; ``None`` for everything."""
        self._file = file
        self._sight = None if visibility is None else Sight(visibility)

    def seen_by(self, visibility: tuple[Visibility, ...] | None) -> RegistryStore:
        """Give the store as somebody sees it.

        Raises:
            TypeError: This view is somebody's already, and would show more or less than to him.
        """
        if self._sight is not None:
            raise TypeError("a view of the registry is nobody else's")
        return self if visibility is None else RegistryView(self._file, visibility)

    async def change(
        self,
        decide: Callable[[Known], Changes],
        account: Callable[[Changes], Account] | None = None,
    ) -> Changes:
        """Run one decision, keep its outcome and what it leaves behind, all in one transaction."""
        file = self._file

        def job() -> Changes:
            changes = decide(file.known_to(self._sight))
            left = account(changes) if account is not None else None
            time = file.clock.now()
            file.applier.apply(changes, time, limited=self._sight is not None)
            if left is not None:
                file.accounts.keep(left, time)
            return changes

        return await file.writer.run(job)

    async def account(self, account: Account) -> None:
        """Keep what a request leaves behind that changed nothing."""
        file = self._file
        time = file.clock.now()
        await file.writer.run(lambda: file.accounts.keep(account, time))

    async def patients_of(self, names: Sequence[str]) -> tuple[Identifier, ...]:
        """Give whose objects these are, whoever asks."""
        return await self._file.ask(lambda rows: reading.patients_of(rows, names))

    async def facts(self, name: str, at: str = "") -> DocumentFacts | None:
        """What decisions look at in a document entry."""
        file = self._file

        def ask(rows: Rows) -> DocumentFacts | None:
            present = reading.facts(rows, name)
            if present is None or not at:
                return present
            return reading.facts_then(rows, present.entry_uuid, at, file.restricting)

        return await file.ask(ask, self._sight)

    async def alerting(
        self, keys: Sequence[int], classes: frozenset[tuple[str, str]]
    ) -> tuple[DocumentFacts, ...]:
        """Give the facts of restricted entries, and of those of some classes."""
        return await self._file.ask(lambda rows: reading.alerting(rows, keys, classes), self._sight)

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        """Answer a query from what was committed before."""
        most = self._file.max_results
        return await self._file.ask(
            lambda rows: finding.find(rows, query, form, page, most), self._sight
        )

    async def read(self, entry_uuid: str) -> RegistryObject | None:
        """Give one object as a value, in its present state."""
        return await self._file.ask(
            lambda rows: SqliteKnown.of(rows).found(entry_uuid), self._sight
        )

    async def document(self, unique_id: str) -> DocumentRecord | None:
        """Give what the repository holds under a document's uniqueId, and gives out."""
        return await self._file.ask(
            lambda rows: SqliteKnown.of(rows).given_document(unique_id), self._sight
        )

    async def described_document(self, logical_id: str) -> tuple[bool, DocumentRecord | None]:
        """Give the document that an entry describes, and whether there is such an entry."""
        return await self._file.ask(
            lambda rows: reading.described_document(rows, logical_id), self._sight
        )

    async def past(self, resource_type: str, name: str) -> Past:
        """Give every version of an object."""
        return await self._file.ask(
            lambda rows: versions.past(rows, resource_type, name), self._sight
        )

    async def status(self, name: str) -> str | None:
        """Give the present availabilityStatus of an entry."""
        return await self._file.ask(lambda rows: versions.status(rows, name), self._sight)
