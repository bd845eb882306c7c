"""What a decision may ask about the present, and what it answers with.

A decision of the lifecycle is a pure function of a submission and a :class:`Known`; the store runs
it inside its write transaction, so that what it read is still true when its :class:`Changes` are
kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet


class Known(Protocol):
    """The registry's present content, as far as a decision asks for it.

    Objects come in their present state: status, version, logical id and surviving patient id as
    they are now, whatever was submitted.

    Who asks may not see everything: what is absent for him is not there. Ids in use are looked for
    in :attr:`whole`, and so is what else a decision changes; nothing from there may show in an
    answer.
    """

    @property
    def whole(self) -> Known:
        """The same content as it is, whoever asks."""
        ...

    def object(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id, in any status and version; withdrawn ones as well."""
        ...

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        """The newest version under a logical id; withdrawn objects have none."""
        ...

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        """Every entry, of any version and status, withdrawn or not, with that uniqueId."""
        ...

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        """The submission set or folder with that uniqueId."""
        ...

    def is_used(self, unique_id: str) -> bool:
        """Whether :meth:`entries` or :meth:`holder` would give anything for that uniqueId.

        New ids are not used, and to see that alone is quicker than to look for what uses them.
        """
        ...

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        """Every association, of any status but not withdrawn, with that id at either end."""
        ...

    def fingerprint(self, unique_id: str) -> bytes | None:
        """The fingerprint a submission set with that uniqueId was accepted with."""
        ...

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        """The record a patient id leads to, merges followed; ``None`` when it was never met."""
        ...

    def is_known(self, patient_id: Identifier) -> bool:
        """Whether the feed or an administrator announced the patient."""
        ...

    def document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository holds under a document's uniqueId."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A document as the repository keeps it.

    Attributes:
        content: The document store's name for the octets (SHA-256, hexadecimal).
        sha1: The digest XDS metadata carry, hexadecimal.
    """

    unique_id: str
    mime_type: str
    size: int
    sha1: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """An object's availabilityStatus becomes another one."""

    entry_uuid: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTouch:
    """A folder's lastUpdateTime becomes another one (DTM, 14 digits)."""

    entry_uuid: str
    last_update_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All a decision does, kept in one transaction or not at all.

    Attributes:
        added: Objects complete with id, logical id, version and status.
        statuses: Objects of the registry whose status changes.
        touched: Folders whose lastUpdateTime changes.
        removed: Ids of registry objects that go.
        withdrawn: Objects that are kept in that status, and found by nobody any more.
        withdrawn_documents: uniqueIds of documents that are kept and given to nobody any more.
        documents: Documents the repository holds from now on.
        removed_documents: uniqueIds of documents that go from the repository.
        fingerprint: With ``added``: what a repetition of the submission will be recognised by.
        repeated: The submission had been accepted before; nothing changes.
        events: Names of what happened, for the outbox: ``submitted``, ``updated``, ``removed``.
    """

    added: tuple[RegistryObject, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    touched: tuple[FolderTouch, ...] = ()
    removed: tuple[str, ...] = ()
    withdrawn: tuple[StatusChange, ...] = ()
    withdrawn_documents: tuple[str, ...] = ()
    documents: tuple[DocumentRecord, ...] = ()
    removed_documents: tuple[str, ...] = ()
    fingerprint: bytes | None = None
    repeated: bool = False
    events: tuple[str, ...] = ()
