"""What a submission and its repetitions have in common, as a digest.

A sender that got no answer sends the same submission again: with the same metadata and the same
documents, but perhaps with other symbolic ids. Those are therefore replaced by their order before
the digest is made; UUIDs are not, since the sender counts on finding its objects under them.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import DocumentRecord
from gateway.model.lifecycle.ids import PermanentIds
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet


def fingerprint(submission: Submission, documents: tuple[DocumentRecord, ...]) -> bytes:
    """Give the digest of a submission and of its documents' contents."""
    numbers = itertools.count()
    permanent = PermanentIds(submission, lambda: f"#{next(numbers)}")
    objects = [
        (type(item).__name__, number, _REST[type(item)](item))
        for number, item in zip(permanent.ids, submission.objects(), strict=True)
    ]
    links = [
        (permanent.referred(a.source_object), permanent.referred(a.target_object))
        for a in submission.associations
    ]
    digest = hashlib.sha256(orjson.dumps((objects, links)))
    for document in documents:
        digest.update(document.unique_id.encode() + b"\x00" + document.content.encode())
    return digest.digest()


def _rest(kind: type[RegistryObject]) -> Callable[[RegistryObject], Any]:
    """Give what takes out of an object every attribute that names no object."""
    ids = ("entry_uuid", "source_object", "target_object")
    return attrgetter(*[field.name for field in fields(kind) if field.name not in ids])


_REST = {kind: _rest(kind) for kind in (DocumentEntry, SubmissionSet, Folder, Association)}
