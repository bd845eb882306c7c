"""What a submission and its repetitions have in common, as a digest.

A sender that got no answer sends the same submission again: with the same metadata and the same
documents, but perhaps with other symbolic ids. Those are therefore replaced by their order before
the digest is made; UUIDs are not, since the sender counts on finding its objects under them.
"""

from __future__ import annotations

import hashlib
import itertools

import orjson

from gateway.model.lifecycle import DocumentRecord
from gateway.model.lifecycle.ids import with_registry_ids
from gateway.model.submission import Submission


def fingerprint(submission: Submission, documents: tuple[DocumentRecord, ...]) -> bytes:
    """Give the digest of a submission and of its documents' contents."""
    numbers = itertools.count()
    numbered = with_registry_ids(submission, lambda: f"#{next(numbers)}")
    digest = hashlib.sha256(orjson.dumps(numbered))
    for document in documents:
        digest.update(document.unique_id.encode() + b"\x00" + document.content.encode())
    return digest.digest()
