"""Where a rule set may read: inside its own folders, whatever the case of the letters.

Official rule sets are written on systems that do not tell ``E_Act.sch`` from ``e_act.sch``; we find
the file that was meant. Nothing outside the given folders is ever opened, by whatever detour.

Source:
    Threats X5 (files and addresses named inside a document).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote


class Outside(Exception):
    """A rule set asks for a file that does not belong to it."""


class Folders:
    """The folders a rule set may read from."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self.roots = tuple(dict.fromkeys(root.resolve() for root in roots))

    def find(self, reference: str, base: Path) -> Path | None:
        """Give the file a reference means, or nothing where there is none.

        Args:
            reference: A relative path, as a schema's author wrote it.
            base: The folder of the file the reference stands in.

        Raises:
            Outside: When the reference leads out of the folders, or is no path at all.
        """
        reference = unquote(reference.strip()).replace("\\", "/")
        # A scheme of one letter is a drive of the author's machine.
        if not reference or "\x00" in reference or ":" in reference or reference.startswith("/"):
            raise Outside(reference)
        place = base.resolve()
        for name in reference.split("/"):
            if name in {"", "."}:
                continue
            if name == "..":
                place = place.parent
                continue
            if not self._may_be_listed(place):
                raise Outside(reference)
            found = _named(place, name)
            if found is None:
                self._must_hold(place / name, reference)
                return None
            place = found
        # Where a link of the file system leads counts, not where it stands.
        self._must_hold(place.resolve(), reference)
        return place if place.is_file() else None

    def _may_be_listed(self, folder: Path) -> bool:
        """Whether the folder is one of ours, or on the way down to one."""
        return any(
            folder == root or root in folder.parents or folder in root.parents
            for root in self.roots
        )

    def _must_hold(self, place: Path, reference: str) -> None:
        if not any(root == place or root in place.parents for root in self.roots):
            raise Outside(reference)


def _named(folder: Path, name: str) -> Path | None:
    exact = folder / name
    names = _names(folder)
    if name in names.values():
        return exact
    other = names.get(name.casefold())
    return None if other is None else folder / other


@lru_cache(maxsize=4096)
def _listing(folder: Path, _changed: int) -> dict[str, str]:
    # The first in alphabetical order where two differ in case only, so that a run is repeatable.
    names: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), reverse=True):
        names[entry.name.casefold()] = entry.name
    return names


def _names(folder: Path) -> dict[str, str]:
    try:
        return _listing(folder, folder.stat().st_mtime_ns)
    except OSError:
        return {}
