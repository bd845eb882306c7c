"""Retrieve Document Set [ITI-43]: which documents are asked for, and which are answered.

The octets travel beside the message; here they are known by their Content-ID, or by the Document
element that holds or names them.

Source:
    IHE ITI TF-2b: 3.43.4.1.2 and 3.43.4.2.2 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.codecs.ebrim.names import (
    DOCUMENT,
    DOCUMENT_REQUEST,
    DOCUMENT_RESPONSE,
    DOCUMENT_UNIQUE_ID,
    HOME_COMMUNITY_ID,
    MIME_TYPE,
    NEW_DOCUMENT_UNIQUE_ID,
    NEW_REPOSITORY_UNIQUE_ID,
    REGISTRY_RESPONSE,
    REPOSITORY_UNIQUE_ID,
    declare,
)
from gateway.codecs.ebrim.response import Outcome, read_outcome, status_of, write_outcome
from gateway.codecs.ebrim.xop import write_include
from gateway.codecs.xml import Element, escape_text
from gateway.errors import Finding
from gateway.transactions.document_repository import (
    DocumentRequest,
    RetrievedDocument,
    RetrieveDocumentSet,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredDocument:
    """One document of an answer.

    Attributes:
        request: The ids as they were asked for.
        document: The Document element: its octets inline, or the reference to them.
        new_unique_id: Of an on-demand document: the id of what was made.
        new_repository_unique_id: Where what was made can be retrieved again.
    """

    request: DocumentRequest
    mime_type: str
    document: Element
    new_unique_id: str | None = None
    new_repository_unique_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveAnswer:
    """What a repository answered."""

    outcome: Outcome
    documents: tuple[AnsweredDocument, ...] = ()


def read_retrieve_request(element: Element) -> RetrieveDocumentSet:
    """Read a RetrieveDocumentSetRequest; an id that is missing is read as empty."""
    return RetrieveDocumentSet(documents=read_document_requests(element))


def write_retrieve_request(request: RetrieveDocumentSet) -> bytes:
    """Give a RetrieveDocumentSetRequest that declares its own prefixes."""
    return (
        f"<xdsb:RetrieveDocumentSetRequest{declare('xdsb')}>"
        f"{write_document_requests(request.documents)}</xdsb:RetrieveDocumentSetRequest>"
    ).encode()


def read_document_requests(element: Element) -> tuple[DocumentRequest, ...]:
    """Read the DocumentRequest elements of any request that asks by document."""
    return tuple(_read_ids(child) for child in element.iterchildren(DOCUMENT_REQUEST))


def write_document_requests(documents: Iterable[DocumentRequest]) -> str:
    """Give DocumentRequest elements with the prefix ``xdsb``, which the message declares."""
    return "".join([f"<xdsb:DocumentRequest>{_ids(d)}</xdsb:DocumentRequest>" for d in documents])


def write_retrieve_response(
    documents: Iterable[tuple[RetrievedDocument, str]], findings: Iterable[Finding] = ()
) -> bytes:
    """Give a RetrieveDocumentSetResponse that declares its own prefixes.

    Args:
        documents: What was found, each with the Content-ID, without angle brackets, of the part
            that holds its octets.
        findings: With documents, an error leaves a partial success; without, it is a failure.
    """
    findings = tuple(findings)
    responses = [
        f"<xdsb:DocumentResponse>{_ids(document.request)}"
        f"<xdsb:mimeType>{escape_text(document.mime_type)}</xdsb:mimeType>"
        f"<xdsb:Document>{write_include(content_id)}</xdsb:Document></xdsb:DocumentResponse>"
        for document, content_id in documents
    ]
    status = status_of(findings, something=bool(responses))
    return (
        f"<xdsb:RetrieveDocumentSetResponse{declare('xdsb', 'rs')}>"
        f"{write_outcome(findings, status)}{''.join(responses)}"
        "</xdsb:RetrieveDocumentSetResponse>"
    ).encode()


def read_retrieve_response(element: Element) -> RetrieveAnswer:
    """Read a RetrieveDocumentSetResponse; a document without its element is left out."""
    outcome = Outcome(status="")
    documents = []
    for child in element:
        if child.tag == REGISTRY_RESPONSE:
            outcome = read_outcome(child)
        elif child.tag == DOCUMENT_RESPONSE:
            document = next(child.iterchildren(DOCUMENT), None)
            if document is not None:
                documents.append(
                    AnsweredDocument(
                        request=_read_ids(child),
                        mime_type=_text(child, MIME_TYPE),
                        document=document,
                        new_unique_id=_text(child, NEW_DOCUMENT_UNIQUE_ID) or None,
                        new_repository_unique_id=_text(child, NEW_REPOSITORY_UNIQUE_ID) or None,
                    )
                )
    return RetrieveAnswer(outcome=outcome, documents=tuple(documents))


def _read_ids(element: Element) -> DocumentRequest:
    return DocumentRequest(
        repository_unique_id=_text(element, REPOSITORY_UNIQUE_ID),
        document_unique_id=_text(element, DOCUMENT_UNIQUE_ID),
        home_community_id=_text(element, HOME_COMMUNITY_ID) or None,
    )


def _text(element: Element, tag: str) -> str:
    child = next(element.iterchildren(tag), None)
    return "" if child is None else (child.text or "").strip()


def _ids(document: DocumentRequest) -> str:
    home = ""
    if document.home_community_id is not None:
        home = (
            f"<xdsb:HomeCommunityId>{escape_text(document.home_community_id)}"
            "</xdsb:HomeCommunityId>"
        )
    return (
        f"{home}<xdsb:RepositoryUniqueId>{escape_text(document.repository_unique_id)}"
        "</xdsb:RepositoryUniqueId>"
        f"<xdsb:DocumentUniqueId>{escape_text(document.document_unique_id)}"
        "</xdsb:DocumentUniqueId>"
    )
