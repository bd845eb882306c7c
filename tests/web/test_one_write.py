"""What is written in one turn of the event loop reaches the peer in one piece."""

from __future__ import annotations

import asyncio

from gateway.web.one_write import OneWrite


class _Wire(asyncio.Transport):
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def _next_turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def _wired() -> tuple[_Wire, OneWrite]:
    wire = _Wire()
    return wire, OneWrite(wire, asyncio.get_running_loop())


def test_a_head_and_a_body_leave_together_at_the_end_of_the_turn() -> None:
    async def scenario() -> None:
        wire, transport = await _wired()
        transport.write(b"head ")
        transport.write(bytearray(b"body"))
        assert wire.written == []
        await _next_turn()
        assert wire.written == [b"head body"]
        transport.write(b"next")
        await _next_turn()
        assert wire.written == [b"head body", b"next"]

    asyncio.run(scenario())


def test_a_whole_answer_need_not_wait_for_the_turn_to_end() -> None:
    async def scenario() -> None:
        wire, transport = await _wired()
        transport.write(b"head ")
        transport.write(b"body")
        transport.flush()
        wire.closed = True
        await _next_turn()
        assert wire.written == [b"head body"]

    asyncio.run(scenario())


def test_many_octets_are_not_held_back() -> None:
    async def scenario() -> None:
        wire, transport = await _wired()
        transport.write(b"head ")
        transport.write(b"x" * 100_000)
        assert wire.written == [b"head " + b"x" * 100_000]
        transport.write(b"rest")
        await _next_turn()
        assert wire.written[1:] == [b"rest"]

    asyncio.run(scenario())


def test_closing_sends_what_is_held_first() -> None:
    async def scenario() -> None:
        wire, transport = await _wired()
        transport.write(b"refusal")
        transport.close()
        assert wire.written == [b"refusal"]
        assert wire.closed
        await _next_turn()
        assert wire.written == [b"refusal"]

    asyncio.run(scenario())


def test_what_a_lost_connection_still_holds_goes_nowhere() -> None:
    async def scenario() -> None:
        wire, transport = await _wired()
        transport.write(b"late")
        wire.closed = True
        await _next_turn()
        assert wire.written == []
        transport.write(b"aborted")
        transport.abort()
        await _next_turn()
        assert wire.written == []

    asyncio.run(scenario())
