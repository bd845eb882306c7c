"""Functions of our own inside SQLite, for what one comparison of columns cannot say.

Each is called with what is asked first and a column last; a column holds several values between
separators (:func:`gateway.storage.sqlite.words.several`), of which one must answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from gateway.model.datatypes import DateTime, Organization, Person, ReferenceId
from gateway.storage.sqlite import words
from gateway.storage.sqlite.words import SEPARATOR
from gateway.transactions.conditions import Match

_Issued = type[Person] | type[Organization] | type[ReferenceId]

_HOLDERS: dict[str, _Issued] = {
    "author_person": Person,
    "author_institution": Organization,
    "reference_id_list": ReferenceId,
}


def register(connection: sqlite3.Connection) -> None:
    """Let a connection know the functions."""
    for name, count, function in (
        ("like_any", 2, words.like_any),
        ("text_matches", 3, text_matches),
        ("institution_matches", 3, institution_matches),
        ("person_is_named", 3, person_is_named),
        ("has_identifier", 5, has_identifier),
        ("day_begins", 1, day_begins),
        ("day_ends", 1, day_ends),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _several(stored: str | None) -> Iterator[str]:
    if stored:
        yield from stored[1:-1].split(SEPARATOR)


def is_match(how: str, asked: str, text: str) -> bool:
    """Whether a text matches; ``how`` is the value of a :class:`Match`."""
    if how == Match.EXACT.value:
        return text == asked
    plain, wanted = words.name_text(text), words.name_text(asked)
    return plain.startswith(wanted) if how == Match.BEGINS.value else wanted in plain


def text_matches(how: str, asked: str, stored: str | None) -> bool:
    """Whether one of the texts matches."""
    return any(is_match(how, asked, text) for text in _several(stored))


def institution_matches(how: str, asked: str, stored: str | None) -> bool:
    """Whether the name of one of the institutions (XON each) matches."""
    return any(
        (name := Organization(text).name) != "" and is_match(how, asked, name)
        for text in _several(stored)
    )


def person_is_named(part: str, asked: str, stored: str | None) -> bool:
    """Whether one person (XCN each) has exactly that family or given name."""
    for text in _several(stored):
        person = Person(text)
        names = [person.family] if part == "author_family" else given_names(person)
        if asked in names:
            return True
    return False


def given_names(person: Person) -> list[str]:
    """Give all given names of a person, each alone."""
    return [name for name in (person.given, *person.middle.split(" ")) if name]


def has_identifier(
    attribute: str,
    value: str | None,
    authority: str | None,
    type_code: str | None,
    stored: str | None,
) -> bool:
    """Whether one person, institution or reference has an identifier; ``None`` is any."""
    holder = _HOLDERS[attribute]
    for text in _several(stored):
        held = holder(text)
        number = held.value if isinstance(held, ReferenceId) else held.identifier
        if (
            number
            and (value is None or number == value)
            and (authority is None or held.authority == authority)
            and (
                type_code is None or (isinstance(held, ReferenceId) and held.type_code == type_code)
            )
        ):
            return True
    return False


def day_begins(text: str | None) -> str | None:
    """The first second of a birth date."""
    return None if text is None else DateTime(text[:8]).lower


def day_ends(text: str | None) -> str | None:
    """The last second of a birth date."""
    return None if text is None else words.last_text(DateTime(text[:8]))
