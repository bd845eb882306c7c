"""What decisions look at in a document entry, as its row holds it.

Source:
    Sections 2.3 and 5 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.consent.times import hidden_until
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.datatypes import Author, Code, DateTime, Identifier
from gateway.storage.sqlite import words
from gateway.storage.sqlite.words import INNER, SEPARATOR

RestrictionCodes = Mapping[tuple[str, str], Restriction]
"""Which confidentiality codes (code and scheme) restrict, and how."""

COLUMNS = (
    "o.entry_uuid, p.cx, e.restrictions, e.hidden_until, e.owners, e.authors, e.type_code, "
    "e.class_code, e.confidentiality_code, e.creation_time, e.creation_time_last"
)
"""What :func:`read_facts` reads."""


def author_keys(authors: Iterable[Author]) -> dict[str, None]:
    """Keys of people or devices and of their institutions, those without identifier left out."""
    keys: dict[str, None] = {}
    for author in authors:
        person, institutions = _keys(author)
        keys.update(dict.fromkeys(person + institutions))
    return keys


def _keys(author: Author) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The key of an author's person or device, and those of the institutions."""
    person: tuple[str, ...] = ()
    if author.person is not None and (identifier := author.person.identifier):
        person = (words.clean(identifier + "^" + author.person.authority),)
    institutions = [
        words.clean(identifier + "^" + one.authority)
        for one in author.institution
        if (identifier := one.identifier)
    ]
    return person, tuple(institutions)


def owner_columns(
    authors: Sequence[Author], depositors: Mapping[str, None]
) -> tuple[str | None, str | None, str | None]:
    """Owners, authors and depositors as a row holds them.

    Who wrote owns, and who deposited. A person's institution did neither by that: its other
    members own a document only where it is the one that deposited it, or wrote without a person.
    """
    own: dict[str, None] = {}
    writing: dict[str, None] = {}
    for author in authors:
        person, institutions = _keys(author)
        own.update(dict.fromkeys(person if author.person is not None else institutions))
        writing.update(dict.fromkeys(person + institutions))
    owners = words.several({**own, **depositors})
    written, brought = words.several(writing), words.several(depositors)
    # An empty list of authors is told apart from one that is the same.
    return owners, None if written == owners else written or NOBODY, brought


NOBODY = SEPARATOR * 2
"""A list of keys without any."""


def bits_of(held: str | None, codes: Mapping[str, int]) -> int:
    """The restrictions that several codes, as a row holds them, come to."""
    bits = 0
    for text in texts_of(held):
        bits |= codes.get(text, 0)
    return bits


def stored_codes(codes: RestrictionCodes) -> dict[str, int]:
    """Restriction codes as rows spell them, with their bits."""
    return {words.code_key(code, scheme): one.value for (code, scheme), one in codes.items()}


class Restricting(NamedTuple):
    """What the restrictions of documents are worked out with.

    Attributes:
        codes: Confidentiality codes that restrict, as rows spell them, with their bits.
        months: After how many months a document is no longer hidden from the patient.
    """

    codes: Mapping[str, int]
    months: int = 1

    def hidden_until(self, bits: int, deposited: str) -> str | None:
        """When a document with these restrictions is released to the patient."""
        if not bits & Restriction.HIDDEN_FROM_PATIENT.value:
            return None
        return hidden_until(deposited, self.months)


def read_facts(row: tuple[Any, ...], *, deleted: bool = False) -> DocumentFacts:
    """The facts of one row of :data:`COLUMNS`."""
    uuid, cx, bits, hidden, owners, authors, type_code, class_code, labels, first, last = row
    return DocumentFacts(
        entry_uuid=uuid,
        patient=Identifier(cx) if cx else None,
        deleted=deleted,
        restrictions=restrictions_of(bits),
        hidden_until=hidden or "",
        owners=frozenset(texts_of(owners)),
        authors=frozenset(texts_of(authors or owners)),
        type_code=None if type_code is None else code_of(type_code),
        class_code=None if class_code is None else code_of(class_code),
        confidentiality=tuple(map(code_of, texts_of(labels))),
        creation_time=digits(first, last),
    )


def restrictions_of(bits: int) -> frozenset[Restriction]:
    """The restrictions that bits stand for."""
    return frozenset(one for one in Restriction if bits & one.value)


def digits(first: str | None, last: str | None) -> str:
    """A time as precise as it was told, from the first and the last second it covers."""
    if first is None:
        return ""
    if last is None:
        return first
    for length in (4, 6, 8, 10, 12):
        # December ends with its year, and a last day with its month: the beginning tells.
        said = DateTime(first[:length])
        if said.lower == first and words.last_text(said) == last:
            return said.text
    return first


def texts_of(text: str | None) -> list[str]:
    """The texts that a row holds as one."""
    return text[1:-1].split(SEPARATOR) if text and len(text) > 2 else []


def code_of(text: str) -> Code:
    """A code as a row holds it."""
    code, _, scheme = text.partition(INNER)
    return Code(code, scheme)
