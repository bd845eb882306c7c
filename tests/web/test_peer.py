"""Who is at the other end: by TLS, or by the word of a proxy that was named."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.cli.serve import tls_context
from gateway.security.certificates import der_of
from gateway.security.peer import Peer
from gateway.settings import Settings
from gateway.web.peer import behind, peer_of, protocol_for, read_networks
from tests.security.signing import Certified, certified, ec_key
from tests.waiting import PATIENCE, wait_until

NOW = 1_800_000_000
LONG = {"begins": 1_500_000_000, "ends": 3_000_000_000}
ROOT = certified("root", ca=True, key=ec_key(100), **LONG)  # type: ignore[arg-type]
OTHER_ROOT = certified("other", ca=True, key=ec_key(101), **LONG)  # type: ignore[arg-type]
NAMED = x509.SubjectAlternativeName([x509.DNSName("localhost")])
SERVER = certified("localhost", by=ROOT, key=ec_key(102), extensions=[NAMED], **LONG)  # type: ignore[arg-type]
CLIENT = certified("client", by=ROOT, key=ec_key(103), **LONG)  # type: ignore[arg-type]
STRANGER = certified("client", by=OTHER_ROOT, key=ec_key(104), **LONG)  # type: ignore[arg-type]


def pem(pair: Certified, path: Path) -> Path:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pair.certificate.public_bytes(Encoding.PEM) + key)
    return path


async def tells_its_peer(scope: Any, receive: Any, send: Any) -> None:
    peer = peer_of(scope)
    names = [name.decode() for name, _ in scope["headers"]]
    body = json.dumps(
        {"address": peer.address, "certificate": peer.thumbprint.hex(), "headers": names}
    ).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(proxies: str = "", context: ssl.SSLContext | None = None) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        tells_its_peer,
        http=protocol_for(read_networks(proxies)),
        ssl_context_factory=(lambda *_: context) if context else None,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive(), "the server has started")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def ask(port: int, *headers: str, context: ssl.SSLContext | None = None) -> dict[str, Any]:
    raw: socket.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection = context.wrap_socket(raw, server_hostname="localhost") if context else raw
    with connection:
        lines = ["GET / HTTP/1.1", "host: localhost", "connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    if b"{" not in answer:
        raise ConnectionError("no answer")
    # The body is chunked: one chunk, which is the object.
    found: dict[str, Any] = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    return found


CERTIFICATE = ":" + b64encode(der_of(CLIENT.certificate)).decode() + ":"
THUMBPRINT = Peer(certificate=der_of(CLIENT.certificate)).thumbprint.hex()
SPOOFED = (
    "x-forwarded-for: 198.51.100.7",
    f"client-cert: {CERTIFICATE}",
    f"x-client-cert: {CERTIFICATE}",
    "x-ssl-client-verify: SUCCESS",
    "forwarded: for=198.51.100.7",
    "x-real-ip: 198.51.100.7",
)


def test_nobody_is_believed_who_was_not_named() -> None:
    with serving() as port:
        told = ask(port, *SPOOFED)
    assert (told["address"], told["certificate"]) == ("127.0.0.1", "")
    assert told["headers"] == ["host", "connection"]


def test_a_proxy_that_was_named_tells_address_and_certificate() -> None:
    with serving("192.0.2.0/28 127.0.0.1") as port:
        told = ask(port, "x-forwarded-for: 10.0.0.1, 198.51.100.7", f"client-cert: {CERTIFICATE}")
        assert (told["address"], told["certificate"]) == ("198.51.100.7", THUMBPRINT)
        assert told["headers"] == ["host", "connection"]
        assert ask(port)["certificate"] == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"x-forwarded-for", b"x")], Peer(address="127.0.0.1")),
        (
            [(b"x-forwarded-for", b"1.2.3.4"), (b"X-Forwarded-For", b"5.6.7.8")],
            Peer(address="5.6.7.8"),
        ),
        ([(b"client-cert", b":!!:")], Peer(address="127.0.0.1")),
        ([(b"client-cert", b":AAAA:"), (b"client-cert", b":BBBB:")], Peer(address="127.0.0.1")),
        ([(b"client-cert", b"AAAA")], Peer(address="127.0.0.1")),
        ([], Peer(address="127.0.0.1")),
    ],
)
def test_what_a_proxy_says_is_read_strictly(
    headers: list[tuple[bytes, bytes]], expected: Peer
) -> None:
    assert behind(Peer(address="127.0.0.1", certificate=b"the proxy's own"), headers) == expected


# ------------------------------------------------------------------ TLS


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Settings]:
    certificate = pem(SERVER, tmp_path / "server.pem")
    authority = tmp_path / "ca.pem"
    authority.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return lambda asked: Settings(
        tls_certificate=certificate,
        tls_client_ca=authority,
        tls_client_certificate=asked,  # type: ignore[arg-type]
    )


def client(tmp_path: Path, pair: Certified | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cadata=ROOT.certificate.public_bytes(Encoding.PEM).decode()
    )
    if pair is not None:
        context.load_cert_chain(pem(pair, tmp_path / "client.pem"))
    return context


def test_the_client_certificate_reaches_the_application(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    for asked in ("optional", "required"):
        with serving(context=tls_context(settings(asked))) as port:
            told = ask(port, *SPOOFED, context=client(tmp_path, CLIENT))
            assert told["certificate"] == THUMBPRINT
            assert told["address"] == "127.0.0.1"


def test_a_certificate_of_a_stranger_or_none_is_refused_where_one_is_required(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    with serving(context=tls_context(settings("required"))) as port:
        for pair in (STRANGER, None):
            with pytest.raises((ssl.SSLError, ConnectionError, ValueError)):
                ask(port, context=client(tmp_path, pair))
    with serving(context=tls_context(settings("optional"))) as port:
        assert ask(port, context=client(tmp_path))["certificate"] == ""
        with pytest.raises((ssl.SSLError, ConnectionError, ValueError)):
            ask(port, context=client(tmp_path, STRANGER))
    with serving(context=tls_context(settings("off"))) as port:
        assert ask(port, context=client(tmp_path, STRANGER))["certificate"] == ""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_of_tls_are_refused(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    with serving(context=tls_context(settings("off"))) as port:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = client(tmp_path)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(port, context=context)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client(tmp_path)
            context.minimum_version = context.maximum_version = version
            assert ask(port, context=context)["address"] == "127.0.0.1"


def test_weak_suites_are_refused(settings: Callable[[str], Settings], tmp_path: Path) -> None:
    with serving(context=tls_context(settings("off"))) as port:
        context = client(tmp_path)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM:AES256-SHA")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(port, context=context)
