"""What a test may rely on when it waits: nothing but that what must come does come.

The machine that runs the tests may be slow, and may stand still for many seconds at any point. So a
test waits for a condition, and gives up only long after every such moment; what it gives up on is a
failure of the product. ``timeout`` in pyproject.toml is longer still.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 100.0
"""Seconds in which anything has to have come, where nothing is said about its speed."""


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Come back when a condition holds.

    Args:
        what: The condition in words, for whoever reads that it never held.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"after {seconds:g} seconds still not: {what}"
        time.sleep(0.01)


async def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Come back when a condition holds, and let others work meanwhile."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"after {seconds:g} seconds still not: {what}"
        await asyncio.sleep(0.01)


@contextmanager
def held_port() -> Iterator[int]:
    """A port of this machine that nobody else is given while the context lasts.

    It is bound and not listened on: whoever asks for any free port gets another, who connects is
    refused, and a server that is told this very port can listen on it (each of ours sets
    SO_REUSEADDR), leave it, and listen on it again.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
