"""An answer's head and body in one write.

The server library writes them apart, and each write wakes the peer, which costs more than the
octets do. What is written in one turn of the event loop leaves in one piece here, when the answer
is complete or the turn ends.
"""

from __future__ import annotations

import asyncio
from typing import Any

_MOST = 64 * 1024
"""Octets that are held back at most; beyond, the transport's own limits have to see them."""


class OneWrite(asyncio.Transport):
    """A transport that gathers what is written until the event loop's turn ends."""

    __slots__ = ("_held", "_loop", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[Any] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send octets at the end of this turn, or now where there are many."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self.flush()

    def close(self) -> None:
        """Send what is held and close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close without sending what is held."""
        self._held.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows of its socket."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take nothing more from the peer for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the peer sends again."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def flush(self) -> None:
        """Send what is held now."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.writelines(held)
