"""What waits for an even time goes on at one, and never before."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway.clock import EvenTimes

STEP = 0.01


def test_nothing_goes_on_before_a_whole_number_of_steps() -> None:
    even = EvenTimes(STEP)

    async def run() -> None:
        for worked in (0.0, STEP * 0.9, STEP * 1.5):
            began = even.begin()
            await asyncio.sleep(worked)
            spent = time.perf_counter() - began
            await even.wait(began)
            waited = time.perf_counter() - began
            assert waited >= (int(spent / STEP) + 1) * STEP

    asyncio.run(run())


def test_no_step_is_no_waiting() -> None:
    async def run() -> None:
        even = EvenTimes(0)
        waiting = asyncio.ensure_future(even.wait(even.begin()))
        await asyncio.sleep(0)
        assert waiting.done()

    asyncio.run(run())


@pytest.mark.parametrize("leaves", ["cancelled", "with its loop"])
def test_who_goes_away_keeps_nobody_waiting(leaves: str) -> None:
    even = EvenTimes(STEP)

    async def goes() -> None:
        waiting = asyncio.ensure_future(even.wait(even.begin()))
        await asyncio.sleep(0)
        if leaves == "cancelled":
            waiting.cancel()

    asyncio.run(goes())

    async def stays() -> None:
        await even.wait(even.begin())

    asyncio.run(stays())
