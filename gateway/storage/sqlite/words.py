"""How values are spelled in the tables, and the two texts matched by functions of our own.

Words every row repeats (statuses, types) are stored as small numbers, anything else as itself.
Codes become one text, several values one text with separators, so that a filter is one comparison.
"""

from __future__ import annotations

import unicodedata
from calendar import monthrange
from collections.abc import Iterable

from gateway.model.datatypes import Author, Code, DateTime, Identifier
from gateway.model.remembering import remembered
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentEntryType
from gateway.transactions.patterns import like

DOCUMENT_ENTRY, SUBMISSION_SET, FOLDER, ASSOCIATION = 1, 2, 3, 4
KIND_NAMES = {
    DOCUMENT_ENTRY: "DocumentEntry",
    SUBMISSION_SET: "SubmissionSet",
    FOLDER: "Folder",
    ASSOCIATION: "Association",
}

SEPARATOR = "\x1f"
INNER = "\x1e"
# No XML text can hold these two and no FHIR code may; where JSON brings them all the same they
# are stored as a replacement character, here and in what is searched for alike.
_CLEAN = {ord(SEPARATOR): "\ufffd", ord(INNER): "\ufffd", 0: "\ufffd"}

_NUMBERS: dict[str, int] = {
    AvailabilityStatus.APPROVED: 1,
    AvailabilityStatus.DEPRECATED: 2,
    DocumentEntryType.STABLE: 11,
    DocumentEntryType.ON_DEMAND: 12,
    AssociationType.HAS_MEMBER: 21,
    AssociationType.RPLC: 22,
    AssociationType.XFRM: 23,
    AssociationType.APND: 24,
    AssociationType.XFRM_RPLC: 25,
    AssociationType.SIGNS: 26,
    AssociationType.IS_SNAPSHOT_OF: 27,
}
_WORDS: dict[int, str] = {number: str(word) for word, number in _NUMBERS.items()}

APPROVED = _NUMBERS[AvailabilityStatus.APPROVED]
HAS_MEMBER = _NUMBERS[AssociationType.HAS_MEMBER]


def stored(word: str | None) -> int | str | None:
    """A word of the vocabulary as a row holds it."""
    return None if word is None else _NUMBERS.get(word, word)


def word(value: int | str | None) -> str:
    """The word a row holds; empty for none."""
    if isinstance(value, int):
        return _WORDS[value]
    return value or ""


def clean(text: str) -> str:
    """A text without the separators."""
    return text if text.isprintable() else text.translate(_CLEAN)


def code_text(code: Code | None) -> str | None:
    """One coded value as a row holds it."""
    return None if code is None else clean(code.code) + INNER + clean(code.scheme)


def code_key(code: str, scheme: str | None) -> str:
    """What a stored code equals, or begins with where any scheme will do."""
    return clean(code) + INNER + (clean(scheme) if scheme is not None else "")


def several(texts: Iterable[str]) -> str | None:
    """Several texts as one, each between separators; ``None`` for none."""
    joined = SEPARATOR.join(texts)
    return SEPARATOR + joined + SEPARATOR if joined else None


def codes_text(codes: Iterable[Code]) -> str | None:
    """Several coded values as a row holds them."""
    return several([clean(c.code) + INNER + clean(c.scheme) for c in codes])


def time_text(time: DateTime | None) -> str | None:
    """The first second a time covers."""
    return None if time is None else time.lower


def last_text(time: DateTime | None) -> str | None:
    """The last second a time covers, where it is not the first one too."""
    if time is None or len(time.text) >= 14:
        return None
    text = time.text
    if len(text) < 4 or not text.isascii() or not text.isdigit():
        return None
    if len(text) < 6:
        text = text[:4] + "12"
    if len(text) < 8:
        text = text[:6] + str(monthrange(int(text[:4]) or 4, int(text[4:6]))[1])
    return text + "235959"[len(text) - 8 :]


def version_number(version: str | None) -> int:
    """A version as a number; a first one when it says nothing usable."""
    return int(version) if version and version.isdecimal() and len(version) < 10 else 1


@remembered(65_536)
def patient_key(identifier: Identifier) -> str:
    """What makes two identifiers the same: value and authority, however the rest is written."""
    authority = identifier.authority or identifier.subcomponent(4, 1)
    return clean(identifier.value) + SEPARATOR + clean(authority)


def persons_text(authors: Iterable[Author]) -> str | None:
    """The authorPerson texts, for patterns."""
    return several([clean(a.person.text) for a in authors if a.person is not None])


def institutions_text(authors: Iterable[Author]) -> str | None:
    """The authorInstitution texts."""
    return several([clean(i.text) for a in authors for i in a.institution])


def family_text(authors: Iterable[Author]) -> str | None:
    """The authors' family names, for beginnings of names."""
    return several([name_text(a.person.family) for a in authors if a.person is not None])


def given_text(authors: Iterable[Author]) -> str | None:
    """The authors' given names, each alone and together, for beginnings of names."""
    names: list[str] = []
    for author in authors:
        if author.person is not None:
            given, middle = author.person.given, author.person.middle
            names += [given, middle] if " " in middle else [given]
            names += middle.split()
    return several([name_text(name) for name in names if name])


def name_text(name: str) -> str:
    """A name without case and accents.

    Source:
        FHIR R4 Search: string parameters ignore case and combining characters.
    """
    if name.isascii():
        return clean(name.lower())
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return clean("".join(c for c in decomposed if not unicodedata.combining(c)))


def like_any(pattern: str, stored_texts: str | None) -> bool:
    """Whether one of several stored texts matches a pattern with ``%`` and ``_``, case and all."""
    if stored_texts is None:
        return False
    return any(like(pattern, text) for text in stored_texts[1:-1].split(SEPARATOR))
