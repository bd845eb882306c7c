"""A store, a clock that a test moves, and endpoints that keep what they get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.model.datatypes import Identifier
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.notifications.endpoints import Caller, EndpointPolicy
from gateway.notifications.moments import later
from gateway.notifications.signature import Signer
from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage.shelf import PickledFragments
from tests.waiting import PATIENCE

PATIENT = Identifier.of("patient-1", "2.999.1.3")
GP = Identifier.of("gp-1", "2.999.5")


class MovableClock:
    """Shows what a test says."""

    def __init__(self, moment: str = "20260301080000") -> None:
        self.moment = moment

    def now(self) -> str:
        return self.moment

    def pass_(self, *, seconds: float = 0, days: float = 0) -> None:
        self.moment = later(self.moment, seconds + days * 86400)


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message an endpoint got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """A listener on this machine; answers with ``status``, one after another where several."""

    url: str = ""
    port: int = 0
    status: list[int] = field(default_factory=lambda: [200])
    location: str = ""
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): text.strip()
                for name, _, text in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(path=head[0].split()[1], headers=headers, body=body))
            status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
            more = f"location: {self.location}\r\n" if self.location else ""
            more += "content-length: 0\r\nconnection: close\r\n"
            writer.write(f"HTTP/1.1 {status} x\r\n{more}\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def endpoint(host: str = "127.0.0.1") -> AsyncIterator[Endpoint]:
    """An endpoint on a free port."""
    made = Endpoint()
    server = await asyncio.start_server(made._serve, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    made.url = f"http://127.0.0.1:{made.port}"
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def caller(
    allowed: str, networks: str = "127.0.0.0/8", **more: object
) -> AsyncIterator[Caller]:
    """Something that may call this machine."""
    made = Caller(EndpointPolicy.of(allowed, networks), seconds=PATIENCE, **more)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


def signer(folder: Path) -> Signer:
    """A signer whose key is in the test's folder."""
    return Signer.at(folder / "notices.key")


def notice(
    number: int = 1, kind: NoticeKind = NoticeKind.EMERGENCY_ACCESS, **more: object
) -> Notice:
    """A notice for the patient."""
    values: dict[str, object] = {
        "id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "kind": kind,
        "recipient_kind": RecipientKind.PATIENT,
        "recipient": PATIENT,
        "patient": PATIENT,
        "time": "20260301080000",
        "who": "Dr Example",
        **more,
    }
    return Notice(**values)  # type: ignore[arg-type]


def run(path: Path, test: Callable[[SqliteRegistryStore, MovableClock], Awaitable[None]]) -> None:
    """Run a test on a store."""

    async def go() -> None:
        clock = MovableClock()
        store = SqliteRegistryStore.open(path / "registry.sqlite", PickledFragments(), clock)
        try:
            await test(store, clock)
        finally:
            await store.close()

    asyncio.run(go())


async def everything(_: Notice) -> bool:
    """May be told."""
    return True
