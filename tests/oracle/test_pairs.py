"""Who may not see a document gets the answers of a gateway in which it was never stored."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import structlog

from tests.oracle.pairs import Pairs
from tests.oracle.test_oracle import in_memory

LONG_PAIRS = 20_000


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Services that are opened by the dozen say nothing of it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def paired(worlds: Iterable[int], pairs: int, most_askers: int) -> Pairs:
    """Ask the two gateways of each world, until there were enough pairs."""
    compared = Pairs()

    async def run() -> None:
        for number in worlds:
            with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
                await compared.world(number, Path(folder), most_askers)
            if compared.differences or compared.count >= pairs:
                return

    asyncio.run(run())
    assert not compared.differences, "\n\n".join(compared.differences[:5])
    assert compared.count >= pairs
    return compared


def test_no_answer_tells_of_a_document_that_is_absent() -> None:
    compared = paired(range(400, 500), 400, 1)
    assert {200, 404} <= set(compared.statuses)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_none_of_20000_answers_tells_of_a_document_that_is_absent() -> None:
    paired(range(2_000, 20_000), LONG_PAIRS, 4)
