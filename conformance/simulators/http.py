"""A small HTTP/1.1 server on asyncio: one message in, one answer out, with room for bad manners."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

MOST = 64 * 1024 * 1024
"""Octets of a request."""

_LINE_LIMIT = 64 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, and how it is sent.

    Attributes:
        delay: Seconds before the first octet.
        pause: Seconds between the octets that follow; 0 sends them at once.
        cut: How many octets of the body are sent before the connection ends; all without it.
        silent: The connection ends without an answer.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    pause: float = 0.0
    cut: int | None = None
    silent: bool = False

    def but(self, **changes: object) -> Reply:
        """The answer with something else in it."""
        return replace(self, **changes)  # type: ignore[arg-type]


Handler = Callable[[Request], Awaitable[Reply]]


@contextlib.asynccontextmanager
async def serving(handler: Handler, host: str, port: int) -> AsyncIterator[asyncio.Server]:
    """Listen, and answer each request by a handler; at the end every connection is closed."""
    connections: set[asyncio.Task[None]] = set()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
                while (request := await _read(reader)) is not None:
                    if not await _send(writer, await handler(request), request):
                        break
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(client(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    async with await asyncio.start_server(accept, host, port, limit=_LINE_LIMIT) as server:
        try:
            yield server
        finally:
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = await reader.readline()
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
        if len(headers) > 100:
            return None
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        size = int(headers.get("content-length") or 0)
        if size > MOST:
            return None
        body = await reader.readexactly(size)
    return Request(parts[0], parts[1], headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if len(body) > MOST:
            break
    while (await reader.readline()).strip():
        pass
    return bytes(body)


async def _send(writer: asyncio.StreamWriter, reply: Reply, request: Request) -> bool:
    """Send an answer; say whether the connection may go on."""
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.silent:
        return False
    reason = _REASONS.get(reply.status, "Status")
    head = f"HTTP/1.1 {reply.status} {reason}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in reply.headers.items()
    )
    head += f"content-length: {len(reply.body)}\r\n\r\n"
    body = b"" if request.method == "HEAD" else reply.body[: reply.cut]
    if reply.pause:
        for octet in (head.encode("latin-1") + body)[:]:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(reply.pause)
    else:
        writer.write(head.encode("latin-1") + body)
        await writer.drain()
    return reply.cut is None and request.headers.get("connection", "").lower() != "close"
