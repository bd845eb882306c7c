"""What was used stays used: on another worker, and after a restart."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.security.replay import ReplayMemory, TransientReplayMemory
from gateway.storage.replay import SqliteReplayMemory
from tests.security.world import NOW, PEER, StandingClock, World, refusal

LATER, MUCH_LATER = "20270115090000", "20270115100000"

Open = Callable[[], ReplayMemory]


@pytest.fixture(params=["transient", "durable"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ReplayMemory, StandingClock]:
    clock = StandingClock()
    if request.param == "transient":
        return TransientReplayMemory(clock.now), clock
    return SqliteReplayMemory.open(tmp_path / "replay.sqlite", clock), clock


def use(memory: ReplayMemory, key: str, client: str, until: str = LATER) -> bool:
    return asyncio.run(memory.remember(key, client, until))


def test_the_first_client_has_a_credential(memory: tuple[ReplayMemory, StandingClock]) -> None:
    kept, _ = memory
    assert use(kept, "a", "client 1")
    assert use(kept, "a", "client 1")
    assert not use(kept, "a", "client 2")
    assert use(kept, "b", "client 2")
    assert not use(kept, "a", "client 2")


def test_what_is_over_is_forgotten(memory: tuple[ReplayMemory, StandingClock]) -> None:
    kept, clock = memory
    assert use(kept, "a", "client 1")
    clock.seconds = NOW + 3600 * 3
    assert use(kept, "a", "client 2", MUCH_LATER)


def test_of_many_at_once_one_is_first(memory: tuple[ReplayMemory, StandingClock]) -> None:
    kept, _ = memory

    async def together() -> list[bool]:
        return await asyncio.gather(*(kept.remember("a", f"client {n}", LATER) for n in range(200)))

    assert sum(asyncio.run(together())) == 1


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    clock, path = StandingClock(), tmp_path / "replay.sqlite"
    first = SqliteReplayMemory.open(path, clock)
    assert use(first, "a", "client 1")
    asyncio.run(first.close())
    second = SqliteReplayMemory.open(path, clock)
    assert not use(second, "a", "client 2")
    assert use(second, "a", "client 1")
    asyncio.run(second.close())


def _try(path: Path, client: str, answers: multiprocessing.Queue[int]) -> None:
    memory = SqliteReplayMemory.open(path, StandingClock())
    answers.put(sum(use(memory, f"key {n}", client) for n in range(50)))


def test_of_two_workers_one_is_first(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[int] = context.Queue()
    workers = [
        context.Process(target=_try, args=(tmp_path / "replay.sqlite", f"worker {n}", answers))
        for n in range(2)
    ]
    for worker in workers:
        worker.start()
    counted = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sum(counted) == 50


def test_an_assertion_is_used_once_on_two_workers_and_after_a_restart(
    french: World, tmp_path: Path
) -> None:
    path = tmp_path / "replay.sqlite"
    octets = french.message("gp")
    refusals = []
    for _ in range(3):
        french.replay = SqliteReplayMemory.open(path, french.clock)
        refusals.append(refusal(french.authenticator(), octets, PEER))
    assert refusals == ["", "the assertion was used before", "the assertion was used before"]
