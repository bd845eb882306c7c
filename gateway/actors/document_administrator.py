"""Document Administrator: a changed description becomes an Update Document Set like any other.

Source:
    IHE XDS Metadata Update supplement: 3.57, the actor that sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from gateway.actors.document_registry import DocumentRegistry, Registered
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.datatypes import Author, Code, DateTime
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType
from gateway.ports import Clock, Form, RegistryStore
from gateway.transactions.registry_stored_query import GetSubmissionSets
from gateway.transactions.submission import SubmitObjects

_SET, _ENTRY = "submission-set", "document-entry"
_NEVER_TOLD = ("entry_uuid", "logical_id", "version", "availability_status")


class DocumentAdministrator:
    """Changes the description of a document by a metadata update of its own."""

    def __init__(
        self,
        registry: DocumentRegistry,
        store: RegistryStore,
        clock: Clock,
        new_oid: Callable[[], str],
        source_id: str,
        *,
        complete: Callable[[Submission], Submission] = lambda submission: submission,
    ) -> None:
        """Take what it works with.

        Args:
            new_oid: Gives the uniqueId of each submission set it makes.
            source_id: OID of the gateway, as the source of those sets.
            complete: Fills in what the community writes and FHIR has no place for.
        """
        self._complete = complete
        self._registry = registry
        self._store = store
        self._clock = clock
        self._new_oid = new_oid
        self._source_id = source_id

    async def change(
        self,
        entry_uuid: str,
        before: DocumentEntry,
        after: DocumentEntry,
        requester: tuple[Author, ...] | None = None,
    ) -> str:
        """Change what differs between two descriptions of a document.

        Args:
            entry_uuid: The present version.
            before: As somebody was shown it.
            after: As it shall be.
            requester: Who asks, where that is known.

        Returns:
            The entryUUID of the version that counts now.

        Raises:
            Refused: It is not there any more, or the update is not allowed.
        """
        differing = {
            f.name: getattr(after, f.name)
            for f in fields(DocumentEntry)
            if f.name not in _NEVER_TOLD and getattr(after, f.name) != getattr(before, f.name)
        }
        status = after.availability_status
        if status == before.availability_status:
            status = None
        if not differing and status is None:
            return entry_uuid
        entry = await self._store.read(entry_uuid)
        if not isinstance(entry, DocumentEntry):
            raise Refused(
                Finding(
                    rule="resource-known",
                    code=ErrorCode.NOT_FOUND,
                    location=entry_uuid,
                    message="the document is not there any more",
                )
            )
        new = changed(entry, **differing) if differing else None
        original = before.availability_status
        submission = Submission(
            submission_sets=(await self._submission_set(entry, requester),),
            document_entries=()
            if new is None
            else (replace(new, entry_uuid=_ENTRY, version=None, availability_status=None),),
            associations=_operations(entry, new is not None, original, status),
        )
        done = await self._registry.update(
            SubmitObjects(submission=self._complete(submission)),
            requester=requester,
            anyone=requester is None,
        )
        return _present_version(done) or entry_uuid

    async def _submission_set(
        self, entry: DocumentEntry, requester: tuple[Author, ...] | None
    ) -> SubmissionSet:
        return SubmissionSet(
            entry_uuid=_SET,
            unique_id=self._new_oid(),
            source_id=self._source_id,
            patient_id=entry.patient_id,
            submission_time=DateTime(self._clock.now()),
            content_type_code=await self._content_type_code(entry),
            author=(requester or entry.author)[:1],
        )

    async def _content_type_code(self, entry: DocumentEntry) -> Code | None:
        """What the submission that brought the document was about, this one is about as well."""
        found = await self._store.find(
            GetSubmissionSets(uuid=(entry.entry_uuid,), metadata_level=2), Form.REFERENCE
        )
        for held in found.objects:
            if held.kind == "SubmissionSet":
                brought = await self._store.read(held.entry_uuid)
                if isinstance(brought, SubmissionSet) and brought.content_type_code is not None:
                    return brought.content_type_code
        return entry.class_code


def _operations(
    entry: DocumentEntry, is_changed: bool, original: str | None, status: str | None
) -> tuple[Association, ...]:
    """What links the submission set with what it asks for: a new version, a status, or both."""
    links: list[Association] = []
    if is_changed:
        links.append(
            Association(
                entry_uuid="new-version",
                association_type=AssociationType.HAS_MEMBER,
                source_object=_SET,
                target_object=_ENTRY,
                submission_set_status="Original",
                previous_version=entry.version,
            )
        )
    if status is not None:
        links.append(
            Association(
                entry_uuid="new-status",
                association_type=AssociationType.UPDATE_AVAILABILITY_STATUS,
                source_object=_SET,
                target_object=_ENTRY if is_changed else entry.entry_uuid,
                original_status=original,
                new_status=status,
            )
        )
    return tuple(links)


def _present_version(done: Registered) -> str:
    for item in done.changes.added:
        if isinstance(item, DocumentEntry):
            return item.entry_uuid
    return ""
