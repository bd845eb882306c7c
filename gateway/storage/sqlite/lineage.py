"""Lineages: documents that belong together, so that what hides one hides all.

Two entries are of one lineage when they are versions of one description, or when a replacement, a
transformation or an addition links them, whatever its status. An entry's effective restrictions
are those of the newest version of every description in its lineage.

Source:
    Section 2.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from gateway.model.vocabulary import AssociationType
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import marks
from gateway.storage.sqlite.facts import Restricting

LINKS = tuple(
    words.stored(word)
    for word in (
        AssociationType.RPLC,
        AssociationType.XFRM,
        AssociationType.APND,
        AssociationType.XFRM_RPLC,
    )
)
"""The association types that make a lineage, as rows hold them."""


class Lineages:
    """What the changes of one transaction do to lineages; noted first, worked out at the end."""

    def __init__(self, connection: sqlite3.Connection, restricting: Restricting) -> None:
        self._execute = connection.execute
        self._restricting = restricting
        self._joined: list[tuple[int, int]] = []
        self._changed: set[int] = set()
        self._loosened: set[int] = set()

    def join(self, one: int, other: int) -> None:
        """Two entries, by key, belong together."""
        self._joined.append((one, other))

    def join_versions(self, lid: str) -> None:
        """The versions under a logical id belong together."""
        keys = self._keys("SELECT key FROM document_entry WHERE lid = ?", lid)
        self._joined += [(keys[0], key) for key in keys[1:]]

    def loosen(self, key: int) -> None:
        """An entry, or a link of it, is about to go."""
        lineage = self._lineage(key)
        if lineage is not None:
            self._loosened.add(lineage)

    def settle(self) -> None:
        """Work out the lineages that changed, and the restrictions in them."""
        joined, self._joined = self._joined, []
        for one, other in joined:
            self._join(one, other)
        loosened, self._loosened = self._loosened, set()
        for lineage in loosened:
            self._regroup(lineage)
        changed, self._changed = self._changed, set()
        for lineage in changed:
            self._restrict(lineage)

    def restrict_all(self) -> None:
        """Work the restrictions of every lineage out again."""
        for lineage in self._keys(
            "SELECT DISTINCT lineage FROM document_entry WHERE lineage IS NOT NULL"
        ):
            self._restrict(lineage)

    def forget(self) -> None:
        """What was noted for changes that were not made."""
        self._joined.clear()
        self._changed.clear()
        self._loosened.clear()

    def _join(self, one: int, other: int) -> None:
        first, second = self._lineage(one), self._lineage(other)
        if first is not None and first == second:
            self._changed.add(first)
            return
        lineage = min(n for n in (first, second, one, other) if n is not None)
        for key, had in ((one, first), (other, second)):
            if had is None:
                self._execute("UPDATE document_entry SET lineage = ? WHERE key = ?", (lineage, key))
            elif had != lineage:
                self._execute(
                    "UPDATE document_entry SET lineage = ? WHERE lineage = ?", (lineage, had)
                )
                self._changed.discard(had)
                if had in self._loosened:
                    self._loosened.add(lineage)
        self._changed.add(lineage)

    def _lineage(self, key: int) -> int | None:
        row = self._execute("SELECT lineage FROM document_entry WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def _keys(self, sql: str, *values: Any) -> list[int]:
        return [key for (key,) in self._execute(sql, values)]

    def _regroup(self, lineage: int) -> None:
        """Find out what still belongs together after something went."""
        members = self._execute(
            "SELECT key, lid FROM document_entry WHERE lineage = ?", (lineage,)
        ).fetchall()
        groups = Groups(key for key, _ in members)
        by_lid: dict[str, int] = {}
        for key, lid in members:
            groups.join(by_lid.setdefault(lid, key), key)
        for source, target in self._execute(
            "SELECT a.source, a.target FROM document_entry e JOIN association a "
            "ON a.source = e.key WHERE e.lineage = ? AND a.association_type IN " + marks(LINKS),
            (lineage, *LINKS),
        ):
            if source in groups and target in groups:
                groups.join(source, target)
        for group in groups.every():
            alone = len(group) == 1
            for key in group:
                self._execute(
                    "UPDATE document_entry SET lineage = ? WHERE key = ?",
                    (None if alone else group[0], key),
                )
            if alone:
                self._restrict_one(group[0])
            else:
                self._changed.add(group[0])
        if lineage not in {group[0] for group in groups.every() if len(group) > 1}:
            self._changed.discard(lineage)

    def _restrict_one(self, key: int) -> None:
        bits, deposited = self._execute(
            "SELECT marked, ifnull(deposited, registration_time) FROM document_entry WHERE key = ?",
            (key,),
        ).fetchone()
        self._execute(
            "UPDATE document_entry SET restrictions = ?, hidden_until = ? WHERE key = ?",
            (bits, self._restricting.hidden_until(bits, deposited), key),
        )

    def _restrict(self, lineage: int) -> None:
        bits, until = 0, None
        for marked, deposited in self._execute(
            "SELECT marked, ifnull(deposited, registration_time) FROM document_entry "
            "WHERE lineage = ? AND latest AND marked <> 0",
            (lineage,),
        ):
            bits |= marked
            end = self._restricting.hidden_until(marked, deposited)
            until = max(until or "", end or "") or None
        self._execute(
            "UPDATE document_entry SET restrictions = ?1, hidden_until = ?2 WHERE lineage = ?3 "
            "AND (restrictions <> ?1 OR hidden_until IS NOT ?2)",
            (bits, until, lineage),
        )


class Groups:
    """Numbers in groups that are joined two at a time."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._above = {number: number for number in numbers}

    def __contains__(self, number: int) -> bool:
        return number in self._above

    def join(self, one: int, other: int) -> None:
        """The groups of two numbers become one, named by its smallest number."""
        first, second = self._root(one), self._root(other)
        self._above[max(first, second)] = min(first, second)

    def every(self) -> list[list[int]]:
        """The groups, each in ascending order."""
        found: dict[int, list[int]] = {}
        for number in sorted(self._above):
            found.setdefault(self._root(number), []).append(number)
        return list(found.values())

    def _root(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number
