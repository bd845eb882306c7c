"""Loads of several servers in short turns, so that what the machine does meets all of them alike.

A shared machine is slow for seconds at a time. Two loads of five seconds each, one after the other,
compare two moments of the machine; the same loads in turns of half a second compare the servers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvloop

from bench.load import Measured, run
from bench.servers import Server

Requests = Callable[[int], Iterator[bytes]]
Check = Callable[[int, bytes], str | None]

TURN = 0.5
"""Seconds of one turn: short beside the machine's phases, long beside the slowest answer."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests for a server.

    Attributes:
        requests: Gives each connection, by number, its requests; asked once for all turns.
        check: Says what is wrong with an answer.
    """

    server: Server
    requests: Requests
    check: Check
    connections: int


@dataclass(slots=True)
class Turned:
    """What all turns of a load came to, and the processor time its server took."""

    measured: Measured
    processor: float = 0.0

    @property
    def each(self) -> float:
        """Processor seconds of one request."""
        return self.processor / max(1, len(self.measured.latencies))


def in_turns(
    loads: Sequence[Load], seconds: float, *, turn: float = TURN, warm: float = 0.0
) -> list[Turned]:
    """Give what each load came to when they took turns, in changing order.

    Args:
        seconds: How long each load is measured in all.
        warm: Seconds that each is loaded before, unmeasured.
    """
    found = [Turned(Measured()) for _ in loads]
    kept = [[load.requests(number) for number in range(load.connections)] for load in loads]

    def take(at: int, length: float) -> tuple[Measured, float]:
        load, streams = loads[at], kept[at]
        before = load.server.cpu_seconds()
        measured = uvloop.run(
            run(
                load.server.port,
                streams.__getitem__,
                load.check,
                connections=load.connections,
                seconds=length,
            )
        )
        return measured, load.server.cpu_seconds() - before

    order = list(range(len(loads)))
    if warm:
        for at in order:
            found[at].measured.failures += take(at, warm)[0].failures
    for _ in itertools.repeat(None, max(2, round(seconds / turn))):
        for at in order:
            measured, processor = take(at, turn)
            found[at].measured.add(measured)
            found[at].processor += processor
        order.reverse()
    return found
