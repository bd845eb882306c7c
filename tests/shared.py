"""Where material too large or too foreign for this repository is found, when it is there at all.

Test plans of others, reference documents and long examples live in a folder ``shared`` beside the
checkout; ``GATEWAY_SHARED`` names another place. A test that needs it says so by calling
:func:`shared`, and is skipped, with the missing path as its reason, on a machine without it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared(path: str = "") -> Path:
    """Give a path below the shared folder, or skip the test that asks for it."""
    folder = Path(os.environ.get("GATEWAY_SHARED") or ROOT.parent / "shared")
    place = folder / path
    if not place.exists():
        pytest.skip(
            f"shared material is not on this machine: {place} (GATEWAY_SHARED names its folder)",
            allow_module_level=True,
        )
    return place
