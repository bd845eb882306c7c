"""The simulated registry and repository behind one port, with the faults they were told to have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conformance.simulators.doors import Simulator
from conformance.simulators.faults import FAULTS, faulty
from conformance.simulators.http import Handler, Reply, Request, serving

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
PATHS: Final = ("/registry", "/repository", "/xds/registry", "/xds/repository")


async def serve_peer(
    host: str,
    port: int,
    faults: tuple[str, ...] = (),
    seconds: float = 30.0,
    *,
    clock: Callable[[], str],
    told: Callable[[str], None],
    started: Callable[[int], None] = lambda port: None,
) -> None:
    """Listen until cancelled.

    Args:
        port: 0 takes a free one.
        seconds: How late, or slow, it is where it is told to be.
        started: Called with the port when it answers.
    """
    simulator = Simulator(clock=clock, told=told)
    async with serving(_handler(simulator, faults, seconds), host, port) as server:
        real = server.sockets[0].getsockname()[1]
        told(f"registry    http://{host}:{real}/registry")
        told(f"repository  http://{host}:{real}/repository, {simulator.repository_id}")
        for name in faults:
            told(f"fault       {name}: {FAULTS[name].about}")
        told("Ctrl-C stops it; what it holds is forgotten.")
        started(real)
        await server.serve_forever()


def _handler(simulator: Simulator, faults: tuple[str, ...], seconds: float) -> Handler:
    blocked = any(FAULTS[name].blocks for name in faults)

    async def answer(request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if path not in PATHS:
            return Reply(404, {"content-type": "text/plain"}, b"registry and repository only\n")
        if request.method != "POST":
            return Reply(405, {"content-type": "text/plain", "allow": "POST"}, b"POST only\n")
        reply = Reply(200) if blocked else simulator.answer(request)
        return faulty(reply, request, faults, seconds)

    return answer
