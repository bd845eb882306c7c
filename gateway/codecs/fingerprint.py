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
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Recipient,
    ReferenceId,
    Slot,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import DocumentRecord
from gateway.model.lifecycle.ids import PermanentIds
from gateway.model.submission import Submission
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
    plain = orjson.dumps((objects, links), _parts, orjson.OPT_PASSTHROUGH_DATACLASS)
    digest = hashlib.blake2b(plain, digest_size=32)
    for document in documents:
        digest.update(document.unique_id.encode() + b"\x00" + document.content.encode())
    return digest.digest()


def _attributes(kind: type[Any], without: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    return attrgetter(*[field.name for field in fields(kind) if field.name not in without])


_IDS = ("entry_uuid", "source_object", "target_object")
_REST = {
    kind: _attributes(kind, _IDS) for kind in (DocumentEntry, SubmissionSet, Folder, Association)
}
_PARTS: dict[type[Any], Callable[[Any], Any]] = {
    kind: _attributes(kind)
    for kind in (
        Author,
        Code,
        DateTime,
        Identifier,
        LocalizedString,
        Organization,
        Person,
        Recipient,
        ReferenceId,
        Slot,
        Telecom,
    )
}


def _parts(value: Any) -> Any:
    """Give what a value of the model consists of; the writer of JSON asks for it as it goes.

    It knows dataclasses as well, but writes tuples ten times as fast.
    """
    return _PARTS[type(value)](value)
