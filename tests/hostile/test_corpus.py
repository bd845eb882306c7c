"""Every message of the corpus meets one running server: a clear refusal, nothing left behind."""

from __future__ import annotations

import time
from urllib.parse import unquote

import pytest

from tests.hostile.corpus import CORPUS
from tests.hostile.items import Item
from tests.hostile.judge import judge
from tests.hostile.messages import Shelf
from tests.hostile.record import fill
from tests.hostile.server import Server, Stored

MEMORY = 64 * 1024 * 1024
PROCESSOR_SECONDS = 1.0
"""Processor time, not time on the clock: other work on the machine takes nothing of it."""


def settled(server: Server, before: Stored) -> Stored:
    """What is stored once the server has noticed that a peer went away."""
    stored = server.stored()
    for _ in range(200):
        if stored == before:
            break
        time.sleep(0.01)
        stored = server.stored()
    return stored


@pytest.mark.parametrize("item", CORPUS, ids=lambda item: item.name)
def test_a_hostile_message_is_refused_and_leaves_nothing(
    server: Server, shelf: Shelf, item: Item
) -> None:
    octets = item.body(shelf)
    before = server.stored()
    used = server.processor_seconds()
    memory = server.forget_peak()
    if item.raw:
        answer = server.send_raw(octets, half_close=item.half_close)
    else:
        answer = server.send(item.method, item.door, dict(item.headers), octets)
    growth = server.peak() - memory
    seconds = server.processor_seconds() - used
    judge(answer, item.expected, octets + item.door.encode() + unquote(item.door).encode())
    assert growth < MEMORY, f"memory grew by {growth >> 20} MiB"
    assert seconds < PROCESSOR_SECONDS, f"took {seconds} s"
    assert settled(server, before) == before
    assert not before.staged
    complaints = server.log_since_last()
    assert "[error" not in complaints and "Traceback" not in complaints, complaints


def test_a_good_message_is_still_answered(server: Server, shelf: Shelf) -> None:
    before = server.stored()
    again = fill(server)
    assert again != shelf
    assert server.stored().rows > before.rows
    assert server.send("GET", "/health/ready").status == 200
