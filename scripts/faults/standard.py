"""For each rule of the standards, a right message changed as ``mutations.toml`` says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.faults.bases import BASES, ROOT, UNSIGNED, archive, archive_files
from scripts.faults.french_messages import lines
from scripts.faults.signing import signed

FOLDER = ROOT / "samples" / "conformance" / "xds"
MUTATIONS = FOLDER / "mutations.toml"


def mutations() -> Mapping[str, Any]:
    return tomllib.loads(MUTATIONS.read_text(encoding="utf-8"))


def right() -> Iterator[tuple[str, str, bytes]]:
    """Name, profile and octets of each right message."""
    for name, (profile, write) in BASES.items():
        yield name, profile, _laid_out(name, write())


def broken() -> Iterator[tuple[Mapping[str, Any], str, str, bytes]]:
    """What ``mutations.toml`` says, name of the file, profile and octets of each broken message."""
    for told in mutations()["break"]:
        base = told["base"]
        profile, write = BASES[base]
        where = f"{told['rule']} ({base})"
        if base in UNSIGNED:
            changed = edited(UNSIGNED[base](), told.get("edits", ()), where)
            if not told.get("unsigned"):
                changed = signed(changed)
            octets = edited(changed, told.get("after", ()), where)
        elif base.endswith(".zip"):
            octets = _archive(told, where)
        else:
            octets = edited(_laid_out(base, write()), told.get("edits", ()), where)
        yield told, f"{told['rule']}{Path(base).suffix}", profile, octets


def _laid_out(name: str, octets: bytes) -> bytes:
    # An envelope's assertion is signed as it stands, and a part of MTOM is what its headers say.
    plain = name.endswith(".xml") and not name.startswith(("soap-", "assertion"))
    return lines(octets) if plain else octets


def edited(octets: bytes, edits: Any, where: str) -> bytes:
    for find, put in edits:
        sought = find.encode()
        if sought not in octets:
            raise ValueError(f"{where}: there is no {find!r}")
        octets = octets.replace(sought, put.encode(), 1)
    return octets


def _archive(told: Mapping[str, Any], where: str) -> bytes:
    files = archive_files()
    files = {told.get("rename", {}).get(name, name): octets for name, octets in files.items()}
    if "file" in told:
        files[told["file"]] = edited(files[told["file"]], told["edits"], where)
    for name in told.get("drop", ()):
        del files[name]
    listed = list(files.items())
    listed += [(name, text.encode()) for name, text in told.get("add", {}).items()]
    listed += [(name, b"\x00" * size) for name, size in told.get("swell", {}).items()]
    return archive(listed)
