"""What of one record somebody may see: a predicate over document entries, as data.

:func:`gateway.consent.narrow` makes it, storage turns it into conditions of its statements, and
:func:`see` evaluates it on one document. One value, two readings; a law holds them to each other.

Source:
    Section 3.2 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gateway.model.choices import AuthoredBy, Labelled, WrittenIn
from gateway.model.datatypes import Code, Identifier
from gateway.model.restriction import Restriction

__all__ = ["DocumentFacts", "Restriction", "Visibility"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What decisions look at in one document entry.

    Attributes:
        restrictions: Those of the whole lineage: of the newest version of every document linked
            by replacement, transformation or addition.
        hidden_until: The latest end of hiding from the patient in the lineage, DTM of 14 digits,
            UTC; empty when nothing hides.
        owners: Keys of the authors, of institutions that wrote without a person, of the
            depositing professional and structure.
        authors: Keys of authors and of their institutions, without the depositor.
        confidentiality: As the entry has it.
        creation_time: DTM digits as the entry has them.
        lineage: Where other documents belong to the lineage: what the newest version of each says,
            this one's included. A mask of one of them is a mask of all.
    """

    entry_uuid: str
    patient: Identifier | None = None
    deleted: bool = False
    restrictions: frozenset[Restriction] = frozenset()
    hidden_until: str = ""
    owners: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    type_code: Code | None = None
    class_code: Code | None = None
    confidentiality: tuple[Code, ...] = ()
    creation_time: str = ""
    lineage: tuple[DocumentFacts, ...] = ()


class Visibility(NamedTuple):
    """Which entries of one patient are there for somebody, at one moment.

    A tuple, since one is made for every request and a frozen dataclass takes four times as long.

    An entry that is not deleted is visible when one of ``owned_by`` owns it, or when none of the
    other attributes excludes it.

    Attributes:
        patient: Nothing of another patient is visible.
        now: The moment, DTM of 14 digits, UTC.
        owned_by: Keys whose documents are visible whatever excludes them (rule B3).
        hides_all: Everything but what is owned is absent (rule B4, hide-all).
        restrictions: Which restrictions exclude; ``HIDDEN_FROM_PATIENT`` only while
            ``hidden_until`` lies after ``now``.
        masks: The patient's masks of authors, periods and labels; they exclude like ``MASKED``.
        types: Codes and schemes of the documents that the matrix grants; ``None`` without matrix.
        classes: Likewise of classes, for a service; ``None`` for everybody else.
        creator: Keys by which an empty folder is known as one's own.
    """

    patient: Identifier
    now: str
    owned_by: frozenset[str] = frozenset()
    hides_all: bool = False
    restrictions: frozenset[Restriction] = frozenset()
    masks: tuple[AuthoredBy | WrittenIn | Labelled, ...] = ()
    types: frozenset[tuple[str, str]] | None = None
    classes: frozenset[tuple[str, str]] | None = None
    creator: frozenset[str] = frozenset()
