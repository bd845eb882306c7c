"""That every scenario of the access rules is played, and over which wire."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^def test_scenario_(\d\d)(?:_and_(\d\d))?_\w+\(", re.MULTILINE)


def test_all_sixty_six_scenarios_are_played() -> None:
    played = [
        int(number)
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        for found in _NAME.finditer(path.read_text(encoding="utf-8"))
        for number in found.groups()
        if number
    ]
    assert played == list(range(1, 67))
