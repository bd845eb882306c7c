"""What one message brings, whatever its wire: registry objects and documents."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.submission import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class EnclosedDocument:
    """A document's octets inside a message.

    Attributes:
        entry_id: Id of the entry that describes it.
        content_type: Its media type.
    """

    entry_id: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Registry objects and documents, free of any wire.

    Attributes:
        submission: Of a submission, or the objects of an answer.
        documents: Those whose octets are in the message.
        is_answer: The objects are registered and were found by a query: as FHIR they are a
            searchset, as ebRIM an AdhocQueryResponse.
    """

    submission: Submission
    documents: tuple[EnclosedDocument, ...] = ()
    is_answer: bool = False
