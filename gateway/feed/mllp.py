"""MLLP: HL7 v2 messages over TCP, one after another on a connection, each answered before the next.

python-hl7 has an MLLP server too. This one is our own because that one has no limit of time or of
connections, looks for the start of a message only when its end has come, and lets the event loop
forget its tasks.

What a peer sends is never logged; what is, is where it came from and how it ended.

Source:
    HL7 v2 transport specification MLLP release 1: <VT> message <FS><CR>; IHE ITI TF-2x: C.2.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import structlog

START = b"\x0b"
END = b"\x1c\r"
CHUNK = 64 * 1024

Handler = Callable[[bytes], Awaitable[bytes]]
"""Takes a message without its frame and gives the answer to it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one peer may take.

    Attributes:
        message_octets: Longest message.
        connections: Open at the same time; a further one is closed at once.
        idle_seconds: Longest silence between two messages.
        message_seconds: Longest time from a message's first octet to its last.
        answer_seconds: Longest time for a peer to take its answer.
        stop_seconds: How long messages under way may take to end when the server stops.
    """

    message_octets: int = 1024 * 1024
    connections: int = 64
    idle_seconds: float = 300
    message_seconds: float = 30
    answer_seconds: float = 30
    stop_seconds: float = 10


class Malformed(Exception):
    """The peer does not keep to MLLP or to the limits; the connection cannot be used any longer."""


class _Blocks:
    """Takes messages out of a stream; holds at most one message and one chunk."""

    def __init__(self, reader: asyncio.StreamReader, limits: Limits) -> None:
        self._reader = reader
        self._limits = limits
        self._buffer = bytearray()

    async def next(self) -> bytes | None:
        """Give the next message; ``None`` when the peer has no more.

        Raises:
            Malformed: When something else than a framed message comes.
            TimeoutError: When nothing comes for too long.
        """
        async with asyncio.timeout(self._limits.idle_seconds):
            while not self._started():
                if not await self._more():
                    return None
        async with asyncio.timeout(self._limits.message_seconds):
            seen = 1
            while (end := self._buffer.find(END[:1], seen)) < 0 or len(self._buffer) < end + 2:
                self._check(len(self._buffer) if end < 0 else end)
                seen = len(self._buffer) if end < 0 else end
                if not await self._more():
                    raise Malformed("the connection ended within a message")
        self._check(end)
        if self._buffer[end : end + 2] != END:
            raise Malformed("the end mark is not followed by a carriage return")
        message = bytes(self._buffer[1:end])
        del self._buffer[: end + 2]
        if START in message:
            raise Malformed("a message began within a message")
        return message

    def _started(self) -> bool:
        # Some peers put line ends between messages, for eyes.
        while self._buffer.startswith((b"\r", b"\n")):
            del self._buffer[:1]
        if self._buffer and not self._buffer.startswith(START):
            raise Malformed("a message does not begin with its start mark")
        return bool(self._buffer)

    def _check(self, octets: int) -> None:
        if octets - 1 > self._limits.message_octets:
            raise Malformed(f"a message is longer than {self._limits.message_octets} octets")

    async def _more(self) -> bool:
        chunk = await self._reader.read(CHUNK)
        self._buffer += chunk
        return bool(chunk)


class Server:
    """An MLLP server that listens; made by :func:`serve`."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits
        self._waiting: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.port = 0

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Have one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            await self._answer_or_log(reader, writer, task)
            await _close(writer)
        except asyncio.CancelledError:
            # The server stops; a task that ended as cancelled would be reported as a failure.
            writer.transport.abort()
        finally:
            self._waiting.discard(task)
            self._busy.discard(task)

    async def _answer_or_log(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            if self._stopping or len(self._waiting | self._busy) > self._limits.connections:
                raise Malformed("too many connections")
            await self._answer_all(reader, writer, task)
        except Malformed as error:
            log.warning("mllp connection closed", peer=peer, reason=str(error))
        except TimeoutError:
            writer.transport.abort()
            log.info("mllp connection closed", peer=peer, reason="silent for too long")
        except OSError as error:
            log.info("mllp connection lost", peer=peer, reason=type(error).__name__)
        except Exception as error:
            log.error(
                "mllp handler failed", peer=peer, error=type(error).__name__, at=raised_at(error)
            )

    async def _answer_all(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        blocks = _Blocks(reader, self._limits)
        while not self._stopping and (message := await blocks.next()) is not None:
            self._waiting.discard(task)
            self._busy.add(task)
            answer = await self._handler(message)
            if writer.transport.is_closing():
                raise ConnectionResetError("the peer did not wait for its answer")
            writer.write(START + answer + END)
            async with asyncio.timeout(self._limits.answer_seconds):
                await writer.drain()
            self._busy.discard(task)
            self._waiting.add(task)

    async def _stop(self) -> None:
        """End silent connections, wait for answers under way, end what is left."""
        self._stopping = True
        connections = self._waiting | self._busy
        for task in self._waiting:
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy, timeout=self._limits.stop_seconds)
        for task in self._busy:
            task.cancel()
        if connections:
            await asyncio.wait(connections, timeout=self._limits.stop_seconds)


@contextlib.asynccontextmanager
async def serve(
    host: str,
    port: int,
    handler: Handler,
    *,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Listen for HL7 v2 messages as long as the context lasts.

    Args:
        host: Address to listen on. MLLP knows no peer identity: without ``tls`` that asks for
            certificates, whoever reaches the address is believed.
        port: 0 takes a free one; the server's ``port`` tells which.
        handler: Answers a message; called for one message of a connection after another.
        limits: What one peer may take.
        tls: For the node authentication of ATNA.
    """
    server = Server(handler, limits or Limits())
    listening = await asyncio.start_server(
        server._connected, host, port, limit=CHUNK, ssl=tls, reuse_address=True
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server._stop()


async def send(
    host: str,
    port: int,
    message: bytes,
    *,
    seconds: float = 10,
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """Send one message and give the answer to it.

    Raises:
        OSError: When the peer cannot be reached, ends the connection or takes too long.
        Malformed: When the answer is not framed as MLLP asks.
    """
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        try:
            writer.write(START + message + END)
            await writer.drain()
            answer = await _Blocks(reader, Limits()).next()
        finally:
            await _close(writer)
    if answer is None:
        raise ConnectionResetError("the peer ended the connection without an answer")
    return answer


async def _close(writer: asyncio.StreamWriter) -> None:
    """Let the peer take what was written to it, within five seconds."""
    writer.close()
    try:
        async with asyncio.timeout(5):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()


def raised_at(error: BaseException) -> str:
    """Say where an exception was raised, without its text, which may be a patient's."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
