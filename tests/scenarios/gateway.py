"""A gateway as `gateway serve` opens it, that asks for credentials, with a clock a test moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from anyio.from_thread import BlockingPortal
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from gateway.codecs.audit_octets import read_audit_octets
from gateway.model.audit import AuditEvent
from gateway.model.datatypes import Identifier
from gateway.model.notice import Contact, Notice
from gateway.model.subject import same_key
from gateway.notifications.office import Office
from gateway.ports import Page
from gateway.security.authority import DevelopmentAuthority, Wish
from gateway.security.development_keys import DevelopmentKeys
from gateway.security.instants import seconds_of
from gateway.security.people import DemonstrationPerson
from gateway.service import Service, open_service
from gateway.settings import Settings
from gateway.web.app import create_app
from tests.answers import Answers
from tests.notifications.world import MovableClock

HEARD = Answers()
"""What all gateways of the scenarios answer; judged after each of them."""

ADDRESS = "http://gateway.test"
T = TypeVar("T")


@dataclass
class Gateway:
    """One that runs in the test's own process."""

    client: TestClient
    service: Service
    clock: MovableClock
    portal: BlockingPortal

    @property
    def authority(self) -> DevelopmentAuthority:
        """Who issues everybody's credentials."""
        assert self.service.identity and self.service.identity.authority
        return self.service.identity.authority

    @property
    def seconds(self) -> int:
        """The present, since 1970."""
        return seconds_of(self.clock.now())

    def token(self, person: DemonstrationPerson, wish: Wish) -> str:
        """A signed access token."""
        return self.authority.token(person, wish, self.seconds)

    def assertion(self, person: DemonstrationPerson, wish: Wish) -> bytes:
        """A signed assertion."""
        return self.authority.assertion(person, wish, self.seconds)

    def call(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run something where the gateway runs."""
        return self.portal.call(work, *args)

    def rows(self, statement: str, *parameters: Any) -> list[Any]:
        """Read the registry's file."""

        async def read() -> list[Any]:
            store: Any = self.service.inside.registry._store
            return list(store._file.reading.execute(statement, parameters).fetchall())

        return self.call(read)

    def events(self, patient: Identifier) -> list[AuditEvent]:
        """The audit trail of a record, oldest first."""
        rows = self.rows("SELECT octets FROM audit_event ORDER BY number")
        events = [read_audit_octets(octets) for (octets,) in rows]
        return [e for e in events if e.patient and same_key(e.patient) == same_key(patient)]

    def looks_at_the_clock(self) -> None:
        """What the gateway does every minute."""
        assert self.service.notifications.office.deadlines is not None
        self.call(self.service.notifications.office.deadlines.often)

    def delivers(self) -> None:
        """What it does every second, until it has addressed what is new."""
        office = self.service.notifications.office
        store: Any = self.service.inside.registry._store
        self.call(office.delivery.round)
        while self.call(store.notices.unaddressed):
            self.call(office.delivery.round)
        if office.broker is not None:
            self.call(office.broker.round)

    def reaches(self, recipient: Identifier, endpoint: str) -> None:
        """Somebody is told at an endpoint."""

        async def put() -> None:
            store: Any = self.service.inside.registry._store
            contact = Contact(recipient=recipient, endpoint=endpoint)
            await store.notices.put_contact(contact, self.clock.now())

        self.call(put)

    def notices(self, patient: Identifier) -> list[Notice]:
        """What anybody is told about a record, oldest first, whoever may read it yet."""

        async def read() -> Any:
            store: Any = self.service.inside.registry._store
            return await store.notices.inbox(None, Page(size=10_000))

        found = [notice for _, notice in self.call(read)]
        return sorted(
            (n for n in found if same_key(n.patient) == same_key(patient)), key=lambda n: n.time
        )


@contextmanager
def quick_keys() -> Iterator[None]:
    """Let everybody's certificate have the same key: making keys takes longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", cache(rsa.generate_private_key))
        patch.setattr(DevelopmentKeys, "_kept", _remembered(DevelopmentKeys._kept))
        yield


def _remembered(kept: Any) -> Any:
    known: dict[tuple[int, str], Any] = {}

    def remembered(self: DevelopmentKeys, name: str, make: Any) -> Any:
        place = (id(self), name)
        if place not in known:
            known[place] = (self, kept(self, name, make))
        return known[place][1]

    return remembered


async def _at_rest(_: Office) -> None:
    """Nothing by itself: a round of the server's own would meet the ones a scenario asks for."""


def opened(
    stack: ExitStack, portal: BlockingPortal, folder: Path, clock: MovableClock, **settings: Any
) -> Gateway:
    """Open one on a folder; it looks at the clock and delivers when it is told to."""
    values = {
        "data": folder,
        "public_url": ADDRESS,
        "auth": "required",
        "development_authority": "on",
        "profile": "fr-dmp",
        "even_answers": 0,
        **settings,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Office, "work", _at_rest)
        service = stack.enter_context(
            portal.wrap_async_context_manager(open_service(Settings(**values), clock=clock))
        )
    client = TestClient(
        create_app(service),  # type: ignore[arg-type]
        base_url=ADDRESS,
        raise_server_exceptions=True,
    )
    client.portal = portal
    client.app_state["service"] = service
    HEARD.listen(client)
    return Gateway(client=client, service=service, clock=clock, portal=portal)
