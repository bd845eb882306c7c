"""Statuses that follow from a replacement, kept apart from those somebody asked for.

Whoever does not see the replacement is shown the status from before: a document of which nobody
tells him a newer one is not Deprecated for him.

Source:
    IHE ITI TF-3: 4.2.2.2.3 (what is deprecated with a replaced entry); section 1, rule 2, of
    docs/reference/access-control.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from gateway.model.association import Association
from gateway.model.lifecycle import Changes
from gateway.model.vocabulary import REPLACEMENTS, AssociationType, AvailabilityStatus
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import marks
from gateway.storage.sqlite.words import DOCUMENT_ENTRY

REPLACING = tuple(sorted(int(words.stored(word) or 0) for word in REPLACEMENTS))
"""The association types that replace, as rows hold them."""

_DEPENDENT = tuple(words.stored(word) for word in (AssociationType.APND, AssociationType.XFRM))
_BELONGING = (
    "SELECT source FROM association WHERE target = ? AND source_kind = ? AND association_type IN "
    + marks(_DEPENDENT)
)
_DEPRECATE = (
    "UPDATE document_entry SET status = ?1, last_updated = ?2, touched = touched + 1, "
    "status_before = CASE WHEN deprecated_with IS NULL THEN status ELSE status_before END, "
    "deprecated_with = ?3 WHERE key = ?4"
)
_LEFT_ALONE = (
    "UPDATE document_entry SET deprecated_with = NULL, own_touched = own_touched + 1, "
    "own_updated = last_updated WHERE deprecated_with = ? AND NOT EXISTS "
    "(SELECT 1 FROM association WHERE target = ? AND association_type IN " + marks(REPLACING) + ")"
)


class Replaced:
    """What replacements deprecate, through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._unlinked: set[int] = set()

    def causes(self, changes: Changes, keys: Mapping[str, tuple[int, int]]) -> dict[int, int]:
        """For each entry a replacement of these changes may deprecate, what is replaced."""
        deprecated = {
            change.entry_uuid
            for change in changes.statuses
            if change.status == AvailabilityStatus.DEPRECATED
        }
        found: dict[int, int] = {}
        if not deprecated:
            return found
        for value in changes.added:
            if (
                isinstance(value, Association)
                and value.association_type in REPLACEMENTS
                and value.target_object in deprecated
                and value.target_object not in keys
            ):
                (root,) = self._execute(
                    "SELECT target FROM association WHERE key = ?", (keys[value.entry_uuid][0],)
                ).fetchone()
                waiting = [root]
                while waiting:
                    key = waiting.pop()
                    if key not in found:
                        found[key] = root
                        waiting += [
                            one
                            for (one,) in self._execute(
                                _BELONGING, (key, DOCUMENT_ENTRY, *_DEPENDENT)
                            )
                        ]
        return found

    def deprecate(self, key: int, replaced: int, time: str) -> None:
        """An entry is Deprecated because of a replacement."""
        status = words.stored(AvailabilityStatus.DEPRECATED)
        self._execute(_DEPRECATE, (status, time, replaced, key))

    def unlink(self, association: int) -> None:
        """A link is about to go."""
        row = self._execute(
            "SELECT target FROM association WHERE key = ? AND association_type IN "
            + marks(REPLACING),
            (association, *REPLACING),
        ).fetchone()
        if row is not None:
            self._unlinked.add(row[0])

    def forget(self) -> None:
        """What was noted for changes that were not made."""
        self._unlinked.clear()

    def settle(self) -> None:
        """What no replacement is left for stays Deprecated, for everybody."""
        for key in self._unlinked:
            self._execute(_LEFT_ALONE, (key, key, *REPLACING))
        self._unlinked.clear()
