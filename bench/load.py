"""A load generator: keep-alive connections that send requests one after another.

One process, one event loop, a hand-written HTTP/1.1 client, so that the generator costs as little
as possible of the two cores it shares with the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Measured:
    """What one run came to: latencies in seconds, octets, failures and the run's length."""

    latencies: list[float] = field(default_factory=list)
    received: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests answered per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def add(self, other: Measured) -> None:
        """Count what another run came to as part of this one."""
        self.latencies += other.latencies
        self.received += other.received
        self.failures += other.failures
        self.seconds += other.seconds

    def percentile(self, part: float) -> float:
        """A latency that ``part`` of the requests stayed under, in milliseconds."""
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(
        self,
        requests: Iterator[bytes],
        check: Callable[[int, bytes], str | None],
        measured: Measured,
        until: float,
        done: asyncio.Future[None],
    ) -> None:
        self._requests = requests
        self._check = check
        self._measured = measured
        self._until = until
        self._done = done
        self._buffer = bytearray()
        self._need = -1
        self._began = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        if time.perf_counter() >= self._until:
            self._finish()
            return
        try:
            request = next(self._requests)
        except StopIteration:
            self._finish()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._need < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])
            self._need = end + 4 + length
            self._head_end = end + 4
        if len(self._buffer) < self._need:
            return
        now = time.perf_counter()
        self._measured.latencies.append(now - self._began)
        self._measured.received += self._need
        status = int(self._buffer[9:12])
        problem = self._check(status, bytes(self._buffer[self._head_end : self._need]))
        if problem and len(self._measured.failures) < 5:
            self._measured.failures.append(problem)
        self._buffer.clear()
        self._need = -1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            if len(self._measured.failures) < 5:
                self._measured.failures.append(f"connection lost: {exc}")
            self._done.set_result(None)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        self._transport.close()


async def run(
    port: int,
    requests: Callable[[int], Iterator[bytes]],
    check: Callable[[int, bytes], str | None],
    *,
    connections: int,
    seconds: float,
) -> Measured:
    """Load a server for some seconds.

    Args:
        port: On 127.0.0.1.
        requests: Gives each connection (by number) its requests, complete with HTTP head.
        check: Says what is wrong with an answer, by status and body; ``None`` when nothing is.
        connections: How many at once; each waits for its answer before it sends again.
        seconds: How long.
    """
    loop = asyncio.get_running_loop()
    measured = Measured()
    began = time.perf_counter()
    until = began + seconds
    waiting = []
    for number in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        waiting.append(done)
        await loop.create_connection(
            lambda n=number, d=done: _Connection(requests(n), check, measured, until, d),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*waiting)
    measured.seconds = time.perf_counter() - began
    return measured


def http_request(
    method: str, path: str, body: bytes = b"", content_type: str = "", accept: str = ""
) -> bytes:
    """Write a request as HTTP/1.1."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    if content_type:
        lines.append(f"content-type: {content_type}")
    if accept:
        lines.append(f"accept: {accept}")
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
