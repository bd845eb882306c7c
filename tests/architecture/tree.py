"""The files of the project, as git sees them: tracked or new, nothing that is ignored."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.shared import ROOT

NOT_OURS = {".git", ".venv", "var", "__pycache__", "build", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project; where git is absent, every file that looks like one."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True, text=True).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [
            path
            for path in ROOT.rglob("*")
            if not NOT_OURS & set(path.relative_to(ROOT).parts)
            and not any(part.endswith("_cache") for part in path.parts)
        ]
    return tuple(sorted(path for path in found if path.is_file() and not path.is_symlink()))


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Give name and content of every text file, of the folders named or of all."""
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if folders and name.split("/")[0] not in folders:
            continue
        content = path.read_bytes()
        if b"\0" in content:
            continue
        yield name, content.decode("utf-8", errors="replace")
