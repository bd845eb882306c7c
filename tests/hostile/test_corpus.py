"""Every message of the corpus meets one running server: a clear refusal, nothing left behind."""

from __future__ import annotations

import time
from contextlib import suppress
from urllib.parse import unquote

import pytest

from tests.hostile.corpus import CORPUS
from tests.hostile.items import Item
from tests.hostile.judge import judge
from tests.hostile.messages import Shelf
from tests.hostile.record import fill
from tests.hostile.server import Answer, Server, Stored
from tests.waiting import wait_until

MEMORY = 96 * 1024 * 1024
"""Twelve times the largest message without documents that is looked at. A server that meets its
first large message needs a few MiB more for it than one that has met others."""

PROCESSOR_SECONDS = 1.0
"""Processor time, not time on the clock, and of a machine that counts to a million in 0.1 s."""

_ATTEMPTS = 3


def slowness() -> float:
    """How much slower than that this machine is, at this moment; 1 where it is faster."""
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number * number % 7
    return max(1.0, (time.process_time() - began) / 0.1)


def ask(server: Server, item: Item, octets: bytes) -> Answer:
    if item.raw:
        return server.send_raw(octets, half_close=item.half_close)
    return server.send(item.method, item.door, dict(item.headers), octets)


def costs_too_much(server: Server, item: Item, octets: bytes) -> str:
    """Send a message that took long again: what it costs, it costs each time.

    A machine whose processors are lent to others counts some of their time as ours.
    """
    told = []
    for _ in range(_ATTEMPTS):
        limit = PROCESSOR_SECONDS * slowness()
        used = server.processor_seconds()
        ask(server, item, octets)
        seconds = server.processor_seconds() - used
        if seconds < limit:
            return ""
        told.append(f"{seconds:.2f} of {limit:.2f} s")
    return ", ".join(told)


def settled(server: Server, before: Stored) -> Stored:
    """What is stored once the server has noticed that a peer went away."""
    with suppress(AssertionError):
        wait_until(lambda: server.stored() == before, "what is stored is what was stored")
    return server.stored()


@pytest.mark.parametrize("item", CORPUS, ids=lambda item: item.name)
def test_a_hostile_message_is_refused_and_leaves_nothing(
    server: Server, shelf: Shelf, item: Item
) -> None:
    octets = item.body(shelf)
    before = server.stored_at_rest()
    used = server.processor_seconds()
    memory = server.forget_peak()
    answer = ask(server, item, octets)
    growth = server.peak() - memory
    seconds = server.processor_seconds() - used
    judge(answer, item.expected, octets + item.door.encode() + unquote(item.door).encode())
    assert growth < MEMORY, f"memory grew by {growth >> 20} MiB"
    too_much = seconds >= PROCESSOR_SECONDS and costs_too_much(server, item, octets)
    assert not too_much, f"took {seconds:.2f} s of the processor; sent again {too_much}"
    assert settled(server, before) == before
    complaints = server.log_since_last()
    assert "[error" not in complaints and "Traceback" not in complaints, complaints


def test_a_good_message_is_still_answered(server: Server, shelf: Shelf) -> None:
    before = server.stored()
    again = fill(server)
    assert again != shelf
    assert server.stored().rows > before.rows
    assert server.send("GET", "/health/ready").status == 200
