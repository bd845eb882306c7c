"""Where profiles and demonstration people are: beside the packages, or inside one of a wheel."""

from __future__ import annotations

from pathlib import Path

import gateway


def shipped(name: str) -> Path:
    """Give ``profiles`` or ``samples`` as they come with the product."""
    package = Path(gateway.__file__).resolve().parent
    beside = package.parent / name
    return beside if beside.is_dir() else package / "shipped" / name
