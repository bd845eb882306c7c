"""Limits of HTTP itself, which the server library leaves open: how much may stand around a body.

The library's parser gathers a header, a trailer or an address for as long as octets come, and
takes the square of their number for it. What is counted here is everything that is not body.

Source:
    Threat M9; RFC 6585: 5 (status 431); RFC 9110: 5.4.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.web.one_write import OneWrite

MAX_HEAD_OCTETS = 32 * 1024
"""Request line and headers together; after them, chunk sizes and trailers beyond their share."""

SECONDS_FOR_HEAD = 10.0
"""From the first octet of a connection or request to the empty line after its headers."""

_FRAMING = 8
"""Octets of framing one octet of a chunked body may have: the smallest chunk has five."""

_REASON = b"A request has at most 32 KiB beside its body.\n"
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\n"
    b"connection: close\r\n\r\n%s"
) % (len(_REASON), _REASON)


class BoundedProtocol(HttpToolsProtocol):
    """The library's HTTP/1.1, refusing what is too much or too slow before it is gathered."""

    _in_head = True
    _beside_body = 0
    _body = 0
    _refused = False
    _head_timer: asyncio.TimerHandle | None = None
    _out: OneWrite

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a first request."""
        self._out = OneWrite(transport, self.loop)
        super().connection_made(self._out)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take octets, unless they are more than a request may have beside its body."""
        if self._refused:
            return
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > MAX_HEAD_OCTETS + _FRAMING * self._body:
            self._refuse()

    def on_message_begin(self) -> None:
        """Count anew: what came before belonged to another request."""
        super().on_message_begin()
        self._in_head, self._body = True, 0
        if self._head_timer is None:
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Let a request begin whose head is of a bearable size."""
        if self._refused:
            return
        self._stop_waiting()
        self._in_head = False
        head = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if head > MAX_HEAD_OCTETS:
            self._refuse()
            return
        super().on_headers_complete()
        self._beside_body = 0

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        if self._refused:
            return
        self._body += len(body)
        self._beside_body = max(0, self._beside_body - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is whole."""
        if self._refused:
            return
        self._beside_body = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send a whole answer before anything else is heard: the peer may be about to hang up."""
        self._out.flush()
        super().on_response_complete()

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(SECONDS_FOR_HEAD, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        self._refused = True
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(_REFUSAL)
        self.transport.close()
