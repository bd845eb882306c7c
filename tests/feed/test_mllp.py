from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import structlog
import uvloop

from gateway.feed import mllp
from gateway.feed.mllp import END, START, Limits, Malformed, Server, serve
from tests.waiting import PATIENCE, held_port, until

HOST = "127.0.0.1"
FEW = Limits(
    message_octets=1000,
    connections=2,
    idle_seconds=PATIENCE,
    message_seconds=PATIENCE,
    answer_seconds=PATIENCE,
    stop_seconds=PATIENCE,
)
"""Of size and number only: no test ends because this machine was slow."""

IMPATIENT = replace(FEW, idle_seconds=0.3, message_seconds=0.3)
"""For peers that are silent on purpose; whoever means to be answered may be too slow for it."""


async def send(host: str, port: int, message: bytes) -> bytes:
    return await mllp.send(host, port, message, seconds=PATIENCE)


def connected(server: Server) -> int:
    """How many peers the server has."""
    return len(server._waiting | server._busy)


async def echo(message: bytes) -> bytes:
    return b"<" + message + b">"


class Peer:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, octets: bytes) -> None:
        # The server may have ended the connection; uvloop says so with a RuntimeError.
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.write(octets)
            await self.writer.drain()

    async def hear(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(END), PATIENCE)

    async def silence(self) -> bytes:
        """What comes until the server ends the connection."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        return b""


@contextlib.asynccontextmanager
async def peer(server: Server) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


def talk(
    conversation: Callable[[Server], Awaitable[None]],
    handler: Callable[[bytes], Awaitable[bytes]] = echo,
    limits: Limits = FEW,
) -> list[dict[str, Any]]:
    """Have a conversation with a server, and give what the server logged."""
    failures: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: failures.append(c))
        async with serve(HOST, 0, handler, limits=limits) as server:
            await conversation(server)

    with structlog.testing.capture_logs() as logs:
        uvloop.run(asyncio.wait_for(run(), 3 * PATIENCE))  # as `gateway serve` does
    assert failures == []
    return [dict(entry) for entry in logs]


def test_a_message_is_answered() -> None:
    async def conversation(server: Server) -> None:
        assert await send(HOST, server.port, b"one") == b"<one>"

    assert talk(conversation) == []


def test_messages_of_a_connection_are_answered_in_their_order_however_they_arrive() -> None:
    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START + b"a" + END + b"\r\n" + START + b"b" + END + START + b"c")
            assert [await p.hear(), await p.hear()] == [
                START + b"<a>" + END,
                START + b"<b>" + END,
            ]
            for octet in (b"\x1c", b"\r"):
                await asyncio.sleep(0.01)
                await p.say(octet)
            assert await p.hear() == START + b"<c>" + END

    assert talk(conversation) == []


def test_connections_do_not_wait_for_one_another() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(message: bytes) -> bytes:
        if message == b"slow":
            asked.set()
            await answer.wait()
        return message

    async def conversation(server: Server) -> None:
        waiting = asyncio.create_task(send(HOST, server.port, b"slow"))
        await asked.wait()
        assert await send(HOST, server.port, b"quick") == b"quick"
        assert not waiting.done()
        answer.set()
        assert await waiting == b"slow"

    assert talk(conversation, slow) == []


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"MSH|no frame", "a message does not begin with its start mark"),
        (START + b"a" + START + b"b" + END, "a message began within a message"),
        (START + b"a\x1cb" + END, "the end mark is not followed by a carriage return"),
        (START + b"x" * 1001 + END, "a message is longer than 1000 octets"),
        (START + b"x" * 1_000_000, "a message is longer than 1000 octets"),
        (START + b"never ends", "silent for too long"),
        (START, "silent for too long"),
        (b"", "silent for too long"),
        (b"\r\n\r\n", "silent for too long"),
    ],
)
def test_what_is_not_framed_ends_the_connection_and_is_not_logged(
    octets: bytes, reason: str
) -> None:
    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(octets)
            assert await p.silence() == b""
        # Only the peer under test has to be quick.
        server._limits = FEW
        assert await send(HOST, server.port, b"next") == b"<next>"

    is_silent = reason == "silent for too long"
    (entry,) = talk(conversation, limits=IMPATIENT if is_silent else FEW)
    entry.pop("log_level")
    assert entry == {"event": "mllp connection closed", "peer": HOST, "reason": reason}


def test_the_longest_message_is_taken() -> None:
    async def conversation(server: Server) -> None:
        for octets in (999, 1000):
            assert len(await send(HOST, server.port, b"x" * octets)) == octets + 2

    assert talk(conversation) == []


def test_octets_that_trickle_do_not_hold_a_connection() -> None:
    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START)
            for _ in range(20):
                await p.say(b"x")
                await asyncio.sleep(0.05)
            assert await p.silence() == b""

    logged = talk(conversation, limits=IMPATIENT)
    assert [entry["reason"] for entry in logged] == ["silent for too long"]


def test_a_peer_that_goes_away_within_a_message_is_forgotten() -> None:
    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START + b"half")
            await until(lambda: connected(server) == 1, "the peer is connected")
        await until(lambda: connected(server) == 0, "the peer is gone")
        assert await send(HOST, server.port, b"next") == b"<next>"

    (entry,) = talk(conversation)
    assert entry["reason"] == "the connection ended within a message"


def test_a_peer_that_does_not_wait_for_its_answer_is_forgotten() -> None:
    gone = asyncio.Event()

    async def slow(message: bytes) -> bytes:
        if message == b"a":
            await gone.wait()
            await asyncio.sleep(0.1)
        return message

    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START + b"a" + END)
            while not server._busy:
                await asyncio.sleep(0.01)
            linger = struct.pack("ii", 1, 0)  # closing sends RST
            connection = p.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        gone.set()
        while server._busy:
            await asyncio.sleep(0.01)
        assert await send(HOST, server.port, b"next") == b"next"

    assert [entry["event"] for entry in talk(conversation, slow)] == ["mllp connection lost"]


def test_one_connection_too_many_is_ended_at_once() -> None:
    async def conversation(server: Server) -> None:
        async with peer(server) as first, peer(server) as second:
            for p in (first, second):
                await p.say(START + b"a" + END)
                await p.hear()
            async with peer(server) as third:
                assert await third.silence() == b""
        await until(lambda: connected(server) == 0, "all peers are gone")
        assert await send(HOST, server.port, b"next") == b"<next>"

    (entry,) = talk(conversation)
    assert entry["reason"] == "too many connections"


def test_a_handler_that_fails_ends_the_connection_and_keeps_the_data_out_of_the_log() -> None:
    async def broken(message: bytes) -> bytes:
        raise ValueError(message.decode())

    async def conversation(server: Server) -> None:
        with pytest.raises(ConnectionResetError):
            await send(HOST, server.port, b"Jane Doe")

    (entry,) = talk(conversation, broken)
    assert entry["error"] == "ValueError"
    assert entry["at"].startswith(f"{__file__}:")
    assert "Jane" not in str(entry)


def test_a_peer_that_does_not_take_its_answer_is_left() -> None:
    asked = asyncio.Event()

    async def long(message: bytes) -> bytes:
        asked.set()
        return b"x" * 16_000_000

    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START + b"a" + END)
            await asked.wait()
            await until(lambda: connected(server) == 0, "the peer is left")

    logged = talk(conversation, long, replace(FEW, answer_seconds=0.3))
    assert [entry["reason"] for entry in logged] == ["silent for too long"]


def test_stopping_finishes_answers_under_way_and_ends_the_rest() -> None:
    handled = asyncio.Event()

    async def slow(message: bytes) -> bytes:
        handled.set()
        await asyncio.sleep(0.2)
        return message

    async def run() -> None:
        async with contextlib.AsyncExitStack() as clients:
            port = clients.enter_context(held_port())
            async with serve(HOST, port, slow, limits=FEW) as server:
                idle = await clients.enter_async_context(peer(server))
                busy = await clients.enter_async_context(peer(server))
                await busy.say(START + b"last" + END + START + b"too late" + END)
                await handled.wait()
            assert await idle.silence() == b""
            assert await busy.silence() == START + b"last" + END
            with pytest.raises(ConnectionRefusedError):
                await send(HOST, server.port, b"closed")

    asyncio.run(asyncio.wait_for(run(), 3 * PATIENCE))


def test_stopping_does_not_wait_for_ever() -> None:
    asked = asyncio.Event()

    async def stuck(message: bytes) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return message

    async def conversation(server: Server) -> None:
        async with peer(server) as p:
            await p.say(START + b"a" + END)
            await asked.wait()

    talk(conversation, stuck, replace(FEW, stop_seconds=0.3))


def test_a_client_is_told_when_the_answer_is_not_framed() -> None:
    async def run() -> None:
        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400")
            writer.close()

        async with await asyncio.start_server(rude, HOST, 0) as server:
            with pytest.raises(Malformed):
                await send(HOST, server.sockets[0].getsockname()[1], b"a")

    asyncio.run(run())
