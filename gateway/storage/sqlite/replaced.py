"""Statuses that follow from replacements, kept apart from those somebody asked for.

A document is deprecated by what replaces it, and with what it was added to or made from. Whoever
sees neither of them is shown the status from before: a document of which nobody tells him a newer
one is not Deprecated for him. Several replacements may deprecate one document, each by a chain of
links of its own; which of them are there is found out when somebody asks, along the chains.

Source:
    IHE ITI TF-3: 4.2.2.2.3 (what is deprecated with a replaced entry); section 1, rule 2, of
    docs/reference/access-control.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from gateway.model.association import Association
from gateway.model.lifecycle import Changes
from gateway.model.vocabulary import REPLACEMENTS, AssociationType, AvailabilityStatus
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import marks
from gateway.storage.sqlite.lineage import LINKS
from gateway.storage.sqlite.words import DOCUMENT_ENTRY

REPLACING = tuple(sorted(int(words.stored(word) or 0) for word in REPLACEMENTS))
"""The association types that replace, as rows hold them."""

_DEPENDENT = tuple(words.stored(word) for word in (AssociationType.APND, AssociationType.XFRM))


def replacements(
    columns: str, entry: str, there: Callable[[str], str], *, of_versions: bool = False
) -> str:
    """The statement that gives what replaced an entry, or something it belongs to.

    A chain of links leads from an entry to what was replaced; all of them are older than the
    replacing document, since what is added to a replaced document later is not deprecated with it.

    Args:
        columns: What is asked of the replacing link, ``r``.
        entry: The name of the entry's row in the statement around it.
        there: The condition of a document being there, given the key of one of its versions.
        of_versions: What replaced an earlier version counts as well.
    """
    return (
        "WITH RECURSIVE above(key, newest) AS ("
        + (
            "SELECT w.key, 0 FROM main.document_entry w WHERE w.lid = " + entry + ".lid"
            if of_versions
            else "SELECT " + entry + ".key, 0"
        )
        + " UNION SELECT x.target, max(x.key, above.newest) FROM above "
        "JOIN main.association x ON x.source = above.key WHERE x.association_type IN ("
        + ", ".join(map(str, _DEPENDENT))
        + ") AND x.target_kind = "
        + str(DOCUMENT_ENTRY)
        + " AND "
        + there("x.target")
        + ") SELECT "
        + columns
        + " FROM above JOIN main.association r ON r.target = above.key "
        "WHERE r.moment IS NOT NULL AND r.association_type IN ("
        + ", ".join(map(str, REPLACING))
        + ") AND above.newest < r.source AND "
        + there("r.source")
    )


def is_deprecated(entry: str, there: Callable[[str], str]) -> str:
    """The condition of a replacement having deprecated an entry, as far as it is there.

    Only of use where ``deprecated_with`` is set: replacements before it do not count any more,
    somebody asked for another status since.
    """
    return (
        "EXISTS ("
        + replacements("1", entry, there, of_versions=True)
        + " AND r.key >= "
        + entry
        + ".deprecated_with)"
    )


_BELONGING = (
    "SELECT source FROM association WHERE target = ? AND source_kind = ? AND key < ? "
    "AND association_type IN " + marks(_DEPENDENT)
)
_TOOK_EFFECT = "UPDATE association SET moment = ?1 WHERE key = ?2 RETURNING source, target"
_DEPRECATE = (
    "UPDATE document_entry SET status = ?1, last_updated = ?2, touched = touched + ?5, "
    "status_before = CASE WHEN deprecated_with IS NULL THEN status ELSE status_before END, "
    "deprecated_with = ifnull(deprecated_with, ?3) WHERE key = ?4"
)


def _whoever_asks(key: str) -> str:
    return "1"


_COUNT = (
    "SELECT (" + replacements("count(DISTINCT r.key)", "e", _whoever_asks) + ") "
    "FROM document_entry e WHERE e.key = ?"
)
_OF_LINEAGE = (
    "SELECT m.key FROM association a JOIN document_entry e ON e.key = a.target "
    "JOIN document_entry m ON m.lineage = e.lineage WHERE a.key = ? AND a.target_kind = ? "
    "AND a.association_type IN "
    + marks(LINKS)
    + " AND (m.deprecated_with IS NOT NULL OR m.touched > m.own_touched)"
)
_OWN = (
    "UPDATE document_entry SET own_touched = own_touched + ?1, own_updated = last_updated "
    "WHERE key = ?2"
)
_LEFT_ALONE = (
    "UPDATE document_entry AS e SET deprecated_with = NULL WHERE e.key = ? "
    "AND e.deprecated_with IS NOT NULL AND NOT " + is_deprecated("e", _whoever_asks)
)


class Replaced:
    """What replacements deprecate, through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._unlinked: dict[int, int] = {}

    def causes(
        self, changes: Changes, keys: Mapping[str, tuple[int, int]], time: str
    ) -> dict[int, list[int]]:
        """For each entry that replacements of these changes may deprecate, the replacing links."""
        deprecated = {
            change.entry_uuid
            for change in changes.statuses
            if change.status == AvailabilityStatus.DEPRECATED
        }
        found: dict[int, list[int]] = {}
        if not deprecated:
            return found
        for value in changes.added:
            if (
                isinstance(value, Association)
                and value.association_type in REPLACEMENTS
                and value.target_object in deprecated
                and value.target_object not in keys
            ):
                link = keys[value.entry_uuid][0]
                replacing, root = self._execute(_TOOK_EFFECT, (time, link)).fetchone()
                reached, waiting = {root}, [root]
                while waiting:
                    key = waiting.pop()
                    found.setdefault(key, []).append(link)
                    for (one,) in self._execute(
                        _BELONGING, (key, DOCUMENT_ENTRY, replacing, *_DEPENDENT)
                    ).fetchall():
                        if one not in reached:
                            reached.add(one)
                            waiting.append(one)
        return found

    def deprecate(self, key: int, links: list[int], time: str) -> None:
        """An entry is Deprecated because of replacements."""
        status = words.stored(AvailabilityStatus.DEPRECATED)
        self._execute(_DEPRECATE, (status, time, min(links), key, len(links)))

    def unlink(self, association: int) -> None:
        """A link is about to go."""
        for (key,) in self._execute(_OF_LINEAGE, (association, DOCUMENT_ENTRY, *LINKS)).fetchall():
            if key not in self._unlinked:
                self._unlinked[key] = self._count(key)

    def _count(self, key: int) -> int:
        """How many replacements changed an entry."""
        row = self._execute(_COUNT, (key,)).fetchone()
        return 0 if row is None else int(row[0])

    def forget(self) -> None:
        """What was noted for changes that were not made."""
        self._unlinked.clear()

    def settle(self) -> None:
        """What no replacement is left for stays Deprecated, for everybody."""
        for key, before in self._unlinked.items():
            gone = before - self._count(key)
            if gone:
                self._execute(_OWN, (gone, key))
            self._execute(_LEFT_ALONE, (key,))
        self._unlinked.clear()
