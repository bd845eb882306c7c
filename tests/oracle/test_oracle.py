"""The gateway answers as an oracle does that was written from the specification's text alone."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.oracle.comparing import Tally, compare

LONG_CASES = 1_000_000
RULES = {
    "A1-operation",
    "A2-no-record",
    "A3-identity",
    "A4-closed",
    "A5-deceased",
    "A6-blocked",
    "A7-feed-objection",
    "A8",
    "A10",
    "A10-eligible",
    "A10-objection",
    "A10-reason",
    "A11",
    "A11-eligible",
    "A11-objection",
    "A11-reason",
    "A12",
    "A12-expired",
    "A12-no-authorisation",
    "A13-individual-required",
    "A14-delegate-read",
    "A14-delegation",
    "A15",
    "A16",
    "A17",
    "A17-service",
    "A18",
    "A19-forbidden-purpose",
    "A20",
}


def in_memory() -> str | None:
    """A folder that no disk is behind, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def compared(worlds: Iterable[int], cases: int, **more: int) -> Tally:
    """Compare worlds until there were enough cases."""
    tally = Tally()

    async def run() -> None:
        for number in worlds:
            with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
                await compare(number, Path(folder), tally, **more)
            if tally.differences or tally.cases >= cases:
                return

    asyncio.run(run())
    assert not tally.differences, "\n\n".join(tally.differences[:5])
    assert tally.cases >= cases
    return tally


def test_every_answer_is_what_the_oracle_expects() -> None:
    compared(range(100, 200), 4_000, per_asker=6)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_million_answers_are_what_the_oracle_expects() -> None:
    tally = compared(range(1_000, 100_000), LONG_CASES, per_asker=30)
    assert set(tally.rules) >= RULES
