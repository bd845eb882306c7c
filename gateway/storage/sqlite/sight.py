"""How statements learn who asks: a visibility made ready, and the functions that tell of it.

The expressions of :mod:`gateway.storage.sqlite.seen` are constant texts, one for each shape of a
visibility. Their values are given by the function ``asked``, whose calls SQLite makes once for
each statement, so that a statement keeps its own parameters.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any

from gateway.consent.visibility import Restriction, Visibility
from gateway.model.datatypes import Identifier
from gateway.model.remembering import remembered
from gateway.storage.sqlite import words
from gateway.storage.sqlite.masks import is_masked
from gateway.storage.sqlite.seen import Shape, expressions
from gateway.storage.sqlite.words import SEPARATOR

Execute = Callable[..., sqlite3.Cursor]
"""Runs one statement with its parameters."""

Members = Callable[[Identifier], Collection[int]]
"""Gives the rows of a patient, merged ones included."""

_MOST_TEXTS = 512


class Sight:
    """What somebody may see, made ready for statements once for a whole request."""

    __slots__ = ("_seen",)

    def __init__(self, visibility: Sequence[Visibility]) -> None:
        self._seen = [(one.patient, _shape(one), _values(one)) for one in visibility]

    def resolved(self, members: Members) -> tuple[_Texts, tuple[Any, ...]]:
        """Give the statements and the values for the patients as they are merged now."""
        shapes: list[Shape] = []
        values: list[Any] = []
        for patient, shape, its in self._seen:
            rows = members(patient)
            values += rows
            values += its
            shapes.append(shape if len(rows) == 1 else shape._replace(patients=len(rows)))
        return _texts(tuple(shapes)), tuple(values)


@remembered(64)
def _excluding(restrictions: frozenset[Restriction]) -> tuple[int, bool]:
    """The bits of what excludes at any time, and whether what is hidden until some time does."""
    bits = 0
    for restriction in restrictions - {Restriction.HIDDEN_FROM_PATIENT}:
        bits |= restriction.value
    return bits, Restriction.HIDDEN_FROM_PATIENT in restrictions


def _shape(one: Visibility) -> Shape:
    bits, hidden = _excluding(one.restrictions)
    return Shape(
        1,
        len(one.owned_by),
        len(one.creator),
        one.hides_all,
        bits,
        hidden,
        one.types is not None,
        one.classes is not None,
        bool(one.masks),
    )


def _values(one: Visibility) -> list[Any]:
    """What ``asked`` and its like give, in the order of :class:`Shape`; the patient's rows lack."""
    values: list[Any] = [one.now]
    for key in (*one.owned_by, *one.creator):
        values.append(SEPARATOR + words.clean(key) + SEPARATOR)
    if one.types is not None:
        values.append(_stored(one.types))
    if one.classes is not None:
        values.append(_stored(one.classes))
    if one.masks:
        values.append(one.masks)
    return values


@remembered(256)
def _stored(codes: frozenset[tuple[str, str]]) -> frozenset[str]:
    return frozenset(words.code_key(code, scheme) for code, scheme in codes)


class _Texts:
    """Statements with their expressions before them.

    Kept whole, since to put a long text together and hash it takes as long as a search.
    """

    __slots__ = ("_kept", "_tables")

    def __init__(self, tables: str) -> None:
        self._tables = tables
        self._kept: dict[str, str] = {}

    def text(self, sql: str) -> str:
        text = self._kept.get(sql)
        if text is None:
            if len(self._kept) >= _MOST_TEXTS:
                self._kept.clear()
            text = self._kept[sql] = self._tables + sql
        return text


@remembered(1024)
def _texts(shapes: tuple[Shape, ...]) -> _Texts:
    return _Texts(expressions(shapes))


class _Asked:
    """The values of whoever a connection reads for at this moment."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: tuple[Any, ...] = ()

    def asked(self, number: int) -> Any:
        return self.values[number]

    def is_granted(self, number: int, code: str | None) -> bool:
        return code in self.values[number]

    def is_masked(
        self,
        number: int,
        owners: str | None,
        authors: str | None,
        codes: str | None,
        first: str | None,
        last: str | None,
    ) -> bool:
        return is_masked(self.values[number], authors or owners, codes, first, last)


class Eyes:
    """One connection, and the functions through which statements learn who asks."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._asked = _Asked()
        self._execute = connection.execute
        for name, count in (("asked", 1), ("is_granted", 2), ("is_masked", 6)):
            connection.create_function(name, count, getattr(self._asked, name), deterministic=True)

    def seeing(self, sight: Sight, members: Members) -> Execute:
        """Give what runs statements on the tables as somebody sees them.

        For one transaction: whose patient is whose is looked up at its first statement.
        """
        execute, asked = self._execute, self._asked
        texts: _Texts | None = None
        values: tuple[Any, ...] = ()

        def seeing(sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
            nonlocal texts, values
            if texts is None:
                texts, values = sight.resolved(members)
            asked.values = values
            return execute(texts.text(sql), parameters)

        return seeing
