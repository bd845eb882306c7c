"""Document Repository: documents' octets, kept and given back.

Source:
    IHE ITI TF-1: 10.1.1.4; TF-2b: 3.41, 3.43 (revision 17); Remove Metadata and Documents
    supplement: 3.86.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gateway.actors.acknowledgments import Acknowledged
from gateway.actors.document_registry import DocumentRegistry, Registered
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.changed import changed
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes, DocumentRecord, Known
from gateway.model.submission import ReceivedDocument, Submission
from gateway.ports import DocumentStore, RegistryStore, Staging
from gateway.transactions.document_repository import (
    DocumentRequest,
    RemoveDocuments,
    RetrievedDocument,
    RetrieveDocumentSet,
    RetrieveDocumentSetResponse,
)
from gateway.transactions.submission import SubmitObjects
from gateway.validation import Transaction
from gateway.validation.documents import check_documents

MAX_DOCUMENTS = 1000
"""Documents one request may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedDocument:
    """A document of a message, on disk and measured but not yet kept.

    Attributes:
        entry_id: Id of the entry the message ties it to.
    """

    entry_id: str
    staging: Staging


class DocumentCheck(Protocol):
    """Compares a document with its entry.

    Attributes:
        octets: How many of the document's first octets it wants.
    """

    octets: int

    def concerns(self, entry: DocumentEntry, first_octets: bytes) -> bool:
        """Whether the document is of a kind that is compared at all; quickly told."""
        ...

    def __call__(self, entry: DocumentEntry, first_octets: bytes, size: int) -> tuple[Finding, ...]:
        """Give a finding for each disagreement."""
        ...


class DocumentRepository:
    """Keeps documents, registers them, gives them back and removes them.

    Args:
        check_document: Asked about every document that is taken in; nobody when ``None``.
    """

    def __init__(
        self,
        registry: DocumentRegistry,
        store: RegistryStore,
        documents: DocumentStore,
        repository_unique_id: str,
        check_document: DocumentCheck | None = None,
    ) -> None:
        self._registry = registry
        self._store = store
        self._documents = documents
        self.repository_unique_id = repository_unique_id
        self._check_document = check_document

    async def provide_and_register(
        self,
        request: SubmitObjects,
        staged: tuple[StagedDocument, ...],
        transaction: Transaction = Transaction.PROVIDE_AND_REGISTER,
    ) -> Registered:
        """Keep the documents of a submission and register it, wholly or not at all.

        The octets are made durable first, then one transaction of the registry makes them known.
        Whatever the outcome, the staged documents are no longer the caller's.

        Args:
            request: The submission as read, with what could not be read.
            staged: Its documents, closed.
            transaction: ITI-41 or ITI-65.

        Raises:
            Refused: With every problem of documents, metadata and registry at once.
        """
        for document in staged:
            await document.staging.ready()
        received = tuple(s.staging.received(s.entry_id) for s in staged)
        submission = self._completed(request.submission, received)
        findings = (
            *request.findings,
            *check_documents(request.submission, received),
            *await self._compare(request.submission, staged, received),
            *self._registry.check(submission, transaction),
        )
        acknowledged: tuple[Acknowledged, ...] = ()
        if self._registry.acknowledgments is not None:
            acknowledged, wrong = self._registry.acknowledgments.provided(
                _described(submission, staged)
            )
            findings = (*findings, *wrong)
        message_is_good = not any(f.is_error for f in findings)
        if message_is_good:
            await self._documents.put_all(tuple(s.staging for s in staged))
        else:
            for document in staged:
                await self._documents.discard(document.staging)
        return await self._registry.register_checked(
            SubmitObjects(submission=submission, findings=findings),
            _records(submission, received) if message_is_good else (),
            acknowledged,
        )

    async def _compare(
        self,
        submission: Submission,
        staged: tuple[StagedDocument, ...],
        received: tuple[ReceivedDocument, ...],
    ) -> tuple[Finding, ...]:
        """Let each document be compared with its entry, beside the other work of the process."""
        check = self._check_document
        if check is None:
            return ()
        entries = {e.entry_uuid: e for e in submission.document_entries}
        findings: list[Finding] = []
        for document, measured in zip(staged, received, strict=True):
            entry = entries.get(document.entry_id)
            if entry is not None:
                head = document.staging.head(check.octets)
                if check.concerns(entry, head):
                    findings += await asyncio.to_thread(check, entry, head, measured.size)
        return tuple(findings)

    def _completed(
        self, submission: Submission, received: tuple[ReceivedDocument, ...]
    ) -> Submission:
        """Fill in what only the repository knows: size, hash, its own id."""
        contents = {r.entry_id: r for r in received}

        def complete(entry: DocumentEntry) -> DocumentEntry:
            content = contents.get(entry.entry_uuid)
            if content is None:
                return entry
            return changed(
                entry,
                size=str(content.size),
                hash=content.sha1,
                repository_unique_id=self.repository_unique_id,
            )

        entries = tuple(complete(e) for e in submission.document_entries)
        return changed(submission, document_entries=entries)

    async def retrieve(self, request: RetrieveDocumentSet) -> RetrieveDocumentSetResponse:
        """Give the documents that are here, and a finding for each that is not.

        Raises:
            Refused: No document is asked for, or more than one answer holds.
        """
        _check_number(request.documents)
        found: list[RetrievedDocument] = []
        findings: list[Finding] = []
        for wanted in request.documents:
            record, problem = await self._look_up(wanted)
            if problem is not None:
                findings.append(problem)
            elif record is not None:
                found.append(
                    RetrievedDocument(
                        request=wanted,
                        mime_type=record.mime_type,
                        size=record.size,
                        content=record.content,
                    )
                )
        return RetrieveDocumentSetResponse(documents=tuple(found), findings=tuple(findings))

    async def remove(self, request: RemoveDocuments) -> RetrieveDocumentSetResponse:
        """Remove documents that are here; a finding for each that could not be removed.

        Metadata stay; they are removed by the registry [ITI-62].

        Raises:
            Refused: No document is named, or more than one request may.
        """
        _check_number(request.documents)
        removable: dict[str, DocumentRequest] = {}
        findings: list[Finding] = []
        for wanted in request.documents:
            record, problem = await self._look_up(wanted)
            if problem is not None:
                findings.append(problem)
            elif record is not None:
                removable[record.unique_id] = wanted
        if removable:

            def decide(known: Known) -> Changes:
                return Changes(removed_documents=tuple(removable), events=("documents-removed",))

            await self._store.change(decide)
        return RetrieveDocumentSetResponse(
            documents=tuple(
                RetrievedDocument(request=wanted, mime_type="", size=0, content="")
                for wanted in removable.values()
            ),
            findings=tuple(findings),
        )

    async def _look_up(
        self, wanted: DocumentRequest
    ) -> tuple[DocumentRecord | None, Finding | None]:
        if wanted.repository_unique_id != self.repository_unique_id:
            return None, Finding(
                rule="repository-known",
                code=ErrorCode.UNKNOWN_REPOSITORY_ID,
                location="DocumentRequest.RepositoryUniqueId",
                context=wanted.document_unique_id,
                message=f"this repository is {self.repository_unique_id}, asked was "
                f"{wanted.repository_unique_id[:64] or 'none'}",
            )
        record = await self._store.document(wanted.document_unique_id)
        if record is None or self._documents.path(record.content) is None:
            return None, Finding(
                rule="document-present",
                code=ErrorCode.DOCUMENT_UNIQUE_ID_ERROR,
                location="DocumentRequest.DocumentUniqueId",
                context=wanted.document_unique_id,
                message="this repository has no such document",
            )
        return record, None


def _check_number(documents: tuple[DocumentRequest, ...]) -> None:
    if 0 < len(documents) <= MAX_DOCUMENTS:
        return
    raise Refused(
        Finding(
            rule="number-of-documents",
            code=ErrorCode.REPOSITORY_ERROR,
            location="DocumentRequest",
            message=f"{len(documents)} documents are named; name 1 to {MAX_DOCUMENTS} in a request",
        )
    )


def _described(
    submission: Submission, staged: tuple[StagedDocument, ...]
) -> Iterator[tuple[DocumentEntry, Staging]]:
    """Give each document with its entry, where it has one."""
    entries = {e.entry_uuid: e for e in submission.document_entries}
    for document in staged:
        if (entry := entries.get(document.entry_id)) is not None:
            yield entry, document.staging


def _records(
    submission: Submission, received: tuple[ReceivedDocument, ...]
) -> tuple[DocumentRecord, ...]:
    entries = {e.entry_uuid: e for e in submission.document_entries}
    return tuple(
        DocumentRecord(
            unique_id=entries[r.entry_id].unique_id or "",
            mime_type=entries[r.entry_id].mime_type or "application/octet-stream",
            size=r.size,
            sha1=r.sha1,
            content=r.content,
        )
        for r in received
    )
