"""Events to an audit repository over syslog and TLS [ITI-20].

Syslog has no acknowledgement, and what was written to a socket may be in nobody's hands. The
protocol has one point where both sides agree: a receiver that reads the sender's ``close_notify``
has read everything before it, and must answer with its own. A batch is therefore one connection,
and counts as delivered when that answer has come; a connection that ends in any other way delivered
nothing that may be relied on, and all of it is sent again.

TLS runs over asyncio's plain streams here, since their own TLS tells nobody how a connection ended.

Source:
    RFC 5425: 4.3 (framing), 4.4 (closure); RFC 5424; IHE ITI TF-2: 3.20.4.1.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence

from gateway.audit.feeds import Undelivered
from gateway.ports import KeptEvent

_CHUNK = 64 * 1024
_CONNECT = 10.0
_PATIENCE = 30.0


class SyslogSink:
    """One receiver of syslog over TLS."""

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        write: Callable[[KeptEvent], bytes],
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Take where it goes to.

        Args:
            write: Gives an event as a framed syslog message.
            patience: Seconds the receiver may take for any step.
        """
        self._host = host
        self._port = port
        self._context = context
        self._write = write
        self._patience = patience

    async def deliver(self, events: Sequence[KeptEvent]) -> Sequence[tuple[int, str]]:
        """Send events over a connection of their own and have its orderly end."""
        messages = b"".join(map(self._write, events))
        try:
            async with asyncio.timeout(_CONNECT):
                reader, writer = await asyncio.open_connection(self._host, self._port)
            try:
                tunnel = _Tunnel(reader, writer, self._context, self._host)
                async with asyncio.timeout(self._patience):
                    await tunnel.handshake()
                for start in range(0, len(messages), _CHUNK):
                    async with asyncio.timeout(self._patience):
                        await tunnel.send(messages[start : start + _CHUNK])
                async with asyncio.timeout(self._patience):
                    await tunnel.close()
            finally:
                writer.close()
        except TimeoutError:
            raise Undelivered(f"{self._host} took too long") from None
        except (OSError, ssl.SSLError) as error:
            raise Undelivered(f"{self._host}: {error}") from error
        return ()


class _Tunnel:
    """TLS over two streams."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext,
        host: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def handshake(self) -> None:
        await self._until_done(self._tls.do_handshake)

    async def send(self, octets: bytes) -> None:
        view = memoryview(octets)
        while view:
            written = self._tls.write(view)
            view = view[written:]
            await self._flush()

    async def close(self) -> None:
        """Say that nothing follows, and wait for the other side to say so as well.

        A receiver that says something first, a session ticket for example, is read over.

        Raises:
            OSError: The connection ended without that.
        """
        await self._until_done(self._tls.unwrap)

    async def _until_done(self, step: Callable[[], object]) -> None:
        while True:
            try:
                step()
                await self._flush()
                return
            except ssl.SSLWantReadError:
                await self._flush()
                octets = await self._reader.read(_CHUNK)
                if not octets:
                    raise ConnectionError("the connection broke off") from None
                self._incoming.write(octets)
            except ssl.SSLError as error:
                if error.reason != "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
                    raise
                self._tls.read(_CHUNK)

    async def _flush(self) -> None:
        if octets := self._outgoing.read():
            self._writer.write(octets)
            await self._writer.drain()
