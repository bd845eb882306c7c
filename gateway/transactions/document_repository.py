"""Retrieve Document Set [ITI-43] and Remove Documents [ITI-86].

Source:
    IHE ITI TF-2b: 3.43; Remove Metadata and Documents supplement: 3.86.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """One document asked for; empty texts when the message left an element out."""

    repository_unique_id: str
    document_unique_id: str
    home_community_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveDocumentSet:
    """Documents asked for, in the order of the message."""

    documents: tuple[DocumentRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedDocument:
    """One document found.

    Attributes:
        request: What was asked, echoed in the answer.
        content: The document store's name for the octets.
    """

    request: DocumentRequest
    mime_type: str
    size: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveDocumentSetResponse:
    """What was found, and one finding for each that was not."""

    documents: tuple[RetrievedDocument, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDocuments:
    """Documents to be removed from the repository."""

    documents: tuple[DocumentRequest, ...]
