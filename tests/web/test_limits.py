"""HTTP's own limits: heads of a bearable size in a bearable time, bodies as long as they are."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from gateway.web import limits
from gateway.web.limits import MAX_HEAD_OCTETS, BoundedProtocol


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of octets in the body."""
    assert scope["type"] == "http"
    octets, more = 0, True
    while more:
        message = await receive()
        octets += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d octets" % octets})


@contextmanager
def _serving() -> Iterator[int]:
    config = uvicorn.Config(_echo, http=BoundedProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with _serving() as number:
        yield number


def _exchange(port: int, *pieces: bytes, seconds: float = 60) -> bytes:
    """Send pieces and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
        return answer


def _head(octets: int) -> bytes:
    """A request whose address and headers count this many octets."""
    headers = b"Host: x\r\nConnection: close\r\nContent-Length: 0\r\n"
    counted = len(b"/") + len(headers)
    padding = octets - counted - len(b"X-Long: \r\n")
    return b"POST / HTTP/1.1\r\n" + headers + b"X-Long: " + b"y" * padding + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (MAX_HEAD_OCTETS - 1, b"200"),
        (MAX_HEAD_OCTETS, b"200"),
        (MAX_HEAD_OCTETS + 1, b"431"),
    ],
)
def test_a_head_is_taken_up_to_its_limit(port: int, octets: int, status: bytes) -> None:
    assert _exchange(port, _head(octets)).split()[1] == status


def test_a_head_that_comes_in_pieces_is_one_head(port: int) -> None:
    whole = _head(20_000)
    pieces = [whole[at : at + 1000] for at in range(0, len(whole), 1000)]
    assert _exchange(port, *pieces).split()[1] == b"200"


def test_every_request_of_a_connection_has_its_own_limit(port: int) -> None:
    lasting = _head(20_000).replace(b"Connection: close", b"Connection: keep-alive")
    answer = _exchange(port, lasting, lasting, lasting, _head(20_000))
    assert answer.count(b"HTTP/1.1 200") == 4


def test_a_body_is_as_long_as_it_is(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    body = b"x" * 3_000_000
    answer = _exchange(port, head + b"Content-Length: 3000000\r\n\r\n", body)
    assert b"3000000 octets" in answer
    # Chunks of one octet: the worst framing there is.
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = _exchange(port, chunked + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n")
    assert b"100000 octets" in answer


def test_a_trailer_without_end_is_refused(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.sendall(head + b"0\r\nX-Long: ")
        with pytest.raises(ConnectionError):  # the server has closed and resets what still comes
            while True:
                peer.sendall(b"y" * 10_000)


def _given_up(port: int, *pieces: bytes) -> bool:
    """Whether the server closes without an answer; it resets what comes when it has closed."""
    try:
        return _exchange(port, *pieces) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def test_a_head_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS_FOR_HEAD", 0.2)
    with _serving() as port:
        assert _given_up(port, b"POST / HTTP/1.1\r\nHost: x\r\n")
        assert _given_up(port)


def test_a_body_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    with _serving() as port, socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        answer = b""
        while b"1 octets" not in answer:
            answer += peer.recv(65_536)
        # From here on a head has little time, and this one comes in one piece: only its body waits.
        monkeypatch.setattr(limits, "SECONDS_FOR_HEAD", 0.2)
        peer.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"
        )
        threading.Event().wait(0.5)
        peer.sendall(b"body")
        while chunk := peer.recv(65_536):
            answer += chunk
        assert b"4 octets" in answer
