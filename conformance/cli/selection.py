"""Which files a command judges: what is named, and what in a folder looks like a message."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

STDIN = "-"

MAX_OCTETS = 256 * 1024 * 1024
"""Of one payload; it is held as a whole."""

SUFFIXES = frozenset(
    (
        *(".json", ".xml", ".fhir", ".cda", ".zip", ".xdm"),
        *(".soap", ".saml", ".mtom", ".xop", ".mime", ".http", ".msg"),
    )
)
"""Of files in a folder that may be messages; what they are shows in their content."""

_OTHERS = frozenset(("package.json", "package-lock.json", ".index.json", "tsconfig.json"))
_FOLDERS = frozenset(("node_modules", "__pycache__"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """One file to judge.

    Attributes:
        path: As the report names it.
        named: Whether somebody named it; of a folder's files an unknown kind is no mistake.
        fault: Why it cannot be looked at, where that shows before it is read.
    """

    path: str
    named: bool = True
    fault: str = ""


def choose(names: Iterable[str]) -> Iterator[Chosen]:
    """Give every file once: those named in their order, those of a folder in the order of names."""
    given: set[str] = set()
    for name in names:
        is_folder = name not in ("", STDIN) and Path(name).is_dir()
        for chosen in _in_folder(name) if is_folder else (Chosen(name),):
            if chosen.path not in given:
                given.add(chosen.path)
                yield chosen


def _in_folder(folder: str) -> Iterator[Chosen]:
    closed: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _FOLDERS
        )
        for name in sorted(files):
            if name.startswith(".") or name in _OTHERS:
                continue
            if Path(name).suffix.lower() in SUFFIXES:
                yield Chosen(os.path.join(place, name), named=False)  # noqa: PTH118
    for error in closed:
        yield Chosen(str(error.filename), fault=_reason(error))


class Unreadable(Exception):
    """The file cannot be read; the text says why."""


def octets_of(path: str) -> bytes:
    """Read a file, or standard input.

    Raises:
        Unreadable: When it is absent, not readable or too large.
    """
    if path == STDIN:
        octets = sys.stdin.buffer.read(MAX_OCTETS + 1)
    else:
        try:
            if not path:
                raise FileNotFoundError
            with Path(path).open("rb") as file:
                octets = file.read(MAX_OCTETS + 1)
        except OSError as error:
            raise Unreadable(_reason(error)) from None
        except ValueError:
            raise Unreadable("no file can have this name") from None
    if len(octets) > MAX_OCTETS:
        raise Unreadable(f"it is larger than {MAX_OCTETS // 1024**2} MiB, which is the most")
    return octets


def _reason(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file or folder"
        case PermissionError():
            return "this user may not read it"
        case _:
            return error.strerror or str(error)
