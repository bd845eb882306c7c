"""A patient's masks of authors, periods and labels, tried on the facts a row holds.

Such masks are rare; a call of the engine's own rule for each row costs nothing that matters.
"""

from __future__ import annotations

from gateway.consent.document_gate import masks_document
from gateway.consent.visibility import DocumentFacts
from gateway.model.choices import AuthoredBy, Labelled, WrittenIn
from gateway.storage.sqlite.facts import code_of, digits, texts_of

Mask = AuthoredBy | WrittenIn | Labelled


def is_masked(
    masks: tuple[Mask, ...],
    authors: str | None,
    confidentiality_code: str | None,
    first: str | None,
    last: str | None,
) -> bool:
    """Whether one of the masks hides the document of a row.

    Args:
        authors: Keys as the row has them, likewise ``confidentiality_code``.
        first: The first second of the creation time.
        last: The last one, where it is another one.
    """
    facts = DocumentFacts(
        entry_uuid="",
        authors=frozenset(texts_of(authors)),
        confidentiality=tuple(map(code_of, texts_of(confidentiality_code))),
        creation_time=digits(first, last),
    )
    return any(masks_document(mask, facts) for mask in masks)
