"""Receivers of audit events that can go away: syslog over TLS, and a FHIR server."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.waiting import PATIENCE


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Give certificate and key of a receiver; the certificate vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    made, secret = folder / "receiver.pem", folder / "receiver.key"
    made.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made, secret


@dataclass
class SyslogReceiver:
    """Takes framed messages; how it ends a connection is the test's choice.

    Attributes:
        drops_after: So many octets of a connection are read, then it breaks off.
        forgets: What came over a connection that broke off is lost, as when a process is killed
            with octets in its buffers.
    """

    certificate: Path
    key: Path
    drops_after: int | None = None
    forgets: bool = True
    messages: list[bytes] = field(default_factory=list)
    port: int = 0
    _listener: socket.socket | None = None

    async def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    async def stop(self) -> None:
        assert self._listener is not None
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                threading.Thread(target=self._serve, args=(context, plain), daemon=True).start()

    def _serve(self, context: ssl.SSLContext, plain: socket.socket) -> None:
        # One thread and blocking reads: what was read is what this side has, as in most receivers.
        octets = b""
        with suppress(OSError), plain:
            plain.settimeout(PATIENCE)
            with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as tls:
                while chunk := tls.recv(1024):
                    octets += chunk
                    if self.drops_after is not None and len(octets) > self.drops_after:
                        if not self.forgets:
                            self.messages += split(octets)
                        plain.shutdown(socket.SHUT_RDWR)
                        return
                # The sender's close_notify was read: all that came counts, and is answered.
                self.messages += split(octets)
                tls.unwrap()

    def ids(self) -> list[str]:
        return [event_id(message) for message in self.messages]


def split(octets: bytes) -> list[bytes]:
    """Take framed messages apart; a part of one at the end is left out."""
    messages = []
    while octets:
        length, space, rest = octets.partition(b" ")
        if not space or len(rest) < int(length):
            break
        messages.append(rest[: int(length)])
        octets = rest[int(length) :]
    return messages


def event_id(message: bytes) -> str:
    text = message.decode()
    at = text.rindex('ParticipantObjectID="') + len('ParticipantObjectID="')
    return text[at : text.index('"', at)]


@dataclass
class FhirReceiver:
    """A FHIR server that takes AuditEvents in batches or one by one.

    Attributes:
        status: Answered to everything instead, while set.
        refuses: Ids that it answers 422 to.
        loses: Answers that are lost on their way: it keeps, and nobody hears of it.
        takes_batches: Otherwise these are answered 400.
    """

    status: int | None = None
    refuses: set[str] = field(default_factory=set)
    loses: int = 0
    takes_batches: bool = True
    resources: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, answer = self._answer(lines[0].split(" ")[1], json.loads(body))
                if self.loses:
                    self.loses -= 1
                    writer.transport.abort()
                    return
                octets = json.dumps(answer).encode()
                writer.write(
                    b"HTTP/1.1 %d -\r\nContent-Type: application/fhir+json\r\n"
                    b"Content-Length: %d\r\n\r\n" % (status, len(octets)) + octets
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.paths.append(path)
        if self.status is not None:
            return self.status, {}
        if body["resourceType"] == "Bundle":
            if not self.takes_batches:
                return 400, {"resourceType": "OperationOutcome"}
            assert body["type"] == "batch"
            taken = [self._take(entry["resource"]) for entry in body["entry"]]
            entries = [{"response": {"status": f"{status} -"}} for status in taken]
            return 200, {"resourceType": "Bundle", "type": "batch-response", "entry": entries}
        return self._take(body), {}

    def _take(self, resource: dict[str, Any]) -> int:
        assert resource["resourceType"] == "AuditEvent"
        if resource["id"] in self.refuses:
            return 422
        self.resources.append(resource)
        return 201

    def ids(self) -> list[str]:
        return [resource["id"] for resource in self.resources]
