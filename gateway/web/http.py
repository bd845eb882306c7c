"""What every door needs of ASGI: octets in within limits, octets out, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

Headers = list[tuple[bytes, bytes]]

NO_SNIFF: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store, private"),
]
"""Headers of every answer: no guessing at types, no copies in caches on the way."""


class BodyTooLarge(Exception):
    """A request's body is larger than its door takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} octets")
        self.limit = limit


class Disconnected(Exception):
    """The peer hung up before its request was complete."""


def header(scope: Scope, name: bytes) -> str | None:
    """Give a request header by its lower-case name, or ``None``."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes.

    Raises:
        Disconnected: When it breaks off.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body = message.get("body", b"")
        if body:
            yield body
        if not message.get("more_body", False):
            return


async def whole_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Give a request's body.

    Raises:
        BodyTooLarge: When it announces or brings more than ``limit`` octets; the rest is not read.
        Disconnected: When it breaks off.
    """
    announced = header(scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise BodyTooLarge(limit)
        return body
    parts = [body]
    size = len(body)
    async for chunk in chunks(receive):
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        parts.append(chunk)
    return b"".join(parts)


async def answer(
    send: Send,
    status: int,
    content_type: bytes,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    head: bool = False,
) -> None:
    """Send a whole answer; to a HEAD request all but its body."""
    described = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    if status == 304:
        described = []  # It would describe what is not sent, and nobody has made that.
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*described, *NO_SNIFF, *headers],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})


async def stream(
    send: Send,
    status: int,
    content_type: bytes,
    length: int,
    content: AsyncIterator[bytes],
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Send an answer whose length is known and whose octets come one after another."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % length),
                *NO_SNIFF,
                *headers,
            ],
        }
    )
    async for chunk in content:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
